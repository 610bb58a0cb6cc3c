use super::super::tests::{ids, problems, tree};
use super::*;

const FILES: [(&str, &str); 6] = [
    ("1_a.up.sql", "SELECT 'all';"),
    ("1_a.postgres.up.sql", "SELECT 'postgres';"),
    ("1_a.sqlite3.up.sql", "SELECT 'sqlite';"),
    ("1_a.down.sql", "SELECT 'all';"),
    ("2_b.sqlite3.up.sql", "SELECT 2;"),
    ("2_b.down.sql", "SELECT 2;"),
];

fn read(engine: EngineKind) -> Reading {
    Pop.read_with(&tree(&FILES), Options { engine: Some(engine) })
}

#[test]
fn the_dialect_wins_over_the_file_for_all() {
    for (engine, ups) in [
        (EngineKind::Postgres, &["SELECT 'postgres';"][..]),
        (EngineKind::Sqlite, &["SELECT 'sqlite';", "SELECT 2;"]),
        (EngineKind::Mysql, &["SELECT 'all';"]),
    ] {
        let reading = read(engine);
        let found: Vec<String> =
            reading.migrations.iter().map(|one| one.up.script().unwrap().sql()).collect();
        assert_eq!(found, ups);
        assert_eq!(problems(&reading), [""; 0]);
        let down = reading.migrations[0].down.step().unwrap().script().unwrap();
        assert_eq!(down.sql(), "SELECT 'all';");
        let claimed: usize = reading.migrations.iter().map(|one| one.files.len()).sum();
        assert_eq!(claimed + reading.companions.len(), FILES.len());
    }
}

#[test]
fn an_engine_is_asked_for_only_where_files_differ() {
    assert!(problems(&Pop.read(&tree(&FILES)))[0].contains("nothing says for which one"));
    let one = [("1_a.pg.up.sql", "SELECT 1;")];
    let detected = Pop.detect(&tree(&one)).unwrap().engine.unwrap();
    assert_eq!(detected.0, EngineKind::Postgres);
    assert_eq!(ids(&Pop.read(&tree(&one))), ["1_a"]);
    assert!(Pop.detect(&tree(&[("1_a.up.sql", "")])).is_none());
}

#[test]
fn what_is_no_sql_stands_in_the_sequence() {
    let reading = Pop.read(&tree(&[
        ("1_a.autocommit.up.sql", "VACUUM;"),
        ("2_b.up.fizz", ""),
        ("3_c.up.sql", "SELECT {{ .x }};"),
    ]));
    let mode = reading.migrations[0].up.script().unwrap().transaction;
    assert_eq!(mode, TransactionMode::SingleBatch);
    assert!(matches!(reading.migrations[1].up, Step::Foreign { language: "Fizz", .. }));
    let third = &reading.migrations[2].up;
    assert!(matches!(third, Step::Foreign { language: "SQL with Go templates", .. }));
}

#[test]
fn unknown_dialects_are_never_run() {
    let reading = Pop.read(&tree(&[("1_a.oracle.up.sql", ""), ("2_b.pg.up.fizz", "")]));
    assert_eq!(problems(&reading).len(), 2);
}
