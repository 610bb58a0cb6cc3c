//! A graph as SVG.

use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthStr as _;

use super::escape::html;
use super::graph::{Edge, Graph, Node};
use super::text::{class, scroll, standing};
use crate::model::printable;
use crate::render::words::{self, Mark, shorten};

/// Pixels from row to row.
const ROW: usize = 36;
/// Pixels from lane to lane.
const LANE: usize = 24;
/// Pixels of a migration's circle, from its middle.
const RADIUS: usize = 10;
/// The same of one that is not judged here.
const SMALL_RADIUS: usize = 6;
/// Pixels that a column of text takes, at most.
const COLUMN: usize = 9;
/// Characters of a name, at most.
const MAX_NAME: usize = 80;

/// The drawing, with words for what it shows.
pub(super) fn figure(graph: &Graph, page: &mut String) -> fmt::Result {
    page.push_str("<figure class=\"graph\">\n<figcaption>");
    page.push_str(if graph.is_declared {
        "What needs what: a line runs from a migration down to each that needs it."
    } else {
        "The order in which they run; no dependencies are declared."
    });
    if graph.edges.iter().any(|edge| edge.is_back) {
        page.push_str(" A dashed line stands for the need of one that runs later.");
    }
    if graph.left_out > 0 {
        let more = words::number(graph.left_out, "more migration");
        write!(page, " Drawn are those to look at and the latest; {more} are not.")?;
    }
    writeln!(page, "</figcaption>\n{}", scroll("Dependency graph"))?;
    svg(graph, page)?;
    page.push_str("</div>\n</figure>\n");
    Ok(())
}

fn svg(graph: &Graph, page: &mut String) -> fmt::Result {
    let names: Vec<String> = graph
        .nodes
        .iter()
        .map(|node| printable(&shorten(&node.id, MAX_NAME)).into_owned())
        .collect();
    let columns = graph.nodes.iter().zip(&names);
    let columns = columns.map(|(node, name)| name.width() + standing(node.mark).len() + 4).max();
    let left = graph.width() * LANE + RADIUS;
    let width = left + columns.unwrap_or(0) * COLUMN;
    let height = graph.nodes.len() * ROW;
    let count = words::number(graph.nodes.len(), "migration");
    writeln!(
        page,
        "<svg role=\"img\" aria-label=\"{count}; the table above says what each needs\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
    )?;
    for edge in &graph.edges {
        line(edge, graph, page)?;
    }
    for (row, (node, name)) in graph.nodes.iter().zip(&names).enumerate() {
        circle(row, node, page)?;
        let (y, class, word) = (y(row) + 5, class(node.mark), standing(node.mark));
        writeln!(
            page,
            "<text x=\"{left}\" y=\"{y}\"><tspan class=\"id\">{}</tspan><tspan class=\"word {class}\" dx=\"14\">{word}</tspan></text>",
            html(name)
        )?;
    }
    page.push_str("</svg>\n");
    Ok(())
}

/// The middle of a lane.
fn x(lane: usize) -> usize {
    lane * LANE + LANE / 2
}

/// The middle of a row.
fn y(row: usize) -> usize {
    row * ROW + ROW / 2
}

/// Down the lane of the upper one, and in the last row over to the lower one.
fn line(edge: &Edge, graph: &Graph, page: &mut String) -> fmt::Result {
    let (from, to) = (x(graph.nodes[edge.upper].lane), x(graph.nodes[edge.lower].lane));
    let (top, bottom) = (y(edge.upper), y(edge.lower));
    let class = if edge.is_back { "edge back" } else { "edge" };
    write!(page, "<path class=\"{class}\" d=\"M{from} {top}V{}", bottom - ROW)?;
    if from == to {
        write!(page, "V{bottom}")?;
    } else {
        let middle = bottom - ROW / 2;
        write!(page, "C{from} {middle} {to} {middle} {to} {bottom}")?;
    }
    page.push_str("\"/>\n");
    Ok(())
}

fn circle(row: usize, node: &Node, page: &mut String) -> fmt::Result {
    let (x, y, class) = (x(node.lane), y(row), class(node.mark));
    let radius = if node.mark == Mark::None { SMALL_RADIUS } else { RADIUS };
    write!(page, "<circle class=\"node {class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>")?;
    if node.mark != Mark::None {
        let sign = node.mark.sign();
        write!(page, "<text class=\"inside\" x=\"{x}\" y=\"{}\">{sign}</text>", y + 4)?;
    }
    page.push('\n');
    Ok(())
}
