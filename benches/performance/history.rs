//! Histories of migrations: a real one, and ones that are made up the same way each time.

use std::fs;
use std::path::{Path, PathBuf};

use migration_gate::host;

/// The folder of the migrations, in diesel's layout.
pub(crate) const FOLDER: &str = "migrations";
/// About how many tables stand at a time.
const TABLES: usize = 200;

/// A migration.
#[derive(Clone)]
pub(crate) struct Migration {
    /// Its folder's name.
    pub(crate) id: String,
    pub(crate) up: String,
    pub(crate) down: Option<String>,
    /// diesel's `metadata.toml`, where there is one.
    metadata: Option<String>,
}

impl Migration {
    /// Whether it runs in a transaction, as most do.
    pub(crate) fn in_transaction(&self) -> bool {
        let text = self.metadata.as_deref().unwrap_or_default();
        !text.replace(' ', "").contains("run_in_transaction=false")
    }
}

/// Migrations in the order in which they run.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) migrations: Vec<Migration>,
}

impl History {
    /// The history of that name, from its bundle; nothing where it is not here.
    pub(crate) fn corpus(name: &str) -> Option<Self> {
        let folder = host::env("MIGRATION_GATE_CORPORA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"),
            PathBuf::from,
        );
        let bundle = folder.join(format!("{name}.bundle"));
        if !bundle.is_file() {
            eprintln!("SKIPPED: there is no {name}.bundle; set MIGRATION_GATE_CORPORA");
            return None;
        }
        let clone = tempfile::tempdir().expect("a temporary folder");
        let mut git = host::command("git");
        git.args(["clone", "--quiet"]).arg(bundle).arg(clone.path());
        assert!(git.status().expect("git starts").success(), "{name} cannot be cloned");
        Some(Self::read(&clone.path().join(FOLDER)))
    }

    fn read(folder: &Path) -> Self {
        let entries = fs::read_dir(folder).expect("migrations");
        let read = |path: PathBuf| {
            let file = |name: &str| fs::read_to_string(path.join(name)).ok();
            let id = path.file_name()?.to_string_lossy().into_owned();
            let (down, metadata) = (file("down.sql"), file("metadata.toml"));
            Some(Migration { id, up: file("up.sql")?, down, metadata })
        };
        let mut migrations: Vec<Migration> =
            entries.filter_map(|entry| read(entry.expect("an entry").path())).collect();
        // diesel orders them so.
        migrations.sort_by_key(|migration| migration.id.replace('-', ""));
        Self { migrations }
    }

    /// A history as a service of some years has: tables come and go, columns are added, filled,
    /// renamed and dropped, indexes and constraints are made. Each down takes its up back.
    pub(crate) fn synthetic(count: usize) -> Self {
        let mut service = Service { tables: Vec::new(), made: 0, dice: 0x9e37_79b9_7f4a_7c15 };
        let migrations = (1..=count).map(|number| {
            let (name, up, down) = service.next(number);
            let id = format!("{number:014}_{name}");
            Migration { id, up, down: Some(down), metadata: None }
        });
        Self { migrations: migrations.collect() }
    }

    /// The first of them.
    pub(crate) fn first(&self, count: usize) -> Self {
        Self { migrations: self.migrations.iter().take(count).cloned().collect() }
    }

    /// Writes them below a folder, as diesel lays them out.
    pub(crate) fn write(&self, top: &Path) {
        for migration in &self.migrations {
            let folder = top.join(FOLDER).join(&migration.id);
            fs::create_dir_all(&folder).expect("it can be made");
            let files = [
                ("up.sql", Some(&migration.up)),
                ("down.sql", migration.down.as_ref()),
                ("metadata.toml", migration.metadata.as_ref()),
            ];
            for (name, text) in files {
                let Some(text) = text else { continue };
                fs::write(folder.join(name), text).expect("it can be written");
            }
        }
    }
}

/// A table of the made-up service.
struct TableOf {
    name: String,
    /// Columns beyond those that every table has, with their types.
    columns: Vec<(String, &'static str)>,
}

impl TableOf {
    fn create(&self) -> String {
        let more = self.columns.iter().map(|(name, kind)| format!(",\n    {name} {kind}"));
        format!(
            "CREATE TABLE {} (\n    id bigserial PRIMARY KEY,\n    name text NOT NULL,\n    \
             created_at timestamptz NOT NULL DEFAULT now(){}\n);\n",
            self.name,
            more.collect::<String>()
        )
    }
}

/// The schema as it grows.
struct Service {
    /// The oldest first.
    tables: Vec<TableOf>,
    made: usize,
    dice: u64,
}

impl Service {
    /// A number below `sides` (xorshift64).
    fn roll(&mut self, sides: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 33) as usize % sides
    }

    /// The next migration: its name, its up and its down.
    fn next(&mut self, number: usize) -> (&'static str, String, String) {
        if self.tables.len() >= TABLES && self.roll(4) == 0 {
            return self.drop_table();
        }
        if self.tables.len() < 3 || (self.tables.len() < TABLES && self.roll(4) == 0) {
            return self.create_table();
        }
        let place = self.roll(self.tables.len());
        let kind = self.roll(6);
        change(&mut self.tables[place], kind, number)
    }

    fn create_table(&mut self) -> (&'static str, String, String) {
        self.made += 1;
        let name = format!("table_{:04}", self.made);
        let table = TableOf { name, columns: vec![("amount".into(), "bigint")] };
        let (up, down) = (table.create(), format!("DROP TABLE {};\n", table.name));
        self.tables.push(table);
        ("create_table", up, down)
    }

    fn drop_table(&mut self) -> (&'static str, String, String) {
        let table = self.tables.remove(0);
        ("drop_table", format!("DROP TABLE {};\n", table.name), table.create())
    }
}

/// A change of one table.
fn change(table: &mut TableOf, kind: usize, number: usize) -> (&'static str, String, String) {
    let name = table.name.clone();
    let last = table.columns.last().cloned();
    match (kind, last) {
        (0, _) => {
            let index = format!("{name}_{number}_idx");
            let up = format!("CREATE INDEX {index} ON {name} (name, created_at);\n");
            ("add_index", up, format!("DROP INDEX {index};\n"))
        }
        (1, _) => {
            let check = format!("{name}_{number}_check");
            let up = format!(
                "ALTER TABLE {name} ADD CONSTRAINT {check} CHECK (id > 0) NOT VALID;\n\
                 ALTER TABLE {name} VALIDATE CONSTRAINT {check};\n"
            );
            ("add_check", up, format!("ALTER TABLE {name} DROP CONSTRAINT {check};\n"))
        }
        (2, Some((column, kind))) => {
            table.columns.pop();
            let up = format!("ALTER TABLE {name} DROP COLUMN {column};\n");
            ("drop_column", up, format!("ALTER TABLE {name} ADD COLUMN {column} {kind};\n"))
        }
        (3, Some((column, kind))) => {
            let new = format!("renamed_{number}");
            table.columns.pop();
            table.columns.push((new.clone(), kind));
            let rename = |from: &str, to: &str| {
                format!("ALTER TABLE {name} RENAME COLUMN {from} TO {to};\n")
            };
            ("rename_column", rename(&column, &new), rename(&new, &column))
        }
        (4, Some((column, "bigint"))) => {
            let up = format!("UPDATE {name} SET {column} = id WHERE {column} IS NULL;\n");
            ("backfill", up, format!("UPDATE {name} SET {column} = NULL WHERE {column} = id;\n"))
        }
        _ => {
            let (column, kind) =
                (format!("column_{number}"), ["text", "bigint", "boolean"][number % 3]);
            let up = format!("ALTER TABLE {name} ADD COLUMN {column} {kind};\n");
            let down = format!("ALTER TABLE {name} DROP COLUMN {column};\n");
            table.columns.push((column, kind));
            ("add_column", up, down)
        }
    }
}
