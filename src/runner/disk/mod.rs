//! The file system, as far as the runner's promises hang on it.
//!
//! Everything that must survive a crash goes through [`Disk`], so that a simulated one can stop
//! after every call and lose whatever was not synced.

use std::io;
use std::path::{Path, PathBuf};

mod real;
#[cfg(test)]
pub(super) mod simulated;
#[cfg(test)]
mod tests;

pub use real::RealDisk;

/// What stands at a path; links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file with one name.
    File,
    /// A regular file with several names (hard links).
    Linked,
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
    /// Anything else.
    Special,
}

/// A file system. Nothing is durable before it was synced: what a file holds by [`Disk::sync`],
/// the names in a folder by [`Disk::sync_folder`].
pub trait Disk {
    /// What stands there; `None` where nothing does.
    ///
    /// # Errors
    /// When the system does not say.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;
    /// The bytes of a file.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Makes a new file, readable by its owner alone; with `like`, with that file's mode and owner.
    ///
    /// # Errors
    /// When there is one already, or it cannot be written.
    fn create(&self, path: &Path, bytes: &[u8], like: Option<&Path>) -> io::Result<()>;
    /// Adds to the end of a regular file; makes it where it is not there, readable by its owner
    /// alone. Part of the bytes may have been added after an error.
    ///
    /// # Errors
    /// When it is a link, or cannot be written.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Makes what a file holds durable.
    ///
    /// # Errors
    /// When the system cannot promise that.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Puts a file in the place of another of the same folder, which goes.
    ///
    /// # Errors
    /// When it cannot be renamed; both are as they were.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a file away.
    ///
    /// # Errors
    /// When it is not there or cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// When the system cannot promise that.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder that only its owner can enter, and those above it, durably; one that is
    /// there is fine.
    ///
    /// # Errors
    /// When it cannot be made.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Takes an empty folder away.
    ///
    /// # Errors
    /// When it is not empty or cannot be removed.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, sorted and without the folder's own; none where there is no such folder.
    ///
    /// # Errors
    /// When it cannot be read.
    fn names(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
}

/// Puts bytes in the place of a file, or makes it: after a crash it holds the old ones or the new
/// ones, and after success the new ones. A link in its place is replaced and not followed.
///
/// # Errors
/// When a step fails; the file then holds the old bytes, or the new ones.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let staged = path.with_file_name(name);
    remove_left_over(disk, &staged)?;
    let like = matches!(disk.kind(path)?, Some(Kind::File | Kind::Linked)).then_some(path);
    disk.create(&staged, bytes, like)?;
    disk.sync(&staged)?;
    disk.rename(&staged, path)?;
    path.parent().map_or(Ok(()), |folder| disk.sync_folder(folder))
}

/// Removes a file that an earlier run may have left; nothing where there is none.
pub(super) fn remove_left_over(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    disk.kind(path)?.map_or(Ok(()), |_| disk.remove(path))
}
