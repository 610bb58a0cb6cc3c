//! What is wrong with a configuration file, as a person wants to read it.

use std::fmt;

use crate::model::{RepoPath, Span, line_column, looks_secret, printable};

/// How much of a long line is shown, in characters.
const WIDEST: usize = 120;
/// How many problems of one file are shown.
const MOST: usize = 50;

/// A file with its text, so that problems found later can show the line.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: RepoPath,
    pub(super) text: String,
}

/// One thing that is wrong, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where.
    pub span: Span,
    /// What is wrong: one sentence, harmless to print.
    pub message: String,
    /// What to do; empty where there is nothing to add.
    pub help: String,
}

impl ConfigProblem {
    pub(super) fn new(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: help.into() }
    }
}

/// Everything that is wrong with one configuration file, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: RepoPath,
    problems: Vec<ConfigProblem>,
    shown: Vec<String>,
}

impl ConfigError {
    pub(super) fn new(source: &Source, mut problems: Vec<ConfigProblem>) -> Self {
        problems.sort_by_key(|problem| problem.span);
        problems.dedup();
        let shown = problems.iter().take(MOST).map(|problem| show(source, problem)).collect();
        Self { path: source.path.clone(), problems, shown }
    }

    /// The problems, in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown.join("\n"))?;
        if self.problems.len() > self.shown.len() {
            write!(f, "\n… and {} more", self.problems.len() - self.shown.len())?;
        }
        Ok(())
    }
}

/// The head line, the line of the file with the place marked, and the way out.
fn show(source: &Source, problem: &ConfigProblem) -> String {
    let (line, column) = line_column(&source.text, problem.span.start);
    let path = source.path.to_string();
    let mut out = format!("{}:{line}:{column}: {}\n", printable(&path), problem.message);
    let (excerpt, indent, width) = excerpt(&source.text, problem.span);
    let gutter = line.to_string();
    if may_hold_secret(source.text.lines().nth(line - 1).unwrap_or_default()) {
        out.push_str(&format!("  {gutter} | (not shown: it may hold a secret)"));
    } else {
        let blank = " ".repeat(gutter.len());
        out.push_str(&format!("  {gutter} | {excerpt}\n"));
        out.push_str(&format!("  {blank} | {}{}", " ".repeat(indent), "^".repeat(width)));
    }
    if !problem.help.is_empty() {
        out.push_str(&format!("\n  help: {}", problem.help));
    }
    out
}

/// Whether text looks as if the password of a server stood in it.
pub(super) fn may_hold_secret(text: &str) -> bool {
    text.contains("://") || looks_secret(text)
}

/// The first line of a span, made harmless, with the indent and the width of the mark below it.
fn excerpt(text: &str, span: Span) -> (String, usize, usize) {
    let start = text.floor_char_boundary(span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &text[line_start..];
    let line = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
    let at = (start - line_start).min(line.len());
    let to = text.floor_char_boundary(span.end).saturating_sub(line_start).clamp(at, line.len());

    // A long line is shown from a little before the mark.
    let before: Vec<char> = line[..at].chars().collect();
    let skip = if line.chars().count() > WIDEST { before.len().saturating_sub(20) } else { 0 };
    let lead = if skip > 0 { "…" } else { "" };
    let before: String = before[skip..].iter().collect();
    let marked: String = line[at..to].chars().take(WIDEST).collect();
    let after: String = line[at + marked.len()..].chars().take(WIDEST / 2).collect();
    let clean = |part: &str| printable(&part.replace('\t', " ")).into_owned();
    let (before, marked, after) = (clean(&before), clean(&marked), clean(&after));
    let indent = lead.chars().count() + before.chars().count();
    let width = marked.chars().count().max(1);
    (format!("{lead}{before}{marked}{after}").trim_end().to_owned(), indent, width)
}
