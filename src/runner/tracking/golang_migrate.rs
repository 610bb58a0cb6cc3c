//! golang-migrate's `schema_migrations`.
//!
//! Source: `database/postgres` and `database/sqlite3` of golang-migrate. There is one row: the
//! version that was reached, and whether a migration on the way to it did not end (`dirty`).
//! Every file at or below that version counts as having run, whatever ran in truth. No row means
//! that nothing has run.

use super::table::Table;
use super::{Fault, Note, Set, Tracked, TrackedState, Tracker, number, quote};
use crate::engine::Database;
use crate::model::Migration;

const TABLE: Table = Table {
    tool: "golang-migrate",
    name: "schema_migrations",
    columns: &["version", "dirty"],
    sqlite: &[
        "CREATE TABLE IF NOT EXISTS schema_migrations (version uint64, dirty bool)",
        "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON schema_migrations (version)",
    ],
    postgres: &["CREATE TABLE IF NOT EXISTS schema_migrations \
                 (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)"],
};

/// See the module.
#[derive(Debug)]
pub(super) struct GolangMigrate<'a>(pub(super) Set<'a>);

/// Puts the only row in place of any other; no row for no version.
fn reached(migration: Option<&Migration>, dirty: &str) -> Vec<String> {
    let insert = migration.map(|migration| {
        let version = number(migration);
        format!("INSERT INTO {} (version, dirty) VALUES ({version}, {dirty})", TABLE.name)
    });
    std::iter::once(format!("DELETE FROM {}", TABLE.name)).chain(insert).collect()
}

impl GolangMigrate<'_> {
    /// What counts as having run where that version was reached, which comes last.
    fn up_to(&self, version: &str) -> Result<Vec<Tracked>, Fault> {
        let reached: i128 =
            version.parse().map_err(|_| TABLE.strange("its version is not a number"))?;
        let ran = |migration: &&&Migration| {
            let own = migration.version.number().and_then(|own| i128::try_from(own).ok());
            own.is_some_and(|own| own <= reached)
        };
        let known = self.0.migrations.iter().filter(ran);
        let mut tracked: Vec<Tracked> =
            known.map(|migration| Tracked::applied(Some(migration), &number(migration))).collect();
        if tracked.last().is_none_or(|last| last.name != version) {
            tracked.push(Tracked::applied(None, version));
        }
        Ok(tracked)
    }
}

impl Tracker for GolangMigrate<'_> {
    fn table(&self) -> &'static str {
        TABLE.name
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        let flag = quote::flag_of("dirty");
        let query = format!("SELECT CAST(version AS text), {flag} FROM {}", TABLE.name);
        let rows = TABLE.rows(self.0.engine, database, &query)?;
        let row = match rows.as_slice() {
            [] => return Ok(Vec::new()),
            [row] => row,
            _ => return Err(TABLE.strange("it has more than one row")),
        };
        let (version, dirty) = (TABLE.value(row, 0)?, TABLE.value(row, 1)? == "1");
        let mut tracked = self.up_to(version)?;
        if let Some(last) = tracked.last_mut().filter(|_| dirty) {
            last.state = TrackedState::Unfinished;
        }
        Ok(tracked)
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        TABLE.create(self.0.engine, database)
    }

    fn starting(&self, note: &Note<'_>) -> Vec<String> {
        reached(Some(note.migration), "TRUE")
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        reached(Some(note.migration), "FALSE")
    }

    fn abandoned(&self, note: &Note<'_>) -> Vec<String> {
        reached(note.previous, "FALSE")
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        reached(note.previous, "FALSE")
    }
}
