//! Which names of a working tree may be other than the index notes.
//!
//! To Git a file is unmodified whose size, times, owner and place on disk are those that the index
//! noted. libgit2 asks the same of one path after the other, from the root down. Here all
//! processors ask it, folder by folder; what remains is for libgit2 to judge.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{DirEntry, Metadata, read_dir};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use git2::{IndexEntry, IndexTime};

use super::diff::Limits;
use super::index::{Noted, is_in_conflict};
use crate::model::RepoPath;
use crate::threads;

/// The most names that are worth to be told apart from the rest.
pub(super) const MOST: usize = 1_000;
/// A folder of the index.
struct Folder<'a> {
    /// The files in it, by name.
    files: Vec<&'a IndexEntry>,
    /// The path of a file in it or below it.
    below: &'a [u8],
}

/// The paths below `top` that may be other than the index notes them, within the limits: files,
/// links and folders that are new, gone or perhaps modified, each new one with a file of its
/// folder, so that libgit2 sees that the folder holds some. `None` where they are too many, or not
/// to be known here.
pub(super) fn suspects(top: &Path, noted: &Noted, limits: &Limits) -> Option<BTreeSet<Vec<u8>>> {
    let folders = folders(&noted.entries, limits)?;
    let mut levels: BTreeMap<usize, Vec<&[u8]>> = BTreeMap::new();
    for path in folders.keys() {
        levels.entry(depth(path)).or_default().push(path);
    }
    let mut suspects = BTreeSet::new();
    // Links are no folders, so that none is followed.
    let mut real: BTreeSet<Vec<u8>> = BTreeSet::from([Vec::new()]);
    for level in levels.into_values() {
        let within = level.into_iter().filter(|path| real.contains(parent(path)));
        let (here, gone): (Vec<&[u8]>, Vec<&[u8]>) = within.partition(|path| real.contains(*path));
        suspects.extend(gone.into_iter().map(<[u8]>::to_vec));
        for looked in threads::side_by_side(&here, usize::MAX, |path| {
            look((top, path), &noted.written, &folders, limits)
        }) {
            let looked = looked.ok()?;
            real.extend(looked.folders);
            suspects.extend(looked.suspects);
        }
        // What lies on the way to a limit may hold much beside it.
        let is_held = |path: &Vec<u8>| limits.hold(&RepoPath::from_git(path).0);
        if suspects.len() > MOST || !suspects.iter().all(is_held) {
            return None;
        }
    }
    Some(suspects)
}

/// The folders of the index with files within the limits, by path; `None` where there are none, or
/// it names what cannot be on disk.
fn folders<'a>(
    entries: &'a [IndexEntry],
    limits: &Limits,
) -> Option<BTreeMap<&'a [u8], Folder<'a>>> {
    let is_false = |part: &[u8]| matches!(part, b"" | b"." | b"..");
    let is_path = |path: &[u8]| !path.split(|byte| *byte == b'/').any(is_false);
    let mut folders: BTreeMap<&[u8], Folder<'_>> = BTreeMap::new();
    let entries: Vec<&IndexEntry> =
        entries.iter().filter(|entry| limits.meet(&entry.path)).collect();
    for files in entries.chunk_by(|a, b| parent(&a.path) == parent(&b.path)) {
        if !files.iter().all(|file| is_path(&file.path)) {
            return None;
        }
        let below = files.first()?.path.as_slice();
        let mut path = parent(below);
        let new = || Folder { files: Vec::new(), below };
        folders.entry(path).or_insert_with(new).files.extend(files);
        while !path.is_empty() {
            path = parent(path);
            folders.entry(path).or_insert_with(new);
        }
    }
    // Without a file of the index nothing is known of what is on disk.
    Some(folders).filter(|folders| !folders.is_empty())
}

/// What is on disk in a folder of the index.
#[derive(Default)]
struct Looked {
    /// The folders in it that are some of the index, too.
    folders: Vec<Vec<u8>>,
    suspects: Vec<Vec<u8>>,
}

fn look(
    (top, path): (&Path, &[u8]),
    written: &Metadata,
    folders: &BTreeMap<&[u8], Folder<'_>>,
    limits: &Limits,
) -> io::Result<Looked> {
    let mut looked = Looked::default();
    let Some(folder) = folders.get(path) else { return Ok(looked) };
    let start = if path.is_empty() { 0 } else { path.len() + 1 };
    let mut unseen = vec![true; folder.files.len()];
    for item in read_dir(top.join(OsStr::from_bytes(path)))? {
        let item = item?;
        let name = item.file_name();
        let name = name.as_bytes();
        let place = folder.files.binary_search_by(|entry| entry.path[start..].cmp(name));
        if let Ok(place) = place {
            unseen[place] = !is_as_noted(folder.files[place], &item, written);
            continue;
        }
        let full = [&path[..start.min(path.len())], &b"/"[..usize::from(start > 0)], name].concat();
        if folders.contains_key(full.as_slice()) && item.file_type()?.is_dir() {
            looked.folders.push(full);
        } else if full != b".git" && limits.meet(&full) {
            looked.suspects.extend([full, folder.below.to_vec()]);
        }
    }
    let suspects = folder.files.iter().zip(unseen).filter(|(_, unseen)| *unseen);
    looked.suspects.extend(suspects.map(|(entry, _)| entry.path.clone()));
    Ok(looked)
}

/// Whether libgit2 would find a file unmodified without reading it.
fn is_as_noted(entry: &IndexEntry, item: &DirEntry, written: &Metadata) -> bool {
    let Ok(found) = item.metadata() else { return false };
    let kind = found.file_type();
    let mode = match found.mode() & 0o100 {
        _ if kind.is_symlink() => 0o120_000,
        _ if !kind.is_file() => return false,
        0 => 0o100_644,
        _ => 0o100_755,
    };
    let time = |seconds: i64, nanoseconds: i64| IndexTime::new(seconds as i32, nanoseconds as u32);
    entry.mode == mode
        && !is_in_conflict(entry)
        && entry.file_size == found.len() as u32
        && entry.mtime == time(found.mtime(), found.mtime_nsec())
        && entry.ctime == time(found.ctime(), found.ctime_nsec())
        && entry.ino == found.ino() as u32
        && (entry.uid, entry.gid) == (found.uid(), found.gid())
        // What was written at the time of the index may have been written once more after it.
        && (found.mtime(), found.mtime_nsec()) < (written.mtime(), written.mtime_nsec())
}

/// The folder that a path is in; the root's is itself.
fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |end| &path[..end])
}

/// How many folders lead to a folder, itself among them.
fn depth(folder: &[u8]) -> usize {
    if folder.is_empty() { 0 } else { 1 + folder.iter().filter(|byte| **byte == b'/').count() }
}
