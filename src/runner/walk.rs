//! One migration walked through the lifecycle on a real target: up, down, or back to a checkpoint.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::checkpoint::{Checkpoint, Taken};
use super::described::told;
use super::journal::{Event, EventName, Fact};
use super::run::{Runner, Seen, words};
use super::state::{Left, Run};
use super::target::{Direction, Done, Strategy};
use super::tracking::TrackedState;
use super::{Fault, FaultKind};
use crate::catalog::Entry;
use crate::host;
use crate::lifecycle::{IllegalTransition, Phases, State, Walk, WalkEnd, drive, resume};
use crate::model::printable;

/// The places at which a test stops or kills the process, in their order, besides the one after
/// each state that is noted (`state.migrating`) and those of the targets.
pub const STEPS: &[&str] =
    &["checkpoint.backed_up", "checkpoint.sealed", "rollback.restored", "migration.done"];

/// What must hold right before a step, on top of what the runner looks at itself.
pub type Permit<'a> = dyn Fn(&Entry) -> Result<(), Fault> + 'a;

/// One walk.
pub(super) struct Walker<'w, 'a> {
    pub(super) runner: &'w mut Runner<'a>,
    pub(super) entry: &'a Entry,
    pub(super) run: Run,
    pub(super) direction: Direction,
    pub(super) permit: &'w Permit<'w>,
    /// What the walk goes back to where it fails.
    pub(super) checkpoint: Option<Checkpoint>,
    done: Done,
    left: Option<Left>,
    state: State,
    started: Instant,
}

impl<'w, 'a> Walker<'w, 'a> {
    pub(super) fn new(
        runner: &'w mut Runner<'a>,
        entry: &'a Entry,
        direction: Direction,
        permit: &'w Permit<'w>,
    ) -> Self {
        let run = runner.new_run(entry, direction);
        Self::of(runner, entry, run, direction, permit)
    }

    fn of(
        runner: &'w mut Runner<'a>,
        entry: &'a Entry,
        run: Run,
        direction: Direction,
        permit: &'w Permit<'w>,
    ) -> Self {
        Self {
            runner,
            entry,
            run,
            direction,
            permit,
            checkpoint: None,
            done: Done::default(),
            left: None,
            state: State::Idle,
            started: host::now(),
        }
    }

    /// A walk that brings back what a failed run touched.
    pub(super) fn mending(
        runner: &'w mut Runner<'a>,
        entry: &'a Entry,
        failed: Run,
        checkpoint: Option<Checkpoint>,
    ) -> Self {
        let direction = Direction::Restore;
        let mut run = runner.new_run(entry, direction);
        run.touched = true;
        run.rollback_checkpoint_path = failed.rollback_checkpoint_path;
        let mut walker = Self::of(runner, entry, run, direction, &|_| Ok(()));
        walker.checkpoint = checkpoint;
        walker
    }

    /// Walks the migration to its end.
    pub(super) fn walk(mut self) -> Result<(), Fault> {
        let walk = drive(&mut self);
        self.end(walk)
    }

    /// Takes back what an earlier process left half done, and says why that was needed.
    pub(super) fn recover(
        runner: &'w mut Runner<'a>,
        entry: &'a Entry,
        found: State,
        run: Run,
        checkpoint: Option<Checkpoint>,
        reason: Fault,
    ) -> Result<Fault, Fault> {
        let direction = run.direction().unwrap_or(Direction::Up);
        let mut walker = Self::of(runner, entry, run, direction, &|_| Ok(()));
        walker.checkpoint = checkpoint;
        let walk = resume(&mut walker, found, reason).map_err(bug)?;
        match walk.end {
            WalkEnd::RolledBack(reason) => Ok(reason),
            end => Err(walker.failed(end)),
        }
    }

    fn end(&mut self, walk: Result<Walk<Fault>, IllegalTransition>) -> Result<(), Fault> {
        match walk.map_err(bug)?.end {
            WalkEnd::Done => Ok(()),
            end => Err(self.failed(end)),
        }
    }

    /// The fault of a walk that did not end well, with what became of the target.
    fn failed(&mut self, end: WalkEnd<Fault>) -> Fault {
        let id = printable(&self.entry.migration.id).into_owned();
        let (mut fault, became) = match end {
            WalkEnd::RolledBack(fault) => (fault, "it was rolled back: the target is as it was"),
            WalkEnd::Refused(fault) if self.run.touched => {
                (fault, "what was half changed is as it was left: the state is failed")
            }
            WalkEnd::Refused(fault) => (fault, "nothing was touched"),
            WalkEnd::Unnoted(fault) => (fault, "the next start takes it from there"),
            WalkEnd::Stuck { fault, rollback } => {
                let what = format!(
                    "{}\n  the rollback failed as well, and the target is half changed: {}",
                    fault.what, rollback.what
                );
                (Fault { what, way_out: rollback.way_out, ..fault }, "the state is failed")
            }
            WalkEnd::Done => return Fault::new(FaultKind::Environment, "", ""),
        };
        fault.what = format!("{id}: {}\n  {became}", fault.what);
        fault
    }

    /// An event about this walk.
    fn event(&self, name: EventName) -> Event {
        let event = Event::of(name, &self.entry.migration.id)
            .with("migration.state", self.state.name())
            .with("migration.class", self.entry.class().name())
            .with("migration.content_sha256", Fact::hash(&self.entry.declared.content));
        match self.entry.migration.up.program() {
            Some(program) => event
                .with("migration.from_version", Fact::name(&program.from))
                .with("migration.to_version", Fact::name(&program.to)),
            None => event,
        }
    }

    fn tell(&mut self, event: Event) -> Result<(), Fault> {
        self.runner.tell(&self.run, event)
    }

    fn is_tracked(&self, seen: &Seen) -> bool {
        let id = &self.entry.migration.id;
        seen.history.iter().any(|one| one.id.as_ref() == Some(id))
    }

    /// Refuses a target whose tracking has something unfinished in it, or has this migration
    /// already, or does not have it where it is to be taken back.
    fn fits(&self, seen: &Seen) -> Result<(), Fault> {
        let id = printable(&self.entry.migration.id).into_owned();
        let unfinished = seen.history.iter().find(|one| one.state == TrackedState::Unfinished);
        if let Some(one) = unfinished {
            return Err(unfinished_elsewhere(&one.name));
        }
        match (self.direction, self.is_tracked(seen)) {
            (Direction::Up, true) => Err(Fault::new(
                FaultKind::Conflict,
                format!("the target says that {id} has run already"),
                "plan again",
            )),
            (Direction::Down | Direction::Restore, false) => Err(Fault::new(
                FaultKind::Conflict,
                format!("the target says that {id} has not run"),
                "look at `migration-gate status`",
            )),
            _ => Ok(()),
        }
    }

    /// Takes the checkpoint before an up or a down.
    fn take_checkpoint(&mut self, before: &Seen) -> Result<(), Fault> {
        let down = self.direction == Direction::Down;
        let id = &self.entry.migration.id;
        let name = self.runner.checkpoints.new_name(id);
        self.run.rollback_checkpoint_path = Some(name.clone());
        // Known to the state file before it is there: what no run owns stops every start.
        self.runner.stand(State::ValidatingPre, &self.run)?;
        self.runner.checkpoints.begin(&name)?;
        let folder = self.runner.checkpoints.backup(&name);
        self.runner.target.back_up(self.entry, down, &folder)?;
        host::reached("checkpoint.backed_up");
        let row_counts = self.runner.target.row_counts()?;
        let strategy = self.runner.target.strategy(self.entry, down);
        let checkpoint = self.runner.checkpoints.seal(
            &name,
            Taken {
                migration: id,
                content: &self.entry.declared.content,
                direction: self.direction.name(),
                run: &self.run.id,
                created_at: self.run.started_at,
                strategy,
                tracking: words(&before.history),
                row_counts,
                snapshot: &before.snapshot,
            },
        )?;
        host::reached("checkpoint.sealed");
        let bytes = checkpoint.bytes;
        let strategy = match strategy {
            Strategy::Backup => "backup",
            Strategy::Transaction => "transaction",
        };
        let event = self
            .event(EventName::CheckpointCreated)
            .with("migration.checkpoint.path", Fact::name(&name))
            .with("migration.checkpoint.size", bytes)
            .with("migration.checkpoint.strategy", strategy);
        self.checkpoint = Some(checkpoint);
        self.tell(event)
    }

    /// Holds the target against the checkpoint that was brought back.
    fn compare(&mut self) -> Result<(), Fault> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        let seen = self.runner.look()?;
        let mut differences = told(&checkpoint.snapshot.diff(&seen.snapshot));
        if words(&seen.history) != checkpoint.tracking {
            differences.push("the tracking does not say what it said".to_owned());
        }
        if checkpoint.strategy == Strategy::Backup
            && self.runner.target.row_counts()? != checkpoint.row_counts
        {
            differences.push("there are not as many rows as there were".to_owned());
        }
        if differences.is_empty() {
            self.left = Some(seen.left());
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::PartialFailure,
            format!(
                "the target is not what it was at the checkpoint {}:\n    {}",
                checkpoint.name,
                differences.join("\n    ")
            ),
            "mend the target by hand and say what is true with `migration-gate resolve MIGRATION \
             --as applied|rolled-back`, or try the rollback again with `migration-gate apply \
             --retry`",
        ))
    }

    /// Brings the checkpoint back and proves it.
    fn bring_back(&mut self) -> Result<(), Fault> {
        let Some(checkpoint) = &self.checkpoint else {
            return Err(Fault::new(
                FaultKind::PartialFailure,
                "there is no checkpoint to go back to",
                "look at the target, mend it, and say what is true of it with `migration-gate \
                 resolve`",
            ));
        };
        self.runner.checkpoints.verify(checkpoint)?;
        let folder = self.runner.checkpoints.backup(&checkpoint.name);
        let down = checkpoint.direction == Direction::Down.name();
        self.runner.target.restore(self.entry, down, &folder)?;
        host::reached("rollback.restored");
        self.compare()
    }

    fn took(&self) -> Duration {
        host::now().duration_since(self.started)
    }
}

impl Phases for Walker<'_, '_> {
    type Fault = Fault;

    fn enter(&mut self, state: State) -> Result<(), Fault> {
        if matches!(state, State::Migrating | State::RollingBack) {
            self.run.touched = true;
        }
        if state == State::Idle {
            self.runner.standing.left = self.left.take().or(self.runner.standing.left.take());
        }
        self.state = state;
        let noted = self.runner.stand(state, &self.run);
        if let Err(fault) = &noted {
            self.run.fault = Some(fault.what.clone());
        }
        noted
    }

    fn prepare(&mut self) -> Result<(), Fault> {
        let ready = self.ready();
        self.noting(ready)
    }

    fn validate_pre(&mut self) -> Result<(), Fault> {
        let looked = self.look_before();
        self.noting(looked)
    }

    fn migrate(&mut self) -> Result<(), Fault> {
        let ran = self.run_step();
        self.noting(ran)
    }

    // What is done already is not taken back because somebody is in a hurry, and a way back is gone
    // to its end.
    fn validate_post(&mut self) -> Result<(), Fault> {
        let held = host::undisturbed(|| self.hold_after());
        self.noting(held)
    }

    fn complete(&mut self) -> Result<(), Fault> {
        let finished = host::undisturbed(|| self.finish());
        self.noting(finished)
    }

    fn roll_back(&mut self) -> Result<(), Fault> {
        let event = self.event(EventName::RollbackStarted);
        self.tell(event)?;
        let back = host::undisturbed(|| self.bring_back());
        let Err(fault) = back else { return self.tell(self.event(EventName::RollbackCompleted)) };
        self.run.fault = Some(fault.what.clone());
        let event = self.event(EventName::RollbackFailed).with("error.type", fault.kind.name());
        let told = self.tell(event);
        Err(and_untold(fault, told))
    }
}

impl Walker<'_, '_> {
    /// Keeps why a phase failed, for the state file, and tells the journal.
    fn noting(&mut self, result: Result<(), Fault>) -> Result<(), Fault> {
        let Err(fault) = result else { return Ok(()) };
        self.run.fault = Some(fault.what.clone());
        let mut event = self.event(EventName::Failed).with("error.type", fault.kind.name());
        if let Some(location) = &fault.location {
            event = event.with("migration.file", Fact::name(location.path.as_str()));
        }
        let told = self.tell(event.with("migration.duration", self.took()));
        Err(and_untold(fault, told))
    }

    /// Nothing has been touched: may it run now, and has what it needs run?
    fn ready(&mut self) -> Result<(), Fault> {
        (self.permit)(self.entry)?;
        if self.direction != Direction::Up {
            return self
                .checkpoint
                .as_ref()
                .map_or(Ok(()), |checkpoint| self.runner.checkpoints.verify(checkpoint));
        }
        let history = self.runner.target.history()?;
        let has_run = |id: &String| {
            let is_it = |one: &super::tracking::Tracked| {
                one.id.as_ref() == Some(id) && one.state == TrackedState::Applied
            };
            history.iter().any(is_it)
        };
        match self.entry.depends_on().into_iter().find(|id| !has_run(id)) {
            None => Ok(()),
            Some(missing) => Err(Fault::new(
                FaultKind::Dependency,
                format!("it needs {}, which has not run here", printable(&missing)),
                "apply that one first: `migration-gate plan` shows the order",
            )),
        }
    }

    fn look_before(&mut self) -> Result<(), Fault> {
        let before = self.runner.look()?;
        // What is half changed fits nothing.
        if !self.run.touched {
            self.fits(&before)?;
        }
        if self.direction != Direction::Restore {
            self.take_checkpoint(&before)?;
        }
        Ok(())
    }

    fn run_step(&mut self) -> Result<(), Fault> {
        if self.direction == Direction::Restore {
            let event = self.event(EventName::RollbackStarted);
            self.tell(event)?;
            return host::undisturbed(|| self.bring_back());
        }
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        let folder = self.runner.checkpoints.backup(&checkpoint.name);
        let down = self.direction == Direction::Down;
        self.done = self.runner.target.migrate(self.entry, down, &folder)?;
        host::reached("migration.done");
        Ok(())
    }

    fn hold_after(&mut self) -> Result<(), Fault> {
        if self.direction == Direction::Restore {
            return Ok(());
        }
        if self.direction == Direction::Up {
            self.runner.target.validate(self.entry)?;
        }
        let after = self.runner.look()?;
        let tracked = self.is_tracked(&after);
        if tracked != (self.direction == Direction::Up) {
            let id = printable(&self.entry.migration.id).into_owned();
            return Err(Fault::new(
                FaultKind::PartialFailure,
                format!("the target's tracking does not say what became of {id}"),
                "see whether something else writes to that table",
            ));
        }
        self.left = Some(after.left());
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Fault> {
        if let (Some(name), Some(left)) = (&self.run.rollback_checkpoint_path, &self.left)
            && self.direction != Direction::Restore
        {
            self.runner.checkpoints.note_after(name, left)?;
        }
        let name = match self.direction {
            Direction::Up => EventName::Migrated,
            Direction::Down | Direction::Restore => EventName::RollbackCompleted,
        };
        let mut event = self.event(name).with("migration.duration", self.took());
        if let Some(left) = &self.left {
            event = event.with("migration.fingerprint", Fact::hash(&left.fingerprint));
        }
        let files = std::mem::take(&mut self.done.files);
        if !files.is_empty() {
            event = event.with_files(&files);
        }
        self.tell(event)?;
        let in_use = self.run.rollback_checkpoint_path.as_deref();
        self.runner.checkpoints.prune(self.runner.keep, in_use)
    }
}

/// What the tracking says of another migration stops every step.
pub(super) fn unfinished_elsewhere(name: &str) -> Fault {
    let name = printable(name).into_owned();
    Fault::new(
        FaultKind::PartialFailure,
        format!("the target's tracking says that {name} was begun and did not end"),
        format!(
            "look at the target and say what is true of it: `migration-gate resolve {name} --as \
             applied|rolled-back --reason … --by …`"
        ),
    )
}

/// A fault, with what came of telling it to the journal.
pub(super) fn and_untold(mut fault: Fault, told: Result<(), Fault>) -> Fault {
    if let Err(untold) = told {
        fault.what = format!("{}\n  the journal cannot be written: {}", fault.what, untold.what);
    }
    fault
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn bug(error: IllegalTransition) -> Fault {
    Fault::new(FaultKind::Environment, error.to_string(), "please report this bug")
}

/// Whether what a target shows is what the last run left there.
pub(super) fn has_drifted(left: Option<&Left>, seen: &Seen) -> bool {
    let now = seen.left();
    left.is_some_and(|left| left.tracking == now.tracking && left.fingerprint != now.fingerprint)
}

/// The time at which a run began, as people read it.
pub(super) fn since(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
