//! Several files that change together or not at all.
//!
//! ```text
//! back up      the old bytes into the checkpoint's folder        fsync each
//! intent       paths and hashes, old and new                     fsync, rename, fsync the folder
//! stage        the new bytes beside each file                    fsync each
//! check        every file still holds its old bytes
//! rename       each staged file over its file                    fsync the folders
//! verify       every file holds its new bytes
//! commit       the hash of the intent                            fsync, rename, fsync the folder
//! ```
//!
//! The intent comes before the staged files, so that it names whatever a crash can leave beside
//! files that are not ours; what it says, that these files may hold new bytes from now on, is true
//! all the same. Staged names need no fsync of their own: a rename that was lost leaves the old
//! file. The backups' names become durable with the intent's; an intent that came through without
//! them finds files that were not touched.
//!
//! Without a commit every file that has its new hash goes back; a file of an unknown hash stops
//! that before anything is touched. Where a commit stands, every file has its new bytes; so it is
//! withdrawn, durably, before a committed change goes back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Disk};
use super::{Fault, FaultKind};
use crate::host;
use crate::model::{RepoPath, printable};

mod find;
mod intent;
mod put_back;
#[cfg(test)]
mod tests;

pub(in crate::runner) use find::Found;
use intent::Intent;

/// The places at which a test stops or kills the process, in their order; a rename is reached once
/// for each file.
pub const STEPS: &[&str] = &[
    "files.backups",
    "files.intent",
    "files.staging",
    "files.rename",
    "files.verify",
    "files.commit",
    "files.put_back.staging",
    "files.put_back.rename",
];

/// What the intent is called in the checkpoint's folder.
const INTENT: &str = "intent.json";
/// What the commit is called there.
const COMMIT: &str = "commit";
/// What the commit is called once its change goes back.
const WITHDRAWN: &str = "commit.withdrawn";

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
///
/// Whoever calls holds the target's [`super::lock::Lock`]. Each checkpoint has a folder of its own,
/// for one change.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// The file system.
    pub disk: &'a dyn Disk,
    /// The folder that the paths start from; it may be reached through links.
    pub root: &'a Path,
    /// The folder of the checkpoint: backups, intent and commit.
    pub folder: &'a Path,
}

/// What [`Files::put_back`] found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Whether there was an intent. Without one nothing was changed, or its folder is gone.
    pub was_begun: bool,
    /// Files that had their new bytes and have their old ones again.
    pub restored: Vec<RepoPath>,
    /// Files that had their old bytes already.
    pub untouched: Vec<RepoPath>,
    /// Whether the change had been committed.
    pub was_committed: bool,
}

impl Files<'_> {
    /// Keeps the old bytes of files in the checkpoint's folder, durably, with the intent to change
    /// them. Refuses symbolic links, files with several names, files below linked folders, and
    /// files that do not hold what they must.
    ///
    /// # Errors
    /// When that is so, the folder has an intent already, or a file cannot be written.
    pub fn back_up(&self, changes: &Changes) -> Result<(), Fault> {
        self.expect(changes, |change| &change.before)?;
        self.expect_no_staged(changes)?;
        self.do_to(self.folder, |disk, folder| disk.make_folder(folder))?;
        let intent_file = self.folder.join(INTENT);
        if self.do_to(&intent_file, |disk, path| disk.kind(path))?.is_some() {
            return Err(self.used());
        }
        let intent = Intent::of(changes);
        for (entry, change) in intent.files.iter().zip(changes.values()) {
            self.write_anew(&self.folder.join(&entry.backup), &change.before, None)?;
        }
        host::reached("files.backups");
        self.do_to(&intent_file, |disk, path| disk::replace(disk, path, &intent.seal()))?;
        host::reached("files.intent");
        Ok(())
    }

    /// Changes all files, or none, after [`Files::back_up`] of the same changes. Modes and owners
    /// stay.
    ///
    /// # Errors
    /// When a file does not hold what it must, or a step fails; [`Files::put_back`] then brings
    /// back what was reached.
    pub fn replace(&self, changes: &Changes) -> Result<(), Fault> {
        let intent = self.intent()?.filter(|intent| *intent == Intent::of(changes));
        let Some(intent) = intent else {
            return Err(self.distrust(INTENT, "it does not name these changes"));
        };
        if self.was_committed(&intent)? {
            return Err(self.used());
        }
        // Before staging, so that nothing is written through a link; and again right before the
        // first rename, since staging takes time.
        self.expect(changes, |change| &change.before)?;
        for (path, change) in changes {
            let file = self.file(path);
            self.write_anew(&staged(&file), &change.after, Some(&file))?;
        }
        host::reached("files.staging");
        self.expect(changes, |change| &change.before)?;
        for path in changes.keys() {
            self.do_to(&self.file(path), |disk, file| disk.rename(&staged(file), file))?;
            host::reached("files.rename");
        }
        self.sync_folders(changes.keys())?;
        self.expect(changes, |change| &change.after)?;
        host::reached("files.verify");
        let seal = intent.digest();
        let commit = self.folder.join(COMMIT);
        self.do_to(&commit, |disk, path| disk::replace(disk, path, seal.as_bytes()))?;
        host::reached("files.commit");
        Ok(())
    }

    /// Whether the change was committed, so that every file was brought to its new bytes, and was
    /// not put back since. What is told is durable.
    ///
    /// # Errors
    /// When the records cannot be read or are not what they were.
    pub fn is_committed(&self) -> Result<bool, Fault> {
        let Some(intent) = self.intent()? else { return Ok(false) };
        let committed = self.has(COMMIT, &intent)?;
        if committed {
            // The process that wrote it may have been killed before it could say so.
            self.do_to(self.folder, |disk, folder| disk.sync_folder(folder))?;
        }
        Ok(committed)
    }

    /// The intent in the folder, held against its own hash.
    fn intent(&self) -> Result<Option<Intent>, Fault> {
        let path = self.folder.join(INTENT);
        if self.do_to(&path, |disk, path| disk.kind(path))?.is_none() {
            return Ok(None);
        }
        let bytes = self.do_to(&path, |disk, path| disk.read(path))?;
        Intent::open(&bytes).map(Some).map_err(|problem| self.distrust(INTENT, problem))
    }

    /// Whether the change was committed, also when it was withdrawn since.
    fn was_committed(&self, intent: &Intent) -> Result<bool, Fault> {
        Ok(self.has(COMMIT, intent)? || self.has(WITHDRAWN, intent)?)
    }

    /// Whether the folder has a commit of this intent by that name.
    fn has(&self, name: &str, intent: &Intent) -> Result<bool, Fault> {
        let path = self.folder.join(name);
        if self.do_to(&path, |disk, path| disk.kind(path))?.is_none() {
            return Ok(false);
        }
        let bytes = self.do_to(&path, |disk, path| disk.read(path))?;
        if bytes != intent.digest().as_bytes() {
            return Err(self.distrust(name, "it does not belong to the intent beside it"));
        }
        Ok(true)
    }

    /// Writes a file of our own, in the place of what an earlier attempt left.
    fn write_anew(&self, path: &Path, bytes: &[u8], like: Option<&Path>) -> Result<(), Fault> {
        self.do_to(path, disk::remove_left_over)?;
        self.do_to(path, |disk, path| disk.create(path, bytes, like))?;
        self.do_to(path, |disk, path| disk.sync(path))
    }

    fn sync_folders<'p>(&self, paths: impl Iterator<Item = &'p RepoPath>) -> Result<(), Fault> {
        let folders: BTreeSet<RepoPath> = paths.filter_map(RepoPath::parent).collect();
        folders
            .iter()
            .try_for_each(|at| self.do_to(&self.file(at), |disk, path| disk.sync_folder(path)))
    }

    fn file(&self, path: &RepoPath) -> PathBuf {
        // A trailing slash would make another name of the root.
        if path.is_root() { self.root.to_owned() } else { self.root.join(path.as_str()) }
    }

    /// Does something with a path; the error names it.
    fn do_to<T>(
        &self,
        path: &Path,
        work: impl FnOnce(&dyn Disk, &Path) -> std::io::Result<T>,
    ) -> Result<T, Fault> {
        work(self.disk, path).map_err(|error| Fault::file(path, &error))
    }

    fn used(&self) -> Fault {
        Fault::new(
            FaultKind::PartialFailure,
            format!("the checkpoint in {} was used already", shown(self.folder)),
            "finish the run that made it (`migration-gate status` names it); the next one has a \
             checkpoint of its own",
        )
    }

    fn distrust(&self, name: &str, problem: &str) -> Fault {
        Fault::new(
            FaultKind::PartialFailure,
            format!("{}: {problem}", shown(&self.folder.join(name))),
            "the records of this checkpoint cannot be trusted and nothing was touched: bring the \
             files back by hand (the backups are beside it) and say so with `migration-gate \
             resolve`",
        )
    }
}

/// The name of the new bytes beside a file.
fn staged(file: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".migration-gate-new");
    file.with_file_name(name)
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}
