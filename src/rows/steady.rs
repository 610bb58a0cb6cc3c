//! Which values are the same in every run, so that a report may show them.

use super::value;
use crate::model::{Column, Family, ReadRow, Table, printable};

/// How many cells of a row are shown.
const CELLS: usize = 8;

/// The longest that a value is shown.
const LENGTH: usize = 40;

/// A value as a report shows it.
#[must_use]
pub fn show(value: Option<&str>) -> String {
    // Types of a fixed length fill up with spaces.
    let Some(value) = value.map(str::trim_end) else { return "NULL".into() };
    let clipped: String = value.chars().take(LENGTH).collect();
    let more = if clipped.len() < value.len() { "…" } else { "" };
    format!("'{}{more}'", printable(&clipped))
}

/// Whether a value of a column is the same in every run: written in a script or made by us, and
/// not by the clock or by chance. `ours` says that all rows of the table are ours.
pub(super) fn is_steady(column: &Column, value: Option<&str>, ours: bool) -> bool {
    let Some(value) = value else { return true };
    match column.family {
        // A trigger may have put the hour in the place of ours.
        Family::Date | Family::Timestamp => value::is_own_date(value),
        Family::Time | Family::Other(_) => ours && column.default.is_none(),
        Family::Uuid => value::is_own_uuid(value),
        _ if ours => true,
        _ => column.default.as_deref().is_none_or(|default| {
            !default.contains('(') && !default.to_lowercase().contains("current_")
        }),
    }
}

/// The cells of a row that may be shown, those of `wanted` columns and of the primary key before
/// others, in the order of the row.
#[must_use]
pub fn shown(table: &Table, row: &ReadRow, wanted: &[&str], ours: bool) -> ReadRow {
    let may = |name: &str, value: Option<&str>| {
        // What is no column was counted by the query.
        table.column(name).is_none_or(|column| is_steady(column, value, ours))
    };
    let first =
        |name: &str| wanted.contains(&name) || table.primary_key().iter().any(|key| key == name);
    let cells: Vec<_> = row.iter().filter(|(name, value)| may(name, value.as_deref())).collect();
    let mut room = CELLS.saturating_sub(cells.iter().filter(|(name, _)| first(name)).count());
    let kept = cells.into_iter().filter(|(name, _)| {
        let more = !first(name) && room > 0;
        room -= usize::from(more);
        first(name) || more
    });
    kept.cloned().collect()
}
