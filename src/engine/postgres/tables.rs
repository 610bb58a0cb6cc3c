//! The tables of PostgreSQL, from the lines that `tables.sql` answers with.

use std::collections::BTreeSet;

use postgres::Row;

use crate::model::{Column, Condition, Family, Key, ReadRow, Reference, Table, TableName};

/// The tables that the lines of an answer describe.
pub(super) fn of(rows: &[Row]) -> Result<Vec<Table>, postgres::Error> {
    let mut tables = Vec::new();
    for row in rows {
        add(row, &mut tables)?;
    }
    Ok(tables)
}

/// Adds what one line of `tables.sql` says.
fn add(row: &Row, tables: &mut Vec<Table>) -> Result<(), postgres::Error> {
    let text = |index: usize| row.try_get::<_, Option<String>>(index);
    let list = |index: usize| {
        let found: Option<Vec<Option<String>>> = row.try_get(index)?;
        Ok::<_, postgres::Error>(
            found.unwrap_or_default().into_iter().flatten().collect::<Vec<_>>(),
        )
    };
    let name = table_name(text(1)?, text(2)?);
    let is_new = tables.last().is_none_or(|last| last.name != name);
    if is_new {
        let only = if row.try_get::<_, bool>(9)? { "" } else { "ONLY " };
        let source = format!("{only}{}", name.sql());
        tables.push(Table {
            name,
            source,
            columns: vec![],
            keys: vec![],
            conditions: vec![],
            references: vec![],
        });
    }
    let Some(table) = tables.last_mut() else { return Ok(()) };
    let label = text(3)?.unwrap_or_default();
    let detail = text(4)?.unwrap_or_default();
    match row.try_get::<_, &str>(0)? {
        "column" => {
            let labels = list(5)?;
            table.columns.push(Column {
                name: label,
                family: family(&detail, &labels),
                type_name: text(7)?.unwrap_or_else(|| detail.clone()),
                not_null: row.try_get(8)?,
                default: text(6)?,
                generated: text(10)?.is_some(),
            });
        }
        "key" => {
            let (parts, columns) = (list(5)?, list(11)?);
            let plain = parts.len() == columns.len();
            table.keys.push(Key {
                name: label,
                primary: row.try_get(8)?,
                parts,
                columns: if plain { columns } else { Vec::new() },
                predicate: text(6)?,
            });
        }
        "check" => table.conditions.push(Condition { name: Some(label), expression: detail }),
        _ => table.references.push(Reference {
            name: Some(label),
            columns: list(5)?,
            parent: table_name(text(6)?, text(7)?),
            parent_columns: list(11)?,
        }),
    }
    Ok(())
}

/// A query for the columns of tables: the table's place, the name, the type.
pub(super) fn columns(tables: &[&Table]) -> String {
    let place = |(at, table): (usize, &&Table)| {
        format!("({at}, '{}')", table.name.sql().replace('\'', "''"))
    };
    let places: Vec<String> = tables.iter().enumerate().map(place).collect();
    format!(
        "SELECT place, attname, pg_catalog.format_type(atttypid, atttypmod) \
         FROM (VALUES {}) AS asked (place, tab) JOIN pg_catalog.pg_attribute \
           ON attrelid = pg_catalog.to_regclass(tab) AND attnum > 0 AND NOT attisdropped",
        places.join(", ")
    )
}

/// Whether that query finds every column of the tables with its type.
pub(super) fn have_all_columns(tables: &[&Table], found: &[ReadRow]) -> bool {
    let text = |row: &ReadRow, at: usize| row.get(at).and_then(|(_, value)| value.clone());
    let found: BTreeSet<_> =
        found.iter().map(|row| (text(row, 0), text(row, 1), text(row, 2))).collect();
    tables.iter().enumerate().all(|(at, table)| {
        table.columns.iter().all(|column| {
            let (name, kind) = (column.name.clone(), column.type_name.clone());
            found.contains(&(Some(at.to_string()), Some(name), Some(kind)))
        })
    })
}

/// A name without the schema that is the usual one.
pub(super) fn table_name(schema: Option<String>, name: Option<String>) -> TableName {
    let schema = schema.filter(|schema| schema != "public");
    TableName { schema, name: name.unwrap_or_default() }
}

/// The family of a type as `format_type` writes it.
fn family(kind: &str, labels: &[String]) -> Family {
    if let Some(inner) = kind.strip_suffix("[]") {
        return Family::Array(Box::new(family(inner, labels)));
    }
    if !labels.is_empty() {
        return Family::Enum(labels.to_vec());
    }
    let (word, arguments) = kind.split_once('(').unwrap_or((kind, ""));
    let mut numbers = arguments.split([',', ')']).map_while(|number| number.trim().parse().ok());
    match word.trim() {
        "smallint" => Family::Integer(16),
        "integer" => Family::Integer(32),
        "bigint" => Family::Integer(64),
        "numeric" => {
            Family::Decimal(numbers.next().map(|all| (all, numbers.next().unwrap_or_default())))
        }
        "real" | "double precision" => Family::Float,
        "text" | "\"char\"" => Family::Text(None),
        "character varying" => Family::Text(numbers.next()),
        "character" => Family::Text(numbers.next().or(Some(1))),
        "boolean" => Family::Boolean,
        "date" => Family::Date,
        "uuid" => Family::Uuid,
        "json" | "jsonb" => Family::Json,
        "bytea" => Family::Bytes,
        word if word.starts_with("timestamp") => Family::Timestamp,
        word if word.starts_with("time") => Family::Time,
        _ => Family::Other(kind.to_owned()),
    }
}
