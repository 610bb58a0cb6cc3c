//! The migrations of a set with what they need, as rows and lanes.
//!
//! One row holds one migration, in the order in which they run, so that a name of any length stays
//! readable on a narrow screen too. A line from what is needed runs down its own lane to the last
//! that needs it and turns off to each of the others; no migration stands in a lane that is taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Report, SetReport};
use crate::render::words::Mark;

/// Rows drawn, at most.
pub(super) const MAX_ROWS: usize = 60;

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Its id.
    pub(super) id: String,
    /// How it stands; [`Mark::None`] for one that is needed and not judged here.
    pub(super) mark: Mark,
    /// Its lane, from 0.
    pub(super) lane: usize,
}

/// A line between two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// The row it leaves.
    pub(super) upper: usize,
    /// The row it reaches.
    pub(super) lower: usize,
    /// The upper one needs the lower one, which runs later.
    pub(super) is_back: bool,
}

/// The drawing without its measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Graph {
    /// The migrations from the first row to the last.
    pub(super) nodes: Vec<Node>,
    /// The lines, sorted.
    pub(super) edges: Vec<Edge>,
    /// Whether needs are declared; else the lines are the order in which they run.
    pub(super) is_declared: bool,
    /// How many migrations are not drawn.
    pub(super) left_out: usize,
}

impl Graph {
    /// The judged migrations of a set and what they need.
    pub(super) fn of(report: &Report, set: &SetReport) -> Self {
        let judged: BTreeMap<&str, Mark> = set
            .migrations
            .iter()
            .map(|one| (one.id.as_str(), Mark::of_migration(report, &set.name, one)))
            .collect();
        let needs: Vec<(&str, Vec<&str>)> = set
            .migrations
            .iter()
            .map(|one| (one.id.as_str(), one.depends_on.iter().map(String::as_str).collect()))
            .collect();
        Self::new(&judged, &needs)
    }

    /// Places the migrations in the order of `needs`, each with the ids that it needs.
    fn new(judged: &BTreeMap<&str, Mark>, needs: &[(&str, Vec<&str>)]) -> Self {
        let mut rows: Vec<&str> = Vec::new();
        let mut seen = BTreeSet::new();
        for (id, needed) in needs {
            // What is not judged stands right before the first that needs it.
            let earlier = needed.iter().filter(|id| !judged.contains_key(*id));
            rows.extend(earlier.chain([id]).copied().filter(|id| seen.insert(*id)));
        }
        let all = rows.len();
        keep_heaviest(&mut rows, judged);
        let is_declared = needs.iter().any(|(_, needed)| !needed.is_empty());
        let edges = if is_declared { declared(&rows, needs) } else { chain(rows.len()) };
        let lanes = lanes(rows.len(), &edges);
        let mark = |id| judged.get(id).copied().unwrap_or(Mark::None);
        let nodes = rows.iter().zip(lanes);
        let nodes = nodes.map(|(id, lane)| Node { id: (*id).to_owned(), mark: mark(id), lane });
        Self { nodes: nodes.collect(), edges, is_declared, left_out: all - rows.len() }
    }

    /// How many lanes there are.
    pub(super) fn width(&self) -> usize {
        self.nodes.iter().map(|node| node.lane + 1).max().unwrap_or(0)
    }
}

/// Leaves as many rows as can be read: what most needs to be looked at, then the latest.
fn keep_heaviest(rows: &mut Vec<&str>, judged: &BTreeMap<&str, Mark>) {
    if rows.len() <= MAX_ROWS {
        return;
    }
    let weight = |id: &str| match judged.get(id) {
        Some(Mark::Bad) => 0,
        Some(Mark::Unknown) => 1,
        Some(Mark::Warning) => 2,
        Some(Mark::Good | Mark::None) => 3,
        None => 4,
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|row| (weight(rows[*row]), std::cmp::Reverse(*row)));
    let mut kept: Vec<usize> = order.into_iter().take(MAX_ROWS).collect();
    kept.sort_unstable();
    *rows = kept.into_iter().map(|row| rows[row]).collect();
}

/// The lines of what is declared, between rows that are drawn.
fn declared(rows: &[&str], needs: &[(&str, Vec<&str>)]) -> Vec<Edge> {
    let row: BTreeMap<&str, usize> = rows.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut edges = BTreeSet::new();
    for (id, needed) in needs {
        for needed in needed {
            let (Some(from), Some(to)) = (row.get(needed), row.get(id)) else { continue };
            if from != to {
                let (upper, lower) = (*from.min(to), *from.max(to));
                edges.insert(Edge { upper, lower, is_back: from > to });
            }
        }
    }
    edges.into_iter().collect()
}

/// Each after the one before.
fn chain(rows: usize) -> Vec<Edge> {
    (1..rows).map(|lower| Edge { upper: lower - 1, lower, is_back: false }).collect()
}

/// The lane of each row: the one of what it needs where that ends here, else the first free one.
fn lanes(rows: usize, edges: &[Edge]) -> Vec<usize> {
    // The row up to which each lane is taken.
    let mut taken: Vec<usize> = Vec::new();
    let mut lanes: Vec<usize> = Vec::new();
    for row in 0..rows {
        let ending = edges.iter().filter(|edge| edge.lower == row).map(|edge| lanes[edge.upper]);
        let free = |lane: &usize| taken[*lane] <= row;
        let lane = ending.filter(free).min().or_else(|| (0..taken.len()).find(free));
        let lane = lane.unwrap_or(taken.len());
        if lane == taken.len() {
            taken.push(row);
        }
        let last = edges.iter().filter(|edge| edge.upper == row).map(|edge| edge.lower).max();
        taken[lane] = last.unwrap_or(row + 1);
        lanes.push(lane);
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(needs: &[(&str, &[&str])]) -> Graph {
        let judged = needs.iter().map(|(id, _)| (*id, Mark::Good)).collect();
        let needs: Vec<_> = needs.iter().map(|(id, needed)| (*id, needed.to_vec())).collect();
        Graph::new(&judged, &needs)
    }

    fn drawn(graph: &Graph) -> String {
        let rows = graph.nodes.iter().map(|node| format!("{}{}", node.id, node.lane));
        rows.collect::<Vec<_>>().join(" ")
    }

    /// No line runs through a migration that it does not touch.
    fn assert_clear(graph: &Graph) {
        for edge in &graph.edges {
            let lane = graph.nodes[edge.upper].lane;
            for node in &graph.nodes[edge.upper + 1..edge.lower] {
                assert_ne!(node.lane, lane, "{edge:?} runs through {}", node.id);
            }
        }
    }

    #[test]
    fn without_needs_the_order_is_the_chain() {
        let graph = graph(&[("a", &[]), ("b", &[]), ("c", &[])]);
        assert_eq!(drawn(&graph), "a0 b0 c0");
        assert_eq!((graph.is_declared, graph.edges.len()), (false, 2));
    }

    #[test]
    fn lines_keep_their_lane_to_the_last_that_needs_them() {
        let graph = graph(&[("a", &["x"]), ("b", &["x", "y"]), ("c", &["a"]), ("d", &["b", "c"])]);
        assert_eq!(drawn(&graph), "x0 a1 y2 b0 c1 d0");
        assert_eq!(graph.nodes[0].mark, Mark::None);
        assert_clear(&graph);
    }

    #[test]
    fn a_circle_is_drawn_as_one() {
        let graph = graph(&[("a", &["b", "a"]), ("b", &["a"])]);
        let edge = |is_back| Edge { upper: 0, lower: 1, is_back };
        assert_eq!(graph.edges, [edge(false), edge(true)]);
        assert_eq!(drawn(&graph), "a0 b0");
    }

    #[test]
    fn any_number_is_placed_and_always_alike() {
        for count in [1, 10, 60, 500] {
            let ids: Vec<String> = (0..count).map(|at| format!("m{at}")).collect();
            let needs: Vec<(&str, Vec<&str>)> = (0..count)
                .map(|at| {
                    let needed = [at * 7 / 11, at * 3 / 5, (at + 1) % count];
                    (ids[at].as_str(), needed.iter().map(|at| ids[*at].as_str()).collect())
                })
                .collect();
            let judged = ids.iter().map(|id| (id.as_str(), Mark::Good)).collect();
            let graph = Graph::new(&judged, &needs);
            assert_eq!(graph.nodes.len(), count.min(MAX_ROWS));
            assert_eq!(graph.left_out, count - graph.nodes.len());
            assert_eq!(graph, Graph::new(&judged, &needs));
            assert!(graph.width() <= graph.nodes.len());
            assert_clear(&graph);
        }
    }

    #[test]
    fn what_is_left_out_is_the_least_of_it() {
        let ids: Vec<String> = (100..200).map(|at| at.to_string()).collect();
        let needs: Vec<_> = ids.iter().map(|id| (id.as_str(), Vec::new())).collect();
        let mark = |id: &str| if id == "103" { Mark::Bad } else { Mark::Good };
        let judged = ids.iter().map(|id| (id.as_str(), mark(id))).collect();
        let graph = Graph::new(&judged, &needs);
        assert_eq!((graph.nodes[0].id.as_str(), graph.nodes[1].id.as_str()), ("103", "141"));
        assert_eq!(graph.left_out, 40);
    }
}
