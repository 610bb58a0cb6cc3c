//! References that do not hold, which SQLite accepts until somebody writes to the table.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Error};

/// What `PRAGMA foreign_key_check` finds and what it passes over: it says nothing of a missing
/// table as long as the table that refers to it is empty.
pub(super) fn broken(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let tables = tables(connection)?;
    let mut found = BTreeSet::new();
    for child in &tables {
        let missing: Vec<String> = parents(connection, child)?
            .into_iter()
            .filter(|parent| !tables.iter().any(|table| table.eq_ignore_ascii_case(parent)))
            .collect();
        for parent in &missing {
            found.insert(format!("{child} refers to {parent}, which does not exist"));
        }
        match orphans(connection, child) {
            Ok(orphans) => {
                for (parent, count) in orphans {
                    if !missing.contains(&parent) {
                        let (rows, refer) =
                            if count == 1 { ("row", "refers") } else { ("rows", "refer") };
                        found.insert(format!(
                            "{count} {rows} of {child} {refer} to rows of {parent} that do not exist"
                        ));
                    }
                }
            }
            // Anything else, such as a function that is not here, says nothing of references.
            Err(Error::SqliteFailure(_, Some(message)))
            | Err(Error::SqlInputError { msg: message, .. }) => {
                if message.starts_with("foreign key mismatch") {
                    found.insert(format!(
                        "{child} refers to columns that are no primary key and not unique: {message}"
                    ));
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found.into_iter().collect())
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_schema
          WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
            AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The tables that a table refers to, each once.
fn parents(connection: &Connection, child: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection
        .prepare("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1, 'main') ORDER BY 1")?;
    statement.query_map([child], |row| row.get(0))?.collect()
}

/// How many rows refer to no row, by the table they refer to.
fn orphans(connection: &Connection, child: &str) -> rusqlite::Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    connection.pragma(Some("main"), "foreign_key_check", child, |row| {
        *found.entry(row.get::<_, String>(2)?).or_default() += 1;
        Ok(())
    })?;
    Ok(found)
}
