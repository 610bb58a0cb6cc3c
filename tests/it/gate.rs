//! Runs the real binary over small trees.

#![expect(clippy::disallowed_methods, reason = "tests start the program and Git themselves")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A small tree that is written down in a test.
#[derive(Clone, Default)]
pub(crate) struct Tree(Vec<(String, String)>);

impl Tree {
    /// The same tree with one more file, or with another text in that file.
    pub(crate) fn with(mut self, path: &str, text: &str) -> Self {
        self.0.retain(|(known, _)| known != path);
        self.0.push((path.to_owned(), text.to_owned()));
        self
    }

    /// The same tree without the files whose path contains `part`.
    pub(crate) fn without(mut self, part: &str) -> Self {
        self.0.retain(|(known, _)| !known.contains(part));
        self
    }

    fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("a folder");
        for (path, text) in &self.0 {
            let file = folder.join(path);
            fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            fs::write(file, text).expect("a file");
        }
    }
}

/// What the gate answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) exit: i32,
    pub(crate) report: Value,
}

impl Answer {
    /// The findings as `level rule`, sorted.
    pub(crate) fn findings(&self) -> Vec<String> {
        let list = self.report["findings"].as_array().expect("a list of findings");
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or("").to_owned();
        let mut found: Vec<String> = list
            .iter()
            .map(|finding| format!("{} {}", text(finding, "level"), text(finding, "rule")))
            .collect();
        found.sort();
        found
    }

    /// The steps of every judged migration as `name: outcome`.
    pub(crate) fn steps(&self) -> Vec<String> {
        let sets = self.report["sets"].as_array().expect("a list of sets");
        let migrations = sets.iter().flat_map(|set| set["migrations"].as_array().into_iter());
        migrations
            .flatten()
            .flat_map(|migration| migration["steps"].as_array().into_iter().flatten())
            .map(|step| {
                let text = |key: &str| step[key].as_str().unwrap_or("").to_owned();
                format!("{}: {}", text("name"), text("outcome"))
            })
            .collect()
    }
}

/// Compares two folders.
pub(crate) fn check_folders(base: &Path, head: &Path, options: &[&str]) -> Answer {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut command = command(home.path(), env!("CARGO_BIN_EXE_migration-gate"));
    command.args(["check", "--format", "json", "--engine", "sqlite", "--base-dir"]);
    command.arg(base).arg(head).args(options);
    answer(&command.output().expect("the gate starts"))
}

/// Compares two trees that are written down in the test.
pub(crate) fn check(base: &Tree, head: &Tree) -> Answer {
    let folder = tempfile::tempdir().expect("a temporary folder");
    base.write(&folder.path().join("base"));
    head.write(&folder.path().join("head"));
    check_folders(&folder.path().join("base"), &folder.path().join("head"), &[])
}

fn answer(output: &Output) -> Answer {
    let said = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).ok();
    assert!(report.is_some(), "there is no report:\n{said}");
    Answer { exit: output.status.code().expect("an exit code"), report: report.unwrap_or_default() }
}

/// A program that sees nothing of the machine's or the CI's settings.
fn command(home: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home);
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// A repository whose main branch may go on after a change branched off.
pub(crate) struct Repository {
    folder: TempDir,
}

impl Repository {
    /// A repository whose main branch holds the files of `base`.
    pub(crate) fn new(base: &Path) -> Self {
        let repository = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(repository.top()).expect("a folder");
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit(base);
        repository
    }

    fn top(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// Starts a branch where the repository stands.
    pub(crate) fn branch(&self, name: &str) {
        self.git(&["switch", "--quiet", "--create", name]);
    }

    /// Goes to a branch.
    pub(crate) fn switch(&self, name: &str) {
        self.git(&["switch", "--quiet", name]);
    }

    /// Commits the files of `folder` on top of what is there.
    pub(crate) fn commit(&self, folder: &Path) {
        copy(folder, &self.top());
        self.git(&["add", "--all"]);
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let what = ["commit", "--quiet", "--no-gpg-sign", "--message=a change"];
        self.git(&[&who[..], &what[..]].concat());
    }

    /// Checks the branch the repository stands on.
    pub(crate) fn check(&self) -> Answer {
        let mut gate = command(self.folder.path(), env!("CARGO_BIN_EXE_migration-gate"));
        gate.args(["check", "--format", "json", "--engine", "sqlite"]).arg(self.top());
        answer(&gate.output().expect("the gate starts"))
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = command(self.folder.path(), "git");
        let output = git.arg("-C").arg(self.top()).args(arguments).output().expect("git starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
