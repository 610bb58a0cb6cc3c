//! Helpers of the layouts' tests, and what holds for all of them.

use std::sync::Arc;

use super::*;
use crate::model::{Entry, EntryKind, ProblemKind, Span, Step};

/// A tree of text files below `db/migrations`.
pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
    tree_at("db/migrations", files)
}

/// A tree of text files below `root`.
pub(super) fn tree_at(root: &str, files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new(RepoPath::new(root).unwrap());
    for (path, text) in files {
        tree.insert(*path, Entry::file(text.as_bytes()));
    }
    tree
}

pub(super) fn ids(reading: &Reading) -> Vec<&str> {
    reading.migrations.iter().map(|migration| migration.id.as_str()).collect()
}

pub(super) fn problems(reading: &Reading) -> Vec<String> {
    reading.problems.iter().map(|problem| problem.message.clone()).collect()
}

/// Every file is claimed, a companion or named by a problem; ranges lie on character borders;
/// ids are unique.
pub(super) fn holds(layout: &dyn Layout, tree: &Tree, what: &str) {
    let reading = layout.read(tree);
    layout.detect(tree);
    for (relative, _) in tree.iter() {
        let path = tree.path(relative);
        let known = reading.migrations.iter().any(|migration| migration.files.contains(&path))
            || reading.companions.contains(&path)
            || reading.problems.iter().any(|problem| problem.location.path == path);
        assert!(known, "{}: {relative} is lost in {what}", layout.name());
    }
    let mut ids = ids(&reading);
    let before = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), before, "{}: {what}", layout.name());
    for place in &reading.placeholders {
        let text = tree.iter().find(|(relative, _)| tree.path(relative) == place.path);
        let bytes = text.map(|(_, entry)| Arc::clone(&entry.bytes)).unwrap_or_default();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.get(place.span.start..place.span.end).is_some(), "{}: {what}", layout.name());
    }
    for migration in &reading.migrations {
        let steps = [Some(&migration.up), migration.down.step()];
        for script in steps.into_iter().flatten().filter_map(Step::script) {
            for range in script.sections.iter().chain(&script.blocks) {
                assert!(script.text.get(range.clone()).is_some(), "{}: {what}", layout.name());
            }
        }
    }
}

fn odd_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "\u{feff}",
        "\r",
        "\n",
        "\u{feff}\r\n",
        "\0\0;\0",
        "-- +goose Down\nSELECT 1;\n-- +goose Up\n",
        "-- +goose Up\n-- +goose StatementBegin",
        "-- +goose Up\r-- +goose Down",
        "-- +goose é",
        "--é+goose Up",
        "-- migrate:up",
        "-- migrate:down\n-- migrate:up",
        "-- migrate:upé",
        "--",
        "$",
        "${",
        "${é}é${",
        "%project=\n@\n[\n+\n-\né [é",
        "a [b] 2026-01-02T03:04:05Z é <é> # é",
        "run_in_transaction",
        "executeInTransaction=é",
        "[core]\ntop_dir=../..\nplan_file=\n[é \"",
        "'unterminated; $$ /* \"",
        "-- +migrate Upé\n-- +migrate StatementBegin",
        "provider = 'é'",
        "{\"entries\": [{\"when\": 1, \"tag\": \"1_a\"}, {\"when\": 1, \"tag\": \"é\"}]}",
        "--liquibase formatted é\n--changeset é:é\n/* liquibase rollback\né",
        "--liquibase formatted\n--changeset a:1\n--rollback é\n--ignoreLines:start",
        "databaseChangeLog: [{include: {file: é}}, {includeAll: {path: .}}]",
        "<databaseChangeLog><includeAll path='.' relativeToChangelogFile='true'/>",
        "--! Previous: é\n--! Hash:\n--! é\n\n:É :A :'é' :\"",
        "parents: [é, {a: *b}]",
        "parents:\n- 1\n- &é 2\nparents: [1]\n--- !x",
        "-- +goose ENVSUB ON\n-- +goose Up\n${é} $é ${A:-é} /* TEMPLATE: é */ /* TEMPLATE:*",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("é".repeat(500_000));
    texts.push(format!("-- +goose Up\n-- {}\nSELECT '\u{1f980}';", "x".repeat(1_000_000)));
    texts
}

const NAMES: [&str; 44] = [
    "1_a.sql",
    "1_a.up.sql",
    "1_a.down.sql",
    "1_A.SQL",
    "01_b c.sql",
    "_.sql",
    "é_é.sql",
    ".sql",
    "340282366920938463463374607431768211456_x.up.sql",
    "1_a/up.sql",
    "1_a/down.sql",
    "1_a/metadata.toml",
    "é/up.sql",
    "V1__a.sql",
    "V1__a.sql.conf",
    "V1.0__b.sql",
    "U1__a.sql",
    "é1__a.sql",
    "R__é.sql",
    "V1__a.rs",
    "sqitch.plan",
    "sqitch.conf",
    "deploy/a.sql",
    "sub/deep/1_a.sql",
    "1_a/migration.sql",
    "migration_lock.toml",
    "meta/_journal.json",
    "1_a.postgres.up.sql",
    "1_a.autocommit.down.sql",
    "1_a.up.fizz",
    "db.changelog.yaml",
    "db.changelog.xml",
    "000001.sql",
    "committed/000001-a.sql",
    "current.sql",
    "1-a.js",
    "0_a.sql",
    "V1.A.up.sql",
    "V1.A.down.sql",
    "V1.é.up.sql",
    "2_a/up.sql",
    "2_a/metadata.yaml",
    "é/metadata.yaml",
    "squashed.sql",
];

#[test]
fn odd_contents_never_panic_and_never_lose_a_file() {
    for text in odd_texts() {
        let files: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, text.as_str())).collect();
        let what: String = text.chars().take(40).collect();
        for layout in LAYOUTS {
            holds(*layout, &tree(&files), &what);
        }
    }
}

#[test]
fn what_is_no_readable_file_is_named_with_a_way_out() {
    let kinds = [
        EntryKind::Symlink,
        EntryKind::Submodule,
        EntryKind::LfsPointer,
        EntryKind::TooLarge,
        EntryKind::UnreadableName,
    ];
    for layout in LAYOUTS {
        for kind in kinds {
            let mut tree = Tree::new(RepoPath::root());
            for name in NAMES {
                tree.insert(name, Entry::special(kind));
            }
            holds(*layout, &tree, "special entries");
            let reading = layout.read(&tree);
            assert!(reading.migrations.iter().all(|one| one.up.script().is_none()));
            assert!(reading.problems.iter().all(|problem| !problem.help.is_empty()));
        }
        let mut tree = Tree::new(RepoPath::root());
        for name in NAMES {
            tree.insert(name, Entry::file(&b"-- \xff\xfe"[..]));
        }
        holds(*layout, &tree, "not UTF-8");
        let scripts = layout.read(&tree).migrations;
        assert!(scripts.iter().all(|migration| migration.up.script().is_none()));
    }
}

#[test]
fn a_file_that_cannot_be_read_keeps_its_place() {
    let refused = [
        Entry::special(EntryKind::Symlink),
        Entry::special(EntryKind::LfsPointer),
        Entry::special(EntryKind::TooLarge),
        Entry::file(&b"\xff"[..]),
        Entry::file(&b"-- x\0"[..]),
    ];
    for (layout, up, down) in [
        ("golang-migrate", "1_a.up.sql", "1_a.down.sql"),
        ("sqlx", "1_a.up.sql", "1_a.down.sql"),
        ("flyway", "V1__a.sql", "U1__a.sql"),
        ("diesel", "1_a/up.sql", "1_a/down.sql"),
        ("pop", "1_a.up.sql", "1_a.down.sql"),
        ("prisma", "1_a/migration.sql", "1_a/down.sql"),
        ("sqitch", "deploy/a.sql", "revert/a.sql"),
        ("versioned-pairs", "V1.a.up.sql", "V1.a.down.sql"),
    ] {
        for entry in &refused {
            for (bad, good) in [(up, down), (down, up)] {
                let plan = "%project=p\n\na 2026-01-02T03:04:05Z A <a@b>\n";
                let mut tree = Tree::new(RepoPath::root());
                if layout == "sqitch" {
                    tree.insert("sqitch.plan", Entry::file(plan.as_bytes()));
                }
                tree.insert(good, Entry::file(&b"SELECT 1;"[..]));
                tree.insert(bad, entry.clone());
                let reading = by_name(layout).unwrap().read(&tree);
                let [problem] = reading.problems.as_slice() else { panic!("{layout} {bad}") };
                assert_eq!(problem.location.path, tree.path(bad));
                let [one] = reading.migrations.as_slice() else { panic!("{layout} {bad}") };
                assert_eq!(one.files.len(), 2);
                assert_eq!(one.up.script().is_some(), bad == down, "{layout} {bad}");
                assert_eq!(one.down.step().unwrap().script().is_some(), bad == up);
            }
        }
    }
    let mut tree = Tree::new(RepoPath::root());
    tree.insert("1_a.sql", Entry::special(EntryKind::TooLarge));
    assert!(problems(&by_name("sqlx").unwrap().read(&tree))[0].contains("16 MiB"));
}

#[test]
fn a_second_manifest_is_no_silent_one() {
    let [json, toml, yml] = ["json", "toml", "yml"].map(|end| format!("migration_manifest.{end}"));
    for layout in LAYOUTS {
        let plan = ("sqitch.plan", "%project=p\n");
        let files = [plan, (json.as_str(), ""), (toml.as_str(), ""), (yml.as_str(), "")];
        let one = layout.read(&tree(&files[..2]));
        assert!(!problems(&one).iter().any(|message| message.contains("manifest")));
        let reading = layout.read(&tree(&files));
        let found = problems(&reading);
        let about: Vec<_> = found.iter().filter(|text| text.contains("manifest")).collect();
        assert_eq!(about.len(), 2, "{}", layout.name());
        assert!(about[0].contains("toml` is not read, because migration_manifest.json stands"));
        assert!(about[1].contains("yml` is not read"));
    }
    // Only the set's own folder is looked at for one.
    let below = [("a/migration_manifest.json", ""), ("migration_manifest.toml", "")];
    assert!(problems(&by_name("sqlx").unwrap().read(&tree(&below))).is_empty());
}

#[test]
fn what_stands_after_a_nul_byte_is_never_hidden() {
    for (layout, name) in [
        ("sqlx", "1_a.sql"),
        ("diesel", "1_a/up.sql"),
        ("flyway", "V1__a.sql"),
        ("goose", "1_a.sql"),
        ("dbmate", "1_a.sql"),
        ("pop", "1_a.up.sql"),
        ("prisma", "1_a/migration.sql"),
        ("sql-migrate", "1_a.sql"),
        ("supabase", "1_a.sql"),
    ] {
        let text = "-- +goose Up\n-- migrate:up\nSELECT 1;\n\0DROP TABLE t;\n";
        let reading = by_name(layout).unwrap().read(&tree(&[(name, text)]));
        assert!(reading.migrations.iter().all(|one| one.up.script().is_none()), "{layout}");
        let [problem] = reading.problems.as_slice() else { panic!("{layout}") };
        assert_eq!(problem.kind, ProblemKind::Invalid);
        assert_eq!(problem.location.span, text.find('\0').map(|at| Span::new(at, at + 1)));
        assert!(problem.message.contains("NUL byte") && !problem.help.is_empty());
    }
}

#[test]
fn the_list_is_sorted_and_every_layout_has_its_rank() {
    let names: Vec<&str> = LAYOUTS.iter().map(|layout| layout.name()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    let mut ranked = PREFERENCE;
    ranked.sort_unstable();
    assert_eq!(names, ranked);
}

#[test]
fn reversible_names_are_told_apart() {
    let best = |files: &[(&str, &str)], around: &[&str]| {
        let mut tree = tree(files);
        tree.set_neighbours(around.iter().map(|name| (*name).to_owned()).collect());
        let (layout, detection) = detect_best(&tree).unwrap();
        (layout.name(), detection.confidence)
    };
    let plain = [("20260101000000_a.up.sql", ""), ("20260101000000_a.down.sql", "")];
    assert_eq!(best(&plain, &[]), ("golang-migrate", Confidence::Possible));
    assert_eq!(best(&plain, &["Cargo.toml"]), ("sqlx", Confidence::Likely));
    assert_eq!(best(&plain, &["go.mod", "Cargo.toml"]), ("golang-migrate", Confidence::Likely));
    let marked = [("1_a.up.sql", "-- Add up migration script here\n")];
    assert_eq!(best(&marked, &["go.mod"]), ("sqlx", Confidence::Sure));
    let six = [("000001_a.up.sql", "")];
    assert_eq!(best(&six, &[]), ("golang-migrate", Confidence::Likely));
    let v = [("V1__a.sql", "")];
    assert_eq!(best(&v, &[]), ("flyway", Confidence::Likely));
    assert_eq!(best(&v, &["Cargo.toml"]), ("refinery", Confidence::Likely));
    assert_eq!(best(&v, &["Cargo.toml", "pom.xml"]), ("flyway", Confidence::Sure));
    assert_eq!(best(&[("V2.1__a.sql", "")], &["Cargo.toml"]), ("flyway", Confidence::Sure));
}
