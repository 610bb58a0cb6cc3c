//! Several files that change together or not at all.
//!
//! ```text
//! back up      the old bytes into the checkpoint's folder        fsync each, fsync the folder
//! stage        the new bytes beside each file                    fsync each, fsync the folders
//! intent       paths and hashes, old and new                     fsync, fsync the folder
//! rename       each staged file over its file                    fsync the folders
//! verify       every file has its new hash
//! commit                                                         fsync, fsync the folder
//! ```
//!
//! Without a commit every file that has its new hash goes back; a file of an unknown hash stops
//! that before anything is touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Fault;
use super::disk::Disk;
use crate::model::RepoPath;

/// What becomes of one file, by its path below the root.
pub type Changes = BTreeMap<RepoPath, Change>;

/// The bytes of a file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it must hold now.
    pub before: Arc<[u8]>,
    /// What it is to hold.
    pub after: Arc<[u8]>,
}

/// A place where files are changed together.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// The file system.
    pub disk: &'a dyn Disk,
    /// The folder that the paths start from.
    pub root: &'a Path,
    /// The folder of the checkpoint: backups, intent and commit.
    pub folder: &'a Path,
}

/// What [`Files::put_back`] found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Files that had their new bytes and have their old ones again.
    pub restored: Vec<RepoPath>,
    /// Files that had their old bytes already.
    pub untouched: Vec<RepoPath>,
    /// Whether the change had been committed.
    pub was_committed: bool,
}

impl Files<'_> {
    /// Keeps the old bytes of files in the checkpoint's folder, durably. Refuses symbolic links,
    /// files with several names, and files that do not hold what they must.
    ///
    /// # Errors
    /// When that is so, or a file cannot be written.
    pub fn back_up(&self, changes: &Changes) -> Result<(), Fault> {
        let _ = changes;
        Err(Fault::new(super::FaultKind::Environment, "not written", ""))
    }

    /// Changes all files, or none.
    ///
    /// # Errors
    /// When a file does not hold what it must, or a step fails; [`Files::put_back`] then brings
    /// back what was reached.
    pub fn replace(&self, changes: &Changes) -> Result<(), Fault> {
        let _ = changes;
        Err(Fault::new(super::FaultKind::Environment, "not written", ""))
    }

    /// Brings every file back to its old bytes, from the backups, whether the change was committed
    /// or not. Backups are held against their hashes first. May be called again after a crash.
    ///
    /// # Errors
    /// When a file has neither its old nor its new bytes, or a backup is not what it was: nothing
    /// is touched then.
    pub fn put_back(&self) -> Result<PutBack, Fault> {
        Err(Fault::new(super::FaultKind::Environment, "not written", ""))
    }
}
