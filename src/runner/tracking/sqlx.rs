//! sqlx's `_sqlx_migrations`.
//!
//! Source: `sqlx_core::migrate`, `sqlx-sqlite` and `sqlx-postgres`. A row says the SHA-384 of the
//! up file's bytes, and its description: the file's name after the first `_` and before `.sql` or
//! `.up.sql`, with spaces for `_`. It is written in the migration's transaction, or after a
//! migration that has none, with an execution time of -1; the time in nanoseconds comes after the
//! commit. A revert takes the row away. The tool itself never writes `success = false` in these
//! engines, and refuses to go on where it finds it.

use sha2::{Digest as _, Sha384};

use super::table::Table;
use super::{Fault, Note, Set, Tracked, TrackedState, Tracker, number, quote};
use crate::engine::Database;
use crate::model::Migration;

const TABLE: Table = Table {
    tool: "sqlx",
    name: "_sqlx_migrations",
    columns: &["version", "description", "installed_on", "success", "checksum", "execution_time"],
    sqlite: &["CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
               description TEXT NOT NULL, \
               installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
               success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)"],
    postgres: &["CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
                 description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), \
                 success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, \
                 execution_time BIGINT NOT NULL)"],
};

/// See the module.
#[derive(Debug)]
pub(super) struct Sqlx<'a>(pub(super) Set<'a>);

impl Sqlx<'_> {
    fn checksum(&self, migration: &Migration) -> Vec<u8> {
        Sha384::digest(self.0.bytes(migration.up.path())).to_vec()
    }
}

fn description(migration: &Migration) -> String {
    let name = migration.up.path().file_name();
    let name = name.split_once('_').map_or(name, |(_, rest)| rest);
    let end = if name.ends_with(".up.sql") { ".up.sql" } else { ".sql" };
    // As often as it stands there: that is how the tool takes it off.
    name.trim_end_matches(end).replace('_', " ")
}

impl Tracker for Sqlx<'_> {
    fn table(&self) -> &'static str {
        TABLE.name
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        let query = format!(
            "SELECT CAST(version AS text), {}, {} FROM {} ORDER BY version",
            quote::flag_of("success"),
            quote::hex_of(self.0.engine, "checksum"),
            TABLE.name
        );
        let known = self.0.by(number);
        let rows = TABLE.rows(self.0.engine, database, &query)?;
        let tracked = rows.iter().map(|row| {
            let version = TABLE.value(row, 0)?;
            let ended = TABLE.value(row, 1)? == "1";
            let checksum = TABLE.value(row, 2)?;
            let migration = known.get(version).copied();
            let edited = migration.is_some_and(|own| quote::hex(&self.checksum(own)) != checksum);
            let state = if ended { TrackedState::Applied } else { TrackedState::Unfinished };
            Ok(Tracked { state, edited, ..Tracked::applied(migration, version) })
        });
        tracked.collect()
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        TABLE.create(self.0.engine, database)
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        vec![format!(
            "INSERT INTO {} (version, description, success, checksum, execution_time) \
             VALUES ({}, {}, TRUE, {}, -1)",
            TABLE.name,
            number(note.migration),
            quote::text(self.0.engine, &description(note.migration)),
            quote::bytes(self.0.engine, &self.checksum(note.migration)),
        )]
    }

    fn finished(&self, note: &Note<'_>) -> Vec<String> {
        let nanoseconds = i64::try_from(note.took.as_nanos()).unwrap_or(i64::MAX);
        let version = number(note.migration);
        vec![format!(
            "UPDATE {} SET execution_time = {nanoseconds} WHERE version = {version}",
            TABLE.name
        )]
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        vec![format!("DELETE FROM {} WHERE version = {}", TABLE.name, number(note.migration))]
    }
}
