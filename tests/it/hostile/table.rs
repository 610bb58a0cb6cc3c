//! `fixtures/hostile/README.md`: what each case tries, and how it is stopped.

use std::fmt::Write as _;
use std::fs;

use super::case::{self, Case, Kind};
use migration_gate::host;

const HEAD: &str = "# Hostile pull requests\n\n\
    Each folder here is a small pull request that tries to get out of the gate or to do harm.\n\
    `tests/it/hostile.rs` runs the program over all of them, as root and as a plain user. Around\n\
    each run stand a file that everybody may change, a port, Unix sockets and processes of every\n\
    user, and secrets in the environment: nothing may touch them, no output may hold them, and no\n\
    process, folder or file may be left.\n\n\
    In the files `@FILE@`, `@FOLDER@`, `@NEW@`, `@PORT@`, `@SOCKET@` and `@PID@` stand for those\n\
    canaries. This page is written from the `case.toml` of each folder:\n\
    `MIGRATION_GATE_WRITE=1 cargo test --test it hostile::table` writes it anew.\n";

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "PostgreSQL",
        Kind::Sqlite => "SQLite",
        Kind::Jq => "jq programs",
        Kind::Command => "Commands",
        Kind::Files => "Files, configuration and repositories",
    }
}

fn page(cases: &[Case]) -> String {
    let mut page = HEAD.to_owned();
    for kind in [Kind::Postgres, Kind::Sqlite, Kind::Jq, Kind::Command, Kind::Files] {
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {}\n\n| case | tries | stopped |\n|---|---|---|\n", title(kind));
        for case in cases.iter().filter(|case| case.kind == kind) {
            let cell = |text: &str| text.replace('|', "\\|");
            let (tries, stopped) = (cell(&case.tries), cell(&case.stopped));
            let _ = writeln!(page, "| [{0}]({0}) | {tries} | {stopped} |", case.name);
        }
    }
    page
}

#[test]
fn the_page_says_what_the_cases_say() {
    let (file, page) = (case::fixtures().join("README.md"), page(&case::all()));
    if host::env("MIGRATION_GATE_WRITE").is_some() {
        fs::write(&file, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap(), page);
}

#[test]
fn there_are_enough_of_them_on_every_side() {
    let cases = case::all();
    assert!(cases.len() >= 60, "{}", cases.len());
    for (kind, least) in [(Kind::Postgres, 30), (Kind::Sqlite, 10), (Kind::Files, 10)] {
        assert!(cases.iter().filter(|case| case.kind == kind).count() >= least, "{kind:?}");
    }
}
