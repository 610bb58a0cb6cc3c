//! The canonical description of an SQLite schema.
//!
//! SQLite keeps the text of each CREATE statement and little else, so the text is parsed and
//! taken apart: columns and constraints are compared as sets of clauses, whatever their order,
//! quoting and white space.

use std::collections::BTreeMap;
use std::convert::Infallible;

use rusqlite::Connection;
use sqlite3_parser::ast::fmt::{ToTokens, TokenStream};
use sqlite3_parser::ast::{
    Cmd, ColumnDefinition, CreateTableBody, NamedTableConstraint, Stmt, TabFlags,
};
use sqlite3_parser::dialect::TokenType;
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator as _};

use crate::model::{Object, ObjectKey, Snapshot};

/// Reads the schema of the main database.
pub(super) fn snapshot(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    let mut statement = connection.prepare(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_schema
          WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let sql: Option<String> = row.get(3)?;
        let sql = sql.unwrap_or_default();
        if kind == "table" {
            add_table(&mut snapshot, &name, &sql);
        } else {
            let mut object = Object::default();
            object.facts.insert("definition".into(), canonical(&sql));
            // A view is its own "table" in sqlite_schema.
            object.parent = (kind != "view").then(|| ObjectKey::new("table", table));
            snapshot.objects.insert(ObjectKey::new(kind, name), object);
        }
    }
    Ok(snapshot)
}

fn add_table(snapshot: &mut Snapshot, name: &str, sql: &str) {
    let key = ObjectKey::new("table", name);
    let mut table = Object::default();
    let bump = Bump::new();
    let parsed = Parser::new(&bump, sql.as_bytes()).next();
    match parsed {
        Ok(Some(Cmd::Stmt(Stmt::CreateTable {
            body: CreateTableBody::ColumnsAndConstraints { columns, constraints, flags },
            ..
        }))) => {
            for (flag, fact) in
                [(TabFlags::Strict, "strict"), (TabFlags::WithoutRowid, "without rowid")]
            {
                if flags.contains(flag) {
                    table.facts.insert(fact.into(), "yes".into());
                }
            }
            for (position, column) in columns.iter().enumerate() {
                add_column(snapshot, &key, position, column);
            }
            for constraint in constraints.unwrap_or(&[]) {
                add_constraint(snapshot, &key, constraint);
            }
        }
        _ => {
            table.facts.insert("definition".into(), canonical(sql));
        }
    }
    snapshot.objects.insert(key, table);
}

fn add_column(
    snapshot: &mut Snapshot,
    table: &ObjectKey,
    position: usize,
    column: &ColumnDefinition<'_>,
) {
    let mut object = Object { parent: Some(table.clone()), ..Object::default() };
    if let Some(kind) = &column.col_type {
        object.facts.insert("type".into(), text(kind).to_uppercase());
    }
    let mut clauses: Vec<String> = column.constraints.iter().map(text).collect();
    // NULL says nothing: it is what a column is without NOT NULL.
    clauses.retain(|clause| clause != "NULL");
    clauses.sort();
    if !clauses.is_empty() {
        object.facts.insert("clauses".into(), clauses.join(" "));
    }
    object.notes.insert("position".into(), (position + 1).to_string());
    let name = bare(column.col_name.0);
    snapshot.objects.insert(ObjectKey::new("column", format!("{}.{name}", table.name)), object);
}

fn add_constraint(
    snapshot: &mut Snapshot,
    table: &ObjectKey,
    constraint: &NamedTableConstraint<'_>,
) {
    let definition = text(constraint);
    let facts = BTreeMap::from([("definition".to_owned(), definition.clone())]);
    let object = Object { parent: Some(table.clone()), facts, ..Object::default() };
    // SQLite ignores a constraint's name but in messages, so the text is its identity.
    let key = ObjectKey::new("constraint", format!("{} {definition}", table.name));
    snapshot.objects.insert(key, object);
}

/// A parsed node in one spelling: single spaces, upper-case keywords, plain identifiers bare.
pub(super) fn text(node: &impl ToTokens) -> String {
    let mut spelling = Spelling(String::new());
    match node.to_tokens(&mut spelling) {
        Ok(()) => spelling.0,
    }
}

struct Spelling(String);

impl TokenStream for Spelling {
    type Error = Infallible;

    fn append(&mut self, token: TokenType, value: Option<&str>) -> Result<(), Infallible> {
        let tight = matches!(
            token,
            TokenType::TK_COMMA | TokenType::TK_RP | TokenType::TK_DOT | TokenType::TK_SEMI
        );
        if !tight && !self.0.is_empty() && !self.0.ends_with(['(', '.']) {
            self.0.push(' ');
        }
        match (token, value) {
            (TokenType::TK_BLOB, value) => {
                self.0.push_str(&format!("X'{}'", value.unwrap_or_default()));
            }
            (token, value) => {
                self.0.push_str(token.as_str().unwrap_or_default());
                self.0.push_str(bare(value.unwrap_or_default()));
            }
        }
        Ok(())
    }
}

/// A whole CREATE statement in one spelling; the stored text where it cannot be parsed.
fn canonical(sql: &str) -> String {
    let bump = Bump::new();
    match Parser::new(&bump, sql.as_bytes()).next() {
        Ok(Some(cmd)) => text(&cmd).trim_end_matches(';').to_owned(),
        _ => sql.to_owned(),
    }
}

/// An identifier without the quotes it does not need; anything else, string literals too, as is.
pub(super) fn bare(token: &str) -> &str {
    let inner = ["\"\"", "``", "[]"].iter().find_map(|quotes| {
        let (open, close) = quotes.split_at(1);
        token.strip_prefix(open)?.strip_suffix(close)
    });
    inner
        .filter(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
        .unwrap_or(token)
}
