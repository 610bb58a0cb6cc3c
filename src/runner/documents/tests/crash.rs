use super::*;
use crate::runner::disk::simulated::{Call, Trouble};

const TWO: [&str; 2] = ["a.json", "config/b.json"];

/// A piece of work of one process.
type Work = fn(&mut DocumentsTarget<'_>, &Entry) -> Result<(), Fault>;

fn up(target: &mut DocumentsTarget<'_>, entry: &Entry) -> Result<(), Fault> {
    apply(target, entry, "1").map(|_| ())
}

fn down(target: &mut DocumentsTarget<'_>, entry: &Entry) -> Result<(), Fault> {
    undo(target, entry, &checkpoint("2")).map(|_| ())
}

/// What a power cut may leave of the work, at every point of it.
fn left(disk: &Simulated, set: &[Entry], work: Work) -> Vec<Simulated> {
    let whole = disk.again(Trouble::default());
    work(&mut open(&whole, &TWO, set), &set[0]).unwrap();
    let calls = whole.calls();
    let points = (0..calls.len()).filter(|at| calls[*at] != Call::Look);
    let ended = points.flat_map(|at| {
        let disk = disk.again(Trouble { ends: Some(at), ..Trouble::default() });
        let ended = work(&mut open(&disk, &TWO, set), &set[0]);
        assert!(ended.is_err(), "it went on after its end");
        disk.crashes()
    });
    ended.chain(whole.crashes()).collect()
}

/// Restores on each of these disks, and looks for these texts and this history.
fn expect(disks: Vec<Simulated>, set: &[Entry], folder: &str, texts: &str, history: &[&str]) {
    assert!(disks.len() > 50, "only {} disks", disks.len());
    for disk in disks {
        let disk = disk.again(Trouble::default());
        let mut target = open(&disk, &TWO, set);
        target.restore(&set[0], folder == "2", &checkpoint(folder)).unwrap();
        for disk in disk.crashes() {
            assert_eq!(TWO.map(|name| text(&disk, name)), [texts, texts]);
            assert_eq!(ran(&mut open(&disk, &TWO, set)), history);
        }
    }
}

#[test]
fn after_any_crash_a_migration_is_taken_back_with_its_history() {
    let (disk, set) = (disk(&[(TWO[0], OLD), (TWO[1], OLD)]), [wrap()]);
    expect(left(&disk, &set, up), &set, "1", OLD, &[]);
}

#[test]
fn after_any_crash_a_way_back_is_taken_back_with_its_history() {
    let (disk, set) = (disk(&[(TWO[0], OLD), (TWO[1], OLD)]), [wrap()]);
    up(&mut open(&disk, &TWO, &set), &set[0]).unwrap();
    // The runner's own records are in it already.
    disk.make_folder(&checkpoint("2")).unwrap();
    expect(left(&disk, &set, down), &set, "2", NEW, &["0001_next"]);
}
