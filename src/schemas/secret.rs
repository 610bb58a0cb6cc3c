//! Values in a schema that look like secrets.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::compat::Violation;
use crate::document::{Node, Value};
use crate::model::{Pointer, Span, looks_secret};

/// How many are told of one file.
const MOST: usize = 100;
/// Keywords whose values are published with the schema.
const KEYWORDS: [&str; 4] = ["default", "const", "enum", "examples"];
/// Keywords whose messages hold nothing of the values that they allow.
const SILENT: [&str; 12] = [
    "type",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "anyOf",
    "oneOf",
    "minItems",
    "maxItems",
];
/// Words of a value that only stands for another.
const PLACEHOLDERS: [&str; 12] = [
    "example",
    "change",
    "your",
    "placeholder",
    "replace",
    "insert",
    "dummy",
    "sample",
    "xxxx",
    "****",
    "redacted",
    "todo",
];

/// A value that looks like a secret.
pub(super) struct Secret {
    /// Where it stands.
    pub(super) span: Span,
    /// What it looks like, with its article.
    pub(super) what: &'static str,
    /// The value; for comparison only, never to be told.
    pub(super) value: String,
}

/// The values of a schema file that look like secrets, in the order of the file.
pub(super) fn secrets(schema: &Node) -> Vec<Secret> {
    let mut found = Vec::new();
    schema_at(schema, "", &mut found);
    found.sort_by_key(|secret| secret.span);
    found
}

/// The values among them that are secrets, for telling old from new.
pub(super) fn values(schema: &Node) -> BTreeSet<String> {
    secrets(schema).into_iter().map(|secret| secret.value).collect()
}

/// Looks below a schema; `name` is that of the property it is for.
fn schema_at(node: &Node, name: &str, found: &mut Vec<Secret>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, child) in entries {
                match key.value.as_str() {
                    keyword if KEYWORDS.contains(&keyword) => value_at(child, name, found),
                    "properties" | "patternProperties" => match &child.value {
                        Value::Map(properties) => {
                            for (key, property) in properties {
                                schema_at(property, &key.value, found);
                            }
                        }
                        _ => schema_at(child, name, found),
                    },
                    _ => schema_at(child, name, found),
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| schema_at(item, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// Looks at a value and what it holds.
fn value_at(node: &Node, name: &str, found: &mut Vec<Secret>) {
    match &node.value {
        Value::Text(text) => {
            if let Some(what) = looks_like(name, text).filter(|_| found.len() < MOST) {
                found.push(Secret { span: node.span, what, value: text.clone() });
            }
        }
        Value::Map(entries) => {
            entries.iter().for_each(|(key, child)| value_at(child, &key.value, found));
        }
        Value::List(items) => items.iter().for_each(|item| value_at(item, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a schema says against a value, as a report may hold it, and whether the value, or one that
/// is allowed in its place, is to stay out of the report.
pub(super) fn told(violation: &Violation, instance: &Json) -> (String, bool) {
    let pointer = Pointer::parse(&violation.pointer).unwrap_or_default();
    let is_named = pointer.0.iter().any(|name| looks_secret(name));
    let value = instance.pointer(&violation.pointer).and_then(Json::as_str);
    let is_shaped = value.is_some_and(|text| looks_like("", text).is_some());
    let keyword = violation.schema.rsplit('/').next().unwrap_or_default();
    let mut words = violation.message.split('"');
    let holds_one = words.any(|word| looks_secret(word) || looks_like("", word).is_some());
    let is_hidden = is_named || is_shaped || holds_one;
    if is_hidden && !SILENT.contains(&keyword) {
        return ("value is not one of the values allowed".to_owned(), true);
    }
    (violation.message.clone(), is_hidden)
}

/// Takes out of a document what looks like a secret or stands where one belongs.
pub(super) fn hide(value: &mut Json, name: &str) {
    match value {
        Json::String(text) => {
            if (looks_secret(name) && !text.is_empty()) || looks_like("", text).is_some() {
                "…".clone_into(text);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| hide(item, name)),
        Json::Object(map) => map.iter_mut().for_each(|(key, item)| {
            // What stands below such a name is meant as well: `secrets: {main: …}`.
            let name = if looks_secret(name) { name } else { key };
            hide(item, name);
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// What a value of that name looks like.
fn looks_like(name: &str, text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    let lower = text.to_ascii_lowercase();
    let is_placeholder = PLACEHOLDERS.iter().any(|word| lower.contains(word))
        || text.contains(['<', '>', '{', '}', '$', '%', ' ', '…']);
    if is_placeholder {
        return None;
    }
    if let Some(what) = token(text) {
        return Some(what);
    }
    (looks_secret(name) && is_random(text)).then_some("a password or key")
}

/// The shapes of well-known tokens.
fn token(text: &str) -> Option<&'static str> {
    let shaped = |prefix: &str, least: usize| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= least
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
                && distinct(rest) > 6
        })
    };
    let any = |prefixes: &[&str], least| prefixes.iter().any(|prefix| shaped(prefix, least));
    if any(&["AKIA", "ASIA"], 16) && text.len() == 20 {
        Some("an AWS access key")
    } else if any(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], 36) || shaped("github_pat_", 22) {
        Some("a GitHub token")
    } else if shaped("glpat-", 20) {
        Some("a GitLab token")
    } else if any(&["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"], 10) {
        Some("a Slack token")
    } else if any(&["sk_live_", "rk_live_"], 16) {
        Some("a Stripe key")
    } else if shaped("AIza", 35) {
        Some("a Google API key")
    } else {
        None
    }
}

fn distinct(text: &str) -> usize {
    text.bytes().collect::<BTreeSet<u8>>().len()
}

/// Whether a text is long and mixed enough that no person made it up as an example.
fn is_random(text: &str) -> bool {
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    let long = text.chars().count() >= 12 && text.len() <= 4_096;
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let is_address = text.contains("://") || text.starts_with(['/', '.', '~']);
    long && mixed && !is_address && distinct(text) * 2 > text.len().min(20)
}

#[cfg(test)]
mod tests {
    use super::{looks_like, secrets};
    use crate::document::{Format, read};

    #[test]
    fn tokens_are_known_by_their_shape() {
        let random = "16C7e42F292c6912E7710c838347Ae178B4a";
        for (text, what) in [
            ("AKIAIOSFODNN7QWERTYU".to_owned(), "an AWS access key"),
            (format!("ghp_{random}"), "a GitHub token"),
            (format!("glpat-{random}"), "a GitLab token"),
            ("xoxb-123456789012-abcdefGHIJ".to_owned(), "a Slack token"),
            (format!("AIza{random}"), "a Google API key"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE".to_owned(), "a private key"),
        ] {
            assert_eq!(looks_like("anything", &text), Some(what), "{text}");
        }
        assert_eq!(looks_like("db_password", "k3J9vQz7Lm2Xp8Rt"), Some("a password or key"));
        assert_eq!(looks_like("apiKey", "9f86d081884c7d659a2f"), Some("a password or key"));
    }

    #[test]
    fn what_only_stands_for_a_secret_is_none() {
        for (name, text) in [
            ("key", "AKIAIOSFODNN7EXAMPLE"),
            ("token", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            ("password", "<your password>"),
            ("password", "changeme123456"),
            ("password", "${DB_PASSWORD_1}"),
            ("password", "hunter2"),
            ("secret_file", "/run/secrets/db1/value"),
            ("token_url", "https://auth.acme.org/oauth2/token"),
            ("secret", "aaaaaaaaaaaaaaaaaaaaaa1"),
            ("secret_name", "database-main-credentials"),
            ("image", "k3J9vQz7Lm2Xp8Rt"),
            ("token", ""),
        ] {
            assert_eq!(looks_like(name, text), None, "{name}: {text}");
        }
    }

    #[test]
    fn every_place_that_is_published_is_looked_at() {
        let text = r#"{"properties": {
            "password": {"default": "k3J9vQz7Lm2Xp8Rt", "description": "k3J9vQz7Lm2Xp8Ra"},
            "db": {"examples": [{"api_key": "9f86d081884c7d659a2f"}]},
            "default": {"type": "string", "enum": ["AKIAIOSFODNN7QWERTYU"]},
            "token": {"anyOf": [{"const": "k3J9vQz7Lm2Xp8Rb"}]}}}"#;
        let found = secrets(&read(Format::Json, text).unwrap());
        let told: Vec<_> = found.iter().map(|it| &text[it.span.start..it.span.end]).collect();
        assert_eq!(
            told,
            [
                "\"k3J9vQz7Lm2Xp8Rt\"",
                "\"9f86d081884c7d659a2f\"",
                "\"AKIAIOSFODNN7QWERTYU\"",
                "\"k3J9vQz7Lm2Xp8Rb\"",
            ]
        );
    }
}
