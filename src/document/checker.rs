//! The published JSON Schema of a file format of ours, and what it says about such a file.
//!
//! The schema comes from a type, so that the descriptions that editors show are that type's docs.
//! What it has against a file is told by place, in words, and with the way out.

use std::collections::BTreeSet;

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value as Json;

use super::node::{Node, Value};
use crate::model::{
    Location, Problem, ProblemKind, RepoPath, Span, known_words, printable, quoted,
};

/// A file format of ours.
///
/// Words for a `pattern` are taken from `patternErrorMessage`, which editors show as well: what is
/// wrong, a colon, the way out.
pub struct Checker {
    name: &'static str,
    published: Json,
    /// What of it is checked here: the definitions left to the reader stand open.
    checked: Json,
    /// `None` would be a mistake of ours; a test of each format holds its schema to be sound.
    validator: Option<Validator>,
}

impl Checker {
    /// How many violations of one file are told.
    pub const MOST: usize = 100;

    /// The format that `T` describes, published as `file` in `docs/`. Findings about the file as a
    /// whole say `name` of it: "the manifest". The definitions of `left` are not checked here: the
    /// reader of the format does that, because it can tell better what was meant.
    #[must_use]
    pub fn new<T: JsonSchema>(file: &str, name: &'static str, left: &[&str]) -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.transforms.push(Box::new(RecursiveTransform(tidy)));
        let mut schema = settings.into_generator().into_root_schema_for::<T>();
        schema.insert("$id".to_owned(), format!("migration-gate/{file}").into());
        let published = schema.to_value();
        let mut checked = published.clone();
        for definition in left {
            if let Some(schema) = checked.pointer_mut(&format!("/$defs/{definition}")) {
                *schema = Json::Bool(true);
            }
        }
        let validator = jsonschema::validator_for(&checked).ok();
        Self { name, published, checked, validator }
    }

    /// The schema as it is published.
    #[must_use]
    pub fn json_schema(&self) -> String {
        format!("{:#}\n", self.published)
    }

    /// What the schema says against a file, in the order of the file; at most [`Self::MOST`].
    #[must_use]
    pub fn violations(&self, path: &RepoPath, root: &Node) -> Vec<Problem> {
        let value = root.to_json();
        let Some(validator) = &self.validator else {
            let message = format!("the schema of {} could not be compiled", self.name);
            return vec![problem(path, root.span, message, "report this bug")];
        };
        let errors: Vec<_> = validator.iter_errors(&value).take(2 * Self::MOST).collect();
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
            .flat_map(|error| self.explain(path, root, &error))
            .take(Self::MOST)
            .collect();
        sort_problems(&mut problems);
        problems
    }

    fn explain(&self, path: &RepoPath, root: &Node, error: &ValidationError<'_>) -> Vec<Problem> {
        let pointer = error.instance_path().to_string();
        let node = root.at(&pointer);
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            let known = self.keys_beside(error);
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let unknown = unexpected.iter().take(Self::MOST).map(|key| {
                let at = node.entry(key).map_or(node.span, |(span, _)| span);
                problem(path, at, format!("unknown key {}", quoted(key)), known_words(key, &known))
            });
            return unknown.collect();
        }
        let (at, message, help) = self.words(&pointer, node, error);
        let class = pointer.ends_with("/class");
        let kind = if class { ProblemKind::InvalidClass } else { ProblemKind::Invalid };
        vec![Problem { kind, ..problem(path, at, message, help) }]
    }

    /// The keys that the map may have which holds an unknown one.
    fn keys_beside(&self, error: &ValidationError<'_>) -> Vec<String> {
        let properties = self.beside(error, "properties").and_then(Json::as_object);
        properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
    }

    /// A keyword that stands beside the one that was violated.
    fn beside(&self, error: &ValidationError<'_>, keyword: &str) -> Option<&Json> {
        let place = error.schema_path().to_string();
        let (schema, _) = place.rsplit_once('/')?;
        self.checked.pointer(schema)?.get(keyword)
    }

    /// A violation: where, in words, and with the way out.
    fn words(
        &self,
        pointer: &str,
        node: &Node,
        error: &ValidationError<'_>,
    ) -> (Span, String, String) {
        let name = match pointer.rsplit('/').collect::<Vec<_>>()[..] {
            [index, list, ..] if index.parse::<usize>().is_ok() => format!("an item of {list}"),
            [name, ..] if !name.is_empty() => name.to_owned(),
            _ => self.name.to_owned(),
        };
        // The keys of maps are free in some places, and anybody's words.
        let name = printable(&name.chars().take(80).collect::<String>()).into_owned();
        let mut at = node.span;
        let (message, help) = match error.kind() {
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                (format!("the key \"{key}\" is missing"), format!("add \"{key}\""))
            }
            ValidationErrorKind::Constant { expected_value } => (
                format!("{name} {} is not known", shown(node)),
                format!("write {expected_value}, or use a newer migration-gate"),
            ),
            ValidationErrorKind::Enum { options } => {
                let all: Vec<&str> =
                    options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
                let word = node.text().map_or("", |text| text.value);
                (format!("unknown {name} {}", shown(node)), known_words(word, &all))
            }
            ValidationErrorKind::Type { kind } => mistyped(&name, node, kind),
            ValidationErrorKind::MinLength { limit: 1 }
            | ValidationErrorKind::MinItems { limit: 1 }
            | ValidationErrorKind::MinProperties { limit: 1 } => {
                (format!("{name} is empty"), String::new())
            }
            ValidationErrorKind::MaxItems { limit } => {
                (format!("{name} has more than {limit} items"), String::new())
            }
            ValidationErrorKind::Minimum { limit } => {
                (format!("{name} {} is less than {limit}", shown(node)), String::new())
            }
            ValidationErrorKind::Pattern { .. } => {
                let said = self.beside(error, "patternErrorMessage").and_then(Json::as_str);
                let (wrong, help) = said
                    .map(|said| said.split_once(": ").unwrap_or((said, "")))
                    .unwrap_or(("is not written as it should be", ""));
                (format!("{name} {} {wrong}", shown(node)), help.to_owned())
            }
            ValidationErrorKind::UniqueItems => {
                at = second_of_two(node).unwrap_or(at);
                (format!("{name} names the same thing twice"), "keep one of them".to_owned())
            }
            _ => {
                let text: String = error.masked().to_string().chars().take(200).collect();
                (format!("{name}: {}", printable(&text)), String::new())
            }
        };
        (at, message, help)
    }

    /// Holds that the schema compiles and is one.
    #[cfg(test)]
    pub(crate) fn assert_sound(&self) {
        assert!(self.validator.is_some());
        assert!(jsonschema::meta::validate(&self.published).is_ok());
    }

    /// Whether the whole published schema takes a file, nothing left to the reader.
    #[cfg(test)]
    pub(crate) fn takes(&self, root: &Node) -> bool {
        jsonschema::is_valid(&self.published, &root.to_json())
    }
}

/// Line breaks inside a paragraph and defaults of `null` mean nothing to a reader.
fn tidy(schema: &mut Schema) {
    if schema.get("default").is_some_and(Json::is_null) {
        schema.remove("default");
    }
    if let Some(Json::String(text)) = schema.get_mut("description") {
        *text = text.replace("\n\n", "\r").replace('\n', " ").replace('\r', "\n\n");
    }
}

fn mistyped(name: &str, node: &Node, kind: &TypeKind) -> (String, String) {
    let wanted: Vec<String> = match kind {
        TypeKind::Single(kind) => vec![kind.to_string()],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect(),
    };
    let wants = |name: &str| wanted.iter().any(|kind| kind == name);
    let help = match node.value {
        Value::Number(_) | Value::Bool(_) if wants("string") => "put it in quotes".to_owned(),
        Value::Map(_) if wants("array") => {
            format!("write it as a list: [[{name}]] in TOML, a dash before each item in YAML")
        }
        _ => String::new(),
    };
    let wanted = wanted.iter().map(|kind| type_name(kind)).collect::<Vec<_>>().join(" or ");
    (format!("{name} must be {wanted}, not {}", node.what()), help)
}

fn type_name(json: &str) -> &str {
    match json {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map of keys and values",
        other => other,
    }
}

/// The first item of a list that stands before it already.
fn second_of_two(list: &Node) -> Option<Span> {
    let mut seen = BTreeSet::new();
    list.items().iter().find(|item| !seen.insert(item.to_json().to_string())).map(|item| item.span)
}

/// A value as an echo: text and numbers as they are, the rest by its sort.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => {
            format!("({})", node.what())
        }
    }
}

/// Sorts problems by their place, so that a report is the same every time.
pub fn sort_problems(problems: &mut [Problem]) {
    problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
}

/// Something invalid at a place of a file.
#[must_use]
pub fn problem(
    path: &RepoPath,
    at: Span,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Problem {
    Problem {
        kind: ProblemKind::Invalid,
        location: Location::at(path.clone(), at),
        message: message.into(),
        help: help.into(),
    }
}
