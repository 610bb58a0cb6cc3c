//! goose: `<version>_<name>.sql` with `-- +goose Up` and `-- +goose Down`, and Go files between.
//!
//! Source: [annotations] and `internal/sqlparser`. Annotations stand at the start of a line, in
//! any case. goose ends a statement at a line that ends with a semicolon, whatever the SQL around
//! it is, unless `StatementBegin` and `StatementEnd` enclose it; all statements of a direction run
//! in one transaction unless `NO TRANSACTION` stands in the file. Late migrations are refused
//! unless `-allow-missing` is given. No checksums are kept.
//!
//! [annotations]: https://pressly.github.io/goose/documentation/annotations/

use std::ops::Range;
use std::sync::Arc;

use super::shared::{self, File, Half, Line};
use super::{Confidence, Detection, Layout, Reading, placeholder};
use crate::model::{
    Habits, LateMigrations, Location, RepoPath, Script, Span, Step, TransactionMode, Tree,
};
use crate::sql;

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
                    .any(|line| matches!(annotation(text, &line), Some(Ok(Annotation::Up))))
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
        let Some(steps) = read_sql(&file.path, &text, reading) else { return };
        steps
    } else {
        (file.unreadable(), Some(file.unreadable()))
    };
    let up = Half::new(version.clone(), stem, up);
    let down = down.map(|step| Half::new(version, stem, step));
    shared::pair(vec![up], down.into_iter().collect(), reading);
}

fn read_sql(
    path: &RepoPath,
    text: &Arc<str>,
    reading: &mut Reading,
) -> Option<(Step, Option<Step>)> {
    let at = |span: &Range<usize>| Location::at(path.clone(), Span::new(span.start, span.end));
    let parsed = match parse(text) {
        Ok(parsed) => parsed,
        Err((span, message)) => {
            let help = "See https://pressly.github.io/goose/documentation/annotations/.";
            reading.problems.push(shared::invalid(at(&span), message, help));
            return None;
        }
    };
    let script = |section: Range<usize>| Script {
        path: path.clone(),
        text: text.clone(),
        blocks: parsed
            .blocks
            .iter()
            .filter(|block| section.start <= block.start && block.end <= section.end)
            .cloned()
            .collect(),
        sections: std::iter::once(section).collect(),
        transaction: parsed.mode,
    };
    reading.placeholders.extend(placeholder::template(path, text));
    let mut step = |section: Range<usize>| {
        // goose takes the values from the environment of the machine on which it runs.
        for line in parsed.substituted.iter().filter(|line| section.contains(&line.start)) {
            let Some(found) = placeholder::shell(path, text, line.clone()) else {
                let language = "SQL with environment variables";
                return Step::Foreign { path: path.clone(), language };
            };
            reading.placeholders.extend(found);
        }
        let script = script(section);
        if let Some((span, message)) = badly_split(&script) {
            let help = "Put `-- +goose StatementBegin` before the statement and \
                        `-- +goose StatementEnd` after it, or end it with a semicolon.";
            reading.problems.push(shared::invalid(at(&span), message.to_owned(), help));
        }
        Step::Sql(script)
    };
    Some((step(parsed.up.clone()), parsed.down.clone().map(step)))
}

/// The first place where goose's split by lines cuts a statement, or never ends one.
fn badly_split(script: &Script) -> Option<(Range<usize>, &'static str)> {
    let text = &script.text;
    let whole = |span: Span| {
        script.blocks.iter().any(|block| block.start <= span.start && span.end <= block.end)
    };
    let statements: Vec<Span> = sql::statements(script)
        .into_iter()
        .map(|statement| statement.span)
        .filter(|span| !whole(*span))
        .collect();
    for span in &statements {
        let statement = text.get(span.start..span.end)?;
        let last = statement.rfind('\n').map_or(0, |newline| newline + 1);
        let cut = shared::lines(statement)
            .find(|line| line.start < last && ends_statement(&statement[line.start..line.end]));
        if let Some(line) = cut {
            let place = span.start + line.start..span.start + line.end;
            return Some((place, "goose ends the statement at this line, in the middle of it"));
        }
    }
    let last = statements.last()?;
    let open = !text.get(last.start..last.end)?.ends_with(';');
    open.then_some((last.start..last.end, "goose finds no semicolon that ends this statement"))
}

/// Whether goose takes the line as the end of a statement: its last word before a comment ends
/// with a semicolon.
fn ends_statement(line: &str) -> bool {
    line.split_whitespace()
        .take_while(|word| !word.starts_with("--"))
        .last()
        .is_some_and(|word| word.ends_with(';'))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Annotation {
    Up,
    Down,
    Begin,
    End,
    NoTransaction,
    Substitute(bool),
}

type Fault = (Range<usize>, String);

fn annotation(text: &str, line: &Line) -> Option<Result<Annotation, Fault>> {
    let body = &text[line.start..line.end];
    let command = body.trim_start().strip_prefix("--")?.trim();
    let (prefix, command) = command.split_at_checked("+goose".len())?;
    if !prefix.eq_ignore_ascii_case("+goose") {
        return None;
    }
    let command = command.trim();
    let fault = |message: String| Some(Err((line.start..line.end, message)));
    if body.starts_with(char::is_whitespace) {
        return fault(format!("goose refuses white space before `-- +goose {command}`"));
    }
    Some(Ok(match command.to_ascii_uppercase().as_str() {
        "UP" => Annotation::Up,
        "DOWN" => Annotation::Down,
        "STATEMENTBEGIN" => Annotation::Begin,
        "STATEMENTEND" => Annotation::End,
        "NO TRANSACTION" => Annotation::NoTransaction,
        "ENVSUB ON" => Annotation::Substitute(true),
        "ENVSUB OFF" => Annotation::Substitute(false),
        _ => return fault(format!("goose knows no annotation `-- +goose {command}`")),
    }))
}

struct Parsed {
    up: Range<usize>,
    down: Option<Range<usize>>,
    blocks: Vec<Range<usize>>,
    mode: TransactionMode,
    /// Lines into which goose puts variables.
    substituted: Vec<Range<usize>>,
}

/// What is known while the lines are read.
struct Parser {
    up: Option<usize>,
    down: Option<Range<usize>>,
    block: Option<(usize, Range<usize>)>,
    blocks: Vec<Range<usize>>,
    mode: TransactionMode,
    substitute: bool,
    substituted: Vec<Range<usize>>,
}

fn parse(text: &str) -> Result<Parsed, Fault> {
    let mut parser = Parser {
        up: None,
        down: None,
        block: None,
        blocks: Vec::new(),
        mode: TransactionMode::Wrapped,
        substitute: false,
        substituted: Vec::new(),
    };
    for line in shared::lines(text) {
        match annotation(text, &line) {
            Some(annotation) => parser.annotation(annotation?, &line)?,
            None => parser.line(&text[line.start..line.end], &line)?,
        }
    }
    if let Some((_, begin)) = parser.block {
        return Err((begin, "`-- +goose StatementBegin` has no `StatementEnd`".to_owned()));
    }
    let start = parser.up.ok_or_else(|| {
        (0..text.len(), "there is no `-- +goose Up`, which goose demands".to_owned())
    })?;
    let (end, down) = match parser.down {
        Some(line) => (line.start, Some(line.end..text.len())),
        None => (text.len(), None),
    };
    Ok(Parsed {
        up: start..end,
        down,
        blocks: parser.blocks,
        mode: parser.mode,
        substituted: parser.substituted,
    })
}

impl Parser {
    fn annotation(&mut self, annotation: Annotation, line: &Line) -> Result<(), Fault> {
        let fault = |message: &str| Err((line.start..line.end, message.to_owned()));
        match annotation {
            Annotation::NoTransaction => self.mode = TransactionMode::Bare,
            Annotation::Substitute(on) => self.substitute = on,
            Annotation::End => match self.block.take() {
                Some((start, _)) => self.blocks.push(start..line.start),
                None => return fault("`-- +goose StatementEnd` has no `StatementBegin`"),
            },
            _ if self.block.is_some() => {
                return fault("this annotation stands between `StatementBegin` and `StatementEnd`");
            }
            Annotation::Up if self.up.is_some() => {
                return fault("`-- +goose Up` stands twice");
            }
            Annotation::Up => self.up = Some(line.next),
            Annotation::Down if self.up.is_none() => {
                return fault("`-- +goose Down` stands before `-- +goose Up`");
            }
            Annotation::Down if self.down.is_some() => {
                return fault("`-- +goose Down` stands twice");
            }
            Annotation::Down => self.down = Some(line.start..line.next),
            Annotation::Begin if self.up.is_none() => {
                return fault("`-- +goose StatementBegin` stands before `-- +goose Up`");
            }
            Annotation::Begin => self.block = Some((line.next, line.start..line.end)),
        }
        Ok(())
    }

    fn line(&mut self, body: &str, line: &Line) -> Result<(), Fault> {
        let code = body.trim();
        if code.is_empty() || code.starts_with("--") {
            return Ok(());
        }
        if self.up.is_none() {
            let message = "SQL stands before `-- +goose Up`, which goose refuses";
            return Err((line.start..line.end, message.to_owned()));
        }
        if self.substitute && code.contains('$') {
            self.substituted.push(line.start..line.end);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "goose_tests.rs"]
mod tests;
