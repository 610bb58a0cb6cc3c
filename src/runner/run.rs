//! One runner on one target: its lock, its state, its checkpoints and its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::checkpoint::{Checkpoint, Checkpoints};
use super::disk::Disk;
use super::journal::{self, Context, Event, Fact, Journal};
use super::lock::Lock;
use super::plan::{fingerprint, tracking};
use super::state::{Left, Run, Standing, StateFile, Stood};
use super::target::{Direction, Strategy, Target};
use super::tracking::{Tracked, TrackedState};
use super::{Fault, FaultKind};
use crate::catalog::Entry;
use crate::host;
use crate::lifecycle::State;
use crate::model::{Snapshot, printable};

/// What a runner is made of.
pub struct Parts<'a> {
    /// The file system of state, checkpoints and journal.
    pub disk: &'a dyn Disk,
    /// The folder of the target's state.
    pub folder: &'a Path,
    /// The lock of that folder; without it the runner may look and not touch.
    pub lock: Option<Lock>,
    /// What is changed.
    pub target: &'a mut dyn Target,
    /// The set's migrations, in the order in which they run.
    pub entries: &'a [Entry],
    /// The machine's clock.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// What the journal says with every event; its run is that of the process.
    pub context: Context,
    /// How many checkpoints are kept.
    pub keep: usize,
    /// Somebody says that the target is the one that this state is of, at another place.
    pub has_moved: bool,
    /// Is told what is being done.
    pub progress: &'a mut dyn FnMut(&str, State),
}

/// One runner on one target. No other one is at work there while it lives.
pub struct Runner<'a> {
    pub(super) folder: PathBuf,
    pub(super) target: &'a mut dyn Target,
    pub(super) entries: &'a [Entry],
    pub(super) clock: &'a dyn Fn() -> Timestamp,
    pub(super) progress: &'a mut dyn FnMut(&str, State),
    pub(super) file: StateFile<'a>,
    pub(super) standing: Standing,
    pub(super) checkpoints: Checkpoints<'a>,
    pub(super) journal: Journal<'a>,
    pub(super) keep: usize,
    /// The migration that the start took back.
    pub(super) took_back: Option<String>,
    /// Whether that was what an earlier process was asked for.
    pub(super) finished_rollback: bool,
    run_id: String,
    walks: u32,
    _lock: Option<Lock>,
}

impl<'a> Runner<'a> {
    /// Opens the state; nothing is judged yet, and a state file that cannot be trusted is told
    /// beside the runner.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn open(parts: Parts<'a>) -> Result<(Self, Option<Fault>), Fault> {
        let Parts {
            disk,
            folder,
            lock,
            target,
            entries,
            clock,
            context,
            keep,
            has_moved,
            progress,
        } = parts;
        let run_id = context.run_id.clone();
        let journal = Journal::open(disk, &folder.join(journal::FILE_NAME), context)?;
        let mut checkpoints = Checkpoints::open(disk, folder)?;
        if lock.is_some() {
            checkpoints.finish_removals()?;
        }
        let file = StateFile::new(disk, folder);
        if lock.is_some() {
            file.settle()?;
        }
        let (mut standing, doubt) = match file.read() {
            Ok(Some(standing)) => (standing, None),
            Ok(None) if checkpoints.names().next().is_some() => {
                (Standing::default(), Some(lost(folder)))
            }
            Ok(None) => (Standing::default(), None),
            Err(fault) if fault.kind == FaultKind::PartialFailure => {
                (Standing::default(), Some(fault))
            }
            Err(fault) => return Err(fault),
        };
        let place = target.place();
        let is_other = !standing.place.is_empty() && standing.place != place;
        if is_other && !has_moved {
            return Err(another(folder, &standing.place, &place));
        }
        standing.place = place;
        if is_other && lock.is_some() {
            file.write(&standing)?;
        }
        let runner = Self {
            folder: folder.to_owned(),
            target,
            entries,
            clock,
            progress,
            file,
            standing,
            checkpoints,
            journal,
            keep,
            took_back: None,
            finished_rollback: false,
            run_id,
            walks: 0,
            _lock: lock,
        };
        Ok((runner, doubt))
    }

    /// Where the target stands.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Tells the journal which teams agreed to what is done from now on.
    pub fn approved_by(&mut self, teams: &[String]) {
        self.journal.approved_by(teams);
    }

    /// The state of the lifecycle.
    #[must_use]
    pub fn state(&self) -> State {
        match self.standing.state {
            Stood::Idle => State::Idle,
            Stood::In(state, _) => state,
        }
    }

    /// Whether the start came to the end of a rollback that somebody had asked for.
    #[must_use]
    pub fn has_finished_rollback(&self) -> bool {
        self.finished_rollback
    }

    /// Everything that a plan wants to know of the target.
    ///
    /// # Errors
    /// When the target cannot be looked at.
    pub fn sight(&mut self) -> Result<Sight, Fault> {
        let Seen { snapshot, history } = self.look()?;
        let rows = self.target.row_counts()?;
        Ok(Sight { place: self.target.place(), snapshot, history, rows })
    }

    /// How a migration would be taken back, and about how many bytes its checkpoint takes.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn prospect(&mut self, entry: &Entry) -> Result<(Strategy, u64), Fault> {
        let strategy = self.target.strategy(entry, false);
        let bytes = match strategy {
            Strategy::Backup => self.target.checkpoint_size(entry)?,
            Strategy::Transaction => 0,
        };
        Ok((strategy, bytes))
    }

    /// Every checkpoint that is ready, oldest first, and the names of those that are damaged.
    ///
    /// # Errors
    /// When the folders cannot be read.
    pub fn ready_checkpoints(&self) -> Result<(Vec<Checkpoint>, Vec<String>), Fault> {
        let (mut ready, mut damaged) = (Vec::new(), Vec::new());
        for name in self.checkpoints.names() {
            if !self.checkpoints.is_sealed(name)? {
                continue;
            }
            match self.checkpoints.read(name) {
                Ok(checkpoint) => ready.push(checkpoint),
                Err(fault) if fault.kind == FaultKind::PartialFailure => damaged.push(name.clone()),
                Err(fault) => return Err(fault),
            }
        }
        Ok((ready, damaged))
    }

    /// The ids of migrations of the set that ran here and are not among those that have run now:
    /// somebody took them back. As far as checkpoints are kept.
    ///
    /// # Errors
    /// When a checkpoint cannot be read.
    pub fn taken_back(&self, applied: &BTreeSet<String>) -> Result<BTreeSet<String>, Fault> {
        let mut ids = BTreeSet::new();
        let all = self.entries.iter().map(|entry| entry.migration.id.as_str());
        for name in self.checkpoints.names_for(all.filter(|id| !applied.contains(*id))) {
            let ended_well = self.checkpoints.after(name).map(|left| left.is_some());
            match ended_well.and_then(|well| Ok((well, self.checkpoints.read(name)?))) {
                Ok((true, checkpoint)) if checkpoint.direction == Direction::Up.name() => {
                    ids.insert(checkpoint.migration);
                }
                // A damaged one says nothing, and `status` tells of it.
                Ok(_) => {}
                Err(fault) if fault.kind == FaultKind::PartialFailure => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(&ids - applied)
    }

    /// A new run of a migration.
    pub(super) fn new_run(&mut self, entry: &Entry, direction: Direction) -> Run {
        self.walks += 1;
        Run {
            id: format!("{}-{}", self.run_id, self.walks),
            migration: entry.migration.id.clone(),
            content: entry.declared.content.clone(),
            direction: direction.name().to_owned(),
            started_at: (self.clock)(),
            touched: false,
            rollback_checkpoint_path: None,
            fault: None,
        }
    }

    /// Notes the state, durably, before what it names begins.
    pub(super) fn stand(&mut self, state: State, run: &Run) -> Result<(), Fault> {
        (self.progress)(&run.migration, state);
        let stood = match state {
            State::Idle => Stood::Idle,
            _ => Stood::In(state, run.clone()),
        };
        let Standing { left, place, .. } = self.standing.clone();
        let standing = Standing { state: stood, left, place };
        self.file.write(&standing)?;
        self.standing = standing;
        host::reached(&format!("state.{state}"));
        Ok(())
    }

    /// Writes an event of a run into the journal.
    pub(super) fn tell(&mut self, run: &Run, event: Event) -> Result<(), Fault> {
        let event = event
            .with("migration.direction", Fact::name(&run.direction))
            .with("migration.walk_id", Fact::name(&run.id));
        self.journal.record((self.clock)(), &event)
    }

    /// The entry of that id.
    pub(super) fn entry(&self, id: &str) -> Result<&'a Entry, Fault> {
        self.entries.iter().find(|entry| entry.migration.id == id).ok_or_else(|| {
            Fault::new(
                FaultKind::PartialFailure,
                format!("the set has no migration {}, of which a run was left", printable(id)),
                "run this from the revision of the set that the run came from",
            )
        })
    }

    /// What the target looks like and what its tracking says.
    pub(super) fn look(&mut self) -> Result<Seen, Fault> {
        let snapshot = self.target.snapshot()?;
        let history = self.target.history()?;
        Ok(Seen { snapshot, history })
    }

    /// The checkpoint that a run would go back to.
    pub(super) fn checkpoint_of(&self, run: &Run) -> Result<Option<Checkpoint>, Fault> {
        match &run.rollback_checkpoint_path {
            Some(name) if self.checkpoints.is_sealed(name)? => {
                self.checkpoints.read(name).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// A target as a plan sees it.
#[derive(Debug)]
pub struct Sight {
    /// Where it is, without a password.
    pub place: String,
    /// What migrations change.
    pub snapshot: Snapshot,
    /// What has run.
    pub history: Vec<Tracked>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
}

impl Sight {
    /// The ids of what has run.
    #[must_use]
    pub fn applied(&self) -> BTreeSet<String> {
        let applied = self.history.iter().filter(|one| one.state == TrackedState::Applied);
        applied.filter_map(|one| one.id.clone()).collect()
    }
}

/// What a target shows of itself.
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    pub(super) history: Vec<Tracked>,
}

impl Seen {
    /// What the next run is to find.
    pub(super) fn left(&self) -> Left {
        Left {
            fingerprint: fingerprint(&self.snapshot),
            tracking: tracking(&self.history),
            ran: self.history.len() as u64,
        }
    }
}

/// What the tracking says, one line for each migration.
pub(super) fn words(history: &[Tracked]) -> Vec<String> {
    let word = |tracked: &Tracked| match tracked.state {
        TrackedState::Applied => tracked.name.clone(),
        TrackedState::Unfinished => format!("{} (unfinished)", tracked.name),
    };
    history.iter().map(word).collect()
}

/// A checkpoint of one target would overwrite another.
fn another(folder: &Path, known: &str, place: &str) -> Fault {
    let path = folder.display().to_string();
    Fault::new(
        FaultKind::Conflict,
        format!(
            "{} is the state of {}, and this is {}",
            printable(&path),
            printable(known),
            printable(place)
        ),
        "name another folder with --state, or give each its own [[target]]; where it is the same \
         target that has moved, say so with --moved",
    )
}

fn lost(folder: &Path) -> Fault {
    let path = folder.display().to_string();
    Fault::new(
        FaultKind::PartialFailure,
        format!("{} has checkpoints and no state file", printable(&path)),
        "bring state.json back from a copy; or look at the target and say what is true of the last \
         migration with `migration-gate resolve MIGRATION --as applied|rolled-back`",
    )
}
