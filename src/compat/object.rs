//! Small facts about schemas of a resolved document.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::{keyword, resolve};

/// Compares two numbers exactly; `None` where that cannot be done.
pub(super) fn compare_numbers(one: &Value, other: &Value) -> Option<Ordering> {
    /// Up to here every whole number is exact in a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole =
        |value: &Value| value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    if let (Some(one), Some(other)) = (whole(one), whole(other)) {
        return Some(one.cmp(&other));
    }
    let (one, other) = (one.as_f64()?, other.as_f64()?);
    (one.abs() < EXACT && other.abs() < EXACT).then(|| one.partial_cmp(&other)).flatten()
}

/// Whether a document uses `unevaluatedProperties` or `unevaluatedItems`.
pub(super) fn mentions_unevaluated(value: &Value) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.starts_with("unevaluated") || mentions_unevaluated(value)),
        Value::Array(items) => items.iter().any(mentions_unevaluated),
        _ => false,
    }
}

/// The names of the definitions that schemas refer to, directly or through others.
fn reached<'a>(draft: Draft, root: &'a Value, schemas: Vec<&'a Value>) -> BTreeSet<&'a str> {
    let mut waiting = schemas;
    let mut known = BTreeSet::new();
    while let Some(schema) = waiting.pop() {
        let Value::Object(map) = schema else { continue };
        if let Some(name) = map.get("$ref").and_then(Value::as_str)
            && let Some(target) = resolve::definition(root, name)
            && known.insert(name)
        {
            waiting.push(target);
        }
        waiting.extend(keyword::children(draft, map).into_iter().map(|child| child.schema));
    }
    known
}

/// Tells the names of the definitions that a schema itself refers to.
fn direct<'a>(draft: Draft, schema: &'a Value, tell: &mut dyn FnMut(&'a str)) {
    let Value::Object(map) = schema else { return };
    if let Some(name) = map.get("$ref").and_then(Value::as_str) {
        tell(name.rsplit('/').next().unwrap_or(name));
    }
    for child in keyword::children(draft, map) {
        direct(draft, child.schema, tell);
    }
}

/// Two documents of one draft, the old and the new.
pub(super) struct Pair<'a> {
    pub(super) draft: Draft,
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
    /// The definitions that are not the same on both sides, or refer to such.
    changed: BTreeSet<&'a str>,
}

impl<'a> Pair<'a> {
    pub(super) fn new(draft: Draft, old: &'a Value, new: &'a Value) -> Self {
        let holder = keyword::definitions(draft);
        let definitions =
            |root: &'a Value| root.get(holder).and_then(Value::as_object).into_iter().flatten();
        let mut changed = BTreeSet::new();
        for (from, to) in [(old, new), (new, old)] {
            let differs = definitions(from).filter(|(name, body)| {
                to.get(holder).and_then(|named| named.get(*name)) != Some(body)
            });
            changed.extend(differs.map(|(name, _)| name.as_str()));
        }
        // What refers to a changed definition is changed itself.
        let mut users: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        for (user, body) in definitions(old) {
            direct(draft, body, &mut |name| users.entry(name).or_default().push(user));
        }
        let mut waiting: Vec<&str> = changed.iter().copied().collect();
        while let Some(name) = waiting.pop() {
            for user in users.get(name).into_iter().flatten() {
                if changed.insert(user) {
                    waiting.push(user);
                }
            }
        }
        Self { draft, old, new, changed }
    }

    /// Whether a keyword's value is the same on both sides, with everything it refers to.
    pub(super) fn same(&self, keyword: &str, from: &Value, to: &Value) -> bool {
        let below = || keyword::below(self.draft, keyword, from);
        from == to
            && (self.changed.is_empty()
                || !((keyword == "$ref" && self.leads_to_change(from))
                    || below().into_iter().any(|child| self.touches(child.schema))))
    }

    /// Whether a schema is the same on both sides, with everything it refers to.
    pub(super) fn same_schema(&self, from: &Value, to: &Value) -> bool {
        from == to && !self.touches(from)
    }

    /// Whether a schema refers to a definition that changed.
    fn touches(&self, schema: &Value) -> bool {
        let Value::Object(map) = schema else { return false };
        !self.changed.is_empty()
            && (map.get("$ref").is_some_and(|name| self.leads_to_change(name))
                || keyword::children(self.draft, map)
                    .into_iter()
                    .any(|child| self.touches(child.schema)))
    }

    fn leads_to_change(&self, reference: &Value) -> bool {
        let name = reference.as_str().and_then(|text| text.rsplit('/').next());
        name.is_some_and(|name| self.changed.contains(name))
    }
}

/// A part of a document as a document of its own.
pub(super) fn standalone(draft: Draft, root: &Value, part: &Value) -> Value {
    let Value::Object(map) = part else { return part.clone() };
    let holder = keyword::definitions(draft);
    let mut map = map.clone();
    map.remove(holder);
    let names = reached(draft, root, vec![part]);
    if !names.is_empty() {
        let prefix = format!("#/{holder}/");
        let needed = names.into_iter().filter_map(|name| {
            Some((name.strip_prefix(&prefix)?.to_owned(), resolve::definition(root, name)?.clone()))
        });
        map.insert(holder.to_owned(), Value::Object(needed.collect()));
    }
    Value::Object(map)
}

/// Whether the old schema admits no value of the type that a keyword is about.
pub(super) fn is_vacuous(from: &Map<String, Value>, keyword: &str) -> bool {
    let about: &[&str] = match keyword {
        "multipleOf" | "maximum" | "minimum" | "exclusiveMaximum" | "exclusiveMinimum" => {
            &["integer", "number"]
        }
        "maxLength" | "minLength" | "pattern" | "format" | "contentEncoding"
        | "contentMediaType" => &["string"],
        "maxItems" | "minItems" | "uniqueItems" | "contains" | "items" => &["array"],
        "maxProperties" | "minProperties" | "required" | "properties" | "propertyNames"
        | "dependentRequired" | "dependentSchemas" | "dependencies" => &["object"],
        _ => return false,
    };
    types(from).is_some_and(|types| !types.iter().any(|name| about.contains(name)))
}

/// The types that a schema admits, as far as its own `type` says.
pub(super) fn types(map: &Map<String, Value>) -> Option<Vec<&str>> {
    match map.get("type")? {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// Whether a list has every entry of another. An absent one asks for nothing and gives nothing.
pub(super) fn includes(had: Option<&Value>, wanted: Option<&Value>) -> bool {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let had = list(had);
    list(wanted).iter().all(|entry| had.contains(entry))
}

/// Whether the entries of both are equal.
pub(super) fn same_entries(
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    keywords: &[&str],
) -> bool {
    keywords.iter().all(|keyword| from.get(*keyword) == to.get(*keyword))
}

/// Whether what a keyword without sub-schemas demands is already demanded by the old schema.
pub(super) fn scalar_implied(
    draft: Draft,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    keyword: &str,
) -> bool {
    let Some(wanted) = to.get(keyword) else { return true };
    let had = from.get(keyword);
    let compared = |keyword: &str| from.get(keyword).and_then(|had| compare_numbers(had, wanted));
    let not_below = |order| matches!(order, Some(Ordering::Greater | Ordering::Equal));
    let not_above = |order| matches!(order, Some(Ordering::Less | Ordering::Equal));
    match keyword {
        "type" => type_implied(from, to),
        "enum" | "const" => {
            let allowed = |value: &Value| match wanted {
                Value::Array(allowed) if keyword == "enum" => allowed.contains(value),
                wanted => keyword == "const" && wanted == value,
            };
            listed(from).is_some_and(|had| had.into_iter().all(allowed))
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum"
            if draft == Draft::Draft4 =>
        {
            let side = if keyword.ends_with("inimum") { "inimum" } else { "aximum" };
            let (plain, exclusive) = (format!("m{side}"), format!("exclusiveM{side}"));
            same_entries(from, to, &[&plain, &exclusive])
        }
        "minimum" => not_below(compared("minimum")) || not_below(compared("exclusiveMinimum")),
        "maximum" => not_above(compared("maximum")) || not_above(compared("exclusiveMaximum")),
        "exclusiveMinimum" => {
            not_below(compared("exclusiveMinimum"))
                || compared("minimum") == Some(Ordering::Greater)
        }
        "exclusiveMaximum" => {
            not_above(compared("exclusiveMaximum")) || compared("maximum") == Some(Ordering::Less)
        }
        "minLength" | "minItems" | "minProperties" => not_below(compared(keyword)),
        "maxLength" | "maxItems" | "maxProperties" => not_above(compared(keyword)),
        "multipleOf" => {
            had == Some(wanted)
                || had
                    .and_then(Value::as_u64)
                    .zip(wanted.as_u64())
                    .is_some_and(|(had, wanted)| had.checked_rem(wanted) == Some(0))
        }
        "pattern" | "format" | "contentEncoding" | "contentMediaType" => had == Some(wanted),
        "uniqueItems" => wanted == &Value::Bool(false) || had == Some(wanted),
        "required" => includes(had, Some(wanted)),
        "dependentRequired" => wanted.as_object().is_some_and(|wanted| {
            wanted.iter().all(|(name, names)| {
                includes(had.and_then(|had| had.get(name)), Some(names))
                    || includes(from.get("required"), Some(names))
            })
        }),
        _ => false,
    }
}

/// The values that `enum` or `const` leaves.
pub(super) fn listed(map: &Map<String, Value>) -> Option<Vec<&Value>> {
    match (map.get("const"), map.get("enum")) {
        (Some(value), _) => Some(vec![value]),
        (None, Some(Value::Array(values))) => Some(values.iter().collect()),
        _ => None,
    }
}

fn type_implied(from: &Map<String, Value>, to: &Map<String, Value>) -> bool {
    let Some(allowed) = types(to) else { return false };
    let admits =
        |name: &str| allowed.contains(&name) || (name == "integer" && allowed.contains(&"number"));
    if types(from).is_some_and(|had| had.into_iter().all(admits)) {
        return true;
    }
    // A float may count as an integer in one draft and not in another, so it is left alone.
    listed(from).is_some_and(|values| {
        values.iter().all(|value| match value {
            Value::Null => admits("null"),
            Value::Bool(_) => admits("boolean"),
            Value::String(_) => admits("string"),
            Value::Array(_) => admits("array"),
            Value::Object(_) => admits("object"),
            Value::Number(number) if number.is_f64() => allowed.contains(&"number"),
            Value::Number(_) => admits("integer"),
        })
    })
}
