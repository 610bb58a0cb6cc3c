//! A target that fails where it is told to. What it holds is on the runner's disk, so that a crash
//! takes both at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::*;
use crate::model::{Object, ObjectKey, Snapshot};
use crate::runner::disk::replace;
use crate::runner::disk::simulated::Trouble;
use crate::runner::documents::tests::wrap;
use crate::runner::target::{Done, Strategy};
use crate::runner::tracking::{Tracked, TrackedState};

const PLACE: &str = "/target/held.json";
/// A call that fails every time.
pub(super) const ALWAYS: usize = usize::MAX;
/// The migrations; the third needs the second.
pub(super) const IDS: [&str; 3] = ["0001_next", "0002_next", "0003_next"];
/// What a migration that did not end leaves.
const HALF: &str = "half";

/// What the target holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) applied: Vec<String>,
    pub(super) unfinished: Option<String>,
    pub(super) objects: BTreeMap<String, String>,
}

impl Held {
    pub(super) fn on(disk: &Simulated) -> Self {
        let bytes = disk.contents().remove(Path::new(PLACE)).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    pub(super) fn put(&self, disk: &Simulated) {
        self.try_put(disk).unwrap();
    }

    fn try_put(&self, disk: &dyn Disk) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(self).unwrap();
        let path = Path::new(PLACE);
        replace(disk, path, &bytes).map_err(|error| Fault::file(path, &error))
    }

    /// After these migrations.
    pub(super) fn after(ids: &[&str]) -> Self {
        let object = |id: &&str| ((*id).to_owned(), "whole".to_owned());
        let applied = ids.iter().map(|id| (*id).to_owned()).collect();
        Self { applied, unfinished: None, objects: ids.iter().map(object).collect() }
    }

    /// In the middle of a migration, after others.
    pub(super) fn amid(ids: &[&str], id: &str) -> Self {
        let mut held = Self::after(ids);
        held.objects.insert(HALF.into(), id.into());
        held
    }
}

/// A call by its name and its number among those of that name.
pub(super) type Failing = (&'static str, usize);

struct Fake<'d> {
    disk: &'d Simulated,
    fails: Vec<Failing>,
    calls: Vec<&'static str>,
}

impl Fake<'_> {
    fn call(&mut self, name: &'static str) -> Result<(), Fault> {
        let number = self.calls.iter().filter(|call| **call == name).count();
        self.calls.push(name);
        let is_it = |(failing, at): &Failing| *failing == name && [number, ALWAYS].contains(at);
        match self.fails.iter().any(is_it) {
            true => Err(Fault::new(FaultKind::Migration, format!("{name} fails"), "let it not")),
            false => Ok(()),
        }
    }

    fn held(&self) -> Result<Held, Fault> {
        let path = Path::new(PLACE);
        let bytes = self.disk.read(path).map_err(|error| Fault::file(path, &error))?;
        Ok(serde_json::from_slice(&bytes).unwrap())
    }
}

impl Target for Fake<'_> {
    fn place(&self) -> String {
        "fake".into()
    }

    fn history(&mut self) -> Result<Vec<Tracked>, Fault> {
        self.call("history")?;
        let held = self.held()?;
        let tracked = |id: &String, state| Tracked {
            id: IDS.contains(&id.as_str()).then(|| id.clone()),
            name: id.clone(),
            state,
            edited: false,
        };
        let applied = held.applied.iter().map(|id| tracked(id, TrackedState::Applied));
        let unfinished = held.unfinished.iter().map(|id| tracked(id, TrackedState::Unfinished));
        Ok(applied.chain(unfinished).collect())
    }

    fn prepare(&mut self) -> Result<(), Fault> {
        self.call("prepare")
    }

    fn snapshot(&mut self) -> Result<Snapshot, Fault> {
        self.call("snapshot")?;
        let object = |(name, fact): (String, String)| {
            let facts = [("is".to_owned(), fact)].into();
            (ObjectKey::new("object", name), Object { facts, ..Object::default() })
        };
        Ok(Snapshot { objects: self.held()?.objects.into_iter().map(object).collect() })
    }

    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, Fault> {
        self.call("row_counts")?;
        Ok([("t".to_owned(), self.held()?.objects.len() as u64)].into())
    }

    fn strategy(&self, _: &Entry, _: bool) -> Strategy {
        Strategy::Backup
    }

    fn checkpoint_size(&mut self, _: &Entry) -> Result<u64, Fault> {
        Ok(1)
    }

    fn back_up(&mut self, _: &Entry, _: bool, folder: &Path) -> Result<(), Fault> {
        let copy = folder.join("copy");
        let bytes = serde_json::to_vec(&self.held()?).unwrap();
        let written = replace(self.disk, &copy, &bytes);
        written.map_err(|error| Fault::file(&copy, &error))?;
        self.call("back_up")
    }

    fn migrate(&mut self, entry: &Entry, down: bool, _: &Path) -> Result<Done, Fault> {
        let mut held = self.held()?;
        let id = entry.migration.id.clone();
        held.objects.insert(HALF.into(), id.clone());
        held.try_put(self.disk)?;
        self.call("migrate")?;
        held.objects.remove(HALF);
        held.objects.remove(&id);
        held.applied.retain(|other| *other != id);
        if !down {
            held.objects.insert(id.clone(), "whole".into());
            held.applied.push(id);
        }
        held.try_put(self.disk)?;
        Ok(Done::default())
    }

    fn validate(&mut self, _: &Entry) -> Result<(), Fault> {
        self.call("validate")
    }

    fn left_nothing(&mut self, _: &Entry, _: bool) -> Result<bool, Fault> {
        Ok(false)
    }

    fn may_restore(&mut self, _: &Path) -> Result<(), Fault> {
        Ok(())
    }

    fn scope(&self, _: &Path) -> Result<Option<BTreeSet<String>>, Fault> {
        Ok(None)
    }

    fn keep_aside(&mut self, _: &Path) -> Result<(), Fault> {
        self.call("keep_aside")
    }

    fn restore(&mut self, _: &Entry, _: bool, folder: &Path) -> Result<(), Fault> {
        self.call("restore")?;
        let copy = folder.join("copy");
        let bytes = self.disk.read(&copy).map_err(|error| Fault::file(&copy, &error))?;
        serde_json::from_slice::<Held>(&bytes).unwrap().try_put(self.disk)
    }

    fn mark(&mut self, entry: &Entry, applied: bool) -> Result<(), Fault> {
        self.call("mark")?;
        let mut held = self.held()?;
        let id = &entry.migration.id;
        held.applied.retain(|other| other != id);
        held.unfinished.take_if(|other| *other == *id);
        if applied {
            held.applied.push(id.clone());
        }
        held.try_put(self.disk)
    }

    fn restores_everything(&self) -> bool {
        false
    }
}

/// A disk with an untouched target.
pub(super) fn fresh() -> Simulated {
    let disk = Simulated::holding(&[(file("lock"), vec![]), (PLACE.into(), vec![])].into());
    Held::default().put(&disk);
    disk.again(Trouble::default())
}

pub(super) fn entries() -> Vec<Entry> {
    let action =
        |at: u32| (at, wrap().migration.up.program().unwrap().operations[0].action.clone());
    let mut entries: Vec<Entry> =
        (1..=3).map(action).map(|(at, action)| entry(at, action)).collect();
    entries[2].migration.depends_on = vec![IDS[1].into()];
    entries
}

/// A process with a runner on the target.
pub(super) struct Process<'a> {
    pub(super) disk: &'a Simulated,
    pub(super) fails: &'a [Failing],
    pub(super) keep: usize,
    pub(super) now: &'a str,
    pub(super) retry: bool,
}

impl<'a> Process<'a> {
    pub(super) fn on(disk: &'a Simulated) -> Self {
        Self { disk, fails: &[], keep: 3, now: "2026-11-21T10:00:00Z", retry: false }
    }

    pub(super) fn failing(disk: &'a Simulated, fails: &'a [Failing]) -> Self {
        Self { fails, ..Self::on(disk) }
    }

    pub(super) fn retrying(disk: &'a Simulated) -> Self {
        Self { retry: true, ..Self::on(disk) }
    }

    /// Answers with the calls to the target as well.
    pub(super) fn run<T>(
        &self,
        work: impl FnOnce(&mut Runner<'_>, Option<Fault>) -> Result<T, Fault>,
    ) -> (Result<T, Fault>, Vec<&'static str>) {
        self.run_with(&entries(), work)
    }

    pub(super) fn run_with<T>(
        &self,
        entries: &[Entry],
        work: impl FnOnce(&mut Runner<'_>, Option<Fault>) -> Result<T, Fault>,
    ) -> (Result<T, Fault>, Vec<&'static str>) {
        let mut fake = Fake { disk: self.disk, fails: self.fails.to_vec(), calls: Vec::new() };
        let opened = Opened::new(self.disk, &mut fake, entries);
        let done = Opened { keep: self.keep, now: self.now, ..opened }.run(work);
        (done, fake.calls)
    }

    pub(super) fn start(&self) -> Result<Vec<String>, Fault> {
        self.run(|runner, doubt| runner.start(doubt, self.retry)).0
    }

    pub(super) fn apply(&self, migrations: &[&str]) -> Result<usize, Fault> {
        let work = |runner: &mut Runner<'_>, doubt| {
            runner.start(doubt, self.retry)?;
            applied(runner.apply(&ids(migrations), &|_| Ok(())))
        };
        self.run(work).0
    }

    pub(super) fn roll_back(&self, way: Way) -> Result<Vec<String>, Fault> {
        let work = |runner: &mut Runner<'_>, doubt| {
            runner.start(doubt, self.retry)?;
            taken_back(runner.roll_back(None, way, &|_| Ok(())))
        };
        self.run(work).0
    }

    pub(super) fn resolve(
        &self,
        word: &Word<'_>,
    ) -> (Result<Vec<String>, Fault>, Vec<&'static str>) {
        self.run(|runner, doubt| runner.resolve(word, doubt.as_ref()))
    }
}

/// A person's word.
pub(super) fn word(migration: &str, applied: bool) -> Word<'_> {
    Word { migration, applied, reason: "mended", by: "ada", accept_difference: false }
}
