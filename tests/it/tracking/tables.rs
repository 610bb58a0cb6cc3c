//! What the tables hold, in databases where no tool is at work.

use migration_gate::engine::Database as _;
use migration_gate::model::{EngineKind, RepoPath, Tree};
use migration_gate::runner::tracking::{Set, tracker};
use migration_gate::runner::{Fault, FaultKind};

use super::{Here, Owned, everywhere, note};

const PAIRS: &[(&str, &str)] = &[
    ("0001_a.up.sql", "CREATE TABLE a (id int);"),
    ("0001_a.down.sql", "DROP TABLE a;"),
    ("0002_b.up.sql", "CREATE TABLE b (id int);"),
    ("0010_c.up.sql", "CREATE TABLE c (id int);"),
];

#[test]
fn golang_migrate_keeps_one_row() {
    let owned = Owned::new("golang-migrate", PAIRS);
    let migrations = owned.in_order();
    for mut here in everywhere() {
        let tracker = owned.tracker(here.engine, &migrations);
        let nothing = Vec::<String>::new();
        assert_eq!(here.told(&*tracker), nothing);
        here.make(&*tracker);
        assert_eq!(here.told(&*tracker), nothing);

        here.write(&tracker.starting(&note(&migrations, 0)));
        assert_eq!(here.told(&*tracker), ["1 = 0001_a unfinished"]);
        here.write(&tracker.abandoned(&note(&migrations, 0)));
        assert_eq!(here.told(&*tracker), nothing);
        here.apply(&*tracker, &note(&migrations, 0));
        assert_eq!(here.told(&*tracker), ["1 = 0001_a"]);
        here.write(&tracker.starting(&note(&migrations, 1)));
        assert_eq!(here.told(&*tracker), ["1 = 0001_a", "2 = 0002_b unfinished"]);
        here.write(&tracker.abandoned(&note(&migrations, 1)));
        here.apply(&*tracker, &note(&migrations, 2));
        assert_eq!(here.told(&*tracker), ["1 = 0001_a", "2 = 0002_b", "10 = 0010_c"]);
        assert_eq!(here.column("SELECT '' FROM schema_migrations WHERE NOT dirty").len(), 1);
        here.write(&tracker.undone(&note(&migrations, 2)));
        assert_eq!(here.told(&*tracker), ["1 = 0001_a", "2 = 0002_b"]);
        here.undo(&*tracker, &note(&migrations, 0));
        assert_eq!(here.told(&*tracker), nothing);
    }
}

#[test]
fn golang_migrate_may_stand_where_the_set_has_nothing() {
    let owned = Owned::new("golang-migrate", PAIRS);
    let migrations = owned.in_order();
    for mut here in everywhere() {
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        for (row, told) in [
            ("(5, FALSE)", &["1 = 0001_a", "2 = 0002_b", "5"][..]),
            ("(5, TRUE)", &["1 = 0001_a", "2 = 0002_b", "5 unfinished"]),
            // A down of the first that did not end.
            ("(-1, TRUE)", &["-1 unfinished"]),
        ] {
            let insert = format!("INSERT INTO schema_migrations VALUES {row}");
            here.write(&["DELETE FROM schema_migrations".into(), insert]);
            assert_eq!(here.told(&*tracker), told, "{row}");
        }
        here.write(&["INSERT INTO schema_migrations VALUES (1, FALSE)".into()]);
        let fault = tracker.read(&mut here.database).unwrap_err();
        assert!(fault.what.contains("more than one row"), "{fault}");
    }
}

#[test]
fn goose_counts_the_newest_row_of_a_version() {
    let up = "-- +goose Up\nSELECT 1;";
    let files = [("1_a.sql", up), ("02_b.sql", up), ("3_c.go", "package migrations")];
    let owned = Owned::new("goose", &files);
    let migrations = owned.in_order();
    for mut here in everywhere() {
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        assert_eq!(here.told(&*tracker), Vec::<String>::new());
        here.write(&tracker.applied(&note(&migrations, 1)));
        here.write(&tracker.applied(&note(&migrations, 0)));
        assert_eq!(here.told(&*tracker), ["2 = 02_b", "1 = 1_a"]);
        let rows = "SELECT id || ' ' || version_id || ' ' || CASE WHEN is_applied THEN 1 ELSE 0 \
                    END FROM goose_db_version ORDER BY id";
        assert_eq!(here.column(rows), ["1 0 1", "2 2 1", "3 1 1"]);
        // As releases before 3 wrote a down, and an up after it.
        let old = |values: &str| {
            format!("INSERT INTO goose_db_version (version_id, is_applied) VALUES {values}")
        };
        here.write(&[old("(1, FALSE)"), old("(2, FALSE)"), old("(2, TRUE)"), old("(9, TRUE)")]);
        assert_eq!(here.told(&*tracker), ["2 = 02_b", "9"]);
        here.write(&tracker.undone(&note(&migrations, 1)));
        assert_eq!(here.told(&*tracker), ["9"]);
    }
}

#[test]
fn an_unknown_version_is_told_without_its_control_characters() {
    for (layout, table) in
        [("dbmate", "schema_migrations"), ("diesel", "__diesel_schema_migrations")]
    {
        let owned = Owned::new(layout, &[]);
        for mut here in everywhere() {
            let tracker = owned.tracker(here.engine, &[]);
            assert_eq!(tracker.table(), table);
            here.make(&*tracker);
            here.write(&[format!("INSERT INTO {table} (version) VALUES ('3''\u{1b}')")]);
            let told = here.told(&*tracker);
            assert!(told[0].starts_with("3'") && !told[0].contains(['\u{1b}', '=']), "{told:?}");
        }
    }
}

#[test]
fn an_unfinished_row_of_sqlx_is_told() {
    let owned = Owned::new("sqlx", PAIRS);
    let migrations = owned.in_order();
    for mut here in everywhere() {
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        here.apply(&*tracker, &note(&migrations, 0));
        here.write(&["UPDATE _sqlx_migrations SET success = FALSE".into()]);
        assert_eq!(here.told(&*tracker), ["1 = 0001_a unfinished"]);
    }
}

#[test]
fn a_name_is_written_as_it_is_whatever_it_holds() {
    let name = r"1_it's_\'_\\x27);_DROP_TABLE_b;--.sql.sql";
    // The SHA-384 of FIPS 180-4's example.
    let checksum = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                    8086072ba1e7cc2358baeca134c825a7";
    let owned = Owned::new("sqlx", &[(name, "abc")]);
    let migrations = owned.in_order();
    for mut here in everywhere() {
        let postgres = here.engine == EngineKind::Postgres;
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        for conforming in ["on", "off"] {
            if postgres {
                here.write(&[format!("SET standard_conforming_strings = {conforming}")]);
            }
            here.write(&tracker.applied(&note(&migrations, 0)));
            let found = here.column("SELECT description FROM _sqlx_migrations");
            assert_eq!(found, [r"it's \' \\x27); DROP TABLE b;--"]);
            let hex = if postgres { "encode(checksum, 'hex')" } else { "lower(hex(checksum))" };
            assert_eq!(here.column(&format!("SELECT {hex} FROM _sqlx_migrations")), [checksum]);
            assert_eq!(here.told(&*tracker).len(), 1);
            here.write(&tracker.undone(&note(&migrations, 0)));
            assert_eq!(here.told(&*tracker), Vec::<String>::new());
        }
    }
}

fn strange(here: &mut Here, layout: &'static str, made: &str) -> Fault {
    here.database.batch(made).unwrap();
    let owned = Owned::new(layout, &[]);
    let fault = owned.tracker(here.engine, &[]).read(&mut here.database).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.what.contains(layout), "{fault}");
    fault
}

#[test]
fn a_table_of_another_tool_is_told() {
    for mut here in everywhere() {
        for (layout, made, expected) in [
            ("sqlx", "CREATE TABLE _sqlx_migrations (version bigint)", "no column description"),
            (
                "dbmate",
                "CREATE TABLE schema_migrations (version bigint, dirty boolean)",
                "a column dirty",
            ),
            (
                "golang-migrate",
                "DROP TABLE schema_migrations; CREATE TABLE schema_migrations (version text)",
                "no column dirty",
            ),
            ("dbmate", "INSERT INTO schema_migrations VALUES (NULL)", "lacks a value"),
            (
                "golang-migrate",
                "ALTER TABLE schema_migrations ADD dirty boolean; \
                 UPDATE schema_migrations SET version = 'x'",
                "not a number",
            ),
            (
                "goose",
                "CREATE TABLE goose_db_version (id int, version_id int, tstamp int)",
                "no column is_applied",
            ),
            (
                "diesel",
                "CREATE TABLE __diesel_schema_migrations (version text)",
                "no column run_on",
            ),
        ] {
            let fault = strange(&mut here, layout, made);
            assert!(fault.what.contains(expected), "{fault}");
        }
    }
}

#[test]
fn a_table_of_another_schema_is_not_this_one() {
    let owned = Owned::new("dbmate", &[]);
    let Some(mut here) = Here::postgres() else { return };
    let tracker = owned.tracker(here.engine, &[]);
    here.make(&*tracker);
    let other = ["CREATE SCHEMA app", "SET search_path = app, public"].map(str::to_owned);
    here.write(&other);
    assert!(here.has_table("schema_migrations"));
    here.make(&*tracker);
    let found = here.column("SELECT schemaname FROM pg_tables WHERE tablename LIKE 'schema_m%'");
    assert_eq!(found.len(), 2);
    here.database.read("SELECT version FROM app.schema_migrations").unwrap();
}

#[test]
fn what_the_runner_cannot_write_is_refused_with_a_way_out() {
    let tree = Tree::new(RepoPath::root());
    for (layout, engine, expected) in [
        ("liquibase", EngineKind::Postgres, "liquibase"),
        ("goose", EngineKind::Mysql, EngineKind::Mysql.name()),
    ] {
        let fault = tracker(Set { layout, engine, migrations: &[], tree: &tree }).err().unwrap();
        assert_eq!(fault.kind, FaultKind::Usage);
        assert!(fault.what.contains(expected), "{fault}");
        assert!(fault.way_out.contains(layout), "{fault}");
    }
}
