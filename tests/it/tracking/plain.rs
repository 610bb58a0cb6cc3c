//! A real database, with as much of the contract as tables need.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use migration_gate::engine::{Database, EngineError, TargetError, TextRow};
use migration_gate::model::{Script, Snapshot, TableName, TransactionMode};
use postgres::SimpleQueryMessage;

/// A connection.
pub(super) enum Plain {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Client>),
}

fn broken(error: &impl Display) -> EngineError {
    EngineError::Broken(error.to_string())
}

/// What no table asks for.
fn unused() -> EngineError {
    EngineError::Broken("no table needs this".into())
}

impl Plain {
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), EngineError> {
        match self {
            Self::Sqlite(one) => one.execute_batch(sql).map_err(|error| broken(&error)),
            Self::Postgres(one) => one.batch_execute(sql).map_err(|error| broken(&error)),
        }
    }
}

fn rows_of_sqlite(one: &rusqlite::Connection, sql: &str) -> rusqlite::Result<Vec<TextRow>> {
    let mut statement = one.prepare(sql)?;
    let width = statement.column_count();
    statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect())?.collect()
}

fn rows_of_postgres(
    one: &mut postgres::Client,
    sql: &str,
) -> Result<Vec<TextRow>, postgres::Error> {
    let rows = one.simple_query(sql)?.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

impl Database for Plain {
    fn version(&self) -> String {
        String::new()
    }

    fn place(&self) -> String {
        String::new()
    }

    fn lock(&mut self) -> Result<bool, EngineError> {
        Err(unused())
    }

    fn is_atomic(&self, script: &Script) -> bool {
        script.transaction == TransactionMode::Wrapped
    }

    fn execute(&mut self, script: &Script, record: &[String]) -> Result<(), TargetError> {
        if self.is_atomic(script) {
            self.batch(&format!("BEGIN;{};{};COMMIT", script.sql(), record.join(";")))?;
        } else {
            self.batch(&script.sql())?;
            self.write(record)?;
        }
        Ok(())
    }

    fn verify(&mut self, _: &Script) -> Result<(), TargetError> {
        Err(unused().into())
    }

    fn write(&mut self, statements: &[String]) -> Result<(), EngineError> {
        self.batch(&format!("BEGIN;{};COMMIT", statements.join(";")))
    }

    fn read(&mut self, sql: &str) -> Result<Vec<TextRow>, EngineError> {
        match self {
            Self::Sqlite(one) => rows_of_sqlite(one, sql).map_err(|error| broken(&error)),
            Self::Postgres(one) => rows_of_postgres(one, sql).map_err(|error| broken(&error)),
        }
    }

    fn has_table(&mut self, name: &TableName) -> Result<bool, EngineError> {
        match self {
            // Not rusqlite's own question, which does not see what another connection did.
            Self::Sqlite(one) => one
                .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")
                .and_then(|mut statement| statement.exists([&name.name]))
                .map_err(|error| broken(&error)),
            Self::Postgres(one) => one
                .query_one("SELECT to_regclass($1) IS NOT NULL", &[&name.sql()])
                .map(|row| row.get(0))
                .map_err(|error| broken(&error)),
        }
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        Err(unused())
    }

    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, EngineError> {
        Err(unused())
    }

    fn size(&mut self) -> Result<u64, EngineError> {
        Err(unused())
    }

    fn back_up(&mut self, _: &Path) -> Result<(), EngineError> {
        Err(unused())
    }

    fn restore(&mut self, _: &Path) -> Result<(), EngineError> {
        Err(unused())
    }
}
