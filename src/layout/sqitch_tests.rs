use super::super::tests::{ids, problems, tree};
use super::*;

const BY: &str = "2026-01-02T03:04:05Z Ada Lovelace <ada@example.org>";

fn plan(lines: &[&str]) -> String {
    let mut plan = "%syntax-version=1.0.0\n%project=shop\n\n".to_owned();
    for line in lines {
        plan.push_str(&line.replace("BY", BY));
        plan.push('\n');
    }
    plan
}

#[test]
fn the_order_is_the_plans_and_needs_become_ids() {
    let plan = plan(&[
        "schemas/shop BY# the schema",
        "zoo [schemas/shop other:thing !old shop:schemas/shop] BY",
        "ant [zoo missing] BY # see [zoo]",
    ]);
    let reading = Sqitch.read(&tree(&[
        ("sqitch.plan", &plan),
        ("sqitch.conf", "[core]\n\tengine = pg\n"),
        ("deploy/ant.sql", ""),
        ("deploy/schemas/shop.sql", ""),
        ("revert/schemas/shop.sql", ""),
        ("verify/schemas/shop.sql", ""),
        ("deploy/zoo.sql", ""),
        ("data/dev.sql", ""),
    ]));
    assert_eq!(ids(&reading), ["schemas/shop", "zoo", "ant"]);
    assert_eq!(reading.migrations[1].depends_on, ["schemas/shop", "schemas/shop"]);
    assert_eq!(reading.migrations[2].depends_on, ["zoo", "missing"]);
    assert!(reading.migrations[0].verify.is_some());
    assert_eq!(reading.migrations[0].files.len(), 3);
    assert!(problems(&reading).is_empty());
}

#[test]
fn a_reworked_change_keeps_its_earlier_scripts_under_the_tag() {
    let plan =
        plan(&["f BY", "g [f] BY", "@v1 BY # first", "@v2 BY", "f [f@v1] BY", "h [f f@v2] BY"]);
    let reading = Sqitch.read(&tree(&[
        ("sqitch.plan", &plan),
        ("deploy/f.sql", "new"),
        ("deploy/f@v2.sql", "old"),
        ("revert/f@v2.sql", ""),
        ("deploy/g.sql", ""),
        ("deploy/h.sql", ""),
    ]));
    assert_eq!(ids(&reading), ["f@v2", "g", "f", "h"]);
    assert_eq!(reading.migrations[1].depends_on, ["f@v2"]);
    assert_eq!(reading.migrations[2].depends_on, ["f@v2"]);
    assert_eq!(reading.migrations[3].depends_on, ["f", "f@v2"]);
    assert!(problems(&reading).is_empty());
}

#[test]
fn folders_come_from_the_configuration() {
    let plan = plan(&["a BY"]);
    let tree = tree(&[
        (
            "sqitch.conf",
            "[core]\n  engine = sqlite ; comment\n  top_dir = ./db\n[engine \"sqlite\"]\n  revert_dir = \"undo\"\n",
        ),
        ("db/sqitch.plan", &plan),
        ("db/deploy/a.sql", ""),
        ("undo/a.sql", ""),
    ]);
    let detection = Sqitch.detect(&tree).unwrap();
    assert_eq!(detection.engine.map(|(kind, _)| kind), Some(EngineKind::Sqlite));
    let reading = Sqitch.read(&tree);
    assert!(reading.migrations[0].down.step().is_some());
    assert!(problems(&reading).is_empty());
}

#[test]
fn what_sqitch_refuses_is_reported_at_its_line() {
    let plan = plan(&["@early BY", "a BY", "a BY", "b", "-c BY", "lost BY", "d [a BY"]);
    let reading = Sqitch.read(&tree(&[
        ("sqitch.plan", &plan),
        ("deploy/a.sql", ""),
        ("deploy/stray.sql", ""),
        ("revert/lost.sql", ""),
        ("deploy/notes.txt", ""),
    ]));
    let found = problems(&reading).join("\n");
    for part in [
        "tag stands before",
        "twice without a tag",
        "no time such as",
        "begin with `-`",
        "no `deploy/lost.sql`",
        "has no `]`",
        "deploy/stray.sql",
    ] {
        assert!(found.contains(part), "{part} in\n{found}");
    }
    assert_eq!(reading.problems.len(), 7);
    assert_eq!(ids(&reading), ["a"]);
}

#[test]
fn without_a_plan_nothing_is_guessed() {
    let reading = Sqitch.read(&tree(&[("deploy/a.sql", "")]));
    assert!(reading.migrations.is_empty());
    assert_eq!(reading.problems.len(), 2);
}
