//! Schemas read as if every `format` were an annotation.

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::keyword::{self, Holds};

/// The document without its formats; `None` where it has none that could assert.
pub(super) fn without(draft: Draft, document: &Value) -> Option<Value> {
    let mut found = false;
    let stripped = stripped(draft, document, &mut found);
    found.then_some(stripped)
}

fn stripped(draft: Draft, schema: &Value, found: &mut bool) -> Value {
    let Value::Object(map) = schema else { return schema.clone() };
    let mut kept = Map::new();
    for (key, value) in map {
        let holds = match key.as_str() {
            "format" => {
                *found = true;
                continue;
            }
            "$defs" | "definitions" => Some(Holds::Named),
            key => keyword::holds(draft, key),
        };
        let value = match (holds, value) {
            (Some(Holds::Data) | None, _) => value.clone(),
            (Some(Holds::Named | Holds::NamedSchemaOrNames), Value::Object(named)) => named
                .iter()
                .map(|(name, item)| (name.clone(), stripped(draft, item, found)))
                .collect(),
            (Some(_), Value::Array(items)) => {
                items.iter().map(|item| stripped(draft, item, found)).collect()
            }
            (Some(_), value) => stripped(draft, value, found),
        };
        kept.insert(key.clone(), value);
    }
    Value::Object(kept)
}
