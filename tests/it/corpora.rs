//! Real histories, where they stand beside the project; a loud skip elsewhere.
//!
//! The figures were first measured with plain psql and sqlite3, outside of this program.

use migration_gate::host;
use serde_json::Value;

use crate::support::{PROGRAM, corpus};

/// A repository cloned from a bundle; gone with the value.
struct History(tempfile::TempDir);

impl History {
    fn of(name: &str) -> Option<Self> {
        corpus(name).map(Self)
    }

    /// Checks; `None` where there is no PostgreSQL to run on, which only a CI must have.
    fn check(&self, args: &[&str]) -> Option<Value> {
        let mut command = host::command(PROGRAM);
        command.args(["check", "--format", "json"]).args(args).arg(self.0.path());
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{:?}: {stderr}", output.status);
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        let lacks = |item: &Value| {
            item["reason"].as_str().is_some_and(|reason| reason.contains("no PostgreSQL server"))
        };
        if host::env("CI").is_none() && list(&report["inconclusive"]).any(lacks) {
            eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
            return None;
        }
        Some(report)
    }

    fn commits(&self) -> Vec<String> {
        let mut command = host::command("git");
        command.arg("-C").arg(self.0.path()).args(["rev-list", "--reverse", "HEAD"]);
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

/// How many steps of that name ended with that word, in the sets whose name ends so.
fn steps(report: &Value, set: &str, step: &str, outcome: &str) -> usize {
    list(&report["sets"])
        .filter(|found| found["name"].as_str().unwrap().ends_with(set))
        .flat_map(|set| list(&set["migrations"]))
        .flat_map(|migration| list(&migration["steps"]))
        .filter(|found| found["name"] == step && found["outcome"] == outcome)
        .count()
}

fn findings<'a>(report: &'a Value, rule: &str, level: &str) -> Vec<&'a Value> {
    list(&report["findings"])
        .filter(|found| found["rule"] == rule && found["level"] == level)
        .collect()
}

/// The counts that matter: ups that ran, second runs that succeeded, downs that fail, schemas
/// that are not restored, empty and missing downs, and downs that fail in reverse order only.
fn summary(report: &Value, set: &str) -> String {
    let errors = |rule| findings(report, rule, "error").len();
    // The figures were measured on empty tables.
    let over_rows = |finding: &&&Value| {
        finding["message"].as_str().is_some_and(|message| message.contains("hold rows"))
    };
    let failing = findings(report, "rollback/fails", "error");
    let over_rows = failing.iter().filter(over_rows).count();
    format!(
        "{} up, {} again, {} fail, {over_rows} over rows, {} left, {} empty, {} missing, {} in reverse",
        steps(report, set, "up", "ok"),
        steps(report, set, "again", "ok"),
        failing.len() - over_rows,
        errors("rollback/leaves-trace"),
        errors("rollback/empty"),
        errors("rollback/missing"),
        findings(report, "rollback/fails", "note").len(),
    )
}

/// Every schema that is not restored is shown by a difference that is more than a note.
fn shows_each_difference(report: &Value) {
    for finding in findings(report, "rollback/leaves-trace", "error") {
        let shown = list(&finding["differences"]).any(|one| one["note"] == false);
        assert!(shown, "{}", finding["migration"]);
    }
}

/// The whole history, every migration of it judged.
fn whole(name: &str) -> Option<Value> {
    History::of(name)?.check(&["--all"])
}

/// Demands the summary of a history in which everything can be told.
fn measured(name: &str, set: &str, expected: &str) -> Option<Value> {
    let report = whole(name)?;
    assert_eq!(summary(&report, set), expected);
    assert_eq!(list(&report["inconclusive"]).count(), 0);
    shows_each_difference(&report);
    Some(report)
}

#[test]
fn crates_io() {
    let expected =
        "285 up, 68 again, 3 fail, 1 over rows, 18 left, 9 empty, 0 missing, 9 in reverse";
    let Some(report) = measured("crates_io", "migrations", expected) else { return };
    // One more second run succeeds, and changes the schema again.
    assert_eq!(steps(&report, "migrations", "again", "differs"), 1);
}

#[test]
fn openmeter() {
    let expected =
        "269 up, 55 again, 0 fail, 5 over rows, 12 left, 25 empty, 0 missing, 0 in reverse";
    measured("openmeter", "migrations", expected);
}

#[test]
fn cas_cif() {
    let expected =
        "183 up, 114 again, 0 fail, 0 over rows, 15 left, 2 empty, 0 missing, 13 in reverse";
    measured("cas_cif", "schema", expected);
}

#[test]
fn openfga() {
    let Some(report) = whole("openfga") else { return };
    for (set, ups) in [("postgres", 6), ("sqlite", 2)] {
        for step in ["up", "down", "up again", "reverse"] {
            assert_eq!(steps(&report, set, step, "ok"), ups, "{set} {step}");
        }
    }
    assert_eq!(report["counts"]["errors"], 0);
    // The third set is for MySQL, which cannot be run: named, and never a pass.
    let untold: Vec<&Value> = list(&report["inconclusive"]).collect();
    assert_eq!(untold.len(), 1);
    assert!(untold[0]["set"].as_str().unwrap().ends_with("mysql"));
    assert_eq!(report["verdict"], "inconclusive");
}

#[test]
fn atuin() {
    let Some(report) = whole("atuin") else { return };
    for (set, ups) in [("client", 12), ("scripts", 2), ("postgres", 20), ("server-sqlite", 7)] {
        assert_eq!(steps(&report, &format!("{set}/migrations"), "up", "ok"), ups, "{set}");
    }
    let broken = findings(&report, "rollback/fails", "error");
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0]["migration"], "20250402170430_unique_names");
    assert_eq!(findings(&report, "rollback/leaves-trace", "error").len(), 0);
    assert_eq!(findings(&report, "rollback/missing", "error").len(), 39);
}

/// Checks every `stride`th commit against its parent: no crash, and whatever is said against a
/// change names a file of it.
fn walk(name: &str, stride: usize) {
    let Some(history) = History::of(name) else { return };
    let commits = history.commits();
    for pair in commits.windows(2).step_by(stride) {
        let args = ["--base", &pair[0], "--head", &pair[1]];
        let Some(report) = history.check(&args) else { return };
        if report["verdict"] == "pass" {
            continue;
        }
        let mut diff = host::command("git");
        diff.arg("-C").arg(history.0.path());
        diff.args(["diff", "--name-only", "--no-renames", &pair[0], &pair[1]]);
        let changed = String::from_utf8(diff.output().unwrap().stdout).unwrap();
        let named = list(&report["findings"])
            .filter(|finding| finding["level"] == "error")
            .chain(list(&report["inconclusive"]))
            .filter_map(|item| item["file"].as_str());
        for file in named {
            let touched = changed.lines().any(|path| path == file || beside(path, file));
            assert!(touched, "{name} {}: {file} was not touched", pair[1]);
        }
    }
}

/// Whether two files are the halves of one migration: one folder, or one name up to its ending.
fn beside(path: &str, file: &str) -> bool {
    let stem = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if matches!(name, "up.sql" | "down.sql" | "metadata.toml") {
            return folder.to_owned();
        }
        format!("{folder}/{}", name.split('.').next().unwrap_or(name))
    };
    stem(path) == stem(file)
}

#[test]
fn crates_io_commit_by_commit() {
    walk("crates_io", 12);
}

#[test]
fn openmeter_commit_by_commit() {
    walk("openmeter", 16);
}
