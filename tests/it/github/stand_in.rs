//! The stand-in itself: it pages, keeps, refuses and fails as GitHub does.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::description::Description;
use super::events;
use super::server::GitHub;
use super::state::{Failure, Token};

const HEAD: &str = "1111111111111111111111111111111111111111";
const BASE: &str = "2222222222222222222222222222222222222222";
const REPOSITORY: &str = "/repos/acme/shop";

/// What came back.
struct Got {
    status: u16,
    head: String,
    body: Value,
}

fn ask(github: &GitHub, token: Token, line: &str, body: Option<&Value>) -> Got {
    let text = body.map(Value::to_string).unwrap_or_default();
    let (name, length) = (token.name(), text.len());
    let mut stream = TcpStream::connect(github.url().trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\nAuthorization: Bearer {name}\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n{text}"
    )
    .unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    Got {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: serde_json::from_str(body).unwrap_or_default(),
    }
}

fn with_pull() -> GitHub {
    let github = GitHub::start();
    github.state().pull(7, HEAD, BASE);
    github
}

fn comments(query: &str) -> String {
    format!("GET {REPOSITORY}/issues/7/comments{query}")
}

#[test]
fn lists_come_in_pages() {
    let github = with_pull();
    for n in 0..31 {
        github.state().comment(7, "someone", &format!("{n}"));
    }
    let first = ask(&github, Token::Full, &comments(""), None);
    assert_eq!(first.body.as_array().unwrap().len(), 30);
    let next = format!("<{}/repos/acme/shop/issues/7/comments?page=2>; rel=\"next\"", github.url());
    assert!(first.head.contains(&next), "{}", first.head);
    let second = ask(&github, Token::Full, &comments("?page=2"), None);
    assert_eq!(second.body.as_array().unwrap().len(), 1);
    assert!(!second.head.contains("rel=\"next\""));
    let all = ask(&github, Token::Full, &comments("?per_page=100"), None);
    assert_eq!((all.status, all.body.as_array().unwrap().len()), (200, 31));
    assert!(!all.head.contains("link:"));
}

fn check_run(annotations: usize) -> Value {
    let one = json!({ "path": "a", "start_line": 1, "end_line": 1,
                      "annotation_level": "notice", "message": "m" });
    json!({ "name": "gate", "head_sha": HEAD, "conclusion": "failure", "output":
            { "title": "t", "summary": "s", "annotations": vec![one; annotations] } })
}

#[test]
fn annotations_are_added_and_never_more_than_fifty() {
    let github = with_pull();
    let line = format!("POST {REPOSITORY}/check-runs");
    let made = ask(&github, Token::Full, &line, Some(&check_run(50)));
    assert_eq!((made.status, &made.body["status"]), (201, &json!("completed")));
    let line = format!("PATCH {REPOSITORY}/check-runs/{}", made.body["id"]);
    let mut more = check_run(3);
    more.as_object_mut().unwrap().remove("head_sha");
    let changed = ask(&github, Token::Full, &line, Some(&more));
    assert_eq!(changed.body["output"]["annotations_count"], 53);
    assert_eq!(github.take_faults(), Vec::<String>::new());
    let refused = ask(&github, Token::Full, &line, Some(&check_run(51)));
    assert_eq!(refused.status, 422);
    if Description::get().is_some() {
        assert!(!github.take_faults().is_empty());
    }
}

#[test]
fn a_token_may_what_it_may() {
    let github = with_pull();
    let post = |token, path: &str, body: &Value| {
        let got = ask(&github, token, &format!("POST {REPOSITORY}/{path}"), Some(body));
        (got.status, got.body["message"].as_str().unwrap_or("").to_owned())
    };
    let not_accessible = (403, "Resource not accessible by integration".to_owned());
    let text = json!({ "body": "hello" });
    assert_eq!(post(Token::ReadOnly, "issues/7/comments", &text), not_accessible);
    assert_eq!(post(Token::ReadOnly, "check-runs", &check_run(0)), not_accessible);
    assert_eq!(post(Token::NoChecks, "check-runs", &check_run(0)), not_accessible);
    assert_eq!(post(Token::NoChecks, "issues/7/comments", &text).0, 201);
    let long = json!({ "body": "x".repeat(65_537) });
    assert_eq!(post(Token::Full, "issues/7/comments", &long).0, 422);
    let status = json!({ "state": "success", "context": "gate" });
    assert_eq!(post(Token::NoChecks, &format!("statuses/{HEAD}"), &status).0, 201);
    let line = "GET /orgs/acme/teams/dba/memberships/ann";
    assert_eq!(ask(&github, Token::Full, line, None).status, 403);
    assert_eq!(ask(&github, Token::Organisation, line, None).status, 404);
}

#[test]
fn it_fails_as_often_as_it_is_told() {
    let github = with_pull();
    github
        .state()
        .failures
        .extend([("GET", Failure::BadGateway), ("GET", Failure::SecondaryLimit)]);
    assert_eq!(ask(&github, Token::Full, &comments(""), None).status, 502);
    let limited = ask(&github, Token::Full, &comments(""), None);
    assert!(limited.status == 403 && limited.head.contains("retry-after: 0"), "{}", limited.head);
    assert_eq!(ask(&github, Token::Full, &comments(""), None).status, 200);
}

#[test]
fn what_github_does_not_know_is_a_fault() {
    if Description::get().is_none() {
        return;
    }
    let github = with_pull();
    let wrong = [
        ("POST /repos/acme/shop/issues/comments/1", Some(json!({ "body": "there is PATCH only" }))),
        ("GET /repos/acme/shop/pulls?state=opened", None),
        ("GET /repos/acme/shop/pulls?limit=100", None),
        ("GET /repos/acme/shop/pulls?per_page=101", None),
        ("GET /repos/acme/shop/pulls/seven", None),
        ("POST /repos/acme/shop/issues/7/comments", Some(json!({ "text": "misspelt" }))),
        ("POST /repos/acme/shop/issues/7/comments", None),
        ("GET /repos/acme/shop/pulls", Some(json!({}))),
    ];
    for (line, body) in wrong {
        ask(&github, Token::Full, line, body.as_ref());
        assert!(!github.take_faults().is_empty(), "{line}");
    }
}

/// Every operation answers as described; the stand-in fails where it does not.
#[test]
fn every_answer_is_as_github_describes_it() {
    let github = with_pull();
    let (number, run) = {
        let mut state = github.state();
        state.changes(7, &[("db/1.sql", "added", "SELECT 1")]);
        let review = json!({ "state": "APPROVED", "commit_id": HEAD, "user": { "login": "ann" } });
        state.reviews.insert(7, vec![review]);
        state.pulls.get_mut(&7).unwrap()["labels"] = json!([{ "name": "approved" }]);
        state.members.insert(("dba".into(), "ann".into()), "active");
        (state.comment(7, "ann", "hello"), 0)
    };
    let made =
        ask(&github, Token::Full, &format!("POST {REPOSITORY}/check-runs"), Some(&check_run(1)));
    assert!(made.body["id"].as_u64().is_some_and(|id| id > run));
    let paths = [
        "/pulls".to_owned(),
        "/pulls/7".to_owned(),
        "/pulls/7/files".to_owned(),
        "/pulls/7/reviews".to_owned(),
        "/issues/7/labels".to_owned(),
        format!("/issues/comments/{number}"),
        format!("/check-runs/{}", made.body["id"]),
        format!("/commits/{HEAD}"),
        format!("/commits/{HEAD}/check-runs"),
        format!("/commits/{HEAD}/status"),
        format!("/commits/{HEAD}/statuses"),
        format!("/commits/{HEAD}/pulls"),
        format!("/contents/db/1.sql?ref={HEAD}"),
    ];
    for path in paths {
        let got = ask(&github, Token::Full, &format!("GET {REPOSITORY}{path}"), None);
        assert_eq!(got.status, 200, "{path}");
    }
    let line = "GET /orgs/acme/teams/dba/memberships/ann";
    assert_eq!(ask(&github, Token::Organisation, line, None).body["state"], "active");
}

#[test]
fn every_event_is_as_github_describes_it() {
    for name in events::NAMES {
        let payload = events::payload(name, json!({}));
        let action = payload["action"].as_str().unwrap();
        assert!(name.ends_with(&action.replace('_', "-")), "{action}");
    }
}
