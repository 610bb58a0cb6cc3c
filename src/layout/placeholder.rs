//! Values that a tool puts into scripts before it runs them.
//!
//! A layout says where its tool replaces something ([`Placeholder`]); which value that is, only the
//! configuration knows. After [`substitute`] a script is the text that runs, and every offset into
//! it is one of that text; [`Substituted`] leads back to the file as it is written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Reading;
use super::shared::invalid;
use crate::model::{Down, EngineKind, Location, Migration, Problem, RepoPath, Script, Span, Step};

pub(super) use super::placeholder_syntax::{flyway, graphile, psql, shell, template};

/// How a value stands in the SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// As it is.
    Plain,
    /// As a string: psql's `:'name'`.
    Literal,
    /// As a quoted name: psql's `:"name"`.
    Identifier,
}

impl Quoting {
    fn write(self, value: &str) -> String {
        match self {
            Self::Plain => value.to_owned(),
            Self::Literal => format!("'{}'", value.replace('\'', "''")),
            Self::Identifier => format!("\"{}\"", value.replace('"', "\"\"")),
        }
    }
}

/// A place in a script into which the set's tool puts a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// The file.
    pub path: RepoPath,
    /// What is replaced, in the file as it is written.
    pub span: Span,
    /// The variable's name.
    pub name: String,
    /// How the value is written.
    pub quoting: Quoting,
    /// The value where none is given, as the file or the tool says.
    pub fallback: Option<String>,
    /// Whether it must have a value; a place that only may be meant stays as it is without one.
    pub required: bool,
    /// The only engine whose client replaces it, where it is not the tool that does.
    pub engine: Option<EngineKind>,
}

/// A file with values in the place of its placeholders: what was where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Substituted {
    /// In order: the placeholder in the file, and the value in the text that runs.
    changes: Vec<(Range<usize>, Range<usize>)>,
    /// The text that runs was printed by a command, and none of it stands in the file.
    printed: bool,
}

impl Substituted {
    /// The place in the file of a place in the text that runs; `None` where it has none. Of a
    /// value, all of its placeholder is meant.
    #[must_use]
    pub fn written(&self, span: Span) -> Option<Span> {
        if self.printed {
            return None;
        }
        let inside = |at: usize| {
            self.changes.iter().find(|(_, runs)| runs.start < at && at < runs.end).map(|(w, _)| w)
        };
        let outside = |at: usize| {
            let before = self.changes.iter().rev().find(|(_, runs)| runs.end <= at);
            before.map_or(at, |(written, runs)| at - runs.end + written.end)
        };
        let start = inside(span.start).map_or_else(|| outside(span.start), |written| written.start);
        let end = inside(span.end).map_or_else(|| outside(span.end), |written| written.end);
        Some(Span::new(start, end.max(start)))
    }

    /// The place in the text that runs of one in the file.
    fn runs(&self, at: usize) -> usize {
        let inside =
            self.changes.iter().find(|(written, _)| written.start < at && at < written.end);
        if let Some((_, runs)) = inside {
            return runs.start;
        }
        let before = self.changes.iter().rev().find(|(written, _)| written.end <= at);
        before.map_or(at, |(written, runs)| at - written.end + runs.end)
    }

    fn run_range(&self, range: &Range<usize>) -> Range<usize> {
        self.runs(range.start)..self.runs(range.end)
    }
}

/// The largest text a script may become; files are read up to that size as well.
const LARGEST: usize = 16 * 1024 * 1024;

/// What became of one file.
struct File {
    text: Arc<str>,
    map: Substituted,
    /// Placeholders without a value, each name once.
    unknown: BTreeMap<String, Span>,
    too_large: bool,
}

impl File {
    /// Whether its scripts may run.
    fn is_whole(&self) -> bool {
        self.unknown.is_empty() && !self.too_large
    }

    fn problems(&self, path: &RepoPath) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, span) in &self.unknown {
            let message = format!("nothing says what `{name}` stands for in this script");
            let help = format!(
                "Give it a value in the [[set]] in migration-gate.toml: \
                 variables = {{ \"{name}\" = \"…\" }}."
            );
            problems.push(invalid(Location::at(path.clone(), *span), message, &help));
        }
        if self.too_large {
            let message = "the script is larger than 16 MiB with the values of its variables";
            let help = "Give the variables of the set shorter values.";
            problems.push(invalid(Location::file(path.clone()), message.to_owned(), help));
        }
        problems
    }
}

/// Puts `variables` into the scripts of a reading. A placeholder without a value is a problem, and
/// the scripts of its file cannot run. Returns the files that are not as they are written any more.
pub fn substitute(
    reading: &mut Reading,
    engine: EngineKind,
    variables: &BTreeMap<String, String>,
) -> BTreeMap<RepoPath, Substituted> {
    let mut places: BTreeMap<RepoPath, Vec<Placeholder>> = BTreeMap::new();
    for place in std::mem::take(&mut reading.placeholders) {
        if place.engine.is_none_or(|only| only == engine) {
            places.entry(place.path.clone()).or_default().push(place);
        }
    }
    let mut work = Work { places, files: BTreeMap::new(), engine, variables };
    for migration in &mut reading.migrations {
        work.migration(migration);
    }
    for (path, file) in &work.files {
        reading.problems.extend(file.problems(path));
    }
    let printed =
        |path: &RepoPath| (path.clone(), Substituted { printed: true, ..Substituted::default() });
    let whole = work.files.into_iter().filter(|(_, file)| file.is_whole());
    let files: BTreeMap<RepoPath, Substituted> = whole
        .map(|(path, file)| (path, file.map))
        .chain(reading.printed.iter().map(printed))
        .collect();
    // From here on every place in such a file is one of the text that runs.
    for problem in &mut reading.problems {
        if let (Some(map), Some(span)) =
            (files.get(&problem.location.path), &mut problem.location.span)
        {
            *span = Span::new(map.runs(span.start), map.runs(span.end));
        }
    }
    files
}

struct Work<'a> {
    places: BTreeMap<RepoPath, Vec<Placeholder>>,
    files: BTreeMap<RepoPath, File>,
    engine: EngineKind,
    variables: &'a BTreeMap<String, String>,
}

impl Work<'_> {
    fn migration(&mut self, migration: &mut Migration) {
        self.step(&mut migration.up);
        if let Down::Step(down) = &mut migration.down {
            self.step(down);
        }
        if let Some(verify) = &mut migration.verify
            && !self.script(verify)
        {
            migration.verify = None;
        }
    }

    fn step(&mut self, step: &mut Step) {
        let Step::Sql(script) = step else { return };
        if !self.script(script) {
            let path = script.path.clone();
            *step = Step::Foreign { path, language: Step::UNSET };
        }
    }

    /// Puts the values in; false where the file lacks one.
    fn script(&mut self, script: &mut Script) -> bool {
        let Some(places) = self.places.get(&script.path) else { return true };
        let file = self
            .files
            .entry(script.path.clone())
            .or_insert_with(|| replace(&script.text, places, self.engine, self.variables));
        if !file.is_whole() {
            return false;
        }
        for range in script.sections.iter_mut().chain(&mut script.blocks) {
            *range = file.map.run_range(range);
        }
        script.text = Arc::clone(&file.text);
        true
    }
}

fn replace(
    text: &str,
    places: &[Placeholder],
    engine: EngineKind,
    variables: &BTreeMap<String, String>,
) -> File {
    let mut sorted: Vec<&Placeholder> = places.iter().collect();
    sorted.sort_by_key(|place| (place.span.start, place.span.end));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    let mut map = Substituted::default();
    let mut unknown = BTreeMap::new();
    for place in sorted {
        let Some(between) = text.get(at..place.span.start) else { continue };
        let value = variables
            .get(&place.name)
            .cloned()
            .or_else(|| place.fallback.clone())
            .or_else(|| of_sandbox(&place.name, engine));
        let Some(value) = value else {
            if place.required {
                unknown.entry(place.name.clone()).or_insert(place.span);
            }
            continue;
        };
        out.push_str(between);
        let start = out.len();
        out.push_str(&place.quoting.write(&value));
        map.changes.push((place.span.start..place.span.end, start..out.len()));
        at = place.span.end;
        if out.len() > LARGEST {
            let text = Arc::from(text);
            return File { text, map: Substituted::default(), unknown, too_large: true };
        }
    }
    out.push_str(text.get(at..).unwrap_or(""));
    File { text: Arc::from(out), map, unknown, too_large: false }
}

/// What holds in every sandbox, so that nobody has to say it.
fn of_sandbox(name: &str, engine: EngineKind) -> Option<String> {
    match (name, engine) {
        ("flyway:defaultSchema", EngineKind::Postgres) => Some("public".to_owned()),
        ("flyway:defaultSchema", EngineKind::Sqlite) => Some("main".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "placeholder_tests.rs"]
mod tests;
