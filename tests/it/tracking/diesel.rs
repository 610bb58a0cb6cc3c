//! diesel.

use super::turns::{Tool, take_turns};

const FILES: &[&[(&str, &str)]] = &[
    &[
        ("00000000000000_diesel_initial_setup/up.sql", "CREATE TABLE t1 (a int);"),
        ("00000000000000_diesel_initial_setup/down.sql", "DROP TABLE t1;"),
    ],
    &[
        ("2020-01-02-030405_make_t2/up.sql", "CREATE TABLE t2 (a int);"),
        ("2020-01-02-030405_make_t2/down.sql", "DROP TABLE t2;"),
    ],
    &[
        ("2021-01-02-030405-0000_c/up.sql", "CREATE TABLE t3 (a int);"),
        ("2021-01-02-030405-0000_c/down.sql", "DROP TABLE t3;"),
        ("2021-01-02-030405-0000_c/metadata.toml", "run_in_transaction = false\n"),
    ],
    &[
        ("20220102030405_d/up.sql", "CREATE TABLE t4 (a int);"),
        ("20220102030405_d/down.sql", "DROP TABLE t4;"),
    ],
];

pub(crate) const DIESEL: Tool = Tool {
    layout: "diesel",
    program: "diesel",
    files: FILES,
    up: &["migration", "run", "--migration-dir", "migrations"],
    down: &["migration", "revert", "--migration-dir", "migrations"],
    status: &["migration", "list", "--migration-dir", "migrations"],
    waiting: |ran| {
        let lines = ran.out.lines().filter(|line| line.contains("[ ]"));
        lines.map(str::to_owned).collect()
    },
    told: [
        "00000000000000 = 00000000000000_diesel_initial_setup",
        "20200102030405 = 2020-01-02-030405_make_t2",
        "202101020304050000 = 2021-01-02-030405-0000_c",
        "20220102030405 = 20220102030405_d",
    ],
};

#[test]
fn diesel_and_the_runner_take_turns() {
    take_turns(&DIESEL);
}
