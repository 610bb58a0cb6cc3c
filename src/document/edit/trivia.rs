//! What stands between values: line ends, blanks, commas and comments.

use std::ops::Range;

use super::style::{Notation, is_blank};

/// A part that has a meaning for what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Newline,
    Comma,
    Comment,
}

/// The line ends, commas and comments of what is not a value.
pub(super) fn marks(
    text: &str,
    range: Range<usize>,
    notation: Notation,
) -> Vec<(Mark, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut marks = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let rest = &bytes[at..range.end];
        let (mark, length) = match (rest[0], notation) {
            (b'\n', _) => (Mark::Newline, 1),
            (b',', _) => (Mark::Comma, 1),
            (b'/', Notation::Json) if rest.starts_with(b"/*") => {
                let end = text[at + 2..range.end].find("*/").map_or(rest.len(), |end| end + 4);
                (Mark::Comment, end)
            }
            (b'/', Notation::Json) | (b'#', Notation::Toml) => {
                let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                (Mark::Comment, text[at..at + end].trim_end().len())
            }
            _ => {
                at += 1;
                continue;
            }
        };
        marks.push((mark, at..at + length));
        at += length;
    }
    marks
}

/// Where the comments begin that stand directly before `start`, no blank line between.
pub(super) fn lead(marks: &[(Mark, Range<usize>)], start: usize) -> usize {
    let (mut first, mut lines) = (start, 0);
    for (mark, range) in marks.iter().rev() {
        match mark {
            Mark::Newline => lines += 1,
            Mark::Comment => (first, lines) = (range.start, 0),
            Mark::Comma => break,
        }
        if lines > 1 {
            break;
        }
    }
    first
}

/// The indentation of the line that a place is on.
pub(super) fn line_indent(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &text[line..];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
}

/// Whether only blanks stand before a place on its line.
pub(super) fn starts_line(text: &str, at: usize) -> bool {
    // From its end, since a line may be as long as the text.
    text[..at].trim_end_matches([' ', '\t']).ends_with('\n')
}

/// Where the next line begins, if only blanks stand before it.
pub(super) fn rest_of_line(text: &str, at: usize) -> Option<usize> {
    let end = text[at..].find('\n')? + at;
    is_blank(text[at..end].trim_end_matches('\r')).then_some(end + 1)
}

/// The whole lines that a range takes, if nothing else stands on them.
pub(super) fn lines(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let start = text[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
    if !starts_line(text, range.start) {
        return None;
    }
    Some(start..rest_of_line(text, range.end)?)
}
