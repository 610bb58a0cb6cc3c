//! Migrations over rows: what the schema allows and the migration does not, what a rollback
//! loses, and the rows that a set brings itself.

use migration_gate::host;
use serde_json::Value;

use crate::support::{Answer, Folder, finish, program};

const CONFIG: &str = "version = 1\n[[set]]\nname = \"club\"\npath = \"migrations\"\n";

/// What the gate says of one migration after a base, on an engine; `None` where there is no
/// PostgreSQL on this machine.
fn judge(engine: &str, base: &str, steps: &[(&str, &str)], seed: Option<&str>) -> Option<Answer> {
    let folder = Folder::new(&[]);
    for side in ["base", "head"] {
        let at = |name: &str| format!("{side}/{name}");
        let seeded = seed.map_or("", |_| "seed = \"seed.sql\"\n");
        folder
            .write(&at("migration-gate.toml"), &format!("{CONFIG}engine = \"{engine}\"\n{seeded}"));
        folder.write(&at("migrations/1_a.up.sql"), base);
        folder.write(&at("migrations/1_a.down.sql"), "SELECT 1;");
        folder.write(&at("seed.sql"), seed.unwrap_or_default());
    }
    for (number, (up, down)) in steps.iter().enumerate() {
        let number = number + 2;
        let up = format!("-- migration-gate: class=online\n{up}");
        folder.write(&format!("head/migrations/{number}_b.up.sql"), &up);
        folder.write(&format!("head/migrations/{number}_b.down.sql"), down);
    }
    let mut command = program(folder.path());
    command.args(["check", "--format", "json", "--base-dir", "base", "head"]);
    let ran = finish(&mut command);
    if ran.out.contains("no PostgreSQL server") && host::env("CI").is_none() {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return None;
    }
    Some(ran.into())
}

/// The findings about rows, each with its level, message and details in one line.
fn said(answer: &Answer) -> Vec<String> {
    let findings = answer.report["findings"].as_array().unwrap();
    let about_rows = findings.iter().filter(|finding| {
        let rule = finding["rule"].as_str().unwrap();
        ["dryrun/fails-on-data", "rollback/loses-data", "rollback/fails"].contains(&rule)
    });
    about_rows
        .map(|finding| {
            let details = finding["details"].as_array().unwrap().iter().filter_map(Value::as_str);
            let details: Vec<&str> = details.collect();
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            format!(
                "{} {}: {} | {}",
                text("level"),
                text("rule"),
                text("message"),
                details.join(" | ")
            )
        })
        .collect()
}

/// Demands that each case gives findings with these parts, in order, and no others.
fn expect(engine: &str, base: &str, cases: &[(&str, &str, &[&str])]) {
    for (up, down, parts) in cases {
        let Some(answer) = judge(engine, base, &[(up, down)], None) else { return };
        let found = said(&answer);
        assert_eq!(found.len(), parts.len(), "{up}: {found:#?} {}", answer.report);
        for (found, part) in found.iter().zip(*parts) {
            assert!(found.contains(part), "{up}: {part} is not in {found}");
        }
    }
}

const CLUB: &str = "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, \
    kind TEXT NOT NULL CHECK (kind IN ('adult', 'child')), boss_id INTEGER REFERENCES members (id)); \
    CREATE TABLE visits (id INTEGER PRIMARY KEY, member_id INTEGER, minutes INTEGER);";

#[test]
fn what_the_schema_allows_is_tried_on_sqlite() {
    expect(
        "sqlite",
        CLUB,
        &[
            (
                "CREATE UNIQUE INDEX e ON members (email)",
                "DROP INDEX e",
                &[
                    "query: SELECT email, count(*) FROM members WHERE email IS NOT NULL GROUP BY email",
                ],
            ),
            (
                "UPDATE members SET email = id; CREATE UNIQUE INDEX e ON members (email)",
                "DROP INDEX e",
                &["error rollback/loses-data: the up changes"],
            ),
            (
                "ALTER TABLE members ADD COLUMN town TEXT NOT NULL",
                "ALTER TABLE members DROP COLUMN town",
                &["constraint: members.town NOT NULL"],
            ),
            (
                "ALTER TABLE members ADD COLUMN town TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE members DROP COLUMN town",
                &[],
            ),
            (
                "ALTER TABLE members DROP COLUMN email",
                "ALTER TABLE members ADD COLUMN email TEXT",
                &["warning rollback/loses-data: the up drops"],
            ),
            (
                "CREATE TABLE v (id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL, minutes INTEGER); \
                 INSERT INTO v SELECT * FROM visits; DROP TABLE visits; ALTER TABLE v RENAME TO visits",
                "CREATE TABLE v (id INTEGER PRIMARY KEY, member_id INTEGER, minutes INTEGER); \
                 INSERT INTO v SELECT * FROM visits; DROP TABLE visits; ALTER TABLE v RENAME TO visits",
                &["query: SELECT * FROM visits WHERE member_id IS NULL"],
            ),
        ],
    );
}

#[test]
fn what_the_schema_allows_is_tried_on_postgres() {
    expect(
        "postgres",
        CLUB,
        &[
            (
                "ALTER TABLE visits ADD CONSTRAINT v FOREIGN KEY (member_id) REFERENCES members (id)",
                "ALTER TABLE visits DROP CONSTRAINT v",
                &[
                    "LEFT JOIN members AS parent ON parent.id = child.member_id WHERE parent.id IS NULL",
                ],
            ),
            (
                "ALTER TABLE visits ADD CONSTRAINT v FOREIGN KEY (member_id) REFERENCES members (id) NOT VALID",
                "ALTER TABLE visits DROP CONSTRAINT v",
                &[],
            ),
            (
                "ALTER TABLE visits ADD CONSTRAINT c CHECK (minutes > 0), ALTER member_id SET NOT NULL",
                "ALTER TABLE visits DROP CONSTRAINT c, ALTER member_id DROP NOT NULL",
                &["WHERE NOT ((minutes > 0))", "WHERE member_id IS NULL"],
            ),
            (
                "ALTER TABLE members ALTER email TYPE varchar(20)",
                "ALTER TABLE members ALTER email TYPE text",
                &["WHERE length(email::text) > 20"],
            ),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY e ON members (email)",
                "DROP INDEX CONCURRENTLY e",
                &["query: SELECT email, count(*) FROM members"],
            ),
            (
                "ALTER TABLE members ALTER name DROP NOT NULL; UPDATE members SET name = NULL WHERE kind = 'adult'",
                "ALTER TABLE members ALTER name SET NOT NULL",
                &["error rollback/fails: the down fails once the tables hold rows"],
            ),
        ],
    );
}

#[test]
fn an_earlier_migration_of_the_change_may_mend_the_rows() {
    let fill = ("UPDATE visits SET minutes = 0 WHERE minutes IS NULL", "SELECT 1");
    let demand = (
        "ALTER TABLE visits ALTER minutes SET NOT NULL",
        "ALTER TABLE visits ALTER minutes DROP NOT NULL",
    );
    let Some(alone) = judge("postgres", CLUB, &[demand], None) else { return };
    assert_eq!(said(&alone).len(), 1, "{:?}", said(&alone));
    let Some(both) = judge("postgres", CLUB, &[fill, demand], None) else { return };
    assert_eq!(said(&both), Vec::<String>::new());
}

#[test]
fn a_table_that_the_change_itself_brings_holds_no_such_rows() {
    let make = ("CREATE TABLE guests (id BIGINT PRIMARY KEY, card TEXT)", "DROP TABLE guests");
    let index = ("CREATE UNIQUE INDEX guests_card ON guests (card)", "DROP INDEX guests_card");
    for engine in ["sqlite", "postgres"] {
        let Some(alone) = judge(engine, make.0, &[index], None) else { continue };
        assert_eq!(said(&alone).len(), 1, "{engine}: {:?}", said(&alone));
        let base = "CREATE TABLE visits (id BIGINT PRIMARY KEY)";
        let Some(both) = judge(engine, base, &[make, index], None) else { continue };
        assert_eq!(said(&both), Vec::<String>::new(), "{engine}");
    }
}

#[test]
fn a_seed_brings_the_rows_that_nobody_else_can_make() {
    let base = "CREATE TABLE codes (code TEXT PRIMARY KEY CHECK (code GLOB 'Q-[0-9][0-9]-Q'), label TEXT);";
    let step = ("DELETE FROM codes WHERE code = 'Q-17-Q'", "SELECT 1");
    let without = judge("sqlite", base, &[step], None).unwrap();
    assert_eq!(said(&without), Vec::<String>::new());
    let notices = without.report["notices"].to_string();
    assert!(notices.contains("no rows could be made for codes"), "{notices}");
    let seed = "INSERT INTO codes VALUES ('Q-17-Q', 'one');";
    let with = judge("sqlite", base, &[step], Some(seed)).unwrap();
    assert!(said(&with)[0].contains("the up deletes 1 of 1 rows of codes"), "{:?}", said(&with));
    let broken = judge("sqlite", base, &[step], Some("\nINSERT INTO nowhere VALUES (1);")).unwrap();
    let untold = broken.report["inconclusive"].to_string();
    assert!(untold.contains("in line 2: no such table: nowhere"), "{untold}");
}

#[test]
fn tables_that_refer_to_each_other_get_rows_that_do() {
    let base = "CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT NOT NULL, captain_id INTEGER REFERENCES players (id)); \
        CREATE TABLE players (id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES teams (id));";
    let later = "CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT NOT NULL, captain_id INTEGER); \
        CREATE TABLE players (id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES teams (id)); \
        ALTER TABLE teams ADD FOREIGN KEY (captain_id) REFERENCES players (id);";
    for (engine, base) in [("sqlite", base), ("postgres", later)] {
        for (table, column) in [("teams", "captain_id"), ("players", "team_id")] {
            let up = format!("UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL");
            let lost = format!("values of {table}.{column}");
            expect(engine, base, &[(&up, "SELECT 1", &[&lost])]);
        }
    }
}

#[test]
fn a_script_that_throws_prepared_statements_away_disturbs_nothing() {
    let up = "PREPARE one AS SELECT 1; DEALLOCATE ALL; PREPARE two AS SELECT 2; DROP TABLE visits";
    let down = "CREATE TABLE visits (id INTEGER PRIMARY KEY, member_id INTEGER, minutes INTEGER)";
    expect("postgres", CLUB, &[(up, down, &["rows of visits, and the down does not"])]);
}

#[test]
fn a_table_that_the_up_makes_long_is_not_taken_as_dropped() {
    let base = "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT);";
    let up = "INSERT INTO members (id, name) WITH RECURSIVE n (i) AS (SELECT 10000 UNION ALL \
              SELECT i + 1 FROM n WHERE i < 13000) SELECT i, 'new' FROM n;";
    let answer = judge("sqlite", base, &[(up, "DELETE FROM members;")], None).unwrap();
    let said = said(&answer);
    assert!(said.iter().any(|line| line.starts_with("error rollback/loses-data")), "{said:?}");
}
