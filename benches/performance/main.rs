//! What the gate costs, held against other programs and against the bare engine in one run.
//!
//! ```sh
//! cargo bench --bench performance                      # all but what takes long; some ten minutes
//! cargo bench --bench performance -- lint changes      # only these subjects
//! cargo bench --bench performance -- --quick           # shorter histories, fewer rounds
//! cargo bench --bench performance -- --long            # the longest histories as well
//! cargo bench --bench performance -- --print           # leave docs/performance.md alone
//! ```
//!
//! Each subject writes its table into `docs/performance.md`, between the marks that bear its name.
//! The runs that are compared alternate, and each number is the median of its kind, so that a
//! machine with other work slows both. Other programs are looked for in the folders that
//! `MIGRATION_GATE_PEERS` names and in `PATH`; what is not there is told of as not measured. Exit
//! code 1 where a goal is missed.
//!
//! Criterion times one function of one process. What is compared here are processes of several
//! programs.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cache;
mod changes;
mod document;
mod dryrun;
mod gate;
mod history;
mod lint;
mod machine;
mod measure;
mod memory;
mod peers;
mod server;
mod startup;

use std::process::ExitCode;

use document::Table;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Quick,
    Usual,
    Long,
}

/// What is measured: its name, and how.
type Subject = (&'static str, fn(Extent) -> Table);

const SUBJECTS: [Subject; 7] = [
    ("startup", startup::measure),
    ("lint", lint::measure),
    ("dryrun", dryrun::measure),
    ("server", server::measure),
    ("cache", cache::measure),
    ("changes", changes::measure),
    ("memory", memory::measure),
];

fn main() -> ExitCode {
    // Cargo itself adds --bench.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let (mut extent, mut prints, mut chosen) = (Extent::Usual, false, Vec::new());
    for word in &words {
        match word.as_str() {
            "--quick" => extent = Extent::Quick,
            "--long" => extent = Extent::Long,
            "--print" => prints = true,
            name if SUBJECTS.iter().any(|(known, _)| *known == name) => chosen.push(name),
            other => {
                let known = SUBJECTS.map(|(name, _)| name).join(", ");
                eprintln!("error: there is no subject {other}\n  help: the subjects are: {known}");
                return ExitCode::from(2);
            }
        }
    }
    let mut missed = false;
    for (name, measure) in SUBJECTS {
        if chosen.is_empty() || chosen.contains(&name) {
            eprintln!("measuring {name}");
            let table = measure(extent);
            missed |= table.has_missed();
            println!("{name}\n\n{table}");
            if !prints {
                document::write(name, &table);
            }
        }
    }
    ExitCode::from(u8::from(missed))
}
