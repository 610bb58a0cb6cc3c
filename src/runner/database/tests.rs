use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::catalog::{Declared, Touch};
use crate::engine::{RealSpec, TextRow, sqlite};
use crate::model::{Down, Kind, RepoPath, TableName, TransactionMode, Version};
use crate::runner::disk::RealDisk;

/// A tool that keeps a row for each migration: whether it ended, and which ran before.
#[derive(Clone, Copy)]
struct Fake;

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Tracker for Fake {
    fn table(&self) -> &'static str {
        "ran"
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        if !database.has_table(&TableName::plain("ran"))? {
            return Ok(Vec::new());
        }
        let tracked = |row: TextRow| {
            let id = row[0].clone();
            let ended = row[1].as_deref() == Some("1");
            let state = if ended { TrackedState::Applied } else { TrackedState::Unfinished };
            Tracked { name: id.clone().unwrap(), id, state, edited: false }
        };
        let rows = database.read("SELECT id, ended FROM ran ORDER BY rowid")?;
        Ok(rows.into_iter().map(tracked).collect())
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        let is_there = database.has_table(&TableName::plain("ran"))?;
        let sql = "CREATE TABLE ran(id TEXT PRIMARY KEY, ended INTEGER, previous TEXT, took TEXT)";
        Ok(if is_there { Vec::new() } else { vec![sql.into()] })
    }

    fn starting(&self, note: &Note<'_>) -> Vec<String> {
        let previous = note.previous.map_or("NULL".into(), |previous| quoted(&previous.id));
        let id = quoted(&note.migration.id);
        vec![format!("INSERT INTO ran VALUES ({id}, 0, {previous}, NULL)")]
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        vec![format!("UPDATE ran SET ended = 1 WHERE id = {}", quoted(&note.migration.id))]
    }

    fn finished(&self, note: &Note<'_>) -> Vec<String> {
        let id = quoted(&note.migration.id);
        vec![format!("UPDATE ran SET took = 'known' WHERE id = {id}")]
    }

    fn abandoned(&self, note: &Note<'_>) -> Vec<String> {
        vec![format!("DELETE FROM ran WHERE ended = 0 AND id = {}", quoted(&note.migration.id))]
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        vec![format!("DELETE FROM ran WHERE id = {}", quoted(&note.migration.id))]
    }
}

/// One that writes nothing before a migration.
struct Silent;

impl Tracker for Silent {
    fn table(&self) -> &'static str {
        "ran"
    }
    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        Fake.read(database)
    }
    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        Fake.create(database)
    }
    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        [Fake.starting(note), Fake.applied(note)].concat()
    }
    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        Fake.undone(note)
    }
}

fn script(sql: &str, transaction: TransactionMode) -> Script {
    Script::whole(RepoPath::new("m/1.sql").unwrap(), sql.into(), transaction)
}

fn entry(id: &str, up: &str, down: Option<&str>) -> Entry {
    let step = |sql: &str| Step::Sql(script(sql, TransactionMode::Wrapped));
    let migration = Migration {
        id: id.into(),
        version: Version::text(id),
        kind: Kind::Versioned,
        up: step(up),
        down: down.map_or(Down::Missing, |sql| Down::Step(step(sql))),
        verify: None,
        depends_on: Vec::new(),
        files: Vec::new(),
    };
    Entry { migration, touch: Touch::NONE, declared: Declared::default() }
}

/// The entry with an up that commits each statement by itself.
fn bare(mut entry: Entry) -> Entry {
    if let Step::Sql(script) = &mut entry.migration.up {
        script.transaction = TransactionMode::Bare;
    }
    entry
}

/// A database in a folder of its own, and the set that runs on it.
struct Place {
    folder: TempDir,
    set: Vec<Entry>,
}

impl Place {
    fn new(set: Vec<Entry>) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), set };
        drop(sqlite::create(&place.path(), &spec()).unwrap());
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    fn checkpoint(&self, name: &str) -> PathBuf {
        self.folder.path().join("state").join(name)
    }

    fn target_of<'a>(
        &'a self,
        policy: CheckpointPolicy,
        tracker: impl Tracker + 'a,
    ) -> DatabaseTarget<'a> {
        let database = sqlite::open(&self.path(), &spec()).unwrap();
        let order: Vec<&Migration> = self.set.iter().map(|entry| &entry.migration).collect();
        let mut target =
            DatabaseTarget::new(database, Box::new(tracker), &RealDisk, policy, &order);
        target.prepare().unwrap();
        target
    }

    fn target(&self, policy: CheckpointPolicy) -> DatabaseTarget<'_> {
        self.target_of(policy, Fake)
    }

    fn read(&self, sql: &str) -> Vec<TextRow> {
        sqlite::open(&self.path(), &spec()).unwrap().read(sql).unwrap()
    }

    /// What the table says, as text.
    fn ran(&self) -> Vec<String> {
        let rows =
            self.read("SELECT id || ' ' || ended || ' ' || coalesce(previous, '-') FROM ran");
        rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
    }

    fn has(&self, table: &str) -> bool {
        let mut database = sqlite::open(&self.path(), &spec()).unwrap();
        database.has_table(&TableName::plain(table)).unwrap()
    }
}

fn spec() -> RealSpec {
    RealSpec {
        statement_timeout: Duration::from_secs(5),
        sqlite_foreign_keys: false,
        engine_version: None,
        tools: None,
        backup_command: Vec::new(),
        restore_command: Vec::new(),
    }
}

fn apply(target: &mut DatabaseTarget<'_>, entry: &Entry, folder: &Path) -> Result<(), Fault> {
    target.back_up(entry, false, folder)?;
    target.migrate(entry, false, folder)?;
    target.validate(entry)
}

fn undo(target: &mut DatabaseTarget<'_>, entry: &Entry, folder: &Path) -> Result<(), Fault> {
    target.back_up(entry, true, folder)?;
    target.migrate(entry, true, folder).map(|_| ())
}

fn users() -> Entry {
    entry(
        "1_users",
        "CREATE TABLE users(id); INSERT INTO users VALUES (1);",
        Some("DROP TABLE users"),
    )
}

fn orders() -> Entry {
    entry("2_orders", "CREATE TABLE orders(id)", Some("DROP TABLE orders"))
}

const POLICIES: [CheckpointPolicy; 2] = [CheckpointPolicy::Auto, CheckpointPolicy::Always];

#[test]
fn migrations_run_and_are_written_down_with_what_ran_before() {
    for policy in POLICIES {
        let place = Place::new(vec![users(), entry("skipped", "", None), orders()]);
        let mut target = place.target(policy);
        for at in [0, 2] {
            apply(&mut target, &place.set[at], &place.checkpoint(&at.to_string())).unwrap();
        }
        assert_eq!(place.ran(), ["1_users 1 -", "2_orders 1 1_users"]);
        assert_eq!(place.read("SELECT DISTINCT took FROM ran")[0][0].as_deref(), Some("known"));
        let counts = target.row_counts().unwrap();
        assert_eq!(counts.get("users"), Some(&1));
        target.prepare().unwrap();
        assert_eq!(target.history().unwrap().len(), 2);
    }
}

#[test]
fn a_copy_is_made_where_the_policy_or_the_script_asks_for_one() {
    let place = Place::new(vec![users(), bare(orders())]);
    let [wrapped, bare] = [&place.set[0], &place.set[1]];
    let mut auto = place.target(CheckpointPolicy::Auto);
    assert_eq!(auto.strategy(wrapped, false), Strategy::Transaction);
    assert_eq!(auto.checkpoint_size(wrapped).unwrap(), 0);
    assert_eq!(auto.strategy(bare, false), Strategy::Backup);
    assert_eq!(auto.checkpoint_size(bare).unwrap(), place.path().metadata().unwrap().len());
    auto.back_up(wrapped, false, &place.checkpoint("1")).unwrap();
    assert!(!place.checkpoint("1").join(BACKUP).exists());
    let always = place.target(CheckpointPolicy::Always);
    assert_eq!(always.strategy(wrapped, false), Strategy::Backup);
    assert!(always.restores_everything());
    assert_eq!(CheckpointPolicy::usual(EngineKind::Sqlite), CheckpointPolicy::Always);
    assert_eq!(CheckpointPolicy::usual(EngineKind::Postgres), CheckpointPolicy::Auto);
}

#[test]
fn a_copy_brings_back_what_ran_half_and_its_mark() {
    let half = bare(entry("2_half", "DELETE FROM users; CREATE TABLE x(y); DROP TABLE no;", None));
    let place = Place::new(vec![users(), half]);
    let mut target = place.target(CheckpointPolicy::Auto);
    apply(&mut target, &place.set[0], &place.checkpoint("1")).unwrap();
    let fault = apply(&mut target, &place.set[1], &place.checkpoint("2")).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Migration);
    assert!(place.has("x"));
    assert_eq!(place.ran()[1], "2_half 0 1_users");
    for _ in 0..2 {
        target.restore(&place.set[1], false, &place.checkpoint("2")).unwrap();
        assert_eq!(place.ran(), ["1_users 1 -"]);
        assert_eq!(place.read("SELECT * FROM users").len(), 1);
        assert!(!place.has("x"));
    }
}

#[test]
fn a_copy_that_was_cut_off_is_none() {
    let place = Place::new(vec![bare(users())]);
    let mut target = place.target(CheckpointPolicy::Always);
    let folder = place.checkpoint("1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("database.backup.new"), "half").unwrap();
    target.restore(&place.set[0], false, &folder).unwrap();
    apply(&mut target, &place.set[0], &folder).unwrap();
    target.restore(&place.set[0], false, &folder).unwrap();
    assert!(!place.has("users"));
}

#[test]
fn a_transaction_that_failed_leaves_only_its_mark_which_is_taken_back() {
    let place = Place::new(vec![entry("1", "CREATE TABLE x(y); DROP TABLE no;", None)]);
    let mut target = place.target(CheckpointPolicy::Auto);
    let folder = place.checkpoint("1");
    apply(&mut target, &place.set[0], &folder).unwrap_err();
    assert_eq!(place.ran(), ["1 0 -"]);
    let fault = target.validate(&place.set[0]).unwrap_err();
    assert!(fault.what.contains("did not run to its end"), "{fault}");
    for _ in 0..2 {
        target.restore(&place.set[0], false, &folder).unwrap();
        assert!(place.ran().is_empty());
    }
    assert!(!place.has("x"));
    let fault = target.validate(&place.set[0]).unwrap_err();
    assert!(fault.what.contains("ran does not know it"), "{fault}");
}

#[test]
fn what_was_committed_without_a_copy_is_for_a_person() {
    let place = Place::new(vec![users()]);
    let mut target = place.target(CheckpointPolicy::Auto);
    apply(&mut target, &place.set[0], &place.checkpoint("1")).unwrap();
    let fault = target.restore(&place.set[0], false, &place.checkpoint("1")).unwrap_err();
    assert_eq!(fault.kind, FaultKind::PartialFailure);
    assert!(fault.what.contains("was committed") && fault.way_out.contains("resolve"), "{fault}");
    assert!(place.has("users"));
}

#[test]
fn a_verify_script_is_heard_and_changes_nothing() {
    let mut good = users();
    good.migration.verify =
        Some(script("INSERT INTO users VALUES (2); SELECT 1;", TransactionMode::Bare));
    let place = Place::new(vec![good]);
    let mut target = place.target(CheckpointPolicy::Auto);
    apply(&mut target, &place.set[0], &place.checkpoint("1")).unwrap();
    assert_eq!(place.read("SELECT * FROM users").len(), 1);
    let mut bad = place.set[0].clone();
    bad.migration.verify = Some(script("SELECT nothing FROM users", TransactionMode::Bare));
    assert_eq!(target.validate(&bad).unwrap_err().kind, FaultKind::Migration);
}

#[test]
fn a_down_takes_the_migration_out() {
    for policy in POLICIES {
        let place = Place::new(vec![users()]);
        let mut target = place.target_of(policy, Silent);
        apply(&mut target, &place.set[0], &place.checkpoint("1")).unwrap();
        undo(&mut target, &place.set[0], &place.checkpoint("2")).unwrap();
        assert!(!place.has("users"));
        assert!(place.ran().is_empty());
    }
}

#[test]
fn a_down_that_failed_is_taken_back() {
    for policy in POLICIES {
        let place = Place::new(vec![entry("1", "CREATE TABLE a(x)", Some("DROP TABLE a; x"))]);
        let mut target = place.target(policy);
        apply(&mut target, &place.set[0], &place.checkpoint("1")).unwrap();
        undo(&mut target, &place.set[0], &place.checkpoint("2")).unwrap_err();
        for _ in 0..2 {
            target.restore(&place.set[0], true, &place.checkpoint("2")).unwrap();
            assert!(place.has("a"));
            assert_eq!(place.ran(), ["1 1 -"]);
        }
    }
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_is_touched() {
    let mut foreign = users();
    let path = RepoPath::new("m/1.go").unwrap();
    foreign.migration.up = Step::Foreign { path, language: "Go" };
    let place = Place::new(vec![foreign, entry("2", "SELECT 1", None)]);
    let mut target = place.target(CheckpointPolicy::Always);
    let folder = place.checkpoint("1");
    for refused in [
        target.back_up(&place.set[0], false, &folder).unwrap_err(),
        target.migrate(&place.set[0], false, &folder).map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(refused.kind, FaultKind::Usage);
        assert!(refused.what.contains("m/1.go is Go"), "{refused}");
        assert!(refused.location.is_some());
    }
    let fault = undo(&mut target, &place.set[1], &folder).unwrap_err();
    assert!(fault.what.contains("2 has no down"), "{fault}");
    assert!(!folder.exists());
    assert!(place.ran().is_empty());
}

#[test]
fn a_mark_is_written_and_nothing_else() {
    let place = Place::new(vec![users(), orders()]);
    let mut target = place.target(CheckpointPolicy::Auto);
    for _ in 0..2 {
        target.mark(&place.set[0], true).unwrap();
        assert_eq!(place.ran(), ["1_users 1 -"]);
    }
    target.mark(&place.set[1], true).unwrap();
    assert_eq!(place.ran()[1], "2_orders 1 1_users");
    for _ in 0..2 {
        target.mark(&place.set[0], false).unwrap();
        assert_eq!(place.ran(), ["2_orders 1 1_users"]);
    }
    assert!(!place.has("users"));
}

#[test]
fn a_mark_ends_what_was_begun_either_way() {
    let place = Place::new(vec![entry("1", "x", None)]);
    let mut target = place.target(CheckpointPolicy::Auto);
    let folder = place.checkpoint("1");
    target.migrate(&place.set[0], false, &folder).unwrap_err();
    assert_eq!(place.ran(), ["1 0 -"]);
    target.mark(&place.set[0], true).unwrap();
    assert_eq!(place.ran(), ["1 1 -"]);
    target.mark(&place.set[0], false).unwrap();
    target.migrate(&place.set[0], false, &folder).unwrap_err();
    target.mark(&place.set[0], false).unwrap();
    assert!(place.ran().is_empty());
}

#[test]
fn the_steps_are_those_of_the_code() {
    let pieces = include_str!("../database.rs").split("host::reached(\"").skip(1);
    let reached: Vec<&str> = pieces.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(reached, STEPS);
}

#[test]
fn another_runner_is_kept_out() {
    let place = Place::new(Vec::new());
    let mut one = place.target(CheckpointPolicy::Auto);
    let mut other = place.target(CheckpointPolicy::Auto);
    assert!(one.lock().unwrap());
    assert!(!other.lock().unwrap());
    assert_eq!(one.place(), place.path().display().to_string());
}
