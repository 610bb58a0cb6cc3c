//! A repository made by the `git` program, away from the machine's settings.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::changes::{ChangesError, Comparison, Request, compare};
use crate::host;
use crate::model::{ChangeKind, FileChange, RepoPath};

/// A repository, or a folder to put some in.
pub(super) struct Repo {
    pub(super) path: PathBuf,
    _keep: Option<tempfile::TempDir>,
}

impl Repo {
    /// An empty folder.
    pub(super) fn folder() -> Self {
        let keep = tempfile::tempdir_in(host::temp_dir()).unwrap();
        Self { path: keep.path().to_path_buf(), _keep: Some(keep) }
    }

    /// A repository without a commit, on `main`.
    pub(super) fn empty() -> Self {
        let repo = Self::folder();
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    /// A repository with `a.sql` and `b.sql` committed on `main`.
    pub(super) fn new() -> Self {
        let repo = Self::empty();
        repo.write("a.sql", "create table a (id int);\n");
        repo.write("b.sql", "create table b (id int);\n");
        repo.commit("first");
        repo
    }

    /// `main` with one commit more than where `feature`, checked out, left it.
    pub(super) fn forked() -> Self {
        let repo = Self::new();
        repo.git(&["checkout", "-q", "-b", "feature"]);
        repo.write("c.sql", "create table c (id int);\n");
        repo.commit("feature");
        repo.git(&["checkout", "-q", "main"]);
        repo.write("late.sql", "create table late (id int);\n");
        repo.commit("main goes on");
        repo.git(&["checkout", "-q", "feature"]);
        repo
    }

    /// A folder or repository that is already there.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, _keep: None }
    }

    pub(super) fn try_git(&self, arguments: &[&str]) -> Output {
        host::command("git")
            .args(["-c", "user.name=n", "-c", "user.email=n@example.org"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .unwrap()
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs the command that the help ends with, as a user would type it.
    pub(super) fn follow(&self, way_out: &str) {
        let command = &way_out[way_out.find("git fetch").unwrap()..];
        let status = host::command("sh")
            .args(["-c", command])
            .current_dir(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .unwrap();
        assert!(status.status.success(), "{command}: {status:?}");
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let full = self.path.join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, content).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        std::fs::remove_file(self.path.join(path)).unwrap();
    }

    pub(super) fn link(&self, target: &str, path: &str) {
        symlink(target, self.path.join(path)).unwrap();
    }

    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    pub(super) fn id(&self, revision: &str) -> String {
        self.git(&["rev-parse", revision])
    }

    /// A clone of this repository through the file transport, in a folder inside `place`.
    pub(super) fn cloned(&self, place: &Self, options: &[&str]) -> Self {
        let url = format!("file://{}", self.path.display());
        let mut arguments = vec!["clone", "-q"];
        arguments.extend(options);
        arguments.extend([url.as_str(), "clone"]);
        place.git(&arguments);
        Self::at(place.path.join("clone"))
    }

    pub(super) fn request(&self) -> Request {
        Request { path: self.path.clone(), ..Request::default() }
    }

    pub(super) fn based(&self, base: &str) -> Request {
        Request { base: Some(base.to_owned()), ..self.request() }
    }

    pub(super) fn compare(&self) -> Comparison {
        ok(&self.request())
    }
}

pub(super) fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

pub(super) fn ok(request: &Request) -> Comparison {
    compare(request).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn refused(request: &Request) -> ChangesError {
    match compare(request) {
        Err(error) => error,
        Ok(comparison) => panic!("compared with {:?}", comparison.base_label),
    }
}

/// The way out of a missing base.
pub(super) fn no_base(request: &Request) -> String {
    match refused(request) {
        ChangesError::NoBase { way_out, .. } => way_out,
        other => panic!("{other}"),
    }
}

/// Changes as lines, one letter each as `git status` has them.
pub(super) fn shown(files: &[FileChange]) -> Vec<String> {
    let line = |file: &FileChange| match &file.kind {
        ChangeKind::Added => format!("A {}", file.path),
        ChangeKind::Modified => format!("M {}", file.path),
        ChangeKind::Deleted => format!("D {}", file.path),
        ChangeKind::Renamed { from, exact: true } => format!("R {from} -> {}", file.path),
        ChangeKind::Renamed { from, exact: false } => format!("r {from} -> {}", file.path),
        ChangeKind::ModeChanged => format!("m {}", file.path),
        ChangeKind::TypeChanged => format!("T {}", file.path),
    };
    files.iter().map(line).collect()
}

pub(super) fn names(source: &dyn crate::changes::Source, folder: &str) -> Vec<String> {
    let names = source.names(&path(folder)).unwrap();
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

/// Whether a text holds a path of the machine.
pub(super) fn leaks(text: &str, place: &Path) -> bool {
    text.contains(&place.display().to_string())
}
