//! The texts that findings point into, and the one place where bytes become lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Snippet;
use crate::model::{Location, RepoPath, Span, line_column};

/// The text of every file a finding may point into; of a report that was read again, what it says
/// of the places.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: BTreeMap<RepoPath, Arc<str>>,
    recorded: BTreeMap<Location, Recorded>,
}

/// What a report says of a place in a text that is not at hand.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Its lines and columns.
    pub place: Option<Place>,
    /// Its source lines, where they may be shown.
    pub snippet: Option<Snippet>,
}

/// A place in a file as people and editors count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bytes, taken back to character borders inside the text.
    pub span: Span,
    /// Line and column of the first byte, both from 1, the column in characters.
    pub start: (usize, usize),
    /// Line and column one past the last byte.
    pub end: (usize, usize),
}

impl Place {
    /// The last line that something of it stands on: the line break at its end begins no new one.
    #[must_use]
    pub fn last_line(&self) -> usize {
        let (line, column) = self.end;
        if column == 1 { line.saturating_sub(1).max(self.start.0) } else { line }
    }
}

impl SourceMap {
    /// A map without any file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces its text.
    pub fn insert(&mut self, path: RepoPath, text: impl Into<Arc<str>>) {
        self.files.insert(path, text.into());
    }

    /// The text of a file, where it is known.
    #[must_use]
    pub fn get(&self, path: &RepoPath) -> Option<&str> {
        self.files.get(path).map(AsRef::as_ref)
    }

    /// Keeps what a report says of a place.
    pub(super) fn record(&mut self, location: Location, recorded: Recorded) {
        let known = self.recorded.entry(location).or_default();
        known.place = known.place.or(recorded.place);
        known.snippet = known.snippet.take().or(recorded.snippet);
    }

    /// What a report said of a place.
    pub(super) fn recorded(&self, location: &Location) -> Option<&Recorded> {
        self.recorded.get(location)
    }

    /// The place a location names; `None` where it means the whole file or the text is not known.
    #[must_use]
    pub fn place(&self, location: &Location) -> Option<Place> {
        if let Some(place) = self.recorded(location).and_then(|recorded| recorded.place) {
            return Some(place);
        }
        let text = self.get(&location.path)?;
        let span = location.span?;
        let start = text.floor_char_boundary(span.start);
        let end = text.floor_char_boundary(span.end.max(start));
        Some(Place {
            span: Span::new(start, end),
            start: line_column(text, start),
            end: line_column(text, end),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::SourceMap;
    use crate::model::{Location, RepoPath, Span};

    #[test]
    fn a_span_past_the_end_or_inside_a_character_is_taken_back() {
        let path = RepoPath::new("a.sql").unwrap();
        let mut sources = SourceMap::new();
        sources.insert(path.clone(), "a\nñ");
        let place =
            |start, end| sources.place(&Location::at(path.clone(), Span::new(start, end))).unwrap();
        assert_eq!((place(3, 99).start, place(3, 99).end), ((2, 1), (2, 2)));
        assert_eq!(place(50, 60).span, Span::new(4, 4));
        assert_eq!((place(0, 2).last_line(), place(0, 4).last_line()), (1, 2));
        assert_eq!(place(2, 2).last_line(), 2);
        assert_eq!(place(2, 0).span, Span::new(2, 2));
        assert_eq!(sources.place(&Location::file(path.clone())), None);
    }
}
