//! Values that are not shown, because of the keys under which they stand.

use serde_json::Value;

use crate::model::{Pointer, looks_secret, sha256};

/// What stands in a shown value for one that is not shown.
const HIDDEN: &str = "…";
/// Shorter values than this are words of a message as well, in bytes.
const LEAST: usize = 4;

/// Whether the value at a place is not to be shown.
pub(super) fn is_secret(at: &Pointer) -> bool {
    at.0.iter().any(|token| looks_secret(token))
}

/// A value without the secrets in it.
pub(super) fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                let value = if looks_secret(key) { HIDDEN.into() } else { redacted(value) };
                (key.clone(), value)
            };
            Value::Object(map.iter().map(entry).collect())
        }
        Value::Array(items) => items.iter().map(redacted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A message of a program that has read a document, without the secrets of that document.
pub(super) fn veiled(message: &str, document: &Value) -> String {
    let mut secrets = Vec::new();
    collect(document, false, &mut secrets);
    // The longest first, of which a shorter one may be a part.
    secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    secrets.dedup();
    let mut message = message.to_owned();
    for secret in secrets {
        if message.contains(&secret) {
            message = message.replace(&secret, HIDDEN);
        }
    }
    message
}

/// The values of a document that stand under a secret key, as text and as JSON writes it.
fn collect(value: &Value, is_secret: bool, secrets: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                collect(value, is_secret || looks_secret(key), secrets);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, is_secret, secrets)),
        Value::String(text) if is_secret => {
            let json = value.to_string();
            let inner = json.trim_matches('"').to_owned();
            secrets.extend([text.clone(), inner].into_iter().filter(|one| one.len() >= LEAST));
        }
        Value::Number(number) if is_secret => {
            secrets.extend(Some(number.to_string()).filter(|one| one.len() >= LEAST));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What tells a secret value from another and does not let it be guessed: `salt` is a digest of what
/// only those have who have the documents.
pub(super) fn fact(value: &Value, salt: &str) -> String {
    let digest = sha256(format!("{salt}\n{value}").as_bytes());
    format!("not shown, {}", digest.chars().take(16).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_under_a_secret_key_is_not_shown() {
        assert!(is_secret(&Pointer::parse("/db/dbPassword/0").unwrap()));
        assert!(!is_secret(&Pointer::parse("/db/port").unwrap()));
        let value = json!({"a": [{"api_key": "k-1", "port": 1}], "tokens": ["x"]});
        assert_eq!(redacted(&value), json!({"a": [{"api_key": "…", "port": 1}], "tokens": "…"}));
    }

    #[test]
    fn messages_lose_the_secrets_of_the_document() {
        let document = json!({"db": {"password": "hunter\"2", "pin": 1}, "secrets": ["hunter", 12345],
                              "host": "localhost"});
        assert_eq!(
            veiled("no hunter\"2, \"hunter\\\"2\", hunter, 12345 on localhost", &document),
            "no …, \"…\", …, … on localhost"
        );
    }

    #[test]
    fn a_fact_tells_one_secret_from_another() {
        let told = fact(&json!("a"), "salt");
        assert!(told == fact(&json!("a"), "salt") && told != fact(&json!("b"), "salt"));
        assert!(told != fact(&json!("a"), "other") && told.starts_with("not shown, "), "{told}");
    }
}
