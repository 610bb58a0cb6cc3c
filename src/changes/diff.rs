//! From Git's differences to what happened to each file.

use std::collections::{BTreeMap, BTreeSet};

use git2::{Delta, Diff, DiffDelta, DiffFindOptions, DiffOptions, Error, Oid};

use super::entry::MAX_DEPTH;
use super::trees::{Folders, Pair, beside};
use crate::model::{ChangeKind, FileChange, RepoPath};

/// The mode of a folder in a tree.
const FOLDER: i32 = 0o040_000;
/// The modes of regular files in a tree.
const FILES: [i32; 2] = [0o100_644, 0o100_755];

/// The most pairs of gone and new files whose contents are compared for likeness; above that
/// only equal contents count as a rename.
const MAX_PAIRS: usize = 250_000;
/// How alike two contents must be, in percent.
const LIKENESS: u16 = 50;

/// The files and folders that a comparison is limited to; none is everything.
pub(super) struct Limits(Vec<RepoPath>);

impl Limits {
    /// Limits to these.
    pub(super) fn new(paths: &[RepoPath]) -> Self {
        if paths.iter().any(RepoPath::is_root) { Self(Vec::new()) } else { Self(paths.to_vec()) }
    }

    /// Options for a diff that looks only there.
    pub(super) fn options(&self) -> DiffOptions {
        only(self.0.iter().map(|path| path.as_str().as_bytes()))
    }

    /// Whether a path is one of them, below one of them or on the way to one.
    pub(super) fn meet(&self, path: &[u8]) -> bool {
        let is_within = |inner: &[u8], outer: &[u8]| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        };
        let meets = |limit: &[u8]| is_within(path, limit) || is_within(limit, path);
        self.0.is_empty() || self.0.iter().any(|limit| meets(limit.as_str().as_bytes()))
    }

    pub(super) fn hold(&self, path: &RepoPath) -> bool {
        self.0.is_empty() || self.0.iter().any(|limit| path == limit || path.below(limit).is_some())
    }
}

/// Options for a diff that looks only at these paths and below them; at everything where there are
/// none, and where libgit2 would misread them.
pub(super) fn only<'a>(paths: impl Iterator<Item = &'a [u8]>) -> DiffOptions {
    let mut options = DiffOptions::new();
    options.include_typechange(true).disable_pathspec_match(true).skip_binary_check(true);
    // No file has a NUL in its name, and git2 panics on one.
    let paths: BTreeSet<&[u8]> = paths.filter(|path| !path.contains(&0)).collect();
    if !are_misread(&paths) {
        for path in paths {
            options.pathspec(path);
        }
    }
    options
}

/// Whether libgit2 loses one of the paths on its way: it walks them in their order and the files in
/// that of Git, where `a-b` and `a.c` come before what is in `a`. At `a.c` it gives up `a` for `a-b`,
/// which is past (`iterator_pathlist_next_is` of its `iterator.c`). Whether it minds case is not asked.
fn are_misread(paths: &BTreeSet<&[u8]>) -> bool {
    let plain: BTreeSet<Vec<u8>> = paths.iter().map(|path| path.to_ascii_lowercase()).collect();
    let is_before_what_is_in_another = |path: &Vec<u8>| {
        let cuts = path.iter().enumerate().filter(|(_, byte)| **byte < b'/');
        cuts.into_iter().any(|(at, _)| plain.contains(&path[..at]))
    };
    plain.iter().any(is_before_what_is_in_another)
}

/// What differs between two trees.
pub(super) fn trees(
    folders: &Folders,
    old: Oid,
    new: Oid,
    limits: &Limits,
) -> Result<Vec<FileChange>, Error> {
    // libgit2 reads every folder of both sides, also where their ids are equal.
    let unequal = unequal(folders, old, new, limits)?;
    if let Some(changes) = plain(&unequal) {
        return Ok(held(changes, limits));
    }
    let mut options = only(unequal.iter().map(|(path, _)| path.as_slice()));
    let repo = folders.repository();
    let (old, new) = (repo.find_tree(old)?, repo.find_tree(new)?);
    let diff = repo.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options))?;
    collect(diff, limits)
}

/// The paths at which two trees differ: those of files, and those of folders that only one side
/// has or that are nested without end.
pub(super) fn unequal(
    folders: &Folders,
    old: Oid,
    new: Oid,
    limits: &Limits,
) -> Result<Vec<(Vec<u8>, Pair)>, Error> {
    let mut paths = Vec::new();
    let mut open = vec![(Vec::new(), [old, new], 0)];
    while let Some((folder, [old, new], depth)) = open.pop() {
        let (old, new) = (folders.names(old)?, folders.names(new)?);
        for (name, pair) in beside(&old, &new).filter(|(_, [old, new])| old != new) {
            let path = match folder.is_empty() {
                true => name.to_vec(),
                false => [&folder, &b"/"[..], name].concat(),
            };
            match pair {
                _ if !limits.meet(&path) => {}
                [Some((FOLDER, old)), Some((FOLDER, new))] if depth < MAX_DEPTH => {
                    open.push((path, [old, new], depth + 1));
                }
                _ => paths.push((path, pair)),
            }
        }
    }
    Ok(paths)
}

/// The changes between trees that differ in regular files alone, of which none can be a rename, as
/// they only went or only came; `None` where it takes more to tell.
fn plain(unequal: &[(Vec<u8>, Pair)]) -> Option<Vec<FileChange>> {
    let regular = |(mode, _): &(i32, Oid)| FILES.contains(mode);
    let (mut gone, mut new) = (false, false);
    let change = |(path, pair): &(Vec<u8>, Pair)| {
        if !pair.iter().flatten().all(regular) {
            return None;
        }
        let kind = match pair {
            [_, None] => ChangeKind::Deleted,
            [None, _] => ChangeKind::Added,
            [Some((_, old)), Some((_, new))] if old == new => ChangeKind::ModeChanged,
            _ => ChangeKind::Modified,
        };
        gone |= kind == ChangeKind::Deleted;
        new |= kind == ChangeKind::Added;
        Some(FileChange { path: RepoPath::from_git(path).0, kind })
    };
    let changes: Option<Vec<FileChange>> = unequal.iter().map(change).collect();
    changes.filter(|_| !(gone && new))
}

/// The changes of a diff, by path, with renames found.
pub(super) fn collect(mut diff: Diff<'_>, limits: &Limits) -> Result<Vec<FileChange>, Error> {
    let count = |kind| diff.deltas().filter(|delta| delta.status() == kind).count();
    let (gone, new) = (count(Delta::Deleted), count(Delta::Added));
    let similar = gone.saturating_mul(new) <= MAX_PAIRS;
    if similar && gone > 0 && new > 0 {
        let mut options = DiffFindOptions::new();
        options.renames(true).rename_threshold(LIKENESS).rename_limit(MAX_PAIRS);
        diff.find_similar(Some(&mut options))?;
    }
    let mut changes: Vec<FileChange> = diff.deltas().filter_map(|delta| change(&delta)).collect();
    if !similar {
        pair_equal(&diff, &mut changes);
    }
    Ok(held(changes, limits))
}

/// The changes within the limits, by path.
fn held(mut changes: Vec<FileChange>, limits: &Limits) -> Vec<FileChange> {
    changes.retain(|change| limits.hold(&change.path));
    changes.sort();
    changes
}

fn change(delta: &DiffDelta<'_>) -> Option<FileChange> {
    let (old, new) = (delta.old_file(), delta.new_file());
    let path = |bytes: Option<&[u8]>| bytes.map(|bytes| RepoPath::from_git(bytes).0);
    let same = old.id() == new.id();
    let kind = match delta.status() {
        Delta::Added | Delta::Untracked | Delta::Copied => ChangeKind::Added,
        Delta::Deleted => ChangeKind::Deleted,
        Delta::Modified if same && old.mode() != new.mode() => ChangeKind::ModeChanged,
        Delta::Modified if same => return None,
        Delta::Modified | Delta::Conflicted | Delta::Unreadable => ChangeKind::Modified,
        Delta::Renamed => ChangeKind::Renamed { from: path(old.path_bytes())?, exact: same },
        Delta::Typechange => ChangeKind::TypeChanged,
        Delta::Unmodified | Delta::Ignored => return None,
    };
    let file = if kind == ChangeKind::Deleted { &old } else { &new };
    Some(FileChange { path: path(file.path_bytes())?, kind })
}

/// Joins gone and new files of equal content and mode, in path order.
fn pair_equal(diff: &Diff<'_>, changes: &mut Vec<FileChange>) {
    let mut gone: BTreeMap<(Oid, i32), Vec<RepoPath>> = BTreeMap::new();
    let mut new: BTreeMap<RepoPath, (Oid, i32)> = BTreeMap::new();
    for delta in diff.deltas() {
        let (old_file, new_file) = (delta.old_file(), delta.new_file());
        match (delta.status(), old_file.path_bytes(), new_file.path_bytes()) {
            (Delta::Deleted, Some(path), _) => gone
                .entry((old_file.id(), i32::from(old_file.mode())))
                .or_default()
                .push(RepoPath::from_git(path).0),
            (Delta::Added, _, Some(path)) => {
                let key = (new_file.id(), i32::from(new_file.mode()));
                new.insert(RepoPath::from_git(path).0, key);
            }
            _ => {}
        }
    }
    let mut former = BTreeMap::new();
    for (path, key) in new {
        let Some(candidates) = gone.get_mut(&key).filter(|paths| !paths.is_empty()) else {
            continue;
        };
        let same_name = candidates.iter().position(|old| old.file_name() == path.file_name());
        former.insert(path, candidates.remove(same_name.unwrap_or(0)));
    }
    let moved: BTreeSet<RepoPath> = former.values().cloned().collect();
    changes.retain(|change| change.kind != ChangeKind::Deleted || !moved.contains(&change.path));
    for change in changes {
        if let Some(from) = former.remove(&change.path).filter(|_| change.kind == ChangeKind::Added)
        {
            change.kind = ChangeKind::Renamed { from, exact: true };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_libgit2_loses_are_known() {
        let misread = |paths: &[&[u8]]| are_misread(&paths.iter().copied().collect());
        assert!(misread(&[b"db/a", b"db/a-b/1.sql"]));
        assert!(misread(&[b"A-b", b"a", b"c"]));
        assert!(!misread(&[b"a", b"a/b", b"a0", b"ab-c", b"b-c"]));
    }
}
