//! For random documents and random operations: down after up gives the same value, and the
//! checkpoint the same bytes.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::*;
use crate::engine::documents::operation::Desk;
use crate::model::Pointer;

const CASES: u32 = 100;

/// Scalars that the tables name; `null` is the last, since TOML has none.
fn pool() -> Vec<Value> {
    vec![
        json!(0),
        json!(1),
        json!(-7),
        json!(2.5),
        json!(1.0),
        json!(true),
        json!(""),
        json!("x \"y\" # z"),
        json!("ü\n"),
        json!(null),
    ]
}

fn scalar(nulls: bool) -> impl Strategy<Value = Value> {
    let mut pool = pool();
    pool.truncate(if nulls { pool.len() } else { pool.len() - 1 });
    prop_oneof![4 => proptest::sample::select(pool), 1 => any::<i32>().prop_map(Value::from)]
}

fn key() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["a", "b", "c", "d e", "0", "/~"]).prop_map(str::to_owned)
}

fn map(nulls: bool) -> impl Strategy<Value = Value> {
    let value = scalar(nulls).prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            btree_map(key(), inner.clone(), 0..4).prop_map(object),
            vec(inner, 0..4).prop_map(Value::Array),
        ]
    });
    btree_map(key(), value, 0..5).prop_map(object)
}

fn object(map: BTreeMap<String, Value>) -> Value {
    Value::Object(map.into_iter().collect::<Map<_, _>>())
}

fn pointer() -> impl Strategy<Value = Pointer> {
    let token = prop_oneof![
        6 => key(),
        2 => Just("*".to_owned()),
        1 => Just("1".to_owned()),
        1 => Just("-".to_owned()),
    ];
    vec(token, 1..4).prop_map(Pointer)
}

/// A table that names every scalar of the pool, and leads to each once.
fn table(nulls: bool) -> impl Strategy<Value = Vec<(Value, Value)>> {
    // Of two numbers that are worth the same a table names one.
    let mut pool: Vec<Value> = pool().into_iter().filter(|value| *value != json!(1.0)).collect();
    pool.truncate(if nulls { pool.len() } else { pool.len() - 1 });
    let shuffled = Just(pool.clone()).prop_shuffle();
    shuffled.prop_map(move |new| pool.iter().cloned().zip(new).collect())
}

fn action(nulls: bool) -> impl Strategy<Value = Action> {
    let by = proptest::sample::select(vec!["1000", "0.001", "-2", "1/4", "3/2", "60"]);
    prop_oneof![
        2 => (pointer(), map(nulls)).prop_map(|(at, value)| Action::Add { at, value }),
        2 => (pointer(), scalar(nulls)).prop_map(|(at, value)| Action::Add { at, value }),
        3 => pointer().prop_map(|at| Action::Remove { at }),
        4 => (pointer(), pointer()).prop_map(|(from, to)| Action::Move { from, to }),
        2 => (pointer(), scalar(nulls)).prop_map(|(at, value)| Action::Set { at, value }),
        2 => (pointer(), map(nulls)).prop_map(|(at, value)| Action::Set { at, value }),
        3 => (pointer(), table(nulls)).prop_map(|(at, table)| Action::Map { at, table }),
        2 => (pointer(), proptest::option::of(key())).prop_map(|(at, key)| Action::Wrap { at, key }),
        3 => (pointer(), proptest::option::of(key())).prop_map(|(at, key)| Action::Unwrap { at, key }),
        3 => (pointer(), by).prop_map(|(at, by)| Action::Scale { at, by: ratio(by) }),
    ]
}

/// What was seen over all cases.
#[derive(Default)]
struct Seen {
    changed: usize,
    refused: usize,
    kinds: BTreeSet<String>,
}

fn round_trip(seen: &mut Seen, name: &str, start: &str, actions: Vec<Action>) {
    let mut documents = documents(&[], &[(name, start)]);
    for version in ["1", "2"] {
        documents.schemas[0].versions.insert(version.into(), schema(&json!(true)));
    }
    // Those that find what they are for, and nothing that they refuse.
    let document = &documents.documents()[0];
    let before = pass::value(document).unwrap();
    let mut desk = Desk::new(before.clone(), &documents.tools);
    let mut kept = Vec::new();
    for action in actions {
        let mut ahead = Desk::new(desk.value.clone(), &documents.tools);
        if ahead.forward(&action).is_ok_and(|did| !did.is_empty()) {
            seen.kinds.insert(format!("{action:?}").chars().take(4).collect());
            desk.value = ahead.value;
            kept.push(action);
        }
    }
    if kept.is_empty() {
        return;
    }
    let up = up(kept);
    let mut target = documents.target(&spec()).unwrap();
    let checkpoint = target.checkpoint().unwrap();
    let value = |target: &DocumentTarget| {
        let text = target.text(&path(name)).unwrap();
        pass::value(&Document { text, ..document.clone() }).unwrap()
    };
    match target.operate(&up) {
        Ok(()) => {}
        Err(TargetError::CannotRun(cannot)) if cannot.reason.contains("cannot be edited") => {
            seen.refused += 1;
            assert_eq!(text(&target, name), start, "a refused edit leaves the text");
            return;
        }
        Err(error) => panic!("{error:?}\n{start}\n{up:#?}"),
    }
    assert_eq!(value(&target), desk.value, "the text is what the value is");
    match target.operate(&inverse(&up)) {
        Ok(()) => assert_eq!(value(&target), before, "{start}\n{up:#?}"),
        Err(TargetError::CannotRun(cannot)) if cannot.reason.contains("cannot be edited") => {
            seen.refused += 1;
        }
        Err(error) => panic!("{error:?}\n{start}\n{up:#?}"),
    }
    target.restore(&checkpoint).unwrap();
    assert_eq!(text(&target, name), start);
    seen.changed += 1;
}

fn walk(nulls: bool, name: &str, written: impl Fn(&Value) -> String) -> Seen {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let seen = std::cell::RefCell::new(Seen::default());
    let cases = (map(nulls), vec(action(nulls), 4..20));
    let all = runner.run(&cases, |(value, actions)| {
        round_trip(&mut seen.borrow_mut(), name, &written(&value), actions);
        Ok(())
    });
    if let Err(error) = all {
        panic!("{error}");
    }
    seen.into_inner()
}

/// Most cases change something, and few edits are refused.
fn enough(seen: &Seen, most_refused: usize) {
    let Seen { changed, refused, kinds } = seen;
    assert!(*changed > 60 && *refused <= most_refused, "{changed} changed, {refused} refused");
    assert!(kinds.len() == 8, "{kinds:?}");
}

#[test]
fn down_after_up_is_the_identity_on_json() {
    enough(&walk(true, "a.json", |value| format!("{value:#}\r\n")), 0);
    enough(&walk(true, "a.jsonc", |value| format!("// x\n{value}")), 0);
}

#[test]
fn down_after_up_is_the_identity_on_yaml() {
    enough(&walk(true, "a.yaml", |value| format!("# x\n{}", yaml(value, 0))), 0);
}

#[test]
fn down_after_up_is_the_identity_on_toml() {
    let written = |value: &Value| {
        let map = value.as_object().unwrap();
        map.iter().map(|(key, value)| format!("{} = {}\n", json!(key), inline(value))).collect()
    };
    enough(&walk(false, "a.toml", written), 0);
}

/// A value as a block of YAML, where it holds something.
fn yaml(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let below = |value: &Value| match value {
        Value::Object(map) if !map.is_empty() => format!("\n{}", yaml(value, depth + 1)),
        Value::Array(items) if !items.is_empty() => format!("\n{}", yaml(value, depth + 1)),
        other => format!(" {other}\n"),
    };
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .map(|(key, value)| format!("{indent}{}:{}", json!(key), below(value)))
            .collect(),
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|value| format!("{indent}-{}", below(value))).collect()
        }
        other => format!("{indent}{other}\n"),
    }
}

/// A value as TOML in one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries =
                map.iter().map(|(key, value)| format!("{} = {}", json!(key), inline(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
