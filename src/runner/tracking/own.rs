//! `migration_gate_history`, for the layouts whose migrations no tool of their own keeps track of.
//!
//! A row is written before its migration runs and gets `applied_at` with it, so that one that was
//! begun and never ended is known. A checksum is the SHA-256 of the file's bytes.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::table::Table;
use super::{Fault, Note, Set, Tracked, TrackedState, Tracker, quote};
use crate::engine::Database;
use crate::model::Migration;

const TABLE: Table = Table {
    tool: "migration-gate",
    name: "migration_gate_history",
    columns: &["id", "checksum", "started_at", "applied_at", "took_ms"],
    sqlite: &["CREATE TABLE migration_gate_history (id text NOT NULL PRIMARY KEY, \
               checksum text NOT NULL, started_at text NOT NULL, applied_at text, \
               took_ms integer)"],
    postgres: &["CREATE TABLE migration_gate_history (id text PRIMARY KEY, \
                 checksum text NOT NULL, started_at timestamptz NOT NULL, \
                 applied_at timestamptz, took_ms bigint)"],
};

/// See the module.
#[derive(Debug)]
pub(super) struct Own<'a>(pub(super) Set<'a>);

impl Own<'_> {
    fn checksum(&self, migration: &Migration) -> String {
        quote::hex(&Sha256::digest(self.0.bytes(migration.up.path())))
    }

    fn id(&self, note: &Note<'_>) -> String {
        quote::text(self.0.engine, &note.migration.id)
    }

    fn write(&self, note: &Note<'_>, applied_at: &str, took: &str) -> String {
        format!(
            "INSERT INTO migration_gate_history (id, checksum, started_at, applied_at, took_ms) \
             VALUES ({}, '{}', '{}', {applied_at}, {took}) ON CONFLICT (id) DO UPDATE SET \
             checksum = excluded.checksum, started_at = excluded.started_at, \
             applied_at = excluded.applied_at, took_ms = excluded.took_ms",
            self.id(note),
            self.checksum(note.migration),
            moment(note.at),
        )
    }
}

/// A moment as text that sorts.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

impl Tracker for Own<'_> {
    fn table(&self) -> &'static str {
        TABLE.name
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        let query = format!(
            "SELECT id, checksum, {} FROM migration_gate_history ORDER BY started_at, id",
            quote::flag_of("applied_at IS NOT NULL")
        );
        let known = self.0.by(|migration| migration.id.clone());
        let rows = TABLE.rows(self.0.engine, database, &query)?;
        let tracked = rows.iter().map(|row| {
            let (id, checksum) = (TABLE.value(row, 0)?, TABLE.value(row, 1)?);
            let migration = known.get(id).copied();
            let edited = migration.is_some_and(|own| self.checksum(own) != checksum);
            let state = match TABLE.value(row, 2)? {
                "1" => TrackedState::Applied,
                _ => TrackedState::Unfinished,
            };
            Ok(Tracked { state, edited, ..Tracked::applied(migration, id) })
        });
        tracked.collect()
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        TABLE.create(self.0.engine, database)
    }

    fn starting(&self, note: &Note<'_>) -> Vec<String> {
        vec![self.write(note, "NULL", "NULL")]
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        let ended = moment(note.at.checked_add(note.took).unwrap_or(note.at));
        vec![self.write(note, &format!("'{ended}'"), &note.took.as_millis().to_string())]
    }

    fn abandoned(&self, note: &Note<'_>) -> Vec<String> {
        let id = self.id(note);
        vec![format!("DELETE FROM migration_gate_history WHERE id = {id} AND applied_at IS NULL")]
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        vec![format!("DELETE FROM migration_gate_history WHERE id = {}", self.id(note))]
    }
}
