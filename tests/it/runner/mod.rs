//! The runner on real folders, SQLite files and PostgreSQL databases.

mod conflicts;
mod guide;
mod kill;
mod machine;
mod plans;
mod postgres;
mod team;
mod together;
mod tools;

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use migration_gate::model::EngineKind;
use serde_json::Value;

use crate::support::{Folder, Ran, finish, program};
use postgres::Base;

/// The second of three migrations adds a column and fills it.
const CUSTOMERS: &[(&str, &str)] = &[
    (
        "db/1_customers.up.sql",
        "-- migration-gate: class=online\n\
         CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n\
         INSERT INTO customers VALUES (1, 'mara'), (2, 'ali');\n",
    ),
    ("db/1_customers.down.sql", "DROP TABLE customers;\n"),
    (
        "db/2_mail.up.sql",
        "-- migration-gate: class=online\n\
         ALTER TABLE customers ADD COLUMN mail TEXT;\n\
         UPDATE customers SET mail = name || '@example.org';\n",
    ),
    ("db/2_mail.down.sql", "ALTER TABLE customers DROP COLUMN mail;\n"),
    (
        "db/3_letters.up.sql",
        "-- migration-gate: class=post_deploy\n\
         CREATE TABLE letters (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL);\n",
    ),
    ("db/3_letters.down.sql", "DROP TABLE letters;\n"),
];

/// The same key under three names in two documents.
const SETTINGS: &[(&str, &str)] = &[
    (
        "migrations/compatibility_contract.toml",
        "contract_version = 1\n[[schemas]]\nname = \"app\"\nschema = \"schemas/3.json\"\n\
         files = [\"config/*.json\"]\nversion = \"3\"\ncompatibility = \"none\"\nreleases = [\n\
         { version = \"1\", schema = \"schemas/1.json\" },\n\
         { version = \"2\", schema = \"schemas/2.json\" },\n]\n",
    ),
    ("schemas/1.json", "{\"type\": \"object\", \"required\": [\"a\"]}\n"),
    ("schemas/2.json", "{\"type\": \"object\", \"required\": [\"b\"]}\n"),
    ("schemas/3.json", "{\"type\": \"object\", \"required\": [\"c\"]}\n"),
    (
        "migrations/1_b.toml",
        "class = \"online\"\nschema = \"app\"\nfrom = \"1\"\nto = \"2\"\n\
         [[up]]\nmove = \"/a\"\nto = \"/b\"\n",
    ),
    (
        "migrations/2_c.toml",
        "class = \"online\"\nschema = \"app\"\nfrom = \"2\"\nto = \"3\"\n\
         [[up]]\nmove = \"/b\"\nto = \"/c\"\n",
    ),
    ("config/x.json", "{\n  \"a\": 1\n}\n"),
    ("config/y.json", "{ \"a\": 2 }\n"),
];

/// What is looked at in a database: the schema, the rows, and what is tracked.
const LOOKS: &[&str] = &[
    "SELECT * FROM customers ORDER BY id",
    "SELECT * FROM letters ORDER BY id",
    "SELECT version, success FROM _sqlx_migrations ORDER BY version",
];

/// A set and a target of its own, which is called `t`.
struct Place {
    folder: Folder,
    engine: EngineKind,
    /// The database on the server.
    base: Option<Base>,
    /// Whether it is a copy, whose state is that of another place.
    copied: bool,
}

/// The configuration of a set `s` with a target `t`.
fn config(engine: EngineKind, more: &str) -> String {
    let (set, target) = match engine {
        EngineKind::Documents => ("path = \"migrations\"\ndocuments = [\"config/*.json\"]", ""),
        EngineKind::Postgres => ("path = \"db\"\nlayout = \"sqlx\"", "url-env = \"DATABASE_URL\""),
        _ => ("path = \"db\"\nlayout = \"sqlx\"", "file = \"app.db\""),
    };
    format!(
        "version = 1\n[[set]]\nname = \"s\"\nengine = \"{engine}\"\n{set}\n\
         [[target]]\nname = \"t\"\nset = \"s\"\n{target}\n{more}\n"
    )
}

impl Place {
    /// A target on which nothing has run. `more` stands in the target, or behind it. `None` where
    /// there is no server for it.
    fn new(engine: EngineKind, more: &str) -> Option<Self> {
        let base = match engine {
            EngineKind::Postgres => Some(Base::empty()?),
            _ => None,
        };
        let files = if engine == EngineKind::Documents { SETTINGS } else { CUSTOMERS };
        let folder = Folder::in_memory(files);
        folder.write("migration-gate.toml", &config(engine, more));
        if engine == EngineKind::Sqlite {
            folder.write("app.db", "");
        }
        Some(Self { folder, engine, base, copied: false })
    }

    fn documents() -> Self {
        Self::new(EngineKind::Documents, "").unwrap()
    }

    fn sqlite() -> Self {
        Self::new(EngineKind::Sqlite, "").unwrap()
    }

    /// The same target once more.
    fn copy(&self) -> Self {
        let folder = Folder::in_memory(&[]);
        copy(self.folder.path(), folder.path());
        let base = self.base.as_ref().map(Base::copy);
        Self { folder, engine: self.engine, base, copied: true }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.folder.path());
        command.args(arguments);
        if self.copied {
            command.arg("--moved");
        }
        if let Some(base) = &self.base {
            command.env("DATABASE_URL", base.url());
        }
        command
    }

    fn gate(&self, arguments: &[&str]) -> Ran {
        finish(&mut self.command(arguments))
    }

    /// Applies without a rehearsal, and so quickly.
    fn apply(&self, more: &[&str]) -> Ran {
        self.gate(&[&["apply", "--no-rehearsal"], more].concat())
    }

    /// Demands that a command does what it is asked to.
    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.gate(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out
    }

    fn resolve(&self, migration: &str, how: &str) -> Ran {
        self.gate(&["resolve", migration, "--as", how, "--reason", "seen", "--by", "mara"])
    }

    /// Runs a command that is killed at a step.
    fn killed(&self, step: &str, arguments: &[&str]) {
        let mut command = self.command(arguments);
        command.env("FAILPOINTS", format!("{step}=return(kill)"));
        let ended = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(ended.status.signal(), Some(9), "{arguments:?} {step}: {ended:?}");
    }

    /// What `status` says for programs, with its exit code.
    fn status(&self) -> (i32, Value) {
        let ran = self.gate(&["status", "--format", "json"]);
        let told = serde_json::from_str(&ran.out);
        (ran.code, told.unwrap_or_else(|_| panic!("{ran:?}")))
    }

    fn state(&self) -> String {
        let (code, told) = self.status();
        let state = told["state"].as_str().unwrap().to_owned();
        assert_eq!(code == 0, told.get("problem").is_none(), "{told}");
        state
    }

    /// The ids of what has run and of what has not.
    fn ran(&self) -> (Vec<String>, Vec<String>) {
        let (_, told) = self.status();
        let id = |one: &Value| one.as_str().or(one["migration"].as_str()).unwrap().to_owned();
        let ids = |key: &str| told[key].as_array().unwrap().iter().map(id).collect();
        (ids("applied"), ids("pending"))
    }

    /// Demands that nothing waits for a decision and that the journal is what was written.
    fn sound(&self) {
        assert_eq!(self.state(), "idle");
        self.done(&["journal", "verify"]);
    }

    /// The names of the journal's events, without what they all begin with.
    fn events(&self) -> Vec<String> {
        let shown = self.done(&["journal", "show", "--format", "json"]);
        let name = |line: &str| {
            let event: Value = serde_json::from_str(line).unwrap();
            let name = event["event_name"].as_str().unwrap().split_once('.').unwrap().1;
            name.trim_start_matches("migration.").to_owned()
        };
        shown.lines().map(name).collect()
    }

    /// What the target holds, and what is known to have run.
    fn look(&self) -> String {
        let rows = |query: &&str| {
            let found = match &self.base {
                Some(base) => base.rows(query),
                None => self.rows(query),
            };
            format!("{query}\n{}\n", found.unwrap_or_else(|| "there is no such thing".into()))
        };
        match self.engine {
            EngineKind::Documents => {
                let history = fs::read_to_string(self.path(".migration-gate/t/history.jsonl"));
                let ran = history.unwrap_or_default().lines().count();
                let [x, y] = ["config/x.json", "config/y.json"].map(|name| self.folder.read(name));
                format!("{x}{y}{ran}")
            }
            EngineKind::Postgres => [LOOKS, postgres::LOOKS].concat().iter().map(rows).collect(),
            _ => LOOKS.iter().map(rows).collect(),
        }
    }

    /// The rows of the SQLite file.
    fn rows(&self, query: &str) -> Option<String> {
        let file = rusqlite::Connection::open(self.path("app.db")).unwrap();
        let mut statement = file.prepare(query).ok()?;
        let width = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..width).map(|at| row.get::<_, rusqlite::types::Value>(at));
            cells.map(|cell| cell.map(|cell| format!("{cell:?}"))).collect::<Result<Vec<_>, _>>()
        });
        Some(rows.unwrap().map(|row| row.unwrap().join("|") + "\n").collect())
    }

    /// Changes the target behind the runner's back.
    fn sql(&self, sql: &str) {
        match &self.base {
            Some(base) => base.client().batch_execute(sql).unwrap(),
            None => {
                rusqlite::Connection::open(self.path("app.db"))
                    .unwrap()
                    .execute_batch(sql)
                    .unwrap();
            }
        }
    }

    /// The backups of the last checkpoint.
    fn backups(&self) -> Vec<PathBuf> {
        let checkpoints = self.path(".migration-gate/t/checkpoints");
        let last = names(&checkpoints).pop().unwrap();
        names(&last.join("backup"))
    }
}

/// The paths in a folder, in order.
fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    for path in names(from) {
        let other = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&other).unwrap();
            copy(&path, &other);
        } else {
            fs::copy(&path, &other).unwrap();
        }
    }
}

/// One target of each engine, without PostgreSQL where there is no server.
fn everywhere() -> Vec<Place> {
    let postgres = Place::new(EngineKind::Postgres, "");
    [Some(Place::documents()), Some(Place::sqlite()), postgres].into_iter().flatten().collect()
}

/// The id of the first migration, and of the second.
fn ids(engine: EngineKind) -> [&'static str; 2] {
    match engine {
        EngineKind::Documents => ["1_b", "2_c"],
        _ => ["1_customers", "2_mail"],
    }
}
