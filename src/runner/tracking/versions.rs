//! Tables that hold a row for each version, as text, and know no more of it.

use super::table::Table;
use super::{Fault, Note, Set, Tracked, Tracker, quote};
use crate::engine::Database;
use crate::model::Migration;

/// Such a table; its column is named `version`.
#[derive(Debug)]
pub(super) struct Versions<'a> {
    pub(super) set: Set<'a>,
    pub(super) table: Table,
    /// What the tool writes for a migration.
    pub(super) version: fn(&Migration) -> String,
}

impl Versions<'_> {
    fn quoted(&self, migration: &Migration) -> String {
        quote::text(self.set.engine, &(self.version)(migration))
    }
}

impl Tracker for Versions<'_> {
    fn table(&self) -> &'static str {
        self.table.name
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        let query = format!("SELECT version FROM {} ORDER BY version", self.table.name);
        let known = self.set.by(self.version);
        let rows = self.table.rows(self.set.engine, database, &query)?;
        let tracked = rows.iter().map(|row| {
            let version = self.table.value(row, 0)?;
            Ok(Tracked::applied(known.get(version).copied(), version))
        });
        tracked.collect()
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        self.table.create(self.set.engine, database)
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        let version = self.quoted(note.migration);
        vec![format!("INSERT INTO {} (version) VALUES ({version})", self.table.name)]
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        let version = self.quoted(note.migration);
        vec![format!("DELETE FROM {} WHERE version = {version}", self.table.name)]
    }
}
