//! Instances that a schema admits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::schema::Schema;
use super::witness;
use crate::model::Pointer;

/// Up to `count` different valid instances: the smallest, the fullest, and values in between.
pub(super) fn valid(schema: &Schema, count: usize) -> Vec<Value> {
    let found = witness::instances(schema, usize::MAX);
    if found.len() <= count {
        return found;
    }
    // The fullest ones say most; of the others those that show a value that none before shows,
    // from each place in turn, so that all parts are met.
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(weight(&found[*index])));
    let mut chosen: BTreeSet<usize> = order.iter().copied().take(count / 3).collect();
    let mut fresh = fresh(&found, &chosen);
    while chosen.len() < count && !fresh.is_empty() {
        for places in fresh.values_mut() {
            // The edges lie at both ends.
            let taken = [places.pop_front(), places.pop_back()];
            chosen.extend(taken.into_iter().flatten().take(count - chosen.len()));
        }
        fresh.retain(|_, places| !places.is_empty());
    }
    let spare: Vec<usize> = (0..found.len()).filter(|index| !chosen.contains(index)).collect();
    let rest = count - chosen.len();
    chosen.extend((0..rest).filter_map(|step| spare.get(step * spare.len() / rest)));
    chosen.into_iter().filter_map(|index| found.get(index).cloned()).collect()
}

/// The instances that show a value which none before and none of the chosen shows, by its place.
fn fresh(found: &[Value], chosen: &BTreeSet<usize>) -> BTreeMap<String, VecDeque<usize>> {
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    known.extend(chosen.iter().flat_map(|index| leaves(&found[*index])));
    let mut fresh: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
    for (index, instance) in found.iter().enumerate() {
        let new: Vec<(String, String)> =
            leaves(instance).into_iter().filter(|leaf| !known.contains(leaf)).collect();
        if let Some((place, _)) = new.first() {
            fresh.entry(place.clone()).or_default().push_back(index);
        }
        known.extend(new);
    }
    fresh
}

/// The values without parts, each with its place.
fn leaves(instance: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), instance)];
    while let Some((place, value)) = waiting.pop() {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, item) in map {
                    waiting.push((format!("{place}/{}", Pointer::escaped(key)), item));
                }
            }
            // Which item it is says nothing.
            Value::Array(items) if !items.is_empty() => {
                waiting.extend(items.iter().map(|item| (format!("{place}/0"), item)));
            }
            value => found.push((place, value.to_string())),
        }
    }
    found
}

/// How many values it holds.
fn weight(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(weight).sum::<usize>(),
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        _ => 1,
    }
}
