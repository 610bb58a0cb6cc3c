//! Reading from disk without following links and without opening anything but regular files.

use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType as Kind, Mode, OFlags, Stat, fstat, openat, statat};

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
    Reader::new(top).read(path)
}

/// Reads what stands below a folder, best in the order of its paths: the folder of a file stays
/// open for the next one.
pub(super) struct Reader<'a> {
    top: &'a Path,
    folder: Option<(&'a [u8], File)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(top: &'a Path) -> Self {
        Self { top, folder: None }
    }

    /// As [`read`].
    pub(super) fn read(&mut self, path: &'a [u8]) -> Result<Option<Entry>, ChangesError> {
        if parts(path).any(|part| matches!(part, b"" | b"." | b"..")) {
            return Ok(None);
        }
        match self.entry(path) {
            Err(error) if is_nothing(&error) => Ok(None),
            result => result.map_err(|error| unreadable_file(&shown(path), &error)),
        }
    }

    fn entry(&mut self, path: &'a [u8]) -> io::Result<Option<Entry>> {
        let end = path.iter().rposition(|byte| *byte == b'/');
        let (folder, name) = end.map_or((&b""[..], path), |at| (&path[..at], &path[at + 1..]));
        let folder = match self.folder.take() {
            Some((known, file)) if known == folder => self.folder.insert((known, file)),
            _ => self.folder.insert((folder, open_folder(self.top, folder)?)),
        };
        let found = statat(&folder.1, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match Kind::from_raw_mode(found.st_mode) {
            Kind::Symlink => Some(Entry::special(EntryKind::Symlink)),
            Kind::RegularFile => Some(regular_in(&folder.1, name, &found)?),
            Kind::Fifo | Kind::Socket | Kind::BlockDevice | Kind::CharacterDevice => {
                Some(Entry::special(EntryKind::Device))
            }
            _ => None,
        })
    }
}

/// What no link may be followed to.
const ALWAYS: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

/// Opens a folder part by part, so that no link is followed even where somebody puts one there
/// meanwhile.
fn open_folder(top: &Path, path: &[u8]) -> io::Result<File> {
    let mut at = File::open(top)?;
    for part in parts(path).filter(|part| !part.is_empty()) {
        at = openat(&at, part, ALWAYS | OFlags::DIRECTORY, Mode::empty())?.into();
    }
    Ok(at)
}

/// Reads a regular file of an open folder; no pipe is waited for even where somebody puts one there
/// after it was `found`.
fn regular_in(folder: &File, name: &[u8], found: &Stat) -> io::Result<Entry> {
    let size = u64::try_from(found.st_size).unwrap_or(u64::MAX);
    if size > MAX_FILE {
        return Ok(Entry::special(EntryKind::TooLarge));
    }
    let file = File::from(openat(folder, name, ALWAYS | OFlags::NONBLOCK, Mode::empty())?);
    let opened = fstat(&file)?;
    if (opened.st_dev, opened.st_ino) != (found.st_dev, found.st_ino) {
        return Err(io::Error::other("it was replaced while it was read"));
    }
    // Room for one more byte than there are tells the end at once.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
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
        let real = open_folder(top.path(), b"real").unwrap();
        let found = statat(&real, "file", AtFlags::SYMLINK_NOFOLLOW).unwrap();
        assert!(regular_in(&real, b"file", &found).is_ok());
        assert!(regular_in(&real, b"link", &found).is_err());
        assert!(open_folder(top.path(), b"folder").is_err());
        assert!(read(top.path(), b"folder/file").unwrap().is_none());
    }
}
