use std::time::Duration;

use super::*;
use crate::engine::{Engine, SandboxSpec, sqlite::Sqlite};
use crate::model::{Down, Kind, RepoPath, TransactionMode, Version};

fn script(path: &str, sql: &str) -> Script {
    Script::whole(RepoPath::new(path).unwrap(), sql.into(), TransactionMode::Wrapped)
}

fn migration(id: &str, up: &str, down: Option<&str>) -> Migration {
    Migration {
        id: id.into(),
        version: Version::text(id),
        kind: Kind::Versioned,
        up: Step::Sql(script(&format!("{id}.up.sql"), up)),
        down: down.map_or(Down::Missing, |sql| {
            Down::Step(Step::Sql(script(&format!("{id}.down.sql"), sql)))
        }),
        verify: None,
        depends_on: Vec::new(),
        files: Vec::new(),
    }
}

fn spec() -> SandboxSpec {
    SandboxSpec {
        statement_timeout: Duration::from_secs(5),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    }
}

/// Runs migrations; those whose id begins with `b` are baseline.
fn walk(migrations: &[Migration], rollback: Rollback) -> SetEvidence {
    let mut target = Sqlite::default().sandbox(&spec()).unwrap();
    let plan: Vec<Planned<'_>> = migrations
        .iter()
        .map(|migration| Planned {
            migration,
            position: if migration.id.starts_with('b') {
                Position::Baseline
            } else {
                Position::Judged
            },
            tried: true,
            depends_on: migration.depends_on.clone(),
        })
        .collect();
    let mut evidence = SetEvidence::default();
    run(&mut *target, &plan, rollback, None, &mut evidence, &mut |_| {}).unwrap();
    evidence
}

#[test]
fn a_good_migration_goes_all_the_way_round() {
    let evidence = walk(
        &[
            migration("b1", "CREATE TABLE a(x)", None),
            migration("j1", "CREATE TABLE t(x)", Some("DROP TABLE t")),
            migration("j2", "ALTER TABLE t ADD COLUMN y", Some("ALTER TABLE t DROP COLUMN y")),
        ],
        Rollback::Script,
    );
    assert_eq!(evidence.baseline_applied, 1);
    for seen in &evidence.migrations {
        assert!(seen.up.diff.is_material());
        assert!(!seen.again.as_ref().unwrap().outcome.is_done());
        assert!(seen.down.as_ref().unwrap().is_clean());
        assert!(seen.up_after_down.as_ref().unwrap().is_clean());
        assert!(seen.reverse.as_ref().unwrap().is_clean());
    }
}

#[test]
fn a_down_that_leaves_something_does_not_disturb_the_next_migration() {
    let evidence = walk(
        &[
            migration("j1", "CREATE TABLE t(x); CREATE TABLE u(x)", Some("DROP TABLE t")),
            migration("j2", "CREATE INDEX i ON u(x)", Some("DROP INDEX i")),
        ],
        Rollback::Script,
    );
    let first = &evidence.migrations[0];
    assert!(first.down.as_ref().unwrap().diff.is_material());
    assert!(matches!(first.up_after_down.as_ref().unwrap().outcome, Outcome::Failed(_)));
    let second = &evidence.migrations[1];
    assert!(second.down.as_ref().unwrap().is_clean());
    assert!(second.reverse.as_ref().unwrap().is_clean() && second.reverse_after.is_none());
    assert!(first.reverse.as_ref().unwrap().outcome.is_done());
}

#[test]
fn a_down_that_fails_only_after_another_left_something_is_told_apart() {
    let evidence = walk(
        &[
            migration("j1", "CREATE TABLE t(a, b)", Some("DROP TABLE t; CREATE TABLE old(a)")),
            migration("j2", "CREATE TABLE u(a)", Some("DROP TABLE u")),
            migration("j3", "ALTER TABLE u ADD COLUMN b", Some("DROP TABLE u")),
        ],
        Rollback::Script,
    );
    let second = &evidence.migrations[1];
    assert!(second.down.as_ref().unwrap().is_clean());
    assert!(matches!(second.reverse.as_ref().unwrap().outcome, Outcome::Failed(_)));
    assert_eq!(second.reverse_after.as_deref(), Some("j3"));
}

#[test]
fn a_failing_up_is_taken_back_and_named_as_the_possible_culprit() {
    let mut dependent = migration("j3", "CREATE TABLE fine(x)", Some("DROP TABLE fine"));
    dependent.depends_on = vec!["j1".into()];
    let evidence = walk(
        &[
            migration("j1", "CREATE TABLE t(x); SELECT * FROM nowhere", Some("DROP TABLE t")),
            migration("j2", "ALTER TABLE t ADD COLUMN y", Some("ALTER TABLE t DROP COLUMN y")),
            dependent,
            migration("j4", "CREATE TABLE other(x)", Some("DROP TABLE other")),
        ],
        Rollback::Script,
    );
    let [first, second, third, fourth] = evidence.migrations.as_slice() else { panic!() };
    assert!(matches!(first.up.outcome, Outcome::Failed(_)) && first.blocked_by.is_none());
    assert_eq!(second.blocked_by.as_deref(), Some("j1"));
    assert!(matches!(third.up.outcome, Outcome::CannotRun(_)));
    assert_eq!(third.blocked_by.as_deref(), Some("j1"));
    assert!(fourth.down.as_ref().unwrap().is_clean());
}

#[test]
fn a_team_that_restores_needs_no_down() {
    let evidence =
        walk(&[migration("j1", "CREATE TABLE t(x)", Some("not even SQL"))], Rollback::Checkpoint);
    let seen = &evidence.migrations[0];
    assert!(seen.restore.as_ref().unwrap().is_clean());
    assert!(seen.up_after_down.as_ref().unwrap().is_clean());
    assert!(seen.down.is_none());
}

#[test]
fn a_step_in_another_language_cannot_run_here() {
    let mut foreign = migration("j1", "", None);
    foreign.up = Step::Foreign { path: RepoPath::new("1.go").unwrap(), language: "Go" };
    let evidence =
        walk(&[foreign, migration("j2", "DROP TABLE made_by_go", None)], Rollback::Script);
    assert!(matches!(evidence.migrations[0].up.outcome, Outcome::CannotRun(_)));
    assert_eq!(evidence.migrations[1].blocked_by.as_deref(), Some("j1"));
}

/// A migration whose up runs outside a transaction.
fn bare(id: &str, up: &str, down: Option<&str>) -> Migration {
    let mut bare = migration(id, up, down);
    if let Step::Sql(script) = &mut bare.up {
        script.transaction = TransactionMode::Bare;
    }
    bare
}

const REBUILD: &str = "CREATE TABLE IF NOT EXISTS n (a); INSERT INTO n SELECT a FROM t; \
                       DROP TABLE t; ALTER TABLE n RENAME TO t";

#[test]
fn a_stop_without_a_way_out_is_told_from_those_with_one() {
    let evidence = walk(
        &[
            migration("b1", "CREATE TABLE t(a, b)", None),
            bare("j1", REBUILD, Some("ALTER TABLE t ADD COLUMN b")),
            migration("j2", "CREATE INDEX i ON t(a)", Some("DROP INDEX i")),
        ],
        Rollback::Script,
    );
    let [first, second] = evidence.migrations.as_slice() else { panic!() };
    let stuck: Vec<(usize, bool)> =
        first.crashes.iter().map(|point| (point.number, point.is_stuck())).collect();
    assert_eq!(stuck, [(1, false), (2, false), (3, true)]);
    assert!(first.crashes[2].left.is_material() && first.crashes[2].of == 4);
    // Whatever was tried, the run goes on from the state after the whole up.
    assert!(first.down.as_ref().unwrap().is_clean() && second.down.as_ref().unwrap().is_clean());
    assert!(second.crashes.is_empty(), "a transaction leaves nothing");
}

#[test]
fn the_down_is_a_way_out_and_so_is_a_restored_checkpoint() {
    let up = "CREATE TABLE t(a); CREATE TABLE u(a)";
    let down = "DROP TABLE IF EXISTS u; DROP TABLE IF EXISTS t";
    let evidence = walk(&[bare("j1", up, Some(down))], Rollback::Script);
    let [point] = evidence.migrations[0].crashes.as_slice() else { panic!() };
    assert!(point.again.is_wrong() && point.has_a_way_out() && !point.is_stuck());
    let evidence = walk(&[bare("j1", up, None)], Rollback::Checkpoint);
    assert!(evidence.migrations[0].crashes.is_empty());
}
