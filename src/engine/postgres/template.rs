//! A ready data folder per server build, made once and kept in the user's cache.
//!
//! `initdb` takes half a second, a copy of its work twenty milliseconds. Whatever goes wrong with
//! the cache only costs time: the caller then runs initdb.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::account::{Account, copy_folder};
use super::binaries::Binaries;
use crate::host;
use crate::model::hex;

/// Changed whenever a kept folder would no longer do.
const FORMAT: &str = "1";

/// How initdb makes a data folder.
pub(super) const INIT_FLAGS: &str = "-N -A trust --no-locale -E UTF8 -U postgres --wal-segsize=1";

/// The place of one build's template.
pub(super) struct Template {
    folder: PathBuf,
}

impl Template {
    /// The template of a build; `None` where there is no cache folder to keep it in.
    pub(super) fn of(binaries: &Binaries) -> Option<Self> {
        let cache = match host::env("XDG_CACHE_HOME").map(PathBuf::from) {
            Some(folder) if folder.is_absolute() => folder,
            _ => PathBuf::from(host::env("HOME")?).join(".cache"),
        };
        let mut hash = Sha256::new();
        for part in [FORMAT, INIT_FLAGS, &binaries.identity()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let key = hex(&hash.finalize()[..12]);
        Some(Self { folder: cache.join("migration-gate/postgres").join(key) })
    }

    /// Copies the template to `data`; an error leaves nothing there.
    pub(super) fn copy_to(&self, data: &Path, owner: Option<Account>) -> io::Result<()> {
        // A folder that others may write to could hold anything.
        if fs::symlink_metadata(&self.folder)?.mode() & 0o022 != 0 {
            return Err(io::Error::other("the cache is open to others"));
        }
        let copied = copy_folder(&self.folder, data, owner).and_then(|()| {
            if data.join("PG_VERSION").is_file() && data.join("global/pg_control").is_file() {
                Ok(())
            } else {
                Err(io::Error::other("the cache is broken"))
            }
        });
        if copied.is_err() {
            let _ = fs::remove_dir_all(data);
        }
        copied
    }

    /// Keeps a copy of `data`, which no server runs on, for the next time. Runs beside each other
    /// may all do this: the last one wins and every state in between is whole.
    pub(super) fn keep(&self, data: &Path) -> io::Result<()> {
        let parent = self.folder.parent().unwrap_or(Path::new("/"));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let scratch = tempfile::Builder::new().prefix(".new-").tempdir_in(parent)?;
        let copy = scratch.path().join("data");
        copy_folder(data, &copy, None)?;
        if fs::rename(&copy, &self.folder).is_err() {
            // An old one stands there; it goes out of the way first, and away with `scratch`.
            fs::rename(&self.folder, scratch.path().join("old"))?;
            fs::rename(&copy, &self.folder)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(folder: &Path) -> Template {
        Template { folder: folder.join("postgres/key") }
    }

    fn data(folder: &Path) -> PathBuf {
        let data = folder.join("made");
        fs::create_dir_all(data.join("global")).unwrap();
        fs::write(data.join("PG_VERSION"), "15").unwrap();
        fs::write(data.join("global/pg_control"), "x").unwrap();
        data
    }

    #[test]
    fn a_kept_folder_comes_back_and_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (template, data) = (template(folder.path()), data(folder.path()));
        assert!(template.copy_to(&folder.path().join("none"), None).is_err());
        template.keep(&data).unwrap();
        fs::write(data.join("PG_VERSION"), "16").unwrap();
        template.keep(&data).unwrap();
        let copy = folder.path().join("copy");
        template.copy_to(&copy, None).unwrap();
        assert_eq!(fs::read_to_string(copy.join("PG_VERSION")).unwrap(), "16");
        let kept: Vec<_> = fs::read_dir(folder.path().join("postgres")).unwrap().collect();
        assert_eq!(kept.len(), 1, "scratch folders are gone");
    }

    #[test]
    fn a_broken_cache_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (template, data) = (template(folder.path()), data(folder.path()));
        template.keep(&data).unwrap();
        fs::remove_file(template.folder.join("PG_VERSION")).unwrap();
        let copy = folder.path().join("copy");
        assert!(template.copy_to(&copy, None).is_err());
        assert!(!copy.exists());
    }
}
