use super::*;
use crate::catalog::{Declared, Touch};
use crate::model::{
    Down, Evidenced, Finding, Habits, Kind, LateMigrations, Level, Migration, Outcome, RepoPath,
    RowsChanged, RowsEvidence, SetEvidence, SetInfo, Step, StepEvidence, TransactionMode, Version,
};
use crate::rules::{LevelPolicy, check_evidence};

const HABITS: Habits = Habits {
    verifies_checksums: true,
    late: LateMigrations::Applied,
    planned: false,
    sqlite_foreign_keys: true,
};

fn entry(id: &str, sql: &str, added: bool) -> Entry {
    let path = RepoPath::new(&format!("m/{id}.sql")).unwrap();
    let script = Script::whole(path, sql.into(), TransactionMode::Wrapped);
    Entry {
        migration: Migration {
            id: id.into(),
            version: Version::text(id),
            kind: Kind::Versioned,
            up: Step::Sql(script),
            down: Down::Missing,
            verify: None,
            depends_on: Vec::new(),
            files: Vec::new(),
        },
        touch: Touch { added, ..Touch::NONE },
        declared: Declared::default(),
    }
}

/// What the evidence rules say of an up that comes after `merged`, where that was seen over rows.
fn findings(merged: &str, up: &str, rows: RowsEvidence) -> Vec<Finding> {
    let info = SetInfo {
        name: "m".into(),
        path: RepoPath::new("m").unwrap(),
        layout: "sqlx",
        engine: EngineKind::Sqlite,
        habits: HABITS,
        assumed: Vec::new(),
        configured: false,
        engine_version: None,
    };
    let catalog = SetCatalog::of(info, vec![entry("1", merged, false), entry("2", up, true)]);
    let mut seen = MigrationEvidence::new("2", StepEvidence::ended(Outcome::Done));
    seen.rows = Some(rows);
    let evidence = SetEvidence { migrations: vec![seen], ..SetEvidence::default() };
    let cx = EvidenceCx { catalog: &catalog, evidence: &evidence };
    check_evidence(&cx, &LevelPolicy::default())
}

fn deleted(table: &str, deleted: usize, of: usize) -> RowsEvidence {
    let changed = RowsChanged { table: table.into(), inserted: 0, updated: 0, deleted };
    RowsEvidence {
        loaded: vec![(table.into(), of)],
        changed: vec![changed],
        ..RowsEvidence::default()
    }
}

/// Rule, level and whether it was proved.
fn told(findings: &[Finding]) -> Vec<(&str, Level, bool)> {
    let tell = |finding: &Finding| {
        let rule = finding.rule.trim_start_matches("sql/sqlite-");
        (rule, finding.level, finding.evidenced == Evidenced::Proved)
    };
    // What the run over rows says by itself is another rule's.
    findings.iter().filter(|finding| finding.rule.starts_with("sql/")).map(tell).collect()
}

const PARENT: &str = "CREATE TABLE t (a);";
const REBUILD: &str = "CREATE TABLE n (a); INSERT INTO n SELECT a FROM t WHERE a > 1;
    DROP TABLE t; ALTER TABLE n RENAME TO t;";

#[test]
fn rows_that_were_seen_to_go_are_a_proof() {
    let none = findings(PARENT, REBUILD, deleted("t", 0, 5));
    assert_eq!(told(&none), [("rebuild-loses-rows", Level::Warning, false)]);
    let some = findings(PARENT, REBUILD, deleted("t", 2, 5));
    assert_eq!(told(&some), [("rebuild-loses-rows", Level::Error, true)]);
    assert_eq!(some[0].details, ["2 of 5 rows were gone after the up"]);
}

#[test]
fn rows_of_others_that_were_seen_to_go_are_a_proof() {
    let merged = format!("{PARENT} CREATE TABLE c (t REFERENCES t ON DELETE CASCADE);");
    let up = REBUILD.replace(" WHERE a > 1", "");
    let found = findings(&merged, &up, deleted("c", 3, 3));
    assert_eq!(told(&found), [("rebuild-referenced", Level::Error, true)]);
    assert_eq!(found[0].details, ["3 rows of c were gone"]);
}

#[test]
fn a_long_list_is_counted() {
    let names: Vec<String> = (1..=8).map(|number| format!("t{number}")).collect();
    assert_eq!(list(&names[..1]), "t1");
    assert_eq!(list(&names[..3]), "t1, t2 and t3");
    assert_eq!(list(&names), "t1, t2, t3, t4, t5, t6 and 2 more");
}

/// What the rules about rebuilds and pragmas rest on, asked of the engine itself.
#[test]
fn the_engine_deletes_the_rows_of_a_dropped_table_first() {
    let run = |action: &str, before: &str, after: &str| {
        let engine = rusqlite::Connection::open_in_memory().unwrap();
        let merged = format!(
            "PRAGMA foreign_keys = ON; CREATE TABLE t (id INTEGER PRIMARY KEY);
             CREATE TABLE c (t REFERENCES t (id) {action});
             INSERT INTO t VALUES (1); INSERT INTO c VALUES (1);"
        );
        engine.execute_batch(&merged).unwrap();
        let rebuild = "CREATE TABLE n (id INTEGER PRIMARY KEY); INSERT INTO n SELECT id FROM t;
            DROP TABLE t; ALTER TABLE n RENAME TO t;";
        engine.execute_batch(&format!("{before} {rebuild} {after}")).ok()?;
        let query = "SELECT count(*), count(t) FROM c";
        let left = engine.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)));
        Some(left.unwrap())
    };
    let whole = Some((1_u32, 1_u32));
    for (before, after) in [
        ("", ""),
        ("BEGIN; PRAGMA foreign_keys = OFF;", "COMMIT;"),
        ("BEGIN; PRAGMA defer_foreign_keys = ON;", "COMMIT;"),
    ] {
        assert_eq!(run("ON DELETE CASCADE", before, after), Some((0, 0)), "{before}");
        assert_eq!(run("ON DELETE SET NULL", before, after), Some((1, 0)), "{before}");
        assert_eq!(run("", before, after), None, "{before}");
    }
    let recipe = ("PRAGMA foreign_keys = OFF; BEGIN;", "COMMIT; PRAGMA foreign_keys = ON;");
    assert_eq!(run("ON DELETE CASCADE", recipe.0, recipe.1), whole);
    assert_eq!(run("", recipe.0, recipe.1), whole);
}
