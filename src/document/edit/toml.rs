//! Edits of TOML: tables with headers, arrays of tables, dotted keys and values in brackets.

mod layout;
mod put;
mod tables;
mod take;

use serde_json::Value;

use self::layout::{Layout, Step};
use super::piece::{Content, Piece};
use super::style::{Notation, Style};
use super::trivia::line_indent;
use super::{Edit, Refused, shown, spliced, value};
use crate::document::{Format, Value as Read, read};
use crate::model::Pointer;

/// A part of what was taken out; a table may be written in several.
#[derive(Debug)]
enum Part {
    /// A value, and the keys below what was taken that stood before it.
    Line { keys: Vec<String>, piece: Piece },
    /// A header, by its keys below what was taken, and the lines after it. Whether it is one of
    /// many is unsaid where it is that of what was taken.
    Section { keys: Vec<String>, many: Option<bool>, lead: String, body: String },
}

/// A text with its layout and its value.
struct Toml<'a> {
    text: &'a str,
    root: &'a Value,
    layout: Layout,
    style: Style,
}

/// Makes an edit that fits the value.
pub(super) fn edit(
    text: &str,
    newline: &'static str,
    root: &Value,
    edit: &Edit,
) -> Result<String, Refused> {
    let toml = Toml::of(text, newline, root);
    match edit {
        Edit::Set { at, value } => toml.set(at, value),
        Edit::Add { at, value } => toml.put_new(at, value),
        Edit::Remove { at } => Ok(toml.take(&path(root, &at.0))?.0),
        Edit::Move { from, to } if value::is_rename(root, from, to) => {
            toml.rename(&path(root, &from.0), to.0.last().map_or("", String::as_str))
        }
        Edit::Move { from, to } => {
            let (rest, parts) = toml.take(&path(root, &from.0))?;
            let root = read(Format::Toml, &rest)?.to_json();
            Toml::of(&rest, newline, &root).put_parts(to, parts)
        }
    }
}

/// The steps to a place, which may be one after the last of a list.
fn path(root: &Value, at: &[String]) -> Vec<Step> {
    let mut held = Some(root);
    at.iter()
        .map(|token| match held {
            Some(Value::Array(items)) => {
                let index = Pointer::index(token).unwrap_or(items.len());
                held = items.get(index);
                Step::Item(index)
            }
            _ => {
                held = held.and_then(|held| held.get(token));
                Step::Key(token.clone())
            }
        })
        .collect()
}

fn unfit(at: &Pointer) -> Refused {
    Refused::new(format!("{} cannot be edited", shown(at)))
}

/// The keys of a path, which are what a header is made of.
fn keys(path: &[Step]) -> impl Iterator<Item = &str> {
    path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Item(_) => None,
    })
}

impl<'a> Toml<'a> {
    fn of(text: &'a str, newline: &'static str, root: &'a Value) -> Self {
        let layout = Layout::of(text);
        let style =
            Style::of(text, Notation::Toml, newline, layout.flows.iter().map(|it| &it.flow));
        Self { text, root, layout, style }
    }

    fn set(&self, at: &Pointer, value: &Value) -> Result<String, Refused> {
        if at.0.is_empty() {
            let map = value.as_object().ok_or_else(|| Refused::new("a TOML file holds a map"))?;
            return self.style.document(map);
        }
        let place = path(self.root, &at.0);
        if let Some(entry) = self.layout.entry(&place) {
            let range = entry.value.clone();
            let old = &self.text[range.clone()];
            let new = match value.as_str().and_then(|text| quoted_as(old, text)) {
                Some(new) => new,
                None => {
                    let tall = old.contains('\n');
                    let indent = line_indent(self.text, range.start);
                    self.style.render(value, tall.then_some(indent))?
                }
            };
            return Ok(spliced(self.text, vec![(range, new)]));
        }
        let rest = self.take(&place)?.0;
        let root = read(Format::Toml, &rest)?.to_json();
        Toml::of(&rest, self.style.newline, &root).put_new(at, value)
    }

    /// Gives a key another name, wherever it is written.
    fn rename(&self, place: &[Step], name: &str) -> Result<String, Refused> {
        let new = self.style.key(name);
        let mut splices = Vec::new();
        for entry in &self.layout.entries {
            let base = self.layout.base(entry).len();
            if entry.path.starts_with(place)
                && let Some(key) =
                    place.len().checked_sub(base + 1).and_then(|at| entry.keys.get(at))
            {
                splices.push((key.span.clone(), new.clone()));
            }
        }
        for section in &self.layout.sections {
            let at = keys(place).count().saturating_sub(1);
            if section.path.starts_with(place)
                && let Some(key) = section.keys.get(at)
            {
                splices.push((key.span.clone(), new.clone()));
            }
        }
        Ok(spliced(self.text, splices))
    }
}

/// A text as TOML in the way of the one in whose place it comes; `None` in double quotes.
fn quoted_as(old: &str, new: &str) -> Option<String> {
    let plain = !new.contains(|c: char| c.is_control() || c == '\'');
    if old.starts_with('\'') && !old.starts_with("'''") && plain {
        return Some(format!("'{new}'"));
    }
    // What reads as text without quotes is a date or a time, and stays one.
    if old.starts_with(['\'', '"']) || new.starts_with(['\'', '"']) || !plain {
        return None;
    }
    let stamp = |text: &str| {
        let node = read(Format::Toml, &format!("x = {text}")).ok()?;
        match &node.get("x")?.value {
            Read::Text(read) if read == text => Some(()),
            _ => None,
        }
    };
    stamp(old).and(stamp(new)).map(|()| new.to_owned())
}

/// The content of a piece, or of a value.
fn content(piece: &Piece) -> Content<'_> {
    Content::Moved(piece)
}
