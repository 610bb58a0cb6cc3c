//! The checkpoint that a walk goes back to: taken, brought back, and held against the target.

use super::Walker;
use crate::host;
use crate::lifecycle::State;
use crate::model::printable;
use crate::runner::checkpoint::{Checkpoint, Taken};
use crate::runner::described::told;
use crate::runner::journal::{EventName, Fact};
use crate::runner::run::{Seen, words};
use crate::runner::target::{Direction, Strategy};
use crate::runner::{Fault, FaultKind};

impl Walker<'_, '_> {
    /// Takes the checkpoint before an up or a down.
    pub(super) fn take_checkpoint(&mut self, before: &Seen) -> Result<(), Fault> {
        let down = self.direction == Direction::Down;
        let id = &self.entry.migration.id;
        let name = self.runner.checkpoints.new_name(id);
        self.run.rollback_checkpoint_path = Some(name.clone());
        // Known to the state file before it is there: what no run owns stops every start.
        self.runner.stand(State::ValidatingPre, &self.run)?;
        self.runner.checkpoints.begin(&name)?;
        let folder = self.runner.checkpoints.backup(&name);
        // Others may write meanwhile: the backup has no fewer rows than these.
        let row_counts = self.runner.target.row_counts()?;
        self.runner.target.back_up(self.entry, down, &folder)?;
        host::reached("checkpoint.backed_up");
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

    /// Holds the target against the checkpoint, and with `rows` its rows as well: others may have
    /// written more since, and nobody may have fewer.
    fn compare(&mut self, rows: bool) -> Result<(), Fault> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        let seen = self.runner.look()?;
        let folder = self.runner.checkpoints.backup(&checkpoint.name);
        let mut diff = checkpoint.snapshot.diff(&seen.snapshot);
        if let Some(scope) = self.runner.target.scope(&folder)? {
            diff.differences.retain(|one| scope.contains(&one.object.name));
        }
        let mut differences = told(&diff);
        if words(&seen.history) != checkpoint.tracking {
            differences.push("the tracking does not say what it said".to_owned());
        }
        if rows {
            let now = self.runner.target.row_counts()?;
            let fewer = checkpoint
                .row_counts
                .iter()
                .filter(|(table, count)| now.get(*table).is_none_or(|now| now < *count));
            differences.extend(
                fewer.map(|(table, _)| format!("{} has fewer rows than it had", printable(table))),
            );
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

    /// Whether the checkpoint can be brought back; touches nothing.
    pub(super) fn may_go_back(&mut self) -> Result<(), Fault> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        self.runner.checkpoints.verify(checkpoint)?;
        let folder = self.runner.checkpoints.backup(&checkpoint.name);
        self.runner.target.may_restore(&folder)
    }

    /// Brings the checkpoint back and proves it.
    pub(super) fn bring_back(&mut self) -> Result<(), Fault> {
        let Some(checkpoint) = self.checkpoint.clone() else {
            return Err(Fault::new(
                FaultKind::PartialFailure,
                "there is no checkpoint to go back to",
                "look at the target, mend it, and say what is true of it with `migration-gate \
                 resolve`",
            ));
        };
        self.runner.checkpoints.verify(&checkpoint)?;
        let folder = self.runner.checkpoints.backup(&checkpoint.name);
        let down = checkpoint.direction == Direction::Down.name();
        // A step that was done has left something, whatever its transaction.
        let is_asked = self.direction == Direction::Restore && !self.is_mending;
        let left_nothing = !is_asked && self.runner.target.left_nothing(self.entry, down)?;
        let whole = checkpoint.strategy == Strategy::Backup && !left_nothing;
        if whole && !is_asked {
            self.keep_what_is_lost(&checkpoint)?;
        }
        self.runner.target.restore(self.entry, down, &folder)?;
        host::reached("rollback.restored");
        self.compare(whole)
    }

    /// A checkpoint of a whole database takes with it what others wrote since, so what is there now
    /// is copied first.
    fn keep_what_is_lost(&mut self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        if !self.runner.target.restores_everything() {
            return Ok(());
        }
        let lost = self.runner.rows_since(checkpoint)?;
        let folder = self.runner.checkpoints.aside(&checkpoint.name)?;
        self.runner.target.keep_aside(&folder)?;
        let folder = folder.display().to_string();
        self.kept = Some(format!(
            "the whole database was brought back, and what was written since the checkpoint went \
             with it; a copy from before is kept in {}{lost}",
            printable(&folder)
        ));
        Ok(())
    }
}
