//! A schema and everything it refers to as one document.
//!
//! Only what constrains instances is kept, every reference is written as one to a definition of
//! the same document, and definitions are named by where they come from, so that the same place
//! has the same name in two revisions.

use std::collections::BTreeMap;

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::document;
use super::keyword::{self, Holds};
use super::load::{Files, LARGEST, Place};
use super::problem::ProblemKind;
use crate::model::Pointer;

/// How many places a schema may refer to. Each may lead to the next, as deep as the stack bears.
const MOST_DEFINITIONS: usize = 5_000;

/// Makes one document of the files, reading further ones as references lead to them. Problems
/// are reported to `files`; the document is only of use where there are none.
pub(super) fn resolve(files: &mut Files<'_>) -> Value {
    let mut resolver = Resolver {
        files,
        known: BTreeMap::new(),
        waiting: Vec::new(),
        dynamic: Vec::new(),
        size: 0,
    };
    let top = Place { file: 0, pointer: String::new() };
    let root = resolver.rewritten(&top);
    // What no reference reaches constrains nothing, but its own references must lead somewhere.
    let needed = resolver.drain();
    let unused = resolver.files.list.first().map(|file| document::defined(&file.value));
    for pointer in unused.unwrap_or_default() {
        resolver.rewritten(&Place { file: 0, pointer });
    }
    resolver.drain();
    resolver.demand_unique_anchors();
    let Value::Object(mut root) = root else { return root };
    if !needed.is_empty() {
        let named = needed.into_iter().collect::<Map<String, Value>>();
        root.insert(keyword::definitions(resolver.files.draft).to_owned(), Value::Object(named));
    }
    Value::Object(root)
}

struct Resolver<'f, 's> {
    files: &'f mut Files<'s>,
    /// The definitions that were asked for, by place.
    known: BTreeMap<Place, String>,
    waiting: Vec<Place>,
    /// The dynamic references with the name each looks for and how often it may be an anchor.
    dynamic: Vec<(Place, String, usize)>,
    size: usize,
}

impl Resolver<'_, '_> {
    /// Rewrites every definition that was asked for, and those that they ask for.
    fn drain(&mut self) -> BTreeMap<String, Value> {
        let mut done = BTreeMap::new();
        while let Some(place) = self.waiting.pop() {
            let name = self.known.get(&place).cloned().unwrap_or_default();
            let value = self.rewritten(&place);
            done.insert(name, value);
        }
        done
    }

    fn rewritten(&mut self, place: &Place) -> Value {
        match self.files.get(place).cloned() {
            Some(schema) => self.schema(&schema, place),
            None => Value::Bool(true),
        }
    }

    fn schema(&mut self, schema: &Value, at: &Place) -> Value {
        let Value::Object(map) = schema else { return schema.clone() };
        self.size += map.len() + 1;
        if self.size > LARGEST || self.known.len() > MOST_DEFINITIONS {
            let message = "the schema is too large once its references are followed".to_owned();
            let help = "split it into schemas that are judged one by one";
            let top = Place { file: 0, pointer: String::new() };
            self.files.report(ProblemKind::TooLarge, &top, message, help);
            return Value::Bool(true);
        }
        let mut kept = Map::new();
        let draft = self.files.draft;
        if let Some(text) = map.get("$ref").and_then(Value::as_str) {
            kept.insert("$ref".to_owned(), self.reference(text, at));
            if draft <= Draft::Draft7 {
                return Value::Object(kept);
            }
        }
        if let Some(target) = self.dynamic(map, at) {
            // Beside a `$ref` it is one more condition.
            if kept.contains_key("$ref") {
                let both = Value::Object(Map::from_iter([("$ref".to_owned(), target)]));
                kept.insert("allOf".to_owned(), Value::Array(vec![both]));
            } else {
                kept.insert("$ref".to_owned(), target);
            }
        }
        for (keyword, value) in map {
            let Some(holds) = keyword::holds(draft, keyword) else { continue };
            if keyword == "format" && !known_format(draft, value) {
                continue;
            }
            let value = self.value(holds, keyword, value, at);
            match (kept.get_mut(keyword), value) {
                (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
                (_, value) => {
                    kept.insert(keyword.clone(), value);
                }
            }
        }
        Value::Object(kept)
    }

    fn value(&mut self, holds: Holds, keyword: &str, value: &Value, at: &Place) -> Value {
        let below = |token: &str| Place {
            file: at.file,
            pointer: format!(
                "{}/{}/{}",
                at.pointer,
                Pointer::escaped(keyword),
                Pointer::escaped(token)
            ),
        };
        match (holds, value) {
            (Holds::Data, _) => value.clone(),
            (Holds::List | Holds::SchemaOrList, Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.schema(item, &below(&index.to_string())))
                .collect(),
            (Holds::Named | Holds::NamedSchemaOrNames, Value::Object(named)) => named
                .iter()
                .map(|(name, item)| (name.clone(), self.schema(item, &below(name))))
                .collect(),
            _ => {
                let pointer = format!("{}/{}", at.pointer, Pointer::escaped(keyword));
                self.schema(value, &Place { file: at.file, pointer })
            }
        }
    }

    /// What stands for a `$dynamicRef` or `$recursiveRef`, as a plain reference.
    fn dynamic(&mut self, map: &Map<String, Value>, at: &Place) -> Option<Value> {
        let (keyword, first) = match self.files.draft {
            Draft::Draft201909 => ("$recursiveRef", 0),
            Draft::Draft202012 => ("$dynamicRef", 1),
            _ => return None,
        };
        let text = map.get(keyword)?.as_str()?;
        let name = text.rsplit('#').next().unwrap_or("").to_owned();
        let pointer = format!("{}/{keyword}", at.pointer);
        self.dynamic.push((Place { file: at.file, pointer }, name, first));
        Some(self.reference(text, at))
    }

    /// Which anchors there are is only known when every file was read.
    fn demand_unique_anchors(&mut self) {
        for (place, name, most) in std::mem::take(&mut self.dynamic) {
            if self.files.dynamic.get(&name).is_some_and(|count| *count > most) {
                let message = "what this reference means depends on who refers to the schema";
                let help = "use `$ref`, or give the anchor to one schema only";
                self.files.report(ProblemKind::Unsupported, &place, message.to_owned(), help);
            }
        }
    }

    fn reference(&mut self, text: &str, at: &Place) -> Value {
        let place = match self.files.resolve(at, text) {
            Ok(place) => place,
            Err(why) => {
                self.files.unresolved(at, text, why);
                return Value::String("#".to_owned());
            }
        };
        let holder = keyword::definitions(self.files.draft);
        let file = self.files.list.get(place.file).map_or("", |file| file.name.as_str());
        let name = encoded(&format!("{file}#{}", place.pointer));
        let text = format!("#/{holder}/{name}");
        if self.known.insert(place.clone(), name).is_none() {
            self.waiting.push(place);
        }
        Value::String(text)
    }
}

fn known_format(draft: Draft, format: &Value) -> bool {
    format.as_str().is_some_and(|name| jsonschema::options().is_known_format(draft, name))
}

/// A place as a name that needs no escape in a URI or a JSON Pointer.
fn encoded(place: &str) -> String {
    let mut name = String::with_capacity(place.len() + 8);
    for byte in place.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' => name.push(char::from(byte)),
            byte => name.push_str(&format!("_{byte:02x}")),
        }
    }
    name
}

/// The place that [`encoded`] was given.
fn decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let code = rest.get(1..3).filter(|_| first == '_');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = rest.get(3..).unwrap_or("");
            }
            None => {
                bytes.extend_from_slice(first.to_string().as_bytes());
                rest = rest.get(first.len_utf8()..).unwrap_or("");
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where a place of the document comes from: the file, empty for the root, `#` and the pointer.
pub(super) fn origin(pointer: &str) -> String {
    for holder in ["/$defs/", "/definitions/"] {
        if let Some(rest) = pointer.strip_prefix(holder) {
            let (name, tail) = rest
                .split_once('/')
                .map_or((rest, ""), |(name, _)| (name, rest.get(name.len()..).unwrap_or("")));
            return format!("{}{tail}", decoded(name));
        }
    }
    format!("#{pointer}")
}

/// The definition that a rewritten `$ref` names.
pub(super) fn definition<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}
