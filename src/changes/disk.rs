//! Reading from disk without following links and without opening anything but regular files.

use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};

use super::ChangesError;
use super::entry::{MAX_FILE, regular};
use super::words::unreadable_file;
use crate::model::{Entry, EntryKind, RepoPath};

/// What stands at a path below `top`, without following a link; `None` where there is nothing,
/// or where a folder on the way is a link.
pub(super) fn look(top: &Path, path: &[u8]) -> Result<Option<(PathBuf, Metadata)>, ChangesError> {
    if parts(path).any(|part| matches!(part, b"" | b"." | b"..")) {
        return Ok(None);
    }
    // Most of what is looked for is nowhere, and then the folders on the way need no look each.
    let whole = top.join(OsStr::from_bytes(path)).symlink_metadata();
    if whole.is_err_and(|error| is_nothing(&error)) {
        return Ok(None);
    }
    let mut full = top.to_path_buf();
    let mut parts = parts(path).peekable();
    while let Some(part) = parts.next() {
        full.push(OsStr::from_bytes(part));
        let found = match full.symlink_metadata() {
            Ok(found) => found,
            Err(error) if is_nothing(&error) => return Ok(None),
            Err(error) => return Err(unreadable_file(&shown(path), &error)),
        };
        if parts.peek().is_none() {
            return Ok(Some((full, found)));
        }
        if !found.is_dir() {
            return Ok(None);
        }
    }
    Ok(None)
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether it is a pipe, a socket or a device.
pub(super) fn is_device(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
}

/// The file or link at a path below `top`; folders are none.
pub(super) fn read(top: &Path, path: &[u8]) -> Result<Option<Entry>, ChangesError> {
    match look(top, path)? {
        Some((_, found)) if found.is_symlink() => Ok(Some(Entry::special(EntryKind::Symlink))),
        Some((_, found)) if found.is_file() => read_regular(top, path, &found).map(Some),
        Some((_, found)) if is_device(found.file_type()) => {
            Ok(Some(Entry::special(EntryKind::Device)))
        }
        _ => Ok(None),
    }
}

fn read_regular(top: &Path, path: &[u8], found: &Metadata) -> Result<Entry, ChangesError> {
    if found.len() > MAX_FILE {
        return Ok(Entry::special(EntryKind::TooLarge));
    }
    let failed = |error| unreadable_file(&shown(path), &error);
    let file = open(top, path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
        return Err(failed(io::Error::other("it was replaced while it was read")));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Ok(Entry::special(EntryKind::TooLarge));
    }
    Ok(regular(bytes))
}

/// Opens a file folder by folder, so that no link is followed and no pipe waited for even where
/// somebody puts one there after [`look`].
fn open(top: &Path, path: &[u8]) -> io::Result<File> {
    let always = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut at = File::open(top)?;
    let mut parts = parts(path).peekable();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_some() { OFlags::DIRECTORY } else { OFlags::NONBLOCK };
        at = openat(&at, part, always | kind, Mode::empty())?.into();
    }
    Ok(at)
}

/// Whether a regular file stands at `path`.
pub(super) fn is_regular(top: &Path, path: &RepoPath) -> bool {
    look(top, path.as_str().as_bytes())
        .is_ok_and(|found| found.is_some_and(|(_, found)| found.is_file()))
}

fn shown(path: &[u8]) -> String {
    RepoPath::from_git(path).0.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, write};
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_that_somebody_puts_there_later_is_not_followed() {
        let top = tempfile::tempdir().unwrap();
        create_dir(top.path().join("real")).unwrap();
        write(top.path().join("real/file"), "x").unwrap();
        symlink("real", top.path().join("folder")).unwrap();
        symlink("file", top.path().join("real/link")).unwrap();
        assert!(open(top.path(), b"real/file").is_ok());
        assert!(open(top.path(), b"folder/file").is_err());
        assert!(open(top.path(), b"real/link").is_err());
    }
}
