//! What is there, and what has to go.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::{Cache, Key, Kind, Label, Pack, place};
use crate::host;

/// How the name of a file begins that is not finished.
pub(super) const UNFINISHED: &str = ".new-";
/// When nobody works at such a file any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it holds.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// What it takes, in bytes.
    pub size: u64,
    /// When it was last of use.
    pub used: SystemTime,
    /// What is said in it about itself; `None` where it cannot be read.
    pub label: Option<Label>,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many entries.
    pub entries: usize,
    /// How many bytes they took.
    pub bytes: u64,
}

impl Cache {
    /// All entries, the one that was last of use first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let found = self.files().into_iter().filter_map(|(kind, path, seen)| {
            let key = Key::written(path.file_name()?.to_str()?)?;
            let shelf = self.shelf(kind);
            let opened = place::open(&[&self.folder, &shelf], &path);
            let pack = opened.and_then(|opened| Pack::read(opened, &path)).ok();
            let label = pack.map(|pack| pack.label().clone());
            let used = seen.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Some(Entry { kind, key, size: seen.size(), used, label })
        });
        let mut found: Vec<Entry> = found.collect();
        found.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.key.as_str().cmp(b.key.as_str())));
        found
    }

    /// Removes what was longest of no use until no more than `limit` bytes are left, and whatever
    /// runs that were killed left unfinished.
    pub fn prune(&self, limit: u64) -> Removed {
        let now: SystemTime = host::wall_clock().into();
        let mut files = self.files();
        let age = |seen: &Metadata| {
            seen.modified().ok().and_then(|used| now.duration_since(used).ok()).unwrap_or_default()
        };
        files.sort_by(|(_, a_path, a), (_, b_path, b)| {
            age(a).cmp(&age(b)).then_with(|| a_path.cmp(b_path))
        });
        let mut removed = Removed::default();
        let mut total = 0;
        for (_, path, seen) in files {
            let name = path.file_name().and_then(|name| name.to_str());
            let unfinished = name.is_none_or(|name| Key::written(name).is_none());
            if unfinished && age(&seen) < ABANDONED {
                continue;
            }
            if !unfinished && total + seen.size() <= limit {
                total += seen.size();
            } else if fs::remove_file(&path).is_ok() {
                removed.entries += 1;
                removed.bytes += seen.size();
            }
        }
        removed
    }

    /// Every file on the shelves; what is no file was put there by somebody else.
    fn files(&self) -> Vec<(Kind, PathBuf, Metadata)> {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            for entry in fs::read_dir(self.shelf(kind)).into_iter().flatten().flatten() {
                let Ok(seen) = entry.metadata() else { continue };
                if seen.is_file() {
                    found.push((kind, entry.path(), seen));
                }
            }
        }
        found
    }
}
