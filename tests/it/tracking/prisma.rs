//! prisma, with the schema engine that runs in JavaScript: the other one comes from no registry.

use std::path::PathBuf;

use migration_gate::host;
use migration_gate::model::EngineKind;

use super::{Here, Owned, everywhere, in_ci, note};
use crate::support::{Ran, bare, finish};

const FILES: [(&str, &str); 4] = [
    ("20260101000000_it's_t1/migration.sql", "CREATE TABLE t1 (a int);\r\n"),
    ("20260102000000_t2/migration.sql", "CREATE TABLE t2 (a int);\nCREATE INDEX t2_a ON t2 (a);\n"),
    ("20260103000000_ä/migration.sql", "CREATE TABLE t3 (a int);"),
    ("20260104000000_t4/migration.sql", "CREATE TABLE t4 (a int);"),
];

fn names() -> [String; 4] {
    FILES.map(|(file, _)| {
        let name = file.trim_end_matches("/migration.sql");
        format!("{name} = {name}")
    })
}

/// The `node_modules` with prisma and the adapters for both engines; loudly nothing where there
/// is none, but never so in a CI on Linux.
fn modules() -> Option<PathBuf> {
    let lists = ["MIGRATION_GATE_TOOLS", "PATH"].into_iter().filter_map(host::env);
    let folders = lists.flat_map(|list| std::env::split_paths(&list).collect::<Vec<_>>());
    let whole = |folder: &PathBuf| {
        let adapters = ["@prisma/adapter-pg", "@prisma/adapter-libsql"];
        adapters.iter().all(|name| folder.join(name).is_dir()) && folder.join("prisma").is_dir()
    };
    let found = folders.filter_map(|folder| Some(folder.parent()?.to_owned())).find(whole);
    if found.is_none() {
        assert!(!in_ci() || !cfg!(target_os = "linux"), "prisma is not installed with adapters");
        eprintln!("SKIPPED: prisma is not installed with its adapters for pg and libsql");
    }
    found
}

fn lock(engine: EngineKind) -> &'static str {
    match engine {
        EngineKind::Postgres => "provider = \"postgresql\"\n",
        _ => "provider = \"sqlite\"\n",
    }
}

/// prisma on a database.
struct Project {
    here: Here,
    modules: PathBuf,
}

impl Project {
    fn everywhere() -> Vec<Self> {
        let Some(modules) = modules() else { return Vec::new() };
        everywhere().into_iter().map(|here| Self::new(here, modules.clone())).collect()
    }

    fn new(here: Here, modules: PathBuf) -> Self {
        let (name, class, options) = match here.engine {
            EngineKind::Postgres => {
                let socket = here.socket().replace("%2F", "/");
                let options = format!("host: '{socket}', user: 'postgres', database: 'postgres'");
                ("adapter-pg", "PrismaPg", options)
            }
            _ => {
                let file = here.folder.path().join("app.db");
                ("adapter-libsql", "PrismaLibSQL", format!("url: 'file:{}'", file.display()))
            }
        };
        let config = format!(
            "import {{ defineConfig }} from 'prisma/config'\n\
             import {{ {class} }} from '@prisma/{name}'\n\
             export default defineConfig({{ experimental: {{ adapter: true }}, engine: 'js', \
             schema: 'prisma/schema.prisma', adapter: async () => new {class}({{ {options} }}) }})\n"
        );
        here.folder.write("prisma.config.ts", &config);
        let lock = lock(here.engine);
        let schema = format!("datasource db {{\n  {lock}  url = \"file:x\"\n}}\n");
        here.folder.write("prisma/schema.prisma", &schema);
        here.folder.write("prisma/migrations/migration_lock.toml", lock);
        std::os::unix::fs::symlink(&modules, here.folder.path().join("node_modules")).unwrap();
        // It looks for engines that are then not asked.
        here.folder.write("engine", "");
        Self { here, modules }
    }

    /// Writes the first migrations down, and gives the set of them.
    fn files(&self, count: usize) -> Owned {
        let mut files = FILES[..count].to_vec();
        for (name, text) in &files {
            self.here.folder.write(&format!("prisma/migrations/{name}"), text);
        }
        files.push(("migration_lock.toml", lock(self.here.engine)));
        Owned::new("prisma", &files)
    }

    fn migrate(&self, arguments: &[&str]) -> Ran {
        let engine = self.here.folder.path().join("engine");
        let mut command = bare(host::command(self.modules.join(".bin/prisma")));
        command.current_dir(self.here.folder.path()).env("HOME", self.here.folder.path());
        command.envs([
            ("PRISMA_QUERY_ENGINE_LIBRARY", &engine),
            ("PRISMA_SCHEMA_ENGINE_BINARY", &engine),
        ]);
        command.envs([("CHECKPOINT_DISABLE", "1"), ("NO_COLOR", "1")]);
        finish(command.arg("migrate").args(arguments))
    }

    fn deploy(&self) {
        let ran = self.migrate(&["deploy"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }

    fn is_content(&self) {
        let ran = self.migrate(&["status"]);
        assert!(ran.code == 0 && ran.out.contains("is up to date"), "{ran:?}");
    }
}

#[test]
fn prisma_begins_and_the_runner_takes_its_turn() {
    for mut project in Project::everywhere() {
        let engine = project.here.engine;
        project.files(2);
        project.deploy();
        let owned = project.files(3);
        let migrations = owned.in_order();
        let tracker = owned.tracker(engine, &migrations);
        assert_eq!(project.here.told(&*tracker), names()[..2]);
        project.here.apply(&*tracker, &note(&migrations, 2));
        // The runner's clock in these tests stands at the beginning of time.
        let told = project.here.told(&*tracker);
        assert_eq!(told.iter().filter(|name| names()[..3].contains(name)).count(), 3, "{told:?}");
        project.is_content();

        let owned = project.files(4);
        let migrations = owned.in_order();
        let tracker = owned.tracker(engine, &migrations);
        project.deploy();
        assert_eq!(project.here.told(&*tracker).len(), 4);
        assert_eq!(project.here.tables(), [true; 4]);

        project.here.write(&["DROP TABLE t2".into()]);
        project.here.write(&tracker.undone(&note(&migrations, 1)));
        assert_eq!(project.here.told(&*tracker).len(), 3);
        project.deploy();
        project.is_content();
        assert_eq!(project.here.tables(), [true; 4]);
        assert_eq!(project.here.told(&*tracker).len(), 4);
    }
}

#[test]
fn the_runner_begins_and_prisma_goes_on() {
    for mut project in Project::everywhere() {
        let owned = project.files(4);
        let migrations = owned.in_order();
        let tracker = owned.tracker(project.here.engine, &migrations);
        project.here.make(&*tracker);
        project.here.apply(&*tracker, &note(&migrations, 0));
        project.here.apply(&*tracker, &note(&migrations, 1));
        project.deploy();
        project.is_content();
        assert_eq!(project.here.told(&*tracker), names());
        assert_eq!(project.here.tables(), [true; 4]);

        let mut other = Project::new(project.here.alike(), project.modules.clone());
        other.files(4);
        other.deploy();
        let table = tracker.table();
        assert_eq!(project.here.shape(table), other.here.shape(table));
        let rows = "SELECT concat_ws('|', migration_name, checksum, length(id), logs, \
                    applied_steps_count) FROM _prisma_migrations ORDER BY 1";
        assert_eq!(project.here.column(rows), other.here.column(rows));
    }
}

#[test]
fn a_migration_that_failed_is_unfinished_until_it_is_taken_back() {
    for mut project in Project::everywhere() {
        project.here.folder.write(&format!("prisma/migrations/{}", FILES[0].0), "CREATE TABLE;");
        assert_ne!(project.migrate(&["deploy"]).code, 0);
        let owned = project.files(1);
        let migrations = owned.in_order();
        let tracker = owned.tracker(project.here.engine, &migrations);
        let first = note(&migrations, 0);
        let unfinished = format!("{} unfinished", names()[0]);
        assert_eq!(project.here.told(&*tracker), [format!("{unfinished} edited")]);
        project.here.write(&tracker.abandoned(&first));
        assert!(project.here.told(&*tracker).is_empty());

        // What the runner began stops prisma alike.
        project.here.write(&tracker.starting(&first));
        assert_eq!(project.here.told(&*tracker), [unfinished]);
        let refused = project.migrate(&["deploy"]);
        assert!(refused.err.contains("P3009"), "{refused:?}");
        project.here.write(&tracker.abandoned(&first));
        project.deploy();
        project.is_content();
        assert_eq!(project.here.told(&*tracker), names()[..1]);
    }
}

#[test]
fn rows_are_written_without_prisma_too() {
    for mut here in everywhere() {
        let owned = Owned::new("prisma", &[("1_a/migration.sql", "abc")]);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        // Nothing was written before it ran.
        here.write(&tracker.applied(&note(&migrations, 0)));
        here.write(&tracker.abandoned(&note(&migrations, 0)));
        assert_eq!(here.told(&*tracker), ["1_a = 1_a"]);
        // The SHA-256 of FIPS 180-4's example.
        let checksum = here.column("SELECT checksum FROM _prisma_migrations").concat();
        assert!(checksum.starts_with("ba7816bf8f01cfea414140de5dae2223"), "{checksum}");
        let edited = Owned::new("prisma", &[("1_a/migration.sql", "abcd")]);
        let others = edited.in_order();
        let other = edited.tracker(here.engine, &others);
        assert_eq!(here.told(&*other), ["1_a = 1_a edited"]);
        let moments = "SELECT concat_ws('|', started_at, finished_at) FROM _prisma_migrations";
        if here.engine == EngineKind::Sqlite {
            assert_eq!(here.column(moments), ["0|1500"]);
            // Adapters in JavaScript write text, and what is there goes on.
            here.write(&[
                "UPDATE _prisma_migrations SET started_at = '2020-01-01T00:00:00.000+00:00'".into(),
            ]);
            here.write(&tracker.undone(&note(&migrations, 0)));
            let back = "SELECT rolled_back_at FROM _prisma_migrations";
            assert_eq!(here.column(back), ["1970-01-01T00:00:01.500+00:00"]);
        } else {
            here.write(&tracker.undone(&note(&migrations, 0)));
        }
        assert!(here.told(&*tracker).is_empty());
    }
}
