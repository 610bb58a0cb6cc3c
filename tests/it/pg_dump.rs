//! What `pg_dump` tells apart, a snapshot tells apart.

use std::collections::BTreeMap;
use std::time::Duration;

use migration_gate::engine::postgres::Postgres;
use migration_gate::engine::{Engine, EngineError, SandboxSpec, Target, TargetError};
use migration_gate::host;
use migration_gate::model::{RepoPath, Script, TransactionMode};

use crate::support::corpus;

/// A sandbox and the `pg_dump` that can read it.
struct Subject {
    target: Box<dyn Target>,
    socket: String,
}

fn subject() -> Option<Subject> {
    let spec = SandboxSpec {
        statement_timeout: Duration::from_secs(60),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    };
    let ci = host::env_text("CI").as_deref() == Some("true");
    host::stand_for(crate::support::PROGRAM.into());
    let mut target = match Postgres.sandbox(&spec) {
        Ok(target) => target,
        Err(EngineError::Unavailable { what, .. }) if !ci => {
            eprintln!("SKIPPED: {what}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    if host::command("pg_dump").arg("--version").output().is_err() {
        assert!(!ci, "pg_dump is not installed");
        eprintln!("SKIPPED: pg_dump is not installed");
        return None;
    }
    // The only thing a script can say is why it failed.
    // A folder of the machine is no part of what it says, so it is written otherwise.
    let ask = "DO $$ BEGIN \
        RAISE '%', translate(current_setting('unix_socket_directories'), '/', '|'); END $$";
    let socket = match target.execute(&script("ask.sql", ask, TransactionMode::Bare)) {
        Err(TargetError::Script(failure)) => failure.message.replace('|', "/"),
        other => panic!("{other:?}"),
    };
    Some(Subject { target, socket })
}

fn script(name: &str, sql: &str, mode: TransactionMode) -> Script {
    Script::whole(RepoPath::new(name).unwrap(), sql.into(), mode)
}

impl Subject {
    /// The schema as pg_dump writes it, without comments, settings and empty lines.
    fn dump(&self) -> String {
        let output = host::command("pg_dump")
            .args(["--schema-only", "--host", &self.socket, "--username=postgres", "postgres"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let noise = |line: &&str| {
            !line.is_empty()
                && !line.starts_with("--")
                && !line.starts_with("SET ")
                && !line.starts_with("SELECT pg_catalog.set_config")
                && !line.starts_with("\\")
        };
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .filter(noise)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Statements run one after the other; each must change the snapshot just when it changes the
/// dump. One that begins with `=` changes neither, one that begins with `+` the snapshot alone:
/// what belongs to the server, what is not populated, what is switched off in secret.
const STATEMENTS: &str = include_str!("pg_dump.sql");

#[test]
fn every_statement_is_seen_by_both_or_by_neither() {
    let Some(mut subject) = subject() else { return };
    let mut dump = subject.dump();
    let mut snapshot = subject.target.snapshot().unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for statement in STATEMENTS.split("\n\n").map(str::trim) {
        let (sql, expected) = match statement.split_at(2) {
            ("= ", sql) => (sql, (false, false)),
            ("+ ", sql) => (sql, (false, true)),
            _ => (statement, (true, true)),
        };
        count += 1;
        let ran = subject.target.execute(&script("s.sql", sql, TransactionMode::Bare));
        if let Err(error) = ran {
            wrong.push(format!("{sql}: {error:?}"));
            continue;
        }
        let (new_dump, new_snapshot) = (subject.dump(), subject.target.snapshot().unwrap());
        let diff = snapshot.diff(&new_snapshot);
        let seen = (dump != new_dump, !diff.is_empty());
        if seen != expected {
            wrong.push(format!("{sql}: pg_dump {}, ours {:?}", seen.0, diff.differences));
        }
        dump = new_dump;
        snapshot = new_snapshot;
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 80, "{count}");
}

/// Applies the scripts in order; after every `step` of them pg_dump and the snapshot must agree on
/// whether anything changed.
fn compare(scripts: &BTreeMap<String, Script>, step: usize) {
    let Some(mut subject) = subject() else { return };
    let mut dump = subject.dump();
    let mut seen = subject.target.snapshot().unwrap();
    let (mut ups, mut snapshots) = (Duration::ZERO, Duration::ZERO);
    for (index, (name, script)) in scripts.iter().enumerate() {
        let started = host::now();
        let ran = subject.target.execute(script);
        assert!(ran.is_ok(), "{name}: {ran:?}");
        ups += started.elapsed();
        if index % step != 0 && index + 1 != scripts.len() {
            continue;
        }
        let started = host::now();
        let now = subject.target.snapshot().unwrap();
        snapshots = started.elapsed();
        let new_dump = subject.dump();
        let diff = seen.diff(&now);
        assert_eq!(dump != new_dump, !diff.is_empty(), "up to {name}: {:?}", diff.differences);
        dump = new_dump;
        seen = now;
    }
    eprintln!(
        "{} ups in {ups:.1?}; the last snapshot: {} objects in {snapshots:.1?}",
        scripts.len(),
        seen.objects.len()
    );
    assert!(scripts.len() > 200);
}

#[test]
fn a_history_of_diesel_is_seen_as_pg_dump_sees_it() {
    let Some(clone) = corpus("crates_io") else { return };
    let mut scripts = BTreeMap::new();
    for entry in std::fs::read_dir(clone.path().join("migrations")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(sql) = std::fs::read_to_string(folder.join("up.sql")) else { continue };
        let metadata = std::fs::read_to_string(folder.join("metadata.toml")).unwrap_or_default();
        let mode = if metadata.contains("run_in_transaction = false") {
            TransactionMode::Bare
        } else {
            TransactionMode::Wrapped
        };
        let version: String =
            name.split('_').next().unwrap().chars().filter(|c| *c != '-').collect();
        scripts.insert(format!("{version} {name}"), script("up.sql", &sql, mode));
    }
    compare(&scripts, 6);
}

#[test]
fn a_history_of_golang_migrate_is_seen_as_pg_dump_sees_it() {
    let Some(clone) = corpus("openmeter") else { return };
    let mut scripts = BTreeMap::new();
    for entry in std::fs::read_dir(clone.path().join("tools/migrate/migrations")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".up.sql") {
            let sql = std::fs::read_to_string(&file).unwrap();
            scripts.insert(name, script("up.sql", &sql, TransactionMode::SingleBatch));
        }
    }
    compare(&scripts, 6);
}
