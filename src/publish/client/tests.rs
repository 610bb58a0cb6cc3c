//! What the client asks and waits for, and what it never says.

use std::time::Duration;

use serde_json::{Value, json};

use crate::host;
use crate::publish::stand_in::{Asked, HASTE, Said, StandIn, told};
use crate::publish::{Patience, PublishError};

#[test]
fn every_page_is_read_and_none_elsewhere() {
    let github = StandIn::new(|asked| {
        let page = asked.url.split("page=").last().and_then(|page| page.parse().ok());
        let page: u32 = page.filter(|_| asked.url.contains("&page=")).unwrap_or(1);
        let next = format!("<{}/items?per_page=100&page={}>; rel=\"next\"", asked.host, page + 1);
        let said = told(200, json!([page]));
        if page < 3 { said.with("Link", &next) } else { said }
    });
    assert_eq!(github.client().pages::<u32>("/items").unwrap(), [1, 2, 3]);
    assert_eq!(github.asked()[0].url, "/items?per_page=100");

    let foreign = StandIn::new(|_| {
        told(200, json!([1])).with("Link", "<http://127.0.0.1:1/items?page=2>; rel=\"next\"")
    });
    let error = foreign.client().pages::<u32>("/items").unwrap_err().to_string();
    assert!(error.contains("its next page is elsewhere"), "{error}");
    assert_eq!(foreign.asked().len(), 1);

    let wrapped = StandIn::new(|_| told(200, json!({"items": [4]})));
    assert_eq!(wrapped.client().pages_in::<u32>("/items?a=b", "items").unwrap(), [4]);
    assert_eq!(wrapped.asked()[0].url, "/items?a=b&per_page=100");
}

#[test]
fn an_outage_is_waited_out_but_nothing_is_made_twice() {
    let github = StandIn::new(|asked| match asked.number {
        1 | 2 => told(502, json!({"message": "Server Error"})),
        _ => told(200, json!({"id": 7})),
    });
    let client = github.client();
    assert_eq!(client.get::<Value>("/x").unwrap(), json!({"id": 7}));
    assert_eq!(github.asked().len(), 3);

    let github = StandIn::new(|_| told(502, json!({"message": "Server Error"})));
    let error = github.client().post::<Value>("/x", &json!({})).unwrap_err();
    assert!(error.is_lost(), "{error}");
    assert_eq!(github.asked().len(), 1);
    assert!(github.client().patch::<Value>("/x", &json!({})).is_err());
    assert_eq!(github.asked().len(), 5);
}

#[test]
fn a_rate_limit_is_waited_for_as_long_as_there_is_patience() {
    let limited = || told(403, json!({"message": "You have exceeded a secondary rate limit"}));
    let github = StandIn::new(move |asked| match asked.number {
        1 => limited().with("Retry-After", "2"),
        _ => told(201, json!({"id": 7})),
    });
    assert!(github.client().post::<Value>("/x", &json!({})).is_ok());
    let github = StandIn::new(move |_| limited().with("Retry-After", "3600"));
    let error = github.client().post::<Value>("/x", &json!({})).unwrap_err();
    assert!(matches!(error, PublishError::RateLimited { .. }), "{error}");
    assert_eq!(github.asked().len(), 1);
}

#[test]
fn every_refusal_has_its_kind_and_is_shown_harmlessly() {
    let said = |status: u16, body: Value| StandIn::new(move |_| told(status, body.clone()));
    let hostile = "no\n::error::\u{202e}";
    let github = said(403, json!({"message": hostile}));
    let error = github.client().post::<Value>("/x", &json!({})).unwrap_err();
    assert!(error.is_not_allowed() && !error.to_string().contains("\n::"), "{error}");
    let read = |github: &StandIn| github.client().get::<Value>("/x").unwrap_err();
    assert!(matches!(read(&said(404, json!({}))), PublishError::NotFound { .. }));
    assert!(read(&said(401, json!({}))).is_not_allowed());
    let wrong = json!({"message": "Validation Failed", "errors": [{"field": "body"}]});
    let error = read(&said(422, wrong));
    assert!(error.to_string().contains("Validation Failed [{\"field\":\"body\"}]"), "{error}");
    let github = StandIn::new(|_| Said { body: "<html>".into(), ..told(200, Value::Null) });
    assert!(matches!(read(&github), PublishError::Unreadable { .. }));
    let github = StandIn::new(|_| told(302, Value::Null).with("Location", "http://127.0.0.1:1/"));
    assert!(matches!(read(&github), PublishError::Refused { status: 302, .. }));
}

#[test]
fn the_token_is_sent_and_never_shown() {
    let github = StandIn::new(|_| told(200, Value::Null));
    github.client().get::<Value>("/x").unwrap();
    let asked = github.asked();
    assert_eq!(asked[0].token.as_deref(), Some("Bearer secret-token"));
    let gone = super::Client::with_patience("http://127.0.0.1:1", "secret-token", HASTE);
    let error = gone.unwrap().get::<Value>("/x").unwrap_err();
    assert!(matches!(error, PublishError::Unreachable { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert!(super::Client::new("https://api.github.com", "a\nb").is_err());
}

#[test]
fn what_repeats_the_token_is_shown_without_it() {
    // So far back that only a part of it would be shown.
    for (status, word, before) in [(422, "message", 480), (200, "number", 458)] {
        let told = move |asked: &Asked| {
            let token = asked.token.clone().unwrap();
            let body = json!({ word: format!("{}{token}", "a".repeat(before)) });
            told(status, body)
        };
        let error = StandIn::new(told).client().get::<Numbered>("/x").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret-t") && shown.contains("***"), "{shown}");
    }
    let next = |asked: &Asked| {
        let token = asked.token.clone().unwrap();
        let token = token.trim_start_matches("Bearer ");
        told(200, json!([])).with("Link", &format!("<http://a.b/{token}>; rel=\"next\""))
    };
    let error = StandIn::new(next).client().pages::<u32>("/x").unwrap_err().to_string();
    assert!(error.contains("http://a.b/***"), "{error}");
}

#[derive(Debug, serde::Deserialize)]
struct Numbered {
    #[expect(dead_code, reason = "only read")]
    number: u32,
}

#[test]
fn a_client_ends_at_its_deadline_however_often_it_is_asked() {
    let github = StandIn::new(|_| told(200, json!({})));
    let patience = Patience { whole: 0, ..HASTE };
    let client = super::Client::with_patience(&github.url(), "secret-token", patience).unwrap();
    let error = client.get::<Value>("/x").unwrap_err();
    assert!(error.to_string().contains("seconds for everything"), "{error}");
    let made = || client.post::<Value>("/x", &json!({}));
    assert!(client.make(made, || Ok(None)).is_err());
    assert!(github.asked().is_empty());
    // One that may ask does not wait beyond it.
    let github = StandIn::new(|_| told(502, json!({})));
    let patience = Patience { whole: 100, second: Duration::from_millis(100), ..HASTE };
    let client = super::Client::with_patience(&github.url(), "secret-token", patience).unwrap();
    client.deadline.set(host::now() + Duration::from_millis(50)).unwrap();
    assert!(client.get::<Value>("/x").is_err());
    assert_eq!(github.asked().len(), 1);
}

#[test]
fn what_was_lost_is_looked_for_before_it_is_sent_again() {
    let made_at = |last: usize| {
        let github = StandIn::new(move |asked| match asked.method.as_str() {
            "POST" if asked.number < last => told(502, json!({})),
            "POST" => told(201, json!({"id": 1})),
            _ => told(200, json!({"id": 0})),
        });
        let client = github.client();
        let send = || client.post::<Value>("/x", &json!({}));
        let look = || client.get::<Value>("/x").map(|_| None);
        let made = client.make(send, look).map(|made| made["id"].clone());
        let methods: Vec<String> = github.asked().into_iter().map(|asked| asked.method).collect();
        (made.is_ok(), methods.join(" "), client.waited.get())
    };
    assert_eq!(made_at(5), (true, "POST GET POST GET POST".into(), 3));
    assert_eq!(made_at(99), (false, "POST GET POST GET POST GET POST".into(), 7));
}
