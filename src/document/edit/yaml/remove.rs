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
    if owners.len() == 1 && form == Form::Block {
        return last_of_block(source, &parent, &place, empty);
    }
    let (outer, end) = (parent.piece.span, place.piece.span.end.max(start));
    let around = [outer.start..start, end..outer.end];
    let is_commented = around.into_iter().any(|part| source.text[part].contains('#'));
    if owners.len() == 1 && !is_commented {
        return replace(source, &parent, Fragment::written(empty.to_owned()));
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

/// Takes out all that a block holds.
fn last_of_block(
    source: &Source<'_>,
    parent: &Place<'_>,
    place: &Place<'_>,
    empty: &str,
) -> Result<String, Refused> {
    if parent.piece.tag.is_some() {
        return refused("a tag stands on what would be empty");
    }
    let start = place.start();
    let is_root = matches!(parent.owner, Owner::Root);
    if source.is_first(start) && !is_root {
        let without = from_block(source, place, true);
        let after = parent.after();
        return Ok(format!("{} {empty}{}", &without[..after], &without[after..]));
    }
    let from =
        if source.is_first(start) { source.above(start, place.owner.before()) } else { start };
    Ok(source.splice(Span::new(from, source.last_line_end(place)), empty))
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
    let above = &text[..from];
    let cut = above
        .strip_suffix('\n')
        .map_or(above, |line| line.strip_suffix('\r').unwrap_or(line))
        .len();
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
        (None, None) => Span::new(start, comma.map_or(end, |comma| comma + 1)),
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
