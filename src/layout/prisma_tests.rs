use super::super::tests::{ids, problems, tree};
use super::super::{by_name, detect_best};
use super::*;

fn mode(provider: &str, sql: &str) -> TransactionMode {
    let lock = format!("provider = \"{provider}\"\n");
    let reading = Prisma.read(&tree(&[(LOCK, &lock), ("1_a/migration.sql", sql)]));
    assert_eq!(problems(&reading), [""; 0]);
    reading.migrations[0].up.script().unwrap().transaction
}

#[test]
fn the_engine_and_the_statements_decide_how_a_file_is_sent() {
    assert_eq!(mode("postgresql", "SELECT 1; SELECT 2;"), TransactionMode::SingleBatch);
    let concurrently = "SELECT 1; CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);";
    assert_eq!(mode("postgresql", concurrently), TransactionMode::Bare);
    // Its statement is not one that prisma can read, so the file stays whole.
    let drop = "SELECT 1; DROP INDEX CONCURRENTLY i;";
    assert_eq!(mode("postgresql", drop), TransactionMode::SingleBatch);
    assert_eq!(mode("sqlite", "SELECT 1; SELECT 2;"), TransactionMode::Bare);
}

#[test]
fn other_providers_are_known_and_not_run() {
    let tree = tree(&[(LOCK, "provider = \"cockroachdb\"\n"), ("1_a/migration.sql", "")]);
    assert!(Prisma.detect(&tree).unwrap().engine.is_none());
    assert!(problems(&Prisma.read(&tree))[0].contains("`cockroachdb`, which cannot be run here"));
    let named = Options { engine: Some(EngineKind::Postgres) };
    assert_eq!(problems(&Prisma.read_with(&tree, named)), [""; 0]);
}

#[test]
fn a_lock_that_names_nothing_is_a_problem() {
    let reading = Prisma.read(&tree(&[(LOCK, "provider = \n"), ("1_a/migration.sql", "")]));
    assert!(problems(&reading)[0].contains("does not name a provider"));
}

#[test]
fn folders_run_by_name_with_the_downs_that_teams_add() {
    let reading = Prisma.read(&tree(&[
        ("20260102000000_b/migration.sql", ""),
        ("20260102000000_b/down.sql", ""),
        ("0_init/migration.sql", ""),
    ]));
    assert_eq!(ids(&reading), ["0_init", "20260102000000_b"]);
    assert!(reading.migrations[0].down.step().is_none());
    assert!(reading.migrations[1].down.step().is_some());
}

#[test]
fn drizzles_folders_are_not_taken_for_prismas() {
    let files = [("20260102000000_b/migration.sql", ""), ("20260102000000_b/snapshot.json", "{}")];
    assert!(detect_best(&tree(&files)).is_none());
    assert!(by_name("prisma").unwrap().detect(&tree(&files[..1])).is_some());
}
