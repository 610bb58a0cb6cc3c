//! flyway's `flyway_schema_history`.
//!
//! Source: `JdbcTableSchemaHistory`, `MigrationInfoServiceImpl`, `PostgreSQLDatabase` and
//! `SQLiteDatabase` of flyway-core, and [the documentation of the table]. A checksum is the CRC-32
//! of the file's lines without their ends and without a byte order mark, as a signed number.
//!
//! Rows stay in the order of their ranks and later ones speak for earlier ones: `UNDO_SQL` and
//! `DELETE` take a version back. A `BASELINE` stands for every version up to its own. A repeatable
//! migration has a row for each time it ran, of which the last counts; an edited one has not run,
//! since flyway runs it again.
//!
//! flyway writes `success = false` after a script without a transaction has failed, and refuses to
//! go on. Here that row is written before such a script runs, so that it is there too where the
//! machine fails. A down takes the row away, which every edition understands: undoing, and with it
//! `UNDO_SQL`, is a feature of those that are paid for.
//!
//! [the documentation of the table]: https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html

use std::collections::BTreeMap;

use super::table::Table;
use super::{Fault, Note, Set, Tracked, TrackedState, Tracker, quote};
use crate::engine::{Database, TextRow};
use crate::layout::flyway_version;
use crate::model::{EngineKind, Kind, Migration, Script, TransactionMode, Version};

const INDEX: &str = "CREATE INDEX \"flyway_schema_history_s_idx\" ON \"flyway_schema_history\" \
                     (\"success\")";

const TABLE: Table = Table {
    tool: "flyway",
    name: "flyway_schema_history",
    columns: &[
        "installed_rank",
        "version",
        "description",
        "type",
        "script",
        "checksum",
        "installed_by",
        "installed_on",
        "execution_time",
        "success",
    ],
    sqlite: &[
        "CREATE TABLE \"flyway_schema_history\" (\"installed_rank\" INT NOT NULL PRIMARY KEY, \
         \"version\" VARCHAR(50), \"description\" VARCHAR(200) NOT NULL, \
         \"type\" VARCHAR(20) NOT NULL, \"script\" VARCHAR(1000) NOT NULL, \"checksum\" INT, \
         \"installed_by\" VARCHAR(100) NOT NULL, \
         \"installed_on\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')), \
         \"execution_time\" INT NOT NULL, \"success\" BOOLEAN NOT NULL)",
        INDEX,
    ],
    postgres: &[
        "CREATE TABLE \"flyway_schema_history\" (\"installed_rank\" INT NOT NULL, \
         \"version\" VARCHAR(50), \"description\" VARCHAR(200) NOT NULL, \
         \"type\" VARCHAR(20) NOT NULL, \"script\" VARCHAR(1000) NOT NULL, \"checksum\" INTEGER, \
         \"installed_by\" VARCHAR(100) NOT NULL, \
         \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(), \
         \"execution_time\" INTEGER NOT NULL, \"success\" BOOLEAN NOT NULL, \
         CONSTRAINT \"flyway_schema_history_pk\" PRIMARY KEY (\"installed_rank\"))",
        INDEX,
    ],
};

/// See the module.
#[derive(Debug)]
pub(super) struct Flyway<'a>(pub(super) Set<'a>);

/// What one migration is known by: its version, or what it says where it has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Versioned(Version),
    Repeatable(String),
}

/// The last word on one key.
struct Row {
    key: Key,
    called: String,
    checksum: Option<String>,
    ended: bool,
    is_baseline: bool,
}

/// What the rows come to.
#[derive(Default)]
struct History {
    rows: Vec<Row>,
    /// The version up to which everything counts as applied.
    baseline: Option<Version>,
}

impl History {
    fn add(&mut self, row: &TextRow) -> Result<(), Fault> {
        let (told, kind) = (TABLE.value(row, 1)?, TABLE.value(row, 2)?);
        let ended = TABLE.value(row, 4)? == "1";
        let is_baseline = matches!(kind, "BASELINE" | "SQL_BASELINE" | "INIT");
        let takes_back = kind.starts_with("UNDO") || kind == "DELETE";
        // flyway says with SCHEMA that it made the schema.
        if kind == "SCHEMA" || (takes_back && !ended) {
            return Ok(());
        }
        let (key, called) = match row.first().and_then(Option::as_deref) {
            Some(version) => {
                let parsed = flyway_version(version)
                    .ok_or_else(|| TABLE.strange("a version in it is not made of numbers"))?;
                if is_baseline && ended {
                    self.baseline = self.baseline.take().max(Some(parsed.clone()));
                }
                (Key::Versioned(parsed), format!("{version} {told}"))
            }
            None => (Key::Repeatable(told.to_owned()), told.to_owned()),
        };
        self.rows.retain(|earlier| earlier.key != key);
        if !takes_back {
            let checksum = row.get(3).cloned().flatten();
            self.rows.push(Row { key, called, checksum, ended, is_baseline });
        }
        Ok(())
    }
}

impl Flyway<'_> {
    fn checksum(&self, migration: &Migration) -> i32 {
        checksum(self.0.bytes(migration.up.path()))
    }

    /// The script's path below the set's folder.
    fn script(&self, migration: &Migration) -> String {
        let path = migration.up.path();
        let below = path.below(self.0.tree.root()).unwrap_or(path.as_str());
        let skipped = below.chars().count().saturating_sub(997);
        match below.char_indices().nth(skipped) {
            Some((start, _)) if below.chars().count() > 1000 => format!("...{}", &below[start..]),
            _ => below.to_owned(),
        }
    }

    /// The condition by which the rows of a migration are found.
    fn whose(&self, migration: &Migration) -> String {
        let text = |value: &str| quote::text(self.0.engine, value);
        match key(migration) {
            Key::Versioned(version) => format!("version = {}", text(version.as_str())),
            Key::Repeatable(description) => {
                format!("version IS NULL AND description = {}", text(&description))
            }
        }
    }

    fn insert(&self, note: &Note<'_>, success: bool) -> String {
        let migration = note.migration;
        let text = |value: &str| quote::text(self.0.engine, value);
        let version = match key(migration) {
            Key::Versioned(version) => text(version.as_str()),
            Key::Repeatable(_) => "NULL".into(),
        };
        let by = if self.0.engine == EngineKind::Postgres { "current_user" } else { "''" };
        let took = i32::try_from(note.took.as_millis()).unwrap_or(i32::MAX);
        format!(
            "INSERT INTO flyway_schema_history (installed_rank, version, description, type, \
             script, checksum, installed_by, execution_time, success) \
             SELECT COALESCE(MAX(installed_rank), 0) + 1, {version}, {}, '{}', {}, {}, {by}, \
             {took}, {success} FROM flyway_schema_history",
            text(&description(migration)),
            if is_baseline(migration) { "SQL_BASELINE" } else { "SQL" },
            text(&self.script(migration)),
            self.checksum(migration),
        )
    }

    /// The migrations that a baseline stands for.
    fn below<'s>(&'s self, history: &'s History) -> impl Iterator<Item = &'s Migration> {
        self.0.migrations.iter().copied().filter(|own| {
            let below = history.baseline.as_ref().is_some_and(|baseline| own.version <= *baseline);
            let named = history.rows.iter().any(|row| row.key == key(own));
            own.kind == Kind::Versioned && below && !named
        })
    }

    fn tracked(&self, row: &Row, known: &BTreeMap<Key, &Migration>) -> Tracked {
        let migration = known.get(&row.key).copied();
        let edited = migration.is_some_and(|own| {
            // A baseline's row says nothing of the script whose version it has; nor is it known
            // what migrations in other languages come to.
            let comparable = is_baseline(own) == row.is_baseline && own.up.script().is_some();
            let own_sum = self.checksum(own).to_string();
            comparable && row.checksum.as_ref().is_some_and(|checksum| *checksum != own_sum)
        });
        let state = if row.ended { TrackedState::Applied } else { TrackedState::Unfinished };
        Tracked { state, edited, ..Tracked::applied(migration, &row.called) }
    }
}

/// The CRC-32 of the lines.
fn checksum(bytes: &[u8]) -> i32 {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut hasher = crc32fast::Hasher::new();
    text.split(|byte| matches!(byte, b'\r' | b'\n')).for_each(|line| hasher.update(line));
    hasher.finalize().cast_signed()
}

/// What stands after `__`, with spaces, at most 200 characters long.
fn description(migration: &Migration) -> String {
    let file = migration.up.path().file_name();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let told = stem.split_once("__").map_or(stem, |(_, told)| told).replace('_', " ");
    match told.char_indices().nth(200) {
        Some(_) => told.chars().take(197).chain("...".chars()).collect(),
        None => told,
    }
}

fn is_baseline(migration: &Migration) -> bool {
    migration.kind == Kind::Versioned && migration.up.path().file_name().starts_with('B')
}

fn key(migration: &Migration) -> Key {
    match migration.kind {
        Kind::Versioned => Key::Versioned(migration.version.clone()),
        Kind::Repeatable => Key::Repeatable(description(migration)),
    }
}

impl Tracker for Flyway<'_> {
    fn table(&self) -> &'static str {
        TABLE.name
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        let query = format!(
            "SELECT version, description, type, CAST(checksum AS text), {} \
             FROM flyway_schema_history ORDER BY installed_rank",
            quote::flag_of("success")
        );
        let known: BTreeMap<Key, &Migration> =
            self.0.migrations.iter().map(|migration| (key(migration), *migration)).collect();
        let mut history = History::default();
        for row in TABLE.rows(self.0.engine, database, &query)? {
            history.add(&row)?;
        }
        let below = self.below(&history).map(|own| {
            let called = format!("{} {}", own.version, description(own));
            Tracked::applied(Some(own), &called)
        });
        let named = history.rows.iter().filter_map(|row| {
            let tracked = self.tracked(row, &known);
            let waits = row.ended && tracked.edited && matches!(row.key, Key::Repeatable(_));
            (!waits).then_some(tracked)
        });
        Ok(below.chain(named).collect())
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        TABLE.create(self.0.engine, database)
    }

    fn starting(&self, note: &Note<'_>) -> Vec<String> {
        let bare = |script: &Script| script.transaction != TransactionMode::Wrapped;
        if note.migration.up.script().is_some_and(bare) {
            vec![self.insert(note, false)]
        } else {
            Vec::new()
        }
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        let mut statements = self.abandoned(note);
        statements.push(self.insert(note, true));
        statements
    }

    fn abandoned(&self, note: &Note<'_>) -> Vec<String> {
        let whose = self.whose(note.migration);
        vec![format!("DELETE FROM flyway_schema_history WHERE {whose} AND NOT success")]
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        let whose = self.whose(note.migration);
        vec![format!("DELETE FROM flyway_schema_history WHERE {whose}")]
    }
}
