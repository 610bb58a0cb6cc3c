//! A value taken out.

use super::fragment::Fragment;
use super::replace::replace;
use super::source::{Owner, Place, Source, has_anchor, refused};
use crate::document::edit::Refused;
use crate::document::yaml::{Form, Kind, after};
use crate::model::{Pointer, Span};

/// Takes a value out, with its key, and the comments above it and on its lines.
pub(super) fn remove(source: &Source<'_>, at: &Pointer) -> Result<String, Refused> {
    let Some((parent, _)) = at.split_last() else {
        return refused("the whole document cannot be removed");
    };
    let place = source.find(at)?;
    let parent = source.collection(&parent)?;
    if has_anchor(place.piece) {
        return refused("an anchor stands on the value or in it");
    }
    let (form, owners, empty) = match &parent.piece.kind {
        Kind::Map { form, entries } => {
            (*form, entries.iter().map(Owner::Entry).collect::<Vec<_>>(), "{}")
        }
        Kind::List { form, items } => (*form, items.iter().map(Owner::Item).collect(), "[]"),
        Kind::Scalar { .. } | Kind::Alias(_) => return refused("nothing stands there"),
    };
    let start = place.start();
    let index = owners.iter().position(|owner| owner_start(owner) == start).unwrap_or(0);
    if owners.len() == 1 {
        let emptied = replace(source, &parent, Fragment::written(empty.to_owned()))?;
        // In a document of one key, the comments above that stand outside of what was replaced.
        let is_outside = matches!(parent.owner, Owner::Root) && source.is_first(start);
        let above = source.above(start, place.owner.before());
        let cut = if is_outside { above..source.line_start(start) } else { 0..0 };
        return Ok(format!("{}{}", &emptied[..cut.start], &emptied[cut.end..]));
    }
    if form == Form::Block {
        return Ok(from_block(source, &place, index == 0));
    }
    if place.piece.tag.is_some() {
        return refused("a tag stands on the value");
    }
    let before = index.checked_sub(1).and_then(|index| owners.get(index));
    Ok(from_flow(source, &place, before, owners.get(index + 1)))
}

fn from_block(source: &Source<'_>, place: &Place<'_>, is_first: bool) -> String {
    let text = source.text;
    let start = place.start();
    let end = source.last_line_end(place);
    if !source.is_first(start) {
        // It stands behind a dash, where what follows it takes its place.
        let rest = &text[end..];
        let next = end + (rest.len() - rest.trim_start().len());
        return source.splice(Span::new(start, next), "");
    }
    let mut from = source.above(start, place.owner.before());
    let mut to = source.next_line(end);
    let blank = |at: usize| source.line(at).trim().is_empty();
    let blank_above = |from: usize| {
        let above = from.checked_sub(1).map(|newline| source.line_start(newline));
        above.filter(|&above| blank(above) && above > place.owner.before())
    };
    // Of the blank lines around it, those on one side go with it.
    if to < text.len() && blank(to) && (is_first || blank_above(from).is_some()) {
        to = source.next_line(to);
    }
    while to == text.len()
        && let Some(above) = blank_above(from)
    {
        from = above;
    }
    if to < text.len() || text.ends_with('\n') {
        return source.splice(Span::new(from, to), "");
    }
    // The line that becomes the last has no line break either.
    let cut = text[..from].trim_end_matches(['\r', '\n']).len();
    source.splice(Span::new(cut, to), "")
}

fn from_flow(
    source: &Source<'_>,
    place: &Place<'_>,
    before: Option<&Owner<'_>>,
    behind: Option<&Owner<'_>>,
) -> String {
    let text = source.text;
    let start = place.start();
    let end = owner_end(&place.owner);
    let comma = after(text, end, b',');
    let line_end = source.line_end(comma.unwrap_or(end));
    let rest = text[comma.map_or(end, |comma| comma + 1)..line_end].trim();
    let own_line = source.is_first(start) && (rest.is_empty() || rest.starts_with('#'));
    if own_line {
        let from = source.above(start, place.owner.before());
        let without = source.splice(Span::new(from, source.next_line(line_end)), "");
        let Some(before) = before.filter(|_| behind.is_none() && comma.is_none()) else {
            return without;
        };
        return match after(text, owner_end(before), b',') {
            Some(comma) => format!("{}{}", &without[..comma], &without[comma + 1..]),
            None => without,
        };
    }
    let span = match (behind, before) {
        (Some(behind), _) => Span::new(start, owner_start(behind)),
        (None, Some(before)) => Span::new(owner_end(before), end),
        (None, None) => Span::new(start, end),
    };
    source.splice(span, "")
}

fn owner_start(owner: &Owner<'_>) -> usize {
    match owner {
        Owner::Root => 0,
        Owner::Entry(entry) => owner.start(&entry.value),
        Owner::Item(item) => owner.start(&item.value),
    }
}

fn owner_end(owner: &Owner<'_>) -> usize {
    match owner {
        Owner::Root => 0,
        Owner::Entry(entry) => entry.value.span.end.max(owner.after(&entry.value)),
        Owner::Item(item) => item.value.span.end,
    }
}
