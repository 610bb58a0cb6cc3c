//! Schemas that mean no good, and references of every sort.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{ProblemKind, Schema, SchemaFiles, SchemaProblem, Verdict, compare};
use crate::model::RepoPath;

#[derive(Default)]
struct Shelf(BTreeMap<&'static str, Value>);

impl SchemaFiles for Shelf {
    fn local(&self, path: &RepoPath) -> Option<Value> {
        self.0.get(path.as_str()).cloned()
    }

    fn vendored(&self, uri: &str) -> Option<Value> {
        self.0.get(uri).cloned()
    }
}

fn read(value: &Value, shelf: &Shelf) -> Result<Schema, Vec<SchemaProblem>> {
    Schema::new(value, &RepoPath::new("schemas/root.json").unwrap(), shelf)
}

fn schema(value: &Value) -> Schema {
    read(value, &Shelf::default()).unwrap()
}

/// The kinds of the problems with their places.
fn problems(value: &Value) -> Vec<(ProblemKind, String)> {
    let problems = read(value, &Shelf::default()).unwrap_err();
    problems.into_iter().map(|it| (it.kind, it.pointer)).collect()
}

#[test]
fn every_problem_is_told_with_its_place() {
    let value = json!({
        "properties": {
            "a": {"type": "duration"},
            "b": {"$ref": "#/$defs/none"},
            "c": {"$ref": "https://example.com/other.json"},
            "d": {"$ref": "../../../etc/passwd"},
            "e": {"$ref": "beside.json#/x"},
        }
    });
    let expected = [
        (ProblemKind::Invalid, "/properties/a/type"),
        (ProblemKind::MissingReference, "/properties/b/$ref"),
        (ProblemKind::RemoteReference, "/properties/c/$ref"),
        (ProblemKind::MissingReference, "/properties/d/$ref"),
        (ProblemKind::MissingReference, "/properties/e/$ref"),
    ];
    let found = problems(&value);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (kind, place) in expected {
        assert!(found.contains(&(kind, place.to_owned())), "{place}: {found:?}");
    }
    let draft = json!({"$schema": "https://example.com/my-draft"});
    assert_eq!(problems(&draft), [(ProblemKind::UnknownDraft, "/$schema".to_owned())]);
}

#[test]
fn a_reference_that_only_leads_back_is_refused() {
    for value in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$ref": "#/$defs/a", "$defs": {
            "a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}, true]}
        }}),
    ] {
        assert_eq!(problems(&value)[0].0, ProblemKind::EndlessReference, "{value}");
    }
    let tree = schema(&json!({"type": "object", "properties": {"next": {"$ref": "#"}}}));
    assert!(tree.is_valid(&json!({"next": {"next": {}}})));
    assert!(!tree.is_valid(&json!({"next": {"next": 1}})));
    let narrower =
        json!({"type": "object", "properties": {"next": {"$ref": "#"}}, "maxProperties": 1});
    assert!(matches!(compare(&tree, &schema(&narrower), &[]), Verdict::Breaking(_)));
    assert_eq!(compare(&schema(&narrower), &tree, &[]), Verdict::Compatible);
}

/// `{"$defs": {"n0": body(1), "n1": body(2), …}, "$ref": "#/$defs/n0"}`
fn chain(length: usize, body: impl Fn(Value) -> Value) -> Value {
    let mut named = Map::new();
    for index in 0..length {
        let next = json!({"$ref": format!("#/$defs/n{}", index + 1)});
        named.insert(format!("n{index}"), body(next));
    }
    named.insert(format!("n{length}"), json!({"type": "string"}));
    json!({"$defs": named, "$ref": "#/$defs/n0"})
}

#[test]
fn schemas_that_multiply_are_refused() {
    let doubled = chain(40, |next| json!({"allOf": [next.clone(), next]}));
    assert_eq!(problems(&doubled)[0].0, ProblemKind::TooLarge);
    let long = chain(5_000, |next| json!({"allOf": [next]}));
    assert_eq!(problems(&long)[0].0, ProblemKind::TooLarge);
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({"items": deep});
    }
    assert_eq!(problems(&deep)[0].0, ProblemKind::TooLarge);
}

#[test]
fn what_takes_its_way_through_the_instance_may_be_long() {
    let long = chain(400, |next| json!({"properties": {"a": next}}));
    let (old, new) =
        (schema(&long), schema(&chain(399, |next| json!({"properties": {"a": next}}))));
    assert!(old.is_valid(&json!({"a": {"a": {}}})));
    let _ = compare(&old, &new, &[]);
    assert!(!old.is_valid(&nested(400)));
    assert!(old.validate(&nested(400))[0].message.contains("deeper"));
}

#[test]
fn references_lead_no_deeper_than_the_stack_bears() {
    let step = |next| json!({"properties": {"a": next}});
    assert!(schema(&chain(4_900, step)).is_valid(&nested(100)));
    assert_eq!(problems(&chain(6_000, step))[0].0, ProblemKind::TooLarge);
}

/// `{"a": {"a": … 1}}`
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({"a": inner}))
}

#[test]
fn an_instance_that_takes_endless_steps_is_not_judged() {
    let twice = json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]});
    let value = json!({"type": "object", "properties": {"a": twice}});
    let schema = schema(&value);
    assert_eq!(schema.validate(&nested(8)).len(), 1);
    assert!(!schema.is_valid(&nested(100)));
    assert!(schema.validate(&nested(100))[0].message.contains("too many steps"));
}

#[test]
fn a_pattern_that_explodes_is_no_witness() {
    let old = schema(&json!({"type": "string", "minLength": 1}));
    let new = schema(&json!({"type": "string", "pattern": "^(?=((a+)+)+$)b"}));
    let text = json!("a".repeat(60));
    assert!(!matches!(compare(&old, &new, &[text]), Verdict::Compatible));
    let huge = json!({"pattern": "((a{1000}){1000}){1000}"});
    assert!(!problems(&huge).is_empty());
}

#[test]
fn references_reach_other_files_and_vendored_schemas() {
    let shelf = Shelf(BTreeMap::from([
        ("common/port.json", json!({"$defs": {"port": {"$ref": "number.json"}}})),
        ("common/number.json", json!({"type": "integer"})),
        ("https://example.com/name.json", json!({"type": "string", "minLength": 1})),
    ]));
    let value = json!({"properties": {
        "port": {"$ref": "../common/port.json#/$defs/port"},
        "name": {"$ref": "https://example.com/name.json"},
        "enum": {"$ref": "#/properties/port"},
    }});
    let schema = read(&value, &shelf).unwrap();
    let reached: Vec<&str> = schema.references().iter().map(RepoPath::as_str).collect();
    assert_eq!(reached, ["common/number.json", "common/port.json"]);
    assert!(schema.is_valid(&json!({"port": 1, "name": "a", "enum": 2})));
    let violations = schema.validate(&json!({"port": "x", "name": "", "enum": "y"}));
    let places: Vec<(&str, &str)> =
        violations.iter().map(|it| (it.pointer.as_str(), it.schema.as_str())).collect();
    assert_eq!(places[1].1, "https://example.com/name.json#/minLength");
    assert_eq!(places[2], ("/port", "common/number.json#/type"));
}

#[test]
fn annotations_do_not_count_but_properties_named_like_them_do() {
    let old = json!({"title": "a", "properties": {"title": {"type": "string", "default": "x"}}});
    let noted = json!({"x-new": 1, "properties": {"title": {"type": "string", "examples": [1]}}});
    let changed = json!({"properties": {"title": {"type": "integer"}}});
    assert_eq!(compare(&schema(&old), &schema(&noted), &[]), Verdict::Compatible);
    assert!(matches!(compare(&schema(&old), &schema(&changed), &[]), Verdict::Breaking(_)));
}

#[test]
fn instances_are_valid_and_differ() {
    let value = json!({
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z]+-[0-9]{2}$"},
            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
            "hosts": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        }
    });
    let schema = schema(&value);
    let found = schema.instances(20);
    assert!(found.len() > 10, "{found:?}");
    assert!(found.iter().all(|instance| schema.is_valid(instance)));
    assert!(found.iter().any(|it| it.get("hosts").is_some() && it.get("port").is_some()));
    assert!(found.iter().enumerate().all(|(at, it)| !found[..at].contains(it)), "{found:?}");
    assert_eq!(found, schema.instances(20));
    assert!(schema.instances(usize::MAX).iter().any(|it| it["port"] == 65535));
}

#[test]
fn of_alternatives_the_closest_says_what_is_wrong() {
    let job = |kind: &str, key: &str| {
        json!({"type": "object", "required": ["kind"], "properties": {
            "kind": {"const": kind}, key: {"type": "object", "properties": {"on": {"type": "array"}}}
        }})
    };
    let value = json!({"properties": {"job": {"oneOf": [
        {"type": "string"}, job("a", "run"), job("b", "run")
    ]}}});
    let schema = schema(&value);
    let said = |value: Value| schema.validate(&value)[0].to_string();
    assert_eq!(
        said(json!({"job": {"kind": "b", "run": {"on": "x"}}})),
        "/job/run/on: value is not of type \"array\" (in the closest of 3 alternatives)"
    );
    assert_eq!(said(json!({"job": 1})), "/job: value is not of type \"string\", \"object\"");
}

#[test]
fn a_schema_that_is_wrong_is_told_why() {
    let said = |value: Value| read(&value, &Shelf::default()).unwrap_err()[0].message.clone();
    assert_eq!(
        said(json!({"type": "inetger"})),
        "it is no valid schema: \"inetger\" is no type; did you mean \"integer\"?"
    );
    assert!(said(json!({"type": ["string", "zzzzzz"]})).ends_with("\"zzzzzz\" is no type"));
    let pattern = said(json!({"pattern": "(a"}));
    assert!(pattern.ends_with("unclosed group"), "{pattern}");
}
