//! pop, also as Ory uses it: `<version>_<name>.<dialect>.up.sql`, the dialect being optional.
//!
//! Source: [the documentation], `match.go` and Ory's [`popx`]. One folder serves several engines:
//! for each version and direction the file of the target's dialect wins over the one without a
//! dialect, and the files of other dialects are nothing to that target. So somebody has to name
//! the engine, unless the files of one engine only stand here. Subfolders are read. Versions are
//! compared as text, and every version that a target does not know is run, late ones too. A script
//! runs in a transaction; with Ory's `.autocommit` it is sent as one message outside of one. While
//! migrations run on SQLite, Ory turns foreign keys off. Checksums are not kept.
//!
//! `.fizz` files are not SQL, and SQL with `{{` goes through Go's templates first: neither can be
//! run here. CockroachDB's files are known and never chosen.
//!
//! [the documentation]: https://gobuffalo.io/documentation/database/migrations
//! [`popx`]: https://github.com/ory/hydra/tree/master/oryx/popx

use std::collections::{BTreeMap, BTreeSet};

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Options, Reading};
use crate::model::{
    EngineKind, Habits, LateMigrations, Location, Step, TransactionMode, Tree, Version,
};

const EXPECTED: &str = "pop expects `<version>_<name>.up.sql` and `.down.sql`, with the dialect \
                        before the direction where a file is for one engine: `.postgres.up.sql`.";

/// See the module.
pub(super) struct Pop;

/// What stands in a file's name.
struct Name<'n> {
    digits: &'n str,
    stem: &'n str,
    /// `None` for all engines.
    dialect: Option<Dialect>,
    autocommit: bool,
    down: bool,
    fizz: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Engine(EngineKind),
    Cockroach,
}

impl Layout for Pop {
    fn name(&self) -> &'static str {
        "pop"
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
        let files = shared::readable(tree);
        let own = |name: &Name<'_>| name.dialect.is_some() || name.autocommit || name.fizz;
        let first = files
            .iter()
            .filter(|file| file.folder().is_none())
            .map(File::name)
            .find(|file| name(file).is_some_and(|name| own(&name)))?;
        Some(Detection {
            confidence: Confidence::Sure,
            reason: format!("a name such as {first}"),
            engine: only_engine(&files)
                .map(|engine| (engine, "the dialect in its file names".to_owned())),
        })
    }

    fn read(&self, tree: &Tree) -> Reading {
        self.read_with(tree, Options::default())
    }

    fn read_with(&self, tree: &Tree, options: Options) -> Reading {
        let mut reading = Reading::default();
        let files = shared::sift(tree, &mut reading);
        let engine = options.engine.or_else(|| only_engine(&files));
        if engine.is_none() {
            ask_for_engine(&files, &mut reading);
        }
        let mut sorted = Sorted::default();
        for file in files {
            match name(file.name()) {
                Some(name) => sorted.add(file, &name),
                None => reading.problems.push(shared::unclaimed(&file, EXPECTED)),
            }
        }
        sorted.choose(engine, &mut reading);
        shared::finish(reading)
    }
}

fn name(name: &str) -> Option<Name<'_>> {
    let fizz = name.ends_with(".fizz");
    let rest = name.strip_suffix(".sql").or(name.strip_suffix(".fizz"))?;
    let (rest, down) = match (rest.strip_suffix(".up"), rest.strip_suffix(".down")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => return None,
    };
    let (rest, autocommit) = match rest.strip_suffix(".autocommit") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (stem, dialect) = match rest.split_once('.') {
        Some((stem, word)) => (stem, Some(dialect(word)?)),
        None => (rest, None),
    };
    let (digits, title) = shared::numbered(stem)?;
    let fits = !title.is_empty() && !(fizz && (dialect.is_some() || autocommit));
    fits.then_some(Name { digits, stem, dialect, autocommit, down, fizz })
}

fn dialect(word: &str) -> Option<Dialect> {
    match word {
        "postgres" | "postgresql" | "pg" => Some(Dialect::Engine(EngineKind::Postgres)),
        "sqlite3" | "sqlite" => Some(Dialect::Engine(EngineKind::Sqlite)),
        "mysql" | "mariadb" => Some(Dialect::Engine(EngineKind::Mysql)),
        "cockroach" | "cockroachdb" | "crdb" => Some(Dialect::Cockroach),
        _ => None,
    }
}

/// The engine that is the only one to have files of its own, besides CockroachDB.
fn only_engine(files: &[File<'_>]) -> Option<EngineKind> {
    let engine = |file: &File<'_>| match name(file.name())?.dialect? {
        Dialect::Engine(engine) => Some(engine),
        Dialect::Cockroach => None,
    };
    let engines: BTreeSet<EngineKind> = files.iter().filter_map(engine).collect();
    engines.first().copied().filter(|_| engines.len() == 1)
}

/// Where the files differ by dialect, none of them can be chosen without an engine.
fn ask_for_engine(files: &[File<'_>], reading: &mut Reading) {
    let special = |file: &&File<'_>| name(file.name()).is_some_and(|name| name.dialect.is_some());
    if let Some(first) = files.iter().find(special) {
        let message = format!(
            "`{}` is for one engine, and nothing says for which one this set is to be read",
            first.relative
        );
        let help = "Put engine = \"…\" into the [[set]] of migration-gate.toml, or run once for \
                    each engine with --engine.";
        reading.problems.push(shared::invalid(Location::file(first.path.clone()), message, help));
    }
}

/// A file with what its name says.
struct Candidate<'t> {
    file: File<'t>,
    stem: String,
    dialect: Option<Dialect>,
    autocommit: bool,
    fizz: bool,
}

/// The files of each version.
#[derive(Default)]
struct Sorted<'t> {
    ups: BTreeMap<String, Vec<Candidate<'t>>>,
    downs: BTreeMap<String, Vec<Candidate<'t>>>,
}

impl<'t> Sorted<'t> {
    fn add(&mut self, file: File<'t>, name: &Name<'_>) {
        let side = if name.down { &mut self.downs } else { &mut self.ups };
        side.entry(name.digits.to_owned()).or_default().push(Candidate {
            file,
            stem: name.stem.to_owned(),
            dialect: name.dialect,
            autocommit: name.autocommit,
            fizz: name.fizz,
        });
    }

    fn choose(self, engine: Option<EngineKind>, reading: &mut Reading) {
        let Self { ups, mut downs } = self;
        for (digits, ups) in ups {
            let downs = downs.remove(&digits).unwrap_or_default();
            let ups = chosen(&digits, ups, engine, reading);
            // What only another engine has done is not undone here either.
            let downs = if ups.is_empty() {
                reading.companions.extend(downs.into_iter().map(|down| down.file.path));
                Vec::new()
            } else {
                chosen(&digits, downs, engine, reading)
            };
            shared::pair(ups, downs, reading);
        }
        for (digits, downs) in downs {
            let downs = chosen(&digits, downs, engine, reading);
            shared::pair(Vec::new(), downs, reading);
        }
    }
}

/// The files of the engine's dialect, or else those without one; the others are companions.
fn chosen(
    digits: &str,
    files: Vec<Candidate<'_>>,
    engine: Option<EngineKind>,
    reading: &mut Reading,
) -> Vec<Half> {
    let own = engine.map(Dialect::Engine);
    let special = own.is_some() && files.iter().any(|one| one.dialect == own);
    let wanted = if special { own } else { None };
    let (taken, left): (Vec<_>, Vec<_>) = files.into_iter().partition(|one| one.dialect == wanted);
    reading.companions.extend(left.into_iter().map(|one| one.file.path));
    let half = |one: Candidate<'_>| {
        let version = Version::text(digits);
        Half::new(version, &one.stem, step(&one, reading))
    };
    taken.into_iter().map(half).collect()
}

fn step(one: &Candidate<'_>, reading: &mut Reading) -> Step {
    let foreign = |language| Step::Foreign { path: one.file.path.clone(), language };
    if one.fizz {
        return foreign("Fizz");
    }
    let mode = if one.autocommit { TransactionMode::SingleBatch } else { TransactionMode::Wrapped };
    let step = one.file.step(reading, |_| mode);
    match step.script() {
        Some(script) if script.text.contains("{{") => foreign("SQL with Go templates"),
        _ => step,
    }
}

#[cfg(test)]
#[path = "pop_tests.rs"]
mod tests;
