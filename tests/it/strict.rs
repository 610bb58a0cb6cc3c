//! The strict preset is for a team that wants everything: what it adds, case by case.

use crate::support::{Tree, check};

const HEADER: &str = "-- migration-gate: class=online\n";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS members (id INTEGER PRIMARY KEY, name TEXT);";

/// What is merged.
const MERGED: [&str; 2] = ["000001_members", "000002_names"];

/// A set with a policy, its merged migrations and a manifest of the ids.
fn set(policy: &str, ids: &[&str]) -> Tree {
    let entries: Vec<String> =
        ids.iter().map(|id| format!("  - id: {id}\n    class: online\n")).collect();
    Tree::default()
        .with("migration-gate.toml", &format!("version = 1\n[policy]\n{policy}"))
        .with("migrations/000001_members.up.sql", &format!("{HEADER}{TABLE}"))
        .with("migrations/000001_members.down.sql", "DROP TABLE members;")
        .with(
            "migrations/000002_names.up.sql",
            &format!("{HEADER}CREATE INDEX IF NOT EXISTS names ON members (name);"),
        )
        .with("migrations/000002_names.down.sql", "DROP INDEX names;")
        .with(
            "migrations/migration_manifest.yaml",
            &format!("manifest_version: 1\nmigrations:\n{}", entries.concat()),
        )
}

/// The findings of a change that adds one migration under a policy.
#[track_caller]
fn found(policy: &str, case: &Case) -> Vec<String> {
    let Case { id, listed, up, down, .. } = case;
    let base = set(policy, &MERGED);
    let ids = [MERGED[0], MERGED[1], id];
    let head = set(policy, if *listed { &ids } else { &MERGED })
        .with(&format!("migrations/{id}.up.sql"), &format!("{HEADER}{up}"))
        .with(&format!("migrations/{id}.down.sql"), down);
    check(&base, &head).findings()
}

/// What the added migration is, and what is said of it under each preset.
struct Case {
    what: &'static str,
    id: &'static str,
    listed: bool,
    up: &'static str,
    down: &'static str,
    recommended: &'static [&'static str],
    strict: &'static [&'static str],
}

/// A migration without fault.
const SOUND: Case = Case {
    what: "nothing to say",
    id: "000003_change",
    listed: true,
    up: "CREATE TABLE IF NOT EXISTS towns (id INTEGER PRIMARY KEY, since TEXT);",
    down: "DROP TABLE towns;",
    recommended: &[],
    strict: &[],
};

const CASES: &[Case] = &[
    SOUND,
    Case {
        what: "a second run fails",
        up: "CREATE TABLE towns (id INTEGER PRIMARY KEY, since TEXT);",
        recommended: &["warning dryrun/not-replay-safe"],
        strict: &["error dryrun/not-replay-safe"],
        ..SOUND
    },
    Case {
        what: "a trigger",
        up: "CREATE TRIGGER IF NOT EXISTS t AFTER DELETE ON members \
             BEGIN UPDATE members SET name = name; END;",
        down: "DROP TRIGGER t;",
        strict: &["error portability/trigger"],
        ..SOUND
    },
    Case {
        what: "a function for dates",
        up: "CREATE TABLE IF NOT EXISTS towns (a TEXT DEFAULT (datetime('now')));",
        strict: &["error portability/date-function"],
        ..SOUND
    },
    Case {
        what: "a timestamp",
        up: "CREATE TABLE IF NOT EXISTS towns (since TIMESTAMP);",
        strict: &["error portability/timestamp"],
        ..SOUND
    },
    Case {
        what: "a parameter",
        up: "CREATE TABLE IF NOT EXISTS towns (a TEXT); \
             DELETE FROM towns; INSERT INTO towns VALUES (?);",
        strict: &["error portability/placeholder"],
        ..SOUND
    },
    Case {
        what: "a gap",
        id: "000004_change",
        recommended: &["warning history/gap"],
        strict: &["error history/gap"],
        ..SOUND
    },
    Case {
        what: "no entry in the manifest",
        listed: false,
        recommended: &["error manifest/unlisted-file"],
        strict: &["error manifest/unlisted-file"],
        ..SOUND
    },
    Case {
        what: "a foreign key, unless the doctrine bans it",
        up: "CREATE TABLE IF NOT EXISTS towns (mayor INTEGER REFERENCES members (id));",
        ..SOUND
    },
];

#[test]
fn strict_asks_for_everything_that_it_promises() {
    for case in CASES {
        for (policy, expected) in [("", case.recommended), ("preset = \"strict\"\n", case.strict)] {
            assert_eq!(found(policy, case), expected, "{}, {policy:?}", case.what);
        }
    }
}

#[test]
fn foreign_keys_are_banned_by_name_under_either_preset() {
    let ban = "[policy.levels]\n\"portability/foreign-key\" = \"error\"\n";
    let case = CASES.last().unwrap();
    for preset in ["", "preset = \"strict\"\n"] {
        let told = found(&format!("{preset}{ban}"), case);
        assert_eq!(told, ["error portability/foreign-key"], "{preset:?}");
    }
}
