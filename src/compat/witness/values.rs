//! Values at and just beside the edges of what schemas say.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Map, Number, Value};

use super::shape::{Node, Shape};
use super::strings;
use crate::compat::{budget, object, schema};

/// How many values one place gets, by its depth.
const WIDTH: [usize; 6] = [1_500, 400, 150, 60, 30, 12];
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
    focus: &'f dyn Focus,
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
    fn sample(&mut self, nodes: &[Node<'_>], depth: usize) -> Option<Value> {
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

    fn accepts(&mut self, node: &Node<'_>, value: &Value) -> bool {
        if let Value::Bool(accepts) = node.schema {
            return *accepts;
        }
        if self.judges.len() > MOST_JUDGES && !self.judges.contains_key(&node.id()) {
            return true;
        }
        let judge = self.judges.entry(node.id()).or_insert_with(|| {
            let alone = object::standalone(node.draft, node.root, node.schema);
            let small = budget::nodes(node.draft, &alone) <= LARGEST_JUDGE;
            small.then(|| schema::options(node.draft).build(&alone).ok()).flatten()
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

    /// Objects with what some schema requires, and with everything.
    fn bases(&mut self, shape: &Shape<'_>, depth: usize) -> Vec<Map<String, Value>> {
        let always = shape.required.first().cloned().unwrap_or_default();
        let mut sets: Vec<BTreeSet<&str>> = vec![always.clone()];
        sets.extend(shape.required.iter().skip(1).cloned());
        sets.extend(shape.required.iter().skip(1).map(|set| set | &always));
        sets.extend(shape.together.iter().map(|set| set | &always));
        if depth < WIDTH.len() {
            sets.push(always.iter().copied().chain(shape.properties.keys().copied()).collect());
        }
        let mut known = BTreeSet::new();
        sets.retain(|set| known.insert(set.clone()));
        let mut bases = Vec::new();
        for set in sets.into_iter().take(if depth < 3 { 24 } else { 8 }) {
            let base = self.object(shape, depth, &set);
            bases.push(base.clone());
            for size in shape.sizes.iter().filter(|size| **size <= 64) {
                let mut padded = base.clone();
                self.pad(shape, depth, &mut padded, *size);
                bases.push(padded);
            }
        }
        bases
    }

    fn object(
        &mut self,
        shape: &Shape<'_>,
        depth: usize,
        names: &BTreeSet<&str>,
    ) -> Map<String, Value> {
        let mut map = Map::new();
        for name in names.iter().take(2_000) {
            if let Some(value) = self.sample(&shape.property(name), depth + 1) {
                map.insert((*name).to_owned(), value);
            }
        }
        map
    }

    /// Adds properties up to a number of them.
    fn pad(&mut self, shape: &Shape<'_>, depth: usize, map: &mut Map<String, Value>, size: u64) {
        for name in self.names(shape, depth) {
            if map.len() as u64 >= size {
                return;
            }
            if !map.contains_key(&name)
                && let Some(value) = self.sample(&shape.property(&name), depth + 1)
            {
                map.insert(name, value);
            }
        }
    }

    /// Names that a property can have.
    fn names(&mut self, shape: &Shape<'_>, depth: usize) -> Vec<String> {
        let mut names: Vec<String> =
            shape.properties.keys().take(200).map(|name| (*name).to_owned()).collect();
        for pattern in shape.shapes.keys().take(20) {
            names.extend(strings::of_pattern(pattern).into_iter().take(12));
        }
        if !shape.names.is_empty() {
            let values = self.of(&shape.names, (depth + 1).max(2));
            names.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        let filler = (0..shape.sizes.last().copied().unwrap_or(0).clamp(3, 70) + 2)
            .map(|index| format!("unknown{index}"));
        names.push("unknown".to_owned());
        names.extend(filler);
        let mut known = BTreeSet::new();
        names.retain(|name| known.insert(name.clone()));
        names
    }

    fn objects(&mut self, shape: &Shape<'_>, depth: usize, found: &mut Found<'_>) {
        found.add(Value::Object(Map::new()));
        let bases = self.bases(shape, depth);
        for base in &bases {
            found.add(Value::Object(base.clone()));
        }
        for base in bases.iter().take(8) {
            let matters = |name: &&String| {
                let sets = shape.required.iter().chain(&shape.together);
                self.focus.is_wide() || sets.into_iter().any(|set| set.contains(name.as_str()))
            };
            for name in base.keys().filter(matters).take(100) {
                if found.is_full() {
                    return;
                }
                let mut less = base.clone();
                less.remove(name);
                found.add(Value::Object(less));
            }
        }
        let names = self.names(shape, depth);
        for size in &shape.sizes {
            for size in [size.saturating_sub(1), *size, size.saturating_add(1)] {
                let mut padded = bases.first().cloned().unwrap_or_default();
                self.pad(shape, depth, &mut padded, size.min(70));
                found.add(Value::Object(padded));
            }
        }
        let bases: Vec<&Map<String, Value>> = bases.iter().take(6).collect();
        self.with_property(shape, depth, &bases, &names, found);
        self.with_two(shape, depth, &bases, &names, found);
    }

    /// The bases with one more property, or with one that has another value.
    fn with_property(
        &mut self,
        shape: &Shape<'_>,
        depth: usize,
        bases: &[&Map<String, Value>],
        names: &[String],
        found: &mut Found<'_>,
    ) {
        let unknown =
            |name: &str| name.starts_with("unknown") && !shape.properties.contains_key(name);
        let mut fresh = 0;
        for name in names {
            if unknown(name) {
                fresh += 1;
                if fresh > 1 {
                    continue;
                }
            }
            let nodes = shape.property(name);
            let (values, bases) = if self.focus.wants(&nodes) {
                (self.of(&nodes, depth + 1), bases)
            } else {
                (
                    self.sample(&nodes, depth + 1).into_iter().collect(),
                    bases.get(..1).unwrap_or(&[]),
                )
            };
            for value in values {
                for base in bases {
                    if found.is_full() {
                        return;
                    }
                    let mut map = (*base).clone();
                    map.insert(name.clone(), value.clone());
                    found.add(Value::Object(map));
                }
            }
        }
    }

    /// The bases with two more properties.
    fn with_two(
        &mut self,
        shape: &Shape<'_>,
        depth: usize,
        bases: &[&Map<String, Value>],
        names: &[String],
        found: &mut Found<'_>,
    ) {
        let joined = |name: &&String| {
            self.focus.is_wide() || shape.together.iter().any(|set| set.contains(name.as_str()))
        };
        let names: Vec<&String> = names.iter().filter(joined).take(7).collect();
        for (index, one) in names.iter().enumerate() {
            for other in names.iter().skip(index + 1) {
                if found.is_full() {
                    return;
                }
                let ones: Vec<Value> =
                    self.of(&shape.property(one), depth + 3).into_iter().take(6).collect();
                let others: Vec<Value> =
                    self.of(&shape.property(other), depth + 3).into_iter().take(6).collect();
                for (value, second) in
                    ones.iter().flat_map(|one| others.iter().map(move |other| (one, other)))
                {
                    let mut map = bases.first().map(|base| (*base).clone()).unwrap_or_default();
                    map.insert((*one).clone(), value.clone());
                    map.insert((*other).clone(), second.clone());
                    found.add(Value::Object(map));
                }
            }
        }
    }
}

/// The values so far, without repetition.
struct Found<'s> {
    values: Vec<Value>,
    known: BTreeSet<String>,
    most: usize,
    /// Where the values go instead of into the list.
    sink: Option<Sink<'s>>,
}

impl Found<'_> {
    fn new(most: usize) -> Self {
        Self { values: Vec::new(), known: BTreeSet::new(), most, sink: None }
    }

    fn is_full(&self) -> bool {
        self.known.len() >= self.most
    }

    fn add(&mut self, value: Value) {
        if self.is_full() || !self.known.insert(value.to_string()) {
            return;
        }
        match &mut self.sink {
            Some(sink) => {
                if sink(&value) {
                    self.most = 0;
                }
            }
            None => self.values.push(value),
        }
    }
}

/// Whether the schemas speak of values of a type, or of no type at all.
fn is_about(shape: &Shape<'_>, name: &str) -> bool {
    shape.types.is_empty()
        || shape.types.contains(name)
        || match name {
            "array" => !shape.counts.is_empty() || !shape.first.is_empty(),
            _ => !shape.properties.is_empty() || !shape.sizes.is_empty(),
        }
}

/// A value of each type.
fn plain(shape: &Shape<'_>) -> Vec<Value> {
    let mut values = vec![
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        Value::from(0),
        Value::from(1),
        Value::from(""),
        Value::from("a"),
        Value::from(-1),
        Value::from(1.5),
        Value::Array(Vec::new()),
        Value::Object(Map::new()),
        Value::from(1.0),
    ];
    // Values of the types that are named come first.
    let named = |value: &Value| match value {
        Value::Null => shape.types.contains("null"),
        Value::Bool(_) => shape.types.contains("boolean"),
        Value::Number(_) => shape.types.contains("number") || shape.types.contains("integer"),
        Value::String(_) => shape.types.contains("string"),
        Value::Array(_) => shape.types.contains("array"),
        Value::Object(_) => shape.types.contains("object"),
    };
    values.sort_by_key(|value| !named(value));
    values
}

fn numbers(shape: &Shape<'_>, found: &mut Found<'_>) {
    let mut floats: Vec<f64> = Vec::new();
    for bound in &shape.bounds {
        for step in [-1, 0, 1] {
            if let Some(whole) = bound.as_i64().and_then(|bound| bound.checked_add(step)) {
                found.add(Value::from(whole));
            } else if let Some(whole) =
                bound.as_u64().and_then(|bound| bound.checked_add_signed(step))
            {
                found.add(Value::from(whole));
            }
        }
        let Some(bound) = bound.as_f64() else { continue };
        floats.extend([0.0, 0.5, -0.5, 0.01, -0.01, 1.0, -1.0].map(|step| bound + step));
        floats.extend([bound.floor(), bound.ceil(), bound.next_up(), bound.next_down()]);
        for unit in &shape.multiples {
            let times = (bound / unit).floor();
            floats.extend([-1.0, 0.0, 1.0, 2.0].map(|more| (times + more) * unit));
        }
    }
    for unit in &shape.multiples {
        floats.extend([1.0, 2.0, 3.0, 5.0, 7.0, 0.5, -1.0].map(|times| times * unit));
        let product: f64 = shape.multiples.iter().product();
        floats.extend([product, product + unit]);
    }
    for float in floats {
        // Whole numbers are written as such.
        let whole = float.abs() < 9.0e15 && float.fract() == 0.0;
        if whole {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
            found.add(Value::from(float as i64));
        } else if let Some(number) = Number::from_f64(float) {
            found.add(Value::Number(number));
        }
    }
}

fn texts(shape: &Shape<'_>, found: &mut Found<'_>) {
    for format in &shape.formats {
        strings::of_format(format).iter().for_each(|text| found.add((*text).into()));
    }
    let patterns: Vec<Vec<String>> =
        shape.patterns.iter().take(12).map(|pattern| strings::of_pattern(pattern)).collect();
    for text in patterns.iter().flatten() {
        found.add(text.as_str().into());
    }
    if let [one, other, ..] = patterns.as_slice() {
        for (one, other) in one.iter().take(4).zip(other.iter().take(4)) {
            found.add(format!("{one}{other}").into());
            found.add(format!("{other}{one}").into());
        }
    }
    let mut lengths: BTreeSet<u64> = BTreeSet::new();
    for length in &shape.lengths {
        lengths.extend([length.saturating_sub(1), *length, length.saturating_add(1)]);
    }
    for length in lengths.into_iter().filter(|length| *length <= 5_000).take(20) {
        let length = usize::try_from(length).unwrap_or(0);
        found.add("a".repeat(length).into());
        for text in patterns.iter().flat_map(|texts| texts.iter().take(6)) {
            // Fitted to the length by its own characters.
            let fitted: String = text.chars().chain(text.chars().cycle()).take(length).collect();
            found.add(fitted.into());
            let last: String =
                text.chars().chain(text.chars().last().into_iter().cycle()).take(length).collect();
            found.add(last.into());
        }
    }
}
