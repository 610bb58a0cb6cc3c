//! The files of the working tree: what the index names and is on disk, and what is untracked
//! but not ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use git2::{Delta, ErrorCode, Index, IndexEntry, Oid, Repository};

use super::commit::read_blob;
use super::diff::{self, Limits};
use super::entry::{Builder, MAX_FILE, MAX_NAMES, index_entry, neighbours, too_much};
use super::index::Noted;
use super::trees::Folders;
use super::words::unreadable;
use super::{ChangesError, Source, disk, noted};
use crate::model::{Entry, EntryKind, FileChange, RepoPath, Tree};

const SUBMODULE: u32 = 0o160_000;
const LINK: u32 = 0o120_000;
/// The index's mark of a sparse checkout: the file is meant to be absent from disk.
const SKIP_WORKTREE: u16 = 1 << 14;
/// New objects live in memory, and nothing is ever written to disk.
const BEFORE_ALL_OTHERS: i32 = 1000;

/// The working tree.
#[derive(Clone)]
pub(super) struct WorktreeSource {
    repo: Rc<Repository>,
    top: PathBuf,
    /// The index, where it can be read without libgit2.
    noted: Rc<Option<Noted>>,
}

/// Where the content of a name is.
#[derive(Clone, Copy)]
enum Place {
    Disk,
    /// Left out by a sparse checkout.
    Blob(Oid, u32),
    Submodule,
}

impl Place {
    fn of(entry: &IndexEntry) -> Self {
        match entry.mode {
            SUBMODULE => Self::Submodule,
            mode if entry.flags_extended & SKIP_WORKTREE != 0 => Self::Blob(entry.id, mode),
            _ => Self::Disk,
        }
    }
}

/// What the working tree did to one name of the index, or a new name.
struct Dirty {
    path: Vec<u8>,
    gone: bool,
}

impl WorktreeSource {
    /// The working tree of `repo`, which is not bare.
    pub(super) fn new(repo: &Rc<Repository>) -> Result<Self, ChangesError> {
        let top = repo.workdir().map(Path::to_path_buf).ok_or_else(|| {
            unreadable(repo, "the working tree", &git2::Error::from_str("the repository is bare"))
        })?;
        Ok(Self { repo: Rc::clone(repo), top, noted: Rc::new(Noted::read(repo)) })
    }

    /// Whether a merge waits for somebody to resolve conflicts.
    pub(super) fn has_conflicts(&self) -> Result<bool, ChangesError> {
        if let Some(noted) = &*self.noted {
            return Ok(noted.has_conflicts());
        }
        let index = self.repo.index();
        let index = index.map_err(|error| unreadable(&self.repo, "the index", &error))?;
        Ok(index.has_conflicts())
    }

    /// What differs between the tree `base` and the working tree. The files that Git itself
    /// regards as unmodified (line endings, filters, sparse checkouts) count as in the index, which
    /// in memory, and only there, then holds the others as they are on disk.
    pub(super) fn changes(
        &self,
        folders: &Folders,
        base: Oid,
        limits: &Limits,
    ) -> Result<Vec<FileChange>, ChangesError> {
        let failed = |error: git2::Error| unreadable(&self.repo, "the working tree", &error);
        let (mut suspects, mut staged) =
            (self.suspects(limits), self.staged(folders, base, limits));
        if let (Some((tree, _)), true) =
            (&staged, suspects.as_ref().is_some_and(BTreeSet::is_empty))
            && let Ok(changes) = diff::trees(folders, base, *tree, limits)
        {
            return Ok(changes);
        }
        let mut index = self.repo.index().map_err(failed)?;
        // Somebody may have written another since.
        if !(*self.noted).as_ref().is_some_and(|noted| noted.stands(&self.repo)) {
            (suspects, staged) = (None, None);
        }
        let dirty = self.dirty(&index, limits, suspects.as_ref()).map_err(failed)?;
        if !dirty.is_empty() {
            let odb = self.repo.odb().map_err(failed)?;
            odb.add_new_mempack_backend(BEFORE_ALL_OTHERS).map_err(failed)?;
        }
        for change in dirty.iter().filter(|change| change.gone) {
            index.remove_path(Path::new(OsStr::from_bytes(&change.path))).map_err(failed)?;
        }
        for change in dirty.iter().filter(|change| !change.gone) {
            self.stage(&mut index, &change.path)?;
        }
        let mut options = match &staged {
            Some((_, unequal)) if unequal.is_empty() && dirty.is_empty() => return Ok(Vec::new()),
            Some((_, unequal)) => {
                let dirty = dirty.iter().map(|change| change.path.as_slice());
                diff::only(unequal.iter().map(Vec::as_slice).chain(dirty))
            }
            None => limits.options(),
        };
        let mut read = || {
            let base = self.repo.find_tree(base)?;
            let diff =
                self.repo.diff_tree_to_index(Some(&base), Some(&index), Some(&mut options))?;
            diff::collect(diff, limits)
        };
        read().map_err(failed)
    }

    /// The tree that the index makes, and the paths at which it differs from the tree `base`; `None`
    /// where it takes libgit2 to tell.
    fn staged(&self, folders: &Folders, base: Oid, limits: &Limits) -> Option<(Oid, Vec<Vec<u8>>)> {
        let tree = (*self.noted).as_ref()?.tree?;
        let unequal = diff::unequal(folders, base, tree, limits).ok()?;
        let unequal: Vec<Vec<u8>> = unequal.into_iter().map(|(path, _)| path).collect();
        let is_held = unequal.iter().all(|path| limits.hold(&RepoPath::from_git(path).0));
        (unequal.len() <= noted::MOST && is_held).then_some((tree, unequal))
    }

    /// Takes one file from disk into the index in memory, as `git add` would.
    fn stage(&self, index: &mut Index, path: &[u8]) -> Result<(), ChangesError> {
        let failed = |error: git2::Error| {
            unreadable(&self.repo, &format!("`{}`", RepoPath::from_git(path).0), &error)
        };
        let os_path = Path::new(OsStr::from_bytes(path));
        match disk::look(&self.top, path)? {
            Some((_, found)) if found.is_symlink() => index.add_path(os_path).map_err(failed),
            Some((full, found)) if found.is_file() && found.len() > MAX_FILE => {
                // Its content is not kept; a text that names it stands in for it.
                let id = Oid::hash_file(git2::ObjectType::Blob, &full).map_err(failed)?;
                let known = self.repo.odb().is_ok_and(|odb| odb.exists(id));
                let text = format!("a file of {} bytes: {id}", found.len());
                let id =
                    if known { id } else { self.repo.blob(text.as_bytes()).map_err(failed)? };
                let _ = index.conflict_remove(os_path);
                index.add(&index_entry(path, id, 0o100_644)).map_err(failed)
            }
            Some((_, found)) if found.is_file() => index.add_path(os_path).map_err(failed),
            _ => index.remove_path(os_path).map_err(failed),
        }
    }

    /// What the working tree changed against the index, as Git's own status sees it.
    fn dirty(
        &self,
        index: &Index,
        limits: &Limits,
        suspects: Option<&BTreeSet<Vec<u8>>>,
    ) -> Result<Vec<Dirty>, git2::Error> {
        let mut options = match suspects {
            Some(suspects) if suspects.is_empty() => return Ok(Vec::new()),
            Some(suspects) => diff::only(suspects.iter().map(Vec::as_slice)),
            None => limits.options(),
        };
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_unreadable(true)
            .ignore_submodules(true);
        let diff = self.repo.diff_index_to_workdir(Some(index), Some(&mut options))?;
        let mut dirty = Vec::new();
        for delta in diff.deltas() {
            let gone = delta.status() == Delta::Deleted;
            let file = if gone { delta.old_file() } else { delta.new_file() };
            // A folder here is another repository inside this one.
            let path = file.path_bytes().or(delta.old_file().path_bytes());
            if let Some(path) = path.filter(|path| !path.ends_with(b"/") && limits.meet(path)) {
                let left_out = gone
                    && index
                        .get_path(Path::new(OsStr::from_bytes(path)), 0)
                        .is_some_and(|entry| entry.flags_extended & SKIP_WORKTREE != 0);
                if !left_out {
                    dirty.push(Dirty { path: path.to_vec(), gone });
                }
            }
        }
        Ok(dirty)
    }

    /// The only names that libgit2 has to look at; `None` where it had better look at all.
    fn suspects(&self, limits: &Limits) -> Option<BTreeSet<Vec<u8>>> {
        noted::suspects(&self.top, (*self.noted).as_ref()?, limits)
    }

    /// The names at or below `folder`.
    fn places(&self, folder: &RepoPath) -> Result<BTreeMap<Vec<u8>, Place>, ChangesError> {
        let failed = |error: git2::Error| unreadable(&self.repo, "the working tree", &error);
        let index = self.repo.index().map_err(failed)?;
        let mut places = BTreeMap::new();
        for entry in indexed(&index, folder).map_err(failed)? {
            let place = Place::of(&entry);
            places.insert(entry.path, place);
        }
        let limits = Limits::new(std::slice::from_ref(folder));
        for change in
            self.dirty(&index, &limits, self.suspects(&limits).as_ref()).map_err(failed)?
        {
            if change.gone {
                places.remove(&change.path);
            } else if is_within(&change.path, folder) {
                places.insert(change.path, Place::Disk);
            }
        }
        if places.len() > MAX_NAMES {
            return Err(too_much(folder, &format!("more than {MAX_NAMES} files")));
        }
        Ok(places)
    }

    /// Where a file of the index is; `None` where the index does not name it, or names several.
    fn indexed_place(&self, path: &RepoPath) -> Result<Option<Place>, ChangesError> {
        let failed = |error: git2::Error| unreadable(&self.repo, "the working tree", &error);
        // git2 panics on a NUL.
        if path.is_root() || path.as_str().contains('\0') {
            return Ok(None);
        }
        let index = self.repo.index().map_err(failed)?;
        let entry = index.get_path(Path::new(path.as_str()), 0);
        // An index may be without regard to case.
        let entry = entry.filter(|entry| entry.path == path.as_str().as_bytes());
        Ok(entry.map(|entry| Place::of(&entry)))
    }

    fn read<'a>(
        &self,
        disk: &mut disk::Reader<'a>,
        path: &'a [u8],
        place: Place,
    ) -> Result<Option<Entry>, ChangesError> {
        match place {
            Place::Submodule => Ok(Some(Entry::special(EntryKind::Submodule))),
            Place::Disk => disk.read(path),
            Place::Blob(id, mode) => match disk.read(path)? {
                Some(entry) => Ok(Some(entry)),
                None if mode == LINK => Ok(Some(Entry::special(EntryKind::Symlink))),
                None => read_blob(&self.repo, &RepoPath::from_git(path).0, id).map(Some),
            },
        }
    }
}

/// The entries at or below `folder`, found by the index's order.
fn indexed(index: &Index, folder: &RepoPath) -> Result<Vec<IndexEntry>, git2::Error> {
    let prefix = folder.as_str();
    let start = match index.find_prefix(prefix) {
        _ if prefix.is_empty() => 0,
        Ok(start) => start,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // Where names are sorted without regard to case, look-alikes stand in between.
    let alike = |entry: &IndexEntry| {
        entry
            .path
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    Ok((start..index.len())
        .map_while(|position| index.get(position))
        .take_while(alike)
        .filter(|entry| is_within(&entry.path, folder))
        .collect())
}

/// Whether a path is a folder or below it.
pub(super) fn is_within(path: &[u8], folder: &RepoPath) -> bool {
    let folder = folder.as_str().as_bytes();
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|below| below.is_empty() || below.starts_with(b"/"))
}

impl Source for WorktreeSource {
    fn names(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, ChangesError> {
        let mut names = Vec::new();
        for (path, place) in self.places(folder)? {
            let is_there = match place {
                Place::Disk => disk::look(&self.top, &path)?.is_some_and(|(_, it)| !it.is_dir()),
                Place::Blob(..) | Place::Submodule => true,
            };
            let path = RepoPath::from_git(&path).0;
            if is_there && path != *folder {
                names.push(path);
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn tree(&self, folder: &RepoPath) -> Result<Tree, ChangesError> {
        let mut builder = Builder::new(folder);
        let places = self.places(folder)?;
        let mut sorted: Vec<_> =
            places.iter().map(|(path, place)| (RepoPath::from_git(path), path, *place)).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let mut reader = disk::Reader::new(&self.top);
        for ((shown, utf8), path, place) in sorted {
            builder.add(&shown, utf8, || self.read(&mut reader, path, place))?;
        }
        Ok(builder.finish(neighbours(folder, |path| disk::is_regular(&self.top, path))))
    }

    fn file(&self, path: &RepoPath) -> Result<Option<Entry>, ChangesError> {
        let bytes = path.as_str().as_bytes();
        let mut disk = disk::Reader::new(&self.top);
        match (*self.noted).as_ref().map(|noted| noted.find(bytes)) {
            // Another kind of thing may stand on disk where the index has a submodule.
            Some(Some(entry)) if entry.mode != SUBMODULE => {
                return self.read(&mut disk, bytes, Place::of(entry));
            }
            Some(None) if disk::look(&self.top, bytes)?.is_none() => return Ok(None),
            _ => {}
        }
        // Only what is on disk and not in the index has to be looked for with Git's own eyes.
        if let Some(place) = self.indexed_place(path)? {
            return self.read(&mut disk, bytes, place);
        }
        let Some((_, found)) = disk::look(&self.top, bytes)? else { return Ok(None) };
        if found.is_dir() {
            return Ok(None);
        }
        if disk::is_device(found.file_type()) {
            return disk.read(bytes);
        }
        match self.places(path)?.get(bytes) {
            Some(place) => self.read(&mut disk, bytes, *place),
            None => Ok(None),
        }
    }
}
