//! dbmate.

use super::turns::{Tool, take_turns};

const FILES: &[&[(&str, &str)]] = &[
    &[("001_a.sql", "-- migrate:up\nCREATE TABLE t1 (a int);\n-- migrate:down\nDROP TABLE t1;\n")],
    &[("10_b.sql", "-- migrate:up\nCREATE TABLE t2 (a int);\n-- migrate:down\nDROP TABLE t2;\n")],
    &[(
        "20200101000000.sql",
        "-- migrate:up transaction:false\nCREATE TABLE t3 (a int);\n\
         -- migrate:down transaction:false\nDROP TABLE t3;\n",
    )],
    &[("3_d.sql", "-- migrate:up\nCREATE TABLE t4 (a int);\n-- migrate:down\nDROP TABLE t4;\n")],
];

pub(crate) const DBMATE: Tool = Tool {
    layout: "dbmate",
    program: "dbmate",
    files: FILES,
    up: &["--no-dump-schema", "-d", "migrations", "migrate"],
    down: &["--no-dump-schema", "-d", "migrations", "rollback"],
    status: &["-d", "migrations", "status"],
    waiting: |ran| {
        let lines = ran.out.lines().filter(|line| line.starts_with("[ ]"));
        lines.map(str::to_owned).collect()
    },
    told: ["001 = 001_a", "10 = 10_b", "20200101000000 = 20200101000000", "3 = 3_d"],
};

#[test]
fn dbmate_and_the_runner_take_turns() {
    take_turns(&DBMATE);
}
