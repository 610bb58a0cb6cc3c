//! `dryrun/rewrites-table`

use super::work::{Work, list, works};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/rewrites-table",
        summary: "a statement writes a whole table anew while nobody can use it",
        why: "PostgreSQL copies every row and builds every index again under an ACCESS EXCLUSIVE \
              lock: on a table with many rows, everything that reads or writes it stands still \
              until that ends, and the disk holds it twice (see \
              https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES). \
              The sandbox saw the table's file change; it cannot know how many rows production \
              has.",
        fix: "Add a new column instead, fill it in batches and switch over in a later migration; \
              where the table is small or nobody uses it meanwhile, the rewrite is harmless.",
        levels: Levels::WARNING,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for work in works(cx).iter().flatten().filter(|work| work.rewrites()) {
        let names = list(&work.seen.rewrites);
        let message = if work.statement.starts_with(&["REINDEX"]) {
            format!("{names} is built again while nobody can use it")
        } else {
            format!("every row of {names} is written anew while nobody can read or write it")
        };
        sink.push(work.draft(message, Some(way_out(work))));
    }
}

/// The known way without.
fn way_out(work: &Work<'_>) -> &'static str {
    let first = work.statement.words.first().map_or("", String::as_str);
    match first {
        "REINDEX" => "use REINDEX CONCURRENTLY, outside a transaction",
        "REFRESH" => {
            "use REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on the view"
        }
        "ALTER" if work.says("STORED") => {
            "add a plain column, keep it filled by a trigger, and fill the old rows in batches"
        }
        "ALTER" if work.says("ADD") && work.says("DEFAULT") => {
            "add the column without the default, set the default in a second statement, and fill \
             the old rows in batches"
        }
        "ALTER" if work.says("TYPE") => {
            "add a column of the new type, keep both filled by a trigger, copy the old rows in \
             batches, and switch over in a later migration"
        }
        _ => "let it run in a maintenance window",
    }
}
