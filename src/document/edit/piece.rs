//! Values on their way into a text: new ones, and ones taken from another place.

use serde_json::Value;

use super::Refused;
use super::style::{Notation, Style};
use super::trivia::{Mark, marks};

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
    pub(super) fn within_line(
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
