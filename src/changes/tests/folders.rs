//! Two plain folders without Git.

use super::fixture::{Repo, names, path, shown};
use crate::changes::{ChangesError, compare_folders};
use crate::model::EntryKind;

const LONG: &str = "create table t (id int);\ninsert into t values (1);\nselect 1;\nselect 2;\n";

#[test]
fn every_change() {
    let (base, head) = (Repo::folder(), Repo::folder());
    for side in [&base, &head] {
        side.write("same.sql", "same");
        side.write(".git/config", "left out");
    }
    base.write("edited.sql", "before");
    head.write("edited.sql", "and after, with nothing in common");
    base.write("gone.sql", "short lived");
    head.write("db/new.sql", "unlike all of them");
    base.write("from.sql", LONG);
    head.write("to.sql", LONG);
    base.write("from2.sql", format!("{LONG}-- 1\n"));
    head.write("to2.sql", format!("{LONG}-- 1\nselect 3;\n"));
    base.write("typed.sql", "file");
    head.link("same.sql", "typed.sql");
    let found = compare_folders(Some(&base.path), &head.path).unwrap();
    assert_eq!(
        shown(&found.files),
        [
            "A db/new.sql",
            "M edited.sql",
            "D gone.sql",
            "R from.sql -> to.sql",
            "r from2.sql -> to2.sql",
            "T typed.sql",
        ]
    );
    assert_eq!(found.base_label.as_deref(), Some("base folder"));
    assert_eq!(names(&*found.head, "db"), ["db/new.sql"]);
    let link = found.head.file(&path("typed.sql")).unwrap().unwrap();
    assert_eq!(link.kind, EntryKind::Symlink);
    assert!(found.head.file(&path(".git/config")).unwrap().is_none());
}

#[test]
fn without_a_base_nothing_is_a_change() {
    let head = Repo::folder();
    head.write("a.sql", "a");
    let found = compare_folders(None, &head.path).unwrap();
    assert!(found.base.is_none() && found.files.is_empty());
    assert_eq!(names(&*found.head, ""), ["a.sql"]);
    assert_eq!(names(&*found.head, "a.sql"), [""; 0]);
}

#[test]
fn a_folder_that_is_not_there() {
    let head = Repo::folder();
    let none = head.path.join("none");
    let error = compare_folders(Some(&none), &head.path).err();
    assert!(matches!(error, Some(ChangesError::Usage { .. })));
}

#[test]
fn large_files_and_names_that_are_not_text() {
    use std::os::unix::ffi::OsStrExt;
    let (base, head) = (Repo::folder(), Repo::folder());
    let mut large = vec![b'x'; 17 << 20];
    base.write("large", &large);
    large[3] = b'y';
    head.write("large", &large);
    let raw = std::ffi::OsStr::from_bytes(b"\xff.sql");
    std::fs::write(head.path.join(raw), "raw").unwrap();
    let found = compare_folders(Some(&base.path), &head.path).unwrap();
    assert_eq!(shown(&found.files), ["A \\xff.sql", "M large"]);
    let tree = found.head.tree(&path("")).unwrap();
    assert_eq!(tree.get("\\xff.sql").unwrap().kind, EntryKind::UnreadableName);
    assert_eq!(tree.get("large").unwrap().kind, EntryKind::TooLarge);
}
