//! Variables of a set: what runs, what is asked for, and where findings point.

use crate::support::{Answer, Tree, check};

const CONFIG: &str = "version = 1\n[[set]]\nname = \"shop\"\npath = \"db\"\nengine = \"sqlite\"\n";

/// The answer about a set of goose with one new migration and these variables.
fn goose(variables: &str, sql: &str) -> Answer {
    let config = format!("{CONFIG}layout = \"goose\"\nvariables = {{ {variables} }}\n");
    let base = Tree::default().with("migration-gate.toml", &config).with(
        "db/1_books.sql",
        "-- +goose ENVSUB ON\n-- +goose Up\nCREATE TABLE ${PREFIX:-shop_}books (id INTEGER PRIMARY KEY);\n\
         -- +goose Down\nDROP TABLE ${PREFIX:-shop_}books;\n",
    );
    let head = base.clone().with("db/2_more.sql", sql);
    check(&base, &head)
}

fn places(answer: &Answer) -> Vec<String> {
    let findings = answer.report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| format!("{} {finding}", finding["rule"].as_str().unwrap_or("")))
        .collect()
}

const GOOD: &str = "-- migration-gate: class=online\n-- +goose ENVSUB ON\n-- +goose Up\n\
    CREATE INDEX IF NOT EXISTS $NAME ON ${PREFIX}books (id);\n\
    -- +goose Down\nDROP INDEX $NAME;\n";

#[test]
fn a_set_runs_with_the_values_of_the_configuration() {
    let answer = goose("NAME = \"by_id\", PREFIX = \"a_\"", GOOD);
    assert_eq!((answer.exit, answer.findings().len()), (0, 0), "{answer:?}");
    assert_eq!(answer.steps(), ["up: ok", "again: ok", "down: ok", "up again: ok"]);
}

#[test]
fn a_variable_without_a_value_blocks_and_is_named_at_its_place() {
    let answer = goose("PREFIX = \"a_\"", GOOD);
    assert_eq!(answer.exit, 1, "{answer:?}");
    assert_eq!(answer.findings(), ["error layout/invalid"]);
    let finding = &answer.report["findings"][0];
    assert!(finding["message"].as_str().unwrap().contains("`NAME`"), "{finding}");
    assert!(finding["help"].as_str().unwrap().contains("variables = { \"NAME\""), "{finding}");
    assert!(places(&answer)[0].contains("\"line\":4"), "{:?}", places(&answer));
}

#[test]
fn a_finding_behind_a_long_value_points_at_what_is_written() {
    let broken = "-- +goose ENVSUB ON\n-- +goose Up\nCREATE TABLE t (a INT DEFAULT $LONG);\n\
                  INSERT INTO nowhere VALUES (1);\n-- +goose Down\nDROP TABLE t;\n";
    let long = format!("LONG = \"({}0)\"", "1 + ".repeat(200));
    let answer = goose(&long, broken);
    let places = places(&answer);
    let place = places.iter().find(|place| place.starts_with("dryrun/up-fails")).unwrap();
    assert!(place.contains("\"column\":1,") && place.contains("\"line\":4,"), "{place}");
    assert!(place.contains(&format!("\"start_byte\":{},", broken.find("INSERT").unwrap())));
}

#[test]
fn a_layout_without_placeholders_leaves_the_text_alone() {
    let config = format!("{CONFIG}layout = \"golang-migrate\"\nvariables = {{ a = \"b\" }}\n");
    let base = Tree::default()
        .with("migration-gate.toml", &config)
        .with("db/1_t.up.sql", "CREATE TABLE t (a TEXT);")
        .with("db/1_t.down.sql", "DROP TABLE t;");
    let head = base
        .clone()
        .with(
            "db/2_view.up.sql",
            "-- migration-gate: class=online\nCREATE VIEW IF NOT EXISTS \"${a}\" AS SELECT ':a' AS a FROM t;",
        )
        .with("db/2_view.down.sql", "DROP VIEW \"${a}\";");
    let answer = check(&base, &head);
    assert_eq!((answer.exit, answer.findings().len()), (0, 0), "{answer:?}");
}
