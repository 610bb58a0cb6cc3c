//! Disks and files that are not as they should be.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use migration_gate::host;

use super::Place;

#[test]
fn a_journal_that_was_cut_in_the_middle_of_a_line_goes_on() {
    let place = Place::sqlite();
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    let journal = place.path(".migration-gate/t/journal.jsonl");
    let text = fs::read(&journal).unwrap();
    fs::write(&journal, &text[..text.len() - 40]).unwrap();
    assert_eq!(place.apply(&[]).code, 0);
    place.sound();
    assert!(fs::read_to_string(&journal).unwrap().contains(" <torn>\n"));
}

#[test]
fn a_journal_that_was_changed_stops_the_runner() {
    let place = Place::sqlite();
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    let old = place.look();
    let journal = ".migration-gate/t/journal.jsonl";
    let text = place.folder.read(journal);
    let at = text.rfind("migrated").unwrap();
    place.folder.write(journal, &format!("{}x{}", &text[..at], &text[at + 1..]));
    let ran = place.apply(&[]);
    assert!(ran.code == 1 && ran.err.contains("journal.jsonl"), "{ran:?}");
    assert_eq!(place.look(), old);
    assert_eq!(place.gate(&["journal", "verify"]).code, 1);
}

#[test]
fn a_state_file_that_was_changed_or_lost_is_not_trusted() {
    let place = Place::sqlite();
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    let old = place.look();
    let file = ".migration-gate/t/state.json";
    let text = place.folder.read(file);
    place.killed("state.migrating", &["apply", "--no-rehearsal"]);
    for (what, told) in [
        (Some(text.replace("\"idle\"", "\"failed\"")), "cannot be trusted"),
        (Some(text[..text.len() / 2].to_owned()), "cannot be trusted"),
        (Some(String::new()), "cannot be trusted"),
        (None, "has checkpoints and no state file"),
    ] {
        match &what {
            Some(text) => place.folder.write(file, text),
            None => fs::remove_file(place.path(file)).unwrap(),
        }
        assert_eq!((place.state().as_str(), place.status().0), ("unknown", 1));
        assert_eq!(place.gate(&["plan", "--no-rehearsal"]).code, 1);
        for arguments in [&["apply"][..], &["apply", "--retry"], &["rollback"]] {
            let refused = place.gate(arguments).refused(1);
            assert!(refused.contains(told) && refused.contains("resolve"), "{refused}");
        }
        assert_eq!(place.look(), old);
    }
    assert_eq!(place.resolve("2_mail", "rolled-back").code, 0);
    assert_eq!(place.apply(&[]).code, 0);
    place.sound();
}

#[test]
fn links_and_files_with_several_names_are_refused() {
    for hard in [false, true] {
        let place = Place::documents();
        let (file, other) = (place.path("config/y.json"), place.path("elsewhere.json"));
        fs::rename(&file, &other).unwrap();
        if hard { fs::hard_link(&other, &file) } else { symlink(&other, &file) }.unwrap();
        let refused = place.apply(&[]);
        assert!(refused.code != 0 && refused.err.contains("config/y.json"), "{refused:?}");
        assert_eq!(fs::read_to_string(&other).unwrap(), "{ \"a\": 2 }\n");
        assert_eq!(place.folder.read("config/x.json"), "{\n  \"a\": 1\n}\n");
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_told() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write anyway.
    if fs::create_dir(folder.join("probe")).is_ok() {
        eprintln!("SKIPPED: this user may write everywhere");
    } else {
        let refused = place.apply(&[]).refused(3);
        assert!(refused.contains("help: give the user of the runner the right"), "{refused}");
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    fs::remove_dir(folder.join("probe")).unwrap_or_default();
    assert_eq!(place.apply(&[]).code, 0);
    place.sound();
}

/// A small file system, gone when dropped.
struct Small(std::path::PathBuf);

impl Small {
    fn mount(at: std::path::PathBuf, kilobytes: u32) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mut mount = host::command("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"]).arg(&at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("SKIPPED: no file system can be mounted here");
        }
        mounted.then_some(Self(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        host::command("umount").arg(&self.0).status().unwrap();
    }
}

#[test]
fn a_disk_that_is_read_only_is_told() {
    let place = Place::sqlite();
    let Some(small) = Small::mount(place.path("state"), 200) else { return };
    let mut again = host::command("mount");
    assert!(again.args(["-o", "remount,ro"]).arg(&small.0).status().unwrap().success());
    let refused = place.apply(&["--state", "state"]).refused(3);
    assert!(refused.contains("Read-only file system"), "{refused}");
    assert_eq!(fs::read(place.path("app.db")).unwrap(), b"");
    drop(small);
}

#[test]
fn a_full_disk_leaves_the_target_as_it_was() {
    for rows in [0, 40_000] {
        let place = Place::sqlite();
        let Some(small) = Small::mount(place.path("state"), 200) else { return };
        assert_eq!(place.apply(&["--state", "state", "--to", "1_customers"]).code, 0);
        let grow = format!(
            "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
             INSERT INTO customers SELECT i, 'x' || i FROM n WHERE i < {rows}"
        );
        place.sql(&grow);
        let old = place.look();
        let full = small.0.join("filler");
        if rows == 0 {
            // There is not even room for the state.
            let _ = fs::write(&full, vec![0; 300 * 1024]);
        }
        let ran = place.apply(&["--state", "state"]);
        assert!([1, 3].contains(&ran.code) && ran.out.is_empty(), "{ran:?}");
        assert!(ran.err.contains("room") || ran.err.contains("space"), "{}", ran.err);
        assert_eq!(place.look(), old);
        fs::remove_file(full).unwrap_or_default();
        place.sql("DELETE FROM customers WHERE id > 2; VACUUM");
        let ran = place.apply(&["--state", "state", "--retry"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(place.gate(&["status", "--state", "state"]).code, 0);
        assert_eq!(place.gate(&["journal", "verify", "--state", "state"]).code, 0);
        drop(small);
    }
}
