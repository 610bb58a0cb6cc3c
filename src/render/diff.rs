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

/// The kind of the values in documents, and their only fact.
const VALUE: &str = "value";

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

/// Whether the object has nothing but its value, as one in a document: `config/app.yaml#/port`.
fn is_bare(difference: &Difference) -> bool {
    difference.object.kind == VALUE
}

fn names(difference: &Difference) -> (String, String) {
    let attribute = difference.attribute.as_deref().unwrap_or("");
    let attribute = if is_bare(difference) && attribute == VALUE { "" } else { attribute };
    (cut(&difference.object.to_string(), LONG), cut(attribute, MAX_PAD))
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// What a value of a kind that has one is called where it is not there.
pub(super) fn absent(attribute: Option<&str>) -> &'static str {
    match attribute {
        // The engine's own grants, and a trigger that fires: a schema tells what differs from it.
        Some("grants" | "enabled") => "default",
        _ => "none",
    }
}

/// A value of several lines on one: breaks and indents of functions and views say little.
fn folded(value: &str) -> String {
    if value.contains('\n') {
        value.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        value.to_owned()
    }
}

/// The value on the object's own row, and rows below it where it is too long for that.
fn values(difference: &Difference) -> (String, Vec<(&'static str, String)>) {
    let show = |value: &Option<String>, fold: fn(&str) -> String| match value.as_deref() {
        None => absent(difference.attribute.as_deref()).to_owned(),
        Some(value) => printable(&fold(value)).into_owned(),
    };
    let bare = |facts: &str| {
        let value = facts.strip_prefix(VALUE).and_then(|value| value.strip_prefix(' '));
        folded(value.filter(|_| is_bare(difference)).unwrap_or(facts))
    };
    let one = |value: &Option<String>| cut(&bare(value.as_deref().unwrap_or("")), SHORT);
    let hanging = match difference.dependents {
        0 => String::new(),
        1 => "  (with 1 object that hangs on it)".to_owned(),
        count => format!("  (with {} that hang on it)", number(count, "object")),
    };
    match difference.kind {
        DifferenceKind::Left => (one(&difference.found) + &hanging, Vec::new()),
        DifferenceKind::Lost => (one(&difference.expected) + &hanging, Vec::new()),
        DifferenceKind::Changed => {
            let both = |fold| (show(&difference.expected, fold), show(&difference.found, fold));
            let (mut expected, mut found) = both(folded);
            if expected == found {
                // White space is all that differs.
                (expected, found) = both(str::to_owned);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObjectKey;

    fn row(attribute: &str, expected: Option<&str>, found: Option<&str>, hang: usize) -> String {
        let object = ObjectKey::new("function", "f");
        let attribute = Some(attribute.to_owned());
        told(Difference {
            kind: DifferenceKind::Changed,
            object,
            attribute,
            expected: expected.map(str::to_owned),
            found: found.map(str::to_owned),
            dependents: hang,
            note: false,
        })
    }

    fn told(difference: Difference) -> String {
        let rows = rows(&SnapshotDiff { differences: vec![difference] });
        rows.into_iter().map(|row| row.text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn values_of_several_lines_are_folded_where_that_keeps_the_difference() {
        let text = row("body", Some("BEGIN\n  a;\nEND"), Some("BEGIN\r\n\tb;\nEND"), 1);
        assert!(text.ends_with("BEGIN a; END → BEGIN b; END  (with 1 object that hangs on it)"));
        assert!(row("body", Some("a\nb"), Some("a\n  b"), 0).ends_with("a\\u{a}b → a\\u{a}  b"));
        assert!(row("default", Some("'a  b'"), Some("'a b'"), 0).ends_with("'a  b' → 'a b'"));
    }

    #[test]
    fn what_is_not_there_is_called_what_it_means() {
        assert!(row("grants", None, Some("=r/a"), 0).ends_with("default → =r/a"));
        assert!(row("enabled", None, Some("no"), 0).ends_with("default → no"));
        assert!(row("default", None, Some("1"), 2).contains("none → 1  (with 2 objects that hang"));
    }

    #[test]
    fn a_value_of_a_document_is_told_once() {
        let value = |kind, expected: Option<&str>, found: Option<&str>| {
            told(Difference {
                kind,
                object: ObjectKey::new("value", "config/app.yaml#/server/port"),
                attribute: (kind == DifferenceKind::Changed).then(|| "value".to_owned()),
                expected: expected.map(str::to_owned),
                found: found.map(str::to_owned),
                dependents: 0,
                note: false,
            })
        };
        assert_eq!(
            value(DifferenceKind::Changed, Some("80"), Some("\"80\"")),
            "changed  value config/app.yaml#/server/port    80 → \"80\""
        );
        assert_eq!(
            value(DifferenceKind::Lost, Some("value 80"), None),
            "lost     value config/app.yaml#/server/port    80"
        );
    }
}
