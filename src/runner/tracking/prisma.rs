//! prisma's `_prisma_migrations`.
//!
//! Source: the schema engine of prisma 6 and 7 (`sql-schema-connector`, `schema-commands`). A row is
//! written before its script runs and gets `finished_at` after it, none of it in the script's
//! transaction; a failed migration keeps a row that was never finished, on which prisma refuses to
//! go on. What was taken back keeps its row with `rolled_back_at`, as `migrate resolve
//! --rolled-back` writes it, and prisma then runs it again. A checksum is the SHA-256 of the
//! script's bytes.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::table::Table;
use super::{Fault, Note, Set, Tracked, TrackedState, Tracker, quote};
use crate::engine::Database;
use crate::model::{EngineKind, Migration};

const TABLE: Table = Table {
    tool: "prisma",
    name: "_prisma_migrations",
    columns: &[
        "id",
        "checksum",
        "finished_at",
        "migration_name",
        "logs",
        "rolled_back_at",
        "started_at",
        "applied_steps_count",
    ],
    sqlite: &["CREATE TABLE \"_prisma_migrations\" (\"id\" TEXT PRIMARY KEY NOT NULL, \
               \"checksum\" TEXT NOT NULL, \"finished_at\" DATETIME, \
               \"migration_name\" TEXT NOT NULL, \"logs\" TEXT, \"rolled_back_at\" DATETIME, \
               \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp, \
               \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0)"],
    postgres: &["CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, \
                 checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, \
                 migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, \
                 started_at TIMESTAMPTZ NOT NULL DEFAULT now(), \
                 applied_steps_count INTEGER NOT NULL DEFAULT 0)"],
};

/// Rows of migrations that were not taken back.
const STANDING: &str = "rolled_back_at IS NULL";

/// See the module.
#[derive(Debug)]
pub(super) struct Prisma<'a>(pub(super) Set<'a>);

impl Prisma<'_> {
    fn checksum(&self, migration: &Migration) -> String {
        quote::hex(&Sha256::digest(self.0.bytes(migration.up.path())))
    }

    /// The condition by which the standing rows of a migration are found.
    fn whose(&self, migration: &Migration) -> String {
        let name = quote::text(self.0.engine, name(migration));
        format!("migration_name = {name} AND {STANDING}")
    }

    fn insert(&self, note: &Note<'_>, condition: &str) -> String {
        format!(
            "INSERT INTO _prisma_migrations (id, checksum, started_at, migration_name) \
             SELECT '{}', '{}', {}, {}{condition}",
            Uuid::new_v4(),
            self.checksum(note.migration),
            self.moment(note.at),
            quote::text(self.0.engine, name(note.migration)),
        )
    }

    /// A moment, as an expression. In SQLite prisma's own client writes milliseconds and its
    /// JavaScript adapters text; what is in the table already goes on, since rows are sorted by it.
    fn moment(&self, at: Timestamp) -> String {
        let milliseconds = at.as_millisecond();
        if self.0.engine == EngineKind::Postgres {
            return format!("to_timestamp({milliseconds} / 1000.0)");
        }
        let text = at.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00");
        format!(
            "CASE (SELECT typeof(started_at) FROM _prisma_migrations ORDER BY rowid DESC LIMIT 1) \
             WHEN 'text' THEN '{text}' ELSE {milliseconds} END"
        )
    }
}

/// The name of the migration's folder.
fn name(migration: &Migration) -> &str {
    let path = migration.up.path().as_str();
    path.rsplit('/').nth(1).unwrap_or(path)
}

/// When the migration ended.
fn end(note: &Note<'_>) -> Timestamp {
    note.at.checked_add(note.took).unwrap_or(note.at)
}

impl Tracker for Prisma<'_> {
    fn table(&self) -> &'static str {
        TABLE.name
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        let query = format!(
            "SELECT migration_name, checksum, {} FROM _prisma_migrations WHERE {STANDING} \
             ORDER BY started_at, migration_name",
            quote::flag_of("finished_at IS NOT NULL")
        );
        let known = self.0.by(|migration| name(migration).to_owned());
        let rows = TABLE.rows(self.0.engine, database, &query)?;
        let mut tracked: Vec<Tracked> = Vec::new();
        for row in &rows {
            let (called, checksum) = (TABLE.value(row, 0)?, TABLE.value(row, 1)?);
            let migration = known.get(called).copied();
            let edited = migration.is_some_and(|own| self.checksum(own) != checksum);
            let state = match TABLE.value(row, 2)? {
                "1" => TrackedState::Applied,
                _ => TrackedState::Unfinished,
            };
            let one = Tracked { state, edited, ..Tracked::applied(migration, called) };
            // A row that was never finished stops prisma whatever else it says.
            match tracked.iter_mut().find(|earlier| earlier.name == one.name) {
                Some(earlier) => earlier.state = earlier.state.max(one.state),
                None => tracked.push(one),
            }
        }
        Ok(tracked)
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        TABLE.create(self.0.engine, database)
    }

    fn starting(&self, note: &Note<'_>) -> Vec<String> {
        vec![self.insert(note, "")]
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        let whose = self.whose(note.migration);
        let rows = format!("SELECT 1 FROM _prisma_migrations WHERE {whose}");
        vec![
            // Where nothing was written before it ran.
            self.insert(note, &format!(" WHERE NOT EXISTS ({rows})")),
            format!(
                "UPDATE _prisma_migrations SET applied_steps_count = 1, finished_at = {} \
                 WHERE {whose} AND finished_at IS NULL",
                self.moment(end(note)),
            ),
        ]
    }

    fn abandoned(&self, note: &Note<'_>) -> Vec<String> {
        self.undone(note)
            .into_iter()
            .map(|statement| format!("{statement} AND finished_at IS NULL"))
            .collect()
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        let (now, whose) = (self.moment(end(note)), self.whose(note.migration));
        vec![format!("UPDATE _prisma_migrations SET rolled_back_at = {now} WHERE {whose}")]
    }
}
