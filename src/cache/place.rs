//! Where the cache is, and whether it is the user's own.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::host;

/// The variable that names the folder, or switches the cache off with `off`.
pub const VARIABLE: &str = "MIGRATION_GATE_CACHE";

/// The folder of the cache: below the folder that `MIGRATION_GATE_CACHE` names, else in the user's
/// folder for such things (<https://specifications.freedesktop.org/basedir/latest/>); `None` where
/// it is off, or there is no such folder.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    if let Some(named) = host::env(VARIABLE) {
        let named = (named != "off").then(|| PathBuf::from(named))?;
        return std::path::absolute(named).ok();
    }
    let caches = match host::env("XDG_CACHE_HOME").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() => folder,
        _ => PathBuf::from(host::env("HOME")?).join(".cache"),
    };
    caches.is_absolute().then(|| caches.join("migration-gate"))
}

/// Opens a file that only the user can have written, in folders that are no one else's either.
///
/// # Errors
/// `NotFound` where it is not there; others where it cannot be trusted or opened.
pub(super) fn open(folders: &[&Path], path: &Path) -> io::Result<File> {
    for folder in folders {
        private(folder)?;
    }
    let seen = fs::symlink_metadata(path)?;
    if !seen.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let file = File::open(path)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (seen.dev(), seen.ino()) {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    own(&opened)?;
    Ok(file)
}

/// Refuses a folder that others own or may write to.
pub(super) fn private(folder: &Path) -> io::Result<()> {
    let seen = fs::metadata(folder)?;
    // Nothing in such a folder is removed either: it is somebody else's.
    own(&seen).map_err(|_| io::Error::from(io::ErrorKind::NotFound))
}

fn own(seen: &Metadata) -> io::Result<()> {
    if seen.mode() & 0o022 != 0 || seen.uid() != user()? {
        return Err(io::Error::other("others may have written to it"));
    }
    Ok(())
}

/// The user of this process: whoever owns what it makes.
fn user() -> io::Result<u32> {
    Ok(tempfile::tempfile()?.metadata()?.uid())
}
