use super::*;
use crate::runner::state::Left;

#[test]
fn a_plan_holds_for_what_it_was_made_for_only() {
    let mut case = postgres(users()).after(&["1_users"]);
    case.snapshot = tables(&["public.users", "public.old"]);
    let file = |before: &str| FileBefore { path: "a.json".into(), before: before.into() };
    case.facts.get_mut("2_fill").unwrap().files = vec![file("aa")];
    case.agreed = Some(case.plan());
    assert_eq!(case.plan().conflicts, []);
    assert_eq!(case.plan(), case.plan(), "the same again");
    case.catalog.entries[1].declared.content = "0".into();
    case.facts.get_mut("2_fill").unwrap().files = vec![file("bb")];
    case.history.push(ran("4_index"));
    let plan = case.plan();
    let conflict = only_conflict(&plan);
    assert_eq!((conflict.kind, conflict.blocks()), (ConflictKind::Content, true));
    for said in ["2_fill were edited", "4_index does not run", "a.json is not", "other migrations"]
    {
        assert!(conflict.what.contains(said), "{}", conflict.what);
    }
    assert_eq!(conflict.migrations, ["2_fill", "4_index"]);
    assert!(conflict.files.contains(&"a.json".to_owned()));
    let replanned = case.choosing("content=replan");
    let plan = replanned.plan();
    assert_eq!(only_conflict(&plan).settlement, Settlement::Resolved(Resolution::Replan));
    assert_eq!(plan.faults(), []);
    assert_eq!(plan.choices(), [Choice::parse("content=replan").unwrap()]);
    // The plan made anew has to hold as well.
    let mut worse = replanned;
    worse.free_bytes = Some(1);
    let plan = worse.plan();
    let Settlement::Refused(why) = &only_conflict(&plan).settlement else { panic!("{plan:#?}") };
    assert!(why.contains("bytes"), "{why}");
}

#[test]
fn what_was_taken_back_is_queued_again_only_by_choice() {
    let mut case = postgres(users()).after(&["1_users"]);
    case.rolled_back.insert("2_fill".into());
    assert_eq!(case.plan().conflicts, [], "asked for by nobody's name but its own");
    let classes = [Model::PostDeploy];
    let wanted = Wanted { classes: &classes, ..Wanted::default() };
    let plan = case.plan_of(&wanted);
    let conflict = only_conflict(&plan);
    assert_eq!((conflict.kind, conflict.blocks()), (ConflictKind::Dependency, true));
    assert_eq!(conflict.resolutions, [Resolution::Queue]);
    let queued = case.choosing("dependency=queue");
    assert!(!only_conflict(&queued.plan_of(&wanted)).blocks());
    let mut refused = queued;
    refused.facts.get_mut("2_fill").unwrap().tried = Tried::Refused("no".into());
    assert!(only_conflict(&refused.plan_of(&wanted)).blocks());
}

#[test]
fn a_target_that_somebody_changed_is_accepted_where_the_steps_still_fit() {
    let mut case = postgres(users()).after(&["1_users"]);
    case.snapshot = tables(&["public.users", "public.old"]);
    let left = |case: &Case, snapshot: &str| Left {
        tracking: tracking(&case.history),
        fingerprint: snapshot.into(),
        ran: 0,
    };
    case.left = Some(left(&case, &fingerprint(&case.snapshot)));
    assert_eq!(case.plan().conflicts, []);
    case.left = Some(left(&case, "another"));
    let plan = case.plan();
    assert_eq!(only_conflict(&plan).kind, ConflictKind::Schema);
    assert!(only_conflict(&plan).blocks());
    // Another tool ran something: that is no drift.
    let by_tool = Left { tracking: "other".into(), ..left(&case, "another") };
    let drift = case.left.replace(by_tool);
    assert_eq!(case.plan().conflicts, []);
    case.left = drift;
    let mut accepted = case.choosing("schema=accept-target");
    assert!(!only_conflict(&accepted.plan()).blocks());
    accepted.snapshot = tables(&["public.old"]);
    let plan = accepted.plan();
    let Settlement::Refused(why) = &only_conflict(&plan).settlement else { panic!("{plan:#?}") };
    assert!(why.starts_with("2_fill needs the table users, which is not there"), "{why}");
}

#[test]
fn two_migrations_that_write_the_same_are_told_where_nothing_orders_them() {
    let retype = |id: &str, kind: &str| {
        entry(id, &format!("ALTER TABLE users ALTER COLUMN email TYPE {kind}"))
    };
    let (a, b) = (retype("1_a", "text"), retype("2_b", "varchar"));
    let mut case = postgres(vec![a.clone(), b.clone()]);
    let plan = case.plan();
    let conflict = only_conflict(&plan);
    assert_eq!(conflict.kind, ConflictKind::Logic);
    let what = "1_a and 2_b both write column `users.email`, and neither needs the other";
    assert_eq!((conflict.what.as_str(), conflict.blocks()), (what, true));
    assert_eq!(conflict.files, ["db/1_a.up.sql", "db/2_b.up.sql"]);
    case.evidence = Some(seen(&["1_a", "2_b"]));
    assert_eq!(only_conflict(&case.plan()).severity, Severity::Warning, "both were seen to run");
    case.evidence = None;
    assert!(!only_conflict(&case.choosing("logic=in-order").plan()).blocks());
    // A dependency orders them, also by way of a third.
    let third = needing(entry("2_x", ""), &["1_a"]);
    let ordered = postgres(vec![a, third, needing(b, &["2_x"])]);
    assert_eq!(ordered.plan().conflicts, []);
}

#[test]
fn an_order_is_not_accepted_that_leaves_the_later_one_nothing() {
    let drop = |id: &str| entry(id, "ALTER TABLE users DROP COLUMN email");
    let later = entry("2_b", "ALTER TABLE users ALTER COLUMN email TYPE text");
    for pair in [
        vec![drop("1_a"), later],
        vec![drop("1_a"), drop("2_b")],
        vec![entry("1_a", "CREATE TABLE t (a int)"), entry("2_b", "CREATE TABLE t (a int)")],
        vec![entry("1_a", "DROP TABLE t"), entry("2_b", "ALTER TABLE t ADD a int")],
    ] {
        let plan = postgres(pair).choosing("logic=in-order").plan();
        let Settlement::Refused(why) = &only_conflict(&plan).settlement else {
            panic!("{plan:#?}")
        };
        assert_eq!(why, "after 1_a, 2_b does not find what it is for");
        assert_eq!(plan.faults()[0].kind, FaultKind::Conflict);
    }
    // To build upon what the earlier one made, or to make anew what it dropped, is no conflict.
    for (a, b) in [
        ("CREATE TABLE t (a int)", "ALTER TABLE t ADD b int"),
        ("CREATE TABLE t (a int)", "DROP TABLE t"),
        ("DROP TABLE t", "CREATE TABLE t (a int)"),
        ("ALTER TABLE t ADD b int", "ALTER TABLE t ADD c int"),
        ("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"),
        ("CREATE SCHEMA IF NOT EXISTS s", "CREATE SCHEMA IF NOT EXISTS s"),
    ] {
        assert_eq!(
            postgres(vec![entry("1_a", a), entry("2_b", b)]).plan().conflicts,
            [],
            "{a} {b}"
        );
    }
}

#[test]
fn operations_on_the_same_values_are_told_where_no_version_orders_them() {
    let at = |text: &str| Pointer::parse(text).unwrap();
    let set = |text: &str| Action::Set { at: at(text), value: 1.into() };
    let pair = |first: &[Action], second: &[Action], from: &str| {
        let entries = vec![config("1_a", ("1", "2"), first), config("2_b", (from, "3"), second)];
        Case::of(EngineKind::Documents, entries)
    };
    let same = pair(&[set("/servers/*/port")], &[set("/servers/0/port")], "1").plan();
    let what = "1_a and 2_b both write `/servers/0/port` of app, and neither needs the other";
    assert_eq!(only_conflict(&same).what, what);
    assert!(only_conflict(&same).blocks());
    for (first, second, from) in [
        (set("/a"), set("/a"), "2"),
        (set("/a"), set("/b"), "1"),
        (set("/a"), Action::Test { at: at("/a"), value: 1.into() }, "1"),
    ] {
        assert_eq!(pair(&[first], &[second], from).plan().conflicts, []);
    }
    let any = pair(&[Action::Jq { program: ".".into() }], &[set("/a")], "1").plan();
    assert_eq!(only_conflict(&any).kind, ConflictKind::Logic);
    let inside = |first: Action| {
        let case = pair(&[first], &[set("/a/b")], "1").choosing("logic=in-order");
        matches!(only_conflict(&case.plan()).settlement, Settlement::Refused(_))
    };
    assert!(inside(Action::Remove { at: at("/a") }));
    assert!(inside(Action::Move { from: at("/a/b"), to: at("/c") }));
    assert!(!inside(set("/a")));
    let mut tried = pair(&[set("/a")], &[set("/a")], "1").tried();
    assert_eq!(only_conflict(&tried.plan()).severity, Severity::Warning);
    let mut changing = |id: &str, paths: &[&str]| {
        let file = |path: &&str| FileBefore { path: (*path).into(), before: String::new() };
        let facts = tried.facts.get_mut(id).unwrap();
        facts.files = paths.iter().map(file).collect();
        tried.plan().conflicts.len()
    };
    assert_eq!(changing("1_a", &["a.json"]), 1, "what the other one changes is not known");
    assert_eq!(changing("2_b", &["b.json", "c.json"]), 0, "each has documents of its own");
    assert_eq!(changing("2_b", &["b.json", "a.json"]), 1);
}

#[test]
fn a_choice_is_one_of_its_kind() {
    let read = |text: &str| Choice::parse(text).map_err(|fault| fault.way_out);
    let choice = Choice { kind: ConflictKind::Schema, resolution: Resolution::AcceptTarget };
    assert_eq!(read("schema=accept-target"), Ok(choice));
    assert_eq!(read("schema=replan"), Err("use one of accept-target".into()));
    assert!(read("scheme=replan").unwrap_err().contains("schema"));
    assert!(read("replan").unwrap_err().contains("KIND=RESOLUTION"));
}

#[test]
fn a_thousand_versions_in_a_row_are_no_conflict() {
    let at = Pointer::parse("/a").unwrap();
    let entries = (0..1_000).map(|n| {
        let versions = (&*n.to_string(), &*(n + 1).to_string());
        config(&format!("{n:04}"), versions, &[Action::Remove { at: at.clone() }])
    });
    let case = Case::of(EngineKind::Documents, entries.collect());
    let plan = case.plan();
    assert_eq!((plan.steps.len(), plan.conflicts), (1_000, vec![]));
}
