//! A YAML text as it is written: the parser's events with the place of every indicator.
//!
//! Reading makes values of it, and editing finds in it where to cut. Built from events, so that
//! nothing is expanded and the depth is known before anything is built.

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use crate::document::node::{DEEPEST, Unreadable};
use crate::model::Span;

/// A node as it is written.
#[derive(Debug)]
pub(in crate::document) struct Piece {
    /// The content: with quotes, brackets or the header of a block scalar, without anchor and tag,
    /// and without the line break that ends it. Empty where nothing is written.
    pub(in crate::document) span: Span,
    /// The number of the anchor on it.
    pub(in crate::document) anchor: Option<usize>,
    /// The tag on it.
    pub(in crate::document) tag: Option<Tag>,
    /// What it is.
    pub(in crate::document) kind: Kind,
}

/// What a node is.
#[derive(Debug)]
pub(in crate::document) enum Kind {
    /// Its text without quotes and escapes.
    Scalar {
        text: String,
        style: ScalarStyle,
    },
    /// The number of the anchor that it stands for; `None` where there is none before it.
    Alias(Option<usize>),
    List {
        form: Form,
        items: Vec<Item>,
    },
    Map {
        form: Form,
        entries: Vec<Entry>,
    },
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::document) enum Form {
    Block,
    Flow,
    /// A pair in a flow list, without braces of its own.
    Pair,
}

/// An item of a list.
#[derive(Debug)]
pub(in crate::document) struct Item {
    /// The end of what is written before it.
    pub(in crate::document) before: usize,
    /// Its `-`, in a block list.
    pub(in crate::document) dash: Option<usize>,
    pub(in crate::document) value: Piece,
}

/// A key and its value.
#[derive(Debug)]
pub(in crate::document) struct Entry {
    /// The end of what is written before it.
    pub(in crate::document) before: usize,
    /// The first byte, of the key or what is on it.
    pub(in crate::document) start: usize,
    /// Whether the key has a `?` before it.
    pub(in crate::document) explicit: bool,
    pub(in crate::document) key: Piece,
    /// The `:`, where there is one.
    pub(in crate::document) colon: Option<usize>,
    pub(in crate::document) value: Piece,
}

/// Takes a text apart.
pub(in crate::document) fn parse(text: &str) -> Result<Piece, Unreadable> {
    let mut builder = Builder { text, at: 0, stack: Vec::new(), done: None };
    let mut parser = Parser::new_from_str_with_options(
        text,
        granit_parser::options! { emit_comments: false, emit_unresolved_aliases: true },
    );
    while let Some(event) = parser.next_event() {
        let (event, place) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0);
            Unreadable::new(Span::new(at, at), error.info(), "")
        })?;
        builder.take(event, span(&place))?;
    }
    builder.done.ok_or_else(|| Unreadable::new(Span::new(0, 0), "the file is empty", ""))
}

/// A collection that is not finished yet.
struct Open {
    piece: Piece,
    /// Where the next thing in it begins, once the parser has come to it.
    next: Option<Next>,
}

enum Next {
    Item { before: usize, dash: Option<usize> },
    Key { before: usize, start: usize, explicit: bool },
    Value { before: usize, start: usize, explicit: bool, key: Piece, colon: Option<usize> },
}

struct Builder<'t> {
    text: &'t str,
    /// The end of what was taken.
    at: usize,
    stack: Vec<Open>,
    done: Option<Piece>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, at: Span) -> Result<(), Unreadable> {
        match event {
            Event::DocumentStart(..) if self.done.is_some() => {
                Err(Unreadable::new(at, "a second document begins", "write one document per file"))
            }
            Event::DocumentStart(true, _) => {
                self.at = at.end;
                Ok(())
            }
            Event::Alias(anchor) => self.leaf(at, 0, None, Kind::Alias(Some(anchor))),
            Event::UnresolvedAlias(_) => self.leaf(at, 0, None, Kind::Alias(None)),
            Event::Scalar(text, style, anchor, tag) => {
                let implied = at.start == at.end && style == ScalarStyle::Plain;
                let text = if implied { String::new() } else { text.into_owned() };
                let tag = tag.map(std::borrow::Cow::into_owned);
                self.leaf(at, anchor, tag, Kind::Scalar { text, style })
            }
            Event::SequenceStart(style, anchor, tag) => {
                let kind = Kind::List { form: form(style, at), items: Vec::new() };
                self.open(at, anchor, tag.map(std::borrow::Cow::into_owned), kind)
            }
            Event::MappingStart(style, anchor, tag) => {
                let kind = Kind::Map { form: form(style, at), entries: Vec::new() };
                self.open(at, anchor, tag.map(std::borrow::Cow::into_owned), kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            _ => Ok(()),
        }
    }

    /// Goes over the indicators before a node.
    fn arrive(&mut self) {
        let text = self.text;
        let before = self.at;
        let Some(open) = self.stack.last_mut() else { return };
        match (&open.piece.kind, &mut open.next) {
            (Kind::List { form: Form::Block, .. }, _) => {
                let dash = Some(token(text, before)).filter(|&at| byte(text, at) == Some(b'-'));
                self.at = dash.map_or(before, |dash| dash + 1);
                open.next = Some(Next::Item { before, dash });
            }
            (Kind::List { .. }, _) => {
                self.at = after(text, before, b',').map_or(before, |comma| comma + 1);
                open.next = Some(Next::Item { before, dash: None });
            }
            (Kind::Map { .. }, Some(Next::Value { key, colon, .. })) => {
                *colon = after(text, before.max(key.span.end), b':');
                self.at = colon.map_or(before, |colon| colon + 1);
            }
            (Kind::Map { form, .. }, _) => {
                let comma = if *form == Form::Flow { after(text, before, b',') } else { None };
                let start = token(text, comma.map_or(before, |comma| comma + 1));
                let explicit = byte(text, start) == Some(b'?')
                    && byte(text, start + 1).is_none_or(|next| next.is_ascii_whitespace());
                self.at = if explicit { start + 1 } else { start };
                open.next = Some(Next::Key { before, start, explicit });
            }
            (Kind::Scalar { .. } | Kind::Alias(_), _) => {}
        }
    }

    fn leaf(
        &mut self,
        at: Span,
        anchor: usize,
        tag: Option<Tag>,
        kind: Kind,
    ) -> Result<(), Unreadable> {
        self.arrive();
        let block = matches!(kind, Kind::Scalar { style, .. } if is_block(style));
        let span = if block { self.block_scalar(at) } else { at };
        self.at = self.at.max(span.end);
        self.add(Piece { span, anchor: Some(anchor).filter(|&id| id != 0), tag, kind });
        Ok(())
    }

    fn open(
        &mut self,
        at: Span,
        anchor: usize,
        tag: Option<Tag>,
        kind: Kind,
    ) -> Result<(), Unreadable> {
        if self.stack.len() >= DEEPEST {
            return Err(Unreadable::too_deep(at));
        }
        self.arrive();
        for _ in 0..usize::from(anchor != 0) + usize::from(tag.is_some()) {
            self.at = after_property(self.text, token(self.text, self.at));
        }
        // The start of a block is empty, and may stand further on.
        if at.end > at.start {
            self.at = self.at.max(at.end);
        }
        let anchor = Some(anchor).filter(|&id| id != 0);
        self.stack.push(Open { piece: Piece { span: at, anchor, tag, kind }, next: None });
        Ok(())
    }

    fn close(&mut self, at: Span) -> Result<(), Unreadable> {
        let Some(Open { mut piece, .. }) = self.stack.pop() else { return Ok(()) };
        match &piece.kind {
            Kind::List { form: Form::Block, items } => {
                // The start event of a list under its key stands after the first dash.
                let dash = items.first().and_then(|first| first.dash);
                piece.span.start = dash.unwrap_or(piece.span.start);
                piece.span.end = self.at;
            }
            Kind::Map { form: Form::Block | Form::Pair, entries } => {
                piece.span.start = entries.first().map_or(piece.span.start, |first| first.start);
                piece.span.end = self.at.max(piece.span.start);
            }
            _ => {
                piece.span.end = at.end;
                self.at = at.end;
            }
        }
        self.add(piece);
        Ok(())
    }

    fn add(&mut self, piece: Piece) {
        let Some(open) = self.stack.last_mut() else {
            self.done = Some(piece);
            return;
        };
        match (&mut open.piece.kind, open.next.take()) {
            (Kind::List { items, .. }, Some(Next::Item { before, dash })) => {
                items.push(Item { before, dash, value: piece });
            }
            (Kind::Map { .. }, Some(Next::Key { before, start, explicit })) => {
                open.next = Some(Next::Value { before, start, explicit, key: piece, colon: None });
            }
            (
                Kind::Map { entries, .. },
                Some(Next::Value { before, start, explicit, key, colon }),
            ) => {
                entries.push(Entry { before, start, explicit, key, colon, value: piece });
            }
            _ => {}
        }
    }

    /// A block scalar from its header to the end of its last line, all of the blank lines that
    /// belong to it included.
    fn block_scalar(&self, at: Span) -> Span {
        let text = self.text;
        let mut start = token(text, self.at);
        while matches!(byte(text, start), Some(b'&' | b'!')) {
            start = token(text, after_property(text, start));
        }
        let rest = text.get(start..).unwrap_or_default();
        let header = rest.find([' ', '\t', '\r', '\n']).map_or(rest, |end| &rest[..end]);
        let content = text.get(at.start..at.end).unwrap_or_default();
        let filled = content.trim_end_matches([' ', '\t', '\r', '\n']).len();
        let blanks = &content[filled..];
        let last = if header.contains('+') {
            let end = blanks.rfind('\n').map_or(content.len(), |end| filled + end);
            Some(end - usize::from(content[..end].ends_with('\r')))
        } else {
            let end = filled + blanks.find(['\r', '\n']).unwrap_or(blanks.len());
            (filled > 0).then_some(end)
        };
        let end = start + header.len();
        Span::new(start, last.map_or(end, |last| end.max(at.start + last)))
    }
}

/// Whether a scalar has a header and lines of its own.
pub(in crate::document) fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// Where the next thing after `at` begins that is neither blank nor a comment.
pub(in crate::document) fn token(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let filled = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']);
        at = text.len() - filled.len();
        if !filled.starts_with('#') {
            return at;
        }
        at += filled.find(['\r', '\n']).unwrap_or(filled.len());
    }
}

/// The place of an indicator, where it is the next thing after `at`.
pub(in crate::document) fn after(text: &str, at: usize, indicator: u8) -> Option<usize> {
    Some(token(text, at)).filter(|&at| byte(text, at) == Some(indicator))
}

/// The end of the anchor or tag that begins at `at`.
fn after_property(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find([' ', '\t', '\r', '\n', ',', '[', ']', '{', '}']).unwrap_or(rest.len())
}

pub(in crate::document) fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

fn form(style: StructureStyle, at: Span) -> Form {
    match style {
        StructureStyle::Block => Form::Block,
        StructureStyle::Flow if at.start == at.end => Form::Pair,
        StructureStyle::Flow => Form::Flow,
    }
}

fn span(place: &granit_parser::Span) -> Span {
    let start = place.start.byte_offset().unwrap_or(0);
    Span::new(start, place.end.byte_offset().unwrap_or(start).max(start))
}
