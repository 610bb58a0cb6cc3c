use std::time::Duration;

use super::*;
use crate::model::{DifferenceKind, Failure, RepoPath, TransactionMode};

fn script(sql: &str) -> Script {
    Script::whole(RepoPath::new("m/1.sql").unwrap(), sql.into(), TransactionMode::Wrapped)
}

fn bare(sql: &str) -> Script {
    Script { transaction: TransactionMode::Bare, ..script(sql) }
}

fn target() -> Box<dyn Target> {
    let spec = SandboxSpec {
        statement_timeout: Duration::from_secs(5),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    };
    Sqlite.sandbox(&spec).unwrap()
}

fn failure(target: &mut dyn Target, script: &Script) -> Failure {
    match target.execute(script) {
        Err(TargetError::Script(failure)) => failure,
        other => panic!("expected a failing script, got {other:?}"),
    }
}

#[test]
fn a_wrapped_script_that_fails_half_way_leaves_nothing() {
    let mut target = target();
    let before = target.snapshot().unwrap();
    let sql = "CREATE TABLE a(x);\nCREATE TABLE a(y);\n";
    let failure = failure(&mut *target, &script(sql));
    assert!(failure.message.contains("already exists"), "{}", failure.message);
    let span = failure.location.span.unwrap();
    assert!(
        sql[span.start..].starts_with('a') || sql[span.start..].starts_with("CREATE TABLE a(y)")
    );
    assert!(before.diff(&target.snapshot().unwrap()).is_empty());
}

#[test]
fn a_bare_script_that_fails_half_way_is_restored_from_the_checkpoint() {
    let mut target = target();
    target.execute(&script("CREATE TABLE kept(x)")).unwrap();
    let before = target.snapshot().unwrap();
    let checkpoint = target.checkpoint().unwrap();
    failure(&mut *target, &bare("CREATE TABLE a(x); DROP TABLE nowhere;"));
    assert!(before.diff(&target.snapshot().unwrap()).is_material());
    target.restore(&checkpoint).unwrap();
    assert!(before.diff(&target.snapshot().unwrap()).is_empty());
}

#[test]
fn the_place_of_an_error_is_that_of_the_statement() {
    let sql = "-- first\nCREATE TABLE t(x NOT NULL);\n\n-- second; really\nINSERT INTO t VALUES (NULL);\nSELECT 1;";
    let failure = failure(&mut *target(), &script(sql));
    assert_eq!(failure.code.as_deref(), Some("SQLITE_CONSTRAINT_NOTNULL"));
    let span = failure.location.span.unwrap();
    assert_eq!(&sql[span.start..span.end], "INSERT INTO t VALUES (NULL);");
}

#[test]
fn what_comes_after_a_refused_statement_is_not_its_place() {
    let sql = "CREATE TABLE t(x);\n-- once more\nALTER TABLE t ADD COLUMN y UNIQUE;\nVACUUM;\n";
    let span = failure(&mut *target(), &script(sql)).location.span.unwrap();
    assert_eq!(&sql[span.start..span.end], "ALTER TABLE t ADD COLUMN y UNIQUE;");
}

#[test]
fn the_place_of_a_syntax_error_is_its_token() {
    let sql = "SELECT 1;\nCREATE TABEL t(x);";
    let span = failure(&mut *target(), &script(sql)).location.span.unwrap();
    assert_eq!(&sql[span.start..span.end], "TABEL");
}

#[test]
fn an_endless_statement_is_stopped() {
    let spec = SandboxSpec {
        statement_timeout: Duration::from_millis(100),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    };
    let mut target = Sqlite.sandbox(&spec).unwrap();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;";
    assert!(matches!(target.execute(&script(endless)), Err(TargetError::TimedOut { .. })));
    target.execute(&script("CREATE TABLE after(x)")).unwrap();
}

#[test]
fn other_files_and_foreign_functions_are_not_the_migrations_fault() {
    for sql in [
        "ATTACH '/tmp/migration-gate-canary.db' AS other",
        "VACUUM INTO '/tmp/migration-gate-canary.db'",
        "PRAGMA temp_store_directory = '/tmp'",
        "SELECT my_function(1)",
        "CREATE VIRTUAL TABLE v USING spellfix1",
    ] {
        let result = target().execute(&bare(sql));
        assert!(matches!(result, Err(TargetError::CannotRun(_))), "{sql}: {result:?}");
    }
    target().execute(&bare("VACUUM")).unwrap();
}

#[test]
fn a_dangling_transaction_is_a_failure() {
    let failure = failure(&mut *target(), &bare("BEGIN; CREATE TABLE t(x);"));
    assert!(failure.message.contains("inside a transaction"));
}

#[test]
fn rebuilding_a_table_in_another_spelling_is_no_difference() {
    let mut target = target();
    target
        .execute(&script("CREATE TABLE t(a INTEGER PRIMARY KEY, b text DEFAULT 'x' NOT NULL, c int CHECK (c > 0))"))
        .unwrap();
    let before = target.snapshot().unwrap();
    let rebuild = "CREATE TABLE new_t (\"a\" integer PRIMARY KEY, [b] TEXT NOT NULL DEFAULT 'x',\n c INT NULL CHECK(c>0));
                   DROP TABLE t; ALTER TABLE new_t RENAME TO t;";
    target.execute(&script(rebuild)).unwrap();
    let diff = before.diff(&target.snapshot().unwrap());
    assert!(diff.is_empty(), "{diff:#?}");
}

#[test]
fn what_matters_differs() {
    let base = "CREATE TABLE p(id INTEGER PRIMARY KEY);
        CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x', p REFERENCES p(id));
        CREATE INDEX t_b ON t(b);
        CREATE VIEW v AS SELECT a FROM t;
        CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM p; END;";
    for (change, kind) in [
        ("DROP INDEX t_b", DifferenceKind::Lost),
        ("DROP VIEW v", DifferenceKind::Lost),
        ("DROP TRIGGER g", DifferenceKind::Lost),
        ("CREATE INDEX more ON t(a, b)", DifferenceKind::Left),
        ("DROP INDEX t_b; CREATE UNIQUE INDEX t_b ON t(b)", DifferenceKind::Changed),
        ("DROP INDEX t_b; CREATE INDEX t_b ON t(b) WHERE b > 'a'", DifferenceKind::Changed),
        ("ALTER TABLE t ADD COLUMN d", DifferenceKind::Left),
        ("DROP VIEW v; CREATE VIEW v AS SELECT b FROM t", DifferenceKind::Changed),
        ("DROP TABLE p; CREATE TABLE p(id INTEGER PRIMARY KEY) STRICT", DifferenceKind::Changed),
        (
            "DROP TABLE p; CREATE TABLE p(id INTEGER PRIMARY KEY, CHECK (id > 0))",
            DifferenceKind::Left,
        ),
        (
            "DROP TABLE p; CREATE TABLE p(id INTEGER PRIMARY KEY AUTOINCREMENT)",
            DifferenceKind::Changed,
        ),
    ] {
        let mut target = target();
        target.execute(&script(base)).unwrap();
        let before = target.snapshot().unwrap();
        target.execute(&script(change)).unwrap();
        let diff = before.diff(&target.snapshot().unwrap());
        assert_eq!(
            diff.differences.iter().filter(|d| !d.note).map(|d| d.kind).collect::<Vec<_>>(),
            [kind],
            "{change}: {diff:#?}"
        );
    }
}

#[test]
fn column_order_is_a_note() {
    let mut target = target();
    target.execute(&script("CREATE TABLE t(a INT, b INT, c INT)")).unwrap();
    let before = target.snapshot().unwrap();
    target.execute(&script("ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN a INT")).unwrap();
    let diff = before.diff(&target.snapshot().unwrap());
    assert!(!diff.is_material() && !diff.is_empty(), "{diff:#?}");
}

#[test]
fn a_rehearsal_changes_nothing() {
    let mut target = target();
    let before = target.snapshot().unwrap();
    let seen =
        target.rehearse(crate::model::Work::Sql(&script("CREATE TABLE t(x)"))).unwrap().unwrap();
    assert!(before.diff(&seen).is_material());
    assert!(before.diff(&target.snapshot().unwrap()).is_empty());
}

#[test]
fn references_that_do_not_hold_are_told() {
    let parent = "CREATE TABLE p(id INTEGER PRIMARY KEY, code);";
    for (sql, told) in [
        ("CREATE TABLE c(p REFERENCES P(id));", None),
        ("CREATE TABLE c(p REFERENCES q(id));", Some("c refers to q, which does not exist")),
        (
            "CREATE TABLE c(p REFERENCES q(id)); INSERT INTO c VALUES (1);",
            Some("c refers to q, which does not exist"),
        ),
        (
            "CREATE TABLE \"odd 'name\"(p REFERENCES p); INSERT INTO \"odd 'name\" VALUES (7), (8);",
            Some("rows of odd 'name without a row in p: 2"),
        ),
        (
            "CREATE TABLE c(p REFERENCES p(code));",
            Some("c refers to columns of p that are not its primary key and not unique"),
        ),
    ] {
        let mut target = target();
        target.execute(&script(parent)).unwrap();
        assert_eq!(target.broken_references().unwrap(), []);
        target.execute(&script(sql)).unwrap();
        let found = target.broken_references().unwrap();
        let found: Vec<&str> = found.iter().map(|broken| broken.problem.as_str()).collect();
        assert_eq!(found, told.into_iter().collect::<Vec<&str>>(), "{sql}");
    }
}
