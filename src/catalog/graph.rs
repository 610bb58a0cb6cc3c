//! The dependency graph of a set.

use std::collections::BTreeMap;

use super::SetCatalog;

/// A dependency between two migrations of a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The migration that needs.
    pub from: String,
    /// The migration that is needed.
    pub to: String,
}

/// Every declared dependency, in the order of the set; targets that do not exist included.
#[must_use]
pub fn edges(catalog: &SetCatalog) -> Vec<Edge> {
    catalog
        .entries
        .iter()
        .flat_map(|entry| {
            entry.depends_on().into_iter().map(|to| Edge { from: entry.migration.id.clone(), to })
        })
        .collect()
}

/// How many cycles are told: a few hundred migrations can have millions.
const MOST_CYCLES: usize = 100;

/// Finds cycles, not more than anybody would read: each as its ids from the one that comes first in
/// the set, every one found from a different start. A migration that needs itself is a cycle of one.
#[must_use]
pub fn cycles(edges: &[Edge]) -> Vec<Vec<String>> {
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in edges {
        needs.entry(&edge.from).or_default().push(&edge.to);
    }
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    let mut found = Vec::new();
    for edge in edges {
        walk(&edge.from, &needs, &mut done, &mut found);
    }
    found
}

/// Depth-first without recursion, so that a long chain cannot overflow the stack. `done` is false
/// for what is on the path and true for what is finished.
fn walk<'a>(
    start: &'a str,
    needs: &BTreeMap<&'a str, Vec<&'a str>>,
    done: &mut BTreeMap<&'a str, bool>,
    cycles: &mut Vec<Vec<String>>,
) {
    if done.contains_key(start) {
        return;
    }
    let mut path: Vec<(&str, usize)> = vec![(start, 0)];
    done.insert(start, false);
    while let Some((node, next)) = path.last_mut() {
        let target = needs.get(node).and_then(|targets| targets.get(*next)).copied();
        *next += 1;
        match target {
            None => {
                done.insert(node, true);
                path.pop();
            }
            Some(target) => match done.get(target) {
                Some(false) if cycles.len() < MOST_CYCLES => {
                    let at = path.iter().position(|(id, _)| *id == target).unwrap_or(0);
                    cycles.push(path[at..].iter().map(|(id, _)| (*id).to_owned()).collect());
                }
                Some(_) => {}
                None => {
                    done.insert(target, false);
                    path.push((target, 0));
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(pairs: &[(&str, &str)]) -> Vec<Edge> {
        pairs.iter().map(|(from, to)| Edge { from: (*from).into(), to: (*to).into() }).collect()
    }

    #[test]
    fn cycles_are_found_once() {
        assert!(cycles(&graph(&[("b", "a"), ("c", "b"), ("c", "a")])).is_empty());
        assert_eq!(cycles(&graph(&[("a", "b"), ("b", "c"), ("c", "a")])), [["a", "b", "c"]]);
        assert_eq!(cycles(&graph(&[("a", "a")])), [["a"]]);
    }

    #[test]
    fn not_every_cycle_of_many_is_told() {
        let names: Vec<String> = (0..500).map(|n| format!("{n:03}")).collect();
        let each = |from: &String| {
            names.iter().map(|to| Edge { from: from.clone(), to: to.clone() }).collect::<Vec<_>>()
        };
        let all: Vec<Edge> = names.iter().flat_map(each).collect();
        assert_eq!(cycles(&all).len(), MOST_CYCLES);
    }

    #[test]
    fn a_long_chain_does_not_overflow() {
        let chain: Vec<Edge> = (0..100_000)
            .map(|n| Edge { from: format!("{n:06}"), to: format!("{:06}", n + 1) })
            .collect();
        assert!(cycles(&chain).is_empty());
    }
}
