//! Values at and just beside the edges of what schemas say.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::Value;

use super::scalars::{Found, is_about, numbers, plain, texts};
use super::shape::{Node, Shape};
use crate::compat::{budget, object, schema};

/// How many values one place gets, by its depth.
pub(super) const WIDTH: [usize; 6] = [1_500, 400, 150, 60, 30, 12];
/// How many values the places get that are the same on both sides.
const NARROW: usize = 5;
/// How deep a value goes that is only to be valid.
const DEEPEST: usize = 14;
/// How many values are made in all.
const MOST: usize = 60_000;
/// How many validators of parts are built.
const MOST_JUDGES: usize = 600;
/// How large a part may be that a validator is built for.
const LARGEST_JUDGE: u64 = 4_000;

/// Which places are looked into.
pub(super) trait Focus {
    /// Whether the schemas of a place deserve every value.
    fn wants(&self, nodes: &[Node<'_>]) -> bool;
    /// Whether there is room to try combinations of properties that have nothing to do with
    /// each other.
    fn is_wide(&self) -> bool;
}

/// Looks at a value as soon as it is made; says whether that was enough.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&Value) -> bool;

/// Makes values; the same schemas give the same ones.
pub(super) struct Values<'f> {
    pub(super) focus: &'f dyn Focus,
    made: usize,
    judges: BTreeMap<usize, Option<Validator>>,
    samples: BTreeMap<(Vec<usize>, usize), Value>,
}

impl<'f> Values<'f> {
    pub(super) fn new(focus: &'f dyn Focus) -> Self {
        Self { focus, made: 0, judges: BTreeMap::new(), samples: BTreeMap::new() }
    }

    /// Gives values that these schemas judge to a sink until it has enough.
    pub(super) fn feed(&mut self, nodes: &[Node<'_>], sink: Sink<'_>) {
        let shape = Shape::of(nodes);
        let mut found = Found::new(WIDTH[0]);
        found.sink = Some(sink);
        self.fill(&shape, 0, &mut found);
    }

    /// Values for a place that these schemas judge, small ones first.
    pub(super) fn of(&mut self, nodes: &[Node<'_>], depth: usize) -> Vec<Value> {
        let Some(most) = WIDTH.get(depth).copied() else {
            return self.sample(nodes, depth).into_iter().collect();
        };
        let most = if depth == 0 || self.focus.wants(nodes) { most } else { NARROW };
        if self.made > MOST {
            return self.sample(nodes, depth).into_iter().collect();
        }
        let shape = Shape::of(nodes);
        let mut found = Found::new(most);
        self.fill(&shape, depth, &mut found);
        self.made += found.values.len();
        if most == NARROW {
            return self.sample(nodes, depth).into_iter().chain(found.values).take(most).collect();
        }
        found.values
    }

    fn fill(&mut self, shape: &Shape<'_>, depth: usize, found: &mut Found<'_>) {
        for value in shape.listed.iter().take(200) {
            found.add((*value).clone());
        }
        for value in plain(shape) {
            found.add(value);
        }
        numbers(shape, found);
        texts(shape, found);
        if is_about(shape, "array") {
            self.arrays(shape, depth, found);
        }
        if is_about(shape, "object") {
            self.objects(shape, depth, found);
        }
    }

    /// One value that as many of the binding schemas as possible accept.
    pub(super) fn sample(&mut self, nodes: &[Node<'_>], depth: usize) -> Option<Value> {
        let key = (nodes.iter().map(Node::id).collect::<Vec<usize>>(), depth);
        if let Some(known) = self.samples.get(&key) {
            return Some(known.clone());
        }
        // Against schemas that contain themselves.
        self.samples.insert(key.clone(), Value::Null);
        let shape = Shape::of(nodes);
        let mut found = Found::new(40);
        found.add(Value::Null);
        if depth < DEEPEST {
            if is_about(&shape, "object") {
                for base in self.bases(&shape, depth).into_iter().take(8) {
                    found.add(Value::Object(base));
                }
            }
            if is_about(&shape, "array") {
                self.short_arrays(&shape, depth, &mut found);
            }
        }
        for value in shape.listed.iter().take(20) {
            found.add((*value).clone());
        }
        texts(&shape, &mut found);
        for value in plain(&shape) {
            found.add(value);
        }
        found.most = 80;
        numbers(&shape, &mut found);
        let best = found
            .values
            .iter()
            .enumerate()
            .max_by_key(|(index, value)| (self.agreement(nodes, value), std::cmp::Reverse(*index)))
            .map(|(_, value)| value.clone());
        let best = best.unwrap_or(Value::Null);
        self.samples.insert(key, best.clone());
        Some(best)
    }

    /// How many of the schemas accept a value; the binding ones count most.
    fn agreement(&mut self, nodes: &[Node<'_>], value: &Value) -> usize {
        nodes
            .iter()
            .filter(|node| self.accepts(node, value))
            .map(|node| if node.binds { 1_000 } else { 1 })
            .sum()
    }

    /// Whether a schema accepts a value, as far as that is cheap to say; otherwise yes.
    pub(super) fn accepts(&mut self, node: &Node<'_>, value: &Value) -> bool {
        if let Value::Bool(accepts) = node.schema {
            return *accepts;
        }
        if self.judges.len() > MOST_JUDGES && !self.judges.contains_key(&node.id()) {
            return true;
        }
        let judge = self.judges.entry(node.id()).or_insert_with(|| {
            if budget::nodes(node.draft, node.root, node.schema) > LARGEST_JUDGE {
                return None;
            }
            let alone = object::standalone(node.draft, node.root, node.schema);
            schema::options(node.draft).build(&alone).ok()
        });
        judge.as_ref().is_none_or(|judge| judge.is_valid(value))
    }

    /// Arrays of few fitting items.
    fn short_arrays(&mut self, shape: &Shape<'_>, depth: usize, found: &mut Found<'_>) {
        let mut lengths: BTreeSet<u64> = BTreeSet::from([0, shape.first.len() as u64]);
        lengths.extend(shape.counts.iter().filter(|count| **count <= 64));
        for length in lengths {
            for contained in [false, true] {
                let items = self.items(shape, depth, length, contained);
                found.add(Value::Array(items));
            }
        }
    }

    /// An array of that length; its last items are what `contains` asks for, or different ones.
    fn items(&mut self, shape: &Shape<'_>, depth: usize, length: u64, wanted: bool) -> Vec<Value> {
        let mut items = Vec::new();
        let distinct = self.distinct(shape, depth, length, wanted);
        for index in 0..usize::try_from(length).unwrap_or(0) {
            let own = shape.first.get(index).is_some();
            let other = distinct.get(index).filter(|_| !own).cloned();
            let value = other.or_else(|| self.sample(&shape.item(index), depth + 1));
            items.push(value.unwrap_or(Value::Null));
        }
        items
    }

    /// Different values for the items that have no schema of their own.
    fn distinct(
        &mut self,
        shape: &Shape<'_>,
        depth: usize,
        length: u64,
        wanted: bool,
    ) -> Vec<Value> {
        if wanted && !shape.contains.is_empty() {
            let nodes: Vec<Node<'_>> = shape.contains.iter().chain(&shape.rest).copied().collect();
            return self
                .sample(&nodes, depth + 1)
                .map(|value| vec![value; usize::try_from(length).unwrap_or(0)])
                .unwrap_or_default();
        }
        if !wanted || length < 2 {
            return Vec::new();
        }
        let values = self.of(&shape.rest, (depth + 1).max(3));
        let full = shape.rest.len() * 1_000;
        let fitting = values
            .into_iter()
            .filter(|value| self.agreement(&shape.rest, value) >= full.min(1_000));
        let mut fitting: Vec<Value> = fitting.collect();
        let more =
            (0..length).map(Value::from).chain((0..length).map(|it| format!("v{it}").into()));
        let more: Vec<Value> =
            more.filter(|value| self.agreement(&shape.rest, value) >= full.min(1_000)).collect();
        fitting
            .extend(more.into_iter().filter(|value| !fitting.contains(value)).collect::<Vec<_>>());
        fitting
    }

    fn arrays(&mut self, shape: &Shape<'_>, depth: usize, found: &mut Found<'_>) {
        found.add(Value::Array(Vec::new()));
        self.short_arrays(shape, depth, found);
        let fixed = shape.first.len();
        let mut lengths: BTreeSet<u64> = BTreeSet::from([0, 1, 2]);
        for count in shape.counts.iter().copied().chain([fixed as u64]) {
            lengths.extend([count.saturating_sub(1), count, count.saturating_add(1)]);
        }
        lengths.retain(|length| *length <= 300);
        for length in lengths.iter().take(24) {
            for wanted in [false, true] {
                let items = self.items(shape, depth, *length, wanted);
                found.add(Value::Array(items));
            }
        }
        let samples: Vec<Value> =
            (0..=fixed).filter_map(|index| self.sample(&shape.item(index), depth + 1)).collect();
        for index in 0..=fixed.min(20) {
            let mut nodes = shape.item(index);
            nodes.extend(&shape.contains);
            for value in self.of(&nodes, depth + 1) {
                let mut items: Vec<Value> = samples.iter().take(index).cloned().collect();
                items.push(value);
                found.add(Value::Array(items.clone()));
                if items.len() < fixed {
                    items.extend(samples.iter().take(fixed).skip(index + 1).cloned());
                    found.add(Value::Array(items.clone()));
                }
                if let Some(sample) = samples.last().filter(|_| shape.counts.len() < 8) {
                    items.push(sample.clone());
                    found.add(Value::Array(items.clone()));
                    let least = shape.counts.iter().filter(|count| **count <= 12).max();
                    while least.is_some_and(|least| (items.len() as u64) < *least) {
                        items.push(sample.clone());
                    }
                    found.add(Value::Array(items));
                }
            }
        }
    }
}
