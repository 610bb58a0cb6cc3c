//! How much work a proof may be, estimated before it starts.

use std::collections::BTreeMap;

use jsonschema::Draft;
use serde_json::Value;

use super::keyword::{self, Step};
use super::resolve;

/// The steps of one comparison.
pub(super) const STEPS: u64 = 80_000;

/// An estimate of the steps that comparing two documents takes.
pub(super) fn cost(draft: Draft, old: &Value, new: &Value) -> u64 {
    let of = |root| {
        let mut estimate = Estimate { draft, root, known: BTreeMap::new() };
        estimate.schema(root)
    };
    let (old, new) = (of(old), of(new));
    let product = old.widest.saturating_mul(new.widest);
    product.saturating_mul(old.nodes.saturating_add(new.nodes))
}

/// How many schemas a part of a document holds once its references are followed.
pub(super) fn nodes(draft: Draft, root: &Value, part: &Value) -> u64 {
    Estimate { draft, root, known: BTreeMap::new() }.schema(part).nodes
}

/// What a schema looks like once its references are followed and its alternatives multiplied.
#[derive(Clone, Copy)]
struct Size {
    /// The schemas in it.
    nodes: u64,
    /// The alternatives for the value itself.
    wide: u64,
    /// The most alternatives for any one value.
    widest: u64,
}

struct Estimate<'a> {
    draft: Draft,
    root: &'a Value,
    /// `None` while a definition is being looked at.
    known: BTreeMap<&'a str, Option<Size>>,
}

const LEAF: Size = Size { nodes: 1, wide: 1, widest: 1 };

impl<'a> Estimate<'a> {
    fn schema(&mut self, schema: &'a Value) -> Size {
        let Value::Object(map) = schema else { return LEAF };
        let mut size = Size { nodes: 1 + map.len() as u64, ..LEAF };
        if let Some(name) = map.get("$ref").and_then(Value::as_str) {
            let target = self.definition(name);
            size.nodes = size.nodes.saturating_add(target.nodes);
            size.wide = target.wide;
            size.widest = target.widest;
        }
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for child in keyword::children(self.draft, map) {
            let inner = self.schema(child.schema);
            size.nodes = size.nodes.saturating_add(inner.nodes);
            size.widest = size.widest.max(inner.widest);
            match child.keyword {
                "anyOf" | "oneOf" => {
                    let sum = sums.entry(child.keyword).or_default();
                    *sum = sum.saturating_add(inner.wide);
                }
                // A negation turns the parts of a schema into alternatives.
                "not" | "if" => {
                    let parts = inner.nodes.saturating_add(1);
                    size.wide = size.wide.saturating_mul(parts);
                }
                keyword if keyword::step(keyword) == Step::InPlace => {
                    size.wide = size.wide.saturating_mul(inner.wide);
                }
                _ => {}
            }
        }
        for (keyword, sum) in sums {
            // Each branch of a `oneOf` excludes the others.
            let sum = if keyword == "oneOf" { sum.saturating_mul(sum) } else { sum };
            size.wide = size.wide.saturating_mul(sum);
        }
        if let Some(patterns) = map.get("patternProperties").and_then(Value::as_object) {
            let ways = 1u64.checked_shl(u32::try_from(patterns.len()).unwrap_or(64));
            size.wide = size.wide.saturating_mul(ways.unwrap_or(u64::MAX));
        }
        size.widest = size.widest.max(size.wide);
        size
    }

    fn definition(&mut self, name: &'a str) -> Size {
        match self.known.get(name) {
            Some(Some(known)) => return *known,
            Some(None) => return LEAF,
            None => {}
        }
        let Some(schema) = resolve::definition(self.root, name) else { return LEAF };
        self.known.insert(name, None);
        let size = self.schema(schema);
        self.known.insert(name, Some(size));
        size
    }
}
