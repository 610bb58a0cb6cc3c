//! What a schema file says of itself.

use jsonschema::Draft;
use serde_json::Value;

use crate::model::Pointer;

/// How many values it holds; `None` where it is deeper or larger than allowed.
pub(super) fn size(value: &Value, depth: usize, most: usize) -> Option<usize> {
    let mut total = 1usize;
    let items: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(map) => Box::new(map.values()),
        _ => return Some(1),
    };
    for item in items {
        let depth = depth.checked_sub(1)?;
        total += size(item, depth, most.checked_sub(total)?)?;
    }
    (total <= most).then_some(total)
}

/// The identifier that a schema gives itself.
pub(super) fn identifier(draft: Draft, schema: &Value) -> Option<&str> {
    let map = schema.as_object()?;
    // Before 2019-09 what stands beside a reference is not read.
    if draft <= Draft::Draft7 && map.contains_key("$ref") {
        return None;
    }
    map.get(if draft == Draft::Draft4 { "id" } else { "$id" })?.as_str()
}

/// The draft that a schema names; `None` where it names none.
///
/// # Errors
///
/// The name, where it is that of no known draft.
pub(super) fn draft_of(schema: &Value) -> Result<Option<Draft>, String> {
    let Some(named) = schema.get("$schema") else { return Ok(None) };
    let named = named.as_str().ok_or_else(|| named.to_string())?;
    let plain = named.trim_end_matches('#');
    let plain = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://"));
    Ok(Some(match plain {
        Some("json-schema.org/draft-04/schema") => Draft::Draft4,
        Some("json-schema.org/draft-06/schema") => Draft::Draft6,
        Some("json-schema.org/draft-07/schema") => Draft::Draft7,
        Some("json-schema.org/draft/2019-09/schema") => Draft::Draft201909,
        Some("json-schema.org/draft/2020-12/schema") => Draft::Draft202012,
        _ => return Err(named.to_owned()),
    }))
}

/// Every keyword that holds definitions of that file's top, in either spelling.
pub(super) fn defined(value: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    for holder in ["$defs", "definitions"] {
        if let Some(named) = value.get(holder).and_then(Value::as_object) {
            let schemas = named.iter().filter(|(_, it)| it.is_object() || it.is_boolean());
            pointers
                .extend(schemas.map(|(name, _)| format!("/{holder}/{}", Pointer::escaped(name))));
        }
    }
    pointers
}
