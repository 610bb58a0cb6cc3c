//! A pull request with one migration behind a long history, with and without the cache of base
//! states.

use std::fs;
use std::path::Path;

use crate::Extent;
use crate::document::{NOT_MEASURED, Table, number, time};
use crate::gate::{commit, first_commit, gate, judged};
use crate::history::History;
use crate::measure::{in_turn, whole};
use crate::server::Programs;

/// How much more the longest history may cost than the shortest, with a warm cache.
const GROWTH: f64 = 1.5;

pub(crate) fn measure(extent: Extent) -> Table {
    let rounds = if extent == Extent::Quick { 1 } else { 3 };
    let columns = ["migrations before", "without", "with", "without / with", "with, to the first"];
    let mut table = Table::new(&columns);
    let Some(programs) = Programs::find() else {
        table.row(["any".into(), NOT_MEASURED.into(), NOT_MEASURED.into(), "".into(), "".into()]);
        return table;
    };
    let counts: &[usize] = if extent == Extent::Quick { &[100, 400] } else { &[200, 1_000, 5_000] };
    let mut first = None;
    for count in counts {
        let place = tempfile::tempdir().expect("a temporary folder");
        let top = place.path().join("repository");
        pull_request(&top, *count);
        let cache = place.path().join("cache");
        fs::create_dir(&cache).expect("it can be made");
        let check = |cache: &str| {
            let mut check = gate(place.path());
            check.env("MIGRATION_GATE_CACHE", cache).args(["check", "--base", "HEAD~1"]);
            judged(
                check
                    .arg("--head")
                    .arg("HEAD")
                    .arg("--postgres-bin")
                    .args([&programs.folder, &top]),
            );
        };
        let warm = cache.to_string_lossy().into_owned();
        check(&warm);
        let [without, with] = in_turn(rounds, [whole(|| check("off")), whole(|| check(&warm))]);
        let first = *first.get_or_insert(with);
        let growth = table.at_most(with / first, GROWTH);
        let ratio = number(without / with);
        table.row([count.to_string(), time(without), time(with), ratio, growth]);
    }
    table.with(programs.version());
    table
}

/// A repository whose last commit adds one migration to so many.
pub(crate) fn pull_request(top: &Path, before: usize) {
    let whole = History::synthetic(before + 1);
    whole.first(before).write(top);
    first_commit(top);
    whole.write(top);
    commit(top);
}
