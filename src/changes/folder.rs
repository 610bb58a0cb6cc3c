//! Plain folders, without Git.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use git2::{Index, IndexEntry, ObjectType, Odb, Oid, Repository};

use super::diff::{Limits, collect};
use super::entry::{Builder, MAX_DEPTH, MAX_NAMES, MAX_TREE, index_entry, neighbours, too_much};
use super::kept::Kept;
use super::words::{shown, unreadable_file};
use super::worktree::is_within;
use super::{ChangesError, Comparison, Sides, Source, disk};
use crate::model::{Entry, EntryKind, FileChange, RepoPath, Tree};

/// Compares two plain folders; without a base everything is new, and nothing is a change.
///
/// # Errors
/// Where a folder cannot be read.
pub fn compare_folders(base: Option<&Path>, head: &Path) -> Result<Comparison, ChangesError> {
    folders(base, head)?.compare(&[])
}

/// Two plain folders; what differs between them is read when it is asked for, always of all files.
///
/// # Errors
/// Where a folder cannot be opened.
pub fn folders(base: Option<&Path>, head: &Path) -> Result<Sides, ChangesError> {
    let head = FolderSource::new(head)?;
    let base = base.map(FolderSource::new).transpose()?;
    let known = Comparison {
        base_label: base.as_ref().map(|_| "base folder".to_owned()),
        base: base.clone().map(|base| Box::new(Kept::new(base, true)) as Box<dyn Source>),
        base_commit: None,
        head: Box::new(Kept::new(head.clone(), true)),
        head_label: "head folder".to_owned(),
        head_commit: None,
        tip: None,
        tip_label: None,
        files: Vec::new(),
        worktree: None,
        scope: RepoPath::root(),
    };
    Ok(match base {
        Some(base) => Sides::new(known, move |_| changes(&base, &head)),
        None => Sides::equal(known),
    })
}

/// A plain folder.
#[derive(Clone)]
struct FolderSource {
    top: PathBuf,
    /// All that is below it, once somebody asked.
    all: Rc<OnceCell<BTreeSet<Vec<u8>>>>,
}

impl FolderSource {
    fn new(folder: &Path) -> Result<Self, ChangesError> {
        let usage = |what: String| ChangesError::Usage {
            what,
            way_out: "name two folders: migration-gate check HEAD-FOLDER --base-dir BASE-FOLDER"
                .to_owned(),
        };
        let top = std::fs::canonicalize(folder)
            .map_err(|error| usage(format!("cannot open {}: {error}", shown(folder))))?;
        if !top.is_dir() {
            return Err(usage(format!("{} is not a folder", shown(folder))));
        }
        Ok(Self { top, all: Rc::default() })
    }

    /// The files, links and devices below `folder`, as bytes, sorted; `.git` is left out.
    fn paths(&self, folder: &RepoPath) -> Result<BTreeSet<Vec<u8>>, ChangesError> {
        if let Some(all) = self.all.get() {
            let itself = folder.as_str().as_bytes();
            let inside = |path: &&Vec<u8>| is_within(path, folder) && *path != itself;
            return Ok(all.iter().filter(inside).cloned().collect());
        }
        let found = self.walk(folder)?;
        Ok(if folder.is_root() { self.all.get_or_init(|| found).clone() } else { found })
    }

    fn walk(&self, folder: &RepoPath) -> Result<BTreeSet<Vec<u8>>, ChangesError> {
        let mut found = BTreeSet::new();
        let start = folder.as_str().as_bytes().to_vec();
        if !start.is_empty()
            && !disk::look(&self.top, &start)?.is_some_and(|(_, found)| found.is_dir())
        {
            return Ok(found);
        }
        let mut open = vec![(start, 0)];
        while let Some((prefix, depth)) = open.pop() {
            if depth > MAX_DEPTH || found.len() + open.len() > MAX_NAMES {
                return Err(too_much(folder, "too many files"));
            }
            let failed = |error| unreadable_file(RepoPath::from_git(&prefix).0.as_str(), &error);
            let here = self.top.join(std::ffi::OsStr::from_bytes(&prefix));
            for entry in std::fs::read_dir(here).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let kind = entry.file_type().map_err(failed)?;
                let name = entry.file_name().into_vec();
                if name == b".git" {
                    continue;
                }
                let mut path = prefix.clone();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend(name);
                if kind.is_dir() {
                    open.push((path, depth + 1));
                } else {
                    found.insert(path);
                }
            }
        }
        Ok(found)
    }
}

impl Source for FolderSource {
    fn names(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, ChangesError> {
        let mut names: Vec<RepoPath> =
            self.paths(folder)?.iter().map(|path| RepoPath::from_git(path).0).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn tree(&self, folder: &RepoPath) -> Result<Tree, ChangesError> {
        let mut builder = Builder::new(folder);
        let paths = self.paths(folder)?;
        let mut sorted: Vec<_> =
            paths.iter().map(|path| (RepoPath::from_git(path), path)).collect();
        sorted.sort();
        let mut reader = disk::Reader::new(&self.top);
        for ((shown, utf8), path) in sorted {
            builder.add(&shown, utf8, || reader.read(path))?;
        }
        Ok(builder.finish(neighbours(folder, |path| disk::is_regular(&self.top, path))))
    }

    fn file(&self, path: &RepoPath) -> Result<Option<Entry>, ChangesError> {
        if path.as_str().split('/').any(|part| part == ".git") {
            return Ok(None);
        }
        disk::read(&self.top, path.as_str().as_bytes())
    }
}

/// What differs, found by Git's own comparison of two trees that exist only in memory.
fn changes(base: &FolderSource, head: &FolderSource) -> Result<Vec<FileChange>, ChangesError> {
    let root = RepoPath::root();
    let (old, new) = (base.paths(&root)?, head.paths(&root)?);
    let mut store = Store::new().map_err(failed)?;
    let mut sides = (BTreeMap::new(), BTreeMap::new());
    for path in old.union(&new) {
        let before = node(base, path)?;
        let after = node(head, path)?;
        if before == after {
            continue;
        }
        if let Some(before) = before {
            sides.0.insert(path.clone(), store.keep(base, path, before)?);
        }
        if let Some(after) = after {
            sides.1.insert(path.clone(), store.keep(head, path, after)?);
        }
    }
    store.compare(&sides.0, &sides.1).map_err(failed)
}

/// The contents that differ, in an object database in memory.
struct Store {
    repo: Repository,
    bytes: u64,
}

impl Store {
    fn new() -> Result<Self, git2::Error> {
        let odb = Odb::new()?;
        odb.add_new_mempack_backend(1)?;
        Ok(Self { repo: Repository::from_odb(odb)?, bytes: 0 })
    }

    /// Keeps a content; a text with its id stands in for one that is too large or a link.
    fn keep(
        &mut self,
        side: &FolderSource,
        path: &[u8],
        (mode, id): (u32, Oid),
    ) -> Result<IndexEntry, ChangesError> {
        let entry = disk::read(&side.top, path)?;
        let bytes = match entry {
            Some(entry) if entry.kind == EntryKind::File => entry.bytes,
            _ => id.to_string().into_bytes().into(),
        };
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_TREE {
            return Err(too_much(&RepoPath::root(), "too many differences"));
        }
        let id = self.repo.blob(&bytes).map_err(failed)?;
        Ok(index_entry(path, id, mode))
    }

    fn compare(
        &self,
        old: &BTreeMap<Vec<u8>, IndexEntry>,
        new: &BTreeMap<Vec<u8>, IndexEntry>,
    ) -> Result<Vec<FileChange>, git2::Error> {
        let mut sides = (Index::new()?, Index::new()?);
        for entry in old.values() {
            sides.0.add(entry)?;
        }
        for entry in new.values() {
            sides.1.add(entry)?;
        }
        let limits = Limits::new(&[]);
        let mut options = limits.options();
        let diff = self.repo.diff_index_to_index(&sides.0, &sides.1, Some(&mut options))?;
        collect(diff, &limits)
    }
}

/// What stands at a path: its mode and the id of its content.
fn node(side: &FolderSource, path: &[u8]) -> Result<Option<(u32, Oid)>, ChangesError> {
    let Some((full, found)) = disk::look(&side.top, path)? else { return Ok(None) };
    let shown = RepoPath::from_git(path).0;
    let unreadable = |error: std::io::Error| unreadable_file(shown.as_str(), &error);
    if found.is_symlink() {
        let link = std::fs::read_link(&full).map_err(unreadable)?;
        let id = Oid::hash_object(ObjectType::Blob, link.as_os_str().as_bytes());
        return id.map(|id| Some((0o120_000, id))).map_err(failed);
    }
    if disk::is_device(found.file_type()) {
        // Git knows none; this is unequal to whatever a file holds.
        let id = Oid::hash_object(ObjectType::Blob, b"a device");
        return id.map(|id| Some((0o120_000, id))).map_err(failed);
    }
    if !found.is_file() {
        return Ok(None);
    }
    let mode = if found.permissions().mode() & 0o100 == 0 { 0o100_644 } else { 0o100_755 };
    let id = Oid::hash_file(ObjectType::Blob, &full).map_err(failed)?;
    Ok(Some((mode, id)))
}

/// Fit for `map_err`, which hands the error over.
#[allow(clippy::needless_pass_by_value)]
fn failed(error: git2::Error) -> ChangesError {
    ChangesError::Unreadable {
        what: format!("cannot compare the folders: {}", error.message()),
        way_out: "compare two commits instead: migration-gate check --base REV".to_owned(),
    }
}
