//! `list` and `graph` in every format.

use super::errors::assert_harmless;
use crate::support::{Folder, gate};

/// Two sets, one with a manifest whose ids are as hostile as its files' names.
fn tree() -> Folder {
    let hostile = "0002_a\"b]c\\d";
    let folder = Folder::new(&[
        ("go.mod", ""),
        ("db/sqlite/0001_users.up.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);\n"),
        ("db/sqlite/0001_users.down.sql", "DROP TABLE users;\n"),
        (&format!("db/sqlite/{hostile}.up.sql"), "DROP TABLE users;\n"),
        ("db/sqlite/0003_x\u{1b}[2J\ny.up.sql", "CREATE TABLE y (a);\n"),
        ("db/sqlite/0004_<b>&amp;#quot;.up.sql", "CREATE TABLE z (a);\n"),
        (
            "db/sqlite/migration_manifest.json",
            r#"{ "manifest_version": 1, "migrations": [
                { "id": "0001_users", "class": "online" },
                { "id": "0002_a\"b]c\\d", "class": "post_deploy", "depends_on": ["0001_users"] },
                { "id": "0003_x\u001b[2J\ny", "class": "online",
                  "depends_on": ["gone\"]\n::error::\u202e", "0002_a\"b]c\\d"] },
                { "id": "0004_<b>&amp;#quot;", "class": "manual_backfill" } ] }"#,
        ),
        ("::error::\"]\n##[x/sqlite/1_a.up.sql", "CREATE TABLE a (b);\n"),
    ]);
    crate::support::repository(folder.path());
    folder
}

#[test]
fn list_and_graph_hold_hostile_names() {
    let folder = tree();
    for (command, format) in [
        ("list", "plain"),
        ("list", "json"),
        ("graph", "mermaid"),
        ("graph", "dot"),
        ("graph", "json"),
    ] {
        let out = gate(folder.path(), &[command, "--format", format]).quiet(0);
        if format == "json" {
            // Names are carried as they are, so that programs can match them.
            assert_harmless(&out.replace(['\u{202e}', '#'], ""));
            let value: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(value.as_array().unwrap().len(), 2);
        } else {
            assert_harmless(&out);
        }
        insta::assert_snapshot!(format!("{command}-{format}"), out);
    }
}

/// The default formats, and one set by its name.
#[test]
fn list_and_graph_show_one_set() {
    let folder = tree();
    let list = gate(folder.path(), &["list", "--set", "db/sqlite"]).quiet(0);
    assert!(list.starts_with("db/sqlite (golang-migrate, sqlite, 4 migrations)\n"), "{list}");
    assert_eq!(list.lines().count(), 5);
    let graph = gate(folder.path(), &["graph", "--set", "db/sqlite"]).quiet(0);
    assert_eq!(graph.matches("subgraph").count(), 1);
}

#[test]
fn nothing_to_list_is_no_error() {
    let folder = Folder::new(&[("README", "")]);
    assert_eq!(gate(folder.path(), &["list"]).quiet(0), "no migrations found\n");
    assert_eq!(gate(folder.path(), &["list", "--format", "json"]).quiet(0), "[]\n");
    assert_eq!(gate(folder.path(), &["graph"]).quiet(0), "graph LR\n");
    assert_eq!(gate(folder.path(), &["graph", "--format", "json"]).quiet(0), "[]\n");
}
