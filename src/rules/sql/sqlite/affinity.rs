//! `sql/sqlite-affinity`

use super::{draft, read};
use crate::model::EngineKind;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Direction, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, Column};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-affinity",
        summary: "the declared type makes SQLite turn text into numbers",
        why: "SQLite knows no types but five affinities, and finds the one of a column by looking \
              for pieces of words in the declared type (https://sqlite.org/datatype3.html#determination_of_column_affinity). \
              STRING holds none of them, so the column is NUMERIC: the post code '01067' is stored \
              as 1067 and '1e5' as 100000, and nothing brings them back. POINT holds INT, so the \
              column is INTEGER.",
        fix: "Declare the column as TEXT, REAL or BLOB, whichever is meant.",
        levels: Levels::WARNING,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    for placed in read(cx) {
        let (table, columns): (&str, &[Column]) = match &placed.act {
            // A strict table takes no such type.
            Act::CreateTable(new) if !new.strict => (&new.name, &new.columns),
            Act::AddColumn { table, column } => (table, std::slice::from_ref(column)),
            _ => continue,
        };
        for column in columns {
            let Some(kind) = &column.kind else { continue };
            let Some((affinity, instead)) = surprise(kind) else { continue };
            let name = &column.name;
            let message = format!(
                "{table}.{name} is declared {kind}, which SQLite takes for {affinity}: text that \
                 looks like a number is stored as one"
            );
            sink.push(draft(cx, placed.span, message).help(format!("declare it {instead}")));
        }
    }
}

/// The affinity that nobody expects of this type, and the type that is meant.
fn surprise(kind: &str) -> Option<(&'static str, &'static str)> {
    let kind = kind.to_ascii_uppercase();
    let is_known = |parts: &[&str]| parts.iter().any(|part| kind.contains(part));
    if kind.contains("INT") {
        let words = kind.split(|c: char| !c.is_ascii_alphanumeric());
        let by_accident = words.clone().any(is_accident) && !words.clone().any(is_integer);
        let instead = if is_known(&["FLOAT", "DOUBLE", "REAL"]) { "REAL" } else { "TEXT or BLOB" };
        return by_accident.then_some(("INTEGER", instead));
    }
    if is_known(&["CHAR", "CLOB", "TEXT", "BLOB", "REAL", "FLOA", "DOUB"]) {
        return None;
    }
    let is_string = |word: &str| word == "STRING" || word == "STR";
    let strings = kind.split(|c: char| !c.is_ascii_alphanumeric()).any(is_string);
    strings.then_some(("NUMERIC", "TEXT"))
}

/// Words in which INT stands by accident and whose values are no whole numbers. INTERVAL is left
/// out: what is kept in it does not look like a number.
fn is_accident(word: &str) -> bool {
    word.contains("INT") && !is_integer(word) && word != "INTERVAL"
}

/// `INT`, `INTEGER`, `BIGINT`, `UINT8`, `INT4`, …
fn is_integer(word: &str) -> bool {
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let Some(before) = bare.strip_suffix("INTEGER").or_else(|| bare.strip_suffix("INT")) else {
        return false;
    };
    let mut rest = before;
    while let Some(shorter) = ["UNSIGNED", "MEDIUM", "SMALL", "TINY", "LONG", "BIG", "U"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))
    {
        rest = shorter;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::surprise;

    /// What becomes of the text '01' in a column of that type.
    fn kept_as(kind: &str) -> String {
        let engine = Connection::open_in_memory().unwrap();
        engine
            .execute_batch(&format!("CREATE TABLE t (a {kind}); INSERT INTO t VALUES ('01');"))
            .unwrap();
        engine.query_row("SELECT typeof(a) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn only_what_hurts_is_a_surprise() {
        for (kind, affinity) in [
            ("STRING", "NUMERIC"),
            ("string", "NUMERIC"),
            ("FLOATING POINT", "INTEGER"),
            ("POINT", "INTEGER"),
            ("FINGERPRINT", "INTEGER"),
        ] {
            assert_eq!(surprise(kind).map(|(affinity, _)| affinity), Some(affinity), "{kind}");
            assert_eq!(kept_as(kind), "integer", "{kind}");
        }
        for kind in [
            "INTEGER",
            "BIG INT",
            "UNSIGNED BIG INT",
            "UINT8",
            "INT8",
            "BIGINT UNSIGNED",
            "TEXT",
            "DATETIME",
            "BOOLEAN",
            "DECIMAL",
            "JSON",
            "UUID",
            "INTERVAL",
            "VARCHAR",
            "DOUBLE",
            "",
        ] {
            assert_eq!(surprise(kind), None, "{kind}");
        }
    }
}
