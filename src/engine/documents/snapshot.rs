//! Documents described as objects: one for each, and one for each value that holds no other.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pass::{self, Document};
use super::secret;
use crate::model::{DocumentOrigin, Object, ObjectKey, Pointer, Snapshot, sha256};

/// How much of a value stands in a snapshot, in characters; of longer ones a digest as well.
const SHOWN: usize = 200;

/// Describes documents. Their values are facts; how they are written is worth a note, but for those
/// that nobody wrote. Secrets are told by their digest with `salt`.
pub(super) fn of(documents: &[Document], salt: &str) -> Snapshot {
    let mut objects = BTreeMap::new();
    for document in documents {
        let key = ObjectKey::new("document", document.path.as_str());
        let mut object = Object::default();
        if document.origin != DocumentOrigin::Generated {
            object.notes.insert("text".into(), digest(&document.text));
        }
        match pass::value(document) {
            Ok(value) => leaves(&value, (&key, salt), &mut objects),
            // Nothing is known of its values, so the text itself must stay what it is.
            Err(reason) => {
                object.facts.insert("unreadable".into(), reason);
                object.facts.insert("text".into(), digest(&document.text));
            }
        }
        objects.insert(key, object);
    }
    Snapshot { objects }
}

/// Adds the values that hold no others: scalars, and empty maps and lists.
fn leaves(
    root: &Value,
    (document, salt): (&ObjectKey, &str),
    objects: &mut BTreeMap<ObjectKey, Object>,
) {
    let mut open = vec![(Pointer::default(), root)];
    while let Some((at, value)) = open.pop() {
        match value {
            Value::Object(map) if !map.is_empty() => {
                open.extend(map.iter().map(|(key, value)| (at.join(key), value)));
            }
            Value::Array(items) if !items.is_empty() => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, value)| (at.join(index.to_string()), value)));
            }
            _ => {
                let mut object = Object { parent: Some(document.clone()), ..Object::default() };
                let fact = match secret::is_secret(&at) {
                    true => secret::fact(value, salt),
                    false => fact(value),
                };
                object.facts.insert("value".into(), fact);
                objects.insert(ObjectKey::new("value", format!("{}#{at}", document.name)), object);
            }
        }
    }
}

/// A value as JSON in one line, long ones cut and with a digest.
fn fact(value: &Value) -> String {
    // Snapshots are compared without white space outside quotes, and a quote inside one would end
    // it to them.
    let json = value.to_string().replace("\\\"", "\\u0022");
    match json.char_indices().nth(SHOWN) {
        None => json,
        Some((end, _)) => format!("{}… sha256 {}", &json[..end], digest(&json)),
    }
}

/// The start of a digest: enough to tell texts apart.
fn digest(text: &str) -> String {
    sha256(text.as_bytes()).chars().take(32).collect()
}
