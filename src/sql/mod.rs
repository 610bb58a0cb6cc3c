//! Statements with exact byte ranges, and facts about them.

use crate::model::{Script, Span};

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its bytes in `Script::text`, without leading white space and comments, with the closing
    /// semicolon where there is one.
    pub span: Span,
    /// Its first words (at most eight), upper case, comments left out: `["CREATE", "INDEX"]`.
    pub words: Vec<String>,
}

/// Splits a script by psql's rule: a semicolon outside quotes, comments, parentheses and
/// `BEGIN ATOMIC` bodies ends a statement.
#[must_use]
pub fn statements(_script: &Script) -> Vec<Statement> {
    Vec::new()
}
