//! What is done in each state.

use super::{Walker, and_untold, unfinished_elsewhere};
use crate::host;
use crate::model::printable;
use crate::runner::journal::{EventName, Fact};
use crate::runner::run::{Seen, words};
use crate::runner::target::Direction;
use crate::runner::tracking::{Tracked, TrackedState};
use crate::runner::{Fault, FaultKind};

impl Walker<'_, '_> {
    /// Keeps why a phase failed, for the state file, and tells the journal.
    pub(super) fn noting(&mut self, result: Result<(), Fault>) -> Result<(), Fault> {
        let Err(fault) = result else { return Ok(()) };
        self.run.fault = Some(fault.what.clone());
        let mut event = self.event(EventName::Failed).with("error.type", fault.kind.name());
        if let Some(location) = &fault.location {
            event = event.with("migration.file", Fact::name(location.path.as_str()));
        }
        let told = self.tell(event.with("migration.duration", self.took()));
        Err(and_untold(fault, told))
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

    /// Nothing has been touched: may it run now, and has what it needs run?
    pub(super) fn ready(&mut self) -> Result<(), Fault> {
        (self.permit)(self.entry)?;
        if self.direction != Direction::Up {
            return self.may_go_back();
        }
        let history = self.runner.target.history()?;
        let has_run = |id: &String| {
            let is_it =
                |one: &Tracked| one.id.as_ref() == Some(id) && one.state == TrackedState::Applied;
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

    pub(super) fn look_before(&mut self) -> Result<(), Fault> {
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

    pub(super) fn run_step(&mut self) -> Result<(), Fault> {
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

    pub(super) fn hold_after(&mut self) -> Result<(), Fault> {
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
        if self.direction == Direction::Up
            && let Some(checkpoint) = &self.checkpoint
        {
            let now = words(&after.history);
            if let Some(gone) = checkpoint.tracking.iter().find(|word| !now.contains(word)) {
                return Err(Fault::new(
                    FaultKind::Migration,
                    format!("it took {} out of the target's tracking", printable(gone)),
                    "a migration must leave the table of its tool alone",
                ));
            }
        }
        self.left = Some(after.left());
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<(), Fault> {
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
