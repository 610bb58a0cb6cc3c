//! diesel: a folder `<version>_<name>` with `up.sql`, `down.sql` and perhaps `metadata.toml`.
//!
//! Source: the [`diesel_migrations`] guide and `migrations_internals`. The version is what stands
//! before the first `_`, without its `-`, compared as text. Each migration runs in a transaction
//! of its own unless `metadata.toml` says `run_in_transaction = false`; a `metadata.toml` without
//! that key turns the transaction off as well, since the key's default there is `false`. Other
//! keys are allowed and handed to custom harnesses. No checksums are kept, and pending migrations
//! run whether or not later ones have run already.
//!
//! [`diesel_migrations`]: https://docs.rs/diesel_migrations

use std::collections::BTreeMap;

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{
    Habits, LateMigrations, Location, Part, Problem, RepoPath, Span, TransactionMode, Tree, Version,
};

const EXPECTED: &str =
    "diesel expects folders `<version>_…` with `up.sql`, `down.sql` and `metadata.toml`.";

/// See the module.
pub(super) struct Diesel;

/// The files of one folder.
#[derive(Default)]
struct Folder<'t> {
    up: Option<File<'t>>,
    down: Option<File<'t>>,
    metadata: Option<File<'t>>,
}

impl Layout for Diesel {
    fn name(&self) -> &'static str {
        "diesel"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Applied,
            planned: false,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let folder = tree.iter().find_map(|(path, _)| {
            let folder = path.strip_suffix("/up.sql")?;
            let fits = !folder.contains('/')
                && folder.starts_with(|first: char| first.is_ascii_digit())
                && folder.contains('_');
            fits.then_some(folder)
        })?;
        let own = |path: &str| {
            path.ends_with("/metadata.toml") || path.contains("_diesel_initial_setup/")
        };
        let (confidence, reason) = if let Some((path, _)) = tree.iter().find(|(path, _)| own(path))
        {
            (Confidence::Sure, path.to_owned())
        } else if tree.has_neighbour("diesel.toml") {
            (Confidence::Sure, format!("{folder}/up.sql and a diesel.toml around"))
        } else {
            (Confidence::Likely, format!("{folder}/up.sql"))
        };
        Some(Detection { confidence, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let mut folders: BTreeMap<&str, Folder<'_>> = BTreeMap::new();
        for file in shared::sift(tree, &mut reading) {
            // diesel skips folders whose name begins with a dot.
            let fits = |folder: &&str| !folder.contains('/') && !folder.starts_with('.');
            let Some(folder) = file.folder().filter(fits) else {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
                continue;
            };
            let slot = folders.entry(folder).or_default();
            match file.name() {
                "up.sql" => slot.up = Some(file),
                "down.sql" => slot.down = Some(file),
                "metadata.toml" => slot.metadata = Some(file),
                _ => reading.problems.push(shared::unclaimed(&file, EXPECTED)),
            }
        }
        for (name, folder) in folders {
            read_folder(name, folder, &mut reading);
        }
        shared::finish(reading)
    }
}

/// A folder is paired by itself: two folders of one version never lend each other a down.
fn read_folder(name: &str, folder: Folder<'_>, reading: &mut Reading) {
    let mode = match &folder.metadata {
        Some(metadata) => mode(metadata, reading),
        None => TransactionMode::Wrapped,
    };
    let written = name.split('_').next().unwrap_or(name);
    let version = Version::new(written, vec![Part::Text(written.replace('-', ""))]);
    let mut half = |file: &File<'_>| Half::new(version.clone(), name, file.step(reading, |_| mode));
    let up = folder.up.as_ref().map(&mut half);
    let down = folder.down.as_ref().map(&mut half);
    let metadata: Vec<RepoPath> = folder.metadata.map(|file| file.path).into_iter().collect();
    let ups = match up {
        Some(up) => vec![Half { extras: metadata, ..up }],
        None => {
            reading.companions.extend(metadata);
            Vec::new()
        }
    };
    shared::pair(ups, down.into_iter().collect(), reading);
}

#[derive(serde::Deserialize)]
struct Metadata {
    run_in_transaction: Option<bool>,
}

fn mode(file: &File<'_>, reading: &mut Reading) -> TransactionMode {
    match parse(file) {
        Ok(true) => TransactionMode::Wrapped,
        Ok(false) => TransactionMode::Bare,
        Err(problem) => {
            reading.problems.push(problem);
            TransactionMode::Wrapped
        }
    }
}

fn parse(file: &File<'_>) -> Result<bool, Problem> {
    let text = file.text()?;
    let start = shared::body_start(&text);
    let metadata: Metadata = toml::from_str(&text[start..]).map_err(|error| {
        let location = match error.span() {
            Some(span) => {
                Location::at(file.path.clone(), Span::new(start + span.start, start + span.end))
            }
            None => Location::file(file.path.clone()),
        };
        shared::invalid(
            location,
            format!("`{}` cannot be read: {}", file.relative, error.message()),
            "diesel reads TOML such as `run_in_transaction = false`.",
        )
    })?;
    metadata.run_in_transaction.ok_or_else(|| {
        shared::invalid(
            Location::file(file.path.clone()),
            format!(
                "`{}` does not say `run_in_transaction`, and diesel then runs without one",
                file.relative
            ),
            "Say `run_in_transaction = true` or `false`, or remove the file.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;
    use crate::model::Step;

    #[test]
    fn dashes_do_not_count_in_the_order() {
        let reading = Diesel.read(&tree(&[
            ("2026-07-30-140000-0000_c/up.sql", ""),
            ("20140924113530_a/up.sql", ""),
            ("2017-10-08-193512_b/up.sql", ""),
        ]));
        assert_eq!(
            ids(&reading),
            ["20140924113530_a", "2017-10-08-193512_b", "2026-07-30-140000-0000_c"]
        );
    }

    #[test]
    fn metadata_turns_the_transaction_off_both_ways() {
        let reading = Diesel.read(&tree(&[
            ("1_a/up.sql", "VACUUM;"),
            ("1_a/down.sql", ""),
            ("1_a/metadata.toml", "\u{feff}run_in_transaction = false\nnote = 'x'\n"),
        ]));
        let migration = &reading.migrations[0];
        let bare = |step: &Step| step.script().unwrap().transaction == TransactionMode::Bare;
        assert!(bare(&migration.up) && bare(migration.down.step().unwrap()));
        assert_eq!(migration.files.len(), 3);
        assert!(problems(&reading).is_empty());
    }

    #[test]
    fn broken_or_silent_metadata_is_reported_with_its_place() {
        let reading = Diesel.read(&tree(&[
            ("1_a/up.sql", ""),
            ("1_a/metadata.toml", "run_in_transaction = maybe\n"),
            ("2_b/up.sql", ""),
            ("2_b/metadata.toml", "run_in_transactions = false\n"),
        ]));
        assert_eq!(reading.problems.len(), 2);
        assert_eq!(reading.problems[0].location.span.map(|span| span.start), Some(21));
        assert!(reading.problems[1].message.contains("does not say"));
    }

    #[test]
    fn folders_never_lend_each_other_a_down() {
        let reading = Diesel.read(&tree(&[("1_a/up.sql", ""), ("1_b/down.sql", "")]));
        assert!(reading.migrations[0].down.step().is_none());
        assert!(problems(&reading)[0].contains("no up left"));
    }
}
