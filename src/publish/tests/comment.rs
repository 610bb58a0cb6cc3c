//! The comment: which one, on which pull request, and never twice.

use serde_json::{Value, json};

use super::{
    ALL, COMMENTS, HEAD, MERGE, RUNS, calls, changes, friendly, long, posted, pull, target,
};
use crate::publish::stand_in::{StandIn, told};
use crate::publish::{HeadBranch, Posting, PullRequest, Target, Wanted, post};
use crate::render::{MARKER, sample};

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
fn a_check_of_another_name_has_a_comment_of_its_own() {
    let bot = "github-actions[bot]";
    let (report, sources, target) = (long(1), sample::sources(), target());
    let posting = |name| Posting::new(&report, &sources, name, &target);
    let ours = posting("gate: db -->\u{202e}").page.lines().next().unwrap().to_owned();
    assert_eq!(ours, "<!-- migration-gate: gate%3A db --%3E%E2%80%AE -->");
    let endless = "ü".repeat(1_000);
    assert!(posting(&endless).marker.len() < 400);
    let github = with_comments(vec![comment(1, bot, &ours), comment(2, bot, MARKER)]);
    for (name, called) in [("gate: db -->\u{202e}", "PATCH"), ("other", "POST")] {
        let wanted = Wanted { check: false, ..ALL };
        assert!(post(&github.client(), wanted, &target, &posting(name)).failed.is_empty());
        let last = changes(&github).pop().unwrap();
        assert_eq!(last.method, called);
        assert!(called == "POST" || last.url.ends_with("/comments/1"), "{}", last.url);
        assert!(!posting(name).summary(None).contains("<!--"));
    }
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
fn of_two_pull_requests_with_one_head_the_branch_tells_which() {
    let github = StandIn::new(|asked| {
        let on = |number: u64, repository: &str, branch: &str| {
            let head = json!({"sha": HEAD, "ref": branch, "repo": {"full_name": repository}});
            json!({"number": number, "state": "open", "head": head})
        };
        let pulls =
            [on(6, "me/shop", "change"), on(7, "You/shop", "change"), on(8, "you/shop", "b")];
        match asked.url.contains("/commits/") && asked.url.contains("/pulls") {
            true => told(200, json!(pulls)),
            false => friendly(asked),
        }
    });
    let on = |repository: &str| {
        let branch = HeadBranch { repository: repository.into(), name: "change".into() };
        let pull_request = PullRequest::OfHead;
        let target = Target { pull_request, head_branch: Some(branch), ..target() };
        posted(&github, &target, &long(1))
    };
    assert!(on("you/shop").done[1].contains("posted"));
    assert_eq!(calls(&github)[1], format!("POST {COMMENTS}"));
    assert!(on("they/shop").done[1].contains("several pull requests have this head"));
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
