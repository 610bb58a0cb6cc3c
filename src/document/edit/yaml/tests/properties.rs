//! Whatever the values, however they are written, and whatever is edited: the text reads as the
//! edited value, or the edit is refused, which is rare.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use super::writer::{Choices, write};
use super::{edit_text, expected};
use crate::document::edit::Edit;
use crate::document::{Format, read};
use crate::model::Pointer;

const CASES: u32 = 2_000;

fn runner() -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn text() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "a",
        "b",
        "name",
        "x y",
        "80",
        "1.5",
        "true",
        "yes",
        "null",
        "",
        "a: b",
        "a #b",
        "- x",
        "[x]",
        "it's",
        "say \"x\"",
        "größe",
        "😀",
        "one\ntwo",
        "one\n\n  two\n",
        "x\n\n",
        "\n",
        " pad ",
        "tab\tx",
        "https://x:8/?a={b}",
        "~",
        "<<",
        "*x",
        "&x",
        "!x",
        "%x",
        "@x",
        "#",
        ":",
        "-",
        "?",
        "key:",
        "a,b",
        "0x1F",
        "2020-01-01",
        "back\\slash",
        "\u{7}",
        "...",
        "---",
    ];
    prop_oneof![
        4 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => "[a-z]{1,8}",
        1 => "\\PC{0,6}",
    ]
}

fn any_value(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => (-1000_i64..100_000).prop_map(Value::from),
        1 => (-1e6..1e6).prop_map(|number: f64| Value::from((number * 100.0).round() / 100.0)),
        5 => text().prop_map(Value::from),
    ];
    leaf.prop_recursive(depth, 32, 4, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            2 => proptest::collection::btree_map(text(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

fn places(value: &Value, at: &Pointer, out: &mut Vec<Pointer>) {
    out.push(at.clone());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| places(value, &at.join(key), out)),
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &at.join(index.to_string()), out);
            }
        }
        _ => {}
    }
}

/// A place where something can be put.
fn gap(value: &Value, name: &str, choices: &mut Choices<'_>) -> Option<Pointer> {
    let mut all = Vec::new();
    places(value, &Pointer::default(), &mut all);
    all.retain(|at| at.get(value).is_some_and(|value| value.is_object() || value.is_array()));
    let at = all.get(choices.pick(all.len()))?;
    match at.get(value)? {
        Value::Array(items) => {
            let index = choices.pick(items.len() + 2);
            Some(at.join(if index > items.len() { "-".to_owned() } else { index.to_string() }))
        }
        _ => Some(at.join(name)),
    }
}

fn some_edit(root: &Value, new: &Value, name: &str, choices: &[u8]) -> Option<Edit> {
    let mut choices = Choices::new(choices);
    let mut all = Vec::new();
    places(root, &Pointer::default(), &mut all);
    let at = all[choices.pick(all.len())].clone();
    Some(match choices.pick(5) {
        0 => Edit::Set { at, value: new.clone() },
        1 => Edit::Add { at: gap(root, name, &mut choices)?, value: new.clone() },
        2 => Edit::Remove { at },
        3 => Edit::Move { to: at.split_last()?.0.join(name), from: at },
        _ => {
            let left = expected(root, &Edit::Remove { at: at.clone() })?;
            Edit::Move { from: at, to: gap(&left, name, &mut choices)? }
        }
    })
}

fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .match_indices("# c")
        .filter_map(|(at, _)| text[at..].split_once(';').map(|(comment, _)| comment))
        .filter(|comment| comment[3..].chars().all(|c| c.is_ascii_digit()))
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn edits_are_right_or_refused_and_seldom_refused() {
    let (made, refused, caught) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let last = std::cell::RefCell::new(String::new());
    let reasons = std::cell::RefCell::new(std::collections::BTreeMap::<String, u32>::new());
    let seeds = (
        any_value(4),
        any_value(2),
        text(),
        proptest::collection::vec(any::<u8>(), 16..80),
        proptest::collection::vec(any::<u8>(), 8),
    );
    let done = runner().run(&seeds, |(root, new, name, style, choices)| {
        let before = write(&root, &style);
        let read_before = read(Format::Yaml, &before);
        prop_assert!(read_before.is_ok(), "{read_before:?}\n{before}");
        prop_assert_eq!(read_before.unwrap().to_json(), root.clone(), "{}", before);
        let Some(edit) = some_edit(&root, &new, &name, &choices) else { return Ok(()) };
        let Some(want) = expected(&root, &edit) else { return Ok(()) };
        if matches!(&edit, Edit::Move { from, to } if from == to) {
            return Ok(());
        }
        made.set(made.get() + 1);
        let after = match edit_text(&before, &edit) {
            Ok(after) => after,
            Err(reason) => {
                refused.set(refused.get() + 1);
                *reasons.borrow_mut().entry(reason.reason).or_default() += 1;
                return Ok(());
            }
        };
        // This is what the common code refuses.
        if read(Format::Yaml, &after).ok().map(|node| node.to_json()) != Some(want) {
            caught.set(caught.get() + 1);
            *last.borrow_mut() = format!("{edit:?}\n{before}\n=>\n{after}");
            return Ok(());
        }
        let (had, has) = (comments(&before), comments(&after));
        match &edit {
            Edit::Add { .. } | Edit::Move { .. } => {
                prop_assert_eq!(had, has, "{:?}\n{}\n=>\n{}", edit, before, after);
            }
            Edit::Set { .. } | Edit::Remove { .. } => {
                let had: BTreeSet<&str> = had.into_iter().collect();
                prop_assert!(has.iter().all(|comment| had.contains(comment)), "{after}");
            }
        }
        Ok(())
    });
    done.unwrap_or_else(|failure| panic!("{failure}"));
    let (made, refused, caught) = (made.get(), refused.get() + caught.get(), caught.get());
    assert!(made > CASES / 2, "{made}");
    assert!(caught * 500 < made, "{caught} of {made}, one of them {}", last.borrow());
    assert!(refused * 20 < made, "{refused} of {made}: {:?}", reasons.borrow());
}
