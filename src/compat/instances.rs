//! Instances that a schema admits.

use serde_json::Value;

use super::schema::Schema;
use super::witness;

/// Up to `count` different valid instances: the smallest, the fullest, and values in between.
pub(super) fn valid(schema: &Schema, count: usize) -> Vec<Value> {
    let found = witness::instances(schema, usize::MAX);
    if found.len() <= count {
        return found;
    }
    // The fullest ones say most; the others are taken evenly, so that all parts are met.
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(weight(&found[*index])));
    let full = count / 3;
    let mut chosen: Vec<usize> = order.iter().copied().take(full).collect();
    let rest = count - chosen.len();
    for step in 0..rest {
        chosen.push(step * found.len() / rest.max(1));
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().filter_map(|index| found.get(index).cloned()).collect()
}

/// How many values it holds.
fn weight(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(weight).sum::<usize>(),
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        _ => 1,
    }
}
