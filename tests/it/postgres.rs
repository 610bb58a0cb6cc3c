//! The whole gate on PostgreSQL: a clinic's change with one good migration and several that are
//! broken or cannot be run here.

use std::path::{Path, PathBuf};

use migration_gate::confine::{self, Support};
use migration_gate::host;

use crate::support::{Folder, PROGRAM, Ran, finish, program};

fn fixture(side: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/clinic").join(side)
}

/// Runs the gate; `None` where there is no server, which only a CI must have.
fn check(at: &Path, arguments: &[&str]) -> Option<Ran> {
    let ran = finish(program(at).arg("check").args(arguments));
    if ran.out.contains("no PostgreSQL server") && host::env("CI").is_none() {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return None;
    }
    Some(ran)
}

fn compare(at: &Path, more: &[&str]) -> Option<Ran> {
    let (base, head) = (fixture("base"), fixture("head"));
    let mut arguments = vec!["--base-dir", base.to_str().unwrap(), head.to_str().unwrap()];
    arguments.extend(more);
    check(at, &arguments)
}

#[test]
fn a_clinic_is_told_what_is_broken_and_what_could_not_be_told() {
    let home = Folder::new(&[]);
    let Some(ran) = compare(home.path(), &[]) else { return };
    let report = ran.quiet(1);
    insta::with_settings!({filters => vec![
        (r"PostgreSQL \d+(\.\d+)?", "PostgreSQL [version]"),
        (r"digest  [0-9a-f]{64}", "digest  [digest]"),
    ]}, { insta::assert_snapshot!(report) });
}

#[test]
fn a_report_is_the_same_from_another_home_time_zone_and_locale() {
    let (one, other) = (Folder::new(&[]), Folder::new(&[]));
    for format in ["plain", "json", "markdown"] {
        let Some(first) = compare(one.path(), &["--format", format]) else { return };
        let (base, head) = (fixture("base"), fixture("head"));
        let mut command = program(other.path());
        command.args(["check", "--format", format, "--base-dir"]).arg(base).arg(head);
        command.envs([
            ("TZ", "Asia/Kathmandu"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("LANG", "de_DE.UTF-8"),
        ]);
        command.envs([("PGOPTIONS", "-c work_mem=64kB"), ("PGUSER", "somebody")]);
        assert_eq!(finish(&mut command).out, first.out, "{format}");
    }
}

#[test]
fn what_cannot_be_run_is_never_a_pass() {
    let folder = Folder::new(&[
        ("base/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("base/migrations/1_a.down.sql", "DROP TABLE a;"),
        ("head/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("head/migrations/1_a.down.sql", "DROP TABLE a;"),
    ]);
    for up in ["CREATE EXTENSION no_such_extension;", "GRANT SELECT ON a TO somebody_else;"] {
        folder.write("head/migrations/2_b.up.sql", up);
        folder.write("head/migrations/2_b.down.sql", "DROP TABLE IF EXISTS b;");
        let Some(ran) = check(folder.path(), &["--base-dir", "base", "head"]) else { return };
        assert_eq!(ran.code, 3, "{up}: {}", ran.out);
        assert!(ran.out.contains("the up cannot run here"), "{up}: {}", ran.out);
    }
}

/// The gate's word on a change that adds this script.
fn second(up: &str, failpoints: &str) -> Option<Ran> {
    let folder = Folder::new(&[]);
    for side in ["base", "head"] {
        let table = "CREATE TABLE a (id serial PRIMARY KEY);";
        folder.write(&format!("{side}/migrations/1_a.up.sql"), table);
        folder.write(&format!("{side}/migrations/1_a.down.sql"), "DROP TABLE a;");
    }
    folder.write("head/migrations/2_b.up.sql", up);
    folder.write("head/migrations/2_b.down.sql", "DROP TABLE IF EXISTS b;");
    let mut command = program(folder.path());
    command.args(["check", "--base-dir", "base", "head", "--engine", "postgres"]);
    let ran = finish(command.env("FAILPOINTS", failpoints));
    if ran.out.contains("no PostgreSQL server") && host::env("CI").is_none() {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return None;
    }
    Some(ran)
}

#[test]
fn what_reaches_out_or_is_for_a_client_is_a_finding() {
    for (up, rule) in [
        ("\\copy a from program 'touch /tmp/x'", "dryrun/client-command"),
        ("\\i other.sql", "dryrun/client-command"),
        ("COPY a FROM stdin;\n1\n\\.\n", "dryrun/client-command"),
        ("COPY a FROM PROGRAM 'echo 1';", "dryrun/escape-attempt"),
        ("COPY a TO '/tmp/x';", "dryrun/escape-attempt"),
    ] {
        let Some(ran) = second(up, "") else { return };
        assert_eq!(ran.code, 1, "{up}: {}", ran.out);
        assert!(ran.out.contains(rule) && !ran.out.contains("up-fails"), "{up}: {}", ran.out);
    }
}

#[test]
fn a_script_for_a_client_passes_where_the_policy_names_it() {
    let policy = "version = 1\n[policy]\naccept-inconclusive = [{ migration = \"2_b\", reason = \"by psql\" }]\n\
                  [[set]]\nname = \"a\"\npath = \"migrations\"\nengine = \"postgres\"\n";
    let folder = Folder::new(&[]);
    for side in ["base", "head"] {
        folder.write(&format!("{side}/migration-gate.toml"), policy);
        folder.write(&format!("{side}/migrations/1_a.up.sql"), "CREATE TABLE a (id int);");
        folder.write(&format!("{side}/migrations/1_a.down.sql"), "DROP TABLE a;");
    }
    folder.write(
        "head/migrations/2_b.up.sql",
        "-- migration-gate: class=online\nCOPY a FROM stdin;\n1\n\\.\n",
    );
    folder.write("head/migrations/2_b.down.sql", "DELETE FROM a WHERE id = 1;");
    let Some(ran) = check(folder.path(), &["--base-dir", "base", "head"]) else { return };
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("2_b in a is accepted by the policy (by psql)"), "{}", ran.out);
}

#[test]
fn what_fills_the_disk_is_ended_and_told_of() {
    if confine::support() < Support::Full {
        return eprintln!("SKIPPED: this kernel does not confine everything");
    }
    let up = "CREATE TABLE b (a text); ALTER TABLE b ALTER a SET STORAGE EXTERNAL;\n\
              INSERT INTO b SELECT repeat(md5(n::text), 4000) FROM generate_series(1, 30000) n;";
    let Some(ran) = second(up, "server-disk=return(134217728)") else { return };
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let told = "it wrote more than 128 MiB to disk; the sandbox ended it";
    assert!(ran.out.contains("dryrun/escape-attempt") && ran.out.contains(told), "{}", ran.out);
}

#[test]
fn where_the_kernel_confines_less_scripts_are_no_superuser() {
    let ordinary = "CREATE SCHEMA s; CREATE TABLE b (id serial PRIMARY KEY, a int REFERENCES a); \
                    CREATE EXTENSION pg_trgm; CREATE ROLE app; GRANT SELECT ON b TO app; \
                    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
                    CREATE VIEW v AS SELECT * FROM b; CREATE TYPE t AS ENUM ('x');";
    let reaching = [
        "CREATE EXTENSION dblink;",
        "DO $$ BEGIN EXECUTE 'COPY a TO PROGRAM ''cat'''; END $$;",
        "GRANT pg_execute_server_program TO CURRENT_USER;",
        "SELECT pg_read_file('/etc/passwd');",
        "ALTER SYSTEM SET work_mem = '8MB';",
    ];
    for less in ["confine=return(none)", "confine=return(signals)"] {
        let Some(ran) = second(ordinary, less) else { return };
        assert!(ran.out.contains("up ✔"), "{less}: {}", ran.out);
        assert!(ran.out.contains("without the rights of a superuser"), "{less}: {}", ran.out);
        for up in reaching {
            let Some(ran) = second(up, less) else { return };
            assert!(ran.out.contains("[policy] unconfined"), "{less} {up}: {}", ran.out);
            assert!(!ran.out.contains("up ✔"), "{less} {up}: {}", ran.out);
        }
    }
}

#[test]
fn a_plain_user_runs_it_as_root_does() {
    let up = "DO $$ BEGIN EXECUTE 'COPY a TO PROGRAM ''cat'''; END $$;";
    if !rustix::process::getuid().is_root() || confine::support() < Support::Full {
        return eprintln!("SKIPPED: only root is somebody else than a plain user");
    }
    let Some(as_root) = second(up, "") else { return };
    assert!(as_root.out.contains("dryrun/escape-attempt"), "{}", as_root.out);
    let folder = Folder::new(&[
        ("base/migrations/1_a.up.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
        ("head/migrations/1_a.up.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
        ("head/migrations/2_b.up.sql", up),
        ("home/x", ""),
    ]);
    for open in [folder.path().to_owned(), folder.path().join("home")] {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = host::command("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", PROGRAM, "check"]);
    command.args(["--engine", "postgres", "--base-dir", "base", "head"]);
    command.current_dir(folder.path()).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("HOME", folder.path().join("home"));
    let ran = finish(&mut command);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("dryrun/escape-attempt"), "{}", ran.out);
}

#[test]
fn a_statement_that_never_ends_is_stopped() {
    let folder = Folder::new(&[
        ("base/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("base/migrations/1_a.down.sql", "DROP TABLE a;"),
        ("head/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("head/migrations/1_a.down.sql", "DROP TABLE a;"),
        ("head/migrations/2_b.up.sql", "SET statement_timeout = 0; SELECT pg_sleep(3600);"),
        ("head/migrations/2_b.down.sql", "SELECT 1;"),
    ]);
    let arguments = ["--base-dir", "base", "head", "--statement-timeout", "1"];
    let Some(ran) = check(folder.path(), &arguments) else { return };
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("dryrun/timeout"), "{}", ran.out);
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_a_statement_that_ignores_cancelling() {
    let stubborn = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(100); EXCEPTION WHEN query_canceled \
                    THEN NULL; END; END LOOP; END $$;";
    let folder = Folder::new(&[
        ("base/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("base/migrations/1_a.down.sql", "DROP TABLE a;"),
        ("head/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("head/migrations/1_a.down.sql", "DROP TABLE a;"),
        ("head/migrations/2_b.up.sql", stubborn),
        ("head/migrations/2_b.down.sql", "SELECT 1;"),
    ]);
    let mut child = program(folder.path())
        .args(["check", "--base-dir", "base", "head"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    host::pause(std::time::Duration::from_millis(2500));
    if child.try_wait().unwrap().is_some() {
        assert!(host::env("CI").is_none(), "it ended by itself");
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return;
    }
    let asked = host::now();
    let pid = child.id().to_string();
    assert!(host::command("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    while child.try_wait().unwrap().is_none() {
        let limit = std::time::Duration::from_secs(8);
        if asked.elapsed() >= limit {
            child.kill().unwrap();
            panic!("it does not end");
        }
        host::pause(std::time::Duration::from_millis(20));
    }
}

/// The processes below one, by `proc(5)`.
#[cfg(target_os = "linux")]
fn below(pid: &str) -> Vec<String> {
    let list = format!("/proc/{pid}/task/{pid}/children");
    let list = std::fs::read_to_string(list).unwrap_or_default();
    list.split_whitespace().map(str::to_owned).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_goes_when_the_gate_and_its_supervisor_are_killed_at_once() {
    if confine::support() == Support::None {
        return eprintln!("SKIPPED: this kernel confines nothing");
    }
    let folder = Folder::new(&[
        ("base/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("head/migrations/1_a.up.sql", "CREATE TABLE a (id serial PRIMARY KEY);"),
        ("head/migrations/2_b.up.sql", "SELECT pg_sleep(3600);"),
    ]);
    let mut gate = program(folder.path())
        .args(["check", "--engine", "postgres", "--base-dir", "base", "head"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let started = host::now();
    let (keeper, server) = loop {
        if gate.try_wait().unwrap().is_some() {
            assert!(host::env("CI").is_none(), "it ended by itself");
            return eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        }
        let keepers = below(&gate.id().to_string()).into_iter();
        let mut pairs = keepers.map(|keeper| (below(&keeper), keeper));
        // A server with its helpers is a whole one.
        let found = pairs.find_map(|(servers, keeper)| {
            Some((keeper, servers.into_iter().find(|server| below(server).len() > 3)?))
        });
        if let Some(found) = found {
            break found;
        }
        assert!(started.elapsed().as_secs() < 30, "no server starts");
        host::pause(std::time::Duration::from_millis(5));
    };
    let mut killed = host::command("kill");
    killed.args(["-s", "KILL", &gate.id().to_string(), &keeper]);
    assert!(killed.status().unwrap().success());
    gate.wait().unwrap();
    let server = Path::new("/proc").join(server);
    let started = host::now();
    while server.exists() {
        assert!(started.elapsed().as_secs() < 10, "the server outlives them");
        host::pause(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_script_that_stops_half_way_is_told_with_what_it_leaves() {
    let table = "CREATE TABLE readings (id bigint PRIMARY KEY, value text);";
    let up = "-- no-transaction\n-- migration-gate: class=online\n\
              CREATE INDEX CONCURRENTLY IF NOT EXISTS readings_value ON readings (value);\n\
              ALTER TABLE readings ADD COLUMN unit text;\n\
              ALTER TABLE readings ADD COLUMN place text;\n";
    let down = "DROP INDEX readings_value;\n\
                ALTER TABLE readings DROP COLUMN place, DROP COLUMN unit;\n";
    let folder = Folder::new(&[
        ("base/migrations/1_readings.up.sql", table),
        ("base/migrations/1_readings.down.sql", "DROP TABLE readings;"),
        ("head/migrations/1_readings.up.sql", table),
        ("head/migrations/1_readings.down.sql", "DROP TABLE readings;"),
        ("head/migrations/2_unit.up.sql", up),
        ("head/migrations/2_unit.down.sql", down),
        ("base/Cargo.toml", ""),
        ("head/Cargo.toml", ""),
    ]);
    let options = ["--engine", "postgres", "--base-dir", "base", "head"];
    let Some(ran) = check(folder.path(), &options) else { return };
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let told = "stopped after statement 2, the up fails: column \"unit\" of relation";
    assert!(ran.out.contains(told), "{}", ran.out);
    assert!(ran.out.contains("the down fails: column \"place\""), "{}", ran.out);
    // After the first the up goes on by itself, and one cause is one finding.
    assert!(!ran.out.contains("stopped after statement 1"), "{}", ran.out);
    assert!(!ran.out.contains("dryrun/half-done"), "{}", ran.out);
    assert!(ran.out.contains("down ✔"), "{}", ran.out);
}
