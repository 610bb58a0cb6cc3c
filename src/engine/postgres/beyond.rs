//! Statements that reach beyond the sandbox's database: on a server that was named they would
//! change what is not ours and stays.
//!
//! Bodies of DO blocks and functions are read as well, text that they put together at run time
//! is not.

use squawk_lexer::{TokenKind, tokenize};

use crate::model::{CannotRun, Script};
use crate::sql::Statement;

/// Why a script may not run on somebody's server; `stood` are the roles that stood there before.
pub(super) fn refusal(
    script: &Script,
    statements: &[Statement],
    stood: &[String],
) -> Option<CannotRun> {
    statements.iter().find_map(|statement| {
        let sql = script.text.get(statement.span.start..statement.span.end)?;
        let body = statement.starts_with(&["DO"])
            || statement.starts_with(&["CREATE"])
                && statement
                    .words
                    .iter()
                    .any(|word| matches!(word.as_str(), "FUNCTION" | "PROCEDURE" | "SCHEMA"));
        let around = Around { stood, own: sql.to_lowercase().contains("current_database") };
        reach(sql, if body { DEPTH } else { 0 }, &around)
    })
}

/// How deep text inside of text is read: a body, text in it, and once more.
const DEPTH: usize = 4;

/// What a statement is judged by besides its words.
struct Around<'a> {
    /// Roles that stood on the server before.
    stood: &'a [String],
    /// Whether the statement asks for the name of the database it runs in.
    own: bool,
}

fn reach(sql: &str, depth: usize, around: &Around<'_>) -> Option<CannotRun> {
    let tokens = words(sql);
    let starts = if depth > 0 { tokens.len() } else { 1 };
    (0..starts.min(tokens.len())).find_map(|start| {
        let token = &tokens[start];
        if token.quoted {
            // A body, or text that a body executes.
            return if depth > 1 { reach(&token.text, depth - 1, around) } else { None };
        }
        let end = tokens[start..].iter().position(|token| token.is(";"));
        let end = end.map_or(tokens.len(), |end| start + end);
        what(&tokens[start..end], around).map(|what| CannotRun {
            reason: format!(
                "{what} reaches beyond the database, and would change the server of --postgres-url"
            ),
            way_out: "leave --postgres-url out: on a throwaway server it may run; or accept this \
                      migration by name in the policy of the base branch"
                .into(),
        })
    })
}

/// A word, a name or a sign; a text's contents where it is quoted.
struct Word {
    text: String,
    quoted: bool,
    name: bool,
}

impl Word {
    fn is(&self, word: &str) -> bool {
        !self.quoted && self.text == word
    }
}

/// The words of a statement: keywords upper case, names as the server knows them.
fn words(sql: &str) -> Vec<Word> {
    let mut at = 0;
    let mut found = Vec::new();
    for token in tokenize(sql) {
        let text = &sql[at..at + token.len as usize];
        at += token.len as usize;
        let word = |text: String, quoted, name| Word { text, quoted, name };
        match token.kind {
            TokenKind::Whitespace
            | TokenKind::LineComment
            | TokenKind::BlockComment { .. }
            | TokenKind::Eof => {}
            TokenKind::Ident => found.push(word(text.to_uppercase(), false, false)),
            TokenKind::QuotedIdent { .. } => {
                let inner = text.trim_matches('"').replace("\"\"", "\"");
                found.push(word(inner, false, true));
            }
            TokenKind::Literal { .. } => found.push(word(unquoted(text), true, false)),
            _ => found.push(word(text.into(), false, false)),
        }
    }
    found
}

/// The contents of a text literal: between its dollar quotes or single quotes.
fn unquoted(text: &str) -> String {
    if let Some(rest) = text.strip_prefix('$') {
        let tag = rest.find('$').map_or(0, |end| end + 2);
        return text.get(tag..text.len().saturating_sub(tag)).unwrap_or_default().to_owned();
    }
    let inner = text.find('\'').map_or(text, |start| &text[start + 1..]);
    inner.strip_suffix('\'').unwrap_or(inner).replace("''", "'")
}

/// What a statement reaches beyond the database for; the words begin with its first.
fn what(words: &[Word], around: &Around<'_>) -> Option<String> {
    let word = |index: usize| words.get(index).filter(|w| !w.name && !w.quoted);
    let text = |index: usize| word(index).map_or("", |word| word.text.as_str());
    let (verb, object) = (text(0), text(1));
    let stood = around.stood;
    // A name that is put in at run time.
    let put_in = |index: usize| around.own && words.get(index).is_none_or(|word| word.is("%"));
    let said = || Some(format!("{verb} {object}"));
    match (verb, object) {
        ("ALTER", "DATABASE") if put_in(2) => None,
        ("ALTER", "SYSTEM") | ("CREATE" | "ALTER" | "DROP", "TABLESPACE" | "DATABASE") => said(),
        ("ALTER" | "DROP", "ROLE" | "USER" | "GROUP") if text(2) != "MAPPING" => {
            let skipped = if text(2) == "IF" { 4 } else { 2 };
            let listed = if verb == "DROP" { words.len() } else { skipped + 1 };
            let names = words.get(skipped..listed.min(words.len())).unwrap_or_default();
            // ALTER GROUP … ADD USER gives a role to others; ours may be given.
            others(names, stood).then(said).flatten()
        }
        ("DROP" | "REASSIGN", "OWNED") => {
            let by = words.iter().position(|word| word.is("BY"))? + 1;
            let to = words.iter().position(|word| word.is("TO")).unwrap_or(words.len());
            others(words.get(by..to)?, stood).then(said).flatten()
        }
        ("COMMENT", "ON") if matches!(text(2), "ROLE" | "DATABASE" | "TABLESPACE") => {
            let ours = text(2) == "ROLE" && !others(words.get(3..4)?, stood);
            (!ours).then(|| format!("COMMENT ON {}", text(2)))
        }
        ("GRANT" | "REVOKE", _) => {
            let on = words.iter().position(|word| !word.name && word.is("ON"));
            if let Some(on) = on {
                let target = text(on + 1);
                if target == "DATABASE" && put_in(on + 2) {
                    return None;
                }
                return matches!(target, "DATABASE" | "TABLESPACE" | "PARAMETER")
                    .then(|| format!("{verb} … ON {target}"));
            }
            let arrow = if verb == "GRANT" { "TO" } else { "FROM" };
            let arrow = words.iter().position(|word| !word.name && word.is(arrow))?;
            let first = words.iter().position(|word| !word.name && word.is("FOR"));
            let first = first.map_or(1, |place| place + 1);
            let end = words[arrow..].iter().position(|word| {
                !word.name
                    && matches!(word.text.as_str(), "WITH" | "GRANTED" | "CASCADE" | "RESTRICT")
            });
            let end = end.map_or(words.len(), |end| arrow + end);
            // A membership of a role that is ours goes with that role.
            (others(words.get(first..arrow)?, stood) && others(&words[arrow + 1..end], stood))
                .then(|| format!("{verb} of a role"))
        }
        _ => None,
    }
}

/// Whether these words name a role that is not ours: one that stood before, one that is meant by
/// a keyword or is not spelled out.
fn others(names: &[Word], stood: &[String]) -> bool {
    names.iter().filter(|word| !word.is(",")).any(|word| {
        let name = if word.name { word.text.clone() } else { word.text.to_lowercase() };
        let spelled = !word.quoted
            && (word.name || name.starts_with(|c: char| c == '_' || c.is_alphabetic()));
        let keyword = !word.name
            && matches!(
                name.as_str(),
                "all" | "current_user" | "session_user" | "current_role" | "user"
            );
        !spelled || keyword || stood.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RepoPath, TransactionMode};
    use crate::sql::statements;

    fn refused(sql: &str) -> bool {
        let path = RepoPath::new("x.sql").unwrap();
        let script = Script::whole(path, sql.into(), TransactionMode::Bare);
        let stood = ["postgres", "lim", "noc", "pg_monitor", "Ärzte"].map(str::to_owned);
        refusal(&script, &statements(&script), &stood).is_some()
    }

    #[test]
    fn what_reaches_beyond_the_database_is_refused() {
        for sql in [
            "ALTER ROLE lim NOLOGIN",
            "SELECT 1; alter user LIM SET search_path = x;",
            "ALTER ROLE \"Ärzte\" NOLOGIN",
            "ALTER ROLE ALL SET work_mem = '5MB'",
            "ALTER ROLE CURRENT_USER SET work_mem = '5MB'",
            "ALTER GROUP noc ADD USER app",
            "DROP ROLE IF EXISTS app, lim;",
            "DROP USER lim",
            "GRANT pg_monitor TO noc",
            "GRANT pg_monitor TO app, noc WITH ADMIN OPTION",
            "REVOKE ADMIN OPTION FOR pg_monitor FROM noc CASCADE",
            "ALTER SYSTEM SET work_mem = '5MB'",
            "CREATE TABLESPACE x LOCATION '/x'",
            "DROP DATABASE shop",
            "ALTER DATABASE shop SET work_mem = '5MB'",
            "GRANT CONNECT ON DATABASE shop TO app",
            "DROP OWNED BY lim",
            "REASSIGN OWNED BY app, lim TO x",
            "COMMENT ON ROLE lim IS 'x'",
            "DO $$ BEGIN IF true THEN ALTER ROLE lim NOLOGIN; END IF; END $$",
            "DO $$ BEGIN EXECUTE 'GRANT pg_monitor TO noc'; END $$",
            "CREATE FUNCTION f() RETURNS void AS 'ALTER ROLE lim NOLOGIN' LANGUAGE sql",
        ] {
            assert!(refused(sql), "{sql}");
        }
    }

    #[test]
    fn what_stays_in_the_database_or_is_ours_runs() {
        for sql in [
            "CREATE ROLE app LOGIN IN ROLE noc; ALTER ROLE app NOLOGIN; DROP ROLE IF EXISTS app",
            "GRANT app TO noc; GRANT pg_monitor TO app; REVOKE app FROM noc",
            "GRANT SELECT ON t TO lim; REVOKE ALL ON SCHEMA public FROM noc",
            "GRANT USAGE ON SCHEMA database TO lim",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO lim",
            "ALTER TABLE t OWNER TO lim; DROP OWNED BY app; REASSIGN OWNED BY app TO lim",
            "CREATE TABLE role (grant_to text); SELECT 'ALTER ROLE lim NOLOGIN'",
            "CREATE USER MAPPING FOR lim SERVER s; ALTER USER MAPPING FOR lim SERVER s OPTIONS (x '1')",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE app; END IF; END $$",
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 1', current_database()); END $$",
            "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' RESET ALL'; END $$",
            "CREATE TABLE t (a text DEFAULT 'drop database x')",
            "COMMENT ON ROLE app IS 'x'; COMMENT ON TABLE t IS 'ALTER SYSTEM'",
        ] {
            assert!(!refused(sql), "{sql}");
        }
    }
}
