//! Every call to the disk fails once, and the process lives on.

use super::*;
use crate::runner::disk::simulated::{THEIRS, Trouble};
use crate::runner::{Fault, FaultKind};

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// Work where each call fails in turn: the fault, the call and the disk after it.
fn failed(
    start: &Simulated,
    work: impl Fn(&Files<'_>) -> Result<(), Fault>,
) -> Vec<(Fault, usize, Simulated)> {
    let whole = start.again(Trouble::default());
    work(&files(&whole)).unwrap();
    let each = (0..whole.calls().len()).flat_map(|at| [(at, ENOSPC), (at, EIO)]);
    each.map(|fails| {
        let disk = start.again(Trouble { fails: Some(fails), ..Trouble::default() });
        let fault = work(&files(&disk)).expect_err(&format!("call {} failed untold", fails.0));
        assert_eq!(fault.kind, FaultKind::Environment, "{fault}");
        if fails.1 == ENOSPC {
            assert!(fault.way_out.contains("make room"), "{fault}");
        }
        (fault, fails.0, disk.again(Trouble::default()))
    })
    .collect()
}

#[test]
fn a_change_that_fails_anywhere_says_so_and_is_put_back() {
    let changes = changes(3);
    let apply = |files: &Files<'_>| files.back_up(&changes).and_then(|()| files.replace(&changes));
    for (fault, at, disk) in failed(&untouched(&changes), apply) {
        assert!(fault.what.starts_with("/root") || fault.what.starts_with("/state"), "{fault}");
        files(&disk).put_back().unwrap();
        assert_eq!(below_root(&disk), old(&changes), "call {at}: {fault}");
        for left in disk.crashes() {
            assert_eq!(below_root(&left), old(&changes), "call {at}, then a crash: {fault}");
            assert!(!files(&left).is_committed().unwrap());
        }
    }
}

#[test]
fn a_way_back_that_fails_anywhere_says_so_and_can_be_gone_again() {
    let changes = changes(3);
    let start = untouched(&changes);
    files(&start).back_up(&changes).unwrap();
    files(&start).replace(&changes).unwrap();
    for (fault, at, disk) in failed(&start, |files| files.put_back().map(|_| ())) {
        let back = files(&disk).put_back().unwrap();
        assert!(back.was_begun && back.was_committed, "call {at}: {fault}");
        assert_eq!(back.restored.len() + back.untouched.len(), 3);
        assert_eq!(below_root(&disk), old(&changes), "call {at}: {fault}");
        assert!(disk.crashes().iter().all(|left| below_root(left) == old(&changes)));
    }
}

/// The cost of one change does not hang on how many files there are, and grows by the same for
/// each file that changes.
#[test]
fn the_cost_is_that_of_the_changed_files() {
    let calls = |others: usize, number: usize| {
        let mut contents = Contents::new();
        for number in 0..others {
            contents.insert(format!("/root/a/other-{number}").into(), b"other".to_vec());
        }
        let change = Change { before: b"old".as_slice().into(), after: b"new".as_slice().into() };
        let paths = (0..number).map(|number| RepoPath::new(&format!("a/{number}")).unwrap());
        let changes: Changes = paths.map(|path| (path, change.clone())).collect();
        contents.extend(old(&changes));
        let disk = Simulated::holding(&contents);
        files(&disk).back_up(&changes).unwrap();
        files(&disk).replace(&changes).unwrap();
        files(&disk).put_back().unwrap();
        disk.calls().len()
    };
    assert_eq!(calls(0, 2), calls(500, 2));
    assert_eq!(calls(0, 3) - calls(0, 2), calls(0, 40) - calls(0, 39));
}

/// Somebody else writes at every point. Lost is only what comes after the last look, which is just
/// before the first of three renames; missed only what comes once every file was verified.
#[test]
fn what_somebody_else_writes_meanwhile_is_kept_and_told() {
    let changes = changes(3);
    let apply = |disk: &Simulated| {
        let files = files(disk);
        files.back_up(&changes).and_then(|()| files.replace(&changes))
    };
    let start = untouched(&changes);
    let whole = start.again(Trouble::default());
    apply(&whole).unwrap();
    let (mut lost, mut missed) = (0, 0);
    for at in 0..whole.calls().len() {
        let meddles = Some((at, "/root/b/z"));
        let disk = start.again(Trouble { meddles, ..Trouble::default() });
        let done = apply(&disk);
        let disk = disk.again(Trouble::default());
        let seen = disk.contents();
        if seen[Path::new("/root/b/z")] != THEIRS {
            lost += 1;
            continue;
        }
        let Err(fault) = done else {
            missed += 1;
            continue;
        };
        assert_eq!(fault.kind, FaultKind::Conflict);
        assert_eq!(fault.what, "b/z was changed by somebody else", "call {at}");
        match files(&disk).put_back() {
            Ok(back) => assert!(!back.was_begun, "call {at}"),
            Err(fault) => {
                assert_eq!(fault.what, "b/z holds neither its old nor its new bytes", "call {at}");
            }
        }
        assert_eq!(disk.contents(), seen, "something was touched");
    }
    // The calls that write the commit.
    assert_eq!((lost, missed), (3, 6));
}
