//! Records that were lost, changed, or left half made.

use serde_json::json;

use super::fake::*;
use super::*;
use crate::runner::disk::simulated::Trouble;
use crate::runner::sealed;
use crate::runner::state::FILE_NAME;

/// A target that a process left in the middle of the first migration.
fn half() -> Simulated {
    let disk = fresh().watched(Trouble::default());
    Process::on(&disk).apply(&IDS[..1]).unwrap();
    let moments = disk.moments();
    let is_half = |disk: &&Simulated| Held::on(disk) == Held::amid(&[], IDS[0]);
    moments.iter().find(is_half).unwrap().again(Trouble::default())
}

/// The same disk with other bytes in a file, or without it.
fn with(disk: &Simulated, name: &str, bytes: Option<Vec<u8>>) -> Simulated {
    let mut contents = disk.contents();
    match bytes {
        Some(bytes) => contents.insert(file(name), bytes),
        None => contents.remove(&file(name)),
    };
    Simulated::holding(&contents)
}

fn bytes(disk: &Simulated, name: &str) -> Vec<u8> {
    disk.contents().remove(&file(name)).unwrap()
}

/// Refuses to start, also with a retry, and touches nothing but the journal.
fn refuses(disk: &Simulated) -> Fault {
    let known = told(disk).len();
    let mut before = disk.contents();
    Process::retrying(disk).start().unwrap_err();
    let (done, calls) = Process::on(disk).run(|runner, doubt| runner.start(doubt, false));
    assert!(!calls.iter().any(|call| ["restore", "migrate", "mark"].contains(call)), "{calls:?}");
    let fault = done.unwrap_err();
    assert_eq!(fault.kind, FaultKind::PartialFailure, "{fault}");
    assert_eq!(told(disk)[known..], ["blocked_by_partial_failure"; 2], "{fault}");
    let mut after = disk.contents();
    before.remove(&file(journal::FILE_NAME));
    after.remove(&file(journal::FILE_NAME));
    assert_eq!(after, before, "{fault}");
    fault
}

/// Refused, and then a person says that the target was mended.
fn left_to_a_person(disk: &Simulated, why: &str) {
    let fault = refuses(disk);
    assert!(fault.what.contains(why), "{fault}");
    assert!(fault.way_out.contains("resolve"), "{fault}");
    Held::default().put(disk);
    Process::on(disk).resolve(&word(IDS[0], false)).0.unwrap();
    assert_eq!(Process::on(disk).apply(&IDS), Ok(3));
}

#[test]
fn a_state_file_cut_anywhere_is_not_trusted() {
    let disk = half();
    let whole = bytes(&disk, FILE_NAME);
    for end in 0..whole.len() - 2 {
        let cut = with(&disk, FILE_NAME, Some(whole[..end].to_vec()));
        let fault = refuses(&cut);
        assert!(fault.what.contains("cannot be trusted"), "cut at {end}: {fault}");
    }
    let cut = with(&disk, FILE_NAME, Some(whole[..9].to_vec()));
    left_to_a_person(&cut, "/state/state.json cannot be trusted");
    assert_eq!(bytes(&cut, "state.json.damaged-1"), whole[..9]);
}

#[test]
fn a_state_file_with_any_byte_changed_is_not_trusted() {
    let disk = half();
    let (whole, known) = (bytes(&disk, FILE_NAME), standing(&disk));
    let (mut refused, mut same) = (0, 0);
    for at in 0..whole.len() {
        for mask in [1, 0x20, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= mask;
            let changed = with(&disk, FILE_NAME, Some(changed));
            match StateFile::new(&changed, Path::new(STATE)).read() {
                // White space between the words is nobody's.
                Ok(read) => {
                    assert_eq!(read.as_ref(), Some(&known), "byte {at}");
                    same += 1;
                }
                Err(fault) => {
                    assert_eq!(fault.kind, FaultKind::PartialFailure);
                    refused += 1;
                }
            }
            if at % 40 == 0 && mask == 1 {
                refuses(&changed);
            }
        }
    }
    assert!(refused > 20 * same, "{refused} refused, {same} the same");
}

#[test]
fn a_lost_state_file_is_noticed_by_its_checkpoints() {
    left_to_a_person(&with(&half(), FILE_NAME, None), "has checkpoints and no state file");
}

#[test]
fn a_state_of_another_version_or_of_no_sense_is_not_trusted() {
    let run = json!({
        "id": "r", "migration": IDS[0], "content": "", "direction": "up", "touched": true,
        "started_at": "2026-11-21T10:00:00Z", "rollback_checkpoint_path": null, "fault": null,
    });
    let mut sideways = run.clone();
    sideways["direction"] = "sideways".into();
    let state = |version: u32, state: &str, run: &Value| json!({"version": version, "state": state, "run": run, "left": null, "place": "fake"});
    let mut more = state(1, "idle", &Value::Null);
    more["\u{1b}[2J"] = 1.into();
    for (content, why) in [
        (state(2, "idle", &Value::Null), "newer migration-gate"),
        (state(1, "idle", &run), "do not fit"),
        (state(1, "migrating", &Value::Null), "do not fit"),
        (state(1, "resting", &run), "do not fit"),
        (state(1, "migrating", &sideways), "do not fit"),
        (more, "cannot be read"),
    ] {
        let disk = half();
        sealed::write(&disk, &file(FILE_NAME), &content).unwrap();
        let fault = refuses(&disk);
        assert!(!fault.what.contains('\u{1b}'), "a terminal obeys it");
        left_to_a_person(&disk, why);
    }
}

#[test]
fn a_half_made_checkpoint_that_no_run_owns_stops_every_start() {
    let disk = fresh();
    Process::on(&disk).apply(&IDS[..1]).unwrap();
    disk.make_folder(&file("checkpoints/000002-x/backup")).unwrap();
    let fault = refuses(&disk);
    assert!(fault.what.contains("/state/checkpoints/000002-x was never finished"), "{fault}");
    disk.remove_folder(&file("checkpoints/000002-x/backup")).unwrap();
    disk.remove_folder(&file("checkpoints/000002-x")).unwrap();
    Process::on(&disk).start().unwrap();
}

#[test]
fn a_backup_that_was_changed_is_never_brought_back() {
    let disk = half();
    let name = "checkpoints/000001-0001_next/backup/copy";
    let mut changed = bytes(&disk, name);
    changed[3] ^= 1;
    let changed = with(&disk, name, Some(changed));
    for process in [Process::on(&changed), Process::retrying(&changed)] {
        let (done, calls) = process.run(|runner, doubt| runner.start(doubt, process.retry));
        let fault = done.unwrap_err();
        assert!(fault.what.contains("copy is not what it was"), "{fault}");
        assert!(fault.way_out.contains("bring the folder back"), "{fault}");
        assert!(!fault.what.contains("nothing was touched"), "{fault}");
        assert!(!calls.contains(&"restore"));
        assert_eq!(state(&changed), State::Failed);
        assert_eq!(Held::on(&changed), Held::amid(&[], IDS[0]));
    }
    let mended = with(&changed, name, Some(bytes(&disk, name)));
    Process::retrying(&mended).start().unwrap();
    assert_eq!((state(&mended), Held::on(&mended)), (State::Idle, Held::default()));
}

#[test]
fn a_description_that_was_changed_stops_every_start_but_not_a_person() {
    let disk = half();
    let name = "checkpoints/000001-0001_next/checkpoint.json";
    let mut changed = bytes(&disk, name);
    let at = changed.len() / 2;
    changed[at] ^= 1;
    let changed = with(&disk, name, Some(changed));
    let fault = refuses(&changed);
    assert!(fault.what.contains("/checkpoint.json: it"), "{fault}");
    let word = Word { accept_difference: true, ..word(IDS[0], false) };
    Held::default().put(&changed);
    Process::on(&changed).resolve(&word).0.unwrap();
    assert_eq!(state(&changed), State::Idle);
}

#[test]
fn a_lost_checkpoint_is_told_and_left_to_a_person() {
    let disk = half();
    let mut contents = disk.contents();
    contents.retain(|path, _| !path.starts_with(file("checkpoints")));
    let disk = Simulated::holding(&contents);
    let fault = Process::on(&disk).start().unwrap_err();
    assert!(fault.what.contains("there is no checkpoint to go back to"), "{fault}");
    assert_eq!(Held::on(&disk), Held::amid(&[], IDS[0]));
    Held::default().put(&disk);
    Process::on(&disk).resolve(&word(IDS[0], false)).0.unwrap();
    assert_eq!(Process::on(&disk).apply(&IDS), Ok(3));
}

#[test]
fn no_more_checkpoints_are_kept_than_asked_for_and_never_the_one_in_use_goes() {
    let disk = fresh();
    let names = |disk: &Simulated| disk.names(&file("checkpoints")).unwrap();
    Process { keep: 2, ..Process::on(&disk) }.apply(&IDS).unwrap();
    let kept = ["000002-0002_next", "000003-0003_next"].map(PathBuf::from);
    assert_eq!(names(&disk), kept);
    // One that brings nothing back goes before one that does.
    Process::on(&disk).roll_back(BACK).unwrap();
    let failing = Process::failing(&disk, &[("migrate", 0)]);
    failing.apply(&IDS[2..]).unwrap_err();
    assert_eq!(names(&disk).len(), 3);
    Process { keep: 2, ..Process::on(&disk) }.apply(&IDS[2..]).unwrap();
    let kept = ["000003-0003_next", "000005-0003_next"].map(PathBuf::from);
    assert_eq!(names(&disk), kept);
    // Fewer are asked for while an older one is in use.
    let disk = fresh();
    Process::on(&disk).apply(&IDS[..1]).unwrap();
    Process::on(&disk).apply(&IDS[1..2]).unwrap();
    Process::on(&disk).roll_back(BACK).unwrap();
    let disk = disk.watched(Trouble::default());
    Process { keep: 1, ..Process::on(&disk) }.roll_back(BACK).unwrap();
    assert_eq!(names(&disk), [PathBuf::from("000001-0001_next")]);
    for moment in disk.moments() {
        for disk in moment.crashes() {
            Process::on(&disk).start().unwrap();
            let held = [Held::default(), Held::after(&IDS[..1])];
            assert!(held.contains(&Held::on(&disk)));
        }
    }
}
