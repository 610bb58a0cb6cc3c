use super::super::tests::{ids, problems, tree};
use super::*;
use crate::model::{Down, TransactionMode};

fn read(sql: &str) -> Reading {
    SqlMigrate.read(&tree(&[("1_a.sql", sql)]))
}

#[test]
fn numbers_run_first_and_by_value() {
    let up = "-- +migrate Up\n";
    let files = [("views.sql", up), ("10-b.sql", up), ("2.sql", up), ("2-a.sql", up)];
    assert_eq!(ids(&SqlMigrate.read(&tree(&files))), ["2", "2-a", "10-b", "views"]);
}

#[test]
fn the_transaction_is_left_for_one_direction() {
    let reading = read("-- +migrate Up notransaction\nVACUUM;\n-- +migrate Down\nSELECT 1;\n");
    let migration = &reading.migrations[0];
    assert_eq!(migration.up.script().unwrap().transaction, TransactionMode::Bare);
    let down = migration.down.step().unwrap().script().unwrap();
    assert_eq!((down.sql().as_str(), down.transaction), ("SELECT 1;\n", TransactionMode::Wrapped));
    assert!(matches!(read("-- +migrate Up\nSELECT 1;\n").migrations[0].down, Down::Missing));
}

#[test]
fn what_sql_migrate_does_not_see_is_named() {
    let fault = |sql| problems(&read(sql)).remove(0);
    assert!(fault("--+migrate Up\n").contains("does not see"));
    assert!(fault("-- +MIGRATE Up\n").contains("does not see"));
    assert!(fault("-- +migrate up\n").contains("no annotation"));
    assert!(fault("-- +migrate Up notransactions\n").contains("no option"));
    assert!(fault("SELECT 1;\n-- +migrate Up\n").contains("never runs it"));
    assert!(fault("-- +migrate Up\nSELECT 1\n").contains("no semicolon"));
}

#[test]
fn goose_and_sql_migrate_are_told_apart() {
    assert!(SqlMigrate.detect(&tree(&[("1_a.sql", "-- +goose Up\n")])).is_none());
    assert!(SqlMigrate.detect(&tree(&[("1_a.sql", "-- +migrate Up\n")])).is_some());
}
