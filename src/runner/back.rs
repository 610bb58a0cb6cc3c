//! Backward: from checkpoints, or where that is allowed by down scripts.

use std::collections::BTreeSet;

use super::apply::{listed, unstopped};
use super::checkpoint::Checkpoint;
use super::run::{Runner, words};
use super::target::{Direction, Strategy};
use super::tracking::{Tracked, TrackedState};
use super::walk::{Permit, Walker, since};
use super::{Fault, FaultKind};
use crate::model::printable;

/// How to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From checkpoints. Where one brings back a whole database, what was written since is lost,
    /// and only with `accept_data_loss` is that done.
    Checkpoints {
        /// Somebody said that what was written since may be lost.
        accept_data_loss: bool,
    },
    /// By the down scripts.
    Downs,
}

impl Runner<'_> {
    /// Takes back the migrations after `to`, the last one first; without it the last one alone,
    /// which may be the one that the start has just taken back. Answers with their ids in the order
    /// in which they went.
    ///
    /// # Errors
    /// What went before, and why the next did not.
    pub fn roll_back(
        &mut self,
        to: Option<&str>,
        way: Way,
        permit: &Permit<'_>,
    ) -> Result<Vec<String>, (Vec<String>, Box<Fault>)> {
        let none = |fault| (Vec::new(), Box::new(fault));
        // Who asks again after a crash means the same one, and not the one before it as well.
        if let (None, Some(id)) = (to, self.took_back.take()) {
            return Ok(vec![id]);
        }
        let ids = self.ids_to_take_back(to).map_err(none)?;
        match way {
            Way::Checkpoints { accept_data_loss } if self.target.restores_everything() => {
                self.bring_all_back(&ids, accept_data_loss, permit).map_err(none)
            }
            Way::Checkpoints { .. } => self.one_by_one(&ids, Direction::Restore, permit),
            Way::Downs => self.one_by_one(&ids, Direction::Down, permit),
        }
    }

    /// The ids of the migrations to take back, last first.
    fn ids_to_take_back(&mut self, to: Option<&str>) -> Result<Vec<String>, Fault> {
        let history = self.target.history()?;
        let applied = |one: &&Tracked| one.state == TrackedState::Applied;
        let known: Vec<&Tracked> = history.iter().filter(applied).collect();
        let from = match to {
            None => known.len().saturating_sub(1),
            Some(to) => known
                .iter()
                .position(|one| one.id.as_deref() == Some(to))
                .map(|at| at + 1)
                .ok_or_else(|| {
                    Fault::new(
                        FaultKind::Usage,
                        format!("{} has not run here", printable(to)),
                        "`migration-gate status` lists what has",
                    )
                })?,
        };
        known[from..]
            .iter()
            .rev()
            .map(|one| {
                one.id.clone().ok_or_else(|| {
                    Fault::new(
                        FaultKind::Conflict,
                        format!("{} has run here and is not in the set", printable(&one.name)),
                        "run this from a revision of the set that has it",
                    )
                })
            })
            .collect()
    }

    fn one_by_one(
        &mut self,
        ids: &[String],
        direction: Direction,
        permit: &Permit<'_>,
    ) -> Result<Vec<String>, (Vec<String>, Box<Fault>)> {
        let mut done = Vec::new();
        for id in ids {
            let walked = unstopped().and_then(|()| self.one(id, direction, permit));
            walked.map_err(|fault| (done.clone(), Box::new(fault)))?;
            done.push(id.clone());
        }
        Ok(done)
    }

    fn one(&mut self, id: &str, direction: Direction, permit: &Permit<'_>) -> Result<(), Fault> {
        let entry = self.entry(id)?;
        let checkpoint = match direction {
            Direction::Restore => Some(self.checkpoint_before(id)?),
            Direction::Up | Direction::Down => None,
        };
        let mut walker = Walker::new(self, entry, direction, permit);
        walker.run.rollback_checkpoint_path = checkpoint.as_ref().map(|one| one.name.clone());
        walker.checkpoint = checkpoint;
        walker.walk().map(|_| ())
    }

    /// A whole database goes back at once, to before the first of the migrations, and with it goes
    /// all that ran since. Answers with what went.
    fn bring_all_back(
        &mut self,
        ids: &[String],
        accept_data_loss: bool,
        permit: &Permit<'_>,
    ) -> Result<Vec<String>, Fault> {
        let Some(first) = ids.last() else { return Ok(Vec::new()) };
        let checkpoint = self.checkpoint_before(first)?;
        let history = self.target.history()?;
        // A late migration ran after others that stand behind it in the order.
        let is_gone = |one: &&Tracked| !checkpoint.tracking.contains(&one.name);
        let gone = history.iter().rev().filter(is_gone);
        let gone: Vec<String> =
            gone.map(|one| one.id.clone().unwrap_or_else(|| one.name.clone())).collect();
        if !accept_data_loss {
            let (name, at) = (&checkpoint.name, since(checkpoint.created_at));
            let rows = self.rows_since(&checkpoint)?;
            return Err(Fault::new(
                FaultKind::Policy,
                format!(
                    "the checkpoint {name} brings the whole database back to {at}: what was \
                     written since is lost{rows}\n  it takes back {}",
                    listed(&gone)
                ),
                "say that this is what you want with --accept-data-loss",
            ));
        }
        self.one(first, Direction::Restore, permit)?;
        Ok(gone)
    }

    /// How the numbers of rows differ from those at a checkpoint.
    pub(super) fn rows_since(&mut self, checkpoint: &Checkpoint) -> Result<String, Fault> {
        let (now, then) = (self.target.row_counts()?, &checkpoint.row_counts);
        let tables: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
        let told = |count: Option<&u64>| match count {
            Some(count) => format!("{count} rows"),
            None => "no such table".to_owned(),
        };
        let changed = tables.into_iter().filter(|table| now.get(*table) != then.get(*table));
        let lines = changed.map(|table| {
            let (now, then) = (told(now.get(table)), told(then.get(table)));
            format!("\n    {}: {now} now, {then} then", printable(table))
        });
        Ok(lines.collect())
    }

    /// The newest checkpoint that was taken before the up of a migration and fits what has run.
    fn checkpoint_before(&mut self, id: &str) -> Result<Checkpoint, Fault> {
        let history: BTreeSet<String> = words(&self.target.history()?).into_iter().collect();
        for name in self.checkpoints.names_for([id]).rev() {
            if self.checkpoints.after(name)?.is_none() {
                continue;
            }
            let checkpoint = self.checkpoints.read(name)?;
            let is_it = checkpoint.migration == id && checkpoint.direction == Direction::Up.name();
            let fits = checkpoint.tracking.iter().all(|word| history.contains(word));
            if is_it && fits && checkpoint.strategy == Strategy::Backup {
                return Ok(checkpoint);
            }
        }
        let id = printable(id).into_owned();
        Err(Fault::new(
            FaultKind::Usage,
            format!("there is no checkpoint from before {id}"),
            "a migration that ran in one transaction leaves none unless the target says \
             `checkpoint = \"always\"`; on a target with `production = false` its down script can \
             run: --allow-down",
        ))
    }
}
