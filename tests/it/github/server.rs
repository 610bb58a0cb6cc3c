//! The stand-in's HTTP: one thread, one port of this machine, gone with its handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;
use tiny_http::{Header, Method, Request, Response, Server};

use super::answers::{Answer, Body};
use super::description::Description;
use super::routes::{self, Call, Route};
use super::sample;
use super::state::{Failure, State, Token};

/// A running stand-in.
pub(crate) struct GitHub {
    state: Arc<Mutex<State>>,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    url: String,
}

impl GitHub {
    pub(crate) fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}", server.server_addr().to_ip().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let (own, kept, address) = (server.clone(), state.clone(), url.clone());
        let thread = std::thread::spawn(move || {
            for request in own.incoming_requests() {
                serve(request, &kept, &address);
            }
        });
        Self { state, server, thread: Some(thread), url }
    }

    /// What `GITHUB_API_URL` says.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What GitHub knows. Nothing is answered while it is held.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requests that did not fit, which are then forgotten.
    pub(super) fn take_faults(&self) -> Vec<String> {
        std::mem::take(&mut self.state().faults)
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        self.server.unblock();
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the stand-in failed");
            assert_eq!(self.take_faults(), Vec::<String>::new(), "GitHub has no such requests");
        }
    }
}

/// Reads a request, answers it, and keeps what was wrong with it.
fn serve(mut request: Request, state: &Mutex<State>, address: &str) {
    let mut bytes = Vec::new();
    request.as_reader().read_to_end(&mut bytes).unwrap();
    let asked = Asked::new(&request, &bytes);
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.calls.push(format!("{} {}", asked.method, request.url()));
    let answer = answer(&asked, &mut state, address);
    drop(state);
    let headers = answer.headers.iter().map(|(name, value)| header(name, value));
    let body = match answer.body {
        Body::Json(value) => value.to_string().into_bytes(),
        Body::Nothing => Vec::new(),
    };
    let mut response = Response::from_data(body).with_status_code(answer.status);
    headers.for_each(|header| response.add_header(header));
    // Whoever asked may have gone.
    let _ = request.respond(response);
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap()
}

/// A request, taken apart.
struct Asked {
    method: Method,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

impl Asked {
    fn new(request: &Request, bytes: &[u8]) -> Self {
        let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let headers = request.headers().iter().map(|header| {
            (header.field.as_str().as_str().to_lowercase(), header.value.to_string())
        });
        Self {
            method: request.method().clone(),
            path: path.to_owned(),
            query: pairs.map(|(name, value)| (name.to_owned(), routes::decoded(value))).collect(),
            headers: headers.collect(),
            body: (!bytes.is_empty())
                .then(|| serde_json::from_slice(bytes).unwrap_or(Value::String("not JSON".into()))),
        }
    }

    fn token(&self) -> Option<Token> {
        let value = self.headers.get("authorization")?;
        Token::named(value.strip_prefix("Bearer ").or(value.strip_prefix("token "))?)
    }
}

fn answer(asked: &Asked, state: &mut State, address: &str) -> Answer {
    match state.failure(asked.method.as_str()) {
        Some(Failure::BadGateway) => return Answer::error(502, "Server Error"),
        Some(Failure::SecondaryLimit) => {
            let answer = Answer::error(403, "You have exceeded a secondary rate limit.");
            return answer.with("retry-after", "0");
        }
        None => {}
    }
    if !asked.headers.contains_key("user-agent") {
        return Answer::error(403, "Request forbidden by administrative rules.");
    }
    let Some(token) = asked.token() else { return Answer::error(401, "Bad credentials") };
    let Some((route, path)) = routes::find(asked.method.as_str(), &asked.path) else {
        state.faults.push(format!("{} {}: there is no such route", asked.method, asked.path));
        return Answer::error(404, "Not Found");
    };
    let call = Call { path, query: &asked.query, body: asked.body.as_ref(), token };
    if let Some(description) = Description::get() {
        let operation = description.operation(route);
        let faults = operation.faults(&call.path, call.query, call.body);
        let told = faults.iter().map(|fault| format!("{} {}: {fault}", asked.method, asked.path));
        state.faults.extend(told);
    }
    let answer = (route.handler)(state, &call);
    let url = format!("{address}{}", asked.path);
    whole(route, answer.page(&url, &asked.query))
}

/// The answer with all that GitHub always says.
fn whole(route: &Route, mut answer: Answer) -> Answer {
    let (Some(description), Body::Json(body)) = (Description::get(), &mut answer.body) else {
        return answer;
    };
    let schema = description.answer(route, answer.status);
    *body = sample::complete(schema, body.take());
    let faults = schema.faults(body);
    assert!(faults.is_empty(), "{} {} {}: {faults:#?}", route.method, route.path, answer.status);
    answer
}
