use super::super::tests::{ids, problems, tree};
use super::*;
use crate::model::{Down, Migration, TransactionMode};

fn read(sql: &str) -> Reading {
    Goose.read(&tree(&[("1_a.sql", sql)]))
}

fn only(reading: &Reading) -> &Migration {
    assert_eq!(reading.problems, []);
    &reading.migrations[0]
}

fn fault(sql: &str) -> String {
    let reading = read(sql);
    assert!(reading.migrations.is_empty());
    problems(&reading).remove(0)
}

#[test]
fn sections_start_after_their_line_whatever_the_case_and_line_ends() {
    let sql = "\u{feff}-- note\r\n-- +goose up\r\nSELECT 1;\r\n-- +GOOSE DOWN\r\nSELECT 2;\r\n";
    let reading = read(sql);
    let migration = only(&reading);
    assert_eq!(migration.up.script().unwrap().sql(), "SELECT 1;\r\n");
    assert_eq!(migration.down.step().unwrap().script().unwrap().sql(), "SELECT 2;\r\n");
}

#[test]
fn an_empty_down_is_not_a_missing_one() {
    let empty = read("-- +goose Up\nSELECT 1;\n-- +goose Down");
    assert_eq!(only(&empty).down.step().unwrap().script().unwrap().sql(), "");
    let missing = read("-- +goose Up\nSELECT 1;\n");
    assert!(matches!(only(&missing).down, Down::Missing));
}

#[test]
fn blocks_lie_between_their_annotations() {
    let reading = read(
        "-- +goose Up\n-- +goose StatementBegin\nSELECT ';\n';\n-- +goose StatementEnd\n\
         -- +goose Down\n-- +goose NO TRANSACTION\nSELECT 2;",
    );
    let migration = only(&reading);
    let up = migration.up.script().unwrap();
    assert_eq!(&up.text[up.blocks[0].clone()], "SELECT ';\n';\n");
    assert_eq!(up.transaction, TransactionMode::Bare);
    assert!(migration.down.step().unwrap().script().unwrap().blocks.is_empty());
}

#[test]
fn broken_annotations_are_named() {
    assert!(fault("").contains("no `-- +goose Up`"));
    assert!(fault("-- +goose Down\nSELECT 1;\n-- +goose Up\n").contains("before `-- +goose Up`"));
    assert!(fault("-- +goose Up\n-- +goose Up\n").contains("twice"));
    assert!(fault("-- +goose Up\n  -- +goose Down\n").contains("white space"));
    assert!(fault("-- +goose Up\n-- +goose Dwon\n").contains("Dwon"));
    assert!(fault("-- +goose Up\n-- +goose StatementBegin\n").contains("no `StatementEnd`"));
    assert!(fault("SELECT 1;\n-- +goose Up\n").contains("SQL stands before"));
}

#[test]
fn statements_that_goose_would_cut_are_reported() {
    let cut = read("-- +goose Up\nCREATE FUNCTION f() AS $$\nBEGIN\n  x := 1;\nEND\n$$;\n");
    assert!(problems(&cut)[0].contains("in the middle of it"));
    let open = read("-- +goose Up\nSELECT 1\n-- +goose Down\nSELECT 2;");
    assert!(problems(&open)[0].contains("no semicolon"));
}

#[test]
fn variables_are_found_only_where_goose_would_replace_them() {
    let names = |reading: &Reading| {
        let found: Vec<String> = reading.placeholders.iter().map(|p| p.name.clone()).collect();
        found
    };
    let plain = read("-- +goose Up\nSELECT '${A}';\n-- +goose ENVSUB ON\nSELECT 1;\n");
    assert!(names(&plain).is_empty());
    let used = read(
        "-- +goose ENVSUB ON\n-- +goose Up\n-- $NOT\nSELECT '${A}', '$B_1x', '${C:-no}', '$1';\n\
         -- +goose Down\nDROP TABLE /* TEMPLATE: schema */books;",
    );
    assert_eq!(names(&used), ["schema", "A", "B_1x", "C"]);
    assert_eq!(used.placeholders[3].fallback.as_deref(), Some("no"));
}

#[test]
fn a_direction_cannot_run_only_where_a_variable_is_more_than_a_name() {
    for odd in ["$$", "${A:?must}", "${A:0:2}", "\\$A", "${A:-$B}", "${A"] {
        let text = format!(
            "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '{odd}';\n-- +goose Down\nSELECT 1;"
        );
        let used = read(&text);
        assert!(
            matches!(
                only(&used).up,
                Step::Foreign { language: "SQL with environment variables", .. }
            ),
            "{odd}"
        );
        assert!(only(&used).down.step().unwrap().script().is_some());
    }
}

#[test]
fn go_files_stand_in_the_sequence() {
    let reading = Goose.read(&tree(&[
        ("00001_a.sql", "-- +goose Up\n"),
        ("00002_b.go", "package migrations"),
        ("00002_b_test.go", "package migrations"),
        ("embed.go", "package migrations"),
    ]));
    assert_eq!(ids(&reading), ["00001_a", "00002_b"]);
    assert!(matches!(reading.migrations[1].up, Step::Foreign { language: "Go", .. }));
    assert_eq!(reading.companions.len(), 2);
}
