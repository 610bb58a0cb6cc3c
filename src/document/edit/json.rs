//! Edits of JSON, with or without comments, by the places of its values.

use super::flow::{Content, Flow, Item, line_indent, starts_line};
use super::style::{Notation, Style};
use super::{Edit, Refused, Splice, find, shown, spliced, value};
use crate::document::{Format, Node, Value, read};
use crate::model::Pointer;

/// Makes an edit that fits the value.
pub(super) fn edit(
    format: Format,
    text: &str,
    root: &Node,
    edit: &Edit,
) -> Result<String, Refused> {
    match edit {
        Edit::Set { at, value } => {
            let node = find(root, &at.0).ok_or_else(|| unfit(at))?;
            let indent = line_indent(text, node.span.start);
            let own_line =
                |(flow, index): (Flow, usize)| starts_line(text, flow.items[index].start);
            let tall = text[node.span.start..node.span.end].contains('\n')
                || item(root, at).map_or(true, own_line);
            let new = style(text, root).render(value, tall.then_some(indent))?;
            Ok(spliced(text, vec![(node.span.start..node.span.end, new)]))
        }
        Edit::Add { at, value } => Ok(spliced(text, add(text, root, at, Content::New(value))?)),
        Edit::Remove { at } => {
            let (flow, index) = item(root, at)?;
            Ok(spliced(text, flow.remove(text, index, Notation::Json).0))
        }
        Edit::Move { from, to } => {
            if value::is_rename(&root.to_json(), from, to) {
                return rename(text, root, from, to);
            }
            let (flow, index) = item(root, from)?;
            let (splices, piece) = flow.remove(text, index, Notation::Json);
            let rest = spliced(text, splices);
            let root = read(format, &rest)?;
            Ok(spliced(&rest, add(&rest, &root, to, Content::Moved(&piece))?))
        }
    }
}

fn unfit(at: &Pointer) -> Refused {
    Refused::new(format!("{} cannot be edited", shown(at)))
}

fn add(
    text: &str,
    root: &Node,
    at: &Pointer,
    content: Content<'_>,
) -> Result<Vec<Splice>, Refused> {
    let (held, token) =
        at.0.split_last().map(|(last, held)| (held, last)).ok_or_else(|| unfit(at))?;
    let flow = find(root, held).and_then(flow).ok_or_else(|| unfit(at))?;
    let end = flow.items.len();
    let style = style(text, root);
    let (index, key) = if flow.map {
        (end, Some(style.key(token)))
    } else {
        (value::index(token).unwrap_or(end), None)
    };
    Ok(flow.insert(text, index, key.as_deref(), content, &style)?.0)
}

fn rename(text: &str, root: &Node, from: &Pointer, to: &Pointer) -> Result<String, Refused> {
    let (Some((old, held)), Some(new)) = (from.0.split_last(), to.0.last()) else {
        return Err(unfit(from));
    };
    let (key, _) = find(root, held).and_then(|map| map.entry(old)).ok_or_else(|| unfit(from))?;
    let new = serde_json::Value::from(new.as_str()).to_string();
    Ok(spliced(text, vec![(key.start..key.end, new)]))
}

/// The map or list that holds a value, and the value's index there.
fn item(root: &Node, at: &Pointer) -> Result<(Flow, usize), Refused> {
    let (token, held) = at.0.split_last().ok_or_else(|| unfit(at))?;
    let held = find(root, held).ok_or_else(|| unfit(at))?;
    let index = match &held.value {
        Value::Map(entries) => entries.iter().position(|(key, _)| key.value == *token),
        _ => value::index(token),
    };
    let (flow, index) = flow(held).zip(index).ok_or_else(|| unfit(at))?;
    Ok((flow, index))
}

fn flow(node: &Node) -> Option<Flow> {
    let item = |key: Option<crate::model::Span>, node: &Node| Item {
        start: key.unwrap_or(node.span).start,
        key_end: key.map(|key| key.end),
        value: node.span.start..node.span.end,
        scalar: !matches!(node.value, Value::List(_) | Value::Map(_)),
    };
    let items = match &node.value {
        Value::List(items) => items.iter().map(|it| item(None, it)).collect(),
        Value::Map(entries) => entries.iter().map(|(key, it)| item(Some(key.span), it)).collect(),
        _ => return None,
    };
    let map = matches!(node.value, Value::Map(_));
    Some(Flow { open: node.span.start, close: node.span.end - 1, map, items })
}

fn style(text: &str, root: &Node) -> Style {
    let mut flows = Vec::new();
    collect(root, &mut flows);
    Style::of(text, Notation::Json, &flows)
}

fn collect(node: &Node, flows: &mut Vec<Flow>) {
    flows.extend(flow(node));
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| collect(item, flows)),
        Value::Map(entries) => entries.iter().for_each(|(_, item)| collect(item, flows)),
        _ => {}
    }
}
