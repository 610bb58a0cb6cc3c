//! The keywords of each draft: which constrain an instance, and where they hold schemas.

use jsonschema::Draft;
use serde_json::{Map, Value};

use crate::model::Pointer;

/// What a keyword's value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// No schema.
    Data,
    /// One schema.
    Schema,
    /// A list of schemas.
    List,
    /// Schemas by name or by pattern.
    Named,
    /// One schema or a list of them.
    SchemaOrList,
    /// By name a schema or a list of names.
    NamedSchemaOrNames,
}

/// How the value that a sub-schema judges relates to the one that its parent judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The same value.
    InPlace,
    /// A property, an item or a property's name of it.
    Child,
}

/// What a keyword that constrains instances of this draft holds; `None` for annotations and for
/// everything that the draft does not know.
pub(super) fn holds(draft: Draft, keyword: &str) -> Option<Holds> {
    let since = |first: Draft, holds| (draft >= first).then_some(holds);
    let until = |last: Draft, holds| (draft <= last).then_some(holds);
    match keyword {
        "type" | "enum" | "multipleOf" | "maximum" | "minimum" | "exclusiveMaximum"
        | "exclusiveMinimum" | "maxLength" | "minLength" | "pattern" | "maxItems" | "minItems"
        | "uniqueItems" | "maxProperties" | "minProperties" | "required" => Some(Holds::Data),
        "allOf" | "anyOf" | "oneOf" => Some(Holds::List),
        "not" | "additionalProperties" => Some(Holds::Schema),
        "properties" | "patternProperties" => Some(Holds::Named),
        "dependencies" => Some(Holds::NamedSchemaOrNames),
        "items" if draft >= Draft::Draft202012 => Some(Holds::Schema),
        "items" => Some(Holds::SchemaOrList),
        "additionalItems" => until(Draft::Draft201909, Holds::Schema),
        "prefixItems" => since(Draft::Draft202012, Holds::List),
        "const" => since(Draft::Draft6, Holds::Data),
        "contains" | "propertyNames" => since(Draft::Draft6, Holds::Schema),
        "if" | "then" | "else" => since(Draft::Draft7, Holds::Schema),
        "dependentRequired" | "minContains" | "maxContains" => {
            since(Draft::Draft201909, Holds::Data)
        }
        "dependentSchemas" => since(Draft::Draft201909, Holds::Named),
        "unevaluatedItems" | "unevaluatedProperties" => since(Draft::Draft201909, Holds::Schema),
        // From 2019-09 on they annotate; the validator asserts them before, as their drafts allow.
        "format" => until(Draft::Draft7, Holds::Data),
        "contentEncoding" | "contentMediaType" => {
            (draft == Draft::Draft6 || draft == Draft::Draft7).then_some(Holds::Data)
        }
        _ => None,
    }
}

/// Which value the schemas below a keyword judge.
pub(super) fn step(keyword: &str) -> Step {
    match keyword {
        "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependencies"
        | "dependentSchemas" | "$ref" => Step::InPlace,
        _ => Step::Child,
    }
}

/// Where the drafts keep schemas that are only used by reference.
pub(super) fn definitions(draft: Draft) -> &'static str {
    if draft >= Draft::Draft201909 { "$defs" } else { "definitions" }
}

/// The schemas that stand directly in `schema`, each with its keyword and its place below it.
pub(super) fn children(draft: Draft, schema: &Map<String, Value>) -> Vec<Child<'_>> {
    schema.iter().flat_map(|(keyword, value)| below(draft, keyword, value)).collect()
}

/// The schemas that stand directly in the value of a keyword.
pub(super) fn below<'a>(draft: Draft, keyword: &'a str, value: &'a Value) -> Vec<Child<'a>> {
    let child = |schema, key| Child { keyword, key, schema };
    match (holds(draft, keyword), value) {
        (Some(Holds::Schema | Holds::SchemaOrList), Value::Object(_) | Value::Bool(_)) => {
            vec![child(value, Key::None)]
        }
        (Some(Holds::List | Holds::SchemaOrList), Value::Array(items)) => {
            let items = items.iter().enumerate();
            items.map(|(index, item)| child(item, Key::Index(index))).collect()
        }
        (Some(Holds::Named | Holds::NamedSchemaOrNames), Value::Object(named)) => named
            .iter()
            .filter(|(_, item)| !item.is_array())
            .map(|(name, item)| child(item, Key::Name(name)))
            .collect(),
        _ => Vec::new(),
    }
}

/// A schema that stands directly in another.
pub(super) struct Child<'a> {
    pub(super) keyword: &'a str,
    key: Key<'a>,
    pub(super) schema: &'a Value,
}

/// Where it stands below its keyword.
enum Key<'a> {
    None,
    Name(&'a str),
    Index(usize),
}

impl<'a> Child<'a> {
    /// The name that it goes by below its keyword.
    pub(super) fn name(&self) -> Option<&'a str> {
        match self.key {
            Key::Name(name) => Some(name),
            Key::None | Key::Index(_) => None,
        }
    }

    /// The JSON Pointer from the parent.
    pub(super) fn pointer(&self) -> String {
        let keyword = Pointer::escaped(self.keyword);
        match self.key {
            Key::None => format!("/{keyword}"),
            Key::Name(name) => format!("/{keyword}/{}", Pointer::escaped(name)),
            Key::Index(index) => format!("/{keyword}/{index}"),
        }
    }
}
