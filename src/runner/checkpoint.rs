//! Checkpoints: what brings back the state before a step, each in a folder of its own.
//!
//! A folder without its description is one that was being made when the process ended; with its
//! mark, or empty, one that was being taken away.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::described::{Described, described, snapshot};
use super::disk::{Disk, Kind};
use super::state::Left;
use super::target::Strategy;
use super::{Fault, FaultKind, sealed};
use crate::model::{Snapshot, printable};

/// Where the checkpoints of a target are, in the folder of its state.
const FOLDER: &str = "checkpoints";
/// The description of one.
const DESCRIPTION: &str = "checkpoint.json";
/// What its step left, written when that was done.
const AFTER: &str = "after.json";
/// What was there before it was brought back, with a number.
const REPLACED: &str = "replaced";
/// What the target put there.
const BACKUP: &str = "backup";
/// There while one is being taken away.
const GONE: &str = "gone";
/// How much of a migration's id is in the name of a folder, in characters.
const SHOWN: usize = 60;

/// What is known of a checkpoint, as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: u32,
    migration: String,
    content: String,
    direction: String,
    run: String,
    created_at: Timestamp,
    /// `backup` or `transaction`.
    strategy: String,
    /// SHA-256 of every file of the backup, by its name from the backup's folder on.
    files: BTreeMap<String, String>,
    /// How large they are together.
    bytes: u64,
    /// What the tracking said.
    tracking: Vec<String>,
    row_counts: BTreeMap<String, u64>,
    snapshot: Vec<Described>,
}

/// A checkpoint that is ready to be used.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its folder's name: `000012-0042_drop_legacy`.
    pub name: String,
    /// The migration before which it was taken.
    pub migration: String,
    /// `up`, `down` or `restore`: the step before which it was taken.
    pub direction: String,
    /// When, by the machine's clock.
    pub created_at: Timestamp,
    /// What is in it.
    pub strategy: Strategy,
    /// What the tracking said.
    pub(super) tracking: Vec<String>,
    /// How many rows each table had.
    pub row_counts: BTreeMap<String, u64>,
    /// What the target looked like.
    pub(super) snapshot: Snapshot,
    /// How large its backup is.
    pub(super) bytes: u64,
    files: BTreeMap<String, String>,
}

/// What a checkpoint is taken of.
pub(super) struct Taken<'a> {
    pub(super) migration: &'a str,
    pub(super) content: &'a str,
    pub(super) direction: &'a str,
    pub(super) run: &'a str,
    pub(super) created_at: Timestamp,
    pub(super) strategy: Strategy,
    pub(super) tracking: Vec<String>,
    pub(super) row_counts: BTreeMap<String, u64>,
    pub(super) snapshot: &'a Snapshot,
}

/// The checkpoints of one target.
pub(super) struct Checkpoints<'a> {
    disk: &'a dyn Disk,
    folder: PathBuf,
    /// The names of those that stand, oldest first.
    names: VecDeque<String>,
    next: u64,
}

impl<'a> Checkpoints<'a> {
    pub(super) fn open(disk: &'a dyn Disk, state: &Path) -> Result<Self, Fault> {
        let folder = state.join(FOLDER);
        let names = disk.names(&folder).map_err(|error| Fault::file(&folder, &error))?;
        let mut names: Vec<String> =
            names.iter().filter_map(|name| Some(name.to_str()?.to_owned())).collect();
        let number = |name: &String| name.split('-').next()?.parse::<u64>().ok();
        // The millionth has one digit more.
        names.sort_by_key(number);
        let next = names.iter().filter_map(number).max().unwrap_or(0) + 1;
        Ok(Self { disk, folder, names: names.into(), next })
    }

    /// Those that stand, oldest first.
    pub(super) fn names(&self) -> impl DoubleEndedIterator<Item = &String> {
        self.names.iter()
    }

    /// The names that checkpoints of these migrations have, oldest first. Reading one is dear, so
    /// only those should be read whose name can be right.
    pub(super) fn names_for<'i>(
        &self,
        migrations: impl IntoIterator<Item = &'i str>,
    ) -> impl DoubleEndedIterator<Item = &String> {
        let slugs: BTreeSet<String> = migrations.into_iter().map(slug).collect();
        let fits = move |name: &&String| {
            name.split_once('-').is_some_and(|(_, slug)| slugs.contains(slug))
        };
        self.names.iter().filter(fits)
    }

    /// The name of a new one; nothing is there yet, so that it can be noted before.
    pub(super) fn new_name(&self, migration: &str) -> String {
        format!("{:06}-{}", self.next, slug(migration))
    }

    /// Makes the folder of a new one. From here until it is sealed it is half made, and must be
    /// owned by a run.
    pub(super) fn begin(&mut self, name: &str) -> Result<(), Fault> {
        let folder = self.backup(name);
        self.disk.make_folder(&folder).map_err(|error| Fault::file(&folder, &error))?;
        self.next += 1;
        self.names.push_back(name.to_owned());
        Ok(())
    }

    /// The folder that the target puts its backup in.
    pub(super) fn backup(&self, name: &str) -> PathBuf {
        self.folder.join(name).join(BACKUP)
    }

    /// A new folder beside the backup, for what is there before it is brought back.
    pub(super) fn aside(&self, name: &str) -> Result<PathBuf, Fault> {
        let mut number = 1;
        loop {
            let folder = self.folder.join(name).join(format!("{REPLACED}-{number}"));
            let kind = self.disk.kind(&folder).map_err(|error| Fault::file(&folder, &error))?;
            if kind.is_none() {
                return Ok(folder);
            }
            number += 1;
        }
    }

    /// Makes a checkpoint ready: from here on it brings the state back.
    pub(super) fn seal(&self, name: &str, taken: Taken<'_>) -> Result<Checkpoint, Fault> {
        let folder = self.backup(name);
        let (mut files, mut bytes) = (BTreeMap::new(), 0);
        for file in self.disk.names(&folder).map_err(|error| Fault::file(&folder, &error))? {
            let path = folder.join(&file);
            let shown = file.to_string_lossy().into_owned();
            if self.disk.kind(&path).map_err(|error| Fault::file(&path, &error))?
                == Some(Kind::File)
            {
                let (digest, length) = self.digest(&path)?;
                files.insert(shown, digest);
                bytes += length;
            }
        }
        let strategy = match taken.strategy {
            Strategy::Backup => "backup",
            Strategy::Transaction => "transaction",
        };
        let wire = Wire {
            version: 1,
            migration: taken.migration.into(),
            content: taken.content.into(),
            direction: taken.direction.into(),
            run: taken.run.into(),
            created_at: taken.created_at,
            strategy: strategy.into(),
            files,
            bytes,
            tracking: taken.tracking,
            row_counts: taken.row_counts,
            snapshot: described(taken.snapshot),
        };
        sealed::write(self.disk, &self.folder.join(name).join(DESCRIPTION), &wire)?;
        let strategy = taken.strategy;
        Ok(ready(name, wire, strategy))
    }

    /// Whether it was made ready.
    pub(super) fn is_sealed(&self, name: &str) -> Result<bool, Fault> {
        let path = self.folder.join(name).join(DESCRIPTION);
        let kind = self.disk.kind(&path).map_err(|error| Fault::file(&path, &error))?;
        Ok(kind.is_some())
    }

    /// Reads one.
    pub(super) fn read(&self, name: &str) -> Result<Checkpoint, Fault> {
        let wire: Wire = sealed::demand(self.disk, &self.folder.join(name).join(DESCRIPTION))?;
        let strategy = match (wire.version, wire.strategy.as_str()) {
            (1, "backup") => Strategy::Backup,
            (1, "transaction") => Strategy::Transaction,
            _ => return Err(self.unfit(name, "it is of another version of migration-gate")),
        };
        Ok(ready(name, wire, strategy))
    }

    /// Holds every file of the backup against its hash.
    pub(super) fn verify(&self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        for (file, expected) in &checkpoint.files {
            let path = self.backup(&checkpoint.name).join(file);
            if self.digest(&path)?.0 != *expected {
                let file = printable(file).into_owned();
                return Err(self.unfit(&checkpoint.name, &format!("{file} is not what it was")));
            }
        }
        Ok(())
    }

    /// Notes what its step left.
    pub(super) fn note_after(&self, name: &str, left: &Left) -> Result<(), Fault> {
        sealed::write(self.disk, &self.folder.join(name).join(AFTER), left)
    }

    /// What its step left; `None` where that did not end well.
    pub(super) fn after(&self, name: &str) -> Result<Option<Left>, Fault> {
        match sealed::read(self.disk, &self.folder.join(name).join(AFTER))? {
            sealed::Read::Whole(left) => Ok(Some(left)),
            sealed::Read::Missing => Ok(None),
            sealed::Read::Damaged(why) => Err(self.unfit(name, &why)),
        }
    }

    /// Takes one away; nothing where it is not there.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), Fault> {
        let folder = self.folder.join(name);
        let error = |error| Fault::file(&folder, &error);
        if self.disk.kind(&folder).map_err(error)?.is_some() {
            take_away(self.disk, &folder).map_err(error)?;
        }
        self.names.retain(|known| known != name);
        Ok(())
    }

    /// Takes away what an earlier process began to take away.
    pub(super) fn finish_removals(&mut self) -> Result<(), Fault> {
        for name in self.names.clone() {
            let folder = self.folder.join(&name);
            let error = |error| Fault::file(&folder, &error);
            let is_marked = self.disk.kind(&folder.join(GONE)).map_err(error)?.is_some();
            // Its mark goes before the folder does.
            if is_marked || self.disk.names(&folder).map_err(error)?.is_empty() {
                self.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Takes some away until there are no more than `keep`, never the one in use: first those whose
    /// step did not end well, which bring back nothing, then the oldest.
    pub(super) fn prune(&mut self, keep: usize, in_use: Option<&str>) -> Result<(), Fault> {
        let over = self.names.len().saturating_sub(keep.max(1));
        if over == 0 {
            return Ok(());
        }
        let mut order = Vec::new();
        for name in self.names.iter().filter(|name| Some(name.as_str()) != in_use) {
            let after = self.folder.join(name).join(AFTER);
            let kind = self.disk.kind(&after).map_err(|error| Fault::file(&after, &error))?;
            order.push((kind.is_some(), name.clone()));
        }
        order.sort_by_key(|(ended_well, _)| *ended_well);
        order.iter().take(over).try_for_each(|(_, name)| self.remove(name))
    }

    fn digest(&self, path: &Path) -> Result<(String, u64), Fault> {
        self.disk.digest(path).map_err(|error| Fault::file(path, &error))
    }

    fn unfit(&self, name: &str, why: &str) -> Fault {
        let path = self.folder.join(name).display().to_string();
        Fault::new(
            FaultKind::PartialFailure,
            format!("the checkpoint {} cannot be used: {why}", printable(&path)),
            "bring the folder back from a copy, or mend the target by hand and say so with \
             `migration-gate resolve`",
        )
    }
}

/// What of a migration's id is in the name of a folder.
fn slug(migration: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    migration.chars().take(SHOWN).map(plain).collect()
}

fn ready(name: &str, wire: Wire, strategy: Strategy) -> Checkpoint {
    Checkpoint {
        name: name.to_owned(),
        migration: wire.migration,
        direction: wire.direction,
        created_at: wire.created_at,
        strategy,
        tracking: wire.tracking,
        row_counts: wire.row_counts,
        snapshot: snapshot(wire.snapshot),
        bytes: wire.bytes,
        files: wire.files,
    }
}

/// Takes the folder of a checkpoint away. From the first to the last call it is marked or empty:
/// one that is half gone must not look like one that is half made.
fn take_away(disk: &dyn Disk, folder: &Path) -> std::io::Result<()> {
    let mark = folder.join(GONE);
    if disk.kind(&mark)?.is_none() {
        disk.create(&mark, b"", None)?;
    }
    disk.sync_folder(folder)?;
    for name in disk.names(folder)?.iter().filter(|name| name.as_os_str() != GONE) {
        remove_all(disk, &folder.join(name))?;
    }
    disk.sync_folder(folder)?;
    disk.remove(&mark)?;
    disk.remove_folder(folder)
}

/// Takes away what is there, with all that is in it; links are not followed.
fn remove_all(disk: &dyn Disk, path: &Path) -> std::io::Result<()> {
    if disk.kind(path)? != Some(Kind::Folder) {
        return disk.remove(path);
    }
    for name in disk.names(path)? {
        remove_all(disk, &path.join(name))?;
    }
    disk.remove_folder(path)
}
