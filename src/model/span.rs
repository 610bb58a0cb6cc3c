//! Places in files: byte ranges inside, lines and columns only at the edge.

use super::RepoPath;

/// A half-open range of byte offsets into one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A range from `start` up to, not including, `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A file, and a place in it where one is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file or folder.
    pub path: RepoPath,
    /// The place; `None` means the whole file.
    pub span: Option<Span>,
}

impl Location {
    /// The whole of one file or folder.
    #[must_use]
    pub fn file(path: RepoPath) -> Self {
        Self { path, span: None }
    }

    /// A place in a file.
    #[must_use]
    pub fn at(path: RepoPath, span: Span) -> Self {
        Self { path, span: Some(span) }
    }
}

/// Line and column of a byte offset, both counted from 1, the column in characters.
///
/// An offset past the end or inside a character is taken back to the nearest border.
#[must_use]
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    // A byte-order mark takes no column.
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let before = text[..text.floor_char_boundary(offset)].get(mark..).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::line_column;

    #[test]
    fn lines_and_columns_count_from_one() {
        let text = "añb\nc";
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, 3), (1, 3));
        assert_eq!(line_column(text, 5), (2, 1));
        assert_eq!(line_column(text, 99), (2, 2));
        assert_eq!(line_column("\u{feff}ab", 4), (1, 2));
    }
}
