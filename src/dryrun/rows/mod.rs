//! The up and the down over rows.
//!
//! ```text
//! rows that the schema allows ──► up ──► refused?  name the constraint, leave such rows out, again
//!                                 └────► accepted: what changed ──► down ──► what is lost
//! ```

mod fill;
mod known;
mod trial;

use std::collections::BTreeSet;

use super::attempt::Attempted;
use super::{Run, attempt};
use crate::engine::EngineError;
use crate::model::{Migration, Rollback, RowsEvidence, Script, Step, Table, TableName, Work};
use crate::rows;
pub(super) use known::Known;
use trial::{End, Trial};

impl Run<'_> {
    /// Fills the tables that a migration may touch with rows and runs its up and its down over
    /// them. Begins and ends in the state before the up; what is seen counts only where the up
    /// runs without rows.
    pub(super) fn over_rows(
        &mut self,
        migration: &Migration,
    ) -> Result<Option<RowsEvidence>, EngineError> {
        let Some(up) = migration.up.script() else { return Ok(None) };
        let down = match (self.rollback, migration.down.step()) {
            (Rollback::Script, Some(Step::Sql(script))) => Some(script),
            _ => None,
        };
        let tables = self.tables_now()?;
        let text = up.sql() + "\n" + &down.map(Script::sql).unwrap_or_default();
        let chosen = rows::choose(&tables, &text);
        if chosen.is_empty() {
            return Ok(None);
        }
        let others = others(&tables, &chosen);
        let scripts: Vec<&Script> = [Some(up), down, self.seed].into_iter().flatten().collect();
        for inside in [true, false] {
            if !self.target.begin_trial(&scripts, inside)? {
                continue;
            }
            let mut trial = Trial {
                target: self.target,
                up,
                down,
                seed: self.seed,
                tables: &tables,
                chosen: &chosen,
                others: &others,
                text: &text,
                inside,
                stood: None,
                own: BTreeSet::new(),
            };
            let end = trial.run()?;
            self.target.end_trial()?;
            match end {
                End::Seen(mut seen) => {
                    if !seen.refused.is_empty() && self.is_mended_before(up)? {
                        seen.refused.clear();
                    }
                    return Ok(Some(*seen));
                }
                End::Moot => return Ok(None),
                End::Doubtful => {}
            }
        }
        Ok(None)
    }

    /// Whether the earlier migrations of the same change leave only rows that an up accepts: then
    /// the one that fills a column makes way for the one that demands it. Where the change begins
    /// with nothing, there are no rows to begin with.
    fn is_mended_before(&mut self, up: &Script) -> Result<bool, EngineError> {
        let Some(start) = self.start.clone().filter(|_| !self.ups.is_empty()) else {
            return Ok(false);
        };
        let ups = self.ups.clone();
        let tables = self.start_tables.clone();
        let text: String = ups.iter().chain([up]).map(|script| script.sql() + "\n").collect();
        let chosen = rows::choose(&tables, &text);
        if chosen.is_empty() {
            return Ok(false);
        }
        self.target.restore(&start)?;
        self.target.begin_trial(&[], false)?;
        let mut trial = Trial {
            target: self.target,
            up,
            down: None,
            seed: self.seed,
            tables: &tables,
            chosen: &chosen,
            others: &[],
            text: &text,
            inside: false,
            stood: None,
            own: BTreeSet::new(),
        };
        let mended = trial.accepts_all(&ups)?;
        self.target.end_trial()?;
        for script in &ups {
            if !matches!(
                attempt::attempt(self.target, Work::Sql(script), None, None)?,
                Attempted::Done(_)
            ) {
                let message = "an up that ran before does not run again from the same state";
                return Err(EngineError::Broken(message.into()));
            }
        }
        Ok(mended)
    }
}

/// The tables that are not chosen.
fn others(tables: &[Table], chosen: &[&Table]) -> Vec<TableName> {
    let is_chosen = |table: &&Table| chosen.iter().any(|one| one.name == table.name);
    tables.iter().filter(|table| !is_chosen(table)).map(|table| table.name.clone()).collect()
}
