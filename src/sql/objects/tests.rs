use super::super::tests::script;
use super::*;

fn read(sql: &str, engine: EngineKind) -> Vec<String> {
    let touched = touched_objects(&script(sql), engine);
    touched.iter().map(line).collect()
}

fn line(touch: &Touched) -> String {
    let guarded = if touch.guarded { " guarded" } else { "" };
    format!("{:?} {}{guarded}", touch.action, touch.words())
}

fn postgres(sql: &str) -> Vec<String> {
    read(sql, EngineKind::Postgres)
}

fn net_of(sql: &str) -> Vec<String> {
    net_effects(&touched_objects(&script(sql), EngineKind::Sqlite)).iter().map(line).collect()
}

#[test]
fn objects_are_named_as_the_engine_folds_them() {
    assert_eq!(
        postgres("CREATE TABLE IF NOT EXISTS public.Users (id int); DROP VIEW app.\"V\"\"x\", b;"),
        ["Create table `users` guarded", "Drop view `app.V\"x`", "Drop view `b`"]
    );
    assert_eq!(
        read("DROP TABLE [My Users]; DROP TABLE `T`; DROP TABLE \"T\"", EngineKind::Sqlite),
        ["Drop table `my users`", "Drop table `t`", "Drop table `t`"]
    );
}

#[test]
fn each_action_of_alter_table_is_read() {
    assert_eq!(
        postgres(
            "ALTER TABLE ONLY t ADD COLUMN IF NOT EXISTS a numeric(3, 2) DEFAULT f(1, 2), ADD b int \
             REFERENCES o (id), DROP COLUMN c, ALTER COLUMN d TYPE text, ADD CONSTRAINT k CHECK (a > 0), \
             ADD UNIQUE (a), DROP CONSTRAINT IF EXISTS l, ENABLE ROW LEVEL SECURITY"
        ),
        [
            "Create column `t.a` guarded",
            "Create column `t.b`",
            "Use table `o`",
            "Drop column `t.c`",
            "Alter column `t.d`",
            "Create constraint `k on t`",
            "Alter table `t`",
            "Drop constraint `l on t` guarded",
            "Alter table `t`",
        ]
    );
    assert_eq!(
        postgres("ALTER TABLE s.t RENAME TO u; ALTER TABLE t RENAME a TO b"),
        ["Drop table `s.t`", "Create table `s.u`", "Drop column `t.a`", "Create column `t.b`"]
    );
}

#[test]
fn indexes_triggers_and_types_are_read() {
    assert_eq!(
        postgres("CREATE UNIQUE INDEX CONCURRENTLY i ON t USING btree (lower(a), b DESC, c)"),
        ["Create index `i`", "Use table `t`", "Use column `t.b`", "Use column `t.c`"]
    );
    assert_eq!(
        postgres("CREATE INDEX ON t (a) WHERE b > 0"),
        ["Use table `t`", "Use column `t.a`"]
    );
    let trigger = "CREATE TRIGGER g AFTER UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f()";
    assert_eq!(postgres(trigger), ["Create trigger `g on t`"]);
    assert_eq!(read("DROP TRIGGER g", EngineKind::Sqlite), ["Drop trigger `g`"]);
    assert_eq!(
        postgres("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'so so' AFTER 'sad'"),
        ["Create value 'so so' of type `mood` guarded"]
    );
    assert_eq!(
        postgres("CREATE OR REPLACE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS ''"),
        ["Create function `f` guarded"]
    );
    assert_eq!(
        postgres("DROP FUNCTION f(int, int), g"),
        ["Drop function `f`", "Drop function `g`"]
    );
}

#[test]
fn rows_and_references_need_their_table() {
    assert_eq!(
        postgres("INSERT INTO a VALUES (1); UPDATE ONLY b SET x = 1; DELETE FROM c; TRUNCATE d"),
        ["Use table `a`", "Use table `b`", "Use table `c`", "Use table `d`"]
    );
    assert_eq!(
        postgres("CREATE TABLE t (a int REFERENCES o, FOREIGN KEY (a) REFERENCES p (id))"),
        ["Create table `t`", "Use table `o`", "Use table `p`"]
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    for sql in
        ["", "CREATE", "CREATE TABLE", "ALTER TABLE (", "DROP INDEX ,", "DO $$ DROP TABLE t $$"]
    {
        assert!(postgres(sql).is_empty(), "{sql}: {:?}", postgres(sql));
    }
    assert!(postgres("CREATE TEMP TABLE t (a int)").is_empty());
    assert!(postgres("CREATE INDEX i ON `").len() <= 1);
}

#[test]
fn net_effects_forget_what_does_not_stay() {
    assert_eq!(
        net_of(
            "CREATE TABLE t_new (a); INSERT INTO t_new SELECT a FROM t; DROP TABLE t; \
             ALTER TABLE t_new RENAME TO t; CREATE INDEX i ON t (a)"
        ),
        ["Replace table `t`", "Create index `i`"]
    );
    assert_eq!(
        net_of("CREATE TABLE t (a); ALTER TABLE t ADD COLUMN b; INSERT INTO u VALUES (1)"),
        ["Create table `t`", "Use table `u`"]
    );
    assert_eq!(net_of("ALTER TABLE t ADD COLUMN a; ALTER TABLE t DROP COLUMN a"), [""; 0]);
}
