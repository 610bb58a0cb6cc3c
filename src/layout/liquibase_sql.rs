//! Liquibase's formatted SQL: change sets in one file, each with its rollback in comments.
//!
//! Source: [the format] and [its parser].
//!
//! [the format]: https://docs.liquibase.com/concepts/changelogs/sql-format.html
//! [its parser]: https://github.com/liquibase/liquibase/blob/main/liquibase-standard/src/main/java/liquibase/parser/AbstractFormattedChangeLogParser.java

use std::ops::Range;
use std::sync::Arc;

use super::Reading;
use super::shared::{self, Line};
use crate::model::{Kind, Location, RepoPath, Script, Span, Step, TransactionMode};

const HELP: &str = "See https://docs.liquibase.com/concepts/changelogs/sql-format.html.";

/// One change set.
pub(super) struct ChangeSet {
    pub(super) author: String,
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) up: Step,
    pub(super) down: Option<Step>,
    /// The databases it is for, as written: `postgresql,!h2`.
    pub(super) dbms: Option<String>,
    /// It is switched off by `ignore:true`.
    pub(super) ignored: bool,
    /// Its `--changeset` line.
    pub(super) line: Span,
}

/// Whether a text says that it is formatted SQL, in its first line that is not blank.
pub(super) fn is_formatted(text: &str) -> bool {
    shared::lines(text)
        .map(|line| text[line.start..line.end].trim())
        .find(|line| !line.is_empty())
        .is_some_and(|first| {
            let words = first.strip_prefix("--").and_then(|rest| keyword(rest, "liquibase"));
            words.is_some_and(|rest| keyword(rest, "formatted").is_some())
        })
}

/// The rest of a line that begins with a word, in any case.
fn keyword<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let text = text.trim_start();
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// A change set while its lines are read.
struct Open<'t> {
    line: Range<usize>,
    author: &'t str,
    id: &'t str,
    attributes: &'t str,
    /// The pieces of its SQL.
    sql: Vec<Range<usize>>,
    has_sql: bool,
    /// What stands in its rollback lines, each with its line break.
    rollback: Vec<Range<usize>>,
}

/// The change sets of a file, in order.
pub(super) fn read(path: &RepoPath, text: &Arc<str>, reading: &mut Reading) -> Vec<ChangeSet> {
    let mut reader = Reader { text, open: Vec::new(), faults: Vec::new() };
    reader.run();
    let Reader { open, faults, .. } = reader;
    for (span, message) in faults {
        let location = Location::at(path.clone(), Span::new(span.start, span.end));
        reading.problems.push(shared::invalid(location, message, HELP));
    }
    let rollbacks = rollbacks(text, &open);
    open.iter().map(|open| open.close(path, text, &rollbacks)).collect()
}

struct Reader<'t> {
    text: &'t str,
    open: Vec<Open<'t>>,
    faults: Vec<(Range<usize>, String)>,
}

impl<'t> Reader<'t> {
    fn run(&mut self) {
        let text = self.text;
        let mut lines = shared::lines(text);
        while let Some(line) = lines.next() {
            let body = &text[line.start..line.end];
            let comment = body.trim_start().strip_prefix("--");
            let word = |word| comment.and_then(|rest| keyword(rest, word));
            if let Some(rest) = word("changeset") {
                self.begin(&line, rest);
            } else if let Some(rest) = word("ignoreLines:") {
                self.ignore(&line, rest.trim(), &mut lines);
            } else if let Some(rest) = word("rollback").filter(|rest| rest.starts_with(' ')) {
                let start = line.end - rest.len() + 1;
                self.rollback(start..line.next, &line);
            } else if is_block_start(body) {
                self.block(&mut lines);
            } else if let Some(near) = misspelled(body) {
                self.faults.push((line.start..line.end, near));
            } else {
                self.sql(&line, comment.is_some());
            }
        }
        for open in &self.open {
            if !open.has_sql {
                let message = format!("the change set `{}:{}` holds no SQL", open.author, open.id);
                self.faults.push((open.line.clone(), message));
            }
        }
    }

    fn begin(&mut self, line: &Line, rest: &'t str) {
        let Some((author, id, attributes)) = names(rest) else {
            let message = "liquibase expects `--changeset <author>:<id>` with attributes behind it";
            self.faults.push((line.start..line.end, message.to_owned()));
            return;
        };
        self.open.push(Open {
            line: line.start..line.end,
            author,
            id,
            attributes,
            sql: std::iter::once(line.next..line.next).collect(),
            has_sql: false,
            rollback: Vec::new(),
        });
    }

    fn sql(&mut self, line: &Line, is_comment: bool) {
        let blank = self.text[line.start..line.end].trim().is_empty();
        match self.open.last_mut() {
            Some(open) => {
                open.has_sql |= !blank;
                if let Some(last) = open.sql.last_mut() {
                    last.end = line.next;
                }
            }
            None if blank || is_comment => {}
            None => {
                let message = "SQL stands before the first `--changeset`, where it is never run";
                self.faults.push((line.start..line.end, message.to_owned()));
            }
        }
    }

    fn rollback(&mut self, range: Range<usize>, line: &Line) {
        match self.open.last_mut() {
            Some(open) => open.rollback.push(range),
            None => {
                let message = "a rollback stands before the first `--changeset`".to_owned();
                self.faults.push((line.start..line.end, message));
            }
        }
    }

    /// The lines between `/* liquibase rollback` and `*/`.
    fn block(&mut self, lines: &mut dyn Iterator<Item = Line>) {
        for line in lines {
            let body = self.text[line.start..line.end].trim_end();
            match body.strip_suffix("*/") {
                Some(last) => {
                    self.rollback(line.start..line.start + last.len(), &line);
                    return;
                }
                None => self.rollback(line.start..line.next, &line),
            }
        }
    }

    /// Lines that liquibase does not read: a number of them, or up to `--ignoreLines:end`.
    fn ignore(&mut self, at: &Line, rest: &str, lines: &mut dyn Iterator<Item = Line>) {
        let count = rest.parse::<usize>().ok();
        if count.is_none() && rest != "start" {
            let message = format!("liquibase knows no `--ignoreLines:{rest}`");
            self.faults.push((at.start..at.end, message));
            return;
        }
        let mut next = at.next;
        let mut left = count.unwrap_or(usize::MAX);
        while left > 0 {
            let Some(line) = lines.next() else { break };
            next = line.next;
            left -= 1;
            let body = self.text[line.start..line.end].trim();
            let end = body.strip_prefix("--").and_then(|rest| keyword(rest, "ignoreLines:"));
            if count.is_none() && end.is_some_and(|rest| rest.trim() == "end") {
                break;
            }
        }
        if let Some(open) = self.open.last_mut() {
            open.sql.push(next..next);
        }
    }
}

/// Directives with one dash, which liquibase refuses.
fn misspelled(body: &str) -> Option<String> {
    let rest = body.trim_start().strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
    let word = ["changeset", "rollback", "preconditions", "ignoreLines:", "property"]
        .into_iter()
        .find(|word| keyword(rest, word).is_some())?;
    Some(format!("`{word}` stands behind one dash, and liquibase expects `--{word}`"))
}

fn is_block_start(body: &str) -> bool {
    let words = body.trim_start().strip_prefix("/*").and_then(|rest| keyword(rest, "liquibase"));
    let rest = words.and_then(|rest| keyword(rest, "rollback"));
    rest.is_some_and(|rest| rest.trim().is_empty())
}

/// Author, id and attributes of `author:id attributes`; author and id may be in quotes.
fn names(rest: &str) -> Option<(&str, &str, &str)> {
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let (author, rest) = match rest.trim_start().strip_prefix('"') {
        Some(quoted) => {
            let (author, rest) = quoted.split_once('"')?;
            (author, rest.strip_prefix(':')?)
        }
        None => rest.trim_start().split_once(':')?,
    };
    let (id, attributes) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
    };
    (!author.trim().is_empty() && !id.is_empty()).then_some((author.trim(), id, attributes))
}

impl Open<'_> {
    /// The value of an attribute, without quotes.
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.split_whitespace().find_map(|word| {
            let (key, value) = word.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim_matches('"'))
        })
    }

    fn says(&self, name: &str, value: &str) -> bool {
        self.attribute(name).is_some_and(|said| said.eq_ignore_ascii_case(value))
    }

    fn close(&self, path: &RepoPath, text: &Arc<str>, rollbacks: &Arc<str>) -> ChangeSet {
        let repeats = self.says("runOnChange", "true") || self.says("runAlways", "true");
        ChangeSet {
            author: self.author.to_owned(),
            id: self.id.to_owned(),
            kind: if repeats { Kind::Repeatable } else { Kind::Versioned },
            up: self.up(path, text),
            down: self.down(path, text, rollbacks),
            dbms: self.attribute("dbms").map(str::to_owned),
            ignored: self.says("ignore", "true"),
            line: Span::new(self.line.start, self.line.end),
        }
    }

    fn mode(&self) -> TransactionMode {
        if self.says("runInTransaction", "false") {
            TransactionMode::Bare
        } else {
            TransactionMode::Wrapped
        }
    }

    fn up(&self, path: &RepoPath, text: &Arc<str>) -> Step {
        let sections = self.sql.clone();
        let foreign = |language| Step::Foreign { path: path.clone(), language };
        if self.attribute("runWith").is_some_and(|with| !with.eq_ignore_ascii_case("jdbc")) {
            return foreign("SQL for another program (runWith)");
        }
        if self.attribute("endDelimiter").is_some_and(|end| end != ";") {
            return foreign("SQL with an end delimiter of its own");
        }
        if sections.iter().any(|section| has_placeholder(&text[section.clone()])) {
            return foreign("SQL with Liquibase parameters");
        }
        let whole = self.says("splitStatements", "false");
        Step::Sql(Script {
            path: path.clone(),
            text: text.clone(),
            blocks: if whole { sections.clone() } else { Vec::new() },
            sections,
            transaction: self.mode(),
        })
    }

    /// What the rollback lines say.
    fn undo(&self, text: &str) -> Undo {
        let lines = || self.rollback.iter().map(|range| text[range.clone()].trim());
        let Some(first) = lines().find(|line| !line.is_empty()) else { return Undo::Missing };
        if keyword(first, "empty").is_some() || keyword(first, "not required").is_some() {
            Undo::Nothing
        } else if lines().any(|line| line.to_ascii_lowercase().contains("changesetid")) {
            Undo::Elsewhere
        } else if lines().any(has_placeholder) {
            Undo::Parameters
        } else {
            Undo::Sql
        }
    }

    fn down(&self, path: &RepoPath, text: &str, rollbacks: &Arc<str>) -> Option<Step> {
        let foreign = |language| Some(Step::Foreign { path: path.clone(), language });
        let section = self.rollback.first()?.start..self.rollback.last()?.end;
        let section = match self.undo(text) {
            Undo::Missing => return None,
            Undo::Nothing => section.start..section.start,
            Undo::Elsewhere => return foreign("a rollback that names another change set"),
            Undo::Parameters => return foreign("SQL with Liquibase parameters"),
            Undo::Sql if self.attribute("rollbackEndDelimiter").is_some_and(|end| end != ";") => {
                return foreign("SQL with an end delimiter of its own");
            }
            Undo::Sql => section,
        };
        let whole = self.says("rollbackSplitStatements", "false");
        Some(Step::Sql(Script {
            path: path.clone(),
            text: rollbacks.clone(),
            blocks: whole.then(|| section.clone()).into_iter().collect(),
            sections: std::iter::once(section).collect(),
            transaction: self.mode(),
        }))
    }
}

enum Undo {
    Missing,
    /// There is nothing to undo, the author says.
    Nothing,
    Elsewhere,
    Parameters,
    Sql,
}

/// The file with everything but the rollbacks turned into blanks, so that a statement may span
/// several `--rollback` lines and every place is that of the file.
fn rollbacks(text: &str, open: &[Open<'_>]) -> Arc<str> {
    let mut kept = String::with_capacity(text.len());
    let blank = |kept: &mut String, range: Range<usize>| {
        kept.extend(text[range].bytes().map(|byte| match byte {
            b'\n' => '\n',
            b'\r' => '\r',
            _ => ' ',
        }));
    };
    for range in open.iter().flat_map(|open| &open.rollback) {
        let length = kept.len();
        blank(&mut kept, length..range.start);
        kept.push_str(&text[range.clone()]);
    }
    let length = kept.len();
    blank(&mut kept, length..text.len());
    Arc::from(kept)
}

/// Whether there is a `${name}`, which liquibase replaces in comments and strings as well.
fn has_placeholder(text: &str) -> bool {
    text.match_indices("${").any(|(start, mark)| {
        let inside = &text[start + mark.len()..];
        let end = inside.find(|c: char| c == '}' || c == '$' || c.is_whitespace());
        end.is_some_and(|end| end > 0 && inside[end..].starts_with('}'))
    })
}

#[cfg(test)]
#[path = "liquibase_sql_tests.rs"]
mod tests;
