//! A YAML text, its pieces, and what stands around them on their lines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::edit::Refused;
use crate::document::yaml::{self, Entry, Form, Item, Kind, Piece};
use crate::model::{Pointer, Span, quoted};

/// How the text is written, as far as new lines should look the same.
#[derive(Debug)]
pub(super) struct Style {
    /// How far a map stands in from the key that it belongs to.
    pub(super) map: usize,
    /// How far the dashes of a list stand in from the key that it belongs to.
    pub(super) list: usize,
    /// The quotes of text that needs some.
    pub(super) quote: char,
    /// What ends a line.
    pub(super) eol: &'static str,
}

/// A text that is to be edited.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    pub(super) root: Piece,
    pub(super) style: Style,
}

/// What a value belongs to.
#[derive(Clone, Copy)]
pub(super) enum Owner<'s> {
    /// It is the whole document.
    Root,
    Entry(&'s Entry),
    Item(&'s Item),
}

/// A value, and what it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    pub(super) owner: Owner<'s>,
    pub(super) piece: &'s Piece,
    /// Whether it stands inside brackets.
    pub(super) in_flow: bool,
}

pub(super) fn refused<T>(reason: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { reason: reason.into() })
}

impl Owner<'_> {
    /// The first byte of it; for the whole document that of the value.
    pub(super) fn start(&self, piece: &Piece) -> usize {
        match self {
            Self::Root => piece.span.start,
            Self::Entry(entry) => entry.start,
            Self::Item(item) => item.dash.unwrap_or(item.value.span.start),
        }
    }

    /// Where what belongs to it begins: after the `:` or the `-`.
    pub(super) fn after(&self, piece: &Piece) -> usize {
        match self {
            Self::Root => piece.span.start,
            Self::Entry(entry) => entry.colon.map_or(entry.key.span.end, |colon| colon + 1),
            Self::Item(item) => item.dash.map_or(item.value.span.start, |dash| dash + 1),
        }
    }

    /// The end of what is written before it.
    pub(super) fn before(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::Entry(entry) => entry.before,
            Self::Item(item) => item.before,
        }
    }
}

impl Place<'_> {
    pub(super) fn start(&self) -> usize {
        self.owner.start(self.piece)
    }

    pub(super) fn after(&self) -> usize {
        self.owner.after(self.piece)
    }
}

impl<'t> Source<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, Refused> {
        if text.replace("\r\n", "").contains('\r') {
            return refused("a line ends in a carriage return alone");
        }
        let root = yaml::parse(text)?;
        let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut source = Self { text, root, style: Style { map: 2, list: 2, quote: '"', eol } };
        let mut seen = Seen::default();
        source.look(&source.root, None, &mut seen);
        let most = |counts: &BTreeMap<usize, usize>| {
            counts.iter().rev().max_by_key(|(_, count)| **count).map(|(size, _)| *size)
        };
        source.style.map = most(&seen.maps).unwrap_or(2).max(1);
        source.style.list = most(&seen.lists).unwrap_or(source.style.map);
        source.style.quote = if seen.single > seen.double { '\'' } else { '"' };
        Ok(source)
    }

    /// Counts how the collections and quotes under a node are written.
    fn look(&self, piece: &Piece, key: Option<usize>, seen: &mut Seen) {
        let inset = |counts: &mut BTreeMap<usize, usize>| {
            let inset = key.zip(self.column(piece.span.start));
            if let Some(inset) = inset.and_then(|(key, column)| column.checked_sub(key)) {
                *counts.entry(inset).or_default() += 1;
            }
        };
        match &piece.kind {
            Kind::Map { form, entries } => {
                let block = *form == Form::Block;
                if block {
                    inset(&mut seen.maps);
                }
                for entry in entries {
                    let key = if block { self.column(entry.start) } else { None };
                    self.look(&entry.value, key, seen);
                }
            }
            Kind::List { form, items } => {
                if *form == Form::Block {
                    inset(&mut seen.lists);
                }
                for item in items {
                    self.look(&item.value, None, seen);
                }
            }
            Kind::Scalar { .. } | Kind::Alias(_) => match yaml::byte(self.text, piece.span.start) {
                Some(b'\'') => seen.single += 1,
                Some(b'"') => seen.double += 1,
                _ => {}
            },
        }
    }

    /// The value at a place, which nothing on the way makes the value of other places too.
    pub(super) fn find(&self, at: &Pointer) -> Result<Place<'_>, Refused> {
        let mut place = Place { owner: Owner::Root, piece: &self.root, in_flow: false };
        for token in &at.0 {
            shared(place.piece)?;
            let flow = |form: &Form| place.in_flow || *form != Form::Block;
            place = match &place.piece.kind {
                Kind::Map { form, entries } => {
                    let Some(entry) = entries.iter().find(|entry| key(entry) == Some(token)) else {
                        return missing(token, entries);
                    };
                    let owner = Owner::Entry(entry);
                    Place { owner, piece: &entry.value, in_flow: flow(form) }
                }
                Kind::List { form, items } => {
                    let item = token.parse().ok().and_then(|index: usize| items.get(index));
                    let Some(item) = item else { return missing(token, &[]) };
                    Place { owner: Owner::Item(item), piece: &item.value, in_flow: flow(form) }
                }
                Kind::Scalar { .. } | Kind::Alias(_) => return missing(token, &[]),
            };
        }
        Ok(place)
    }

    /// The map or list at a place, into which something is put.
    pub(super) fn collection(&self, at: &Pointer) -> Result<Place<'_>, Refused> {
        let place = self.find(at)?;
        shared(place.piece)?;
        Ok(place)
    }

    /// The value at a place.
    pub(super) fn value(&self, at: &Pointer) -> Result<Value, Refused> {
        let root = yaml::read(self.text, yaml::WHOLE)?.to_json();
        match at.get(&root) {
            Some(value) => Ok(value.clone()),
            None => refused("nothing stands there"),
        }
    }

    /// Where the line of a byte begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line of a byte ends, its line break left out.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline);
        let cr = end > at && self.text[..end].ends_with('\r');
        if cr { end - 1 } else { end }
    }

    /// Where the line after that of a byte begins.
    pub(super) fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// The line of a byte, its line break left out.
    pub(super) fn line(&self, at: usize) -> &'t str {
        &self.text[self.line_start(at)..self.line_end(at)]
    }

    /// How far in from the start of its line something stands; `None` where it cannot be said,
    /// for tabs or other things before it.
    pub(super) fn column(&self, at: usize) -> Option<usize> {
        let before = &self.text[self.line_start(at)..at];
        before.bytes().all(|byte| matches!(byte, b' ' | b'-' | b'?' | b':')).then_some(before.len())
    }

    /// The column of something in a block.
    pub(super) fn block_column(&self, at: usize) -> Result<usize, Refused> {
        match self.column(at) {
            Some(column) => Ok(column),
            None => refused("the indentation is not of spaces alone"),
        }
    }

    /// Whether only spaces stand before it on its line.
    pub(super) fn is_first(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].bytes().all(|byte| byte == b' ')
    }

    /// Where the comments begin that stand directly above something that is first on its line, in
    /// the same column.
    pub(super) fn above(&self, at: usize, before: usize) -> usize {
        let mut start = self.line_start(at);
        let indent = &self.text[start..at];
        while start > 0 {
            let upper = self.line_start(start - 1);
            let line = &self.text[upper..start];
            let comment = line.strip_prefix(indent).is_some_and(|line| line.starts_with('#'));
            if !comment || (upper < before && before > 0) || upper == start {
                break;
            }
            start = upper;
        }
        start
    }

    /// The end of the last line of a value in a block, with the comments below it that stand
    /// further in than its key or dash.
    pub(super) fn last_line_end(&self, place: &Place<'_>) -> usize {
        let mut end = self.line_end(place.piece.span.end.max(place.after()));
        let Some(column) = self.column(place.start()) else { return end };
        let mut next = self.next_line(end);
        while next < self.text.len() {
            let line = self.line(next);
            let inset = line.len() - line.trim_start_matches(' ').len();
            let comment = line[inset..].starts_with('#') && inset > column;
            if comment {
                end = self.line_end(next);
            } else if !line.trim().is_empty() {
                break;
            }
            next = self.next_line(next);
        }
        end
    }

    /// The text with one part replaced.
    pub(super) fn splice(&self, span: Span, with: &str) -> String {
        format!("{}{with}{}", &self.text[..span.start], &self.text[span.end..])
    }
}

#[derive(Default)]
struct Seen {
    maps: BTreeMap<usize, usize>,
    lists: BTreeMap<usize, usize>,
    single: usize,
    double: usize,
}

/// The text of an entry's key.
pub(super) fn key(entry: &Entry) -> Option<&String> {
    match &entry.key.kind {
        Kind::Scalar { text, .. } if !yaml::is_merge(entry) => Some(text),
        _ => None,
    }
}

/// Refuses a node whose value is also that of other places, or another's.
pub(super) fn shared(piece: &Piece) -> Result<(), Refused> {
    match &piece.kind {
        Kind::Alias(_) => refused("the value is written elsewhere, and an alias stands here"),
        _ if piece.anchor.is_some() => refused("the value has an anchor, by which others use it"),
        _ => Ok(()),
    }
}

/// Whether an anchor stands on a node or in it.
pub(super) fn has_anchor(piece: &Piece) -> bool {
    piece.anchor.is_some()
        || match &piece.kind {
            Kind::Scalar { .. } | Kind::Alias(_) => false,
            Kind::List { items, .. } => items.iter().any(|item| has_anchor(&item.value)),
            Kind::Map { entries, .. } => {
                entries.iter().any(|entry| has_anchor(&entry.key) || has_anchor(&entry.value))
            }
        }
}

fn missing<T>(token: &str, entries: &[Entry]) -> Result<T, Refused> {
    let named = |entry: &Entry| key(entry).is_none();
    if entries.iter().any(named) {
        return refused(format!("{} may come from a merged map or an alias", quoted(token)));
    }
    refused(format!("nothing stands at {}", quoted(token)))
}
