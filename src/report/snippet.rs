//! The marked lines of a file, for every format that shows source.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::SourceMap;
use crate::model::{Finding, Location, line_column, printable};

/// Lines shown of one finding, at most.
const MAX_LINES: usize = 5;
/// Columns shown of one line, at most.
const MAX_COLUMNS: usize = 96;
/// Columns kept before a mark that lies far to the right.
const LEAD: usize = 24;
/// A tab is shown as this many spaces.
const TAB: &str = "    ";

/// Source lines around a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The lines.
    pub lines: Vec<Line>,
    /// How many marked lines follow that are not shown.
    pub more: usize,
}

/// One source line, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// Its text, printable and cut.
    pub text: String,
    /// Whether it belongs to the place.
    pub marked: bool,
    /// The columns to underline, from 0; only where the place lies within one line.
    pub under: Option<Range<usize>>,
}

impl Snippet {
    /// The lines of a finding's place, where they may be shown.
    #[must_use]
    pub fn of_finding(finding: &Finding, sources: &SourceMap) -> Option<Self> {
        let recorded = || sources.recorded(&finding.location).and_then(|one| one.snippet.clone());
        let of = || Self::of(&finding.location, sources);
        finding.may_be_quoted().then(|| recorded().or_else(of)).flatten()
    }

    /// The lines of a place; `None` where it means the whole file, or there is nothing to show.
    fn of(location: &Location, sources: &SourceMap) -> Option<Self> {
        let text = sources.get(&location.path)?;
        let span = sources.place(location)?.span;
        if text.trim().is_empty() {
            return None;
        }
        // A place seldom means the white space at its end, nor one past the last line.
        let start = span.start.min(text.trim_end().len());
        let end = start + text[start..span.end.max(start)].trim_end().len();
        let (first, _) = line_column(text, start);
        let (last, _) = line_column(text, end);
        let before = first.saturating_sub(if first == last { 2 } else { 1 }).max(1);
        let shown = last.min(before + MAX_LINES - 1);

        let mut offset = 0;
        let mut lines = Vec::new();
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            let number = index + 1;
            if (before..=shown).contains(&number) {
                let marked = number >= first;
                let local = |at: usize| at.saturating_sub(offset).min(raw.len());
                let under = (marked && first == last).then(|| local(start)..local(end));
                lines.push(line(number, raw.trim_end_matches(['\r', '\n']), marked, under));
            }
            offset += raw.len();
        }
        let leading = lines.iter().take_while(|line| !line.marked && line.text.is_empty()).count();
        lines.drain(..leading);
        Some(Self { lines, more: last - shown })
    }

    /// The snippet as lines with a gutter; `mark` says whether a line shows the place itself.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let width = self.lines.last().map_or(1, |line| line.number.to_string().len());
        let mut rows = Vec::new();
        for line in &self.lines {
            let sign = if line.marked { '>' } else { ' ' };
            let gutter = format!("{sign} {:>width$} │", line.number);
            rows.push(Row { gutter, text: line.text.clone(), is_mark: false });
            if let Some(under) = &line.under {
                let carets = "^".repeat(under.len().max(1));
                let text = format!("{}{carets}", " ".repeat(under.start));
                rows.push(Row { gutter: format!("  {:>width$} │", ""), text, is_mark: true });
            }
        }
        if self.more > 0 {
            let lines = if self.more == 1 { "line" } else { "lines" };
            let text = format!("… {} more {lines}", self.more);
            rows.push(Row { gutter: format!("  {:>width$} │", ""), text, is_mark: false });
        }
        rows
    }
}

/// One row of a snippet as it is printed.
pub struct Row {
    /// Sign, line number and bar.
    pub gutter: String,
    /// What stands right of the bar.
    pub text: String,
    /// Whether it is the row of carets.
    pub is_mark: bool,
}

/// Makes one line fit to be shown: printable, tabs as spaces, cut around the mark.
fn line(number: usize, raw: &str, marked: bool, under: Option<Range<usize>>) -> Line {
    // What is shown for each character, with its first column and its place in the file.
    let mut cells: Vec<(String, usize, usize)> = Vec::new();
    let mut columns = 0;
    for (at, c) in raw.char_indices() {
        let shown = if c == '\t' {
            TAB.to_owned()
        } else {
            printable(c.encode_utf8(&mut [0; 4])).into_owned()
        };
        let width: usize = shown.chars().map(|c| c.width().unwrap_or(0)).sum();
        cells.push((shown, columns, at));
        columns += width;
    }
    let column_of = |at: usize| {
        cells.iter().find(|(_, _, byte)| *byte >= at).map_or(columns, |(_, column, _)| *column)
    };
    let under = under.map(|range| column_of(range.start)..column_of(range.end));

    let focus = under.as_ref().map_or(0, |range| range.start);
    let (from, to) = window(columns, focus);
    let mut text = String::new();
    for (shown, column, _) in &cells {
        if (from..to).contains(column) {
            text.push_str(shown);
        }
    }
    // The first cell kept may begin right of the window's edge where a wide one was left out.
    let edge = cells.iter().map(|(_, column, _)| *column).find(|c| *c >= from).unwrap_or(from);
    let (ahead, shift) = if from > 0 { ("…", 1) } else { ("", 0) };
    let behind = if to < columns { "…" } else { "" };
    let under = under.map(|range| {
        let place = |column: usize| column.clamp(edge, to.max(edge)) - edge + shift;
        place(range.start)..place(range.end)
    });
    let text = format!("{ahead}{text}{behind}").trim_end().to_owned();
    Line { number, text, marked, under }
}

/// The columns of a long line to show, so that `focus` is among them.
fn window(columns: usize, focus: usize) -> (usize, usize) {
    if columns <= MAX_COLUMNS {
        return (0, columns);
    }
    let from =
        if focus + LEAD < MAX_COLUMNS { 0 } else { (focus - LEAD).min(columns - MAX_COLUMNS) };
    (from, columns.min(from + MAX_COLUMNS))
}

#[cfg(test)]
mod tests {
    use super::Snippet;
    use crate::model::{Level, Location, RepoPath, Span};
    use crate::render::sample::{finding, sources};
    use crate::report::SourceMap;

    fn shown(text: &str, start: usize, end: usize) -> String {
        let path = RepoPath::new("a.sql").unwrap();
        let mut sources = SourceMap::new();
        sources.insert(path.clone(), text);
        let snippet = Snippet::of(&Location::at(path, Span::new(start, end)), &sources);
        let Some(snippet) = snippet else { return String::new() };
        let row = |row: &super::Row| format!("{} {}", row.gutter, row.text).trim_end().to_owned();
        snippet.rows().iter().map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_mark_stands_under_wide_characters_and_tabs() {
        assert_eq!(shown("\t表ñ x", 7, 8), "> 1 │     表ñ x\n    │         ^");
    }

    #[test]
    fn what_must_not_be_repeated_is_not_shown() {
        let place = ("0006_drop_notes.sql", Some("notes"));
        let mut finding = finding("config/secret-in-default", Level::Error, place.0, place.1);
        assert_eq!(Snippet::of_finding(&finding, &sources()), None);
        finding.rule = "sql/ban-drop-table";
        assert!(Snippet::of_finding(&finding, &sources()).is_some());
    }

    #[test]
    fn a_file_without_text_shows_nothing() {
        assert_eq!(shown("", 0, 0), "");
        assert_eq!(shown(" \n\n", 1, 2), "");
    }

    #[test]
    fn a_place_past_the_end_is_the_last_text() {
        assert_eq!(shown("a;\r\nb;\r\n\r\n", 90, 95), "  1 │ a;\n> 2 │ b;\n    │   ^");
    }

    #[test]
    fn a_long_line_keeps_its_mark_in_sight() {
        let text = format!("{}HERE{}", "x".repeat(200), "y".repeat(200));
        let shown = shown(&text, 200, 204);
        let (line, mark) = shown.split_once('\n').unwrap();
        let column = |text: &str, c| text.chars().position(|d| d == c).unwrap();
        assert_eq!(column(line, 'H'), column(mark, '^'));
        assert!(line.chars().count() < 110 && line.ends_with('…'), "{line}");
    }

    #[test]
    fn a_mark_longer_than_the_line_is_cut_with_it() {
        let shown = shown(&"z".repeat(500), 0, 500);
        assert!(shown.lines().all(|line| line.chars().count() < 110), "{shown}");
    }

    #[test]
    fn many_lines_are_counted() {
        let text = "a\n".repeat(9);
        assert!(shown(&text, 0, 18).ends_with("… 4 more lines"));
        assert_eq!(shown(&text, 0, 18).lines().count(), 6);
    }
}
