//! What is decided about a script before it runs: its statements and the transaction around them.

use super::refuse::refusal;
use crate::engine::TargetError;
use crate::model::{Script, TransactionMode};
use crate::sql::{Statement, TransactionControl, statements, transaction_control};

/// What there is to know of a script before it runs.
pub(super) struct Plan {
    pub(super) statements: Vec<Statement>,
    /// The script is put into a transaction.
    pub(super) wrapped: bool,
    /// It opens or closes transactions itself.
    pub(super) own_control: bool,
    /// It opens one transaction and rolls that back, as verify scripts do.
    pub(super) undoes_itself: bool,
    /// It may throw prepared statements away.
    pub(super) touches_prepared: bool,
    /// It may change how sessions begin, or leave in its own what no reset takes back or renews.
    pub(super) marks_sessions: bool,
    /// It may set what holds from the server's next start on.
    pub(super) sets_up_server: bool,
}

impl Plan {
    pub(super) fn of(script: &Script) -> Result<Self, TargetError> {
        let mut statements = statements(script);
        if let Some(barred) = refusal(script, &statements) {
            return Err(TargetError::Barred(barred));
        }
        let control = own_control(&statements);
        let wrapped = match (script.transaction, &control) {
            (TransactionMode::Wrapped, _) => true,
            (_, OwnControl::Wrap) => {
                statements.pop();
                statements.remove(0);
                true
            }
            // A statement alone is a transaction, said or unsaid.
            (_, OwnControl::None) if statements.len() == 1 => fits_a_transaction(&statements[0]),
            (TransactionMode::SingleBatch, OwnControl::None) => statements.len() > 1,
            (TransactionMode::Bare | TransactionMode::SingleBatch, _) => false,
        };
        let own_control = statements.iter().any(|one| transaction_control(one).is_some());
        let undoes_itself = !wrapped && matches!(control, OwnControl::Undo);
        let text = script.sql().to_lowercase();
        let may_touch = statements.iter().any(|statement| {
            matches!(
                statement.words.first().map(String::as_str),
                Some("PREPARE" | "DEALLOCATE" | "DISCARD" | "DO" | "CALL" | "SELECT")
            )
        });
        let touches_prepared = may_touch && {
            ["prepare", "deallocate", "discard"].iter().any(|word| text.contains(word))
        };
        Ok(Self {
            statements,
            wrapped,
            own_control,
            undoes_itself,
            touches_prepared,
            marks_sessions: marks_sessions(&text),
            sets_up_server: alters(&text, &["system"]),
        })
    }

    /// Whether a failure leaves nothing behind.
    pub(super) fn is_atomic(&self) -> bool {
        self.wrapped && !self.own_control
    }
}

/// Whether what runs after a script may hang on when the session began: settings of roles and
/// databases hold from the next one on, a setting of the script's own (`app.tenant`) stays known in
/// this one for ever, and so does a library. Who may begin one is told at once in the same way. A
/// function that this one ran already takes a column for what it was and fails where its type is
/// another. The text is in lower case.
fn marks_sessions(text: &str) -> bool {
    const SAID: [&str; 5] =
        ["set_config", "pg_authid", "pg_database", "pg_db_role_setting", "event trigger"];
    let words: Vec<&str> = text.split_whitespace().collect();
    let sets_own = |pair: &[&str]| {
        (pair[0].ends_with("set") || matches!(pair[0], "local" | "session"))
            && pair[1].split(['=', ';', '\'']).next().is_some_and(|name| name.contains('.'))
    };
    let retypes =
        |pair: &[&str]| pair[1] == "type" && !matches!(pair[0], "alter" | "create" | "drop" | "on");
    SAID.iter().any(|said| text.contains(said))
        || words.windows(2).any(|pair| sets_own(pair) || retypes(pair) || pair[0].ends_with("load"))
        || alters(text, &["database", "role", "user", "group"])
}

/// Whether a text in lower case may alter one of these.
fn alters(text: &str, what: &[&str]) -> bool {
    let mut before = "";
    text.split_whitespace().any(|word| {
        let found = before.ends_with("alter") && what.iter().any(|it| word.starts_with(it));
        before = word;
        found
    })
}

/// What a script's own transaction control comes to.
enum OwnControl {
    /// `BEGIN; … COMMIT;` around everything: the wrap that other tools put around a script.
    Wrap,
    /// `BEGIN; … ROLLBACK;` around everything.
    Undo,
    /// None.
    None,
    /// Anything else.
    Other,
}

/// Whether a statement is one of those that may run inside a transaction; in doubt it is not.
pub(super) fn fits_a_transaction(statement: &Statement) -> bool {
    let word = |index: usize| statement.words.get(index).map_or("", String::as_str);
    matches!(
        word(0),
        "ALTER"
            | "COMMENT"
            | "CREATE"
            | "DELETE"
            | "DROP"
            | "GRANT"
            | "INSERT"
            | "REVOKE"
            | "UPDATE"
    ) && !matches!(word(1), "DATABASE" | "SUBSCRIPTION" | "SYSTEM" | "TABLESPACE")
        && !statement.words.iter().any(|word| word == "CONCURRENTLY")
}

fn own_control(statements: &[Statement]) -> OwnControl {
    let free = |inner: &[Statement]| inner.iter().all(|one| transaction_control(one).is_none());
    match statements {
        all if free(all) => OwnControl::None,
        // A BEGIN with more words sets how the transaction behaves, and stays.
        [begin, inner @ .., end] if begin.words == ["BEGIN"] && free(inner) => {
            match transaction_control(end) {
                Some(TransactionControl::Commit) if end.words.len() == 1 => OwnControl::Wrap,
                Some(TransactionControl::Rollback) => OwnControl::Undo,
                _ => OwnControl::Other,
            }
        }
        _ => OwnControl::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Postgres;
    use super::super::tests::{binaries, script, spec};
    use super::*;
    use crate::engine::Engine as _;

    #[test]
    fn a_function_meets_a_column_of_another_type() {
        if binaries().is_none() {
            return;
        }
        let mut target = Postgres.sandbox(&spec()).unwrap();
        let mut run = |sql| target.execute(&script(sql, TransactionMode::Wrapped)).unwrap();
        run("CREATE TABLE t (c int); \
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \
               $$ BEGIN NEW.c = NEW.c + 1; RETURN NEW; END $$; \
             CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); \
             INSERT INTO t VALUES (1)");
        run("ALTER TABLE t ALTER c TYPE bigint");
        run("INSERT INTO t VALUES (1)");
    }

    #[test]
    fn a_type_of_its_own_changes_no_column() {
        assert!(marks_sessions("alter table t alter column c set data type text"));
        assert!(!marks_sessions("create type a as enum (); alter type a add value 'b'"));
    }
}
