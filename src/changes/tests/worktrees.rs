//! What is told of a working tree without libgit2 is what libgit2 tells.

use std::cell::Cell;
use std::fs::{File, Permissions, remove_dir_all, rename, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use git2::{IndexEntry, Repository};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sha1::{Digest as _, Sha1};

use super::fixture::{Repo, names, ok, path, shown};
use crate::changes::diff::Limits;
use crate::changes::index::Noted;
use crate::changes::{Request, noted};
use crate::host;
use crate::model::RepoPath;

/// A repository of two commits, with a tracked file in an ignored folder.
fn repository() -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "*.log\n/out/\n!/out/new.sql\n");
    for name in ["db/1.sql", "db/deep/2.sql", "db/deep/er/3.sql", "db-x/4.sql", "out/kept.sql"] {
        repo.write(name, format!("select '{name}';\n"));
    }
    repo.git(&["add", "-f", "out/kept.sql"]);
    repo.commit("second");
    repo.write("db/1.sql", "select 'other';\n");
    repo.write("db/5.sql", "select 'five';\n");
    repo.commit("third");
    repo
}

/// Everything that is told of the working tree, within some limits.
fn told(repo: &Repo, base: &str, limits: &[&str]) -> Vec<String> {
    let limit_to = limits.iter().map(|limit| path(limit)).collect();
    let found = ok(&Request { limit_to, ..repo.based(base) });
    let mut told = shown(&found.files);
    told.push(format!("conflicts: {}", found.worktree.unwrap().has_conflicts));
    for folder in ["", "db", "db/deep", "new", "out"] {
        told.extend(
            names(&*found.head, folder).into_iter().map(|name| format!("{folder}: {name}")),
        );
    }
    let places = ["a.sql", "db", "db/1.sql", "db/deep", "db/new.sql", "new/6.sql", "out/new.sql"];
    for place in places.into_iter().chain(["db/deep/2.sql", "module", "none"]) {
        let entry = found.head.file(&path(place)).unwrap();
        told.push(format!("{place}: {:?}", entry.map(|entry| (entry.kind, entry.bytes))));
    }
    told
}

/// What somebody does to a working tree.
type Deed = (&'static str, fn(&Repo));

const DEEDS: [Deed; 24] = [
    ("nothing", |_| {}),
    ("another text of the same length", |repo| {
        repo.write("db/deep/2.sql", "select 'db/deep/9.sql';\n");
    }),
    ("the same text again", |repo| repo.write("a.sql", "create table a (id int);\n")),
    ("another mode", |repo| {
        set_permissions(repo.path.join("a.sql"), Permissions::from_mode(0o755)).unwrap();
    }),
    ("a file goes", |repo| repo.remove("db/1.sql")),
    ("a folder goes", |repo| remove_dir_all(repo.path.join("db/deep")).unwrap()),
    ("new in a folder", |repo| repo.write("db/new.sql", "n")),
    ("new in a new folder", |repo| repo.write("new/6.sql", "n")),
    ("new deep in a new folder", |repo| repo.write("db/deep/er/new/6.sql", "n")),
    ("an ignored one", |repo| repo.write("db/new.log", "n")),
    ("one that is not ignored, in an ignored folder", |repo| repo.write("out/new.sql", "n")),
    ("new in a folder that is a repository of its own", |repo| {
        repo.git(&["init", "-q", "db/deep"]);
        repo.write("db/deep/new.sql", "n");
    }),
    ("a new repository", |repo| {
        repo.git(&["init", "-q", "new"]);
        repo.write("new/6.sql", "n");
    }),
    ("a file becomes a folder", |repo| {
        repo.remove("a.sql");
        repo.write("a.sql/b.sql", "n");
    }),
    ("a folder becomes a file", |repo| {
        remove_dir_all(repo.path.join("db/deep")).unwrap();
        repo.write("db/deep", "n");
    }),
    ("a folder becomes a link", |repo| {
        rename(repo.path.join("db/deep"), repo.path.join("new")).unwrap();
        repo.link("../new", "db/deep");
    }),
    ("a file moves", |repo| {
        rename(repo.path.join("db/deep/2.sql"), repo.path.join("db/new.sql")).unwrap();
    }),
    ("a file moves in the index", |repo| {
        repo.git(&["mv", "db/deep/2.sql", "db/new.sql"]);
    }),
    ("new in the index", |repo| {
        repo.write("new/6.sql", "n");
        repo.git(&["add", "new"]);
    }),
    ("meant to be added", |repo| {
        repo.write("new/6.sql", "n");
        repo.git(&["add", "-N", "new"]);
    }),
    ("forgotten by the index", |repo| {
        repo.git(&["rm", "-q", "--cached", "db/1.sql"]);
    }),
    ("assumed to be unchanged", |repo| {
        repo.git(&["update-index", "--assume-unchanged", "a.sql"]);
        repo.write("a.sql", "n");
    }),
    ("left out of the checkout", |repo| {
        repo.git(&["update-index", "--skip-worktree", "db/deep/2.sql", "db/deep/er/3.sql"]);
        remove_dir_all(repo.path.join("db/deep")).unwrap();
    }),
    ("a conflict", |repo| {
        repo.git(&["checkout", "-q", "-b", "other", "HEAD~1"]);
        repo.write("db/1.sql", "select 'third';\n");
        repo.commit("other");
        assert!(!repo.try_git(&["merge", "main"]).status.success());
    }),
];

#[test]
fn both_tell_the_same() {
    let limits: [&[&str]; 5] = [&[], &["db"], &["db/deep", "new"], &["db/new.sql"], &["none/x"]];
    let told = |repo: &Repo| {
        let mut all = vec![told(repo, "main", &[])];
        all.extend(limits.map(|limits| told(repo, "main~1", limits)));
        all
    };
    let mut changes = 0;
    for (deed, act) in DEEDS {
        let repo = repository();
        act(&repo);
        let here = told(&repo);
        assert!(Noted::read(&Repository::open(&repo.path).unwrap()).is_some(), "{deed}");
        // Without a meaning on this system, but enough to leave everything to libgit2.
        repo.git(&["config", "core.precomposeunicode", "true"]);
        assert!(Noted::read(&Repository::open(&repo.path).unwrap()).is_none(), "{deed}");
        assert_eq!(here, told(&repo), "{deed}");
        changes += here[0].len();
    }
    assert!(changes > 400, "{changes}");
}

#[test]
fn libgit2_is_asked_about_little() {
    let repo = repository();
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in repo.git(&["ls-files"]).lines() {
        let file = File::options().write(true).open(repo.path.join(name)).unwrap();
        file.set_modified(past).unwrap();
    }
    repo.git(&["update-index", "-q", "--refresh"]);
    let suspects = |limits: &[&str]| {
        let noted = Noted::read(&Repository::open(&repo.path).unwrap()).unwrap();
        let limits: Vec<RepoPath> = limits.iter().map(|limit| path(limit)).collect();
        let found = noted::suspects(&repo.path, &noted, &Limits::new(&limits))?;
        Some(found.into_iter().map(|path| String::from_utf8(path).unwrap()).collect::<Vec<_>>())
    };
    assert_eq!(suspects(&[]).unwrap(), [""; 0]);
    assert_eq!(suspects(&["db", "none"]).unwrap(), [""; 0]);
    repo.write("new/6.sql", "n");
    repo.write("db/deep/new.log", "n");
    repo.remove("a.sql");
    remove_dir_all(repo.path.join("db-x")).unwrap();
    let all = [".gitignore", "a.sql", "db-x", "db/deep/2.sql", "db/deep/new.log", "new"];
    assert_eq!(suspects(&[]).unwrap(), all);
    assert_eq!(suspects(&["db"]).unwrap(), all[3..5]);
    assert_eq!(suspects(&["db", "new/6.sql"]), None);
    assert_eq!(suspects(&["none"]), None);
}

/// All that entries say.
fn whole(entries: &[IndexEntry]) -> Vec<String> {
    let shown = entries.iter().map(|entry| {
        let times = (entry.mtime, entry.ctime, entry.flags, entry.flags_extended);
        let place = (entry.dev, entry.ino, entry.mode, entry.uid, entry.gid, entry.file_size);
        format!("{times:?} {place:?} {} {:?}", entry.id, entry.path)
    });
    shown.collect()
}

#[test]
fn an_index_says_what_libgit2_reads_in_it() {
    let repo = repository();
    let long = format!("{}/{}", "f".repeat(200), "n".repeat(250));
    for part in 0..9 {
        repo.write(&format!("{long}{part}/{}/{}.sql", long, "x".repeat(part)), "n");
    }
    repo.commit("long names");
    let open = || Repository::open(&repo.path).unwrap();
    let tree = || {
        let noted = Noted::read(&open()).unwrap();
        let known: Vec<IndexEntry> = open().index().unwrap().iter().collect();
        assert_eq!(whole(&noted.entries), whole(&known));
        noted.tree.map(|tree| tree.to_string())
    };
    assert_eq!(tree(), Some(repo.id("HEAD^{tree}")));
    repo.write("db/new.sql", "n");
    repo.git(&["add", "db"]);
    assert_eq!(tree(), None);
    repo.git(&["update-index", "--skip-worktree", "a.sql"]);
    assert_eq!(tree(), None);

    let file = repo.path.join(".git/index");
    let bytes = std::fs::read(&file).unwrap();
    for place in (0..bytes.len()).step_by(97) {
        let mut broken = bytes.clone();
        broken[place] ^= 1;
        std::fs::write(&file, broken).unwrap();
        assert!(Noted::read(&open()).is_none(), "{place}");
    }
    for version in ["2", "4"] {
        std::fs::write(&file, &bytes).unwrap();
        repo.git(&["update-index", "--no-skip-worktree", "a.sql"]);
        repo.git(&["update-index", "--index-version", version]);
        assert_eq!(Noted::read(&open()).is_some(), version == "2");
    }
    std::fs::remove_file(&file).unwrap();
    let made = host::command("mkfifo").arg(&file).status().unwrap();
    assert!(made.success() && Noted::read(&open()).is_none());
}

/// Writes an index with the checksum of its content.
fn seal(file: &Path, mut content: Vec<u8>) {
    content.extend(Sha1::digest(&content));
    std::fs::write(file, content).unwrap();
}

#[test]
fn of_a_forged_index_the_same_is_read_or_nothing() {
    let repo = repository();
    repo.git(&["update-index", "--skip-worktree", "a.sql"]);
    let file = repo.path.join(".git/index");
    let mut content = std::fs::read(&file).unwrap();
    content.truncate(content.len() - 20);
    let open = Repository::open(&repo.path).unwrap();
    let read = Cell::new([0; 2]);
    let config = Config { cases: 1_000, failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let forge = |forgeries: Vec<(Index, u8)>| {
        let mut forged = content.clone();
        for (place, byte) in forgeries {
            forged[place.index(content.len())] = byte;
        }
        seal(&file, forged);
        let noted = Noted::read(&open);
        let [all, some] = read.get();
        read.set([all + 1, some + usize::from(noted.is_some())]);
        if let (Some(noted), Ok(known)) = (noted, git2::Index::open(&file)) {
            assert_eq!(whole(&noted.entries), whole(&known.iter().collect::<Vec<_>>()));
        }
        Ok(())
    };
    let places = vec((any::<Index>(), any::<u8>()), 1..4);
    runner.run(&places, forge).unwrap();
    let [all, some] = read.get();
    assert!((all / 4..all).contains(&some), "{some} of {all}");
}

#[test]
fn an_extension_that_is_nested_without_end_does_no_harm() {
    let repo = repository();
    let file = repo.path.join(".git/index");
    let mut content = std::fs::read(&file).unwrap();
    content.truncate(content.len() - 20);
    // An untracked cache of folders in folders: no file, one folder, no name.
    let start = [&[0; 1 + 2 * 36 + 4 + 2 * 20 + 1][..], &[1]].concat();
    let nested = [start, b"\0\x01\0".repeat(300_000), vec![0]].concat();
    content.extend(b"UNTR");
    content.extend(u32::try_from(nested.len()).unwrap().to_be_bytes());
    content.extend(nested);
    let before = told(&repo, "main~1", &[]);
    seal(&file, content);
    assert!(Noted::read(&Repository::open(&repo.path).unwrap()).is_some());
    assert_eq!(told(&repo, "main~1", &[]), before);
}

#[test]
fn no_set_is_overlooked_beside_one_whose_name_begins_alike() {
    let repo = Repo::new();
    for name in ["a/1.sql", "a-b/1.sql", "a.c/f", "b/1.sql"] {
        repo.write(name, format!("select '{name}';\n"));
    }
    repo.commit("second");
    let limit_to = ["a", "a-b", "b"].map(path).to_vec();
    let of_all = || shown(&ok(&Request { limit_to: limit_to.clone(), ..repo.based("HEAD") }).files);
    repo.write("a/1.sql", "select 'other';\n");
    let seen = of_all();
    assert_eq!(seen.len(), 1, "{seen:?}");
    // The index of this version is libgit2's to read.
    repo.git(&["update-index", "--index-version", "4"]);
    assert_eq!(of_all(), seen);
}
