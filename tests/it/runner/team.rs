//! What happens to a real team.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use migration_gate::host;
use migration_gate::model::EngineKind;

use super::{Place, ids, names};
use crate::support::Ran;

/// Starts an apply that takes its time.
fn begin(place: &Place) -> Child {
    let mut command = place.command(&["apply", "--no-rehearsal"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Waits until a query gives something.
fn wait_for(place: &Place, query: &str) -> String {
    let begun = host::now();
    loop {
        let rows = place.base.as_ref().unwrap().rows(query).unwrap();
        if !rows.is_empty() {
            return rows.trim().to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{query} gives nothing");
        host::pause(Duration::from_millis(20));
    }
}

/// The process that changes the table.
const SLEEPER: &str = "SELECT pid FROM pg_locks WHERE relation = 'customers'::regclass \
    AND mode = 'AccessExclusiveLock' AND granted AND pid <> pg_backend_pid()";

/// A target on PostgreSQL whose second migration sleeps in the middle.
fn sleepy(more: &str) -> Option<Place> {
    let place = Place::new(EngineKind::Postgres, more)?;
    place.folder.write(
        "db/2_mail.up.sql",
        "-- migration-gate: class=online\nALTER TABLE customers ADD COLUMN mail TEXT;\n\
         SELECT pg_sleep(60);\n",
    );
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    Some(place)
}

#[test]
fn the_connection_is_lost_in_the_middle_of_a_migration() {
    for more in ["", "checkpoint = \"always\""] {
        let Some(place) = sleepy(more) else { return };
        let old = place.look();
        let child = begin(&place);
        let pid = wait_for(&place, SLEEPER);
        place.sql(&format!("SELECT pg_terminate_backend({pid})"));
        let ran = end(child);
        assert_eq!(ran.code, 1, "{ran:?}");
        let told = "it was rolled back: the target is as it was";
        assert!(ran.err.contains(told) && ran.err.contains("connection"), "{}", ran.err);
        assert_eq!(place.look(), old);
        place.sound();
        let up = "-- migration-gate: class=online\nALTER TABLE customers ADD COLUMN mail TEXT;\n";
        place.folder.write("db/2_mail.up.sql", up);
        assert_eq!(place.apply(&[]).quiet(0), "applied 2_mail\napplied 3_letters\n");
        place.sound();
    }
}

#[test]
fn an_interrupt_takes_back_what_runs() {
    let Some(place) = sleepy("") else { return };
    let old = place.look();
    let child = begin(&place);
    wait_for(&place, SLEEPER);
    let pid = child.id().to_string();
    assert!(host::command("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    let begun = host::now();
    let ran = end(child);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert!(ran.err.contains("interrupted"), "{}", ran.err);
    assert!(ran.err.contains("it was rolled back: the target is as it was"), "{}", ran.err);
    assert_eq!(place.look(), old);
    place.sound();
}

#[test]
fn a_file_of_sqlite_is_locked_by_somebody_else() {
    let place = Place::sqlite();
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    let old = place.look();
    let other = rusqlite::Connection::open(place.path("app.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE customers SET name = 'x' WHERE id = 1").unwrap();
    let ran = place.apply(&["--statement-timeout", "1"]);
    assert!(ran.code == 3 || ran.code == 1, "{ran:?}");
    assert!(ran.err.contains("locked"), "{}", ran.err);
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert_eq!(place.look(), old);
    // What was refused before it touched anything waits for a word.
    assert_eq!(place.apply(&["--retry"]).out, "applied 2_mail\napplied 3_letters\n");
    place.sound();
}

#[test]
fn what_a_migration_needs_is_queued_or_waited_for() {
    let place = Place::sqlite();
    let manifest = "manifest_version = 1\n[[migrations]]\nid = \"1_customers\"\nclass = \"online\"\n\
                    [[migrations]]\nid = \"2_mail\"\nclass = \"manual_backfill\"\n\
                    depends_on = [\"1_customers\"]\n\
                    [[migrations]]\nid = \"3_letters\"\nclass = \"post_deploy\"\n\
                    depends_on = [\"2_mail\"]\n";
    for name in ["1_customers", "2_mail", "3_letters"] {
        let file = format!("db/{name}.up.sql");
        let text = place.folder.read(&file);
        place.folder.write(&file, text.split_once('\n').unwrap().1);
    }
    place.folder.write("db/migration_manifest.toml", manifest);
    // Nothing that is needed is left out, whatever its class.
    let plan = place.done(&["plan", "--class", "post_deploy", "--no-rehearsal"]);
    let order: Vec<&str> = plan.lines().filter(|line| line.contains(". ")).collect();
    assert_eq!(order.len(), 3, "{plan}");
    assert!(order[1].contains("2_mail") && order[1].contains("needed by"), "{plan}");
    assert_eq!(place.apply(&["--class", "online"]).quiet(0), "applied 1_customers\n");
    assert_eq!(place.apply(&["--class", "online"]).quiet(0), "nothing to apply\n");
    let ran = place.apply(&["--class", "post_deploy"]).quiet(0);
    assert_eq!(ran, "applied 2_mail\napplied 3_letters\n");
    place.sound();
}

#[test]
fn a_crash_is_mended_by_hand_and_marked_as_done() {
    for place in super::everywhere() {
        let [first, second] = ids(place.engine);
        assert_eq!(place.apply(&["--to", first]).code, 0);
        let done = place.copy();
        assert_eq!(done.apply(&["--to", second]).code, 0);
        place.killed("state.migrating", &["apply", "--no-rehearsal"]);
        assert_eq!((place.state().as_str(), place.status().0), ("migrating", 1));
        match place.engine {
            EngineKind::Documents => {
                // Not yet, they are not.
                assert!(place.resolve(second, "applied").refused(1).contains("config/x.json"));
                for name in ["config/x.json", "config/y.json"] {
                    let text = place.folder.read(name).replace("\"b\"", "\"c\"");
                    place.folder.write(name, &text);
                }
            }
            _ => place.sql(
                "ALTER TABLE customers ADD COLUMN mail TEXT;
                 UPDATE customers SET mail = name || '@example.org'",
            ),
        }
        let resolved = place.resolve(second, "applied").quiet(0);
        assert_eq!(resolved, format!("{second} counts as applied\n"));
        assert_eq!(place.look(), done.look());
        let rest = place.apply(&[]);
        assert_eq!(rest.code, 0, "{rest:?}");
        assert!(place.ran().1.is_empty());
        assert!(place.events().contains(&"resolved".to_owned()));
        place.sound();
    }
}

#[test]
fn a_rollback_fails_as_well_since_its_backup_was_changed() {
    for place in super::everywhere() {
        if place.engine == EngineKind::Postgres {
            place.folder.write(
                "migration-gate.toml",
                &super::config(place.engine, "checkpoint = \"always\""),
            );
        }
        let [first, second] = ids(place.engine);
        assert_eq!(place.apply(&["--to", first]).code, 0);
        let old = place.look();
        place.killed("migration.done", &["apply", "--no-rehearsal"]);
        let backup = place.backups().pop().unwrap();
        let whole = fs::read(&backup).unwrap();
        fs::write(&backup, "changed").unwrap();
        let stuck = place.apply(&[]).refused(1);
        let name = backup.file_name().unwrap().to_str().unwrap();
        assert!(stuck.contains("the rollback failed as well"), "{stuck}");
        assert!(stuck.contains(&format!("{name} is not what it was")), "{stuck}");
        assert_eq!((place.state().as_str(), place.status().0), ("failed", 1));
        // Nothing begins, and a retry comes no further.
        for arguments in [&["apply"][..], &["rollback", "--accept-data-loss"]] {
            let blocked = place.gate(arguments);
            assert_eq!((blocked.code, blocked.out.as_str()), (1, ""), "{blocked:?}");
            assert!(blocked.err.contains(&format!("an earlier run of {second} failed")));
        }
        let again = place.apply(&["--retry"]);
        assert!(again.err.contains(&format!("{name} is not what it was")), "{again:?}");
        assert_eq!((again.code, place.state().as_str()), (1, "failed"));
        let events = place.events();
        assert!(events.contains(&"rollback.failed".into()), "{events:?}");
        assert!(events.contains(&"blocked_by_partial_failure".into()), "{events:?}");

        let mended = place.copy();
        fs::write(&backup, whole).unwrap();
        assert_eq!(place.apply(&["--retry", "--to", first]).code, 0);
        assert_eq!(place.look(), old);
        place.sound();

        // Or somebody says that all of it is there, as it is.
        assert_eq!(mended.resolve(second, "applied").code, 0);
        assert_eq!(mended.apply(&[]).code, 0);
        mended.sound();
    }
}

#[test]
fn a_rollback_stops_at_a_document_that_somebody_changed() {
    let place = Place::documents();
    assert_eq!(place.apply(&["--to", "1_b"]).code, 0);
    place.killed("migration.done", &["apply"]);
    let theirs = "{ \"c\": 2, \"theirs\": true }\n";
    place.folder.write("config/y.json", theirs);
    let before = place.look();
    let stuck = place.apply(&[]).refused(1);
    assert!(stuck.contains("config/y.json"), "{stuck}");
    assert_eq!((place.look(), place.state().as_str()), (before, "failed"));
    // What is not back is told by its name, and by nothing that stands in it.
    let refused = place.resolve("2_c", "rolled-back").refused(1);
    assert!(refused.contains("is not what it was before 2_c:\n"), "{refused}");
    assert!(refused.contains("config/y.json"), "{refused}");
    assert_eq!(place.resolve("2_c", "applied").code, 0);
    assert_eq!(place.apply(&[]).quiet(0), "nothing to apply\n");
    assert_eq!(place.folder.read("config/y.json"), theirs);
    place.sound();
}

/// The ways in which a policy forbids a step, each with what is said of it.
const FORBIDDEN: &[(&str, &str)] = &[
    ("[policy]\npreset = \"strict\"", "[manifest/invalid-class]"),
    (
        "[class.online]\nwindows = [{ cron = \"0 0 29 2 *\", duration = \"1m\", zone = \"UTC\" }]",
        "no window for that is open",
    ),
    ("[[freeze]]\nreason = \"audit\"\nfrom = \"2000-01-01\"\nto = \"2999-01-01\"", "audit"),
    ("[class.online]\napproval = { team = \"dba\" }", "dba"),
];

#[test]
fn what_the_doctrine_forbids_touches_nothing() {
    for (policy, told) in FORBIDDEN {
        let place = Place::new(EngineKind::Sqlite, policy).unwrap();
        if policy.contains("strict") {
            let text = place.folder.read("db/1_customers.up.sql").replace("=online", "=wrong");
            place.folder.write("db/1_customers.up.sql", &text);
        }
        let refused = place.apply(&["--to", "1_customers"]).refused(1);
        assert!(refused.contains(told) && refused.contains("help: "), "{policy}: {refused}");
        assert_eq!(fs::read(place.path("app.db")).unwrap(), b"", "{policy}");
        assert_eq!(place.state(), "idle");
        let state = place.path(".migration-gate/t");
        assert!(!state.join("checkpoints").exists(), "{:?}", names(&state));
        assert!(!state.join("state.json").exists(), "{policy}");
    }
    let place = Place::new(EngineKind::Sqlite, FORBIDDEN[3].0).unwrap();
    let ran = place.apply(&["--to", "2_mail", "--approved-by", "dba"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "applied 1_customers\napplied 2_mail\n"));
}
