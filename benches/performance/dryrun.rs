//! The dry run of whole histories, against eugene's trace and against the scripts themselves in
//! one session of psql.

use std::fs;
use std::path::Path;

use crate::Extent;
use crate::document::{NOT_MEASURED, Table, time};
use crate::gate::{gate, judged};
use crate::history::{History, Migration};
use crate::measure::{in_turn, seconds, whole};
use crate::peers::{self, Peer};
use crate::server::Programs;

/// The most that the dry run may take of the scripts that it must run.
const OF_SCRIPTS: f64 = 1.3;
/// At least so many times faster than eugene's trace, of so many migrations.
const THAN_TRACE: (f64, usize) = (50.0, 200);

/// Words of a script that changes tables that stand.
const WORDS: [&str; 6] = ["ALTER", "DELETE", "DROP", "INDEX", "INSERT", "UPDATE"];

pub(crate) fn measure(extent: Extent) -> Table {
    let columns = ["history", "gate", "scripts", "gate / scripts", "trace", "trace / gate"];
    let mut table = Table::new(&columns);
    let Some(programs) = Programs::find() else {
        table.row(
            ["any"; 6].map(|name| if name == "any" { NOT_MEASURED.into() } else { "".into() }),
        );
        return table;
    };
    let eugene = peers::find("eugene");
    let counts: &[usize] = if extent == Extent::Quick { &[50] } else { &[50, 100, 200, 285] };
    match History::corpus("crates_io") {
        Some(whole) => {
            for count in counts {
                let name = format!("crates_io, first {count}");
                one(&mut table, &programs, eugene.as_ref(), (&name, &whole.first(*count)), extent);
            }
        }
        None => table.row([
            "crates_io".into(),
            NOT_MEASURED.into(),
            NOT_MEASURED.into(),
            "".into(),
            NOT_MEASURED.into(),
            "".into(),
        ]),
    }
    let counts: &[usize] = match extent {
        Extent::Quick => &[200],
        Extent::Usual => &[1_000],
        Extent::Long => &[1_000, 5_000],
    };
    for count in counts {
        let history = History::synthetic(*count);
        one(&mut table, &programs, None, (&format!("made up, {count}"), &history), extent);
    }
    if extent != Extent::Long {
        let name = "made up, 5,000 (`--long`)".to_owned();
        table.row([
            name,
            NOT_MEASURED.into(),
            NOT_MEASURED.into(),
            "".into(),
            "".into(),
            "".into(),
        ]);
    }
    table.with(programs.version());
    if let Some(eugene) = eugene {
        table.with(eugene.version);
    }
    table
}

/// Measures one history.
fn one(
    table: &mut Table,
    programs: &Programs,
    eugene: Option<&Peer>,
    (name, history): (&str, &History),
    extent: Extent,
) {
    let count = history.migrations.len();
    let rounds = if count > 100 || extent == Extent::Quick { 1 } else { 3 };
    let place = tempfile::tempdir().expect("a temporary folder");
    history.write(&place.path().join("repository"));
    let check = || {
        let mut check = gate(place.path());
        check.args(["check", "--all", "--postgres-bin"]).arg(&programs.folder);
        judged(check.arg(place.path().join("repository")));
    };
    let scripts = programs.folder_of_user();
    let walk = scripts.path().join("walk.sql");
    fs::write(&walk, session(&history.migrations)).expect("it can be written");
    // Only the session itself, without making the server.
    let in_psql = || {
        let server = programs.start();
        seconds(|| server.run(&walk))
    };
    let [own, scripts] = in_turn(rounds, [whole(check), Box::new(in_psql)]);
    let of_scripts = table.at_most(own / scripts, OF_SCRIPTS);
    let (traced, faster) = match eugene {
        // It takes a minute for 200; the one behind it says nothing new.
        Some(eugene) if count <= THAN_TRACE.1 => {
            let traced = trace(programs, eugene, history);
            let ratio = traced / own;
            let faster = match count == THAN_TRACE.1 {
                true => table.at_least(ratio, THAN_TRACE.0),
                false => crate::document::number(ratio),
            };
            (time(traced), faster)
        }
        _ => (NOT_MEASURED.into(), String::new()),
    };
    table.row([name.into(), time(own), time(scripts), of_scripts, traced, faster]);
}

/// The scripts that the dry run runs, in one session: up and down of what changes tables that
/// stand, taken back; up; up again, taken back; down; up; at the end each down in reverse order.
fn session(migrations: &[Migration]) -> String {
    let mut text = String::new();
    let taken_back = |scripts: &[&str]| {
        let body: String = scripts.iter().map(|script| format!("{script}\n;\n")).collect();
        format!("BEGIN;\n{body}ROLLBACK;\n")
    };
    for migration in migrations {
        let (up, down) = (migration.up.as_str(), migration.down.as_deref().unwrap_or_default());
        let kept = |script: &str| match migration.in_transaction() {
            true => format!("BEGIN;\n{script}\n;\nCOMMIT;\n"),
            false => format!("{script}\n;\n"),
        };
        if WORDS.iter().any(|word| up.to_ascii_uppercase().contains(word)) {
            text += &taken_back(&[up, down]);
        }
        for step in [kept(up), taken_back(&[up]), kept(down), kept(up)] {
            text += &step;
        }
    }
    for migration in migrations.iter().rev() {
        let down = migration.down.as_deref().unwrap_or_default();
        text += &format!("BEGIN;\n{down}\n;\nCOMMIT;\n");
    }
    text
}

/// The seconds that eugene's trace takes for the ups, which it runs once each, on a server that it
/// makes.
fn trace(programs: &Programs, eugene: &Peer, history: &History) -> f64 {
    let folder = programs.folder_of_user();
    for (number, migration) in history.migrations.iter().enumerate() {
        let path = folder.path().join(format!("V{number:04}__migration.sql"));
        fs::write(path, &migration.up).expect("it can be written");
    }
    seconds(|| traced(programs, eugene, folder.path(), history.migrations.len()))
}

fn traced(programs: &Programs, eugene: &Peer, folder: &Path, count: usize) {
    let mut command = programs.command(&eugene.path);
    let home = programs.folder_of_user();
    command.current_dir(home.path()).env("HOME", home.path()).env("TMPDIR", home.path());
    command.args(["trace", "--format", "json", "--accept-failures"]).arg(folder);
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    // It ends well, too, where it gave up on the way.
    let told = said.matches("\"passed_all_checks\"").count();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told == count, "eugene told of {told}: {words}");
}
