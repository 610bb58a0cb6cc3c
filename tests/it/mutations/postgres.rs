//! The clinic.

use migration_gate::host;

use super::{Change, Mutation, faults, tree};
use crate::support::Folder;

const INSURERS: &str = "migrations/00003_create_insurers.sql";
const PHONE: &str = "migrations/00004_patient_phone.sql";
const INDEX: &str = "migrations/00005_index_rooms.sql";

fn migration(class: &str, up: &str, down: &str) -> String {
    format!("-- migration-gate: class={class}\n-- +goose Up\n{up}\n\n-- +goose Down\n{down}\n")
}

/// A table, a column and an index that is built beside the running code.
fn good() -> Change {
    let declare = |tree: crate::support::Tree| {
        let paths: Vec<String> = tree.files().map(|(path, _)| path.to_owned()).collect();
        paths.iter().fold(tree, |tree, path| {
            let text = format!("-- migration-gate: class=online\n{}", tree.text(path));
            tree.with(path, &text)
        })
    };
    let base = declare(tree("clinic/base"));
    let insurers = "CREATE TABLE IF NOT EXISTS insurers (\n    id bigint PRIMARY KEY,\n    name text NOT NULL\n);";
    let phone = "ALTER TABLE patients ADD COLUMN IF NOT EXISTS phone text;";
    let index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS appointments_room ON appointments (room);";
    let index = migration("online", index, "DROP INDEX CONCURRENTLY appointments_room;");
    let head = base
        .clone()
        .with(INSURERS, &migration("online", insurers, "DROP TABLE insurers;"))
        .with(PHONE, &migration("online", phone, "ALTER TABLE patients DROP COLUMN phone;"))
        .with(INDEX, &format!("-- +goose NO TRANSACTION\n{index}"));
    Change { base, head }
}

const MUTATIONS: &[Mutation] = &[
    ("the down is missing", "rollback/missing", |change| {
        change.edit(INSURERS, "-- +goose Down\nDROP TABLE insurers;", "")
    }),
    ("the down leaves a sequence", "rollback/leaves-trace", |change| {
        change.edit(
            INSURERS,
            "CREATE TABLE",
            "CREATE SEQUENCE IF NOT EXISTS insurer_numbers;\nCREATE TABLE",
        )
    }),
    ("a column is demanded of rows", "dryrun/fails-on-data", |change| {
        change.edit(PHONE, "phone text;", "phone text NOT NULL;")
    }),
    ("duplicates meet a UNIQUE", "dryrun/fails-on-data", |change| {
        change.edit(INDEX, "CREATE INDEX", "CREATE UNIQUE INDEX")
    }),
    ("empty names meet a CHECK", "dryrun/fails-on-data", |change| {
        let check = "ALTER TABLE patients DROP CONSTRAINT IF EXISTS named;\nALTER TABLE patients ADD CONSTRAINT named CHECK (name <> '') NOT VALID;\nALTER TABLE patients VALIDATE CONSTRAINT named;";
        change
            .edit(PHONE, "class=online", "class=post_deploy")
            .edit(PHONE, "-- +goose Down", &format!("{check}\n\n-- +goose Down"))
            .edit(PHONE, "Down\n", "Down\nALTER TABLE patients DROP CONSTRAINT named;\n")
    }),
    ("an index keeps writers out", "class/mismatch", |change| {
        change
            .edit(INDEX, "-- +goose NO TRANSACTION\n", "")
            .edit(INDEX, "INDEX CONCURRENTLY IF", "INDEX IF")
            .edit(INDEX, "INDEX CONCURRENTLY app", "INDEX app")
    }),
    ("an online migration drops a column", "class/mismatch", |change| {
        change
            .edit(PHONE, "ADD COLUMN IF NOT EXISTS phone text", "DROP COLUMN IF EXISTS created_at")
            .edit(
                PHONE,
                "DROP COLUMN phone",
                "ADD COLUMN created_at timestamptz NOT NULL DEFAULT now()",
            )
    }),
    ("an online migration moves rows", "class/mismatch", |change| {
        change.edit(
            PHONE,
            "text;",
            "text;\nUPDATE patients SET phone = 'none' WHERE phone IS NULL;",
        )
    }),
    ("CONCURRENTLY in a transaction", "dryrun/up-fails", |change| {
        change.edit(INDEX, "-- +goose NO TRANSACTION\n", "").edit(
            INDEX,
            "DROP INDEX CONCURRENTLY",
            "DROP INDEX",
        )
    }),
    ("a bare script cannot run twice", "dryrun/not-replay-safe", |change| {
        let two = "CREATE INDEX CONCURRENTLY appointments_room ON appointments (room);\nCREATE INDEX CONCURRENTLY appointments_start ON appointments (starts_at);";
        change
            .edit(
                INDEX,
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS appointments_room ON appointments (room);",
                two,
            )
            .edit(INDEX, "Down\n", "Down\nDROP INDEX CONCURRENTLY appointments_start;\n")
    }),
    ("a statement never ends", "dryrun/timeout", |change| {
        change.edit(
            PHONE,
            "ALTER TABLE patients ADD",
            "SELECT pg_sleep(600);\nALTER TABLE patients ADD",
        )
    }),
    ("the down drops what is used", "rollback/fails", |change| {
        change.edit(INSURERS, "DROP TABLE insurers;", "DROP TABLE insurers;\nDROP TABLE patients;")
    }),
];

#[test]
fn each_break_of_the_clinic_is_blocked_by_its_rule() {
    let probe = good().check(&Folder::new(&[]), "postgres");
    let reason = probe.report["inconclusive"][0]["reason"].as_str().unwrap_or_default().to_owned();
    if reason.contains("no PostgreSQL server") && host::env("CI").is_none() {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return;
    }
    let faults = faults(&good(), MUTATIONS, "postgres");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
