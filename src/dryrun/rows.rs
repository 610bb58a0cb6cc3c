//! The up and the down over rows.
//!
//! ```text
//! rows that the schema allows ──► up ──► refused?  name the constraint, leave such rows out, again
//!                                 └────► accepted: what changed ──► down ──► what is lost
//! ```

use std::collections::BTreeSet;

use super::attempt::Attempted;
use super::{Run, attempt};
use crate::engine::{Checkpoint, EngineError, Target};
use crate::model::{
    DataFailure, Failure, Migration, Outcome, ReadRow, Rollback, RowsChanged, RowsEvidence, Script,
    Step, StepEvidence, Table, TableName, identifier, printable,
};
use crate::rows::{self, Blame, Shun, Standing, Stock};

/// How many causes of refusal are told apart.
const CAUSES: usize = 5;
/// Tables with more rows than that are not compared.
const MOST_ROWS: usize = 2_000;

/// How a trial ended.
enum End {
    /// This was seen.
    Seen(Box<RowsEvidence>),
    /// The up does not run without rows either.
    Moot,
    /// The failure may come from the one transaction that the trial ran in.
    Doubtful,
}

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
        let tables = self.target.tables()?;
        let text = up.sql() + "\n" + &down.map(Script::sql).unwrap_or_default();
        let chosen = rows::choose(&tables, &text);
        if chosen.is_empty() {
            return Ok(None);
        }
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
                text: &text,
                inside,
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
}

impl Run<'_> {
    /// Whether the earlier migrations of the same change leave only rows that an up accepts: then
    /// the one that fills a column makes way for the one that demands it. Where the change begins
    /// with nothing, there are no rows to begin with.
    fn is_mended_before(&mut self, up: &Script) -> Result<bool, EngineError> {
        let Some(start) = self.start.clone().filter(|_| !self.ups.is_empty()) else {
            return Ok(false);
        };
        let ups = self.ups.clone();
        self.target.restore(&start)?;
        let tables = self.target.tables()?;
        let text: String = ups.iter().chain([up]).map(|script| script.sql() + "\n").collect();
        let chosen = rows::choose(&tables, &text);
        let mut mended = false;
        if !chosen.is_empty() {
            self.target.begin_trial(&[], false)?;
            let mut trial = Trial {
                target: self.target,
                up,
                down: None,
                seed: self.seed,
                tables: &tables,
                chosen: &chosen,
                text: &text,
                inside: false,
                own: BTreeSet::new(),
            };
            mended = trial.accepts_all(&ups)?;
            self.target.end_trial()?;
        }
        for script in &ups {
            if !matches!(attempt::attempt(self.target, script, None, None)?, Attempted::Done(_)) {
                let message = "an up that ran before does not run again from the same state";
                return Err(EngineError::Broken(message.into()));
            }
        }
        Ok(mended)
    }
}

struct Trial<'a> {
    target: &'a mut dyn Target,
    up: &'a Script,
    down: Option<&'a Script>,
    seed: Option<&'a Script>,
    /// Every table before the up.
    tables: &'a [Table],
    /// Those to fill.
    chosen: &'a [&'a Table],
    /// Both scripts.
    text: &'a str,
    inside: bool,
    /// Tables that held no row before ours.
    own: BTreeSet<TableName>,
}

impl Trial<'_> {
    fn run(&mut self) -> Result<End, EngineError> {
        let empty = self.target.checkpoint()?;
        let mut seen = RowsEvidence::default();
        let mut after = None;
        let mut shun: Vec<Shun> = Vec::new();
        let mut plain = false;
        while seen.refused.len() < CAUSES {
            seen.unfilled = self.fill(&empty, &shun, plain, &mut seen.seed)?;
            let before = self.standing(self.chosen)?;
            seen.loaded = before
                .iter()
                .filter(|standing| !standing.rows.is_empty())
                .map(|standing| (standing.table.name.spoken(), standing.rows.len()))
                .collect();
            let failure = match self.execute(self.up)? {
                Outcome::Done => return self.past_the_up(&before, seen),
                Outcome::Failed(failure) => failure,
                other => {
                    seen.up = Some(StepEvidence::ended(other));
                    return Ok(End::Seen(Box::new(seen)));
                }
            };
            if self.inside && !is_about_rows(&failure) {
                return Ok(End::Doubtful);
            }
            self.target.restore(&empty)?;
            let left = match after.take() {
                Some(tables) => tables,
                None if !self.execute(self.up)?.is_done() => return Ok(End::Moot),
                None => self.target.tables()?,
            };
            self.target.restore(&empty)?;
            let blame = rows::blame(&failure, self.statement(&failure), self.tables, &left);
            after = Some(left);
            let known = seen.refused.iter().any(|one| {
                (&one.constraint, one.table.as_ref(), &one.failure.location)
                    == (
                        &blame.constraint,
                        blame.table.as_ref().map(TableName::spoken).as_ref(),
                        &failure.location,
                    )
            });
            if !known {
                self.fill(&empty, &shun, plain, &mut seen.seed)?;
                seen.refused.push(self.refusal(failure, &blame)?);
                self.target.restore(&empty)?;
            }
            if known || blame.shun.is_empty() {
                if plain {
                    break;
                }
                plain = true;
            }
            shun.extend(blame.shun);
        }
        Ok(End::Seen(Box::new(seen)))
    }

    /// Whether other ups and then this one run over rows.
    fn accepts_all(&mut self, ups: &[Script]) -> Result<bool, EngineError> {
        let empty = self.target.checkpoint()?;
        let mut seeded = None;
        self.fill(&empty, &[], false, &mut seeded)?;
        for script in ups.iter().chain([self.up]) {
            if !self.execute(script)?.is_done() {
                return Ok(false);
            }
        }
        Ok(seeded.is_none())
    }

    /// Runs a script; a failure's detail shows rows as they are after new columns came, whose
    /// values may differ from run to run, so it is left out.
    fn execute(&mut self, script: &Script) -> Result<Outcome, EngineError> {
        match self.target.execute(script) {
            Ok(()) => Ok(Outcome::Done),
            Err(error) => Ok(match attempt::outcome(error)? {
                Outcome::Failed(failure) => Outcome::Failed(Failure { detail: None, ..failure }),
                other => other,
            }),
        }
    }

    fn statement(&self, failure: &Failure) -> &str {
        let here = failure.location.span.filter(|_| failure.location.path == self.up.path);
        let found = here.and_then(|span| self.up.text.get(span.start..span.end));
        // The place may be a single word; what stands around it says more.
        found.filter(|text| text.contains(char::is_whitespace)).unwrap_or(&self.up.text)
    }

    /// The set's own rows, then ours; gives the tables that stay empty, with the reason.
    fn fill(
        &mut self,
        empty: &Checkpoint,
        shun: &[Shun],
        plain: bool,
        seeded: &mut Option<Outcome>,
    ) -> Result<Vec<(String, String)>, EngineError> {
        let mut stock = Stock::new();
        self.own.clear();
        for table in self.chosen {
            let rows = self.read(table)?;
            if rows.is_empty() {
                self.own.insert(table.name.clone());
            }
            stock.insert(table.name.clone(), rows);
        }
        if let Some(seed) = self.seed.filter(|_| seeded.is_none()) {
            let outcome = self.execute(seed)?;
            if !outcome.is_done() {
                self.target.restore(empty)?;
                *seeded = Some(outcome);
            }
            for table in self.chosen {
                let rows = self.read(table)?;
                if !rows.is_empty() {
                    self.own.remove(&table.name);
                }
                stock.insert(table.name.clone(), rows);
            }
        }
        let mut unfilled = Vec::new();
        for table in self.chosen {
            if let Err(reason) = self.fill_table(table, &stock, shun, plain)? {
                let reason = printable(&reason).chars().take(160).collect();
                unfilled.push((table.name.spoken(), reason));
            }
            let refers = |other: &&&Table| {
                other.references.iter().any(|reference| reference.parent == table.name)
            };
            if self.chosen.iter().any(|other| refers(&other)) {
                stock.insert(table.name.clone(), self.read(table)?);
            }
        }
        self.target.loaded()?;
        Ok(unfilled)
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

    /// The rows of a table as far as they are looked at.
    fn read(&mut self, table: &Table) -> Result<Vec<ReadRow>, EngineError> {
        let columns: Vec<String> =
            table.columns.iter().map(|column| identifier(&column.name)).collect();
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let (columns, most) = (columns.join(", "), MOST_ROWS + 1);
        let sql = format!("SELECT {columns} FROM {} LIMIT {most}", table.source);
        // What cannot be read, be it by a policy of the table, is not compared.
        Ok(self.target.query(&sql)?.unwrap_or_default())
    }

    fn standing(&mut self, tables: &[&Table]) -> Result<Vec<Standing>, EngineError> {
        let mut found = Vec::new();
        for table in tables {
            let rows = self.read(table)?;
            if rows.len() <= MOST_ROWS {
                let ours = self.own.contains(&table.name);
                found.push(Standing { table: (*table).clone(), rows, ours });
            }
        }
        Ok(found)
    }

    /// What an accepted up changed, and what its down does not give back.
    fn past_the_up(
        &mut self,
        before: &[Standing],
        mut seen: RowsEvidence,
    ) -> Result<End, EngineError> {
        let tables = self.target.tables()?;
        let is_chosen = |table: &&Table| self.chosen.iter().any(|one| one.name == table.name);
        let is_new = |table: &&Table| !self.tables.iter().any(|one| one.name == table.name);
        let looked: Vec<&Table> =
            tables.iter().filter(|table| is_chosen(table) || is_new(table)).collect();
        let after = self.standing(&looked)?;
        seen.changed = rows::changed(before, &after);
        if !seen.changed.is_empty() {
            seen.again = self.second_run(&after)?;
        }
        let Some(down) = self.down else { return Ok(End::Seen(Box::new(seen))) };
        let outcome = self.execute(down)?;
        if let Outcome::Failed(failure) = &outcome
            && self.inside
            && !is_about_rows(failure)
        {
            return Ok(End::Doubtful);
        }
        if outcome.is_done() {
            let tables = self.target.tables()?;
            let looked: Vec<&Table> = tables
                .iter()
                .filter(|table| self.chosen.iter().any(|one| one.name == table.name))
                .collect();
            let end = self.standing(&looked)?;
            seen.lost = rows::lost(before, &after, &end, self.text);
        }
        seen.down = Some(StepEvidence::ended(outcome));
        Ok(End::Seen(Box::new(seen)))
    }

    /// What a second run of the up changes once more, where it runs at all; taken back.
    fn second_run(&mut self, after: &[Standing]) -> Result<Vec<RowsChanged>, EngineError> {
        let once = self.target.checkpoint()?;
        let mut changed = Vec::new();
        if self.execute(self.up)?.is_done() {
            let tables: Vec<&Table> = after.iter().map(|standing| &standing.table).collect();
            changed = rows::changed(after, &self.standing(&tables)?);
        }
        self.target.restore(&once)?;
        Ok(changed)
    }

    /// A refusal with a row that shows it, in the state before the up with all rows in it.
    fn refusal(&mut self, failure: Failure, blame: &Blame) -> Result<DataFailure, EngineError> {
        let mut query = blame.query.clone();
        let mut row = Vec::new();
        if let Some(sql) = &blame.query {
            let found = self.target.query(sql)?.unwrap_or_default();
            match found.into_iter().next() {
                Some(first) => row = self.shown(blame, &first),
                // What the query does not find here was made by the up itself.
                None => query = None,
            }
        }
        Ok(DataFailure {
            failure,
            constraint: blame.constraint.clone(),
            table: blame.table.as_ref().map(TableName::spoken),
            row,
            query,
            by_schema: blame.by_schema,
        })
    }

    /// The cells of a row that are the same in every run.
    fn shown(&self, blame: &Blame, row: &ReadRow) -> Vec<(String, String)> {
        let table = self.tables.iter().find(|table| Some(&table.name) == blame.table.as_ref());
        let Some(table) = table else { return Vec::new() };
        let wanted: Vec<&str> = blame.shun.iter().map(|shun| shun.column.as_str()).collect();
        let cells = rows::shown(table, row, &wanted, self.own.contains(&table.name));
        cells.into_iter().map(|(name, value)| (name, rows::show(value.as_deref()))).collect()
    }
}

/// Whether a failure comes from the values in rows and not from the transaction around them:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn is_about_rows(failure: &Failure) -> bool {
    let class = failure.code.as_deref().and_then(|code| code.get(..2));
    matches!(class, Some("21" | "22" | "23" | "P0"))
}
