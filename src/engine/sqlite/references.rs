//! References that do not hold, which SQLite accepts until somebody writes to the table.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Error};

use crate::model::BrokenReference;

/// What `PRAGMA foreign_key_check` finds, and what it passes over: of a missing table it says
/// nothing as long as the table that refers to it is empty.
pub(super) fn broken(connection: &Connection) -> rusqlite::Result<Vec<BrokenReference>> {
    let tables = tables(connection)?;
    let is_missing = |parent: &str| !tables.iter().any(|table| table.eq_ignore_ascii_case(parent));
    let mut found = BTreeSet::new();
    for child in &tables {
        let mut add = |to: String, problem: String| {
            found.insert(BrokenReference { table: child.clone(), to, problem });
        };
        let parents = parents(connection, child)?;
        for parent in parents.iter().filter(|parent| is_missing(parent)) {
            add(parent.clone(), format!("{child} refers to {parent}, which does not exist"));
        }
        match orphans(connection, child) {
            Ok(orphans) => {
                for (parent, count) in orphans {
                    if !is_missing(&parent) {
                        let problem = format!("rows of {child} without a row in {parent}: {count}");
                        add(parent, problem);
                    }
                }
            }
            // Anything else, such as a function that is not here, says nothing of references.
            Err(
                Error::SqliteFailure(_, Some(message)) | Error::SqlInputError { msg: message, .. },
            ) => {
                let mismatch = |parent: &&String| {
                    message
                        == format!("foreign key mismatch - \"{child}\" referencing \"{parent}\"")
                };
                if let Some(parent) = parents.iter().find(mismatch) {
                    let problem = format!(
                        "{child} refers to columns of {parent} that are not its primary key and \
                         not unique"
                    );
                    add(parent.clone(), problem);
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
