//! What is fuzzed: whatever reads bytes of a stranger, and what must be true of every answer.
//!
//! `cargo fuzz run NAME` gives each function here the bytes of libFuzzer; `tests/it/fuzz.rs` gives
//! it the same corpora and mutations of them, on any toolchain.

use std::fs;

use migration_gate::document::{Edit, Format, apply, edit, open, read};
use migration_gate::layout::{self, Options};
use migration_gate::model::{
    Down, EngineKind, Entry, Kind, Pointer, RepoPath, Script, Step, TransactionMode, Tree,
};
use migration_gate::report::v1;
use migration_gate::runner::journal;
use migration_gate::{config, contract, manifest, rules, sql};
use serde_json::{Value, json};

/// What is done with the bytes of a stranger.
pub(crate) type Target = fn(&[u8]);

/// The targets by name.
pub(crate) const TARGETS: [(&str, Target); 7] = [
    ("config", config),
    ("documents", documents),
    ("journal", journal),
    ("layouts", layouts),
    ("manifest", manifest),
    ("reports", reports),
    ("splitter", splitter),
];

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("a plain path")
}

/// A script is parted into statements that lie in it, in order, apart from each other.
pub(crate) fn splitter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let script = Script::whole(path("x.sql"), text.into(), TransactionMode::Bare);
    parted(&script);
    for engine in [EngineKind::Postgres, EngineKind::Sqlite] {
        let touched = sql::touched_objects(&script, engine);
        let _ = sql::net_effects(&touched);
    }
    let acts = sql::sqlite::acts(text, &sql::statements(&script));
    let _ = (sql::sqlite::rebuilds(&acts), sql::sqlite::features(text), sql::sqlite::calls(text));
    let _ = (manifest::header(&script.path, text), manifest::allowances(&script.path, text));
}

fn parted(script: &Script) {
    let mut end = 0;
    for statement in sql::statements(script) {
        let span = statement.span;
        assert!(end <= span.start && span.start < span.end, "{span:?} after {end}");
        let sql = script.text.get(span.start..span.end).expect("whole characters of the script");
        assert!(!sql.trim().is_empty(), "a statement holds something");
        let _ = sql::row_change(script, &statement);
        end = span.end;
    }
}

/// Files behind lines `=== NAME`, read by every layout.
pub(crate) fn layouts(data: &[u8]) {
    let mut tree = Tree::new(path("db/migrations"));
    for (name, bytes) in files(data) {
        tree.insert(name, Entry::file(bytes));
    }
    let _ = layout::detect_best(&tree);
    for name in layout::names() {
        let layout = layout::by_name(name).expect("a layout has its name");
        for engine in [None, Some(EngineKind::Postgres), Some(EngineKind::Sqlite)] {
            let reading = layout.read_with(&tree, Options { engine });
            let _ = layout::guess_engine(&tree, &reading);
            for migration in &reading.migrations {
                assert!(!migration.id.is_empty() || migration.kind != Kind::Versioned, "{name}");
                lies_in_its_file(&migration.up);
                if let Down::Step(step) = &migration.down {
                    lies_in_its_file(step);
                }
            }
        }
    }
}

fn lies_in_its_file(step: &Step) {
    if let Some(script) = step.script() {
        assert!(script.sql().len() <= script.text.len());
        parted(script);
    }
}

/// The files that a corpus' text stands for, those with plain names.
fn files(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"=== ") {
            Some(name) => {
                let name = String::from_utf8_lossy(name).trim_end().to_owned();
                if RepoPath::new(&name).is_some() && !name.is_empty() {
                    files.push((name, Vec::new()));
                }
            }
            None => {
                if let Some((_, bytes)) = files.last_mut() {
                    bytes.extend_from_slice(line);
                }
            }
        }
    }
    files
}

/// A manifest and a contract, in each format.
pub(crate) fn manifest(data: &[u8]) {
    for ending in ["json", "toml", "yaml"] {
        let file = path(&format!("migration_manifest.{ending}"));
        let manifest = manifest::parse(&file, data);
        for entry in &manifest.entries {
            assert!(manifest.entry(&entry.id.value).is_some(), "an entry is found by its id");
        }
        let (_, problems) = contract::parse(&file, data);
        assert!(problems.iter().all(|problem| !problem.message.is_empty()));
    }
}

/// A configuration: read, or refused with a text that says where.
pub(crate) fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = config::parse(&path("migration-gate.toml"), text) {
        assert!(error.to_string().contains("migration-gate.toml"), "{error}");
    }
}

/// A journal is checked, shown and summed up from its file.
pub(crate) fn journal(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("journal.jsonl");
    fs::write(&file, data).expect("a file in it");
    let _ = journal::verify(&file);
    let _ = journal::metrics(&file);
    for json in [false, true] {
        let _ = journal::show(&file, &journal::Filter::default(), json);
    }
}

/// A document in each format: what is edited reads as the value that the edit makes.
pub(crate) fn documents(data: &[u8]) {
    for ending in ["json", "jsonc", "yaml", "toml"] {
        let _ = open(&path(&format!("x.{ending}")), data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    for format in [Format::Json, Format::Jsonc, Format::Yaml, Format::Toml] {
        let Ok(node) = read(format, text) else { continue };
        let value = node.to_json();
        for change in edits(&value) {
            let Ok(edited) = edit(format, text, std::slice::from_ref(&change)) else { continue };
            let mut wanted = value.clone();
            apply(&mut wanted, &change).expect("an edit that the text took");
            let again = read(format, &edited).expect("an edited text reads");
            assert_eq!(again.to_json(), wanted, "{format:?} {change:?}: {edited}");
        }
    }
}

/// A few edits at the first places of a value.
fn edits(value: &Value) -> Vec<Edit> {
    let top = Pointer::parse("").expect("the top");
    let mut places = vec![top.clone()];
    if let Value::Object(map) = value {
        places.extend(map.keys().take(3).map(|key| top.join(key)));
        let inner = map.iter().filter_map(|(key, value)| Some((key, value.as_object()?)));
        let deeper = inner.flat_map(|(key, map)| {
            let above = top.join(key);
            map.keys().map(move |key| above.join(key)).collect::<Vec<_>>()
        });
        places.extend(deeper.take(2));
    }
    let mut edits = vec![Edit::Add { at: top.join("new key"), value: json!({ "a": [1, "b"] }) }];
    for at in places {
        edits.push(Edit::Set { at: at.clone(), value: json!("x: #\n'\"") });
        if !at.0.is_empty() {
            edits.push(Edit::Move { from: at.clone(), to: top.join("moved") });
            edits.push(Edit::Remove { at });
        }
    }
    edits
}

/// A report that somebody wrote: refused, or rendered again with the digest that it has.
pub(crate) fn reports(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let known = |id: &str| rules::RULES.iter().map(|rule| rule.meta.id).find(|rule| *rule == id);
    if let Ok((report, sources)) = v1::read(text, &known) {
        let digest = v1::digest(&report, &sources);
        let said = serde_json::from_str::<Value>(text).expect("a report is JSON");
        assert_eq!(said["digest"], digest.as_str());
    }
    let _ = v1::read_shard(text, &known);
}
