//! Small trees in temporary folders, and the real binary run on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use migration_gate::host;
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_migration-gate");

/// A temporary folder, gone when dropped.
pub(crate) struct Folder {
    path: PathBuf,
    _keep: TempDir,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let keep = tempfile::Builder::new().prefix("mg-it-").tempdir().unwrap();
        let folder = Self { path: keep.path().to_path_buf(), _keep: keep };
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        write(&self.path, name, text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap()
    }
}

/// Writes a file below `top` with the folders it needs.
pub(crate) fn write(top: &Path, name: &str, text: &str) {
    let file = top.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Runs `git` away from the machine's settings; the same files give the same commit ids.
pub(crate) fn git(at: &Path, arguments: &[&str]) {
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

/// The binary in a folder.
pub(crate) fn program(at: &Path) -> Command {
    let mut command = bare(host::command(PROGRAM));
    command.current_dir(at).env("HOME", at);
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
