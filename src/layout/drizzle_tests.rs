use super::super::tests::{ids, problems, tree};
use super::*;

fn read(journal: &str, sql: &[(&str, &str)]) -> Reading {
    let mut files = vec![(JOURNAL, journal)];
    files.extend(sql);
    Drizzle.read(&tree(&files))
}

#[test]
fn the_journal_orders_and_its_times_are_the_versions() {
    let journal = r#"{"dialect": "pg", "entries": [{"when": 9, "tag": "0001_b"}, {"when": 7, "tag": "0000_a"}]}"#;
    let reading = read(journal, &[("0000_a.sql", ""), ("0001_b.sql", "")]);
    assert_eq!(ids(&reading), ["0001_b", "0000_a"]);
    // A target that has the first never runs the second: it is late, by `when`.
    assert!(reading.migrations[0].version > reading.migrations[1].version);
}

#[test]
fn a_statement_ends_at_a_breakpoint_even_without_semicolon() {
    let journal = r#"{"entries": [{"when": 1, "tag": "a"}]}"#;
    let sql = "\u{feff}SELECT 1--> statement-breakpoint\r\nSELECT 2\n";
    let reading = read(journal, &[("a.sql", sql)]);
    let script = reading.migrations[0].up.script().unwrap();
    let statements: Vec<&str> = crate::sql::statements(script)
        .iter()
        .map(|one| &script.text[one.span.start..one.span.end])
        .collect();
    assert_eq!(statements, ["SELECT 1", "SELECT 2"]);
}

#[test]
fn what_the_journal_and_the_folder_do_not_share_is_named() {
    let journal = r#"{"entries": [{"when": 1, "tag": "gone"}]}"#;
    let reading = read(journal, &[("stray.sql", "")]);
    let place = reading.problems.iter().find_map(|problem| problem.location.span).unwrap();
    assert_eq!(&journal[place.start..place.end], "\"gone\"");
    assert!(problems(&reading).iter().any(|text| text.contains("no `gone.sql`")));
    assert!(problems(&reading).iter().any(|text| text.contains("claims `stray.sql`")));
}

#[test]
fn a_journal_that_cannot_be_read_blames_no_script() {
    for journal in ["", "[]", "{\"entries\": 1}", "<<<<<<<"] {
        let reading = read(journal, &[("a.sql", "")]);
        assert_eq!((reading.problems.len(), reading.companions.len()), (1, 2), "{journal}");
    }
}
