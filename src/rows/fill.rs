//! The rows of one table: ordinary ones first, then awkward ones made from the first of them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::blame::{Avoid, Shun};
use super::choose::must_refer;
use super::condition::{conditioned, wanted};
use super::value::{self, Edge};
use crate::model::{Column, NewRow, ReadRow, Table, TableName, Value};

/// How many ordinary rows a table gets.
const ORDINARY: u32 = 3;
/// Where the numbers of late rows begin, after those of the awkward ones.
const LATE: u32 = ORDINARY + 6;
/// How many ways are tried to meet a table's conditions.
const MOST_VARIANTS: usize = 14;

/// The rows that stand in the tables filled so far.
pub type Stock = BTreeMap<TableName, Vec<ReadRow>>;

/// The ordinary rows of a table, each with the ways to try in turn.
///
/// # Errors
/// Why there can be none, in words.
pub fn ordinary(table: &Table, stock: &Stock) -> Result<Vec<Vec<NewRow>>, String> {
    numbered(table, stock, 0..ORDINARY)
}

/// More ordinary rows, for a table whose parents came after it: now there is something to refer
/// to.
///
/// # Errors
/// Why there can be none, in words.
pub fn late(table: &Table, stock: &Stock) -> Result<Vec<Vec<NewRow>>, String> {
    numbered(table, stock, LATE..LATE + 2)
}

fn numbered(table: &Table, stock: &Stock, numbers: Range<u32>) -> Result<Vec<Vec<NewRow>>, String> {
    let variants = Variants::new(table);
    numbers
        .map(|number| {
            let mut tries = Vec::new();
            for variant in 0..variants.count {
                let row = row(table, stock, &variants, number, variant)?;
                if !tries.contains(&row) {
                    tries.push(row);
                }
            }
            Ok(tries)
        })
        .collect()
}

/// How the values that conditions speak of vary from one try to the next.
struct Variants {
    /// For each column the values its conditions may want; empty for others.
    wanted: Vec<Vec<Value>>,
    /// Whether a condition speaks of the column.
    conditioned: Vec<bool>,
    /// The columns that may be NULL.
    nullable: Vec<usize>,
    /// Tries with wanted values, the plain one before them.
    plain: usize,
    count: usize,
}

impl Variants {
    fn new(table: &Table) -> Self {
        let mut wanted_by = vec![Vec::new(); table.columns.len()];
        let mut spoken_of = vec![false; table.columns.len()];
        for at in conditioned(table) {
            wanted_by[at] = wanted(table, &table.columns[at]);
            spoken_of[at] = true;
        }
        let nullable: Vec<usize> =
            (0..table.columns.len()).filter(|at| !table.columns[*at].not_null).collect();
        let plain = 1 + wanted_by.iter().map(Vec::len).max().unwrap_or_default().min(8);
        // Then: every NULL that may be, all of them and all but one of the conditioned ones.
        let exclusive = nullable.iter().filter(|at| spoken_of[**at]).count();
        // And at last the plainest words.
        let count = (plain + 2 + exclusive).min(MOST_VARIANTS) + 1;
        Self { wanted: wanted_by, conditioned: spoken_of, nullable, plain, count }
    }

    /// The value of a column in a try; `None` for its ordinary one.
    fn value(&self, table: &Table, at: usize, variant: usize, number: usize) -> Option<Value> {
        if variant == 0 {
            return None;
        }
        if variant + 1 == self.count {
            let number = u32::try_from(number).unwrap_or_default();
            return value::word(&table.columns[at].family, number);
        }
        if variant >= self.plain && self.nullable.contains(&at) {
            let mut conditioned = self.nullable.iter().filter(|at| self.conditioned[**at]);
            let spared = (variant - self.plain).checked_sub(2).and_then(|one| conditioned.nth(one));
            if spared != Some(&at) {
                return Some(Value::Null);
            }
        }
        let turn =
            if variant < self.plain { variant - 1 } else { usize::from(variant > self.plain) };
        let wanted = &self.wanted[at];
        wanted.get((turn + number).checked_rem(wanted.len())?).cloned()
    }
}

impl Table {
    fn is_key(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.columns.iter().any(|column| column == name))
    }
}

/// One ordinary row in one of its variants.
fn row(
    table: &Table,
    stock: &Stock,
    variants: &Variants,
    number: u32,
    variant: usize,
) -> Result<NewRow, String> {
    let referred = references(table, stock, number)?;
    let mut values = Vec::new();
    for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| !column.generated) {
        let index = usize::try_from(number).unwrap_or_default();
        let varied = variants.value(table, at, variant, index);
        let value = match (referred.get(&column.name), varied) {
            (Some(_), Some(Value::Null)) => Some(Value::Null),
            (Some(value), _) => Some(value.clone()),
            (None, Some(value)) => Some(value),
            (None, None) => value::ordinary(column, at, number, table.is_key(&column.name)),
        };
        match value {
            Some(value) => values.push((column.name.clone(), value)),
            None if !column.not_null || column.default.is_some() => {}
            None => {
                return Err(format!(
                    "no value is known for {} of type {}",
                    column.name, column.type_name
                ));
            }
        }
    }
    Ok(NewRow { values })
}

/// The values of the columns that refer to other rows.
fn references(
    table: &Table,
    stock: &Stock,
    number: u32,
) -> Result<BTreeMap<String, Value>, String> {
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    let mut references: Vec<_> = table.references.iter().collect();
    // One that fixes many columns leaves no choice to those that share some of them.
    references.sort_by_key(|reference| std::cmp::Reverse(reference.columns.len()));
    for reference in references {
        let pairs: Vec<_> = reference.columns.iter().zip(&reference.parent_columns).collect();
        if reference.parent == table.name {
            own(table, &pairs, number, &mut values);
            continue;
        }
        let parents = stock.get(&reference.parent).map_or(&[][..], Vec::as_slice);
        let index = usize::try_from(number).unwrap_or_default();
        let fits = |parent: &&ReadRow| {
            pairs.iter().all(|(own, other)| {
                values.get(*own).is_none_or(|known| Some(known) == cell(parent, other).as_ref())
            })
        };
        let fitting: Vec<&ReadRow> = parents.iter().filter(fits).collect();
        match index.checked_rem(fitting.len()).map(|at| fitting[at]) {
            Some(parent) => {
                for (own, other) in pairs {
                    let value = cell(parent, other).unwrap_or(Value::Null);
                    values.entry(own.clone()).or_insert(value);
                }
            }
            None if must_refer(table, &reference.columns) => {
                return Err(format!("no row of {} can be referred to", reference.parent.spoken()));
            }
            None => {
                for (own, _) in pairs {
                    if table.column(own).is_some_and(|column| !column.not_null) {
                        values.insert(own.clone(), Value::Null);
                    }
                }
            }
        }
    }
    Ok(values)
}

/// A reference to the same table: the first row refers to nothing, or to itself where it must;
/// the others refer to the first.
fn own(
    table: &Table,
    pairs: &[(&String, &String)],
    number: u32,
    values: &mut BTreeMap<String, Value>,
) {
    let columns: Vec<String> = pairs.iter().map(|(own, _)| (*own).clone()).collect();
    let free = !must_refer(table, &columns);
    for (own, other) in pairs {
        let Some(at) = table.columns.iter().position(|column| column.name == **other) else {
            continue;
        };
        let nullable = table.column(own).is_some_and(|column| !column.not_null);
        let value = match (number, free && nullable) {
            (0, true) => Some(Value::Null),
            (_, true) => value::ordinary(&table.columns[at], at, 0, true),
            (_, false) => value::ordinary(&table.columns[at], at, number, true),
        };
        if let Some(value) = value {
            values.entry((*own).clone()).or_insert(value);
        }
    }
}

fn cell(row: &ReadRow, column: &str) -> Option<Value> {
    let (_, value) = row.iter().find(|(name, _)| name == column)?;
    Some(value.clone().map_or(Value::Null, Value::Text))
}

/// The awkward rows of a table, each with the ways to try in turn: repeated values wherever no key
/// forbids them, NULL wherever it may be, names of rows that are not there, and the edges of what
/// the columns take. `base` is a row that the table took; what `shun` names stays ordinary.
#[must_use]
pub fn awkward(table: &Table, stock: &Stock, base: &NewRow, shun: &[Shun]) -> Vec<Vec<NewRow>> {
    let mut spoken_of = vec![false; table.columns.len()];
    for at in conditioned(table) {
        spoken_of[at] = true;
    }
    let maker = Maker { table, stock, base, shun, conditioned: spoken_of };
    let mut rows = Vec::new();
    rows.push(maker.tries(ORDINARY, false, &|_| None));
    if table.keys.iter().any(|key| key.parts.len() > 1) {
        rows.push(maker.tries(ORDINARY + 1, true, &|_| None));
    }
    rows.push(
        maker.tries(ORDINARY + 2, false, &|column| (!column.not_null).then_some(Value::Null)),
    );
    let refers = |column: &Column| {
        table.references.iter().any(|reference| reference.columns.contains(&column.name))
    };
    let orphan = |column: &Column| {
        let named = column.name != "id" && value::is_id(&column.name) && !refers(column);
        if named { value::orphan(&column.family, ORDINARY + 3) } else { None }
    };
    if table.columns.iter().any(|column| orphan(column).is_some()) {
        rows.push(maker.tries(ORDINARY + 3, false, &orphan));
    }
    for (more, edge) in [(4, Edge::Most), (5, Edge::Least)] {
        let at_edge = |column: &Column| {
            // What names other rows has no edge.
            if refers(column) || value::is_id(&column.name) {
                return None;
            }
            value::edge(&column.family, edge)
        };
        rows.push(maker.tries(ORDINARY + more, false, &at_edge));
    }
    rows.retain(|tries| !tries.is_empty());
    rows
}

struct Maker<'a> {
    table: &'a Table,
    stock: &'a Stock,
    base: &'a NewRow,
    shun: &'a [Shun],
    conditioned: Vec<bool>,
}

impl Maker<'_> {
    /// A row like `base` with other values from `change`: first as odd as can be, then with keys
    /// of expressions kept apart, then with conditioned columns left alone.
    fn tries(
        &self,
        number: u32,
        last_of_key: bool,
        change: &dyn Fn(&Column) -> Option<Value>,
    ) -> Vec<NewRow> {
        let mut tries = Vec::new();
        for (spare_conditioned, part_keys) in [(false, false), (false, true), (true, true)] {
            if let Some(row) = self.row(number, last_of_key, change, spare_conditioned, part_keys)
                && !tries.contains(&row)
            {
                tries.push(row);
            }
        }
        tries
    }

    fn row(
        &self,
        number: u32,
        last_of_key: bool,
        change: &dyn Fn(&Column) -> Option<Value>,
        spare_conditioned: bool,
        part_keys: bool,
    ) -> Option<NewRow> {
        let plain = Variants {
            wanted: vec![vec![]; self.table.columns.len()],
            conditioned: vec![],
            nullable: vec![],
            plain: 1,
            count: 1,
        };
        let fresh = row(self.table, self.stock, &plain, number, 0).ok()?;
        let told_apart = self.told_apart(last_of_key, part_keys);
        let mut values = Vec::new();
        for (at, column) in self.table.columns.iter().enumerate() {
            let in_row = |row: &NewRow| {
                row.values
                    .iter()
                    .find(|(name, _)| *name == column.name)
                    .map(|(_, value)| value.clone())
            };
            let Some(base) = in_row(self.base) else { continue };
            let conditioned = spare_conditioned && self.conditioned[at];
            let shunned = self.shunned(&column.name);
            let value = if told_apart.contains(&column.name) || shunned == Some(Avoid::Repeat) {
                in_row(&fresh).unwrap_or(base)
            } else if conditioned || shunned.is_some() {
                base
            } else {
                change(column).unwrap_or(base)
            };
            values.push((column.name.clone(), value));
        }
        Some(NewRow { values })
    }

    fn shunned(&self, column: &str) -> Option<Avoid> {
        let hit =
            self.shun.iter().find(|shun| shun.table == self.table.name && shun.column == column);
        hit.map(|shun| shun.avoid)
    }

    /// The columns in which a row must differ from the others, so that every key is its own.
    fn told_apart(&self, last: bool, part_keys: bool) -> Vec<String> {
        let mut columns = Vec::new();
        for key in &self.table.keys {
            let own = if last { key.columns.last() } else { key.columns.first() };
            if key.predicate.is_none() {
                columns.extend(own.cloned());
            }
            if part_keys && (key.predicate.is_some() || key.columns.is_empty()) {
                let named = self.table.columns.iter().map(|column| &column.name);
                let parts = key.parts.join(" ");
                columns.extend(named.filter(|name| super::mentions(&parts, name)).cloned());
            }
        }
        columns
    }
}
