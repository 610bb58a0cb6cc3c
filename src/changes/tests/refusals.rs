//! What cannot be compared, and the way out that is offered.

use super::fixture::{Repo, ok, refused, shown};
use crate::changes::{ChangesError, Request};

fn usage(request: &Request) -> String {
    match refused(request) {
        ChangesError::Usage { what, way_out } | ChangesError::NotARepository { what, way_out } => {
            format!("{what}: {way_out}")
        }
        other => panic!("{other}"),
    }
}

fn unreadable(request: &Request) -> String {
    match refused(request) {
        ChangesError::Unreadable { what, way_out } => format!("{what}: {way_out}"),
        other => panic!("{other}"),
    }
}

#[test]
fn no_repository_at_all() {
    let folder = Repo::folder();
    assert!(usage(&folder.request()).contains("--base-dir"));
    let nowhere = Request { path: folder.path.join("none"), ..folder.request() };
    assert!(usage(&nowhere).contains("migration-gate check"));
}

#[test]
fn unknown_revisions() {
    let repo = Repo::new();
    assert!(usage(&repo.based("nonsense")).ends_with("git branch --all"));
    assert!(usage(&repo.based("HEAD~99")).contains("--base HEAD~99"));
    assert!(usage(&repo.based("a b^{")).contains("git branch --all"));
    assert!(usage(&repo.based("main..HEAD")).ends_with("--base main --head HEAD"));
    let head = Request { head: Some("nonsense".to_owned()), ..repo.request() };
    assert!(usage(&head).contains("--head nonsense"));
    repo.git(&["remote", "add", "origin", "file:///nowhere"]);
    assert!(usage(&repo.based("nonsense")).ends_with("git fetch origin"));
    let all = Request { all: true, ..repo.based("nonsense") };
    assert!(matches!(refused(&all), ChangesError::Usage { .. }));
}

#[test]
fn a_name_with_two_meanings() {
    let repo = Repo::forked();
    repo.git(&["tag", "main", "feature"]);
    let text = usage(&repo.based("main"));
    assert!(text.ends_with("--base refs/heads/main or --base refs/tags/main"), "{text}");
    assert!(ok(&repo.based("refs/heads/main")).base.is_some());
    // The search for a target looks at branches only, so a tag cannot take its place.
    assert_eq!(shown(&repo.compare().files), ["A c.sql"]);
}

#[test]
fn an_id_with_too_few_digits() {
    let repo = Repo::new();
    let mut seen = std::collections::BTreeMap::new();
    for number in 0..3000 {
        let id = git2::Oid::hash_object(git2::ObjectType::Blob, format!("{number}").as_bytes());
        let prefix = id.unwrap().to_string()[..4].to_owned();
        if let Some(other) = seen.insert(prefix.clone(), number) {
            repo.write("one", format!("{number}"));
            repo.write("two", format!("{other}"));
            repo.commit("two alike");
            let text = usage(&repo.based(&prefix));
            assert!(text.ends_with(&format!("git rev-parse --disambiguate={prefix}")), "{text}");
            return;
        }
    }
    panic!("no two ids begin alike");
}

#[test]
fn tags_name_commits_and_trees_do_not() {
    let repo = Repo::forked();
    repo.git(&["tag", "-a", "-m", "t", "v1", "main~1"]);
    assert_eq!(shown(&ok(&repo.based("v1")).files), ["A c.sql"]);
    assert!(usage(&repo.based("HEAD^{tree}")).contains("is a tree, not a commit"));
    assert!(usage(&repo.based("HEAD:a.sql")).contains("is a blob, not a commit"));
    repo.git(&["tag", "-a", "-m", "t", "files", "HEAD^{tree}"]);
    assert!(usage(&repo.based("files")).contains("not a commit"));
}

#[test]
fn broken_repositories() {
    let repo = Repo::forked();
    let tree = repo.id("main~1^{tree}");
    std::fs::remove_file(repo.path.join(".git/objects").join(&tree[..2]).join(&tree[2..])).unwrap();
    assert!(unreadable(&repo.request()).ends_with("git fsck --full"));

    let repo = Repo::new();
    let head = repo.id("HEAD");
    let object = repo.path.join(".git/objects").join(&head[..2]).join(&head[2..]);
    std::fs::remove_file(object).unwrap();
    assert!(unreadable(&repo.request()).ends_with("git fsck --full"));

    let repo = Repo::new();
    std::fs::remove_file(repo.path.join(".git/HEAD")).unwrap();
    assert!(unreadable(&repo.request()).ends_with("git fsck --full"));

    let repo = Repo::new();
    repo.write(".git/index", "nonsense");
    assert!(unreadable(&repo.request()).ends_with("git fsck --full"));

    let repo = Repo::new();
    repo.write(".git/config", "[core\n");
    assert!(unreadable(&repo.request()).contains("config"));
}

#[test]
fn repository_of_another_user() {
    let repo = Repo::new();
    let top = std::fs::canonicalize(&repo.path).unwrap();
    for folder in [top.clone(), top.join(".git")] {
        if std::os::unix::fs::chown(&folder, Some(12345), Some(12345)).is_err() {
            return; // Only root can give files away.
        }
    }
    let text = unreadable(&repo.request());
    let line = format!("git config --global --add safe.directory {}", top.display());
    assert!(text.ends_with(&line), "{text}");
}

#[test]
fn names_by_sha256() {
    let repo = Repo::folder();
    repo.git(&["init", "-q", "--object-format=sha256"]);
    let text = unreadable(&repo.request());
    assert!(text.contains("SHA-256") && text.contains("--base-dir"), "{text}");
}

#[test]
fn index_in_a_split_form() {
    let repo = Repo::new();
    repo.git(&["update-index", "--split-index"]);
    let text = unreadable(&repo.request());
    assert!(text.contains("git update-index --no-split-index"), "{text}");
}
