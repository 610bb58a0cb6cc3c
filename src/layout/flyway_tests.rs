use super::super::tests::{ids, problems, tree};
use super::*;

#[test]
fn versions_compare_part_by_part_and_trailing_zeros_do_not_count() {
    let reading = Flyway.read(&tree(&[
        ("V10__d.sql", ""),
        ("V2_1__c.sql", ""),
        ("V2.0__b.sql", ""),
        ("V1__a.sql", ""),
        ("R__views.sql", ""),
    ]));
    assert_eq!(ids(&reading), ["V1__a", "V2.0__b", "V2_1__c", "V10__d", "R__views"]);
    assert_eq!(version("2"), version("2.0"));
    assert_eq!(reading.migrations[4].kind, Kind::Repeatable);
    assert!(problems(&reading).is_empty());
}

#[test]
fn undo_scripts_pair_by_version_also_in_other_folders() {
    let reading = Flyway.read(&tree(&[
        ("V1__a.sql", "SELECT 1;"),
        ("undo/U1.0__a.sql", "SELECT 2;"),
        ("undo/U3__x.sql", ""),
    ]));
    assert!(reading.migrations[0].down.step().is_some());
    assert!(problems(&reading)[0].contains("U3__x"));
}

#[test]
fn scripts_leave_the_transaction_by_configuration_or_by_content() {
    let reading = Flyway.read(&tree(&[
        ("V1__a.sql", "SELECT 1;"),
        ("V1__a.sql.conf", "# why\nexecuteInTransaction=false\n"),
        ("V2__b.sql", "CREATE INDEX CONCURRENTLY i ON t (a);"),
        ("V3__c.sql", "CREATE INDEX i ON t (a);"),
        ("V9__lost.sql.conf", ""),
    ]));
    let bare: Vec<bool> = reading
        .migrations
        .iter()
        .map(|migration| migration.up.script().unwrap().transaction == TransactionMode::Bare)
        .collect();
    assert_eq!(bare, [true, true, false]);
    assert_eq!(reading.migrations[0].files.len(), 2);
    assert!(problems(&reading)[0].contains("V9__lost.sql.conf"));
}

#[test]
fn a_baseline_runs_only_where_what_it_replaces_is_gone() {
    let kept = Flyway.read(&tree(&[("V1__a.sql", ""), ("B2__base.sql", ""), ("V3__b.sql", "")]));
    assert_eq!(ids(&kept), ["V1__a", "V3__b"]);
    assert_eq!(kept.companions.len(), 1);
    let gone = Flyway.read(&tree(&[("B1__old.sql", ""), ("B2__base.sql", ""), ("V3__b.sql", "")]));
    assert_eq!(ids(&gone), ["B2__base", "V3__b"]);
}

#[test]
fn java_steps_are_foreign_and_callbacks_companions() {
    let reading = Flyway.read(&tree(&[
        ("V1__A.java", ""),
        ("beforeMigrate.sql", ""),
        ("afterEachMigrate__grants.sql", ""),
        ("afterEachMigrate__grants.sql.conf", ""),
        ("afterthought.sql", ""),
        ("v2__b.sql", ""),
    ]));
    assert!(matches!(reading.migrations[0].up, Step::Foreign { language: "Java", .. }));
    assert_eq!(reading.companions.len(), 3);
    assert_eq!(problems(&reading).len(), 2);
}

#[test]
fn placeholders_are_found_unless_the_script_turns_them_off() {
    let reading = Flyway.read(&tree(&[
        ("V1__a.sql", "-- ${note}\nCREATE TABLE ${schema}.t (a int DEFAULT ${a b} ${} $${c);"),
        ("V2__b.sql", "SELECT '${x}';"),
        ("V2__b.sql.conf", "placeholderReplacement=false"),
        ("V3__c.sql", "SELECT '${flyway:filename}';"),
    ]));
    assert!(problems(&reading).is_empty());
    let names: Vec<&str> = reading.placeholders.iter().map(|place| place.name.as_str()).collect();
    assert_eq!(names, ["note", "schema", "flyway:filename"]);
    assert_eq!(reading.placeholders[2].fallback.as_deref(), Some("V3__c.sql"));
    assert_eq!(reading.migrations[1].files.len(), 2);
}
