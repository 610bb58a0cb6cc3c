//! The published JSON Schema of the manifest, and what it says about one.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};

use crate::document::{Node, Value};
use crate::model::{Class, Location, Problem, ProblemKind, RepoPath, Span, printable, quoted};

/// How many violations of one manifest are reported.
pub(super) const MOST: usize = 100;

/// The manifest of a set of migrations: each migration's class and what it depends on.
#[derive(JsonSchema)]
#[schemars(title = "migration_manifest", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawManifest {
    /// Where this schema is found, for editors.
    #[schemars(rename = "$schema", default, with = "String")]
    schema: Option<String>,
    /// Version of this format; the only one is 1.
    #[schemars(extend("const" = 1))]
    manifest_version: i64,
    /// The id of the last migration that needs no entry: history up to and including it runs but
    /// is not judged.
    #[schemars(default, with = "String", length(min = 1))]
    baseline: Option<String>,
    /// The migrations, in the order in which they run.
    migrations: Vec<RawEntry>,
}

/// One migration.
#[derive(JsonSchema)]
#[schemars(rename = "Migration", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawEntry {
    /// The migration's id, as reports show it: the file's name without direction and extension.
    #[schemars(length(min = 1))]
    id: String,
    /// When it may run: `online` while the old code serves, `post_deploy` after the new code is
    /// out, `manual_backfill` when an operator moves the data.
    #[schemars(
        default,
        with = "String",
        extend("enum" = ["online", "post_deploy", "manual_backfill"])
    )]
    class: Option<String>,
    /// Ids of the migrations that must have run before.
    #[schemars(
        default,
        with = "Vec<String>",
        inner(length(min = 1)),
        extend("uniqueItems" = true)
    )]
    depends_on: Vec<String>,
    /// SHA-256 of the up script's file, in hexadecimal digits.
    #[schemars(default, with = "String", regex(pattern = r"^[0-9a-fA-F]{64}$"))]
    checksum: Option<String>,
    /// What it is for, in words for people.
    #[schemars(default, with = "String")]
    description: Option<String>,
}

/// The JSON Schema of a manifest, as published in `docs/manifest.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    format!("{:#}\n", schema())
}

fn schema() -> serde_json::Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.transforms.push(Box::new(RecursiveTransform(tidy)));
    let mut schema = settings.into_generator().into_root_schema_for::<RawManifest>();
    schema.insert("$id".to_owned(), "migration-gate/manifest.schema.json".into());
    schema.to_value()
}

/// Line breaks inside a paragraph and defaults of `null` mean nothing to a reader.
fn tidy(schema: &mut Schema) {
    if schema.get("default").is_some_and(serde_json::Value::is_null) {
        schema.remove("default");
    }
    if let Some(serde_json::Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("\n\n", "\r").replace('\n', " ").replace('\r', "\n\n");
    }
}

/// `None` would be a mistake of ours; a test holds the schema to be sound.
static VALIDATOR: LazyLock<Option<Validator>> =
    LazyLock::new(|| jsonschema::validator_for(&schema()).ok());

/// What the schema says against a manifest, in the order of the file.
pub(super) fn violations(path: &RepoPath, root: &Node) -> Vec<Problem> {
    let value = root.to_json();
    let Some(validator) = &*VALIDATOR else {
        let message = "the manifest's own schema could not be compiled";
        return vec![problem(path, ProblemKind::Invalid, root.span, message, "report this bug")];
    };
    let errors: Vec<_> = validator.iter_errors(&value).take(2 * MOST).collect();
    // What is of the wrong type is not one of the allowed values either: that is said once.
    let mistyped: BTreeSet<String> = errors
        .iter()
        .filter(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }))
        .map(|error| error.instance_path().to_string())
        .collect();
    let mut problems: Vec<_> = errors
        .into_iter()
        .filter(|error| match error.kind() {
            ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
                !mistyped.contains(&error.instance_path().to_string())
            }
            _ => true,
        })
        .flat_map(|error| explain(path, root, &error))
        .take(MOST)
        .collect();
    sort(&mut problems);
    problems
}

fn explain(path: &RepoPath, root: &Node, error: &ValidationError<'_>) -> Vec<Problem> {
    let pointer = error.instance_path().to_string();
    let node = root.at(&pointer);
    let kind = match pointer.split('/').collect::<Vec<_>>()[..] {
        ["", "migrations", _, "class"] => ProblemKind::InvalidClass,
        _ => ProblemKind::Invalid,
    };
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
        let known = "known keys: $schema, manifest_version, baseline, migrations; in a migration: \
                     id, class, depends_on, checksum, description";
        let unknown = unexpected.iter().take(MOST).map(|key| {
            let at = node.entry(key).map_or(node.span, |(span, _)| span);
            problem(path, kind, at, format!("unknown key {}", quoted(key)), known)
        });
        return unknown.collect();
    }
    let (message, help) = words(&pointer, node, error);
    vec![problem(path, kind, node.span, message, help)]
}

/// A violation in words, with the way out.
fn words(pointer: &str, node: &Node, error: &ValidationError<'_>) -> (String, String) {
    let name = match pointer.rsplit('/').collect::<Vec<_>>()[..] {
        [index, list, ..] if index.parse::<usize>().is_ok() => format!("an item of {list}"),
        [name, ..] if !name.is_empty() => name.to_owned(),
        _ => "the manifest".to_owned(),
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            (format!("the key \"{key}\" is missing"), format!("add \"{key}\""))
        }
        ValidationErrorKind::Constant { expected_value } => (
            format!("{name} {} is not known", shown(node)),
            format!("write {expected_value}, or use a newer migration-gate"),
        ),
        ValidationErrorKind::Enum { .. } => {
            let all = Class::ALL.map(Class::name).join(", ");
            (format!("unknown {name} {}", shown(node)), format!("use one of {all}"))
        }
        ValidationErrorKind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(kind) => kind.to_string(),
                TypeKind::Multiple(_) => "another type".to_owned(),
            };
            let help = match (&node.value, wanted.as_str()) {
                (Value::Number(_) | Value::Bool(_), "string") => "put it in quotes",
                _ => "",
            };
            let message = format!("{name} must be {}, not {}", type_name(&wanted), found(node));
            (message, help.to_owned())
        }
        ValidationErrorKind::MinLength { .. } => (format!("{name} is empty"), String::new()),
        ValidationErrorKind::Pattern { .. } => (
            format!("{name} {} is not a SHA-256", shown(node)),
            "write 64 hexadecimal digits".to_owned(),
        ),
        ValidationErrorKind::UniqueItems => {
            (format!("{name} names the same migration twice"), "keep one of them".to_owned())
        }
        _ => {
            let text: String = error.masked().to_string().chars().take(200).collect();
            (format!("{name}: {}", printable(&text)), String::new())
        }
    }
}

fn type_name(json: &str) -> &str {
    match json {
        "string" => "text",
        "integer" => "a whole number",
        "array" => "a list",
        "object" => "a map of keys and values",
        other => other,
    }
}

fn found(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Text(_) => "text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}

/// A value as an echo: text and numbers as they are, the rest by its sort.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => {
            format!("({})", found(node))
        }
    }
}

/// Sorts problems by their place, so that a report is the same every time.
pub(super) fn sort(problems: &mut [Problem]) {
    problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
}

pub(super) fn problem(
    path: &RepoPath,
    kind: ProblemKind,
    at: Span,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Problem {
    Problem {
        kind,
        location: Location::at(path.clone(), at),
        message: message.into(),
        help: help.into(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_is_sound() {
        assert!(super::VALIDATOR.is_some());
        assert!(jsonschema::meta::validate(&super::schema()).is_ok());
    }
}
