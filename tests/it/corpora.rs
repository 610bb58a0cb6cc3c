//! Real histories, where they stand beside the project; a loud skip elsewhere.
//!
//! The figures were first measured with plain psql and sqlite3, outside of this program.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("MIGRATION_GATE_CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no real histories at {}; set MIGRATION_GATE_CORPORA", folder.display());
    None
}

/// A repository cloned from a bundle; gone with the value.
struct Clone(tempfile::TempDir);

impl Clone {
    fn of(name: &str) -> Option<Self> {
        let bundle = corpora()?.join(format!("{name}.bundle"));
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new("git")
            .args(["clone", "--quiet"])
            .arg(&bundle)
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(status.success(), "cannot clone {}", bundle.display());
        Some(Self(folder))
    }

    fn check(&self, args: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_migration-gate"))
            .args(["check", "--format", "json"])
            .args(args)
            .arg(self.0.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{:?}: {stderr}", output.status);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {stderr}"))
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(self.0.path()).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// How many steps of that name ended with that word, over all sets whose name ends so.
fn steps(report: &Value, set: &str, step: &str, outcome: &str) -> usize {
    let sets = report["sets"].as_array().unwrap().iter();
    sets.filter(|found| found["name"].as_str().unwrap().ends_with(set))
        .flat_map(|set| set["migrations"].as_array().unwrap())
        .flat_map(|migration| migration["steps"].as_array().unwrap())
        .filter(|found| found["name"] == step && found["outcome"] == outcome)
        .count()
}

fn findings<'a>(report: &'a Value, rule: &str, level: &str) -> Vec<&'a Value> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|found| found["rule"] == rule && found["level"] == level).collect()
}

#[test]
fn atuin_has_a_broken_down_in_its_scripts() {
    let Some(repository) = Clone::of("atuin") else { return };
    let report = repository.check(&["--all"]);
    for (set, ups) in [("atuin-client/migrations", 12), ("atuin-scripts/migrations", 2)] {
        assert_eq!(steps(&report, set, "up", "ok"), ups, "{set}");
    }
    let broken = findings(&report, "rollback/fails", "error");
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0]["migration"], "20250402170430_unique_names");
    assert_eq!(findings(&report, "rollback/leaves-trace", "error").len(), 0);
}
