use super::super::tests::{ids, problems, tree};
use super::*;
use crate::model::EngineKind;

const A: &str = "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n";
const B: &str = "--liquibase formatted sql\n--changeset b:1\nSELECT 1;\n";

fn yaml(entries: &[&str]) -> String {
    let entry = |file: &&str| format!("  - include:\n      file: {file}\n");
    format!("databaseChangeLog:\n{}", entries.iter().map(entry).collect::<String>())
}

#[test]
fn the_changelog_orders_whatever_its_form() {
    let json = r#"{"databaseChangeLog": [{"include": {"file": "b.sql"}}, {"include": {"file": "a.sql"}}]}"#;
    let xml =
        "<databaseChangeLog><include file='b.sql'/><include file='a.sql'/></databaseChangeLog>";
    let yaml = yaml(&["classpath:b.sql", "db/migrations/a.sql"]);
    for (name, text) in [("x.json", json), ("x.xml", xml), ("x.yaml", yaml.as_str())] {
        let reading = Liquibase.read(&tree(&[(name, text), ("a.sql", A), ("b.sql", B)]));
        assert_eq!(problems(&reading), [""; 0]);
        assert_eq!(ids(&reading), ["b.sql::1::b", "a.sql::1::a"], "{name}");
    }
    let alone = Liquibase.read(&tree(&[("b.sql", B), ("a.sql", A)]));
    assert_eq!(ids(&alone), ["a.sql::1::a", "b.sql::1::b"]);
}

#[test]
fn paths_end_at_whole_names_and_never_climb_out() {
    for file in ["nota.sql", "s/a.sql", "../a.sql", "../../../../a.sql", "/etc/passwd", ""] {
        let reading = Liquibase.read(&tree(&[("x.yaml", &yaml(&[file])), ("sub/a.sql", A)]));
        assert!(reading.migrations.is_empty(), "{file}");
        assert!(!reading.problems.is_empty(), "{file}");
    }
}

#[test]
fn circles_end_and_hostile_documents_are_refused() {
    let one = yaml(&["two.yaml", "a.sql"]);
    let two = yaml(&["one.yaml"]);
    let reading = Liquibase.read(&tree(&[("one.yaml", &one), ("two.yaml", &two), ("a.sql", A)]));
    assert_eq!(ids(&reading), ["a.sql::1::a"]);
    let deep = format!("databaseChangeLog: {}", "[".repeat(100_000));
    let bomb = "<!DOCTYPE x [<!ENTITY a 'b'>]><databaseChangeLog>&a;</databaseChangeLog>";
    let alias = "databaseChangeLog: &a [*a]";
    for (name, text) in [("x.yaml", deep.as_str()), ("x.xml", bomb), ("x.yml", alias)] {
        let found = problems(&Liquibase.read(&tree(&[(name, text)])));
        assert!(found[0].contains("cannot be read"), "{name}");
    }
}

#[test]
fn includes_are_followed_to_a_depth_and_a_number() {
    let chain = |length: usize| {
        let link = |number: usize| match number + 1 {
            next if next < length => (format!("{number}.yaml"), yaml(&[&format!("{next}.yaml")])),
            _ => (format!("{number}.yaml"), yaml(&["a.sql"])),
        };
        let mut files: Vec<(String, String)> = (0..length).map(link).collect();
        files.push(("a.sql".into(), A.into()));
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (&**name, &**text)).collect();
        Liquibase.read(&tree(&files))
    };
    assert_eq!(ids(&chain(DEEPEST)), ["a.sql::1::a"]);
    assert!(problems(&chain(4000))[0].contains("included too deep"));
    let many = yaml(&vec!["a.sql"; MOST_INCLUDES + 1]);
    let reading = Liquibase.read(&tree(&[("x.yaml", &many), ("a.sql", A)]));
    assert!(reading.migrations.is_empty());
    assert!(problems(&reading).iter().any(|told| told.contains("more than")));
}

#[test]
fn a_name_never_hangs_on_other_files() {
    let one = Liquibase.read(&tree(&[("a.sql", A)]));
    let two = Liquibase.read(&tree(&[("a.sql", A), ("b.sql", A)]));
    assert_eq!(ids(&one)[0], ids(&two)[0]);
    assert_eq!(problems(&two), [""; 0]);
}

#[test]
fn change_sets_of_other_engines_are_left_out() {
    let text = "--liquibase formatted sql\n--changeset a:1 dbms:postgresql\nSELECT 1;\n\
                --changeset a:2 dbms:sqlite,h2\nSELECT 2;\n--changeset a:3 dbms:!sqlite\nSELECT 3;\n";
    let tree = tree(&[("a.sql", text)]);
    let read = |engine| Liquibase.read_with(&tree, Options { engine });
    assert_eq!(ids(&read(Some(EngineKind::Postgres))), ["a.sql::1::a", "a.sql::3::a"]);
    assert_eq!(ids(&read(Some(EngineKind::Sqlite))), ["a.sql::2::a"]);
    assert!(problems(&read(None))[0].contains("nothing says for which engine"));
}

#[test]
fn change_sets_in_other_forms_stand_in_the_sequence() {
    let text = "databaseChangeLog:\n- changeSet: {id: 1, author: x, changes: []}\n- include: {file: a.sql}\n";
    let reading = Liquibase.read(&tree(&[("x.yaml", text), ("a.sql", A)]));
    assert_eq!(ids(&reading), ["x.yaml::1::x", "a.sql::1::a"]);
    assert!(matches!(reading.migrations[0].up, Step::Foreign { language: "Liquibase YAML", .. }));
}
