//! The state after a base is kept between runs: nobody can tell by the report, and a cache that is
//! full, broken or not to be written to costs time and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use migration_gate::host;

use crate::support::{Folder, Ran, finish, program};

/// A base that takes long enough to be kept, with all that sessions, servers and roles may have
/// from it; the last one does not run.
const POSTGRES: [(&str, &str); 9] = [
    ("01_slow", "CREATE TABLE slow (id int); SELECT pg_sleep(0.2);"),
    (
        "02_roles",
        "CREATE ROLE reader NOLOGIN; CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO reader;",
    ),
    ("03_path", "ALTER DATABASE postgres SET search_path = app, public;"),
    (
        "04_tables",
        "CREATE UNLOGGED TABLE app.cache (k text PRIMARY KEY); \
      INSERT INTO app.cache VALUES ('a'); CREATE SEQUENCE app.numbers CACHE 20; \
      SELECT nextval('app.numbers'); CREATE TABLE app.users (id bigserial PRIMARY KEY, name text); \
      INSERT INTO app.users (name) SELECT 'n' || i FROM generate_series(1, 50) i; \
      CREATE INDEX ON app.users (name); ANALYZE app.users;",
    ),
    ("05_temporary", "CREATE TEMP TABLE here (id int); PREPARE p AS SELECT 1;"),
    ("06_setting", "SET app.tenant = 'x'; SELECT current_setting('app.tenant');"),
    ("07_setting_is_gone", "SELECT current_setting('app.tenant');"),
    (
        "08_type",
        "CREATE TYPE app.mood AS ENUM ('good', 'bad'); CREATE EXTENSION IF NOT EXISTS plpgsql;",
    ),
    ("09_broken", "ALTER TABLE nowhere ADD COLUMN x int;"),
];
const JUDGED: (&str, &str, &str) = (
    "10_change",
    "ALTER TABLE users ADD COLUMN mood app.mood; CREATE TABLE made (id int DEFAULT \
     nextval('app.numbers')); INSERT INTO made SELECT FROM app.cache; GRANT SELECT ON made TO reader;",
    "DROP TABLE made; ALTER TABLE users DROP COLUMN mood;",
);
/// The same for the other engine.
const SQLITE: [(&str, &str); 3] = [
    (
        "01_slow",
        "CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
      WHERE i < 400000) SELECT max(i) AS top FROM n;",
    ),
    (
        "02_session",
        "PRAGMA recursive_triggers = ON; CREATE TEMP TABLE here (id INTEGER); \
      CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT); \
      INSERT INTO users (name) VALUES ('a'), ('b'); DELETE FROM users WHERE id = 2;",
    ),
    ("03_broken", "ALTER TABLE nowhere ADD COLUMN x INTEGER;"),
];

struct Place {
    folder: Folder,
    engine: &'static str,
}

impl Place {
    fn of(engine: &'static str, base: &[(&str, &str)]) -> Self {
        let place = Self { folder: Folder::new(&[]), engine };
        for (name, up) in base {
            place.history(name, up);
        }
        place
    }

    fn postgres() -> Self {
        let place = Self::of("postgres", &POSTGRES);
        place.judged(JUDGED);
        place
    }

    fn sqlite() -> Self {
        let place = Self::of("sqlite", &SQLITE);
        let up = "CREATE TABLE made (id INTEGER REFERENCES users); ALTER TABLE users ADD x TEXT;";
        place.judged(("10_change", up, "DROP TABLE made; ALTER TABLE users DROP COLUMN x;"));
        place
    }

    fn history(&self, name: &str, up: &str) {
        for side in ["base", "head"] {
            self.folder.write(&format!("{side}/migrations/{name}.up.sql"), up);
            self.folder.write(&format!("{side}/migrations/{name}.down.sql"), "SELECT 1;");
        }
    }

    fn judged(&self, (name, up, down): (&str, &str, &str)) {
        self.folder.write(&format!("head/migrations/{name}.up.sql"), up);
        self.folder.write(&format!("head/migrations/{name}.down.sql"), down);
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn command(&self, cache: &Path) -> std::process::Command {
        let mut command = program(self.folder.path());
        command.env("MIGRATION_GATE_CACHE", cache);
        command.args(["check", "--engine", self.engine, "--format", "json"]);
        command.args(["--base-dir", "base", "head"]);
        command
    }

    fn check(&self) -> Ran {
        finish(&mut self.command(&self.cache()))
    }

    fn without(&self) -> Ran {
        finish(&mut self.command(Path::new("off")))
    }

    fn kept(&self, kind: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(self.cache().join(kind)).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
        files.sort();
        files
    }
}

/// Whether there is no server, which only a CI must have.
fn is_missing(ran: &Ran) -> bool {
    let missing = ran.out.contains("no PostgreSQL server") && host::env("CI").is_none();
    if missing {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
    }
    missing
}

/// Two checks after the first one that say the same, with `kept` states in the end.
fn same(place: &Place, expected: &Ran, kept: usize) {
    for turn in ["cold", "warm"] {
        let ran = place.check();
        assert_eq!(
            (ran.code, &ran.out, &ran.err),
            (expected.code, &expected.out, &expected.err),
            "{turn}"
        );
        assert_eq!(place.kept("states").len(), kept, "{turn}");
    }
}

#[test]
fn a_report_is_the_same_without_a_cache_and_with_an_empty_and_a_full_one() {
    let place = Place::postgres();
    let without = place.without();
    if is_missing(&without) {
        return;
    }
    assert_eq!(without.code, 0, "{}", without.out);
    assert!(without.out.contains("07_setting_is_gone"), "{}", without.out);
    assert!(!place.cache().exists());
    same(&place, &without, 1);
    let place = Place::sqlite();
    let without = place.without();
    assert!(without.out.contains("03_broken"), "{}", without.out);
    same(&place, &without, 1);
}

#[test]
fn a_base_that_grew_begins_where_it_was_and_an_edited_one_begins_anew() {
    let place = Place::postgres();
    if is_missing(&place.check()) {
        return;
    }
    let [state] = &place.kept("states")[..] else { panic!("one state is kept") };
    let used = || fs::metadata(state).unwrap().modified().unwrap();
    let before = used();
    place.history("091_grown", "CREATE TABLE grown (id int); CREATE TABLE app.more (id int);");
    let without = place.without();
    assert_eq!(used(), before);
    let ran = place.check();
    assert!(used() > before, "the part that stood is what the run began with");
    assert_eq!((ran.code, ran.out), (without.code, without.out));
    let before = used();
    place.history(
        "02_roles",
        "CREATE ROLE reader NOLOGIN; CREATE SCHEMA app; CREATE TABLE app.x ();",
    );
    let without = place.without();
    let ran = place.check();
    assert_eq!((ran.code, ran.out), (without.code, without.out));
    assert_eq!((used(), place.kept("states").len()), (before, 2));
}

#[test]
fn an_entry_that_is_not_what_was_kept_is_none_and_goes() {
    let place = Place::postgres();
    let first = place.check();
    if is_missing(&first) {
        return;
    }
    for kind in ["states", "templates"] {
        let [entry] = &place.kept(kind)[..] else { panic!("one of {kind}") };
        let whole = fs::read(entry).unwrap();
        // A byte of the index, one of the contents, and half of it all.
        let mut spoilt = vec![whole[..whole.len() / 2].to_vec()];
        for at in [200, whole.len() - 1] {
            spoilt.push(whole.clone());
            spoilt.last_mut().unwrap()[at] ^= 1;
        }
        for bytes in spoilt {
            fs::write(entry, &bytes).unwrap();
            let ran = place.check();
            assert_eq!((ran.code, &ran.out, &ran.err), (first.code, &first.out, &first.err));
            assert_ne!(fs::read(entry).unwrap(), bytes, "a new one stands there");
        }
    }
}

#[test]
fn runs_beside_each_other_say_the_same() {
    let place = Place::postgres();
    let without = place.without();
    if is_missing(&without) {
        return;
    }
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| place.check()), scope.spawn(|| place.check())];
        for run in both {
            let ran = run.join().unwrap();
            assert_eq!((ran.code, &ran.out, &ran.err), (without.code, &without.out, &without.err));
        }
    });
    assert_eq!((place.kept("states").len(), place.kept("templates").len()), (1, 1));
}

#[test]
fn a_cache_that_cannot_be_written_to_costs_time_and_nothing_else() {
    let place = Place::sqlite();
    let without = place.without();
    // No folder at all, a full disk, and one that is everyone's.
    place.folder.write("file", "");
    let open = place.folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    for cache in [place.folder.path().join("file"), "/dev/full".into(), open.clone()] {
        let ran = finish(&mut place.command(&cache));
        assert_eq!((ran.code, &ran.out, &ran.err), (without.code, &without.out, &without.err));
    }
    assert_eq!(
        fs::read_dir(&open)
            .unwrap()
            .flat_map(|kind| fs::read_dir(kind.unwrap().path()))
            .flatten()
            .count(),
        0
    );
    // What is there already is of use although nothing can be added.
    place.check();
    let [state] = &place.kept("states")[..] else { panic!("one state is kept") };
    for folder in [place.cache().join("states"), place.cache()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).unwrap();
    }
    let ran = place.check();
    assert_eq!((ran.code, &ran.out, &ran.err), (without.code, &without.out, &without.err));
    assert!(state.exists());
    for folder in [place.cache(), place.cache().join("states")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn what_is_kept_is_listed_and_pruned() {
    let place = Place::sqlite();
    place.check();
    let cache = |arguments: &[&str]| {
        let mut command = program(place.folder.path());
        command.env("MIGRATION_GATE_CACHE", place.cache()).arg("cache").args(arguments);
        finish(&mut command)
    };
    assert_eq!(cache(&["path"]).quiet(0).trim_end(), place.cache().to_str().unwrap());
    let listed = cache(&["list"]).quiet(0);
    assert!(listed.contains("state") && listed.contains("after 3 migrations"), "{listed}");
    assert!(listed.ends_with("of 2.0 GiB\n") && listed.contains("\n1 entry, "), "{listed}");
    assert!(cache(&["prune"]).quiet(0).starts_with("removed 0 entries"));
    assert!(cache(&["prune", "--size", "1"]).quiet(0).starts_with("removed 1 entry, "));
    assert_eq!(cache(&["list"]).quiet(0), "0 entries, 0.0 KiB of 2.0 GiB\n");
    place.check();
    assert!(cache(&["prune", "--all"]).quiet(0).starts_with("removed 1 entry, "));
    let mut off = program(place.folder.path());
    let said = finish(off.env("MIGRATION_GATE_CACHE", "off").args(["cache", "list"])).refused(2);
    assert!(said.contains("there is no cache"), "{said}");
}
