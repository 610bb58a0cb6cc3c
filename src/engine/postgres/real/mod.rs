//! A PostgreSQL database that stays.
//!
//! ```text
//! address ─┬─ tls ─ connect ─ run      (scripts, and what is written down of them)
//! password ┘               └─ backup   (pg_dump, and the way back in one transaction)
//! ```

mod address;
mod backup;
mod connect;
mod password;
mod run;
mod tls;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use postgres::{Client, SimpleQueryMessage};

use super::plan::Plan;
use super::session::Ended;
use super::snapshot::Catalog;
use crate::engine::{Database, EngineError, RealSpec, TargetError, TextRow};
use crate::model::{Script, Snapshot, TableName};
use connect::{ANSWER, Connector, Line};

/// The places at which a test stops or kills the process.
pub const STEPS: &[&str] = &["postgres.commit", "postgres.committed", "postgres.restore"];

/// The longest a look at the catalog may take.
const CATALOG_LIMIT: Duration = Duration::from_secs(300);

/// Takes the advisory lock of runners where a restore that a killed runner left is not at work.
/// Such locks belong to one database.
const LOCK: &str = "SELECT pg_catalog.pg_try_advisory_xact_lock(1835491700, 2) \
    AND pg_catalog.pg_try_advisory_lock(1835491700, 1)";

/// Our own statements do not queue up behind a long transaction, since everybody else would queue
/// up behind them. A script sets what it wants itself.
const IN_LINE: &str = "SET LOCAL lock_timeout = '10s'";

/// What is counted: tables with rows of their own, and partitioned ones with those of their parts.
const TABLES: &str = "SELECT n.nspname::text, c.relname::text, c.relkind = 'p' \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' \
    AND n.nspname <> 'information_schema' ORDER BY 1, 2";

/// A database that stays.
struct Real {
    line: Line,
    /// Holds the lock, out of reach of what scripts do to their session.
    guard: Option<Client>,
    spec: RealSpec,
    catalog: Catalog,
    version: String,
    major: u32,
}

/// Opens a database by its URL.
///
/// # Errors
/// When the URL cannot be used, or the server does not let us in or is too old.
pub fn open(url: &str, spec: &RealSpec) -> Result<Box<dyn Database>, EngineError> {
    Ok(Box::new(Real::open(url, spec)?))
}

impl Real {
    fn open(url: &str, spec: &RealSpec) -> Result<Self, EngineError> {
        let mut line = Line::open(Connector::new(url)?)?;
        let row = line.client().query_one(
            "SELECT current_setting('server_version'), \
             current_setting('server_version_num')::int / 10000",
            &[],
        );
        let row = row.map_err(|error| line.connector.trouble(&error))?;
        let version: String = row.get(0);
        let major = u32::try_from(row.get::<_, i32>(1)).unwrap_or_default();
        if major < 13 {
            return Err(EngineError::Unavailable {
                what: format!("{}: PostgreSQL {version} is too old", line.connector.place),
                way_out: "use PostgreSQL 13 or newer".into(),
            });
        }
        let version = version.split(' ').next().unwrap_or_default().to_owned();
        let catalog = Catalog::new(major, Vec::new());
        Ok(Self { line, guard: None, spec: spec.clone(), catalog, version, major })
    }

    fn broken(&self, what: &str) -> EngineError {
        self.line.connector.broken(what)
    }

    /// Before anything is done: the connection stands, and so does the lock where it was taken.
    fn ready(&mut self) -> Result<(), EngineError> {
        if self.line.mend()? {
            self.catalog.forget();
        }
        self.still_locked()
    }

    fn still_locked(&mut self) -> Result<(), EngineError> {
        let lost = self.guard.as_mut().is_some_and(|guard| guard.is_valid(ANSWER).is_err());
        if lost {
            return Err(self.broken(
                "the connection that held the lock was lost, and another runner may be at work\n  \
                 help: run again; what stands between must let an idle connection live",
            ));
        }
        Ok(())
    }

    fn send(&mut self, sql: &str) -> Result<(), Ended> {
        self.line.run(self.spec.statement_timeout, |client| client.batch_execute(sql))
    }

    /// Does something of our own on the connection.
    fn own<T>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, EngineError> {
        self.ready()?;
        self.inside(limit, work)
    }

    /// Like [`Real::own`], in the middle of a transaction: a new connection would not be in it.
    fn inside<T>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, EngineError> {
        self.line.run(limit, work).map_err(|ended| {
            // Whatever was open is of no use to the next one.
            let _ = super::session::roll_back(self.line.client());
            self.line.connector.ended(ended)
        })
    }

    /// Runs statements of our own in one transaction.
    fn write_down(&mut self, statements: &[String]) -> Result<(), EngineError> {
        if statements.is_empty() {
            return Ok(());
        }
        let limit = self.spec.statement_timeout;
        self.own(limit, |client| {
            client.batch_execute("BEGIN")?;
            client.batch_execute(IN_LINE)?;
            statements.iter().try_for_each(|sql| client.batch_execute(sql))?;
            client.batch_execute("COMMIT")
        })
    }
}

/// How many rows a table has.
fn count(client: &mut Client, source: &str) -> Result<i64, postgres::Error> {
    client.query_one(&format!("SELECT count(*) FROM {source}"), &[])?.try_get(0)
}

impl Database for Real {
    fn version(&self) -> String {
        format!("PostgreSQL {}", self.version)
    }

    fn place(&self) -> String {
        self.line.connector.place.clone()
    }

    fn lock(&mut self) -> Result<bool, EngineError> {
        // A lock that was lost is taken anew, by a connection that was not.
        self.guard = None;
        let mut guard = self.line.connector.connect()?;
        let trouble = |error: postgres::Error| self.line.connector.trouble(&error);
        if self.major >= 14 {
            guard.batch_execute("SET idle_session_timeout = 0").map_err(trouble)?;
        }
        let row = guard.query_one(LOCK, &[]).map_err(trouble)?;
        let locked: bool = row.try_get(0).map_err(trouble)?;
        self.guard = locked.then_some(guard);
        Ok(locked)
    }

    fn is_atomic(&self, script: &Script) -> bool {
        Plan::of(script).is_ok_and(|plan| plan.is_atomic())
    }

    fn execute(&mut self, script: &Script, record: &[String]) -> Result<(), TargetError> {
        self.apply(script, record)
    }

    fn verify(&mut self, script: &Script) -> Result<(), TargetError> {
        self.try_out(script)
    }

    fn write(&mut self, statements: &[String]) -> Result<(), EngineError> {
        self.write_down(statements)
    }

    fn read(&mut self, sql: &str) -> Result<Vec<TextRow>, EngineError> {
        let limit = self.spec.statement_timeout;
        let messages = self.own(limit, |client| client.simple_query(sql))?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    fn has_table(&mut self, name: &TableName) -> Result<bool, EngineError> {
        let name = name.sql();
        self.own(CATALOG_LIMIT, |client| {
            let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') \
                       AND oid = pg_catalog.to_regclass($1))";
            client.query_one(sql, &[&name])?.try_get(0)
        })
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        self.ready()?;
        // Roles belong to the whole server, and no backup of one database brings them back.
        let roles = self.own(CATALOG_LIMIT, |client| {
            let sql = "SELECT ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles)";
            client.query_one(sql, &[])?.try_get(0)
        })?;
        // Others write here at the same time, and what began before may end after: nothing that was
        // read before is worth anything.
        self.catalog.leave_out(roles);
        let catalog = &mut self.catalog;
        let seen = self.line.run(CATALOG_LIMIT, |client| catalog.read(client));
        seen.map_err(|ended| self.line.connector.ended(ended))
    }

    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, EngineError> {
        let tables: Vec<(String, String, bool)> = self.own(CATALOG_LIMIT, |client| {
            // Where a policy hides rows from us there is an error, and not a smaller number.
            client.batch_execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off",
            )?;
            let rows = client.query(TABLES, &[])?;
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
        })?;
        let mut counts = BTreeMap::new();
        for (schema, name, partitioned) in tables {
            let named = TableName { schema: Some(schema), name };
            let only = if partitioned { "" } else { "ONLY " };
            let source = format!("{only}{}", named.sql());
            let limit = self.spec.statement_timeout;
            let rows = self.inside(limit, |client| count(client, &source))?;
            let spoken = match named.schema.as_deref() {
                Some("public") => named.name,
                _ => named.spoken(),
            };
            counts.insert(spoken, u64::try_from(rows).unwrap_or_default());
        }
        self.inside(CATALOG_LIMIT, |client| client.batch_execute("ROLLBACK"))?;
        Ok(counts)
    }

    fn size(&mut self) -> Result<u64, EngineError> {
        let sql = "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())";
        let bytes: i64 =
            self.own(CATALOG_LIMIT, |client| client.query_one(sql, &[])?.try_get(0))?;
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    fn back_up(&mut self, file: &Path) -> Result<(), EngineError> {
        self.ready()?;
        self.dump(file)
    }

    fn restore(&mut self, file: &Path) -> Result<(), EngineError> {
        self.ready()?;
        self.bring_back(file)
    }
}

#[cfg(test)]
mod tests;
