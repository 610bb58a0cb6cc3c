//! Objects at and just beside the edges of what schemas say.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::scalars::Found;
use super::shape::Shape;
use super::strings;
use super::values::{Values, WIDTH};

impl Values<'_> {
    /// Objects with what some schema requires, and with everything.
    pub(super) fn bases(&mut self, shape: &Shape<'_>, depth: usize) -> Vec<Map<String, Value>> {
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

    pub(super) fn objects(&mut self, shape: &Shape<'_>, depth: usize, found: &mut Found<'_>) {
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
