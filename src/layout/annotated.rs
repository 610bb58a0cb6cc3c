//! SQL files in which comments say where each direction begins, as goose and sql-migrate read them.
//!
//! Both end a statement at a line that ends with a semicolon, whatever the SQL around it is, unless
//! `StatementBegin` and `StatementEnd` enclose it; all statements of a direction run in one
//! transaction unless the file says otherwise.

use std::ops::Range;
use std::sync::Arc;

use super::shared::{self, Line};
use super::{Reading, placeholder};
use crate::model::{Location, RepoPath, Script, Span, Step, TransactionMode};
use crate::sql;

/// A tool's spelling of the annotations.
pub(super) struct Annotated {
    pub(super) tool: &'static str,
    /// How an annotation begins, for messages.
    pub(super) prefix: &'static str,
    /// Where its annotations are described.
    pub(super) help: &'static str,
    /// The annotation that is a line of a text, or what is wrong with it.
    pub(super) annotation: fn(&str, &Line) -> Option<Result<Annotation, String>>,
}

/// What a line says to the tool.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Annotation {
    Up { bare: bool },
    Down { bare: bool },
    Begin,
    End,
    NoTransaction,
    Substitute(bool),
}

/// What is wrong, and where.
type Fault = (Range<usize>, String);

/// One direction of a file.
struct Section {
    range: Range<usize>,
    mode: TransactionMode,
}

struct Parsed {
    up: Section,
    down: Option<Section>,
    blocks: Vec<Range<usize>>,
    /// Lines into which the tool puts variables.
    substituted: Vec<Range<usize>>,
}

impl Annotated {
    /// The steps of a file, or `None` and a problem.
    pub(super) fn read(
        &self,
        path: &RepoPath,
        text: &Arc<str>,
        reading: &mut Reading,
    ) -> Option<(Step, Option<Step>)> {
        let at = |span: &Range<usize>| Location::at(path.clone(), Span::new(span.start, span.end));
        let parsed = match self.parse(text) {
            Ok(parsed) => parsed,
            Err((span, message)) => {
                reading.problems.push(shared::invalid(at(&span), message, self.help));
                return None;
            }
        };
        let script = |section: &Section| Script {
            path: path.clone(),
            text: text.clone(),
            blocks: parsed
                .blocks
                .iter()
                .filter(|block| {
                    section.range.start <= block.start && block.end <= section.range.end
                })
                .cloned()
                .collect(),
            sections: std::iter::once(section.range.clone()).collect(),
            transaction: section.mode,
        };
        let mut step = |section: &Section| {
            // The tool takes the values from the environment of the machine on which it runs.
            let lines = parsed.substituted.iter();
            for line in lines.filter(|line| section.range.contains(&line.start)) {
                let Some(found) = placeholder::shell(path, text, line.clone()) else {
                    let language = "SQL with environment variables";
                    return Step::Foreign { path: path.clone(), language };
                };
                reading.placeholders.extend(found);
            }
            let script = script(section);
            if let Some((span, message)) = self.badly_split(&script) {
                let help = format!(
                    "Put `{0} StatementBegin` before the statement and `{0} StatementEnd` after \
                     it, or end it with a semicolon.",
                    self.prefix
                );
                reading.problems.push(shared::invalid(at(&span), message, &help));
            }
            Step::Sql(script)
        };
        Some((step(&parsed.up), parsed.down.as_ref().map(step)))
    }

    /// The first place where the split by lines cuts a statement, or never ends one.
    fn badly_split(&self, script: &Script) -> Option<Fault> {
        let text = &script.text;
        let whole = |span: Span| {
            script.blocks.iter().any(|block| block.start <= span.start && span.end <= block.end)
        };
        let statements: Vec<Span> = sql::statements(script)
            .into_iter()
            .map(|statement| statement.span)
            .filter(|span| !whole(*span))
            .collect();
        for span in &statements {
            let statement = text.get(span.start..span.end)?;
            let last = statement.rfind('\n').map_or(0, |newline| newline + 1);
            let cut = shared::lines(statement)
                .find(|line| line.start < last && ends_statement(&statement[line.start..line.end]));
            if let Some(line) = cut {
                let place = span.start + line.start..span.start + line.end;
                let tool = self.tool;
                let message =
                    format!("{tool} ends the statement at this line, in the middle of it");
                return Some((place, message));
            }
        }
        let last = statements.last()?;
        let open = !text.get(last.start..last.end)?.ends_with(';');
        let message = format!("{} finds no semicolon that ends this statement", self.tool);
        open.then_some((last.start..last.end, message))
    }

    fn parse(&self, text: &str) -> Result<Parsed, Fault> {
        let mut parser = Parser {
            form: self,
            up: None,
            down: None,
            block: None,
            blocks: Vec::new(),
            no_transaction: false,
            substitute: false,
            substituted: Vec::new(),
        };
        for line in shared::lines(text) {
            match (self.annotation)(text, &line) {
                Some(Ok(annotation)) => parser.annotation(annotation, &line)?,
                Some(Err(message)) => return Err((line.start..line.end, message)),
                None => parser.line(&text[line.start..line.end], &line)?,
            }
        }
        parser.finish(text)
    }
}

/// Whether the tools take the line as the end of a statement: its last word before a comment ends
/// with a semicolon.
fn ends_statement(line: &str) -> bool {
    line.split_whitespace()
        .take_while(|word| !word.starts_with("--"))
        .last()
        .is_some_and(|word| word.ends_with(';'))
}

/// What is known while the lines are read.
struct Parser<'a> {
    form: &'a Annotated,
    /// Where the up begins, and whether it runs outside a transaction.
    up: Option<(usize, bool)>,
    /// The line at which the down begins, and whether it runs outside a transaction.
    down: Option<(Range<usize>, bool)>,
    block: Option<(usize, Range<usize>)>,
    blocks: Vec<Range<usize>>,
    no_transaction: bool,
    substitute: bool,
    substituted: Vec<Range<usize>>,
}

impl Parser<'_> {
    fn annotation(&mut self, annotation: Annotation, line: &Line) -> Result<(), Fault> {
        let prefix = self.form.prefix;
        let fault = |message: String| Err((line.start..line.end, message));
        match annotation {
            Annotation::NoTransaction => self.no_transaction = true,
            Annotation::Substitute(on) => self.substitute = on,
            Annotation::End => match self.block.take() {
                Some((start, _)) => self.blocks.push(start..line.start),
                None => return fault(format!("`{prefix} StatementEnd` has no `StatementBegin`")),
            },
            _ if self.block.is_some() => {
                let message = "this annotation stands between `StatementBegin` and `StatementEnd`";
                return fault(message.to_owned());
            }
            Annotation::Up { .. } if self.up.is_some() => {
                return fault(format!("`{prefix} Up` stands twice"));
            }
            Annotation::Up { bare } => self.up = Some((line.next, bare)),
            Annotation::Down { .. } if self.up.is_none() => {
                return fault(format!("`{prefix} Down` stands before `{prefix} Up`"));
            }
            Annotation::Down { .. } if self.down.is_some() => {
                return fault(format!("`{prefix} Down` stands twice"));
            }
            Annotation::Down { bare } => self.down = Some((line.start..line.next, bare)),
            Annotation::Begin if self.up.is_none() => {
                return fault(format!("`{prefix} StatementBegin` stands before `{prefix} Up`"));
            }
            Annotation::Begin => self.block = Some((line.next, line.start..line.end)),
        }
        Ok(())
    }

    fn line(&mut self, body: &str, line: &Line) -> Result<(), Fault> {
        let code = body.trim();
        if code.is_empty() || code.starts_with("--") {
            return Ok(());
        }
        if self.up.is_none() {
            let Annotated { tool, prefix, .. } = self.form;
            let message = format!("SQL stands before `{prefix} Up`, where {tool} never runs it");
            return Err((line.start..line.end, message));
        }
        if self.substitute && code.contains('$') {
            self.substituted.push(line.start..line.end);
        }
        Ok(())
    }

    fn finish(self, text: &str) -> Result<Parsed, Fault> {
        let Annotated { tool, prefix, .. } = self.form;
        if let Some((_, begin)) = self.block {
            return Err((begin, format!("`{prefix} StatementBegin` has no `StatementEnd`")));
        }
        let (start, bare) = self.up.ok_or_else(|| {
            (0..text.len(), format!("there is no `{prefix} Up`, which {tool} demands"))
        })?;
        let section = |range, bare: bool| {
            let bare = bare || self.no_transaction;
            let mode = if bare { TransactionMode::Bare } else { TransactionMode::Wrapped };
            Section { range, mode }
        };
        let end = self.down.as_ref().map_or(text.len(), |(line, _)| line.start);
        Ok(Parsed {
            up: section(start..end, bare),
            down: self.down.map(|(line, bare)| section(line.end..text.len(), bare)),
            blocks: self.blocks,
            substituted: self.substituted,
        })
    }
}
