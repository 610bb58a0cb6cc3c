//! Which base is taken, and what it is called.

use super::fixture::{Repo, leaks, no_base, ok, path, refused, shown};
use crate::changes::{ChangesError, Request, Source};
use crate::model::RepoPath;

/// Whether a tip is where [`Repo::forked`] left `main`.
fn has_late(tip: Option<Box<dyn Source>>) -> bool {
    tip.unwrap().file(&path("late.sql")).unwrap().is_some()
}

#[test]
fn merge_base_with_the_local_main_line() {
    let repo = Repo::forked();
    let found = repo.compare();
    let base = repo.id("main~1");
    assert_eq!(found.base_label.unwrap(), format!("merge base {} of HEAD and main", &base[..12]));
    assert_eq!(found.head_label, "working tree");
    assert_eq!(found.tip_label.unwrap(), format!("{} (main)", &repo.id("main")[..12]));
    assert_eq!(shown(&found.files), ["A c.sql"]);
    assert!(has_late(found.tip));
    assert!(!leaks(&found.head_label, &repo.path));
}

#[test]
fn explicit_base_is_taken_as_given() {
    let repo = Repo::forked();
    let found = ok(&repo.based("main"));
    assert_eq!(found.base_label.unwrap(), format!("{} (--base main)", &repo.id("main")[..12]));
    assert_eq!(shown(&found.files), ["A c.sql", "D late.sql"]);
    assert!(found.tip.is_none());

    let found = ok(&Request { target_branch: Some("main".to_owned()), ..repo.based("main~1") });
    assert!(has_late(found.tip));
}

#[test]
fn remote_head_goes_before_the_local_main_line() {
    let upstream = Repo::new();
    let place = Repo::folder();
    let clone = upstream.cloned(&place, &[]);
    clone.git(&["checkout", "-q", "-b", "feature"]);
    clone.write("c.sql", "c");
    clone.commit("feature");
    clone.git(&["branch", "-q", "-f", "main"]);
    let found = clone.compare();
    assert!(found.base_label.unwrap().ends_with("of HEAD and origin/main"));
    assert_eq!(shown(&found.files), ["A c.sql"]);
}

#[test]
fn upstream_of_another_name_is_a_target_and_the_own_copy_is_none() {
    let upstream = Repo::new();
    upstream.git(&["branch", "-q", "-m", "stable"]);
    let place = Repo::folder();
    let clone = upstream.cloned(&place, &[]);
    clone.git(&["remote", "set-head", "origin", "--delete"]);
    clone.git(&["checkout", "-q", "-b", "feature", "--track", "origin/stable"]);
    clone.write("c.sql", "c");
    clone.commit("feature");
    assert!(clone.compare().base_label.unwrap().ends_with("of HEAD and origin/stable"));

    clone.git(&["checkout", "-q", "stable"]);
    let way_out = no_base(&clone.request());
    assert!(way_out.ends_with("git fetch origin '+refs/heads/*:refs/remotes/origin/*'"));
}

#[test]
fn on_the_main_line_only_the_working_tree_is_the_change() {
    let repo = Repo::new();
    assert_eq!(shown(&repo.compare().files), [""; 0]);
    repo.write("c.sql", "c");
    let found = repo.compare();
    assert_eq!(shown(&found.files), ["A c.sql"]);
    assert!(found.base_label.unwrap().contains("of HEAD and main"));
    assert!(found.tip.is_none());
}

#[test]
fn named_target_branch_has_no_substitute() {
    let repo = Repo::forked();
    let request = |name: &str| Request { target_branch: Some(name.to_owned()), ..repo.request() };
    assert!(ok(&request("refs/heads/main")).base.is_some());
    assert_eq!(
        no_base(&request("release/1.0")),
        "git fetch origin +refs/heads/release/1.0:refs/remotes/origin/release/1.0"
    );
}

#[test]
fn event_names_the_base() {
    let repo = Repo::forked();
    let request = |id: &str| Request { event_base: Some(id.to_owned()), ..repo.request() };
    let found = ok(&request(&repo.id("main~1")));
    assert!(found.base_label.unwrap().ends_with("(base of the event)"));
    assert_eq!(shown(&found.files), ["A c.sql"]);
    assert!(found.tip.is_none());

    // The event's base went on: the change still starts where it left the branch.
    let found = ok(&request(&repo.id("main")));
    assert_eq!(shown(&found.files), ["A c.sql"]);
    assert!(has_late(found.tip));

    let missing = "1234567890123456789012345678901234567890";
    assert_eq!(no_base(&request(missing)), format!("git fetch --depth=1 origin {missing}"));
    assert!(matches!(refused(&request("main")), ChangesError::Usage { .. }));
}

#[test]
fn merge_commit_with_full_history_uses_the_merge_base() {
    let repo = Repo::forked();
    repo.git(&["merge", "-q", "--no-edit", "main"]);
    let found = ok(&Request { target_branch: Some("main".to_owned()), ..repo.request() });
    assert_eq!(shown(&found.files), ["A c.sql"]);
    assert!(found.tip.is_none());
}

#[test]
fn detached_head_compares_with_the_main_line() {
    let repo = Repo::forked();
    repo.git(&["checkout", "-q", "--detach"]);
    assert_eq!(shown(&repo.compare().files), ["A c.sql"]);
}

#[test]
fn without_remote_or_main_line_there_is_no_base() {
    let repo = Repo::new();
    repo.git(&["branch", "-q", "-m", "work"]);
    assert!(no_base(&repo.request()).ends_with("migration-gate check --base REV"));
    let found = ok(&Request { all: true, ..repo.request() });
    assert!(found.base.is_none() && found.base_label.is_none() && found.files.is_empty());
    assert!(found.head.file(&super::fixture::path("a.sql")).unwrap().is_some());
}

#[test]
fn a_commit_that_is_its_own_base_is_compared_with_nothing() {
    let repo = Repo::new();
    let head = Some("main".to_owned());
    let found = ok(&Request { all: true, head: head.clone(), ..repo.request() });
    assert_eq!(found.base_label.as_deref(), Some("none, everything is judged"));
    assert!(found.base.is_some(), "its policy counts");
    let named = ok(&Request { all: true, head, ..repo.based("main") });
    assert!(named.base_label.unwrap().contains("--base main"));
    let worktree = ok(&Request { all: true, ..repo.request() });
    assert!(worktree.base_label.unwrap().starts_with("merge base"));
}

#[test]
fn unrelated_histories_have_no_base() {
    let repo = Repo::new();
    repo.git(&["checkout", "-q", "--orphan", "other"]);
    repo.commit("alone");
    let error = refused(&repo.request());
    assert!(matches!(&error, ChangesError::NoBase { .. }), "{error}");
    assert!(error.to_string().contains("no common ancestor"));
}

#[test]
fn before_the_first_commit() {
    let repo = Repo::empty();
    repo.write("a.sql", "a");
    assert!(no_base(&repo.request()).ends_with("migration-gate check --all"));
    let found = ok(&Request { all: true, ..repo.request() });
    assert_eq!(super::fixture::names(&*found.head, ""), ["a.sql"]);
}

#[test]
fn bare_repository_has_its_head_commit() {
    let origin = Repo::forked();
    let place = Repo::folder();
    let bare = origin.cloned(&place, &["--bare"]);
    let found = bare.compare();
    assert!(found.head_label.contains("bare"), "{}", found.head_label);
    assert_eq!(shown(&found.files), ["A c.sql"]);
    let found = ok(&Request { head: Some("main".to_owned()), ..bare.based("main~1") });
    assert!(found.head_label.ends_with("(--head main)"));
    assert_eq!(shown(&found.files), ["A late.sql"]);
}

#[test]
fn linked_working_tree_has_its_own_head() {
    let repo = Repo::forked();
    let place = Repo::folder();
    let linked = Repo::at(place.path.join("linked"));
    let folder = linked.path.display().to_string();
    repo.git(&["worktree", "add", "-q", "-b", "second", &folder, "main~1"]);
    linked.write("new.sql", "n");
    let found = linked.compare();
    assert_eq!(shown(&found.files), ["A new.sql"]);
    assert!(has_late(found.tip));
}

#[test]
fn scope_is_where_the_user_pointed() {
    let repo = Repo::new();
    repo.write("db/migrations/1.sql", "1");
    let at = |tail: &str| Request { path: repo.path.join(tail), ..repo.request() };
    assert_eq!(ok(&at("db/migrations")).scope.as_str(), "db/migrations");
    assert_eq!(ok(&at("db/migrations/1.sql")).scope.as_str(), "db/migrations/1.sql");
    assert_eq!(ok(&at("")).scope, RepoPath::root());
    assert_eq!(ok(&at(".git/objects")).scope, RepoPath::root());
    assert_eq!(shown(&ok(&at("db")).files), ["A db/migrations/1.sql"]);
}
