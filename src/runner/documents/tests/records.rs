use super::*;
use crate::runner::disk::simulated::{Call, Trouble};

fn file() -> PathBuf {
    checkpoint("history.jsonl")
}

fn with_history(text: &str) -> Simulated {
    let disk = disk(&[("a.json", OLD)]);
    disk.append(&file(), text.as_bytes()).unwrap();
    disk
}

fn history(disk: &dyn Disk) -> Result<History<'_>, Fault> {
    History::open(disk, Path::new(STATE))
}

fn line(id: &str) -> Line {
    Line::now(id, &format!("digest of {id}"))
}

fn names(history: &History<'_>) -> Vec<String> {
    history.lines().iter().map(|line| line.migration.clone()).collect()
}

#[test]
fn an_edited_migration_and_one_that_the_set_lacks_are_told() {
    let known = Line::now("0001_next", "another digest").written();
    let disk = with_history(&[known, line("0000_gone").written()].concat());
    let set = [wrap()];
    let tracked = open(&disk, &["a.json"], &set).history().unwrap();
    assert_eq!((tracked[0].id.as_deref(), tracked[0].edited), (Some("0001_next"), true));
    assert_eq!((tracked[1].id.as_deref(), tracked[1].edited), (None, false));
    let disk = with_history(&line("0001_next").written());
    assert!(!open(&disk, &["a.json"], &set).history().unwrap()[0].edited);
}

#[test]
fn a_line_that_a_crash_cut_off_was_not_written_and_is_mended() {
    let (whole, next) = (line("1").written(), line("2").written());
    for end in 1..next.len() {
        let disk = with_history(&[&whole, &next[..end]].concat());
        let mut history = history(&disk).unwrap();
        assert_eq!(names(&history), ["1"]);
        history.add(line("3")).unwrap();
        assert_eq!(names(&super::records::history(&disk).unwrap()), ["1", "3"]);
    }
    let disk = with_history(&whole[..9]);
    let mut history = history(&disk).unwrap();
    history.remove("1").unwrap();
    assert_eq!(disk.read(&file()).unwrap(), b"");
}

#[test]
fn a_history_that_was_meddled_with_is_not_trusted() {
    let (one, two) = (line("1").written(), line("2").written());
    let newer = one.replace("\"version\":1", "\"version\":2");
    for (text, told) in [
        (format!("{one}nonsense\n{two}"), "line 2 cannot be read"),
        (format!("{one}\n{two}"), "line 2 cannot be read"),
        (format!("{newer}{two}"), "line 1 is of another version"),
        (format!("{one}{two}{one}"), "names 1 twice"),
    ] {
        let disk = with_history(&text);
        let fault = history(&disk).err().unwrap();
        assert_eq!(fault.kind, FaultKind::PartialFailure);
        assert!(fault.what.contains(told), "{fault}");
        assert!(try_open(&disk, &["a.json"], &[]).is_err());
    }
}

#[test]
fn a_migration_is_written_down_once_and_taken_out_whole() {
    let disk = disk(&[]);
    let mut history = history(&disk).unwrap();
    for id in ["1", "2", "2", "3"] {
        history.add(line(id)).unwrap();
    }
    history.remove("2").unwrap();
    history.remove("2").unwrap();
    assert_eq!(names(&history), ["1", "3"]);
    assert_eq!(names(&super::records::history(&disk).unwrap()), ["1", "3"]);
}

#[test]
fn what_is_written_survives_a_power_cut() {
    let disk = disk(&[]);
    history(&disk).unwrap().add(line("1")).unwrap();
    for left in disk.crashes() {
        let mut history = history(&left).unwrap();
        assert_eq!(names(&history), ["1"]);
        history.add(line("2")).unwrap();
        history.remove("1").unwrap();
        for left in left.crashes() {
            assert_eq!(names(&super::records::history(&left).unwrap()), ["2"]);
        }
    }
}

#[test]
fn no_sync_of_the_history_can_be_left_out() {
    let work = |disk: &Simulated| {
        let mut history = history(disk).unwrap();
        history.add(line("1")).unwrap();
        history.add(line("2")).unwrap();
        history.remove("1").unwrap();
    };
    let start = disk(&[]);
    let whole = start.again(Trouble::default());
    work(&whole);
    let syncs = whole.calls().iter().filter(|call| **call == Call::Sync).count();
    assert_eq!(syncs, 5, "two for the first line, one for the next, two for a new file");
    let survives = |disk: &Simulated| {
        let kept = |left: Simulated| history(&left).is_ok_and(|history| names(&history) == ["2"]);
        disk.crashes().into_iter().all(kept)
    };
    assert!(survives(&whole));
    // What the new file replaces is not missed once that is durable.
    for unsynced in [3, 4] {
        let disk = start.again(Trouble { unsynced: Some(unsynced), ..Trouble::default() });
        work(&disk);
        assert!(!survives(&disk), "sync {unsynced} is not needed");
    }
    for unsynced in [0, 1] {
        let disk = start.again(Trouble { unsynced: Some(unsynced), ..Trouble::default() });
        history(&disk).unwrap().add(line("1")).unwrap();
        let lost = |left: Simulated| !history(&left).is_ok_and(|one| names(&one) == ["1"]);
        assert!(disk.crashes().into_iter().any(lost), "sync {unsynced} is not needed");
    }
}

#[test]
fn a_write_that_failed_is_mended_by_the_next() {
    let disk = with_history(&line("1").written());
    let calls = || {
        let disk = disk.again(Trouble::default());
        history(&disk).unwrap().add(line("2")).unwrap();
        disk.calls().len()
    };
    for at in 0..calls() {
        let disk = disk.again(Trouble { fails: Some((at, 28)), ..Trouble::default() });
        let Ok(mut history) = history(&disk) else { continue };
        if history.add(line("2")).is_err() {
            assert_eq!(names(&history), ["1"]);
            history.remove("2").unwrap();
            assert_eq!(names(&super::records::history(&disk).unwrap()), ["1"]);
        }
        history.add(line("2")).unwrap();
        assert_eq!(names(&super::records::history(&disk).unwrap()), ["1", "2"]);
    }
}
