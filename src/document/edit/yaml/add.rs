//! A value where none stands.

use super::fragment::{Fragment, Lead};
use super::replace::replace;
use super::scalar::{self, Quoting};
use super::source::{Owner, Place, Source, refused};
use crate::document::edit::Refused;
use crate::document::yaml::{Entry, Form, Item, Kind, after, byte};
use crate::model::{Pointer, Span};

/// Puts a fragment at a place where nothing stands.
pub(super) fn add(
    source: &Source<'_>,
    at: &Pointer,
    fragment: Fragment,
) -> Result<String, Refused> {
    let Some((parent, name)) = at.split_last() else {
        return refused("a document stands there");
    };
    let parent = source.collection(&parent)?;
    match &parent.piece.kind {
        Kind::Map { form, entries } => {
            let key = new_key(source, entries, name, parent.in_flow || *form != Form::Block);
            let lead = Lead::Key(&key);
            match (form, entries.last()) {
                (Form::Pair, _) => refused("a pair without braces has one key"),
                (_, None) => into_empty(source, &parent, lead, fragment),
                (Form::Flow, Some(last)) => {
                    let written = format!("{key} {}", fragment.inline()?);
                    flow_end(
                        source,
                        last.start,
                        last.value.span.end.max(flow_after(last)),
                        &written,
                    )
                }
                (Form::Block, Some(last)) => {
                    let column = source.block_column(last.start)?;
                    let place =
                        Place { owner: Owner::Entry(last), piece: &last.value, in_flow: false };
                    Ok(below(source, &place, &fragment.put(lead, column, &source.style)))
                }
            }
        }
        Kind::List { form, items } => {
            let index = if name == "-" { Some(items.len()) } else { name.parse().ok() };
            match index.filter(|&index| index <= items.len()) {
                None => refused("the list has no such place"),
                Some(_) if items.is_empty() => into_empty(source, &parent, Lead::Dash, fragment),
                Some(index) if *form == Form::Block => block_item(source, items, index, &fragment),
                Some(index) => flow_item(source, items, index, &fragment),
            }
        }
        Kind::Scalar { .. } | Kind::Alias(_) => refused("no map or list stands above the place"),
    }
}

/// A key as its neighbours are written, with its `:`.
fn new_key(source: &Source<'_>, entries: &[Entry], name: &str, in_flow: bool) -> String {
    let quote = entries.last().and_then(|last| byte(source.text, last.key.span.start));
    let always = matches!(quote, Some(b'\'' | b'"'));
    let quote = match quote {
        Some(b'\'') => '\'',
        Some(b'"') => '"',
        _ => source.style.quote,
    };
    scalar::text(name, Quoting { quote, always, in_flow }) + ":"
}

/// Puts a fragment into `{}` or `[]`, which becomes a block where one can stand.
fn into_empty(
    source: &Source<'_>,
    parent: &Place<'_>,
    lead: Lead<'_>,
    fragment: Fragment,
) -> Result<String, Refused> {
    let span = parent.piece.span;
    let inside = source.text[span.start..span.end].get(1..span.end - span.start - 1);
    if inside.is_none_or(|inside| !inside.trim().is_empty()) {
        return refused("a comment stands between the brackets");
    }
    if parent.piece.tag.is_some() {
        return refused("a tag stands on the brackets");
    }
    replace(source, parent, fragment.within(lead, &source.style))
}

/// The text with lines below a place in a block.
fn below(source: &Source<'_>, place: &Place<'_>, lines: &[String]) -> String {
    let end = source.last_line_end(place);
    let eol = source.style.eol;
    source.splice(Span::new(end, end), &format!("{eol}{}", lines.join(eol)))
}

fn block_item(
    source: &Source<'_>,
    items: &[Item],
    index: usize,
    fragment: &Fragment,
) -> Result<String, Refused> {
    let (item, is_end) = match (items.get(index), items.last()) {
        (Some(item), _) => (item, false),
        (None, Some(last)) => (last, true),
        (None, None) => return refused("the list has no such place"),
    };
    let place = Place { owner: Owner::Item(item), piece: &item.value, in_flow: false };
    let dash = place.start();
    let column = source.block_column(dash)?;
    let lines = fragment.put(Lead::Dash, column, &source.style);
    if is_end {
        return Ok(below(source, &place, &lines));
    }
    let eol = source.style.eol;
    let lines = lines.join(eol) + eol;
    if source.is_first(dash) {
        let at = source.above(dash, item.before);
        return Ok(source.splice(Span::new(at, at), &lines));
    }
    // The list begins behind a dash of another: its first item goes there.
    let lines = lines.get(column..).unwrap_or_default();
    Ok(source.splice(Span::new(dash, dash), &format!("{lines}{}", " ".repeat(column))))
}

fn flow_item(
    source: &Source<'_>,
    items: &[Item],
    index: usize,
    fragment: &Fragment,
) -> Result<String, Refused> {
    let written = fragment.inline()?;
    if let Some(item) = items.get(index) {
        if item.value.tag.is_some() || item.value.anchor.is_some() {
            return refused("an anchor or a tag stands on the item at this index");
        }
        let at = item.value.span.start;
        let eol = source.style.eol;
        let gap = if source.is_first(at) {
            format!("{eol}{}", &source.text[source.line_start(at)..at])
        } else {
            " ".to_owned()
        };
        return Ok(source.splice(Span::new(at, at), &format!("{written},{gap}")));
    }
    match items.last() {
        Some(last) => flow_end(source, last.value.span.start, last.value.span.end, written),
        None => refused("the list has no such place"),
    }
}

/// The end of an entry in braces, whose value may be missing.
fn flow_after(entry: &Entry) -> usize {
    entry.colon.map_or(entry.key.span.end, |colon| colon + 1)
}

/// Puts something behind the last thing in brackets: on a line of its own if that has one.
fn flow_end(
    source: &Source<'_>,
    start: usize,
    end: usize,
    written: &str,
) -> Result<String, Refused> {
    let comma = after(source.text, end, b',');
    if !source.is_first(start) {
        return Ok(source.splice(Span::new(end, end), &format!(", {written}")));
    }
    let line_end = source.line_end(comma.unwrap_or(end));
    let rest = source.text[comma.map_or(end, |comma| comma + 1)..line_end].trim();
    if !rest.is_empty() && !rest.starts_with('#') {
        // The closing bracket stands there.
        return Ok(source.splice(Span::new(end, end), &format!(", {written}")));
    }
    let indent = &source.text[source.line_start(start)..start];
    let eol = source.style.eol;
    let trailing = if comma.is_some() { "," } else { "" };
    let with_line =
        source.splice(Span::new(line_end, line_end), &format!("{eol}{indent}{written}{trailing}"));
    Ok(if comma.is_some() {
        with_line
    } else {
        format!("{},{}", &with_line[..end], &with_line[end..])
    })
}
