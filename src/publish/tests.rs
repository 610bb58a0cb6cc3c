//! Reports posted to a stand-in: what is asked of it, whatever it answers.

use serde_json::{Value, json};

use super::stand_in::{Asked, Said, StandIn, told};
use super::{
    Posted, Posting, PullRequest, Repository, Sha, Target, Wanted, identity, post, requests,
};
use crate::model::{Finding, Level, Report, Verdict};
use crate::render::{MARKER, sample};
use crate::report::SourceMap;

mod comment;

const HEAD: &str = "1111111111111111111111111111111111111111";
const MERGE: &str = "2222222222222222222222222222222222222222";
const ALL: Wanted<'_> = Wanted { check: true, comment: true, author: None };
const RUNS: &str = "/repos/me/shop/check-runs";
const COMMENTS: &str = "/repos/me/shop/issues/7/comments";

fn target() -> Target {
    Target {
        repository: Repository::parse("me/shop").unwrap(),
        head: Sha::parse(HEAD).unwrap(),
        merged: None,
        pull_request: PullRequest::Number(7),
        head_branch: None,
        queued: None,
        from_fork: false,
        run_url: Some("https://github.com/me/shop/actions/runs/9".into()),
    }
}

fn pull(state: &str, head: &str) -> Value {
    json!({"number": 7, "state": state, "head": {"sha": head}})
}

/// What GitHub answers where nothing stands yet and the token may do everything.
fn friendly(asked: &Asked) -> Said {
    let path = asked.url.split('?').next().unwrap();
    match (asked.method.as_str(), path) {
        ("GET", "/user") => told(403, json!({"message": "Resource not accessible by integration"})),
        ("GET", "/repos/me/shop/pulls/7") => told(200, pull("open", HEAD)),
        ("GET", COMMENTS) => told(200, json!([])),
        ("GET", path) if path.ends_with("/check-runs") => told(200, json!({"check_runs": []})),
        ("POST", _) => told(201, json!({"id": 5})),
        ("PATCH", _) => told(200, json!({"id": 5})),
        _ => told(404, json!({"message": "Not Found"})),
    }
}

fn posted(github: &StandIn, target: &Target, report: &Report) -> Posted {
    let sources = sample::sources();
    post(&github.client(), ALL, target, &Posting::new(report, &sources, "migration-gate", target))
}

/// The requests that change something.
fn changes(github: &StandIn) -> Vec<Asked> {
    github.asked().into_iter().filter(|asked| asked.method != "GET").collect()
}

fn calls(github: &StandIn) -> Vec<String> {
    changes(github).iter().map(|asked| format!("{} {}", asked.method, asked.url)).collect()
}

/// A report with so many errors.
fn long(count: usize) -> Report {
    let mut report = sample::blocked();
    report.inconclusive.clear();
    let error = report.findings.iter().find(|one| one.level == Level::Error).unwrap().clone();
    let numbered = |at: usize| Finding { message: format!("No. {at}"), ..error.clone() };
    report.findings = (0..count).map(numbered).collect();
    report
}

#[test]
fn annotations_go_in_batches_and_the_verdict_with_the_first() {
    let github = StandIn::new(friendly);
    let done = posted(&github, &target(), &long(120));
    assert!(done.failed.is_empty() && done.annotated, "{done:?}");
    let again = format!("PATCH {RUNS}/5");
    assert_eq!(
        calls(&github),
        [format!("POST {RUNS}"), again.clone(), again, format!("POST {COMMENTS}")]
    );
    let sent = changes(&github);
    assert_eq!(sent[0].body["conclusion"], "failure");
    assert_eq!(
        (&sent[0].body["name"], &sent[0].body["head_sha"]),
        (&json!("migration-gate"), &json!(HEAD))
    );
    let batch = |at: usize| sent[at].body["output"]["annotations"].as_array().unwrap().clone();
    assert_eq!([batch(0).len(), batch(1).len(), batch(2).len()], [50, 50, 20]);
    assert!(batch(2)[19]["message"].as_str().unwrap().starts_with("No. 119"));
    assert!(sent[1].body["output"]["summary"].as_str().unwrap().starts_with(MARKER));
}

#[test]
fn a_run_that_was_left_half_way_is_completed_and_one_that_says_the_same_is_left() {
    let left = |count: usize| {
        StandIn::new(move |asked| {
            let ours = format!(
                "migration-gate/block/{}",
                Posting::new(&long(120), &sample::sources(), "x", &target()).digest()
            );
            let run = |id: u64, external: &str| {
                json!({"id": id, "external_id": external, "status": "completed",
                "output": {"annotations_count": count}})
            };
            match asked.url.contains("/check-runs?") {
                // A job of the same name is none of ours.
                true => told(200, json!({"check_runs": [run(8, "job"), run(6, &ours)]})),
                false => friendly(asked),
            }
        })
    };
    let check = Wanted { comment: false, ..ALL };
    let sent = |github: &StandIn| {
        let (report, sources, target) = (long(120), sample::sources(), target());
        let posting = Posting::new(&report, &sources, "migration-gate", &target);
        assert!(post(&github.client(), check, &target, &posting).failed.is_empty());
        calls(github)
    };
    // Where a newer run of ours says something else, it would stay the one that counts.
    let newer = StandIn::new(|asked| {
        let digest = Posting::new(&long(120), &sample::sources(), "x", &target()).digest();
        let ours = format!("migration-gate/block/{digest}");
        let run = |id: u64, external: &str| {
            json!({"id": id, "external_id": external, "status": "completed",
                "output": {"annotations_count": 120}})
        };
        match asked.url.contains("/check-runs?") {
            true => {
                told(200, json!({"check_runs": [run(7, "migration-gate/pass/0"), run(6, &ours)]}))
            }
            false => friendly(asked),
        }
    });
    assert_eq!(sent(&newer)[0], format!("POST {RUNS}"));
    assert_eq!(sent(&left(50)), vec![format!("PATCH {RUNS}/6"); 2]);
    assert_eq!(sent(&left(120)), Vec::<String>::new());
}

#[test]
fn an_annotation_that_is_refused_costs_the_annotations_and_not_the_run() {
    let github = StandIn::new(|asked| {
        let annotated = asked.body["output"]["annotations"].is_array();
        match annotated && asked.body["output"]["annotations"][0]["message"] == "No. 50" {
            true => told(422, json!({"message": "Validation Failed"})),
            false => friendly(asked),
        }
    });
    let refused = |report: &Report| {
        let done = posted(&github, &target(), report);
        assert!(!done.annotated && done.failed.len() == 1, "{done:?}");
        assert_eq!(done.failed[0].0, "its annotations");
        assert!(done.remark(&target()).unwrap().contains("the log of this step says why"));
    };
    refused(&long(120));
    let mut later = long(120);
    later.findings.drain(..50);
    refused(&later);
    let last: Vec<Asked> = changes(&github).into_iter().rev().take(2).collect();
    assert_eq!(last[1].body["output"]["annotations"], Value::Null);
    assert_eq!((last[1].url.as_str(), &last[1].body["conclusion"]), (RUNS, &json!("failure")));
}

#[test]
fn only_a_pass_is_a_success() {
    for (name, report) in sample::all() {
        let github = StandIn::new(friendly);
        let _ = posted(&github, &target(), &report);
        let run = &changes(&github)[0].body;
        let success = report.verdict == Verdict::Pass;
        assert_eq!(run["conclusion"], if success { "success" } else { "failure" }, "{name}");
        let title = run["output"]["title"].as_str().unwrap();
        let untold = report.verdict == Verdict::Inconclusive;
        assert!(!untold || title.contains("could not be told"), "{title}");
        assert!(run["output"]["summary"].as_str().unwrap().len() <= 65_000);
    }
}

#[test]
fn without_the_right_to_checks_there_is_a_status() {
    let github =
        StandIn::new(|asked| match asked.url.contains("check-runs") && asked.method == "POST" {
            true => told(403, json!({"message": "You must authenticate via a GitHub App."})),
            false => friendly(asked),
        });
    let done = posted(&github, &target(), &long(60));
    assert!(done.failed.is_empty() && !done.annotated, "{done:?}");
    let status = &changes(&github)[1];
    assert_eq!(status.url, format!("/repos/me/shop/statuses/{HEAD}"));
    assert_eq!(
        (&status.body["state"], &status.body["context"]),
        (&json!("failure"), &json!("migration-gate"))
    );
    assert!(status.body["description"].as_str().unwrap().chars().count() <= 140);
    assert!(done.done[0].contains("commit status"));
}

#[test]
fn a_read_only_token_is_said_in_plain_words() {
    let github = StandIn::new(|asked| match asked.method.as_str() {
        "GET" => friendly(asked),
        _ => told(403, json!({"message": "Resource not accessible by integration"})),
    });
    let fork = Target { from_fork: true, ..target() };
    let done = posted(&github, &fork, &long(1));
    assert!(!done.annotated && done.done.is_empty());
    assert_eq!(done.failed.len(), 2);
    let remark = done.remark(&fork).unwrap();
    // GitHub shows ten annotations of a level.
    assert!(!remark.contains("annotations"), "{remark}");
    assert!(
        remark.contains("the check run and the comment: the change comes from a fork"),
        "{remark}"
    );
    let report = long(1);
    let sources = SourceMap::new();
    let posting = Posting::new(&report, &sources, "migration-gate", &fork);
    let summary = posting.summary(Some(&remark));
    assert!(summary.starts_with("## ") && summary.ends_with("the verdict stands.\n"), "{summary}");
}

#[test]
fn only_a_merge_of_the_head_stands_for_it() {
    let merge = Sha::parse(MERGE).unwrap();
    let is_merge = |parents: Value| {
        let github = StandIn::new(move |_| told(200, json!({"parents": parents})));
        identity::is_merge(&github.client(), &target(), &merge).unwrap()
    };
    let parent = |sha: &str| json!({"sha": sha});
    assert!(is_merge(json!([parent(MERGE), parent(HEAD)])));
    assert!(!is_merge(json!([parent(HEAD), parent(MERGE)])));
    assert!(!is_merge(json!([parent(HEAD)])));
    assert!(!identity::is_merge(&StandIn::new(friendly).client(), &target(), &merge).unwrap());
    assert!(!identity::is_head(&target(), &merge));
    assert!(identity::is_head(&Target { merged: Some(merge.clone()), ..target() }, &merge));
}

#[test]
fn a_rehearsal_shows_what_would_be_sent() {
    let (report, sources) = (long(60), sample::sources());
    let target = target();
    let posting = Posting::new(&report, &sources, "migration-gate", &target);
    let paths = |wanted| {
        let requests = requests(&target, &posting, wanted).into_iter();
        requests.map(|one| format!("{} {}", one.method, one.path)).collect::<Vec<_>>()
    };
    assert_eq!(
        paths(ALL),
        [format!("POST {RUNS}"), format!("PATCH {RUNS}/ID"), format!("POST {COMMENTS}")]
    );
    assert_eq!(paths(Wanted { check: false, ..ALL }), [format!("POST {COMMENTS}")]);
}
