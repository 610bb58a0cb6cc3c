//! What is wrong with a schema, said more plainly than its draft's own schema can say it.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::violation;
use crate::model::{clipped, quoted};

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
/// How many characters are shown of what is wrong with a pattern.
const LONGEST: usize = 200;

/// What an error of the draft's own schema means for this one.
pub(super) fn of(schema: &Value, error: &ValidationError<'_>) -> String {
    let at = error.instance_path().as_str();
    let value = schema.pointer(at);
    if at.ends_with("/type")
        && let Some(name) = value.and_then(unknown_type)
    {
        let near = nearest(name).map(|near| format!("; did you mean \"{near}\"?"));
        return format!("{} is no type{}", quoted(name), near.unwrap_or_default());
    }
    match error.kind() {
        ValidationErrorKind::Format { format } if format == "regex" => {
            let pattern = error.instance().as_str().or_else(|| value.and_then(Value::as_str));
            with_reason(violation::text(error), pattern)
        }
        _ => violation::text(error),
    }
}

/// Why no validator can be made of a schema.
pub(super) fn unusable(error: &ValidationError<'_>) -> String {
    let is_pattern =
        matches!(error.kind(), ValidationErrorKind::Format { format } if format == "regex");
    with_reason(violation::text(error), error.instance().as_str().filter(|_| is_pattern))
}

/// A message about a pattern with what its syntax has against it.
fn with_reason(message: String, pattern: Option<&str>) -> String {
    match pattern.and_then(reason) {
        Some(reason) => format!("{message}: {reason}"),
        None => message,
    }
}

/// What is wrong with a pattern; `None` where only the size or an extension of the syntax is.
fn reason(pattern: &str) -> Option<String> {
    let error = regex_syntax::parse(pattern).err()?.to_string();
    let line = error.lines().rev().find_map(|line| line.strip_prefix("error: "))?;
    (!line.contains("not supported")).then(|| clipped(line, LONGEST))
}

/// The first name in the value of a `type` that is no type.
fn unknown_type(value: &Value) -> Option<&str> {
    let names = match value {
        Value::Array(names) => names.as_slice(),
        name => std::slice::from_ref(name),
    };
    names.iter().filter_map(Value::as_str).find(|name| !TYPES.contains(name))
}

/// The type whose letters differ least, where few do.
fn nearest(name: &str) -> Option<&'static str> {
    let common = match name.to_ascii_lowercase().as_str() {
        "int" | "long" => Some("integer"),
        "float" | "double" => Some("number"),
        "str" | "text" => Some("string"),
        "bool" => Some("boolean"),
        "list" => Some("array"),
        "dict" | "map" => Some("object"),
        "none" | "nil" => Some("null"),
        _ => None,
    };
    let distance = |known: &&str| distance(name, known);
    common.or_else(|| TYPES.into_iter().min_by_key(distance).filter(|known| distance(known) <= 2))
}

/// In how many steps one word becomes the other; of a long one, more than any.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > 2 * other.len() {
        return usize::MAX;
    }
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, it) in one.to_lowercase().chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], index + 1);
        for (at, known) in other.iter().enumerate() {
            let same = corner + usize::from(it != *known);
            corner = row[at + 1];
            row[at + 1] = same.min(row[at] + 1).min(corner + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
