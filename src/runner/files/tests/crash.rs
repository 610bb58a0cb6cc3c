//! Every crash of a change and of its way back, with everything that it may leave.
//!
//! A crash takes the machine's power and so all that was not synced; a kill takes the process
//! alone, and the next one sees what may still be lost.

use std::collections::BTreeSet;

use super::*;
use crate::runner::disk::simulated::{Call, Trouble};

/// A promise that was not kept.
type Broken = String;

fn ok<T>(result: Result<T, super::super::Fault>) -> Result<T, Broken> {
    result.map_err(|fault| fault.to_string())
}

fn held(promise: bool, words: &str) -> Result<(), Broken> {
    if promise { Ok(()) } else { Err(words.to_owned()) }
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Apply,
    PutBack,
}

impl Work {
    fn run(self, disk: &Simulated, changes: &Changes) -> Result<(), Broken> {
        let files = files(disk);
        match self {
            Self::Apply => ok(files.back_up(changes).and_then(|()| files.replace(changes))),
            Self::PutBack => ok(files.put_back().map(|_| ())),
        }
    }

    fn calls(self, disk: &Simulated, changes: &Changes) -> Vec<Call> {
        let disk = disk.again(Trouble::default());
        self.run(&disk, changes).unwrap();
        disk.calls()
    }

    /// The disk as the work leaves it when its process ends before a call that does something.
    /// Whole work is not among them.
    fn killed(
        self,
        disk: &Simulated,
        changes: &Changes,
        unsynced: Option<usize>,
    ) -> Vec<Simulated> {
        let calls = self.calls(disk, changes);
        let points = (0..calls.len()).filter(|at| calls[*at] != Call::Look);
        let kill = |at| {
            let disk = disk.again(Trouble { ends: Some(at), unsynced, ..Trouble::default() });
            assert!(self.run(&disk, changes).is_err(), "it went on after its end");
            disk
        };
        points.map(kill).collect()
    }

    fn whole(
        self,
        disk: &Simulated,
        changes: &Changes,
        unsynced: Option<usize>,
    ) -> Result<Simulated, Broken> {
        let disk = disk.again(Trouble { unsynced, ..Trouble::default() });
        self.run(&disk, changes)?;
        Ok(disk)
    }

    /// What must hold after every crash that follows the whole work.
    fn lasts(self, disk: &Simulated, changes: &Changes) -> Result<(), Broken> {
        for left in disk.crashes() {
            let committed = ok(files(&left).is_committed())?;
            let (wanted, below) = match self {
                Self::Apply => (true, new(changes)),
                Self::PutBack => (false, old(changes)),
            };
            held(committed == wanted, "the commit did not last")?;
            held(below_root(&left) == below, "the files did not last")?;
            recovers(&left, changes)?;
        }
        Ok(())
    }
}

/// Whatever the disk holds: it is all new where it says that it was committed, and put back it is
/// all old, for good.
fn recovers(disk: &Simulated, changes: &Changes) -> Result<(), Broken> {
    let disk = disk.again(Trouble::default());
    if ok(files(&disk).is_committed())? {
        held(below_root(&disk) == new(changes), "committed, and not all new")?;
        held(
            disk.crashes().len() == 1 || disk.crashes().iter().all(is_committed),
            "told too soon",
        )?;
    }
    let first = ok(files(&disk).put_back())?;
    held(below_root(&disk) == old(changes), "put back, and not all old")?;
    let again = ok(files(&disk).put_back())?;
    held(again.restored.is_empty(), "put back twice")?;
    held(again.was_committed == first.was_committed, "the commit was forgotten")?;
    let lasts = |left: &Simulated| below_root(left) == old(changes) && !is_committed(left);
    held(disk.crashes().iter().all(lasts), "put back, and not for good")
}

fn is_committed(disk: &Simulated) -> bool {
    files(disk).is_committed().unwrap()
}

/// Some work with a sync left out: every kill, every crash, and what follows the whole work.
fn tried(
    work: Work,
    start: &Simulated,
    changes: &Changes,
    unsynced: Option<usize>,
) -> Result<(), Broken> {
    for killed in work.killed(start, changes, unsynced) {
        killed.crashes().iter().try_for_each(|left| recovers(left, changes))?;
        recovers(&killed, changes)?;
    }
    let whole = work.whole(start, changes, unsynced)?;
    work.lasts(&whole, changes)
}

fn syncs(work: Work, disk: &Simulated, changes: &Changes) -> usize {
    work.calls(disk, changes).iter().filter(|call| **call == Call::Sync).count()
}

/// The syncs of some work that can be left out, and nothing breaks.
fn needless(work: Work, start: &Simulated, changes: &Changes) -> Vec<usize> {
    let all = 0..syncs(work, start, changes);
    all.filter(|sync| tried(work, start, changes, Some(*sync)).is_ok()).collect()
}

fn applied(changes: &Changes) -> Simulated {
    Work::Apply.whole(&untouched(changes), changes, None).unwrap()
}

#[test]
fn three_files_are_all_old_or_all_new_after_every_crash() {
    let changes = changes(3);
    tried(Work::Apply, &untouched(&changes), &changes, None).unwrap();
    tried(Work::PutBack, &applied(&changes), &changes, None).unwrap();
}

/// Crashes in the way back, and in the way back from those, until nothing new comes of it.
#[test]
fn crashes_may_follow_crashes_for_ever() {
    let changes = changes(2);
    let mut waiting: Vec<Simulated> = vec![untouched(&changes)];
    waiting.extend(applied(&changes).crashes());
    for killed in Work::Apply.killed(&untouched(&changes), &changes, None) {
        waiting.extend(killed.crashes());
    }
    let mut seen = BTreeSet::new();
    while let Some(disk) = waiting.pop() {
        if !seen.insert(disk.contents()) {
            continue;
        }
        recovers(&disk, &changes).unwrap();
        for killed in Work::PutBack.killed(&disk, &changes, None) {
            waiting.extend(killed.crashes());
        }
    }
    assert!(seen.len() > 100, "only {} states were seen", seen.len());
}

/// Kills in the way back from a kill; what was not synced is lost only after that.
#[test]
fn kills_may_follow_kills() {
    let changes = changes(2);
    let mut starts = Work::Apply.killed(&untouched(&changes), &changes, None);
    starts.push(applied(&changes));
    for start in &starts {
        for killed in Work::PutBack.killed(start, &changes, None) {
            recovers(&killed, &changes).unwrap();
            killed.crashes().iter().try_for_each(|left| recovers(left, &changes)).unwrap();
            for killed in Work::PutBack.killed(&killed, &changes, None) {
                recovers(&killed, &changes).unwrap();
            }
        }
    }
}

#[test]
fn no_sync_of_a_change_can_be_left_out() {
    let changes = changes(3);
    let start = untouched(&changes);
    // Three backups, the intent (2), three staged files, two folders, the commit (2).
    assert_eq!(syncs(Work::Apply, &start, &changes), 12);
    assert_eq!(needless(Work::Apply, &start, &changes), Vec::<usize>::new());
}

#[test]
fn no_sync_of_the_way_back_can_be_left_out() {
    let changes = changes(3);
    let committed = applied(&changes);
    // The commit's name, three staged files, two folders.
    assert_eq!(syncs(Work::PutBack, &committed, &changes), 6);
    assert_eq!(needless(Work::PutBack, &committed, &changes), Vec::<usize>::new());
    // Killed just before it would have been committed.
    let killed = Work::Apply.killed(&untouched(&changes), &changes, None);
    let all_new = killed.iter().find(|disk| {
        below_root(disk) == new(&changes) && syncs(Work::PutBack, disk, &changes) == 5
    });
    let all_new =
        all_new.unwrap().crashes().into_iter().find(|disk| below_root(disk) == new(&changes));
    assert_eq!(needless(Work::PutBack, &all_new.unwrap(), &changes), Vec::<usize>::new());
}

/// A way back that was killed may have left what is not durable; the next one makes it so.
#[test]
fn no_sync_of_a_way_back_after_a_kill_can_be_left_out() {
    let changes = changes(3);
    let committed = applied(&changes);
    let calls = Work::PutBack.calls(&committed, &changes);
    let before_sync: Vec<usize> = (0..calls.len()).filter(|at| calls[*at] == Call::Sync).collect();
    let killed = |sync: usize| {
        let ends = Some(before_sync[sync]);
        let disk = committed.again(Trouble { ends, ..Trouble::default() });
        Work::PutBack.run(&disk, &changes).unwrap_err();
        disk
    };
    // Before the withdrawn commit was durable.
    assert_eq!(needless(Work::PutBack, &killed(0), &changes), Vec::<usize>::new());
    // After every rename, before the folders were synced: only the first sync was done before.
    let late = killed(4);
    assert_eq!(syncs(Work::PutBack, &late, &changes), 3);
    assert_eq!(needless(Work::PutBack, &late, &changes), [0]);
}

/// Who asks whether a change was committed may hear of a commit that is not durable yet.
#[test]
fn the_sync_before_a_commit_is_told_cannot_be_left_out() {
    let changes = changes(2);
    let (mut told, mut lost) = (0, 0);
    for killed in Work::Apply.killed(&untouched(&changes), &changes, None) {
        for unsynced in [None, Some(0)] {
            let disk = killed.again(Trouble { unsynced, ..Trouble::default() });
            if files(&disk).is_committed().unwrap() {
                let lasts = disk.crashes().iter().all(is_committed);
                assert!(lasts || unsynced.is_some());
                (told, lost) = (told + 1, lost + usize::from(!lasts));
            }
        }
    }
    assert_eq!((told, lost), (2, 1));
}

/// Backups outlive every crash that follows them, and the way back.
#[test]
fn backups_are_never_lost() {
    let changes = changes(3);
    let start = untouched(&changes);
    files(&start).back_up(&changes).unwrap();
    let safe = |disk: &Simulated| {
        let held = disk.contents();
        changes.values().enumerate().all(|(number, change)| {
            let path = Path::new(FOLDER).join(format!("backup-{number}"));
            held.get(&path).is_some_and(|bytes| **bytes == *change.before)
        })
    };
    assert!(start.crashes().iter().all(safe));
    let run = |disk: &Simulated, ends| {
        let disk = disk.again(Trouble { ends, ..Trouble::default() });
        let _ = files(&disk).replace(&changes).and_then(|()| files(&disk).put_back());
        disk
    };
    let calls = run(&start, None).calls().len();
    for ends in 0..=calls {
        let disk = run(&start, Some(ends));
        assert!(disk.crashes().iter().all(safe), "after {ends} calls");
    }
}

/// Without an intent the backup is made again in the same folder; with one the folder was used.
#[test]
fn a_backup_that_was_cut_off_can_be_made_again() {
    let changes = changes(2);
    let start = untouched(&changes);
    let whole = start.again(Trouble::default());
    files(&whole).back_up(&changes).unwrap();
    let (mut again, mut used) = (0, 0);
    for ends in 0..whole.calls().len() {
        let disk = start.again(Trouble { ends: Some(ends), ..Trouble::default() });
        files(&disk).back_up(&changes).unwrap_err();
        for left in disk.crashes().iter().chain([&disk.again(Trouble::default())]) {
            match files(left).back_up(&changes) {
                Ok(()) => {
                    files(left).replace(&changes).unwrap();
                    Work::Apply.lasts(left, &changes).unwrap();
                    again += 1;
                }
                Err(fault) => {
                    assert!(fault.what.contains("was used already"), "{fault}");
                    assert!(files(left).put_back().unwrap().was_begun);
                    used += 1;
                }
            }
        }
    }
    assert!(again > used && used > 0, "{again} made again, {used} used");
}
