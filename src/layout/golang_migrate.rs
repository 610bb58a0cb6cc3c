//! golang-migrate: `<version>_<title>.up.sql` and `<version>_<title>.down.sql`.
//!
//! Source: [MIGRATIONS.md] and `source/parse.go`. Versions are unsigned 64-bit integers; up and
//! down pair by version alone. A script is sent to the server as one message. `migrate up` walks
//! from the version it finds in the database, so it never runs a late one and says nothing.
//! Checksums are not kept; `atlas.sum` beside the files belongs to a linter, not to the tool.
//!
//! [MIGRATIONS.md]: https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md

use super::shared::{self, File, Flat, Name};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{Habits, LateMigrations, TransactionMode, Tree};

const FLAT: Flat = Flat {
    tool: "golang-migrate",
    expected: "golang-migrate expects `<version>_<title>.up.sql` and `<version>_<title>.down.sql`.",
    largest: u64::MAX,
    name,
    mode: |_| TransactionMode::SingleBatch,
};

/// See the module.
pub(super) struct GolangMigrate;

impl Layout for GolangMigrate {
    fn name(&self) -> &'static str {
        FLAT.tool
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Skipped,
            planned: false,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let files = shared::readable(tree);
        let fitting: Vec<&File<'_>> = files
            .iter()
            .filter(|file| file.folder().is_none() && name(file.name()).is_some())
            .collect();
        let first = fitting.first()?.name();
        let project = shared::nearer(tree, "go.mod", "Cargo.toml");
        // `migrate create -seq` writes six digits.
        let sequence = name(first).is_some_and(|name| name.digits.len() == 6);
        let (confidence, reason) = if tree.get("atlas.sum").is_some() {
            (Confidence::Sure, format!("{first} and atlas.sum"))
        } else if project == Some(true) {
            (Confidence::Likely, format!("{first} and a go.mod around"))
        } else if sequence && project.is_none() {
            (Confidence::Likely, format!("six digits as in {first}"))
        } else {
            (Confidence::Possible, format!("a name such as {first}"))
        };
        Some(Detection { confidence, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        FLAT.read(tree)
    }
}

fn name(name: &str) -> Option<Name<'_>> {
    let stem = name.strip_suffix(".sql")?;
    let (digits, _) = shared::numbered(stem)?;
    match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
        (Some(stem), _) => Some(Name { digits, stem, down: false }),
        (_, Some(stem)) => Some(Name { digits, stem, down: true }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;

    #[test]
    fn names_of_up_and_down_may_differ() {
        let reading = GolangMigrate.read(&tree(&[
            ("000001_users.up.sql", "CREATE TABLE u(a int);"),
            ("000001_drop_users.down.sql", "DROP TABLE u;"),
            ("atlas.sum", "h1:"),
        ]));
        assert_eq!(ids(&reading), ["000001_users"]);
        assert_eq!(reading.migrations[0].files.len(), 2);
        assert_eq!(reading.companions.len(), 1);
        assert!(problems(&reading).is_empty());
    }

    #[test]
    fn two_ups_of_one_version_stay_two_and_a_down_goes_with_its_name() {
        let reading = GolangMigrate.read(&tree(&[
            ("1_a.up.sql", ""),
            ("1_b.up.sql", ""),
            ("1_b.down.sql", ""),
        ]));
        assert_eq!(ids(&reading), ["1_a", "1_b"]);
        assert!(reading.migrations[0].down.step().is_none());
        assert!(reading.migrations[1].down.step().is_some());
    }

    #[test]
    fn a_down_without_up_and_other_extensions_are_reported() {
        let reading = GolangMigrate.read(&tree(&[("1_a.down.sql", ""), ("2_b.up.json", "[]")]));
        let found = problems(&reading);
        assert!(found[0].contains("no up left"), "{found:?}");
        assert!(found[1].contains("2_b.up.json"), "{found:?}");
    }
}
