//! What the runner changes: a database or documents, with what is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Fault;
use super::tracking::Tracked;
use crate::catalog::Entry;
use crate::model::Snapshot;

/// Which way a migration is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The up is run.
    Up,
    /// The down is run.
    Down,
    /// A checkpoint is brought back.
    Restore,
}

impl Direction {
    /// Every direction.
    pub const ALL: [Self; 3] = [Self::Up, Self::Down, Self::Restore];

    /// The word in state files and journals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Restore => "restore",
        }
    }
}

/// How a migration is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// From backups that the checkpoint holds.
    Backup,
    /// By its transaction, until that is committed; there is no way back after it.
    Transaction,
}

/// What a migration did, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The files that were changed.
    pub files: Vec<FileDone>,
}

/// A file that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDone {
    /// Its path from the root.
    pub path: String,
    /// SHA-256 of what it held.
    pub before: String,
    /// SHA-256 of what it holds.
    pub after: String,
}

/// A real target with its tracking.
pub trait Target {
    /// Where it is, for people and without a password.
    fn place(&self) -> String;

    /// What has run there, in order.
    ///
    /// # Errors
    /// When it cannot be read.
    fn history(&mut self) -> Result<Vec<Tracked>, Fault>;

    /// Makes what the tracking needs, before the first migration.
    ///
    /// # Errors
    /// When it cannot be made.
    fn prepare(&mut self) -> Result<(), Fault>;

    /// Describes what migrations change.
    ///
    /// # Errors
    /// When it cannot be described.
    fn snapshot(&mut self) -> Result<Snapshot, Fault>;

    /// How many rows each table has; nothing for documents.
    ///
    /// # Errors
    /// When they cannot be counted.
    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, Fault>;

    /// How a step would be taken back.
    fn strategy(&self, entry: &Entry, down: bool) -> Strategy;

    /// About how many bytes its checkpoint takes.
    ///
    /// # Errors
    /// When that cannot be told.
    fn checkpoint_size(&mut self, entry: &Entry) -> Result<u64, Fault>;

    /// Puts into the folder what brings back the state before a step, durably. Nothing where the
    /// strategy is its transaction.
    ///
    /// # Errors
    /// When the step cannot be run as things stand, or the backup cannot be written.
    fn back_up(&mut self, entry: &Entry, down: bool, folder: &Path) -> Result<(), Fault>;

    /// Runs the up and writes it into the tracking; with `down` runs the down and takes it out.
    /// `folder` is the one that [`Target::back_up`] was given.
    ///
    /// # Errors
    /// When it does not run to its end.
    fn migrate(&mut self, entry: &Entry, down: bool, folder: &Path) -> Result<Done, Fault>;

    /// Looks whether the migration did its work: its verify script passes, its documents are
    /// valid, the tracking knows it.
    ///
    /// # Errors
    /// When it did not.
    fn validate(&mut self, entry: &Entry) -> Result<(), Fault>;

    /// Whether it is known that nothing is left of a step that did not end, since its transaction
    /// took everything back. Then [`Target::restore`] brings back no backup.
    ///
    /// # Errors
    /// When the tracking cannot be read.
    fn left_nothing(&mut self, entry: &Entry, down: bool) -> Result<bool, Fault>;

    /// Whether the checkpoint could be brought back as things stand; touches nothing.
    ///
    /// # Errors
    /// Why it could not.
    fn may_restore(&mut self, folder: &Path) -> Result<(), Fault>;

    /// The names of the objects that a checkpoint is about; `None` where it is about everything. The
    /// others may be changed by people at any time.
    ///
    /// # Errors
    /// When the checkpoint cannot be trusted.
    fn scope(&self, folder: &Path) -> Result<Option<BTreeSet<String>>, Fault>;

    /// Puts a copy of what is there now into the folder, before a checkpoint takes its place.
    /// Nothing where a checkpoint brings back no more than what its step changed.
    ///
    /// # Errors
    /// When it cannot be written.
    fn keep_aside(&mut self, folder: &Path) -> Result<(), Fault>;

    /// Brings back what [`Target::back_up`] kept before an up, or with `down` before a down, and
    /// the tracking with it. May be called again after a crash, also where nothing was changed.
    ///
    /// # Errors
    /// When it cannot be brought back.
    fn restore(&mut self, entry: &Entry, down: bool, folder: &Path) -> Result<(), Fault>;

    /// Writes into the tracking that a migration has run, or has not, and changes nothing else.
    ///
    /// # Errors
    /// When it cannot be written, or cannot be so.
    fn mark(&mut self, entry: &Entry, applied: bool) -> Result<(), Fault>;

    /// Whether bringing back a checkpoint takes with it what others wrote since.
    fn restores_everything(&self) -> bool;
}
