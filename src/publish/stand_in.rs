//! A stand-in for GitHub that says what a test tells it to, and keeps what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tiny_http::{Header, Response, Server};

use super::{Client, Patience};

/// A patience that does not keep a test waiting.
pub(super) const HASTE: Patience =
    Patience { tries: 4, second: Duration::from_millis(1), most: 180, whole: 600_000 };

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// How many there were, this one included.
    pub(super) number: usize,
    /// The address of the stand-in itself.
    pub(super) host: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) body: Value,
    pub(super) token: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Said {
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// An answer with a status and a body.
pub(super) fn told(status: u16, body: Value) -> Said {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    Said { status, headers: Vec::new(), body }
}

/// The stand-in; it ends with the test.
pub(super) struct StandIn {
    server: Arc<Server>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StandIn {
    /// One that answers every request like this.
    pub(super) fn new(answer: impl Fn(&Asked) -> Said + Send + 'static) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stand_in = Self { server: Arc::clone(&server), asked: Arc::clone(&asked) };
        let host = stand_in.url();
        std::thread::spawn(move || {
            for mut request in server.incoming_requests() {
                let body = std::io::read_to_string(request.as_reader()).unwrap();
                let token = request.headers().iter().find(|one| one.field.equiv("Authorization"));
                let mut all = asked.lock().unwrap();
                let this = Asked {
                    number: all.len() + 1,
                    host: host.clone(),
                    method: request.method().to_string(),
                    url: request.url().to_owned(),
                    body: serde_json::from_str(&body).unwrap_or_default(),
                    token: token.map(|one| one.value.to_string()),
                };
                let said = answer(&this);
                all.push(this);
                drop(all);
                let mut response = Response::from_string(said.body).with_status_code(said.status);
                for (name, value) in said.headers {
                    response.add_header(Header::from_bytes(name, value).unwrap());
                }
                let _ = request.respond(response);
            }
        });
        stand_in
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    /// A client of it that does not wait long.
    pub(super) fn client(&self) -> Client {
        Client::with_patience(&self.url(), "secret-token", HASTE).unwrap()
    }

    /// Everything it was asked.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.unblock();
    }
}
