use std::time::Duration;

use super::*;
use crate::model::{Barred, DifferenceKind, Failure, RepoPath, TransactionMode};

fn script(sql: &str) -> Script {
    Script::whole(RepoPath::new("m/1.sql").unwrap(), sql.into(), TransactionMode::Wrapped)
}

fn bare(sql: &str) -> Script {
    Script { transaction: TransactionMode::Bare, ..script(sql) }
}

fn target() -> Box<dyn Target> {
    target_with(Duration::from_secs(5))
}

fn target_with(statement_timeout: Duration) -> Box<dyn Target> {
    let spec = SandboxSpec {
        statement_timeout,
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    };
    Sqlite::default().sandbox(&spec).unwrap()
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
    let mut target = target_with(Duration::from_millis(100));
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;";
    assert!(matches!(target.execute(&script(endless)), Err(TargetError::TimedOut { .. })));
    target.execute(&script("CREATE TABLE after(x)")).unwrap();
}

#[test]
fn what_reaches_for_other_files_is_stopped() {
    for sql in [
        "ATTACH '/tmp/migration-gate-canary.db' AS other",
        "ATTACH '/tmp/' || 'migration-gate-canary.db' AS other",
        "ATTACH 'file:/tmp/migration-gate-canary.db?mode=rwc' AS other",
        "VACUUM INTO '/tmp/migration-gate-canary.db'",
        "VACUUM INTO '/tmp/' || 'migration-gate-canary.db'",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA writable_schema = ON",
        "SELECT load_extension('/tmp/canary.so')",
        "CREATE VIEW v AS SELECT load_extension('/tmp/canary.so'); SELECT * FROM v",
        "SELECT fts3_tokenizer('x', x'0000000000000000')",
    ] {
        let result = target().execute(&bare(sql));
        assert!(matches!(result, Err(TargetError::Barred(_))), "{sql}: {result:?}");
    }
    for sql in ["SELECT my_function(1)", "CREATE VIRTUAL TABLE v USING spellfix1"] {
        let result = target().execute(&bare(sql));
        assert!(matches!(result, Err(TargetError::CannotRun(_))), "{sql}: {result:?}");
    }
    assert!(!std::path::Path::new("/tmp/migration-gate-canary.db").exists());
    target().execute(&bare("VACUUM")).unwrap();
}

#[test]
fn what_honest_migrations_set_is_no_fault_and_lifts_no_bound() {
    let mut target = target();
    for sql in [
        "PRAGMA foreign_keys = OFF; PRAGMA defer_foreign_keys = ON; PRAGMA legacy_alter_table = ON",
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000",
        "PRAGMA user_version = 7; PRAGMA application_id = 7; PRAGMA recursive_triggers = ON",
        "PRAGMA auto_vacuum = FULL; PRAGMA secure_delete = ON; PRAGMA encoding = 'UTF-8'",
        "PRAGMA temp_store = FILE; PRAGMA mmap_size = 1000000000; PRAGMA cache_size = -200000000",
        "PRAGMA max_page_count = 4294967294; PRAGMA hard_heap_limit = 0; PRAGMA threads = 8",
        "PRAGMA foreign_key_check; PRAGMA integrity_check; PRAGMA optimize; ANALYZE; VACUUM",
    ] {
        target.execute(&bare(sql)).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    let mut read = |sql: &str| target.query(sql).unwrap().unwrap()[0][0].1.clone().unwrap();
    assert_eq!(read("PRAGMA temp_store"), "2");
    assert_eq!(read("PRAGMA max_page_count"), (bounds::DATABASE / 1024).to_string());
    assert_eq!(read("PRAGMA threads"), "0");
    assert_eq!(read("PRAGMA user_version"), "7");
}

/// How a script ends that is stopped by a bound and not by the clock.
fn bounded(sql: &str) -> String {
    bound_memory().unwrap();
    let mut target = target_with(Duration::from_secs(60));
    let failure = match target.execute(&bare(sql)) {
        Err(TargetError::Script(failure) | TargetError::Barred(Barred { failure, .. })) => failure,
        other => panic!("expected a failing script, got {other:?}"),
    };
    target.execute(&script("CREATE TABLE after(x)")).unwrap();
    assert!(target.snapshot().is_ok());
    failure.code.unwrap_or(failure.message)
}

#[test]
fn what_takes_too_much_is_refused() {
    for sql in [
        "SELECT zeroblob(1000000000)",
        "SELECT length(randomblob(1000000000))",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT replace(hex(zeroblob(100000)), '0', hex(zeroblob(1000)))",
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100)
         SELECT length(group_concat(zeroblob(1000000))) FROM n",
    ] {
        assert_eq!(bounded(sql), "SQLITE_TOOBIG", "{sql}");
    }
    let fill = "CREATE TABLE t(x); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                INSERT INTO t SELECT zeroblob(1000000) FROM n";
    assert_eq!(bounded(fill), "SQLITE_FULL");
    let many = format!("SELECT {}", ["zeroblob(16000000) || ''"; 100].join(", "));
    assert_eq!(bounded(&many), "SQLITE_NOMEM");
    let sorted = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                  SELECT i, zeroblob(10000000) AS b FROM n ORDER BY b, i";
    assert_eq!(bounded(sorted), "SQLITE_NOMEM");
    let pattern = format!("SELECT 'a' LIKE '{}'", "%a".repeat(1000));
    assert_eq!(bounded(&pattern), "LIKE or GLOB pattern too complex");
    let deep = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(!bounded(&deep).is_empty());
}

#[test]
fn what_never_ends_is_stopped() {
    let nested: String = (1..60)
        .map(|n| format!("CREATE VIEW v{n} AS SELECT a.x FROM v{0} a, v{0} b;", n - 1))
        .collect();
    for sql in [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "CREATE TABLE t(x); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000)
         INSERT INTO t SELECT i FROM n;
         SELECT count(*) FROM t a, t b, t c, t d, t e WHERE a.x + b.x + c.x + d.x + e.x < 0",
        "CREATE TABLE t(x); CREATE TRIGGER a AFTER INSERT ON t WHEN new.x < 40 BEGIN
         INSERT INTO t VALUES (new.x + 1); INSERT INTO t VALUES (new.x + 1); END;
         PRAGMA recursive_triggers = ON; INSERT INTO t VALUES (1)",
        &format!("CREATE TABLE v0(x); {nested} SELECT count(*) FROM v59"),
    ] {
        let start = crate::host::now();
        let result = target_with(Duration::from_millis(300)).execute(&bare(sql));
        // The tests of one process share the bound on its memory, which may come first.
        let is_stopped = |error: &TargetError| !matches!(error, TargetError::Engine(_));
        assert!(result.as_ref().is_err_and(is_stopped), "{sql}: {result:?}");
        assert!(crate::host::now() - start < Duration::from_secs(20), "{sql}");
    }
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
