//! The formats and the bundle as the command line writes them.

use std::process::Stdio;

use migration_gate::host;
use migration_gate::model::sha256;
use migration_gate::render::Format;
use serde_json::Value;

use crate::support::{Folder, commit, gate, git, repository};

/// A Go project whose branch adds a migration without a way back.
fn change() -> Folder {
    let folder = Folder::new(&[("go.mod", "")]);
    repository(folder.path());
    git(folder.path(), &["checkout", "-q", "-b", "change"]);
    folder.write("db/sqlite/0001_users.up.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);\n");
    commit(folder.path());
    folder
}

#[test]
fn every_format_comes_from_one_run_and_names_the_rule() {
    let (folder, out) = (change(), Folder::new(&[]));
    let mut arguments = vec!["check".to_owned()];
    for format in Format::ALL {
        arguments.push("--report".to_owned());
        arguments.push(format!("{format}={}/{format}", out.path().display()));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    gate(folder.path(), &arguments).quiet(1);
    for format in Format::ALL {
        let text = out.read(format.name());
        assert!(text.contains("rollback/missing"), "{format}: {text}");
    }
    let log: Value = serde_json::from_str(&out.read("sarif")).unwrap();
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    assert!(rules[0]["help"]["text"].is_string(), "{rules}");
}

#[test]
fn a_bundle_is_whole_and_says_what_was_checked() {
    let (folder, out) = (change(), Folder::new(&[]));
    let place = out.path().join("new/bundle").display().to_string();
    let check = ["check", "--head", "change", "--bundle", &place, "--report"];
    let report = format!("json={}/same.json", out.path().display());
    gate(folder.path(), &[&check[..], &[&report]].concat()).quiet(1);
    let document = out.read("new/bundle/report.json");
    assert_eq!(document, out.read("same.json"));
    let checksum = out.read("new/bundle/report.sha256");
    assert_eq!(checksum, format!("{}  report.json\n", sha256(document.as_bytes())));

    let statement: Value = serde_json::from_str(&out.read("new/bundle/statement.json")).unwrap();
    assert_eq!(statement["predicate"]["result"], "FAILED");
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(statement["subject"][1]["digest"]["gitCommit"], document["head_commit"]);
    assert!(document["head_commit"].is_string());
    // A second run writes over its own files, with the same bytes.
    gate(folder.path(), &check[..5]).quiet(1);
    assert_eq!(out.read("new/bundle/report.sha256"), checksum);
}

#[cfg(unix)]
#[test]
fn a_bundle_follows_no_link() {
    let (folder, out) = (change(), Folder::new(&[("elsewhere", "untouched")]));
    let link = out.path().join("bundle/predicate.json");
    std::fs::create_dir(out.path().join("bundle")).unwrap();
    std::os::unix::fs::symlink(out.path().join("elsewhere"), &link).unwrap();
    let place = out.path().join("bundle").display().to_string();
    let ran = gate(folder.path(), &["check", "--bundle", &place]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("predicate.json: it is a symbolic link"), "{}", ran.err);
    assert_eq!(out.read("elsewhere"), "untouched");
}

/// The checksum is in the form that the tool of that name reads.
#[cfg(target_os = "linux")]
#[test]
fn sha256sum_takes_the_checksum() {
    let (folder, out) = (change(), Folder::new(&[]));
    let place = out.path().display().to_string();
    gate(folder.path(), &["check", "--bundle", &place]).quiet(1);
    let mut command = host::command("sha256sum");
    let command = command.args(["--check", "--strict", "report.sha256"]).current_dir(out.path());
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
}
