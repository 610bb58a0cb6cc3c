//! Edits of JSON, with or without comments, by the places of its values.

use super::flow::{Flow, Item};
use super::piece::Content;
use super::style::{Notation, Style};
use super::trivia::{line_indent, starts_line};
use super::{Edit, Refused, shown, spliced, value};
use crate::document::{Format, Node, Value, read};
use crate::model::Pointer;

/// A text with the places of its values.
pub(super) struct Json<'a> {
    pub(super) format: Format,
    pub(super) newline: &'static str,
    pub(super) text: &'a str,
    pub(super) root: &'a Node,
}

impl Json<'_> {
    /// Makes an edit that fits the value.
    pub(super) fn edit(&self, edit: &Edit) -> Result<String, Refused> {
        let &Self { text, root, .. } = self;
        match edit {
            Edit::Set { at, value } => self.set(at, value),
            Edit::Add { at, value } => self.add(at, Content::New(value)),
            Edit::Remove { at } => {
                let (flow, index) = item(root, at)?;
                Ok(spliced(text, flow.remove(text, index, Notation::Json).0))
            }
            Edit::Move { from, to } if value::is_rename(&root.to_json(), from, to) => {
                self.rename(from, to)
            }
            Edit::Move { from, to } => {
                let (flow, index) = item(root, from)?;
                let (splices, piece) = flow.remove(text, index, Notation::Json);
                let text = &spliced(text, splices);
                let root = &read(self.format, text)?;
                Json { text, root, ..*self }.add(to, Content::Moved(&piece))
            }
        }
    }

    fn set(&self, at: &Pointer, value: &serde_json::Value) -> Result<String, Refused> {
        let span = self.root.find(&at.0).ok_or_else(|| unfit(at))?.span;
        let own_line = |(flow, index): (Flow, usize)| {
            flow.items.get(index).is_some_and(|item| starts_line(self.text, item.start))
        };
        let tall = self.text[span.start..span.end].contains('\n')
            || item(self.root, at).map_or(true, own_line);
        let indent = line_indent(self.text, span.start);
        let new = self.style().render(value, tall.then_some(indent))?;
        Ok(spliced(self.text, vec![(span.start..span.end, new)]))
    }

    fn add(&self, at: &Pointer, content: Content<'_>) -> Result<String, Refused> {
        let (token, held) = at.0.split_last().ok_or_else(|| unfit(at))?;
        let flow = self.root.find(held).and_then(flow).ok_or_else(|| unfit(at))?;
        let end = flow.items.len();
        let style = self.style();
        let (index, key) = if flow.map {
            (end, Some(style.key(token)))
        } else {
            (Pointer::index(token).unwrap_or(end), None)
        };
        let (splices, _) = flow.insert(self.text, index, key.as_deref(), content, &style)?;
        Ok(spliced(self.text, splices))
    }

    fn rename(&self, from: &Pointer, to: &Pointer) -> Result<String, Refused> {
        let (Some((old, held)), Some(new)) = (from.0.split_last(), to.0.last()) else {
            return Err(unfit(from));
        };
        let map = self.root.find(held);
        let (key, _) = map.and_then(|map| map.entry(old)).ok_or_else(|| unfit(from))?;
        let new = serde_json::Value::from(new.as_str()).to_string();
        Ok(spliced(self.text, vec![(key.start..key.end, new)]))
    }

    fn style(&self) -> Style {
        let mut flows = Vec::new();
        collect(self.root, &mut flows);
        Style::of(self.text, Notation::Json, self.newline, &flows)
    }
}

fn unfit(at: &Pointer) -> Refused {
    Refused::new(format!("{} cannot be edited", shown(at)))
}

/// The map or list that holds a value, and the value's index there.
fn item(root: &Node, at: &Pointer) -> Result<(Flow, usize), Refused> {
    let (token, held) = at.0.split_last().ok_or_else(|| unfit(at))?;
    let held = root.find(held).ok_or_else(|| unfit(at))?;
    let index = match &held.value {
        Value::Map(entries) => entries.iter().position(|(key, _)| key.value == *token),
        _ => Pointer::index(token),
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

fn collect(node: &Node, flows: &mut Vec<Flow>) {
    flows.extend(flow(node));
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| collect(item, flows)),
        Value::Map(entries) => entries.iter().for_each(|(_, item)| collect(item, flows)),
        _ => {}
    }
}
