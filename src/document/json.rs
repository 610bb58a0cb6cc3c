//! JSON with places, strict or with comments: what any JSON reader would refuse is refused here.

use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::node::{DEEPEST, Node, Unreadable, Value};
use crate::model::{Sited, Span};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// JSON with comments and trailing commas, and nothing else that is loose.
const COMMENTS: ParseOptions =
    ParseOptions { allow_comments: true, allow_trailing_commas: true, ..STRICT };

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let parsed = parsed(text, &STRICT)?;
    // A second opinion: the parser with places lets a few things pass (leading zeros, blanks that
    // are not JSON's).
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(&*message, |(words, _)| words);
        let at = offset(text, error.line(), error.column());
        return Err(Unreadable::new(Span::new(at, at), message, ""));
    }
    node(parsed, 0)
}

pub(super) fn read_with_comments(text: &str) -> Result<Node, Unreadable> {
    node(parsed(text, &COMMENTS)?, 0)
}

fn parsed<'a>(text: &'a str, options: &ParseOptions) -> Result<ast::Value<'a>, Unreadable> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), options).map_err(|error| {
        let message = lower_first(&error.kind().to_string());
        Unreadable::new(span(error.range()), message, "")
    })?;
    parsed.value.ok_or_else(|| Unreadable::new(Span::new(0, 0), "the file is empty", ""))
}

fn node(value: ast::Value<'_>, depth: usize) -> Result<Node, Unreadable> {
    let span = span(value.range());
    if depth > DEEPEST {
        return Err(Unreadable::too_deep(span));
    }
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::StringLit(literal) => Value::Text(literal.value.into_owned()),
        ast::Value::NumberLit(literal) => Value::Number(
            number(literal.value)
                .ok_or_else(|| Unreadable::new(span, "this is not a number", ""))?,
        ),
        ast::Value::Array(array) => Value::List(
            array
                .elements
                .into_iter()
                .map(|item| node(item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        ast::Value::Object(object) => return map(object, span, depth),
    };
    Ok(Node { span, value })
}

fn map(object: ast::Object<'_>, span: Span, depth: usize) -> Result<Node, Unreadable> {
    let mut entries = Vec::with_capacity(object.properties.len());
    for property in object.properties {
        let key = match property.name {
            ObjectPropName::String(name) => (name.value.into_owned(), name.range),
            ObjectPropName::Word(name) => (name.value.to_owned(), name.range),
        };
        let key = Sited::new(key.0, Span::new(key.1.start, key.1.end));
        entries.push((key, node(property.value, depth + 1)?));
    }
    Node::map(span, entries)
}

/// A number; one that is too large or too long for us is read as the nearest that is not.
fn number(text: &str) -> Option<serde_json::Number> {
    // The parser with places lets a few numbers pass that are not JSON's.
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    if let Some(number) = text.parse::<i64>().ok().filter(|number| *number != 0) {
        return Some(number.into());
    }
    let number: f64 = text.parse().ok()?;
    serde_json::Number::from_f64(number.clamp(f64::MIN, f64::MAX))
}

/// The byte offset of a line and a column in bytes, both counted from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary((before + column.saturating_sub(1)).min(text.len()))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_lowercase().chain(chars).collect())
}

fn span(range: Range) -> Span {
    Span::new(range.start, range.end)
}
