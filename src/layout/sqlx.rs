//! sqlx: `<VERSION>_<DESCRIPTION>.sql`, or the same with `.up.sql` and `.down.sql`.
//!
//! Source: [`MigrationSource`], `sqlx_core::migrate` and the templates of `sqlx migrate add`.
//! Versions are positive 64-bit integers; up and down pair by version alone. A script runs in a
//! transaction unless the file begins with `-- no-transaction`. Applied files are compared by
//! SHA-384. `Migrator::run` walks all files and runs each that is not applied yet, so a late one
//! is run; it refuses only applied versions that have no file any more.
//!
//! [`MigrationSource`]: https://docs.rs/sqlx/latest/sqlx/migrate/trait.MigrationSource.html

use super::shared::{self, File, Flat, Name};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{Habits, LateMigrations, TransactionMode, Tree};

const FLAT: Flat = Flat {
    tool: "sqlx",
    expected: "sqlx expects `<version>_<description>.sql`, or `.up.sql` and `.down.sql` in its place.",
    largest: i64::MAX.unsigned_abs(),
    name,
    mode,
};

/// The comments that `sqlx migrate add` and sqlx itself know; no other tool writes them.
const MARKS: [&str; 4] = [
    "-- Add migration script here",
    "-- Add up migration script here",
    "-- Add down migration script here",
    "-- no-transaction",
];

/// See the module.
pub(super) struct Sqlx;

impl Layout for Sqlx {
    fn name(&self) -> &'static str {
        FLAT.tool
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: true,
            late: LateMigrations::Applied,
            planned: false,
            sqlite_foreign_keys: true,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let files = shared::readable(tree);
        let fitting: Vec<&File<'_>> = files
            .iter()
            .filter(|file| file.folder().is_none() && name(file.name()).is_some())
            .collect();
        let first = fitting.first()?;
        let marked = fitting.iter().find_map(|file| {
            let text = file.peek();
            let body = &text[shared::body_start(text)..];
            MARKS.iter().find(|mark| body.starts_with(**mark)).map(|mark| (mark, file.name()))
        });
        let (confidence, reason) = if let Some((mark, name)) = marked {
            (Confidence::Sure, format!("\"{mark}\" in {name}"))
        } else if shared::nearer(tree, "Cargo.toml", "go.mod") == Some(true) {
            (Confidence::Likely, format!("{} and a Cargo.toml around", first.name()))
        } else {
            (Confidence::Possible, format!("a name such as {}", first.name()))
        };
        Some(Detection { confidence, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        FLAT.read(tree)
    }
}

fn mode(body: &str) -> TransactionMode {
    if body.starts_with("-- no-transaction") {
        TransactionMode::Bare
    } else {
        TransactionMode::Wrapped
    }
}

fn name(name: &str) -> Option<Name<'_>> {
    let stem = name.strip_suffix(".sql")?;
    let (digits, _) = shared::numbered(stem)?;
    let (stem, down) = match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
        (Some(stem), _) => (stem, false),
        (_, Some(stem)) => (stem, true),
        _ => (stem, false),
    };
    Some(Name { digits, stem, down })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;
    use crate::model::Down;

    #[test]
    fn simple_and_reversible_files_stand_side_by_side() {
        let tree = tree(&[
            ("1_a.sql", "SELECT 1;"),
            ("2_b.up.sql", "SELECT 2;"),
            ("2_other_name.down.sql", "SELECT 3;"),
        ]);
        let reading = Sqlx.read(&tree);
        assert_eq!(ids(&reading), ["1_a", "2_b"]);
        assert!(matches!(reading.migrations[0].down, Down::Missing));
        assert!(reading.migrations[1].down.step().is_some());
        assert!(problems(&reading).is_empty());
    }

    #[test]
    fn only_the_very_first_line_turns_the_transaction_off() {
        let tree = tree(&[
            ("1_a.sql", "-- no-transaction\r\nVACUUM;"),
            ("2_b.sql", "\n-- no-transaction\nSELECT 1;"),
        ]);
        let modes: Vec<_> = Sqlx
            .read(&tree)
            .migrations
            .iter()
            .filter_map(|migration| migration.up.script().map(|script| script.transaction))
            .collect();
        assert_eq!(modes, [TransactionMode::Bare, TransactionMode::Wrapped]);
    }

    #[test]
    fn versions_beyond_64_bits_are_refused() {
        let tree = tree(&[("9223372036854775808_a.sql", "")]);
        assert!(problems(&Sqlx.read(&tree))[0].contains("larger than sqlx can hold"));
    }
}
