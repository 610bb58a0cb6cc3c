//! `documents`: config migrations of this tool's own, `<number>_<name>` in TOML, YAML or JSON.
//!
//! Each says what becomes of the documents of one schema between two of its versions; the format
//! is in `format`. The way back is computed where it can be. Nothing is detected: a folder of
//! numbered documents may be anything, so a set has to say that it is of this kind.
//!
//! What a set needs beside its migrations may lie with it: the compatibility contract, and in
//! subfolders schemas and fixtures.

mod file;
mod format;
mod operation;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use format::json_schema;

use super::shared::{self, File};
use super::{Confidence, Detection, Layout, Reading};
use crate::document::{self, Format};
use crate::model::{
    Down, EngineKind, EntryKind, Habits, Kind, LateMigrations, Location, Migration, RepoPath, Tree,
};

const EXPECTED: &str = "A config migration is called `<number>_<name>.toml`, or ends in .yaml, .yml, .json or \
     .jsonc; schemas and fixtures may lie in subfolders.";

/// The names a compatibility contract may have in the set's folder; the first that is there is
/// read.
const CONTRACTS: [&str; 4] = [
    "compatibility_contract.toml",
    "compatibility_contract.yaml",
    "compatibility_contract.yml",
    "compatibility_contract.json",
];

/// A larger file is not a program that people write.
const LARGEST_PROGRAM: usize = 64 << 10;

/// See the module.
pub(super) struct Documents;

impl Layout for Documents {
    fn name(&self) -> &'static str {
        "documents"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Applied,
            planned: false,
            sqlite_foreign_keys: false,
        }
    }

    /// Asked only where a set names it; which engine that is for is then beyond doubt.
    fn detect(&self, _: &Tree) -> Option<Detection> {
        let reason = "the layout documents, which is for no other";
        let engine = Some((EngineKind::Documents, reason.to_owned()));
        let reason = "the configuration".to_owned();
        Some(Detection { confidence: Confidence::Possible, reason, engine })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let mut others = Vec::new();
        for file in shared::sift(tree, &mut reading) {
            match number(&file.path) {
                Some((digits, id)) if file.folder().is_none() => {
                    migration(tree, &file, digits, id, &mut reading);
                }
                _ => others.push(file),
            }
        }
        // What a migration names is its own, whatever it is called.
        let claimed: BTreeSet<_> =
            reading.migrations.iter().flat_map(|one| one.files.iter().cloned()).collect();
        for file in others.iter().filter(|file| !claimed.contains(&file.path)) {
            other(tree, file, &mut reading);
        }
        reading.companions.retain(|path| !claimed.contains(path));
        shared::finish(reading)
    }
}

/// The number and the id of a document that is named like a migration.
fn number(path: &RepoPath) -> Option<(&str, &str)> {
    Format::of(path)?;
    let (stem, _) = path.file_name().rsplit_once('.')?;
    shared::numbered(stem).map(|(digits, _)| (digits, stem))
}

fn numbered(path: &RepoPath) -> bool {
    number(path).is_some()
}

fn migration(tree: &Tree, file: &File<'_>, digits: &str, id: &str, reading: &mut Reading) {
    let Some(version) = shared::integer(digits, u64::MAX, file, "the gate", reading) else {
        return;
    };
    let mut files = vec![file.path.clone()];
    let mut steps = None;
    if let Some(text) = file.text_or_problem(reading) {
        let read = file::read(&file.path, id, &text, &|name| beside(tree, name));
        reading.problems.extend(read.problems);
        let named = read.named.iter().filter(|name| tree.get(name).is_some());
        let named = named.map(|name| tree.path(name));
        // A command may look at another migration, which stays one of its own.
        files.extend(named.filter(|path| path.parent() != file.path.parent() || !numbered(path)));
        steps = read.steps;
    }
    // What cannot be read keeps its place, so that what comes after is not blamed for it.
    let (up, down) = steps.unwrap_or_else(|| (file.unreadable(), Down::Step(file.unreadable())));
    reading.migrations.push(Migration {
        id: id.to_owned(),
        version,
        kind: Kind::Versioned,
        up,
        down,
        verify: None,
        depends_on: Vec::new(),
        files,
    });
}

/// The text of a file in the set's folder, or why it cannot be had.
fn beside(tree: &Tree, name: &str) -> Result<Arc<str>, String> {
    let entry = tree.get(name).ok_or("is not in the set's folder")?;
    if entry.kind != EntryKind::File {
        return Err("is not a file that can be read".to_owned());
    }
    let text = std::str::from_utf8(&entry.bytes).map_err(|_| "is not UTF-8")?;
    if text.len() > LARGEST_PROGRAM {
        return Err("is larger than 64 KiB".to_owned());
    }
    if text.contains('\0') {
        return Err("holds a NUL byte".to_owned());
    }
    Ok(Arc::from(text))
}

/// A file that is no migration and that none names.
fn other(tree: &Tree, file: &File<'_>, reading: &mut Reading) {
    let name = file.name();
    if file.folder().is_none() && CONTRACTS.contains(&name) {
        reading.companions.push(file.path.clone());
        let read = CONTRACTS.iter().find(|name| tree.get(name).is_some());
        if let Some(read) = read.filter(|read| **read != name) {
            let message = format!("`{name}` is not read, because {read} stands beside it");
            let help = "Keep one contract: move its schemas over, and remove the other file.";
            let place = Location::file(file.path.clone());
            reading.problems.push(shared::invalid(place, message, help));
        }
        return;
    }
    let document = Format::of(&file.path).is_some();
    if file.folder().is_some() && is_migration(file) {
        reading.problems.push(shared::nested(file, "migration-gate"));
    } else if document && (file.folder().is_some() || is_schema(name)) {
        reading.companions.push(file.path.clone());
    } else if name.ends_with(".jq") {
        let help = "Name it in a migration, as `jq = { file = \"…\" }`, or remove it.";
        reading.problems.push(shared::unclaimed(file, help));
    } else {
        reading.problems.push(shared::unclaimed(file, EXPECTED));
    }
}

/// `app.schema.json`
fn is_schema(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.ends_with(".schema")
}

/// Whether a numbered document in a subfolder is a migration that went astray, and no fixture.
fn is_migration(file: &File<'_>) -> bool {
    let format = Format::of(&file.path).filter(|_| numbered(&file.path));
    let Some(format) = format else { return false };
    let root = document::read(format, file.peek());
    root.is_ok_and(|root| ["up", "schema"].iter().all(|key| root.get(key).is_some()))
}
