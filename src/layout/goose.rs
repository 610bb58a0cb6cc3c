//! goose: `<version>_<name>.sql` with `-- +goose Up` and `-- +goose Down`, and Go files between.
//!
//! Source: [annotations] and `internal/sqlparser`. Annotations stand at the start of a line, in
//! any case. goose ends a statement at a line that ends with a semicolon, whatever the SQL around
//! it is, unless `StatementBegin` and `StatementEnd` enclose it; all statements of a direction run
//! in one transaction unless `NO TRANSACTION` stands in the file. Late migrations are refused
//! unless `-allow-missing` is given. No checksums are kept.
//!
//! [annotations]: https://pressly.github.io/goose/documentation/annotations/

use super::annotated::{Annotated, Annotation};
use super::shared::{self, File, Half, Line};
use super::{Confidence, Detection, Layout, Reading, placeholder};
use crate::model::{Habits, LateMigrations, Location, Step, Tree};

const FORM: Annotated = Annotated {
    tool: "goose",
    prefix: "-- +goose",
    help: "See https://pressly.github.io/goose/documentation/annotations/.",
    annotation,
};

const EXPECTED: &str = "goose expects `<version>_<name>.sql` or `<version>_<name>.go`.";

/// See the module.
pub(super) struct Goose;

impl Layout for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Refused,
            planned: false,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let mut go = None;
        for file in shared::readable(tree) {
            let text = file.peek();
            let up = || {
                shared::lines(text)
                    .any(|line| matches!(annotation(text, &line), Some(Ok(Annotation::Up { .. }))))
            };
            if file.folder().is_some() {
                continue;
            } else if file.name().ends_with(".sql") && up() {
                return Some(Detection {
                    confidence: Confidence::Sure,
                    reason: format!("\"-- +goose Up\" in {}", file.name()),
                    engine: None,
                });
            } else if is_go(file.name()) && text.contains("goose.AddMigration") {
                go.get_or_insert_with(|| format!("goose.AddMigration in {}", file.name()));
            }
        }
        go.map(|reason| Detection { confidence: Confidence::Sure, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        for file in shared::sift(tree, &mut reading) {
            let name = file.name();
            if file.folder().is_some() {
                reading.problems.push(shared::nested(&file, "goose"));
            } else if name.ends_with(".go") && !is_go(name) {
                reading.companions.push(file.path);
            } else if let Some(stem) = name.strip_suffix(".sql").or(name.strip_suffix(".go")) {
                read_file(&file, stem, &mut reading);
            } else {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
            }
        }
        shared::finish(reading)
    }
}

/// Whether a Go file takes part in the sequence: tests and files without a version do not.
fn is_go(name: &str) -> bool {
    name.strip_suffix(".go")
        .is_some_and(|stem| !stem.ends_with("_test") && shared::numbered(stem).is_some())
}

fn read_file(file: &File<'_>, stem: &str, reading: &mut Reading) {
    let Some((digits, _)) = shared::numbered(stem) else {
        reading.problems.push(shared::unclaimed(file, EXPECTED));
        return;
    };
    let largest = i64::MAX.unsigned_abs();
    let Some(version) = shared::integer(digits, largest, file, "goose", reading) else { return };
    if version.number() == Some(0) {
        let location = Location::file(file.path.clone());
        let message = format!("`{}` has version 0, which goose refuses", file.relative);
        reading.problems.push(shared::invalid(location, message, "Number migrations from 1."));
        return;
    }
    let (up, down) = if file.name().ends_with(".go") {
        let step = || Step::Foreign { path: file.path.clone(), language: "Go" };
        (step(), Some(step()))
    } else if let Some(text) = file.text_or_problem(reading) {
        reading.placeholders.extend(placeholder::template(&file.path, &text));
        let Some(steps) = FORM.read(&file.path, &text, reading) else { return };
        steps
    } else {
        (file.unreadable(), Some(file.unreadable()))
    };
    let up = Half::new(version.clone(), stem, up);
    let down = down.map(|step| Half::new(version, stem, step));
    shared::pair(vec![up], down.into_iter().collect(), reading);
}

fn annotation(text: &str, line: &Line) -> Option<Result<Annotation, String>> {
    let body = &text[line.start..line.end];
    let command = body.trim_start().strip_prefix("--")?.trim();
    let (prefix, command) = command.split_at_checked("+goose".len())?;
    if !prefix.eq_ignore_ascii_case("+goose") {
        return None;
    }
    let command = command.trim();
    if body.starts_with(char::is_whitespace) {
        return Some(Err(format!("goose refuses white space before `-- +goose {command}`")));
    }
    Some(Ok(match command.to_ascii_uppercase().as_str() {
        "UP" => Annotation::Up { bare: false },
        "DOWN" => Annotation::Down { bare: false },
        "STATEMENTBEGIN" => Annotation::Begin,
        "STATEMENTEND" => Annotation::End,
        "NO TRANSACTION" => Annotation::NoTransaction,
        "ENVSUB ON" => Annotation::Substitute(true),
        "ENVSUB OFF" => Annotation::Substitute(false),
        _ => return Some(Err(format!("goose knows no annotation `-- +goose {command}`"))),
    }))
}

#[cfg(test)]
#[path = "goose_tests.rs"]
mod tests;
