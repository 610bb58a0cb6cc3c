//! The tables of tools, held against the tools themselves where they are installed.
//!
//! They are looked for in the folders of `MIGRATION_GATE_TOOLS`, a list like `PATH`, and then in
//! `PATH`. In a CI on Linux each must be there.

pub(crate) mod dbmate;
pub(crate) mod diesel;
mod flyway;
mod own;
mod plain;
mod prisma;
pub(crate) mod refinery;
mod sqitch;
pub(crate) mod sqlx;
mod tables;
pub(crate) mod turns;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use migration_gate::engine::postgres::Postgres;
use migration_gate::engine::{Database, Engine, EngineError, SandboxSpec, Target, TargetError};
use migration_gate::host;
use migration_gate::layout;
use migration_gate::model::{
    EngineKind, Entry, Migration, RepoPath, Script, TransactionMode, Tree,
};
use migration_gate::runner::tracking::{self, Note, Set, TrackedState, Tracker};

use crate::support::{Folder, PROGRAM, Ran, bare, finish};
use plain::Plain;

pub(crate) fn in_ci() -> bool {
    host::env_text("CI").as_deref() == Some("true")
}

/// A tool's program; loudly nothing where it is not installed, but never so in a CI on Linux.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let lists = ["MIGRATION_GATE_TOOLS", "PATH"].into_iter().filter_map(host::env);
    let folders: Vec<PathBuf> =
        lists.flat_map(|list| std::env::split_paths(&list).collect::<Vec<_>>()).collect();
    let found = folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(!in_ci() || !cfg!(target_os = "linux"), "{name} is not installed");
        eprintln!("SKIPPED: {name} is not installed; name its folder in MIGRATION_GATE_TOOLS");
    }
    found
}

/// A throwaway PostgreSQL server, gone with its handle, and the folder of its socket; loudly nothing
/// where there is none.
pub(crate) fn server() -> Option<(Box<dyn Target>, String)> {
    let spec = SandboxSpec {
        statement_timeout: Duration::from_secs(60),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    };
    host::stand_for(PROGRAM.into());
    let mut server = match Postgres.sandbox(&spec) {
        Ok(server) => server,
        Err(EngineError::Unavailable { what, .. }) if !in_ci() => {
            eprintln!("SKIPPED: {what}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    // The only thing a script can say is why it failed.
    // A folder of the machine is no part of what it says, so it is written otherwise.
    let ask = "DO $$ BEGIN \
        RAISE '%', translate(current_setting('unix_socket_directories'), '/', '|'); END $$";
    let ask = Script::whole(RepoPath::root(), ask.into(), TransactionMode::Bare);
    let socket = match server.execute(&ask) {
        Err(TargetError::Script(failure)) => failure.message.replace('|', "/"),
        other => panic!("{other:?}"),
    };
    Some((server, socket))
}

/// A database and a folder for migrations.
pub(crate) struct Here {
    pub(crate) engine: EngineKind,
    pub(crate) folder: Folder,
    /// Where tools find the database.
    pub(crate) url: String,
    database: Plain,
    /// Ends with this.
    _server: Option<Box<dyn Target>>,
}

/// An empty database of each engine; without PostgreSQL, loudly, where there is no server.
pub(crate) fn everywhere() -> Vec<Here> {
    let mut all = vec![Here::sqlite()];
    all.extend(Here::postgres());
    all
}

impl Here {
    pub(crate) fn sqlite() -> Self {
        let folder = Folder::new(&[]);
        let file = folder.path().join("app.db");
        let database = Plain::Sqlite(rusqlite::Connection::open(&file).unwrap());
        let url = format!("sqlite://{}", file.display());
        Self { engine: EngineKind::Sqlite, folder, url, database, _server: None }
    }

    pub(crate) fn postgres() -> Option<Self> {
        let (server, socket) = server()?;
        let url = format!(
            "postgres://postgres@localhost/postgres?host={}&sslmode=disable",
            socket.replace('/', "%2F")
        );
        let mut config = postgres::Config::new();
        let client = config.host_path(&socket).user("postgres").dbname("postgres");
        let database = Plain::Postgres(Box::new(client.connect(postgres::NoTls).unwrap()));
        let folder = Folder::new(&[]);
        Some(Self { engine: EngineKind::Postgres, folder, url, database, _server: Some(server) })
    }

    /// Another empty database of the same engine.
    pub(crate) fn alike(&self) -> Self {
        match self.engine {
            EngineKind::Postgres => Self::postgres().unwrap(),
            _ => Self::sqlite(),
        }
    }

    /// The folder of the server's socket, as URLs have it.
    fn socket(&self) -> &str {
        let (_, rest) = self.url.split_once("host=").unwrap();
        rest.split_once('&').unwrap().0
    }

    /// Runs a tool in the folder.
    pub(crate) fn run(&self, command: impl Into<PathBuf>, arguments: &[&str]) -> Ran {
        let mut command: Command = bare(host::command(command.into()));
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        finish(command.args(arguments).env("DATABASE_URL", &self.url))
    }

    pub(crate) fn write(&mut self, statements: &[String]) {
        self.database.write(statements).unwrap();
    }

    /// Makes the table, which is then there.
    pub(crate) fn make(&mut self, tracker: &dyn Tracker) {
        let statements = tracker.create(&mut self.database).unwrap();
        assert!(!statements.is_empty());
        self.write(&statements);
        assert_eq!(tracker.create(&mut self.database).unwrap(), Vec::<String>::new());
    }

    /// Runs an up as the runner does, with what is written down of it.
    pub(crate) fn apply(&mut self, tracker: &dyn Tracker, note: &Note<'_>) {
        self.write(&tracker.starting(note));
        let script = note.migration.up.script().unwrap();
        self.database.execute(script, &tracker.applied(note)).unwrap();
        self.write(&tracker.finished(note));
    }

    /// Runs a down as the runner does.
    pub(crate) fn undo(&mut self, tracker: &dyn Tracker, note: &Note<'_>) {
        let down = note.migration.down.step().unwrap().script().unwrap();
        self.database.execute(down, &tracker.undone(note)).unwrap();
    }

    /// What is tracked, in short: `name = id`, with what is wrong with it.
    pub(crate) fn told(&mut self, tracker: &dyn Tracker) -> Vec<String> {
        let tell = |one: tracking::Tracked| {
            let id = one.id.map(|id| format!(" = {id}")).unwrap_or_default();
            let state = if one.state == TrackedState::Unfinished { " unfinished" } else { "" };
            let edited = if one.edited { " edited" } else { "" };
            format!("{}{id}{state}{edited}", one.name)
        };
        tracker.read(&mut self.database).unwrap().into_iter().map(tell).collect()
    }

    /// The only column of a query.
    pub(crate) fn column(&mut self, query: &str) -> Vec<String> {
        let rows = self.database.read(query).unwrap();
        rows.into_iter().map(|mut row| row.remove(0).unwrap_or_default()).collect()
    }

    /// The columns of a table and its indexes, as the engine tells of them.
    pub(crate) fn shape(&mut self, table: &str) -> Vec<String> {
        self.column(&match self.engine {
            EngineKind::Postgres => format!(
                "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, \
                 attidentity, pg_get_expr(adbin, adrelid)) FROM pg_attribute LEFT JOIN pg_attrdef \
                 ON adrelid = attrelid AND adnum = attnum \
                 WHERE attrelid = '{table}'::regclass AND attnum > 0 \
                 UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = '{table}'"
            ),
            _ => format!(
                "SELECT concat_ws(' ', name, lower(type), \"notnull\", dflt_value, pk) \
                 FROM pragma_table_info('{table}') \
                 UNION ALL SELECT name || \"unique\" FROM pragma_index_list('{table}')"
            ),
        })
    }

    /// Whether there are tables `t1` to `t4`.
    fn tables(&mut self) -> Vec<bool> {
        (1..=4).map(|number| self.has_table(&format!("t{number}"))).collect()
    }

    pub(crate) fn has_table(&mut self, name: &str) -> bool {
        self.database.has_table(&migration_gate::model::TableName::plain(name)).unwrap()
    }
}

/// A set that owns its files.
pub(crate) struct Owned {
    layout: &'static str,
    tree: Tree,
    migrations: Vec<Migration>,
}

impl Owned {
    pub(crate) fn new(layout: &'static str, files: &[(&str, &str)]) -> Self {
        let mut tree = Tree::new(RepoPath::new("db/migrations").unwrap());
        for (path, text) in files {
            tree.insert(*path, Entry::file(text.as_bytes()));
        }
        let migrations = layout::by_name(layout).unwrap().read(&tree).migrations;
        Self { layout, tree, migrations }
    }

    pub(crate) fn in_order(&self) -> Vec<&Migration> {
        self.migrations.iter().collect()
    }

    pub(crate) fn tracker<'a>(
        &'a self,
        engine: EngineKind,
        migrations: &'a [&'a Migration],
    ) -> Box<dyn Tracker + 'a> {
        let set = Set { layout: self.layout, engine, migrations, tree: &self.tree };
        tracking::tracker(set).unwrap()
    }
}

/// What is noted of the migration at that place, where all before it have run.
pub(crate) fn note<'a>(migrations: &[&'a Migration], at: usize) -> Note<'a> {
    Note {
        migration: migrations[at],
        previous: at.checked_sub(1).map(|before| migrations[before]),
        at: jiff::Timestamp::UNIX_EPOCH,
        took: Duration::from_millis(1500),
    }
}
