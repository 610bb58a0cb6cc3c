//! The most memory that the program itself holds; the servers that it starts have their own
//! bounds.

use std::fs;
use std::time::Duration;

use crate::Extent;
use crate::cache::pull_request;
use crate::document::{NOT_MEASURED, Table};
use crate::gate::gate;
use crate::history::History;
use crate::server::Programs;
use migration_gate::host;

/// The most, in MB of 1,000,000 bytes.
const MOST: f64 = 200.0;

pub(crate) fn measure(extent: Extent) -> Table {
    let mut table = Table::new(&["check", "peak, in MB", "of 200 MB"]);
    let Some(programs) = Programs::find() else {
        table.row(["any".into(), NOT_MEASURED.into(), "".into()]);
        return table;
    };
    let place = tempfile::tempdir().expect("a temporary folder");
    let count = if extent == Extent::Quick { 500 } else { 5_000 };
    let (change, whole) = (place.path().join("change"), place.path().join("whole"));
    pull_request(&change, count);
    let between = &["--base", "HEAD~1", "--head", "HEAD"][..];
    let all = if extent == Extent::Long { 5_000 } else { count.min(1_000) };
    History::synthetic(all).write(&whole);
    for (name, words, top) in [
        (format!("one migration behind {count}"), between, &change),
        (format!("{all} migrations, all judged"), &["--all"][..], &whole),
    ] {
        let mut check = gate(place.path());
        check.arg("check").args(words).arg("--postgres-bin").args([&programs.folder, top]);
        let megabytes = peak(&mut check);
        let share = table.at_most(megabytes / MOST, 1.0);
        table.row([name, format!("{megabytes:.0}"), share]);
    }
    if extent != Extent::Long {
        let name = "5000 migrations, all judged (`--long`)".to_owned();
        table.row([name, NOT_MEASURED.into(), "".into()]);
    }
    table.with(programs.version());
    table
}

/// The high-water mark of a process, in MB, as Linux keeps it: looked at until the process ends,
/// as it is gone with it.
fn peak(command: &mut std::process::Command) -> f64 {
    let mut child = command.spawn().expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    let code = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        most = most.max(kib.unwrap_or(0.0) * 1024.0 / 1e6);
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            break status.code();
        }
        host::pause(Duration::from_millis(2));
    };
    assert!(matches!(code, Some(0 | 1)), "{command:?} ended with {code:?}");
    most
}
