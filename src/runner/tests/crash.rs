//! Every crash of the whole runner, with everything that it may leave: documents, history, state
//! file, checkpoints and journal are on the one disk.
//!
//! A crash takes the machine's power and so all that was not synced; a kill takes the process
//! alone, and the next one sees what may still be lost.

use std::collections::BTreeSet;
use std::path::Component;

use super::real::*;
use super::*;
use crate::runner::checkpoint::Checkpoints;
use crate::runner::disk::simulated::{Call, Trouble};
use crate::runner::documents::tests::ROOT;
use crate::runner::state::{FILE_NAME, Run};

/// A promise that was not kept.
type Broken = String;
/// What a process does.
type Work = fn(&Simulated) -> Result<(), Fault>;

fn held(promise: bool, words: &str) -> Result<(), Broken> {
    if promise { Ok(()) } else { Err(words.to_owned()) }
}

fn ok<T>(result: Result<T, Fault>, words: &str) -> Result<T, Broken> {
    result.map_err(|fault| format!("{words}: {fault}"))
}

fn apply_second(disk: &Simulated) -> Result<(), Fault> {
    apply(disk, &[SECOND])
}

/// Whether the journal has an event of that name about the second migration, after `known` others.
fn has_told(disk: &Simulated, known: usize, name: &str, walk: Option<&str>) -> bool {
    let is_it = |[event, id, of]: &[String; 3]| {
        event == name && id == SECOND && walk.is_none_or(|walk| walk == of)
    };
    events(disk).iter().skip(known).any(is_it)
}

/// Whether what a crash left says of itself what is true. `before` is the disk at the start.
fn agrees(before: &Simulated, left: &Simulated) -> Result<(), Broken> {
    let known = events(before).len();
    let is_changed = texts(before) != texts(left) || history(before) != history(left);
    match standing(left).state {
        Stood::Idle if is_changed || standing(before).state != Stood::Idle => {
            held(version(left) == Some(history(left).len()), "idle, and half changed")?;
            let name = if version(left) == Some(2) { "migrated" } else { "rollback.completed" };
            held(
                !is_changed || has_told(left, known, name, None),
                "what was done is not in the journal",
            )
        }
        Stood::Idle => Ok(()),
        Stood::In(State::Preparing | State::ValidatingPre, _) => {
            held(!is_changed, "something was touched before the state said so")
        }
        Stood::In(_, run) => owned(left, &run, known, is_changed),
    }
}

/// Whether a run that touched something has told so, and has what brings that back.
fn owned(left: &Simulated, run: &Run, known: usize, is_changed: bool) -> Result<(), Broken> {
    let name = run.rollback_checkpoint_path.clone().ok_or("a run without a checkpoint")?;
    let checkpoints = ok(Checkpoints::open(left, Path::new(STATE)), "checkpoints")?;
    let checkpoint = ok(checkpoints.read(&name), "checkpoint")?;
    ok(checkpoints.verify(&checkpoint), "backup")?;
    match run.direction.as_str() {
        "up" => held(has_told(left, 0, "checkpoint.created", Some(&run.id)), "no checkpoint told"),
        _ if is_changed => {
            held(has_told(left, known, "rollback.started", None), "no rollback was told")
        }
        _ => Ok(()),
    }
}

/// Everything by which a disk may matter for what comes next: the state, what the files hold but for
/// the journal and the state file, what is wrong with the journal, and whether all that is durable.
type Kind = (State, Contents, usize, bool);

fn kind(disk: &Simulated) -> Kind {
    let mut contents = disk.contents();
    contents.remove(&file(journal::FILE_NAME));
    contents.remove(&file(FILE_NAME));
    (state(disk), contents, verified(disk).problems.len(), disk.crashes().len() == 1)
}

/// A new process finds everything old or everything new, for good, and can go on, which is tried
/// once for each kind.
fn recovers(left: &Simulated, known: &mut BTreeSet<Kind>) -> Result<(), Broken> {
    let disk = left.again(Trouble::default());
    let was_touched = state(&disk) > State::ValidatingPre;
    ok(start(&disk), "it does not start")?;
    settled(&disk, was_touched)?;
    for left in disk.crashes() {
        settled(&left, was_touched)?;
        held(version(&left) == version(&disk), "not for good")?;
    }
    if known.insert(kind(&disk)) { goes_on(&disk) } else { Ok(()) }
}

/// Whether nothing is under way, and everything says so.
fn settled(disk: &Simulated, is_told: bool) -> Result<(), Broken> {
    let ran = history(disk).len();
    held(version(disk) == Some(ran) && (1..=2).contains(&ran), "neither old nor new")?;
    held(standing(disk).state == Stood::Idle, "not idle")?;
    let found = verified(disk);
    // What was cut off is told by the next event.
    let cut = |what: &str| what.contains("cut off") && !is_told;
    held(found.problems.iter().all(|problem| cut(&problem.what)), &format!("{found:?}"))
}

/// Forward and back from where it was left.
fn goes_on(disk: &Simulated) -> Result<(), Broken> {
    let disk = disk.again(Trouble::default());
    let drifted = process(&disk, |runner, _| runner.has_drifted());
    held(!ok(drifted, "no look")?, "what was left is not what was noted")?;
    if version(&disk) == Some(2) {
        ok(roll_back(&disk), "it cannot be rolled back")?;
        settled(&disk, true)?;
    }
    held(version(&disk) == Some(1), "not rolled back")?;
    ok(apply_second(&disk), "it cannot be applied again")?;
    settled(&disk, true)?;
    held(version(&disk) == Some(2), "not applied")?;
    held(left_overs(&disk).is_empty(), &format!("left: {:?}", left_overs(&disk)))
}

/// Some work, with the moments at which a state began.
struct Whole {
    disk: Simulated,
    states: Vec<(usize, State)>,
}

fn whole(before: &Simulated, work: Work, unsynced: Option<usize>) -> Result<Whole, Broken> {
    let disk = before.watched(Trouble { unsynced, ..Trouble::default() });
    ok(work(&disk), "it failed")?;
    let mut states: Vec<(usize, State)> = Vec::new();
    for (at, moment) in disk.moments().iter().enumerate() {
        let now = state(moment);
        if states.last().is_none_or(|(_, last)| *last != now) {
            states.push((at, now));
        }
    }
    Ok(Whole { disk, states })
}

/// What a crash at that moment may find in the state file: what was noted last, or where that is
/// being written, what was noted before. The folder's sync follows the rename.
fn may_stand(states: &[(usize, State)], at: usize) -> Vec<State> {
    let begun = states.iter().filter(|(from, _)| *from <= at);
    let found: Vec<(usize, State)> = begun.copied().collect();
    let last = found.last().map(|(_, state)| *state);
    let is_fresh = found.last().is_some_and(|(from, _)| at == *from);
    let before = found.iter().rev().nth(1).filter(|_| is_fresh).map(|(_, state)| *state);
    last.into_iter().chain(before).collect()
}

/// Some work with a sync left out: every kill and every crash that comes after. Answers with one of
/// each kind of what was left.
fn tried(
    before: &Simulated,
    work: Work,
    unsynced: Option<usize>,
) -> Result<Vec<Simulated>, Broken> {
    let Whole { disk, states } = whole(before, work, unsynced)?;
    let calls = disk.calls().into_iter().filter(|call| *call != Call::Look).enumerate();
    let mut syncs = calls.filter(|(_, call)| *call == Call::Sync).map(|(at, _)| at);
    let first = unsynced.and_then(|sync| syncs.nth(sync)).unwrap_or(0);
    let (mut seen, mut known, mut left) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (at, moment) in disk.moments().into_iter().enumerate().skip(first) {
        for crashed in moment.crashes().into_iter().chain([moment]) {
            let now = StateFile::new(&crashed, Path::new(STATE)).read();
            let now = ok(now, "the state file")?.unwrap_or_default().state;
            let now = if let Stood::In(state, _) = now { state } else { State::Idle };
            held(may_stand(&states, at).contains(&now), "the state was not noted for good")?;
            agrees(before, &crashed).map_err(|why| format!("moment {at}: {why}"))?;
            if seen.insert(kind(&crashed)) {
                left.push((at, crashed));
            }
        }
    }
    // Where a sync was left out, the last ones are the likeliest to break.
    for (at, crashed) in left.iter().rev() {
        recovers(crashed, &mut known).map_err(|why| format!("moment {at}: {why}"))?;
    }
    let last = disk.crashes();
    let lasts = |left: &Simulated| version(left) == version(&disk) && state(left) == State::Idle;
    held(last.iter().all(lasts), "what was told is not durable")?;
    Ok(left.into_iter().map(|(_, crashed)| crashed).collect())
}

/// Every sync of some work but these must make something break where it is left out. Those of the
/// documents and their backups have tests of their own.
fn each_sync_is_needed(before: &Simulated, work: Work, covered: &[(usize, &str)]) {
    let disk = before.again(Trouble::default());
    work(&disk).unwrap();
    let synced = disk.synced();
    assert!(synced.len() > 20, "only {synced:?}");
    let is_theirs = |path: &Path| path.starts_with(ROOT) || path.components().any(is_backup);
    for (at, path) in synced.iter().enumerate().filter(|(_, path)| !is_theirs(path)) {
        match covered.iter().find(|(covered, _)| *covered == at) {
            Some((_, expected)) => assert_eq!(path, Path::new(expected), "{at}"),
            None => assert!(tried(before, work, Some(at)).is_err(), "needless: {at}, {path:?}"),
        }
    }
}

fn is_backup(part: Component<'_>) -> bool {
    part.as_os_str() == "backup"
}

/// One of those with the same state, documents and history.
fn kinds(left: Vec<Simulated>) -> Vec<Simulated> {
    let mut seen = BTreeSet::new();
    let kind = |disk: &Simulated| (state(disk), texts(disk), history(disk));
    left.into_iter().filter(|disk| seen.insert(kind(disk))).collect()
}

#[test]
fn after_any_crash_of_an_apply_all_is_old_or_new_and_it_goes_on() {
    let left = tried(&first_has_run(), apply_second, None).unwrap();
    assert!(left.len() > 100, "only {} disks", left.len());
}

#[test]
fn after_any_crash_of_a_rollback_all_is_old_or_new_and_it_goes_on() {
    let left = tried(&both_have_run(), roll_back, None).unwrap();
    assert!(left.len() > 60, "only {} disks", left.len());
}

/// Crashes in the recovery from each kind of crash; from what those leave it goes on again.
#[test]
fn crashes_may_follow_crashes() {
    let mut known = BTreeSet::new();
    for (before, work) in [(first_has_run(), apply_second as Work), (both_have_run(), roll_back)] {
        let left = kinds(tried(&before, work, None).unwrap());
        for left in left.iter().filter(|left| state(*left) > State::ValidatingPre) {
            let disk = left.watched(Trouble::default());
            start(&disk).unwrap();
            for moment in disk.moments() {
                // All that was not synced is lost, or nothing is.
                for crashed in moment.crashes().into_iter().take(1).chain([moment]) {
                    agrees(left, &crashed).unwrap();
                    if known.insert(kind(&crashed)) {
                        recovers(&crashed, &mut known).unwrap();
                    }
                }
            }
        }
    }
    assert!(known.len() > 50, "only {}", known.len());
}

#[test]
fn no_sync_of_an_apply_can_be_left_out() {
    let covered = [
        // Nothing waits after a power cut; after a kill it is needed, as below.
        (0, "/state"),
        // The journal's name: the state that is noted next syncs the same folder.
        (14, "/state"),
    ];
    each_sync_is_needed(&first_has_run(), apply_second, &covered);
}

#[test]
fn no_sync_of_a_rollback_can_be_left_out() {
    let covered = [
        (0, "/state"),
        (8, "/state"),
        // The history: the state that is noted next syncs the same folder.
        (15, "/state"),
    ];
    each_sync_is_needed(&both_have_run(), roll_back, &covered);
}

/// A process was killed between the rename of the last state and its sync. The next one finds it
/// idle, and must not say so before that is for good.
#[test]
fn the_sync_of_a_state_that_was_found_cannot_be_left_out() {
    let disk = first_has_run().watched(Trouble::default());
    apply_second(&disk).unwrap();
    let mut moments = disk.moments().into_iter();
    let killed = moments.find(|moment| version(moment) == Some(2) && state(moment) == State::Idle);
    let killed = killed.unwrap();
    for unsynced in [None, Some(0)] {
        let disk = killed.again(Trouble { unsynced, ..Trouble::default() });
        start(&disk).unwrap();
        let lasts = disk.crashes().iter().all(|left| state(left) == State::Idle);
        assert_eq!(lasts, unsynced.is_none());
    }
}
