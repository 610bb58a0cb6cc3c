//! Whether two schemas have no instance in common. It only ever says yes where that is certain.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::{object, resolve};

/// How deep two schemas are looked into.
const DEEPEST: usize = 8;
/// How many pairs of schemas one answer may look at.
const MOST: usize = 400;

/// What is left of both bounds.
#[derive(Clone, Copy)]
struct Left<'s> {
    depth: usize,
    steps: &'s Cell<usize>,
}

impl Left<'_> {
    fn deeper(self) -> Self {
        Self { depth: self.depth.saturating_sub(1), ..self }
    }

    /// Whether one more pair may be looked at.
    fn step(self) -> bool {
        let steps = self.steps.get();
        self.steps.set(steps.saturating_sub(1));
        self.depth > 0 && steps > 0
    }
}

/// A schema and the document that its references are resolved in.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) root: &'a Value,
    pub(super) schema: &'a Value,
}

impl<'a> At<'a> {
    fn with(self, schema: &'a Value) -> Self {
        Self { schema, ..self }
    }
}

/// Whether no instance is valid under both.
pub(super) fn disjoint(one: At<'_>, other: At<'_>) -> bool {
    apart(one, other, Left { depth: DEEPEST, steps: &Cell::new(MOST) })
}

fn apart(one: At<'_>, other: At<'_>, left: Left<'_>) -> bool {
    if one.schema == &Value::Bool(false) || other.schema == &Value::Bool(false) {
        return true;
    }
    let (Value::Object(a), Value::Object(b)) = (one.schema, other.schema) else { return false };
    if !left.step() {
        return false;
    }
    by_type(a, b)
        || by_member(one, a, other, b, left)
        || by_member(other, b, one, a, left)
        || narrowed(one, a, other, left)
        || narrowed(other, b, one, left)
}

/// Whether a part that every instance of the first also satisfies has nothing of the second.
fn narrowed(one: At<'_>, map: &Map<String, Value>, other: At<'_>, left: Left<'_>) -> bool {
    let list = |keyword: &str| map.get(keyword).and_then(Value::as_array);
    let apart = |schema| apart(one.with(schema), other, left.deeper());
    let target = map.get("$ref").and_then(Value::as_str);
    target.and_then(|name| resolve::definition(one.root, name)).is_some_and(apart)
        || list("allOf").is_some_and(|all| all.iter().any(apart))
        || list("anyOf").is_some_and(|any| any.iter().all(apart))
        || list("oneOf").is_some_and(|any| any.iter().all(apart))
}

/// Whether the types, or the texts that are listed, have nothing in common.
fn by_type(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let types = object::types(a).zip(object::types(b));
    let whole = |name: &str| matches!(name, "integer" | "number");
    let by_type = types.is_some_and(|(a, b)| {
        !a.iter().any(|one| b.iter().any(|other| one == other || (whole(one) && whole(other))))
    });
    // What is one number may be written in two ways, so that only texts are compared.
    let texts = |map| -> Option<Vec<&str>> {
        object::listed(map)?.into_iter().map(Value::as_str).collect()
    };
    by_type
        || texts(a).zip(texts(b)).is_some_and(|(a, b)| !a.iter().any(|text| b.contains(text)))
        || texts(a).is_some_and(|_| object::types(b).is_some_and(|it| !it.contains(&"string")))
        || texts(b).is_some_and(|_| object::types(a).is_some_and(|it| !it.contains(&"string")))
}

/// Whether a property that is demanded cannot have a value that suits both.
fn by_member(
    one: At<'_>,
    a: &Map<String, Value>,
    other: At<'_>,
    b: &Map<String, Value>,
    left: Left<'_>,
) -> bool {
    let only_objects = |map: &Map<String, Value>| map.get("type").is_some_and(|it| it == "object");
    if !only_objects(a) && !only_objects(b) {
        return false;
    }
    let demanded = a.get("required").and_then(Value::as_array).into_iter().flatten();
    demanded.filter_map(Value::as_str).any(|name| {
        let own = a.get("properties").and_then(|named| named.get(name));
        let its = b.get("properties").and_then(|named| named.get(name));
        let forbidden = its.is_none()
            && !b.contains_key("patternProperties")
            && b.get("additionalProperties") == Some(&Value::Bool(false));
        forbidden
            || its == Some(&Value::Bool(false))
            || own
                .zip(its)
                .is_some_and(|(own, its)| apart(one.with(own), other.with(its), left.deeper()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apart(one: &Value, other: &Value) -> bool {
        disjoint(At { root: one, schema: one }, At { root: other, schema: other })
    }

    #[test]
    fn types_texts_and_demanded_properties_tell_schemas_apart() {
        assert!(apart(&json!({"type": "string"}), &json!({"type": ["array", "null"]})));
        assert!(apart(&json!({"enum": ["a"]}), &json!({"enum": ["b", "c"]})));
        let kind = |name| json!({"type": "object", "required": ["k"], "properties": {"k": {"const": name}}});
        assert!(apart(&kind("a"), &kind("b")));
        let closed = json!({"type": "object", "additionalProperties": false});
        assert!(apart(&kind("a"), &closed));
    }

    #[test]
    fn what_may_have_an_instance_in_common_is_not_apart() {
        assert!(!apart(&json!({"type": "integer"}), &json!({"type": "number"})));
        assert!(!apart(&json!({"enum": [1]}), &json!({"enum": [1.0]})));
        // A value that is no object is valid under both.
        let open = |name| json!({"required": ["k"], "properties": {"k": {"const": name}}});
        assert!(!apart(&open("a"), &open("b")));
        let optional = |name| json!({"type": "object", "properties": {"k": {"const": name}}});
        assert!(!apart(&optional("a"), &optional("b")));
    }
}
