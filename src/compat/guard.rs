//! What a validator could hang or run out of stack on, refused before one is built.

use std::collections::BTreeMap;

use jsonschema::Draft;
use serde_json::Value;

use super::keyword::{self, Step};
use super::resolve;

/// How many schemas may judge one and the same value, one inside the other.
const DEEPEST_IN_PLACE: usize = 96;
/// How many ways may lead from a schema to those that judge the same value.
const MOST_IN_PLACE: u64 = 20_000;

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The reference at this place of the document leads back to itself on the same value.
    Endless(String),
    /// The schemas at this place multiply.
    TooLarge(String),
}

/// Looks at the document that [`resolve::resolve`] makes.
pub(super) fn check(draft: Draft, root: &Value) -> Result<(), Refusal> {
    let mut guard = Guard { draft, root, known: BTreeMap::new() };
    guard.every(root, "")
}

struct Guard<'a> {
    draft: Draft,
    root: &'a Value,
    /// How deep a definition goes and in how many ways; `None` while it is being looked at.
    known: BTreeMap<&'a str, Option<(usize, u64)>>,
}

impl<'a> Guard<'a> {
    /// Looks at a schema and at all below it, definitions included.
    fn every(&mut self, schema: &'a Value, pointer: &str) -> Result<(), Refusal> {
        let Value::Object(map) = schema else { return Ok(()) };
        let (deep, ways) = self.reach(schema, pointer, 0)?;
        if deep > DEEPEST_IN_PLACE || ways > MOST_IN_PLACE {
            return Err(Refusal::TooLarge(pointer.to_owned()));
        }
        for child in keyword::children(self.draft, map) {
            self.every(child.schema, &format!("{pointer}{}", child.pointer()))?;
        }
        if pointer.is_empty()
            && let Some(Value::Object(named)) = map.get(keyword::definitions(self.draft))
        {
            for (name, item) in named {
                let holder = keyword::definitions(self.draft);
                self.every(item, &format!("/{holder}/{name}"))?;
            }
        }
        Ok(())
    }

    /// How deep the schemas nest that judge the same value, and how many ways lead to them.
    fn reach(
        &mut self,
        schema: &'a Value,
        pointer: &str,
        depth: usize,
    ) -> Result<(usize, u64), Refusal> {
        let Value::Object(map) = schema else { return Ok((1, 1)) };
        if depth > 4 * DEEPEST_IN_PLACE {
            return Err(Refusal::TooLarge(pointer.to_owned()));
        }
        let (mut deepest, mut ways) = (0, 1u64);
        if let Some(name) = map.get("$ref").and_then(Value::as_str) {
            let (deep, more) = self.definition(name, pointer, depth)?;
            (deepest, ways) = (deep, ways.saturating_add(more));
        }
        for child in keyword::children(self.draft, map) {
            if keyword::step(child.keyword) == Step::InPlace {
                let at = format!("{pointer}{}", child.pointer());
                let (deep, more) = self.reach(child.schema, &at, depth + 1)?;
                deepest = deepest.max(deep);
                ways = ways.saturating_add(more);
            }
        }
        Ok((deepest + 1, ways))
    }

    fn definition(
        &mut self,
        name: &'a str,
        pointer: &str,
        depth: usize,
    ) -> Result<(usize, u64), Refusal> {
        match self.known.get(name) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => return Err(Refusal::Endless(pointer.to_owned())),
            None => {}
        }
        let Some(schema) = resolve::definition(self.root, name) else { return Ok((1, 1)) };
        self.known.insert(name, None);
        let at = name.trim_start_matches('#').to_owned();
        let reach = self.reach(schema, &at, depth + 1)?;
        self.known.insert(name, Some(reach));
        Ok(reach)
    }
}
