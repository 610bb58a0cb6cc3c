//! What the rules know that a linter of single files does not.

use crate::catalog::{Entry, SetCatalog};
use crate::model::{Class, EngineKind, Finding, Level, Location, RepoPath, TransactionMode};
use crate::rules::{CatalogCx, LevelPolicy, check_catalog, testing};

/// A set in the making.
struct Set {
    entries: Vec<Entry>,
    transaction: TransactionMode,
}

impl Set {
    /// On a history that makes `loans`.
    fn new(transaction: TransactionMode) -> Self {
        let set = Self { entries: Vec::new(), transaction };
        set.migration("CREATE TABLE loans (id bigint PRIMARY KEY, note text);", "", false)
    }

    fn migration(mut self, up: &str, down: &str, added: bool) -> Self {
        let number = self.entries.len() + 1;
        self.entries.push(testing::entry(number, up, down, added, self.transaction));
        self
    }

    /// A migration of the change.
    fn adds(self, up: &str) -> Self {
        self.migration(up, "", true)
    }

    fn class(mut self, class: Class) -> Self {
        let entry = self.entries.last_mut().unwrap();
        let location = Location::file(RepoPath::new("m.json").unwrap());
        entry.declared.class = Some((class, location));
        self
    }

    fn findings(self, all: bool) -> Vec<Finding> {
        let catalog = SetCatalog::of(testing::info(EngineKind::Postgres), self.entries);
        let terms = testing::terms();
        let cx = CatalogCx { catalog: &catalog, restores: false, terms: &terms };
        let mut found = check_catalog(&cx, all, &LevelPolicy::default());
        found.retain(|one| one.rule.starts_with("sql/") && one.level != Level::Off);
        found
    }

    fn rules(self) -> Vec<&'static str> {
        self.findings(false).iter().map(|finding| finding.rule).collect()
    }
}

fn wrapped() -> Set {
    Set::new(TransactionMode::Wrapped)
}

const INDEX: &str = "CREATE INDEX by_note ON loans (note);";

#[test]
fn what_the_change_makes_is_nobodys_yet() {
    assert_eq!(wrapped().adds(INDEX).rules(), ["sql/require-concurrent-index-creation"]);
    let make = "CREATE TABLE fines (id bigint); ";
    let index = "CREATE INDEX by_id ON fines (id);";
    assert!(wrapped().adds(&format!("{make}{index}")).rules().is_empty());
    assert!(wrapped().adds(make).adds(index).rules().is_empty());
    assert!(Set::new(TransactionMode::Bare).adds(make).adds(index).rules().is_empty());
    // Later in the script is too late.
    assert_eq!(wrapped().adds(&format!("{index}{make}")).rules().len(), 1);
}

#[test]
fn a_table_that_stands_is_not_made_new_by_saying_so() {
    for pretence in [
        "CREATE TABLE IF NOT EXISTS loans (id bigint);",
        "CREATE TABLE other.loans (id bigint);",
        "CREATE FUNCTION loans() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "-- CREATE TABLE loans (id bigint);\n",
        "SELECT 'CREATE TABLE loans (id bigint);';",
    ] {
        let rules = wrapped().adds(&format!("{pretence}{INDEX}")).rules();
        assert_eq!(rules, ["sql/require-concurrent-index-creation"], "{pretence}");
    }
}

#[test]
fn comments_cannot_silence_anything() {
    for order in [
        "-- squawk-ignore-file\n",
        "/* squawk-ignore-file */ ",
        "-- squawk-ignore require-concurrent-index-creation\n",
        "DO $$ BEGIN -- squawk-ignore-file\n END $$;",
    ] {
        assert_eq!(wrapped().adds(&format!("{order}{INDEX}")).rules().len(), 1, "{order}");
    }
    let order = "-- squawk-disable-assume-in-transaction\n";
    let index = "CREATE INDEX CONCURRENTLY a ON loans (note); SELECT 1;";
    let rules = wrapped().adds(&format!("{order}{index}")).rules();
    assert_eq!(rules, ["sql/ban-concurrent-index-creation-in-transaction"]);
}

#[test]
fn a_block_hides_nothing() {
    let block = format!("DO $$ BEGIN IF true THEN {INDEX} END IF; END $$;");
    let found = wrapped().adds(&block).findings(false);
    assert_eq!(found.len(), 1);
    let span = found[0].location.span.unwrap();
    assert_eq!(&block[span.start..span.end], INDEX);
}

#[test]
fn the_way_the_tool_wraps_a_script_counts() {
    let two = "CREATE INDEX CONCURRENTLY a ON loans (note); SELECT 1;";
    let rule = "sql/ban-concurrent-index-creation-in-transaction";
    assert_eq!(Set::new(TransactionMode::SingleBatch).adds(two).rules(), [rule]);
    assert!(Set::new(TransactionMode::Bare).adds(two).rules().is_empty());
    let both = "ALTER TYPE mood ADD VALUE 'x'; UPDATE loans SET note = 'x' WHERE id = 1;";
    let rule = "sql/enum-value-used-in-same-transaction";
    assert_eq!(wrapped().adds(both).rules(), [rule]);
    assert!(Set::new(TransactionMode::Bare).adds(both).rules().is_empty());
}

#[test]
fn a_down_is_judged_for_what_cannot_work_only() {
    let down = "ALTER TABLE loans DROP COLUMN note; DELETE FROM loans; DROP TABLE loans;";
    assert!(wrapped().migration("SELECT 1;", down, true).rules().is_empty());
    let down = "CREATE INDEX CONCURRENTLY a ON loans (note); SELECT 1;";
    let rules = wrapped().migration("SELECT 1;", down, true).rules();
    assert_eq!(rules, ["sql/ban-concurrent-index-creation-in-transaction"]);
}

#[test]
fn the_declared_class_says_what_is_in_order() {
    let drop = "ALTER TABLE loans DROP COLUMN note;";
    assert_eq!(wrapped().adds(drop).rules(), ["sql/ban-drop-column"]);
    assert!(wrapped().adds(drop).class(Class::PostDeploy).rules().is_empty());
    let update = "UPDATE loans SET note = '';";
    assert_eq!(wrapped().adds(update).rules(), ["sql/update-without-where"]);
    assert!(wrapped().adds(update).class(Class::ManualBackfill).rules().is_empty());
}

#[test]
fn what_the_change_makes_anew_is_not_gone() {
    let base = || wrapped().migration("CREATE VIEW late AS SELECT 1;", "", false);
    let (drop, make) = ("DROP VIEW late;", "CREATE VIEW late AS SELECT 2;");
    assert_eq!(base().adds(drop).rules(), ["sql/ban-drop-view"]);
    assert!(base().adds(&format!("{drop}{make}")).rules().is_empty());
    assert!(base().adds(drop).adds(make).rules().is_empty());
    let table = "DROP TABLE loans; CREATE TABLE loans (id bigint);";
    assert_eq!(wrapped().adds(table).rules(), ["sql/ban-drop-table"]);
}

#[test]
fn the_history_is_judged_only_where_everything_is() {
    let set = || wrapped().migration(INDEX, "", false);
    assert!(set().findings(false).is_empty());
    assert_eq!(set().findings(true).len(), 1);
}

#[test]
fn an_index_anywhere_in_the_history_serves_a_foreign_key() {
    let key =
        "ALTER TABLE loans ADD CONSTRAINT k FOREIGN KEY (note) REFERENCES notes (t) NOT VALID;";
    let rule = "sql/foreign-key-without-index";
    assert_eq!(wrapped().adds(key).rules(), [rule]);
    assert!(wrapped().migration(INDEX, "", false).adds(key).rules().is_empty());
    let gone = wrapped().migration(INDEX, "", false).migration("DROP INDEX by_note;", "", false);
    assert_eq!(gone.adds(key).rules(), [rule]);
    let partial = "CREATE INDEX p ON loans (note) WHERE note <> '';";
    assert_eq!(wrapped().migration(partial, "", false).adds(key).rules(), [rule]);
    let later = "CREATE INDEX CONCURRENTLY late ON loans (note);";
    assert!(Set::new(TransactionMode::Bare).adds(key).adds(later).rules().is_empty());
}

fn function(name: &str, body: &str) -> String {
    format!("CREATE FUNCTION {name} RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body} END $$;")
}

#[test]
fn what_a_called_function_runs_is_found_at_the_call() {
    let tidy = function("tidy()", "IF true THEN UPDATE loans SET note = ''; END IF;");
    let set = || wrapped().migration(&tidy, "", false);
    assert!(wrapped().adds(&tidy).rules().is_empty());
    for call in ["SELECT tidy();", "SELECT * FROM public.tidy();", "SELECT 1, Tidy() AS x;"] {
        let up = format!("SELECT 1;\n{call}\nDROP TYPE mood;");
        let found = set().adds(&up).findings(false);
        let rules: Vec<&str> = found.iter().map(|one| one.rule).collect();
        assert_eq!(rules, ["sql/ban-drop-type", "sql/update-without-where"], "{call}");
        let shown = |at: usize| {
            let span = found[at].location.span.unwrap();
            &up[span.start..span.end]
        };
        assert_eq!((shown(0), shown(1)), ("DROP TYPE mood;", call));
        let message = "this UPDATE writes every row of loans (in tidy(), called here)";
        assert_eq!(found[1].message, message);
        assert_eq!(found[1].details, ["tidy() of 2.up.sql runs: UPDATE loans SET note = '';"]);
        let inner = found[1].also[0].span.unwrap();
        assert_eq!(&tidy[inner.start..inner.end], "UPDATE loans SET note = '';");
    }
    let block = "DO $$ BEGIN PERFORM tidy(); END $$;";
    let found = set().adds(block).findings(false);
    let span = found[0].location.span.unwrap();
    assert_eq!(&block[span.start..span.end], "PERFORM tidy();");
    assert!(set().adds("SELECT tidy(1); SELECT other.tidy(); SELECT 'tidy()';").rules().is_empty());
    assert!(set().adds("CREATE VIEW v AS SELECT tidy();").rules().is_empty());
    assert!(set().migration("SELECT 1;", "SELECT tidy();", true).rules().is_empty());
}

#[test]
fn the_newest_function_before_the_call_counts() {
    let (bad, good) = (function("f()", "DELETE FROM loans;"), function("f()", "NULL;"));
    let rule = "sql/delete-without-where";
    let set = |first: &str, then: &str| wrapped().migration(first, "", false).adds(then).rules();
    assert_eq!(set(&good, &format!("{bad} SELECT f(); SELECT f();")), [rule]);
    assert!(set(&bad, &format!("{good} SELECT f();")).is_empty());
    assert!(set(&good, &format!("SELECT f(); {bad}")).is_empty());
}

#[test]
fn calls_inside_functions_are_followed_but_not_for_ever() {
    let chain = |length: usize| {
        let mut sql = function("f0()", "DELETE FROM loans; PERFORM f0();");
        for at in 1..length {
            let body = format!("PERFORM f{}();", at - 1);
            sql.push_str(&function(&format!("f{at}()"), &body));
        }
        wrapped().migration(&sql, "", false).adds(&format!("SELECT f{}();", length - 1)).rules()
    };
    assert_eq!(chain(1), ["sql/delete-without-where"]);
    assert_eq!(chain(4), ["sql/delete-without-where"]);
    assert_eq!(chain(5), ["sql/dynamic-sql"]);
}

#[test]
fn bodies_of_every_kind_are_read() {
    let rule = "sql/ban-drop-column";
    let drop = "ALTER TABLE loans DROP COLUMN note";
    for (define, call) in [
        (format!("CREATE PROCEDURE p(a int, b int = 1) LANGUAGE sql AS '{drop}'"), "CALL p(1);"),
        (
            format!("CREATE PROCEDURE p() AS $a$BEGIN -- x\n {drop}; END$a$ LANGUAGE plpgsql"),
            "CALL p();",
        ),
    ] {
        assert_eq!(wrapped().adds(&format!("{define}; {call}")).rules(), [rule], "{define}");
    }
    let atomic = "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM loans; END;";
    assert!(wrapped().adds(atomic).rules().is_empty());
    let rules = wrapped().adds(&format!("{atomic} SELECT f();")).rules();
    assert_eq!(rules, ["sql/delete-without-where"]);
    let returns = function("g()", "RETURN QUERY DELETE FROM loans RETURNING id;");
    let rules = wrapped().adds(&format!("{returns} SELECT g();")).rules();
    assert_eq!(rules, ["sql/delete-without-where"]);
}

#[test]
fn what_a_function_puts_together_cannot_be_read() {
    for body in ["EXECUTE 'DROP TABLE loans';", "FOR a IN EXECUTE 'SELECT 1' LOOP NULL; END LOOP;"]
    {
        let define = function("f()", body);
        assert!(wrapped().adds(&define).rules().is_empty());
        let up = format!("{define} SELECT f();");
        assert_eq!(wrapped().adds(&up).rules(), ["sql/dynamic-sql"], "{body}");
    }
    let python = "CREATE FUNCTION f() RETURNS void LANGUAGE plpython3u AS 'pass'; SELECT f();";
    assert_eq!(wrapped().adds(python).rules(), ["sql/dynamic-sql"]);
}

#[test]
fn a_variable_is_no_table() {
    let block = "DO $$ DECLARE loans int; BEGIN SELECT 1 INTO loans; TRUNCATE loans; END $$;";
    assert_eq!(wrapped().adds(block).rules(), ["sql/truncate"]);
    let one = "UPDATE loans SET note = '' WHERE id = which;";
    let define = function("f(which bigint)", one);
    let up = format!("{define} SELECT f(7); ALTER TABLE loans ADD COLUMN a text;");
    assert!(wrapped().adds(&up).class(Class::Online).rules().is_empty());
}

#[test]
fn a_setting_that_is_put_back_does_not_leak() {
    let rules = |sql: &str| wrapped().adds(sql).rules();
    assert_eq!(rules("SET search_path = a; SELECT 1;"), ["sql/set-without-local"]);
    assert_eq!(rules("SET ROLE admin;"), ["sql/set-without-local"]);
    let config = |local: &str| format!("SELECT pg_catalog.set_config('search_path', '', {local});");
    assert_eq!(rules(&config("false")), ["sql/set-without-local"]);
    assert_eq!(
        rules(&format!("DO $$BEGIN {} END$$;", config("false").replace("SELECT", "PERFORM"))),
        ["sql/set-without-local"]
    );
    assert!(rules(&config("true")).is_empty());
    assert!(rules(&format!("{} RESET search_path;", config("false"))).is_empty());
    assert!(rules("SELECT set_config('lock_timeout', '1s', false);").is_empty());
    assert!(rules("SET search_path = a; RESET search_path;").is_empty());
    assert!(rules("SET LOCAL search_path = a; SET lock_timeout = '1s';").is_empty());
    assert!(rules("SET ROLE admin; RESET ROLE;").is_empty());
}

#[test]
fn a_reference_of_a_column_that_is_null_everywhere_is_not_checked() {
    const RULE: &str = "sql/adding-foreign-key-constraint";
    const INDEX: &str = "sql/foreign-key-without-index";
    let made = "CREATE TABLE towns (id bigint PRIMARY KEY); CREATE TABLE members (id bigint);";
    let rules = |up: &str| wrapped().migration(made, "SELECT 1;", false).adds(up).rules();
    let column = "ALTER TABLE members ADD COLUMN town bigint";
    assert_eq!(rules(&format!("{column} REFERENCES towns (id);")), [INDEX]);
    assert!(rules(&format!("{column} DEFAULT 1 REFERENCES towns (id);")).contains(&RULE));
    assert!(
        rules("ALTER TABLE members ADD FOREIGN KEY (id) REFERENCES towns (id);").contains(&RULE)
    );
}
