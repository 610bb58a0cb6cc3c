//! Reading from disk without following links and without opening anything but regular files.

use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::ChangesError;
use super::entry::{MAX_FILE, regular};
use super::words::unreadable_file;
use crate::model::{Entry, EntryKind, RepoPath};

/// What stands at a path below `top`, without following a link; `None` where there is nothing,
/// where a folder on the way is a link, or where it is a pipe, a socket or a device.
pub(super) fn look(top: &Path, path: &[u8]) -> Result<Option<(PathBuf, Metadata)>, ChangesError> {
    let mut full = top.to_path_buf();
    let mut parts = path.split(|byte| *byte == b'/').peekable();
    while let Some(part) = parts.next() {
        if matches!(part, b"" | b"." | b"..") {
            return Ok(None);
        }
        full.push(OsStr::from_bytes(part));
        let found = match full.symlink_metadata() {
            Ok(found) => found,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(unreadable_file(&shown(path), &error)),
        };
        if parts.peek().is_none() {
            return Ok((!is_special(found.file_type())).then_some((full, found)));
        }
        if !found.is_dir() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Whether it is a pipe, a socket or a device.
pub(super) fn is_special(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
}

/// The file or link at a path below `top`; folders are none.
pub(super) fn read(top: &Path, path: &[u8]) -> Result<Option<Entry>, ChangesError> {
    match look(top, path)? {
        Some((_, found)) if found.is_symlink() => Ok(Some(Entry::special(EntryKind::Symlink))),
        Some((full, found)) if found.is_file() => read_regular(&full, path, &found).map(Some),
        _ => Ok(None),
    }
}

fn read_regular(full: &Path, path: &[u8], found: &Metadata) -> Result<Entry, ChangesError> {
    if found.len() > MAX_FILE {
        return Ok(Entry::special(EntryKind::TooLarge));
    }
    let failed = |error| unreadable_file(&shown(path), &error);
    let file = File::open(full).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
        return Err(failed(std::io::Error::other("it was replaced while it was read")));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Ok(Entry::special(EntryKind::TooLarge));
    }
    Ok(regular(bytes))
}

/// Whether a regular file stands at `path`.
pub(super) fn is_regular(top: &Path, path: &RepoPath) -> bool {
    look(top, path.as_str().as_bytes())
        .is_ok_and(|found| found.is_some_and(|(_, found)| found.is_file()))
}

fn shown(path: &[u8]) -> String {
    RepoPath::from_git(path).0.as_str().to_owned()
}
