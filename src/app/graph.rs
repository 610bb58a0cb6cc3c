//! `graph`: what depends on what.

use serde::Serialize;

use super::gather::{Choice, gather};
use super::output::print;
use crate::catalog::{SetCatalog, edges};
use crate::cli::{Graph, GraphFormat};
use crate::error::GateError;
use crate::model::printable;

#[derive(Serialize)]
struct SetGraph {
    set: String,
    nodes: Vec<Node>,
    edges: Vec<Link>,
}

#[derive(Serialize)]
struct Node {
    id: String,
    class: &'static str,
}

#[derive(Serialize)]
struct Link {
    from: String,
    needs: String,
}

pub(super) fn graph(args: &Graph) -> Result<u8, GateError> {
    let choice = Choice { place: &args.place, base: None, base_dir: None, all: true };
    let graphs: Vec<SetGraph> = gather(&choice)?.catalogs.iter().map(of).collect();
    print(&match args.format {
        GraphFormat::Json => serde_json::to_string_pretty(&graphs).unwrap_or_default() + "\n",
        GraphFormat::Dot => dot(&graphs),
        GraphFormat::Mermaid => mermaid(&graphs),
    })?;
    Ok(0)
}

fn of(catalog: &SetCatalog) -> SetGraph {
    SetGraph {
        set: catalog.info.name.clone(),
        nodes: catalog
            .entries
            .iter()
            .map(|entry| Node { id: entry.migration.id.clone(), class: entry.class().name() })
            .collect(),
        edges: edges(catalog)
            .into_iter()
            .map(|edge| Link { from: edge.from, needs: edge.to })
            .collect(),
    }
}

/// A Graphviz string: names come from a repository, so quotes and back slashes are escaped, and
/// so is `&`, since labels know HTML's entities. `#` begins a command of some CI runners.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in printable(text).chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '&' => out.push_str("&amp;"),
            '#' => out.push_str("&#35;"),
            c => out.push(c),
        }
    }
    out + "\""
}

fn dot(graphs: &[SetGraph]) -> String {
    let mut out = String::from("digraph migrations {\n  rankdir = LR;\n  node [shape = box];\n");
    for (number, graph) in graphs.iter().enumerate() {
        out.push_str(&format!(
            "  subgraph cluster_{number} {{\n    label = {};\n",
            quoted(&graph.set)
        ));
        let name = |id: &str| quoted(&format!("{number}/{id}"));
        for node in &graph.nodes {
            let label = quoted(&format!("{} ({})", node.id, node.class));
            out.push_str(&format!("    {} [label = {label}];\n", name(&node.id)));
        }
        for edge in &graph.edges {
            out.push_str(&format!("    {} -> {};\n", name(&edge.from), name(&edge.needs)));
        }
        out.push_str("  }\n");
    }
    out + "}\n"
}

/// A Mermaid label: entities keep it from ending the string or opening markup.
fn label(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        if c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | '(' | ')') {
            out.push(c);
        } else {
            out.push_str(&format!("#{};", u32::from(c)));
        }
    }
    out
}

fn mermaid(graphs: &[SetGraph]) -> String {
    let mut out = String::from("graph LR\n");
    for (set, graph) in graphs.iter().enumerate() {
        out.push_str(&format!("  subgraph s{set}[\"{}\"]\n", label(&graph.set)));
        let mut known: Vec<&str> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
        for (number, node) in graph.nodes.iter().enumerate() {
            let text = label(&format!("{} ({})", node.id, node.class));
            out.push_str(&format!("    s{set}n{number}[\"{text}\"]\n"));
        }
        for edge in &graph.edges {
            // A dependency that does not exist is drawn as well: the picture shows the mistake.
            if !known.contains(&edge.needs.as_str()) {
                let text = label(&format!("{} (unknown)", edge.needs));
                out.push_str(&format!("    s{set}n{}[\"{text}\"]\n", known.len()));
                known.push(&edge.needs);
            }
            let place = |id: &str| known.iter().position(|node| *node == id).unwrap_or_default();
            let (from, to) = (place(&edge.from), place(&edge.needs));
            out.push_str(&format!("    s{set}n{from} --> s{set}n{to}\n"));
        }
        out.push_str("  end\n");
    }
    out
}
