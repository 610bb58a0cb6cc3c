//! Copies of whole databases, by SQLite's online backup, and whether they are what they should be.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::errors::broken;
use crate::engine::EngineError;
use crate::host;
use crate::model::printable;

/// How many pages are copied before signals are looked at.
const PAGES: i32 = 1024;

/// How long is waited between two tries.
const POLL: Duration = Duration::from_millis(20);

/// Puts the content of one database into the place of another's: all of it, or nothing. Another
/// process may keep it waiting for as long as `patience`.
pub(super) fn copy(
    from: &Connection,
    to: &mut Connection,
    patience: Duration,
) -> Result<(), EngineError> {
    let backup = Backup::new(from, to).map_err(broken)?;
    let mut deadline = host::now() + patience;
    loop {
        if let Some(stop) = host::must_stop() {
            return Err(match stop {
                host::Stop::Interrupted => EngineError::Interrupted,
                host::Stop::Deadline | host::Stop::RunDeadline => EngineError::OutOfTime,
            });
        }
        match backup.step(PAGES).map_err(broken)? {
            StepResult::Done => return Ok(()),
            StepResult::More => deadline = host::now() + patience,
            _ if host::now() < deadline => host::pause(POLL),
            _ => return Err(super::errors::busy()),
        }
    }
}

/// Refuses a database whose pages, indexes or constraints are damaged.
pub(super) fn check(connection: &Connection, whose: &str) -> Result<(), EngineError> {
    let mut said = Vec::new();
    let checked = connection.pragma_query(None, "integrity_check", |row| {
        said.push(row.get::<_, String>(0)?);
        Ok(())
    });
    let damage = match (checked, said.first()) {
        (Ok(()), Some(first)) if first == "ok" => return Ok(()),
        (Ok(()), Some(first)) => printable(first).into_owned(),
        (Ok(()), None) => "it cannot be checked".into(),
        (Err(error), _) => error.to_string(),
    };
    Err(EngineError::Broken(format!("{whose} is damaged: {damage}")))
}

/// The first table whose rows, or whose text, are not the same in both.
pub(super) fn different(one: &Connection, other: &Connection) -> rusqlite::Result<Option<String>> {
    let schema = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY rowid";
    if !same_rows(one, other, schema)? {
        return Ok(Some("sqlite_schema".into()));
    }
    // Virtual tables show what is kept in others.
    let mut tables = one.prepare(
        "SELECT name FROM main.sqlite_schema
          WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
    )?;
    let names: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        let sql = format!("SELECT * FROM main.{}", quoted(&name));
        if !same_rows(one, other, &sql)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// A name in quotes, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a query gives the same rows in both, in the same order: copies have the same pages.
fn same_rows(one: &Connection, other: &Connection, sql: &str) -> rusqlite::Result<bool> {
    let (mut one, mut other) = (one.prepare(sql)?, other.prepare(sql)?);
    let columns = one.column_count();
    if other.column_count() != columns {
        return Ok(false);
    }
    let (mut one, mut other) = (one.query([])?, other.query([])?);
    loop {
        match (one.next()?, other.next()?) {
            (None, None) => return Ok(true),
            (Some(one), Some(other)) => {
                for at in 0..columns {
                    if one.get_ref(at)? != other.get_ref(at)? {
                        return Ok(false);
                    }
                }
            }
            _ => return Ok(false),
        }
    }
}
