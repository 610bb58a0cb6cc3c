use super::*;
use crate::runner::disk::RealDisk;
use crate::runner::target::FileDone;

const TWO: [&str; 2] = ["a.json", "config/b.json"];

fn two() -> Simulated {
    disk(&[("a.json", OLD), ("config/b.json", OLD)])
}

#[test]
fn all_documents_are_migrated_and_that_is_written_down() {
    let (disk, set) = (two(), [wrap()]);
    let mut target = open(&disk, &TWO, &set);
    let before = target.snapshot().unwrap();
    let done = apply(&mut target, &set[0], "1").unwrap();
    target.validate(&set[0]).unwrap();
    assert_eq!(text(&disk, "a.json"), NEW);
    assert_eq!(text(&disk, "config/b.json"), NEW);
    let hashes = (sha256(OLD.as_bytes()), sha256(NEW.as_bytes()));
    let file = |name: &str| FileDone {
        path: name.to_owned(),
        before: hashes.0.clone(),
        after: hashes.1.clone(),
    };
    assert_eq!(done.files, TWO.map(file));
    assert_eq!(ran(&mut target), ["0001_next"]);
    assert_eq!(before.diff(&target.snapshot().unwrap()).differences.len(), 2);
    // Another process sees the same.
    let mut again = open(&disk, &TWO, &set);
    assert_eq!(ran(&mut again), ["0001_next"]);
    again.validate(&set[0]).unwrap();
}

#[test]
fn what_was_backed_up_comes_back_with_the_history() {
    let (disk, set) = (two(), [wrap()]);
    let mut target = open(&disk, &TWO, &set);
    let before = target.snapshot().unwrap();
    apply(&mut target, &set[0], "1").unwrap();
    for _ in 0..2 {
        target.restore(&set[0], false, &checkpoint("1")).unwrap();
        assert!(before.diff(&target.snapshot().unwrap()).is_empty());
        assert!(ran(&mut target).is_empty());
    }
    apply(&mut target, &set[0], "2").unwrap();
    assert_eq!(text(&disk, "a.json"), NEW, "it can be applied again");
}

#[test]
fn where_nothing_was_backed_up_nothing_comes_back() {
    let (disk, set) = (two(), [wrap()]);
    let mut target = open(&disk, &TWO, &set);
    target.restore(&set[0], false, &checkpoint("1")).unwrap();
    assert_eq!(text(&disk, "a.json"), OLD);
    assert_eq!(
        target.migrate(&set[0], false, &checkpoint("1")).unwrap_err().kind,
        FaultKind::PartialFailure
    );
}

#[test]
fn a_checkpoint_that_is_gone_is_told() {
    let (disk, set) = (two(), [wrap()]);
    let mut target = open(&disk, &TWO, &set);
    apply(&mut target, &set[0], "1").unwrap();
    let fault = target.restore(&set[0], false, &checkpoint("9")).unwrap_err();
    assert!(fault.what.ends_with("of 0001_next is gone"), "{fault}");
    assert_eq!(ran(&mut target), ["0001_next"]);
}

#[test]
fn a_document_that_does_not_fit_stops_the_migration_before_anything_is_touched() {
    let bad = "{\"version\": 1, \"port\": \"x\"}";
    let (disk, set) = (disk(&[("a.json", OLD), ("b.json", bad), ("c.json", "{")]), [wrap()]);
    let mut target = open(&disk, &["a.json", "b.json", "c.json"], &set);
    let before = disk.contents();
    let fault = target.back_up(&set[0], false, &checkpoint("1")).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Migration);
    assert!(fault.what.contains("b.json: it is not valid under version 1"), "{fault}");
    assert!(fault.what.contains("c.json: it cannot be read"), "{fault}");
    assert_eq!(disk.contents(), before);
}

#[test]
fn a_migration_that_finds_every_document_new_is_written_down() {
    let (disk, set) = (disk(&[("a.json", NEW)]), [wrap()]);
    let mut target = open(&disk, &["a.json"], &set);
    assert!(apply(&mut target, &set[0], "1").unwrap().files.is_empty());
    target.validate(&set[0]).unwrap();
    assert_eq!(ran(&mut target), ["0001_next"]);
    target.restore(&set[0], false, &checkpoint("1")).unwrap();
    assert!(ran(&mut target).is_empty());
    assert_eq!(text(&disk, "a.json"), NEW);
}

#[test]
fn what_others_write_meanwhile_is_neither_overwritten_nor_passed_over() {
    let (disk, set) = (two(), [wrap()]);
    let mut target = open(&disk, &TWO, &set);
    let other = "{\"version\": 1, \"port\": 81}";
    let write = |text: &str| {
        disk::replace(&disk, &Path::new(ROOT).join("a.json"), text.as_bytes()).unwrap();
    };
    write(other);
    target.back_up(&set[0], false, &checkpoint("1")).unwrap();
    write(OLD);
    assert_eq!(
        target.migrate(&set[0], false, &checkpoint("1")).unwrap_err().kind,
        FaultKind::Conflict
    );
    assert_eq!(text(&disk, "a.json"), OLD);
    assert_eq!(text(&disk, "config/b.json"), OLD);
    apply(&mut target, &set[0], "2").unwrap();
    write(other);
    let fault = target.validate(&set[0]).unwrap_err();
    assert!(fault.what.starts_with("a.json: it does not hold"), "{fault}");
    let fault = open(&disk, &TWO, &set).validate(&set[0]).unwrap_err();
    assert!(fault.what.starts_with("a.json: it is still at version 1"), "{fault}");
}

#[test]
fn the_way_back_goes_through_the_same_files() {
    let (disk, set) = (two(), [wrap()]);
    let mut target = open(&disk, &TWO, &set);
    apply(&mut target, &set[0], "1").unwrap();
    let line = target.history.line("0001_next").cloned();
    let done = undo(&mut target, &set[0], &checkpoint("2")).unwrap();
    assert_eq!((done.files.len(), text(&disk, "a.json").as_str()), (2, OLD));
    assert!(ran(&mut target).is_empty());
    // Taking back the way back.
    for _ in 0..2 {
        target.restore(&set[0], true, &checkpoint("2")).unwrap();
        assert_eq!(text(&disk, "config/b.json"), NEW);
        assert_eq!(target.history.line("0001_next").cloned(), line);
    }
}

#[test]
fn a_way_back_that_would_lose_something_points_to_the_checkpoint() {
    let lossy = entry(1, Action::Remove { at: at("/port") });
    let (disk, set) = (disk(&[("a.json", OLD)]), [lossy]);
    let mut target = open(&disk, &["a.json"], &set);
    apply(&mut target, &set[0], "1").unwrap();
    let after = disk.contents();
    let fault = undo(&mut target, &set[0], &checkpoint("2")).unwrap_err();
    assert!(fault.way_out.contains("checkpoint"), "{fault}");
    let mut without = set[0].clone();
    without.migration.down = Down::Missing;
    let fault = undo(&mut target, &without, &checkpoint("3")).unwrap_err();
    assert!(fault.way_out.contains("checkpoint"), "{fault}");
    assert_eq!(disk.contents(), after);
}

#[test]
fn a_migration_is_marked_only_where_its_documents_are_new() {
    let (disk, set) = (disk(&[("a.json", NEW), ("b.json", OLD)]), [wrap()]);
    let mut target = open(&disk, &["a.json", "b.json"], &set);
    let fault = target.mark(&set[0], true).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.what.starts_with("b.json: it is still at version 1"), "{fault}");
    assert!(ran(&mut target).is_empty());
    disk::replace(&disk, &Path::new(ROOT).join("b.json"), NEW.as_bytes()).unwrap();
    for _ in 0..2 {
        target.mark(&set[0], true).unwrap();
        assert_eq!(ran(&mut target), ["0001_next"]);
    }
    assert_eq!(text(&disk, "b.json"), NEW);
    target.mark(&set[0], false).unwrap();
    assert!(ran(&mut open(&disk, &["a.json"], &set)).is_empty());
}

#[test]
fn the_checkpoint_is_as_large_as_the_documents_it_is_for() {
    let (disk, mut set) = (two(), [wrap()]);
    let mut target = open(&disk, &TWO, &set);
    assert_eq!(target.checkpoint_size(&set[0]).unwrap(), 2 * OLD.len() as u64);
    let Step::Program(program) = &mut set[0].migration.up else { panic!() };
    Arc::make_mut(program).targets = vec!["config/**".into()];
    assert_eq!(target.checkpoint_size(&set[0]).unwrap(), OLD.len() as u64);
    assert_eq!(target.strategy(&set[0], false), Strategy::Backup);
}

#[test]
fn links_are_refused_and_texts_in_other_encodings_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(folder.path().join("outside.json"), OLD).unwrap();
    std::os::unix::fs::symlink("../outside.json", root.join("link.json")).unwrap();
    std::os::unix::fs::symlink("..", root.join("up")).unwrap();
    std::fs::write(root.join("latin.json"), b"{\"a\": \"\xe9\"}").unwrap();
    let state = folder.path().join("state");
    let refused = |name: &str| {
        let opened = DocumentsTarget::open(&RealDisk, &root, &state, documents(&[name]), &[]);
        opened.err().unwrap().what
    };
    assert_eq!(refused("link.json"), "link.json is a symbolic link");
    assert_eq!(refused("up/outside.json"), "up/outside.json is below a symbolic link");
    assert_eq!(refused("latin.json"), "latin.json is not in UTF-8");
    assert_eq!(refused("gone.json"), "gone.json is not there");
}

#[test]
fn on_a_real_disk_it_goes_there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (root, state) = (folder.path().join("root"), folder.path().join("state"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("a.json"), OLD).unwrap();
    let set = [wrap()];
    let mut target =
        DocumentsTarget::open(&RealDisk, &root, &state, documents(&["a.json"]), &set).unwrap();
    target.prepare().unwrap();
    let checkpoint = state.join("checkpoints/1");
    target.back_up(&set[0], false, &checkpoint).unwrap();
    target.migrate(&set[0], false, &checkpoint).unwrap();
    assert_eq!(std::fs::read_to_string(root.join("a.json")).unwrap(), NEW);
    target.restore(&set[0], false, &checkpoint).unwrap();
    assert_eq!(std::fs::read_to_string(root.join("a.json")).unwrap(), OLD);
}

/// What is done for one migration, in calls of the disk.
#[test]
fn a_migration_costs_the_same_however_many_have_run() {
    let names: Vec<String> = (0..8).map(|at| format!("{at}.json")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let files: Vec<_> = names.iter().map(|name| (*name, OLD)).collect();
    let disk = disk(&files);
    let step = |from: u32| {
        let mut entry = entry(from, Action::Add { at: at(&format!("/k{from}")), value: json!(1) });
        let Step::Program(program) = &mut entry.migration.up else { panic!() };
        Arc::make_mut(program).targets = vec!["3.json".into()];
        entry
    };
    let mut set = vec![wrap()];
    set.extend((2..40).map(step));
    let mut target = open(&disk, &names, &set);
    target.prepare().unwrap();
    let mut costs = Vec::new();
    for entry in &set {
        let before = disk.calls().len();
        apply(&mut target, entry, &entry.migration.id).unwrap();
        target.validate(entry).unwrap();
        costs.push(disk.calls().len() - before);
    }
    assert_eq!(ran(&mut target).len(), 39);
    assert!(costs[1] < costs[0], "one document is less work than eight: {costs:?}");
    assert!(costs[1..].iter().all(|cost| *cost == costs[1]), "{costs:?}");
}

#[test]
fn the_steps_are_those_of_the_code() {
    let pieces = include_str!("../mod.rs").split("host::reached(\"").skip(1);
    let reached: Vec<&str> = pieces.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(reached, STEPS);
}
