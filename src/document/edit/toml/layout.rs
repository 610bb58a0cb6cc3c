//! Where the tables, keys and values of a TOML document stand.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use toml_parser::Source;
use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, parse_document};

use crate::document::edit::flow::{Flow, Item};

/// One step from a value to one that it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// A part of a dotted key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Range<usize>,
}

/// What an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// The lines after a header, or before the first.
    Section(usize),
    /// A map or list in brackets, and which of its items it is.
    Flow(usize, usize),
}

/// A value with the keys that stand before it; none in a list.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: Vec<Step>,
    pub(super) keys: Vec<Key>,
    pub(super) value: Range<usize>,
    pub(super) holder: Holder,
}

/// A header and the lines up to the next. The first has no header.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) path: Vec<Step>,
    pub(super) keys: Vec<Key>,
    /// The header, its brackets included.
    pub(super) span: Range<usize>,
    pub(super) entries: Vec<usize>,
}

/// A map or list in brackets.
#[derive(Debug)]
pub(super) struct Bracketed {
    pub(super) path: Vec<Step>,
    pub(super) flow: Flow,
    /// Where the line begins that it is part of.
    pub(super) top: usize,
}

#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) sections: Vec<Section>,
    pub(super) entries: Vec<Entry>,
    pub(super) flows: Vec<Bracketed>,
    /// Where comments begin.
    comments: Vec<usize>,
}

impl Layout {
    /// The layout of a text that reads without errors.
    pub(super) fn of(text: &str) -> Self {
        let source = Source::new(text);
        let tokens: Vec<_> = source.lex().collect();
        let mut builder = Builder { source, ..Builder::new(text) };
        parse_document(&tokens, &mut |event: Event| builder.take(&event), &mut ());
        builder.layout
    }

    pub(super) fn entry(&self, path: &[Step]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    pub(super) fn flow(&self, path: &[Step]) -> Option<&Bracketed> {
        self.flows.iter().find(|flow| flow.path == path)
    }

    pub(super) fn section(&self, path: &[Step]) -> Option<usize> {
        self.sections.iter().position(|section| section.path == path)
    }

    /// The path of what an entry stands in.
    pub(super) fn base(&self, entry: &Entry) -> &[Step] {
        match entry.holder {
            Holder::Section(at) => &self.sections[at].path,
            Holder::Flow(at, _) => &self.flows[at].path,
        }
    }

    /// Whether a comment begins there.
    pub(super) fn is_comment(&self, at: usize) -> bool {
        self.comments.binary_search(&at).is_ok()
    }

    /// Whether any comment begins in a range.
    pub(super) fn has_comment(&self, range: &Range<usize>) -> bool {
        self.comments.iter().any(|comment| range.contains(comment))
    }

    /// Where the line of a place begins, or the comments directly above it.
    pub(super) fn lead(&self, text: &str, at: usize) -> usize {
        let line = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let mut start = line(at);
        while start > 0 {
            let above = line(start - 1);
            let words = text[above..start].trim_start_matches([' ', '\t']);
            if !self.is_comment(start - words.len()) {
                break;
            }
            start = above;
        }
        start
    }

    /// Where a section ends, on its last line that is not a blank one or about the next section.
    pub(super) fn section_end(&self, text: &str, at: usize) -> usize {
        let section = &self.sections[at];
        let last = section.entries.last().map(|entry| self.entries[*entry].value.end);
        let mut end = line_end(text, last.unwrap_or(section.span.end));
        let next = self.sections.get(at + 1);
        let limit = next.map_or(text.len(), |next| self.lead(text, next.span.start));
        while end < limit {
            let below = text[end..].find('\n').map_or(limit, |newline| end + newline + 1);
            let line = text[below..].split('\n').next().unwrap_or_default();
            let words = line.trim_start_matches([' ', '\t']);
            if below >= limit || !self.is_comment(below + line.len() - words.len()) {
                break;
            }
            end = line_end(text, below);
        }
        end
    }
}

/// The end of a line, without what ends it.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let line = text[at..].split('\n').next().unwrap_or_default();
    at + if at + line.len() < text.len() { line.strip_suffix('\r').unwrap_or(line) } else { line }
        .len()
}

struct Builder<'a> {
    source: Source<'a>,
    layout: Layout,
    keys: Vec<Key>,
    header: Option<usize>,
    /// How many tables each array of tables has so far.
    counts: BTreeMap<Vec<Step>, usize>,
    /// The brackets that are open, with the keys before them.
    open: Vec<(usize, Vec<Key>)>,
    top: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            source: Source::new(text),
            layout: Layout { sections: vec![Section::default()], ..Layout::default() },
            keys: Vec::new(),
            header: None,
            counts: BTreeMap::new(),
            open: Vec::new(),
            top: 0,
        }
    }

    fn take(&mut self, event: &Event) {
        let span = event.span().start()..event.span().end();
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.header = Some(span.start),
            EventKind::StdTableClose => self.section(span.end, false),
            EventKind::ArrayTableClose => self.section(span.end, true),
            EventKind::SimpleKey => {
                if self.open.is_empty() && self.keys.is_empty() {
                    self.top = span.start;
                }
                let name = self.name(event.span(), event.encoding());
                self.keys.push(Key { name, span });
            }
            EventKind::Scalar => {
                let keys = std::mem::take(&mut self.keys);
                self.value(keys, span, true);
            }
            EventKind::InlineTableOpen => self.bracket(span.start, true),
            EventKind::ArrayOpen => self.bracket(span.start, false),
            EventKind::InlineTableClose | EventKind::ArrayClose => {
                if let Some((at, keys)) = self.open.pop() {
                    self.layout.flows[at].flow.close = span.start;
                    let open = self.layout.flows[at].flow.open;
                    self.value(keys, open..span.end, false);
                }
            }
            EventKind::Comment => self.layout.comments.push(span.start),
            _ => {}
        }
    }

    fn name(&self, span: toml_parser::Span, encoding: Option<Encoding>) -> String {
        let mut name = Cow::Borrowed("");
        let raw = self.source.input().get(span.start()..span.end()).unwrap_or_default();
        toml_parser::Raw::new_unchecked(raw, encoding, span).decode_key(&mut name, &mut ());
        name.into_owned()
    }

    fn section(&mut self, end: usize, many: bool) {
        let keys = std::mem::take(&mut self.keys);
        let mut path: Vec<Step> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            path.push(Step::Key(key.name.clone()));
            if many && at + 1 == keys.len() {
                let count = self.counts.entry(path.clone()).or_default();
                path.push(Step::Item(*count));
                *count += 1;
            } else if let Some(count) = self.counts.get(&path) {
                path.push(Step::Item(count.saturating_sub(1)));
            }
        }
        let span = self.header.take().unwrap_or(end)..end;
        self.layout.sections.push(Section { path, keys, span, entries: Vec::new() });
    }

    /// What the next value stands in, and the path to it.
    fn place(&self, keys: &[Key]) -> (Holder, Vec<Step>) {
        let (holder, base, item) = match self.open.last() {
            Some((at, _)) => {
                let Bracketed { path, flow, .. } = &self.layout.flows[*at];
                let index = flow.items.len();
                (Holder::Flow(*at, index), path, (!flow.map).then_some(Step::Item(index)))
            }
            None => {
                let at = self.layout.sections.len() - 1;
                (Holder::Section(at), &self.layout.sections[at].path, None)
            }
        };
        let keys = keys.iter().map(|key| Step::Key(key.name.clone()));
        (holder, base.iter().cloned().chain(keys).chain(item).collect())
    }

    fn bracket(&mut self, open: usize, map: bool) {
        let keys = std::mem::take(&mut self.keys);
        let (_, path) = self.place(&keys);
        self.open.push((self.layout.flows.len(), keys));
        let flow = Flow { open, close: open, map, items: Vec::new() };
        self.layout.flows.push(Bracketed { path, flow, top: self.top });
    }

    fn value(&mut self, keys: Vec<Key>, value: Range<usize>, scalar: bool) {
        let (holder, path) = self.place(&keys);
        match holder {
            Holder::Section(at) => {
                self.layout.sections[at].entries.push(self.layout.entries.len());
            }
            Holder::Flow(at, _) => self.layout.flows[at].flow.items.push(Item {
                start: keys.first().map_or(value.start, |key| key.span.start),
                key_end: keys.last().map(|key| key.span.end),
                value: value.clone(),
                scalar,
            }),
        }
        self.layout.entries.push(Entry { path, keys, value, holder });
    }
}
