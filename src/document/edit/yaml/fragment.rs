//! A value with its comments, apart from the place where it stands.

use serde_json::Value;

use super::scalar::{self, Quoting};
use super::source::{Owner, Place, Source, Style, has_anchor, refused};
use crate::document::edit::Refused;
use crate::document::yaml::{Form, Kind};

/// A value and how it is written.
pub(super) struct Fragment {
    /// The comment lines above it, without their indentation.
    above: Vec<String>,
    /// What follows the `:` or `-` on its line: a scalar, something in brackets, the header of a
    /// block scalar, or only a comment.
    head: String,
    /// The lines below.
    lines: Vec<String>,
    /// From where the lines are indented.
    base: Base,
    /// Whether a map or list begins on the line below its dash, and not behind it.
    is_apart: bool,
    /// The value on one line; `None` where that would lose a comment.
    inline: Option<String>,
}

/// From where lines are indented.
enum Base {
    /// The column of the key or dash that they belong to.
    Owner,
    /// The column of the map or list that they are; if known, so far from the key or dash.
    Map(Option<Inset>),
    List(Option<Inset>),
}

#[derive(Clone, Copy)]
enum Inset {
    OfKey(usize),
    OfDash(usize),
}

/// What a fragment is put under.
#[derive(Clone, Copy)]
pub(super) enum Lead<'a> {
    /// A key, its `:` included.
    Key(&'a str),
    /// A dash.
    Dash,
    /// Nothing: it is the whole document.
    Nothing,
}

impl Fragment {
    /// A new value.
    pub(super) fn new(value: &Value, style: &Style) -> Self {
        let quoting = Quoting { quote: style.quote, always: false, in_flow: false };
        let in_flow = Quoting { in_flow: true, ..quoting };
        let mut fragment = Self {
            above: Vec::new(),
            head: String::new(),
            lines: Vec::new(),
            base: Base::Owner,
            is_apart: false,
            inline: Some(scalar::inline(value, in_flow)),
        };
        match value {
            Value::Object(map) if !map.is_empty() => {
                fragment.base = Base::Map(None);
                for (key, value) in map {
                    let key = scalar::text(key, quoting) + ":";
                    fragment.lines.extend(Self::new(value, style).put(Lead::Key(&key), 0, style));
                }
            }
            Value::Array(items) if !items.is_empty() => {
                fragment.base = Base::List(None);
                for item in items {
                    fragment.lines.extend(Self::new(item, style).put(Lead::Dash, 0, style));
                }
            }
            Value::String(text) if let Some((header, lines)) = scalar::literal(text) => {
                header.clone_into(&mut fragment.head);
                let indent = " ".repeat(style.map);
                fragment.lines = lines.iter().map(|line| shifted(line, &indent)).collect();
            }
            _ => fragment.head = scalar::inline(value, quoting),
        }
        fragment
    }

    /// A scalar or an empty collection that is already written.
    pub(super) fn written(head: String) -> Self {
        let inline = Some(head.clone());
        Self {
            above: Vec::new(),
            head,
            lines: Vec::new(),
            base: Base::Owner,
            is_apart: false,
            inline,
        }
    }

    /// A map of one key with a fragment under it, or a list of it.
    pub(super) fn within(self, lead: Lead<'_>, style: &Style) -> Self {
        let inline =
            self.inline.as_ref().filter(|_| self.above.is_empty()).map(|inline| match lead {
                Lead::Key(key) => format!("{{{key} {inline}}}"),
                Lead::Dash | Lead::Nothing => format!("[{inline}]"),
            });
        let base = if let Lead::Key(_) = lead { Base::Map(None) } else { Base::List(None) };
        let lines = self.put(lead, 0, style);
        Self { above: Vec::new(), head: String::new(), lines, base, is_apart: false, inline }
    }

    /// The fragment with this comment behind what stands on its first line.
    pub(super) fn with_comment(mut self, comment: &str) -> Self {
        self.head.push_str(comment.trim_end());
        self
    }

    /// The value on one line, where that loses no comment.
    pub(super) fn inline(&self) -> Result<&str, Refused> {
        match &self.inline {
            Some(inline) if self.above.is_empty() => Ok(inline),
            _ => refused("comments cannot be taken along into brackets"),
        }
    }

    /// Whether it is written on the line of its key or dash alone.
    pub(super) fn is_short(&self) -> bool {
        self.lines.is_empty()
    }

    /// What stands on the line of its key or dash.
    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// Takes a value, with its comments, out of a text.
    pub(super) fn of(
        source: &Source<'_>,
        place: &Place<'_>,
        value: &Value,
    ) -> Result<Self, Refused> {
        if has_anchor(place.piece) {
            return refused("an anchor stands on the value or in it");
        }
        if place.piece.tag.is_some() {
            return refused("a tag stands on the value");
        }
        let in_flow = Quoting { quote: source.style.quote, always: false, in_flow: true };
        let span = place.piece.span;
        let written = &source.text[span.start..span.end];
        if place.in_flow {
            return Self::of_flow(source, place, written, scalar::inline(value, in_flow));
        }
        let start = place.start();
        let column = source.block_column(start)?;
        let above = if source.is_first(start) {
            let above =
                &source.text[source.above(start, place.owner.before())..source.line_start(start)];
            above.lines().map(|line| line.trim().to_owned()).collect()
        } else {
            Vec::new()
        };
        let after = place.after();
        let end = source.last_line_end(place);
        let is_block = matches!(
            place.piece.kind,
            Kind::List { form: Form::Block, .. } | Kind::Map { form: Form::Block, .. }
        );
        let mut fragment = Self {
            above,
            head: String::new(),
            lines: Vec::new(),
            base: Base::Owner,
            is_apart: false,
            inline: None,
        };
        let mut base = column;
        let mut from = after;
        if is_block {
            base = source.block_column(span.start)?;
            let inset = base.checked_sub(column).map(|inset| match place.owner {
                Owner::Item(_) => Inset::OfDash(inset),
                Owner::Entry(_) | Owner::Root => Inset::OfKey(inset),
            });
            fragment.base = match place.piece.kind {
                Kind::List { .. } => Base::List(inset),
                _ => Base::Map(inset),
            };
        }
        if is_block && source.line_start(after) == source.line_start(span.start) {
            from = span.start;
            fragment
                .lines
                .push(source.text[from..source.line_end(from).min(end)].trim_end().to_owned());
        } else {
            fragment.is_apart = is_block && matches!(place.owner, Owner::Item(_));
            fragment.head =
                source.text[after..source.line_end(after).min(end)].trim_end().to_owned();
        }
        if source.line_end(from) < end {
            let rest = &source.text[source.next_line(from)..end];
            fragment
                .lines
                .extend(rest.split('\n').map(|line| dedented(line.trim_end_matches('\r'), base)));
        }
        let all = &source.text[after..end];
        let outside = &source.text[span.end.clamp(after, end)..end];
        let commented = if is_block || written.contains('\n') { all } else { outside };
        let silent = !commented.contains('#') && fragment.above.is_empty();
        let keeps = !written.is_empty()
            && !written.contains('\n')
            && !is_block
            && (written.starts_with(['"', '\'', '[', '{'])
                || !written.contains([',', '[', ']', '{', '}', '*']));
        let short = if keeps { written.to_owned() } else { scalar::inline(value, in_flow) };
        fragment.inline = silent.then_some(short);
        Ok(fragment)
    }

    /// The same inside brackets.
    fn of_flow(
        source: &Source<'_>,
        place: &Place<'_>,
        written: &str,
        short: String,
    ) -> Result<Self, Refused> {
        let line =
            &source.text[source.line_start(place.start())..source.line_end(place.piece.span.end)];
        let above = source.is_first(place.start())
            && source.above(place.start(), place.owner.before()) < source.line_start(place.start());
        if above || line.contains('#') {
            return refused("comments cannot be taken along out of brackets");
        }
        let keeps = !written.is_empty() && !written.contains('\n');
        Ok(Self::written(if keeps { written.to_owned() } else { short }))
    }

    /// Its lines under a key or dash in this column.
    pub(super) fn put(&self, lead: Lead<'_>, column: usize, style: &Style) -> Vec<String> {
        let indent = " ".repeat(column);
        let mut out: Vec<String> = self.above.iter().map(|line| shifted(line, &indent)).collect();
        let inset = match (&self.base, lead) {
            (Base::Owner, _) | (_, Lead::Nothing) => 0,
            (
                Base::Map(Some(Inset::OfKey(inset))) | Base::List(Some(Inset::OfKey(inset))),
                Lead::Key(_),
            )
            | (
                Base::Map(Some(Inset::OfDash(inset))) | Base::List(Some(Inset::OfDash(inset))),
                Lead::Dash,
            ) => *inset,
            (_, Lead::Dash) => 2,
            (Base::Map(_), Lead::Key(_)) => style.map,
            (Base::List(_), Lead::Key(_)) => style.list,
        };
        let inner = " ".repeat(column + inset);
        let mut lines = self.lines.iter().map(|line| shifted(line, &inner));
        let lead = match lead {
            Lead::Key(key) => key,
            Lead::Dash => "-",
            Lead::Nothing => "",
        };
        let joins = lead == "-"
            && !self.is_apart
            && self.head.trim().is_empty()
            && !matches!(self.base, Base::Owner);
        let commented = self.lines.first().is_none_or(|line| line.starts_with('#'));
        if joins
            && !commented
            && let Some(first) = lines.next()
        {
            out.push(format!("{indent}-{}{}", " ".repeat(inset.max(2) - 1), first.trim_start()));
        } else {
            let gap =
                if self.head.is_empty() || self.head.starts_with([' ', '\t']) || lead.is_empty() {
                    ""
                } else {
                    " "
                };
            let head = if lead.is_empty() { self.head.trim_start() } else { &self.head };
            let first = format!("{indent}{lead}{gap}{head}");
            if !first.trim().is_empty() {
                out.push(first);
            }
        }
        out.extend(lines);
        out
    }
}

/// A line moved in; an empty one stays empty.
fn shifted(line: &str, indent: &str) -> String {
    if line.is_empty() { String::new() } else { format!("{indent}{line}") }
}

/// A line without so many spaces at its start, or those that it has.
fn dedented(line: &str, column: usize) -> String {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    line[spaces.min(column)..].to_owned()
}
