//! `check --approvals github`: who agreed, as far as GitHub says so.

use serde_json::{Value, json};

use super::play::{PULL, Play};
use super::state::Token;
use crate::support::{commit, finish};

const MIGRATION: &[(&str, &str)] = &[
    (
        "db/000002_fees.up.sql",
        "-- migration-gate: class=online\nCREATE TABLE IF NOT EXISTS fees (id INTEGER);",
    ),
    ("db/000002_fees.down.sql", "DROP TABLE fees;"),
];

/// A pull request whose policy asks for the team `dba`.
fn play(approval: &str, token: Token) -> Play {
    let config = format!("version = 1\n[class.online]\napproval = {approval}\n");
    let play = Play::on(&[("migration-gate.toml", &config)]);
    let play = Play { token, options: &["--approvals", "github"], ..play };
    play.push(MIGRATION);
    for (login, membership) in [("ann", "active"), ("bob", "pending"), ("author", "active")] {
        play.github.state().members.insert(("dba".into(), login.into()), membership);
    }
    play
}

fn review(play: &Play, login: &str, state: &str, commit: &str) {
    let review = json!({ "user": { "login": login }, "state": state, "commit_id": commit });
    play.github.state().reviews.entry(PULL).or_default().push(review);
}

/// Whether the gate misses the approval, and what it could not read.
fn missing(play: &Play) -> (bool, Vec<String>) {
    play.first_half();
    told(play)
}

/// The same of a commit that the event is not about, or of the working tree.
fn checked(play: &Play, event: &Value, head: &[&str]) -> (bool, Vec<String>) {
    let sha = "2".repeat(40);
    let mut command = play.step("pull_request_target", event, &sha);
    finish(
        command
            .args(["check", "--engine", "sqlite", "--report", "json=out/report.json"])
            .args(head)
            .args(play.options),
    );
    told(play)
}

/// What the report says of approvals.
fn told(play: &Play) -> (bool, Vec<String>) {
    let report: Value = serde_json::from_str(&play.report()).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let notices = report["notices"].as_array().unwrap().iter();
    (
        findings.iter().any(|finding| finding["rule"] == "class/approval-missing"),
        notices.map(|notice| notice.as_str().unwrap().to_owned()).collect(),
    )
}

const TEAM: &str = "{ team = \"dba\" }";

#[test]
fn a_member_approves_of_the_head_or_nobody_does() {
    let play = play(TEAM, Token::Organisation);
    assert_eq!(missing(&play), (true, vec![]));
    let head = play.head();
    for (login, state) in [
        ("author", "APPROVED"),
        ("bob", "APPROVED"),
        ("stranger", "APPROVED"),
        ("ann", "COMMENTED"),
    ] {
        review(&play, login, state, &head);
        assert_eq!(missing(&play), (true, vec![]), "{login}");
    }
    review(&play, "ann", "APPROVED", &head);
    assert_eq!(missing(&play), (false, vec![]));
    // What was approved is not what stands there now.
    play.push(&[("db/000002_fees.down.sql", "DROP TABLE IF EXISTS fees;")]);
    assert_eq!(missing(&play), (true, vec![]));
    review(&play, "ann", "APPROVED", &play.head());
    assert_eq!(missing(&play), (false, vec![]));
    review(&play, "ann", "CHANGES_REQUESTED", &play.head());
    assert_eq!(missing(&play), (true, vec![]));
}

#[test]
fn a_label_counts_where_the_base_says_so() {
    let label = |play: &Play| {
        let labels = json!([{ "name": "approved: dba" }]);
        play.github.state().pulls.get_mut(&PULL).unwrap()["labels"] = labels;
    };
    let with = play("{ team = \"dba\", label = \"approved: dba\" }", Token::Full);
    assert_eq!(missing(&with), (true, vec![]));
    label(&with);
    assert_eq!(missing(&with), (false, vec![]));
    let without = play(TEAM, Token::Full);
    label(&without);
    // A change cannot name one for itself.
    let config =
        "version = 1\n[class.online]\napproval = { team = \"dba\", label = \"approved: dba\" }\n";
    without.push(&[("migration-gate.toml", config)]);
    assert!(missing(&without).0);
}

#[test]
fn what_cannot_be_read_is_said_and_is_no_approval() {
    let play = play(TEAM, Token::Full);
    review(&play, "ann", "APPROVED", &play.head());
    let (is_missing, notices) = missing(&play);
    assert!(is_missing && notices.len() == 1, "{notices:?}");
    assert!(notices[0].contains("may not read who is in the team dba"), "{notices:?}");
    play.github.state().pulls.clear();
    let (is_missing, notices) = missing(&play);
    assert!(is_missing && notices[0].starts_with("approvals cannot be read: "), "{notices:?}");
}

#[test]
fn only_what_the_event_is_about_is_approved() {
    let play = play(TEAM, Token::Organisation);
    review(&play, "ann", "APPROVED", &play.head());
    assert_eq!(missing(&play), (false, vec![]));
    // The event is about the head that was approved, and something else is checked.
    let event = play.opened();
    play.folder.write("db/000002_fees.down.sql", "DROP TABLE IF EXISTS fees;");
    commit(play.folder.path());
    let (is_missing, notices) = checked(&play, &event, &["--head", "HEAD"]);
    assert!(is_missing && notices.len() == 1, "{notices:?}");
    assert!(notices[0].contains("is checked, which is neither"), "{notices:?}");
    let (is_missing, notices) = checked(&play, &event, &[]);
    assert!(is_missing && notices.iter().any(|one| one.contains("--head names")), "{notices:?}");
}

#[test]
fn a_queue_has_the_approvals_of_the_head_that_it_merges_and_of_nothing_else() {
    let play = play(TEAM, Token::Organisation);
    let merged = || {
        play.on_merge_group();
        told(&play)
    };
    review(&play, "ann", "APPROVED", &play.head());
    assert_eq!(merged(), (false, vec![]));
    // Another commit is at the head by now.
    play.github.state().pulls.get_mut(&PULL).unwrap()["head"]["sha"] = "1".repeat(40).into();
    let (is_missing, notices) = merged();
    assert!(is_missing && notices[0].contains("not known to be the merge"), "{notices:?}");
}
