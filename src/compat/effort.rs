//! How much work it is to judge an instance, counted before a validator is let loose on it.
//!
//! A validator that lists errors follows every way that leads from the schema to a part of the
//! instance. Schemas that refer to themselves twice double the ways with each level.

use std::collections::BTreeMap;

use jsonschema::Draft;
use serde_json::Value;

use super::keyword::{self, Step};
use super::resolve;

/// How many schemas may be applied in judging one instance.
const MOST: u64 = 2_000_000;
/// How many pairs of a schema and a part of the instance are counted.
const MOST_PAIRS: usize = 200_000;

/// Whether the instance can be judged with a bounded number of steps.
pub(super) fn is_bearable(draft: Draft, root: &Value, instance: &Value) -> bool {
    let mut effort = Effort { draft, root, known: BTreeMap::new() };
    effort.of(root, instance) <= MOST
}

struct Effort<'a> {
    draft: Draft,
    root: &'a Value,
    known: BTreeMap<(usize, usize), u64>,
}

impl<'a> Effort<'a> {
    /// How often a schema is applied, at most, in judging the instance by this one.
    fn of(&mut self, schema: &'a Value, instance: &Value) -> u64 {
        let Value::Object(map) = schema else { return 1 };
        let key = (std::ptr::from_ref(schema).addr(), std::ptr::from_ref(instance).addr());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        if self.known.len() > MOST_PAIRS {
            return u64::MAX;
        }
        let mut total = 1u64;
        if let Some(name) = map.get("$ref").and_then(Value::as_str)
            && let Some(target) = resolve::definition(self.root, name)
        {
            total = total.saturating_add(self.of(target, instance));
        }
        for child in keyword::children(self.draft, map) {
            if total > MOST {
                break;
            }
            let more = match keyword::step(child.keyword) {
                Step::InPlace => self.of(child.schema, instance),
                Step::Child => self.parts(child.keyword, child.name(), child.schema, instance),
            };
            total = total.saturating_add(more);
        }
        self.known.insert(key, total);
        total
    }

    fn parts(
        &mut self,
        keyword: &str,
        name: Option<&str>,
        schema: &'a Value,
        instance: &Value,
    ) -> u64 {
        let mut total = 0u64;
        let mut add = |count: u64| total = total.saturating_add(count);
        match (keyword, instance) {
            ("properties", Value::Object(map)) => {
                if let Some(value) = name.and_then(|name| map.get(name)) {
                    add(self.of(schema, value));
                }
            }
            ("propertyNames", Value::Object(map)) => add(map.len() as u64),
            (_, Value::Object(map)) if keyword.ends_with("Properties") => {
                map.values().for_each(|value| add(self.of(schema, value)));
            }
            (_, Value::Array(items)) if !keyword.ends_with("Properties") => {
                items.iter().for_each(|value| add(self.of(schema, value)));
            }
            _ => {}
        }
        total
    }
}
