//! What is never sent to the server: psql's own commands, and copies that leave the database.

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

use crate::model::{CannotRun, Script};
use crate::sql::Statement;

/// Why a script cannot be run as it stands; `None` for almost all.
pub(super) fn refusal(script: &Script, statements: &[Statement]) -> Option<CannotRun> {
    statements.iter().find_map(|statement| {
        let sql = script.text.get(statement.span.start..statement.span.end)?;
        // A backslash outside quotes and comments is never SQL.
        if tokenize_all(sql).any(|(kind, text)| kind == TokenKind::Unknown && text == "\\")
            || sql.starts_with('\\')
        {
            let command: String = sql[sql.find('\\').unwrap_or(0)..]
                .chars()
                .take_while(|c| *c == '\\' || c.is_ascii_alphanumeric())
                .take(24)
                .collect();
            return Some(CannotRun {
                reason: format!("{command} is a command of psql, not SQL"),
                way_out:
                    "write it as SQL: COPY's data as INSERT, an included file in its place, a \
                          variable as its value; or accept this migration by name in the policy of \
                          the base branch"
                        .into(),
            });
        }
        if statement.starts_with(&["COPY"]) { copy_refusal(sql) } else { None }
    })
}

fn tokenize_all(sql: &str) -> impl Iterator<Item = (TokenKind, &str)> {
    let mut at = 0;
    tokenize(sql).map(move |token| {
        let start = at;
        at += token.len as usize;
        (token.kind, &sql[start..at])
    })
}

/// Looks at where a COPY goes: the token after FROM or TO outside parentheses.
fn copy_refusal(sql: &str) -> Option<CannotRun> {
    let mut depth = 0_usize;
    let mut arrow = false;
    for (kind, text) in tokenize_all(sql) {
        let word = text.to_uppercase();
        match kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {}
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth = depth.saturating_sub(1),
            TokenKind::Ident if depth == 0 && arrow && (word == "STDIN" || word == "STDOUT") => {
                return Some(CannotRun {
                    reason: format!(
                        "COPY … {word} moves data through the client, which only psql can"
                    ),
                    way_out: "write the rows as INSERT, or accept this migration by name in the \
                              policy of the base branch"
                        .into(),
                });
            }
            TokenKind::Ident if depth == 0 && arrow && word == "PROGRAM" => {
                return Some(outside(
                    "COPY … PROGRAM is refused: it would run a program on the machine",
                ));
            }
            TokenKind::Literal { kind } if arrow && is_text(kind) => {
                return Some(outside(
                    "COPY with a file is refused: it would read or write a file of the machine",
                ));
            }
            _ => arrow = depth == 0 && (word == "FROM" || word == "TO"),
        }
    }
    None
}

fn is_text(kind: LiteralKind) -> bool {
    !matches!(kind, LiteralKind::Int { .. } | LiteralKind::Numeric { .. })
}

fn outside(reason: &str) -> CannotRun {
    CannotRun {
        reason: reason.into(),
        way_out: "write the rows as INSERT, or accept this migration by name in the policy of the \
                  base branch"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RepoPath, TransactionMode};
    use crate::sql::statements;

    fn reason(sql: &str) -> Option<String> {
        let path = RepoPath::new("x.sql").unwrap();
        let script = Script::whole(path, sql.into(), TransactionMode::Bare);
        refusal(&script, &statements(&script)).map(|cannot| cannot.reason)
    }

    #[test]
    fn commands_of_psql_are_refused_wherever_they_stand() {
        for sql in [
            "\\set x 1\nSELECT 1;",
            "SELECT 1;\n\\i other.sql\n",
            "-- first\n\\copy t FROM 'x.csv' csv",
            "SELECT 'a' \\gexec",
        ] {
            assert!(reason(sql).unwrap().contains("psql"), "{sql}");
        }
        assert_eq!(reason("SELECT '\\d', E'\\'\\\\', $$\\d$$, \"\\\" -- \\d\n /* \\d */;"), None);
    }

    #[test]
    fn copies_that_leave_the_database_are_refused() {
        for sql in [
            "COPY t FROM STDIN;",
            "copy t (a, b) from stdin with csv;",
            "COPY t TO STDOUT;",
            "COPY t FROM PROGRAM 'curl x';",
            "COPY (SELECT 1 FROM t) TO PROGRAM 'sh';",
            "COPY t FROM '/etc/passwd';",
            "COPY t TO $$/tmp/x$$;",
        ] {
            assert!(reason(sql).is_some(), "{sql}");
        }
        assert_eq!(reason("CREATE TABLE copy (a int); SELECT 'FROM STDIN'"), None);
    }
}
