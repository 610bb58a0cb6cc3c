//! The record of what is about to change, on the wire.

use serde::{Deserialize, Serialize};

use super::{Changes, RepoPath};
use crate::model::sha256;

/// The version of the wire format.
const FORMAT: u32 = 1;

/// Which files are about to change, in the order of their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Intent {
    pub(super) files: Vec<Entry>,
}

/// One file of an [`Intent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Below the root.
    pub(super) path: RepoPath,
    /// The SHA-256 of its old bytes.
    pub(super) before: String,
    /// The SHA-256 of its new bytes.
    pub(super) after: String,
    /// The name of its backup in the checkpoint's folder.
    pub(super) backup: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireIntent {
    format: u32,
    files: Vec<WireEntry>,
    /// The digest of all the rest; it tells a file that was cut off or changed.
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEntry {
    path: String,
    before_sha256: String,
    after_sha256: String,
    backup: String,
}

impl Intent {
    pub(super) fn of(changes: &Changes) -> Self {
        let files = changes.iter().enumerate().map(|(number, (path, change))| Entry {
            path: path.clone(),
            before: sha256(&change.before),
            after: sha256(&change.after),
            backup: backup_name(number),
        });
        Self { files: files.collect() }
    }

    /// The digest of everything that it says.
    pub(super) fn digest(&self) -> String {
        let mut text = format!("intent {FORMAT}\n");
        for Entry { path, before, after, backup } in &self.files {
            // Debug quotes line breaks, so no path can pass for another list.
            text.push_str(&format!("{:?} {before} {after} {backup}\n", path.as_str()));
        }
        sha256(text.as_bytes())
    }

    /// The bytes of its file.
    pub(super) fn seal(&self) -> Vec<u8> {
        let files = self.files.iter().map(|entry| WireEntry {
            path: entry.path.as_str().to_owned(),
            before_sha256: entry.before.clone(),
            after_sha256: entry.after.clone(),
            backup: entry.backup.clone(),
        });
        let wire = WireIntent { format: FORMAT, files: files.collect(), sha256: self.digest() };
        // Strings and numbers alone: this cannot fail.
        serde_json::to_vec_pretty(&wire).unwrap_or_default()
    }

    /// Reads the bytes of its file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, &'static str> {
        let wire: WireIntent =
            serde_json::from_slice(bytes).map_err(|_| "it was cut off or is no intent")?;
        if wire.format != FORMAT {
            return Err("it was written by another version of migration-gate");
        }
        let files = wire.files.into_iter().enumerate().map(|(number, entry)| {
            let path = RepoPath::new(&entry.path).filter(|path| path.as_str() == entry.path);
            let path = path.filter(|path| !path.is_root() && entry.backup == backup_name(number));
            path.map(|path| Entry {
                path,
                before: entry.before_sha256,
                after: entry.after_sha256,
                backup: entry.backup,
            })
        });
        let files = files.collect::<Option<_>>().ok_or("it names what no intent names")?;
        let intent = Self { files };
        if intent.digest() != wire.sha256 {
            return Err("it was changed after it was written");
        }
        Ok(intent)
    }
}

fn backup_name(number: usize) -> String {
    format!("backup-{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::files::Change;

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let change = Change { before: b"old".as_slice().into(), after: b"new".as_slice().into() };
        let changes = Changes::from([
            (RepoPath::new("a.json").unwrap(), change.clone()),
            (RepoPath::new("b/c.json").unwrap(), change),
        ]);
        let intent = Intent::of(&changes);
        let sealed = intent.seal();
        assert_eq!(Intent::open(&sealed), Ok(intent.clone()));
        for end in 0..sealed.len() {
            assert!(Intent::open(&sealed[..end]).is_err(), "cut at {end}");
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            // White space between the words is nobody's.
            assert!(Intent::open(&changed).map_or(true, |read| read == intent), "changed at {at}");
        }
    }

    #[test]
    fn an_intent_that_reaches_out_is_refused_even_with_a_right_digest() {
        for (path, backup) in
            [("../a", "backup-0"), ("/a", "backup-0"), ("", "backup-0"), ("a", "../backup-0")]
        {
            let files = vec![WireEntry {
                path: path.into(),
                before_sha256: sha256(b"old"),
                after_sha256: sha256(b"new"),
                backup: backup.into(),
            }];
            let wire = WireIntent { format: FORMAT, files, sha256: String::new() };
            let bytes = serde_json::to_vec(&wire).unwrap();
            assert_eq!(Intent::open(&bytes), Err("it names what no intent names"));
        }
        let later = br#"{"format": 2, "files": [], "sha256": ""}"#;
        assert!(Intent::open(later).unwrap_err().contains("another version"));
        let more = br#"{"format": 1, "files": [], "sha256": "", "more": 1}"#;
        assert!(Intent::open(more).is_err());
    }
}
