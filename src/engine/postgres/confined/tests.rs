//! A confined server does its work, and reaches nothing else. Everywhere the kernel confines
//! nothing these say so loudly.

use std::path::Path;

use super::super::server::{Own, Server as _};
use super::super::tests::{binaries, own, script, spec};
use super::*;
use crate::engine::postgres::{Postgres, Target};
use crate::engine::{Engine as _, TargetError};
use crate::host;
use crate::model::{Bar, TransactionMode};

fn is_confined() -> bool {
    let full = confine::support() == Support::Full;
    if !full {
        eprintln!("SKIPPED: this kernel does not confine everything");
    }
    full && binaries().is_some()
}

fn sandbox() -> Option<Box<dyn Target>> {
    is_confined().then(|| Postgres.sandbox(&spec()).unwrap())
}

fn run(target: &mut dyn Target, sql: &str) -> Result<(), TargetError> {
    target.execute(&script(sql, TransactionMode::Bare))
}

#[test]
fn honest_work_is_done() {
    let Some(mut target) = sandbox() else { return };
    for sql in [
        "LISTEN a; NOTIFY a, 'b';",
        "CREATE TABLE t (a int, b text); INSERT INTO t SELECT n, n FROM generate_series(1, 50000) n;",
        "CREATE INDEX CONCURRENTLY ON t (a); REINDEX TABLE CONCURRENTLY t; VACUUM FULL t;",
        "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; \
         SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; \
         SET force_parallel_mode = on; SELECT count(*) FROM t; ALTER TABLE t ALTER a TYPE bigint;",
        "CREATE DATABASE other; ALTER DATABASE other RENAME TO another; DROP DATABASE another;",
        "CREATE EXTENSION pgcrypto; SELECT digest('a', 'sha256'), gen_random_uuid();",
        "CREATE EXTENSION pg_trgm; CREATE INDEX ON t USING gin (b gin_trgm_ops);",
        "CREATE EXTENSION hstore; SELECT 'a=>1'::hstore;",
        "SELECT to_tsvector('english', 'libraries'), '2026-01-01'::timestamptz AT TIME ZONE 'Asia/Tokyo';",
        "CREATE ROLE app LOGIN; GRANT SELECT ON t TO app; CREATE TEMP TABLE x (a int);",
        "SET temp_file_limit = '100MB'; SET work_mem = '64kB'; SELECT * FROM t ORDER BY b DESC;",
        "ALTER SYSTEM SET work_mem = '8MB'; SELECT pg_reload_conf(); CHECKPOINT;",
    ] {
        // Not every server has every extension.
        match run(target.as_mut(), sql) {
            Ok(()) => {}
            Err(TargetError::CannotRun(reason)) if reason.reason.contains("is not installed") => {}
            other => panic!("{sql}: {other:?}"),
        }
    }
    assert_eq!(target.notices(), [""; 0]);
    let before = target.snapshot().unwrap();
    let checkpoint = target.checkpoint().unwrap();
    run(target.as_mut(), "DROP TABLE t").unwrap();
    target.restore(&checkpoint).unwrap();
    assert_eq!(target.snapshot().unwrap(), before);
}

#[test]
fn what_reaches_out_is_barred() {
    let Some(mut target) = sandbox() else { return };
    let folder = tempfile::tempdir().unwrap();
    let canary = folder.path().join("canary");
    fs::write(&canary, "secret").unwrap();
    let canary = canary.display();
    run(target.as_mut(), "CREATE TABLE t (a text)").unwrap();
    for (sql, extension) in [
        (format!("DO $$ BEGIN EXECUTE 'COPY t FROM PROGRAM ''cat {canary}'''; END $$"), ""),
        (format!("DO $$ BEGIN EXECUTE 'COPY t TO ''{canary}'''; END $$"), ""),
        (format!("INSERT INTO t SELECT pg_read_file('{canary}')"), ""),
        ("SELECT pg_ls_dir('/etc')".into(), ""),
        (format!("SELECT lo_import('{canary}')"), ""),
        (format!("SELECT lo_from_bytea(77, 'x'); SELECT lo_export(77, '{canary}')"), ""),
        ("SELECT dblink_connect('host=127.0.0.1 port=1 user=x')".into(), "dblink"),
        ("SELECT dblink_connect('host=/tmp user=x')".into(), "dblink"),
        ("LOAD '/lib/x86_64-linux-gnu/libc.so.6'".into(), ""),
    ] {
        if !extension.is_empty()
            && run(target.as_mut(), &format!("CREATE EXTENSION IF NOT EXISTS {extension}")).is_err()
            || sql.starts_with("LOAD") && !cfg!(target_arch = "x86_64")
        {
            continue;
        }
        match run(target.as_mut(), &sql) {
            Err(TargetError::Barred(barred)) => assert_eq!(barred.by, Bar::Sandbox, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
    assert_eq!(fs::read_to_string(folder.path().join("canary")).unwrap(), "secret");
}

/// What a library does as soon as it is loaded: it tries whatever SQL cannot, and leaves a process
/// behind that no session holds.
const LIBRARY: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(FILE *out, const char *what, int worked) {
    fprintf(out, "%s %s\n", what, worked ? "WORKED" : "refused");
}

__attribute__((constructor)) static void begin(void) {
    FILE *out = fopen("tries", "w");
    tell(out, "read", open(CANARY, O_RDONLY) >= 0);
    tell(out, "write", open(CANARY, O_WRONLY | O_TRUNC) >= 0);
    tell(out, "remove", unlink(CANARY) == 0);
    tell(out, "socket", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    tell(out, "datagram", socket(AF_UNIX, SOCK_DGRAM, 0) >= 0);
    tell(out, "signal", kill(VICTIM, SIGKILL) == 0);
    tell(out, "chown", chown("tries", 1, 1) == 0);
    char *shell[] = { "sh", "-c", "true", 0 };
    if (fork() == 0) { execv("/bin/sh", shell); _exit(7); }
    fclose(out);
    if (fork() == 0) {
        setsid();
        if (fork() != 0) _exit(0);
        for (int i = 3; i < 1000; i++) close(i);
        FILE *pid = fopen("daemon.new", "w");
        fprintf(pid, "%d", getpid());
        fclose(pid);
        rename("daemon.new", "daemon");
        signal(SIGTERM, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        for (;;) sleep(60);
    }
}
"#;

/// Compiles the library into the server's own folder; `None` where there is no compiler, which
/// only a CI must have.
fn library(own: &Own, canary: &Path, victim: u32) -> Option<PathBuf> {
    let folder = tempfile::tempdir().unwrap();
    let (source, made) = (folder.path().join("x.c"), folder.path().join("x.so"));
    fs::write(&source, LIBRARY).unwrap();
    let mut compiler = host::command("cc");
    compiler.arg(format!("-DCANARY=\"{}\"", canary.display())).arg(format!("-DVICTIM={victim}"));
    let done = compiler.args(["-w", "-shared", "-fPIC", "-o"]).arg(&made).arg(&source).status();
    if !done.is_ok_and(|status| status.success()) {
        assert!(host::env_text("CI").as_deref() != Some("true"), "there is no C compiler");
        eprintln!("SKIPPED: there is no C compiler");
        return None;
    }
    let library = own.cluster().data().join("x.so");
    fs::copy(&made, &library).unwrap();
    Some(library)
}

fn soon(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = host::now() + std::time::Duration::from_secs(10);
    while !done() {
        assert!(host::now() < deadline, "waited in vain for {what}");
        host::pause(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_native_library_reaches_nothing_and_leaves_nothing() {
    if !is_confined() {
        return;
    }
    let own = own(&binaries().unwrap());
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let open = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(folder.path(), open(0o777)).unwrap();
    let canary = folder.path().join("canary");
    fs::write(&canary, "secret").unwrap();
    fs::set_permissions(&canary, open(0o666)).unwrap();
    let mut victim = host::command("sleep");
    if let Some(account) = super::super::account::unprivileged(rustix::process::getuid().as_raw()) {
        use std::os::unix::process::CommandExt as _;
        victim.uid(account.uid).gid(account.gid);
    }
    let mut victim = victim.arg("600").spawn().unwrap();
    let Some(library) = library(&own, &canary, victim.id()) else {
        victim.kill().unwrap();
        victim.wait().unwrap();
        return;
    };
    let mut client = own.connect().unwrap();
    let loaded = client.batch_execute(&format!("LOAD '{}'", library.display()));
    assert!(loaded.is_err(), "it is no library of PostgreSQL's");
    let tries = fs::read_to_string(own.cluster().data().join("tries")).unwrap();
    assert!(tries.lines().count() == 7 && !tries.contains("WORKED"), "{tries}");
    assert_eq!(fs::read_to_string(&canary).unwrap(), "secret");
    assert!(matches!(victim.try_wait(), Ok(None)), "the victim lives");
    victim.kill().unwrap();
    victim.wait().unwrap();
    let daemon = own.cluster().data().join("daemon");
    soon("the daemon", || daemon.exists());
    let daemon = Path::new("/proc").join(fs::read_to_string(daemon).unwrap());
    assert!(daemon.exists());
    let home = own.cluster().home().to_owned();
    drop(client);
    drop(own);
    assert!(!home.exists() && !daemon.exists());
}

#[test]
fn a_server_goes_when_its_supervisor_is_killed() {
    if !is_confined() {
        return;
    }
    let own = own(&binaries().unwrap());
    let said = fs::read_to_string(own.cluster().data().join("postmaster.pid")).unwrap();
    let server = Path::new("/proc").join(said.lines().next().unwrap());
    assert!(server.exists());
    own.cluster().kill_supervisor();
    soon("the server to go", || !server.exists());
}

#[test]
fn a_program_names_its_loader() {
    let Some(binaries) = binaries() else { return };
    if cfg!(target_os = "linux") {
        let program = fs::canonicalize(binaries.postgres()).unwrap();
        assert!(loader(&program).unwrap().is_some_and(|loader| loader.is_file()));
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("postgres");
    fs::write(&script, format!("#!/bin/sh\n{}", " ".repeat(100))).unwrap();
    assert_eq!(loader(&script).unwrap(), None);
}

#[test]
fn bounds_are_said_in_round_numbers() {
    assert_eq!(size(4096 * MIB), "4 GiB");
    assert_eq!(size(512 * MIB), "512 MiB");
    assert!(disk(Path::new("/")).is_power_of_two());
}
