//! `V<number>.<name>.up.sql` and `V<number>.<name>.down.sql`, as home-made runners have them.
//!
//! No published tool owns these names, so little can be known of how they are run: each file is
//! taken for one message to the server, a late one is taken to be run, and no checksums are
//! counted on. A manifest or a header says more.

use super::shared::{self, Flat, Name};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{Habits, LateMigrations, TransactionMode, Tree};

const FLAT: Flat = Flat {
    tool: "a set of versioned pairs",
    expected: "A set of versioned pairs has `V<number>.<name>.up.sql` and `.down.sql`, such as \
               `V0001.CreateBooks.up.sql`.",
    largest: u64::MAX,
    name,
    mode: |_| TransactionMode::SingleBatch,
};

/// See the module.
pub(super) struct VersionedPairs;

impl Layout for VersionedPairs {
    fn name(&self) -> &'static str {
        "versioned-pairs"
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
        let files = shared::readable(tree);
        let first =
            files.iter().find(|file| file.folder().is_none() && name(file.name()).is_some())?;
        let reason = format!("a name such as {}", first.name());
        Some(Detection { confidence: Confidence::Sure, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        FLAT.read(tree)
    }
}

fn name(name: &str) -> Option<Name<'_>> {
    let (stem, down) = match name.strip_suffix(".up.sql") {
        Some(stem) => (stem, false),
        None => (name.strip_suffix(".down.sql")?, true),
    };
    let (digits, rest) = stem.strip_prefix('V')?.split_once('.')?;
    let fits = !digits.is_empty() && !rest.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(Name { digits, stem, down })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;

    #[test]
    fn pairs_are_ordered_by_their_numbers() {
        let reading = VersionedPairs.read(&tree(&[
            ("V10.AddIsbn.up.sql", ""),
            ("V0002.CreateAuthors.up.sql", ""),
            ("V0002.CreateAuthors.down.sql", ""),
            ("V2__flyway.sql", ""),
        ]));
        assert_eq!(ids(&reading), ["V0002.CreateAuthors", "V10.AddIsbn"]);
        assert!(reading.migrations[0].down.step().is_some());
        assert_eq!(problems(&reading), ["no migration claims `V2__flyway.sql`"]);
    }
}
