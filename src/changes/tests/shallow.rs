//! Clones that lack a part: each refusal names the command, and the command is then tried.

use super::fixture::{Repo, no_base, ok, refused, shown};
use crate::changes::{ChangesError, Request};

/// A fork whose remote HEAD is, as everywhere, the main line.
fn published() -> Repo {
    let repo = Repo::forked();
    repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    repo.git(&["checkout", "-q", "main"]);
    repo
}

/// A merge ref as a CI makes it: first parent the target, second the change.
fn merge_ref(message: &str) -> Repo {
    let repo = published();
    repo.git(&["checkout", "-q", "-b", "merged", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", message, "feature"]);
    repo.git(&["checkout", "-q", "main"]);
    repo
}

#[test]
fn depth_one_of_a_merge_commit() {
    let origin = merge_ref("Merge 1 into 2");
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--depth=1", "--branch=merged"]);
    let first = origin.id("main");
    let way_out = no_base(&clone.request());
    assert_eq!(way_out, format!("git fetch --depth=1 origin {first}"));
    clone.follow(&way_out);
    let found = clone.compare();
    assert!(found.base_label.unwrap().contains("first parent of the merge commit"));
    assert_eq!(shown(&found.files), ["A c.sql"]);

    let found = ok(&Request { event_base: Some(first), ..clone.request() });
    assert_eq!(shown(&found.files), ["A c.sql"]);
}

#[test]
fn first_parent_is_no_base_where_the_main_line_was_merged_in() {
    let origin = published();
    origin.git(&["checkout", "-q", "feature"]);
    origin.git(&["merge", "-q", "--no-ff", "--no-edit", "main"]);
    origin.git(&["checkout", "-q", "main"]);
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--depth=1", "--branch=feature"]);
    let way_out = no_base(&clone.request());
    assert!(way_out.contains("git fetch --unshallow origin"), "{way_out}");
    clone.follow(&way_out);
    let found = clone.compare();
    assert_eq!(shown(&found.files), ["A c.sql"]);
}

#[test]
fn history_that_ends_too_early() {
    let origin = published();
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--depth=1", "--no-single-branch", "--branch=feature"]);
    let error = refused(&clone.request());
    assert!(error.to_string().contains("history ends before"), "{error}");
    let ChangesError::NoBase { way_out, .. } = error else { panic!("{error}") };
    clone.follow(&way_out);
    assert_eq!(shown(&clone.compare().files), ["A c.sql"]);
}

#[test]
fn a_single_branch_without_its_target() {
    let origin = published();
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--depth=1", "--branch=feature"]);
    let way_out = no_base(&clone.request());
    clone.follow(&way_out);
    assert_eq!(shown(&clone.compare().files), ["A c.sql"]);
}

#[test]
fn named_target_is_fetched_with_history() {
    let origin = published();
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--depth=1", "--branch=feature"]);
    let request = Request { target_branch: Some("main".to_owned()), ..clone.request() };
    let way_out = no_base(&request);
    assert_eq!(way_out, "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main");
}

#[test]
fn linked_working_tree_of_a_shallow_clone_knows_that_it_is() {
    let origin = published();
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--depth=1", "--no-single-branch", "--branch=feature"]);
    clone.git(&["worktree", "add", "-q", "--detach", "../linked"]);
    let linked = Repo::at(place.path.join("linked"));
    assert!(no_base(&linked.request()).contains("git fetch --unshallow origin"));
}

#[test]
fn revisions_that_a_shallow_clone_lacks() {
    let origin = published();
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--depth=1", "--branch=feature"]);
    assert!(no_base(&clone.based("HEAD~1")).contains("git fetch --unshallow origin"));
    let first = origin.id("main~1");
    let way_out = no_base(&clone.based(&first));
    assert_eq!(way_out, format!("git fetch --depth=1 origin {first}"));
    clone.follow(&way_out);
    assert_eq!(shown(&ok(&clone.based(&first)).files), ["A c.sql"]);
}

#[test]
fn partial_clone_without_the_base_contents() {
    let origin = published();
    origin.git(&["checkout", "-q", "feature"]);
    origin.write("a.sql", "create table a (id int, more text);\n");
    origin.commit("edit");
    origin.git(&["checkout", "-q", "main"]);
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let place = Repo::folder();
    let clone = origin.cloned(&place, &["--filter=blob:none", "--branch=feature"]);
    let found = clone.compare();
    let error = match found.base.as_ref().unwrap().tree(&super::fixture::path("")) {
        Err(error @ ChangesError::Unreadable { .. }) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the old content of a.sql cannot be here"),
    };
    let command = "git fetch --refetch --no-filter origin";
    assert!(error.ends_with(command), "{error}");
    clone.follow(command);
    let found = clone.compare();
    assert!(found.base.unwrap().tree(&super::fixture::path("")).is_ok());
}
