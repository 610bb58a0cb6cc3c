//! Documents and a set of two migrations, of which the first has run.

use std::cell::LazyCell;

use super::*;
use crate::engine::documents::Documents;
use crate::model::{Action, Pointer};
use crate::runner::documents::DocumentsTarget;
use crate::runner::documents::tests::{NEW, OLD, ROOT, documents, wrap};

/// The documents.
const FILES: [&str; 2] = ["a.json", "config/b.json"];
/// What the second migration makes of them.
const NEWEST: &str = "{\n  \"version\": 3, \"port\": {\"value\": 80}\n}\n";
/// The migrations.
pub(super) const FIRST: &str = "0001_next";
pub(super) const SECOND: &str = "0002_next";

thread_local! {
    static SET: LazyCell<(Documents, Vec<Entry>)> = LazyCell::new(|| {
        let at = |text: &str| Pointer::parse(text).unwrap();
        let rename = Action::Move { from: at("/port/number"), to: at("/port/value") };
        let mut second = entry(2, rename);
        second.migration.depends_on = vec![FIRST.into()];
        (documents(&FILES), vec![wrap(), second])
    });
}

/// A process that opens the documents and a runner on them.
pub(super) fn process<T>(
    disk: &Simulated,
    work: impl FnOnce(&mut Runner<'_>, Option<Fault>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    process_told(disk, &mut |_, _| {}, work)
}

pub(super) fn process_told<T>(
    disk: &Simulated,
    progress: &mut dyn FnMut(&str, State),
    work: impl FnOnce(&mut Runner<'_>, Option<Fault>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let (documents, entries) = SET.with(|set| (set.0.clone(), set.1.clone()));
    let (root, folder) = (Path::new(ROOT), Path::new(STATE));
    let mut target = DocumentsTarget::open(disk, root, folder, documents, &entries)?;
    // One is kept, so that every apply takes another one away.
    Opened { keep: 1, ..Opened::new(disk, &mut target, &entries) }.told(progress, work)
}

/// A disk on which the first migration has run.
pub(super) fn first_has_run() -> Simulated {
    let document = |name: &str| (Path::new(ROOT).join(name), OLD.as_bytes().to_vec());
    let mut contents: Contents = FILES.map(document).into();
    contents.insert(file("lock"), Vec::new());
    let disk = Simulated::holding(&contents);
    apply(&disk, &[FIRST]).unwrap();
    settled(&disk)
}

/// A disk on which both have run.
pub(super) fn both_have_run() -> Simulated {
    let disk = first_has_run();
    apply(&disk, &[SECOND]).unwrap();
    settled(&disk)
}

/// The disk with all that it holds durable.
fn settled(disk: &Simulated) -> Simulated {
    let crashes = disk.crashes();
    assert_eq!(crashes.len(), 1, "something that was told is not durable");
    crashes[0].again(Default::default())
}

pub(super) fn apply(disk: &Simulated, migrations: &[&str]) -> Result<(), Fault> {
    process(disk, |runner, doubt| {
        runner.start(doubt, false)?;
        applied(runner.apply(&ids(migrations), &|_| Ok(()))).map(|_| ())
    })
}

pub(super) fn roll_back(disk: &Simulated) -> Result<(), Fault> {
    process(disk, |runner, doubt| {
        runner.start(doubt, false)?;
        taken_back(runner.roll_back(None, BACK, &|_| Ok(()))).map(|_| ())
    })
}

pub(super) fn start(disk: &Simulated) -> Result<(), Fault> {
    process(disk, |runner, doubt| runner.start(doubt, false).map(|_| ()))
}

/// The documents.
pub(super) fn texts(disk: &Simulated) -> Vec<Vec<u8>> {
    let mut held = disk.contents();
    FILES.map(|name| held.remove(&Path::new(ROOT).join(name)).unwrap_or_default()).into()
}

/// How many migrations the documents have gone through; `None` where they are mixed.
pub(super) fn version(disk: &Simulated) -> Option<usize> {
    let texts = texts(disk);
    [OLD, NEW, NEWEST].iter().position(|text| texts.iter().all(|held| held == text.as_bytes()))
}

/// What the history names, as far as its lines are whole.
pub(super) fn history(disk: &Simulated) -> Vec<String> {
    let bytes = disk.contents().remove(&file("history.jsonl")).unwrap_or_default();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let read = |line: &[u8]| {
        let line: Value = serde_json::from_slice(line).ok()?;
        Some(line["migration"].as_str()?.to_owned())
    };
    lines.filter(|line| line.ends_with(b"\n")).filter_map(read).collect()
}

/// The names of everything that only a work in progress leaves.
pub(super) fn left_overs(disk: &Simulated) -> Vec<PathBuf> {
    let is_left = |path: &PathBuf| {
        let name = path.to_string_lossy().into_owned();
        name.ends_with("/gone") || (name.ends_with("new") && path.starts_with(ROOT))
    };
    disk.contents().into_keys().filter(is_left).collect()
}
