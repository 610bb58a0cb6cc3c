//! The command line as a person or a CI meets it.

mod errors;
mod views;

use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use migration_gate::host;
use migration_gate::rules::RULES;

use crate::support::{Folder, commit, finish, gate, git, program, repository};

const TABLE: (&str, &str) =
    ("db/sqlite/0001_users.up.sql", "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY);\n");
const BACK: (&str, &str) = ("db/sqlite/0001_users.down.sql", "DROP TABLE users;\n");

/// A Go project whose branch adds `files`, compared with a `main` that has no migrations.
fn change(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(&[("go.mod", "")]);
    repository(folder.path());
    git(folder.path(), &["checkout", "-q", "-b", "change"]);
    for (name, text) in files {
        folder.write(name, text);
    }
    commit(folder.path());
    folder
}

#[test]
fn a_good_change_passes_with_0() {
    let out = gate(change(&[TABLE, BACK]).path(), &["check"]).quiet(0);
    assert!(out.contains("✔ passed"), "{out}");
    let out = gate(change(&[("src/a.txt", "")]).path(), &["check"]).quiet(0);
    assert!(!out.contains("blocked"), "{out}");
}

#[test]
fn a_bad_change_is_blocked_with_1() {
    let out = gate(change(&[TABLE]).path(), &["check"]).quiet(1);
    assert!(out.contains("✘ blocked") && out.contains("rollback/missing"), "{out}");
}

/// The verdict is that of the committed base, of the working tree, and of folders alike.
#[test]
fn base_and_head_may_be_folders_or_revisions() {
    let folder = change(&[TABLE, BACK]);
    gate(folder.path(), &["check", "--base", "main", "--head", "change"]).quiet(0);
    std::fs::remove_file(folder.path().join(BACK.0)).unwrap();
    gate(folder.path(), &["check", "--base", "main", "--head", "change"]).quiet(0);
    gate(folder.path(), &["check", "--base", "main"]).quiet(1);
    let both = Folder::new(&[
        ("base/go.mod", ""),
        ("head/go.mod", ""),
        ("head/db/sqlite/0001_users.up.sql", TABLE.1),
    ]);
    gate(both.path(), &["check", "head", "--base-dir", "base"]).quiet(1);
}

#[test]
fn what_cannot_be_run_is_inconclusive_with_3() {
    let folder = change(&[
        ("db/mysql/0001_users.up.sql", "CREATE TABLE users (id int);"),
        ("db/mysql/0001_users.down.sql", "DROP TABLE users;"),
    ]);
    let out = gate(folder.path(), &["check"]).quiet(3);
    assert!(out.contains("does not run mysql"), "{out}");
    // An error that was found all the same weighs more.
    folder.write("db/mysql/0002_more.up.sql", "CREATE TABLE more (id int);");
    gate(folder.path(), &["check"]).quiet(1);
}

#[test]
fn many_reports_come_from_one_run() {
    let folder = change(&[TABLE]);
    let arguments = ["check", "--format", "markdown"];
    let out = Folder::new(&[]);
    let file = |format: &str, name: &str| format!("{format}={}/{name}", out.path().display());
    let mut command = program(folder.path());
    command.args(arguments);
    for (format, name) in [("json", "a=b.json"), ("plain", "a.txt"), ("markdown", "a.md")] {
        command.args(["--report", &file(format, name)]);
    }
    let printed = finish(&mut command).quiet(1);
    assert_eq!(printed, out.read("a.md"));
    let json: serde_json::Value = serde_json::from_str(&out.read("a=b.json")).unwrap();
    assert_eq!(json["verdict"], "block");
    assert_eq!(out.read("a.txt"), gate(folder.path(), &["check"]).quiet(1));
    assert_eq!(out.read("a=b.json"), gate(folder.path(), &["check", "--format", "json"]).quiet(1));
}

/// Colours are for terminals: a pipe has none unless asked, and a file never.
#[test]
fn colours_are_only_where_they_are_wanted() {
    let folder = change(&[TABLE]);
    let plain = gate(folder.path(), &["check"]).quiet(1);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert_eq!(gate(folder.path(), &["check", "--color", "never"]).quiet(1), plain);
    let arguments = ["check", "--color", "always", "--report", "plain=.git/report"];
    let colored = gate(folder.path(), &arguments).quiet(1);
    assert!(colored.contains('\u{1b}'), "{colored}");
    assert_eq!(folder.read(".git/report"), plain);
    // What the command line says counts before the environment.
    for (value, wanted) in [("1", &plain), ("", &plain)] {
        let ran = finish(program(folder.path()).arg("check").env("NO_COLOR", value));
        assert_eq!(&ran.quiet(1), wanted);
    }
    let always =
        finish(program(folder.path()).args(["check", "--color", "always"]).env("NO_COLOR", "1"));
    assert_eq!(always.quiet(1), colored);
    for arguments in [&["explain", "history/edited"][..], &["rules"]] {
        let plain = gate(folder.path(), arguments).quiet(0);
        let colored = gate(folder.path(), &[arguments, &["--color", "always"]].concat()).quiet(0);
        assert!(!plain.contains('\u{1b}') && colored.contains("\u{1b}[33mwarning"), "{colored}");
    }
}

/// A reader such as `head` that goes away early is no reason to panic.
#[test]
fn a_broken_pipe_is_no_error() {
    let folder = change(&[TABLE]);
    for arguments in [&["check"][..], &["rules", "--markdown"], &["--help"], &["list"]] {
        let mut child = program(folder.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!((error.as_str(), code), ("", Some(i32::from(arguments == ["check"]))));
    }
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = Folder::new(&[]);
    let version = gate(folder.path(), &["--version"]).quiet(0);
    assert_eq!(version, concat!("migration-gate ", env!("CARGO_PKG_VERSION"), "\n"));
    for command in ["check", "list", "graph", "explain", "rules"] {
        let help = gate(folder.path(), &[command, "--help"]).quiet(0);
        assert!(help.contains("Usage: migration-gate"), "{help}");
    }
    assert!(gate(folder.path(), &["--help"]).quiet(0).contains("Exit codes: 0 pass"));
}

#[test]
fn rules_explain_themselves() {
    let folder = Folder::new(&[]);
    let told = gate(folder.path(), &["explain", "rollback/missing"]).quiet(0);
    // The examples are fixtures that grow by themselves.
    insta::assert_snapshot!("explain", told.split("\nbad example").next().unwrap());
    let group = gate(folder.path(), &["explain", "rollback"]).quiet(0);
    assert!(group.starts_with("rollback/empty ") && !group.contains("dryrun/"), "{group}");
}

/// A line for each rule where no terminal says how wide it is, and all of it for programs.
#[test]
fn rules_are_listed_for_people_and_programs() {
    let folder = Folder::new(&[]);
    let rules = gate(folder.path(), &["rules"]).quiet(0);
    let mut lines = rules.lines().filter(|line| !line.is_empty());
    let json = gate(folder.path(), &["rules", "--format", "json"]).quiet(0);
    let json: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(json.len(), RULES.len());
    for (rule, json) in RULES.iter().zip(&json) {
        let (meta, line) = (&rule.meta, lines.next().unwrap());
        let words: Vec<&str> = line.splitn(2, ' ').collect();
        assert!(words[0] == meta.id && words[1].ends_with(meta.summary), "{line}");
        assert!(words[1].trim_start().starts_with(meta.levels.recommended.name()), "{line}");
        assert_eq!((&json["id"], &json["why"]), (&meta.id.into(), &meta.why.into()));
        assert_eq!(json["levels"]["strict"], meta.levels.strict.name());
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_mistyped_rule_gets_a_suggestion() {
    let folder = Folder::new(&[]);
    for (word, told) in [
        ("rollback/missng", "did you mean rollback/missing?"),
        ("rolback", "did you mean rollback?"),
        ("loses", "did you mean rollback/loses-data or "),
        ("missing-class", "did you mean manifest/missing-class?"),
        ("e", "`migration-gate rules` lists every rule"),
        ("\u{1b}[2J::error::", "`migration-gate rules` lists every rule"),
    ] {
        let error = gate(folder.path(), &["explain", word]).refused(2);
        assert!(error.contains(told) && !error.contains('\u{1b}'), "{error}");
    }
}

/// The event of a merge queue names the base, and a pull request's names the target branch.
#[test]
fn the_environment_of_a_ci_is_read() {
    let folder = change(&[TABLE, BACK]);
    git(folder.path(), &["branch", "-m", "main", "release"]);
    let error = gate(folder.path(), &["check"]).refused(3);
    assert!(error.contains("--base REV"), "{error}");
    let mut command = program(folder.path());
    command.arg("check").env("GITHUB_ACTIONS", "true").env("GITHUB_BASE_REF", "release");
    finish(&mut command).quiet(0);
    let mut command = program(folder.path());
    command.arg("check").env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release");
    finish(&mut command).quiet(0);
}

#[test]
fn a_run_that_never_looks_at_the_clock_is_ended() {
    let folder = Folder::new(&[
        ("base/README.md", ""),
        ("head/migrations/1_t.up.sql", "CREATE TABLE t (id integer);"),
    ]);
    let mut command = program(folder.path());
    command.args(["check", "--engine", "sqlite", "--timeout", "1", "--base-dir", "base", "head"]);
    let begun = host::now();
    let ran = finish(command.env("FAILPOINTS", "reading=sleep(30000);overdue=return"));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(ran.refused(3).contains("long after its time is over"));
}
