//! GitHub's own OpenAPI description, cut down to the operations in use.
//!
//! It is the npm package `@octokit/openapi`, looked for beside the folders of
//! `MIGRATION_GATE_TOOLS` and then below `target/tools`. In a CI on Linux it must be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jsonschema::{Draft, Validator};
use migration_gate::host;
use serde_json::{Map, Value, json};

use super::routes;
use crate::tracking::in_ci;

/// What is read of the package.
const FILE: &str = "@octokit/openapi/generated/api.github.com.json";
/// What GitHub answers where a status is not described.
const ERROR: &str = "basic-error";

/// A schema of the description with all it refers to; its validator is built when first asked.
pub(super) struct Schema {
    pub(super) document: Value,
    validator: OnceLock<Validator>,
}

impl Schema {
    fn new(schema: &Value, whole: &Value) -> Self {
        let mut components = Map::new();
        let mut open = vec![schema.clone()];
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            for name in references(&next).into_iter().filter(|name| seen.insert(name.clone())) {
                let found = whole.pointer(&format!("/components/schemas/{name}"));
                let found = found.unwrap_or_else(|| panic!("{name} is not described")).clone();
                components.insert(name, with_null(&found));
                open.push(found);
            }
        }
        let document = json!({
            "allOf": [with_null(schema)],
            "components": { "schemas": components },
        });
        Self { document, validator: OnceLock::new() }
    }

    /// What is wrong with a value, one line each.
    pub(super) fn faults(&self, value: &Value) -> Vec<String> {
        let validator = self.validator.get_or_init(|| {
            let options = jsonschema::options().with_draft(Draft::Draft4);
            options.should_validate_formats(true).build(&self.document).unwrap()
        });
        let faults = validator.iter_errors(value);
        faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
    }
}

/// An operation as GitHub describes it.
pub(super) struct Operation {
    path: BTreeMap<String, Value>,
    query: BTreeMap<String, Value>,
    body: Option<Schema>,
    pub(super) answers: BTreeMap<u16, Schema>,
}

impl Operation {
    fn new(described: &Value, whole: &Value) -> Self {
        let mut operation = Self {
            path: BTreeMap::new(),
            query: BTreeMap::new(),
            body: None,
            answers: BTreeMap::new(),
        };
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(parameter, whole);
            let place = match parameter["in"].as_str() {
                Some("path") => &mut operation.path,
                _ => &mut operation.query,
            };
            let name = parameter["name"].as_str().unwrap().to_owned();
            place.insert(name, parameter["schema"].clone());
        }
        let schema = |part: &Value| -> Option<Value> {
            resolved(part, whole).pointer("/content/application~1json/schema").cloned()
        };
        operation.body =
            schema(&described["requestBody"]).map(|body| Schema::new(&closed(&body), whole));
        for (status, answer) in described["responses"].as_object().into_iter().flatten() {
            let described = schema(answer).zip(status.parse().ok());
            if let Some((schema, status)) = described {
                operation.answers.insert(status, Schema::new(&schema, whole));
            }
        }
        operation
    }

    /// What is wrong with a request, one line each.
    pub(super) fn faults(
        &self,
        path: &BTreeMap<String, String>,
        query: &BTreeMap<String, String>,
        body: Option<&Value>,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        for (given, described, place) in [(path, &self.path, "path"), (query, &self.query, "query")]
        {
            for (name, value) in given {
                match described.get(name) {
                    None => faults.push(format!("the {place} has no {name}")),
                    Some(schema) => faults.extend(
                        misfit(schema, value).map(|why| format!("{name} = {value}: {why}")),
                    ),
                }
            }
        }
        if query.get("per_page").and_then(|count| count.parse().ok()).is_some_and(|n: u32| n > 100)
        {
            faults.push("per_page is at most 100".to_owned());
        }
        match (&self.body, body) {
            (Some(schema), Some(body)) => faults.extend(schema.faults(body)),
            (None, Some(_)) => faults.push("it takes no body".to_owned()),
            (Some(_), None) => faults.push("it needs a body".to_owned()),
            (None, None) => {}
        }
        faults
    }
}

/// What is in use of GitHub's description.
pub(super) struct Description {
    operations: BTreeMap<(&'static str, &'static str), Operation>,
    events: BTreeMap<&'static str, Schema>,
    error: Schema,
}

impl Description {
    /// The description, read once; loudly nothing where the package is not installed.
    pub(super) fn get() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Description>> = OnceLock::new();
        FOUND.get_or_init(|| file().map(|file| Self::read(&file))).as_ref()
    }

    fn read(file: &Path) -> Self {
        let whole: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let operations = routes::ROUTES.iter().map(|route| {
            let described = &whole["paths"][route.path][route.method.to_lowercase()];
            assert!(described.is_object(), "GitHub has no {} {}", route.method, route.path);
            ((route.method, route.path), Operation::new(described, &whole))
        });
        let events = super::events::NAMES.iter().map(|name| {
            let place = "/post/requestBody/content/application~1json/schema";
            let schema = whole["x-webhooks"][*name].pointer(place);
            let schema = schema.unwrap_or_else(|| panic!("GitHub has no event {name}"));
            (*name, Schema::new(schema, &whole))
        });
        Self {
            operations: operations.collect(),
            events: events.collect(),
            error: Schema::new(&whole["components"]["schemas"][ERROR], &whole),
        }
    }

    pub(super) fn operation(&self, route: &routes::Route) -> &Operation {
        &self.operations[&(route.method, route.path)]
    }

    /// The schema of an event's payload.
    pub(super) fn event(&self, name: &str) -> &Schema {
        &self.events[name]
    }

    /// The schema of an answer.
    pub(super) fn answer(&self, route: &routes::Route, status: u16) -> &Schema {
        let described = self.operation(route).answers.get(&status);
        assert!(described.is_some() || status >= 400, "{} gives no {status}", route.path);
        described.unwrap_or(&self.error)
    }
}

fn file() -> Option<PathBuf> {
    let lists = host::env("MIGRATION_GATE_TOOLS").into_iter();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    let folders = lists.flat_map(|list| std::env::split_paths(&list).collect::<Vec<_>>());
    let found = folders.chain([own]).find_map(|folder| {
        // Programs are in `bin` or `node_modules/.bin`.
        let above = folder.ancestors().skip(1).take(2).map(Path::to_owned);
        above.map(|top| top.join("node_modules").join(FILE)).find(|file| file.is_file())
    });
    if found.is_none() {
        assert!(!in_ci() || !cfg!(target_os = "linux"), "@octokit/openapi is not installed");
        eprintln!("SKIPPED: requests are not held against GitHub's description: no {FILE}");
    }
    found
}

/// The names of the schemas that a part of the description refers to.
fn references(part: &Value) -> Vec<String> {
    match part {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).into_iter();
            let own = own.filter_map(|name| name.strip_prefix("#/components/schemas/"));
            let own: Vec<String> = own.map(str::to_owned).collect();
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn resolved<'a>(part: &'a Value, whole: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(name) => whole.pointer(name.trim_start_matches('#')).unwrap(),
        None => part,
    }
}

/// OpenAPI 3.0 says `nullable` where JSON Schema has a type of its own.
fn with_null(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let inner = members.iter().filter(|(name, _)| *name != "nullable");
            let inner = inner.map(|(name, member)| (name.clone(), with_null(member)));
            let inner = Value::Object(inner.collect());
            match members.get("nullable") == Some(&Value::Bool(true)) {
                true => json!({ "anyOf": [inner, { "type": "null" }] }),
                false => inner,
            }
        }
        Value::Array(items) => items.iter().map(with_null).collect(),
        other => other.clone(),
    }
}

/// A request's objects with no members but those described, so that a misspelt one is seen.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut closed: Map<String, Value> = members
                .iter()
                .map(|(name, member)| (name.clone(), closed_member(member)))
                .collect();
            let is_object = closed.get("type") == Some(&json!("object"));
            if is_object && closed.contains_key("properties") {
                closed.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            Value::Object(closed)
        }
        other => other.clone(),
    }
}

fn closed_member(member: &Value) -> Value {
    match member {
        Value::Object(_) => closed(member),
        // What is below `oneOf` and its like describes parts of an object only.
        other => other.clone(),
    }
}

/// Why a parameter's text does not fit.
fn misfit(schema: &Value, text: &str) -> Option<String> {
    let is_number = schema["type"] == "integer";
    if is_number && text.parse::<u64>().is_err() {
        return Some("not a number".to_owned());
    }
    let words = schema["enum"].as_array()?;
    let known = words.iter().any(|word| word.as_str() == Some(text));
    (!known).then(|| format!("not one of {words:?}"))
}
