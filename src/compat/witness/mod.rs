//! The search for an instance that the old schema admits and the new one refuses.

mod aim;
mod mutate;
mod objects;
mod scalars;
mod shape;
mod shrink;
mod strings;
mod values;

use serde_json::Value;

use self::shape::Node;
use self::values::{Focus, Values};
use super::load::{DEEPEST, LARGEST};
use super::object::Pair;
use super::schema::{Formats, Schema};
use super::violation::Violation;
use super::{budget, document};

/// How many instances one search judges.
const MOST_JUDGED: usize = 20_000;
/// Up to this size of both schemas every place of them is looked into.
const SMALL: u64 = 400;

/// An instance that shows that a change breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// Valid under the old schema, invalid under the new one.
    pub instance: Value,
    /// What the new schema has against it.
    pub violations: Vec<Violation>,
}

/// Judges candidates and keeps count.
pub(super) struct Search<'a> {
    old: &'a Schema,
    new: &'a Schema,
    /// How both are read; a witness is one in every reading.
    readings: &'a [Formats],
    judged: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(old: &'a Schema, new: &'a Schema, readings: &'a [Formats]) -> Self {
        Self { old, new, readings, judged: 0 }
    }

    /// Looks for a witness among values made from both schemas and changes of real documents.
    pub(super) fn run(&mut self, documents: &[Value]) -> Option<Witness> {
        let (old, new) = (self.old, self.new);
        let documents: Vec<&Value> = documents
            .iter()
            .filter(|value| document::size(value, DEEPEST, LARGEST).is_some())
            .collect();
        if let Some(witness) = documents.iter().find_map(|document| self.judge(document)) {
            return Some(witness);
        }
        let (from, to) = (old.reading(Formats::Assert), new.reading(Formats::Assert));
        let pair = Pair::new(old.draft, &from.document, &to.document);
        let size = budget::nodes(from.draft, &from.document, &from.document)
            .saturating_add(budget::nodes(to.draft, &to.document, &to.document));
        let focus = Changed { pair: (size > SMALL).then_some(&pair) };
        let nodes = [root(old, true), root(new, false)];
        if let Some(witness) = self.aimed(&pair, &nodes) {
            return Some(witness);
        }
        let mut values = Values::new(&focus);
        if let Some(witness) = self.first(&mut values, &nodes) {
            return Some(witness);
        }
        for document in documents.into_iter().filter(|it| old.is_valid(it)).take(20) {
            let changed = mutate::changes(document, &nodes, &mut values, &focus);
            if let Some(witness) = changed.iter().find_map(|value| self.judge(value)) {
                return Some(witness);
            }
        }
        None
    }

    /// Looks for a witness among instances of the schema of what is lost.
    pub(super) fn among(&mut self, lost: &Value) -> Option<Witness> {
        let (old, new) = (self.old, self.new);
        let mut values = Values::new(&Everything);
        let lost = Node { schema: lost, root: lost, ..root(old, true) };
        self.first(&mut values, &[lost])
            .or_else(|| self.first(&mut values, &[lost, root(old, true), root(new, false)]))
    }

    /// The first witness among values for the places that the two schemas judge differently.
    fn aimed(&mut self, pair: &Pair<'_>, nodes: &[Node<'_>]) -> Option<Witness> {
        let focus = Changed { pair: Some(pair) };
        let mut witness = None;
        aim::feed(nodes, &mut Values::new(&focus), &focus, &mut |value| {
            witness = self.judge(value);
            witness.is_some()
        });
        witness
    }

    /// The first witness among the values for the whole instance.
    fn first(&mut self, values: &mut Values<'_>, nodes: &[Node<'_>]) -> Option<Witness> {
        let mut witness = None;
        values.feed(nodes, &mut |value| {
            witness = self.judge(value);
            witness.is_some()
        });
        witness
    }

    fn judge(&mut self, instance: &Value) -> Option<Witness> {
        if self.judged >= MOST_JUDGED {
            return None;
        }
        self.judged += 1;
        if !self.holds(instance) {
            return None;
        }
        let instance = shrink::shrink(instance, &|value| self.holds(value));
        let violations = self.new.violations(&instance);
        Some(Witness { instance, violations })
    }

    /// Whether the validators agree that the instance is a witness.
    fn holds(&self, instance: &Value) -> bool {
        self.readings.iter().all(|formats| {
            self.old.reading(*formats).surely_accepts(instance)
                && self.new.reading(*formats).surely_refuses(instance)
        })
    }
}

/// Instances of one schema, the small ones first.
pub(super) fn instances(schema: &Schema, most: usize) -> Vec<Value> {
    let mut values = Values::new(&Everything);
    let found = values.of(&[root(schema, true)], 0);
    found.into_iter().filter(|value| schema.is_valid(value)).take(most).collect()
}

fn root(schema: &Schema, old: bool) -> Node<'_> {
    let document = &schema.reading(Formats::Assert).document;
    Node { draft: schema.draft, root: document, schema: document, old, binds: old }
}

struct Everything;

impl Focus for Everything {
    fn wants(&self, _: &[Node<'_>]) -> bool {
        true
    }

    fn is_wide(&self) -> bool {
        true
    }
}

/// Only what differs between the two schemas; everything where they are small.
struct Changed<'a> {
    pair: Option<&'a Pair<'a>>,
}

impl Focus for Changed<'_> {
    fn wants(&self, nodes: &[Node<'_>]) -> bool {
        let Some(pair) = self.pair else { return true };
        let (old, new): (Vec<&Node<'_>>, Vec<&Node<'_>>) = nodes.iter().partition(|it| it.old);
        old.len() != new.len()
            || old.iter().zip(&new).any(|(old, new)| !pair.same_schema(old.schema, new.schema))
    }

    fn is_wide(&self) -> bool {
        self.pair.is_none()
    }
}
