//! What is told of statements, on whatever server is installed here.

use crate::engine::postgres::{Postgres, tests};
use crate::engine::{Engine as _, Target};
use crate::model::{LockMode, StatementTrace, TransactionMode};

/// A shop's tables, as they stand before the script.
const SHOP: &str = "CREATE SCHEMA shop; SET search_path = shop; \
    CREATE TABLE users (id int PRIMARY KEY, name varchar(20), age int, CHECK (age IS NOT NULL)); \
    CREATE TABLE orders (id int, user_id int, \"Placed on\" date); \
    CREATE TABLE archive (id int, day date) PARTITION BY RANGE (day); \
    CREATE TABLE archive_1 (id int, day date); \
    CREATE VIEW names AS SELECT user_id FROM orders;";

fn shop() -> Option<Box<dyn Target>> {
    tests::binaries()?;
    let mut target = Postgres.sandbox(&tests::spec()).unwrap();
    target.execute(&tests::script(SHOP, TransactionMode::Wrapped)).unwrap();
    Some(target)
}

/// What each statement of a script is told to do, in one line each; taken back afterwards.
fn told_as(target: &mut dyn Target, sql: &str, mode: TransactionMode) -> Vec<String> {
    let checkpoint = target.checkpoint().unwrap();
    let seen = target.execute_traced(&tests::script(sql, mode)).unwrap();
    target.restore(&checkpoint).unwrap();
    seen.iter().map(line).collect()
}

fn told(target: &mut dyn Target, sql: &str) -> Vec<String> {
    told_as(target, &format!("SET search_path = shop; {sql}"), TransactionMode::Wrapped)
        .split_off(1)
}

fn line(seen: &StatementTrace) -> String {
    let strong = seen.locks.iter().filter(|lock| lock.mode > LockMode::RowExclusive);
    let mut words: Vec<String> = strong
        .map(|lock| format!("{} {} +{}", lock.mode.name(), lock.relation, lock.held_for))
        .collect();
    words.extend(seen.rewrites.iter().map(|name| format!("rewrites {name}")));
    words.extend(seen.scans.iter().map(|name| format!("reads {name}")));
    words.join("; ")
}

#[test]
fn every_statement_tells_what_it_locks_writes_anew_and_reads() {
    let Some(mut target) = shop() else { return };
    let users = "ACCESS EXCLUSIVE shop.users +0";
    for (sql, expected) in [
        ("ALTER TABLE users ADD a int DEFAULT 4", users.to_owned()),
        ("ALTER TABLE users ALTER name TYPE text", users.to_owned()),
        ("ALTER TABLE users ALTER age SET NOT NULL", users.to_owned()),
        ("ALTER TABLE users ALTER name SET NOT NULL", format!("{users}; reads shop.users")),
        ("ALTER TABLE users ADD CHECK (id > 0)", format!("{users}; reads shop.users")),
        ("ALTER TABLE users ADD CHECK (id > 0) NOT VALID", users.to_owned()),
        ("ALTER TABLE users ADD UNIQUE (name)", format!("{users}; reads shop.users")),
        (
            "ALTER TABLE users ALTER id TYPE bigint",
            format!("{users}; rewrites shop.users; reads shop.users"),
        ),
        (
            "ALTER TABLE users ADD key uuid DEFAULT gen_random_uuid()",
            format!("{users}; rewrites shop.users; reads shop.users"),
        ),
        (
            "ALTER TABLE users SET UNLOGGED",
            format!("{users}; rewrites shop.users; reads shop.users"),
        ),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users",
            "SHARE ROW EXCLUSIVE shop.orders +0; SHARE ROW EXCLUSIVE shop.users +0; reads \
             shop.orders"
                .into(),
        ),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID",
            "SHARE ROW EXCLUSIVE shop.orders +0; SHARE ROW EXCLUSIVE shop.users +0".into(),
        ),
        (
            "ALTER TABLE archive ATTACH PARTITION archive_1 FOR VALUES FROM ('2020-01-01') TO \
             ('2021-01-01')",
            "SHARE UPDATE EXCLUSIVE shop.archive +0; ACCESS EXCLUSIVE shop.archive_1 +0; reads \
             shop.archive_1"
                .into(),
        ),
        (
            "CREATE INDEX ON orders (\"Placed on\")",
            "SHARE shop.orders +0; reads shop.orders".into(),
        ),
        ("CREATE TABLE notes (u int REFERENCES users)", "SHARE ROW EXCLUSIVE shop.users +0".into()),
        (
            "REINDEX INDEX users_pkey",
            "SHARE shop.users +0; ACCESS EXCLUSIVE shop.users_pkey +0; rewrites shop.users_pkey; \
             reads shop.users"
                .into(),
        ),
        ("DROP TABLE orders CASCADE", String::new()),
        ("UPDATE orders SET id = 1", "reads shop.orders".into()),
        ("UPDATE users SET age = 1 WHERE id = 3", String::new()),
        ("INSERT INTO orders VALUES (1, 2)", String::new()),
        (
            "CREATE OR REPLACE VIEW names AS SELECT user_id FROM orders",
            "ACCESS EXCLUSIVE shop.names +0".into(),
        ),
    ] {
        assert_eq!(told(&mut *target, sql), [expected], "{sql}");
    }
    let emptied = told(&mut *target, "TRUNCATE users");
    assert!(!emptied[0].contains("rewrites"), "{emptied:?}");
}

#[test]
fn a_lock_is_held_to_the_end_of_its_transaction() {
    let Some(mut target) = shop() else { return };
    let sql = "ALTER TABLE orders ADD a int; SELECT 1; UPDATE orders SET a = 1; COMMIT; \
               CREATE INDEX ON orders (a);";
    let expected =
        ["ACCESS EXCLUSIVE shop.orders +2", "", "reads shop.orders", "", ""].map(String::from);
    // What comes after the tool's transaction runs by itself, and is not looked at.
    assert_eq!(told(&mut *target, sql), expected);
    let given_back = "SAVEPOINT s; LOCK TABLE orders; SELECT 1; ROLLBACK TO s; SELECT 2; \
                      LOCK TABLE orders IN SHARE MODE; LOCK TABLE orders; SELECT 3";
    let seen = told(&mut *target, given_back);
    // The statement that gives it back still meets it.
    assert_eq!(seen[1], "ACCESS EXCLUSIVE shop.orders +2");
    assert_eq!(seen[5..7], ["SHARE shop.orders +2", "ACCESS EXCLUSIVE shop.orders +1"]);
}

#[test]
fn outside_a_transaction_every_statement_stands_alone() {
    let Some(mut target) = shop() else { return };
    let mut bare = |sql: &str| told_as(&mut *target, sql, TransactionMode::Bare);
    assert_eq!(
        bare(
            "ALTER TABLE shop.orders ADD a int; CREATE INDEX ON shop.orders (a); CREATE INDEX \
              CONCURRENTLY ON shop.orders (id); VACUUM FULL shop.users; REINDEX TABLE shop.users"
        ),
        [
            "ACCESS EXCLUSIVE shop.orders +0",
            "SHARE shop.orders +0; reads shop.orders",
            "",
            "rewrites shop.users",
            "rewrites shop.users_pkey",
        ]
    );
    assert_eq!(
        bare(
            "SELECT 1; BEGIN; ALTER TABLE shop.orders ADD a int; UPDATE shop.orders SET a = 1; \
              COMMIT; UPDATE shop.orders SET a = 1;"
        ),
        ["", "", "ACCESS EXCLUSIVE shop.orders +1", "reads shop.orders", "", ""]
    );
}

#[test]
fn looking_changes_nothing() {
    let Some(mut target) = shop() else { return };
    let hostile = [
        // It must be the first of its transaction.
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ALTER TABLE shop.users ADD a int",
        "SET \"transaction_isolation\" = 'serializable'; ALTER TABLE shop.users ADD a int",
        "PREPARE p AS SELECT 1; DEALLOCATE ALL; ALTER TABLE shop.users ADD a int",
        "CREATE ROLE weak; REVOKE ALL ON pg_catalog.pg_class FROM public; SET ROLE weak; SELECT 1",
        "SET search_path = shop; CREATE FUNCTION shop.no(oid, oid) RETURNS bool LANGUAGE sql AS \
         'SELECT 1/0 = 1'; CREATE OPERATOR shop.= (function = shop.no, leftarg = oid, rightarg = \
         oid); SET search_path = shop, pg_catalog; ALTER TABLE users ADD a int",
        "SET statement_timeout = 1; SELECT 1",
        "DECLARE c CURSOR FOR SELECT 1; FETCH c; ALTER TABLE shop.users ADD a int; CLOSE c",
        "COMMIT AND CHAIN; ALTER TABLE shop.users ADD a int; ALTER TABLE shop.users DROP a",
    ];
    let before = target.checkpoint().unwrap();
    for sql in hostile {
        let script = tests::script(sql, TransactionMode::Wrapped);
        target.execute(&script).unwrap();
        let untraced = target.snapshot().unwrap();
        target.restore(&before).unwrap();
        target.execute_traced(&script).unwrap();
        assert_eq!(target.snapshot().unwrap(), untraced, "{sql}");
        target.restore(&before).unwrap();
    }
    for sql in ["SELECT 1/0; SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid()); SELECT 1"] {
        let script = tests::script(sql, TransactionMode::Wrapped);
        target.execute_traced(&script).unwrap_err();
        target.restore(&before).unwrap();
    }
    // Later scripts are looked at all the same.
    assert_eq!(told(&mut *target, "LOCK TABLE users"), ["ACCESS EXCLUSIVE shop.users +0"]);
}
