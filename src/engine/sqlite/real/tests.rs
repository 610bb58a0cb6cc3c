use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::model::RepoPath;

fn spec() -> RealSpec {
    RealSpec {
        statement_timeout: Duration::from_secs(5),
        sqlite_foreign_keys: true,
        engine_version: None,
        tools: None,
        backup_command: Vec::new(),
        restore_command: Vec::new(),
    }
}

/// A database in a folder of its own, filled with these statements.
fn database(sql: &str) -> (TempDir, PathBuf, Box<dyn Database>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let mut database = create(&path, &spec()).unwrap();
    if !sql.is_empty() {
        other(&path).execute_batch(sql).unwrap();
        database = open(&path, &spec()).unwrap();
    }
    (folder, path, database)
}

/// Another process, as far as SQLite can tell.
fn other(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn script(sql: &str, transaction: TransactionMode) -> Script {
    Script::whole(RepoPath::new("m/1.sql").unwrap(), sql.into(), transaction)
}

fn wrapped(sql: &str) -> Script {
    script(sql, TransactionMode::Wrapped)
}

fn bare(sql: &str) -> Script {
    script(sql, TransactionMode::Bare)
}

/// The only cell of a query's answer.
fn cell(path: &Path, sql: &str) -> String {
    other(path).query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
}

const NOTES: &str = "CREATE TABLE note(a)";
const NOTE: &str = "INSERT INTO note VALUES ('ran')";

#[test]
fn a_name_of_nothing_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ap.db");
    let Err(EngineError::Unavailable { what, .. }) = open(&path, &spec()) else { panic!() };
    assert!(what.contains("there is no database") && what.contains("ap.db"), "{what}");
    assert!(!path.exists());
    let (_folder, path, _) = database(NOTES);
    assert!(create(&path, &spec()).is_err(), "one that is there is not made again");
    assert_eq!(cell(&path, "SELECT name FROM sqlite_schema"), "note");
}

#[test]
fn what_is_no_database_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, but long enough to look at".repeat(9)).unwrap();
    let Err(error) = open(&path, &spec()) else { panic!() };
    assert!(error.to_string().contains("notes.txt"), "{error}");
}

#[test]
fn a_new_database_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path, _) = database("");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_script_and_its_record_are_there_together_or_not_at_all() {
    let (_folder, path, mut database) = database(NOTES);
    let good = wrapped("CREATE TABLE t(x); INSERT INTO t VALUES (1);");
    assert!(database.is_atomic(&good));
    database.execute(&good, &[NOTE.into()]).unwrap();
    assert_eq!(cell(&path, "SELECT a FROM note"), "ran");
    let broken = wrapped("CREATE TABLE u(x); CREATE TABLE u(x);");
    let error = database.execute(&broken, &[NOTE.into()]).unwrap_err();
    assert!(matches!(error, TargetError::Script(_)), "{error:?}");
    let refused = ["INSERT INTO nowhere VALUES (1)".to_owned()];
    assert!(database.execute(&wrapped("CREATE TABLE u(x)"), &refused).is_err());
    assert!(!database.has_table(&TableName::plain("u")).unwrap());
    assert_eq!(cell(&path, "SELECT CAST(count(*) AS TEXT) FROM note"), "1");
}

#[test]
fn what_commits_by_itself_is_not_atomic_and_is_recorded_afterwards() {
    let (_folder, path, mut database) = database(NOTES);
    for script in [bare("CREATE TABLE t(x)"), bare("BEGIN; SELECT 1; COMMIT;")] {
        assert!(!database.is_atomic(&script));
    }
    assert!(!database.is_atomic(&wrapped("SELECT 1; COMMIT; SELECT 2;")));
    database.execute(&bare("VACUUM; CREATE TABLE t(x);"), &[NOTE.into()]).unwrap();
    assert_eq!(cell(&path, "SELECT a FROM note"), "ran");
    let half = bare("CREATE TABLE half(x); DROP TABLE nowhere;");
    database.execute(&half, &[NOTE.into()]).unwrap_err();
    assert!(database.has_table(&TableName::plain("HALF")).unwrap());
    assert_eq!(cell(&path, "SELECT CAST(count(*) AS TEXT) FROM note"), "1");
}

#[test]
fn what_a_script_sets_or_leaves_open_is_gone_after_it() {
    let (_folder, path, mut database) = database(NOTES);
    let sets = bare("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; CREATE TEMP TABLE x(y)");
    database.execute(&sets, &[]).unwrap();
    let read = |database: &mut Box<dyn Database>, sql| database.read(sql).unwrap()[0][0].clone();
    assert_eq!(read(&mut database, "PRAGMA synchronous").as_deref(), Some("2"));
    assert_eq!(read(&mut database, "PRAGMA foreign_keys").as_deref(), Some("1"));
    assert!(database.read("SELECT * FROM x").is_err());
    let open = bare("BEGIN; INSERT INTO note VALUES ('lost');");
    assert!(matches!(database.execute(&open, &[]), Err(TargetError::Script(_))));
    assert_eq!(cell(&path, "SELECT CAST(count(*) AS TEXT) FROM note"), "0");
}

#[test]
fn other_files_are_out_of_reach() {
    let (folder, _, mut database) = database("");
    let file = folder.path().join("other.db");
    let attach = bare(&format!("ATTACH '{}' AS other", file.display()));
    assert!(matches!(database.execute(&attach, &[]), Err(TargetError::Barred(_))));
    assert!(!file.exists());
}

#[test]
fn a_verify_script_leaves_nothing_whatever_it_does() {
    let (_folder, path, mut database) = database(NOTES);
    for sql in [
        "INSERT INTO note VALUES (1); SELECT * FROM note;",
        "BEGIN; INSERT INTO note VALUES (1); ROLLBACK;",
        "INSERT INTO note VALUES (1); COMMIT; INSERT INTO note VALUES (2);",
    ] {
        database.verify(&bare(sql)).unwrap();
        database.verify(&wrapped(sql)).unwrap();
    }
    let failed = database.verify(&wrapped("SELECT nothing FROM note"));
    assert!(matches!(failed, Err(TargetError::Script(_))));
    assert_eq!(cell(&path, "SELECT CAST(count(*) AS TEXT) FROM note"), "0");
    database.write(&[NOTE.into()]).unwrap();
    assert_eq!(cell(&path, "SELECT a FROM note"), "ran");
}

/// A splitter that takes a COMMIT for something else must not let it through.
#[test]
fn a_commit_that_is_hidden_from_the_splitter_commits_nothing() {
    let (_folder, path, mut database) = database(NOTES);
    let hidden = wrapped("INSERT INTO note VALUES ([a;b]); COMMIT; SELECT 1 AS [;]; COMMIT;");
    // Whether it runs or not, nothing stays.
    let _ = database.verify(&hidden);
    let quoted = Script {
        blocks: std::iter::once(0..46).collect(),
        ..wrapped("INSERT INTO note VALUES (1); COMMIT; SELECT 1;")
    };
    let Err(TargetError::Script(failure)) = database.verify(&quoted) else { panic!() };
    assert!(!failure.message.is_empty());
    assert_eq!(cell(&path, "SELECT CAST(count(*) AS TEXT) FROM note"), "0");
}

#[test]
fn statements_of_our_own_are_one_transaction() {
    let (_folder, path, mut database) = database(NOTES);
    let failing = [NOTE.to_owned(), "INSERT INTO nowhere VALUES (1)".to_owned()];
    let error = database.write(&failing).unwrap_err();
    assert!(error.to_string().contains("app.db"), "{error}");
    assert_eq!(cell(&path, "SELECT CAST(count(*) AS TEXT) FROM note"), "0");
    database.write(&[NOTE.into(), NOTE.into()]).unwrap();
    assert_eq!(cell(&path, "SELECT CAST(count(*) AS TEXT) FROM note"), "2");
}

#[test]
fn every_value_reads_as_text() {
    let (_folder, _, mut database) = database("");
    let rows = database.read("SELECT 1, 2.0, 'a', NULL, x'0aff' UNION ALL SELECT 1,2,3,4,5");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows.unwrap()[0],
        [text("1"), text("2.0"), text("a"), None, text("0AFF")],
        "the rows are as text"
    );
    assert!(database.read("SELECT * FROM nowhere").is_err());
}

#[test]
fn people_s_tables_are_counted_and_sqlite_s_own_are_not() {
    let (_folder, _, mut database) = database(
        "CREATE TABLE \"select\"(id INTEGER PRIMARY KEY AUTOINCREMENT);
         INSERT INTO \"select\" DEFAULT VALUES; INSERT INTO \"select\" DEFAULT VALUES;
         CREATE TABLE \"a \"\"b\"(x); CREATE VIRTUAL TABLE f USING fts5(x);",
    );
    let counts = database.row_counts().unwrap();
    assert_eq!(counts, BTreeMap::from([("a \"b".to_owned(), 0), ("select".to_owned(), 2)]));
}

#[test]
fn its_size_is_that_of_its_pages() {
    let (_folder, path, mut database) = database("CREATE TABLE t(x); CREATE TABLE u(x);");
    assert_eq!(database.size().unwrap(), path.metadata().unwrap().len());
}

#[test]
fn one_runner_works_at_a_time_whatever_it_calls_the_file() {
    let (folder, path, mut database) = database("");
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut second = open(&link, &spec()).unwrap();
    assert!(database.lock().unwrap());
    assert!(database.lock().unwrap(), "the own lock is no other's");
    assert!(!second.lock().unwrap());
    drop(database);
    assert!(second.lock().unwrap());
    assert!(folder.path().join(".app.db.migration-gate.lock").exists());
}

#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    let (folder, _, mut database) = database("");
    let link = folder.path().join(".app.db.migration-gate.lock");
    let victim = folder.path().join("victim");
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    assert!(database.lock().is_err());
    assert!(!victim.exists());
}

#[test]
fn a_database_that_another_process_holds_is_said_to_be_locked() {
    let (_folder, path, database) = database(NOTES);
    let holder = other(&path);
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut database = hurried(&path, database);
    let error = database.execute(&wrapped("CREATE TABLE t(x)"), &[]).unwrap_err();
    let TargetError::Engine(EngineError::Unavailable { what, .. }) = error else { panic!() };
    assert!(what.contains("locked by another process"), "{what}");
    holder.execute_batch("ROLLBACK").unwrap();
    database.execute(&wrapped("CREATE TABLE t(x)"), &[]).unwrap();
}

/// The same database with less patience.
fn hurried(path: &Path, database: Box<dyn Database>) -> Box<dyn Database> {
    drop(database);
    open(path, &RealSpec { statement_timeout: Duration::from_millis(200), ..spec() }).unwrap()
}

#[test]
fn a_reader_keeps_what_it_sees_while_a_copy_is_brought_back() {
    for mode in ["DELETE", "WAL"] {
        let (folder, path, database) = database(&format!(
            "PRAGMA journal_mode = {mode}; CREATE TABLE t(x TEXT); INSERT INTO t VALUES ('old');"
        ));
        let mut database = hurried(&path, database);
        let copy = folder.path().join("copy");
        database.back_up(&copy).unwrap();
        database.write(&["UPDATE t SET x = 'new'".into()]).unwrap();
        let reader = other(&path);
        let seen =
            || reader.query_row("SELECT x FROM t", [], |row| row.get::<_, String>(0)).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        assert_eq!(seen(), "new");
        let restored = database.restore(&copy);
        assert_eq!(seen(), "new");
        reader.execute_batch("COMMIT").unwrap();
        if mode == "WAL" {
            restored.unwrap();
        } else {
            // Without a log readers and writers wait for each other.
            let what = restored.unwrap_err().to_string();
            assert!(what.contains("locked by another process"), "{what}");
            assert_eq!(seen(), "new");
            database.restore(&copy).unwrap();
        }
        assert_eq!(seen(), "old");
    }
}

/// Everything in a database, as text.
fn everything(path: &Path) -> Vec<String> {
    let connection = other(path);
    let mut all = Vec::new();
    for sql in ["SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name", "SELECT x FROM t"] {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        all.extend(rows.map(Result::unwrap));
    }
    all
}

#[test]
fn a_backup_brings_everything_back_in_either_journal_mode() {
    for mode in ["DELETE", "WAL"] {
        let (folder, path, mut database) = database(&format!(
            "PRAGMA journal_mode = {mode}; CREATE TABLE t(x TEXT UNIQUE);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
             INSERT INTO t SELECT 'row ' || i FROM n;"
        ));
        let before = everything(&path);
        let copy = folder.path().join("copy");
        database.back_up(&copy).unwrap();
        assert!(database.back_up(&copy).is_err(), "a copy is never written over");
        let beside = ["copy-wal", "copy-shm", "copy-journal"];
        assert!(beside.iter().all(|name| !folder.path().join(name).exists()));
        let bytes = std::fs::read(&copy).unwrap();
        let reader = other(&path);
        let rebuild = "PRAGMA page_size = 8192; DROP TABLE t; CREATE TABLE t(x); VACUUM;";
        database.execute(&bare(rebuild), &[]).unwrap();
        assert_ne!(everything(&path), before);
        for _ in 0..2 {
            database.restore(&copy).unwrap();
            assert_eq!(everything(&path), before);
        }
        let rows = |sql| reader.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(rows("SELECT count(*) FROM t"), 20_000, "one that was open sees it as well");
        assert_eq!(cell(&path, "PRAGMA journal_mode"), mode.to_lowercase());
        assert!(std::fs::read(&copy).unwrap() == bytes, "the copy is as it was");
    }
}

#[test]
fn a_damaged_copy_is_not_brought_back() {
    let (folder, path, mut database) =
        database("CREATE TABLE t(x TEXT); INSERT INTO t VALUES ('kept');");
    let copy = folder.path().join("copy");
    database.back_up(&copy).unwrap();
    let mut bytes = std::fs::read(&copy).unwrap();
    let page = bytes.len() / 2;
    bytes[page..page + 200].fill(0xff);
    std::fs::write(&copy, bytes).unwrap();
    let error = database.restore(&copy).unwrap_err();
    assert!(error.to_string().contains("copy"), "{error}");
    assert_eq!(cell(&path, "SELECT x FROM t"), "kept");
    assert!(database.restore(&folder.path().join("nothing")).is_err());
    assert!(!folder.path().join("nothing").exists());
}

#[test]
fn a_table_that_differs_is_named() {
    let (_one, _, _) = database("");
    let with = |sql: &str| {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    };
    let base = "CREATE TABLE t(x); CREATE TABLE u(x); INSERT INTO u VALUES (1);";
    let found = |more: &str| different(&with(base), &with(&format!("{base}{more}"))).unwrap();
    assert_eq!(found(""), None);
    assert_eq!(found("UPDATE u SET x = '1'").as_deref(), Some("u"));
    assert_eq!(found("INSERT INTO t VALUES (1)").as_deref(), Some("t"));
    assert_eq!(found("CREATE INDEX i ON t(x)").as_deref(), Some("sqlite_schema"));
}
