//! The round trip that proves a migration: up, again, down, up, on a sandbox.
//!
//! ```text
//! history applied                       S0
//! rows, up, down      any refused?      rows ≡ ?   (taken back)
//! up                  does it run?      S1
//! up again            replay-safe?      ≡ S1   (taken back)
//! verify              passes?           ≡ S1   (taken back)
//! up, stopped         a way out?        up ≡ S1 or down ≡ S0   (outside a transaction; taken back)
//! down                                  ≡ S0 ?
//! up                  repeatable?       ≡ S1 ?
//! after the last: every down in strict reverse order ≡ the schema before the first
//! ```

mod attempt;
mod base;
mod crash;
mod rows;

use std::sync::Arc;

use crate::engine::{Checkpoint, EngineError, Target};
use crate::model::{
    BrokenHistory, CannotRun, Migration, MigrationEvidence, Outcome, Position, Rollback, Script,
    SetEvidence, Snapshot, StatementTrace, Step, StepEvidence, Table, Work,
};
use attempt::{Attempted, attempt, attempt_traced};
pub use base::base_steps;

/// One migration of the run.
#[derive(Clone, Debug)]
pub struct Planned<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Whether it is judged or only history.
    pub position: Position,
    /// Whether everything is tried with it where it is judged; else only what the state after it
    /// and the walk back hang on: another shard tries the rest.
    pub tried: bool,
    /// Ids it needs, from the layout and the manifest together.
    pub depends_on: Vec<String>,
}

/// Runs `plan` in order and records what is seen into `evidence`, which keeps what was recorded
/// so far when the sandbox itself gives up. `seed` puts in the set's own rows. `progress` is told the id of each migration before
/// it runs.
///
/// # Errors
/// Only when the sandbox fails, never for what a migration does.
pub fn run(
    target: &mut dyn Target,
    plan: &[Planned<'_>],
    rollback: Rollback,
    seed: Option<&Script>,
    evidence: &mut SetEvidence,
    progress: &mut dyn FnMut(&str),
) -> Result<(), EngineError> {
    evidence.engine = target.version();
    evidence.notices = target.notices();
    let empty = Snapshot::default();
    let mut run = Run {
        target,
        rollback,
        seed,
        evidence,
        seeks_rows: seed.is_some() && first_is_tried(plan),
        current: empty.clone(),
        is_current: false,
        anchor: empty,
        start: None,
        start_tables: Arc::new([]),
        known: None,
        ups: Vec::new(),
        broken: Vec::new(),
    };
    let history = base::history(plan);
    run.stand_on(history, progress)?;
    for planned in &plan[history.len()..] {
        progress(&planned.migration.id);
        match planned.position {
            Position::Baseline => run.apply(planned)?,
            Position::Judged => run.judge(planned)?,
        }
    }
    run.forgive_mended_references()?;
    run.reverse(plan)
}

/// Whether the first of the judged migrations is tried here.
fn first_is_tried(plan: &[Planned<'_>]) -> bool {
    let mut judged = plan.iter().filter(|planned| planned.position == Position::Judged);
    judged.next().is_some_and(|first| first.tried)
}

struct Run<'a> {
    target: &'a mut dyn Target,
    rollback: Rollback,
    seed: Option<&'a Script>,
    evidence: &'a mut SetEvidence,
    /// Whether the set's own rows still have to be put in for the first time: whoever tries the
    /// first migration says whether they fit, however late there is a table for them.
    seeks_rows: bool,
    /// The schema as it stands, where `is_current` says so: history is not described.
    current: Snapshot,
    is_current: bool,
    /// The schema before the first of the judged migrations that stand together at the end.
    anchor: Snapshot,
    /// The way back to it, and the ups that ran since.
    start: Option<Checkpoint>,
    /// Its tables.
    start_tables: Arc<[Table]>,
    /// The tables as they were described last.
    known: Option<rows::Known>,
    ups: Vec<Script>,
    /// Migrations that did not run so far; later failures may come from them.
    broken: Vec<String>,
}

impl Run<'_> {
    /// Runs an up of the history; nothing is judged.
    fn apply(&mut self, planned: &Planned<'_>) -> Result<(), EngineError> {
        let migration = planned.migration;
        self.is_current = false;
        match self.up(migration, &planned.depends_on)? {
            Attempted::Done(_) => self.evidence.baseline_applied += 1,
            Attempted::Ended(outcome) => {
                let blocked_by = self.culprit(&outcome, &planned.depends_on);
                let id = migration.id.clone();
                self.broken.push(id.clone());
                self.evidence.baseline_broken.push(BrokenHistory { id, outcome, blocked_by });
            }
        }
        Ok(())
    }

    /// Walks the whole protocol with one migration.
    fn judge(&mut self, planned: &Planned<'_>) -> Result<(), EngineError> {
        let migration = planned.migration;
        if !self.is_current {
            self.current = self.target.snapshot()?;
            self.is_current = true;
            self.anchor = self.current.clone();
            self.start = Some(self.target.checkpoint()?);
            self.start_tables = self.tables_now()?;
            self.ups.clear();
        }
        let before = self.current.clone();
        let broken_before = self.target.broken_references()?;
        // On PostgreSQL this is cheapest in the state before the up.
        let seeks = planned.tried || self.seeks_rows;
        let rows = if seeks { self.over_rows(migration)? } else { None };
        let checkpoint = self.target.checkpoint()?;
        let mut trace = Vec::new();
        let first = self.up_traced(migration, &planned.depends_on, Some(&mut trace))?;
        let after = match first {
            Attempted::Done(after) => after,
            Attempted::Ended(outcome) => {
                let blocked_by = self.culprit(&outcome, &planned.depends_on);
                let mut seen = MigrationEvidence::new(&migration.id, StepEvidence::ended(outcome));
                seen.blocked_by = blocked_by;
                self.broken.push(migration.id.clone());
                self.evidence.migrations.push(seen);
                self.target.forget(checkpoint);
                return Ok(());
            }
        };
        let up = StepEvidence { outcome: Outcome::Done, diff: before.diff(&after) };
        let mut seen = MigrationEvidence::new(&migration.id, up);
        seen.trace = trace;
        self.current = after;
        seen.broken_references = self.target.broken_references()?;
        seen.broken_references.retain(|reference| !broken_before.contains(reference));
        self.ups.extend(migration.up.script().cloned());
        seen.rows = rows;
        self.seeks_rows &= seen.rows.is_none();
        if planned.tried {
            self.try_more(migration, &checkpoint, &before, &mut seen)?;
        }
        match (self.rollback, migration.down.step()) {
            (Rollback::Checkpoint, _) => {
                self.target.restore(&checkpoint)?;
                let restored = self.target.snapshot()?;
                seen.restore = Some(reached(&before, &restored));
                seen.up_after_down = Some(self.up_again(migration, restored)?);
            }
            (Rollback::Script, Some(step)) => match step.work() {
                Ok(down) => self.round_trip(migration, down, &before, &mut seen)?,
                Err(language) => {
                    seen.down = Some(StepEvidence::ended(Outcome::CannotRun(foreign(language))));
                }
            },
            (Rollback::Script, None) => {}
        }
        self.target.forget(checkpoint);
        self.evidence.migrations.push(seen);
        Ok(())
    }

    /// What is tried in the state after the up and taken back again.
    fn try_more(
        &mut self,
        migration: &Migration,
        checkpoint: &Checkpoint,
        before: &Snapshot,
        seen: &mut MigrationEvidence,
    ) -> Result<(), EngineError> {
        if let Ok(work) = migration.up.work() {
            seen.again = Some(self.rehearse(work)?);
        }
        if let Some(script) = &migration.verify {
            seen.verify = Some(self.rehearse(Work::Sql(script))?);
        }
        seen.crashes = self.crashes(migration, checkpoint, before)?;
        Ok(())
    }

    /// Down and up once more; ends in the state after the first up, whatever they did.
    fn round_trip(
        &mut self,
        migration: &Migration,
        down: Work<'_>,
        before: &Snapshot,
        seen: &mut MigrationEvidence,
    ) -> Result<(), EngineError> {
        let after = self.current.clone();
        let checkpoint = self.target.checkpoint()?;
        match attempt(self.target, down, Some(&after), None)? {
            Attempted::Ended(outcome) => seen.down = Some(StepEvidence::ended(outcome)),
            Attempted::Done(undone) => {
                seen.down = Some(reached(before, &undone));
                seen.up_after_down = Some(self.up_again(migration, undone)?);
                // The next migration must start from the schema that the up alone gives.
                if self.current != after {
                    self.target.restore(&checkpoint)?;
                    self.current = after;
                }
            }
        }
        self.target.forget(checkpoint);
        Ok(())
    }

    /// The up from `start`, held against the schema that the first up gave.
    fn up_again(
        &mut self,
        migration: &Migration,
        start: Snapshot,
    ) -> Result<StepEvidence, EngineError> {
        let expected = std::mem::replace(&mut self.current, start);
        Ok(match self.up(migration, &[])? {
            Attempted::Done(found) => {
                let step = reached(&expected, &found);
                self.current = found;
                step
            }
            Attempted::Ended(outcome) => StepEvidence::ended(outcome),
        })
    }

    /// Runs a script on the current state and takes it back; it should leave the schema alone.
    fn rehearse(&mut self, work: Work<'_>) -> Result<StepEvidence, EngineError> {
        Ok(match self.target.rehearse(work)? {
            Ok(found) => reached(&self.current, &found),
            Err(error) => StepEvidence::ended(attempt::outcome(error)?),
        })
    }

    fn up(
        &mut self,
        migration: &Migration,
        depends_on: &[String],
    ) -> Result<Attempted, EngineError> {
        self.up_traced(migration, depends_on, None)
    }

    fn up_traced(
        &mut self,
        migration: &Migration,
        depends_on: &[String],
        trace: Option<&mut Vec<StatementTrace>>,
    ) -> Result<Attempted, EngineError> {
        match migration.up.work() {
            Ok(work) => {
                let missing = depends_on.iter().find(|id| self.broken.contains(id));
                let before = self.is_current.then_some(&self.current);
                let missing = missing.map(String::as_str);
                attempt_traced(self.target, work, before, missing, trace)
            }
            Err(language) => Ok(Attempted::Ended(Outcome::CannotRun(foreign(language)))),
        }
    }

    /// The earlier migration that a failure may come from: a declared dependency before others.
    fn culprit(&self, outcome: &Outcome, depends_on: &[String]) -> Option<String> {
        if !outcome.may_be_a_consequence() {
            return None;
        }
        let declared = self.broken.iter().find(|id| depends_on.contains(id));
        declared.or(self.broken.last()).cloned()
    }

    /// Leaves only the broken references that stand at the end: a table may come after the one
    /// that refers to it.
    fn forgive_mended_references(&mut self) -> Result<(), EngineError> {
        let last = self.target.broken_references()?;
        for seen in &mut self.evidence.migrations {
            seen.broken_references.retain(|reference| last.contains(reference));
        }
        Ok(())
    }

    /// Every down in strict reverse order, whatever the one before it did: what does not go back
    /// stays, and those before it meet it as they would on a target.
    fn reverse(&mut self, plan: &[Planned<'_>]) -> Result<(), EngineError> {
        let judged = plan.iter().rev().take_while(|p| p.position == Position::Judged).count();
        if judged < 2 || self.rollback == Rollback::Checkpoint {
            return Ok(());
        }
        let mut tainted_by = None;
        for (place, planned) in plan.iter().rev().take(judged).enumerate() {
            let id = &planned.migration.id;
            let all = &self.evidence.migrations;
            let Some(index) = all.iter().position(|seen| seen.id == *id) else { continue };
            if !all[index].up.outcome.is_done() {
                continue;
            }
            let clean = all[index].down.as_ref().is_some_and(StepEvidence::is_clean);
            if let Some(Ok(work)) = planned.migration.down.step().map(Step::work) {
                let mut step = match attempt(self.target, work, None, None)? {
                    Attempted::Done(_) => StepEvidence::ended(Outcome::Done),
                    Attempted::Ended(outcome) => StepEvidence::ended(outcome),
                };
                if place + 1 == judged && tainted_by.is_none() && step.outcome.is_done() && clean {
                    step.diff = self.anchor.diff(&self.target.snapshot()?);
                }
                let seen = &mut self.evidence.migrations[index];
                seen.reverse_after = tainted_by.clone();
                seen.reverse = Some(step);
            }
            if !clean {
                tainted_by.get_or_insert_with(|| id.clone());
            }
        }
        Ok(())
    }
}

fn reached(expected: &Snapshot, found: &Snapshot) -> StepEvidence {
    StepEvidence { outcome: Outcome::Done, diff: expected.diff(found) }
}

fn foreign(language: &str) -> CannotRun {
    if language == Step::UNSET {
        return CannotRun {
            reason: "variables in it have no value".into(),
            way_out: "give them values: `variables` in the [[set]] in migration-gate.toml".into(),
        };
    }
    CannotRun {
        reason: format!("it is written in {language}, which the sandbox does not run"),
        way_out: "have a person judge it, and accept it by name in the policy of the base branch"
            .into(),
    }
}

#[cfg(test)]
mod tests;
