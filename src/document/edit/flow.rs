//! Maps and lists in brackets, their parts divided by commas: JSON, and TOML within a value.

use std::ops::Range;

use serde_json::Value;

use super::style::{Notation, Style, is_blank};
use super::{Refused, Splice};

/// A map or list in brackets.
#[derive(Debug)]
pub(super) struct Flow {
    /// Where its opening bracket is.
    pub(super) open: usize,
    /// Where its closing bracket is.
    pub(super) close: usize,
    /// Whether it is a map.
    pub(super) map: bool,
    pub(super) items: Vec<Item>,
}

/// An entry of a map or an item of a list.
#[derive(Debug)]
pub(super) struct Item {
    /// Where its key begins, or its value where it has none.
    pub(super) start: usize,
    /// Where its key ends.
    pub(super) key_end: Option<usize>,
    pub(super) value: Range<usize>,
    pub(super) scalar: bool,
}

/// A value that was taken out, with its comments.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// The comments before it, up to where it begins.
    pub(super) lead: String,
    pub(super) value: String,
    /// The comments after it.
    pub(super) trail: Vec<String>,
    /// How its first line was indented.
    pub(super) indent: String,
}

/// What is put in.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    New(&'a Value),
    Moved(&'a Piece),
}

/// What belongs to an item beside its own text.
struct Extent {
    /// Where the comments before it begin.
    start: usize,
    /// Where its comma and the comments after it end.
    end: usize,
    comma: Option<usize>,
    /// The comments after it.
    trail: Vec<Range<usize>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Newline,
    Comma,
    Comment,
}

impl Flow {
    /// What stands between a key and its value here.
    pub(super) fn separator<'a>(&self, text: &'a str) -> Option<&'a str> {
        let plain = |it: &&str| it.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b':' | b'='));
        self.items
            .iter()
            .rev()
            .find_map(|item| text.get(item.key_end?..item.value.start).filter(plain))
    }

    /// What follows a comma within a line here.
    pub(super) fn gap<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.items.windows(2).find_map(|pair| {
            let between = text.get(pair[0].value.end..pair[1].start)?;
            between.strip_prefix(',').filter(|gap| is_blank(gap))
        })
    }

    fn extents(&self, text: &str, notation: Notation) -> Vec<Extent> {
        let mut extents: Vec<Extent> = Vec::with_capacity(self.items.len());
        for at in 0..=self.items.len() {
            let next = self.items.get(at);
            let from = extents.last().map_or(self.open + 1, |before| before.end);
            let marks = marks(text, from..next.map_or(self.close, |item| item.start), notation);
            let own = match extents.last_mut() {
                Some(before) => before.take_trail(&marks, next.is_none()),
                // What stands on the line of the bracket is about the whole.
                None => marks.iter().position(|(mark, _)| *mark == Mark::Newline).unwrap_or(0),
            };
            if let Some(item) = next {
                let start = lead(&marks[own..], item.start);
                let end = item.value.end;
                extents.push(Extent { start, end, comma: None, trail: Vec::new() });
            }
        }
        extents
    }

    /// Takes an item out, with its comments.
    pub(super) fn remove(&self, text: &str, at: usize, notation: Notation) -> (Vec<Splice>, Piece) {
        let extents = self.extents(text, notation);
        let (item, extent) = (&self.items[at], &extents[at]);
        let piece = Piece {
            lead: text[extent.start..item.start].to_owned(),
            value: item.text(text, notation),
            trail: extent.trail.iter().map(|range| text[range.clone()].to_owned()).collect(),
            indent: line_indent(text, item.start).to_owned(),
        };
        let commented = |range: Range<usize>| {
            marks(text, range, notation).iter().any(|(mark, _)| *mark == Mark::Comment)
        };
        let before = at.checked_sub(1).map(|before| &extents[before]);
        let whole = extent.start..extent.end;
        let alone = self.items.len() == 1
            && !commented(self.open + 1..extent.start)
            && !commented(extent.end..self.close);
        let mut splices = Vec::new();
        if alone {
            splices.push(self.open + 1..self.close);
        } else if let Some(lines) = lines(text, &whole) {
            splices.push(self.without_blanks(text, lines));
            if let (Some(before), None) = (before, extent.comma) {
                splices.extend(before.comma.map(|comma| comma..comma + 1));
            }
        } else if let Some(after) = extents.get(at + 1) {
            let ends_line = rest_of_line(text, extent.end).is_some();
            let from = match before {
                Some(before) if ends_line && !starts_line(text, extent.start) => before.end,
                _ => extent.start,
            };
            splices.push(from..if ends_line { extent.end } else { after.start });
        } else if let Some(before) = before {
            let from = if commented(before.end..extent.start) { extent.start } else { before.end };
            match before.comma.filter(|_| extent.comma.is_none()) {
                Some(comma) if from == before.end && comma + 1 == before.end => {
                    let kept =
                        before.trail.last().map_or(self.items[at - 1].value.end, |it| it.end);
                    splices.push(kept..extent.end);
                }
                comma => {
                    splices.extend(comma.map(|comma| comma..comma + 1));
                    splices.push(from..extent.end);
                }
            }
        } else {
            splices.push(whole);
        }
        (splices.into_iter().map(|range| (range, String::new())).collect(), piece)
    }

    /// The lines of an item, with as many blank ones around them as would be too many without.
    fn without_blanks(&self, text: &str, lines: Range<usize>) -> Range<usize> {
        let Range { mut start, mut end } = lines;
        let above = text[self.open + 1..start].trim_end_matches([' ', '\t']);
        let above = above.strip_suffix('\n').unwrap_or(above).trim_end_matches([' ', '\t', '\r']);
        if above.is_empty() || above.ends_with('\n') {
            while let Some(next) = rest_of_line(text, end) {
                end = next;
            }
            if text[end..self.close].trim().is_empty() && !above.trim().is_empty() {
                let kept = self.open + 1 + above.trim_end().len();
                start = rest_of_line(text, kept).unwrap_or(start);
            }
        }
        start..end
    }

    /// Puts an item in before the one at an index, or at the end. The key, as it is written, is
    /// none in a list.
    ///
    /// Also gives comments that found no room here.
    pub(super) fn insert(
        &self,
        text: &str,
        at: usize,
        key: Option<&str>,
        content: Content<'_>,
        style: &Style,
    ) -> Result<(Vec<Splice>, Vec<String>), Refused> {
        let extents = self.extents(text, style.notation);
        let separator = self.separator(text).unwrap_or(&style.separator);
        let label = key.map_or(String::new(), |key| format!("{key}{separator}"));
        let outer = line_indent(text, self.open);
        let deeper = || format!("{outer}{}", style.unit);
        let newline = style.newline;

        if let Some(next) = extents.get(at) {
            if starts_line(text, next.start) {
                let indent = line_indent(text, next.start);
                let new = content.over_lines(&label, indent, ",", style)?;
                return Ok((
                    vec![(next.start..next.start, format!("{new}{newline}{indent}"))],
                    vec![],
                ));
            }
            let (new, homeless) = content.within_line(&label, outer, style)?;
            let new = format!("{new},{}", style.gap_in(text, self));
            return Ok((vec![(next.start..next.start, new)], homeless));
        }
        let Some((last, item)) = extents.last().zip(self.items.last()) else {
            return self.insert_first(text, &label, content, style);
        };
        let comma = if last.comma.is_some() { "," } else { "" };
        let missing = if last.comma.is_some() { "" } else { "," };
        let line_comment = last.trail.iter().any(|range| !text[range.clone()].starts_with("/*"));
        if starts_line(text, last.start) || line_comment {
            let indent = if starts_line(text, last.start) {
                line_indent(text, last.start).to_owned()
            } else {
                deeper()
            };
            let new = content.over_lines(&label, &indent, comma, style)?;
            let end = item.value.end;
            return Ok((
                vec![
                    (end..end, missing.to_owned()),
                    (last.end..last.end, format!("{newline}{indent}{new}")),
                ],
                vec![],
            ));
        }
        let (new, homeless) = content.within_line(&label, outer, style)?;
        let gap = style.gap_in(text, self);
        Ok((vec![(last.end..last.end, format!("{missing}{gap}{new}{comma}"))], homeless))
    }

    /// Puts the first item in.
    fn insert_first(
        &self,
        text: &str,
        label: &str,
        content: Content<'_>,
        style: &Style,
    ) -> Result<(Vec<Splice>, Vec<String>), Refused> {
        let outer = line_indent(text, self.open);
        let indent = format!("{outer}{}", style.unit);
        let newline = style.newline;
        let inside = self.open + 1..self.close;
        let marks = marks(text, inside.clone(), style.notation);
        let Some(comments) = marks.iter().rposition(|(mark, _)| *mark == Mark::Comment) else {
            if self.is_tall(text, content, style) {
                let new = content.over_lines(label, &indent, "", style)?;
                let new = format!("{newline}{indent}{new}{newline}{outer}");
                return Ok((vec![(inside, new)], vec![]));
            }
            let (new, homeless) = content.within_line(label, outer, style)?;
            return Ok((vec![(inside, style.padded(self.map, &new))], homeless));
        };
        match marks.iter().position(|(mark, _)| *mark == Mark::Newline) {
            Some(first) => {
                let at = if first == 0 { self.open + 1 } else { marks[first - 1].1.end };
                let new = content.over_lines(label, &indent, "", style)?;
                Ok((vec![(at..at, format!("{newline}{indent}{new}"))], vec![]))
            }
            None => {
                let at = marks[comments].1.end;
                let (new, homeless) = content.within_line(label, outer, style)?;
                Ok((vec![(at..at, format!(" {new}"))], homeless))
            }
        }
    }

    /// Whether the first item makes this take more than a line.
    fn is_tall(&self, text: &str, content: Content<'_>, style: &Style) -> bool {
        if style.notation == Notation::Toml {
            return false;
        }
        if text[self.open + 1..self.close].contains('\n') {
            return true;
        }
        // Within a line that holds more than this, all stays on it.
        let before = text[..self.open].rsplit('\n').next().unwrap_or_default().trim_start();
        let label = before.trim_end().strip_suffix(':').map_or(before, str::trim_end);
        let after = text[self.close + 1..].split('\n').next().unwrap_or_default().trim();
        let is_label = label.is_empty() || serde_json::from_str::<String>(label).is_ok();
        let room = is_label && matches!(after.trim_end_matches(','), "") && text[..].contains('\n')
            || self.open == 0;
        room && match content {
            Content::New(value) => self.map || style.tall_lists || style.is_tall(value),
            Content::Moved(piece) => {
                let tall = piece.value.contains('\n') || !piece.lead.is_empty();
                self.map || style.tall_lists || tall
            }
        }
    }
}

impl Extent {
    /// Takes the comma and the comments on the item's line; says how many marks that were.
    fn take_trail(&mut self, marks: &[(Mark, Range<usize>)], is_last: bool) -> usize {
        let newline = |marks: &[(Mark, Range<usize>)]| {
            marks.iter().position(|(mark, _)| *mark == Mark::Newline)
        };
        let comma = marks.iter().position(|(mark, _)| *mark == Mark::Comma);
        let first_line = newline(marks).unwrap_or(marks.len());
        let mut own = match comma {
            Some(comma) => comma + 1,
            None => first_line,
        };
        if let Some(comma) = comma.filter(|comma| *comma < first_line) {
            // Before another item on the same line a comment is that item's.
            match newline(&marks[comma..]) {
                Some(line) => own = comma + line,
                None if is_last => own = marks.len(),
                None => {}
            }
        }
        for (mark, range) in &marks[..own] {
            match mark {
                Mark::Comma => self.comma = Some(range.start),
                Mark::Comment => self.trail.push(range.clone()),
                Mark::Newline => continue,
            }
            self.end = self.end.max(range.end);
        }
        own
    }
}

impl Item {
    /// The value's text, with the comments between it and its key.
    fn text(&self, text: &str, notation: Notation) -> String {
        let mut out = String::new();
        for (mark, range) in
            marks(text, self.key_end.unwrap_or(self.start)..self.value.start, notation)
        {
            if mark == Mark::Comment {
                let comment = &text[range];
                out.push_str(comment);
                out.push(if comment.starts_with("/*") { ' ' } else { '\n' });
            }
        }
        out.push_str(&text[self.value.clone()]);
        out
    }
}

impl Content<'_> {
    /// As an item that begins a line, with what stands between it and the comments after it.
    pub(super) fn over_lines(
        self,
        label: &str,
        indent: &str,
        comma: &str,
        style: &Style,
    ) -> Result<String, Refused> {
        match self {
            Self::New(value) => Ok(format!("{label}{}{comma}", style.render(value, Some(indent))?)),
            Self::Moved(piece) => {
                let lead = reindented(&piece.lead, &piece.indent, indent);
                let value = reindented(&piece.value, &piece.indent, indent);
                let trail: String = piece.trail.iter().map(|it| format!(" {it}")).collect();
                Ok(format!("{lead}{label}{value}{comma}{trail}"))
            }
        }
    }

    /// As an item among others in a line, and the comments that cannot stand there.
    fn within_line(
        self,
        label: &str,
        indent: &str,
        style: &Style,
    ) -> Result<(String, Vec<String>), Refused> {
        let piece = match self {
            Self::New(value) => {
                return Ok((format!("{label}{}", style.render(value, None)?), vec![]));
            }
            Self::Moved(piece) => piece,
        };
        let value = reindented(&piece.value, &piece.indent, indent);
        let comments = piece.comments(style.notation);
        if style.notation == Notation::Toml {
            return Ok((format!("{label}{value}"), comments));
        }
        let lead: String = comments.iter().map(|it| format!("{} ", in_block(it))).collect();
        Ok((format!("{lead}{label}{value}"), vec![]))
    }
}

impl Piece {
    /// Each of its comments, those in its value aside.
    pub(super) fn comments(&self, notation: Notation) -> Vec<String> {
        let lead = marks(&self.lead, 0..self.lead.len(), notation);
        let lead = lead.into_iter().filter(|(mark, _)| *mark == Mark::Comment);
        lead.map(|(_, range)| self.lead[range].to_owned()).chain(self.trail.clone()).collect()
    }
}

/// A comment that may stand within a line.
fn in_block(comment: &str) -> String {
    match comment.strip_prefix("//") {
        Some(words) => format!("/*{} */", words.trim_end().replace("*/", "* /")),
        None => comment.to_owned(),
    }
}

/// The line ends, commas and comments of what is not a value.
fn marks(text: &str, range: Range<usize>, notation: Notation) -> Vec<(Mark, Range<usize>)> {
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
fn lead(marks: &[(Mark, Range<usize>)], start: usize) -> usize {
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

/// A text whose lines after the first are indented anew.
pub(super) fn reindented(text: &str, from: &str, to: &str) -> String {
    // The lines of such a text are its value.
    if from == to || text.contains("\"\"\"") || text.contains("'''") {
        return text.to_owned();
    }
    let mut lines = text.split_inclusive('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        match line.strip_prefix(from) {
            // The last line of a lead is only an indentation, so a blank one counts too.
            Some(rest) if !rest.starts_with(['\r', '\n']) => {
                out.push_str(to);
                out.push_str(rest);
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// The indentation of the line that a place is on.
pub(super) fn line_indent(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &text[line..];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
}

/// Whether only blanks stand before a place on its line.
pub(super) fn starts_line(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n');
    line.is_some_and(|newline| is_blank(&text[newline + 1..at]))
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
