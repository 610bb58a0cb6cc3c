//! sql-migrate: `<name>.sql` with `-- +migrate Up` and `-- +migrate Down`.
//!
//! Source: [the README], `sqlparse` and `migrate.go`. Annotations are matched to the letter;
//! `notransaction` stands on the line of the direction it is for. Names that begin with a number
//! run first, by that number, the others after them by name. Files that were merged late are
//! caught up with. Checksums are [not kept] by the released versions. What `dbconfig.yml` says
//! stands outside the folder, and its environments may name one folder for each dialect.
//!
//! Two things sql-migrate takes are reported here, since nobody means them: a direction that is
//! opened twice, and SQL before the first one, which it never runs.
//!
//! [the README]: https://github.com/rubenv/sql-migrate#writing-migrations
//! [not kept]: https://github.com/rubenv/sql-migrate/pull/275

use super::annotated::{Annotated, Annotation};
use super::shared::{self, File, Half, Line};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{Habits, LateMigrations, Location, Part, Tree, Version};

const PREFIX: &str = "-- +migrate ";

const FORM: Annotated = Annotated {
    tool: "sql-migrate",
    prefix: "-- +migrate",
    help: "See https://github.com/rubenv/sql-migrate#writing-migrations.",
    annotation,
};

const EXPECTED: &str = "sql-migrate expects `<name>.sql`.";

/// See the module.
pub(super) struct SqlMigrate;

impl Layout for SqlMigrate {
    fn name(&self) -> &'static str {
        FORM.tool
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
            let up =
                |line: &Line| matches!(annotation(text, line), Some(Ok(Annotation::Up { .. })));
            let fits = file.folder().is_none()
                && file.name().ends_with(".sql")
                && shared::lines(text).any(|line| up(&line));
            fits.then(|| Detection {
                confidence: Confidence::Sure,
                reason: format!("\"-- +migrate Up\" in {}", file.name()),
                engine: None,
            })
        })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        for file in shared::sift(tree, &mut reading) {
            if file.folder().is_some() {
                reading.problems.push(shared::nested(&file, FORM.tool));
            } else if matches!(file.name(), "dbconfig.yml" | "dbconfig.yaml") {
                reading.companions.push(file.path);
            } else if let Some(stem) = file.name().strip_suffix(".sql") {
                read_file(&file, stem, &mut reading);
            } else {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
            }
        }
        shared::finish(reading)
    }
}

fn read_file(file: &File<'_>, stem: &str, reading: &mut Reading) {
    let Some(version) = version(stem) else {
        let location = Location::file(file.path.clone());
        let message =
            format!("the number of `{}` is larger than sql-migrate can hold", file.name());
        let help = "Use a sequence number or a time such as 20260131120000.";
        reading.problems.push(shared::invalid(location, message, help));
        return;
    };
    let (up, down) = match file.text_or_problem(reading) {
        None => (file.unreadable(), Some(file.unreadable())),
        Some(text) => match FORM.read(&file.path, &text, reading) {
            None => return,
            Some(steps) => steps,
        },
    };
    let half = |step| Half::new(version.clone(), stem, step);
    shared::pair(vec![half(up)], down.map(half).into_iter().collect(), reading);
}

/// Numbers before names; `None` where the number does not fit into 64 bits.
fn version(stem: &str) -> Option<Version> {
    let digits = &stem[..stem.bytes().take_while(u8::is_ascii_digit).count()];
    if digits.is_empty() {
        return Some(Version::text(stem));
    }
    let number = digits.parse::<i64>().ok()?;
    let number = Part::Number(u128::from(number.unsigned_abs()));
    // The name decides between equal numbers, and is what a target remembers.
    Some(Version::new(stem, vec![number, Part::Text(stem.to_owned())]))
}

fn annotation(text: &str, line: &Line) -> Option<Result<Annotation, String>> {
    let body = &text[line.start..line.end];
    let Some(command) = body.strip_prefix(PREFIX) else {
        let rest = body.trim_start().strip_prefix("--")?.trim_start();
        let near = rest.get(.."+migrate".len())?.eq_ignore_ascii_case("+migrate");
        let message =
            || format!("sql-migrate does not see `{}`: it begins with `{PREFIX}`", body.trim());
        return near.then(|| Err(message()));
    };
    let mut words = command.split_whitespace();
    let command = words.next().unwrap_or("");
    let mut bare = false;
    for option in words {
        if option != "notransaction" {
            return Some(Err(format!("sql-migrate knows no option `{option}`")));
        }
        bare = true;
    }
    Some(match command {
        "Up" => Ok(Annotation::Up { bare }),
        "Down" => Ok(Annotation::Down { bare }),
        "StatementBegin" => Ok(Annotation::Begin),
        "StatementEnd" => Ok(Annotation::End),
        _ => Err(format!("sql-migrate knows no annotation `{PREFIX}{command}`")),
    })
}

#[cfg(test)]
#[path = "sql_migrate_tests.rs"]
mod tests;
