//! Which rows a statement changes, as far as its own words say.

use squawk_lexer::TokenKind;

use super::{Lexeme, Statement, is_trivia, lex};
use crate::model::Script;

/// A statement that changes rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// `UPDATE`, `DELETE`, `MERGE` or `INSERT`.
    pub verb: &'static str,
    /// The table as it is written, without quotes, with the schema where there is one.
    pub table: String,
}

impl RowChange {
    /// What it does, for a sentence: `updates`.
    #[must_use]
    pub fn says(&self) -> &'static str {
        match self.verb {
            "UPDATE" => "updates",
            "DELETE" => "deletes",
            "MERGE" => "merges",
            _ => "copies into the",
        }
    }
}

/// What a statement does to rows: UPDATE, DELETE, MERGE, and INSERT where the rows come from a
/// query; the rows that an `INSERT … VALUES` lists are the script's own. What a function or a DO
/// block does is not seen.
#[must_use]
pub fn row_change(script: &Script, statement: &Statement) -> Option<RowChange> {
    let range = statement.span.start..statement.span.end;
    let mut depth = 0_usize;
    let mut tokens = Vec::new();
    for lexeme in lex(&script.text, &range) {
        match lexeme.kind {
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth = depth.saturating_sub(1),
            kind if is_trivia(kind) => {}
            _ if depth == 0 => tokens.push(lexeme),
            _ => {}
        }
    }
    let word = |at: usize| tokens.get(at).map_or(String::new(), |token| token.text.to_uppercase());
    // The head of a WITH lies in parentheses, so the verb is the first one outside of them.
    let leads = matches!(word(0).as_str(), "WITH" | "UPDATE" | "DELETE" | "MERGE" | "INSERT");
    let at = (0..tokens.len()).find(|at| {
        matches!(word(*at).as_str(), "UPDATE" | "DELETE" | "MERGE" | "INSERT" | "SELECT")
    })?;
    let verb = match word(at).as_str() {
        "UPDATE" => "UPDATE",
        "DELETE" => "DELETE",
        "MERGE" => "MERGE",
        "INSERT"
            if (at..tokens.len()).any(|at| matches!(word(at).as_str(), "SELECT" | "TABLE")) =>
        {
            "INSERT"
        }
        _ => return None,
    };
    let mut name = at + 1;
    // SQLite's `UPDATE OR REPLACE`, `INSERT OR IGNORE`.
    if word(name) == "OR" {
        name += 2;
    }
    while matches!(word(name).as_str(), "INTO" | "FROM" | "ONLY") {
        name += 1;
    }
    let table = dotted(tokens.get(name..)?)?;
    leads.then_some(RowChange { verb, table })
}

/// The name at the start of the tokens: `a`, `"a"."b"`.
fn dotted(tokens: &[Lexeme<'_>]) -> Option<String> {
    let part = |token: &Lexeme<'_>| token.text.trim_matches(['"', '`', '[', ']']).to_owned();
    let mut name = tokens.first().map(part)?;
    let mut rest = &tokens[1..];
    while let [dot, next, ..] = rest
        && dot.text == "."
    {
        name = format!("{name}.{}", part(next));
        rest = &rest[2..];
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::super::{statements, tests::script};
    use super::row_change;

    fn seen(sql: &str) -> Option<String> {
        let script = script(sql);
        let change = row_change(&script, &statements(&script)[0])?;
        Some(format!("{} {}", change.verb, change.table))
    }

    #[test]
    fn rows_are_changed_by_what_leads() {
        assert_eq!(seen("UPDATE ONLY a.\"B\" SET c = 1").as_deref(), Some("UPDATE a.B"));
        assert_eq!(seen("delete from t where a in (select 1)").as_deref(), Some("DELETE t"));
        let with = "WITH x AS (SELECT 1), y AS (DELETE FROM u RETURNING *) UPDATE t SET a = 1";
        assert_eq!(seen(with).as_deref(), Some("UPDATE t"));
        assert_eq!(seen("INSERT INTO t (a, b) SELECT a, b FROM u").as_deref(), Some("INSERT t"));
        assert_eq!(seen("INSERT OR IGNORE INTO t SELECT 1").as_deref(), Some("INSERT t"));
        assert_eq!(
            seen("MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE").as_deref(),
            Some("MERGE t")
        );
    }

    #[test]
    fn rows_that_a_script_lists_and_bodies_are_not() {
        for sql in [
            "INSERT INTO t (a) VALUES (1), ((SELECT 2))",
            "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = 1; END",
            "CREATE RULE r AS ON INSERT TO t DO UPDATE u SET a = 1",
            "SELECT * FROM t FOR UPDATE",
            "ALTER TABLE t ADD a int",
            "UPDATE",
            "WITH",
        ] {
            assert_eq!(seen(sql), None, "{sql}");
        }
    }
}
