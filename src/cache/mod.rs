//! What is worth keeping between runs, below one folder of the user's: states of engines, ready
//! data folders, and what commands printed.
//!
//! ```text
//! migration-gate/{states,templates,printed}/KEY      one file each: a pack
//! ```
//!
//! An entry is found by a key over everything that decides what is in it, so nothing is ever
//! changed in place: a new file takes its name in one step, and a file that goes while somebody
//! reads it stays with him. Runs beside each other therefore need no lock. What is read is held
//! against its digests; an entry that does not fit is no entry, and goes. Whatever goes wrong here
//! costs time and nothing else.

mod key;
mod pack;
mod place;
mod shelf;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::host;

pub use key::Key;
pub use pack::{Draft, Label, Pack};
pub use place::{VARIABLE, folder};
pub use shelf::{Entry, Removed};

/// The most that all entries take together, in bytes.
pub const LIMIT: u64 = 2 * 1024 * 1024 * 1024;
/// The part of the limit that one entry may take.
const SHARE: u64 = 4;

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The state of an engine after the migrations of a base.
    State,
    /// The data folder that a PostgreSQL build begins with.
    Template,
    /// What a command of a set printed.
    Printed,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::State, Self::Template, Self::Printed];

    /// The word for one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Template => "template",
            Self::Printed => "printed",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::State => "states",
            Self::Template => "templates",
            Self::Printed => "printed",
        }
    }
}

/// The user's cache.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

impl Cache {
    /// The cache of the user; `None` where there is no place for one, or it is switched off.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        folder().map(|folder| Self::at(folder, LIMIT))
    }

    /// A cache in a folder, which need not be there yet, with at most `limit` bytes.
    #[must_use]
    pub fn at(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit }
    }

    /// The entry of that key, from now on the one that was used last. One that is not whole, or
    /// that somebody else could have written, is none.
    #[must_use]
    pub fn find(&self, kind: Kind, key: &Key) -> Option<Pack> {
        let file = self.file(kind, key);
        let opened = place::open(&[&self.folder, &self.shelf(kind)], &file);
        let opened = opened.and_then(|opened| Pack::read(opened, &file));
        match opened {
            Ok(pack) => {
                // A cache that cannot be written to is of use all the same.
                let _ = pack.file().set_modified(host::wall_clock().into());
                Some(pack)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => {
                let _ = fs::remove_file(&file);
                None
            }
        }
    }

    /// Keeps what was drafted under a key, and makes room for it.
    ///
    /// # Errors
    /// When it takes too much of the whole, or cannot be written.
    pub fn keep(&self, kind: Kind, key: &Key, draft: &Draft) -> io::Result<()> {
        if draft.size() > self.limit / SHARE {
            return Err(io::Error::other("it would take too much of the cache"));
        }
        let shelf = self.shelf(kind);
        for folder in [&self.folder, &shelf] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            place::private(folder)?;
        }
        let mut new = tempfile::Builder::new().prefix(shelf::UNFINISHED).tempfile_in(&shelf)?;
        draft.write(new.as_file_mut())?;
        new.persist(self.file(kind, key))?;
        self.prune(self.limit);
        Ok(())
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn shelf(&self, kind: Kind) -> PathBuf {
        self.folder.join(kind.folder())
    }

    fn file(&self, kind: Kind, key: &Key) -> PathBuf {
        self.shelf(kind).join(key.as_str())
    }
}

/// Reads a piece of a file wherever others read in it.
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(test)]
mod tests;
