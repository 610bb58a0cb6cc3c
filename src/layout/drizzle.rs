//! drizzle: `<tag>.sql` in the order of `meta/_journal.json`.
//!
//! Source: [the documentation], [`migrator.ts`] and [the dialects]. The files are cut at
//! `--> statement-breakpoint`, and each piece is sent alone. All pending files run in one
//! transaction, which here is one for each file. The migrator asks a target only for its newest
//! entry and runs those whose `when` is later, so an entry with an earlier `when` is never run
//! there and nothing is said. Hashes are stored and not compared; nothing is undone.
//! better-sqlite3 and libsql enforce foreign keys. The folders of the 1.0 betas are not read.
//!
//! [the documentation]: https://orm.drizzle.team/docs/migrations
//! [`migrator.ts`]: https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/migrator.ts
//! [the dialects]: https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/pg-core/dialect.ts

use std::collections::BTreeMap;
use std::ops::Range;

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{
    EngineKind, Habits, LateMigrations, Location, Part, RepoPath, Step, TransactionMode, Tree,
    Version,
};

const JOURNAL: &str = "meta/_journal.json";
const BREAKPOINT: &str = "--> statement-breakpoint";

/// See the module.
pub(super) struct Drizzle;

#[derive(serde::Deserialize)]
struct Journal {
    #[serde(default)]
    dialect: String,
    entries: Vec<Entry>,
}

#[derive(serde::Deserialize)]
struct Entry {
    when: u64,
    tag: String,
}

impl Layout for Drizzle {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Skipped,
            // The journal gives the order of new targets; what counts on others is `when`.
            planned: false,
            sqlite_foreign_keys: true,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let bytes = &tree.get(JOURNAL)?.bytes;
        let text = std::str::from_utf8(bytes).unwrap_or("");
        let engine = parse(text).ok().and_then(|journal| {
            let reason = format!("\"dialect\": \"{}\" in {JOURNAL}", journal.dialect);
            Some((engine(&journal.dialect)?, reason))
        });
        Some(Detection { confidence: Confidence::Sure, reason: JOURNAL.to_owned(), engine })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let mut scripts: BTreeMap<&str, File<'_>> = BTreeMap::new();
        let mut journal = None;
        for file in shared::sift(tree, &mut reading) {
            let meta = file.folder() == Some("meta") && file.name().ends_with(".json");
            // `drizzle-kit pull` writes the schema beside its migrations.
            let code = file.name().ends_with(".ts") || file.name().ends_with(".js");
            if file.relative == JOURNAL {
                journal = Some(file);
            } else if meta || code {
                reading.companions.push(file.path);
            } else {
                scripts.insert(file.relative, file);
            }
        }
        let path = tree.path(JOURNAL);
        let Some(file) = journal else {
            let message = format!("there is no `{JOURNAL}`");
            let help =
                "drizzle runs what its journal names: write one with `drizzle-kit generate`.";
            reading.problems.push(shared::invalid(Location::file(path), message, help));
            return claim_nothing(scripts, reading);
        };
        let Some(text) = file.text_or_problem(&mut reading) else {
            return claim_nothing(scripts, reading);
        };
        reading.companions.push(path.clone());
        match parse(&text) {
            Ok(journal) => {
                for entry in journal.entries {
                    read_entry(&entry, &path, &text, &mut scripts, &mut reading);
                }
            }
            Err(error) => {
                let message = format!("`{JOURNAL}` cannot be read: {error}");
                let help = "Restore the file, or mend what a merge left in it.";
                reading.problems.push(shared::invalid(Location::file(path), message, help));
                return claim_nothing(scripts, reading);
            }
        }
        for file in scripts.into_values() {
            let help = "drizzle runs the files that `meta/_journal.json` names: add it with \
                        `drizzle-kit generate --custom`, or remove the file.";
            reading.problems.push(shared::unclaimed(&file, help));
        }
        shared::finish_planned(reading)
    }
}

/// Nothing tells which scripts belong to the set.
fn claim_nothing(scripts: BTreeMap<&str, File<'_>>, mut reading: Reading) -> Reading {
    reading.companions.extend(scripts.into_values().map(|file| file.path));
    shared::finish_planned(reading)
}

fn parse(text: &str) -> serde_json::Result<Journal> {
    serde_json::from_str(&text[shared::body_start(text)..])
}

fn engine(dialect: &str) -> Option<EngineKind> {
    match dialect {
        "postgresql" | "pg" => Some(EngineKind::Postgres),
        "sqlite" | "turso" => Some(EngineKind::Sqlite),
        "mysql" | "singlestore" => Some(EngineKind::Mysql),
        _ => None,
    }
}

fn read_entry(
    entry: &Entry,
    journal: &RepoPath,
    text: &str,
    scripts: &mut BTreeMap<&str, File<'_>>,
    reading: &mut Reading,
) {
    let Entry { when, tag } = entry;
    let Some(file) = scripts.remove(format!("{tag}.sql").as_str()) else {
        let location = match shared::place_of(text, &format!("\"{tag}\"")) {
            Some(span) => Location::at(journal.clone(), span),
            None => Location::file(journal.clone()),
        };
        let message = format!("the journal names `{tag}`, but no `{tag}.sql` is left for it");
        let help = "Restore the file, or take the entry out of the journal.";
        reading.problems.push(shared::invalid(location, message, help));
        return;
    };
    let mut step = file.step(reading, |_| TransactionMode::Wrapped);
    if let Step::Sql(script) = &mut step {
        script.sections = pieces(&script.text);
    }
    let version = Version::new(when.to_string(), vec![Part::Number(u128::from(*when))]);
    shared::pair(vec![Half::new(version, tag, step)], Vec::new(), reading);
}

/// What stands between breakpoints; a statement needs no semicolon before one.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut start = shared::body_start(text);
    let mut found = Vec::new();
    for (at, mark) in text.match_indices(BREAKPOINT) {
        found.push(start..at);
        start = at + mark.len();
    }
    found.push(start..text.len());
    found
}

#[cfg(test)]
#[path = "drizzle_tests.rs"]
mod tests;
