//! A team's tool and the real program take turns on one database.

use migration_gate::model::EngineKind;

use crate::support::{Folder, finish, program};
use crate::tracking::dbmate::DBMATE;
use crate::tracking::diesel::DIESEL;
use crate::tracking::sqlx::SQLX;
use crate::tracking::turns::Tool;
use crate::tracking::{Here, refinery, tool};

/// Runs the program on the database with its set; it has to be done.
fn ours(here: &Here, arguments: &[&str]) -> String {
    let mut command = program(here.folder.path());
    command.args(arguments).env("MIGRATION_GATE_DATABASE_URL", &here.url);
    let ran = finish(&mut command);
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    ran.out
}

/// Names the set.
fn configure(here: &Here, layout: &str) {
    let engine = here.engine;
    let set = format!(
        "version = 1\n[[set]]\nname = \"s\"\npath = \"migrations\"\nengine = \"{engine}\"\n\
         layout = \"{layout}\"\n\
         [policy.levels]\n\"manifest/missing-class\" = \"off\"\n\"rollback/missing\" = \"off\"\n"
    );
    here.folder.write("migration-gate.toml", &set);
}

fn add(folder: &Folder, files: &[(&str, &str)]) {
    files.iter().for_each(|(name, text)| folder.write(&format!("migrations/{name}"), text));
}

/// The program runs two, the tool the next, the program the last and takes that back.
fn take_turns(of: &Tool, here: &Here) {
    let Some(program) = tool(of.program) else { return };
    let theirs = |arguments: &[&str]| {
        let ran = here.run(&program, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    };
    let waiting = || (of.waiting)(&theirs(of.status)).len();
    configure(here, of.layout);
    add(&here.folder, of.files[0]);
    add(&here.folder, of.files[1]);
    ours(here, &["apply", "--no-rehearsal"]);
    assert_eq!(waiting(), 0, "{}", of.program);
    add(&here.folder, of.files[2]);
    assert_eq!(waiting(), 1, "{}", of.program);
    theirs(of.up);
    assert_eq!(ours(here, &["apply", "--no-rehearsal"]), "nothing to apply\n");
    add(&here.folder, of.files[3]);
    // The checkpoint is of a database that the tool has changed since the last one.
    ours(here, &["apply", "--no-rehearsal"]);
    assert_eq!(waiting(), 0, "{}", of.program);
    if here.engine == EngineKind::Sqlite {
        ours(here, &["rollback", "--accept-data-loss"]);
        assert_eq!(waiting(), 1, "{}", of.program);
        theirs(of.up);
    }
    assert!(ours(here, &["status"]).contains("4 applied\n"));
    ours(here, &["journal", "verify"]);
}

#[test]
fn each_tool_goes_on_where_the_program_was() {
    for of in [&SQLX, &DIESEL, &DBMATE] {
        take_turns(of, &Here::sqlite());
    }
    if let Some(here) = Here::postgres() {
        take_turns(&SQLX, &here);
    }
}

#[test]
fn refinery_goes_on_where_the_program_was() {
    let Some(program) = tool("refinery") else { return };
    let mut here = Here::sqlite();
    configure(&here, "refinery");
    add(&here.folder, &refinery::FILES[..2]);
    ours(&here, &["apply", "--no-rehearsal"]);
    refinery::migrate(&here, &program);
    add(&here.folder, &refinery::FILES[2..3]);
    refinery::migrate(&here, &program);
    assert_eq!(ours(&here, &["apply", "--no-rehearsal"]), "nothing to apply\n");
    add(&here.folder, &refinery::FILES[3..]);
    ours(&here, &["apply", "--no-rehearsal"]);
    ours(&here, &["rollback", "--accept-data-loss"]);
    assert!(here.has_table("t3") && !here.has_table("t4"));
    refinery::migrate(&here, &program);
    assert!(here.has_table("t4"));
    assert!(ours(&here, &["status"]).contains("4 applied\n"));
}
