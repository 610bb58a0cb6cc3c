//! TOML with places.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{DEEPEST, Node, Unreadable, Value};
use crate::model::{Sited, Span};

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(Span::new(0, 0), span);
        Unreadable::new(at, error.message(), "")
    })?;
    let whole = span(table.span());
    map(table.into_inner(), whole, 0)
}

fn node(spanned: Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Unreadable> {
    let span = span(spanned.span());
    if depth > DEEPEST {
        return Err(Unreadable::too_deep(span));
    }
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(stamp) => Value::Text(stamp.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            Value::Number(number.map_err(|_| too_large(span))?.into())
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
            Value::Number(number.ok_or_else(|| too_large(span))?)
        }
        DeValue::Array(items) => Value::List(
            items.into_iter().map(|item| node(item, depth + 1)).collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => return map(table, span, depth),
    };
    Ok(Node { span, value })
}

fn map(table: DeTable<'_>, whole: Span, depth: usize) -> Result<Node, Unreadable> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let at = span(key.span());
        entries.push((Sited::new(key.into_inner().into_owned(), at), node(value, depth + 1)?));
    }
    // The parser sorts by key; the file's order is wanted.
    entries.sort_by_key(|(key, _)| key.span);
    Node::map(whole, entries)
}

fn too_large(span: Span) -> Unreadable {
    Unreadable::new(span, "this number is too large or not a number", "")
}

fn span(range: Range<usize>) -> Span {
    Span::new(range.start, range.end)
}
