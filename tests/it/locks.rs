//! Who waits for a migration: seen on PostgreSQL while it runs, and said once for each cause.

use migration_gate::host;

use crate::support::{Answer, Tree, check};

const CONFIG: &str = "version = 1\n[[set]]\nname = \"club\"\npath = \"migrations\"\nengine = \"postgres\"\n\
     [policy.levels]\n\"class/mismatch\" = \"off\"\n\"dryrun/fails-on-data\" = \"off\"\n";

fn club() -> Tree {
    let tables = "CREATE TABLE members (id bigint PRIMARY KEY, name text, town text);\n\
                  CREATE TABLE visits (member bigint, at timestamptz);";
    with(&Tree::default().with("migration-gate.toml", CONFIG), 1, tables)
}

/// The tree with one more migration; its class, its down and its rows are of no interest here.
fn with(tree: &Tree, version: u32, up: &str) -> Tree {
    let file = format!("migrations/{version}_step");
    tree.clone()
        .with(&format!("{file}.up.sql"), &format!("-- migration-gate: class=online\n{up}\n"))
        .with(&format!("{file}.down.sql"), "SELECT 1;")
}

/// What the dry run saw of a change; `None` where there is no server, which only a CI must have.
fn seen(head: &Tree) -> Option<(Answer, Vec<String>)> {
    let answer = check(&club(), head);
    if answer.exit == 3 && host::env("CI").is_none() {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return None;
    }
    let findings = answer.report["findings"].as_array().unwrap();
    let traced = findings.iter().filter(|finding| finding["label"] == "traced");
    let seen = traced
        .map(|one| {
            let more = one["details"].as_array().unwrap().last().unwrap();
            let text = [&one["rule"], &one["line"], &one["message"], more];
            text.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .join(" | ")
        })
        .collect();
    Some((answer, seen))
}

#[test]
fn a_lock_for_an_instant_is_nothing_to_speak_of() {
    for up in [
        "ALTER TABLE members ADD COLUMN IF NOT EXISTS age int DEFAULT 0;",
        "CREATE TABLE IF NOT EXISTS fees (member bigint REFERENCES members);\n\
         CREATE INDEX IF NOT EXISTS fees_member ON fees (member);",
        "ALTER TABLE visits ADD COLUMN IF NOT EXISTS n int;\nUPDATE members SET town = '' WHERE id = 1;",
    ] {
        let Some((_, seen)) = seen(&with(&club(), 2, up)) else { return };
        assert!(seen.is_empty(), "{up}: {seen:?}");
    }
}

#[test]
fn a_table_that_the_change_brings_is_empty() {
    let head = with(&club(), 2, "CREATE TABLE fees (member bigint, year int);");
    let head = with(&head, 3, "CREATE INDEX ON fees (member); ALTER TABLE fees ADD UNIQUE (year);");
    let Some((_, quiet)) = seen(&head) else { return };
    assert!(quiet.is_empty(), "{quiet:?}");
    // A new name for an old table makes no new table.
    let head = with(&club(), 2, "ALTER TABLE visits RENAME TO stays;");
    let head = with(&head, 3, "CREATE INDEX ON stays (member);");
    let told = seen(&head).unwrap().1;
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn statements_with_the_same_way_out_are_one_finding() {
    let up = "CREATE INDEX ON members (name);\nCREATE INDEX ON visits (member);\n\
              ALTER TABLE members ADD COLUMN age int;\nUPDATE visits SET at = now();\n\
              DELETE FROM visits WHERE at IS NULL;";
    let Some((answer, told)) = seen(&with(&club(), 2, up)) else { return };
    assert_eq!(
        told,
        [
            "dryrun/blocks-reads | 5 | nobody can read or write public.members while this reads \
             every row of public.visits | likewise on line 6: public.visits",
            "dryrun/blocks-writes | 2 | nobody can write to public.members while this reads every \
             row of public.members | likewise on line 3: public.visits",
        ]
    );
    let trace = &answer.report["sets"][0]["migrations"][0]["trace"];
    assert_eq!(trace[0]["locks"][0]["mode"], "SHARE");
    assert_eq!(trace[2]["locks"][0]["held_for"], 2);
}
