//! What is never sent to the server: psql's own commands, and copies that leave the database.

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

use crate::model::{Bar, Barred, Failure, Location, Script};
use crate::sql::Statement;

/// What of a script cannot be run as it stands; nothing for almost all.
pub(super) fn refusal(script: &Script, statements: &[Statement]) -> Option<Barred> {
    statements.iter().find_map(|statement| {
        let sql = script.text.get(statement.span.start..statement.span.end)?;
        let copy = || statement.starts_with(&["COPY"]).then(|| copy_refusal(sql)).flatten();
        let (by, message) = client_command(sql).or_else(copy)?;
        let help = match by {
            Bar::Client => {
                "write it as SQL: COPY's data as INSERT, an included file in its place, a variable \
                 as its value"
            }
            Bar::Sandbox => "write the rows as INSERT",
        };
        let hint =
            format!("{help}; or accept this migration by name in the policy of the base branch");
        let location = Location::at(script.path.clone(), statement.span);
        let failure = Failure { message, code: None, detail: None, hint: Some(hint), location };
        Some(Barred { by, failure })
    })
}

/// A command of psql: a backslash outside quotes and comments is never SQL.
fn client_command(sql: &str) -> Option<(Bar, String)> {
    let found = sql.starts_with('\\')
        || tokenize_all(sql).any(|(kind, text)| kind == TokenKind::Unknown && text == "\\");
    let command = |sql: &str| -> String {
        let start = sql[sql.find('\\').unwrap_or(0)..].chars();
        start.take_while(|c| *c == '\\' || c.is_ascii_alphanumeric()).take(24).collect()
    };
    found.then(|| (Bar::Client, format!("{} is a command of psql, not SQL", command(sql))))
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
fn copy_refusal(sql: &str) -> Option<(Bar, String)> {
    let mut depth = 0_usize;
    let mut arrow = false;
    for (kind, text) in tokenize_all(sql) {
        let word = text.to_uppercase();
        match kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {}
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth = depth.saturating_sub(1),
            TokenKind::Ident if depth == 0 && arrow && (word == "STDIN" || word == "STDOUT") => {
                let message =
                    format!("COPY … {word} moves data through the client, which only psql can");
                return Some((Bar::Client, message));
            }
            TokenKind::Ident if depth == 0 && arrow && word == "PROGRAM" => {
                let message = "COPY … PROGRAM is refused: it would run a program on the machine";
                return Some((Bar::Sandbox, message.into()));
            }
            TokenKind::Literal { kind } if arrow && is_text(kind) => {
                let message =
                    "COPY with a file is refused: it would read or write a file of the machine";
                return Some((Bar::Sandbox, message.into()));
            }
            _ => arrow = depth == 0 && (word == "FROM" || word == "TO"),
        }
    }
    None
}

fn is_text(kind: LiteralKind) -> bool {
    !matches!(kind, LiteralKind::Int { .. } | LiteralKind::Numeric { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RepoPath, TransactionMode};
    use crate::sql::statements;

    fn barred(sql: &str) -> Option<Barred> {
        let path = RepoPath::new("x.sql").unwrap();
        let script = Script::whole(path, sql.into(), TransactionMode::Bare);
        refusal(&script, &statements(&script))
    }

    #[test]
    fn commands_of_psql_are_refused_wherever_they_stand() {
        for sql in [
            "\\set x 1\nSELECT 1;",
            "SELECT 1;\n\\i other.sql\n",
            "-- first\n\\copy t FROM 'x.csv' csv",
            "SELECT 'a' \\gexec",
        ] {
            assert_eq!(barred(sql).unwrap().by, Bar::Client, "{sql}");
        }
        assert_eq!(barred("SELECT '\\d', E'\\'\\\\', $$\\d$$, \"\\\" -- \\d\n /* \\d */;"), None);
    }

    #[test]
    fn copies_that_leave_the_database_are_refused() {
        for (sql, by) in [
            ("COPY t FROM STDIN;", Bar::Client),
            ("copy t (a, b) from stdin with csv;", Bar::Client),
            ("COPY t TO STDOUT;", Bar::Client),
            ("COPY t FROM PROGRAM 'curl x';", Bar::Sandbox),
            ("COPY (SELECT 1 FROM t) TO PROGRAM 'sh';", Bar::Sandbox),
            ("COPY t FROM '/etc/passwd';", Bar::Sandbox),
            ("COPY t TO $$/tmp/x$$;", Bar::Sandbox),
        ] {
            assert_eq!(barred(sql).unwrap().by, by, "{sql}");
        }
        assert_eq!(barred("CREATE TABLE copy (a int); SELECT 'FROM STDIN'"), None);
    }
}
