//! The sets of a report: a table for each that is touched, a line for the others.

use std::fmt::{self, Write as _};

use super::super::escape::{code, text};
use super::super::words::{self, Mark, shorten};
use super::{MAX_NAME, MAX_ROWS, SHORTEN, emoji, name};
use crate::model::{MigrationReport, Report, SetReport};

/// Up to this many bytes there are tables of sets: the rest is for the findings.
const MAX_TABLES: usize = SHORTEN / 2;
/// Bytes of the names of other sets, at most.
const MAX_OTHERS: usize = 4_000;

/// The touched sets, as many as have room.
pub(super) fn touched(report: &Report, page: &mut String) -> fmt::Result {
    let mut left = 0;
    for set in report.sets.iter().filter(|set| is_touched(set)) {
        let table = table(report, set)?;
        if page.len() + table.len() <= MAX_TABLES {
            page.push_str(&table);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        writeln!(page, "… and {}, all in the JSON report.\n", words::number(left, "more set"))?;
    }
    Ok(())
}

/// The sets that are not touched.
pub(super) fn others(report: &Report, page: &mut String) -> fmt::Result {
    let mut line = String::new();
    let mut left = 0;
    for set in report.sets.iter().filter(|set| !is_touched(set)) {
        let next = format!("{} ({})", name(&set.name), words::extent(report, set));
        if line.len() + next.len() > MAX_OTHERS {
            left += 1;
            continue;
        }
        let joint = if line.is_empty() { "" } else { ", " };
        write!(line, "{joint}{next}")?;
    }
    match left {
        0 if line.is_empty() => Ok(()),
        0 => writeln!(page, "Other sets: {line}.\n"),
        _ => writeln!(page, "Other sets: {line} and {left} more.\n"),
    }
}

fn table(report: &Report, set: &SetReport) -> Result<String, fmt::Error> {
    let mut table = String::new();
    let page = &mut table;
    let path = set.path.to_string();
    // A set that was found without configuration bears its folder's name.
    let path = if set.name == path { String::new() } else { format!("{} · ", name(&path)) };
    writeln!(page, "### {}\n", name(&set.name))?;
    writeln!(
        page,
        "{path}{} · {}\n",
        text(&shorten(&words::tools(set), MAX_NAME)),
        words::extent(report, set)
    )?;
    schemas(report, set, page)?;
    if set.migrations.is_empty() {
        return Ok(table);
    }
    page.push_str("| | migration | class | dry run |\n|---|---|---|---|\n");
    let rows = set.migrations.len().min(MAX_ROWS);
    for migration in &set.migrations[..rows] {
        let mark = emoji(Mark::of_migration(report, &set.name, migration));
        let inferred = if migration.class_declared { "" } else { " (inferred)" };
        let (id, class) = (name(&migration.id), code(migration.class.name()));
        let walk = match words::is_elsewhere(report, &set.name, &migration.id) {
            true => "in another shard".to_owned(),
            false => walk(migration),
        };
        writeln!(page, "| {mark} | {id} | {class}{inferred} | {walk} |")?;
    }
    if let Some(more) = set.migrations.len().checked_sub(rows).filter(|more| *more > 0) {
        writeln!(page, "| | … and {more} more | | |")?;
    }
    writeln!(page)?;
    Ok(table)
}

/// The config schemas of a set, where it has any.
fn schemas(report: &Report, set: &SetReport, page: &mut String) -> fmt::Result {
    if set.schemas.is_empty() {
        return Ok(());
    }
    page.push_str("| | schema | compatibility | documents |\n|---|---|---|---|\n");
    let rows = set.schemas.len().min(MAX_ROWS);
    for schema in &set.schemas[..rows] {
        let mark = emoji(Mark::of_schema(report, &set.name, schema));
        let comparisons = schema.comparisons.iter().map(|one| {
            let against = text(&shorten(&one.against, MAX_NAME));
            let sign = Mark::of_comparison(one).sign();
            format!("{} to {against} {sign} {}", one.direction.name(), one.verdict)
        });
        let comparisons = comparisons.take(MAX_ROWS).collect::<Vec<_>>().join(" · ");
        let (schema_name, change) = (name(&schema.name), schema.change.name());
        let impact = words::impact(schema);
        writeln!(page, "| {mark} | {schema_name} ({change}) | {comparisons} | {impact} |")?;
    }
    if let Some(more) = set.schemas.len().checked_sub(rows).filter(|more| *more > 0) {
        writeln!(page, "| | … and {more} more | | |")?;
    }
    writeln!(page)
}

fn walk(migration: &MigrationReport) -> String {
    let steps: Vec<String> = migration
        .steps
        .iter()
        .map(|(name, outcome, _)| {
            let (mark, word) = Mark::of_step(name, outcome);
            match word {
                Some(word) => format!("{name} {} **{word}**", mark.sign()),
                None => format!("{name} {}", mark.sign()),
            }
        })
        .collect();
    if steps.is_empty() { "not run".to_owned() } else { steps.join(" · ") }
}

/// Whether there is anything to show of a set besides its name.
fn is_touched(set: &SetReport) -> bool {
    !set.migrations.is_empty() || !set.schemas.is_empty()
}
