//! A script's SQL as the linter may read it: the same bytes in the same places, less what is not
//! the script's own SQL.

use std::ops::Range;

use rowan::TextRange;
use squawk_lexer::{TokenKind, tokenize};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::plpgsql::Plpgsql;
use squawk_syntax::{Parse, SourceFile, SyntaxKind, SyntaxNode};

use super::called::Calls;
use crate::model::Script;

/// How deep brackets may be nested, and how often one word may follow itself; far beyond what
/// people write, and far below what costs a recursive parser its stack.
const DEPTH: usize = 200;

/// How many words a statement may have; a chain of operators is a tree as deep as it is long.
const WORDS: usize = 5000;

/// A script as the linter may read it.
pub(super) struct Read {
    /// The text with DO blocks opened: what they run stands in their place, so that wrapping a
    /// statement in a block hides nothing.
    pub(super) text: String,
    /// That text, parsed; a tree is made of it where one is needed, as trees belong to a thread.
    pub(super) parse: Parse<SourceFile>,
    /// The text with DO blocks as they are, parsed.
    pub(super) shut: Parse<SourceFile>,
    /// What functions run, where they were opened too; the text is longer by that.
    pub(super) calls: Calls,
}

/// Reads a script; `None` where it is too large or too deep for that.
///
/// Everything outside the script's sections is blank, and so is every comment: to the linter a
/// comment can be an order to be silent, and this text is the author's.
pub(super) fn parse(script: &Script) -> Option<Read> {
    let text = plain(script)?;
    guarded(|| {
        let shut = SourceFile::parse(&text);
        match opened(&text, &shut.tree()) {
            Some(text) => {
                let parse = SourceFile::parse(&text);
                Read { text, parse, shut, calls: Calls::default() }
            }
            None => Read { text, parse: shut.clone(), shut, calls: Calls::default() },
        }
    })
}

/// Does something with the parser, which gives up by a panic; that must not be the end of
/// everything else.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

/// The text of the script's sections without comments; every other byte is a blank.
fn plain(script: &Script) -> Option<String> {
    let mut out = String::with_capacity(script.text.len());
    for section in &script.sections {
        blank(script.text.get(out.len()..section.start)?, &mut out);
        without_comments(script.text.get(section.clone())?, &mut out)?;
    }
    blank(script.text.get(out.len()..)?, &mut out);
    Some(out)
}

/// Adds the text with blanks for comments; `None` where it is too large or too deep.
fn without_comments(text: &str, out: &mut String) -> Option<()> {
    let mut measure = Measure::default();
    let mut at = 0;
    for token in tokenize(text) {
        let end = at + token.len as usize;
        let word = text.get(at..end)?;
        match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment { .. } => blank(word, out),
            kind => {
                measure.take(kind, word)?;
                out.push_str(word);
            }
        }
        at = end;
    }
    Some(())
}

/// As many blanks as there are bytes; line breaks stay.
fn blank(text: &str, out: &mut String) {
    out.extend(text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}

/// How large and how deep the statement at hand is so far.
#[derive(Default)]
struct Measure<'a> {
    depth: usize,
    words: usize,
    last: &'a str,
    repeats: usize,
}

impl<'a> Measure<'a> {
    /// Counts a word; `None` where it is one too many.
    fn take(&mut self, kind: TokenKind, word: &'a str) -> Option<()> {
        match kind {
            TokenKind::Whitespace | TokenKind::Eof => return Some(()),
            TokenKind::OpenParen | TokenKind::OpenBracket => self.depth += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket => {
                self.depth = self.depth.saturating_sub(1);
            }
            TokenKind::Semi => *self = Self::default(),
            _ => {}
        }
        // Rows of values are wide, not deep.
        self.words += usize::from(!matches!(kind, TokenKind::Comma | TokenKind::Literal { .. }));
        self.repeats = if word == self.last { self.repeats + 1 } else { 0 };
        self.last = word;
        (self.depth < DEPTH && self.words < WORDS && self.repeats < DEPTH).then_some(())
    }
}

/// The text with each DO block replaced by the statements it runs; `None` where there is none.
fn opened(text: &str, file: &SourceFile) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut found = false;
    for statement in file.stmts() {
        let ast::Stmt::Do(block) = &statement else { continue };
        let Some(body) = body(block) else { continue };
        found = true;
        let block = bytes.get_mut(range(statement.syntax()))?;
        block.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        for (inner, sql) in runs(&body) {
            let source = in_source(|range| body.source_range(range), &inner)?;
            // A quoted body may be written otherwise than it reads; then it stays shut.
            if text.get(source.clone()) == body.text().get(inner) {
                bytes.get_mut(source.clone())?.copy_from_slice(sql.as_bytes());
                // What is part of a larger statement has no end of its own.
                if !sql.ends_with(';') {
                    *bytes.get_mut(source.end)? = b';';
                }
            }
        }
    }
    let text = String::from_utf8(bytes).ok().filter(|_| found)?;
    let mut out = String::with_capacity(text.len());
    without_comments(&text, &mut out)?;
    Some(out)
}

/// The statements that a body runs, each with its bytes in it and as SQL of the same length.
fn runs(body: &Plpgsql) -> Vec<(Range<usize>, String)> {
    let query = |query: Option<ast::Stmt>| query.map(|query| range(query.syntax()));
    let of = |node: SyntaxNode| {
        let whole = matches!(
            node.kind(),
            SyntaxKind::PLPGSQL_EXEC_SQL_STMT
                | SyntaxKind::PLPGSQL_CALL_STMT
                | SyntaxKind::PLPGSQL_PERFORM_STMT
        );
        let place = if whole {
            range(&node)
        } else if let Some(returns) = ast::PlpgsqlReturnQueryStmt::cast(node.clone()) {
            query(returns.query())?
        } else {
            query(ast::PlpgsqlForQueryStmt::cast(node.clone())?.query())?
        };
        let mut sql = body.text().get(place.clone())?.to_owned();
        if node.kind() == SyntaxKind::PLPGSQL_PERFORM_STMT {
            sql.replace_range(..sql.get(.."PERFORM".len())?.len(), "SELECT ");
        }
        // What goes into variables is no table.
        for into in node.descendants().filter_map(ast::PlpgsqlIntoClause::cast) {
            let into = range(into.syntax());
            let into = into.start.checked_sub(place.start)?..into.end.checked_sub(place.start)?;
            let blanks = " ".repeat(sql.get(into.clone())?.len());
            sql.replace_range(into, &blanks);
        }
        Some((place, sql))
    };
    body.syntax().descendants().filter_map(of).collect()
}

/// A range of a body, by bytes of the text around it.
fn in_source(
    to_source: impl Fn(TextRange) -> TextRange,
    inner: &Range<usize>,
) -> Option<Range<usize>> {
    let at = |byte: usize| Some(to_source(TextRange::empty(byte.try_into().ok()?)).start());
    Some(usize::from(at(inner.start)?)..usize::from(at(inner.end)?))
}

/// Whether a body puts together what it runs.
pub(super) fn is_dynamic(body: &Plpgsql) -> bool {
    body.syntax().descendants().any(|node| {
        matches!(
            node.kind(),
            SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
                | SyntaxKind::PLPGSQL_RETURN_QUERY_EXECUTE_STMT
                | SyntaxKind::PLPGSQL_FOR_DYN_STMT
                | SyntaxKind::PLPGSQL_OPEN_EXECUTE
        )
    })
}

/// What a function or a procedure runs.
#[derive(Default)]
pub(super) struct Body {
    /// The statements that are written out.
    pub(super) statements: Vec<Inner>,
    /// Whether they are all.
    pub(super) readable: bool,
}

/// A statement of a function.
pub(super) struct Inner {
    /// It as a statement of a script.
    pub(super) text: String,
    /// That text, parsed.
    parse: Parse<SourceFile>,
    /// Its bytes in the script that defines the function.
    pub(super) place: Option<Range<usize>>,
}

impl Inner {
    /// `None` where it is too complex.
    fn new(sql: &str, place: Option<Range<usize>>) -> Option<Self> {
        let mut text = String::with_capacity(sql.len() + 1);
        without_comments(sql, &mut text)?;
        text.truncate(text.trim_end().trim_end_matches(';').len());
        text.push(';');
        let parse = SourceFile::parse(&text);
        Some(Self { text, parse, place })
    }

    /// The statement.
    pub(super) fn tree(&self) -> Option<ast::Stmt> {
        self.parse.tree().stmts().next()
    }
}

/// Reads a CREATE FUNCTION or CREATE PROCEDURE.
pub(super) fn routine(definition: &ast::Stmt) -> Body {
    let none = |readable| Body { statements: Vec::new(), readable };
    let (options, written) = match definition {
        ast::Stmt::CreateFunction(one) => (one.option_list(), one.body()),
        ast::Stmt::CreateProcedure(one) => (one.option_list(), one.body()),
        _ => return none(true),
    };
    let found: Option<Vec<Option<Inner>>> = if let Some(written) = written {
        let trees = written.syntax().children().filter_map(ast::Stmt::cast);
        let inner = |tree: ast::Stmt| {
            Inner::new(&tree.syntax().text().to_string(), Some(range(tree.syntax())))
        };
        Some(trees.map(inner).collect())
    } else {
        match language(options.as_ref()).as_deref() {
            Some("plpgsql") => {
                let body = measured(options.as_ref()).and_then(|()| match definition {
                    ast::Stmt::CreateFunction(one) => one.plpgsql(),
                    ast::Stmt::CreateProcedure(one) => one.plpgsql(),
                    _ => None,
                });
                return body.map_or_else(|| none(false), |body| plpgsql(&body));
            }
            Some("sql") => measured(options.as_ref()).and_then(|()| sql(definition)),
            // What is compiled is no SQL that a migration brings.
            Some("c" | "internal") => return none(true),
            _ => None,
        }
    };
    let Some(found) = found else { return none(false) };
    let readable = found.iter().all(Option::is_some);
    Body { statements: found.into_iter().flatten().collect(), readable }
}

/// The script without the tables it makes: the linter takes everything about a table of that name
/// for harmless, whichever schema it is in and whether or not it is made at all. `None` where it
/// makes none.
pub(super) fn without_new_tables(read: &Read) -> Option<(String, Parse<SourceFile>)> {
    let is_new = |statement: &ast::Stmt| matches!(statement, ast::Stmt::CreateTable(_));
    let mut new = read.parse.tree().stmts().filter(is_new).peekable();
    new.peek()?;
    let mut bytes = read.text.as_bytes().to_vec();
    for statement in new {
        let statement = bytes.get_mut(range(statement.syntax()))?;
        statement.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    let text = String::from_utf8(bytes).ok()?;
    let parse = SourceFile::parse(&text);
    Some((text, parse))
}

/// The body of a DO block in PL/pgSQL, where it can be read.
pub(super) fn body(block: &ast::Do) -> Option<Plpgsql> {
    // The lexer took the body for one word, so it has not been measured yet.
    let text = block.body()?.decoded_value()?;
    without_comments(text.text(), &mut String::new())?;
    block.plpgsql()
}

fn plpgsql(body: &Plpgsql) -> Body {
    let mut statements = Vec::new();
    let mut readable = !is_dynamic(body);
    for (inner, sql) in runs(body) {
        match Inner::new(&sql, in_source(|range| body.source_range(range), &inner)) {
            Some(inner) => statements.push(inner),
            None => readable = false,
        }
    }
    Body { statements, readable }
}

fn sql(definition: &ast::Stmt) -> Option<Vec<Option<Inner>>> {
    let body = match definition {
        ast::Stmt::CreateFunction(one) => one.sql_body(),
        ast::Stmt::CreateProcedure(one) => one.sql_body(),
        _ => None,
    }?;
    let inner = |tree: ast::Stmt| {
        let place = range(tree.syntax());
        Inner::new(
            body.text().get(place.clone())?,
            in_source(|range| body.source_range(range), &place),
        )
    };
    let trees = body.tree().stmts();
    Some(trees.filter(|tree| !matches!(tree, ast::Stmt::EmptyStmt(_))).map(inner).collect())
}

fn language(options: Option<&ast::FuncOptionList>) -> Option<String> {
    options?.options().find_map(|option| match option {
        ast::FuncOption::LanguageFuncOption(option) => Some(option.language_name()?.name),
        _ => None,
    })
}

/// `None` where the body of a function is too large or too deep to be parsed.
fn measured(options: Option<&ast::FuncOptionList>) -> Option<()> {
    let body = options?.syntax().descendants().find_map(ast::AsDefinition::cast)?;
    without_comments(body.literal()?.decoded_value()?.text(), &mut String::new())
}

/// A node's bytes, without the white space before it.
pub(super) fn range(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    let start = node.children_with_tokens().find(|child| !child.kind().is_trivia());
    let start = start.map_or(range.start(), |child| child.text_range().start());
    usize::from(start)..usize::from(range.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RepoPath, TransactionMode};

    fn script(sql: &str) -> Script {
        Script::whole(RepoPath::new("x.sql").unwrap(), sql.into(), TransactionMode::Wrapped)
    }

    fn read(sql: &str) -> Option<String> {
        parse(&script(sql)).map(|read| read.text)
    }

    #[test]
    fn comments_and_other_sections_are_blank_and_nothing_moves() {
        let sql = "-- ä\nSELECT 1; /* squawk-ignore */ SELECT '-- no';\n-- +down\nSELECT 2;";
        let mut script = script(sql);
        script.sections[0].end = sql.find("-- +down").unwrap();
        let text = parse(&script).unwrap().text;
        assert_eq!(text.len(), sql.len());
        assert_eq!(text.find("SELECT 1"), sql.find("SELECT 1"));
        assert!(text.contains("'-- no'") && !text.contains("squawk") && !text.contains("2"));
    }

    #[test]
    fn what_a_block_runs_stands_in_its_place() {
        let sql = "DO $$ BEGIN -- why\n IF true THEN ALTER TABLE t DROP COLUMN ä; END IF; END $$;";
        let text = read(sql).unwrap();
        assert_eq!(text.trim(), "ALTER TABLE t DROP COLUMN ä;");
        assert_eq!(text.find("ALTER"), sql.find("ALTER"));
        let quoted = read("DO 'BEGIN DELETE FROM t WHERE a = ''b''; END';").unwrap();
        assert_eq!(quoted.trim(), "");
    }

    #[test]
    fn what_would_cost_the_parser_its_stack_is_not_read() {
        let deep = |open: &str, close: &str, many: usize| {
            format!("SELECT {}1{};", open.repeat(many), close.repeat(many))
        };
        assert!(read(&deep("(", ")", 100)).is_some());
        assert!(read(&deep("(", ")", 100_000)).is_none());
        assert!(read(&deep("- ", "", 100_000)).is_none());
        assert!(read(&deep("CASE WHEN a THEN ", " END", 50_000)).is_none());
        assert!(read(&deep("", "+a*b", 100_000)).is_none());
        // As large as it may be, it can be read on a small stack.
        assert!(read(&deep("", "+a", 2400)).is_some());
        assert!(read(&deep("CASE WHEN a THEN ", " END", 190)).is_some());
        assert!(read(&format!("INSERT INTO t VALUES {};", "(1, 'a'),".repeat(600))).is_some());
        assert!(read(&format!("DO $$ BEGIN {} END $$;", "BEGIN ".repeat(100_000))).is_some());
    }
}
