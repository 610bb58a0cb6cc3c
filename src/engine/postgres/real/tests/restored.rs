//! Copies, and the way back to them.

use super::*;

/// Something of every kind that a database holds.
const EVERYTHING: &str = include_str!("everything.sql");

/// What nobody who wants it back would do: it takes away, changes and adds.
const HAVOC: &str = include_str!("havoc.sql");

/// What the catalog's snapshot does not say: the rows, the sequences, the large objects.
fn contents(real: &mut Real) -> Vec<TextRow> {
    let tables = real
        .read(
            "SELECT format('SELECT %L, t::text FROM %I.%I t ORDER BY 2', c.oid::regclass, \
             n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname !~ '^pg_' \
             AND n.nspname <> 'information_schema' ORDER BY 1",
        )
        .unwrap();
    let mut queries: Vec<String> = tables.into_iter().flatten().flatten().collect();
    queries.extend([
        "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2".into(),
        "SELECT oid, lomacl::text, encode(lo_get(oid), 'hex') FROM pg_largeobject_metadata \
         ORDER BY 1"
            .into(),
        "SELECT pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, \
         defaclacl::text FROM pg_default_acl ORDER BY 1, 2, 3"
            .into(),
        "SELECT nspname, pg_get_userbyid(nspowner), obj_description(oid, 'pg_namespace'), \
         (SELECT string_agg(g::text, ' ' ORDER BY g::text) FROM aclexplode(nspacl) g) \
         FROM pg_namespace WHERE nspname = 'public'"
            .into(),
        "SELECT evtname, evtevent, evttags::text FROM pg_event_trigger ORDER BY 1".into(),
    ]);
    queries.iter().flat_map(|sql| real.read(sql).unwrap()).collect()
}

/// Where two snapshots differ.
fn differences(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let keys: std::collections::BTreeSet<_> =
        before.objects.keys().chain(after.objects.keys()).collect();
    let differs = keys.into_iter().filter(|key| before.objects.get(key) != after.objects.get(key));
    differs
        .map(|key| format!("{:?} became {:?}", before.objects.get(key), after.objects.get(key)))
        .collect()
}

/// Everything is as it was.
fn assert_same(real: &mut Real, before: &(Snapshot, Vec<TextRow>)) {
    assert_eq!(differences(&before.0, &real.snapshot().unwrap()), [""; 0]);
    assert_eq!(contents(real), before.1);
}

fn state(real: &mut Real) -> (Snapshot, Vec<TextRow>) {
    (real.snapshot().unwrap(), contents(real))
}

fn full_shop() -> Option<(Shop, Real)> {
    let shop = Shop::start()?;
    shop.other().batch_execute(EVERYTHING).unwrap();
    let real = shop.open();
    Some((shop, real))
}

#[test]
fn everything_comes_back_from_a_copy() {
    let Some((shop, mut real)) = full_shop() else { return };
    let file = shop.file("a.dump");
    let before = state(&mut real);
    real.back_up(&file).unwrap();
    assert_same(&mut real, &before);
    shop.other().batch_execute(HAVOC).unwrap();
    assert!(before.0.diff(&real.snapshot().unwrap()).is_material());
    for _ in 0..2 {
        real.restore(&file).unwrap();
        assert_same(&mut real, &before);
    }
    let again = shop.file("b.dump");
    real.back_up(&again).unwrap();
    shop.other().batch_execute("DROP SCHEMA public CASCADE; DROP SCHEMA app CASCADE").unwrap();
    real.restore(&again).unwrap();
    assert_same(&mut real, &before);
}

#[test]
fn what_no_transaction_takes_back_comes_back_from_a_copy() {
    let Some((shop, mut real)) = full_shop() else { return };
    let file = shop.file("a.dump");
    let before = state(&mut real);
    real.back_up(&file).unwrap();
    let half = bare(
        "ALTER TYPE app.mood ADD VALUE 'angry' BEFORE 'sad'; \
         INSERT INTO items (owner, price) VALUES (1, 9.99); \
         CREATE UNIQUE INDEX CONCURRENTLY twice ON items (price);",
    );
    assert_eq!(failure(real.execute(&half, &[])).code.as_deref(), Some("23505"));
    let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(real.read(invalid).unwrap(), [[Some("1".to_owned())]]);
    real.restore(&file).unwrap();
    assert_same(&mut real, &before);
    assert_eq!(real.read(invalid).unwrap(), [[Some("0".to_owned())]]);
}

#[test]
fn a_restore_that_fails_changes_nothing() {
    let Some((shop, mut real)) = full_shop() else { return };
    let (file, broken) = (shop.file("a.dump"), shop.file("broken.dump"));
    real.back_up(&file).unwrap();
    real.execute(&wrapped("CREATE TABLE since (a int); DROP VIEW adults"), &[]).unwrap();
    let now = state(&mut real);

    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let error = real.restore(&broken).unwrap_err().to_string();
    assert!(error.contains("pg_restore failed"), "{error}");
    assert_same(&mut real, &now);

    real.spec.statement_timeout = Duration::from_millis(500);
    let mut other = shop.other();
    let mut reader = other.transaction().unwrap();
    reader.execute("SELECT FROM users", &[]).unwrap();
    let error = real.restore(&file).unwrap_err().to_string();
    assert!(error.contains("lock timeout") && error.contains("nothing was changed"), "{error}");
    reader.rollback().unwrap();
    real.spec.statement_timeout = spec().statement_timeout;
    assert_same(&mut real, &now);

    // What the copy needs after all of its rows is not there any more.
    other.batch_execute("ALTER ROLE critic RENAME TO critic2").unwrap();
    let now = state(&mut real);
    let error = real.restore(&file).unwrap_err().to_string();
    assert!(error.contains("role \"critic\" does not exist"), "{error}");
    assert_same(&mut real, &now);
    other.batch_execute("ALTER ROLE critic2 RENAME TO critic").unwrap();
    real.restore(&file).unwrap();
    assert!(!has(&mut real, "since"));
}

#[test]
fn a_copy_is_nobody_elses_and_never_half_there() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some((shop, mut real)) = full_shop() else { return };
    let file = shop.file("a.dump");
    real.back_up(&file).unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let error = real.back_up(&file).unwrap_err().to_string();
    assert!(error.contains("exists"), "{error}");
    real.spec.statement_timeout = Duration::from_millis(300);
    let mut other = shop.other();
    let mut writer = other.transaction().unwrap();
    writer.batch_execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").unwrap();
    let late = shop.file("late.dump");
    let error = real.back_up(&late).unwrap_err().to_string();
    assert!(error.contains("pg_dump failed") && !late.exists(), "{error}");
    writer.rollback().unwrap();
    real.spec.tools = Some(shop.folder.path().to_owned());
    let error = real.back_up(&late).unwrap_err().to_string();
    assert!(error.contains("pg_dump, pg_restore and psql are not in"), "{error}");
}

#[test]
fn older_programs_are_refused_by_their_version() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some((shop, mut real)) = full_shop() else { return };
    for name in ["pg_dump", "pg_restore", "psql"] {
        let program = shop.file(name);
        std::fs::write(&program, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    real.spec.tools = Some(shop.folder.path().to_owned());
    let error = real.back_up(&shop.file("a.dump")).unwrap_err().to_string();
    let wanted =
        format!("is of PostgreSQL 9 and cannot back up a server of version {}", real.major);
    assert!(error.contains(&wanted), "{error}");
}

#[test]
fn the_operators_own_commands_are_led_to_the_database() {
    let Some((shop, mut real)) = full_shop() else { return };
    let words = |script: &str| ["sh", "-c", script, "sh", "{file}"].map(str::to_owned).to_vec();
    let tools =
        crate::engine::postgres::binaries::Tools::find(real.spec.tools.as_deref(), real.major);
    let dump = tools.unwrap().program("pg_dump").display().to_string();
    real.spec.backup_command = words(&format!("{dump} -Fp -t app.cache > \"$1\""));
    real.spec.restore_command = words("echo \"$PGDATABASE $PGAPPNAME\" > \"$1.seen\"");
    let file = shop.file("a b.sql");
    real.back_up(&file).unwrap();
    assert!(std::fs::read_to_string(&file).unwrap().contains("COPY app.cache"));
    real.restore(&file).unwrap();
    let seen = std::fs::read_to_string(shop.file("a b.sql.seen")).unwrap();
    assert_eq!(seen, "shop migration-gate\n");
    real.spec.backup_command = words("true");
    let error = real.back_up(&shop.file("none")).unwrap_err().to_string();
    assert!(error.contains("wrote nothing"), "{error}");
    real.spec.restore_command = words("echo 'ERROR: no such copy' >&2; exit 3");
    let error = real.restore(&file).unwrap_err().to_string();
    // Its own words may hold a password or a row.
    assert!(error.contains("the command sh ended without success"), "{error}");
    assert!(!error.contains("no such copy"), "{error}");
}

#[test]
fn a_database_is_brought_back_by_its_owner_alone() {
    let Some(shop) = Shop::start() else { return };
    shop.other()
        .batch_execute("CREATE ROLE keeper LOGIN; ALTER DATABASE shop OWNER TO keeper")
        .unwrap();
    let url = shop.url().replace("postgres@", "keeper@");
    let mut real = Real::open(&url, &spec()).unwrap();
    let sql = "CREATE EXTENSION pg_trgm; CREATE SCHEMA s; CREATE TABLE s.a (id serial, b text); \
               CREATE TABLE t (a int); INSERT INTO s.a (b) VALUES ('x'); \
               CREATE INDEX i ON s.a USING gin (b gin_trgm_ops); SELECT lo_create(4711); \
               ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC";
    real.execute(&wrapped(sql), &[]).unwrap();
    let before = state(&mut real);
    let file = shop.file("a.dump");
    real.back_up(&file).unwrap();
    real.execute(&wrapped("DROP TABLE s.a; DROP EXTENSION pg_trgm; CREATE TABLE u ()"), &[])
        .unwrap();
    real.restore(&file).unwrap();
    assert_same(&mut real, &before);
}

#[test]
fn nobody_begins_while_a_copy_is_brought_back() {
    let Some((shop, mut real)) = full_shop() else { return };
    let mut left_behind = shop.other();
    let mut restore = left_behind.transaction().unwrap();
    let begins: Vec<&str> =
        include_str!("../restore.sql").lines().filter(|line| line.contains("advisory")).collect();
    restore.batch_execute(&begins.concat()).unwrap();
    assert!(!real.lock().unwrap());
    restore.rollback().unwrap();
    assert!(real.lock().unwrap());
}
