//! Puts the rows of a trial in, and reads what stands in tables.

use std::collections::BTreeSet;

use super::trial::Trial;
use crate::engine::{Checkpoint, EngineError};
use crate::model::{Outcome, ReadRow, Table, TableName, identifier, printable};
use crate::rows::{self, Shun, Standing, Stock};

/// Tables with more rows than that are not compared.
const MOST_ROWS: usize = 2_000;

impl Trial<'_> {
    /// The set's own rows, then ours; gives the tables that stay empty, with the reason.
    pub(super) fn fill(
        &mut self,
        empty: &Checkpoint,
        shun: &[Shun],
        plain: bool,
        seeded: &mut Option<Outcome>,
    ) -> Result<Vec<(String, String)>, EngineError> {
        let mut stock = self.stock(empty, seeded)?;
        let mut stale = BTreeSet::new();
        let mut unfilled = Vec::new();
        let mut early = Vec::new();
        for (at, table) in self.chosen.iter().enumerate() {
            self.restock(table, &mut stock, &mut stale)?;
            if let Err(reason) = self.fill_table(table, &stock, shun, plain)? {
                let reason = printable(&reason).chars().take(160).collect();
                unfilled.push((table.name.spoken(), reason));
            }
            stale.insert(table.name.clone());
            if self.chosen[at + 1..].iter().any(|later| refers(table, later)) {
                early.push(*table);
            }
        }
        // Those of a circle that came first could refer to nothing.
        for table in early {
            self.restock(table, &mut stock, &mut stale)?;
            if let Ok(late) = rows::late(table, &stock) {
                self.target.load(&table.name, &late)?;
            }
        }
        self.target.loaded()?;
        Ok(unfilled)
    }

    /// Reads anew what a table refers to, where rows came since.
    fn restock(
        &mut self,
        table: &Table,
        stock: &mut Stock,
        stale: &mut BTreeSet<TableName>,
    ) -> Result<(), EngineError> {
        let is_due = |parent: &&&Table| stale.contains(&parent.name) && refers(table, parent);
        let parents: Vec<&Table> = self.chosen.iter().filter(is_due).copied().collect();
        for (parent, rows) in parents.iter().zip(self.read(&parents)?) {
            stale.remove(&parent.name);
            stock.insert(parent.name.clone(), rows);
        }
        Ok(())
    }

    /// The rows that stand there without ours, those of the set's seed among them.
    fn stock(
        &mut self,
        empty: &Checkpoint,
        seeded: &mut Option<Outcome>,
    ) -> Result<Stock, EngineError> {
        let mut stock = match &self.stood {
            Some(stock) => stock.clone(),
            None => self.stocked()?,
        };
        self.stood = Some(stock.clone());
        if let Some(seed) = self.seed.filter(|_| seeded.is_none()) {
            let outcome = self.execute(seed)?;
            if !outcome.is_done() {
                self.target.restore(empty)?;
                *seeded = Some(outcome);
            }
            stock = self.stocked()?;
        }
        let bare = |table: &&&Table| stock.get(&table.name).is_none_or(Vec::is_empty);
        self.own = self.chosen.iter().filter(bare).map(|table| table.name.clone()).collect();
        Ok(stock)
    }

    fn stocked(&mut self) -> Result<Stock, EngineError> {
        let names = self.chosen.iter().map(|table| table.name.clone());
        Ok(names.zip(self.read(self.chosen)?).collect())
    }

    /// Fills one table; the inner error is why it stays as it is.
    fn fill_table(
        &mut self,
        table: &Table,
        stock: &Stock,
        shun: &[Shun],
        plain: bool,
    ) -> Result<Result<(), String>, EngineError> {
        let tries = match rows::ordinary(table, stock) {
            Ok(tries) => tries,
            Err(reason) => return Ok(Err(reason)),
        };
        let taken = self.target.load(&table.name, &tries)?;
        let base = tries
            .iter()
            .zip(&taken)
            .find_map(|(tries, taken)| taken.as_ref().ok().and_then(|at| tries.get(*at)));
        let Some(base) = base else {
            let reason = taken.into_iter().find_map(Result::err);
            return Ok(Err(reason.unwrap_or_else(|| "no row was taken".into())));
        };
        if !plain {
            let awkward = rows::awkward(table, stock, base, shun);
            self.target.load(&table.name, &awkward)?;
        }
        Ok(Ok(()))
    }

    /// The rows of tables as far as they are looked at.
    fn read(&mut self, tables: &[&Table]) -> Result<Vec<Vec<ReadRow>>, EngineError> {
        // What cannot be read, be it by a policy of the table, is not compared.
        let found = self.target.query_all(&queries(tables))?;
        let mut found: Vec<Vec<ReadRow>> =
            found.into_iter().map(Result::unwrap_or_default).collect();
        // An engine gives rows in the order of its pages, which what was rolled back may change.
        found.iter_mut().for_each(|rows| rows.sort());
        Ok(found)
    }

    /// The tables with their rows, as far as these can be compared.
    pub(super) fn standing(&mut self, tables: &[&Table]) -> Result<Vec<Standing>, EngineError> {
        let found = self.read(tables)?;
        let few = tables.iter().zip(found).filter(|(_, rows)| rows.len() <= MOST_ROWS);
        Ok(few
            .map(|(table, rows)| Standing {
                table: (*table).clone(),
                rows,
                ours: self.own.contains(&table.name),
            })
            .collect())
    }
}

fn refers(table: &Table, parent: &Table) -> bool {
    table.references.iter().any(|reference| reference.parent == parent.name)
}

/// What reads the rows of tables as far as they are looked at.
pub(super) fn queries(tables: &[&Table]) -> Vec<String> {
    tables.iter().map(|table| query(table)).collect()
}

/// Every column is named, since an engine may hide some; a table without any has no rows to see.
fn query(table: &Table) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|column| identifier(&column.name)).collect();
    let (columns, most) = (columns.join(", "), MOST_ROWS + 1);
    let only = if columns.is_empty() { 0 } else { most };
    let columns = if columns.is_empty() { "NULL" } else { &columns };
    format!("SELECT {columns} FROM {} LIMIT {only}", table.source)
}
