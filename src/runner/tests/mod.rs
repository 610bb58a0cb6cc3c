//! The runner as a whole, on a disk that can be simulated.

mod crash;
mod damage;
mod decisions;
mod fake;
mod faults;
mod model;
mod real;

use std::cell::LazyCell;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use super::disk::Disk;
use super::disk::simulated::{Contents, Simulated};
use super::journal::{self, Context, Verification};
use super::lock::Lock;
use super::state::{Standing, StateFile, Stood};
use super::target::Target;
use super::{Fault, FaultKind, Parts, Runner, Way, Word};
use crate::catalog::Entry;
use crate::lifecycle::State;
use crate::runner::documents::tests::{STATE, entry};

/// The way back of a target that is not brought back as a whole.
const BACK: Way = Way::Checkpoints { accept_data_loss: false };

thread_local! {
    static LOCKS: LazyCell<TempDir> = LazyCell::new(|| tempfile::tempdir().unwrap());
}

/// How a runner is opened.
struct Opened<'a> {
    disk: &'a dyn Disk,
    target: &'a mut dyn Target,
    entries: &'a [Entry],
    keep: usize,
    now: &'a str,
}

impl<'a> Opened<'a> {
    fn new(disk: &'a dyn Disk, target: &'a mut dyn Target, entries: &'a [Entry]) -> Self {
        Self { disk, target, entries, keep: 3, now: "2026-11-21T10:00:00Z" }
    }

    /// Opens a runner as a process of its own, with the right to change something.
    fn run<T>(
        self,
        work: impl FnOnce(&mut Runner<'_>, Option<Fault>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.told(&mut |_, _| {}, work)
    }

    fn told<T>(
        self,
        progress: &mut dyn FnMut(&str, State),
        work: impl FnOnce(&mut Runner<'_>, Option<Fault>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let folder = LOCKS.with(|folder| folder.path().join("state"));
        let lock = Some(Lock::take(&folder).unwrap());
        let now: Timestamp = self.now.parse().unwrap();
        let clock = || now;
        let parts = Parts {
            has_moved: false,
            disk: self.disk,
            folder: Path::new(STATE),
            lock,
            target: self.target,
            entries: self.entries,
            clock: &clock,
            context: context(),
            keep: self.keep,
            progress,
        };
        let (mut runner, doubt) = Runner::open(parts)?;
        work(&mut runner, doubt)
    }
}

fn context() -> Context {
    Context {
        documents: true,
        run_id: "run".into(),
        set: "settings".into(),
        target: "production".into(),
        revision: None,
        traceparent: None,
    }
}

fn applied(result: Result<usize, (usize, Box<Fault>)>) -> Result<usize, Fault> {
    result.map_err(|(_, fault)| *fault)
}

fn taken_back(
    result: Result<Vec<String>, (Vec<String>, Box<Fault>)>,
) -> Result<Vec<String>, Fault> {
    result.map_err(|(_, fault)| *fault)
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// The file of that name in the folder of the state.
fn file(name: &str) -> PathBuf {
    Path::new(STATE).join(name)
}

/// What the state file says.
fn standing(disk: &dyn Disk) -> Standing {
    StateFile::new(disk, Path::new(STATE)).read().unwrap().unwrap_or_default()
}

fn state(disk: &dyn Disk) -> State {
    match standing(disk).state {
        Stood::Idle => State::Idle,
        Stood::In(state, _) => state,
    }
}

/// The events of the journal: name without its prefix, migration, and the walk.
fn events(disk: &Simulated) -> Vec<[String; 3]> {
    let bytes = disk.contents().remove(&file(journal::FILE_NAME)).unwrap_or_default();
    let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let read = |line: &[u8]| {
        let line: Value = serde_json::from_slice(line).ok()?;
        let text = |name: &str| line["attributes"][name].as_str().unwrap_or_default().to_owned();
        let name = line["event_name"].as_str()?;
        Some([
            name.trim_start_matches("config.").trim_start_matches("migration.").to_owned(),
            text("config.migration.id"),
            text("config.migration.walk_id"),
        ])
    };
    whole.filter_map(read).collect()
}

/// The names of the events alone.
fn told(disk: &Simulated) -> Vec<String> {
    events(disk).into_iter().map(|[name, ..]| name).collect()
}

/// What is wrong with the journal.
fn verified(disk: &Simulated) -> Verification {
    let bytes = disk.contents().remove(&file(journal::FILE_NAME)).unwrap_or_default();
    journal::verify_bytes(&bytes)
}
