use super::super::line::TORN;
use super::*;

fn event() -> Event {
    Event::of(EventName::Resolved, "0002_b")
}

/// Opens a journal, records one event and holds all of it against itself.
fn goes_on(bytes: &[u8]) -> (Vec<u8>, Verification) {
    let disk = Memory::holding(bytes);
    open(&disk).record(at(9), &event()).unwrap();
    let after = disk.bytes();
    assert!(after.starts_with(bytes), "nothing is ever taken away");
    let found = verified(&after);
    assert!(found.is_sound(), "{found:?}");
    (after, found)
}

/// The journal with its last line cut to `length` bytes.
fn cut(length: usize) -> Vec<u8> {
    let mut lines = split(&small());
    lines.last_mut().unwrap().truncate(length);
    lines.concat()
}

fn last_length() -> usize {
    split(&small()).pop().unwrap().len()
}

#[test]
fn a_last_line_cut_anywhere_is_told_and_gone_on_from() {
    for length in 0..=last_length() {
        let whole = length + 1 >= last_length();
        let (after, found) = goes_on(&cut(length));
        let last = events(&after).pop().unwrap();
        assert_eq!(last["sequence"], if whole { 4 } else { 3 }, "{length}");
        let torn = last["attributes"].get("journal.torn_bytes").and_then(Value::as_u64);
        let is_torn = length > 0 && !whole;
        let bytes = (length + TORN.len() + 1) as u64;
        assert_eq!(torn, is_torn.then_some(bytes), "{length}");
        let told: Vec<u64> = found.notes.iter().map(|note| note.line).collect();
        assert_eq!(told, if is_torn { vec![3] } else { vec![] }, "{length}");
    }
}

#[test]
fn the_event_that_tells_of_it_may_be_cut_off_as_well() {
    let length = last_length();
    for first in [1, length / 2, length - 2, length - 1] {
        let before = cut(first);
        let (after, _) = goes_on(&before);
        for second in before.len()..after.len() {
            goes_on(&after[..second]);
        }
    }
}

#[test]
fn a_crash_in_the_very_first_line_is_survived() {
    let first = split(&small()).remove(0);
    for length in 0..first.len() {
        let (_, found) = goes_on(&first[..length]);
        assert_eq!(found.events, if length + 1 == first.len() { 2 } else { 1 });
    }
}

#[test]
fn until_it_is_told_a_cut_line_is_a_problem() {
    let found = verified(&cut(20));
    assert_eq!(found.problems[0].line, 3);
    assert_eq!(found.problems[0].what, "it was cut off; the next event will say so");
    assert_eq!(found.events, 2);
    // Only the line break is missing.
    let found = verified(&cut(last_length() - 1));
    assert!(found.is_sound());
    assert_eq!(found.notes[0].what, "its line break is missing; the next event adds it");
}

#[test]
fn what_a_failed_write_left_behind_is_gone_on_from() {
    for arrived in [0, 1, 300, 10_000] {
        let disk = Memory::holding(&small());
        let mut journal = open(&disk);
        disk.fails_after.set(Some(arrived));
        let fault = journal.record(at(3), &event()).unwrap_err();
        assert!(fault.to_string().contains("make room on the disk"), "{fault}");
        journal.record(at(4), &event()).unwrap();
        let found = verified(&disk.bytes());
        assert!(found.is_sound(), "{found:?}");
        assert_eq!(found.last_sequence, if arrived == 10_000 { 5 } else { 4 });
    }
}

#[test]
fn a_line_that_could_not_be_synced_is_followed_all_the_same() {
    let disk = Memory::default();
    let mut journal = open(&disk);
    disk.sync_fails.set(true);
    journal.record(at(0), &event()).unwrap_err();
    journal.record(at(1), &event()).unwrap();
    assert!(disk.calls.borrow().contains(&"sync_folder /state".to_owned()));
    let found = verified(&disk.bytes());
    assert!(found.is_sound());
    assert_eq!(found.last_sequence, 2);
}

#[test]
fn crash_after_crash_is_survived() {
    let mut bytes = small();
    for _ in 0..400 {
        let disk = Memory::holding(&bytes);
        let mut journal = open(&disk);
        disk.fails_after.set(Some(40));
        journal.record(at(3), &event()).unwrap_err();
        bytes = disk.bytes();
    }
    let (_, found) = goes_on(&bytes);
    assert_eq!(found.last_sequence, 4);
}
