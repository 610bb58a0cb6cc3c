//! What the core decides when a phase of a target fails, and after that.

use super::fake::*;
use super::*;

const CREATED: &str = "checkpoint.created";
const ROLLED_BACK: [&str; 4] = [CREATED, "failed", "rollback.started", "rollback.completed"];

/// An apply of the first migration, with these calls failing.
fn failed(fails: &[Failing]) -> (Simulated, Fault) {
    let disk = fresh();
    let fault = Process::failing(&disk, fails).apply(&IDS[..1]).unwrap_err();
    (disk, fault)
}

/// A target that is half changed, with a state that says so.
fn stuck() -> Simulated {
    failed(&[("migrate", 0), ("restore", 0)]).0
}

fn run_of(disk: &Simulated) -> crate::runner::state::Run {
    match standing(disk).state {
        Stood::In(_, run) => run,
        Stood::Idle => panic!("it is idle"),
    }
}

#[test]
fn all_goes_well() {
    let disk = fresh();
    assert_eq!(Process::on(&disk).apply(&IDS), Ok(3));
    assert_eq!(Held::on(&disk), Held::after(&IDS));
    assert_eq!(told(&disk), [CREATED, "migrated"].repeat(3));
    assert_eq!(state(&disk), State::Idle);
    assert!(verified(&disk).is_sound());
    let back = Process::on(&disk).roll_back(BACK).unwrap();
    assert_eq!(back, [IDS[2]]);
    assert_eq!(Held::on(&disk), Held::after(&IDS[..2]));
    assert_eq!(told(&disk)[6..], ["rollback.started", "rollback.completed"]);
    assert_eq!(Process::on(&disk).roll_back(Way::Downs).unwrap(), [IDS[1]]);
    assert_eq!(Held::on(&disk), Held::after(&IDS[..1]));
    assert_eq!(told(&disk)[8..], [CREATED, "rollback.completed"]);
}

#[test]
fn what_fails_before_anything_is_touched_is_refused_and_leaves_nothing() {
    // Starting asks for the history once.
    for fails in
        [("history", 1), ("snapshot", 0), ("history", 2), ("back_up", 0), ("row_counts", 0)]
    {
        let (disk, fault) = failed(&[fails]);
        assert!(fault.what.ends_with("fails\n  nothing was touched"), "{fault}");
        assert_eq!(Held::on(&disk), Held::default());
        assert_eq!(told(&disk), ["failed"], "{fails:?}");
        assert_eq!(state(&disk), State::Failed);
        assert!(!run_of(&disk).touched);
        assert_eq!(run_of(&disk).fault, Some(format!("{} fails", fails.0)));
        let refused = Process::on(&disk).apply(&IDS[..1]).unwrap_err();
        assert_eq!(refused.kind, FaultKind::PartialFailure);
        assert!(refused.what.contains("nothing was touched"), "{refused}");
        assert_eq!(told(&disk), ["failed", "blocked_by_partial_failure"]);
        assert_eq!(Process::retrying(&disk).apply(&IDS[..1]), Ok(1));
        let checkpoints = disk.names(&file("checkpoints")).unwrap();
        assert_eq!(checkpoints.len(), 1, "what was half made is still there");
    }
}

#[test]
fn who_is_not_permitted_touches_nothing() {
    let disk = fresh();
    let refusal = || Fault::new(FaultKind::Policy, "outside its window", "wait");
    let work = |runner: &mut Runner<'_>, doubt| {
        runner.start(doubt, false)?;
        applied(runner.apply(&ids(&IDS), &|_| Err(refusal())))
    };
    let (done, calls) = Process::on(&disk).run(work);
    assert_eq!(done.unwrap_err().kind, FaultKind::Policy);
    assert_eq!(calls, ["history", "prepare"]);
    assert_eq!((told(&disk), state(&disk)), (ids(&["failed"]), State::Failed));
}

#[test]
fn a_dependency_that_has_not_run_refuses_and_what_ran_before_stays() {
    let disk = fresh();
    let fault = Process::on(&disk).apply(&[IDS[0], IDS[2]]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Dependency);
    assert!(fault.what.starts_with("0003_next: it needs 0002_next"), "{fault}");
    assert_eq!(Held::on(&disk), Held::after(&IDS[..1]));
    assert_eq!(told(&disk), [CREATED, "migrated", "failed"]);
}

#[test]
fn what_fails_later_is_rolled_back_and_can_be_tried_again() {
    for fails in [("migrate", 0), ("validate", 0), ("snapshot", 1)] {
        let (disk, fault) = failed(&[fails]);
        assert_eq!(fault.kind, FaultKind::Migration);
        assert!(fault.what.ends_with("it was rolled back: the target is as it was"), "{fault}");
        assert_eq!(Held::on(&disk), Held::default(), "{fails:?}");
        assert_eq!(told(&disk), ROLLED_BACK);
        assert_eq!(state(&disk), State::Idle);
        assert_eq!(Process::on(&disk).apply(&IDS), Ok(3));
        assert!(verified(&disk).is_sound());
    }
}

#[test]
fn a_rollback_that_fails_is_left_to_a_person() {
    // It fails itself; what it left cannot be looked at; what it left is not what it was.
    for fails in [("restore", 0), ("snapshot", 1), ("row_counts", 1)] {
        let (disk, fault) = failed(&[("migrate", 0), fails]);
        assert_eq!(fault.kind, FaultKind::Migration);
        for part in ["migrate fails", "the rollback failed as well", "the state is failed"] {
            assert!(fault.what.contains(part), "{fault}");
        }
        assert_eq!(told(&disk), [CREATED, "failed", "rollback.started", "rollback.failed"]);
        assert_eq!(state(&disk), State::Failed);
        let run = run_of(&disk);
        assert!(run.touched);
        assert_eq!(run.fault, Some(format!("{} fails", fails.0)));
        let before = disk.contents();
        let (done, calls) = Process::on(&disk).run(|runner, doubt| runner.start(doubt, false));
        let fault = done.unwrap_err();
        assert_eq!(fault.kind, FaultKind::PartialFailure);
        assert!(fault.way_out.contains("--retry"), "{fault}");
        assert!(fault.way_out.contains("resolve 0001_next"), "{fault}");
        assert_eq!(calls, [""; 0]);
        assert_eq!(told(&disk)[4..], ["blocked_by_partial_failure"]);
        let mut after = disk.contents();
        after.insert(file(journal::FILE_NAME), before[&file(journal::FILE_NAME)].clone());
        assert_eq!(after, before, "more than the journal was touched");
        let notices = Process::retrying(&disk).start().unwrap();
        assert!(notices[0].contains("rolled back: the target is as it was"), "{notices:?}");
        assert_eq!((state(&disk), Held::on(&disk)), (State::Idle, Held::default()));
        assert_eq!(Process::on(&disk).apply(&IDS), Ok(3));
    }
}

#[test]
fn a_retry_that_fails_in_turn_stays_failed_and_owed() {
    let disk = stuck();
    for fails in [[("restore", ALWAYS)], [("snapshot", 1)]] {
        let retry = Process { retry: true, ..Process::failing(&disk, &fails) };
        retry.start().unwrap_err();
        assert_eq!(state(&disk), State::Failed);
        assert!(run_of(&disk).touched);
    }
    Process::retrying(&disk).start().unwrap();
    assert_eq!((state(&disk), Held::on(&disk)), (State::Idle, Held::default()));
}

#[test]
fn a_person_may_say_that_it_was_rolled_back() {
    let disk = stuck();
    let (done, calls) = Process::on(&disk).resolve(&word(IDS[0], false));
    let fault = done.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.what.contains("object half is there and was not"), "{fault}");
    assert!(!calls.contains(&"restore"));
    assert_eq!(state(&disk), State::Failed);
    let accepting = Word { accept_difference: true, ..word(IDS[0], false) };
    let accepted = disk.again(Default::default());
    let notes = Process::on(&accepted).resolve(&accepting).0.unwrap();
    assert_eq!(notes, ["object half is there and was not"]);
    Held::default().put(&disk);
    assert_eq!(Process::on(&disk).resolve(&word(IDS[0], false)).0.unwrap(), [""; 0]);
    for disk in [accepted, disk] {
        assert_eq!(state(&disk), State::Idle);
        assert_eq!(told(&disk).last().unwrap(), "resolved");
        assert!(!Process::on(&disk).run(|runner, _| runner.has_drifted()).0.unwrap());
        Process::on(&disk).apply(&IDS[1..]).unwrap();
    }
}

#[test]
fn a_person_may_say_that_it_was_applied() {
    let disk = stuck();
    Held { applied: vec![], ..Held::after(&IDS[..1]) }.put(&disk);
    let (done, calls) = Process::failing(&disk, &[("validate", 0)]).resolve(&word(IDS[0], true));
    done.unwrap_err();
    assert!(!calls.contains(&"restore"));
    assert_eq!(state(&disk), State::Failed);
    Process::on(&disk).resolve(&word(IDS[0], true)).0.unwrap();
    assert_eq!(state(&disk), State::Idle);
    assert_eq!(Held::on(&disk), Held::after(&IDS[..1]));
    assert_eq!(Process::on(&disk).apply(&IDS[1..]), Ok(2));
}

/// The process ended in the middle, and somebody mended the target before the next one.
#[test]
fn what_was_mended_by_hand_after_a_crash_is_never_restored() {
    let disk = fresh().watched(Default::default());
    Process::on(&disk).apply(&IDS[..1]).unwrap();
    let moments = disk.moments();
    for wanted in [State::ValidatingPre, State::Migrating, State::ValidatingPost, State::Completing]
    {
        for moment in moments.iter().filter(|moment| state(*moment) == wanted) {
            for applied in [true, false] {
                let disk = moment.again(Default::default());
                let held = if applied { Held::after(&IDS[..1]) } else { Held::default() };
                held.put(&disk);
                let (done, calls) = Process::on(&disk).resolve(&word(IDS[0], applied));
                done.unwrap();
                assert!(!calls.contains(&"restore"), "{calls:?}");
                let (done, calls) =
                    Process::on(&disk).run(|runner, doubt| runner.start(doubt, false));
                assert_eq!(done.unwrap(), [""; 0]);
                assert!(!calls.contains(&"restore"), "{calls:?}");
                assert_eq!(Held::on(&disk), held);
            }
        }
    }
}

#[test]
fn a_word_about_another_migration_or_none_is_refused() {
    let disk = stuck();
    let other = Process::on(&disk).resolve(&word(IDS[1], true)).0.unwrap_err();
    assert_eq!(other.what, "it is 0001_next that did not end, not 0002_next");
    let unknown = Process::on(&disk).resolve(&word("0009_x", true)).0.unwrap_err();
    assert_eq!(unknown.what, "the set has no migration 0009_x");
    assert_eq!(state(&disk), State::Failed);
    let idle = Process::on(&fresh()).resolve(&word(IDS[0], true)).0.unwrap_err();
    assert!(idle.what.starts_with("there is nothing to resolve about 0001_next"), "{idle}");
    for fault in [other, unknown, idle] {
        assert_eq!(fault.kind, FaultKind::Usage);
    }
}

#[test]
fn what_another_tool_began_blocks_until_somebody_says_what_it_is() {
    let disk = fresh();
    Held { unfinished: Some(IDS[0].into()), ..Held::default() }.put(&disk);
    let fault = Process::on(&disk).apply(&IDS[1..2]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::PartialFailure);
    assert!(fault.way_out.contains("resolve 0001_next"), "{fault}");
    assert_eq!(told(&disk), ["blocked_by_partial_failure"]);
    Process::on(&disk).resolve(&word(IDS[0], false)).0.unwrap();
    assert_eq!(Held::on(&disk), Held::default());
    assert_eq!(Process::on(&disk).apply(&IDS[..1]), Ok(1));
}

#[test]
fn a_migration_that_the_set_does_not_have_is_no_way_back() {
    let disk = fresh().watched(Default::default());
    Process::on(&disk).apply(&IDS[..1]).unwrap();
    let half = disk.moments().into_iter().find(|moment| state(moment) == State::Migrating).unwrap();
    let mut fake_entries = entries();
    fake_entries.remove(0);
    for retry in [false, true] {
        let (done, _) =
            Process::on(&half).run_with(&fake_entries, |runner, doubt| runner.start(doubt, retry));
        let fault = done.unwrap_err();
        assert!(fault.what.contains("the set has no migration 0001_next"), "{fault}");
        assert_eq!(told(&half).last().unwrap(), "blocked_by_partial_failure");
        assert_eq!(state(&half), State::Migrating);
    }
}

/// Who asks for a rollback again after the first was killed does not mean two migrations.
#[test]
fn a_rollback_that_was_killed_and_is_asked_for_again_takes_back_one_migration() {
    for way in [BACK, Way::Downs] {
        let disk = fresh();
        Process::on(&disk).apply(&IDS).unwrap();
        let disk = disk.watched(Default::default());
        Process::on(&disk).roll_back(way).unwrap();
        for moment in disk.moments() {
            if state(&moment) == State::Idle && Held::on(&moment) == Held::after(&IDS[..2]) {
                continue;
            }
            assert_eq!(Process::on(&moment).roll_back(way).unwrap(), [IDS[2]]);
            assert_eq!(Held::on(&moment), Held::after(&IDS[..2]), "{way:?}");
        }
    }
}

#[test]
fn a_clock_that_jumps_changes_nothing_but_times() {
    let disk = fresh();
    let times = ["2026-11-21T10:00:00Z", "1971-01-01T00:00:00Z", "2099-12-31T23:59:59Z"];
    for (at, id) in IDS.iter().enumerate() {
        let process = Process { now: times[at], ..Process::on(&disk) };
        assert_eq!(process.apply(&[id]), Ok(1));
    }
    for (at, now) in times.iter().enumerate() {
        let process = Process { now, ..Process::on(&disk) };
        let names = process.run(|runner, _| {
            let (ready, _) = runner.ready_checkpoints()?;
            Ok(ready.into_iter().map(|one| one.migration).collect::<Vec<_>>())
        });
        assert_eq!(names.0.unwrap(), IDS);
        assert_eq!(process.roll_back(BACK).unwrap(), [IDS[2 - at]]);
    }
    assert_eq!(Held::on(&disk), Held::default());
    assert!(verified(&disk).is_sound());
}

#[test]
fn a_target_that_somebody_changed_has_drifted() {
    let disk = fresh();
    Process::on(&disk).apply(&IDS[..1]).unwrap();
    let has_drifted = || Process::on(&disk).run(|runner, _| runner.has_drifted()).0.unwrap();
    assert!(!has_drifted());
    let mut held = Held::on(&disk);
    held.objects.insert("theirs".into(), "new".into());
    held.put(&disk);
    assert!(has_drifted());
    Process::on(&disk).run(|runner, _| runner.accept_target()).0.unwrap();
    assert!(!has_drifted());
    // Something ran since, by another tool.
    Held::after(&IDS[..2]).put(&disk);
    assert!(!has_drifted());
}
