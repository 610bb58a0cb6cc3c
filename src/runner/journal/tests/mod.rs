mod change;
mod crash;
mod reading;
mod writing;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Context, Event, EventName, Fact, Journal, Verification, json_schema};
use crate::runner::disk::{Disk, Kind};

const PATH: &str = "/state/journal.jsonl";

/// A file system of files only, which says what was asked of it.
#[derive(Default)]
struct Memory {
    files: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
    kind: Cell<Option<Kind>>,
    calls: RefCell<Vec<String>>,
    read: Cell<usize>,
    /// How many bytes of the next append arrive before it fails.
    fails_after: Cell<Option<usize>>,
    sync_fails: Cell<bool>,
}

impl Memory {
    fn holding(bytes: &[u8]) -> Self {
        let disk = Self::default();
        disk.files.borrow_mut().insert(PATH.into(), bytes.to_vec());
        disk
    }

    fn bytes(&self) -> Vec<u8> {
        self.files.borrow().get(Path::new(PATH)).cloned().unwrap_or_default()
    }

    fn call(&self, name: &str, path: &Path) {
        self.calls.borrow_mut().push(format!("{name} {}", path.display()));
    }
}

impl Disk for Memory {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        let there = self.files.borrow().contains_key(path).then_some(Kind::File);
        Ok(self.kind.get().or(there))
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.borrow().get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
    fn read_end(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let bytes = self.read(path)?;
        let end = &bytes[bytes.len().saturating_sub(usize::try_from(most).unwrap())..];
        self.read.set(self.read.get() + end.len());
        Ok(end.to_vec())
    }
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.call("append", path);
        let arrives = self.fails_after.take();
        let mut files = self.files.borrow_mut();
        let file = files.entry(path.to_owned()).or_default();
        file.extend_from_slice(&bytes[..arrives.unwrap_or(bytes.len()).min(bytes.len())]);
        arrives.map_or(Ok(()), |_| Err(io::ErrorKind::StorageFull.into()))
    }
    fn sync(&self, path: &Path) -> io::Result<()> {
        self.call("sync", path);
        if self.sync_fails.take() { Err(io::Error::other("input/output error")) } else { Ok(()) }
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call("sync_folder", path);
        Ok(())
    }
    fn create(&self, _: &Path, _: &[u8], _: Option<&Path>) -> io::Result<()> {
        unreachable!("a journal is only added to")
    }
    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        unreachable!("a journal is only added to")
    }
    fn remove(&self, _: &Path) -> io::Result<()> {
        unreachable!("a journal is only added to")
    }
    fn make_folder(&self, _: &Path) -> io::Result<()> {
        unreachable!("a journal is only added to")
    }
    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        unreachable!("a journal is only added to")
    }
    fn names(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        unreachable!("a journal is only added to")
    }
}

fn context() -> Context {
    Context {
        documents: true,
        run_id: "0190f5d2-7a3c-7e11-8b1a-0242ac120002".into(),
        set: "shop".into(),
        target: "production".into(),
        revision: Some("9ce946c1".into()),
        traceparent: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_763_000_000 + second, 123_456_789).unwrap()
}

fn open(disk: &Memory) -> Journal<'_> {
    Journal::open(disk, Path::new(PATH), context()).unwrap()
}

/// A journal of a few events.
fn small() -> Vec<u8> {
    let disk = Memory::default();
    let mut journal = open(&disk);
    for (second, event) in [
        Event::of(EventName::CheckpointCreated, "0001_a"),
        Event::of(EventName::Migrated, "0001_a")
            .with("migration.duration", Duration::from_millis(1500)),
        Event::of(EventName::Failed, "0002_b").with("error.type", "migration"),
    ]
    .iter()
    .enumerate()
    {
        journal.record(at(second as i64), event).unwrap();
    }
    disk.bytes()
}

/// The lines of a journal, each with its line break.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn verified(bytes: &[u8]) -> Verification {
    super::verify::verify(bytes).unwrap()
}

/// What verification has against a journal: line and words.
fn problems(bytes: &[u8]) -> Vec<(u64, String)> {
    verified(bytes).problems.into_iter().map(|problem| (problem.line, problem.what)).collect()
}

/// The events of a journal, each held against the published schema; what was cut off is left out.
fn events(bytes: &[u8]) -> Vec<Value> {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema = serde_json::from_str(&json_schema()).unwrap();
        jsonschema::draft202012::new(&schema).unwrap()
    });
    let events = split(bytes).into_iter().filter(|line| line.ends_with(b"}\n"));
    let events: Vec<Value> = events.map(|line| serde_json::from_slice(&line).unwrap()).collect();
    for event in &events {
        assert!(VALIDATOR.is_valid(event), "{event:#}: {:?}", VALIDATOR.validate(event).err());
    }
    events
}
