//! A database as a target, with the table of its tool.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::disk::Disk;
use super::target::{Done, Strategy, Target};
use super::tracking::{Note, Tracked, TrackedState, Tracker};
use super::{Fault, FaultKind};
use crate::catalog::Entry;
use crate::engine::Database;
use crate::host;
use crate::model::{EngineKind, Migration, Script, Snapshot, Step, printable};
use crate::sql::{statements, transaction_control};

/// The copy in the folder of a checkpoint.
const BACKUP: &str = "database.backup";

/// The places at which a test stops or kills the process, in their order.
pub const STEPS: &[&str] = &[
    "database.copied",
    "database.backed_up",
    "database.undone",
    "database.started",
    "database.executed",
    "database.finished",
    "database.restored",
];

/// When a copy of the database is made before a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointPolicy {
    /// Where its script and what is recorded of it do not run in one transaction.
    Auto,
    /// Before each.
    Always,
}

impl CheckpointPolicy {
    /// The policy where nobody says another: a copy of a file costs little, a dump much.
    #[must_use]
    pub fn usual(engine: EngineKind) -> Self {
        match engine {
            EngineKind::Sqlite => Self::Always,
            _ => Self::Auto,
        }
    }
}

/// A database that migrations are run on.
pub struct DatabaseTarget<'a> {
    database: Box<dyn Database>,
    tracker: Box<dyn Tracker + 'a>,
    disk: &'a dyn Disk,
    policy: CheckpointPolicy,
    /// The set's migrations in the order in which they run.
    order: Vec<&'a Migration>,
    /// Ids of those that have run to their end; `None` until the table was read.
    applied: Option<BTreeSet<String>>,
}

impl<'a> DatabaseTarget<'a> {
    /// A target. `order` is the set in the order in which it runs.
    #[must_use]
    pub fn new(
        database: Box<dyn Database>,
        tracker: Box<dyn Tracker + 'a>,
        disk: &'a dyn Disk,
        policy: CheckpointPolicy,
        order: &[&'a Migration],
    ) -> Self {
        Self { database, tracker, disk, policy, order: order.to_vec(), applied: None }
    }

    /// Keeps other runners out as long as this lives; `false` where another one is at work.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    pub fn lock(&mut self) -> Result<bool, Fault> {
        Ok(self.database.lock()?)
    }

    fn strategy_of(&self, script: &Script) -> Strategy {
        match self.policy {
            CheckpointPolicy::Auto if self.database.is_atomic(script) => Strategy::Transaction,
            CheckpointPolicy::Auto | CheckpointPolicy::Always => Strategy::Backup,
        }
    }

    /// What the table says of a migration now.
    fn state(&mut self, migration: &Migration) -> Result<Option<TrackedState>, Fault> {
        let tracked = self.history()?;
        let own = tracked.iter().find(|one| one.id.as_ref() == Some(&migration.id));
        Ok(own.map(|one| one.state))
    }

    /// What is to be written down of a migration.
    fn note<'n>(&mut self, migration: &'n Migration, took: Duration) -> Result<Note<'n>, Fault>
    where
        'a: 'n,
    {
        if self.applied.is_none() {
            self.history()?;
        }
        let own = self.order.iter().position(|other| other.id == migration.id);
        let before = self.order.get(..own.unwrap_or_default()).unwrap_or_default().iter().rev();
        let has_run =
            |other: &&Migration| self.applied.as_ref().is_some_and(|all| all.contains(&other.id));
        let previous = before.copied().find(has_run);
        Ok(Note { migration, previous, at: host::wall_clock(), took })
    }

    fn noted(&mut self, migration: &Migration, has_run: bool) {
        let Some(applied) = &mut self.applied else { return };
        match has_run {
            true => applied.insert(migration.id.clone()),
            false => applied.remove(&migration.id),
        };
    }

    /// Makes a copy of the database, durably; under its name it is whole.
    fn copy(&mut self, folder: &Path) -> Result<(), Fault> {
        let (whole, partial) = (folder.join(BACKUP), folder.join("database.backup.new"));
        let at = |error: std::io::Error| Fault::file(&partial, &error);
        self.disk.make_folder(folder).map_err(at)?;
        if self.disk.kind(&partial).map_err(at)?.is_some() {
            self.disk.remove(&partial).map_err(at)?;
        }
        self.database.back_up(&partial)?;
        host::reached("database.copied");
        let durable = self.disk.sync(&partial);
        let named = durable.and_then(|()| self.disk.rename(&partial, &whole));
        named.and_then(|()| self.disk.sync_folder(folder)).map_err(at)?;
        host::reached("database.backed_up");
        Ok(())
    }

    /// Brings back the copy, where there is one.
    fn restore_copy(&mut self, folder: &Path) -> Result<bool, Fault> {
        let copy = folder.join(BACKUP);
        let is_there = self.is_there(&copy)?;
        if is_there {
            self.database.restore(&copy)?;
        }
        Ok(is_there)
    }

    fn is_there(&self, path: &Path) -> Result<bool, Fault> {
        let kind = self.disk.kind(path).map_err(|error| Fault::file(path, &error))?;
        Ok(kind.is_some())
    }
}

/// A verify script as statements inside the migration's own transaction, so that what fails it is
/// never committed; nothing where there is no such transaction.
fn migration_verify(migration: &Migration, is_atomic: bool) -> Vec<String> {
    let Some(verify) = migration.verify.as_ref().filter(|_| is_atomic) else { return Vec::new() };
    let all = statements(verify);
    let own = all.iter().filter(|statement| transaction_control(statement).is_none());
    let own = own.map(|one| verify.text[one.span.start..one.span.end].to_owned());
    let (open, close) = ("SAVEPOINT migration_gate_verify", "ROLLBACK TO migration_gate_verify");
    std::iter::once(open.to_owned()).chain(own).chain([close.to_owned()]).collect()
}

/// The SQL of a step.
fn script(step: &Step) -> Result<&Script, Fault> {
    let refused = |kind, what: String, way_out: &str| {
        Err(Fault { location: Some(step.location()), ..Fault::new(kind, what, way_out) })
    };
    let path = printable(step.path().as_str());
    match step {
        Step::Sql(script) => Ok(script),
        Step::Program(_) => refused(
            FaultKind::Usage,
            format!("{path} changes documents, and this is a database"),
            "name the set in migration-gate.toml with engine = \"documents\"",
        ),
        Step::Foreign { language, .. } => refused(
            FaultKind::Usage,
            format!("{path} is {language}, which the runner does not run"),
            "run it with its own tool, then say so with `migration-gate resolve --as applied`",
        ),
    }
}

/// The SQL of a migration, or with `down` that which takes it back.
fn step_script(migration: &Migration, down: bool) -> Result<&Script, Fault> {
    if !down {
        return script(&migration.up);
    }
    let step = migration.down.step().ok_or_else(|| Fault {
        location: Some(migration.location()),
        ..Fault::new(
            FaultKind::Migration,
            format!("{} has no down", printable(&migration.id)),
            "restore its checkpoint, or write a down and prove it with `migration-gate check`",
        )
    })?;
    script(step)
}

impl Target for DatabaseTarget<'_> {
    fn place(&self) -> String {
        self.database.place()
    }

    fn history(&mut self) -> Result<Vec<Tracked>, Fault> {
        let tracked = self.tracker.read(&mut *self.database)?;
        let applied = tracked.iter().filter(|one| one.state == TrackedState::Applied);
        self.applied = Some(applied.filter_map(|one| one.id.clone()).collect());
        Ok(tracked)
    }

    fn prepare(&mut self) -> Result<(), Fault> {
        let statements = self.tracker.create(&mut *self.database)?;
        Ok(self.database.write(&statements)?)
    }

    fn snapshot(&mut self) -> Result<Snapshot, Fault> {
        Ok(self.database.snapshot()?)
    }

    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, Fault> {
        Ok(self.database.row_counts()?)
    }

    fn strategy(&self, entry: &Entry, down: bool) -> Strategy {
        let script = step_script(&entry.migration, down);
        script.map_or(Strategy::Backup, |script| self.strategy_of(script))
    }

    fn checkpoint_size(&mut self, entry: &Entry) -> Result<u64, Fault> {
        match self.strategy(entry, false) {
            Strategy::Transaction => Ok(0),
            Strategy::Backup => Ok(self.database.size()?),
        }
    }

    fn back_up(&mut self, entry: &Entry, down: bool, folder: &Path) -> Result<(), Fault> {
        match self.strategy_of(step_script(&entry.migration, down)?) {
            Strategy::Transaction => Ok(()),
            Strategy::Backup => self.copy(folder),
        }
    }

    fn migrate(&mut self, entry: &Entry, down: bool, _: &Path) -> Result<Done, Fault> {
        let script = step_script(&entry.migration, down)?;
        let note = self.note(&entry.migration, Duration::ZERO)?;
        if down {
            self.database.execute(script, &self.tracker.undone(&note))?;
            host::reached("database.undone");
        } else {
            self.database.write(&self.tracker.starting(&note))?;
            host::reached("database.started");
            let begun = host::now();
            let verified = migration_verify(&entry.migration, self.database.is_atomic(script));
            let record = [verified, self.tracker.applied(&note)].concat();
            self.database.execute(script, &record)?;
            host::reached("database.executed");
            let note = Note { took: host::now() - begun, ..note };
            self.database.write(&self.tracker.finished(&note))?;
            host::reached("database.finished");
        }
        self.noted(&entry.migration, !down);
        Ok(Done::default())
    }

    fn validate(&mut self, entry: &Entry) -> Result<(), Fault> {
        let (id, table) = (printable(&entry.migration.id), self.tracker.table());
        let told = match self.state(&entry.migration)? {
            Some(TrackedState::Applied) => None,
            Some(TrackedState::Unfinished) => Some("says that it did not run to its end"),
            None => Some("does not know it"),
        };
        if let Some(told) = told {
            return Err(Fault::new(
                FaultKind::PartialFailure,
                format!("{id}: {table} {told}"),
                "look at what the migration left, then say with `migration-gate resolve` whether \
                 it has run",
            ));
        }
        match &entry.migration.verify {
            None => Ok(()),
            Some(verify) => Ok(self.database.verify(verify)?),
        }
    }

    fn left_nothing(&mut self, entry: &Entry, down: bool) -> Result<bool, Fault> {
        if !self.database.is_atomic(step_script(&entry.migration, down)?) {
            return Ok(false);
        }
        self.applied = None;
        let state = self.state(&entry.migration)?;
        Ok((state == Some(TrackedState::Applied)) == down)
    }

    fn may_restore(&mut self, _: &Path) -> Result<(), Fault> {
        Ok(())
    }

    fn scope(&self, _: &Path) -> Result<Option<BTreeSet<String>>, Fault> {
        Ok(None)
    }

    fn keep_aside(&mut self, folder: &Path) -> Result<(), Fault> {
        self.copy(folder)
    }

    /// Where the transaction took everything back, only the mark that stood before it is left.
    /// Else a copy holds everything as it was, the table as well.
    fn restore(&mut self, entry: &Entry, down: bool, folder: &Path) -> Result<(), Fault> {
        if !self.left_nothing(entry, down)? && self.restore_copy(folder)? {
            self.applied = None;
            host::reached("database.restored");
            return Ok(());
        }
        match (self.state(&entry.migration)?, down) {
            (None, false) | (Some(TrackedState::Applied), true) => Ok(()),
            (Some(TrackedState::Unfinished), false) => {
                let note = self.note(&entry.migration, Duration::ZERO)?;
                Ok(self.database.write(&self.tracker.abandoned(&note))?)
            }
            _ => Err(Fault::new(
                FaultKind::PartialFailure,
                format!(
                    "{} was committed, and there is no copy to go back to: its transaction was \
                     its way back",
                    printable(&entry.migration.id)
                ),
                "look at what it left; where all of it is there, say so: `migration-gate resolve \
                 MIGRATION --as applied`; else mend it by hand, then say what is true",
            )),
        }
    }

    /// A mark of a beginning that is there is ended or taken back; one that is missing is made up.
    fn mark(&mut self, entry: &Entry, applied: bool) -> Result<(), Fault> {
        self.prepare()?;
        let state = self.state(&entry.migration)?;
        let note = self.note(&entry.migration, Duration::ZERO)?;
        let tracker = &self.tracker;
        let statements = match (state, applied) {
            (Some(TrackedState::Applied), true) | (None, false) => return Ok(()),
            (Some(TrackedState::Applied), false) => tracker.undone(&note),
            (Some(TrackedState::Unfinished), false) => tracker.abandoned(&note),
            (Some(TrackedState::Unfinished), true) => {
                [tracker.applied(&note), tracker.finished(&note)].concat()
            }
            (None, true) => {
                [tracker.starting(&note), tracker.applied(&note), tracker.finished(&note)].concat()
            }
        };
        self.database.write(&statements)?;
        self.noted(&entry.migration, applied);
        Ok(())
    }

    fn restores_everything(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
