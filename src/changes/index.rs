//! The index, read from its file (gitformat-index(5)) without libgit2, which takes several times as
//! long: it looks for collisions in the checksum and keeps a map of all names. What is unusual
//! here, or broken, is left to it. The crate gix-index is as fast, but descends into extensions
//! without a bound, so that 150 kB of them overflow the stack, and it brings two dozen others.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

use git2::{ErrorCode, IndexEntry, IndexTime, Oid, Repository};
use sha1::{Digest as _, Sha1};

/// The mark of an entry with more flags.
const EXTENDED: u16 = 0x4000;
/// The bits that hold a name's length, or all ones for a longer one.
const LENGTH: u16 = 0x0fff;
/// The bits of an entry that tell the sides of a conflict apart.
const STAGE: u16 = 0x3000;
/// The length of an object's id and of the checksum, in bytes.
const ID: usize = 20;

/// The index as it is on disk.
pub(super) struct Noted {
    /// Its file, as it was before it was read.
    pub(super) written: Metadata,
    /// Its entries, by path and stage.
    pub(super) entries: Vec<IndexEntry>,
    /// The tree that its entries make, where Git wrote that down.
    pub(super) tree: Option<Oid>,
}

impl Noted {
    /// Reads the index of a repository; `None` where that is left to libgit2, as where names on
    /// disk are spelled otherwise than in the index.
    pub(super) fn read(repo: &Repository) -> Option<Self> {
        let config = repo.config().ok()?;
        let is_off = |key: &str| match config.get_bool(key) {
            Ok(set) => !set,
            Err(error) => error.code() == ErrorCode::NotFound,
        };
        if !["core.ignorecase", "core.precomposeunicode"].into_iter().all(is_off) {
            return None;
        }
        let path = repo.path().join("index");
        if !path.symlink_metadata().ok()?.is_file() {
            return None;
        }
        let mut file = File::open(path).ok()?;
        let written = file.metadata().ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let (entries, tree) = parse(&bytes)?;
        Some(Self { written, entries, tree })
    }

    /// Whether the file is still the one that was read.
    pub(super) fn stands(&self, repo: &Repository) -> bool {
        let place = |found: &Metadata| {
            (found.ino(), found.len(), found.ctime(), found.ctime_nsec(), found.mtime_nsec())
        };
        let found = repo.path().join("index").symlink_metadata();
        found.is_ok_and(|found| place(&found) == place(&self.written))
    }

    /// Whether an entry is one of the sides of a conflict.
    pub(super) fn has_conflicts(&self) -> bool {
        self.entries.iter().any(is_in_conflict)
    }

    /// The entry of a path, where it is in no conflict.
    pub(super) fn find(&self, path: &[u8]) -> Option<&IndexEntry> {
        let place = self.entries.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok()?;
        self.entries.get(place).filter(|entry| !is_in_conflict(entry))
    }
}

/// Whether an entry is one of the sides of a conflict.
pub(super) fn is_in_conflict(entry: &IndexEntry) -> bool {
    entry.flags & STAGE != 0
}

/// The entries of an index, and the tree that they make.
fn parse(bytes: &[u8]) -> Option<(Vec<IndexEntry>, Option<Oid>)> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(ID)?)?;
    if Sha1::digest(content).as_slice() != checksum {
        return None;
    }
    let mut rest = content.strip_prefix(b"DIRC")?;
    let (version, count) = (number(&mut rest)?, number(&mut rest)?);
    if !matches!(version, 2 | 3) {
        return None;
    }
    let mut entries: Vec<IndexEntry> = Vec::new();
    for _ in 0..count {
        let next = entry(&mut rest)?;
        let key = |entry: &IndexEntry| entry.flags & STAGE;
        let is_after = |last: &IndexEntry| (&last.path, key(last)) < (&next.path, key(&next));
        if !entries.last().is_none_or(is_after) {
            return None;
        }
        entries.push(next);
    }
    let mut tree = None;
    while !rest.is_empty() {
        let name = take(&mut rest, 4)?;
        let length = number(&mut rest)?;
        let extension = take(&mut rest, usize::try_from(length).ok()?)?;
        match name {
            b"TREE" => tree = whole_tree(extension, entries.len()),
            // Others change what the entries mean.
            _ if !name.first()?.is_ascii_uppercase() => return None,
            _ => {}
        }
    }
    Some((entries, tree))
}

fn entry(rest: &mut &[u8]) -> Option<IndexEntry> {
    let whole = *rest;
    let mut time = || {
        let (seconds, nanoseconds) = (number(rest)?, number(rest)?);
        Some(IndexTime::new(seconds.cast_signed(), nanoseconds))
    };
    let (ctime, mtime) = (time()?, time()?);
    let mut next = || number(rest);
    let (dev, ino, mode) = (next()?, next()?, next()?);
    let (uid, gid, file_size) = (next()?, next()?, next()?);
    let id = Oid::from_bytes(take(rest, ID)?).ok()?;
    let flags = short(rest)?;
    let flags_extended = if flags & EXTENDED == 0 { 0 } else { short(rest)? };
    let length = rest.iter().position(|byte| *byte == 0)?;
    let path = rest.get(..length)?.to_vec();
    if usize::from(flags & LENGTH) != length.min(LENGTH.into()) {
        return None;
    }
    // One to eight NULs end it at a multiple of eight.
    let taken = whole.len() - rest.len() + length;
    *rest = whole.get((taken + 8) & !7..)?;
    Some(IndexEntry {
        ctime,
        mtime,
        dev,
        ino,
        mode,
        uid,
        gid,
        file_size,
        id,
        flags,
        flags_extended,
        path,
    })
}

/// The tree that all `entries` make, from the start of the extension that knows the trees of
/// folders: the root's empty name, how many entries it covers (-1 where it is out of date), how
/// many folders, its id.
fn whole_tree(extension: &[u8], entries: usize) -> Option<Oid> {
    let rest = extension.strip_prefix(b"\0")?;
    let (line, rest) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'\n')?)?;
    let covered = std::str::from_utf8(line).ok()?.split(' ').next()?.parse::<usize>().ok()?;
    let id = rest.get(1..=ID)?;
    (covered == entries).then(|| Oid::from_bytes(id).ok()).flatten()
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    take(rest, 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn short(rest: &mut &[u8]) -> Option<u16> {
    take(rest, 2)?.try_into().ok().map(u16::from_be_bytes)
}
