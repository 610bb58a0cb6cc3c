//! What is refused, with which exit code and which way out.

use super::{BACK, TABLE, change};
use crate::support::{Folder, finish, gate, git, program};

#[test]
fn usage_is_refused_with_2_and_a_way_out() {
    let folder = change(&[TABLE, BACK]);
    for (arguments, told) in [
        (&["check", "--format", "sraif"][..], "help: use one of plain, json, markdown, sarif"),
        (&["check", "--report", "sraif=x"], "unknown format \"sraif\""),
        (&["check", "--report", "json"], "--report FORMAT=FILE"),
        (&["check", "--report", "json="], "--report FORMAT=FILE"),
        (&["check", "--base-dir", ".", "--base", "main"], "cannot be used with"),
        (&["check", "--base-dir", ".", "--head", "main"], "cannot be used with"),
        (&["check", "--set", "nope"], "help: the sets are: db/sqlite"),
        (&["list", "--set", "nope"], "help: the sets are: db/sqlite"),
        (&["check", "--base", "nope"], "git branch --all"),
        (&["check", "--head", "nope"], "git branch --all"),
        (&["check", "--config", "nope.toml"], "there is no nope.toml"),
        (&["check", "--config", "../x.toml"], "not inside the repository"),
        (&["check", "--config", "/x.toml"], "not inside the repository"),
        (&["check", "--timeout", "0"], "give at least 1"),
        (&["check", "--statement-timeout", "soon"], "not a whole number of seconds"),
        (&["check", "nowhere"], "nowhere"),
        (&["check", "--base-dir", "nowhere"], "nowhere"),
        (&["list", "--format", "sraif"], "[possible values: plain, json]"),
        (&["graph", "--format", "sraif"], "[possible values: dot, mermaid, json]"),
        (&["check", "--engine", "oracle"], "[possible values: sqlite, postgres]"),
        (&["explode"], "unrecognized subcommand"),
        (&[], "Usage: migration-gate"),
    ] {
        let error = gate(folder.path(), arguments).refused(2);
        assert!(error.contains(told), "{arguments:?}: {error}");
        assert!(!error.contains("panicked"), "{arguments:?}: {error}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    let folder = change(&[TABLE, BACK]);
    for file in ["nowhere/x.json", "db"] {
        let ran = gate(folder.path(), &["check", "--report", &format!("json={file}")]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.starts_with(&format!("cannot write {file}: ")), "{}", ran.err);
        assert!(ran.out.contains("✔ passed"), "{}", ran.out);
    }
}

#[test]
fn without_a_base_there_is_no_verdict() {
    let plain = Folder::new(&[TABLE, BACK]);
    let error = gate(plain.path(), &["check"]).refused(2);
    assert!(error.contains("migration-gate check HEAD-FOLDER --base-dir BASE-FOLDER"), "{error}");
    gate(plain.path(), &["check", "--all"]).quiet(0);

    git(plain.path(), &["init", "-q", "-b", "main"]);
    let error = gate(plain.path(), &["check"]).refused(3);
    assert!(error.contains("migration-gate check --all"), "{error}");
    gate(plain.path(), &["check", "--all"]).quiet(0);

    let alone = change(&[TABLE, BACK]);
    git(alone.path(), &["branch", "-q", "-D", "main"]);
    let error = gate(alone.path(), &["check"]).refused(3);
    assert!(error.contains("migration-gate check --base REV"), "{error}");
}

/// A CI checks out one commit; the error is the command that fetches the rest.
#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let origin = change(&[TABLE, BACK]);
    git(origin.path(), &["checkout", "-q", "main"]);
    let clone = Folder::new(&[]);
    let url = format!("file://{}", origin.path().display());
    git(clone.path(), &["clone", "-q", "--depth=1", "--branch=change", &url, "c"]);
    let at = clone.path().join("c");
    let error = gate(&at, &["check"]).refused(3);
    let command = error.lines().find_map(|line| line.split_once("git fetch "));
    let (_, words) = command.unwrap_or_else(|| panic!("{error}"));
    let words: Vec<&str> = words.split_whitespace().map(|word| word.trim_matches('\'')).collect();
    git(&at, &[&["fetch", "-q"], words.as_slice()].concat());
    gate(&at, &["check"]).quiet(0);
}

#[test]
fn a_wrong_configuration_is_told_with_its_place() {
    for (text, told) in [
        ("version = 1\nvresion = 2\n", "migration-gate.toml:2:1: "),
        ("version = 2\n", "migration-gate.toml:1:11: "),
        (
            "version = 1\n[[set]]\nname = \"a\"\npath = \"db\"\nengine = \"oracle\"\n",
            "migration-gate.toml:5:10: ",
        ),
        (
            "version = 1\n[[set]]\nname = \"a\"\npath = \"db\"\nengine = \"sqlite\"\nlayout = \"x\"\n",
            "migration-gate.toml:6:10: ",
        ),
        (
            "version = 1\n[policy.levels]\n\"rollback/missng\" = \"off\"\n",
            "migration-gate.toml:3:1: ",
        ),
        ("version = \"1\u{1b}[2J\n", "migration-gate.toml:1:"),
    ] {
        let folder = change(&[TABLE, BACK, ("migration-gate.toml", text)]);
        for command in ["check", "list", "graph"] {
            let error = gate(folder.path(), &[command]).refused(2);
            assert!(error.starts_with(told), "{text}: {error}");
            assert!(!error.contains('\u{1b}'), "{error}");
        }
    }
}

#[test]
fn an_engine_that_cannot_be_told_is_asked_for() {
    let up = ("db/x/0001_a.up.sql", "CREATE TABLE IF NOT EXISTS a (b int);");
    let folder = change(&[up, ("db/x/0001_a.down.sql", "DROP TABLE a;")]);
    let error = gate(folder.path(), &["check"]).refused(2);
    assert!(error.contains("--engine sqlite") && error.starts_with("db/x: "), "{error}");
    gate(folder.path(), &["check", "--engine", "sqlite"]).quiet(0);
}

/// Names come from the change; no line of an error may command the terminal or the CI runner.
#[test]
fn hostile_names_stay_text_in_errors() {
    for name in ["::error::x", "a\n::error::x", "a\n##[error]x", "a\u{1b}[2J", "a\u{202e}"] {
        let folder = change(&[(&format!("{name}/0001_a.up.sql"), "CREATE TABLE a (b int);")]);
        let mut command = program(folder.path());
        for arguments in [&["check"][..], &["list"], &["graph"]] {
            let error = finish(command.args(arguments)).refused(2);
            command = program(folder.path());
            assert_harmless(&error);
        }
        let arguments = ["check", "--set", "nope", "--engine", "sqlite"];
        assert_harmless(&gate(folder.path(), &arguments).refused(2));
    }
}

pub(super) fn assert_harmless(text: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{text}");
        assert!(!line.contains("##["), "{text}");
    }
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
}
