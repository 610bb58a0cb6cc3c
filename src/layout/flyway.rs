//! flyway: `V<version>__<description>.sql`, undo scripts `U…`, repeatable ones `R__…`.
//!
//! Source: [the documentation] and flyway-core's parsers. Versions are numbers between dots or
//! underscores; trailing zeros do not count, so `V1` and `V1.0` are the same. Subfolders are read.
//! Checksums are verified. A late migration fails `validate`, which `migrate` runs first, so it is
//! refused (with validation off it would be skipped). Each script runs in a transaction unless
//! its `.sql.conf` says `executeInTransaction=false` or it holds a statement that PostgreSQL or
//! SQLite does not run in one, which flyway notices by itself.
//!
//! A baseline `B<version>__…` replaces, on a new database, all versions up to its own. Where those
//! are still there, they are what is run here and the baseline is a companion; where they are gone,
//! the newest baseline is the first migration.
//!
//! `${name}` is replaced everywhere in a script, unless its `.sql.conf` says
//! `placeholderReplacement=false`; one without a value stops flyway.
//!
//! [the documentation]: https://documentation.red-gate.com/fd/migrations-271585107.html

use std::collections::BTreeMap;

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Reading, placeholder};
use crate::model::{
    Down, Habits, Kind, LateMigrations, Location, Migration, Part, RepoPath, Span, Step,
    TransactionMode, Tree, Version,
};
use crate::sql;

const EXPECTED: &str = "flyway expects `V<version>__<description>.sql`, or `U…` to undo one, \
                        `B…` for a baseline and `R__<description>.sql` for a repeatable one.";

/// What flyway runs besides SQL, by extension.
const LANGUAGES: [(&str, &str); 7] = [
    (".java", "Java"),
    (".class", "Java"),
    (".kt", "Kotlin"),
    (".py", "Python"),
    (".sh", "Shell"),
    (".ps1", "PowerShell"),
    (".bat", "Batch"),
];

/// The files by which a Java project is known.
const JAVA: [&str; 6] = [
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "flyway.conf",
    "flyway.toml",
    "flyway.user.toml",
];

/// See the module.
pub(super) struct Flyway;

impl Layout for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
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
        let fitting: Vec<(&str, Name<'_>)> =
            files.iter().filter_map(|file| Some((file.name(), name(file.name())?))).collect();
        let (first, _) = fitting.first()?;
        let own = |name: &Name<'_>| match &name.prefix {
            Prefix::Repeatable | Prefix::Baseline(_) => true,
            Prefix::Versioned(version) | Prefix::Undo(version) => {
                version.number().is_none() || matches!(name.language, Some("Java" | "Kotlin"))
            }
        };
        let around = JAVA.iter().find(|name| tree.has_neighbour(name));
        let (confidence, reason) = if let Some((name, _)) = fitting.iter().find(|(_, n)| own(n)) {
            (Confidence::Sure, (*name).to_owned())
        } else if let Some(around) = around {
            (Confidence::Sure, format!("{first} and a {around} around"))
        } else if tree.has_neighbour("Cargo.toml") {
            (Confidence::Possible, format!("a name such as {first}"))
        } else {
            (Confidence::Likely, format!("a name such as {first}"))
        };
        Some(Detection { confidence, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let mut files = shared::sift(tree, &mut reading);
        let configs = configs(&mut files, &mut reading);
        let mut sorted = Sorted::default();
        for file in files {
            if let Some(name) = name(file.name()) {
                sorted.add(&file, name, &configs, &mut reading);
                continue;
            }
            reading.companions.extend(configs.get(file.relative).map(|config| config.path.clone()));
            if is_callback(file.name()) {
                reading.companions.push(file.path);
            } else {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
            }
        }
        sorted.finish(&mut reading);
        shared::finish(reading)
    }
}

/// What a `.sql.conf` says.
struct Config {
    path: RepoPath,
    in_transaction: bool,
    placeholders: bool,
}

/// Takes the `.sql.conf` files out of `files`, by the path of the script they belong to.
fn configs(files: &mut Vec<File<'_>>, reading: &mut Reading) -> BTreeMap<String, Config> {
    let mut found = BTreeMap::new();
    let (configs, scripts): (Vec<_>, Vec<_>) =
        files.drain(..).partition(|file| file.name().ends_with(".sql.conf"));
    *files = scripts;
    for file in configs {
        let script = file.relative.trim_end_matches(".conf");
        if !files.iter().any(|other| other.relative == script) {
            let help = "A `.sql.conf` stands beside the script it configures.";
            reading.problems.push(shared::unclaimed(&file, help));
            continue;
        }
        let config = config(&file, reading);
        found.insert(script.to_owned(), config);
    }
    found
}

fn config(file: &File<'_>, reading: &mut Reading) -> Config {
    let mut config = Config { path: file.path.clone(), in_transaction: true, placeholders: true };
    let Some(text) = file.text_or_problem(reading) else { return config };
    for line in shared::lines(&text) {
        let body = text[line.start..line.end].trim();
        let Some((key, value)) = body.split_once('=').filter(|_| !body.starts_with('#')) else {
            continue;
        };
        let slot = match key.trim().trim_start_matches("flyway.") {
            "executeInTransaction" => &mut config.in_transaction,
            "placeholderReplacement" => &mut config.placeholders,
            _ => continue,
        };
        match value.trim() {
            "true" => *slot = true,
            "false" => *slot = false,
            _ => {
                let location = Location::at(file.path.clone(), Span::new(line.start, line.end));
                let message = format!("`{body}` is neither true nor false");
                reading.problems.push(shared::invalid(location, message, "Write true or false."));
            }
        }
    }
    config
}

enum Prefix {
    Versioned(Version),
    Undo(Version),
    Baseline(Version),
    Repeatable,
}

/// A file's name in its parts.
struct Name<'n> {
    prefix: Prefix,
    stem: &'n str,
    description: &'n str,
    language: Option<&'static str>,
}

fn name(name: &str) -> Option<Name<'_>> {
    let foreign = LANGUAGES
        .iter()
        .find_map(|(end, language)| Some((name.strip_suffix(end)?, Some(*language))));
    let (stem, language) = match name.strip_suffix(".sql") {
        Some(stem) => (stem, None),
        None => foreign?,
    };
    let (head, description) = stem.split_once("__")?;
    let kind = head.chars().next()?;
    let digits = &head[kind.len_utf8()..];
    let prefix = match kind {
        'V' => Prefix::Versioned(version(digits)?),
        'U' => Prefix::Undo(version(digits)?),
        'B' => Prefix::Baseline(version(digits)?),
        'R' if digits.is_empty() => Prefix::Repeatable,
        _ => return None,
    };
    Some(Name { prefix, stem, description, language })
}

/// A version as flyway compares it: `2.1` and `2_1` are the same, and so are `2` and `2.0`.
#[must_use]
pub fn version(text: &str) -> Option<Version> {
    let mut key = Vec::new();
    for part in text.split(['.', '_']) {
        key.push(Part::Number(Version::integer(part)?.number()?));
    }
    while key.len() > 1 && key.last() == Some(&Part::Number(0)) {
        key.pop();
    }
    Some(Version::new(text.replace('_', "."), key))
}

/// Scripts that run before or after something: `beforeMigrate.sql`, `afterMigrate__grants.sql`.
fn is_callback(name: &str) -> bool {
    let event = name.split(['.', '_']).next().unwrap_or(name);
    let known = event
        .strip_prefix("before")
        .or_else(|| event.strip_prefix("after"))
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()));
    known || event == "createSchema"
}

#[derive(Default)]
struct Sorted {
    ups: Vec<Half>,
    downs: Vec<Half>,
    baselines: Vec<Half>,
    repeatables: Vec<Migration>,
}

impl Sorted {
    fn add(
        &mut self,
        file: &File<'_>,
        name: Name<'_>,
        configs: &BTreeMap<String, Config>,
        reading: &mut Reading,
    ) {
        let config = configs.get(file.relative);
        let extras: Vec<RepoPath> = config.map(|config| config.path.clone()).into_iter().collect();
        let step = match name.language {
            Some(language) => Step::Foreign { path: file.path.clone(), language },
            None => sql_step(file, config, reading),
        };
        let half = |version| Half { version, stem: name.stem.to_owned(), step, extras };
        match name.prefix {
            Prefix::Versioned(version) => self.ups.push(half(version)),
            Prefix::Undo(version) => self.downs.push(half(version)),
            Prefix::Baseline(version) => self.baselines.push(half(version)),
            // flyway orders repeatable migrations by their description.
            Prefix::Repeatable => {
                let half = half(Version::text(name.description));
                let mut files = half.extras;
                files.push(half.step.path().clone());
                self.repeatables.push(Migration {
                    id: half.stem,
                    version: half.version,
                    kind: Kind::Repeatable,
                    up: half.step,
                    down: Down::Missing,
                    verify: None,
                    depends_on: Vec::new(),
                    files,
                });
            }
        }
    }

    fn finish(mut self, reading: &mut Reading) {
        self.baselines.sort_by(|a, b| a.version.cmp(&b.version));
        if let Some(newest) = self.baselines.pop() {
            let history = self.ups.iter().any(|up| up.version <= newest.version);
            if history {
                self.baselines.push(newest);
            } else {
                self.ups.push(newest);
            }
        }
        for unused in self.baselines {
            reading.companions.push(unused.step.path().clone());
            reading.companions.extend(unused.extras);
        }
        shared::pair(self.ups, self.downs, reading);
        reading.migrations.append(&mut self.repeatables);
    }
}

fn sql_step(file: &File<'_>, config: Option<&Config>, reading: &mut Reading) -> Step {
    let mut step = file.step(reading, |_| TransactionMode::Wrapped);
    let Step::Sql(script) = &mut step else { return step };
    if config.is_none_or(|config| config.placeholders) {
        reading.placeholders.extend(placeholder::flyway(&file.path, &script.text));
    }
    let in_transaction = config.is_none_or(|config| config.in_transaction);
    if !in_transaction || sql::statements(script).iter().any(outside_transaction) {
        script.transaction = TransactionMode::Bare;
    }
    step
}

/// Whether flyway leaves the transaction for such a statement (its PostgreSQL and SQLite parsers;
/// `ALTER TYPE … ADD VALUE` may run in one since PostgreSQL 12).
fn outside_transaction(statement: &sql::Statement) -> bool {
    const STARTS: [&[&str]; 16] = [
        &["CREATE", "INDEX", "CONCURRENTLY"],
        &["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"],
        &["DROP", "INDEX", "CONCURRENTLY"],
        &["CREATE", "DATABASE"],
        &["DROP", "DATABASE"],
        &["CREATE", "TABLESPACE"],
        &["DROP", "TABLESPACE"],
        &["CREATE", "SUBSCRIPTION"],
        &["DROP", "SUBSCRIPTION"],
        &["ALTER", "SYSTEM"],
        &["REINDEX", "SCHEMA"],
        &["REINDEX", "DATABASE"],
        &["REINDEX", "SYSTEM"],
        &["VACUUM"],
        &["DISCARD", "ALL"],
        &["PRAGMA", "FOREIGN_KEYS"],
    ];
    STARTS.iter().any(|words| statement.starts_with(words))
}

#[cfg(test)]
#[path = "flyway_tests.rs"]
mod tests;
