//! `publish` where nothing is sent; what GitHub sees of it is tested against a stand-in.

use serde_json::Value;

use crate::support::{Folder, Ran, finish, gate, program, repository};

/// A repository with one migration that cannot be rolled back, and the report on it.
fn blocked(head: &[&str]) -> Folder {
    let folder = Folder::new(&[
        ("db/000001_a.up.sql", "CREATE TABLE a (id INTEGER);"),
        ("db/000002_b.up.sql", "CREATE TABLE b (id INTEGER);"),
    ]);
    repository(folder.path());
    let check = ["check", "--engine", "sqlite", "--all", "--report", "json=report.json"];
    assert_eq!(gate(folder.path(), &[&check[..], head].concat()).code, 1);
    folder
}

fn publish(folder: &Folder, more: &[&str]) -> Ran {
    let place = ["publish", "--report", "report.json", "--repository", "me/shop"];
    finish(program(folder.path()).args(place).args(more).env("GITHUB_STEP_SUMMARY", "summary.md"))
}

fn head(folder: &Folder) -> String {
    let report: Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    report["head_commit"].as_str().unwrap().to_owned()
}

#[test]
fn a_rehearsal_prints_what_would_be_sent_and_sends_nothing() {
    let folder = blocked(&["--head", "HEAD"]);
    let sha = head(&folder);
    let options = ["--head-sha", &sha, "--pull-request", "7", "--dry-run"];
    let out = publish(&folder, &options).quiet(1);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["body"]["head_sha"], sha);
    assert_eq!(lines[1]["path"], "/repos/me/shop/issues/7/comments");
    assert!(!folder.path().join("summary.md").exists());
}

#[test]
fn without_a_token_the_verdict_stands_and_the_log_says_it() {
    let folder = blocked(&["--head", "HEAD"]);
    let ran = publish(&folder, &["--head-sha", &head(&folder)]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("GITHUB_TOKEN holds no token"), "{}", ran.err);
    assert!(ran.out.contains("::error file=db/000002_b.up.sql"), "{}", ran.out);
    assert!(folder.read("summary.md").contains("could not post anything"));
}

#[test]
fn what_is_not_a_report_about_the_commit_is_refused() {
    let folder = blocked(&["--head", "HEAD"]);
    let other = "1".repeat(40);
    // Only GitHub could tell whether it is a merge of the other, and it cannot be asked.
    let error = publish(&folder, &["--head-sha", &other]).refused(3);
    assert!(error.contains("GITHUB_TOKEN"), "{error}");
    let error = publish(&folder, &["--head-sha", "main"]).refused(2);
    assert!(error.contains("--head-sha SHA"), "{error}");
    let sha = head(&folder);
    folder.write("report.json", "{}");
    assert!(publish(&folder, &["--head-sha", &sha]).refused(2).contains("it is no report"));
    std::fs::remove_file(folder.path().join("report.json")).unwrap();
    assert!(publish(&folder, &["--head-sha", &sha]).refused(2).contains("report.json: "));
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("report.json")).unwrap();
    assert!(publish(&folder, &["--head-sha", &sha]).refused(2).contains("no regular file"));

    let folder = blocked(&[]);
    let error = publish(&folder, &["--head-sha", &sha]).refused(2);
    assert!(error.contains("check --head HEAD"), "{error}");
}

#[test]
fn what_a_user_names_is_one_line_of_the_error() {
    let folder = Folder::new(&[]);
    let refused = |arguments: &[&str]| gate(folder.path(), arguments).refused(2);
    for arguments in [
        &["check", "a\nb"][..],
        &["check", "a\nb", "--base-dir", "."],
        &["check", "--report", "a\nb"],
        &["check", "--format", "a\nb"],
        &["check", "--report", "json=a\nb", "--report", "json=a\nb"],
    ] {
        let error = refused(arguments);
        assert!(error.contains("a\\u{a}b"), "{arguments:?}: {error}");
    }
}
