//! postgres-migrations: `<id>_<name>.sql` or `.js`, with ids that count from 1.
//!
//! Source: [postgres-migrations] (`src/file-name-parser.ts`, `src/validation.ts`,
//! `src/run-migration.ts`). Ids are consecutive and begin at 1; the library itself is 0. Each
//! migration runs in a transaction unless it says `-- postgres-migrations disable-transaction`.
//! There are no downs. Hashes of applied files are compared, and a file whose id is taken or left
//! out stops the run.
//!
//! [postgres-migrations]: https://github.com/ThomWright/postgres-migrations

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{EngineKind, Habits, LateMigrations, Location, Step, TransactionMode, Tree};

const NAME: &str = "postgres-migrations";
const MARK: &str = "-- postgres-migrations disable-transaction";
const EXPECTED: &str = "postgres-migrations expects `<id>_<name>.sql` or `<id>_<name>.js`.";

/// See the module.
pub(super) struct PostgresMigrations;

impl Layout for PostgresMigrations {
    fn name(&self) -> &'static str {
        NAME
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
        let top: Vec<&File<'_>> = files.iter().filter(|file| file.folder().is_none()).collect();
        let fitting: Vec<(&str, &str)> =
            top.iter().filter_map(|file| Some((file.name(), id(file.name())?))).collect();
        let (first, _) = fitting.first()?;
        let marked = top.iter().find(|file| file.peek().contains(MARK));
        let mut numbers: Vec<u64> = fitting.iter().filter_map(|(_, id)| id.parse().ok()).collect();
        numbers.sort_unstable();
        let counts = numbers.iter().zip(1..).all(|(number, place)| *number == place);
        let all = fitting.len() == top.len() && counts;
        let node = shared::nearer(tree, "package.json", "Cargo.toml") == Some(true);
        let (confidence, reason) = if let Some(file) = marked {
            (Confidence::Sure, format!("\"{MARK}\" in {}", file.name()))
        } else if all && fitting.iter().any(|(name, _)| name.contains('-')) {
            (Confidence::Likely, format!("ids that count from 1, such as {first}"))
        } else if all && node {
            (Confidence::Likely, format!("{first} and a package.json around"))
        } else {
            return None;
        };
        let engine = Some((EngineKind::Postgres, format!("{NAME}, which knows no other")));
        Some(Detection { confidence, reason, engine })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let mut ups = Vec::new();
        for file in shared::sift(tree, &mut reading) {
            let name = file.name();
            let code = [".sql", ".js"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
            if file.folder().is_some() {
                // What a JavaScript migration requires stands beside it, or below.
                reading.companions.push(file.path);
            } else if let Some(digits) = id(name) {
                ups.extend(half(&file, digits, &mut reading));
            } else if code {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
            } else {
                reading.companions.push(file.path);
            }
        }
        consecutive(&mut ups, &mut reading);
        shared::pair(ups, Vec::new(), &mut reading);
        shared::finish(reading)
    }
}

/// The id of `1_name.sql`, `001-name.sql` or `1name.js`.
fn id(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".sql").or_else(|| name.strip_suffix(".js"))?;
    let end = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
    stem.get(..end).filter(|digits| !digits.is_empty())
}

fn half(file: &File<'_>, digits: &str, reading: &mut Reading) -> Option<Half> {
    // JavaScript's largest exact integer.
    let version = shared::integer(digits, (1 << 53) - 1, file, NAME, reading)?;
    let (stem, _) = file.name().rsplit_once('.')?;
    let step = if file.name().ends_with(".js") {
        Step::Foreign { path: file.path.clone(), language: "JavaScript" }
    } else {
        // The whole file is one message to the server.
        file.step(reading, |text| match text.contains(MARK) {
            true => TransactionMode::SingleBatch,
            false => TransactionMode::Wrapped,
        })
    };
    Some(Half::new(version, stem, step))
}

/// The library refuses ids that do not count 1, 2, 3; one that comes twice is another finding.
fn consecutive(ups: &mut [Half], reading: &mut Reading) {
    ups.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.step.path().cmp(b.step.path())));
    let mut before = 0;
    for up in ups {
        let number = up.version.number().unwrap_or(0);
        let twice = number == before && before > 0;
        if number != before + 1 && !twice {
            let message = match number {
                0 => "the id 0 belongs to postgres-migrations itself".to_owned(),
                _ => format!("the id {number} comes after {before}, and ids may leave none out"),
            };
            let help = "Number the files 1, 2, 3 and so on; postgres-migrations stops otherwise.";
            let place = Location::file(up.step.path().clone());
            reading.problems.push(shared::invalid(place, message, help));
        }
        before = number;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;

    #[test]
    fn ids_are_read_as_the_library_does() {
        assert_eq!(id("1_a.sql"), Some("1"));
        assert_eq!(id("001-a.js"), Some("001"));
        assert_eq!(id("2b.sql"), Some("2"));
        assert_eq!(id("a.sql"), None);
        assert_eq!(id("1_a.ts"), None);
    }

    #[test]
    fn javascript_stands_in_the_sequence_and_the_mark_ends_the_transaction() {
        let reading = PostgresMigrations.read(&tree(&[
            ("10-c.sql", ""),
            ("001_a.sql", "-- postgres-migrations disable-transaction\nVACUUM;"),
            ("2-b.js", ""),
            ("helpers/sql.js", ""),
        ]));
        assert_eq!(ids(&reading), ["001_a", "2-b", "10-c"]);
        let up = |at: usize| &reading.migrations[at].up;
        assert_eq!(up(0).script().unwrap().transaction, TransactionMode::SingleBatch);
        assert!(matches!(up(1), Step::Foreign { language: "JavaScript", .. }));
        assert_eq!(problems(&reading), ["the id 10 comes after 2, and ids may leave none out"]);
    }

    #[test]
    fn the_id_zero_is_taken() {
        let reading = PostgresMigrations.read(&tree(&[("0_a.sql", ""), ("1_b.sql", "")]));
        assert_eq!(problems(&reading), ["the id 0 belongs to postgres-migrations itself"]);
    }
}
