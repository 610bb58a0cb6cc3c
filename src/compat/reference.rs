//! References between schemas, as text.

use jsonschema::{Draft, Validator};
use serde_json::Value;

use super::wording;
use crate::model::RepoPath;

/// A reference taken apart, with its escapes undone.
pub(super) struct Target {
    /// The document; empty for the one that holds the reference.
    pub(super) document: String,
    /// The fragment without its `#`.
    pub(super) fragment: String,
}

impl Target {
    pub(super) fn of(text: &str) -> Self {
        let (document, fragment) = text.split_once('#').unwrap_or((text, ""));
        Self { document: document.to_owned(), fragment: decoded(fragment) }
    }
}

/// Undoes percent-encoding; what is not UTF-8 afterwards stays as it was.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if bytes[at] == b'%' => {
                plain.push(byte);
                at += 3;
            }
            _ => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

/// The value one key or index below.
pub(super) fn descend<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(token),
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Whether it starts with a scheme.
pub(super) fn is_absolute(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'))
    })
}

/// A URI read from where another stands. Where the base is no URI, the text stays as it is.
pub(super) fn join(base: &str, text: &str) -> String {
    if is_absolute(text) || !is_absolute(base) {
        return text.to_owned();
    }
    let joined = jsonschema::uri::from_str(base)
        .ok()
        .and_then(|base| jsonschema::uri::resolve_against(&base.borrow(), text).ok());
    joined.map_or_else(|| text.to_owned(), |uri| uri.as_str().trim_end_matches('#').to_owned())
}

/// The file that a relative reference names; `None` where it climbs out of the repository.
pub(super) fn beside(from: &RepoPath, document: &str) -> Option<RepoPath> {
    let document = decoded(document.split('?').next().unwrap_or(""));
    let mut folder = match document.starts_with('/') {
        true => RepoPath::root(),
        false => from.parent()?,
    };
    for part in document.split('/') {
        match part {
            "" | "." => {}
            ".." => folder = folder.parent()?,
            part => folder = folder.join(part),
        }
    }
    Some(folder)
}

/// What the draft's own schema says against a schema: place and message, in a stable order.
pub(super) fn meta_errors(draft: Draft, schema: &Value) -> Vec<(String, String)> {
    let validator = match draft {
        Draft::Draft4 => jsonschema::draft4::meta::validator(),
        Draft::Draft6 => jsonschema::draft6::meta::validator(),
        Draft::Draft7 => jsonschema::draft7::meta::validator(),
        Draft::Draft201909 => jsonschema::draft201909::meta::validator(),
        _ => jsonschema::draft202012::meta::validator(),
    };
    let validator: &Validator = &validator;
    let mut errors: Vec<(String, String)> = validator
        .iter_errors(schema)
        .map(|error| (error.instance_path().as_str().to_owned(), wording::of(schema, &error)))
        .collect();
    errors.sort();
    errors.dedup();
    errors
}
