use super::super::tests::problems;
use super::*;
use crate::sql;

fn read(sql: &str) -> (Vec<ChangeSet>, Reading) {
    let mut reading = Reading::default();
    let path = RepoPath::new("a.sql").unwrap();
    let sets = super::read(&path, &Arc::from(sql), &mut reading);
    (sets, reading)
}

fn one(sql: &str) -> ChangeSet {
    let (mut sets, reading) = read(sql);
    assert_eq!((reading.problems.len(), sets.len()), (0, 1), "{sql}");
    sets.remove(0)
}

/// The statements of a rollback, blanks folded.
fn undone(sql: &str) -> Option<Vec<String>> {
    let set = one(&format!("--changeset a:1\nSELECT 1;\n{sql}"));
    let step = set.down?;
    let script = step.script().unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let statements = sql::statements(script);
    Some(statements.iter().map(|one| words(&script.text[one.span.start..one.span.end])).collect())
}

#[test]
fn a_rollback_may_span_lines_and_stays_in_its_place() {
    let both = Some(vec!["DROP TABLE é CASCADE;".to_owned(), "SELECT 2".to_owned()]);
    assert_eq!(
        undone("--rollback DROP TABLE é\r\n-- Rollback CASCADE;\n--rollback SELECT 2"),
        both
    );
    assert_eq!(undone("/* liquibase rollback\nDROP TABLE é CASCADE;\nSELECT 2\n*/\n"), both);
    let text = "--changeset a:1\nSELECT 'é';\n--rollback DROP TABLE t;\n";
    let set = one(text);
    let down = set.down.unwrap();
    let script = down.script().unwrap();
    let span = sql::statements(script)[0].span;
    assert_eq!(&text[span.start..span.end], "DROP TABLE t;");
    assert_eq!(script.text.len(), text.len());
}

#[test]
fn an_empty_rollback_is_not_a_missing_one() {
    for empty in ["--rollback empty", "--rollback not required: data only", "--rollback ;"] {
        let set = one(&format!("--changeset a:1\nSELECT 1;\n{empty}\n"));
        assert!(sql::is_empty(set.down.unwrap().script().unwrap()), "{empty}");
    }
    assert_eq!(undone(""), None);
    assert_eq!(undone("--rollback\n--rollback  \n"), None);
}

#[test]
fn attributes_are_read_in_any_case() {
    let text = "-- changeset \"a b\":\"c d\" RunInTransaction:FALSE runOnChange:true dbms:sqlite \
                splitStatements:false\nSELECT 1; SELECT 2;\n";
    let set = one(text);
    assert_eq!((set.author.as_str(), set.id.as_str()), ("a b", "c d"));
    assert_eq!((set.kind, set.dbms.as_deref()), (Kind::Repeatable, Some("sqlite")));
    let script = set.up.script().unwrap();
    assert_eq!(script.transaction, TransactionMode::Bare);
    assert_eq!(sql::statements(script).len(), 1);
}

#[test]
fn what_cannot_be_run_here_stands_in_the_sequence() {
    for (head, body) in [
        ("runWith:psql", "\\copy t from x"),
        ("endDelimiter:GO", "SELECT 1\nGO"),
        ("", "SELECT ${x};"),
    ] {
        let set = one(&format!("--changeset a:1 {head}\n{body}\n"));
        assert!(matches!(set.up, Step::Foreign { .. }), "{head}");
    }
    let set = one("--changeset a:2\nSELECT 1;\n--rollback changesetId:1 changesetAuthor:a\n");
    assert!(matches!(set.down, Some(Step::Foreign { .. })));
}

#[test]
fn ignored_lines_are_left_out() {
    let text = "--changeset a:1\nSELECT 1;\n--ignoreLines:start\nDROP TABLE t;\n\
                --ignoreLines:end\nSELECT 2;\n--ignoreLines:1\nDROP TABLE u;\nSELECT 3;\n";
    let sql = one(text).up.script().unwrap().sql();
    assert_eq!(sql, "SELECT 1;\nSELECT 2;\nSELECT 3;\n");
}

#[test]
fn what_liquibase_refuses_or_never_runs_is_named() {
    let fault = |sql: &str| problems(&read(sql).1).remove(0);
    assert!(fault("SELECT 1;\n--changeset a:1\nSELECT 1;").contains("before the first"));
    assert!(fault("--changeset a\nSELECT 1;").contains("expects `--changeset"));
    assert!(fault("--changeset a: 1\nSELECT 1;").contains("expects `--changeset"));
    assert!(fault("-changeset a:1\n").contains("one dash"));
    assert!(fault("--changeset a:1\n--rollback SELECT 1;").contains("holds no SQL"));
    assert!(fault("--rollback SELECT 1;").contains("before the first"));
}

#[test]
fn the_first_line_tells() {
    assert!(is_formatted("\u{feff}\r\n-- Liquibase Formatted SQL\r\n"));
    assert!(!is_formatted("SELECT 1;\n--liquibase formatted sql\n"));
    assert!(!is_formatted(""));
}
