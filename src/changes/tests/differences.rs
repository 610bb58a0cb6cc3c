//! What counts as which change.

use std::os::unix::fs::PermissionsExt;

use super::fixture::{Repo, ok, path, shown};
use crate::changes::Request;

const LONG: &str = "create table t (id int);\ninsert into t values (1);\nselect 1;\nselect 2;\n";

fn executable(repo: &Repo, path: &str) {
    std::fs::set_permissions(repo.path.join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Asserts the same changes of the working tree and of the commit made from it.
fn both(repo: &Repo, expected: &[&str]) {
    assert_eq!(shown(&ok(&repo.based("HEAD")).files), expected, "working tree");
    repo.commit("change");
    let head = Request { head: Some("HEAD".to_owned()), ..repo.based("HEAD~1") };
    assert_eq!(shown(&ok(&head).files), expected, "commit");
}

#[test]
fn added_modified_deleted() {
    let repo = Repo::new();
    repo.write("a.sql", "something else");
    repo.remove("b.sql");
    repo.write("new/c.sql", "unlike anything");
    both(&repo, &["M a.sql", "D b.sql", "A new/c.sql"]);
}

#[test]
fn renamed_and_renamed_with_edits() {
    let repo = Repo::new();
    repo.write("long.sql", LONG);
    repo.commit("long");
    repo.git(&["mv", "a.sql", "z.sql"]);
    repo.remove("long.sql");
    repo.write("longer.sql", format!("{LONG}select 3;\n"));
    both(&repo, &["r long.sql -> longer.sql", "R a.sql -> z.sql"]);
}

#[test]
fn only_the_mode_or_the_type() {
    let repo = Repo::new();
    executable(&repo, "a.sql");
    repo.remove("b.sql");
    repo.link("a.sql", "b.sql");
    both(&repo, &["m a.sql", "T b.sql"]);
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    let repo = Repo::new();
    repo.remove("a.sql");
    repo.write("a.sql/up.sql", "up");
    both(&repo, &["D a.sql", "A a.sql/up.sql"]);
    std::fs::remove_dir_all(repo.path.join("a.sql")).unwrap();
    repo.write("a.sql", "unlike anything there was");
    both(&repo, &["A a.sql", "D a.sql/up.sql"]);
}

#[test]
fn staged_and_then_changed_again() {
    let repo = Repo::new();
    repo.git(&["rm", "-q", "--cached", "a.sql"]);
    repo.write("staged.sql", "staged");
    repo.git(&["add", "staged.sql"]);
    repo.remove("staged.sql");
    repo.write("b.sql", "staged edit");
    repo.git(&["add", "b.sql"]);
    repo.write("b.sql", "create table b (id int);\n");
    let index = std::fs::read(repo.path.join(".git/index")).unwrap();
    assert_eq!(shown(&ok(&repo.based("HEAD")).files), [""; 0]);
    assert_eq!(std::fs::read(repo.path.join(".git/index")).unwrap(), index);
}

#[test]
fn conflicts_show_what_is_on_disk() {
    let repo = Repo::forked();
    repo.write("a.sql", "ours");
    repo.commit("ours");
    repo.git(&["checkout", "-q", "-b", "third", "main"]);
    repo.write("a.sql", "theirs");
    repo.commit("theirs");
    assert!(!repo.try_git(&["merge", "feature"]).status.success());
    assert_eq!(shown(&ok(&repo.based("HEAD")).files), ["M a.sql", "A c.sql"]);
    let entry = repo.compare().head.file(&path("a.sql")).unwrap().unwrap();
    assert!(String::from_utf8_lossy(&entry.bytes).contains("<<<<<<<"));
}

#[test]
fn line_endings_that_git_converts_are_no_change() {
    let repo = Repo::new();
    repo.git(&["config", "core.autocrlf", "true"]);
    repo.write("a.sql", "create table a (id int);\r\n");
    let found = ok(&repo.based("HEAD"));
    assert_eq!(shown(&found.files), [""; 0]);
    let entry = found.head.file(&path("a.sql")).unwrap().unwrap();
    assert!(entry.bytes.ends_with(b"\r\n"));
}

#[test]
fn sparse_checkouts_delete_nothing() {
    let repo = Repo::new();
    repo.write("db/1.sql", "one");
    repo.commit("db");
    repo.git(&["sparse-checkout", "set", "--no-cone", "/a.sql"]);
    assert!(!repo.path.join("db").exists());
    let found = ok(&repo.based("HEAD"));
    assert_eq!(shown(&found.files), [""; 0]);
    let tree = found.head.tree(&path("db")).unwrap();
    assert_eq!(&*tree.get("1.sql").unwrap().bytes, b"one");
}

#[test]
fn limits_cut_renames_at_their_border() {
    let repo = Repo::new();
    repo.write("db/1.sql", LONG);
    repo.write("db2/1.sql", "other");
    repo.commit("db");
    std::fs::create_dir(repo.path.join("old")).unwrap();
    repo.git(&["mv", "db/1.sql", "old/1.sql"]);
    repo.git(&["mv", "a.sql", "db2/a.sql"]);
    repo.write("db/x.sql", "unlike anything else");
    let limited = |paths: &[&str]| {
        let limit_to = paths.iter().map(|text| path(text)).collect();
        shown(&ok(&Request { limit_to, ..repo.based("HEAD") }).files)
    };
    assert_eq!(limited(&["db"]), ["D db/1.sql", "A db/x.sql"]);
    assert_eq!(limited(&["old", "db2/a.sql"]), ["A db2/a.sql", "A old/1.sql"]);
    assert_eq!(limited(&["d*"]), [""; 0]);
    assert_eq!(limited(&["nul\0"]), [""; 0]);
    assert_eq!(limited(&["db", ""]).len(), 3);
}

#[test]
fn limits_are_taken_literally() {
    let repo = Repo::new();
    for folder in ["!odd", "#odd", ":(top)odd", "[odd]", "back\\slash", "end "] {
        repo.write(&format!("{folder}/1.sql"), folder);
    }
    for folder in ["!odd", "#odd", ":(top)odd", "[odd]", "back\\slash", "end "] {
        let limit_to = vec![path(folder)];
        let found = ok(&Request { limit_to, ..repo.based("HEAD") });
        assert_eq!(shown(&found.files), [format!("A {folder}/1.sql")]);
        assert_eq!(found.head.names(&path(folder)).unwrap().len(), 1, "{folder}");
        repo.git(&["add", "-A"]);
        let staged = ok(&repo.based("HEAD"));
        assert_eq!(staged.head.names(&path(folder)).unwrap().len(), 1, "{folder} in the index");
        repo.git(&["reset", "-q"]);
    }
}

#[test]
fn very_many_renames_are_found_by_content() {
    let repo = Repo::empty();
    for number in 0..600 {
        repo.write(&format!("old/{number:03}.sql"), format!("select {number};"));
    }
    repo.commit("many");
    repo.git(&["mv", "old", "new"]);
    let files = shown(&ok(&repo.based("HEAD")).files);
    assert_eq!(files.len(), 600);
    assert_eq!(files[7], "R old/007.sql -> new/007.sql");
}

#[test]
fn large_files_change_without_being_kept() {
    let repo = Repo::new();
    let mut large = vec![b'x'; 17 << 20];
    repo.write("large", &large);
    repo.commit("large");
    assert_eq!(shown(&ok(&repo.based("HEAD")).files), [""; 0]);
    large[5] = b'y';
    repo.write("large", &large);
    repo.write("other", &large);
    assert_eq!(shown(&ok(&repo.based("HEAD")).files), ["M large", "A other"]);
}

#[test]
fn folders_that_are_equal_are_not_read() {
    let repo = Repo::new();
    repo.write("same/deep/1.sql", "same");
    repo.write("other/deep/1.sql", "old");
    repo.commit("old");
    repo.write("other/deep/1.sql", "new");
    repo.commit("new");
    let same = repo.id("HEAD:same");
    repo.remove(&format!(".git/objects/{}/{}", &same[..2], &same[2..]));
    let head = Request { head: Some("HEAD".to_owned()), ..repo.based("HEAD~1") };
    assert_eq!(shown(&ok(&head).files), ["M other/deep/1.sql"]);
}
