//! Facts that follow from a statement's words alone, the same for every engine.

use squawk_lexer::TokenKind;

use super::{Statement, is_trivia, lex, statements};
use crate::model::{Class, Script, TransactionMode};

/// What a statement does to the transaction around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionControl {
    /// Opens one.
    Begin,
    /// Ends it and keeps its work.
    Commit,
    /// Ends it and drops its work.
    Rollback,
}

/// What a statement does to the transaction around it; `None` for most, and for savepoints,
/// which stay inside it.
#[must_use]
pub fn transaction_control(statement: &Statement) -> Option<TransactionControl> {
    let second = statement.words.get(1).map(String::as_str);
    match statement.words.first()?.as_str() {
        "BEGIN" => Some(TransactionControl::Begin),
        "START" if second == Some("TRANSACTION") => Some(TransactionControl::Begin),
        "COMMIT" | "END" => Some(TransactionControl::Commit),
        "ROLLBACK" if !statement.words.iter().any(|word| word == "TO") => {
            Some(TransactionControl::Rollback)
        }
        "ABORT" => Some(TransactionControl::Rollback),
        "PREPARE" if second == Some("TRANSACTION") => Some(TransactionControl::Commit),
        _ => None,
    }
}

/// Whether a script does nothing: no statement besides opening and closing a transaction.
#[must_use]
pub fn is_empty(script: &Script) -> bool {
    statements(script).iter().all(|statement| transaction_control(statement).is_some())
}

/// Whether a script that stops half-way leaves nothing behind: all its statements run in one
/// transaction, the tool's or its own, or there is only one statement and that one is atomic.
#[must_use]
pub fn is_atomic(script: &Script) -> bool {
    let statements = statements(script);
    let controls: Vec<Option<TransactionControl>> =
        statements.iter().map(transaction_control).collect();
    let free = controls.iter().all(Option::is_none);
    let concurrent = |statement: &Statement| statement.words.iter().any(|w| w == "CONCURRENTLY");
    match script.transaction {
        TransactionMode::Wrapped => free,
        TransactionMode::SingleBatch if free && statements.len() > 1 => true,
        TransactionMode::SingleBatch | TransactionMode::Bare if statements.len() <= 1 => {
            !statements.iter().any(concurrent)
        }
        TransactionMode::SingleBatch | TransactionMode::Bare => match controls.as_slice() {
            [Some(TransactionControl::Begin), inner @ .., Some(TransactionControl::Commit)] => {
                inner.iter().all(Option::is_none)
            }
            _ => false,
        },
    }
}

/// The script's tokens with comments and white space folded, to tell edits of substance from
/// edits of looks. Case of keywords counts, as quoted text cannot be told from them cheaply.
#[must_use]
pub fn fold(script: &Script) -> String {
    let mut folded = String::new();
    for section in &script.sections {
        for lexeme in lex(&script.text, section) {
            if !is_trivia(lexeme.kind) && lexeme.kind != TokenKind::Eof {
                folded.push_str(lexeme.text);
                folded.push(' ');
            }
        }
    }
    folded
}

/// The class that a script's statements suggest, for want of a declared one: dropping things
/// waits until the old code is gone, moving data is an operator's work, the rest may run online.
#[must_use]
pub fn inferred_class(script: &Script) -> Class {
    let statements = statements(script);
    let any = |test: fn(&Statement) -> bool| statements.iter().any(test);
    if any(|statement| {
        matches!(statement.words.first().map(String::as_str), Some("UPDATE" | "DELETE" | "MERGE"))
    }) {
        Class::ManualBackfill
    } else if any(drops_something) {
        Class::PostDeploy
    } else {
        Class::Online
    }
}

fn drops_something(statement: &Statement) -> bool {
    let word = |index: usize| statement.words.get(index).map(String::as_str);
    match word(0) {
        Some("DROP") => matches!(word(1), Some("TABLE" | "VIEW" | "SCHEMA" | "TYPE" | "SEQUENCE")),
        Some("ALTER") => {
            let harmless = ["CONSTRAINT", "NOT", "DEFAULT", "EXPRESSION", "IDENTITY"];
            word(1) == Some("TABLE")
                && statement
                    .words
                    .windows(2)
                    .any(|pair| pair[0] == "DROP" && !harmless.contains(&pair[1].as_str()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::script;
    use super::*;

    #[test]
    fn a_script_of_comments_or_an_empty_transaction_is_empty() {
        assert!(is_empty(&script("-- cannot be undone\n")));
        assert!(is_empty(&script("BEGIN;\n-- XXX\nCOMMIT;")));
        assert!(!is_empty(&script("SELECT 1")));
    }

    #[test]
    fn atomic_is_what_leaves_nothing_when_it_stops() {
        let mode = |transaction, sql| is_atomic(&Script { transaction, ..script(sql) });
        assert!(mode(TransactionMode::Wrapped, "SELECT 1; SELECT 2"));
        assert!(!mode(TransactionMode::Wrapped, "SELECT 1; COMMIT; SELECT 2"));
        assert!(mode(TransactionMode::SingleBatch, "SELECT 1; SELECT 2"));
        assert!(mode(TransactionMode::Bare, "BEGIN; SELECT 1; COMMIT;"));
        assert!(!mode(TransactionMode::Bare, "SELECT 1; SELECT 2"));
        assert!(!mode(TransactionMode::Bare, "CREATE INDEX CONCURRENTLY i ON t(a)"));
    }

    #[test]
    fn savepoints_do_not_end_the_transaction() {
        let control = |sql| transaction_control(&statements(&script(sql))[0]);
        assert_eq!(control("ROLLBACK TO SAVEPOINT a"), None);
        assert_eq!(control("rollback"), Some(TransactionControl::Rollback));
        assert_eq!(control("start transaction"), Some(TransactionControl::Begin));
        assert_eq!(control("END"), Some(TransactionControl::Commit));
    }

    #[test]
    fn comments_and_white_space_do_not_change_the_folded_text() {
        assert_eq!(fold(&script("SELECT 1; -- a")), fold(&script("/* b */ SELECT\n1;")));
        assert_ne!(fold(&script("SELECT 1;")), fold(&script("SELECT 2;")));
        assert_ne!(fold(&script("SELECT 'a  b'")), fold(&script("SELECT 'a b'")));
    }

    #[test]
    fn the_inferred_class_follows_the_riskiest_statement() {
        assert_eq!(inferred_class(&script("CREATE TABLE t(a int)")), Class::Online);
        assert_eq!(inferred_class(&script("ALTER TABLE t DROP COLUMN a")), Class::PostDeploy);
        assert_eq!(
            inferred_class(&script("DROP INDEX i; UPDATE t SET a = 1")),
            Class::ManualBackfill
        );
        assert_eq!(inferred_class(&script("DROP INDEX i")), Class::Online);
        let relax = "ALTER TABLE t ALTER COLUMN a DROP NOT NULL";
        assert_eq!(inferred_class(&script(relax)), Class::Online);
    }
}
