//! What a set of schemas says about one value, gathered from all that judge it.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Draft;
use serde_json::{Map, Number, Value};

use crate::compat::keyword::{self, Step};
use crate::compat::{monotone, resolve};

/// How many schemas are gathered for one value.
const MOST: usize = 400;

/// A schema and the document that its references are resolved in.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) draft: Draft,
    pub(super) root: &'a Value,
    pub(super) schema: &'a Value,
    /// Whether it comes from the schema under which a value is to be valid.
    pub(super) old: bool,
    /// Whether a value can only be valid under that schema if it is valid under this one.
    pub(super) binds: bool,
}

impl<'a> Node<'a> {
    fn at(self, schema: &'a Value) -> Self {
        Self { schema, ..self }
    }

    /// Tells the schema apart from every other.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self.schema).addr()
    }
}

/// Everything that the schemas mention, whether it binds or not.
#[derive(Default)]
pub(super) struct Shape<'a> {
    /// The schemas that all this was gathered from.
    pub(super) parts: Vec<Node<'a>>,
    pub(super) types: BTreeSet<&'a str>,
    pub(super) listed: Vec<&'a Value>,
    pub(super) bounds: Vec<&'a Number>,
    pub(super) multiples: Vec<f64>,
    pub(super) lengths: BTreeSet<u64>,
    pub(super) patterns: BTreeSet<&'a str>,
    pub(super) formats: BTreeSet<&'a str>,
    pub(super) counts: BTreeSet<u64>,
    pub(super) sizes: BTreeSet<u64>,
    pub(super) first: Vec<Vec<Node<'a>>>,
    pub(super) rest: Vec<Node<'a>>,
    pub(super) contains: Vec<Node<'a>>,
    pub(super) properties: BTreeMap<&'a str, Vec<Node<'a>>>,
    pub(super) shapes: BTreeMap<&'a str, Vec<Node<'a>>>,
    pub(super) others: Vec<Node<'a>>,
    pub(super) names: Vec<Node<'a>>,
    /// What each schema requires, those that hold for every value first.
    pub(super) required: Vec<BTreeSet<&'a str>>,
    /// Properties that come with others.
    pub(super) together: Vec<BTreeSet<&'a str>>,
}

impl<'a> Shape<'a> {
    /// Gathers from the schemas and from all that judge the same value.
    pub(super) fn of(nodes: &[Node<'a>]) -> Self {
        let mut shape = Self { required: vec![BTreeSet::new()], ..Self::default() };
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<(Node<'a>, bool)> =
            nodes.iter().rev().map(|node| (*node, true)).collect();
        while let Some((node, always)) = waiting.pop() {
            let Value::Object(map) = node.schema else { continue };
            if seen.len() >= MOST || !seen.insert(node.id()) {
                continue;
            }
            shape.parts.push(node);
            shape.note(node, map, always);
            let mut next = Vec::new();
            if let Some(target) = map.get("$ref").and_then(Value::as_str) {
                let target = resolve::definition(node.root, target);
                next.extend(target.map(|target| (node.at(target), always)));
            }
            for child in keyword::children(node.draft, map) {
                if keyword::step(child.keyword) == Step::InPlace {
                    let always = always && child.keyword == "allOf";
                    let binds = node.binds && child.keyword == "allOf";
                    next.push((Node { binds, ..node.at(child.schema) }, always));
                }
            }
            waiting.extend(next.into_iter().rev());
        }
        shape
    }

    fn note(&mut self, node: Node<'a>, map: &'a Map<String, Value>, always: bool) {
        for (keyword, value) in map {
            if keyword::holds(node.draft, keyword).is_some() {
                self.keyword(node, keyword, value, always);
            }
        }
        let (first, rest) = monotone::tuple(node.draft, map);
        for (index, schema) in first.iter().enumerate() {
            if self.first.len() <= index {
                self.first.push(Vec::new());
            }
            self.first[index].push(node.at(schema));
        }
        self.rest.push(node.at(rest));
    }

    fn keyword(&mut self, node: Node<'a>, keyword: &'a str, value: &'a Value, always: bool) {
        match keyword {
            "type" => match value {
                Value::String(name) => {
                    self.types.insert(name);
                }
                value => self.types.extend(strings(value)),
            },
            "const" => self.listed.push(value),
            "enum" => self.listed.extend(value.as_array().into_iter().flatten()),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                if let Value::Number(bound) = value {
                    self.bounds.push(bound);
                }
            }
            "multipleOf" => self.multiples.extend(value.as_f64()),
            "minLength" | "maxLength" => self.lengths.extend(value.as_u64()),
            "pattern" => self.patterns.extend(value.as_str()),
            "format" => self.formats.extend(value.as_str()),
            "minItems" | "maxItems" | "minContains" | "maxContains" => {
                self.counts.extend(value.as_u64());
            }
            "uniqueItems" => self.counts.extend([1]),
            "minProperties" | "maxProperties" => self.sizes.extend(value.as_u64()),
            "required" => self.require(strings(value).collect(), always),
            "contains" => self.contains.push(node.at(value)),
            "unevaluatedItems" => self.rest.push(node.at(value)),
            "additionalProperties" | "unevaluatedProperties" => self.others.push(node.at(value)),
            "propertyNames" => self.names.push(node.at(value)),
            "properties" | "patternProperties" => {
                let known = match keyword {
                    "properties" => &mut self.properties,
                    _ => &mut self.shapes,
                };
                for (name, schema) in value.as_object().into_iter().flatten() {
                    known.entry(name).or_default().push(node.at(schema));
                }
            }
            "dependentRequired" | "dependentSchemas" | "dependencies" => {
                for (name, needs) in value.as_object().into_iter().flatten() {
                    let mut names: BTreeSet<&str> = strings(needs).collect();
                    names.insert(name);
                    self.together.push(names);
                }
            }
            _ => {}
        }
    }

    fn require(&mut self, names: BTreeSet<&'a str>, always: bool) {
        // What the old and the new schema require may differ: each on its own is tried as well.
        if always {
            self.required[0].extend(&names);
        }
        if !self.required.contains(&names) {
            self.required.push(names);
        }
    }

    /// The schemas of the item at a position.
    pub(super) fn item(&self, index: usize) -> Vec<Node<'a>> {
        let own = self.first.get(index).into_iter().flatten();
        own.chain(&self.rest).copied().collect()
    }

    /// The schemas of the property of that name.
    pub(super) fn property(&self, name: &str) -> Vec<Node<'a>> {
        let own = self.properties.get(name).into_iter().flatten();
        let shapes = self.shapes.values().flatten();
        let others = if self.properties.contains_key(name) { &[][..] } else { &self.others };
        own.chain(shapes).chain(others).copied().collect()
    }
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
