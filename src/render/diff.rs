//! A schema difference as aligned rows: what is left, lost and changed.

use unicode_width::UnicodeWidthStr;

use super::escape::printable;
use super::words::number;
use crate::model::{Difference, DifferenceKind, SnapshotDiff};

/// Rows shown of one difference, at most.
const MAX_ROWS: usize = 12;
/// Columns of a value on a row of its object.
const SHORT: usize = 64;
/// Columns of a value on a row of its own.
const LONG: usize = 96;
/// A name wider than this no longer pushes the others' columns to the right.
const MAX_PAD: usize = 40;

/// One row of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// `+` left, `-` lost, `~` changed; a space where the row belongs to the one above.
    pub(super) sign: char,
    /// Its text, aligned with the others and printable.
    pub(super) text: String,
    /// Whether it is a note only.
    pub(super) note: bool,
}

/// The rows of a difference, the longest ones cut.
pub(super) fn rows(diff: &SnapshotDiff) -> Vec<Row> {
    let shown = &diff.differences[..diff.differences.len().min(MAX_ROWS)];
    let names: Vec<(String, String)> = shown.iter().map(names).collect();
    let pad = |pick: fn(&(String, String)) -> &String| {
        names.iter().map(|pair| pick(pair).width()).filter(|width| *width <= MAX_PAD).max()
    };
    let (object_pad, attribute_pad) =
        (pad(|pair| &pair.0).unwrap_or(0), pad(|pair| &pair.1).unwrap_or(0));

    let mut rows = Vec::new();
    for (difference, (object, attribute)) in shown.iter().zip(&names) {
        let (sign, word) = match difference.kind {
            DifferenceKind::Left => ('+', "left"),
            DifferenceKind::Lost => ('-', "lost"),
            DifferenceKind::Changed => ('~', "changed"),
        };
        let (value, below) = values(difference);
        let note = if difference.note { "  (note)" } else { "" };
        let text = format!(
            "{word:<7}  {}  {}  {value}{note}",
            padded(object, object_pad),
            padded(attribute, attribute_pad),
        );
        rows.push(Row { sign, text: text.trim_end().to_owned(), note: difference.note });
        for (word, value) in below {
            let text = format!("{:<7}    {word:<8}  {value}", "");
            rows.push(Row { sign: ' ', text, note: difference.note });
        }
    }
    if diff.differences.len() > MAX_ROWS {
        let more = diff.differences.len() - MAX_ROWS;
        let text = format!("… and {more} more (all in the JSON report)");
        rows.push(Row { sign: ' ', text, note: true });
    }
    rows
}

fn names(difference: &Difference) -> (String, String) {
    let attribute = difference.attribute.as_deref().unwrap_or("");
    (cut(&difference.object.to_string(), LONG), cut(attribute, MAX_PAD))
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The value on the object's own row, and rows below it where it is too long for that.
fn values(difference: &Difference) -> (String, Vec<(&'static str, String)>) {
    let show = |value: &Option<String>| {
        value.as_deref().map_or_else(|| "none".to_owned(), |value| printable(value).into_owned())
    };
    let hanging = match difference.dependents {
        0 => String::new(),
        count => format!("  (with {} that hang on it)", number(count, "object")),
    };
    match difference.kind {
        DifferenceKind::Left => {
            (cut(difference.found.as_deref().unwrap_or(""), SHORT) + &hanging, Vec::new())
        }
        DifferenceKind::Lost => {
            (cut(difference.expected.as_deref().unwrap_or(""), SHORT) + &hanging, Vec::new())
        }
        DifferenceKind::Changed => {
            let (expected, found) = (show(&difference.expected), show(&difference.found));
            if expected.width() + found.width() <= SHORT {
                return (format!("{expected} → {found}{hanging}"), Vec::new());
            }
            let skip = common_start(&expected, &found);
            let below = vec![("expected", from(&expected, skip)), ("found", from(&found, skip))];
            (hanging.trim_start().to_owned(), below)
        }
    }
}

/// How many characters two long values may lose at their beginning without losing the place
/// where they part.
fn common_start(a: &str, b: &str) -> usize {
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    if common < LONG / 2 { 0 } else { common - LONG / 4 }
}

fn from(value: &str, skip: usize) -> String {
    if skip == 0 {
        return cut(value, LONG);
    }
    cut(&format!("…{}", value.chars().skip(skip).collect::<String>()), LONG)
}

/// A printable value, cut where it is too wide.
fn cut(value: &str, width: usize) -> String {
    let value = printable(value);
    if value.chars().count() <= width {
        return value.into_owned();
    }
    let kept: String = value.chars().take(width - 1).collect();
    format!("{}…", kept.trim_end())
}
