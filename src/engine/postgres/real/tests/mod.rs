//! A database that stays, on whatever server is installed here.

mod encrypted;
mod restored;

use std::path::PathBuf;

use super::*;
use crate::engine::postgres::server::{Own, Server as _};
use crate::engine::postgres::tests::{binaries, own, script};
use crate::host;
use crate::model::{Failure, TransactionMode};

pub(super) fn spec() -> RealSpec {
    RealSpec {
        statement_timeout: Duration::from_secs(20),
        sqlite_foreign_keys: false,
        engine_version: None,
        tools: host::env("MIGRATION_GATE_TEST_POSTGRES_BIN").map(PathBuf::from),
        backup_command: Vec::new(),
        restore_command: Vec::new(),
    }
}

/// A server with a database that somebody else looks into as well.
struct Shop {
    own: Own,
    folder: tempfile::TempDir,
}

impl Shop {
    fn start() -> Option<Self> {
        let own = own(&binaries()?);
        own.connect().unwrap().batch_execute("CREATE DATABASE shop").unwrap();
        Some(Self { own, folder: tempfile::tempdir().unwrap() })
    }

    fn url(&self) -> String {
        let home = self.own.cluster().data().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{home}/shop")
    }

    fn open_with(&self, spec: &RealSpec) -> Real {
        Real::open(&self.url(), spec).unwrap()
    }

    fn open(&self) -> Real {
        self.open_with(&spec())
    }

    /// Somebody else.
    fn other(&self) -> Client {
        Connector::new(&self.url()).unwrap().connect().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn wrapped(sql: &str) -> Script {
    script(sql, TransactionMode::Wrapped)
}

fn bare(sql: &str) -> Script {
    script(sql, TransactionMode::Bare)
}

fn record(name: &str) -> Vec<String> {
    vec![format!("INSERT INTO done VALUES ('{name}')")]
}

fn failure(result: Result<(), TargetError>) -> Failure {
    match result {
        Err(TargetError::Script(failure)) => failure,
        other => panic!("not the script's failure: {other:?}"),
    }
}

fn text_at(sql: &str, failure: &Failure) -> String {
    let span = failure.location.span.unwrap();
    sql[span.start..span.end].to_owned()
}

fn done(real: &mut Real) -> Vec<String> {
    let rows = real.read("SELECT name FROM done ORDER BY 1").unwrap();
    rows.into_iter().map(|mut row| row.remove(0).unwrap()).collect()
}

fn has(real: &mut Real, table: &str) -> bool {
    real.has_table(&TableName::plain(table)).unwrap()
}

fn with_record() -> Option<(Shop, Real)> {
    let shop = Shop::start()?;
    let mut real = shop.open();
    real.write(&["CREATE TABLE done (name text PRIMARY KEY)".into()]).unwrap();
    Some((shop, real))
}

#[test]
fn a_script_and_its_record_are_kept_together_or_not_at_all() {
    let Some((_shop, mut real)) = with_record() else { return };
    let up = wrapped("CREATE SCHEMA s; SET search_path = s; CREATE TABLE a (id int)");
    assert!(real.is_atomic(&up));
    real.execute(&up, &record("1")).unwrap();
    assert_eq!(done(&mut real), ["1"]);
    let sql = "CREATE TABLE b (id int);\nALTER TABLE b ADD c nosuchtype;";
    let failed = failure(real.execute(&wrapped(sql), &record("2")));
    assert_eq!(failed.code.as_deref(), Some("42704"));
    assert_eq!(text_at(sql, &failed), "nosuchtype");
    assert!(!has(&mut real, "b"));
    let twice = real.execute(&wrapped("CREATE TABLE b (id int)"), &record("1"));
    let Err(TargetError::Engine(error)) = twice else { panic!("the record is refused: {twice:?}") };
    assert!(error.to_string().contains("m.sql cannot be recorded"), "{error}");
    assert!(!has(&mut real, "b"));
    let late = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p DEFERRABLE \
                INITIALLY DEFERRED); INSERT INTO c VALUES (1);";
    let failed = failure(real.execute(&wrapped(late), &record("3")));
    assert_eq!(text_at(late, &failed), "INSERT INTO c VALUES (1);");
    assert_eq!(done(&mut real), ["1"]);
    let refused = real.write(&record("4").into_iter().chain(record("1")).collect::<Vec<_>>());
    assert!(refused.is_err());
    assert_eq!(done(&mut real), ["1"]);
}

#[test]
fn a_script_that_is_not_atomic_is_recorded_once_it_has_run() {
    let Some((_shop, mut real)) = with_record() else { return };
    let up = bare("CREATE TABLE a (id int); CREATE INDEX CONCURRENTLY i ON a (id);");
    assert!(!real.is_atomic(&up));
    real.execute(&up, &record("1")).unwrap();
    assert_eq!(done(&mut real), ["1"]);
    let half = bare("CREATE TABLE b (id int); CREATE INDEX CONCURRENTLY i ON b (id);");
    failure(real.execute(&half, &record("2")));
    assert!(has(&mut real, "b"));
    let open = failure(real.execute(&bare("BEGIN; CREATE TABLE c (id int);"), &record("3")));
    assert!(open.message.contains("inside a transaction"), "{open:?}");
    assert!(!has(&mut real, "c"));
    assert_eq!(done(&mut real), ["1"]);
}

#[test]
fn nothing_of_a_session_reaches_the_next_script() {
    let Some((_shop, mut real)) = with_record() else { return };
    real.snapshot().unwrap();
    let leaky = "SET search_path = pg_catalog; CREATE TEMP TABLE t (a int); SET lock_timeout = '7s'; \
                 PREPARE p AS SELECT 1; DEALLOCATE ALL;";
    real.execute(&bare(leaky), &record("1")).unwrap();
    let clean = "DO $$ BEGIN ASSERT current_schema = 'public'; \
                 ASSERT to_regclass('pg_temp.t') IS NULL; \
                 ASSERT current_setting('lock_timeout') = '0'; \
                 ASSERT current_setting('enable_seqscan') = 'on'; \
                 ASSERT coalesce(current_setting('client_connection_check_interval', true), '2s') = '2s'; \
                 ASSERT current_setting('application_name') = 'migration-gate'; END $$";
    real.execute(&wrapped(clean), &record("2")).unwrap();
    real.snapshot().unwrap();
    assert_eq!(done(&mut real), ["1", "2"]);
}

#[test]
fn a_statement_is_stopped_at_its_deadline_by_force_if_need_be() {
    let Some((shop, mut real)) = with_record() else { return };
    real.spec.statement_timeout = Duration::from_millis(300);
    let stubborn = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled \
                    THEN NULL; END; END LOOP; END $$";
    for last in ["SELECT pg_sleep(600)", stubborn] {
        let sql = format!("CREATE TABLE t (a int); {last}");
        let Err(TargetError::TimedOut { location, .. }) =
            real.execute(&wrapped(&sql), &record("1"))
        else {
            panic!("{last} was not stopped")
        };
        let span = location.span.unwrap();
        assert_eq!(&sql[span.start..span.end], last);
        assert!(!has(&mut real, "t"));
    }
    assert!(done(&mut real).is_empty());
    let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> \
                pg_backend_pid()";
    assert_eq!(shop.other().query_one(left, &[]).unwrap().get::<_, i64>(0), 1, "ours alone");
}

/// Ends the working connection as soon as it sleeps with the lock of a number: the statement that
/// takes the lock is over then.
fn end_at(shop: &Shop, process: i32, number: i64) -> std::thread::JoinHandle<()> {
    let mut other = shop.other();
    std::thread::spawn(move || {
        let reached = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype \
                       = 'advisory' AND objid = $1::bigint::oid AND wait_event = 'PgSleep'";
        let deadline = host::now() + Duration::from_secs(15);
        while other.query_one(reached, &[&number]).unwrap().get::<_, i64>(0) == 0 {
            assert!(host::now() < deadline, "the script did not get there");
            host::pause(Duration::from_millis(5));
        }
        other.execute("SELECT pg_terminate_backend($1)", &[&process]).unwrap();
    })
}

fn process(real: &mut Real) -> i32 {
    real.read("SELECT pg_backend_pid()").unwrap()[0][0].as_ref().unwrap().parse().unwrap()
}

#[test]
fn a_lost_connection_leaves_nothing_of_an_atomic_script_and_says_so() {
    let Some((shop, mut real)) = with_record() else { return };
    let wait = "SELECT pg_sleep(60)";
    let sql = format!("CREATE TABLE a (id int); SELECT pg_advisory_lock(77); {wait}");
    let killer = end_at(&shop, process(&mut real), 77);
    let failed = failure(real.execute(&wrapped(&sql), &record("1")));
    killer.join().unwrap();
    assert!(failed.message.contains("nothing of it was kept"), "{failed:?}");
    assert_eq!(text_at(&sql, &failed), wait);
    assert!(!has(&mut real, "a"));
    let killer = end_at(&shop, process(&mut real), 77);
    let failed = failure(real.execute(&bare(&sql), &record("1")));
    killer.join().unwrap();
    assert!(failed.message.contains("not one transaction"), "{failed:?}");
    assert!(has(&mut real, "a"));
    assert!(done(&mut real).is_empty());
}

#[test]
fn a_connection_lost_in_a_commit_leaves_it_open_whether_it_was_committed() {
    let Some((shop, mut real)) = with_record() else { return };
    // A trigger that is put off is run by COMMIT.
    real.write(&[
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_advisory_lock(78); PERFORM pg_sleep(60); RETURN NULL; END $$"
            .into(),
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON done DEFERRABLE INITIALLY DEFERRED FOR \
         EACH ROW EXECUTE FUNCTION slow()"
            .into(),
    ])
    .unwrap();
    let killer = end_at(&shop, process(&mut real), 78);
    let mut late = record("1");
    late.insert(0, "SET CONSTRAINTS ALL DEFERRED".into());
    let failed = failure(real.execute(&wrapped("CREATE TABLE a (id int)"), &late));
    killer.join().unwrap();
    assert!(failed.message.contains("nobody can tell"), "{failed:?}");
    assert!(done(&mut real).is_empty(), "the connection is made anew");
}

#[test]
fn a_lock_keeps_others_out_whatever_scripts_do() {
    let Some((shop, mut one)) = with_record() else { return };
    let mut two = shop.open();
    assert!(one.lock().unwrap());
    assert!(!two.lock().unwrap());
    one.execute(&bare("SELECT pg_advisory_unlock_all(); DISCARD ALL"), &[]).unwrap();
    assert!(!two.lock().unwrap());
    let process = process(&mut one);
    shop.other().execute("SELECT pg_terminate_backend($1)", &[&process]).unwrap();
    assert!(!has(&mut one, "nothing"), "the connection is made anew");
    assert!(!two.lock().unwrap());
    drop(one);
    let deadline = host::now() + Duration::from_secs(10);
    while !two.lock().unwrap() {
        assert!(host::now() < deadline);
        host::pause(Duration::from_millis(5));
    }
}

#[test]
fn a_lock_that_is_lost_keeps_a_script_from_being_committed() {
    let Some((shop, mut real)) = with_record() else { return };
    assert!(real.lock().unwrap());
    let holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 1835491700";
    let guard: i32 = shop.other().query_one(holder, &[]).unwrap().get(0);
    let sql = format!("CREATE TABLE a (id int); SELECT pg_terminate_backend({guard})");
    let ended = real.execute(&wrapped(&sql), &record("1"));
    let Err(TargetError::Engine(error)) = ended else { panic!("it was committed: {ended:?}") };
    assert!(error.to_string().contains("lock was lost"), "{error}");
    assert!(real.write(&record("1")).is_err());
    assert!(real.lock().unwrap());
    assert!(!has(&mut real, "a"));
}

#[test]
fn a_verification_changes_nothing() {
    let Some((_shop, mut real)) = with_record() else { return };
    for sql in ["INSERT INTO done VALUES ('x')", "BEGIN; INSERT INTO done VALUES ('x'); ROLLBACK;"]
    {
        for script in [bare(sql), wrapped(sql)] {
            real.verify(&script).unwrap();
        }
    }
    let failed = failure(real.verify(&bare("INSERT INTO done VALUES ('x'); SELECT 1/0;")));
    assert_eq!(failed.code.as_deref(), Some("22012"));
    let commits = real.verify(&bare("BEGIN; INSERT INTO done VALUES ('x'); COMMIT; SELECT 1;"));
    assert!(matches!(commits, Err(TargetError::CannotRun(_))), "{commits:?}");
    assert!(done(&mut real).is_empty());
}

#[test]
fn rows_tables_and_sizes_are_read_as_they_are() {
    let Some((_shop, mut real)) = with_record() else { return };
    let sql = "CREATE SCHEMA \"Odd\"; CREATE TABLE \"Odd\".\"T\" (a int); \
               INSERT INTO \"Odd\".\"T\" VALUES (1), (2); \
               CREATE TABLE p (a int) PARTITION BY LIST (a); \
               CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1); \
               CREATE TABLE child () INHERITS (done); INSERT INTO child VALUES ('x');";
    real.execute(&wrapped(sql), &[]).unwrap();
    let rows = real.read("SELECT 'a', NULL, '\\x00ff'::bytea, 1.50").unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(rows, [vec![text("a"), None, text("\\x00ff"), text("1.50")]]);
    let counts = real.row_counts().unwrap();
    let counts: Vec<_> = counts.iter().map(|(name, rows)| (name.as_str(), *rows)).collect();
    assert_eq!(counts, [("Odd.T", 2), ("child", 1), ("done", 0), ("p", 1)]);
    let odd =
        |schema: Option<&str>| TableName { schema: schema.map(str::to_owned), name: "T".into() };
    assert!(real.has_table(&odd(Some("Odd"))).unwrap());
    assert!(!real.has_table(&odd(None)).unwrap());
    assert!(!real.has_table(&odd(Some("none"))).unwrap());
    assert!(real.size().unwrap() > 1_000_000);
    assert!(real.version().starts_with("PostgreSQL ") && !real.place().contains("postgres@"));
    let error = real.read("SELECT nothing").unwrap_err().to_string();
    assert!(error.contains("shop: column"), "{error}");
}

#[test]
fn roles_are_no_part_of_a_database() {
    let Some((_shop, mut real)) = with_record() else { return };
    let before = real.snapshot().unwrap();
    real.execute(&wrapped("CREATE ROLE app LOGIN; ALTER ROLE app NOLOGIN"), &[]).unwrap();
    assert_eq!(real.snapshot().unwrap(), before);
}
