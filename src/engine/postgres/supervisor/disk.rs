//! How much of the disk a server takes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::fs::statvfs;

/// What an entry of a folder takes at least: files without contents use up a disk, too.
const ENTRY: u64 = 4096;
/// A walk is made at every so many looks, whatever the disk as a whole says.
const WALK: u32 = 10;

/// A bound for a folder.
pub(super) struct Disk {
    folder: PathBuf,
    /// How many bytes it may take.
    most: u64,
    /// What the disk had free at the start.
    free: u64,
    looks: u32,
    /// What it may take beyond that until it is below once more: what a server leaves that was
    /// ended for too much must be there for it to be started again.
    left: u64,
}

impl Disk {
    pub(super) fn new(folder: PathBuf, most: u64) -> io::Result<Self> {
        let parent = folder.parent().unwrap_or(&folder);
        let free = free(parent)?;
        Ok(Self { folder, most, free, looks: 0, left: 0 })
    }

    /// Whether the folder takes too much, which the next look takes for the new beginning. Cheap
    /// while the disk as a whole has about as much room as it had.
    pub(super) fn is_overfull(&mut self) -> bool {
        self.looks = self.looks.wrapping_add(1);
        let parent = self.folder.parent().unwrap_or(&self.folder);
        let gone = free(parent).map_or(u64::MAX, |now| self.free.saturating_sub(now));
        if gone < self.most / 4 && !self.looks.is_multiple_of(WALK) {
            return false;
        }
        let taken = self.taken();
        if taken <= self.most {
            self.left = 0;
        }
        let overfull = taken > self.most.saturating_add(self.left);
        if overfull {
            self.left = taken;
        }
        overfull
    }

    /// What all files of the folder take; the most there is where that cannot be told, since our
    /// own server hides nothing.
    fn taken(&self) -> u64 {
        let mut folders = vec![self.folder.clone()];
        let mut taken = 0_u64;
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => return u64::MAX,
            };
            for entry in entries.flatten() {
                // What is gone by now takes nothing.
                let Ok(metadata) = entry.metadata() else { continue };
                taken = taken.saturating_add((metadata.blocks() * 512).max(ENTRY));
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        taken
    }
}

fn free(folder: &std::path::Path) -> io::Result<u64> {
    let disk = statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(disk: &mut Disk) -> bool {
        (0..WALK).any(|_| disk.is_overfull())
    }

    #[test]
    fn a_folder_that_grows_too_large_is_told_once_until_it_grows_on() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data");
        fs::create_dir(&folder).unwrap();
        let mut disk = Disk::new(folder.clone(), 1 << 20).unwrap();
        assert!(!walked(&mut disk));
        fs::write(folder.join("a"), vec![1; 2 << 20]).unwrap();
        assert!(walked(&mut disk));
        assert!(!walked(&mut disk), "the server is started again on what it left");
        fs::write(folder.join("b"), vec![1; 2 << 20]).unwrap();
        assert!(walked(&mut disk));
        fs::remove_file(folder.join("a")).unwrap();
        fs::remove_file(folder.join("b")).unwrap();
        assert!(!walked(&mut disk));
        fs::write(folder.join("a"), vec![1; 2 << 20]).unwrap();
        assert!(walked(&mut disk), "the old bound holds again");
    }

    #[test]
    fn many_empty_files_are_much() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data/inner");
        fs::create_dir_all(&folder).unwrap();
        let mut disk = Disk::new(home.path().join("data"), 100 * ENTRY).unwrap();
        for number in 0..200 {
            fs::write(folder.join(number.to_string()), "").unwrap();
        }
        assert!(walked(&mut disk));
    }
}
