//! Two runners at once, and what a rollback asks for.

use std::process::Stdio;
use std::time::Duration;

use migration_gate::host;
use migration_gate::model::EngineKind;

use super::{Place, everywhere, ids};

/// Starts an apply that stays where it is for a while, and waits until it is there.
fn busy(place: &Place) -> std::process::Child {
    let [first, _] = ids(place.engine);
    let mut command = place.command(&["apply", "--no-rehearsal", "--to", first]);
    let stay = "state.preparing=return(tell)->off;state.validating_pre=1*sleep(4000)->off";
    command.env("FAILPOINTS", stay);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let begun = host::now();
    while place.state() != "validating_pre" {
        assert!(begun.elapsed() < Duration::from_secs(30));
        host::pause(Duration::from_millis(20));
    }
    child
}

#[test]
fn the_second_of_two_runners_does_not_wait() {
    for place in everywhere() {
        let mut child = busy(&place);
        let begun = host::now();
        let refused = [place.apply(&[]), place.gate(&["rollback"])];
        assert!(begun.elapsed() < Duration::from_secs(3));
        let (code, told) = place.status();
        let at_work = told["at_work"].as_str().unwrap_or_default();
        assert!(code == 0 && at_work.contains(&format!("process {} since ", child.id())), "{told}");
        let plan = place.gate(&["plan", "--no-rehearsal"]);
        assert!(plan.out.contains(at_work) && !plan.out.contains("takes it back"), "{plan:?}");
        let holder = format!("another runner is at work on this target: process {} ", child.id());
        for ran in refused {
            assert!(ran.refused(3).contains(&holder));
        }
        // From another machine, so to say.
        if place.engine == EngineKind::Postgres {
            let ran = place.apply(&["--state", "elsewhere"]).refused(3);
            assert!(ran.contains("another runner is at work on "), "{ran}");
        }
        assert!(child.wait().unwrap().success());
        place.sound();
    }
}

#[test]
fn down_scripts_run_only_where_nobody_is_served() {
    for engine in [EngineKind::Documents, EngineKind::Sqlite, EngineKind::Postgres] {
        let Some(place) = Place::new(engine, "") else { continue };
        let [first, second] = ids(engine);
        assert_eq!(place.apply(&["--to", first]).code, 0);
        let old = place.look();
        assert_eq!(place.apply(&["--to", second]).code, 0);
        let new = place.look();
        let refused = place.gate(&["rollback", "--allow-down"]).refused(1);
        assert!(refused.contains("t is a target in production"), "{refused}");
        assert_eq!(place.look(), new);
        let config = super::config(engine, "production = false");
        place.folder.write("migration-gate.toml", &config);
        let ran = place.gate(&["rollback", "--allow-down"]).quiet(0);
        assert_eq!((ran, place.look()), (format!("rolled back {second}\n"), old));
        assert_eq!(place.apply(&["--to", second]).code, 0);
        let ran = place.gate(&["rollback", "--allow-down", "--to", first]).quiet(0);
        assert_eq!(ran, format!("rolled back {second}\n"));
        place.sound();
    }
}

#[test]
fn rows_that_would_be_lost_are_shown_first() {
    for engine in [EngineKind::Sqlite, EngineKind::Postgres] {
        let Some(place) = Place::new(engine, "checkpoint = \"always\"") else { continue };
        assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
        let old = place.look();
        assert_eq!(place.apply(&[]).code, 0);
        place.sql("INSERT INTO customers VALUES (3, 'eva', NULL)");
        let new = place.look();
        let refused = place.gate(&["rollback", "--to", "1_customers"]).refused(1);
        assert!(refused.contains("customers: 3 rows now, 2 rows then"), "{refused}");
        assert!(refused.contains("it takes back 3_letters, 2_mail"), "{refused}");
        assert_eq!(place.look(), new);
        let arguments = ["rollback", "--to", "1_customers", "--accept-data-loss"];
        assert_eq!(place.done(&arguments), "rolled back 3_letters\nrolled back 2_mail\n");
        assert_eq!(place.look(), old);
        place.sound();
    }
}

#[test]
fn what_ran_in_one_transaction_has_no_checkpoint() {
    let Some(place) = Place::new(EngineKind::Postgres, "") else { return };
    assert_eq!(place.apply(&[]).code, 0);
    let refused = place.gate(&["rollback", "--accept-data-loss"]).refused(2);
    assert!(refused.contains("there is no checkpoint from before 3_letters"), "{refused}");
    place.sound();
}
