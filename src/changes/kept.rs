//! A side that is read once, however many ask.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::iter::successors;

use super::{ChangesError, Source};
use crate::model::{Entry, EntryKind, RepoPath, Tree};

/// How many bytes of trees are kept; what comes after them is read each time.
const MOST_KEPT: usize = 64 << 20;
/// About what a file takes up beside its name and its content, in bytes.
const PER_FILE: usize = 200;

/// A side that keeps the names and the trees it has read, by their folders.
pub(super) struct Kept<S> {
    side: S,
    names_all: bool,
    names: RefCell<BTreeMap<RepoPath, Vec<RepoPath>>>,
    trees: RefCell<BTreeMap<RepoPath, Tree>>,
    room: Cell<usize>,
}

impl<S> Kept<S> {
    /// A side. Whether it `names_all` that it tells of decides whether what it does not name is
    /// nowhere.
    pub(super) fn new(side: S, names_all: bool) -> Self {
        let (names, trees) = (RefCell::default(), RefCell::default());
        Self { side, names_all, names, trees, room: Cell::new(MOST_KEPT) }
    }

    /// Keeps a tree where there is room for it.
    fn keep(&self, tree: &Tree) {
        let taken = tree.iter().map(|(name, entry)| name.len() + entry.bytes.len() + PER_FILE);
        if let Some(left) = self.room.get().checked_sub(taken.sum()) {
            self.room.set(left);
            self.trees.borrow_mut().insert(tree.root().clone(), tree.clone());
        }
    }

    /// What is kept of a file: it, or that there is none.
    fn known(&self, path: &RepoPath) -> Option<Option<Entry>> {
        if let Some(tree) = around(&self.trees.borrow(), path) {
            let entry = tree.get(path.below(tree.root()).unwrap_or_default());
            // What is shown instead of a name that is not UTF-8 may be the name of another.
            let entry = entry.filter(|entry| entry.kind != EntryKind::UnreadableName);
            if entry.is_some() {
                return Some(entry.cloned());
            }
        }
        let names = self.names.borrow();
        let is_named = around(&names, path).is_none_or(|names| names.binary_search(path).is_ok());
        (self.names_all && !is_named).then_some(None)
    }
}

/// What is kept of the nearest folder that a path is or is in.
fn around<'a, T>(kept: &'a BTreeMap<RepoPath, T>, path: &'a RepoPath) -> Option<&'a T> {
    let above = |path: &&'a str| path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut folders =
        successors(Some(path.as_str()), |path| (!path.is_empty()).then(|| above(path)));
    folders.find_map(|folder| kept.get(folder))
}

impl<S: Source> Source for Kept<S> {
    fn names(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, ChangesError> {
        if let Some(names) = around(&self.names.borrow(), folder) {
            let inside = |path: &&RepoPath| path.below(folder).is_some();
            return Ok(names.iter().filter(inside).cloned().collect());
        }
        let names = self.side.names(folder)?;
        self.names.borrow_mut().insert(folder.clone(), names.clone());
        Ok(names)
    }

    fn tree(&self, folder: &RepoPath) -> Result<Tree, ChangesError> {
        if let Some(tree) = self.trees.borrow().get(folder) {
            return Ok(tree.clone());
        }
        let tree = self.side.tree(folder)?;
        self.keep(&tree);
        Ok(tree)
    }

    fn file(&self, path: &RepoPath) -> Result<Option<Entry>, ChangesError> {
        self.known(path).map_or_else(|| self.side.file(path), Ok)
    }

    fn history(
        &self,
        path: &RepoPath,
        commits: usize,
    ) -> Result<Vec<(i64, Option<Entry>)>, ChangesError> {
        self.side.history(path, commits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two files, and how often somebody asked for anything.
    #[derive(Default)]
    struct Two {
        asked: Cell<usize>,
    }

    impl Source for Two {
        fn names(&self, _: &RepoPath) -> Result<Vec<RepoPath>, ChangesError> {
            self.asked.set(self.asked.get() + 1);
            Ok(["a/1.sql", "b/2.sql"].into_iter().filter_map(RepoPath::new).collect())
        }

        fn tree(&self, folder: &RepoPath) -> Result<Tree, ChangesError> {
            self.asked.set(self.asked.get() + 1);
            let mut tree = Tree::new(folder.clone());
            tree.insert("1.sql", Entry::file(*b"SELECT 1"));
            tree.insert("\\xff", Entry::special(EntryKind::UnreadableName));
            Ok(tree)
        }

        fn file(&self, _: &RepoPath) -> Result<Option<Entry>, ChangesError> {
            self.asked.set(self.asked.get() + 1);
            Ok(None)
        }
    }

    #[test]
    fn what_was_read_is_not_read_again() {
        let [a, file, none] = ["a", "a/1.sql", "a/3.sql"].map(|name| RepoPath::new(name).unwrap());
        let side = Kept::new(Two::default(), true);
        for _ in 0..2 {
            assert_eq!(side.names(&RepoPath::root()).unwrap().len(), 2);
            assert_eq!(side.names(&a).unwrap(), std::slice::from_ref(&file));
            assert!(side.file(&none).unwrap().is_none());
        }
        assert_eq!(side.side.asked.get(), 1);
        for _ in 0..2 {
            assert_eq!(side.tree(&a).unwrap().iter().count(), 2);
            assert_eq!(&*side.file(&file).unwrap().unwrap().bytes, b"SELECT 1");
        }
        assert_eq!(side.side.asked.get(), 2);
    }

    #[test]
    fn what_a_side_may_tell_otherwise_is_asked_for() {
        let side = Kept::new(Two::default(), false);
        side.names(&RepoPath::root()).unwrap();
        let [a, none, shown] = ["a", "a/3.sql", "a/\\xff"].map(|name| RepoPath::new(name).unwrap());
        side.file(&none).unwrap();
        side.tree(&a).unwrap();
        side.file(&shown).unwrap();
        assert_eq!(side.side.asked.get(), 4);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let side = Kept::new(Two::default(), true);
        side.room.set(PER_FILE);
        let a = RepoPath::new("a").unwrap();
        side.tree(&a).unwrap();
        side.tree(&a).unwrap();
        assert_eq!(side.side.asked.get(), 2);
    }
}
