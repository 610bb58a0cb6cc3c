//! One file in the place of another, on a disk that loses what was not synced.

use std::path::Path;

use super::simulated::{Call, Contents, Simulated, Trouble};
use super::{Disk as _, replace};

const FILE: &str = "/state/file";
const OLD: &[u8] = b"old bytes";
const NEW: &[u8] = b"the new bytes";

fn before(old: Option<&[u8]>) -> Simulated {
    let other = ("/state/other".into(), b"other".to_vec());
    Simulated::holding(
        &old.map(|old| (FILE.into(), old.to_vec())).into_iter().chain([other]).collect(),
    )
}

fn held(disk: &Simulated) -> Option<Vec<u8>> {
    disk.contents().remove(Path::new(FILE))
}

/// What is wrong with a replacement whose syncs may be left out: every crash is tried, and every
/// crash of the same replacement tried again after a crash.
fn problem(old: Option<&[u8]>, unsynced: Option<usize>) -> Option<String> {
    let work = |disk: &Simulated| replace(disk, Path::new(FILE), NEW);
    let calls = {
        let disk = before(old);
        work(&disk).unwrap();
        disk.calls().len()
    };
    for ends in 0..=calls {
        let disk = before(old).again(Trouble { ends: Some(ends), unsynced, ..Trouble::default() });
        let done = work(&disk).is_ok();
        for crashed in disk.crashes() {
            let found = held(&crashed);
            if found.as_deref() != Some(NEW) && (done || found.as_deref() != old) {
                return Some(format!("after {ends} calls: {found:?}"));
            }
            work(&crashed).unwrap();
            let left: Vec<Contents> = crashed.crashes().iter().map(Simulated::contents).collect();
            let [left] = left.as_slice() else { return Some("not durable".into()) };
            assert_eq!(left.len(), 2, "something was left beside it: {left:?}");
        }
    }
    None
}

#[test]
fn a_replaced_file_is_old_or_new_whatever_a_crash_leaves() {
    assert_eq!(problem(Some(OLD), None), None);
    assert_eq!(problem(None, None), None);
}

#[test]
fn no_sync_of_a_replacement_can_be_left_out() {
    for old in [Some(OLD), None] {
        let disk = before(old);
        replace(&disk, Path::new(FILE), NEW).unwrap();
        let syncs = disk.calls().iter().filter(|call| **call == Call::Sync).count();
        assert_eq!(syncs, 2);
        for unsynced in 0..syncs {
            assert!(problem(old, Some(unsynced)).is_some(), "sync {unsynced} is not needed");
        }
    }
}

#[test]
fn a_replacement_that_fails_says_so_and_can_be_tried_again() {
    let disk = before(Some(OLD));
    replace(&disk, Path::new(FILE), NEW).unwrap();
    for (at, code) in (0..disk.calls().len()).flat_map(|at| [(at, 28), (at, 5)]) {
        let disk =
            before(Some(OLD)).again(Trouble { fails: Some((at, code)), ..Trouble::default() });
        assert_eq!(
            replace(&disk, Path::new(FILE), NEW).unwrap_err().raw_os_error(),
            Some(code),
            "call {at}"
        );
        assert!([OLD, NEW].contains(&held(&disk).unwrap().as_slice()), "call {at}");
        replace(&disk, Path::new(FILE), NEW).unwrap();
        assert_eq!(held(&disk).as_deref(), Some(NEW));
    }
}

/// The simulation itself: what it must lose, it loses.
#[test]
fn the_simulated_disk_loses_what_was_not_synced_in_every_way() {
    let disk = before(Some(OLD));
    disk.create(Path::new("/state/new"), b"1234", None).unwrap();
    disk.rename(Path::new("/state/new"), Path::new(FILE)).unwrap();
    let found: Vec<_> = disk
        .crashes()
        .iter()
        .map(|disk| {
            let mut held = disk.contents();
            let new = held.remove(Path::new("/state/new"));
            (new, held.remove(Path::new(FILE)).unwrap())
        })
        .collect();
    for torn in [b"".as_slice(), b"12", b"1234"] {
        assert!(found.contains(&(None, torn.to_vec())), "a rename without its bytes: {found:?}");
        assert!(found.contains(&(Some(torn.to_vec()), OLD.to_vec())), "no rename: {found:?}");
    }
    assert!(found.contains(&(None, OLD.to_vec())), "nothing at all: {found:?}");
    assert_eq!(found.len(), 7, "{found:?}");
    disk.sync(Path::new(FILE)).unwrap();
    disk.sync_folder(Path::new("/state")).unwrap();
    assert_eq!(disk.crashes().iter().filter_map(held).collect::<Vec<_>>(), [b"1234".to_vec()]);
    disk.append(Path::new(FILE), b"5678").unwrap();
    let found: Vec<_> = disk.crashes().iter().filter_map(held).collect();
    assert_eq!(found, [b"1234".to_vec(), b"123456".to_vec(), b"12345678".to_vec()]);
    disk.remove(Path::new(FILE)).unwrap();
    assert!(disk.crashes().iter().any(|disk| held(disk).is_none()));
}

#[test]
fn of_too_many_outcomes_the_extremes_and_a_spread_are_seen() {
    let disk = before(Some(OLD));
    let paths: Vec<_> = (0..10).map(|number| format!("/state/new-{number}")).collect();
    paths.iter().for_each(|path| disk.create(Path::new(path), b"1234", None).unwrap());
    let left: Vec<Contents> = disk.crashes().iter().map(Simulated::contents).collect();
    assert!((2_500..=5_001).contains(&left.len()), "{}", left.len());
    assert!(left.iter().any(|held| held.len() == 2), "nothing was kept");
    assert!(left.contains(&disk.contents()), "everything was kept");
    for path in &paths {
        for torn in [b"".as_slice(), b"12", b"1234"] {
            let torn = Some(torn);
            let seen = |held: &&Contents| held.get(Path::new(path)).map(Vec::as_slice) == torn;
            assert!(left.iter().find(seen).is_some(), "{path} was never {torn:?}");
        }
        assert!(left.iter().any(|held| !held.contains_key(Path::new(path))), "{path} never gone");
    }
}
