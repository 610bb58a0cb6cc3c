//! What the three sides list and read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::fixture::{Repo, names, ok, path, shown};
use crate::changes::{ChangesError, Comparison, Request, Source, compare_folders};
use crate::host;
use crate::model::{EntryKind, RepoPath};

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";

/// The working tree and the commit made from it.
fn sides(repo: &Repo) -> [Comparison; 2] {
    let worktree = ok(&Request { all: true, ..repo.request() });
    repo.commit("all of it");
    let head = Some("HEAD".to_owned());
    [worktree, ok(&Request { head, all: true, ..repo.request() })]
}

fn kind(source: &dyn Source, at: &str) -> Option<EntryKind> {
    source.file(&path(at)).unwrap().map(|entry| entry.kind)
}

#[test]
fn every_kind_of_entry() {
    let inner = Repo::new();
    let repo = Repo::new();
    repo.write("db/1.sql", "one");
    repo.write("db/large.sql", vec![b'x'; (16 << 20) + 1]);
    repo.write("db/full.sql", vec![b'x'; 1 << 20]);
    repo.write("db/lfs.sql", POINTER);
    repo.link("/etc/passwd", "db/link.sql");
    repo.git(&["submodule", "--quiet", "add", &inner.path.display().to_string(), "db/module"]);
    std::fs::write(repo.path.join(OsStr::from_bytes(b"db/\xff.sql")), "raw").unwrap();
    repo.write("db/\\xff.sql", "a name made to look like the other");
    for side in sides(&repo) {
        let tree = side.head.tree(&path("db")).unwrap();
        let found: Vec<_> = tree.iter().map(|(name, entry)| (name, entry.kind)).collect();
        let expected = [
            ("1.sql", EntryKind::File),
            ("\\xff.sql", EntryKind::UnreadableName),
            ("full.sql", EntryKind::File),
            ("large.sql", EntryKind::TooLarge),
            ("lfs.sql", EntryKind::LfsPointer),
            ("link.sql", EntryKind::Symlink),
            ("module", EntryKind::Submodule),
        ];
        assert_eq!(found, expected, "{}", side.head_label);
        assert_eq!(&*tree.get("1.sql").unwrap().bytes, b"one");
        assert!(tree.get("link.sql").unwrap().bytes.is_empty());
        assert_eq!(names(&*side.head, "db").len(), 7);
        assert_eq!(kind(&*side.head, "db/link.sql"), Some(EntryKind::Symlink));
        assert_eq!(kind(&*side.head, "db/module"), Some(EntryKind::Submodule));
        assert_eq!(kind(&*side.head, "db"), None);
        assert_eq!(kind(&*side.head, "db/none"), None);
        assert!(side.head.tree(&path("none")).unwrap().is_empty());
    }
}

#[test]
fn untracked_but_not_ignored() {
    let repo = Repo::new();
    repo.write(".gitignore", "*.log\n/out/\n");
    repo.write("new/deep/c.sql", "c");
    repo.write("new/c.log", "ignored");
    repo.write("out/d.sql", "ignored");
    repo.remove("a.sql");
    let found = ok(&repo.based("HEAD"));
    assert_eq!(shown(&found.files), ["A .gitignore", "D a.sql", "A new/deep/c.sql"]);
    assert_eq!(names(&*found.head, ""), [".gitignore", "b.sql", "new/deep/c.sql"]);
    assert_eq!(names(&*found.head, "new"), ["new/deep/c.sql"]);
    assert_eq!(kind(&*found.head, "a.sql"), None);
    assert_eq!(kind(&*found.head, "out/d.sql"), None);
    assert_eq!(kind(&*found.head, ".git/config"), None);
}

#[test]
fn a_linked_folder_is_not_entered() {
    let repo = Repo::new();
    repo.write("db/1.sql", "one");
    repo.commit("db");
    let outside = Repo::folder();
    outside.write("1.sql", "secret");
    std::fs::remove_dir_all(repo.path.join("db")).unwrap();
    repo.link(&outside.path.display().to_string(), "db");
    let found = ok(&repo.based("HEAD"));
    assert_eq!(shown(&found.files), ["A db", "D db/1.sql"]);
    assert_eq!(kind(&*found.head, "db/1.sql"), None);
    assert!(found.head.tree(&path("db")).unwrap().is_empty());
    assert_eq!(names(&*found.head, ""), ["a.sql", "b.sql", "db"]);

    let folder = compare_folders(None, &repo.path).unwrap();
    assert_eq!(kind(&*folder.head, "db/1.sql"), None);
    assert!(folder.head.tree(&path("db")).unwrap().is_empty());
}

#[test]
fn pipes_are_told_and_never_opened() {
    let repo = Repo::new();
    repo.remove("a.sql");
    for name in ["a.sql", "pipe.sql"] {
        let made = host::command("mkfifo").arg(repo.path.join(name)).status().unwrap();
        assert!(made.success());
    }
    let _socket = std::os::unix::net::UnixListener::bind(repo.path.join("socket")).unwrap();
    let found = ok(&repo.based("HEAD"));
    assert_eq!(shown(&found.files), ["D a.sql"]);
    assert_eq!(names(&*found.head, ""), ["b.sql"]);
    for name in ["a.sql", "pipe.sql", "socket"] {
        assert_eq!(kind(&*found.head, name), Some(EntryKind::Device));
    }
    assert_eq!(found.head.tree(&path("")).unwrap().iter().count(), 1);
    let folder = compare_folders(None, &repo.path).unwrap();
    assert_eq!(names(&*folder.head, ""), ["a.sql", "b.sql", "pipe.sql", "socket"]);
}

#[test]
fn neighbours_nearest_first() {
    let repo = Repo::new();
    repo.write("Cargo.toml", "");
    repo.write("go.mod", "");
    repo.write("app/db/1.sql", "1");
    repo.write("app/db/diesel.toml", "");
    repo.write("app/go.mod", "");
    repo.write("other/pom.xml", "");
    std::fs::create_dir_all(repo.path.join("app/package.json")).unwrap();
    let expected = ["diesel.toml", "go.mod", "Cargo.toml"];
    let [worktree, commit] = sides(&repo);
    let folder = compare_folders(None, &repo.path).unwrap();
    for side in [worktree, commit, folder] {
        assert_eq!(side.head.tree(&path("app/db")).unwrap().neighbours(), expected);
        assert_eq!(side.head.tree(&path("other")).unwrap().neighbours()[0], "pom.xml");
    }
}

#[test]
fn only_the_asked_folder_is_walked() {
    let repo = Repo::empty();
    for folder in 0..200 {
        for file in 0..100 {
            repo.write(&format!("src/{folder}/{file}.txt"), format!("{folder} {file}"));
        }
    }
    repo.write("db/1.sql", "one");
    let base = repo.commit("many");
    repo.write("db/2.sql", "two");
    repo.commit("second");
    repo.git(&["prune-packed"]);
    // All of the other folders' objects are gone: whoever reads one of them fails.
    let tree = repo.id("HEAD:src");
    let lost = repo.path.join(".git/objects").join(&tree[..2]).join(&tree[2..]);
    std::fs::remove_file(lost).unwrap();
    let limit_to = vec![path("db")];
    let request = Request { head: Some("HEAD".to_owned()), limit_to, ..repo.based(&base) };
    let found = ok(&request);
    assert_eq!(shown(&found.files), ["A db/2.sql"]);
    assert_eq!(found.head.tree(&path("db")).unwrap().iter().count(), 2);
    assert_eq!(names(&*found.base.unwrap(), "db"), ["db/1.sql"]);
    assert!(matches!(found.head.names(&RepoPath::root()), Err(ChangesError::Unreadable { .. })));

    let worktree = ok(&Request { head: None, ..request });
    assert_eq!(shown(&worktree.files), ["A db/2.sql"]);
    assert_eq!(names(&*worktree.head, "db"), ["db/1.sql", "db/2.sql"]);
    assert_eq!(worktree.head.names(&RepoPath::root()).unwrap().len(), 20_002);
}

#[test]
fn names_of_a_commit_need_no_contents() {
    let repo = Repo::new();
    let blob = repo.id("HEAD:a.sql");
    std::fs::remove_file(repo.path.join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let found = ok(&Request { head: Some("HEAD".to_owned()), ..repo.based("HEAD") });
    assert_eq!(names(&*found.head, ""), ["a.sql", "b.sql"]);
    let error = found.head.tree(&path("")).unwrap_err().to_string();
    assert!(error.contains("`a.sql`") && error.ends_with("git fsck --full"), "{error}");
}

#[test]
fn names_that_lead_out_are_refused() {
    let repo = Repo::new();
    let blob = git2::Oid::from_str(&repo.id("HEAD:a.sql")).unwrap();
    for name in ["..", ".", ".GIT", "x/../../y"] {
        let mut raw = format!("100644 {name}\0").into_bytes();
        raw.extend_from_slice(blob.as_bytes());
        let git = git2::Repository::open(&repo.path).unwrap();
        let tree = git.odb().unwrap().write(git2::ObjectType::Tree, &raw).unwrap();
        let commit = repo.git(&["commit-tree", "-m", "hostile", &tree.to_string()]);
        let request = Request { head: Some(commit), all: true, ..repo.request() };
        let refused = match crate::changes::compare(&request) {
            Ok(found) => found.head.names(&RepoPath::root()).is_err(),
            Err(_) => true,
        };
        assert!(refused, "{name}");
    }
}

#[test]
fn nothing_that_the_repository_names_is_run() {
    let repo = Repo::new();
    let mark = repo.path.join(".git/ran");
    let touch = format!("touch '{}'", mark.display());
    repo.git(&["config", "core.fsmonitor", &touch]);
    repo.git(&["config", "filter.evil.clean", &touch]);
    repo.git(&["config", "filter.evil.smudge", &touch]);
    repo.git(&["config", "diff.evil.command", &touch]);
    repo.git(&["config", "diff.evil.textconv", &touch]);
    repo.write(".gitattributes", "*.sql filter=evil diff=evil\n");
    repo.write("a.sql", "edited");
    let found = ok(&repo.based("HEAD"));
    assert_eq!(shown(&found.files), ["A .gitattributes", "M a.sql"]);
    found.head.tree(&path("")).unwrap();
    assert!(!mark.exists());
}

#[test]
fn the_history_of_a_file_tells_each_state_and_since_when() {
    let repo = Repo::empty();
    let commit = |content: Option<&str>, seconds: u32| {
        match content {
            Some(content) => repo.write("c/a.json", content),
            None => repo.remove("c/a.json"),
        }
        repo.write("other", seconds.to_string());
        repo.git(&["add", "-A"]);
        let date = format!("@{seconds} +0000");
        let committed = host::command("git")
            .args(["-c", "user.name=n", "-c", "user.email=n@example.org"])
            .args(["commit", "-q", "-m", "x"])
            .current_dir(&repo.path)
            .env("GIT_COMMITTER_DATE", date)
            .status();
        assert!(committed.unwrap().success());
    };
    for (content, seconds) in [
        (Some("one"), 1_000_000),
        (Some("one"), 1_000_100),
        (None, 1_000_200),
        (Some("two"), 1_000_300),
        (Some("two"), 1_000_400),
        (Some("three"), 1_000_500),
    ] {
        commit(content, seconds);
    }
    let found = ok(&Request { base: Some("HEAD".to_owned()), ..repo.request() });
    let base = found.base.unwrap();
    let told = |commits: usize, at: &str| -> Vec<(i64, Option<String>)> {
        let history = base.history(&path(at), commits).unwrap();
        let text = |entry: crate::model::Entry| String::from_utf8(entry.bytes.to_vec()).unwrap();
        history.into_iter().map(|(since, entry)| (since, entry.map(text))).collect()
    };
    let (one, two, three) = (Some("one".into()), Some("two".into()), Some("three".into()));
    let all = [(1_000_500, three), (1_000_300, two), (1_000_200, None), (1_000_000, one)];
    assert_eq!(told(100, "c/a.json"), all);
    assert_eq!(told(2, "c/a.json"), [(1_000_500, all[0].1.clone()), (1_000_400, all[1].1.clone())]);
    assert_eq!(told(100, "c"), [(1_000_000, None)]);
    assert_eq!(found.head.history(&path("c/a.json"), 100).unwrap().len(), 0);
}
