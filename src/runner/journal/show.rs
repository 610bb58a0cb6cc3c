//! A journal for people.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, BufRead};

use jiff::Timestamp;
use serde_json::Value;

use super::event;
use super::line::Line;
use super::lines::{Lines, Raw};
use crate::model::printable;

/// Which events are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of this migration, by its id.
    pub migration: Option<String>,
    /// Only so many, the last of those that are left.
    pub last: Option<usize>,
}

/// What people are shown of the details, under these words and in this order. Hashes, names of
/// runs and what the migration itself says are in JSON.
const SHOWN: [(&str, &str); 14] = [
    ("migration.direction", "direction"),
    ("migration.from_version", "from"),
    ("migration.to_version", "to"),
    ("migration.duration", "took"),
    ("file.count", "files"),
    ("file.path", "path"),
    ("migration.checkpoint.path", "checkpoint"),
    ("error.type", "error"),
    ("migration.file", "file"),
    ("migration.resolved.as", "as"),
    ("migration.resolved.by", "by"),
    ("migration.resolved.reason", "reason"),
    ("migration.resolved.differences", "differences"),
    ("journal.torn_bytes", "torn_bytes"),
];

/// The lines of a journal that a filter lets through, as JSON or in words. Lines that are no
/// events are left out of JSON, and out of what is asked for of one migration.
///
/// # Errors
/// When it cannot be read.
pub(super) fn show(reader: impl BufRead, filter: &Filter, json: bool) -> io::Result<String> {
    let most = filter.last.unwrap_or(usize::MAX);
    let mut shown = VecDeque::new();
    for raw in Lines::new(reader) {
        let Some(line) = one(&raw?, filter, json) else { continue };
        shown.push_back(line);
        if shown.len() > most {
            shown.pop_front();
        }
    }
    Ok(shown.into_iter().collect())
}

fn one(raw: &Raw, filter: &Filter, json: bool) -> Option<String> {
    let Some(line) = raw.event() else {
        let told = !json && filter.migration.is_none();
        let number = raw.number;
        return told.then(|| format!("line {number} is no event; see `journal verify`\n"));
    };
    if let Some(wanted) = &filter.migration
        && line.text("migration.id") != Some(&event::clean(wanted))
    {
        return None;
    }
    // As it stands in the file, so that its hash can be held against it.
    let text = if json { String::from_utf8_lossy(&raw.bytes).into_owned() } else { words(&line) };
    Some(text + "\n")
}

/// Time, severity, event, migration, and what is [`SHOWN`] of the rest. Which target it is of, is
/// said by whoever asks.
fn words(line: &Line) -> String {
    // To the second: people read this.
    let at = line.timestamp.parse().map_or_else(
        |_| printable(&line.timestamp).into_owned(),
        |at: Timestamp| format!("{at:.0}"),
    );
    let mut out = format!(
        "{at}  {:<5}  {}  {}",
        printable(&line.severity_text),
        printable(&line.event_name),
        printable(line.text("migration.id").unwrap_or("-"))
    );
    for (name, word) in SHOWN {
        let Some(value) = line.detail(name).or_else(|| line.attributes.get(name)) else { continue };
        let told = match value.as_f64() {
            Some(seconds) if name == "migration.duration" => format!("{seconds:.3}s"),
            _ => brief(value),
        };
        // Writing to a String cannot fail.
        let _ = write!(out, "  {word}={}", printable(&told));
    }
    out
}

/// A detail in few words; of a list the first, and how many more.
fn brief(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains(' ') => format!("\"{text}\""),
        Value::String(text) => text.clone(),
        Value::Array(values) => match values.as_slice() {
            [] => "-".to_owned(),
            [one] => brief(one),
            [first, more @ ..] => format!("{} (+{})", brief(first), more.len()),
        },
        other => other.to_string(),
    }
}
