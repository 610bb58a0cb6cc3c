//! The table of a `map`: old values and new ones, each once.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::operation::Reader;
use crate::document::{Node, Value};
use crate::model::{Span, clipped};

/// Reads a table; `None` where something is wrong with it, which is reported.
pub(super) fn table(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<(Json, Json)>> {
    let mut pairs: Vec<((Json, Span), &Node)> = Vec::new();
    let mut sound = true;
    match &node.value {
        Value::Map(entries) => {
            let texts =
                entries.iter().map(|(old, new)| ((old.value.clone().into(), old.span), new));
            pairs.extend(texts);
        }
        Value::List(items) => {
            for item in items {
                if let [old, new] = item.items() {
                    pairs.push(((old.to_json(), old.span), new));
                } else {
                    let message = "an item of table is no pair of an old value and its new one";
                    reader.report(item.span, message, "write [\"warn\", \"warning\"]");
                    sound = false;
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            let message = format!("table must be a map or a list of pairs, not {}", node.what());
            reader.report(node.span, message, "write { warn = \"warning\" } or [[1, true]]");
            return None;
        }
    }
    if pairs.is_empty() && sound {
        reader.report(node.span, "table is empty, so every value is refused", "name a value");
        return None;
    }
    let (mut olds, mut news) = (BTreeSet::new(), BTreeSet::new());
    for ((old, at), new) in &pairs {
        if !olds.insert(canonical(old)) {
            let message = format!("table names {} twice", shown(old));
            reader.report(*at, message, "keep one of the two");
            sound = false;
        }
        let value = new.to_json();
        if !news.insert(canonical(&value)) {
            let message = format!("two values lead to {}", shown(&value));
            let help = "give each its own, or nothing tells them apart on the way back; where they \
                        are to be one, write jq and its way back under down";
            reader.report(new.span, message, help);
            sound = false;
        }
    }
    sound.then(|| pairs.into_iter().map(|((old, _), new)| (old, new.to_json())).collect())
}

/// The same text for values that are the same in JSON: `1` is `1.0`, and the order of keys is none.
fn canonical(value: &Json) -> String {
    /// Below this every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Json::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
                // Adding zero takes the sign from a negative one.
                format!("{:.0}", float + 0.0)
            }
            _ => number.to_string(),
        },
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(entries) => {
            let mut entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", Json::from(key.as_str()), canonical(value)))
                .collect();
            entries.sort_unstable();
            format!("{{{}}}", entries.join(","))
        }
        Json::Null | Json::Bool(_) | Json::String(_) => value.to_string(),
    }
}

fn shown(value: &Json) -> String {
    clipped(&value.to_string(), 60)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::canonical;

    #[test]
    fn what_is_the_same_in_json_reads_the_same() {
        for (a, b, same) in [
            (json!(1), json!(1.0), true),
            (json!(0), json!(-0.0), true),
            (json!(-10), json!(-10.0), true),
            (json!({"a": 1, "b": [2.0]}), json!({"b": [2], "a": 1}), true),
            (json!(1), json!("1"), false),
            (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), false),
            (json!(null), json!(false), false),
            (json!([1, 2]), json!([2, 1]), false),
        ] {
            assert_eq!(canonical(&a) == canonical(&b), same, "{a} {b}");
        }
    }
}
