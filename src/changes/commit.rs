//! The files of a commit, read from the object database without a checkout.

use std::rc::Rc;

use git2::{ObjectType, Oid, Repository};

use super::entry::{Builder, MAX_DEPTH, MAX_FILE, MAX_NAMES, neighbours, regular, too_much};
use super::trees::Folders;
use super::words::unreadable;
use super::{ChangesError, Source};
use crate::model::{Entry, EntryKind, RepoPath, Tree, printable};

const LINK: i32 = 0o120_000;
/// The most bytes that the states of one file may have together.
const MAX_HISTORY: usize = 64 << 20;
const SUBMODULE: i32 = 0o160_000;

/// One commit.
#[derive(Clone)]
pub(super) struct CommitSource {
    folders: Rc<Folders>,
    commit: Oid,
    tree: Oid,
}

/// A file as a tree object names it.
struct Item {
    path: RepoPath,
    utf8: bool,
    mode: i32,
    id: Oid,
}

impl CommitSource {
    /// The side that `commit` is.
    pub(super) fn new(folders: &Rc<Folders>, commit: Oid) -> Result<Self, ChangesError> {
        let repo = folders.repository();
        let tree =
            repo.find_commit(commit).map_err(|error| unreadable(repo, "a commit", &error))?;
        Ok(Self { folders: Rc::clone(folders), commit, tree: tree.tree_id() })
    }

    /// The root tree's id.
    pub(super) fn tree_id(&self) -> Oid {
        self.tree
    }

    fn repo(&self) -> &Repository {
        self.folders.repository()
    }

    /// Why the tree of a folder cannot be read.
    fn unread(&self, folder: &RepoPath, error: &git2::Error) -> ChangesError {
        unreadable(self.repo(), &format!("folder `{folder}`"), error)
    }

    /// The mode and id of what stands at `path`; reads only the trees on the way.
    fn lookup(&self, path: &RepoPath) -> Result<Option<(i32, Oid)>, ChangesError> {
        self.lookup_in(self.tree, path)
    }

    fn lookup_in(&self, tree: Oid, path: &RepoPath) -> Result<Option<(i32, Oid)>, ChangesError> {
        let mut here = (0o040_000, tree);
        let mut walked = RepoPath::root();
        for part in path.as_str().split('/').filter(|part| !part.is_empty()) {
            if here.0 != 0o040_000 {
                return Ok(None);
            }
            let names = self.folders.names(here.1).map_err(|error| self.unread(&walked, &error))?;
            let place = names.binary_search_by(|named| named.name.as_slice().cmp(part.as_bytes()));
            let Ok(place) = place else { return Ok(None) };
            here = (kind_bits(names[place].mode), names[place].id);
            walked = walked.join(part);
        }
        Ok(Some(here))
    }

    /// Every file below `folder`.
    fn walk(&self, folder: &RepoPath) -> Result<Vec<Item>, ChangesError> {
        let mut items = Vec::new();
        let mut open = match self.lookup(folder)? {
            Some((0o040_000, id)) => vec![(folder.as_str().as_bytes().to_vec(), id, 0)],
            _ => return Ok(items),
        };
        while let Some((prefix, id, depth)) = open.pop() {
            let here = RepoPath::from_git(&prefix).0;
            if depth > MAX_DEPTH {
                return Err(too_much(folder, "folders nested without end"));
            }
            let tree = self.repo().find_tree(id).map_err(|error| self.unread(&here, &error))?;
            for entry in &tree {
                let name = entry.name_bytes();
                refuse_false_name(&here, name)?;
                let mut full = prefix.clone();
                if !full.is_empty() {
                    full.push(b'/');
                }
                full.extend_from_slice(name);
                let mode = kind_bits(entry.filemode_raw());
                if mode == 0o040_000 {
                    open.push((full, entry.id(), depth + 1));
                } else {
                    let (path, utf8) = RepoPath::from_git(&full);
                    items.push(Item { path, utf8, mode, id: entry.id() });
                }
            }
            if items.len() + open.len() > MAX_NAMES {
                return Err(too_much(folder, &format!("more than {MAX_NAMES} files")));
            }
        }
        items.sort_by(|a, b| a.path.cmp(&b.path).then(a.utf8.cmp(&b.utf8)));
        Ok(items)
    }

    fn read(&self, path: &RepoPath, mode: i32, id: Oid) -> Result<Entry, ChangesError> {
        match mode {
            LINK => return Ok(Entry::special(EntryKind::Symlink)),
            SUBMODULE => return Ok(Entry::special(EntryKind::Submodule)),
            _ => {}
        }
        read_blob(self.repo(), path, id)
    }
}

/// The content of a blob, within the limits.
pub(super) fn read_blob(
    repo: &Repository,
    path: &RepoPath,
    id: Oid,
) -> Result<Entry, ChangesError> {
    let read = || {
        let odb = repo.odb()?;
        let (size, kind) = odb.read_header(id)?;
        if kind != ObjectType::Blob {
            return Err(git2::Error::from_str("its object is not a file"));
        }
        if size as u64 > MAX_FILE {
            return Ok(Entry::special(EntryKind::TooLarge));
        }
        Ok(regular(odb.read(id)?.data().to_vec()))
    };
    read().map_err(|error| unreadable(repo, &format!("`{path}`"), &error))
}

/// The bits of a mode that say what kind of thing it is.
fn kind_bits(mode: i32) -> i32 {
    mode & 0o170_000
}

/// A name that no checkout would accept, made to lead out of the repository or into `.git`.
fn refuse_false_name(folder: &RepoPath, name: &[u8]) -> Result<(), ChangesError> {
    let false_name = matches!(name, b"" | b"." | b"..")
        || name.eq_ignore_ascii_case(b".git")
        || name.contains(&b'/');
    if false_name {
        return Err(ChangesError::Unreadable {
            what: format!(
                "folder `{}` of a commit holds the forbidden name `{}`",
                printable(folder.as_str()),
                printable(RepoPath::from_git(name).0.as_str())
            ),
            way_out: "see what is broken: git fsck --full".to_owned(),
        });
    }
    Ok(())
}

impl Source for CommitSource {
    fn names(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, ChangesError> {
        let mut names: Vec<_> = self.walk(folder)?.into_iter().map(|item| item.path).collect();
        names.dedup();
        Ok(names)
    }

    fn tree(&self, folder: &RepoPath) -> Result<Tree, ChangesError> {
        let mut builder = Builder::new(folder);
        for item in self.walk(folder)? {
            builder.add(&item.path, item.utf8, || {
                self.read(&item.path, item.mode, item.id).map(Some)
            })?;
        }
        Ok(builder.finish(neighbours(folder, |path| {
            matches!(self.lookup(path), Ok(Some((0o100_000, _))))
        })))
    }

    fn file(&self, path: &RepoPath) -> Result<Option<Entry>, ChangesError> {
        match self.lookup(path)? {
            None | Some((0o040_000, _)) => Ok(None),
            Some((mode, id)) => self.read(path, mode, id).map(Some),
        }
    }

    fn history(
        &self,
        path: &RepoPath,
        commits: usize,
    ) -> Result<Vec<(i64, Option<Entry>)>, ChangesError> {
        let mut states: Vec<(i64, Option<(i32, Oid)>)> = Vec::new();
        let mut next = Some(self.commit);
        for _ in 0..commits {
            // What a shallow or partial clone lacks ends the walk.
            let Some(commit) = next.and_then(|id| self.repo().find_commit(id).ok()) else { break };
            let Ok(state) = self.lookup_in(commit.tree_id(), path) else { break };
            let state = state.filter(|(mode, _)| *mode != 0o040_000);
            let time = commit.time().seconds();
            match states.last_mut() {
                Some((since, known)) if *known == state => *since = time,
                _ => states.push((time, state)),
            }
            next = commit.parent_id(0).ok();
        }
        let mut history = Vec::new();
        let mut bytes = 0;
        for (since, state) in states {
            let entry = match state.map(|(mode, id)| self.read(path, mode, id)).transpose() {
                Ok(entry) => entry,
                Err(_) => break,
            };
            bytes += entry.as_ref().map_or(0, |entry| entry.bytes.len());
            if bytes > MAX_HISTORY {
                break;
            }
            history.push((since, entry));
        }
        Ok(history)
    }
}
