//! Data folders out of the user's cache: the one that a server build begins with, made once by
//! initdb, and those that a base made of it.
//!
//! `initdb` takes half a second, a copy of its work a few milliseconds.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, lchown};
use std::path::Path;

use super::account::Account;
use super::binaries::Binaries;
use crate::cache::{Cache, Draft, Key, Kind, Label, Pack};
use crate::engine::base::Kept;

/// Changed whenever a kept folder would no longer do.
const FORMAT: &str = "2";

/// How initdb makes a data folder.
pub(super) const INIT_FLAGS: &str = "-N -A trust --no-locale -E UTF8 -U postgres --wal-segsize=1";

/// The server reads its settings here and nowhere else: they are ours, and never those of a folder
/// that was kept, which could name programs. Besides them are those on the command line. The values
/// are what initdb finds on a machine without limits of its own.
const SETTINGS_FILES: [(&str, &str); 4] = [
    (
        "postgresql.conf",
        "max_connections = 100\nmax_wal_size = 64MB\nmin_wal_size = 5MB\ndatestyle = 'iso, mdy'\n\
         lc_messages = 'C'\nlc_monetary = 'C'\nlc_numeric = 'C'\nlc_time = 'C'\n\
         default_text_search_config = 'pg_catalog.english'\n",
    ),
    ("postgresql.auto.conf", ""),
    ("pg_hba.conf", "local all all trust\n"),
    ("pg_ident.conf", ""),
];
/// Settings, and what belongs to one run of a server.
const NOT_KEPT: [&str; 6] = [
    "postgresql.conf",
    "postgresql.auto.conf",
    "pg_hba.conf",
    "pg_ident.conf",
    "postmaster.pid",
    "postmaster.opts",
];

/// The place of one build's template.
pub(super) struct Template {
    cache: Cache,
    key: Key,
}

impl Template {
    /// The template of a build; `None` where there is no cache to keep it in.
    pub(super) fn of(binaries: &Binaries) -> Option<Self> {
        let key = Key::of(&[FORMAT, INIT_FLAGS, &binaries.identity()]);
        Some(Self { cache: Cache::of_user()?, key })
    }

    /// The template, where it is kept.
    pub(super) fn find(&self) -> Option<Pack> {
        self.cache.find(Kind::Template, &self.key)
    }

    /// Keeps a copy of `data`, which no server runs on, for the next time.
    pub(super) fn keep(&self, data: &Path) -> io::Result<()> {
        let version = fs::read_to_string(data.join("PG_VERSION"))?;
        let engine = format!("PostgreSQL {}", version.trim());
        let label = Label { engine, ..Label::default() };
        let draft = Draft::of_folder(label, data, &NOT_KEPT, None)?;
        self.cache.keep(Kind::Template, &self.key, &draft)
    }

    /// What a base made of the template in `data`, which no server runs on. Only what it changed
    /// is put into the pack. A folder with settings or links of its own is not kept.
    pub(super) fn draft(&self, label: Label, data: &Path) -> io::Result<Draft> {
        let own = fs::read_to_string(data.join("postgresql.auto.conf"))?;
        if own.lines().any(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            return Err(io::Error::other("its settings were changed"));
        }
        let template = self.find();
        let beside = template.as_ref().map(|_| self.key.as_str().to_owned());
        Draft::of_folder(Label { beside, ..label }, data, &NOT_KEPT, template.as_ref())
    }
}

/// Makes a data folder of what was kept; after an error there is none.
pub(super) fn unpack(
    pack: &Pack,
    beside: Option<&Pack>,
    data: &Path,
    owner: Option<Account>,
) -> io::Result<()> {
    let give = |path: &Path| match owner {
        Some(owner) => lchown(path, Some(owner.uid), Some(owner.gid)),
        None => Ok(()),
    };
    let made = pack.unpack(data, beside, &give).and_then(|()| write_settings(data, owner));
    if made.is_err() {
        let _ = fs::remove_dir_all(data);
    }
    made
}

/// Like [`unpack`], for a state.
pub(super) fn unpack_state(kept: &Kept, data: &Path, owner: Option<Account>) -> io::Result<()> {
    unpack(&kept.pack, kept.beside.as_ref(), data, owner)
}

/// Writes the settings files of a data folder, whatever stands there.
pub(super) fn write_settings(data: &Path, owner: Option<Account>) -> io::Result<()> {
    for (name, text) in SETTINGS_FILES {
        let path = data.join(name);
        let _ = fs::remove_file(&path);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(&path)?.write_all(text.as_bytes())?;
        if let Some(owner) = owner {
            lchown(&path, Some(owner.uid), Some(owner.gid))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::LIMIT;

    fn template(folder: &Path) -> Template {
        Template { cache: Cache::at(folder.join("cache"), LIMIT), key: Key::of(&["build"]) }
    }

    fn data(folder: &Path) -> std::path::PathBuf {
        let data = folder.join("made");
        fs::create_dir_all(data.join("global")).unwrap();
        for (name, text) in [
            ("PG_VERSION", "15\n"),
            ("global/pg_control", "x"),
            ("postgresql.conf", "archive_command = 'sh'"),
            ("postgresql.auto.conf", "# Do not edit\n"),
            ("postmaster.pid", "1"),
        ] {
            fs::write(data.join(name), text).unwrap();
        }
        data
    }

    #[test]
    fn settings_are_ours_and_not_those_of_a_kept_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (template, data) = (template(folder.path()), data(folder.path()));
        assert!(template.find().is_none());
        template.keep(&data).unwrap();
        let pack = template.find().unwrap();
        assert_eq!(pack.label().engine, "PostgreSQL 15");
        let copy = folder.path().join("copy");
        unpack(&pack, None, &copy, None).unwrap();
        assert_eq!(fs::read_to_string(copy.join("global/pg_control")).unwrap(), "x");
        let settings = fs::read_to_string(copy.join("postgresql.conf")).unwrap();
        assert!(!settings.contains("archive_command"), "{settings}");
        assert!(copy.join("pg_hba.conf").is_file() && !copy.join("postmaster.pid").exists());
    }

    #[test]
    fn a_state_holds_what_differs_and_is_not_kept_with_settings_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (template, data) = (template(folder.path()), data(folder.path()));
        template.keep(&data).unwrap();
        fs::write(data.join("global/pg_control"), "changed").unwrap();
        let draft = template.draft(Label::default(), &data).unwrap();
        assert_eq!(draft.size(), "changed".len() as u64);
        fs::write(data.join("postgresql.auto.conf"), "# x\nwork_mem = '1GB'\n").unwrap();
        assert!(template.draft(Label::default(), &data).is_err());
    }
}
