//! What a script leaves that stops half-way.

use super::{Attempted, Run, attempt, foreign, reached};
use crate::engine::{Checkpoint, EngineError};
use crate::model::{
    CrashPoint, Location, Migration, Outcome, Rollback, Script, Snapshot, StepEvidence,
    TransactionMode, Work,
};
use crate::sql::{Statement, TransactionControl, is_atomic, statements, transaction_control};

/// How many statements of a script are stopped after; of more, these many are spread evenly over
/// the script, the first and the last among them. Each costs up to three restores, which on
/// PostgreSQL take a tenth of a second and more.
const MOST: usize = 12;

impl Run<'_> {
    /// Stops the up after each of its statements, where that leaves something, and tries both
    /// ways out: the whole up again, and where that does not help, the down. Begins and ends in
    /// the state after the whole up; `checkpoint` and `before` are the state before it. A team
    /// that goes back by restoring has its way out.
    pub(super) fn crashes(
        &mut self,
        migration: &Migration,
        checkpoint: &Checkpoint,
        before: &Snapshot,
    ) -> Result<Vec<CrashPoint>, EngineError> {
        let Some(up) = migration.up.script().filter(|up| !is_atomic(up)) else {
            return Ok(Vec::new());
        };
        if self.rollback == Rollback::Checkpoint {
            return Ok(Vec::new());
        }
        let all = statements(up);
        let stops = spread(stops(up, &all));
        if stops.is_empty() {
            return Ok(Vec::new());
        }
        let mut seen = Vec::new();
        for stop in stops {
            self.target.restore(checkpoint)?;
            let prefix = prefix(up, &all[stop]);
            // What ran as part of the whole may not run by itself; then nothing is learnt.
            let Attempted::Done(left) =
                attempt(self.target, Work::Sql(&prefix), Some(before), None)?
            else {
                continue;
            };
            let (again, down) = self.ways_out(migration, up, before)?;
            seen.push(CrashPoint {
                after: Location::at(up.path.clone(), all[stop].span),
                number: stop + 1,
                of: all.len(),
                left: before.diff(&left),
                again,
                down,
            });
        }
        self.target.restore(checkpoint)?;
        match self.target.execute(up) {
            Ok(()) => Ok(seen),
            Err(error) => {
                attempt::outcome(error)?;
                Err(EngineError::Broken(format!(
                    "the up of {} ran once and not a second time from the same state",
                    migration.id
                )))
            }
        }
    }

    /// Tries both ways out of the current state, which stays as it is.
    fn ways_out(
        &mut self,
        migration: &Migration,
        up: &Script,
        before: &Snapshot,
    ) -> Result<(StepEvidence, Option<StepEvidence>), EngineError> {
        let again = self.rehearse(Work::Sql(up))?;
        let down = match migration.down.step() {
            None => None,
            Some(_) if again.is_clean() => None,
            Some(step) => Some(match step.work() {
                Err(language) => StepEvidence::ended(Outcome::CannotRun(foreign(language))),
                Ok(down) => match self.target.rehearse(down)? {
                    Ok(found) => reached(before, &found),
                    Err(error) => StepEvidence::ended(attempt::outcome(error)?),
                },
            }),
        };
        Ok((again, down))
    }
}

/// The statements after which a stop leaves something: those that are committed when they have
/// run, but for the last, after which all is done.
fn stops(script: &Script, all: &[Statement]) -> Vec<usize> {
    let batch = script.transaction == TransactionMode::SingleBatch;
    // A message of several statements is a transaction wherever none is opened.
    let mut open = batch || script.transaction == TransactionMode::Wrapped;
    let mut found = Vec::new();
    for (index, statement) in all.iter().enumerate() {
        match transaction_control(statement) {
            Some(TransactionControl::Begin) => open = true,
            Some(TransactionControl::Commit) => {
                open = batch;
                found.push(index);
            }
            // What it takes back was left by none, what it keeps by one that came before.
            Some(TransactionControl::Rollback) => open = batch,
            None if !open => found.push(index),
            None => {}
        }
    }
    found.retain(|index| index + 1 < all.len());
    found
}

/// At most [`MOST`] of them, evenly.
fn spread(stops: Vec<usize>) -> Vec<usize> {
    if stops.len() <= MOST {
        return stops;
    }
    (0..MOST).map(|at| stops[at * (stops.len() - 1) / (MOST - 1)]).collect()
}

/// The script up to the end of a statement.
fn prefix(script: &Script, last: &Statement) -> Script {
    let end = last.span.end;
    let mut prefix = script.clone();
    prefix.sections.retain(|section| section.start < end);
    if let Some(section) = prefix.sections.last_mut() {
        section.end = section.end.min(end);
    }
    prefix.blocks.retain(|block| block.end <= end);
    if prefix.transaction == TransactionMode::SingleBatch {
        // It ends with a COMMIT of its own.
        prefix.transaction = TransactionMode::Bare;
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RepoPath;

    fn script(sql: &str, mode: TransactionMode) -> Script {
        Script::whole(RepoPath::new("x.sql").unwrap(), sql.into(), mode)
    }

    fn stopped(sql: &str, mode: TransactionMode) -> Vec<String> {
        let script = script(sql, mode);
        let all = statements(&script);
        stops(&script, &all).into_iter().map(|at| prefix(&script, &all[at]).sql()).collect()
    }

    #[test]
    fn a_stop_counts_where_something_is_committed() {
        use TransactionMode::{Bare, SingleBatch, Wrapped};
        for (sql, mode, expected) in [
            ("A; B; C", Bare, &["A;", "A; B;"][..]),
            ("BEGIN; A; COMMIT; B", Bare, &["BEGIN; A; COMMIT;"]),
            ("A; BEGIN; B; COMMIT", Bare, &["A;"]),
            ("BEGIN; A; ROLLBACK; B; C", Bare, &["BEGIN; A; ROLLBACK; B;"]),
            ("A; COMMIT; B; C", Wrapped, &["A; COMMIT;", "A; COMMIT; B;"]),
            ("A; COMMIT; B; C", SingleBatch, &["A; COMMIT;"]),
            ("A", Bare, &[]),
        ] {
            assert_eq!(stopped(sql, mode), expected, "{sql}");
        }
    }

    #[test]
    fn many_stops_are_spread_over_the_script() {
        assert_eq!(spread((0..12).collect()), (0..12).collect::<Vec<_>>());
        let few = spread((0..100).collect());
        assert_eq!((few.len(), few[0], few[11]), (MOST, 0, 99));
        assert!(few.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn sections_and_blocks_behind_the_stop_fall_away() {
        let mut script = script("A; B; -- down\nC; D;", TransactionMode::Bare);
        script.sections = vec![0..5, 14..19];
        script.blocks.push(14..19);
        let all = statements(&script);
        let cut = prefix(&script, &all[0]);
        assert_eq!((cut.sql().as_str(), cut.blocks.len()), ("A;", 0));
    }
}
