//! Real documents, changed at the places that the two schemas judge differently.

use serde_json::Value;

use super::shape::{Node, Shape};
use super::values::{Focus, Values};
use crate::model::Pointer;

/// How many changed documents one document gives.
const MOST: usize = 2_000;
/// How deep a document is changed.
const DEEPEST: usize = 12;

/// The document with one change at a time.
pub(super) fn changes(
    document: &Value,
    nodes: &[Node<'_>],
    values: &mut Values<'_>,
    focus: &dyn Focus,
) -> Vec<Value> {
    let mut mutation = Mutation { values, focus, document, found: Vec::new() };
    mutation.below(document, "", nodes, DEEPEST);
    mutation.found
}

struct Mutation<'m, 'f> {
    values: &'m mut Values<'f>,
    focus: &'m dyn Focus,
    document: &'m Value,
    found: Vec<Value>,
}

impl Mutation<'_, '_> {
    fn below(&mut self, value: &Value, pointer: &str, nodes: &[Node<'_>], depth: usize) {
        if depth == 0 || self.found.len() >= MOST || !self.focus.wants(nodes) {
            return;
        }
        let shape = Shape::of(nodes);
        match value {
            Value::Object(map) => {
                for (key, item) in map {
                    let mut less = map.clone();
                    less.shift_remove(key);
                    self.put(pointer, Value::Object(less));
                    let token = Pointer::escaped(key);
                    self.below(
                        item,
                        &format!("{pointer}/{token}"),
                        &shape.property(key),
                        depth - 1,
                    );
                }
                for name in shape.properties.keys().copied().chain(["unknown"]) {
                    let nodes = shape.property(name);
                    if map.contains_key(name) || !self.focus.wants(&nodes) {
                        continue;
                    }
                    for value in self.values.of(&nodes, 3) {
                        let mut more = map.clone();
                        more.insert(name.to_owned(), value);
                        self.put(pointer, Value::Object(more));
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let nodes = shape.item(index);
                    self.below(item, &format!("{pointer}/{index}"), &nodes, depth - 1);
                }
                for value in self.values.of(&shape.item(items.len()), 3) {
                    let mut more = items.clone();
                    more.push(value);
                    self.put(pointer, Value::Array(more));
                }
            }
            _ => {}
        }
        for value in self.values.of(nodes, 3) {
            self.put(pointer, value);
        }
    }

    /// Notes the document with another value at a place.
    fn put(&mut self, pointer: &str, value: Value) {
        if self.found.len() >= MOST {
            return;
        }
        let mut copy = self.document.clone();
        if let Some(slot) = copy.pointer_mut(pointer) {
            *slot = value;
            self.found.push(copy);
        }
    }
}
