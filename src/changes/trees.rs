//! What the folders of commits hold, each of them read once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use git2::{Error, Oid, Repository};

/// The most names that are kept in all.
const MOST_NAMES: usize = 200_000;

/// A file or folder as the tree of the folder around it names it.
pub(super) struct Named {
    pub(super) name: Vec<u8>,
    pub(super) mode: i32,
    pub(super) id: Oid,
}

/// The folders of a repository's commits. libgit2 keeps small trees alone, and inflates and hashes
/// the others each time that a path leads through them.
pub(super) struct Folders {
    repo: Rc<Repository>,
    known: RefCell<BTreeMap<Oid, Rc<[Named]>>>,
    room: Cell<usize>,
}

impl Folders {
    /// The folders of `repo`.
    pub(super) fn new(repo: &Rc<Repository>) -> Self {
        let (repo, known) = (Rc::clone(repo), RefCell::default());
        Self { repo, known, room: Cell::new(MOST_NAMES) }
    }

    /// The repository that holds them.
    pub(super) fn repository(&self) -> &Repository {
        &self.repo
    }

    /// What the tree `id` names, by name.
    pub(super) fn names(&self, id: Oid) -> Result<Rc<[Named]>, Error> {
        if let Some(known) = self.known.borrow().get(&id) {
            return Ok(Rc::clone(known));
        }
        let named = |entry: git2::TreeEntry<'_>| Named {
            name: entry.name_bytes().to_vec(),
            mode: entry.filemode_raw(),
            id: entry.id(),
        };
        let mut names: Vec<Named> = self.repo.find_tree(id)?.iter().map(named).collect();
        // Of a name that a tree was made to hold twice the last counts.
        names.reverse();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        names.dedup_by(|a, b| a.name == b.name);
        let names: Rc<[Named]> = names.into();
        if let Some(room) = self.room.get().checked_sub(names.len()) {
            self.room.set(room);
            self.known.borrow_mut().insert(id, Rc::clone(&names));
        }
        Ok(names)
    }
}

/// What two folders hold of each name that one of them has: its mode and id on both sides.
pub(super) type Pair = [Option<(i32, Oid)>; 2];

/// The names of two folders, side by side.
pub(super) fn beside<'a>(
    old: &'a [Named],
    new: &'a [Named],
) -> impl Iterator<Item = (&'a [u8], Pair)> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    std::iter::from_fn(move || {
        let firsts = [old.peek(), new.peek()];
        let first = firsts.into_iter().flatten().map(|named| named.name.as_slice()).min()?;
        let pair = [&mut old, &mut new].map(|side| {
            side.next_if(|named| named.name == first).map(|named| (named.mode, named.id))
        });
        Some((first, pair))
    })
}
