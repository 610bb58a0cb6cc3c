//! The whole gate on PostgreSQL: a clinic's change with one good migration and several that are
//! broken or cannot be run here.

use std::path::{Path, PathBuf};

use migration_gate::host;

use crate::support::{Folder, Ran, finish, program};

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
    for up in [
        "CREATE EXTENSION no_such_extension;",
        "GRANT SELECT ON a TO somebody_else;",
        "\\copy a from program 'touch /tmp/x'",
        "COPY a FROM PROGRAM 'echo 1';",
        "COPY a FROM stdin;\n1\n\\.\n",
    ] {
        folder.write("head/migrations/2_b.up.sql", up);
        folder.write("head/migrations/2_b.down.sql", "DROP TABLE IF EXISTS b;");
        let Some(ran) = check(folder.path(), &["--base-dir", "base", "head"]) else { return };
        assert_eq!(ran.code, 3, "{up}: {}", ran.out);
        assert!(ran.out.contains("the up cannot run here"), "{up}: {}", ran.out);
    }
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
