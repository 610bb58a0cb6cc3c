//! From text to the wire format, with every mistake of form and not only the first.
//!
//! A deserializer stops at the first mistake. So the entry it stopped at is taken out of the
//! parsed file and the rest is tried again, until all that remains fits.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::error::{ConfigProblem, may_hold_secret};
use super::raw::RawSettings;
use super::shape::Shapes;
use crate::model::{Span, closest, printable, quoted};

/// How many mistakes of form are looked for, so that a hostile file cannot keep us busy.
const MOST: usize = 50;
/// A larger file is not configuration.
const LARGEST: usize = 1 << 20;

/// Reads what can be read; `None` where nothing sensible remains.
pub(super) fn read(text: &str, problems: &mut Vec<ConfigProblem>) -> Option<RawSettings> {
    if text.len() > LARGEST {
        let message = "the file is larger than 1 MiB";
        problems.push(ConfigProblem::new(Span::new(0, 0), message, "is this the right file?"));
        return None;
    }
    let (mut table, errors) = DeTable::parse_recoverable(text);
    for error in errors.into_iter().take(MOST) {
        let span = span(error.span().unwrap_or(0..0));
        let message: String = error.message().chars().take(200).collect();
        problems.push(ConfigProblem::new(span, &*printable(&message), ""));
    }
    if !problems.is_empty() {
        return None;
    }
    // Tables that lost an entry: what they lack may be just that.
    let mut thinned = BTreeSet::new();
    Shapes { thinned: &mut thinned, problems }.check(table.get_mut());
    for _ in 0..MOST {
        let error = match RawSettings::deserialize(Deserializer::from(table.clone())) {
            Ok(raw) => return Some(raw),
            Err(error) => error,
        };
        let at = error.span().unwrap_or(0..0);
        if !(error.message().starts_with("missing field") && thinned.contains(&span(at.clone()))) {
            problems.push(problem(&error, span(at.clone())));
        }
        let whole = span(table.span());
        thinned.insert(prune_table(table.get_mut(), whole, &at)?);
    }
    None
}

/// Takes out the deepest entry that stands at `at`; gives back the span of what held it.
fn prune_table(table: &mut DeTable<'_>, own: Span, at: &Range<usize>) -> Option<Span> {
    for (_, value) in table.iter_mut() {
        if let Some(holder) = prune_inside(value, at) {
            return Some(holder);
        }
    }
    let found = table.iter().find(|(key, value)| key.span() == *at || value.span() == *at);
    let key = found?.0.clone();
    table.remove(&key)?;
    Some(own)
}

fn prune_inside(value: &mut Spanned<DeValue<'_>>, at: &Range<usize>) -> Option<Span> {
    let own = span(value.span());
    match value.get_mut() {
        DeValue::Table(table) => prune_table(table, own, at),
        DeValue::Array(array) => {
            for item in array.iter_mut() {
                if let Some(holder) = prune_inside(item, at) {
                    return Some(holder);
                }
            }
            let index = array.iter().position(|item| item.span() == *at)?;
            let kept = std::mem::replace(array, DeArray::new()).into_iter().enumerate();
            kept.filter(|(i, _)| *i != index).for_each(|(_, item)| array.push(item));
            Some(own)
        }
        _ => None,
    }
}

/// The deserializer's words, put as a person would.
fn problem(error: &toml::de::Error, at: Span) -> ConfigProblem {
    let message = error.message();
    if let Some(rest) = message.strip_prefix("unknown field `")
        && let Some((key, expected)) = rest.rsplit_once("`, expected ")
    {
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let help = match closest(key, &known) {
            Some(close) => format!("did you mean \"{close}\"?"),
            None => format!("known keys here: {}", known.join(", ")),
        };
        return ConfigProblem::new(at, format!("unknown key {}", quoted(key)), help);
    }
    if let Some(key) = message.strip_prefix("missing field `") {
        let key = key.trim_end_matches('`');
        return ConfigProblem::new(
            at,
            format!("missing key \"{key}\""),
            format!("add `{key} = …` here"),
        );
    }
    if let Some(types) = message.strip_prefix("invalid type: ")
        && let Some((found, expected)) = types.rsplit_once(", expected ")
    {
        let found = found.trim_end_matches(" as i128").trim_end_matches(" as u128");
        let found = if may_hold_secret(found) { "a string" } else { found };
        let found: String = found.chars().take(80).collect();
        let message = format!("expected {}, found {}", plain(expected), plain(&found));
        return ConfigProblem::new(at, printable(&message).into_owned(), "");
    }
    let clipped: String = message.chars().take(200).collect();
    ConfigProblem::new(at, printable(&clipped).into_owned(), "")
}

pub(super) fn span(range: Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// A type's name outside of the deserializer's language.
fn plain(name: &str) -> &str {
    match name {
        "map" | "a map" => "a table",
        "sequence" | "a sequence" => "a list",
        "i64" => "a whole number",
        name if name.starts_with("struct ") => "a table",
        name => name,
    }
}
