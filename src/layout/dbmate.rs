//! dbmate: `<version>_<name>.sql` with `-- migrate:up` and `-- migrate:down`.
//!
//! Source: [the README] and `pkg/dbmate/migration.go`. Options stand on the marker's line;
//! `transaction:false` is the only one. Files run in the order of their names, late ones too
//! unless `--strict` is given. No checksums are kept.
//!
//! [the README]: https://github.com/amacneil/dbmate#creating-migrations

use std::ops::Range;
use std::sync::Arc;

use super::shared::{self, File, Half, Line};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{
    Habits, LateMigrations, Location, Part, RepoPath, Script, Span, Step, TransactionMode, Tree,
    Version,
};

const EXPECTED: &str = "dbmate expects `<version>_<name>.sql`.";

/// See the module.
pub(super) struct Dbmate;

impl Layout for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
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
        shared::readable(tree).into_iter().find_map(|file| {
            let text = file.peek();
            let fits = file.folder().is_none()
                && file.name().ends_with(".sql")
                && shared::lines(text)
                    .any(|line| matches!(marker(text, &line), Some((Direction::Up, _))));
            fits.then(|| Detection {
                confidence: Confidence::Sure,
                reason: format!("\"-- migrate:up\" in {}", file.name()),
                engine: None,
            })
        })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        for file in shared::sift(tree, &mut reading) {
            if file.folder().is_some() {
                reading.problems.push(shared::nested(&file, "dbmate"));
            } else if file.name() == "schema.sql" {
                // What `dbmate dump` writes.
                reading.companions.push(file.path);
            } else {
                read_file(&file, &mut reading);
            }
        }
        shared::finish(reading)
    }
}

fn read_file(file: &File<'_>, reading: &mut Reading) {
    let Some(stem) = file.name().strip_suffix(".sql") else {
        reading.problems.push(shared::unclaimed(file, EXPECTED));
        return;
    };
    let digits = &stem[..stem.bytes().take_while(u8::is_ascii_digit).count()];
    if digits.is_empty() {
        reading.problems.push(shared::unclaimed(file, EXPECTED));
        return;
    }
    let (up, down) = match file.text_or_problem(reading) {
        None => (file.unreadable(), Some(file.unreadable())),
        Some(text) => match parse(&file.path, &text, reading) {
            None => return,
            Some((up, down)) => (Step::Sql(up), down.map(Step::Sql)),
        },
    };
    // dbmate sorts by file name: `10_b` stands before `1_a`, since `_` sorts after digits.
    let version = Version::new(digits, vec![Part::Text(format!("{digits}_"))]);
    let half = |step| Half::new(version.clone(), stem, step);
    shared::pair(vec![half(up)], down.map(half).into_iter().collect(), reading);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// The direction a line opens, and its options.
fn marker<'t>(text: &'t str, line: &Line) -> Option<(Direction, &'t str)> {
    let rest = text[line.start..line.end].strip_prefix("--")?.trim_start();
    let (direction, options) =
        match (rest.strip_prefix("migrate:up"), rest.strip_prefix("migrate:down")) {
            (Some(options), _) => (Direction::Up, options),
            (_, Some(options)) => (Direction::Down, options),
            _ => return None,
        };
    let bounded = options.is_empty() || options.starts_with(char::is_whitespace);
    bounded.then_some((direction, options.trim()))
}

/// A marker's section and mode.
struct Section {
    line: Range<usize>,
    body: usize,
    mode: TransactionMode,
}

/// What is wrong, where, and the way out.
type Fault = (Range<usize>, &'static str, &'static str);

fn parse(
    path: &RepoPath,
    text: &Arc<str>,
    reading: &mut Reading,
) -> Option<(Script, Option<Script>)> {
    let mut ignored = Vec::new();
    let found = sections(text, &mut ignored);
    let fatal = found.as_ref().err().cloned();
    for (span, message, help) in ignored.into_iter().chain(fatal) {
        let location = Location::at(path.clone(), Span::new(span.start, span.end));
        reading.problems.push(shared::invalid(location, message.to_owned(), help));
    }
    let (up, down) = found.ok()?;
    let script = |range: Range<usize>, mode| Script {
        path: path.clone(),
        text: text.clone(),
        sections: std::iter::once(range).collect(),
        blocks: Vec::new(),
        transaction: mode,
    };
    let end = down.as_ref().map_or(text.len(), |down| down.line.start);
    let down = down.map(|down| script(down.body..text.len(), down.mode));
    Some((script(up.body..end, up.mode), down))
}

fn sections(text: &str, ignored: &mut Vec<Fault>) -> Result<(Section, Option<Section>), Fault> {
    let (mut up, mut down): (Option<Section>, Option<Section>) = (None, None);
    for line in shared::lines(text) {
        let place = line.start..line.end;
        let Some((direction, options)) = marker(text, &line) else {
            let code = text[place.clone()].trim();
            if up.is_none() && down.is_none() && !code.is_empty() && !code.starts_with("--") {
                let message = "SQL stands before `-- migrate:up`, which dbmate refuses";
                return Err((place, message, "Move it below the marker."));
            }
            continue;
        };
        let slot = if direction == Direction::Up { &mut up } else { &mut down };
        if slot.is_some() {
            let help = "Keep one `-- migrate:up` and one `-- migrate:down`.";
            return Err((place, "this marker stands twice in the file", help));
        }
        let mode = match options {
            "" | "transaction:true" => TransactionMode::Wrapped,
            "transaction:false" => TransactionMode::Bare,
            _ => {
                let message = "dbmate ignores what it does not know on this line";
                ignored.push((place.clone(), message, "The only option is `transaction:false`."));
                TransactionMode::Wrapped
            }
        };
        *slot = Some(Section { line: place, body: line.next, mode });
    }
    let up = up.ok_or((
        0..text.len(),
        "there is no `-- migrate:up`, which dbmate demands",
        "Begin the file with `-- migrate:up`.",
    ))?;
    match down {
        Some(down) if down.line.start < up.line.start => {
            let message = "`-- migrate:down` stands before `-- migrate:up`";
            Err((down.line, message, "dbmate demands the up first."))
        }
        down => Ok((up, down)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;
    use crate::model::Down;

    fn read(sql: &str) -> Reading {
        Dbmate.read(&tree(&[("1_a.sql", sql)]))
    }

    #[test]
    fn each_direction_has_its_own_transaction_option() {
        let reading =
            read("-- migrate:up transaction:false\r\nVACUUM;\r\n--migrate:down\r\nSELECT 2;");
        let migration = &reading.migrations[0];
        let up = migration.up.script().unwrap();
        let down = migration.down.step().unwrap().script().unwrap();
        assert_eq!((up.sql().as_str(), up.transaction), ("VACUUM;\r\n", TransactionMode::Bare));
        assert_eq!(
            (down.sql().as_str(), down.transaction),
            ("SELECT 2;", TransactionMode::Wrapped)
        );
        assert!(reading.problems.is_empty());
    }

    #[test]
    fn a_missing_down_is_told_from_an_empty_one() {
        assert!(matches!(read("-- migrate:up\nSELECT 1;").migrations[0].down, Down::Missing));
        assert!(read("-- migrate:up\n-- migrate:down").migrations[0].down.step().is_some());
    }

    #[test]
    fn markers_out_of_place_are_reported() {
        for (sql, expected) in [
            ("", "no `-- migrate:up`"),
            ("SELECT 1;\n-- migrate:up\n", "before `-- migrate:up`"),
            ("-- migrate:down\n-- migrate:up\n", "`-- migrate:down` stands before"),
            ("-- migrate:up\n-- migrate:up\n", "twice"),
        ] {
            let reading = read(sql);
            assert!(reading.migrations.is_empty());
            assert!(problems(&reading)[0].contains(expected), "{sql:?}");
        }
        assert_eq!(read("-- migrate:up transaction:off\n").migrations.len(), 1);
    }

    #[test]
    fn the_order_is_that_of_the_file_names() {
        let up = "-- migrate:up\n";
        let reading = Dbmate.read(&tree(&[("1_a.sql", up), ("10_b.sql", up), ("schema.sql", "x")]));
        assert_eq!(ids(&reading), ["10_b", "1_a"]);
        assert_eq!(reading.companions.len(), 1);
    }
}
