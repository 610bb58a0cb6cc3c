//! The static rules alone, against linters.
//!
//! A check always tries what it judges. Where it finds no server it says so, and still tells what
//! it read in the files, which is what a linter does: so it is given a folder without one.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Extent;
use crate::document::{NOT_MEASURED, Table, number, time};
use crate::gate::{exit_code, gate};
use crate::history::{self, History};
use crate::measure::{in_turn, whole};
use crate::peers::{self, Peer};
use migration_gate::host;

/// How many files; each migration has two.
const FILES: usize = 1_000;
/// The exit code of a check that comes to no verdict.
const INCONCLUSIVE: i32 = 3;

pub(crate) fn measure(extent: Extent) -> Table {
    let rounds = if extent == Extent::Quick { 3 } else { 11 };
    let place = tempfile::tempdir().expect("a temporary folder");
    let (top, no_server) = (place.path().join("repository"), place.path().join("no-server"));
    fs::create_dir(&no_server).expect("it can be made");
    let history = History::synthetic(FILES / 2);
    history.write(&top);
    let files = files(&history, &top);
    let mut table = Table::new(&["1,000 files", "gate", "the other", "gate / the other", "goal"]);
    for (name, words) in [("squawk", &[][..]), ("pgsafe", &["--no-config"][..])] {
        let Some(peer) = peers::find(name) else {
            table.row([
                name.into(),
                NOT_MEASURED.into(),
                NOT_MEASURED.into(),
                "".into(),
                "".into(),
            ]);
            continue;
        };
        let [own, other] = in_turn(
            rounds,
            [
                whole(|| {
                    let mut check = gate(place.path());
                    check.args(["check", "--all", "--postgres-bin"]).args([&no_server, &top]);
                    assert_eq!(exit_code(&mut check), INCONCLUSIVE);
                }),
                whole(|| {
                    // Both end with 1 where they find something.
                    let code = exit_code(linter(&peer, words).args(&files));
                    assert!(code == 0 || code == 1, "{name} ended with {code}");
                }),
            ],
        );
        let ratio = own / other;
        let goal = if name == "squawk" { table.at_most(ratio, 1.0) } else { "".into() };
        table.row([peer.version.clone(), time(own), time(other), number(ratio), goal]);
        table.with(peer.version);
    }
    table
}

fn linter(peer: &Peer, words: &[&str]) -> Command {
    let mut command = host::command(&peer.path);
    command.args(words);
    command
}

fn files(history: &History, top: &std::path::Path) -> Vec<PathBuf> {
    let folders = history.migrations.iter().map(|one| top.join(history::FOLDER).join(&one.id));
    folders.flat_map(|folder| ["up.sql", "down.sql"].map(|name| folder.join(name))).collect()
}
