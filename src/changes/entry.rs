//! What all sides share: limits, kinds of entries, and trees under construction.

use git2::{IndexEntry, IndexTime, Oid};

use super::ChangesError;
use crate::model::{Entry, EntryKind, RepoPath, Tree, printable};

/// The largest file that is read.
pub(super) const MAX_FILE: u64 = 16 * 1024 * 1024;
/// The most bytes that one tree may hold.
pub(super) const MAX_TREE: u64 = 512 * 1024 * 1024;
/// The most files that one side may list; also ends the walk of a tree made to explode.
pub(super) const MAX_NAMES: usize = 2_000_000;
/// The deepest nesting of folders.
pub(super) const MAX_DEPTH: usize = 512;

/// Project files that tell layouts apart, see [`Tree::set_neighbours`].
pub(super) const NEIGHBOURS: [&str; 11] = [
    "Cargo.toml",
    "go.mod",
    "diesel.toml",
    "sqitch.conf",
    "flyway.conf",
    "flyway.toml",
    "package.json",
    "pom.xml",
    "build.gradle",
    "pyproject.toml",
    "Gemfile",
];

const LFS_HEADER: &[u8] = b"version https://git-lfs.github.com/spec/v1";
const LFS_LIMIT: usize = 1024;

/// The entry of a regular file with this content.
pub(super) fn regular(bytes: Vec<u8>) -> Entry {
    if bytes.len() < LFS_LIMIT && bytes.starts_with(LFS_HEADER) {
        Entry::special(EntryKind::LfsPointer)
    } else {
        Entry::file(bytes)
    }
}

/// A tree under construction that keeps its size within bounds.
pub(super) struct Builder {
    tree: Tree,
    bytes: u64,
}

impl Builder {
    /// An empty tree below `folder`.
    pub(super) fn new(folder: &RepoPath) -> Self {
        Self { tree: Tree::new(folder.clone()), bytes: 0 }
    }

    /// Adds the file with this name. Where the spelled-out form of a name that is not UTF-8
    /// meets a file of just that name, the unreadable one stays, so that it cannot be hidden.
    pub(super) fn add(
        &mut self,
        path: &RepoPath,
        utf8: bool,
        read: impl FnOnce() -> Result<Option<Entry>, ChangesError>,
    ) -> Result<(), ChangesError> {
        let folder = self.tree.root().clone();
        let Some(relative) = path.below(&folder).filter(|relative| !relative.is_empty()) else {
            return Ok(());
        };
        let unreadable =
            self.tree.get(relative).is_some_and(|known| known.kind == EntryKind::UnreadableName);
        if unreadable {
            return Ok(());
        }
        let entry = if utf8 { read()? } else { Some(Entry::special(EntryKind::UnreadableName)) };
        let Some(entry) = entry else { return Ok(()) };
        self.bytes += entry.bytes.len() as u64;
        if self.bytes > MAX_TREE {
            return Err(too_much(&folder, &format!("more than {} MiB", MAX_TREE >> 20)));
        }
        self.tree.insert(relative, entry);
        Ok(())
    }

    /// The tree, with the project files around it.
    pub(super) fn finish(mut self, neighbours: Vec<String>) -> Tree {
        self.tree.set_neighbours(neighbours);
        self.tree
    }
}

/// The project files in `folder` and above it, nearest first, each name once.
pub(super) fn neighbours(folder: &RepoPath, has: impl Fn(&RepoPath) -> bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut next = Some(folder.clone());
    while let Some(folder) = next {
        for name in NEIGHBOURS {
            if !found.iter().any(|known| known == name) && has(&folder.join(name)) {
                found.push(name.to_owned());
            }
        }
        next = folder.parent();
    }
    found
}

/// A folder that is too large to be a folder of migrations.
pub(super) fn too_much(folder: &RepoPath, how_much: &str) -> ChangesError {
    ChangesError::Unreadable {
        what: printable(&format!("`{folder}` holds {how_much}")).into_owned(),
        way_out: "name the folders of the migrations in migration-gate.toml: migration-gate init"
            .to_owned(),
    }
}

/// An index entry that says nothing about a file on disk.
pub(super) fn index_entry(path: &[u8], id: Oid, mode: u32) -> IndexEntry {
    let time = IndexTime::new(0, 0);
    IndexEntry {
        ctime: time,
        mtime: time,
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.to_vec(),
    }
}
