//! sqlx.

use super::turns::{Tool, take_turns};
use super::{Owned, everywhere, tool};

const FILES: &[&[(&str, &str)]] = &[
    &[
        ("1_it's_first.up.sql", "CREATE TABLE t1 (a int);\r\n"),
        ("1_it's_first.down.sql", "DROP TABLE t1;"),
    ],
    &[("2_make_t2.up.sql", "CREATE TABLE t2 (a int);"), ("2_make_t2.down.sql", "DROP TABLE t2;")],
    &[
        ("0030_ä.up.sql", "-- no-transaction\nCREATE TABLE t3 (a int);"),
        ("0030_ä.down.sql", "-- no-transaction\nDROP TABLE t3;"),
    ],
    &[("400_d.up.sql", "CREATE TABLE t4 (a int);"), ("400_d.down.sql", "DROP TABLE t4;")],
];

pub(crate) const SQLX: Tool = Tool {
    layout: "sqlx",
    program: "sqlx",
    files: FILES,
    up: &["migrate", "run"],
    down: &["migrate", "revert"],
    status: &["migrate", "info"],
    waiting: |ran| {
        assert!(!ran.out.contains("different checksum"), "{ran:?}");
        let lines = ran.out.lines().filter(|line| line.contains("/pending"));
        lines.map(str::to_owned).collect()
    },
    told: ["1 = 1_it's_first", "2 = 2_make_t2", "30 = 0030_ä", "400 = 400_d"],
};

#[test]
fn sqlx_and_the_runner_take_turns() {
    take_turns(&SQLX);
}

#[test]
fn rows_are_those_that_sqlx_writes() {
    let Some(program) = tool("sqlx") else { return };
    let all = "SELECT CAST(version AS text) || '|' || description || '|' || \
               CASE WHEN success THEN 1 ELSE 0 END FROM _sqlx_migrations ORDER BY version";
    for mut here in everywhere() {
        let files = FILES.concat();
        let owned = Owned::new("sqlx", &files);
        for (name, text) in &files {
            here.folder.write(&format!("migrations/{name}"), text);
        }
        here.run(&program, &["migrate", "run"]).quiet(0);
        let theirs = here.column(all);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        let mut ours = everywhere().into_iter().find(|other| other.engine == here.engine).unwrap();
        ours.make(&*tracker);
        for at in 0..migrations.len() {
            ours.apply(&*tracker, &super::note(&migrations, at));
        }
        assert_eq!(ours.column(all), theirs);
        let took = "SELECT DISTINCT CAST(execution_time AS text) FROM _sqlx_migrations";
        assert_eq!(ours.column(took), ["1500000000"]);
    }
}

#[test]
fn an_edited_file_is_seen_as_sqlx_sees_it() {
    let Some(program) = tool("sqlx") else { return };
    for mut here in everywhere() {
        let mut files = FILES.concat();
        for (name, text) in &files {
            here.folder.write(&format!("migrations/{name}"), text);
        }
        here.run(&program, &["migrate", "run"]).quiet(0);
        // Only the line's end differs.
        files[0].1 = "CREATE TABLE t1 (a int);\n";
        here.folder.write(&format!("migrations/{}", files[0].0), files[0].1);
        // A down is not part of it.
        files[3].1 = "DROP TABLE IF EXISTS t2;";
        let owned = Owned::new("sqlx", &files);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        let mut told = SQLX.told.map(str::to_owned);
        told[0].push_str(" edited");
        assert_eq!(here.told(&*tracker), told);
        let refused = here.run(&program, &["migrate", "run"]);
        assert!(refused.out.contains("migration 1 was previously applied but"), "{refused:?}");
    }
}
