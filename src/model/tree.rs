//! A tree of files as a layout sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RepoPath;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, executable or not.
    File,
    /// A symbolic link; never followed.
    Symlink,
    /// A Git submodule; its content is not part of this repository.
    Submodule,
    /// A file that stands for a large one kept outside (Git LFS).
    LfsPointer,
    /// A file over the size that is read.
    TooLarge,
    /// A name that is not UTF-8.
    UnreadableName,
    /// A named pipe, a socket or a device; never opened.
    Device,
}

/// A file of a tree with its content.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its bytes; empty unless `kind` is [`EntryKind::File`].
    pub bytes: Arc<[u8]>,
}

impl Entry {
    /// A regular file.
    #[must_use]
    pub fn file(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { kind: EntryKind::File, bytes: bytes.into() }
    }

    /// An entry that is not a readable regular file.
    #[must_use]
    pub fn special(kind: EntryKind) -> Self {
        Self { kind, bytes: Arc::from([]) }
    }
}

/// The SQL of one file, as a command of the configuration printed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The file's path below the tree's root.
    pub file: String,
    /// Forward.
    pub up: Arc<str>,
    /// Backward, where there is a command for it.
    pub down: Option<Arc<str>>,
}

/// The files below one folder, in path order.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    root: RepoPath,
    entries: BTreeMap<String, Entry>,
    neighbours: Vec<String>,
    printed: Vec<Printed>,
}

impl Tree {
    /// An empty tree below `root`.
    #[must_use]
    pub fn new(root: RepoPath) -> Self {
        Self { root, ..Self::default() }
    }

    /// The folder all paths of this tree are relative to.
    #[must_use]
    pub fn root(&self) -> &RepoPath {
        &self.root
    }

    /// Adds a file at `relative`, a path below the root.
    pub fn insert(&mut self, relative: impl Into<String>, entry: Entry) {
        self.entries.insert(relative.into(), entry);
    }

    /// Takes a file out.
    pub fn remove(&mut self, relative: &str) {
        self.entries.remove(relative);
    }

    /// Says which well-known project files (`go.mod`, `Cargo.toml`, …) stand in the folder or
    /// above it, nearest first. They help to tell layouts with the same file names apart.
    pub fn set_neighbours(&mut self, names: Vec<String>) {
        self.neighbours = names;
    }

    /// Adds what a command printed for the tree's files, in the order they run.
    pub fn set_printed(&mut self, printed: Vec<Printed>) {
        self.printed = printed;
    }

    /// What a command printed for the tree's files, in the order they run.
    #[must_use]
    pub fn printed(&self) -> &[Printed] {
        &self.printed
    }

    /// Whether a project file of that name stands in the folder or above it.
    #[must_use]
    pub fn has_neighbour(&self, name: &str) -> bool {
        self.neighbours.iter().any(|known| known == name)
    }

    /// The well-known project files around, nearest first.
    #[must_use]
    pub fn neighbours(&self) -> &[String] {
        &self.neighbours
    }

    /// All entries by relative path, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The entry at a relative path.
    #[must_use]
    pub fn get(&self, relative: &str) -> Option<&Entry> {
        self.entries.get(relative)
    }

    /// The repository path of a relative one.
    #[must_use]
    pub fn path(&self, relative: &str) -> RepoPath {
        self.root.join(relative)
    }

    /// Whether there is no file at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
