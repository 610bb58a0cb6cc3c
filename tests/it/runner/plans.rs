//! What people read.

use migration_gate::model::EngineKind;
use serde_json::Value;

use super::{Place, everywhere, ids};

/// What differs from run to run.
const FILTERS: &[(&str, &str)] = &[
    (r"at (/\S+/mg-it-\w+/?|postgres\S+)", "at [place]"),
    (r"t: \S+ \(", "t: [place] ("),
    (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]"),
    (r"PostgreSQL \d+(\.\d+)?", "PostgreSQL [version]"),
];

#[test]
fn a_plan_reads_like_this() {
    for place in everywhere() {
        let plan = place.done(&["plan"]);
        insta::with_settings!({filters => FILTERS.to_vec(), snapshot_suffix => place.engine.to_string()}, {
            insta::assert_snapshot!(plan);
        });
    }
}

#[test]
fn a_status_reads_like_this() {
    let place = Place::new(EngineKind::Sqlite, "").unwrap();
    assert_eq!(place.apply(&["--to", "2_mail"]).code, 0);
    let text = place.folder.read("db/1_customers.up.sql") + "\n";
    place.folder.write("db/1_customers.up.sql", &text);
    let status = place.done(&["status"]);
    insta::with_settings!({filters => FILTERS.to_vec()}, { insta::assert_snapshot!(status); });
}

/// The checks of a plan that did not pass, as `name outcome`, with the plan's exit code.
fn checks(place: &Place, more: &[&str]) -> (i32, Vec<String>) {
    let ran = place.gate(&[&["plan", "--format", "json"], more].concat());
    let plan: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
    let checks = plan["checks"].as_array().unwrap().iter();
    let told = checks.map(|one| [&one["name"], &one["outcome"]].map(|word| word.as_str().unwrap()));
    let told = told.filter(|[_, outcome]| *outcome != "passed").map(|one| one.join(" "));
    (ran.code, told.collect())
}

#[test]
fn what_stops_a_run_stands_in_the_plan() {
    let quick = &["--no-rehearsal"];
    let place = Place::new(EngineKind::Sqlite, "[policy]\npreset = \"strict\"").unwrap();
    assert_eq!(checks(&place, quick), (0, vec!["rehearsal not_known".into()]));
    let bad = "-- migration-gate: class=wrong\nCREATE TABLE letters (id INTEGER PRIMARY KEY);\n";
    place.folder.write("db/3_letters.up.sql", bad);
    let (code, told) = checks(&place, quick);
    assert_eq!((code, told.contains(&"rules failed".into())), (1, true), "{told:?}");
    let text = place.gate(&["plan", "--no-rehearsal"]);
    assert!(text.out.contains("✘ nothing can run") && text.err.is_empty(), "{text:?}");
    assert_eq!(place.apply(&[]).code, 1);

    for place in everywhere() {
        let [first, _] = ids(place.engine);
        assert_eq!(place.apply(&["--to", first]).code, 0);
        place.killed("state.migrating", &["apply", "--no-rehearsal"]);
        let (code, told) = checks(&place, quick);
        assert_eq!((code, told.contains(&"state failed".into())), (1, true), "{told:?}");
        assert_eq!(place.apply(&[]).code, 0);
    }
}

#[test]
fn a_window_that_is_closed_is_told_and_fails_no_plan() {
    let frozen = "[[freeze]]\nreason = \"audit\"\nfrom = \"2000-01-01\"\nto = \"2999-01-01\"";
    let place = Place::new(EngineKind::Sqlite, frozen).unwrap();
    let (code, told) = checks(&place, &["--no-rehearsal"]);
    assert_eq!((code, told.contains(&"roll_out not_known".into())), (0, true), "{told:?}");
    assert!(place.done(&["plan", "--no-rehearsal"]).contains("help: apply after 2999-01-01"));
}

#[test]
fn a_class_that_is_not_true_does_not_run() {
    let place = Place::sqlite();
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    // It moves rows.
    let refused = place.gate(&["apply"]).refused(1);
    assert!(refused.contains("[class/mismatch]"), "{refused}");
    assert_eq!(checks(&place, &[]), (1, vec!["rules failed".into()]));
    assert_eq!(place.ran().0, ["1_customers"]);
}

#[test]
fn older_documents_are_told_also_where_nothing_is_pending() {
    let place = Place::documents();
    let [x, y] = ["config/x.json", "config/y.json"].map(|name| place.folder.read(name));
    assert_eq!(place.apply(&[]).code, 0);
    assert_eq!((checks(&place, &[]), place.status().0), ((0, vec![]), 0));
    place.folder.write("config/x.json", &x);
    assert_eq!(checks(&place, &[]), (1, vec!["documents failed".into()]));
    let (code, told) = place.status();
    let problem = told["problem"].as_str().unwrap();
    assert!(code == 1 && problem.contains("config/x.json: ") && !problem.contains("y.json"));
    assert!(place.apply(&[]).refused(1).contains("config/x.json"));
    // Newer ones are nobody's fault.
    let new = place.folder.read("config/y.json");
    let place = Place::documents();
    assert_eq!(place.apply(&["--to", "1_b"]).code, 0);
    place.folder.write("config/y.json", &new);
    assert_eq!(place.status().0, 0, "{y}");
}

#[test]
fn what_was_begun_is_told_once_and_is_a_problem() {
    let place = Place::sqlite();
    assert_eq!(place.apply(&["--to", "2_mail"]).code, 0);
    place.sql("UPDATE _sqlx_migrations SET success = 0 WHERE version = 2");
    let (code, told) = place.status();
    assert_eq!(
        (code, &told["unfinished"], &told["pending"]),
        (1, &serde_json::json!(["2_mail"]), &serde_json::json!(["3_letters"]))
    );
    assert_eq!(told["applied"].as_array().unwrap().len(), 1);
    assert!(told["way_out"].as_str().unwrap().contains("migration-gate resolve"));
}

#[test]
fn a_database_that_drifted_has_a_problem() {
    let place = Place::sqlite();
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    place.sql("CREATE TABLE theirs (id INTEGER PRIMARY KEY)");
    let (code, told) = place.status();
    assert!(code == 1 && told["problem"].as_str().unwrap().contains("by no migration"), "{told}");
    place.sql("DELETE FROM _sqlx_migrations");
    let (code, told) = place.status();
    assert!(code == 1 && told["problem"].as_str().unwrap().contains("it knows of 0 now"), "{told}");
}

#[test]
fn the_journal_keeps_who_agreed() {
    let policy = "[class.online]\napproval = { team = \"dba\" }";
    let place = Place::new(EngineKind::Sqlite, policy).unwrap();
    assert_eq!(place.apply(&["--to", "1_customers", "--approved-by", "dba"]).code, 0);
    let shown = place.done(&["journal", "show", "--format", "json"]);
    let kept = "\"database.migration.approved_by\":[\"dba\"]";
    assert!(shown.lines().count() > 1 && shown.lines().all(|line| line.contains(kept)), "{shown}");
    place.done(&["journal", "verify"]);
}
