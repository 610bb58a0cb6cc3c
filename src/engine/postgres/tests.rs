//! The engine contract, on whatever server is installed here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::server::Server as _;
use super::*;
use crate::engine::TargetError;
use crate::host;
use crate::model::{Failure, ObjectKey, RepoPath, Script, TransactionMode};

pub(super) fn spec() -> SandboxSpec {
    SandboxSpec {
        statement_timeout: Duration::from_secs(20),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: host::env("MIGRATION_GATE_TEST_POSTGRES_BIN").map(PathBuf::from),
        postgres_url: None,
        unconfined: false,
    }
}

/// The server's programs; loudly nothing where there are none, but never so in CI.
pub(super) fn binaries() -> Option<Binaries> {
    match Binaries::find(spec().postgres_bin.as_deref(), None) {
        Ok(binaries) => Some(binaries),
        Err(error) if host::env_text("CI").as_deref() == Some("true") => panic!("{error}"),
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

pub(super) fn own(binaries: &Binaries) -> Own {
    Own::start(binaries, Hold::of_this_kernel(false), String::new(), None).unwrap().0
}

fn sandbox() -> Option<Box<dyn Target>> {
    binaries()?;
    Some(Postgres.sandbox(&spec()).unwrap())
}

pub(super) fn script(sql: &str, mode: TransactionMode) -> Script {
    Script::whole(RepoPath::new("m.sql").unwrap(), sql.into(), mode)
}

fn wrapped(sql: &str) -> Script {
    script(sql, TransactionMode::Wrapped)
}

fn bare(sql: &str) -> Script {
    script(sql, TransactionMode::Bare)
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

#[test]
fn a_script_that_fails_in_a_transaction_leaves_nothing() {
    let Some(mut target) = sandbox() else { return };
    target.execute(&wrapped("CREATE TABLE a (id int PRIMARY KEY)")).unwrap();
    let before = target.snapshot().unwrap();
    let checkpoint = target.checkpoint().unwrap();
    let sql = "CREATE TABLE b (id int);\n-- ä\nALTER TABLE b ADD c nosuchtype;\nSELECT 1;";
    let failed = failure(target.execute(&wrapped(sql)));
    assert_eq!(failed.code.as_deref(), Some("42704"));
    assert_eq!(text_at(sql, &failed), "nosuchtype");
    assert_eq!(target.snapshot().unwrap(), before);
    target.restore(&checkpoint).unwrap();
    assert_eq!(target.snapshot().unwrap(), before);
}

#[test]
fn a_script_that_fails_half_way_is_taken_back_by_a_restore() {
    let Some(mut target) = sandbox() else { return };
    target.execute(&wrapped("CREATE TABLE a (id serial PRIMARY KEY, b text)")).unwrap();
    let before = target.snapshot().unwrap();
    let checkpoint = target.checkpoint().unwrap();
    let sql = "CREATE TABLE b (id int); CREATE ROLE half_done; SELECT 1/0;";
    let failed = failure(target.execute(&bare(sql)));
    assert_eq!(failed.code.as_deref(), Some("22012"));
    assert_eq!(text_at(sql, &failed), "SELECT 1/0;");
    let half = target.snapshot().unwrap();
    assert!(half.objects.contains_key(&ObjectKey::new("table", "public.b")));
    assert!(half.objects.contains_key(&ObjectKey::new("role", "half_done")));
    let at_half = target.checkpoint().unwrap();
    target.execute(&wrapped("DROP TABLE a")).unwrap();
    target.restore(&at_half).unwrap();
    assert_eq!(target.snapshot().unwrap(), half, "a half-done state is put aside, not replayed");
    target.restore(&checkpoint).unwrap();
    assert_eq!(target.snapshot().unwrap(), before);
}

#[test]
fn roles_rows_and_settings_come_back_with_a_restore() {
    let Some(mut target) = sandbox() else { return };
    let up = "CREATE ROLE app LOGIN; CREATE UNLOGGED TABLE u (a int); INSERT INTO u VALUES (1); \
              GRANT SELECT ON u TO app; ALTER DATABASE postgres SET work_mem = '5MB'; \
              SELECT pg_sleep(0.3)";
    target.execute(&wrapped(up)).unwrap();
    let checkpoint = target.checkpoint().unwrap();
    let before = target.snapshot().unwrap();
    target.execute(&wrapped("DROP OWNED BY app; DROP TABLE u; DROP ROLE app")).unwrap();
    target.execute(&wrapped("ALTER DATABASE postgres RESET work_mem")).unwrap();
    assert!(before.diff(&target.snapshot().unwrap()).is_material());
    target.restore(&checkpoint).unwrap();
    assert_eq!(target.snapshot().unwrap(), before);
    let row = "DO $$ BEGIN ASSERT (SELECT count(*) FROM u) = 1; END $$";
    target.execute(&wrapped(row)).unwrap();
}

#[test]
fn a_rehearsal_shows_what_a_script_does_and_takes_it_back() {
    let Some(mut target) = sandbox() else { return };
    let before = target.snapshot().unwrap();
    for up in [
        wrapped("CREATE TABLE r (id serial)"),
        bare("CREATE TABLE r (id serial); CREATE INDEX CONCURRENTLY ON r (id);"),
    ] {
        let seen = target.rehearse(crate::model::Work::Sql(&up)).unwrap().unwrap();
        assert!(seen.objects.contains_key(&ObjectKey::new("table", "public.r")));
        assert_eq!(target.snapshot().unwrap(), before);
    }
    let deferred = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p \
                    DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES (1);";
    let Err(TargetError::Script(seen)) =
        target.rehearse(crate::model::Work::Sql(&wrapped(deferred))).unwrap()
    else {
        panic!("the foreign key holds at the end");
    };
    assert_eq!(seen.code.as_deref(), Some("23503"));
    assert_eq!(text_at(deferred, &seen), "INSERT INTO c VALUES (1);");
    let failed = failure(target.execute(&wrapped(deferred)));
    assert_eq!(text_at(deferred, &failed), "INSERT INTO c VALUES (1);");
    assert_eq!(target.snapshot().unwrap(), before);
}

#[test]
fn nothing_of_a_session_reaches_the_next_script() {
    let Some(mut target) = sandbox() else { return };
    let leaky = "CREATE SCHEMA s; CREATE ROLE weak; SET search_path = s; CREATE TEMP TABLE t (a \
                 int); PREPARE p AS SELECT 1; SELECT pg_advisory_lock(1); SET ROLE weak;";
    target.execute(&bare(leaky)).unwrap();
    target.snapshot().unwrap();
    let clean = "DO $$ BEGIN ASSERT current_user = 'postgres'; \
                 ASSERT current_schema = 'public'; ASSERT to_regclass('pg_temp.t') IS NULL; \
                 ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'); \
                 ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements WHERE from_sql); END $$";
    target.execute(&wrapped(clean)).unwrap();
    let open = failure(target.execute(&bare("BEGIN; CREATE TABLE lost (a int);")));
    assert!(open.message.contains("inside a transaction"), "{open:?}");
    let gone = "DO $$ BEGIN ASSERT to_regclass('lost') IS NULL; END $$";
    target.execute(&wrapped(gone)).unwrap();
    target.execute(&wrapped("BEGIN; CREATE TABLE kept (a int); COMMIT;")).unwrap();
    target.execute(&bare("DISCARD ALL")).unwrap();
    target.snapshot().unwrap();
}

#[test]
fn transactions_are_as_the_tool_makes_them() {
    let Some(mut target) = sandbox() else { return };
    let concurrently = "CREATE INDEX CONCURRENTLY ON t (a);";
    target.execute(&bare("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")).unwrap();
    assert_eq!(failure(target.execute(&wrapped(concurrently))).code.as_deref(), Some("25001"));
    target.execute(&script(concurrently, TransactionMode::SingleBatch)).unwrap();
    let two = format!("SELECT 1; {concurrently}");
    failure(target.execute(&script(&two, TransactionMode::SingleBatch)));
    target.execute(&bare(&two)).unwrap();
}

#[test]
fn what_is_not_here_is_nobodys_fault() {
    let Some(mut target) = sandbox() else { return };
    let mut reason = |sql: &str| match target.execute(&wrapped(sql)) {
        Err(TargetError::CannotRun(reason)) => reason.reason,
        other => panic!("{sql}: {other:?}"),
    };
    assert!(reason("CREATE EXTENSION no_such_thing").contains("no_such_thing"));
    assert!(reason("CREATE TABLE g (a int); GRANT SELECT ON g TO web_anon").contains("web_anon"));
    assert!(reason("ALTER TABLE IF EXISTS g OWNER TO web_anon; CREATE TABLE g(); ALTER TABLE g OWNER TO web_anon").contains("web_anon"));
    assert!(reason("SET no_such_setting = 1").contains("no_such_setting"));
    let dropped = "CREATE ROLE web_anon; DROP ROLE web_anon; CREATE TABLE g (a int); GRANT SELECT \
                   ON g TO web_anon";
    failure(target.execute(&wrapped(dropped)));
}

#[test]
fn a_statement_is_stopped_at_its_deadline() {
    if binaries().is_none() {
        return;
    }
    let spec = SandboxSpec { statement_timeout: Duration::from_millis(300), ..spec() };
    let mut target = Postgres.sandbox(&spec).unwrap();
    let started = host::now();
    let sql = "CREATE TABLE t (a int); SET statement_timeout = 0; SELECT pg_sleep(600);";
    match target.execute(&wrapped(sql)) {
        Err(TargetError::TimedOut { location, .. }) => {
            let span = location.span.unwrap();
            assert_eq!(&sql[span.start..span.end], "SELECT pg_sleep(600);");
        }
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    target.execute(&wrapped("CREATE TABLE t (a int)")).unwrap();
}

#[test]
fn a_statement_that_ignores_cancelling_is_ended_by_force() {
    if binaries().is_none() {
        return;
    }
    let spec = SandboxSpec { statement_timeout: Duration::from_millis(200), ..spec() };
    let mut target = Postgres.sandbox(&spec).unwrap();
    target.execute(&wrapped("CREATE TABLE kept (a int)")).unwrap();
    let before = target.snapshot().unwrap();
    let checkpoint = target.checkpoint().unwrap();
    let stubborn = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled \
                    THEN NULL; END; END LOOP; END $$";
    let ended = target.execute(&wrapped(stubborn));
    assert!(matches!(ended, Err(TargetError::TimedOut { .. })), "{ended:?}");
    target.restore(&checkpoint).unwrap();
    assert_eq!(target.snapshot().unwrap(), before);
}

#[test]
fn a_script_that_ends_its_own_connection_breaks_only_itself() {
    let Some(mut target) = sandbox() else { return };
    target.execute(&wrapped("CREATE TABLE kept (a int)")).unwrap();
    let before = target.snapshot().unwrap();
    let suicide = "CREATE TABLE t (a int); SELECT pg_terminate_backend(pg_backend_pid())";
    for script in [wrapped(suicide), bare(suicide)] {
        let checkpoint = target.checkpoint().unwrap();
        let failed = failure(target.execute(&script));
        assert!(failed.message.contains("connection was lost"), "{failed:?}");
        assert_eq!(text_at(suicide, &failed), "SELECT pg_terminate_backend(pg_backend_pid())");
        target.restore(&checkpoint).unwrap();
        assert_eq!(target.snapshot().unwrap(), before);
        let seen = target.rehearse(crate::model::Work::Sql(&script)).unwrap();
        assert!(matches!(seen, Err(TargetError::Script(_))), "{seen:?}");
        assert_eq!(target.snapshot().unwrap(), before);
    }
    target.execute(&wrapped("CREATE TABLE t (a int)")).unwrap();
}

#[test]
fn the_folder_goes_with_the_sandbox() {
    let Some(binaries) = binaries() else { return };
    let own = own(&binaries);
    let home = own.cluster().home().to_owned();
    assert!(home.join("data").exists());
    drop(own);
    assert!(!home.exists());
}

/// Run by the test below in a process of its own, which is then killed.
#[test]
#[ignore = "helper of a_killed_parent_takes_the_server_along"]
fn helper_that_holds_a_server() {
    let Some(report) = host::env("MIGRATION_GATE_TEST_HOME_FILE") else { return };
    let own = own(&binaries().unwrap());
    let pid = std::fs::read_to_string(own.cluster().home().join("data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap();
    let temporary = format!("{}.new", report.to_string_lossy());
    std::fs::write(&temporary, format!("{}\n{pid}", own.cluster().home().display())).unwrap();
    std::fs::rename(temporary, report).unwrap();
    host::pause(Duration::from_secs(60));
}

#[test]
#[allow(clippy::disallowed_methods)]
fn a_killed_parent_takes_the_server_along() {
    if binaries().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("home");
    let mut child = host::command(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "engine::postgres::tests::helper_that_holds_a_server"])
        .env("MIGRATION_GATE_TEST_HOME_FILE", &report)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the helper's server", || report.exists());
    let said = std::fs::read_to_string(&report).unwrap();
    let (home, pid) = said.split_once('\n').unwrap();
    let (home, server) = (Path::new(home), Path::new("/proc").join(pid.trim()));
    assert!(home.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("the folder to go", || !home.exists());
    if Path::new("/proc/self").exists() {
        wait_for("the server to go", || !server.exists());
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = host::now() + Duration::from_secs(30);
    while !done() {
        assert!(host::now() < deadline, "waited in vain for {what}");
        host::pause(Duration::from_millis(5));
    }
}

/// An initdb that fails with these words, twice.
fn failed_starts(words: &str) -> [String; 2] {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open.clone()).unwrap();
    for name in ["initdb", "postgres"] {
        let program = folder.path().join(name);
        std::fs::write(&program, format!("#!/bin/sh\necho \"{words}\"\nexit 1\n")).unwrap();
        std::fs::set_permissions(&program, open.clone()).unwrap();
    }
    let spec = SandboxSpec { postgres_bin: Some(folder.path().to_owned()), ..spec() };
    [(); 2].map(|()| Postgres.sandbox(&spec).err().unwrap().to_string())
}

#[test]
fn a_sandbox_that_does_not_start_says_the_same_every_time() {
    let [one, two] = failed_starts("$(date) [$$] FATAL: $2 is odd");
    assert_eq!(one, two);
    assert!(!one.contains(|c: char| c.is_ascii_digit() || c == '/'), "{one}");
    let [one, two] = failed_starts("[$$] could not write $2: No space left on device");
    assert_eq!(one, two);
    assert!(one.contains("60 MB"), "{one}");
}

#[test]
fn sandboxes_beside_each_other_share_nothing() {
    let (Some(mut one), Some(mut two)) = (sandbox(), sandbox()) else { return };
    one.execute(&wrapped("CREATE ROLE only_one; CREATE TABLE t (a int)")).unwrap();
    two.execute(&wrapped("CREATE ROLE only_one")).unwrap();
    assert!(one.snapshot().unwrap().diff(&two.snapshot().unwrap()).is_material());
}

/// A server that was named is stood in for by one of our own.
#[test]
fn a_named_server_is_left_as_it_was() {
    let Some(binaries) = binaries() else { return };
    let own = own(&binaries);
    let mut admin = own.connect().unwrap();
    let mut state = || -> Vec<String> {
        let sql = "SELECT datname::text FROM pg_database UNION ALL \
                   SELECT rolname::text FROM pg_roles ORDER BY 1";
        admin.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    };
    let before = state();
    let url = format!("host={} user=postgres dbname=postgres", own.cluster().data().display());
    let spec = SandboxSpec { postgres_url: Some(url), ..spec() };
    let mut target = Postgres.sandbox(&spec).unwrap();
    target.execute(&wrapped("CREATE TABLE a (id int); SELECT pg_sleep(0.3)")).unwrap();
    let first = target.snapshot().unwrap();
    let at_first = target.checkpoint().unwrap();
    target.execute(&wrapped("CREATE ROLE guest; GRANT SELECT ON a TO guest")).unwrap();
    let second = target.snapshot().unwrap();
    let at_second = target.checkpoint().unwrap();
    target.execute(&wrapped("DROP OWNED BY guest; DROP ROLE guest; DROP TABLE a")).unwrap();
    target.restore(&at_second).unwrap();
    assert_eq!(target.snapshot().unwrap(), second);
    target.restore(&at_first).unwrap();
    assert_eq!(target.snapshot().unwrap(), first);
    target.execute(&wrapped("CREATE ROLE guest2")).unwrap();
    drop(target);
    assert_eq!(state(), before);
}

#[test]
fn roles_of_a_named_server_are_never_changed() {
    let Some(binaries) = binaries() else { return };
    let own = own(&binaries);
    let mut admin = own.connect().unwrap();
    admin.batch_execute("CREATE ROLE lim LOGIN; CREATE ROLE noc").unwrap();
    let url = format!("host={} user=postgres dbname=postgres", own.cluster().data().display());
    let spec = SandboxSpec { postgres_url: Some(url), ..spec() };
    let mut target = Postgres.sandbox(&spec).unwrap();
    let sql = "CREATE TABLE t (a int); ALTER ROLE lim NOLOGIN; GRANT pg_monitor TO noc;";
    for script in [wrapped(sql), bare(sql)] {
        let ended = target.execute(&script);
        assert!(matches!(ended, Err(TargetError::CannotRun(_))), "{ended:?}");
        let ended = target.rehearse(crate::model::Work::Sql(&script)).unwrap();
        assert!(matches!(ended, Err(TargetError::CannotRun(_))), "{ended:?}");
    }
    target.execute(&wrapped("CREATE ROLE app")).unwrap();
    target.execute(&wrapped("ALTER ROLE app LOGIN; GRANT pg_monitor TO app")).unwrap();
    target.execute(&wrapped("DROP ROLE app; CREATE TABLE t (a int)")).unwrap();
    let row = admin.query_one("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'lim'", &[]);
    assert!(row.unwrap().get::<_, bool>(0));
}

#[test]
fn a_named_server_that_is_not_there_is_named_without_its_password() {
    for url in ["postgres://u:s3cret@127.0.0.1:1/x", "postgres://u:s3cret@[bad:port/x"] {
        let spec = SandboxSpec { postgres_url: Some(url.into()), ..spec() };
        let Err(error) = Postgres.sandbox(&spec) else { panic!("nobody listens there") };
        let text = error.to_string();
        assert!(text.contains("--postgres-url") && !text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_script_that_locks_everybody_out_is_told_at_once() {
    let Some(mut target) = sandbox() else { return };
    let start = target.checkpoint().unwrap();
    for sql in [
        "ALTER SYSTEM SET session_preload_libraries = 'nowhere'",
        "ALTER SYSTEM SET shared_preload_libraries = 'nowhere'",
        "UPDATE pg_database SET datallowconn = false",
        "ALTER ROLE postgres NOLOGIN",
    ] {
        let begun = host::now();
        let failed = failure(target.execute(&bare(sql)));
        assert!(failed.message.starts_with("nobody can connect"), "{sql}: {}", failed.message);
        assert!(begun.elapsed() < Duration::from_secs(15), "{sql}: {:?}", begun.elapsed());
        target.restore(&start).unwrap();
    }
    target.execute(&bare("ALTER SYSTEM SET port = 7000")).unwrap();
    target.execute(&bare("CREATE TABLE a (id int)")).unwrap();
}
