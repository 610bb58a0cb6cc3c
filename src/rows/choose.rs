//! Which tables a migration may touch, and the order to fill them in.

use std::collections::BTreeSet;

use super::words;
use crate::model::{Family, Table, TableName};

/// Filling more would take longer than it is worth.
const MOST: usize = 60;

/// Words by which a script reaches tables that it does not name.
const ALL_TABLES: [&str; 6] = [
    "information_schema",
    "pg_class",
    "pg_tables",
    "pg_attribute",
    "sqlite_master",
    "sqlite_schema",
];
/// Words that may reach down to rows that refer to others.
const CASCADES: [&str; 4] = ["delete", "drop", "truncate", "update"];

/// The tables that a text of SQL names, by themselves or by a type, and those tied to them by
/// references; parents before children, as far as circles allow.
#[must_use]
pub fn choose<'a>(tables: &'a [Table], text: &str) -> Vec<&'a Table> {
    let said: BTreeSet<String> = words(text).collect();
    let says = |word: &str| said.contains(&word.to_lowercase());
    let all = ALL_TABLES.iter().any(|word| says(word));
    let mut chosen: BTreeSet<&TableName> = tables
        .iter()
        .filter(|table| {
            all || says(&table.name.name)
                || table
                    .columns
                    .iter()
                    .any(|column| type_word(&column.type_name, &column.family).is_some_and(says))
        })
        .map(|table| &table.name)
        .take(MOST)
        .collect();
    if CASCADES.iter().any(|word| says(word)) {
        let children = tables.iter().filter(|table| {
            table.references.iter().any(|reference| chosen.contains(&reference.parent))
        });
        let children: Vec<&TableName> = children.map(|table| &table.name).collect();
        let room = MOST.saturating_sub(chosen.len());
        chosen.extend(children.into_iter().take(room));
    }
    loop {
        let parents: Vec<&TableName> = tables
            .iter()
            .filter(|table| chosen.contains(&table.name))
            .flat_map(|table| table.references.iter().map(|reference| &reference.parent))
            .filter(|parent| !chosen.contains(parent))
            .collect();
        if parents.is_empty() {
            break;
        }
        chosen.extend(parents);
    }
    in_order(tables.iter().filter(|table| chosen.contains(&table.name)).collect())
}

/// The name of a type of the schema's own.
fn type_word<'a>(name: &'a str, family: &Family) -> Option<&'a str> {
    let own = matches!(family, Family::Enum(_) | Family::Other(_));
    own.then(|| name.trim_end_matches("[]").rsplit('.').next().unwrap_or(name).trim_matches('"'))
}

/// Parents first. Of a circle the table comes first that waits for the fewest others, then that
/// which was listed first.
fn in_order(mut waiting: Vec<&Table>) -> Vec<&Table> {
    let mut ordered: Vec<&Table> = Vec::new();
    while !waiting.is_empty() {
        let missing = |table: &Table| {
            let others = table.references.iter().filter(|reference| {
                reference.parent != table.name
                    && waiting.iter().any(|other| other.name == reference.parent)
            });
            // A reference that may be NULL can wait.
            others
                .map(|reference| if must_refer(table, &reference.columns) { 100 } else { 1 })
                .sum()
        };
        let costs: Vec<usize> = waiting.iter().map(|table| missing(table)).collect();
        let next = (0..waiting.len()).min_by_key(|at| costs[*at]).unwrap_or_default();
        ordered.push(waiting.remove(next));
    }
    ordered
}

/// Whether no column of a reference may be NULL.
pub(super) fn must_refer(table: &Table, columns: &[String]) -> bool {
    columns.iter().all(|name| table.column(name).is_some_and(|column| column.not_null))
}
