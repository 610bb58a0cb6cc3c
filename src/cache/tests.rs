#![allow(clippy::disallowed_methods)]

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::*;

fn cache(limit: u64) -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("cache"), limit);
    (folder, cache)
}

fn key(name: &str) -> Key {
    Key::of(&[name])
}

fn text(of: &str) -> Draft {
    Draft::of_bytes(Label::default(), "text", of.as_bytes().to_vec())
}

/// A folder with the same content twice, an empty file and an empty folder.
fn tree(at: &Path) -> PathBuf {
    let top = at.join("tree");
    fs::create_dir_all(top.join("a/empty")).unwrap();
    for (name, content) in [("a/one", "same"), ("two", "same"), ("none", ""), ("pid", "7")] {
        fs::write(top.join(name), content).unwrap();
    }
    top
}

fn nobody(_: &Path) -> io::Result<()> {
    Ok(())
}

#[test]
fn a_folder_comes_back_as_it_was() {
    let (folder, cache) = cache(LIMIT);
    let top = tree(folder.path());
    let label = Label { engine: "X 1".into(), migrations: 3, ..Label::default() };
    let draft = Draft::of_folder(label.clone(), &top, &["pid"], None).unwrap();
    assert_eq!(draft.size(), 4, "the same content is there once");
    cache.keep(Kind::State, &key("a"), &draft).unwrap();
    let pack = cache.find(Kind::State, &key("a")).unwrap();
    assert_eq!(pack.label(), &label);
    let back = folder.path().join("back");
    pack.unpack(&back, None, &nobody).unwrap();
    for (name, content) in [("a/one", "same"), ("two", "same"), ("none", "")] {
        assert_eq!(fs::read_to_string(back.join(name)).unwrap(), content, "{name}");
    }
    assert!(back.join("a/empty").is_dir() && !back.join("pid").exists());
    assert!(cache.find(Kind::Template, &key("a")).is_none());
    assert!(cache.find(Kind::State, &key("b")).is_none());
}

#[test]
fn what_another_pack_holds_is_left_to_it() {
    let (folder, cache) = cache(LIMIT);
    let top = tree(folder.path());
    let draft = Draft::of_folder(Label::default(), &top, &[], None).unwrap();
    cache.keep(Kind::Template, &key("t"), &draft).unwrap();
    let template = cache.find(Kind::Template, &key("t")).unwrap();
    fs::write(top.join("two"), "other!").unwrap();
    let draft = Draft::of_folder(Label::default(), &top, &[], Some(&template)).unwrap();
    assert_eq!(draft.size(), 6);
    cache.keep(Kind::State, &key("s"), &draft).unwrap();
    let pack = cache.find(Kind::State, &key("s")).unwrap();
    assert!(pack.unpack(&folder.path().join("alone"), None, &nobody).is_err());
    let back = folder.path().join("back");
    pack.unpack(&back, Some(&template), &nobody).unwrap();
    assert_eq!(fs::read_to_string(back.join("a/one")).unwrap(), "same");
    assert_eq!(fs::read_to_string(back.join("two")).unwrap(), "other!");
}

#[test]
fn whatever_byte_is_changed_the_entry_is_none() {
    let (folder, cache) = cache(LIMIT);
    let draft = Draft::of_folder(Label::default(), &tree(folder.path()), &[], None).unwrap();
    cache.keep(Kind::State, &key("a"), &draft).unwrap();
    let file = cache.file(Kind::State, &key("a"));
    let whole = fs::read(&file).unwrap();
    for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        let back = folder.path().join(format!("back-{at}"));
        let is_taken = cache
            .find(Kind::State, &key("a"))
            .is_some_and(|pack| pack.unpack(&back, None, &nobody).is_ok());
        assert!(!is_taken, "byte {at}");
    }
    for length in [0, 10, FIRST, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(cache.find(Kind::State, &key("a")).is_none(), "{length} bytes");
        assert!(!file.exists(), "what is torn goes");
    }
}

/// A length inside the index.
const FIRST: usize = 150;

fn hostile(cache: &Cache, folders: &str, files: &str) -> bool {
    let label = serde_json::to_string(&Label::default()).unwrap();
    let index = format!("{{\"label\":{label},\"folders\":{folders},\"files\":{files}}}");
    let digest = crate::model::sha256(index.as_bytes());
    let file = cache.file(Kind::State, &key("h"));
    let line = format!("migration-gate-pack 1 {digest} {:012}\n", index.len());
    fs::write(&file, format!("{line}{index}content")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    cache.find(Kind::State, &key("h")).is_some()
}

#[test]
fn an_index_names_nothing_outside_its_folder() {
    let (_folder, cache) = cache(LIMIT);
    cache.keep(Kind::State, &key("a"), &text("a")).unwrap();
    let file = |path: &str, size: u64, at: u64| {
        format!("{{\"path\":\"{path}\",\"size\":{size},\"digest\":\"d\",\"at\":{at}}}")
    };
    assert!(hostile(&cache, "[\"a\"]", &format!("[{}]", file("a/b", 7, 0))), "a good one");
    for path in ["../b", "/b", "a/../b", "a//b", "./b", "", "b/", "a/b\\u0000", "no/b", "a"] {
        assert!(!hostile(&cache, "[\"a\"]", &format!("[{}]", file(path, 7, 0))), "{path}");
    }
    for (size, at) in [(8, 0), (1, 7), (u64::MAX, 1), (1, u64::MAX)] {
        assert!(!hostile(&cache, "[]", &format!("[{}]", file("b", size, at))), "{size} {at}");
    }
    let twice = format!("[{},{}]", file("b", 7, 0), file("b", 7, 0));
    assert!(!hostile(&cache, "[]", &twice), "the same file twice");
    assert!(!hostile(&cache, "[\"a/b\"]", "[]"), "a folder in none");
    assert!(!hostile(&cache, "[\"..\"]", "[]"));
}

#[test]
fn what_others_may_write_to_is_not_used() {
    let (_folder, cache) = cache(LIMIT);
    let all = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    cache.keep(Kind::Printed, &key("a"), &text("a")).unwrap();
    let file = cache.file(Kind::Printed, &key("a"));
    for folder in [cache.folder.clone(), cache.shelf(Kind::Printed)] {
        all(&folder, 0o777);
        assert!(cache.find(Kind::Printed, &key("a")).is_none());
        assert!(cache.keep(Kind::Printed, &key("b"), &text("b")).is_err());
        assert!(file.exists(), "it is not ours to remove");
        all(&folder, 0o700);
    }
    assert!(cache.find(Kind::Printed, &key("a")).is_some());
    all(&file, 0o666);
    assert!(cache.find(Kind::Printed, &key("a")).is_none());
    assert!(!file.exists());
    cache.keep(Kind::Printed, &key("b"), &text("b")).unwrap();
    std::os::unix::fs::symlink(cache.file(Kind::Printed, &key("b")), &file).unwrap();
    assert!(cache.find(Kind::Printed, &key("a")).is_none(), "links lead anywhere");
    assert!(cache.find(Kind::Printed, &key("b")).is_some());
}

#[test]
fn a_link_in_a_folder_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let top = tree(folder.path());
    std::os::unix::fs::symlink("/etc", top.join("link")).unwrap();
    assert!(Draft::of_folder(Label::default(), &top, &[], None).is_err());
}

#[test]
fn what_was_longest_of_no_use_goes_first() {
    let (_folder, cache) = cache(40_000);
    let long = "x".repeat(9_000);
    let age = |name: &str, hours: u64| {
        let file = fs::File::open(cache.file(Kind::Printed, &key(name))).unwrap();
        let now: std::time::SystemTime = host::wall_clock().into();
        file.set_modified(now - Duration::from_secs(hours * 3600)).unwrap();
    };
    assert!(cache.keep(Kind::Printed, &key("big"), &text(&"x".repeat(10_001))).is_err());
    for (name, hours) in [("a", 4), ("b", 3), ("c", 2), ("d", 1)] {
        cache.keep(Kind::Printed, &key(name), &text(&long)).unwrap();
        age(name, hours);
    }
    assert_eq!(cache.entries().len(), 4);
    cache.find(Kind::Printed, &key("a")).unwrap();
    cache.keep(Kind::State, &key("e"), &text(&long)).unwrap();
    let left: Vec<Key> = cache.entries().into_iter().map(|entry| entry.key).collect();
    assert_eq!(left.len(), 4);
    assert!(left.contains(&key("a")) && !left.contains(&key("b")));
    assert_eq!(cache.prune(10_000).entries, 3);
    let removed = cache.prune(0);
    assert_eq!((removed.entries, cache.entries().len()), (1, 0));
}

#[test]
fn what_a_killed_run_left_goes_when_it_is_old() {
    let (_folder, cache) = cache(LIMIT);
    cache.keep(Kind::State, &key("a"), &text("a")).unwrap();
    let left = cache.shelf(Kind::State).join(".new-x");
    let file = fs::File::create(&left).unwrap();
    assert_eq!(cache.prune(LIMIT).entries, 0);
    let now: std::time::SystemTime = host::wall_clock().into();
    file.set_modified(now - Duration::from_secs(7200)).unwrap();
    assert_eq!(cache.prune(LIMIT).entries, 1);
    assert!(!left.exists());
}

#[test]
fn a_pack_that_is_pruned_while_somebody_reads_it_stays_with_him() {
    let (_folder, cache) = cache(LIMIT);
    cache.keep(Kind::Printed, &key("a"), &text("words")).unwrap();
    let pack = cache.find(Kind::Printed, &key("a")).unwrap();
    cache.prune(0);
    assert!(cache.find(Kind::Printed, &key("a")).is_none());
    assert_eq!(pack.bytes().unwrap(), b"words");
}

#[test]
fn runs_beside_each_other_keep_and_find_whole_entries() {
    let (_folder, cache) = cache(LIMIT);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for turn in 0..50 {
                    cache.keep(Kind::Printed, &key("a"), &text("words")).unwrap();
                    if turn % 9 == 0 {
                        cache.prune(0);
                    }
                    if let Some(pack) = cache.find(Kind::Printed, &key("a")) {
                        assert_eq!(pack.bytes().unwrap(), b"words");
                    }
                }
            });
        }
    });
}
