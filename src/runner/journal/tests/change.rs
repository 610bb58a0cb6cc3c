use super::super::line::{MOST_LINE, TORN};
use super::*;
use crate::runner::FaultKind;

#[test]
fn every_flipped_bit_is_noticed() {
    let sound = small();
    for place in 0..sound.len() {
        for bit in 0..8 {
            let mut bytes = sound.clone();
            bytes[place] ^= 1 << bit;
            assert!(!verified(&bytes).is_sound(), "bit {bit} of byte {place}");
        }
    }
}

#[test]
fn every_byte_added_or_taken_away_is_noticed() {
    let sound = small();
    // Without its line break the last line is still whole.
    for place in 0..sound.len() - 1 {
        let mut bytes = sound.clone();
        bytes.remove(place);
        assert!(!verified(&bytes).is_sound(), "byte {place} less");
        for byte in [b' ', b'\n', b'0'] {
            let mut bytes = sound.clone();
            bytes.insert(place, byte);
            assert!(!verified(&bytes).is_sound(), "{byte} at {place}");
        }
    }
}

#[test]
fn lines_that_are_missing_are_counted() {
    let lines = split(&small());
    let without = |numbers: &[usize]| {
        let left = lines.iter().enumerate().filter(|(at, _)| !numbers.contains(&(at + 1)));
        problems(&left.flat_map(|(_, line)| line.clone()).collect::<Vec<_>>())
    };
    let one = |line, what: &str| vec![(line, what.to_owned())];
    assert_eq!(without(&[1]), one(1, "event 1 is missing before it"));
    assert_eq!(without(&[2]), one(2, "event 2 is missing before it"));
    assert_eq!(without(&[1, 2]), one(1, "events 1 to 2 are missing before it"));
    // The end alone cannot tell that something followed: its number and hash can, kept elsewhere.
    assert_eq!(without(&[3]), []);
}

#[test]
fn lines_in_another_order_or_twice_are_noticed() {
    let [a, b, c] = <[_; 3]>::try_from(split(&small())).unwrap();
    let told = |lines: &[&Vec<u8>]| {
        problems(&lines.iter().copied().flatten().copied().collect::<Vec<_>>())
    };
    assert_eq!(told(&[&a, &b, &c]), []);
    assert_eq!(told(&[&a, &c, &b]).len(), 2);
    assert_eq!(told(&[&b, &a, &c]).len(), 3);
    assert_eq!(told(&[&a, &b, &b, &c]), [(3, "event 2 stands after event 2".to_owned())]);
}

#[test]
fn a_line_of_another_journal_does_not_fit() {
    let mut lines = split(&small());
    let disk = Memory::default();
    let mut journal = open(&disk);
    for second in 0..3 {
        journal.record(at(second), &Event::of(EventName::Migrated, "other")).unwrap();
    }
    let other = split(&disk.bytes());
    lines[1].clone_from(&other[1]);
    let follows = "it was written after another line than the one before it".to_owned();
    assert_eq!(problems(&lines.concat()), [(2, follows.clone()), (3, follows)]);
}

#[test]
fn a_changed_line_is_told_by_its_number() {
    let text = String::from_utf8(small()).unwrap();
    let changed = text.replacen("config.migrated", "config.mygrated", 1);
    let what = "it was changed: its hash is not that of its content".to_owned();
    assert_eq!(problems(changed.as_bytes()), [(2, what)]);
    let spaced = text.replacen("\"sequence\":1,", "\"sequence\": 1,", 1);
    let what = "it was written by another program: it is not in canonical form".to_owned();
    assert_eq!(problems(spaced.as_bytes()), [(1, what)]);
    assert_eq!(problems(b"\n"), [(1, "it is no event".to_owned())]);
    let long = [b"\"", " ".repeat(2 * MOST_LINE).as_bytes(), b"\"\n", &small()].concat();
    let found = problems(&long);
    assert_eq!(found[0], (1, "it is longer than any line that was written".to_owned()));
}

/// Nobody can pass a change off as the work of a crash.
#[test]
fn what_was_cut_off_must_be_what_is_told() {
    let lines = split(&small());
    let cut = |line: &[u8]| [&line[..40], TORN, b"\n"].concat();
    let hidden = [lines[0].clone(), cut(&lines[1]), lines[2].clone()].concat();
    let found = problems(&hidden);
    assert_eq!(found[0], (2, "it was cut off, and line 3 does not say so".to_owned()));
    let ended = [lines[0].clone(), cut(&lines[1])].concat();
    assert_eq!(problems(&ended), [(2, "it was cut off, and no event says so".to_owned())]);

    let disk = Memory::holding(&[&lines[0][..], &lines[1][..40]].concat());
    open(&disk).record(at(9), &Event::of(EventName::Migrated, "0001_a")).unwrap();
    let told = split(&disk.bytes());
    assert_eq!(problems(&told.concat()), []);
    let other = [told[0].clone(), cut(&lines[2][1..]), told[2].clone()].concat();
    assert_eq!(problems(&other), [(2, "it is not what line 3 says was cut off".to_owned())]);
    let gone = [told[0].clone(), told[2].clone()].concat();
    let what = "what it says was cut off before it is not there".to_owned();
    assert_eq!(problems(&gone), [(2, what)]);
}

#[test]
fn many_problems_are_counted_and_not_all_told() {
    let found = verified(&b"x\n".repeat(5000));
    assert_eq!((found.problem_count, found.problems.len()), (5000, 100));
}

#[test]
fn a_changed_end_is_not_built_upon() {
    let sound = small();
    let mut lines = split(&sound);
    let last = String::from_utf8(lines.pop().unwrap()).unwrap();
    let changed = last.replace("ERROR", "INFO");
    assert_ne!(changed, last);
    for bytes in [
        [&lines.concat(), changed.as_bytes()].concat(),
        [&sound[..], b"what is this\n"].concat(),
        [&sound[..], b"\n"].concat(),
        [" ".repeat(9 * MOST_LINE).as_bytes(), b"\n"].concat(),
        vec![b' '; 9 * MOST_LINE],
    ] {
        let disk = Memory::holding(&bytes);
        let fault = Journal::open(&disk, Path::new(PATH), context()).err().unwrap();
        assert_eq!(fault.kind, FaultKind::PartialFailure);
        assert!(
            fault.what.starts_with(PATH) && fault.way_out.contains("journal verify"),
            "{fault}"
        );
        assert_eq!(disk.bytes(), bytes);
    }
}

#[test]
fn a_link_is_not_written_through() {
    for kind in [Kind::Symlink, Kind::Linked, Kind::Folder, Kind::Special] {
        let disk = Memory::default();
        disk.kind.set(Some(kind));
        let fault = Journal::open(&disk, Path::new(PATH), context()).err().unwrap();
        assert_eq!(fault.kind, FaultKind::Environment, "{kind:?}");
    }
}
