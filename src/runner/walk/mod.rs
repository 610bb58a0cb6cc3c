//! One migration walked through the lifecycle on a real target: up, down, or back to a checkpoint.

mod phases;
mod way_back;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::checkpoint::Checkpoint;
use super::journal::{Event, EventName, Fact};
use super::run::{Runner, Seen};
use super::state::{Left, Run};
use super::target::{Direction, Done};
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
    /// Whether it brings back what an earlier run touched, and not what somebody asks for now.
    is_mending: bool,
    /// What was put aside on the way back, for people.
    kept: Option<String>,
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
            is_mending: false,
            kept: None,
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
        walker.is_mending = true;
        walker
    }

    /// Walks the migration to its end. Answers with what a person should know of it.
    pub(super) fn walk(mut self) -> Result<Option<String>, Fault> {
        let walk = drive(&mut self);
        self.end(walk)?;
        Ok(self.kept)
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
        walker.is_mending = true;
        let walk = resume(&mut walker, found, reason).map_err(bug)?;
        match walk.end {
            WalkEnd::RolledBack(mut reason) => {
                reason.what.extend(walker.kept.map(|kept| format!("\n  {kept}")));
                Ok(reason)
            }
            end => Err(walker.failed(end)),
        }
    }

    fn end(&mut self, walk: Result<Walk<Fault>, IllegalTransition>) -> Result<(), Fault> {
        match walk.map_err(bug)?.end {
            WalkEnd::Done => Ok(()),
            // It took a second try, and is what was asked for.
            WalkEnd::RolledBack(_) if self.direction == Direction::Restore => Ok(()),
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
            WalkEnd::Refused(mut fault) => {
                fault.way_out.push_str("; then go on with `migration-gate apply --retry`");
                (fault, "nothing was touched")
            }
            WalkEnd::Unnoted(fault) => (fault, "the next start takes it from there"),
            WalkEnd::Stuck { fault, rollback } => {
                let what =
                    format!("{}\n  the rollback failed as well: {}", fault.what, rollback.what);
                (Fault { what, way_out: rollback.way_out, ..fault }, "the state is failed")
            }
            WalkEnd::Done => return Fault::new(FaultKind::Environment, "", ""),
        };
        fault.what = format!("{id}: {}\n  {became}", fault.what);
        fault.what.extend(self.kept.take().map(|kept| format!("\n  {kept}")));
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
        // A journal that cannot be written is no reason to leave the target half changed.
        let started = self.tell(self.event(EventName::RollbackStarted));
        let back = host::undisturbed(|| self.bring_back());
        let Err(fault) = back else {
            return started.and_then(|()| self.tell(self.event(EventName::RollbackCompleted)));
        };
        self.run.fault = Some(fault.what.clone());
        let event = self.event(EventName::RollbackFailed).with("error.type", fault.kind.name());
        let told = self.tell(event);
        Err(and_untold(fault, told))
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
