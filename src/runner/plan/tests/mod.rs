mod conflicts;

use super::testing::{Case, config, entry, needing, of_class, ran, sample, seen, tables};
use super::*;
use crate::model::{
    Action, Approval, Class as Model, ClassPolicy, EngineKind, Failure, Freeze, Kind, Opening,
    Outcome as Ran, Pointer, Rollout, Sited, Span, StepEvidence, Window as When, time_zone,
};
use crate::runner::tracking::TrackedState;
use crate::runner::{Fault, FaultKind, target::Strategy};

fn users() -> Vec<crate::catalog::Entry> {
    vec![
        entry("1_users", "CREATE TABLE users (id int)"),
        of_class(entry("2_fill", "UPDATE users SET a = 1"), Model::ManualBackfill),
        needing(of_class(entry("3_drop", "DROP TABLE old"), Model::PostDeploy), &["2_fill"]),
        entry("4_index", "CREATE INDEX i ON users (id)"),
    ]
}

fn postgres(entries: Vec<crate::catalog::Entry>) -> Case {
    Case::of(EngineKind::Postgres, entries)
}

fn outcome(plan: &Plan, name: CheckName) -> Outcome {
    plan.checks.iter().find(|check| check.name == name).unwrap().outcome
}

fn only_conflict(plan: &Plan) -> &Conflict {
    let [conflict] = plan.conflicts.as_slice() else { panic!("{:#?}", plan.conflicts) };
    conflict
}

#[test]
fn what_has_not_run_is_queued_in_the_order_of_the_set() {
    let case = postgres(users()).after(&["1_users"]);
    let all = case.queue(&Wanted::default()).unwrap();
    assert_eq!(all, ["2_fill Pending", "3_drop Pending", "4_index Pending"]);
    let to = case.queue(&Wanted { to: Some("3_drop"), ..Wanted::default() }).unwrap();
    assert_eq!(to, ["2_fill Pending", "3_drop Requested"]);
    let only = ["4_index".to_owned()];
    let only = case.queue(&Wanted { only: Some(&only), ..Wanted::default() }).unwrap();
    assert_eq!(only, ["4_index Pending"]);
    assert_eq!(
        postgres(users()).after(&["1_users", "2_fill", "3_drop", "4_index"]).plan().steps,
        []
    );
}

#[test]
fn dependencies_queue_what_they_need_whatever_its_class() {
    let case = postgres(users()).after(&["1_users"]);
    let classes = [Model::PostDeploy];
    let wanted = Wanted { classes: &classes, ..Wanted::default() };
    let queue = case.queue(&wanted).unwrap();
    assert_eq!(queue, ["2_fill NeededBy(\"3_drop\")", "3_drop Requested"]);
    let after = postgres(users()).after(&["1_users", "2_fill"]);
    assert_eq!(after.queue(&wanted).unwrap(), ["3_drop Requested"]);
    // What is needed goes first although it comes later in the set, and through others.
    let later = postgres(vec![
        needing(entry("1_a", ""), &["3_c"]),
        entry("2_b", ""),
        needing(entry("3_c", ""), &["4_d", "2_b"]),
        entry("4_d", ""),
    ]);
    let queue = later.queue(&Wanted { to: Some("1_a"), ..Wanted::default() }).unwrap();
    assert_eq!(
        queue,
        [
            "2_b NeededBy(\"3_c\")",
            "4_d NeededBy(\"3_c\")",
            "3_c NeededBy(\"1_a\")",
            "1_a Requested"
        ]
    );
}

#[test]
fn what_runs_whenever_it_changes_runs_again() {
    let mut case = postgres(users()).after(&["1_users", "2_fill", "3_drop", "4_index"]);
    case.history[3].edited = true;
    case.catalog.entries[3].migration.kind = Kind::Repeatable;
    assert_eq!(case.queue(&Wanted::default()).unwrap(), ["4_index Changed"]);
    let plan = case.plan();
    assert_eq!((plan.conflicts.len(), plan.faults()), (0, vec![]));
}

#[test]
fn what_is_missing_or_goes_in_a_circle_is_a_fault_of_dependencies() {
    let missing = postgres(vec![needing(entry("1_a", ""), &["0_zero"])]);
    let faults = missing.queue(&Wanted::default()).unwrap_err();
    let what = "1_a needs 0_zero, which is neither in the set shop nor on the target";
    assert_eq!((faults.len(), faults[0].what.as_str()), (1, what));
    assert_eq!(faults[0].kind, FaultKind::Dependency);
    // What the target has under that name was once a file.
    let mut squashed = postgres(vec![needing(entry("1_a", ""), &["0_zero"])]);
    squashed.history.push(crate::runner::tracking::Tracked { id: None, ..ran("0_zero") });
    assert_eq!(squashed.queue(&Wanted::default()).unwrap(), ["1_a Pending"]);
    assert_eq!(squashed.plan().faults(), []);
    let circle =
        || postgres(vec![needing(entry("1_a", ""), &["2_b"]), needing(entry("2_b", ""), &["1_a"])]);
    let faults = circle().queue(&Wanted::default()).unwrap_err();
    assert_eq!(faults[0].what, "these need each other: 1_a → 2_b → 1_a");
    assert!(circle().after(&["1_a"]).queue(&Wanted::default()).is_ok(), "one of them has run");
    let faults = circle().queue(&Wanted { to: Some("1_b"), ..Wanted::default() }).unwrap_err();
    assert_eq!(faults[0].kind, FaultKind::Usage);
    assert!(faults[0].way_out.contains("did you mean"), "{}", faults[0].way_out);
}

#[test]
fn a_long_chain_is_queued_without_overflow() {
    let entries = (0..20_000).map(|n| {
        let next = format!("{:06}", n + 1);
        let needs: Vec<&str> = (n < 19_999).then_some(next.as_str()).into_iter().collect();
        needing(entry(&format!("{n:06}"), ""), &needs)
    });
    let case = postgres(entries.collect());
    let queue = case.queue(&Wanted { to: Some("000000"), ..Wanted::default() }).unwrap();
    assert_eq!((queue.len(), queue[0].split(' ').next()), (20_000, Some("019999")));
}

#[test]
fn what_is_optional_and_missing_is_only_said() {
    let mut case = postgres(vec![entry("1_a", "")]);
    case.catalog.entries[0].declared.absent =
        needing(entry("x", ""), &["0_extras"]).declared.depends_on;
    let plan = case.plan();
    assert_eq!(plan.faults(), []);
    let note = "1_a would run after 0_extras, which the set does not hold; it is optional";
    assert_eq!(plan.notes, [note]);
}

#[test]
fn the_impact_is_read_from_statements_and_operations() {
    let sql = "CREATE UNIQUE INDEX i ON users (id); ALTER TABLE users ADD a int; \
               ALTER TABLE users ADD b int; CREATE TABLE new (id int); UPDATE orders SET a = 1;";
    let mut case = postgres(vec![entry("1_a", sql)]);
    case.rows = [("public.users".to_owned(), 7), ("orders".to_owned(), 9)].into();
    let step = &case.plan().steps[0];
    let counted = |table: &str, rows| TableRows { table: table.into(), rows };
    assert_eq!(step.impact.rows, [counted("orders", Some(9)), counted("users", Some(7))]);
    let kinds: Vec<String> =
        step.impact.statements.iter().map(|one| format!("{} {}", one.count, one.kind)).collect();
    assert_eq!(kinds, ["2 ALTER TABLE", "1 CREATE INDEX", "1 CREATE TABLE", "1 UPDATE"]);
    let touches = |action: &str, kind: &str, name: &str| {
        step.impact.objects.iter().any(|one| {
            (one.action.as_str(), one.kind.as_str(), one.name.as_str()) == (action, kind, name)
        })
    };
    assert!(touches("update", "rows", "orders"));
    assert!(touches("create", "table", "new") && touches("create", "index", "i"));
    let at = |text: &str| Pointer::parse(text).unwrap();
    let up = [Action::Move { from: at("/a"), to: at("/b") }, Action::Jq { program: ".".into() }];
    let case = Case::of(EngineKind::Documents, vec![config("1_a", ("1", "2"), &up)]);
    let impact = case.plan().steps[0].impact.clone();
    let objects: Vec<String> =
        impact.objects.iter().map(|one| format!("{} {}", one.action, one.name)).collect();
    assert_eq!(objects, ["jq any, of app", "move /a", "move /b"]);
}

#[test]
fn the_way_back_is_the_targets_and_the_down_is_as_proved() {
    let mut case = postgres(users());
    let broken = Failure {
        message: "no".into(),
        code: None,
        detail: None,
        hint: None,
        location: case.catalog.entries[0].migration.location(),
    };
    let mut evidence = seen(&["1_users", "2_fill", "3_drop", "4_index"]);
    evidence.migrations[0].down = Some(StepEvidence::ended(Ran::Done));
    evidence.migrations[1].down = Some(StepEvidence::ended(Ran::Failed(broken)));
    case.catalog.entries[3].migration.down = crate::model::Down::Missing;
    case.evidence = Some(evidence);
    case.facts.get_mut("2_fill").unwrap().strategy = Some(Strategy::Transaction);
    case.facts.remove("3_drop");
    let plan = case.plan();
    let told: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.rollback.way, step.rollback.checkpoint_bytes, step.rollback.down))
        .collect();
    assert_eq!(
        told,
        [
            (Way::Checkpoint, Some(100), DownState::Proved),
            (Way::Transaction, None, DownState::Broken),
            (Way::None, None, DownState::NotProved),
            (Way::Checkpoint, Some(100), DownState::Missing),
        ]
    );
    assert_eq!(outcome(&plan, CheckName::Rehearsal), Outcome::Passed);
}

#[test]
fn each_check_fails_by_what_it_is_about() {
    let passed = postgres(users()).plan();
    assert_eq!(passed.faults(), []);
    assert_eq!(outcome(&passed, CheckName::Rehearsal), Outcome::NotKnown);
    let mut half = postgres(users()).after(&["1_users"]);
    half.history[0].state = TrackedState::Unfinished;
    assert_eq!(half.plan().faults()[0].kind, FaultKind::PartialFailure);
    let mut edited = postgres(users()).after(&["1_users"]);
    edited.history[0].edited = true;
    assert_eq!(outcome(&edited.plan(), CheckName::Checksums), Outcome::Failed);
    assert!(edited.choosing("content=replan").plan().conflicts[0].blocks());
    let needed = postgres(users()).after(&["1_users", "3_drop"]);
    let classes = [Model::Online];
    let plan = needed.plan_of(&Wanted { classes: &classes, ..Wanted::default() });
    assert_eq!(plan.faults()[0].what, "3_drop has run and needs 2_fill, which has not");
    assert_eq!(outcome(&needed.plan(), CheckName::Dependencies), Outcome::Passed);
    let mut full = postgres(users());
    full.free_bytes = Some(399);
    assert_eq!(full.plan().faults()[0].kind, FaultKind::Environment);
    full.free_bytes = None;
    assert_eq!(outcome(&full.plan(), CheckName::Room), Outcome::NotKnown);
    let mut refused = postgres(users());
    refused.facts.get_mut("2_fill").unwrap().tried =
        Tried::Refused("the test does not hold".into());
    assert_eq!(refused.plan().faults()[0].what, "2_fill: the test does not hold");
    let up = [Action::Remove { at: Pointer::parse("/a").unwrap() }];
    let mut invalid = Case::of(EngineKind::Documents, vec![config("1_a", ("1", "2"), &up)]).tried();
    assert_eq!(outcome(&invalid.plan(), CheckName::Documents), Outcome::Passed);
    let facts = invalid.facts.get_mut("1_a").unwrap();
    facts.invalid = vec!["config/app.json lacks /b".into()];
    assert_eq!(outcome(&invalid.plan(), CheckName::Documents), Outcome::Failed);
}

#[test]
fn the_policy_says_when_and_by_whose_leave() {
    let case = postgres(users()).after(&["1_users"]);
    let classes = [Model::PostDeploy];
    let steps = case.plan_of(&Wanted { classes: &classes, ..Wanted::default() }).steps;
    let time = |text: &str| text.parse().unwrap();
    let span = Span::new(0, 0);
    let window = When {
        opening: Opening::Weekly {
            days: vec![jiff::civil::Weekday::Tuesday],
            from: time("09:00"),
            to: time("16:00"),
        },
        zone: time_zone("Europe/Berlin").unwrap(),
        span,
    };
    let team = Sited::new("dba".to_owned(), span);
    let policy =
        ClassPolicy { windows: vec![window], approval: Some(Approval { team, label: None }) };
    let freeze = Freeze {
        from: jiff::civil::Date::constant(2026, 12, 20),
        to: jiff::civil::Date::constant(2027, 1, 4),
        zone: time_zone("UTC").unwrap(),
        classes: vec![Model::PostDeploy],
        reason: "year end".into(),
        span,
    };
    let rollout =
        Rollout { classes: [(Model::ManualBackfill, policy)].into(), freezes: vec![freeze] };
    let at = |moment: &str, teams: &[String]| -> Vec<String> {
        let faults = policy_faults(&steps, &rollout, moment.parse().unwrap(), teams);
        assert!(faults.iter().all(|fault| fault.kind == FaultKind::Policy));
        faults.iter().map(|fault| format!("{} | {}", fault.what, fault.way_out)).collect()
    };
    let dba = ["dba".to_owned()];
    assert_eq!(at("2026-11-24T10:00Z", &dba), Vec::<String>::new());
    let needed = "2_fill (needed by 3_drop) is manual_backfill";
    assert_eq!(
        at("2026-11-24T16:00Z", &[]),
        [
            format!(
                "{needed}, and no window for that is open (Tue 09:00–16:00 Europe/Berlin) | apply \
                 when the next window is open, from Tue 2026-12-01 09:00 Europe/Berlin on"
            ),
            format!(
                "{needed}, and the team dba has to agree to that | ask dba; once it has agreed, \
                 add --approved-by dba"
            ),
        ]
    );
    assert_eq!(
        at("2026-12-22T10:00Z", &dba),
        [
            "3_drop is post_deploy, and roll-outs are frozen from 2026-12-20 to 2027-01-04: year end \
          | apply after 2027-01-04"
        ]
    );
}

#[test]
fn a_plan_is_read_as_it_was_written_and_fits_its_schema() {
    let plan = sample();
    assert_eq!(Plan::read(&plan.json()), Ok(plan.clone()));
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    assert_eq!(schema["properties"]["plan_version"]["const"], PLAN_VERSION);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let value = serde_json::to_value(&plan).unwrap();
    assert!(validator.is_valid(&value), "{:?}", validator.validate(&value).err());
    for bad in ["", "{}", "{\"plan_version\": 2}", "{\"plan_version\": 1}"] {
        assert_eq!(Plan::read(bad).unwrap_err().kind, FaultKind::Usage, "{bad}");
    }
    let more = plan.json().replacen('{', "{\"extra\": 1,", 1);
    assert!(Plan::read(&more).is_err(), "a key that nobody knows");
}

#[test]
fn what_one_version_would_count_as_run_is_not_passed_over() {
    let mut case = postgres(users()).after(&["1_users"]);
    case.catalog.info.layout = "golang-migrate";
    let over = |case: &Case, classes: &[Model]| {
        let queue =
            select(&case.catalog, &case.history, &Wanted { classes, ..Wanted::default() }).unwrap();
        passed_over(&case.catalog, &case.history, &queue)
    };
    let fault = over(&case, &[Model::Online]).unwrap();
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.what.starts_with("2_fill, 3_drop would count as run"), "{fault}");
    // With what it needs, the last one leaves nothing out.
    assert_eq!(over(&case, &[Model::PostDeploy]), None);
    assert_eq!(over(&case, &[]), None);
    case.catalog.info.layout = "sqlx";
    assert_eq!(over(&case, &[Model::Online]), None);
}

#[test]
fn what_was_found_elsewhere_stops_a_plan_as_its_own_checks_do() {
    let mut plan = postgres(users()).after(&["1_users"]).plan();
    assert_eq!(plan.faults(), []);
    let fault = Fault::new(FaultKind::Policy, "a.sql:1:1: no\n  more", "mend it");
    plan.checks.extend(Check::of(
        CheckName::RollOut,
        Outcome::NotKnown,
        std::slice::from_ref(&fault),
    ));
    plan.checks.extend(Check::of(CheckName::State, Outcome::Failed, &[]));
    assert_eq!(plan.faults(), []);
    assert_eq!(outcome(&plan, CheckName::State), Outcome::Passed);
    plan.checks.extend(Check::of(CheckName::Rules, Outcome::Failed, &[fault.clone(), fault]));
    let faults = plan.faults();
    assert_eq!((faults.len(), faults[0].what.as_str()), (2, "a.sql:1:1: no\nmore"));
    assert_eq!(Plan::read(&plan.json()), Ok(plan));
}
