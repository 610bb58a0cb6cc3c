//! prisma: a folder `<timestamp>_<name>` with `migration.sql`, and `migration_lock.toml` beside.
//!
//! Source: [the documentation] and the schema engine. Folders run in the order of their names, and
//! `migrate deploy` runs each that is not applied yet. It compares checksums: `migrate deploy`
//! [warns of] edited ones, and `migrate dev` does not go on before the database is reset. Prisma undoes nothing, but many teams keep a `down.sql` [for `db execute`]; it counts here.
//!
//! On PostgreSQL a file was sent as one message up to 7.3. Newer engines [split it] as soon as
//! they can read every statement, so that `CREATE INDEX CONCURRENTLY` may stand among others. A
//! file with such a statement is taken as split, every other one as one message, which is what
//! most targets do. On SQLite every statement commits by itself, and foreign keys are enforced.
//!
//! [the documentation]: https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories
//! [warns of]: https://www.prisma.io/docs/orm/prisma-migrate/workflows/development-and-production#production-and-testing-environments
//! [for `db execute`]: https://www.prisma.io/docs/orm/prisma-migrate/workflows/generating-down-migrations
//! [split it]: https://github.com/prisma/prisma-engines/pull/5767

use std::collections::BTreeMap;

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Options, Reading};
use crate::model::{
    EngineKind, Habits, LateMigrations, Location, Part, Step, TransactionMode, Tree, Version,
};
use crate::sql;

const EXPECTED: &str = "prisma expects folders `<timestamp>_<name>` with `migration.sql`; \
                        `down.sql` may stand beside it.";
const LOCK: &str = "migration_lock.toml";

/// See the module.
pub(super) struct Prisma;

impl Layout for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
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
        if let Some(provider) = provider(tree) {
            let reason = format!("provider = \"{provider}\" in {LOCK}");
            let engine = engine(&provider).map(|engine| (engine, reason.clone()));
            return Some(Detection { confidence: Confidence::Sure, reason, engine });
        }
        let folder = tree.iter().find_map(|(path, _)| {
            let folder = path.strip_suffix("/migration.sql")?;
            // Newer versions of drizzle name the script alike, beside a snapshot.
            let drizzle = tree.get(&format!("{folder}/snapshot.json")).is_some();
            (!folder.contains('/') && shared::numbered(folder).is_some() && !drizzle)
                .then_some(folder)
        })?;
        let reason = format!("{folder}/migration.sql");
        Some(Detection { confidence: Confidence::Likely, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        self.read_with(tree, Options::default())
    }

    fn read_with(&self, tree: &Tree, options: Options) -> Reading {
        let mut reading = Reading::default();
        let mut folders: BTreeMap<&str, (Vec<File<'_>>, Vec<File<'_>>)> = BTreeMap::new();
        let mut lock = None;
        for file in shared::sift(tree, &mut reading) {
            let folder = file.folder().filter(|folder| !folder.contains('/'));
            match (folder, file.name()) {
                (None, LOCK) if file.folder().is_none() => lock = Some(file),
                (Some(folder), "migration.sql") => folders.entry(folder).or_default().0.push(file),
                (Some(folder), "down.sql") => folders.entry(folder).or_default().1.push(file),
                _ => reading.problems.push(shared::unclaimed(&file, EXPECTED)),
            }
        }
        let provider = lock.and_then(|file| read_lock(tree, &file, options, &mut reading));
        let engine = options.engine.or(provider.as_deref().and_then(engine));
        for (folder, (ups, downs)) in folders {
            let mut halves = |files: Vec<File<'_>>| -> Vec<Half> {
                let steps = files.into_iter().map(|file| step(&file, engine, &mut reading));
                steps.map(|step| Half::new(version(folder), folder, step)).collect()
            };
            let (ups, downs) = (halves(ups), halves(downs));
            shared::pair(ups, downs, &mut reading);
        }
        shared::finish(reading)
    }
}

/// Folders are compared by their whole names.
fn version(folder: &str) -> Version {
    let written = shared::numbered(folder).map_or(folder, |(digits, _)| digits);
    Version::new(written, vec![Part::Text(folder.to_owned())])
}

fn step(file: &File<'_>, engine: Option<EngineKind>, reading: &mut Reading) -> Step {
    let mut step = file.step(reading, |_| TransactionMode::SingleBatch);
    if let Step::Sql(script) = &mut step {
        let split = [
            &["CREATE", "INDEX", "CONCURRENTLY"][..],
            &["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"],
        ];
        let statements = sql::statements(script);
        if engine == Some(EngineKind::Sqlite)
            || statements.iter().any(|one| split.iter().any(|words| one.starts_with(words)))
        {
            script.transaction = TransactionMode::Bare;
        }
    }
    step
}

#[derive(serde::Deserialize)]
struct Lock {
    provider: String,
}

/// The provider, where the lock can be read.
fn provider(tree: &Tree) -> Option<String> {
    let text = std::str::from_utf8(&tree.get(LOCK)?.bytes).ok()?;
    let lock: Lock = toml::from_str(&text[shared::body_start(text)..]).ok()?;
    Some(lock.provider)
}

fn read_lock(
    tree: &Tree,
    file: &File<'_>,
    options: Options,
    reading: &mut Reading,
) -> Option<String> {
    reading.companions.push(file.path.clone());
    file.text_or_problem(reading)?;
    let location = Location::file(file.path.clone());
    let Some(provider) = provider(tree) else {
        let message = format!("`{LOCK}` does not name a provider");
        let help = "prisma writes a line such as `provider = \"postgresql\"`; restore it.";
        reading.problems.push(shared::invalid(location, message, help));
        return None;
    };
    if engine(&provider).is_none() && options.engine.is_none() {
        let message = format!("`{LOCK}` names `{provider}`, which cannot be run here");
        let help = "Put engine = \"…\" into the [[set]] of migration-gate.toml if an engine that is \
                    known here takes the same SQL.";
        reading.problems.push(shared::invalid(location, message, help));
    }
    Some(provider)
}

fn engine(provider: &str) -> Option<EngineKind> {
    match provider {
        "postgresql" | "postgres" => Some(EngineKind::Postgres),
        "sqlite" => Some(EngineKind::Sqlite),
        "mysql" => Some(EngineKind::Mysql),
        _ => None,
    }
}

#[cfg(test)]
#[path = "prisma_tests.rs"]
mod tests;
