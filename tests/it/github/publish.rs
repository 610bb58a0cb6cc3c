//! What is seen on GitHub after each event of a pull request.

use serde_json::Value;

use super::play::{PULL, Play};
use super::state::{Failure, Token};

const UP: (&str, &str) = (
    "db/000002_fees.up.sql",
    "-- migration-gate: class=online\nCREATE TABLE IF NOT EXISTS fees (id INTEGER PRIMARY KEY);",
);
const DOWN: (&str, &str) = ("db/000002_fees.down.sql", "DROP TABLE fees;");

fn success() -> Vec<(String, usize)> {
    vec![("success".to_owned(), 0)]
}

fn failure(annotations: usize) -> Vec<(String, usize)> {
    vec![("failure".to_owned(), annotations)]
}

/// Compares the comment, but for what changes from version to version.
macro_rules! assert_comment {
    ($comment:expr, @$expected:literal) => {
        let ids = (r"[0-9a-f]{12,64}", "[id]");
        let filters = vec![ids, (r"SQLite `[0-9.]+`", "SQLite [version]")];
        insta::with_settings!({ filters => filters }, {
            insta::assert_snapshot!($comment, @$expected);
        });
    };
}

#[test]
fn a_pull_request_is_followed_from_its_first_commit_to_its_last() {
    let play = Play::new();
    // Others may write what they like, and as much as they like.
    let mark = play.github.state().comment(PULL, "mallory", "<!-- migration-gate -->\nmine");
    for _ in 0..120 {
        play.github.state().comment(PULL, "someone", "hello");
    }
    play.push(&[UP]);
    let ran = play.on_pull_request("opened");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let opened = play.head();
    let comments = play.comments();
    assert_eq!(comments.len(), 122);
    assert_comment!(&comments[121], @r"
    <!-- migration-gate -->
    ## ❌ Migrations blocked: 1 error

    Not of this change: 1 older finding, `--all` shows it.

    ### `db`

    golang-migrate on SQLite [version] · 1 migration before, 1 judged

    | | migration | class | dry run |
    |---|---|---|---|
    | ❌ | `000002_fees` | `online` | up ✔ · again ✔ · down ✘ **missing** |

    ### ❌ `rollback/missing` · `000002_fees`

    `000002_fees` has no rollback

    `db/000002_fees.up.sql` · error · static

    <details>
    <summary>About this check</summary>

    - base: merge base `[id]` of HEAD and main
    - head: `[id]` (`--head` HEAD)
    - `db`, assumed: layout golang-migrate, by `000001_members.down.sql` and a `go.mod` around
    - `db`, assumed: engine sqlite, by `--engine`
    - digest: `[id]`
    - why, and how to mend it: `migration-gate explain rollback/missing`

    </details>

    [The run](https://github.com/acme/shop/actions/runs/42) has the whole report.
    ");
    assert_eq!(play.check_runs(&opened), failure(1));

    play.push(&[DOWN]);
    assert_eq!(play.on_pull_request("synchronize").code, 0);
    let (fixed, comments) = (play.head(), play.comments());
    assert_eq!(comments.len(), 122);
    assert!(!comments[121].contains("rollback/missing"), "{}", comments[121]);
    assert_eq!((play.check_runs(&fixed), play.check_runs(&opened)), (success(), failure(1)));

    play.force_push(&[UP, (DOWN.0, "DROP TABLE IF EXISTS fee;")]);
    assert_eq!(play.on_pull_request("synchronize").code, 1);
    let (forced, comments) = (play.head(), play.comments());
    assert!(comments.len() == 122 && comments[121].contains("rollback/leaves-trace"));
    assert!(play.check_runs(&forced)[0].0 == "failure" && forced != fixed);
    assert_eq!(play.check_runs(&fixed), success());

    play.github.state().pulls.get_mut(&PULL).unwrap()["state"] = "closed".into();
    let before = play.github.state().check_runs.clone();
    assert_eq!(play.on_pull_request("closed").code, 1);
    assert_eq!((play.comments(), &play.github.state().check_runs), (comments, &before));

    let state = play.github.state();
    let mallory = state.comments.iter().find(|(_, comment)| comment["id"] == mark).unwrap();
    assert_eq!(mallory.1["body"], "<!-- migration-gate -->\nmine");
}

#[test]
fn a_fork_gets_a_verdict_and_a_plain_word() {
    let play = Play { token: Token::ReadOnly, head_repository: "you/shop", ..Play::new() };
    play.push(&[UP]);
    let ran = play.on_pull_request("opened");
    assert_eq!(ran.code, 1);
    assert!(play.is_silent());
    assert!(ran.out.lines().any(|line| line.starts_with("::error ")), "{}", ran.out);
    assert!(play.summary().contains("comes from a fork"), "{}", play.summary());
    assert!(play.summary().contains("rollback/missing"));
}

#[test]
fn the_trusted_half_posts_what_the_other_found() {
    let play = Play { head_repository: "you/shop", ..Play::new() };
    play.push(&[UP]);
    assert_eq!(play.first_half(), 1);
    assert!(play.is_silent());
    let ran = play.trusted_half();
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{}", ran.out);
    assert_eq!(play.check_runs(&play.head()), failure(1));
    let comments = play.comments();
    assert!(comments.len() == 1 && comments[0].contains("rollback/missing"));
    // Once more changes nothing.
    play.trusted_half();
    assert_eq!((play.comments(), play.check_runs(&play.head())), (comments, failure(1)));
}

#[test]
fn a_merge_queue_gets_a_check_run_on_its_own_commit() {
    let play = Play::new();
    play.push(&[UP, DOWN]);
    let (queued, ran) = play.on_merge_group();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!((play.check_runs(&queued), play.check_runs(&play.head())), (success(), vec![]));
    assert_eq!(play.comments(), Vec::<String>::new());
}

#[test]
fn what_touches_nothing_is_a_success_without_a_comment() {
    let play = Play::new();
    play.push(&[("README.md", "nothing of ours")]);
    assert_eq!(play.on_pull_request("opened").code, 0);
    assert_eq!((play.check_runs(&play.head()), play.comments()), (success(), vec![]));
}

#[test]
fn only_an_honest_report_about_this_commit_is_posted() {
    let play = Play::new();
    play.push(&[UP]);
    assert_eq!(play.first_half(), 1);
    let report = play.report();
    let mut changed: Value = serde_json::from_str(&report).unwrap();
    changed["findings"] = Value::Array(Vec::new());
    play.write_report(&changed.to_string());
    let error = play.trusted_half().refused(2);
    assert!(error.contains("changed after it was written"), "{error}");

    play.write_report(&report);
    play.push(&[DOWN]);
    let error = play.trusted_half().refused(2);
    assert!(error.contains("another commit"), "{error}");
    assert!(play.is_silent());
}

#[test]
fn trouble_on_the_way_changes_nothing_in_the_end() {
    let play = Play::new();
    play.push(&[UP]);
    play.github
        .state()
        .failures
        .extend([("POST", Failure::BadGateway), ("POST", Failure::SecondaryLimit)]);
    let ran = play.on_pull_request("opened");
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{}", ran.out);
    assert_eq!((play.check_runs(&play.head()), play.comments().len()), (failure(1), 1));
    assert!(play.github.state().failures.is_empty());
}

#[test]
fn where_check_runs_are_not_allowed_there_is_a_status() {
    let play = Play { token: Token::NoChecks, ..Play::new() };
    play.push(&[UP]);
    let ran = play.on_pull_request("opened");
    assert_eq!(ran.code, 1);
    let state = play.github.state();
    let (sha, status) = &state.statuses[0];
    assert_eq!((sha, &status["state"]), (&play.head(), &"failure".into()));
    assert_eq!(status["context"], "migration-gate");
    assert_eq!(state.comments_of(PULL).len(), 1);
}

#[test]
fn annotations_come_in_batches_and_the_comment_stays_within_its_bounds() {
    let play = Play::new();
    let files: Vec<(String, String)> = (2..62)
        .map(|n| (format!("db/{n:06}_t{n}.up.sql"), format!("CREATE TABLE t{n} (id INTEGER);")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    play.push(&files);
    assert_eq!(play.on_pull_request("opened").code, 1);
    let annotations = play.check_runs(&play.head())[0].1;
    assert!(annotations >= 60, "{annotations}");
    let state = play.github.state();
    let writes = |call: &&String| call.starts_with("POST") || call.starts_with("PATCH");
    assert_eq!(state.calls.iter().filter(writes).count(), annotations.div_ceil(50) + 1);
}
