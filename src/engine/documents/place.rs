//! Places in a document's value.

use serde_json::{Map, Value};

use crate::model::Pointer;

/// A place that a pattern led to.
pub(super) struct Found {
    /// The place.
    pub(super) at: Pointer,
    /// What each `*` stood for.
    pub(super) stars: Vec<String>,
}

/// The places that stand under a pattern, in the order of keys and indexes.
pub(super) fn find(root: &Value, pattern: &[String]) -> Vec<Found> {
    let mut found = vec![(Found { at: Pointer::default(), stars: Vec::new() }, root)];
    for token in pattern {
        let mut next = Vec::new();
        for (Found { at, stars }, value) in found {
            let mut step = |key: &str, value, is_star: bool| {
                let mut stars = stars.clone();
                stars.extend(is_star.then(|| key.to_owned()));
                next.push((Found { at: at.join(key), stars }, value));
            };
            match (value, token.as_str()) {
                (Value::Object(map), "*") => {
                    map.iter().for_each(|(key, value)| step(key, value, true));
                }
                (Value::Array(items), "*") => {
                    let items = items.iter().enumerate();
                    items.for_each(|(index, value)| step(&index.to_string(), value, true));
                }
                (Value::Object(map), key) => {
                    map.get(key).into_iter().for_each(|value| step(key, value, false));
                }
                (Value::Array(items), key) => {
                    let value = Pointer::index(key).and_then(|index| items.get(index));
                    value.into_iter().for_each(|value| step(key, value, false));
                }
                _ => {}
            }
        }
        found = next;
    }
    found.into_iter().map(|(found, _)| found).collect()
}

/// A pattern with its `*` filled in.
pub(super) fn fill(pattern: &[String], stars: &[String]) -> Pointer {
    let mut stars = stars.iter();
    let fill = |token: &String| match token.as_str() {
        "*" => stars.next().unwrap_or(token).clone(),
        _ => token.clone(),
    };
    Pointer(pattern.iter().map(fill).collect())
}

/// What stands in the way to a place, or how it is reached.
pub(super) enum Way {
    /// A value stands there.
    Taken,
    /// Nothing stands there.
    Free {
        /// The place, an index for `-`.
        at: Pointer,
        /// The outermost of the maps that are still to be made to hold it.
        made: Option<Pointer>,
    },
    /// What stands at this place cannot hold it.
    Blocked(Pointer),
}

/// The way to a place without `*`.
pub(super) fn way(root: &Value, at: &Pointer) -> Way {
    let mut value = root;
    let mut walked = Pointer::default();
    for (depth, token) in at.0.iter().enumerate() {
        let is_last = depth + 1 == at.0.len();
        let next = match value {
            Value::Object(map) => map.get(token),
            Value::Array(items) => {
                match Pointer::index(token).or((token == "-").then_some(items.len())) {
                    Some(index) if index < items.len() => items.get(index),
                    Some(index) if index == items.len() && is_last => {
                        return Way::Free { at: walked.join(index.to_string()), made: None };
                    }
                    _ => return Way::Blocked(walked),
                }
            }
            _ => return Way::Blocked(walked),
        };
        walked = walked.join(token);
        match next {
            Some(next) => value = next,
            None if is_last => return Way::Free { at: walked, made: None },
            None => return Way::Free { at: at.clone(), made: Some(walked) },
        }
    }
    Way::Taken
}

/// Maps inside each other under these keys, the innermost with the value.
pub(super) fn nested(keys: &[String], value: Value) -> Value {
    keys.iter().rev().fold(value, |value, key| {
        let mut map = Map::new();
        map.insert(key.clone(), value);
        map.into()
    })
}

/// Whether a value is maps inside each other that hold nothing but each other, under these keys.
pub(super) fn is_hollow(value: &Value, keys: &[String]) -> bool {
    let mut value = value;
    for key in keys {
        match value {
            Value::Object(map) if map.len() == 1 => match map.get(key) {
                Some(next) => value = next,
                None => return false,
            },
            _ => return false,
        }
    }
    value.as_object().is_some_and(Map::is_empty)
}

/// Whether two values are the same to a schema: numbers by what they are worth.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || a.is_f64() != b.is_f64() && super::scale::exact(a) == super::scale::exact(b)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    #[test]
    fn a_star_stands_for_every_key_and_item() {
        let root = json!({"a": [{"x": 1}, {"y": 2}, {"x": 3}], "b": {"x": 4}, "c": 5});
        let found = |pattern: &str| -> Vec<String> {
            find(&root, &pointer(pattern).0).iter().map(|found| found.at.to_string()).collect()
        };
        assert_eq!(found("/a/*/x"), ["/a/0/x", "/a/2/x"]);
        assert_eq!(found("/*/x"), ["/b/x"]);
        assert_eq!(found(""), [""]);
        assert!(found("/a/00").is_empty() && found("/a/-").is_empty() && found("/c/*").is_empty());
        let stars = find(&root, &pointer("/*/*/x").0).pop().unwrap().stars;
        assert_eq!(fill(&pointer("/n/*/m/*").0, &stars).to_string(), "/n/a/m/2");
    }

    #[test]
    fn a_way_is_free_taken_or_blocked() {
        let root = json!({"a": {"b": 1}, "l": [1]});
        let told = |at: &str| match way(&root, &pointer(at)) {
            Way::Taken => "taken".to_owned(),
            Way::Free { at, made } => format!("{at} {}", made.unwrap_or_default()),
            Way::Blocked(at) => format!("blocked {at}"),
        };
        assert_eq!(told("/a/b"), "taken");
        assert_eq!(told(""), "taken");
        assert_eq!(told("/a/c"), "/a/c ");
        assert_eq!(told("/x/y/z"), "/x/y/z /x");
        assert_eq!(told("/a/b/c"), "blocked /a/b");
        assert_eq!(told("/l/-"), "/l/1 ");
        assert_eq!(told("/l/2"), "blocked /l");
        assert_eq!(told("/l/-/x"), "blocked /l");
    }

    #[test]
    fn numbers_are_the_same_by_worth() {
        assert!(same(&json!({"a": [1]}), &json!({"a": [1.0]})));
        assert!(!same(&json!(1), &json!("1")) && !same(&json!(1), &json!(1.5)));
        assert!(!same(&json!(9007199254740993u64), &json!(9007199254740992.0)));
    }
}
