//! Makes a witness as small as it can be while it stays one.

use serde_json::Value;

use crate::model::Pointer;

/// How often a smaller instance is tried.
const TRIES: usize = 400;

/// The smallest instance found that still holds.
pub(super) fn shrink(instance: &Value, holds: &dyn Fn(&Value) -> bool) -> Value {
    let mut best = instance.clone();
    let mut tries = 0;
    loop {
        let smaller = places(&best).into_iter().find_map(|place| {
            simpler(&best, &place).into_iter().find(|value| {
                tries += 1;
                tries < TRIES && holds(value)
            })
        });
        match smaller {
            Some(value) => best = value,
            None => return best,
        }
    }
}

/// The JSON Pointers of every value below, outer ones first.
fn places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), value)];
    while let Some((pointer, value)) = waiting.pop() {
        match value {
            Value::Object(map) => {
                for (key, item) in map {
                    let key = Pointer::escaped(key);
                    waiting.push((format!("{pointer}/{key}"), item));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    waiting.push((format!("{pointer}/{index}"), item));
                }
            }
            _ => {}
        }
        found.push(pointer);
    }
    found.sort_by_key(|pointer| pointer.matches('/').count());
    found
}

/// The instance with something at that place left out or made plain.
fn simpler(instance: &Value, place: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let Some(value) = instance.pointer(place) else { return found };
    let mut with = |value: Value| {
        let mut copy = instance.clone();
        if let Some(slot) = copy.pointer_mut(place) {
            *slot = value;
            found.push(copy);
        }
    };
    match value {
        Value::Object(map) => {
            for key in map.keys() {
                let mut less = map.clone();
                less.shift_remove(key);
                with(Value::Object(less));
            }
        }
        Value::Array(items) => {
            if items.len() > 3 {
                with(Value::Array(items.iter().take(items.len() / 2).cloned().collect()));
            }
            for index in (0..items.len()).rev() {
                let mut less = items.clone();
                less.remove(index);
                with(Value::Array(less));
            }
        }
        _ => {}
    }
    found
}
