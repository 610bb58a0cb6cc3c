//! Proof by structure: each part of the new schema is implied by a part of the old one.
//!
//! It only ever says yes. What it does not see through is put to the [`Prover`], smallest part
//! first.

use std::collections::BTreeMap;

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::disjoint::{At, disjoint};
use super::object::{self, Pair};
use super::prove::Prover;
use super::{resolve, schema, violation};

/// How many pairs of schemas one proof may look at.
const MOST_PAIRS: usize = 50_000;

static TRUE: Value = Value::Bool(true);

/// What is known of a pair of schemas.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It is being looked at. Where it is met again, a smaller part of the instance is judged, so
    /// that it may be relied on: references that stay on the same value do not form circles.
    Assumed,
    Proved,
    Failed,
}

pub(super) struct Monotone<'a> {
    pair: &'a Pair<'a>,
    /// Asked where structure does not decide; `None` for a first look.
    prover: Option<&'a dyn Prover>,
    /// Whether what a sub-schema evaluates matters beyond whether it accepts.
    evaluates: bool,
    known: BTreeMap<(usize, usize), Known>,
    /// The pairs that were proved, in order, to be forgotten with an assumption that failed.
    trail: Vec<(usize, usize)>,
}

impl<'a> Monotone<'a> {
    pub(super) fn new(pair: &'a Pair<'a>, prover: Option<&'a dyn Prover>) -> Self {
        let evaluates =
            object::mentions_unevaluated(pair.old) || object::mentions_unevaluated(pair.new);
        Self { pair, prover, evaluates, known: BTreeMap::new(), trail: Vec::new() }
    }

    /// Whether every instance valid under the old document is proved valid under the new one.
    pub(super) fn holds(&mut self) -> bool {
        self.implies(self.pair.old, self.pair.new)
    }

    fn implies(&mut self, old: &'a Value, new: &'a Value) -> bool {
        let (old, new) = (plain(self.pair.old, old), plain(self.pair.new, new));
        let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
        if old == &Value::Bool(false) || new == &TRUE || empty(new) {
            return true;
        }
        let key = (std::ptr::from_ref(old).addr(), std::ptr::from_ref(new).addr());
        match self.known.get(&key) {
            Some(Known::Assumed | Known::Proved) => return true,
            Some(Known::Failed) => return false,
            None => {}
        }
        if self.known.len() > MOST_PAIRS {
            return false;
        }
        self.known.insert(key, Known::Assumed);
        let start = self.trail.len();
        let proved = self.structural(old, new) || self.by_prover(old, new);
        if proved {
            self.known.insert(key, Known::Proved);
            self.trail.push(key);
        } else {
            // What was proved on this assumption is not proved any more.
            for key in self.trail.drain(start..) {
                self.known.remove(&key);
            }
            self.known.insert(key, Known::Failed);
        }
        proved
    }

    fn by_prover(&self, old: &Value, new: &Value) -> bool {
        let Some(prover) = self.prover.filter(|prover| prover.is_ready()) else { return false };
        let old = object::standalone(self.pair.draft, self.pair.old, old);
        let new = object::standalone(self.pair.draft, self.pair.new, new);
        prover.covers(self.pair.draft, &old, &new).is_proof()
    }

    fn structural(&mut self, old: &'a Value, new: &'a Value) -> bool {
        let (Value::Object(from), Value::Object(to)) = (old, new) else { return false };
        if self.evaluates && !self.same_but_for_properties(from, to) {
            return false;
        }
        let draft = self.pair.draft;
        let decided = |keyword: &str| {
            object::is_vacuous(from, keyword) || object::scalar_implied(draft, from, to, keyword)
        };
        to.keys().all(|keyword| match keyword.as_str() {
            "properties"
            | "patternProperties"
            | "additionalProperties"
            | "items"
            | "prefixItems"
            | "additionalItems"
            | "minContains"
            | "maxContains"
            | "then"
            | "else"
            | "$defs"
            | "definitions" => true,
            keyword => decided(keyword) || self.applicator(keyword, old, from, to),
        }) && (object::is_vacuous(from, "properties") || self.members(from, to))
            && (object::is_vacuous(from, "items") || self.items(from, to))
    }

    /// Where evaluation matters, only what stands in single properties may differ, for it does
    /// not change which properties are evaluated.
    fn same_but_for_properties(&self, from: &Map<String, Value>, to: &Map<String, Value>) -> bool {
        let names = |map: &Map<String, Value>| -> Option<Vec<String>> {
            Some(map.get("properties")?.as_object()?.keys().cloned().collect())
        };
        names(from) == names(to)
            && from.keys().eq(to.keys())
            && from.iter().all(|(keyword, value)| match keyword.as_str() {
                "properties" | "$defs" | "definitions" => true,
                keyword => {
                    to.get(keyword).is_some_and(|other| self.pair.same(keyword, value, other))
                }
            })
    }

    /// A keyword that joins schemas about the same value, or that must be judged as a whole.
    fn applicator(
        &mut self,
        keyword: &str,
        old: &'a Value,
        from: &'a Map<String, Value>,
        to: &'a Map<String, Value>,
    ) -> bool {
        let Some(wanted) = to.get(keyword) else { return true };
        let had = from.get(keyword);
        if had.is_some_and(|had| self.pair.same(keyword, had, wanted)) {
            return match keyword {
                "contains" => object::same_entries(from, to, &["minContains", "maxContains"]),
                "if" => self.branches(from, to),
                _ => true,
            };
        }
        match keyword {
            "$ref" => {
                let target =
                    wanted.as_str().and_then(|name| resolve::definition(self.pair.new, name));
                let source = had.and_then(Value::as_str);
                let source = source.and_then(|name| resolve::definition(self.pair.old, name));
                target.is_some_and(|target| {
                    source.is_some_and(|source| self.implies(source, target))
                        || self.implies(old, target)
                })
            }
            "allOf" => list(wanted).all(|branch| {
                had.is_some_and(|had| list(had).any(|had| self.implies(had, branch)))
                    || self.implies(old, branch)
            }),
            "anyOf" => {
                had.is_some_and(|had| {
                    list(had).all(|had| list(wanted).any(|branch| self.implies(had, branch)))
                }) || list(wanted).any(|branch| self.implies(old, branch))
            }
            "oneOf" => had.is_some_and(|had| self.one_of(had, wanted)),
            "propertyNames" => had.is_some_and(|had| self.implies(had, wanted)),
            "contains" => {
                !to.contains_key("maxContains")
                    && object::same_entries(from, to, &["minContains"])
                    && had.is_some_and(|had| self.implies(had, wanted))
            }
            "dependentSchemas" | "dependencies" => self.dependencies(keyword, old, from, wanted),
            _ => false,
        }
    }

    /// Branches of which each admits more than before, but nothing that another one admitted.
    fn one_of(&mut self, had: &'a Value, wanted: &'a Value) -> bool {
        let pair = self.pair;
        let at = |root, schema| At { root, schema };
        list(had).len() == list(wanted).len()
            && list(had).zip(list(wanted)).enumerate().all(|(index, (old, new))| {
                let others = list(had).enumerate().filter(|(other, _)| *other != index);
                let beside = |(_, other)| disjoint(at(pair.new, new), at(pair.old, other));
                pair.same_schema(old, new)
                    || (self.implies(old, new) && others.into_iter().all(beside))
            })
    }

    /// The branches of an unchanged condition.
    fn branches(&mut self, from: &'a Map<String, Value>, to: &'a Map<String, Value>) -> bool {
        ["then", "else"].into_iter().all(|keyword| {
            let had = from.get(keyword).unwrap_or(&TRUE);
            to.get(keyword).is_none_or(|wanted| self.implies(had, wanted))
        })
    }

    fn dependencies(
        &mut self,
        keyword: &str,
        old: &'a Value,
        from: &'a Map<String, Value>,
        wanted: &'a Value,
    ) -> bool {
        let Value::Object(wanted) = wanted else { return false };
        wanted.iter().all(|(name, wanted)| {
            let had = from.get(keyword).and_then(|had| had.get(name));
            if wanted.is_array() {
                return object::includes(had, Some(wanted))
                    || object::includes(from.get("required"), Some(wanted));
            }
            had.is_some_and(|had| !had.is_array() && self.implies(had, wanted))
                || self.implies(old, wanted)
        })
    }

    /// The values of an object's properties.
    fn members(&mut self, from: &'a Map<String, Value>, to: &'a Map<String, Value>) -> bool {
        let empty = || NONE.get_or_init(Map::new);
        let named = |map: &'a Map<String, Value>, keyword| {
            map.get(keyword).and_then(Value::as_object).unwrap_or_else(empty)
        };
        let rest = |map: &'a Map<String, Value>| map.get("additionalProperties").unwrap_or(&TRUE);
        if !["properties", "patternProperties", "additionalProperties"]
            .iter()
            .any(|keyword| to.contains_key(*keyword))
        {
            return true;
        }
        let (had, wanted) = (named(from, "properties"), named(to, "properties"));
        let (shapes, new_shapes) =
            (named(from, "patternProperties"), named(to, "patternProperties"));
        if !shapes.keys().eq(new_shapes.keys()) {
            return false;
        }
        // A name may match a pattern, so that a property and a pattern can stand for each other.
        let draft = self.pair.draft;
        let matching = |name: &str| -> Option<Vec<&'a Value>> {
            let mut found = Vec::new();
            for (shape, schema) in shapes {
                if matches(draft, shape, name)? {
                    found.push(schema);
                }
            }
            Some(found)
        };
        wanted.iter().all(|(name, new)| match (had.get(name), matching(name)) {
            (Some(old), _) => self.implies(old, new),
            (None, Some(shapes)) if shapes.is_empty() => self.implies(rest(from), new),
            (None, Some(shapes)) => shapes.into_iter().any(|old| self.implies(old, new)),
            (None, None) => false,
        }) && had.iter().filter(|(name, _)| !wanted.contains_key(*name)).all(|(name, old)| {
            // Where a pattern matches, the rest is not asked, and the pattern is seen to below.
            matching(name).is_some_and(|shapes| !shapes.is_empty()) || self.implies(old, rest(to))
        }) && shapes
            .iter()
            .all(|(shape, old)| new_shapes.get(shape).is_some_and(|new| self.implies(old, new)))
            && self.implies(rest(from), rest(to))
    }

    /// The items of an array.
    fn items(&mut self, from: &'a Map<String, Value>, to: &'a Map<String, Value>) -> bool {
        let (had, old_rest) = tuple(self.pair.draft, from);
        let (wanted, new_rest) = tuple(self.pair.draft, to);
        (0..had.len().max(wanted.len())).all(|index| {
            let old = had.get(index).unwrap_or(old_rest);
            self.implies(old, wanted.get(index).unwrap_or(new_rest))
        }) && self.implies(old_rest, new_rest)
    }
}

/// Whether a name matches a pattern; `None` where that is not found out.
fn matches(draft: Draft, pattern: &str, name: &str) -> Option<bool> {
    let schema = Value::Object(Map::from_iter([("pattern".to_owned(), pattern.into())]));
    let validator = schema::options(draft).build(&schema).ok()?;
    let name = Value::from(name);
    let mut errors = validator.iter_errors(&name);
    match errors.next() {
        None => Some(true),
        Some(error) if violation::gave_up(&error) => None,
        Some(_) => Some(false),
    }
}

static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();

fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// The schema that a bare reference stands for.
fn plain<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    while let Value::Object(map) = schema
        && map.keys().all(|key| matches!(key.as_str(), "$ref" | "$defs" | "definitions"))
        && let Some(Value::String(name)) = map.get("$ref")
        && let Some(target) = resolve::definition(root, name)
    {
        schema = target;
    }
    schema
}

/// The schemas of the first items, and that of all others.
pub(super) fn tuple(draft: Draft, map: &Map<String, Value>) -> (&[Value], &Value) {
    let rest = |keyword| map.get(keyword).unwrap_or(&TRUE);
    if draft >= Draft::Draft202012 {
        let first = map.get("prefixItems").and_then(Value::as_array);
        return (first.map(Vec::as_slice).unwrap_or_default(), rest("items"));
    }
    match map.get("items") {
        Some(Value::Array(first)) => (first, rest("additionalItems")),
        Some(all) => (&[], all),
        None => (&[], &TRUE),
    }
}
