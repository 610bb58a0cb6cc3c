//! What the words of a statement tell where its tree is too much to ask.

use super::features::tokens;

/// Keywords after which an expression stands.
const BEFORE_EXPRESSIONS: &[&str] = &[
    "ALL",
    "AND",
    "BETWEEN",
    "BY",
    "CASE",
    "DISTINCT",
    "ELSE",
    "ESCAPE",
    "FROM",
    "GLOB",
    "HAVING",
    "IS",
    "LIKE",
    "LIMIT",
    "NOT",
    "OFFSET",
    "ON",
    "OR",
    "RETURNING",
    "SELECT",
    "THEN",
    "WHEN",
    "WHERE",
];

/// The functions that a statement calls, in lower case and in order. The names of tables and of
/// types may stand before a bracket too; what comes before them tells them from functions.
#[must_use]
pub fn calls(text: &str) -> Vec<String> {
    let words: Vec<String> = tokens(text).collect();
    let is_index = words.iter().take(3).any(|word| word.eq_ignore_ascii_case("INDEX"));
    let opens_expression = |word: &str| {
        let word = word.to_ascii_uppercase();
        let is_sign = !word.starts_with(|c: char| c.is_alphanumeric() || "_\"'`[).".contains(c));
        // The table of an index stands after ON as well.
        is_sign || (BEFORE_EXPRESSIONS.contains(&&*word) && !(is_index && word == "ON"))
    };
    let of = |run: &[String]| match run {
        [before, name, bracket] if bracket == "(" && opens_expression(before) => name
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
            .then(|| name.to_ascii_lowercase()),
        _ => None,
    };
    words.windows(3).filter_map(of).collect()
}

/// The parameters of a statement as written, in order: `?`, `?1`, `:name`, `@name`, `$name`.
#[must_use]
pub fn parameters(text: &str) -> Vec<String> {
    tokens(text).filter(|token| token.starts_with(['?', ':', '@', '$'])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_from_tables_types_and_text() {
        let one = |text: &str| calls(text).join(" ");
        assert_eq!(one("SELECT date('now'), 1 + Strftime('%s', a)"), "date strftime");
        assert_eq!(one("CREATE TABLE t (a TEXT DEFAULT (datetime('now')))"), "datetime");
        assert_eq!(one("SELECT 1 FROM a JOIN b ON date(a.x) = b.y"), "date");
        assert_eq!(one("CREATE INDEX i ON t (a, date(b)) WHERE time(c) > 1"), "date time");
        for none in [
            "CREATE TABLE date (a INTEGER, b DATETIME(6), \"time\" TEXT)",
            "CREATE TABLE IF NOT EXISTS main.date (a REFERENCES time (b))",
            "CREATE UNIQUE INDEX i ON date (a)",
            "INSERT INTO date (a) VALUES ('date(b)') -- date(c)",
            "SELECT [date], `time`, date FROM t",
        ] {
            assert_eq!(one(none), "", "{none}");
        }
    }

    #[test]
    fn parameters_are_told_from_text_and_operators() {
        let text = "INSERT INTO t VALUES (?, ?2, :name, @p, $1, ':no', a -> '$.x', \"@x\") -- ?";
        assert_eq!(parameters(text), ["?", "?2", ":name", "@p", "$1"]);
    }
}
