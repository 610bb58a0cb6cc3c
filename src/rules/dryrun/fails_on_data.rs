//! `dryrun/fails-on-data`

use super::engine_said;
use super::work::makes;
use crate::model::{DataFailure, Levels, MigrationEvidence, RuleMeta};
use crate::rules::{Check, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/fails-on-data",
        summary: "the up fails on rows that the schema before it allows",
        why: "Tests run on empty tables, production does not. The tables were filled with rows \
              that the schema before the up takes, repeated values, NULLs, dangling references and \
              values at the edges among them; the up runs without rows and fails on these. Where \
              no constraint or type refuses them but the script itself, such as a RAISE or an \
              arithmetic overflow, it is a warning.",
        fix: "Run the query on production to see whether such rows are there. Mend or remove them \
              in a migration before, or in the same script before the constraint; in PostgreSQL \
              add the constraint NOT VALID and validate it later.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for (at, seen) in cx.evidence.migrations.iter().enumerate() {
        let earlier = &cx.evidence.migrations[..at];
        for refused in seen.rows.iter().flat_map(|rows| &rows.refused) {
            // In a table that this change brings there is nothing but what the change puts there.
            if refused.table.as_deref().is_some_and(|table| is_new(cx, earlier, table)) {
                continue;
            }
            let draft = report(refused).migration(&seen.id);
            sink.push(if refused.by_schema { draft } else { draft.levels(Levels::WARNING) });
        }
    }
}

/// Whether an earlier migration of the change makes the table, which the schema `public` may hold.
fn is_new(cx: &EvidenceCx<'_>, earlier: &[MigrationEvidence], table: &str) -> bool {
    let qualified = format!("public.{table}");
    earlier.iter().any(|earlier| [table, &qualified].iter().any(|name| makes(cx, earlier, name)))
}

fn report(refused: &DataFailure) -> crate::rules::Draft {
    let DataFailure { failure, constraint, table, row, query, .. } = refused;
    let which = table.as_ref().map(|table| format!(" of {table}")).unwrap_or_default();
    let message =
        format!("the up fails on rows{which} that the schema allows: {}", failure.message);
    let mut draft = engine_said(failure, message);
    if !constraint.is_empty() {
        draft = draft.detail(format!("constraint: {constraint}"));
    }
    if !row.is_empty() {
        let cells: Vec<String> =
            row.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        draft = draft.detail(format!("such a row: {}", cells.join(", ")));
    }
    match query {
        // A query without a condition finds every row.
        Some(query) if !query.contains(" WHERE ") && !query.contains(" GROUP BY ") => draft.help(
            "any row will do: give the new column a default, or add it without the constraint, \
             fill it, and set the constraint after that",
        ),
        Some(query) => draft
            .detail(format!("query: {query}"))
            .help("run the query on production, and mend the rows it finds before this runs"),
        None => draft,
    }
}
