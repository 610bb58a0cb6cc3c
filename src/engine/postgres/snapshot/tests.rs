use std::sync::Arc;

use super::super::target::Sandbox;
use super::super::tests::{binaries, own, script, spec};
use crate::engine::{Target as _, Work};
use crate::model::TransactionMode;

fn sandbox() -> Option<Sandbox> {
    let binaries = binaries()?;
    Some(Sandbox::new(Box::new(own(&binaries)), Vec::new(), &spec()).unwrap())
}

fn run(sandbox: &mut Sandbox, sql: &str) {
    let ran = sandbox.execute(&script(sql, TransactionMode::Wrapped));
    ran.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// Each changes what something else is described by, or little enough to be overlooked.
const STEPS: &[&str] = &[
    "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN age AS int CHECK (VALUE > 0)",
    "CREATE TABLE a (id serial PRIMARY KEY, x text DEFAULT 'n', y text, m mood DEFAULT 'ok', z age)",
    "CREATE TABLE b (id int REFERENCES a (id), y text, CHECK (y <> '')); CREATE TABLE lone (i int)",
    "CREATE UNIQUE INDEX ON a (x); ALTER TABLE b ADD CONSTRAINT k FOREIGN KEY (y) REFERENCES a (x)",
    "ALTER TABLE a RENAME x TO w",
    "ALTER TABLE a RENAME w TO t; ALTER TABLE a RENAME y TO w; ALTER TABLE a RENAME t TO y",
    "ALTER TABLE a RENAME TO aa; ALTER TABLE b RENAME TO a; ALTER TABLE aa RENAME TO b",
    "ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b",
    "ALTER TYPE mood RENAME VALUE 'ok' TO 'well'",
    "ALTER TYPE mood RENAME TO humour",
    "ALTER TYPE humour ADD VALUE 'glad' BEFORE 'sad'",
    "ALTER SEQUENCE a_id_seq RENAME TO numbers",
    "ALTER SEQUENCE numbers OWNED BY NONE",
    "ALTER SEQUENCE numbers OWNED BY b.id",
    "COMMENT ON COLUMN a.y IS 'said'",
    "ALTER TABLE a DROP m; ALTER TABLE b DROP CONSTRAINT k; ALTER TABLE b ADD CONSTRAINT k \
       FOREIGN KEY (y) REFERENCES a (y); CREATE TABLE d (n text UNIQUE); \
     CREATE TABLE e (n text REFERENCES d (n)); CREATE TABLE u (g text, h text UNIQUE); \
     CREATE TABLE w (h text REFERENCES u (h))",
    "ALTER TABLE d RENAME n TO o; ALTER TABLE d ADD n int; \
     ALTER TABLE u DROP g; ALTER TABLE u RENAME h TO g",
    "COMMENT ON CONSTRAINT k ON b IS 'said'",
    "COMMENT ON INDEX a_pkey IS 'said'",
    "CREATE VIEW v AS SELECT a.id, b.y FROM a JOIN b USING (id)",
    "ALTER TABLE b ADD more int; ALTER TABLE a ADD more int",
    "CREATE RULE r AS ON INSERT TO lone WHERE EXISTS (SELECT FROM a JOIN b USING (id)) DO NOTHING",
    "ALTER TABLE a ADD other int; ALTER TABLE b ADD other int",
    "ALTER TABLE a DROP more; ALTER TABLE a RENAME y TO more; ALTER TABLE a RENAME more TO y",
    "CREATE TABLE one (i int); CREATE TABLE two (i int); CREATE FUNCTION of_one(one) RETURNS int \
       LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN counted AS int DEFAULT nextval('numbers')",
    "ALTER TABLE one RENAME TO three; ALTER TABLE two RENAME TO one; ALTER TABLE three RENAME TO two",
    "ALTER SEQUENCE numbers RENAME TO numerals",
    "CREATE POLICY p ON lone USING (i IN (SELECT id FROM a JOIN b USING (id)))",
    "ALTER TABLE a ADD third int; ALTER TABLE b ADD third int; ALTER TABLE lone ENABLE ROW LEVEL SECURITY",
    "CREATE ROLE somebody; GRANT SELECT ON lone TO somebody; GRANT UPDATE (i) ON lone TO somebody",
    "ALTER ROLE somebody RENAME TO nobody_else",
    "ALTER TABLE lone OWNER TO nobody_else; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO nobody_else",
    "ALTER ROLE nobody_else SET work_mem = '8MB'",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
     CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
     COMMENT ON TRIGGER g ON a IS 'said'",
    "ALTER FUNCTION f() RENAME TO h; ALTER FUNCTION g() RENAME TO f; ALTER FUNCTION h() RENAME TO g",
    "CREATE OR REPLACE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "ALTER FUNCTION f() RENAME TO ff",
    "ALTER FUNCTION g() RENAME TO gg; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE a DISABLE TRIGGER g",
    "ALTER TABLE a DISABLE TRIGGER ALL",
    "ALTER INDEX a_pkey SET (fillfactor = 70); ALTER INDEX a_x_idx RENAME TO a_i",
    "ALTER TABLE a SET (toast.autovacuum_enabled = off)",
    "CREATE TABLE parts (i int, t text) PARTITION BY RANGE (i); CREATE TABLE part (i int, t text)",
    "ALTER TABLE parts ATTACH PARTITION part FOR VALUES FROM (0) TO (9)",
    "ALTER TABLE parts RENAME TO pieces",
    "CREATE SCHEMA s; ALTER TABLE lone SET SCHEMA s",
    "ALTER SCHEMA s RENAME TO \"S\"",
    "CREATE TYPE pair AS (one int, two humour); CREATE TABLE holds (h pair, a a)",
    "ALTER TYPE pair ADD ATTRIBUTE three text; GRANT USAGE ON TYPE pair TO nobody_else",
    "CREATE STATISTICS st ON y, w FROM a; CREATE FUNCTION of_a(a) RETURNS SETOF a LANGUAGE sql \
       AS 'SELECT $1'; ALTER FUNCTION of_a OWNER TO nobody_else",
    "ALTER TABLE a RENAME w TO ww",
    "ALTER TABLE a RENAME TO aaa",
    "ALTER ROLE nobody_else RENAME TO somebody_else",
    "CREATE ROLE other",
    "ALTER ROLE other RENAME TO third; ALTER ROLE somebody_else RENAME TO other; \
     ALTER ROLE third RENAME TO somebody_else",
    "ALTER TABLE aaa RENAME TO a",
    "CREATE DOMAIN few AS int CONSTRAINT much CHECK (VALUE < 9); \
     COMMENT ON CONSTRAINT much ON DOMAIN few IS 'said'",
    "COMMENT ON CONSTRAINT much ON DOMAIN few IS 'said again'",
    "COMMENT ON EXTENSION plpgsql IS 'said'",
    "CREATE TABLE uses (t text DEFAULT lower('A'), CHECK (upper(t) <> ''))",
    "ALTER FUNCTION pg_catalog.lower(text) RENAME TO lower_case",
    "CREATE FUNCTION owned() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
     ALTER TABLE uses ADD n int DEFAULT owned(); CREATE TYPE kept AS ENUM ('k')",
    "ALTER EXTENSION plpgsql ADD FUNCTION owned()",
    "ALTER FUNCTION owned() RENAME TO own",
    "ALTER TABLE uses ADD k kept; ALTER EXTENSION plpgsql ADD TYPE kept",
    "ALTER TYPE kept SET SCHEMA pg_catalog",
    "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq); \
     ALTER TABLE holds ADD n int CHECK (n OPERATOR(public.===) 1)",
    "ALTER TABLE a CLUSTER ON a_pkey; ALTER TABLE a REPLICA IDENTITY USING INDEX a_pkey",
    "CREATE TEMP TABLE a (i int); INSERT INTO pg_temp.a VALUES (1)",
    "DROP VIEW v; DROP INDEX a_i CASCADE",
    "DROP TABLE b CASCADE; DROP TYPE humour CASCADE",
];

#[test]
fn what_is_remembered_reads_like_what_is_read_anew() {
    let Some(mut sandbox) = sandbox() else { return };
    sandbox.snapshot().unwrap();
    for sql in STEPS {
        let inside = sandbox.rehearse(Work::Sql(&script(sql, TransactionMode::Wrapped)));
        run(&mut sandbox, sql);
        let remembered = sandbox.snapshot().unwrap();
        sandbox.catalog.forget();
        let anew = sandbox.snapshot().unwrap();
        assert!(remembered == anew, "after {sql}: {:?}", remembered.diff(&anew));
        let inside = inside.unwrap().unwrap();
        assert!(inside == anew, "inside, after {sql}: {:?}", inside.diff(&anew));
    }
}

#[test]
fn what_nobody_wrote_is_not_read_again() {
    let Some(mut sandbox) = sandbox() else { return };
    for table in ["a", "b", "c", "d", "e"] {
        run(&mut sandbox, &format!("CREATE TABLE {table} (i int)"));
    }
    sandbox.snapshot().unwrap();
    let before = sandbox.catalog.known.relations.clone();
    run(&mut sandbox, "ALTER TABLE b ADD j int; CREATE TABLE f (i int)");
    sandbox.snapshot().unwrap();
    let after = &sandbox.catalog.known.relations;
    let stays = before.iter().filter(|(oid, old)| Arc::ptr_eq(old, &after[oid]));
    assert_eq!((before.len(), after.len(), stays.count()), (5, 6, 4));
}
