//! JSON Schemas old against new: labelled cases, a real history, and random schemas.

mod generated;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use migration_gate::compat::{Schema, SchemaFiles, SchemaProblem, Verdict, compare};
use migration_gate::host;
use migration_gate::model::RepoPath;
use serde_json::Value;

use crate::support::corpus;

/// A schema that refers to no other file.
struct Alone;

impl SchemaFiles for Alone {
    fn local(&self, _: &RepoPath) -> Option<Value> {
        None
    }

    fn vendored(&self, _: &str) -> Option<Value> {
        None
    }
}

fn schema(value: &Value) -> Result<Schema, Vec<SchemaProblem>> {
    Schema::new(value, &RepoPath::new("schema.json").unwrap(), &Alone)
}

/// The library's own validator of the schema as it stands, whatever `compat` makes of it.
fn independent(value: &Value) -> Validator {
    jsonschema::options().offline().build(value).unwrap()
}

/// The schema under the draft that a case names.
fn under(draft: &str, schema: &Value) -> Value {
    let uri = match draft {
        "draft-04" => "http://json-schema.org/draft-04/schema#",
        "draft-07" => "http://json-schema.org/draft-07/schema#",
        "2020-12" => "https://json-schema.org/draft/2020-12/schema",
        other => panic!("there is no draft {other}"),
    };
    let mut schema = schema.clone();
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".to_owned(), uri.into());
    }
    schema
}

/// The verdict on a labelled case as one word; a witness is judged once more on the way.
fn verdict(case: &Value) -> &'static str {
    let draft = case["draft"].as_str().unwrap();
    let (old, new) = (under(draft, &case["old"]), under(draft, &case["new"]));
    let (Ok(from), Ok(to)) = (schema(&old), schema(&new)) else { return "unknown" };
    match compare(&from, &to, &[]) {
        Verdict::Compatible => "compatible",
        Verdict::Breaking(witness) => {
            // A bare boolean names no draft, and needs none.
            assert!(independent(&old).is_valid(&witness.instance), "{case}");
            assert!(!independent(&new).is_valid(&witness.instance), "{case}");
            assert!(!witness.violations.is_empty(), "{case}");
            "breaking"
        }
        Verdict::Unknown { .. } => "unknown",
    }
}

fn oracle() -> Option<Vec<Value>> {
    let folder = host::env("MIGRATION_GATE_ORACLE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle"),
        PathBuf::from,
    );
    let file = folder.join("json-schema-compat.jsonl");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: there is no json-schema-compat.jsonl; set MIGRATION_GATE_ORACLE");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn no_labelled_case_is_judged_wrongly() {
    let Some(cases) = oracle() else { return };
    let half = cases.len() / 2;
    let judge = |cases: &[Value]| cases.iter().map(verdict).collect::<Vec<_>>();
    let verdicts = std::thread::scope(|scope| {
        let second = scope.spawn(|| judge(&cases[half..]));
        let mut verdicts = judge(&cases[..half]);
        verdicts.extend(second.join().unwrap());
        verdicts
    });
    let mut table: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut undecided = Vec::new();
    for (case, verdict) in cases.iter().zip(&verdicts) {
        let right = match case["backward_compatible"].as_bool().unwrap() {
            true => "compatible",
            false => "breaking",
        };
        let evidence = case["evidence"].as_str().unwrap();
        *table.entry((format!("{evidence} of {right}"), verdict)).or_default() += 1;
        let name = case["name"].as_str().unwrap();
        match *verdict {
            "unknown" => undecided.push(name),
            verdict if verdict != right => wrong.push(name),
            _ => {}
        }
    }
    for ((evidence, verdict), count) in &table {
        println!("{evidence:<22} {verdict:<11} {count:>5}");
    }
    println!("undecided: {undecided:#?}");
    assert_eq!(wrong, Vec::<&str>::new());
    let decided = cases.len() - undecided.len();
    assert!(decided * 100 >= cases.len() * 97, "{decided} of {} were decided", cases.len());
}

/// The revisions of a file, oldest first.
fn revisions(repository: &Path, file: &str) -> Vec<(String, Value)> {
    let git = |arguments: &[&str]| {
        let mut command = host::command("git");
        let output = command.arg("-C").arg(repository).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let commits = git(&["log", "--reverse", "--format=%H", "--", file]);
    let read = |commit: &str| {
        let text = git(&["show", &format!("{commit}:{file}")]);
        (commit.to_owned(), serde_json::from_str(&text).unwrap())
    };
    commits.lines().map(read).collect()
}

#[test]
fn a_real_history_is_judged_commit_by_commit() {
    let Some(clone) = corpus("openfga") else { return };
    let revisions = revisions(clone.path(), ".config-schema.json");
    assert!(revisions.len() > 90, "{} revisions", revisions.len());
    let schemas: Vec<Result<Schema, Vec<SchemaProblem>>> =
        revisions.iter().map(|(_, value)| schema(value)).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for index in 1..schemas.len() {
        let (Ok(before), Ok(after)) = (&schemas[index - 1], &schemas[index]) else {
            // From one commit on a type is called "bool" or "duration"; that is said, with its
            // place.
            for problems in [&schemas[index - 1], &schemas[index]]
                .into_iter()
                .filter_map(|it| it.as_ref().err())
            {
                assert!(problems.iter().all(|it| it.pointer.ends_with("/type")), "{problems:?}");
            }
            *count.entry("invalid").or_default() += 1;
            continue;
        };
        for (old, new) in [(before, after), (after, before)] {
            let name = match compare(old, new, &[]) {
                Verdict::Compatible => "compatible",
                Verdict::Breaking(witness) => {
                    // The file writes its draft with https, which is none of the library's names.
                    let plain = |schema: &Schema| under("draft-07", schema.value());
                    assert!(independent(&plain(old)).is_valid(&witness.instance));
                    assert!(!independent(&plain(new)).is_valid(&witness.instance));
                    "breaking"
                }
                Verdict::Unknown { reason } => panic!("{}: {reason}", revisions[index].0),
            };
            *count.entry(name).or_default() += 1;
        }
    }
    println!("{count:?}");
    assert!(count["breaking"] > 20 && count["compatible"] > 20, "{count:?}");
}
