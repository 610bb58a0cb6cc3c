//! Rows in SQLite: the tables as its pragmas and their own text tell them.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params};
use sqlite3_parser::ast::{
    Cmd, ColumnConstraint, CreateTableBody, NamedTableConstraint, Stmt, TableConstraint,
};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator as _};

use super::SqliteTarget;
use super::schema::{bare, text};
use crate::engine::{EngineError, Rows, Target as _};
use crate::model::{
    Column, Condition, Family, Key, NewRow, ReadRow, Reference, Script, Table, TableName, hex,
    identifier,
};

impl Rows for SqliteTarget {
    /// A copy of a database in memory costs next to nothing, so there is no cheaper way.
    fn begin_trial(&mut self, _: &[&Script], inside: bool) -> Result<bool, EngineError> {
        if inside {
            return Ok(false);
        }
        self.trial = Some(self.checkpoint()?);
        Ok(true)
    }

    fn end_trial(&mut self) -> Result<(), EngineError> {
        if let Some(before) = self.trial.take() {
            self.restore(&before)?;
            self.forget(before);
        }
        Ok(())
    }

    fn tables(&mut self, without: &[TableName]) -> Result<Vec<Table>, EngineError> {
        let mut found = self.look(tables)?;
        found.retain(|table| !without.contains(&table.name));
        Ok(found)
    }

    fn load(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
    ) -> Result<Vec<Result<usize, String>>, EngineError> {
        let mut done = Vec::new();
        for tries in rows {
            let mut last = Err("there is nothing to put in".to_owned());
            for (at, row) in tries.iter().enumerate() {
                let sql = row.sql(table, "");
                let put = || self.session.connection.execute_batch(&sql);
                let (result, _) = self.session.limited(put);
                // A trigger may have ended the transaction of its statement.
                self.session.reset()?;
                match result {
                    Ok(()) => {
                        last = Ok(at);
                        break;
                    }
                    Err(error) => last = Err(error.to_string()),
                }
            }
            done.push(last);
        }
        Ok(done)
    }

    /// SQLite numbers rows after the greatest number that is there.
    fn loaded(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn query(&mut self, sql: &str) -> Result<Result<Vec<ReadRow>, String>, EngineError> {
        let (rows, _) = self.session.limited(|| read(&self.session.connection, sql, []));
        self.session.reset()?;
        Ok(rows.map_err(|error| error.to_string()))
    }
}

fn read(connection: &Connection, sql: &str, with: impl Params) -> rusqlite::Result<Vec<ReadRow>> {
    let mut statement = connection.prepare(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(with)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = names
            .iter()
            .enumerate()
            .map(|(at, name)| Ok((name.clone(), written(row.get_ref(at)?))));
        found.push(cells.collect::<rusqlite::Result<_>>()?);
    }
    Ok(found)
}

/// A value as text, a blob in hexadecimal digits.
pub(super) fn written(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(format!("{number:?}")),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(hex(bytes)),
    }
}

/// The text in a cell of a pragma's answer.
fn cell<'a>(row: &'a ReadRow, name: &str) -> &'a str {
    row.iter()
        .find(|(column, _)| column == name)
        .and_then(|(_, value)| value.as_deref())
        .unwrap_or("")
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    listed(connection)?.iter().map(|(name, sql)| table(connection, name, sql)).collect()
}

/// The tables that hold people's rows, with their text: none of SQLite's own, none that are
/// virtual, and none behind those.
pub(super) fn listed(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let rows = read(
        connection,
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' \
          AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' \
          ORDER BY name",
        [],
    )?;
    let shadows = read(connection, "SELECT name FROM pragma_table_list WHERE type = 'shadow'", [])?;
    let is_shadow =
        |row: &ReadRow| shadows.iter().any(|shadow| cell(shadow, "name") == cell(row, "name"));
    let own = rows.iter().filter(|row| !is_shadow(row));
    Ok(own.map(|row| (cell(row, "name").to_owned(), cell(row, "sql").to_owned())).collect())
}

fn table(connection: &Connection, name: &str, sql: &str) -> rusqlite::Result<Table> {
    let columns = read(
        connection,
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1)",
        [name],
    )?;
    let mut primary: Vec<(usize, String)> = columns
        .iter()
        .filter_map(|row| {
            let place = cell(row, "pk").parse().ok().filter(|place| *place > 0)?;
            Some((place, cell(row, "name").to_owned()))
        })
        .collect();
    primary.sort();
    let primary: Vec<String> = primary.into_iter().map(|(_, name)| name).collect();
    let columns = columns.iter().map(|row| column(row, &primary)).collect();
    let mut keys = Vec::new();
    if !primary.is_empty() {
        keys.push(Key {
            name: format!("{name} PRIMARY KEY"),
            primary: true,
            parts: primary.iter().map(|column| identifier(column)).collect(),
            columns: primary.clone(),
            predicate: None,
        });
    }
    keys.extend(unique(connection, name)?);
    let own = TableName::plain(name);
    Ok(Table {
        source: own.sql(),
        columns,
        keys,
        conditions: conditions(sql),
        references: references(connection, name)?,
        name: own,
    })
}

fn column(row: &ReadRow, primary: &[String]) -> Column {
    let name = cell(row, "name").to_owned();
    let kind = cell(row, "type");
    let default = row.iter().find(|(name, _)| name == "dflt_value").and_then(|(_, v)| v.clone());
    Column {
        type_name: kind.to_uppercase(),
        family: family(kind),
        // A key may be NULL in SQLite, but nobody means it.
        not_null: cell(row, "notnull") == "1" || primary.contains(&name),
        default,
        generated: matches!(cell(row, "hidden"), "2" | "3"),
        name,
    }
}

/// The family by the words of a declared type: those that people use for dates and the like, then
/// the affinity (<https://sqlite.org/datatype3.html#determination_of_column_affinity>).
fn family(kind: &str) -> Family {
    let kind = kind.to_uppercase();
    let has = |word: &str| kind.contains(word);
    if has("BOOL") {
        Family::Boolean
    } else if has("INT") {
        Family::Integer(64)
    } else if has("TIMESTAMP") || has("DATETIME") {
        Family::Timestamp
    } else if has("UUID") {
        Family::Uuid
    } else if has("JSON") {
        Family::Json
    } else if has("DATE") {
        Family::Date
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Family::Text(None)
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Family::Float
    } else if has("NUM") || has("DEC") {
        Family::Decimal(None)
    } else {
        Family::Text(None)
    }
}

fn unique(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Key>> {
    let indexes = read(
        connection,
        "SELECT l.name, l.origin, l.partial, s.sql FROM pragma_index_list(?1) AS l \
          LEFT JOIN main.sqlite_schema AS s ON s.name = l.name AND s.type = 'index' \
          WHERE l.\"unique\" AND l.origin <> 'pk' ORDER BY l.name",
        [table],
    )?;
    let mut keys = Vec::new();
    for index in &indexes {
        let name = cell(index, "name");
        let parts =
            read(connection, "SELECT name FROM pragma_index_info(?1) ORDER BY seqno", [name])?;
        let columns: Vec<String> = parts.iter().map(|row| cell(row, "name").to_owned()).collect();
        let plain = columns.iter().all(|column| !column.is_empty());
        let parts = if plain {
            columns.iter().map(|column| identifier(column)).collect()
        } else {
            vec![expression_of(cell(index, "sql"))]
        };
        let predicate = (cell(index, "partial") == "1").then(|| predicate_of(cell(index, "sql")));
        let columns = if plain { columns } else { Vec::new() };
        keys.push(Key { name: name.to_owned(), primary: false, parts, columns, predicate });
    }
    Ok(keys)
}

/// What stands between the outer parentheses of CREATE INDEX.
fn expression_of(sql: &str) -> String {
    parsed_index(sql).map(|(parts, _)| parts).unwrap_or_default()
}

fn predicate_of(sql: &str) -> String {
    parsed_index(sql).and_then(|(_, condition)| condition).unwrap_or_default()
}

fn parsed_index(sql: &str) -> Option<(String, Option<String>)> {
    let bump = Bump::new();
    match Parser::new(&bump, sql.as_bytes()).next() {
        Ok(Some(Cmd::Stmt(Stmt::CreateIndex { columns, where_clause, .. }))) => {
            let parts: Vec<String> = columns.iter().map(|column| text(&column.expr)).collect();
            Some((parts.join(", "), where_clause.as_ref().map(text)))
        }
        _ => None,
    }
}

fn references(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Reference>> {
    let rows = read(
        connection,
        "SELECT f.id, f.\"table\" AS parent, f.\"from\" AS own, \
          coalesce(f.\"to\", (SELECT name FROM pragma_table_info(f.\"table\") WHERE pk = f.seq + 1)) AS other \
          FROM pragma_foreign_key_list(?1) AS f ORDER BY f.id, f.seq",
        [table],
    )?;
    let mut found: Vec<(String, Reference)> = Vec::new();
    for row in &rows {
        let id = cell(row, "id");
        if found.last().is_none_or(|(last, _)| last != id) {
            let parent = TableName::plain(cell(row, "parent"));
            let reference =
                Reference { name: None, columns: vec![], parent, parent_columns: vec![] };
            found.push((id.to_owned(), reference));
        }
        if let Some((_, reference)) = found.last_mut() {
            reference.columns.push(cell(row, "own").to_owned());
            reference.parent_columns.push(cell(row, "other").to_owned());
        }
    }
    Ok(found.into_iter().map(|(_, reference)| reference).collect())
}

/// The conditions in a CREATE TABLE.
fn conditions(sql: &str) -> Vec<Condition> {
    let bump = Bump::new();
    let Ok(Some(Cmd::Stmt(Stmt::CreateTable {
        body: CreateTableBody::ColumnsAndConstraints { columns, constraints, .. },
        ..
    }))) = Parser::new(&bump, sql.as_bytes()).next()
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for constraint in columns.iter().flat_map(|column| column.constraints) {
        if let ColumnConstraint::Check(expression) = &constraint.constraint {
            let name = constraint.name.as_ref().map(|name| bare(name.0).to_owned());
            found.push(Condition { name, expression: text(expression) });
        }
    }
    for NamedTableConstraint { name, constraint } in constraints.unwrap_or(&[]) {
        if let TableConstraint::Check(expression, _) = constraint {
            let name = name.as_ref().map(|name| bare(name.0).to_owned());
            found.push(Condition { name, expression: text(expression) });
        }
    }
    found
}
