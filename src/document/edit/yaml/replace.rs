//! A value in the place of another.

use serde_json::Value;

use super::fragment::{Fragment, Lead};
use super::scalar::{self, Quoting};
use super::source::{Owner, Place, Source, has_anchor, refused};
use crate::document::edit::Refused;
use crate::document::yaml::{Form, Kind, byte, is_block};
use crate::model::{Pointer, Span};

/// Puts a value in the place of another.
pub(super) fn set(source: &Source<'_>, at: &Pointer, value: &Value) -> Result<String, Refused> {
    let place = source.find(at)?;
    let piece = place.piece;
    if has_anchor(piece) || piece.tag.is_some() {
        return refused("an anchor or a tag stands on the value or in it");
    }
    let first = byte(source.text, piece.span.start).filter(|_| piece.span.start < piece.span.end);
    let quoting = Quoting {
        quote: match first {
            Some(b'\'') => '\'',
            Some(b'"') => '"',
            _ => source.style.quote,
        },
        always: matches!(first, Some(b'\'' | b'"')),
        in_flow: place.in_flow,
    };
    let bracketed = matches!(
        piece.kind,
        Kind::List { form: Form::Flow, .. } | Kind::Map { form: Form::Flow, .. }
    );
    let fragment = match value {
        Value::Array(_) | Value::Object(_) if bracketed => {
            let quoting = Quoting { always: false, ..quoting };
            Fragment::written(scalar::inline(value, quoting))
        }
        Value::String(text) if quoting.always || scalar::literal(text).is_none() => {
            Fragment::written(scalar::inline(value, quoting))
        }
        _ => Fragment::new(value, &source.style),
    };
    replace(source, &place, fragment)
}

/// Puts a fragment in the place of a value.
pub(super) fn replace(
    source: &Source<'_>,
    place: &Place<'_>,
    fragment: Fragment,
) -> Result<String, Refused> {
    let span = place.piece.span;
    if matches!(place.piece.kind, Kind::Map { form: Form::Pair, .. }) {
        return refused("the value is a pair without braces");
    }
    if place.in_flow {
        return in_flow(source, place, fragment.inline()?);
    }
    let after = place.after();
    let is_header = matches!(place.piece.kind, Kind::Scalar { style, .. } if is_block(style));
    let is_inline = !is_header
        && !matches!(
            place.piece.kind,
            Kind::List { form: Form::Block, .. } | Kind::Map { form: Form::Block, .. }
        );
    let same_line = !source.text[after..span.start.max(after)].contains('\n');
    if is_inline && same_line && fragment.is_short() {
        let (span, gap) = if span.start == span.end && !matches!(place.owner, Owner::Root) {
            (Span::new(after, after), " ")
        } else {
            (span, "")
        };
        return Ok(source.splice(span, &format!("{gap}{}", fragment.head())));
    }
    let end =
        if is_inline { source.line_end(span.end.max(after)) } else { source.last_line_end(place) };
    let line_end = source.line_end(after);
    let comment = match place.owner {
        Owner::Root if !is_inline => "",
        _ if is_header => header_comment(&source.text[span.start..source.line_end(span.start)]),
        _ if !same_line => &source.text[after..line_end],
        _ if is_inline => &source.text[span.end.max(after)..end],
        _ => "",
    };
    let owner = place.start();
    let column = source.block_column(owner)?;
    let fragment = fragment.with_comment(comment);
    let (lead, prefix) = match place.owner {
        Owner::Root if column > 0 => (Lead::Nothing, source.style.eol),
        Owner::Root => (Lead::Nothing, ""),
        Owner::Entry(_) => (Lead::Key(&source.text[owner..after]), ""),
        Owner::Item(_) => (Lead::Dash, ""),
    };
    let column = if let Lead::Nothing = lead { 0 } else { column };
    let lines = fragment.put(lead, column, &source.style).join(source.style.eol);
    let lines = lines.get(column..).unwrap_or_default();
    Ok(source.splice(Span::new(owner, end), &format!("{prefix}{lines}")))
}

fn in_flow(source: &Source<'_>, place: &Place<'_>, inline: &str) -> Result<String, Refused> {
    let span = place.piece.span;
    if span.start < span.end {
        return Ok(source.splice(span, inline));
    }
    let (at, gap) = match place.owner {
        Owner::Entry(entry) if entry.colon.is_none() => (entry.key.span.end, ": "),
        _ => (place.after(), " "),
    };
    Ok(source.splice(Span::new(at, at), &format!("{gap}{inline}")))
}

/// The comment behind the header of a block scalar, with the blanks before it.
fn header_comment(line: &str) -> &str {
    line.find([' ', '\t']).map_or("", |blank| &line[blank..])
}
