//! The tables in which tools keep what has run: read and written as the tool itself does, so that
//! either may run next.
//!
//! A table is looked for under the name that its tool gives it by itself, in the current schema.
//! One that a team named otherwise or put elsewhere is not found, and then nothing has run: the
//! runner would begin with the first migration, which fails where its objects are there.

mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod own;
mod prisma;
mod quote;
mod refinery;
mod sqitch;
mod sqlx;
mod table;
mod versions;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Fault, FaultKind};
use crate::engine::Database;
use crate::model::{EngineKind, Migration, RepoPath, Tree, printable};

/// A migration that the target knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The set's migration, by its id; `None` where the set has none such.
    pub id: Option<String>,
    /// What the target calls it.
    pub name: String,
    /// Whether it ran to its end.
    pub state: TrackedState,
    /// The target remembers another content than the file has.
    pub edited: bool,
}

impl Tracked {
    /// One that ran to its end and was not edited.
    fn applied(migration: Option<&Migration>, name: &str) -> Self {
        Self {
            id: migration.map(|migration| migration.id.clone()),
            name: printable(name).into_owned(),
            state: TrackedState::Applied,
            edited: false,
        }
    }
}

/// Whether a migration ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrackedState {
    /// It did.
    Applied,
    /// It was begun, and nothing says that it ended (golang-migrate's `dirty`, a failed row of
    /// flyway).
    Unfinished,
}

/// What is written down about one migration.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// The one that is the last to have run without it, in the order of the set.
    pub previous: Option<&'a Migration>,
    /// When it began.
    pub at: Timestamp,
    /// How long it took; nothing before it is known.
    pub took: Duration,
}

/// A tool's table. Statements are for [`Database::write`] and for the `record` of
/// [`Database::execute`]; values in them are quoted.
pub trait Tracker {
    /// The table's name, for people.
    fn table(&self) -> &'static str;

    /// What has run, in the order of the table. Where there is no table nothing has.
    ///
    /// # Errors
    /// When the table cannot be read or does not look as its tool makes it.
    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault>;

    /// Makes the table as the tool does, where it is not there; nothing where it is.
    ///
    /// # Errors
    /// When the database does not say whether it is there.
    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault>;

    /// What the tool writes before a migration runs, in a transaction of its own.
    fn starting(&self, note: &Note<'_>) -> Vec<String> {
        let _ = note;
        Vec::new()
    }

    /// What the tool writes with a migration, in its transaction where it has one.
    fn applied(&self, note: &Note<'_>) -> Vec<String>;

    /// What the tool writes once a migration has been committed.
    fn finished(&self, note: &Note<'_>) -> Vec<String> {
        let _ = note;
        Vec::new()
    }

    /// What takes back [`Tracker::starting`] after the migration itself was taken back.
    fn abandoned(&self, note: &Note<'_>) -> Vec<String> {
        let _ = note;
        Vec::new()
    }

    /// What the tool writes with a down, in its transaction where it has one.
    fn undone(&self, note: &Note<'_>) -> Vec<String>;
}

/// A set, as far as its table hangs on it.
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    /// The layout's name.
    pub layout: &'static str,
    /// The engine.
    pub engine: EngineKind,
    /// The migrations in the order in which they run.
    pub migrations: &'a [&'a Migration],
    /// The files of the set's folder, as they are written.
    pub tree: &'a Tree,
}

impl<'a> Set<'a> {
    /// The migrations by what their tool writes for them.
    fn by(&self, key: fn(&Migration) -> String) -> BTreeMap<String, &'a Migration> {
        self.migrations.iter().map(|migration| (key(migration), *migration)).collect()
    }

    /// What a file of the set holds; nothing where it cannot be read.
    fn bytes(&self, path: &RepoPath) -> &'a [u8] {
        let entry = path.below(self.tree.root()).and_then(|relative| self.tree.get(relative));
        entry.map_or(&[], |entry| &entry.bytes)
    }
}

/// The version of a tool that numbers its migrations, as databases write it: `0042` is `42`.
fn number(migration: &Migration) -> String {
    migration.version.number().unwrap_or_default().to_string()
}

/// The table of a set's tool.
///
/// # Errors
/// Where the runner does not write the table of that tool, or not in that engine, with the way
/// out.
pub fn tracker<'a>(set: Set<'a>) -> Result<Box<dyn Tracker + 'a>, Fault> {
    let refused = |what: String| {
        let way_out = format!("run these migrations with {} itself", set.layout);
        Err(Fault::new(FaultKind::Usage, what, way_out))
    };
    if !matches!(set.engine, EngineKind::Sqlite | EngineKind::Postgres) {
        return refused(format!("the runner writes no tables in {}", set.engine.name()));
    }
    Ok(match set.layout {
        "dbmate" => dbmate::tracker(set),
        "diesel" => diesel::tracker(set),
        "flyway" => Box::new(flyway::Flyway(set)),
        "golang-migrate" => Box::new(golang_migrate::GolangMigrate(set)),
        "goose" => Box::new(goose::Goose(set)),
        "prisma" => Box::new(prisma::Prisma(set)),
        "refinery" => Box::new(refinery::Refinery(set)),
        "sqitch" => Box::new(sqitch::Sqitch::new(set)?),
        "sqlx" => Box::new(sqlx::Sqlx(set)),
        // No tool of their own keeps track of these.
        "command" | "versioned-pairs" => Box::new(own::Own(set)),
        other => return refused(format!("the runner does not write the table of {other}")),
    })
}
