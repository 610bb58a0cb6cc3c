//! What a runner does with what an earlier one left behind.
//!
//! Nothing is begun on a target whose last run did not end, unless that can be taken back and is
//! proved to be.

use super::checkpoint::Checkpoint;
use super::described::told;
use super::journal::{Event, EventName};
use super::run::{Runner, words};
use super::state::{Run, Stood};
use super::target::Direction;
use super::tracking::{Tracked, TrackedState};
use super::walk::{Walker, and_untold, since, unfinished_elsewhere};
use super::{Fault, FaultKind};
use crate::catalog::Entry;
use crate::lifecycle::State;
use crate::model::printable;

/// What a way back begins with.
type Evidence<'a> = (Fault, &'a Entry, Option<Checkpoint>);

impl<'a> Runner<'a> {
    /// Makes the target ready for something new: what was left in the middle is rolled back, and
    /// with `retry` so is what failed. Answers with what was done.
    ///
    /// # Errors
    /// When an earlier run failed and nobody has decided, a checkpoint was left half made, the
    /// tracking has something unfinished in it, or the rollback fails.
    pub fn start(&mut self, doubt: Option<Fault>, retry: bool) -> Result<Vec<String>, Fault> {
        if let Some(fault) = doubt {
            return Err(self.blocked(None, fault));
        }
        let mut notices = Vec::new();
        match self.standing.state.clone() {
            Stood::Idle => {}
            // What a retry began to take back is owed until it is done.
            Stood::In(state @ (State::Preparing | State::ValidatingPre), run) if run.touched => {
                notices.push(self.mend(state, run)?);
            }
            Stood::In(State::Failed, run) if retry && run.touched => {
                notices.push(self.mend(State::Failed, run)?);
            }
            Stood::In(State::Failed, run) if retry => {
                notices.push(self.forget(State::Failed, &run)?);
            }
            Stood::In(State::Failed, run) => {
                let fault = undecided(&run);
                return Err(self.blocked(Some(&run), fault));
            }
            Stood::In(state @ (State::Preparing | State::ValidatingPre), run) => {
                notices.push(self.forget(state, &run)?);
            }
            Stood::In(state, run) => {
                notices.push(self.recover(state, run)?);
            }
        }
        self.refuse_half_made()?;
        let history = self.target.history()?;
        if let Some(one) = history.iter().find(|one| one.state == TrackedState::Unfinished) {
            let fault = unfinished_elsewhere(one.id.as_ref().unwrap_or(&one.name));
            return Err(self.blocked(None, fault));
        }
        Ok(notices)
    }

    /// What was left in the middle, where something was: what the state file, the tracking and the
    /// target say of it.
    ///
    /// # Errors
    /// When the target cannot be looked at.
    pub fn unfinished_run(&mut self) -> Result<Option<Fault>, Fault> {
        Ok(match self.standing.state.clone() {
            Stood::Idle => None,
            Stood::In(State::Failed, run) => Some(undecided(&run)),
            Stood::In(state, run) => {
                let found = self.testimony(state, &run)?;
                let way_out = "`migration-gate apply` takes it back before anything else";
                Some(Fault { way_out: way_out.into(), ..found })
            }
        })
    }

    /// A run that ended before it touched anything leaves at most a checkpoint of its own.
    fn forget(&mut self, state: State, run: &Run) -> Result<String, Fault> {
        let own = run.direction() != Some(Direction::Restore);
        if let Some(name) = run.rollback_checkpoint_path.as_ref().filter(|_| own) {
            self.checkpoints.remove(name)?;
        }
        self.stand(State::Idle, run)?;
        let (id, since) = (printable(&run.migration), since(run.started_at));
        Ok(format!("the run of {id} from {since} ended in {state}: nothing was touched"))
    }

    /// Takes back what a run that did not end has touched.
    fn recover(&mut self, state: State, run: Run) -> Result<String, Fault> {
        let (found, entry, checkpoint) = self.evidence(state, &run)?;
        // What comes back of a down is that the migration has run.
        let took_back = run.direction() != Some(Direction::Down);
        self.finished_rollback = run.direction() == Some(Direction::Restore);
        let reason = Walker::recover(self, entry, state, run, checkpoint, found)?;
        self.took_back = took_back.then(|| entry.migration.id.clone());
        Ok(rolled_back(&reason))
    }

    /// Brings back what a failed run touched, in a walk of its own.
    fn mend(&mut self, state: State, run: Run) -> Result<String, Fault> {
        let (found, entry, checkpoint) = self.evidence(state, &run)?;
        let before_up = |one: &Checkpoint| one.direction == Direction::Up.name();
        self.finished_rollback = run.direction() == Some(Direction::Restore);
        let took_back = checkpoint.as_ref().is_some_and(before_up);
        let kept = Walker::mending(self, entry, run, checkpoint).walk()?;
        self.took_back = took_back.then(|| entry.migration.id.clone());
        let kept = kept.map(|kept| format!("\n  {kept}")).unwrap_or_default();
        Ok(rolled_back(&found) + &kept)
    }

    /// What is known of a run, what it was of, and what it goes back to.
    fn evidence(&mut self, state: State, run: &Run) -> Result<Evidence<'a>, Fault> {
        let found = self.testimony(state, run);
        let whole = found
            .and_then(|found| Ok((found, self.entry(&run.migration)?, self.checkpoint_of(run)?)));
        whole.map_err(|fault| self.blocked(Some(run), fault))
    }

    /// What the state file, the tracking and the target itself say of a run that did not end.
    fn testimony(&mut self, state: State, run: &Run) -> Result<Fault, Fault> {
        let seen = self.look()?;
        let id = printable(&run.migration).into_owned();
        let tracked = seen.history.iter().find(|one| one.id.as_ref() == Some(&run.migration));
        let tracking = match tracked.map(|one: &Tracked| one.state) {
            None => format!("does not know {id}"),
            Some(TrackedState::Applied) => format!("says that {id} has run"),
            Some(TrackedState::Unfinished) => format!("says that {id} was begun and did not end"),
        };
        let looks = match self.checkpoint_of(run)? {
            None => "cannot be compared: there is no checkpoint".to_owned(),
            Some(checkpoint) => {
                let differences = told(&checkpoint.snapshot.diff(&seen.snapshot));
                let same_tracking = words(&seen.history) == checkpoint.tracking;
                match (differences.as_slice(), same_tracking) {
                    ([], true) => "is as it was before".to_owned(),
                    ([], false) => "is as it was before, but for its tracking".to_owned(),
                    (some, _) => format!("differs from before: {}", some.join("; ")),
                }
            }
        };
        let direction = run.direction().unwrap_or(Direction::Up).name();
        let what = format!(
            "a run of {id} ({direction}, begun {}) did not end\n  the state file says {state}\n  the \
             tracking {tracking}\n  the target {looks}",
            since(run.started_at)
        );
        let way_out = "see what stopped it, then run again";
        Ok(Fault::new(FaultKind::PartialFailure, what, way_out))
    }

    /// A checkpoint that was being made, and of which the state file knows nothing.
    fn refuse_half_made(&mut self) -> Result<(), Fault> {
        let names: Vec<String> = self.checkpoints.names().cloned().collect();
        for name in names {
            if !self.checkpoints.is_sealed(&name)? {
                let path = self.folder.join("checkpoints").join(&name).display().to_string();
                let fault = Fault::new(
                    FaultKind::PartialFailure,
                    format!(
                        "the checkpoint {} was never finished, and no run owns it",
                        printable(&path)
                    ),
                    "the state file may be an older copy: look at the target; where it is as it \
                     should be, take that folder away",
                );
                return Err(self.blocked(None, fault));
            }
        }
        Ok(())
    }

    /// Tells the journal that nothing is begun; where it cannot be told, that is said as well.
    fn blocked(&mut self, run: Option<&Run>, fault: Fault) -> Fault {
        let migration = run.map(|run| run.migration.clone());
        let event =
            Event { name: EventName::BlockedByPartialFailure, migration, attributes: vec![] };
        let event = event.with("error.type", fault.kind.name());
        and_untold(fault, self.journal.record((self.clock)(), &event))
    }
}

fn rolled_back(found: &Fault) -> String {
    format!("{}\n  rolled back: the target is as it was", found.what)
}

/// A failure on which nobody has decided.
fn undecided(run: &Run) -> Fault {
    let id = printable(&run.migration).into_owned();
    let why = run.fault.as_deref().unwrap_or("it is not known why");
    let touched = match run.touched {
        true => "the target was touched and could not be brought back",
        false => "nothing was touched",
    };
    Fault::new(
        FaultKind::PartialFailure,
        format!(
            "an earlier run of {id} failed ({}): {}\n  {touched}",
            since(run.started_at),
            printable(why)
        ),
        format!(
            "`migration-gate apply --retry` takes back what was touched and tries again; where you \
             mended the target by hand, say so: `migration-gate resolve {id} --as \
             applied|rolled-back --reason … --by …`"
        ),
    )
}
