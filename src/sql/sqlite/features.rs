//! Which release of SQLite a statement needs: <https://sqlite.org/changes.html>.

use sqlite3_parser::lexer::Scanner;
use sqlite3_parser::lexer::sql::Tokenizer;

use super::{Act, read};

/// Something that older releases do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feature {
    /// What it is, as people write it.
    pub name: &'static str,
    /// The first release that knows it: 35 for 3.35.
    pub since: u32,
}

const fn feature(name: &'static str, since: u32) -> Feature {
    Feature { name, since }
}

/// Features that a run of words tells.
const WORDS: &[(&[&str], Feature)] = &[
    (&["RETURNING"], feature("RETURNING", 35)),
    (&["DO", "NOTHING"], feature("ON CONFLICT … DO", 24)),
    (&["DO", "UPDATE"], feature("ON CONFLICT … DO", 24)),
    (&["AS", "MATERIALIZED", "("], feature("MATERIALIZED", 35)),
    (&["AS", "NOT", "MATERIALIZED", "("], feature("MATERIALIZED", 35)),
    (&["RIGHT", "JOIN"], feature("RIGHT JOIN", 39)),
    (&["RIGHT", "OUTER", "JOIN"], feature("RIGHT JOIN", 39)),
    (&["FULL", "JOIN"], feature("FULL JOIN", 39)),
    (&["FULL", "OUTER", "JOIN"], feature("FULL JOIN", 39)),
    (&["IS", "DISTINCT", "FROM"], feature("IS DISTINCT FROM", 39)),
    (&["IS", "NOT", "DISTINCT", "FROM"], feature("IS NOT DISTINCT FROM", 39)),
    (&["NULLS", "FIRST"], feature("NULLS FIRST", 30)),
    (&["NULLS", "LAST"], feature("NULLS LAST", 30)),
    (&[")", "OVER", "("], feature("window functions", 25)),
    (&[")", "FILTER", "("], feature("FILTER on a function", 30)),
    (&["->"], feature("the -> operator", 38)),
    (&["->>"], feature("the ->> operator", 38)),
    (&["IIF", "("], feature("iif()", 32)),
    (&["UNIXEPOCH", "("], feature("unixepoch()", 38)),
    (&["UNHEX", "("], feature("unhex()", 41)),
    (&["TIMEDIFF", "("], feature("timediff()", 43)),
    (&["CONCAT", "("], feature("concat()", 44)),
    (&["CONCAT_WS", "("], feature("concat_ws()", 44)),
    (&["STRING_AGG", "("], feature("string_agg()", 44)),
];

/// Everything in a statement that is newer than SQLite 3.8, oldest first.
#[must_use]
pub fn features(text: &str) -> Vec<Feature> {
    let words = words(text);
    let mut found: Vec<Feature> = read::acts(text).iter().flat_map(of_act).collect();
    for at in 0..words.len() {
        let rest = &words[at..];
        let told = WORDS.iter().filter(|(run, _)| {
            rest.len() >= run.len() && run.iter().zip(rest).all(|(want, word)| want == word)
        });
        found.extend(told.map(|(_, feature)| *feature));
        if rest[0].starts_with("JSONB") && rest.get(1).is_some_and(|next| next == "(") {
            found.push(feature("JSONB functions", 45));
        }
    }
    found.sort_by_key(|feature| (feature.since, feature.name));
    found.dedup();
    found
}

fn of_act(act: &Act) -> Vec<Feature> {
    let generated = feature("generated columns", 31);
    match act {
        Act::CreateTable(table) => {
            let mut found = Vec::new();
            if table.strict {
                found.push(feature("STRICT", 37));
            }
            if table.columns.iter().any(|column| column.generated.is_some()) {
                found.push(generated);
            }
            found
        }
        Act::AddColumn { column, .. } if column.generated.is_some() => vec![generated],
        Act::DropColumn => vec![feature("DROP COLUMN", 35)],
        Act::RenameColumn => vec![feature("RENAME COLUMN", 25)],
        Act::AlterConstraint => vec![feature("ALTER TABLE of constraints", 53)],
        Act::Update { from: true, .. } => vec![feature("UPDATE … FROM", 33)],
        _ => Vec::new(),
    }
}

/// The statement's tokens in upper case. Text and names in quotes are one sign that stands for
/// no word.
fn words(text: &str) -> Vec<String> {
    let word = |token: String| {
        let quoted = token.starts_with(['\'', '"', '`', '[']);
        if quoted { "''".to_owned() } else { token.to_ascii_uppercase() }
    };
    tokens(text).map(word).collect()
}

/// A statement's tokens as written, without white space and comments.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = String> {
    let mut scanner = Scanner::new(Tokenizer::new());
    std::iter::from_fn(move || match scanner.scan(text.as_bytes()) {
        // The token itself lacks the question mark of a parameter.
        Ok((start, Some(_), end)) => text.get(start..end).map(str::to_owned),
        _ => None,
    })
}
