use super::*;
use crate::sql::statements;
use crate::sql::tests::script;

fn read(sql: &str) -> Vec<Placed> {
    acts(sql, &statements(&script(sql)))
}

fn only(sql: &str) -> Act {
    let mut acts = read(sql);
    assert_eq!(acts.len(), 1, "{sql}");
    acts.remove(0).act
}

fn rebuilt(sql: &str) -> Rebuild {
    let mut found = rebuilds(&read(sql));
    assert_eq!(found.len(), 1, "{sql}: {found:?}");
    found.remove(0)
}

#[test]
fn names_come_without_their_quotes() {
    for name in ["t", "\"t\"", "`t`", "[t]", "main.t"] {
        assert_eq!(only(&format!("DROP TABLE {name};")), Act::DropTable("t".into()));
    }
    assert_eq!(only("DROP TABLE \"a\"\"b\""), Act::DropTable("a\"b".into()));
}

#[test]
fn what_cannot_be_read_is_told() {
    let deep = format!("SELECT {}1{};", "(".repeat(100_000), ")".repeat(100_000));
    for sql in ["CREATE TABEL t(x);", "SELECT 'open", deep.as_str()] {
        assert_eq!(read(sql).last().map(|placed| &placed.act), Some(&Act::Unread));
    }
    // Long is not deep.
    assert_eq!(only(&format!("SELECT 1{};", " + 1".repeat(100_000))), Act::Other);
    assert_eq!(only(&format!("SELECT {}1;", "- ".repeat(100_000))), Act::Other);
}

#[test]
fn a_default_is_constant_as_the_engine_sees_it() {
    let default = |text: &str| {
        let act = only(&format!("ALTER TABLE t ADD COLUMN c DEFAULT {text}"));
        let Act::AddColumn { column, .. } = act else { panic!("{act:?}") };
        column.default
    };
    for text in ["1", "-1", "+1", "(-(1))", "'x'", "x'00'", "true", "(CAST(1 AS TEXT))", "word"] {
        assert_eq!(default(text), ColumnDefault::Constant, "{text}");
    }
    for text in ["NULL", "(NULL)"] {
        assert_eq!(default(text), ColumnDefault::Null, "{text}");
    }
    for text in ["CURRENT_TIMESTAMP", "(datetime('now'))", "(1 + 1)", "(1 COLLATE nocase)"] {
        assert!(matches!(default(text), ColumnDefault::Computed(_)), "{text}");
    }
    assert_eq!(default("\"x\""), ColumnDefault::Quoted("x".into()));
}

#[test]
fn a_table_is_read_with_its_constraints() {
    let Act::CreateTable(table) = only(
        "CREATE TABLE t (a INT NOT NULL CHECK (a > 0), b REFERENCES p ON DELETE CASCADE,
           c AS (a) STORED, UNIQUE (a, b), PRIMARY KEY (a),
           FOREIGN KEY (a) REFERENCES q(x) ON DELETE SET NULL, CHECK (b <> a)) WITHOUT ROWID",
    ) else {
        panic!()
    };
    assert_eq!((table.checks, table.key.join(",").as_str(), table.without_rowid), (2, "a", true));
    assert_eq!(table.unique, [["a".to_owned(), "b".to_owned()]]);
    assert_eq!(table.columns[2].generated, Some(Generated::Stored));
    let deletes: Vec<OnDelete> = table.foreign_keys.iter().map(|key| key.on_delete).collect();
    assert_eq!(deletes, [OnDelete::Cascade, OnDelete::Reset]);
}

#[test]
fn a_rebuild_is_seen_in_each_of_its_forms() {
    for sql in [
        "CREATE TABLE n(a); INSERT INTO n SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO T;",
        "ALTER TABLE t RENAME TO o; CREATE TABLE t(a); INSERT INTO t SELECT * FROM o; DROP TABLE o;",
        "CREATE TEMP TABLE b AS SELECT * FROM t; DROP TABLE t; CREATE TABLE t(a); INSERT INTO t SELECT * FROM b; DROP TABLE b;",
        "CREATE TABLE n AS SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;",
    ] {
        let rebuild = rebuilt(sql);
        assert!(same(&rebuild.table, "t"));
        assert!(matches!(rebuild.copied, Copied::By { filtered: false, .. }), "{rebuild:?}");
    }
}

#[test]
fn rows_that_stay_behind_are_seen() {
    let frame = |insert: &str| {
        rebuilt(&format!("CREATE TABLE n(a); {insert} DROP TABLE t; ALTER TABLE n RENAME TO t;"))
            .copied
    };
    assert_eq!(frame(""), Copied::Nothing);
    assert_eq!(frame("INSERT INTO n VALUES (1);"), Copied::Nothing);
    assert_eq!(frame("INSERT INTO n SELECT a FROM other;"), Copied::Nothing);
    assert_eq!(frame("INSRT INTO n SELECT a FROM other;"), Copied::Unclear);
    let twice = "INSERT INTO n SELECT a FROM t WHERE a; INSERT INTO n SELECT 1 FROM t;";
    assert_eq!(frame(twice), Copied::Unclear);
    for (from, expected) in [
        ("t", false),
        ("t WHERE true", false),
        ("t LEFT JOIN x ON x.a = t.a", false),
        ("t WHERE a UNION ALL SELECT 0 FROM t", false),
        ("t WHERE a IS NOT NULL", true),
        ("t JOIN x ON x.a = t.a", true),
        ("t LIMIT 5", true),
    ] {
        let copied = frame(&format!("INSERT INTO n SELECT t.a FROM {from};"));
        let filtered = match copied {
            Copied::By { filtered, .. } => filtered,
            Copied::Unclear => false,
            Copied::Nothing => panic!("{from}"),
        };
        assert_eq!(filtered, expected, "{from}");
    }
    let ignoring = frame("INSERT OR IGNORE INTO n(a) SELECT a FROM t;");
    assert!(matches!(ignoring, Copied::By { ignores: true, columns: Some(_), .. }));
}

#[test]
fn other_drops_are_no_rebuilds() {
    for sql in [
        "DROP TABLE t;",
        "CREATE TABLE t(a); DROP TABLE t; CREATE TABLE t(b);",
        "DROP TABLE IF EXISTS n; CREATE TABLE n(a); ALTER TABLE n RENAME TO m;",
        "ALTER TABLE t RENAME TO u;",
    ] {
        assert_eq!(rebuilds(&read(sql)), [], "{sql}");
    }
}

#[test]
fn links_follow_renames_and_drops() {
    let mut links = Links::default();
    let mut apply = |sql: &str| {
        read(sql).iter().for_each(|placed| links.apply(&placed.act));
        let mut told = Vec::new();
        for parent in ["p", "q"] {
            let children = links.to(parent);
            told.extend(
                children
                    .into_iter()
                    .map(|link| format!("{} {parent} {:?}", link.child, link.on_delete)),
            );
        }
        told
    };
    assert_eq!(apply("CREATE TABLE p(a); CREATE TABLE c(b REFERENCES P);"), ["c p Refuse"]);
    assert_eq!(
        apply("ALTER TABLE c ADD COLUMN d REFERENCES p ON DELETE CASCADE;"),
        ["c p Cascade"]
    );
    assert_eq!(apply("ALTER TABLE p RENAME TO q;"), ["c q Cascade"]);
    assert_eq!(apply("ALTER TABLE c RENAME TO e;"), ["e q Cascade"]);
    assert_eq!(apply("DROP TABLE e;"), [""; 0]);
}

#[test]
fn features_are_told_from_names_and_text() {
    let names = |sql: &str| {
        features(sql).iter().map(|feature| (feature.name, feature.since)).collect::<Vec<_>>()
    };
    for (sql, name, since) in [
        ("CREATE TABLE t(a INT) STRICT", "STRICT", 37),
        ("CREATE TABLE t(a, b AS (a))", "generated columns", 31),
        ("ALTER TABLE t DROP COLUMN a", "DROP COLUMN", 35),
        ("ALTER TABLE t RENAME COLUMN a TO b", "RENAME COLUMN", 25),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "ALTER TABLE of constraints", 53),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "ON CONFLICT … DO", 24),
        ("DELETE FROM t RETURNING a", "RETURNING", 35),
        ("UPDATE t SET a = x.a FROM x", "UPDATE … FROM", 33),
        ("SELECT * FROM a FULL OUTER JOIN b", "FULL JOIN", 39),
        ("SELECT a ->> '$.b' FROM t", "the ->> operator", 38),
        ("SELECT row_number() OVER (ORDER BY a) FROM t", "window functions", 25),
        ("SELECT 1 WHERE a IS NOT DISTINCT FROM b", "IS NOT DISTINCT FROM", 39),
        ("UPDATE t SET a = jsonb_set(a, '$.x', 1)", "JSONB functions", 45),
        ("WITH x AS MATERIALIZED (SELECT 1) SELECT * FROM x", "MATERIALIZED", 35),
    ] {
        assert_eq!(names(sql), [(name, since)], "{sql}");
    }
    for sql in [
        "CREATE TABLE t(\"RETURNING\" TEXT DEFAULT 'a ->> b' UNIQUE ON CONFLICT IGNORE)",
        "WITH x AS (SELECT 1) SELECT * FROM x -- RETURNING",
        "CREATE INDEX i ON t(a) WHERE a IS NOT NULL",
    ] {
        assert_eq!(names(sql), [], "{sql}");
    }
}
