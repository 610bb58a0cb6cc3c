//! A schema difference side by side: what was expected, and what was found.

use std::fmt::{self, Write as _};

use similar::{ChangeTag, TextDiff};

use super::escape::html;
use super::text::{name, scroll};
use crate::model::{Difference, DifferenceKind, SnapshotDiff};
use crate::render::diff::absent;
use crate::render::words::{Mark, number, shorten};

/// Rows of one difference, at most.
const MAX_ROWS: usize = 200;
/// Characters of one value, at most.
const MAX_VALUE: usize = 3_000;

/// The table of a difference, where there is one.
pub(super) fn table(diff: &SnapshotDiff, page: &mut String) -> fmt::Result {
    if diff.is_empty() {
        return Ok(());
    }
    writeln!(page, "{}\n<table class=\"diff\">", scroll("Schema difference"))?;
    page.push_str("<caption>Schema difference</caption>\n<thead><tr>");
    for title in ["Object", "Expected", "Found"] {
        write!(page, "<th scope=\"col\">{title}</th>")?;
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for difference in diff.differences.iter().take(MAX_ROWS) {
        row(difference, page)?;
    }
    if let Some(more) = diff.differences.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        writeln!(
            page,
            "<tr><td class=\"more\" colspan=\"3\">… and {more} more, all in the JSON report</td></tr>"
        )?;
    }
    page.push_str("</tbody>\n</table></div>\n");
    Ok(())
}

fn row(difference: &Difference, page: &mut String) -> fmt::Result {
    let (class, sign, word) = match difference.kind {
        DifferenceKind::Left => ("left", "+", "left"),
        DifferenceKind::Lost => ("lost", "-", "lost"),
        DifferenceKind::Changed => ("changed", "~", "changed"),
    };
    let note = if difference.note { " <span class=\"tag\">note</span>" } else { "" };
    let attribute = difference.attribute.as_deref().map(name).unwrap_or_default();
    let hanging = match difference.dependents {
        0 => String::new(),
        1 => " with 1 object that hangs on it".to_owned(),
        count => format!(" with {} that hang on it", number(count, "object")),
    };
    write!(
        page,
        "<tr class=\"{class}\"><th scope=\"row\"><span class=\"change\"><span aria-hidden=\"true\">{sign}</span> {word}</span>{note} {} <code>{}</code><span class=\"below\">{attribute}{hanging}</span></th>",
        name(&difference.object.kind),
        name(&difference.object.name),
    )?;
    let (expected, found) = values(difference);
    writeln!(page, "<td>{expected}</td><td>{found}</td></tr>")
}

/// Both sides; in what changed, the words that differ are marked.
fn values(difference: &Difference) -> (String, String) {
    let nothing = |word: &str| format!("<span class=\"nothing\">{word}</span>");
    let attribute = difference.attribute.as_deref();
    match (difference.expected.as_deref(), difference.found.as_deref(), difference.kind) {
        (Some(expected), Some(found), _) => both(expected, found),
        (Some(expected), None, DifferenceKind::Changed) => {
            (value(expected), nothing(absent(attribute)))
        }
        (None, Some(found), DifferenceKind::Changed) => (nothing(absent(attribute)), value(found)),
        (expected, found, DifferenceKind::Lost) => {
            (value(expected.or(found).unwrap_or("")), nothing("gone"))
        }
        (expected, found, _) => (nothing("not there"), value(found.or(expected).unwrap_or(""))),
    }
}

/// A value with its lines.
fn value(content: &str) -> String {
    format!("<code>{}</code>", broken(&shorten(content, MAX_VALUE)))
}

/// Escaped text with its lines kept apart; a tab is shown as spaces.
fn broken(content: &str) -> String {
    let lines = content.split('\n').map(|line| html(&line.replace('\t', "    ")));
    lines.collect::<Vec<_>>().join("<br>")
}

fn both(expected: &str, found: &str) -> (String, String) {
    let (expected, found) = (shorten(expected, MAX_VALUE), shorten(found, MAX_VALUE));
    let diff = TextDiff::from_words(expected.as_ref(), found.as_ref());
    let (mut left, mut right) = (String::from("<code>"), String::from("<code>"));
    for change in diff.iter_all_changes() {
        let part = broken(change.value());
        match change.tag() {
            ChangeTag::Equal => {
                left.push_str(&part);
                right.push_str(&part);
            }
            ChangeTag::Delete => left.push_str(&format!("<del>{part}</del>")),
            ChangeTag::Insert => right.push_str(&format!("<ins>{part}</ins>")),
        }
    }
    (left + "</code>", right + "</code>")
}

/// The mark of a row in words, for the legend.
pub(super) const SIGNS: [(&str, Mark, &str); 3] = [
    ("- lost", Mark::Bad, "should be there and is gone"),
    ("+ left", Mark::Good, "should be gone and is there"),
    ("~ changed", Mark::Warning, "is there, and is not what it was"),
];
