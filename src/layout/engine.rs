//! For which engine a set is written, where no tool says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

use super::Reading;
use crate::model::{EngineKind, RepoPath, Script, Tree};

/// What speaks for an engine: words in sequence (`*` stands for any one token), and how much.
struct Sign {
    engine: EngineKind,
    weight: u32,
    words: &'static [&'static str],
}

const fn sign(engine: EngineKind, weight: u32, words: &'static [&'static str]) -> Sign {
    Sign { engine, weight, words }
}

const DOLLAR_QUOTE: &str = "$$";

/// The score from which an engine is told: one thing that others hardly take, or several habits.
/// A set on the wrong engine passes or fails for nothing, so it is rather asked for.
const ENOUGH: u32 = 3;

/// 4: no other engine takes it; 3: others hardly do; 2: usual here, known elsewhere; 1: a habit.
const SIGNS: &[Sign] = {
    use EngineKind::{Mysql, Postgres, Sqlite};
    &[
        sign(Postgres, 4, &["CREATE", "EXTENSION"]),
        sign(Postgres, 4, &["PLPGSQL"]),
        sign(Postgres, 4, &["BIGSERIAL"]),
        sign(Postgres, 4, &["TIMESTAMPTZ"]),
        sign(Postgres, 4, &["TSVECTOR"]),
        sign(Postgres, 4, &["REGCLASS"]),
        sign(Postgres, 4, &["BYTEA"]),
        sign(Postgres, 3, &["SERIAL"]),
        sign(Postgres, 3, &["JSONB"]),
        sign(Postgres, 3, &[":", ":"]),
        sign(Postgres, 3, &[DOLLAR_QUOTE]),
        sign(Postgres, 3, &["CONCURRENTLY"]),
        sign(Postgres, 3, &["WITH", "TIME", "ZONE"]),
        sign(Postgres, 3, &["USING", "GIN"]),
        sign(Postgres, 3, &["USING", "GIST"]),
        sign(Postgres, 3, &["USING", "BRIN"]),
        sign(Postgres, 3, &["ALTER", "COLUMN", "*", "TYPE"]),
        sign(Postgres, 3, &["CREATE", "TYPE"]),
        sign(Postgres, 3, &["ALTER", "TYPE"]),
        sign(Postgres, 3, &["COMMENT", "ON"]),
        sign(Postgres, 3, &["ALTER", "TABLE", "ONLY"]),
        sign(Postgres, 3, &["AS", "IDENTITY"]),
        sign(Postgres, 3, &["OWNER", "TO"]),
        sign(Postgres, 3, &["MATERIALIZED", "VIEW"]),
        sign(Postgres, 3, &["ROW", "LEVEL", "SECURITY"]),
        sign(Postgres, 3, &["RETURNS", "TRIGGER"]),
        sign(Postgres, 3, &["TEXT", "[", "]"]),
        sign(Postgres, 2, &["CHARACTER", "VARYING"]),
        sign(Postgres, 2, &["PUBLIC", "."]),
        sign(Postgres, 1, &["CREATE", "SCHEMA"]),
        sign(Postgres, 1, &["ALTER", "COLUMN", "*", "SET"]),
        sign(Postgres, 1, &["ALTER", "COLUMN", "*", "DROP"]),
        sign(Postgres, 1, &["USING", "BTREE"]),
        sign(Postgres, 1, &["UUID"]),
        sign(Sqlite, 4, &["AUTOINCREMENT"]),
        sign(Sqlite, 4, &["PRAGMA"]),
        sign(Sqlite, 4, &["WITHOUT", "ROWID"]),
        sign(Sqlite, 4, &["SQLITE_MASTER"]),
        sign(Sqlite, 4, &["SQLITE_SCHEMA"]),
        sign(Sqlite, 4, &["FTS5"]),
        sign(Sqlite, 4, &["STRFTIME", "("]),
        sign(Sqlite, 4, &["JULIANDAY", "("]),
        sign(Sqlite, 4, &["UNIXEPOCH", "("]),
        sign(Sqlite, 3, &[")", "STRICT"]),
        sign(Sqlite, 3, &["INSERT", "OR", "REPLACE"]),
        sign(Sqlite, 3, &["INSERT", "OR", "IGNORE"]),
        sign(Sqlite, 3, &["RAISE", "(", "ABORT"]),
        sign(Sqlite, 3, &["DATETIME", "(", ""]),
        sign(Sqlite, 3, &["GLOB"]),
        sign(Sqlite, 1, &["INTEGER", "PRIMARY", "KEY"]),
        sign(Sqlite, 1, &["TEXT", "PRIMARY", "KEY"]),
        // A time as a whole number, where there is no type for one.
        sign(Sqlite, 1, &["TIMESTAMP", "INTEGER"]),
        sign(Sqlite, 1, &["CREATED_AT", "INTEGER"]),
        sign(Sqlite, 1, &["UPDATED_AT", "INTEGER"]),
        sign(Sqlite, 1, &["DELETED_AT", "INTEGER"]),
        sign(Mysql, 4, &["AUTO_INCREMENT"]),
        sign(Mysql, 4, &["ENGINE", "="]),
        sign(Mysql, 1, &["`"]),
        sign(Mysql, 3, &["UNSIGNED"]),
        sign(Mysql, 3, &["ON", "UPDATE", "CURRENT_TIMESTAMP"]),
        sign(Mysql, 3, &["MODIFY", "COLUMN"]),
        sign(Mysql, 2, &["CHARACTER", "SET"]),
        sign(Mysql, 1, &["LONGBLOB"]),
        sign(Mysql, 1, &["LONGTEXT"]),
        sign(Mysql, 1, &["MEDIUMTEXT"]),
        sign(Mysql, 1, &["TINYINT"]),
    ]
};

/// The engine of a set and what it was seen by; `None` where nothing tells or two are as likely.
///
/// A folder's name is a person's word and counts before the SQL.
#[must_use]
pub fn guess_engine(tree: &Tree, reading: &Reading) -> Option<(EngineKind, String)> {
    by_folder(tree).or_else(|| by_sql(tree.root(), reading))
}

fn by_folder(tree: &Tree) -> Option<(EngineKind, String)> {
    // The nearest folder that names one engine; one that names two tells nothing.
    tree.root().as_str().rsplit('/').find_map(|folder| {
        let mut engines: Vec<EngineKind> =
            folder.split(['-', '_', '.']).filter_map(named).collect();
        engines.dedup();
        match engines.as_slice() {
            [only] => Some((*only, format!("the folder `{folder}`"))),
            _ => None,
        }
    })
}

fn named(word: &str) -> Option<EngineKind> {
    match word.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" | "pg" => Some(EngineKind::Postgres),
        "sqlite" | "sqlite3" => Some(EngineKind::Sqlite),
        "mysql" | "mariadb" => Some(EngineKind::Mysql),
        _ => None,
    }
}

/// Each sign counts once per script, so that one long file does not outvote the others.
fn by_sql(root: &RepoPath, reading: &Reading) -> Option<(EngineKind, String)> {
    let mut score = [0_u32; 3];
    let mut best: [Option<(u32, String)>; 3] = [None, None, None];
    let scripts = reading.migrations.iter().flat_map(|migration| {
        let down = migration.down.step().and_then(|step| step.script());
        migration.up.script().into_iter().chain(down)
    });
    for script in scripts {
        for sign in signs(script) {
            let Some(slot) = slot(sign.engine) else { continue };
            score[slot] = score[slot].saturating_add(sign.weight);
            if best[slot].as_ref().is_none_or(|(weight, _)| *weight < sign.weight) {
                let file = script.path.below(root).unwrap_or(script.path.as_str());
                let reason = format!("\"{}\" in {file}", spelled(sign.words));
                best[slot] = Some((sign.weight, reason));
            }
        }
    }
    let most = *score.iter().max()?;
    let mut winners =
        ENGINES.into_iter().filter(|engine| slot(*engine).map(|at| score[at]) == Some(most));
    let winner = winners.next()?;
    if most < ENOUGH || winners.next().is_some() {
        return None;
    }
    let (_, reason) = best[slot(winner)?].take()?;
    Some((winner, reason))
}

const ENGINES: [EngineKind; 3] = [EngineKind::Postgres, EngineKind::Sqlite, EngineKind::Mysql];

fn slot(engine: EngineKind) -> Option<usize> {
    ENGINES.iter().position(|known| *known == engine)
}

fn spelled(words: &[&str]) -> String {
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    let text = words.join(" ").replace("* ", "… ").replace(": :", "::");
    text.strip_suffix(" (").map(str::to_owned).unwrap_or(text)
}

/// The signs by the words they begin with, by their places.
static BEGINNINGS: LazyLock<BTreeMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut beginnings: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, sign) in SIGNS.iter().enumerate() {
        let first = sign.words.first().copied().unwrap_or_default();
        beginnings.entry(first).or_default().push(at);
    }
    beginnings
});

/// The signs that stand in a script, each once.
fn signs(script: &Script) -> impl Iterator<Item = &'static Sign> {
    let upper = script.text.to_ascii_uppercase();
    let words = words(script, &upper);
    let mut found = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let signs = BEGINNINGS.get(*word).into_iter().flatten();
        found.extend(signs.filter(|sign| begins_with(&words[at..], SIGNS[**sign].words)));
    }
    found.into_iter().map(|at: &usize| &SIGNS[*at])
}

fn begins_with(words: &[&str], sign: &[&str]) -> bool {
    words.len() >= sign.len()
        && words.iter().zip(sign).all(|(word, wanted)| *wanted == "*" || word == wanted)
}

/// The script's tokens, which are taken from its text in upper case; what is quoted is empty,
/// comments are left out.
fn words<'a>(script: &Script, upper: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for section in &script.sections {
        let text = script.text.get(section.clone()).unwrap_or("");
        let upper = upper.get(section.clone()).unwrap_or("");
        let mut at = 0;
        for token in tokenize(text) {
            let end = at + token.len as usize;
            let word = match token.kind {
                TokenKind::Whitespace
                | TokenKind::LineComment
                | TokenKind::BlockComment { .. }
                | TokenKind::Eof => None,
                TokenKind::Literal { kind: LiteralKind::DollarQuotedString { .. } } => {
                    Some(DOLLAR_QUOTE)
                }
                TokenKind::Literal { kind: LiteralKind::Int { .. } } => upper.get(at..end),
                TokenKind::Literal { .. } | TokenKind::QuotedIdent { .. } => Some(""),
                _ => upper.get(at..end),
            };
            found.extend(word);
            at = end;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::by_name;
    use super::super::tests::{tree, tree_at};
    use super::*;

    fn guess(files: &[(&str, &str)]) -> Option<(EngineKind, String)> {
        let tree = tree(files);
        guess_engine(&tree, &by_name("sqlx").unwrap().read(&tree))
    }

    #[test]
    fn the_folder_counts_before_the_sql() {
        for (root, engine) in [
            ("crates/shop-server-postgres/migrations", Some(EngineKind::Postgres)),
            ("db/SQLite3", Some(EngineKind::Sqlite)),
            ("mariadb/migrations", Some(EngineKind::Mysql)),
            ("db/pg-sqlite", None),
            ("page/upgrade", None),
        ] {
            let tree = tree_at(root, &[]);
            let found = guess_engine(&tree, &Reading::default()).map(|(engine, _)| engine);
            assert_eq!(found, engine, "{root}");
        }
    }

    #[test]
    fn words_in_strings_and_comments_do_not_count() {
        assert_eq!(guess(&[("1_a.sql", "-- SERIAL\nSELECT 'AUTOINCREMENT', \"PRAGMA\";")]), None);
        let (engine, reason) = guess(&[("1_a.sql", "create table t (id bigserial)")]).unwrap();
        assert_eq!((engine, reason.as_str()), (EngineKind::Postgres, "\"BIGSERIAL\" in 1_a.sql"));
    }

    #[test]
    fn each_engine_is_seen_by_its_own() {
        let engine = |sql| guess(&[("1_a.sql", sql)]).map(|(engine, _)| engine);
        assert_eq!(engine("SELECT a::int"), Some(EngineKind::Postgres));
        assert_eq!(engine("ALTER TABLE t ALTER COLUMN \"a\" TYPE int"), Some(EngineKind::Postgres));
        assert_eq!(engine("CREATE TABLE t (a int) STRICT;"), Some(EngineKind::Sqlite));
        assert_eq!(engine("CREATE TABLE `t` (a int) ENGINE=InnoDB"), Some(EngineKind::Mysql));
        assert_eq!(engine("CREATE TABLE t (a int)"), None);
    }

    #[test]
    fn what_several_engines_take_does_not_tell() {
        let engine = |sql| guess(&[("1_a.sql", sql)]).map(|(engine, _)| engine);
        for sql in [
            "CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT);",
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (k TEXT PRIMARY KEY);",
            "CREATE TABLE a (id UUID);",
            "CREATE TABLE a (n CHARACTER VARYING(9));",
            "CREATE TABLE a (t DATETIME(6));",
            "CREATE TABLE `a` (`id` integer PRIMARY KEY);",
        ] {
            assert_eq!(engine(sql), None, "{sql}");
        }
        assert_eq!(engine("SELECT datetime('now')"), Some(EngineKind::Sqlite));
        let habits = "create table h (id text primary key, timestamp integer);";
        let many = [("1_a.sql", habits), ("2_b.sql", habits)];
        assert_eq!(guess(&many).map(|(engine, _)| engine), Some(EngineKind::Sqlite));
    }

    #[test]
    fn a_tie_is_no_answer() {
        assert_eq!(guess(&[("1_a.sql", "PRAGMA x;"), ("2_b.sql", "CREATE EXTENSION y;")]), None);
    }
}
