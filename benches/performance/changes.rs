//! What a change costs that touches no migration, in a repository of 100,000 files.

use std::fs;
use std::path::Path;

use crate::Extent;
use crate::document::{Table, time};
use crate::gate::{commit, first_commit, gate, git, succeed};
use crate::history::History;
use crate::measure::{in_turn, whole};
use crate::peers;

/// The most that a check may take of `git diff --name-only`.
const OF_DIFF: f64 = 2.0;
/// Folders, and files in each.
const FOLDERS: usize = 1_000;
const FILES: usize = 100;

pub(crate) fn measure(extent: Extent) -> Table {
    let rounds = if extent == Extent::Quick { 5 } else { 21 };
    let place = tempfile::tempdir().expect("a temporary folder");
    let top = place.path().join("repository");
    write(&top);
    first_commit(&top);
    fs::write(file(&top, 500, 7), "changed\n").expect("it can be written");
    fs::write(top.join("services/500/new.rs"), "new\n").expect("it can be written");
    commit(&top);
    let mut table = Table::new(&["what is compared", "gate", "git", "gate / git"]);
    let between = ["--base", "HEAD~1", "--head", "HEAD"];
    let check = |words: &[&str]| succeed(gate(place.path()).arg("check").args(words).arg(&top));
    let git_of = |words: &[&str]| succeed(&mut git(&top, words));
    let [own, other] = in_turn(
        rounds,
        [whole(|| check(&between)), whole(|| git_of(&["diff", "--name-only", "HEAD~1", "HEAD"]))],
    );
    let ratio = table.at_most(own / other, OF_DIFF);
    let name = "two commits; `git diff --name-only`".to_owned();
    table.row([name, time(own), time(other), ratio]);
    let worktree = |name: &str, table: &mut Table| {
        let [own, diff, status] = in_turn(
            rounds.min(11),
            [
                whole(|| check(&between[..2])),
                whole(|| git_of(&["diff", "--name-only", "HEAD~1"])),
                whole(|| git_of(&["status", "--porcelain"])),
            ],
        );
        let ratio = table.at_most(own / diff, OF_DIFF);
        let git = [
            ("diff --name-only", diff, ratio),
            ("status --porcelain", status, crate::document::number(own / status)),
        ];
        for (words, other, ratio) in git {
            table.row([format!("{name}; `git {words}`"), time(own), time(other), ratio]);
        }
    };
    worktree("a commit and the clean working tree", &mut table);
    fs::write(file(&top, 20, 3), "edited\n").expect("it can be written");
    fs::write(top.join("services/20/untracked.rs"), "new\n").expect("it can be written");
    worktree("a commit and a working tree with edits", &mut table);
    table.with(peers::version("git".as_ref()));
    table
}

fn file(top: &Path, folder: usize, file: usize) -> std::path::PathBuf {
    top.join(format!("services/{folder}/src/file_{file}.rs"))
}

fn write(top: &Path) {
    for folder in 0..FOLDERS {
        fs::create_dir_all(top.join(format!("services/{folder}/src"))).expect("it can be made");
        for number in 0..FILES {
            let text = format!("// {folder} {number}\npub fn answer() -> u32 {{\n    42\n}}\n");
            fs::write(file(top, folder, number), text).expect("it can be written");
        }
    }
    History::synthetic(50).write(top);
}
