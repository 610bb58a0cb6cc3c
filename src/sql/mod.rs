//! Statements with exact byte ranges, and facts about them.
//!
//! A statement ends where psql ends it ([psqlscan.l]): at a semicolon outside quotes, comments,
//! parentheses and `BEGIN ATOMIC` bodies; the bodies of SQLite's triggers count likewise. The
//! split never loses a byte that is not white space or comment, so that what looks odd here is
//! still judged by the engine itself.
//!
//! [psqlscan.l]: https://github.com/postgres/postgres/blob/REL_17_STABLE/src/fe_utils/psqlscan.l

mod facts;
mod objects;
mod row_change;
pub mod sqlite;

use std::ops::Range;

use squawk_lexer::{TokenKind, tokenize};

pub use facts::{
    TransactionControl, fold, inferred_class, is_atomic, is_empty, transaction_control,
};
pub use objects::{Action, ObjectKind, Touched, net_effects, touched_objects};

pub use row_change::{RowChange, row_change};

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

impl Statement {
    /// Whether it begins with these words.
    #[must_use]
    pub fn starts_with(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len() && self.words.iter().zip(words).all(|(a, b)| a == b)
    }
}

/// How many leading words of a statement are kept.
const WORDS: usize = 8;

/// Splits a script into its statements, in order; a section marked as one block is one statement.
#[must_use]
pub fn statements(script: &Script) -> Vec<Statement> {
    let mut found = Vec::new();
    for section in &script.sections {
        let mut at = section.start;
        let blocks = script
            .blocks
            .iter()
            .filter(|block| block.start >= section.start && block.end <= section.end);
        for block in blocks {
            split(&script.text, at..block.start, &mut found);
            whole(&script.text, block.clone(), &mut found);
            at = block.end;
        }
        split(&script.text, at..section.end, &mut found);
    }
    found
}

/// A token with its place.
struct Lexeme<'a> {
    kind: TokenKind,
    start: usize,
    end: usize,
    text: &'a str,
}

fn lex<'a>(text: &'a str, range: &Range<usize>) -> impl Iterator<Item = Lexeme<'a>> {
    let mut at = range.start;
    let text = text.get(range.clone()).unwrap_or("");
    let origin = range.start;
    tokenize(text).map(move |token| {
        let start = at;
        at += token.len as usize;
        Lexeme { kind: token.kind, start, end: at, text: &text[start - origin..at - origin] }
    })
}

fn is_trivia(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. })
}

/// What is known of the statement that is being read.
#[derive(Default)]
struct Reading {
    start: Option<usize>,
    end: usize,
    words: Vec<String>,
    /// Whether it may hold a body, as far as it is read.
    has_body: bool,
    parentheses: usize,
    begins: usize,
}

impl Reading {
    fn push(&mut self, lexeme: &Lexeme<'_>) {
        self.start.get_or_insert(lexeme.start);
        self.end = lexeme.end;
        match lexeme.kind {
            TokenKind::OpenParen => self.parentheses += 1,
            TokenKind::CloseParen => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Ident if self.has_body || self.words.len() < WORDS => {
                self.word(&lexeme.text.to_uppercase());
            }
            _ => {}
        }
    }

    fn word(&mut self, word: &str) {
        if self.has_body {
            match word {
                "BEGIN" => self.begins += 1,
                "CASE" if self.begins > 0 => self.begins += 1,
                "END" => self.begins = self.begins.saturating_sub(1),
                _ => {}
            }
        }
        if self.words.len() < WORDS {
            self.words.push(word.to_owned());
            self.has_body = self.may_have_body();
        }
    }

    /// Whether the statement may hold a body between BEGIN and END: a function, a procedure, a
    /// trigger.
    fn may_have_body(&self) -> bool {
        self.words.first().is_some_and(|word| word == "CREATE")
            && self
                .words
                .iter()
                .skip(1)
                .take_while(|word| {
                    matches!(
                        word.as_str(),
                        "OR" | "REPLACE"
                            | "TEMP"
                            | "TEMPORARY"
                            | "FUNCTION"
                            | "PROCEDURE"
                            | "TRIGGER"
                    )
                })
                .any(|word| matches!(word.as_str(), "FUNCTION" | "PROCEDURE" | "TRIGGER"))
    }

    fn finish(&mut self, out: &mut Vec<Statement>) {
        let done = std::mem::take(self);
        if let Some(start) = done.start {
            out.push(Statement { span: Span::new(start, done.end), words: done.words });
        }
    }
}

fn split(text: &str, range: Range<usize>, out: &mut Vec<Statement>) {
    let mut reading = Reading::default();
    for lexeme in lex(text, &range) {
        if is_trivia(lexeme.kind) || lexeme.kind == TokenKind::Eof {
            continue;
        }
        if lexeme.kind == TokenKind::Semi && reading.parentheses == 0 && reading.begins == 0 {
            // A semicolon alone is no statement.
            if reading.start.is_some() {
                reading.push(&lexeme);
            }
            reading.finish(out);
        } else {
            reading.push(&lexeme);
        }
    }
    reading.finish(out);
}

/// A range that is one statement whatever it holds.
fn whole(text: &str, range: Range<usize>, out: &mut Vec<Statement>) {
    let mut reading = Reading::default();
    for lexeme in lex(text, &range) {
        let only_end = lexeme.kind == TokenKind::Semi && reading.start.is_none();
        if !is_trivia(lexeme.kind) && lexeme.kind != TokenKind::Eof && !only_end {
            reading.push(&lexeme);
        }
    }
    reading.finish(out);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::{RepoPath, TransactionMode};

    pub(crate) fn script(sql: &str) -> Script {
        Script::whole(RepoPath::new("x.sql").unwrap(), sql.into(), TransactionMode::Wrapped)
    }

    fn texts(sql: &str) -> Vec<String> {
        statements(&script(sql))
            .into_iter()
            .map(|statement| sql[statement.span.start..statement.span.end].to_owned())
            .collect()
    }

    #[test]
    fn semicolons_inside_quotes_and_comments_do_not_split() {
        let sql = "-- a; b\nSELECT ';', \";\", $$;$$, $x$ ; $x$ /* ; /* ; */ ; */; SELECT 2";
        assert_eq!(texts(sql).len(), 2);
        assert!(texts(sql)[0].starts_with("SELECT"));
        assert_eq!(texts(sql)[1], "SELECT 2");
    }

    #[test]
    fn bodies_are_kept_whole() {
        let atomic = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 1;";
        assert_eq!(texts(atomic).len(), 2);
        let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE WHEN 1 THEN 2 END; DELETE FROM b; END;\nDROP TABLE a;";
        assert_eq!(texts(trigger).len(), 2);
        let rule = "CREATE RULE r AS ON DELETE TO t DO (DELETE FROM a; DELETE FROM b); SELECT 1;";
        assert_eq!(texts(rule).len(), 2);
    }

    #[test]
    fn begin_starts_a_statement_of_its_own() {
        assert_eq!(
            texts("BEGIN; CREATE TABLE t(a int); COMMIT;"),
            ["BEGIN;", "CREATE TABLE t(a int);", "COMMIT;"]
        );
    }

    #[test]
    fn comments_and_lone_semicolons_are_no_statements() {
        assert!(texts("").is_empty());
        assert!(texts("\u{feff} -- nothing\r\n /* here */ ;;").is_empty());
    }

    #[test]
    fn blocks_are_one_statement() {
        let sql = "SELECT 1; CREATE FUNCTION f() AS 'a'; LANGUAGE sql; SELECT 2;";
        let mut script = script(sql);
        let start = sql.find("CREATE").unwrap();
        script.blocks.push(start..sql.find(" SELECT 2").unwrap());
        let found = statements(&script);
        assert_eq!(found.len(), 3);
        assert_eq!(
            &sql[found[1].span.start..found[1].span.end],
            "CREATE FUNCTION f() AS 'a'; LANGUAGE sql;"
        );
    }

    #[test]
    fn unterminated_text_is_kept_for_the_engine_to_judge() {
        assert_eq!(texts("SELECT 'abc; SELECT 1;").len(), 1);
        assert_eq!(texts("SELECT (1; SELECT 2;").len(), 1);
        assert_eq!(texts("\\copy t from 'x'"), ["\\copy t from 'x'"]);
    }
}
