//! YAML with places: one document of the core schema, without anchors, aliases and tags.
//!
//! Built from the parser's events, so that nothing is expanded and the depth is known before
//! anything is built.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle};

use super::node::{DEEPEST, Node, Unreadable, Value};
use crate::model::{Sited, Span};

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let mut builder = Builder { stack: Vec::new(), done: None };
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
enum Open {
    List { start: Span, items: Vec<Node> },
    Map { start: Span, entries: Vec<(Sited<String>, Node)>, key: Option<Sited<String>> },
}

struct Builder {
    stack: Vec<Open>,
    done: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: Span) -> Result<(), Unreadable> {
        match event {
            Event::DocumentStart(..) if self.done.is_some() => {
                Err(Unreadable::new(at, "a second document begins", "write one document per file"))
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => Err(anchor(at)),
            Event::Scalar(text, style, anchored, tag) => {
                plain(anchored, tag.is_some(), at)?;
                let value = scalar(text, style);
                self.add(Node { span: at, value })
            }
            Event::SequenceStart(_, anchored, tag) => {
                plain(anchored, tag.is_some(), at)?;
                self.open(Open::List { start: at, items: Vec::new() }, at)
            }
            Event::MappingStart(_, anchored, tag) => {
                plain(anchored, tag.is_some(), at)?;
                self.open(Open::Map { start: at, entries: Vec::new(), key: None }, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open, at: Span) -> Result<(), Unreadable> {
        if self.stack.len() >= DEEPEST {
            return Err(Unreadable::too_deep(at));
        }
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self, at: Span) -> Result<(), Unreadable> {
        let node = match self.stack.pop() {
            Some(Open::List { start, items }) => {
                // A block's end event stands where the next thing begins.
                let end = items.last().map_or(start.end, |last| last.span.end);
                let end = if at.end > at.start { at.end } else { end };
                Node { span: Span::new(start.start, end), value: Value::List(items) }
            }
            Some(Open::Map { start, entries, .. }) => {
                let end = entries.last().map_or(start.end, |(_, last)| last.span.end);
                let end = if at.end > at.start { at.end } else { end };
                Node::map(Span::new(start.start, end), entries)?
            }
            None => return Ok(()),
        };
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Result<(), Unreadable> {
        match self.stack.last_mut() {
            None => self.done = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => match node.value {
                    Value::Text(text) => *key = Some(Sited::new(text, node.span)),
                    _ => {
                        let message = "only text can be a key here";
                        return Err(Unreadable::new(node.span, message, "put it in quotes"));
                    }
                },
            },
        }
        Ok(())
    }
}

fn plain(anchor_id: usize, tagged: bool, at: Span) -> Result<(), Unreadable> {
    if anchor_id != 0 {
        return Err(anchor(at));
    }
    if tagged {
        let help = "write the value without `!`, text in quotes";
        return Err(Unreadable::new(at, "tags are not read", help));
    }
    Ok(())
}

fn anchor(at: Span) -> Unreadable {
    let help = "write the value out in each place";
    Unreadable::new(at, "anchors and aliases are not read", help)
}

/// A scalar under YAML's core schema.
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.into_owned());
    }
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(&text).map_or_else(|| Value::Text(text.into_owned()), Value::Number)
}

/// A plain scalar that YAML takes for a number; one too large for us stays a number of some size,
/// since it is only ever looked at in order to refuse it.
fn number(text: &str) -> Option<serde_json::Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, radix| {
        let digits = text.strip_prefix(prefix)?;
        let fits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        fits.then(|| u64::from_str_radix(digits, radix).unwrap_or(u64::MAX).into())
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(number);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
    {
        return None;
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    let number: f64 = text.parse().ok()?;
    serde_json::Number::from_f64(number.clamp(f64::MIN, f64::MAX))
}

fn span(place: &granit_parser::Span) -> Span {
    let start = place.start.byte_offset().unwrap_or(0);
    Span::new(start, place.end.byte_offset().unwrap_or(start).max(start))
}
