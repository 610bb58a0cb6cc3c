//! flyway, which needs Java and comes from no registry that is reached: what is written is held
//! against its sources and what people published of their tables.

use migration_gate::model::EngineKind;

use super::{Here, Owned, everywhere, note};

const FILES: [(&str, &str); 5] = [
    ("V1__Create_person.sql", "CREATE TABLE t1 (id int);"),
    ("sub/V1_1__it's.sql", "SELECT 1;"),
    ("V2.0__no_transaction.sql", "VACUUM;"),
    ("U1.1__it's.sql", "SELECT 2;"),
    ("R__a_view.sql", "CREATE VIEW v AS SELECT 1 AS a;"),
];
const FIRST: &str = "1 Create person = V1__Create_person";
const BARE: &str = "2.0 no transaction = V2.0__no_transaction";

fn row(rank: u32) -> String {
    format!(
        "SELECT concat_ws('|', installed_rank, coalesce(version, 'NULL'), description, type, \
         script, checksum, installed_by, execution_time, CASE WHEN success THEN 1 ELSE 0 END) \
         FROM flyway_schema_history WHERE installed_rank = {rank}"
    )
}

#[test]
fn checksums_are_those_that_flyway_wrote() {
    // As people published them with the rows of their tables.
    let person =
        "create table PERSON (\n    ID int not null,\n    NAME varchar(100) not null\n);\n";
    let people = "insert into PERSON (ID, NAME) values (1, 'Axel');\n\
                  insert into PERSON (ID, NAME) values (2, 'Mr. Foo');\n\
                  insert into PERSON (ID, NAME) values (3, 'Ms. Bar');\n";
    let windows = format!("\u{feff}{}", person.trim_end().replace('\n', "\r\n"));
    let files = [
        ("V1__a.sql", person),
        ("V2__b.sql", people),
        ("V3__c.sql", windows.as_str()),
        // The check value of CRC-32, whose highest bit is set.
        ("V4__d.sql", "1234\r56789"),
    ];
    let owned = Owned::new("flyway", &files);
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Sqlite, &migrations);
    let sums = ["1715188512", "476766047", "1715188512", "-873187034"];
    for (at, sum) in sums.iter().enumerate() {
        let written = tracker.applied(&note(&migrations, at)).join(";");
        assert!(written.contains(&format!(".sql', {sum}, ")), "{sum}: {written}");
    }
}

#[test]
fn a_row_is_as_flyway_writes_it() {
    for mut here in everywhere() {
        let owned = Owned::new("flyway", &FILES);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        for at in [0, 1, 3] {
            here.apply(&*tracker, &note(&migrations, at));
        }
        let by = if here.engine == EngineKind::Postgres { "postgres" } else { "" };
        let expected = [
            format!("1|1|Create person|SQL|V1__Create_person.sql|-1030005526|{by}|1500|1"),
            format!("2|1.1|it's|SQL|sub/V1_1__it's.sql|78787420|{by}|1500|1"),
            format!("3|NULL|a view|SQL|R__a_view.sql|-732435835|{by}|1500|1"),
        ];
        let rows: Vec<String> = (1..=3).flat_map(|rank| here.column(&row(rank))).collect();
        assert_eq!(rows, expected);
        let told = [FIRST, "1.1 it's = V1_1__it's", "a view = R__a_view"];
        assert_eq!(here.told(&*tracker), told);
        here.undo(&*tracker, &note(&migrations, 1));
        assert_eq!(here.told(&*tracker), [told[0], told[2]]);
    }
}

#[test]
fn a_script_without_a_transaction_is_unfinished_until_it_is_applied() {
    for mut here in everywhere() {
        let owned = Owned::new("flyway", &FILES);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        let vacuum = note(&migrations, 2);
        here.write(&tracker.starting(&vacuum));
        assert_eq!(here.told(&*tracker), [format!("{BARE} unfinished")]);
        here.write(&tracker.abandoned(&vacuum));
        assert!(here.told(&*tracker).is_empty());
        here.apply(&*tracker, &vacuum);
        assert_eq!(here.told(&*tracker), [BARE]);
        // Nothing that ended is abandoned.
        here.write(&tracker.abandoned(&vacuum));
        assert_eq!(here.told(&*tracker), [BARE]);
        here.write(&tracker.undone(&vacuum));
        assert!(here.told(&*tracker).is_empty());
    }
}

#[test]
fn a_repeatable_migration_that_changed_has_not_run() {
    for mut here in everywhere() {
        let owned = Owned::new("flyway", &FILES[4..]);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        here.apply(&*tracker, &note(&migrations, 0));
        let owned = Owned::new("flyway", &[("R__a_view.sql", "SELECT 1;")]);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        assert!(here.told(&*tracker).is_empty());
        here.apply(&*tracker, &note(&migrations, 0));
        assert_eq!(here.told(&*tracker), ["a view = R__a_view"]);
        assert_eq!(here.column("SELECT CAST(count(*) AS text) FROM flyway_schema_history"), ["2"]);
    }
}

/// What is read where the table has these rows: version, description, type and success.
fn told(here: &mut Here, files: &[(&str, &str)], rows: &[(&str, &str, &str, bool)]) -> Vec<String> {
    let owned = Owned::new("flyway", files);
    let migrations = owned.in_order();
    let tracker = owned.tracker(here.engine, &migrations);
    if !here.has_table(tracker.table()) {
        here.make(&*tracker);
    }
    here.write(&["DELETE FROM flyway_schema_history".into()]);
    for (rank, (version, told, kind, success)) in rows.iter().enumerate() {
        here.write(&[format!(
            "INSERT INTO flyway_schema_history (installed_rank, version, description, type, \
             script, checksum, installed_by, execution_time, success) VALUES ({rank}, \
             nullif('{version}', ''), '{}', '{kind}', 's', 1, '', 0, {success})",
            told.replace('\'', "''")
        )]);
    }
    here.told(&*tracker)
}

#[test]
fn later_rows_speak_for_earlier_ones() {
    let rows = [
        ("", "<< Flyway Schema Creation >>", "SCHEMA", true),
        ("1", "Create person", "SQL", true),
        ("1.1", "it's", "SQL", true),
        ("1.1", "it's", "UNDO_SQL", false),
        ("002", "no transaction", "SQL", true),
        ("2", "no transaction", "UNDO_SQL", true),
        ("3", "gone", "SQL", true),
        ("", "a view", "SQL", false),
        ("4", "gone", "SQL", true),
        ("4", "gone", "DELETE", true),
    ];
    for mut here in everywhere() {
        assert_eq!(
            told(&mut here, &FILES, &rows),
            [
                format!("{FIRST} edited"),
                "1.1 it's = V1_1__it's edited".into(),
                "3 gone".into(),
                "a view = R__a_view unfinished edited".into(),
            ]
        );
    }
}

#[test]
fn a_baseline_stands_for_what_is_below_it() {
    let base = "1.1 base = V1_1__it's";
    let mut both = FILES.to_vec();
    both.push(("B1.1__base.sql", "SELECT 1;"));
    let only = [("B1.1__base.sql", "SELECT 1;")];
    for mut here in everywhere() {
        let mut told =
            |files: &[_], kind, success| told(&mut here, files, &[("1.1", "base", kind, success)]);
        assert_eq!(told(&FILES, "BASELINE", true), [FIRST, base]);
        // A baseline script whose versions are still there is none of the set's migrations.
        assert_eq!(told(&both, "SQL_BASELINE", true), [FIRST, base]);
        assert_eq!(told(&only, "SQL_BASELINE", true), ["1.1 base = B1.1__base edited"]);
        assert_eq!(told(&FILES, "SQL_BASELINE", false), [format!("{base} unfinished")]);
    }
}

#[test]
fn long_names_are_cut_as_flyway_cuts_them() {
    let name = format!("{}/V1__{}.sql", "ä".repeat(900), "b_".repeat(101));
    let owned = Owned::new("flyway", &[(name.as_str(), "")]);
    let migrations = owned.in_order();
    for mut here in everywhere() {
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        here.apply(&*tracker, &note(&migrations, 0));
        let value = |here: &mut Here, column: &str| {
            here.column(&format!("SELECT {column} FROM flyway_schema_history")).concat()
        };
        let (told, script) = (value(&mut here, "description"), value(&mut here, "script"));
        assert_eq!((told.chars().count(), script.chars().count()), (200, 1000));
        assert!(told.ends_with(" b..."), "{told}");
        assert!(script.starts_with("...ä") && script.ends_with("b_.sql"), "{script}");
    }
}
