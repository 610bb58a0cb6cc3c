//! How long until the program says something that needs nothing.

use crate::Extent;
use crate::document::{Table, time};
use crate::gate::{exit_code, gate, succeed};
use crate::measure::{in_turn, whole};
use crate::peers;
use migration_gate::host;

/// The most seconds that it may take.
const MOST: f64 = 0.005;

pub(crate) fn measure(extent: Extent) -> Table {
    let rounds = if extent == Extent::Quick { 51 } else { 201 };
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut table = Table::new(&["command", "gate", "git --version", "goal: 5 ms"]);
    let rule = "rollback/missing";
    for words in [&["--version"][..], &["--help"], &["explain", rule], &["rules"]] {
        let [own, git] = in_turn(
            rounds,
            [
                whole(|| succeed(gate(home.path()).args(words))),
                whole(|| {
                    exit_code(host::command("git").arg("--version"));
                }),
            ],
        );
        let share = table.at_most(own / MOST, 1.0);
        table.row([format!("`{}`", words.join(" ")), time(own), time(git), share]);
    }
    table.with(peers::version("git".as_ref()));
    table
}
