//! refinery: `V<version>__<name>.sql` or `.rs`, and `U<version>__<name>` for unversioned ones.
//!
//! Source: [the README] and `refinery_core::util`. Versions are whole numbers; `U` does not undo:
//! such a migration may be applied late, while a late `V` is refused. There are no downs at all.
//! Subfolders are read. A script runs in a transaction unless one of its lines is
//! `-- refinery:noTransaction`. Checksums are verified.
//!
//! [the README]: https://github.com/rust-db/refinery#usage

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{Habits, LateMigrations, Location, Step, TransactionMode, Tree};

const EXPECTED: &str =
    "refinery expects `V<number>__<name>.sql` or `.rs`, with letters, digits and `_` in the name.";

/// See the module.
pub(super) struct Refinery;

impl Layout for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: true,
            late: LateMigrations::Refused,
            planned: false,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let files = shared::readable(tree);
        let fitting: Vec<&File<'_>> =
            files.iter().filter(|file| name(file.name()).is_some()).collect();
        let first = fitting.first()?.name();
        let rust = fitting.iter().find(|file| file.name().ends_with(".rs"));
        let marked = fitting.iter().find(|file| mode(file.peek()) == TransactionMode::Bare);
        let (confidence, reason) = if let Some(file) = rust {
            (Confidence::Sure, file.name().to_owned())
        } else if let Some(file) = marked {
            (Confidence::Sure, format!("\"refinery:noTransaction\" in {}", file.name()))
        } else if tree.has_neighbour("Cargo.toml") {
            (Confidence::Likely, format!("{first} and a Cargo.toml around"))
        } else {
            (Confidence::Possible, format!("a name such as {first}"))
        };
        Some(Detection { confidence, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let mut ups = Vec::new();
        for file in shared::sift(tree, &mut reading) {
            if matches!(file.name(), "mod.rs" | "lib.rs" | "main.rs") {
                reading.companions.push(file.path);
                continue;
            }
            let Some((digits, stem)) = name(file.name()) else {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
                continue;
            };
            if digits.contains('.') {
                let message = format!("the version of `{}` is no whole number", file.relative);
                let help = "refinery finds such files and then refuses them: number them `V2__…`.";
                let location = Location::file(file.path.clone());
                reading.problems.push(shared::invalid(location, message, help));
                continue;
            }
            let largest = i64::MAX.unsigned_abs();
            let Some(version) = shared::integer(digits, largest, &file, "refinery", &mut reading)
            else {
                continue;
            };
            let step = if file.name().ends_with(".rs") {
                Step::Foreign { path: file.path.clone(), language: "Rust" }
            } else {
                file.step(&mut reading, mode)
            };
            ups.push(Half::new(version, stem, step));
        }
        shared::pair(ups, Vec::new(), &mut reading);
        shared::finish(reading)
    }
}

/// The version's text and the stem.
fn name(name: &str) -> Option<(&str, &str)> {
    let stem = name.strip_suffix(".sql").or(name.strip_suffix(".rs"))?;
    let (head, title) = stem.split_once("__")?;
    let digits = head.strip_prefix('V').or(head.strip_prefix('U'))?;
    let whole = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = match digits.split_once('.') {
        Some((before, after)) => whole(before) && whole(after),
        None => whole(digits),
    };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    (number && !title.is_empty() && title.chars().all(word)).then_some((digits, stem))
}

fn mode(body: &str) -> TransactionMode {
    let marked = shared::lines(body).any(|line| {
        let line = &body[line.start..line.end];
        let dashes = line.trim_start_matches('-');
        let rest = dashes.strip_prefix(char::is_whitespace).unwrap_or(dashes);
        line.len() - dashes.len() >= 2 && rest == "refinery:noTransaction"
    });
    if marked { TransactionMode::Bare } else { TransactionMode::Wrapped }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;
    use crate::model::Down;

    #[test]
    fn u_is_unversioned_and_never_an_undo() {
        let reading = Refinery.read(&tree(&[
            ("V1__a.sql", ""),
            ("U2__b.sql", ""),
            ("more/V10__c.rs", ""),
            ("mod.rs", ""),
        ]));
        assert_eq!(ids(&reading), ["V1__a", "U2__b", "V10__c"]);
        assert!(reading.migrations.iter().all(|m| matches!(m.down, Down::Missing)));
        assert!(matches!(reading.migrations[2].up, Step::Foreign { language: "Rust", .. }));
        assert!(problems(&reading).is_empty());
    }

    #[test]
    fn the_annotation_may_stand_on_any_line() {
        let reading = Refinery.read(&tree(&[
            ("V1__a.sql", "-- why\r\n-- refinery:noTransaction\r\nVACUUM;"),
            ("V2__b.sql", "-- not refinery:noTransaction\nSELECT 1;"),
        ]));
        let modes: Vec<_> = reading
            .migrations
            .iter()
            .filter_map(|migration| migration.up.script().map(|script| script.transaction))
            .collect();
        assert_eq!(modes, [TransactionMode::Bare, TransactionMode::Wrapped]);
    }

    #[test]
    fn names_it_refuses_are_reported() {
        let reading = Refinery.read(&tree(&[("V1.2__a.sql", ""), ("V3__b-c.sql", "")]));
        assert!(problems(&reading)[0].contains("no whole number"));
        assert!(problems(&reading)[1].contains("V3__b-c.sql"));
    }
}
