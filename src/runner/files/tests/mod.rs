//! What a change of several files promises, on a simulated disk and on a real one.

use std::path::Path;

use super::{Change, Changes, Files};
use crate::model::RepoPath;
use crate::runner::disk::Disk;
use crate::runner::disk::simulated::{Contents, Simulated};

mod crash;
mod faults;
mod real;

const ROOT: &str = "/root";
const FOLDER: &str = "/state/checkpoint";

/// Two files in one folder and one in another; as bytes alone, no part of one is another.
fn changes(number: usize) -> Changes {
    let change = |(path, name): (&str, &str)| {
        let change = Change {
            before: format!("{name} as it was").into_bytes().into(),
            after: format!("new {name}").into_bytes().into(),
        };
        (RepoPath::new(path).unwrap(), change)
    };
    [("a/x", "x"), ("b/z", "z"), ("a/y", "y")].into_iter().take(number).map(change).collect()
}

fn files(disk: &dyn Disk) -> Files<'_> {
    Files { disk, root: Path::new(ROOT), folder: Path::new(FOLDER) }
}

/// What stands below the root before (or after) a change, and nothing else.
fn whole(changes: &Changes, bytes: impl Fn(&Change) -> &[u8]) -> Contents {
    let at = |path: &RepoPath| Path::new(ROOT).join(path.as_str());
    changes.iter().map(|(path, change)| (at(path), bytes(change).to_vec())).collect()
}

fn old(changes: &Changes) -> Contents {
    whole(changes, |change| &change.before)
}

fn new(changes: &Changes) -> Contents {
    whole(changes, |change| &change.after)
}

/// What stands below the root.
fn below_root(disk: &Simulated) -> Contents {
    let mut contents = disk.contents();
    contents.retain(|path, _| path.starts_with(ROOT));
    contents
}

/// A disk with the files as they were, and a folder for checkpoints.
fn untouched(changes: &Changes) -> Simulated {
    let mut contents = old(changes);
    contents.insert(Path::new("/state/state.json").to_owned(), b"{}".to_vec());
    Simulated::holding(&contents)
}
