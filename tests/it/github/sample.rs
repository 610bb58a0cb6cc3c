//! Answers and events as GitHub gives them: what a test says of them, and the least that GitHub
//! describes as always there.

use serde_json::{Map, Value, json};

use super::description::Schema;

/// The value with every member that the schema requires.
pub(super) fn complete(schema: &Schema, value: Value) -> Value {
    fill(&schema.document, &schema.document["allOf"][0], Some(value))
}

fn fill(document: &Value, schema: &Value, value: Option<Value>) -> Value {
    let schema = match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    if let Some(Value::Null) = value {
        return Value::Null;
    }
    let is_object = schema.get("properties").is_some();
    for word in ["anyOf", "oneOf", "allOf"] {
        if let (false, Some(branches)) = (is_object, schema[word].as_array()) {
            let nullable = branches.iter().any(|branch| branch["type"] == "null");
            if nullable && value.is_none() {
                return Value::Null;
            }
            return fill(document, branch(document, branches, value.as_ref()), value);
        }
    }
    match (schema["type"].as_str(), value) {
        (_, Some(Value::Object(given))) => object(document, schema, given),
        (Some("object"), None) => object(document, schema, Map::new()),
        (None, None) if is_object => object(document, schema, Map::new()),
        (_, Some(Value::Array(items))) => {
            items.into_iter().map(|item| fill(document, &schema["items"], Some(item))).collect()
        }
        (_, Some(value)) => value,
        (_, None) => least(schema),
    }
}

/// The branch that a value is of: the first of its kind.
fn branch<'a>(document: &Value, branches: &'a [Value], value: Option<&Value>) -> &'a Value {
    let kind = match value {
        Some(Value::Array(_)) => "array",
        Some(Value::String(_)) => "string",
        _ => "object",
    };
    let is_kind = |branch: &&Value| {
        let branch = match branch["$ref"].as_str() {
            Some(name) => document.pointer(name.trim_start_matches('#')).unwrap(),
            None => branch,
        };
        branch["type"] == kind
    };
    branches.iter().find(is_kind).unwrap_or(&branches[0])
}

fn object(document: &Value, schema: &Value, mut given: Map<String, Value>) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut names: Vec<String> = given.keys().cloned().collect();
    names.extend(required.map(str::to_owned));
    for name in names {
        let value = given.remove(&name);
        given.insert(name.clone(), fill(document, &schema["properties"][&name], value));
    }
    Value::Object(given)
}

/// The least value of a kind.
fn least(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        return first.clone();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("date-time")) => json!("2026-01-01T00:00:00Z"),
        (Some("string"), Some("date")) => json!("2026-01-01"),
        (Some("string"), Some("email")) => json!("n@example.org"),
        (Some("string"), Some("uri" | "uri-template")) => json!("https://example.org/"),
        (Some("integer" | "number"), _) => json!(0),
        (Some("boolean"), _) => json!(false),
        (Some("array"), _) => json!([]),
        (Some("null"), _) => Value::Null,
        _ => json!(""),
    }
}
