//! Small trees in temporary folders, and the real binary run on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use migration_gate::host;
use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_migration-gate");

/// A temporary folder, gone when dropped.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::Builder::new().prefix("mg-it-").tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// One in memory, where the machine has such a place: what outlives a process need not outlive
    /// the machine, and making it durable takes time.
    pub(crate) fn in_memory(files: &[(&str, &str)]) -> Self {
        let memory = Path::new("/dev/shm");
        if !memory.is_dir() {
            return Self::new(files);
        }
        let folder = Self(tempfile::Builder::new().prefix("mg-it-").tempdir_in(memory).unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        write(self.path(), name, text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }
}

/// Writes a file below `top` with the folders it needs.
pub(crate) fn write(top: &Path, name: &str, text: &str) {
    let file = top.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Copies a folder over another, which is made where it is not there.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs `git` away from the machine's settings; the same files give the same commit ids. Gives
/// what it prints.
pub(crate) fn git(at: &Path, arguments: &[&str]) -> String {
    let output = bare(host::command("git"))
        .args(arguments)
        .current_dir(at)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([("GIT_AUTHOR_NAME", "n"), ("GIT_AUTHOR_EMAIL", "n@example.org")])
        .envs([("GIT_COMMITTER_NAME", "n"), ("GIT_COMMITTER_EMAIL", "n@example.org")])
        .envs([("GIT_AUTHOR_DATE", "@0 +0000"), ("GIT_COMMITTER_DATE", "@0 +0000")])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Makes a repository of the folder, on `main`, with everything committed.
pub(crate) fn repository(at: &Path) {
    git(at, &["init", "-q", "-b", "main"]);
    commit(at);
}

pub(crate) fn commit(at: &Path) {
    git(at, &["add", "-A"]);
    git(at, &["commit", "-q", "--allow-empty", "-m", "change"]);
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Demands an exit code that leaves nothing on standard error.
    pub(crate) fn quiet(self, code: i32) -> String {
        assert_eq!((self.code, self.err.as_str()), (code, ""), "{}", self.out);
        self.out
    }

    /// Demands an exit code that leaves nothing on standard output.
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        self.err
    }
}

/// A command that knows nothing of the machine's environment, such as that of a CI.
pub(crate) fn bare(mut command: Command) -> Command {
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin");
    command
}

/// The binary in a folder. Its home is that folder, and only the cache is everyone's: to make a
/// data folder of PostgreSQL anew takes longer than most tests.
pub(crate) fn program(at: &Path) -> Command {
    let mut command = bare(host::command(PROGRAM));
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
    command.current_dir(at).env("HOME", at).env("XDG_CACHE_HOME", cache);
    command
}

pub(crate) fn finish(command: &mut Command) -> Ran {
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    Ran {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the binary in a folder.
pub(crate) fn gate(at: &Path, arguments: &[&str]) -> Ran {
    finish(program(at).args(arguments))
}

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

    /// The same tree in a folder.
    pub(crate) fn below(mut self, folder: &str) -> Self {
        self.0.iter_mut().for_each(|(path, _)| *path = format!("{folder}/{path}"));
        self
    }

    /// The text of a file that must be there.
    pub(crate) fn text(&self, path: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == path);
        found.map(|(_, text)| text.as_str()).unwrap_or_else(|| panic!("there is no {path}"))
    }

    /// The files with their texts.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The same tree without the files whose path contains `part`.
    pub(crate) fn without(mut self, part: &str) -> Self {
        self.0.retain(|(known, _)| !known.contains(part));
        self
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

impl From<Ran> for Answer {
    fn from(ran: Ran) -> Self {
        let report = serde_json::from_str(&ran.out);
        Self { exit: ran.code, report: report.unwrap_or_else(|_| panic!("no report: {}", ran.err)) }
    }
}

/// Compares two folders.
pub(crate) fn check_folders(base: &Path, head: &Path, options: &[&str]) -> Answer {
    let home = Folder::new(&[]);
    finish(comparing(&mut program(home.path()), base, head).args(options)).into()
}

/// The command that compares two folders.
pub(crate) fn comparing<'a>(command: &'a mut Command, base: &Path, head: &Path) -> &'a mut Command {
    command.args(["check", "--format", "json", "--engine", "sqlite", "--base-dir"]);
    command.arg(base).arg(head)
}

/// Compares two trees that are written down in the test.
pub(crate) fn check(base: &Tree, head: &Tree) -> Answer {
    check_with(base, head, &[])
}

/// The same with more options.
pub(crate) fn check_with(base: &Tree, head: &Tree, options: &[&str]) -> Answer {
    let folder = Folder::new(&[]);
    let side = |name: &str, tree: &Tree| {
        let top = folder.path().join(name);
        fs::create_dir(&top).unwrap();
        tree.0.iter().for_each(|(path, text)| write(&top, path, text));
        top
    };
    check_folders(&side("base", base), &side("head", head), options)
}

/// The history of that name, cloned from its bundle; loudly nothing where there is none.
pub(crate) fn corpus(name: &str) -> Option<TempDir> {
    let folder = host::env("MIGRATION_GATE_CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"),
        PathBuf::from,
    );
    let bundle = folder.join(format!("{name}.bundle"));
    if !bundle.is_file() {
        eprintln!("SKIPPED: there is no {name}.bundle; set MIGRATION_GATE_CORPORA");
        return None;
    }
    let clone = tempfile::tempdir().unwrap();
    let mut git = host::command("git");
    git.args(["clone", "--quiet"]).arg(&bundle).arg(clone.path());
    assert!(git.status().unwrap().success(), "cannot clone {}", bundle.display());
    Some(clone)
}
