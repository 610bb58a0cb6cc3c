//! On the machine's own file system.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::*;
use crate::runner::disk::RealDisk;
use crate::runner::files::STEPS;
use crate::runner::{Fault, FaultKind};

struct Real {
    _folder: tempfile::TempDir,
    root: PathBuf,
    checkpoint: PathBuf,
    changes: Changes,
}

impl Real {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        let changes = changes(3);
        for (path, change) in &changes {
            let file = root.join(path.as_str());
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, &change.before).unwrap();
        }
        let checkpoint = folder.path().join("state/checkpoint");
        Self { _folder: folder, root, checkpoint, changes }
    }

    fn files(&self) -> Files<'_> {
        Files { disk: &RealDisk, root: &self.root, folder: &self.checkpoint }
    }

    fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn apply(&self) -> Result<(), Fault> {
        self.files().back_up(&self.changes)?;
        self.files().replace(&self.changes)
    }

    /// Every file and link below the root with what it holds, the time of its last change and its
    /// mode.
    fn seen(&self) -> Vec<(PathBuf, String, i64, u32)> {
        let mut seen = Vec::new();
        for folder in ["a", "b"].map(|name| self.file(name)) {
            for name in RealDisk.names(&folder).unwrap() {
                let path = folder.join(name);
                let found = fs::symlink_metadata(&path).unwrap();
                let held = fs::read_to_string(&path).unwrap_or_default();
                seen.push((path, held, found.mtime_nsec(), found.mode()));
            }
        }
        seen
    }

    /// Asserts that nothing is done to the files, and gives the fault.
    fn refused<T: std::fmt::Debug>(&self, work: impl Fn(&Self) -> Result<T, Fault>) -> Fault {
        let before = self.seen();
        let fault = work(self).unwrap_err();
        assert_eq!(self.seen(), before, "something was touched: {fault}");
        fault
    }
}

#[test]
fn modes_stay_forth_and_back_and_nothing_is_left_beside() {
    let real = Real::new();
    let modes = [("a/x", 0o640), ("a/y", 0o600), ("b/z", 0o664)];
    for (path, mode) in modes {
        fs::set_permissions(real.file(path), Permissions::from_mode(mode)).unwrap();
    }
    let holds = |bytes: fn(&Change) -> &[u8]| {
        assert_eq!(real.seen().len(), 3, "something was left: {:?}", real.seen());
        for (path, mode) in modes {
            let found = fs::metadata(real.file(path)).unwrap().permissions().mode();
            assert_eq!(found & 0o7777, mode, "{path}");
            let change = &real.changes[&RepoPath::new(path).unwrap()];
            assert_eq!(fs::read(real.file(path)).unwrap(), bytes(change), "{path}");
        }
    };
    real.apply().unwrap();
    assert!(real.files().is_committed().unwrap());
    holds(|change| &change.after);
    for name in RealDisk.names(&real.checkpoint).unwrap() {
        let mode = fs::metadata(real.checkpoint.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{name:?} holds the bytes of a file of mode 0600");
    }
    let back = real.files().put_back().unwrap();
    assert!(back.was_committed && back.was_begun);
    assert_eq!(back.restored, real.changes.keys().cloned().collect::<Vec<_>>());
    assert!(!real.files().is_committed().unwrap());
    holds(|change| &change.before);
    let again = real.files().put_back().unwrap();
    assert_eq!((again.restored.len(), again.untouched.len(), again.was_committed), (0, 3, true));
}

#[test]
fn links_are_refused_wherever_they_are() {
    type Prepare = fn(&Real);
    let cases: [(&str, Prepare); 5] = [
        ("a/x is a symbolic link", |real| {
            fs::rename(real.file("a/x"), real.file("b/there")).unwrap();
            symlink(real.file("b/there"), real.file("a/x")).unwrap();
        }),
        ("a/x has several names (hard links)", |real| {
            fs::hard_link(real.file("a/x"), real.file("b/again")).unwrap();
        }),
        ("b/z is below a symbolic link", |real| {
            fs::rename(real.file("b"), real.file("elsewhere")).unwrap();
            symlink(real.file("elsewhere"), real.file("b")).unwrap();
        }),
        ("a/y is not there", |real| fs::remove_file(real.file("a/y")).unwrap()),
        ("a/y is a folder", |real| {
            fs::remove_file(real.file("a/y")).unwrap();
            fs::create_dir(real.file("a/y")).unwrap();
        }),
    ];
    for (words, prepare) in cases {
        let real = Real::new();
        prepare(&real);
        let fault = real.refused(|real| real.files().back_up(&real.changes));
        assert_eq!((fault.kind, fault.what.as_str()), (FaultKind::Conflict, words));
        assert!(!real.checkpoint.exists(), "a backup was begun");

        // The same between backup and change, and between change and the way back.
        let real = Real::new();
        real.files().back_up(&real.changes).unwrap();
        prepare(&real);
        let fault = real.refused(|real| real.files().replace(&real.changes));
        assert_eq!((fault.kind, fault.what.as_str()), (FaultKind::Conflict, words));

        let real = Real::new();
        real.apply().unwrap();
        prepare(&real);
        let fault = real.refused(|real| real.files().put_back());
        assert_eq!((fault.kind, fault.what.as_str()), (FaultKind::Conflict, words));
    }
}

#[test]
fn what_somebody_else_wrote_is_a_conflict_and_is_not_overwritten() {
    let real = Real::new();
    fs::write(real.file("b/z"), "theirs").unwrap();
    let fault = real.refused(|real| real.files().back_up(&real.changes));
    assert_eq!(fault.what, "b/z was changed by somebody else");

    let real = Real::new();
    real.files().back_up(&real.changes).unwrap();
    fs::write(real.file("b/z"), "theirs").unwrap();
    let fault = real.refused(|real| real.files().replace(&real.changes));
    assert_eq!(fault.what, "b/z was changed by somebody else");
}

#[test]
fn unknown_bytes_stop_the_way_back_and_every_file_is_named() {
    let real = Real::new();
    real.apply().unwrap();
    fs::write(real.file("a/y"), "theirs").unwrap();
    fs::write(real.file("b/z"), "").unwrap();
    let fault = real.refused(|real| real.files().put_back());
    assert_eq!(fault.kind, FaultKind::Conflict);
    let lines: Vec<&str> = fault.what.lines().collect();
    let words = "holds neither its old nor its new bytes";
    assert_eq!(lines, [format!("a/y {words}"), format!("b/z {words}")]);
    assert!(fault.way_out.contains("nothing was touched"), "{fault}");
    assert!(real.files().is_committed().unwrap(), "the commit was touched");
    // The way out works: one is made what it was, one what it was to become.
    fs::write(real.file("a/y"), "y as it was").unwrap();
    fs::write(real.file("b/z"), "new z").unwrap();
    let back = real.files().put_back().unwrap();
    assert_eq!((back.restored.len(), back.untouched.len()), (2, 1));
    assert!(real.seen().iter().all(|(_, held, ..)| held.ends_with(" as it was")));
}

#[test]
fn records_that_are_not_what_they_were_are_not_trusted() {
    for (name, bytes) in [
        ("backup-1", Some("forged")),
        ("backup-1", None),
        ("intent.json", Some("{")),
        ("commit", Some("forged")),
    ] {
        let real = Real::new();
        real.apply().unwrap();
        let path = real.checkpoint.join(name);
        bytes.map_or_else(|| fs::remove_file(&path), |bytes| fs::write(&path, bytes)).unwrap();
        let fault = real.refused(|real| real.files().put_back());
        assert_eq!(fault.kind, FaultKind::PartialFailure, "{fault}");
        assert!(fault.what.contains(name), "{fault}");
    }
}

#[test]
fn a_checkpoint_serves_one_change() {
    let real = Real::new();
    assert_eq!(real.files().put_back().unwrap(), super::super::PutBack::default());
    let fault = real.refused(|real| real.files().replace(&real.changes));
    assert!(fault.what.contains("does not name these changes"), "{fault}");
    real.apply().unwrap();
    let fault = real.refused(|real| real.files().replace(&real.changes));
    assert!(fault.what.contains("was used already"), "{fault}");
    real.files().put_back().unwrap();
    let fault = real.refused(|real| real.files().back_up(&real.changes));
    assert!(fault.what.contains("was used already"), "{fault}");
    let fewer = changes(2);
    let fault = real.refused(|real| real.files().replace(&fewer));
    assert!(fault.what.contains("does not name these changes"), "{fault}");
}

#[test]
fn what_an_unfinished_run_staged_is_not_overwritten_by_the_next() {
    let real = Real::new();
    fs::write(real.file("a/.x.migration-gate-new"), "theirs").unwrap();
    let fault = real.refused(|real| real.files().back_up(&real.changes));
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.what.contains(".x.migration-gate-new is in the way"), "{fault}");
}

/// Every step is where a test can stop the process, and no step is told that is none.
#[test]
fn the_steps_are_those_of_the_code() {
    let sources = [include_str!("../mod.rs"), include_str!("../put_back.rs")].concat();
    let reached: Vec<&str> = sources
        .split("host::reached(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(reached, STEPS);
}
