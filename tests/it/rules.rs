//! Every rule has a bad example that fires it and a good one that fires nothing.
//!
//! The examples stand in `fixtures/rules/<group>/<name>/{bad,good}/{base,head}` and are what
//! `migration-gate explain` and `docs/rules.md` show. `history/stale-base` and `conflict/*` need a third
//! side: `tip` is what the main branch gained after the change branched off.

use std::fs;
use std::path::{Path, PathBuf};

use migration_gate::model::Level;
use migration_gate::rules::RULES;

use crate::support::{Answer, Folder, check_folders, commit, copy, gate, git, repository};

fn example(rule: &str, kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules").join(rule).join(kind)
}

/// A Saturday; windows, freezes and waivers of the examples are decided then, so that they do not
/// rot.
const AS_OF: [&str; 2] = ["--as-of", "2026-11-21T10:00Z"];

fn run(rule: &str, folder: &Path) -> Answer {
    let (base, head) = (folder.join("base"), folder.join("head"));
    match rule {
        _ if rule == "history/stale-base" || rule.starts_with("conflict/") => run_branch(folder),
        // Far more than any example needs; only the one without an end reaches it.
        "dryrun/timeout" => check_folders(&base, &head, &["--statement-timeout", "1"]),
        _ => check_folders(&base, &head, &AS_OF),
    }
}

fn run_branch(folder: &Path) -> Answer {
    let home = Folder::new(&[]);
    let shop = home.path().join("shop");
    copy(&folder.join("base"), &shop);
    repository(&shop);
    git(&shop, &["checkout", "-q", "-b", "change"]);
    if folder.join("tip").is_dir() {
        git(&shop, &["checkout", "-q", "main"]);
        copy(&folder.join("tip"), &shop);
        commit(&shop);
        git(&shop, &["checkout", "-q", "change"]);
    }
    copy(&folder.join("head"), &shop);
    commit(&shop);
    gate(&shop, &["check", "--format", "json", "--engine", "sqlite"]).into()
}

/// Rules about what the engine refuses: where the dry run meets the error, its finding stands for
/// theirs, so that is what their examples show. Their own tests hold that they fire.
const PROVED: &[&str] = &[
    "sql/ban-concurrent-index-creation-in-transaction",
    "sql/ban-duplicate-column-assignments",
    "sql/ban-uncommitted-transaction",
    "sql/enum-value-used-in-same-transaction",
];

/// Rules whose way out is worth a note: which files break until the config migration has run.
const NOTED: &[(&str, &str)] = &[("config/migration-required", "note config/document-invalid")];

/// What is wrong with one example; `expected` is every finding that it must have.
fn faults(rule: &str, kind: &str, expected: &[String]) -> Option<String> {
    let folder = example(rule, kind);
    for side in ["base", "head"] {
        if !folder.join(side).is_dir() {
            return Some(format!("{rule}: there is no {kind}/{side}"));
        }
    }
    let answer = run(rule, &folder);
    let mut found = answer.findings();
    // A rule that speaks of each file speaks more than once.
    found.dedup();
    let untold = &answer.report["inconclusive"];
    if found != expected || untold.as_array().is_none_or(|untold| !untold.is_empty()) {
        return Some(format!("{rule}, {kind}: found {found:?}, expected {expected:?}; {untold}"));
    }
    let judged = answer.report["sets"].as_array().is_some_and(|sets| !sets.is_empty());
    (!judged).then(|| format!("{rule}, {kind}: no set was judged"))
}

#[test]
fn a_bad_example_fires_its_rule_and_nothing_else() {
    let faults: Vec<String> = RULES
        .iter()
        .filter_map(|rule| {
            // A matter of taste is silent; its example's own configuration makes it a warning.
            let level = match rule.meta.levels.recommended {
                Level::Off => Level::Warning,
                level => level,
            };
            let expected = match PROVED.contains(&rule.meta.id) {
                true => "error dryrun/up-fails".to_owned(),
                false => format!("{level} {}", rule.meta.id),
            };
            faults(rule.meta.id, "bad", &[expected])
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_good_example_fires_nothing() {
    let noted = |id: &str| -> Vec<String> {
        let own = NOTED.iter().filter(|(rule, _)| *rule == id);
        own.map(|(_, note)| (*note).to_owned()).collect()
    };
    let faults: Vec<String> = RULES
        .iter()
        .filter_map(|rule| faults(rule.meta.id, "good", &noted(rule.meta.id)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rule_of_the_linter_is_one_of_ours() {
    let missing: Vec<String> = enum_iterator::all::<squawk_linter::Rule>()
        // A name for two other rules, and one that the linter knows but never reports.
        .filter(|rule| rule.expands_to().is_empty())
        .filter(|rule| *rule != squawk_linter::Rule::UnusedIgnore)
        .map(|rule| format!("sql/{rule}"))
        .filter(|id| !RULES.iter().any(|rule| rule.meta.id == *id))
        .collect();
    assert!(missing.is_empty(), "nobody has decided on {}", missing.join(", "));
}

#[test]
fn every_example_belongs_to_a_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    for group in fs::read_dir(root).unwrap() {
        let group = group.unwrap();
        for rule in fs::read_dir(group.path()).unwrap() {
            let name = rule.unwrap().file_name();
            let id = format!("{}/{}", group.file_name().display(), name.display());
            assert!(RULES.iter().any(|rule| rule.meta.id == id), "there is no rule {id}");
        }
    }
}
