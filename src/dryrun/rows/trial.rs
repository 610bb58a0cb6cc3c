//! One trial: the search for what refuses the rows, and what became of them.

use std::collections::BTreeSet;

use super::super::attempt;
use super::fill::queries;
use crate::engine::{Checkpoint, EngineError, Target};
use crate::model::{
    DataFailure, Failure, Outcome, ReadRow, RowsChanged, RowsEvidence, Script, StepEvidence, Table,
    TableName,
};
use crate::rows::{self, Blame, Shun, Standing, Stock};

/// How many causes of refusal are told apart.
const CAUSES: usize = 5;

/// How a trial ended.
pub(super) enum End {
    /// This was seen.
    Seen(Box<RowsEvidence>),
    /// The up does not run without rows either.
    Moot,
    /// The failure may come from the one transaction that the trial ran in.
    Doubtful,
}

/// What is known of the rows that an up takes.
#[derive(Default)]
struct Search {
    /// What was seen so far.
    seen: RowsEvidence,
    /// What rows have to avoid.
    shun: Vec<Shun>,
    /// Only ordinary rows are left to try.
    plain: bool,
    /// The tables that the up leaves where there are no rows.
    left: Option<Vec<Table>>,
}

/// What comes after a refusal.
enum Next {
    /// Other rows.
    Again,
    /// There are no others to try.
    Enough,
    /// The up does not run without rows either.
    Moot,
}

/// A trial of one up, which is under way on its target.
pub(super) struct Trial<'a> {
    pub(super) target: &'a mut dyn Target,
    pub(super) up: &'a Script,
    pub(super) down: Option<&'a Script>,
    pub(super) seed: Option<&'a Script>,
    /// Every table before the up.
    pub(super) tables: &'a [Table],
    /// Those to fill.
    pub(super) chosen: &'a [&'a Table],
    /// The names of the others that stand before the up.
    pub(super) others: &'a [TableName],
    /// Both scripts.
    pub(super) text: &'a str,
    pub(super) inside: bool,
    /// The rows that stood there before ours.
    pub(super) stood: Option<Stock>,
    /// Tables that held no row before ours.
    pub(super) own: BTreeSet<TableName>,
}

impl Trial<'_> {
    /// Looks for rows that the up takes; names what refuses others, then looks what it does.
    pub(super) fn run(&mut self) -> Result<End, EngineError> {
        let empty = self.target.checkpoint()?;
        let mut search = Search::default();
        while search.seen.refused.len() < CAUSES {
            let Search { seen, shun, plain, .. } = &mut search;
            seen.unfilled = self.fill(&empty, shun, *plain, &mut seen.seed)?;
            let before = self.standing(self.chosen)?;
            seen.loaded = before
                .iter()
                .filter(|standing| !standing.rows.is_empty())
                .map(|standing| (standing.table.name.spoken(), standing.rows.len()))
                .collect();
            match self.execute(self.up)? {
                Outcome::Done => return self.past_the_up(&before, search.seen),
                Outcome::Failed(failure) if self.inside && !is_about_rows(&failure) => {
                    return Ok(End::Doubtful);
                }
                Outcome::Failed(failure) => match self.refused(&empty, failure, &mut search)? {
                    Next::Again => {}
                    Next::Enough => break,
                    Next::Moot => return Ok(End::Moot),
                },
                other => {
                    search.seen.up = Some(StepEvidence::ended(other));
                    break;
                }
            }
        }
        Ok(End::Seen(Box::new(search.seen)))
    }

    /// Lays a refusal at a door, and says how to go on; ends in the state before the rows.
    fn refused(
        &mut self,
        empty: &Checkpoint,
        failure: Failure,
        search: &mut Search,
    ) -> Result<Next, EngineError> {
        self.target.restore(empty)?;
        let left = match search.left.take() {
            Some(tables) => tables,
            None if !self.execute(self.up)?.is_done() => return Ok(Next::Moot),
            None => self.target.tables(&[])?,
        };
        self.target.restore(empty)?;
        let blame = rows::blame(&failure, self.statement(&failure), self.tables, &left);
        search.left = Some(left);
        let table = blame.table.as_ref().map(TableName::spoken);
        let known = search.seen.refused.iter().any(|one| {
            one.constraint == blame.constraint
                && one.table == table
                && one.failure.location == failure.location
        });
        if !known {
            self.fill(empty, &search.shun, search.plain, &mut search.seen.seed)?;
            search.seen.refused.push(self.refusal(failure, &blame)?);
            self.target.restore(empty)?;
        }
        if known || blame.shun.is_empty() {
            if search.plain {
                return Ok(Next::Enough);
            }
            search.plain = true;
        }
        search.shun.extend(blame.shun);
        Ok(Next::Again)
    }

    /// Whether other ups and then this one run over rows.
    pub(super) fn accepts_all(&mut self, ups: &[Script]) -> Result<bool, EngineError> {
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
    pub(super) fn execute(&mut self, script: &Script) -> Result<Outcome, EngineError> {
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

    /// What an accepted up changed, and what its down does not give back.
    fn past_the_up(
        &mut self,
        before: &[Standing],
        mut seen: RowsEvidence,
    ) -> Result<End, EngineError> {
        if self.inside
            && self.is_untouched(before)?
            && let Some(end) = self.down_untouched(before, &mut seen)?
        {
            return Ok(end.unwrap_or_else(|| End::Seen(Box::new(seen))));
        }
        // The chosen ones and those that are new.
        let tables = self.target.tables(self.others)?;
        let mut after = self.standing(&tables.iter().collect::<Vec<_>>())?;
        seen.changed = rows::changed(before, &after);
        if !seen.changed.is_empty() {
            seen.again = self.second_run(&after)?;
        }
        // A table that the up makes too long to be read through is still there, and not dropped.
        let is_unread = |old: &&Standing| {
            tables.iter().any(|table| table.name == old.table.name)
                && !after.iter().any(|new| new.table.name == old.table.name)
        };
        let unread: Vec<Standing> = before.iter().filter(is_unread).cloned().collect();
        after.extend(unread);
        let Some(down) = self.down else { return Ok(End::Seen(Box::new(seen))) };
        let outcome = self.execute(down)?;
        if let Outcome::Failed(failure) = &outcome
            && self.inside
            && !is_about_rows(failure)
        {
            return Ok(End::Doubtful);
        }
        if outcome.is_done() {
            let tables = self.target.tables(self.others)?;
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

    /// The down over rows that the up leaves alone. Where it leaves them alone as well nothing is
    /// lost, whatever became of the schema; else `None`, back in the state before it. The inner
    /// answer is an end other than what was seen.
    fn down_untouched(
        &mut self,
        before: &[Standing],
        seen: &mut RowsEvidence,
    ) -> Result<Option<Option<End>>, EngineError> {
        let Some(down) = self.down else { return Ok(Some(None)) };
        let once = self.target.checkpoint()?;
        let outcome = self.execute(down)?;
        if let Outcome::Failed(failure) = &outcome
            && !is_about_rows(failure)
        {
            return Ok(Some(Some(End::Doubtful)));
        }
        if outcome.is_done() && !self.is_untouched(before)? {
            self.target.restore(&once)?;
            return Ok(None);
        }
        seen.down = Some(StepEvidence::ended(outcome));
        Ok(Some(None))
    }

    /// Whether every column that stood before is there with its type, and every row with its
    /// values; `false` where that cannot be told without describing the tables anew.
    fn is_untouched(&mut self, before: &[Standing]) -> Result<bool, EngineError> {
        let tables: Vec<&Table> = before.iter().map(|standing| &standing.table).collect();
        let Some(mut found) = self.target.query_again(&tables, &queries(&tables))? else {
            return Ok(false);
        };
        found.iter_mut().for_each(|rows| rows.sort());
        Ok(found.iter().eq(before.iter().map(|standing| &standing.rows)))
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
            match found.into_iter().min() {
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
