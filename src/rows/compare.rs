//! What became of rows: those the up changed, and those the down does not give back.

use std::collections::{BTreeMap, BTreeSet};

use super::steady::{is_steady, show, shown};
use super::{mentions, value};
use crate::model::{Column, Family, LossCause, LostValues, ReadRow, RowsChanged, Table, TableName};

/// How many examples a loss shows.
const EXAMPLES: usize = 3;

/// A table with the rows that stand in it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The table.
    pub table: Table,
    /// Its rows.
    pub rows: Vec<ReadRow>,
    /// All rows are ours, so no value differs from run to run.
    pub ours: bool,
}

type Cell = Option<String>;

impl Standing {
    fn of<'a>(all: &'a [Self], name: &TableName) -> Option<&'a Self> {
        all.iter().find(|standing| standing.table.name == *name)
    }

    /// The rows by the values of these columns, or `None` where two are alike in them.
    fn by(&self, key: &[String]) -> Option<BTreeMap<Vec<Cell>, &ReadRow>> {
        let mut rows = BTreeMap::new();
        for row in &self.rows {
            let name = key.iter().map(|column| cell(row, column)).collect();
            if rows.insert(name, row).is_some() {
                return None;
            }
        }
        Some(rows)
    }
}

fn cell(row: &ReadRow, column: &str) -> Cell {
    row.iter().find(|(name, _)| name == column).and_then(|(_, value)| value.clone())
}

/// The columns of one table that the other has too, with the same type.
fn common<'a>(one: &'a Table, other: &Table) -> Vec<&'a Column> {
    let same = |column: &&Column| {
        other.column(&column.name).is_some_and(|found| found.type_name == column.type_name)
    };
    one.columns.iter().filter(same).collect()
}

/// The rows of two states of a table, matched.
struct Matched<'a> {
    /// Rows that stand in both, as they were and as they are.
    pairs: Vec<(&'a ReadRow, &'a ReadRow)>,
    /// Rows that are gone.
    gone: Vec<&'a ReadRow>,
    /// How many rows are new.
    new: usize,
}

/// Matches by the primary key, else whole rows, else by their order. A key that does not stand in
/// `between` does not name the same rows afterwards.
fn matched<'a>(
    before: &'a Standing,
    after: &'a Standing,
    between: Option<&Standing>,
) -> Matched<'a> {
    let columns = common(&before.table, &after.table);
    let key = before.table.primary_key();
    let stays = |name: &str| between.is_none_or(|table| table.table.column(name).is_some());
    let usable = !key.is_empty()
        && key.iter().all(|name| stays(name) && columns.iter().any(|c| c.name == *name));
    if usable && let (Some(old), Some(new)) = (before.by(key), after.by(key)) {
        let pairs: Vec<_> =
            old.iter().filter_map(|(key, row)| Some((*row, *new.get(key)?))).collect();
        let gone = old.iter().filter(|(key, _)| !new.contains_key(*key)).map(|(_, row)| *row);
        let fresh = new.len() - pairs.len();
        return Matched { pairs, gone: gone.collect(), new: fresh };
    }
    // Rows without a name: those found again unchanged first, then the rest side by side.
    let essence = |row: &ReadRow| -> Vec<Cell> {
        columns.iter().map(|column| cell(row, &column.name)).collect()
    };
    let mut rest: Vec<&ReadRow> = after.rows.iter().collect();
    rest.sort_by_key(|row| essence(row));
    let mut old: Vec<&ReadRow> = before.rows.iter().collect();
    old.sort_by_key(|row| essence(row));
    let mut pairs = Vec::new();
    let mut unmatched = Vec::new();
    for row in old {
        match rest.iter().position(|other| essence(other) == essence(row)) {
            Some(at) => pairs.push((row, rest.remove(at))),
            None => unmatched.push(row),
        }
    }
    let both = unmatched.len().min(rest.len());
    let gone = unmatched.split_off(both);
    let new = rest.split_off(both).len();
    pairs.extend(unmatched.into_iter().zip(rest));
    Matched { pairs, gone, new }
}

/// What an up did to the rows of tables that stand before and after it.
#[must_use]
pub fn changed(before: &[Standing], after: &[Standing]) -> Vec<RowsChanged> {
    let mut found = Vec::new();
    for old in before {
        let Some(new) = Standing::of(after, &old.table.name) else { continue };
        let columns = common(&old.table, &new.table);
        let matched = matched(old, new, None);
        let differs = |(one, other): &&(&ReadRow, &ReadRow)| {
            columns.iter().any(|column| cell(one, &column.name) != cell(other, &column.name))
        };
        let changed = RowsChanged {
            table: old.table.name.spoken(),
            inserted: matched.new,
            updated: matched.pairs.iter().filter(differs).count(),
            deleted: matched.gone.len(),
        };
        if changed.inserted + changed.updated + changed.deleted > 0 {
            found.push(changed);
        }
    }
    found.sort();
    found
}

/// The values that stood `before` the up and are gone after the `down`; `after` is the state
/// between them and `scripts` the text of both scripts.
#[must_use]
pub fn lost(
    before: &[Standing],
    after: &[Standing],
    down: &[Standing],
    scripts: &str,
) -> Vec<LostValues> {
    let mut found = Vec::new();
    for old in before.iter().filter(|old| !old.rows.is_empty()) {
        // A table or a column that does not come back is a difference of the schema.
        let Some(new) = Standing::of(down, &old.table.name) else { continue };
        let look =
            Look { old, between: Standing::of(after, &old.table.name), before, after, scripts };
        let matched = matched(old, new, look.between);
        found.extend(look.rows(&matched));
        for column in common(&old.table, &new.table) {
            found.extend(look.values(&matched, column));
        }
    }
    found.sort();
    found
}

/// One table, looked at.
struct Look<'a> {
    old: &'a Standing,
    /// The table after the up, where it stands.
    between: Option<&'a Standing>,
    before: &'a [Standing],
    after: &'a [Standing],
    scripts: &'a str,
}

impl Look<'_> {
    fn rows(&self, matched: &Matched<'_>) -> Option<LostValues> {
        if matched.gone.is_empty() {
            return None;
        }
        let cause = match self.between.map(|between| self::matched(self.old, between, None)) {
            None => LossCause::Dropped,
            Some(up) if matched.gone.iter().all(|row| up.gone.contains(row)) => LossCause::Deleted,
            Some(_) => LossCause::Down,
        };
        // Where every value of the rows stands elsewhere, the up moved them.
        let told = self
            .old
            .table
            .columns
            .iter()
            .find(|column| !column.not_null || column.default.is_none());
        let kept_in = told.filter(|_| cause == LossCause::Dropped).and_then(|column| {
            let values = matched.gone.iter().map(|row| cell(row, &column.name));
            self.kept(&values.collect::<Vec<_>>())
        });
        let example = |row: &&ReadRow| {
            let cells = shown(&self.old.table, row, &[], self.old.ours).into_iter().take(3);
            let cells = cells.map(|(name, value)| format!("{name} = {}", show(value.as_deref())));
            cells.collect::<Vec<_>>().join(", ")
        };
        let examples: Vec<String> = matched.gone.iter().take(1).map(example).collect();
        Some(LostValues {
            table: self.old.table.name.spoken(),
            column: None,
            count: matched.gone.len(),
            of: self.old.rows.len(),
            examples: examples.into_iter().filter(|text| !text.is_empty()).collect(),
            cause,
            kept_in,
        })
    }

    fn values(&self, matched: &Matched<'_>, column: &Column) -> Option<LostValues> {
        let name = &column.name;
        let pairs = matched.pairs.iter().map(|(old, new)| (cell(old, name), cell(new, name)));
        // What the engine derives from other columns is none of its own.
        if matches!(&column.family, Family::Other(name) if name == "tsvector") {
            return None;
        }
        // Nothing is lost where nothing was, and the clock, which triggers write, goes on.
        let gone: Vec<(Cell, Cell)> = pairs
            .filter(|(old, new)| old.is_some() && old != new && !by_clock(column, new))
            .collect();
        if gone.is_empty() {
            return None;
        }
        let values: Vec<Cell> = gone.iter().map(|(old, _)| old.clone()).collect();
        let cause = self.cause(column, &values);
        let kept_in = if cause == LossCause::Dropped { self.kept(&values) } else { None };
        let mut examples = Vec::new();
        let steady = |old: &Cell| is_steady(column, old.as_deref(), self.old.ours);
        for (old, new) in gone.iter().filter(|(old, _)| steady(old)) {
            let new = match new {
                Some(new) if !self.is_told(column, old.as_deref().unwrap_or_default(), new) => {
                    "another value".into()
                }
                new => show(new.as_deref()),
            };
            let example = format!("{} → {new}", show(old.as_deref()));
            if !examples.contains(&example) && examples.len() < EXAMPLES {
                examples.push(example);
            }
        }
        Some(LostValues {
            table: self.old.table.name.spoken(),
            column: Some(name.clone()),
            count: gone.len(),
            of: self.old.rows.iter().filter(|row| cell(row, name).is_some()).count(),
            examples,
            cause,
            kept_in,
        })
    }

    fn cause(&self, column: &Column, lost: &[Cell]) -> LossCause {
        let Some(between) = self.between else { return LossCause::Dropped };
        let Some(found) = between.table.column(&column.name) else { return LossCause::Dropped };
        if found.type_name != column.type_name {
            return LossCause::Changed;
        }
        let up = matched(self.old, between, None);
        let still: BTreeSet<Cell> = up
            .pairs
            .iter()
            .map(|(old, new)| (cell(old, &column.name), cell(new, &column.name)))
            .filter(|(old, new)| old == new)
            .map(|(old, _)| old)
            .collect();
        if lost.iter().all(|value| still.contains(value)) {
            LossCause::Down
        } else {
            LossCause::Changed
        }
    }

    /// The column that is new with the up and holds all these values, of which there are several.
    fn kept(&self, values: &[Cell]) -> Option<String> {
        let values: BTreeSet<&str> = values.iter().filter_map(Option::as_deref).collect();
        if values.len() < 2 {
            return None;
        }
        for standing in self.after {
            let old = Standing::of(self.before, &standing.table.name);
            for column in &standing.table.columns {
                if old.is_some_and(|old| old.table.column(&column.name).is_some()) {
                    continue;
                }
                let held: BTreeSet<String> =
                    standing.rows.iter().filter_map(|row| cell(row, &column.name)).collect();
                if values.iter().all(|value| held.contains(*value)) {
                    return Some(format!("{}.{}", standing.table.name.spoken(), column.name));
                }
            }
        }
        None
    }

    /// Whether a value that stands after the down is the same in every run, as far as can be
    /// told: it is made of the old one, or the scripts speak of it.
    fn is_told(&self, column: &Column, old: &str, new: &str) -> bool {
        if matches!(column.family, Family::Date | Family::Timestamp) {
            return value::is_own_date(new);
        }
        let small = new.is_empty()
            || new == "0"
            || new == "1"
            || new.len() == 1 && !new.as_bytes()[0].is_ascii_digit();
        small
            || old.contains(new)
            || new.contains(old)
            || mentions(self.scripts, new)
            || new.len() > 2 && self.scripts.contains(new)
    }
}

/// Whether a moment is neither ours nor a script's, so that the clock gave it.
fn by_clock(column: &Column, new: &Cell) -> bool {
    matches!(column.family, Family::Date | Family::Timestamp)
        && new.as_deref().is_some_and(|new| !value::is_own_date(new))
}
