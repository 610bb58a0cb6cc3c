use crate::catalog::{Entry, SetCatalog};
use crate::model::{EngineKind, Finding, Level, Side, TransactionMode};
use crate::rules::{CatalogCx, LevelPolicy, check_catalog, testing};
use EngineKind::{Postgres, Sqlite};

fn entry(number: usize, up: &str, down: &str, added: bool) -> Entry {
    testing::entry(number, up, down, added, TransactionMode::Wrapped)
}

/// What the rules of the group say of a migration that comes after `merged`.
fn findings(engine: EngineKind, policy: &LevelPolicy, entries: Vec<Entry>) -> Vec<Finding> {
    let catalog = SetCatalog::of(testing::info(engine), entries);
    let terms = testing::terms();
    let cx = CatalogCx { catalog: &catalog, restores: false, terms: &terms };
    let mut found = check_catalog(&cx, false, policy);
    found.retain(|one| one.rule.starts_with("portability/") && one.level != Level::Off);
    found.retain(|one| one.side == Side::Change);
    found
}

/// The strict preset of a team that bans foreign keys.
fn strict() -> LevelPolicy {
    let overrides = [("portability/foreign-key".to_owned(), Level::Error)].into();
    LevelPolicy { strict: true, overrides }
}

/// The messages about an up.
fn told(engine: EngineKind, merged: &str, up: &str) -> Vec<String> {
    let entries = vec![entry(1, merged, "", false), entry(2, up, "", true)];
    findings(engine, &strict(), entries).into_iter().map(|one| one.message).collect()
}

fn one(engine: EngineKind, up: &str) -> String {
    told(engine, "", up).join("\n")
}

#[test]
fn triggers_and_rules_are_named() {
    let body = "AFTER INSERT ON loans BEGIN DELETE FROM loans; END;";
    for head in ["CREATE TRIGGER", "create trigger", "CREATE TRIGGER IF NOT EXISTS"] {
        let told = one(Sqlite, &format!("{head} fine {body}"));
        assert_eq!(told, "trigger `fine` is created", "{head}");
    }
    let temporary = one(Sqlite, &format!("CREATE TEMP TRIGGER fine {body}"));
    assert_eq!(temporary, "a temporary trigger is created");
    for (up, message) in [
        (
            "CREATE TRIGGER fine AFTER INSERT ON loans FOR EACH ROW EXECUTE FUNCTION f();",
            "trigger `fine` is created",
        ),
        (
            "CREATE CONSTRAINT TRIGGER fine AFTER INSERT ON loans FOR EACH ROW EXECUTE FUNCTION f();",
            "trigger `fine` is created",
        ),
        ("CREATE RULE r AS ON DELETE TO loans DO INSTEAD NOTHING;", "rule `r` is created"),
        (
            "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f();",
            "event trigger `e` is created",
        ),
        ("SELECT 'CREATE TRIGGER t'; -- CREATE TRIGGER t", ""),
        ("DROP TRIGGER fine ON loans;", ""),
    ] {
        assert_eq!(one(Postgres, up), message, "{up}");
    }
    assert_eq!(one(Sqlite, "SELECT 'CREATE TRIGGER t'; DROP TRIGGER fine;"), "");
}

#[test]
fn functions_for_dates_are_told_once_for_each_statement() {
    let told = one(Sqlite, "SELECT strftime('%s', 'now'), date(1), date(2); SELECT unixepoch();");
    let first = "strftime() and date() are known to SQLite alone";
    assert_eq!(told, format!("{first}\nunixepoch() is known to SQLite alone"));
    for up in [
        "SELECT 'now()', CURRENT_TIMESTAMP; -- date()",
        "CREATE TABLE date (a TEXT DEFAULT CURRENT_TIMESTAMP);",
    ] {
        assert_eq!(one(Sqlite, up), "", "{up}");
        assert_eq!(one(Postgres, up), "", "{up}");
    }
    let made = one(Postgres, "CREATE TABLE t (a timestamptz DEFAULT pg_catalog.now());");
    assert_eq!(made, "now() is known to PostgreSQL alone");
    let filled = one(Postgres, "UPDATE t SET a = date_trunc('day', NOW()) WHERE a > age(b);");
    assert_eq!(filled, "date_trunc(), now() and age() are known to PostgreSQL alone");
    assert_eq!(one(Postgres, "SELECT EXTRACT(YEAR FROM a), library.age(b), age FROM t;"), "");
    assert!(one(Postgres, "DO $$ BEGIN UPDATE t SET a = now(); END $$;").contains("now()"));
}

#[test]
fn timestamps_that_do_not_carry_over_are_told_once_for_each_statement() {
    let up = "CREATE TABLE t (a DATETIME, b timestamp(3), c TEXT, d INTEGER, e DATE);";
    let message =
        "SQLite has no type for moments, but declares t.a as DATETIME and t.b as timestamp";
    assert_eq!(one(Sqlite, up), message);
    assert!(one(Sqlite, "ALTER TABLE t ADD COLUMN z TIMESTAMP WITH TIME ZONE;").contains("t.z as"));
    let up = "CREATE TABLE t (a timestamp, b timestamptz, c text, d bigint, e timestamp(3)[]);";
    assert_eq!(one(Postgres, up), "t.a and t.e do not say which time zone is meant");
    let up = "ALTER TABLE t ALTER COLUMN b TYPE timestamp without time zone;";
    assert_eq!(one(Postgres, up), "t.b does not say which time zone is meant");
    assert_eq!(one(Postgres, "SELECT a::timestamp FROM t WHERE b = 'timestamp';"), "");
}

#[test]
fn parameters_are_told_in_both_directions() {
    let told = one(Sqlite, "INSERT INTO t VALUES (?, :name, '?', '$1'); -- ?");
    assert_eq!(told, "? and :name are parameters, which nobody fills here: SQLite takes NULL");
    let down = vec![entry(1, "", "", false), entry(2, "", "UPDATE t SET a = $1;", true)];
    assert_eq!(findings(Sqlite, &strict(), down).len(), 1);
    // What the rule says of the engine.
    let engine = rusqlite::Connection::open_in_memory().unwrap();
    engine.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES ($1);").unwrap();
    let null = engine.query_row("SELECT a IS NULL FROM t", [], |row| row.get::<_, bool>(0));
    assert!(null.unwrap());
}

#[test]
fn foreign_keys_are_told_only_where_the_policy_says_so() {
    let up = "CREATE TABLE loans (a bigint REFERENCES books, b bigint, \
              FOREIGN KEY (b) REFERENCES people (id));";
    let message = "loans refers to books and people by a foreign key";
    assert_eq!(one(Sqlite, up), message);
    assert_eq!(one(Postgres, up), message);
    let add = "ALTER TABLE loans ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES books (id);";
    assert_eq!(one(Postgres, add), "loans refers to books by a foreign key");
    let add = "ALTER TABLE loans ADD COLUMN c bigint REFERENCES shelves (id);";
    for engine in [Sqlite, Postgres] {
        assert_eq!(one(engine, add), "loans refers to shelves by a foreign key");
        for strict in [true, false] {
            let policy = LevelPolicy { strict, ..LevelPolicy::default() };
            assert!(findings(engine, &policy, vec![entry(1, add, "", true)]).is_empty());
        }
    }
    assert_eq!(one(Sqlite, "SELECT 'REFERENCES a'; -- REFERENCES a"), "");
}

#[test]
fn what_a_rebuild_takes_over_is_not_new() {
    let merged = "CREATE TABLE books (id INTEGER PRIMARY KEY);
        CREATE TABLE loans (a DATETIME DEFAULT (datetime('now')), b INTEGER REFERENCES books);
        CREATE TRIGGER fine AFTER INSERT ON loans BEGIN DELETE FROM books; END;";
    let rebuild =
        "CREATE TABLE n (a DATETIME DEFAULT (datetime('now')), b INTEGER REFERENCES books);
        INSERT INTO n SELECT a, b FROM loans; DROP TABLE loans; ALTER TABLE n RENAME TO loans;
        CREATE TRIGGER fine AFTER INSERT ON loans BEGIN DELETE FROM books; END;";
    assert_eq!(told(Sqlite, merged, rebuild), [""; 0]);
    let more = rebuild
        .replace("REFERENCES books", "REFERENCES books, c TIMESTAMP REFERENCES people")
        .replace("'now')", "'now', time('now'))")
        .replace("fine", "fee");
    let found = told(Sqlite, merged, &more).join("\n");
    for part in ["time() is", "n refers to people by", "declares n.c as TIMESTAMP", "`fee` is"] {
        assert!(found.contains(part), "{part}: {found}");
    }
    assert_eq!(found.lines().count(), 4, "{found}");
}
