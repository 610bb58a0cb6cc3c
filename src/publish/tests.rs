//! Reports posted to a stand-in: what is asked of it, whatever it answers.

use serde_json::{Value, json};

use super::stand_in::{Asked, Said, StandIn, told};
use super::{
    Posted, Posting, PullRequest, Repository, Sha, Target, Wanted, identity, post, requests,
};
use crate::model::{Finding, Level, Report, Verdict};
use crate::render::{MARKER, sample};
use crate::report::SourceMap;

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
    assert_eq!(sent(&left(50)), vec![format!("PATCH {RUNS}/6"); 2]);
    assert_eq!(sent(&left(120)), Vec::<String>::new());
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

fn comment(id: u64, login: &str, body: &str) -> Value {
    json!({"id": id, "user": {"login": login}, "body": body})
}

/// A stand-in with these comments, each on a page of its own.
fn with_comments(pages: Vec<Value>) -> StandIn {
    StandIn::new(move |asked| {
        if asked.method != "GET" || !asked.url.starts_with(COMMENTS) {
            return friendly(asked);
        }
        let page = asked.url.split("&page=").nth(1).map_or(1, |page| page.parse().unwrap());
        let said = told(200, json!([pages[page - 1]]));
        let next =
            format!("<{}{COMMENTS}?per_page=100&page={}>; rel=\"next\"", asked.host, page + 1);
        if page < pages.len() { said.with("Link", &next) } else { said }
    })
}

#[test]
fn the_own_comment_is_found_on_any_page_and_updated_in_place() {
    let bot = "github-actions[bot]";
    let marked = format!("{MARKER}\nold");
    let github = with_comments(vec![
        comment(1, bot, &marked),
        comment(2, "somebody", &marked),
        comment(3, bot, &marked),
        comment(4, bot, &format!("see\n{MARKER}")),
        comment(5, "somebody", &marked),
    ]);
    assert!(posted(&github, &target(), &long(1)).failed.is_empty());
    let sent = changes(&github);
    assert_eq!(
        (sent[1].method.as_str(), sent[1].url.as_str()),
        ("PATCH", "/repos/me/shop/issues/comments/3")
    );
    assert_eq!(sent.len(), 2);

    let report = long(1);
    let page = Posting::new(&report, &sample::sources(), "migration-gate", &target()).page;
    let same = with_comments(vec![comment(3, bot, page.trim_end().replace('\n', "\r\n").as_str())]);
    assert!(posted(&same, &target(), &report).failed.is_empty());
    assert_eq!(calls(&same), [format!("POST {RUNS}")]);
}

#[test]
fn where_nothing_was_touched_there_is_no_comment_but_an_old_one_says_so() {
    let untouched = sample::all().into_iter().find(|(name, _)| *name == "untouched").unwrap().1;
    let github = StandIn::new(friendly);
    let done = posted(&github, &target(), &untouched);
    assert_eq!(calls(&github), [format!("POST {RUNS}")]);
    assert!(done.done[1].contains("touches nothing"), "{done:?}");
    let github = with_comments(vec![comment(3, "github-actions[bot]", MARKER)]);
    assert!(posted(&github, &target(), &untouched).failed.is_empty());
    let body = changes(&github)[1].body["body"].as_str().unwrap().to_owned();
    assert!(body.contains("the change touches no migrations"), "{body}");
}

#[test]
fn a_pull_request_that_is_closed_or_has_moved_on_gets_no_comment() {
    for (state, head, word) in
        [("closed", HEAD, "no open pull request"), ("open", MERGE, "newer head")]
    {
        let github = StandIn::new(move |asked| match asked.url.as_str() {
            "/repos/me/shop/pulls/7" => told(200, pull(state, head)),
            _ => friendly(asked),
        });
        let done = posted(&github, &target(), &long(1));
        assert!(done.done[1].contains(word), "{done:?}");
        assert_eq!(calls(&github), [format!("POST {RUNS}")]);
    }
}

#[test]
fn a_fork_s_pull_request_is_found_by_its_head() {
    let github = StandIn::new(|asked| match asked.url.split('?').next().unwrap() {
        url if url.ends_with("/pulls") && url.contains("/commits/") => told(200, json!([])),
        "/repos/me/shop/pulls" => told(200, json!([pull("open", MERGE), pull("open", HEAD)])),
        _ => friendly(asked),
    });
    let fork = Target { pull_request: PullRequest::OfHead, ..target() };
    assert!(posted(&github, &fork, &long(1)).failed.is_empty());
    assert_eq!(calls(&github)[1], format!("POST {COMMENTS}"));
}

#[test]
fn a_lost_answer_makes_nothing_twice() {
    let github = StandIn::new(|asked| {
        let made = asked.number > 6;
        match (asked.method.as_str(), asked.url.as_str()) {
            ("POST", COMMENTS) => told(502, json!({"message": "Server Error"})),
            ("GET", url) if url.starts_with(COMMENTS) && made => {
                told(200, json!([comment(3, "github-actions[bot]", MARKER)]))
            }
            _ => friendly(asked),
        }
    });
    let done = posted(&github, &target(), &long(1));
    assert!(done.failed.is_empty(), "{done:?}");
    let sent = calls(&github);
    assert_eq!(
        sent[1..],
        [format!("POST {COMMENTS}"), "PATCH /repos/me/shop/issues/comments/3".into()]
    );
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
