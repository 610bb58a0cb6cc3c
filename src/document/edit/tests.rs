//! Tables of a text, its edits and the text that they give.

mod json;
mod toml;

use serde_json::Value;

use super::{Edit, edit};
use crate::document::Format;
use crate::model::Pointer;

/// Edits as the tables write them, divided by ` ; `: `set /a 1`, `add /a 1`, `remove /a`,
/// `move /a /b`.
fn edits(text: &str) -> Vec<Edit> {
    let one = |text: &str| {
        let (verb, rest) = text.split_once(' ').unwrap();
        let (at, value) = rest.split_once(' ').unwrap_or((rest, "null"));
        let at = Pointer::parse(at).unwrap();
        let json = || -> Value { serde_json::from_str(value).unwrap() };
        match verb {
            "set" => Edit::Set { at, value: json() },
            "add" => Edit::Add { at, value: json() },
            "remove" => Edit::Remove { at },
            "move" => Edit::Move { from: at, to: Pointer::parse(value).unwrap() },
            _ => panic!("{text}"),
        }
    };
    text.split(" ; ").map(one).collect()
}

/// Checks a table; says all that differs at once.
fn check(format: Format, table: &[(&str, &str, &str)]) {
    let mut wrong = String::new();
    for (before, steps, after) in table {
        match edit(format, before, &edits(steps)) {
            Ok(text) if text == *after => {}
            Ok(text) => wrong.push_str(&format!(
                "{steps}\n--- before\n{before}\n--- wanted\n{after}\n--- got\n{text}\n=====\n"
            )),
            Err(refused) => {
                wrong.push_str(&format!("{steps}\n{before}\nrefused: {}\n", refused.reason));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Checks that edits are refused, and with which words.
fn check_refused(format: Format, table: &[(&str, &str, &str)]) {
    for (before, steps, words) in table {
        let refused = edit(format, before, &edits(steps)).unwrap_err();
        assert!(refused.reason.contains(words), "{steps}: {}", refused.reason);
    }
}
