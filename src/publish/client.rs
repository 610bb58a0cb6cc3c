//! GitHub's REST API, one request after the other.
//!
//! octocrab makes the connections; the requests and their types are this program's own, because
//! octocrab's typed calls do not fit the API everywhere: it sends POST where comments are updated
//! by PATCH, and its pages follow links to other hosts.

use std::cell::{Cell, OnceCell};
use std::time::{Duration, Instant};

use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::PublishError;
use super::address::{Address, next_link};
use super::answer::{Answer, Method, judge, parse, unreadable};
use super::retry::{Again, Patience, again, backoff};
use crate::host;
use crate::model::clipped;

/// The longest that one answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// The most pages that are read of a list, of 100 items each.
const MAX_PAGES: usize = 100;
/// A shorter token is none of GitHub's, and may be a part of any answer.
const SHORTEST_TOKEN: usize = 8;
/// A connection to GitHub's API with a token; it blocks until the answer is there.
///
/// The token goes to the configured address and nowhere else: redirections are not followed, and
/// neither are links to other hosts. Proxies are not used.
pub struct Client {
    // Dropped before the runtime that drives it.
    octocrab: Octocrab,
    runtime: Runtime,
    address: Address,
    token: String,
    patience: Patience,
    waited: Cell<u32>,
    /// Fixed by the first request.
    deadline: OnceCell<Instant>,
}

impl Client {
    /// A client for the API at that address, such as `https://api.github.com`.
    ///
    /// # Errors
    /// Where the address is none, the token cannot be sent, or the machine's certificates cannot
    /// be read.
    pub fn new(api_url: &str, token: &str) -> Result<Self, PublishError> {
        Self::with_patience(api_url, token, Patience::default())
    }

    /// Like [`Self::new`], with another patience.
    ///
    /// # Errors
    /// Like [`Self::new`].
    pub fn with_patience(
        api_url: &str,
        token: &str,
        patience: Patience,
    ) -> Result<Self, PublishError> {
        let address = Address::parse(api_url)?;
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PublishError::Setup(
                "GITHUB_TOKEN holds no token\n  help: set it to ${{ github.token }} in the step's env".into(),
            ));
        }
        let failed = |error: &dyn std::error::Error| {
            PublishError::Setup(format!(
                "no connection can be made: {}\n  help: see whether the machine has certificate authorities (ca-certificates)",
                causes(error)
            ))
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let octocrab = {
            // Its worker is started on the runtime.
            let _entered = runtime.enter();
            octocrab(&address, token).map_err(|error| failed(&error))?
        };
        let (token, waited, deadline) = (token.to_owned(), Cell::new(0), OnceCell::new());
        Ok(Self { octocrab, runtime, address, token, patience, waited, deadline })
    }

    /// Asks for one thing.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, PublishError> {
        self.read(Method::Get, path, None)
    }

    /// Makes a thing. It is sent again only where GitHub says that it was not made; where the
    /// answer is lost ([`PublishError::is_lost`]), look first: see [`Self::make`].
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, PublishError> {
        self.read(Method::Post, path, Some(&value(body)))
    }

    /// Makes a thing that must not be made twice. Where an answer of `send` is lost, `look` says after
    /// a while whether the thing is there; only where it is not, it is sent again.
    ///
    /// # Errors
    /// Those of the last `send`, or of `look`.
    pub(super) fn make<T>(
        &self,
        send: impl Fn() -> Result<T, PublishError>,
        look: impl Fn() -> Result<Option<T>, PublishError>,
    ) -> Result<T, PublishError> {
        for lost in 1..self.patience.tries {
            match send() {
                Err(error) if error.is_lost() && self.wait(backoff(lost)) => {}
                answer => return answer,
            }
            if let Some(found) = look()? {
                return Ok(found);
            }
        }
        send()
    }

    /// Changes a thing.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, PublishError> {
        self.read(Method::Patch, path, Some(&value(body)))
    }

    /// Asks for a list, all pages of it.
    ///
    /// # Errors
    /// See [`PublishError`]; also where a page lies on another host, or there are too many.
    pub fn pages<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, PublishError> {
        self.all_pages(path, None)
    }

    /// Like [`Self::pages`], for lists that come wrapped: `{"check_runs": […]}`.
    ///
    /// # Errors
    /// Like [`Self::pages`].
    pub fn pages_in<T: DeserializeOwned>(
        &self,
        path: &str,
        member: &str,
    ) -> Result<Vec<T>, PublishError> {
        self.all_pages(path, Some(member))
    }

    fn all_pages<T: DeserializeOwned>(
        &self,
        path: &str,
        member: Option<&str>,
    ) -> Result<Vec<T>, PublishError> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut next = Some(format!("{path}{joint}per_page=100"));
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(path) = next else { return Ok(all) };
            let unreadable = |message: String| unreadable(Method::Get, &path, &message);
            let answer = self.send(Method::Get, &path, None)?;
            let mut page: Value = parse(&answer.body).map_err(unreadable)?;
            if let Some(member) = member {
                page = page.get_mut(member).map(Value::take).unwrap_or_default();
            }
            let page: Vec<T> =
                serde_json::from_value(page).map_err(|error| unreadable(error.to_string()))?;
            all.extend(page);
            next = match answer.next {
                None => None,
                Some(link) => Some(self.address.path_of(&link).ok_or_else(|| {
                    unreadable(format!("its next page is elsewhere, at {}", clipped(&link, 200)))
                })?),
            };
        }
        match next {
            None => Ok(all),
            Some(path) => Err(unreadable(Method::Get, &path, "the list does not end")),
        }
    }

    fn read<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, PublishError> {
        let answer = self.send(method, path, body)?;
        parse(&answer.body).map_err(|message| unreadable(method, path, &message))
    }

    /// Sends a request as often as there is patience for it.
    fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, PublishError> {
        let mut tried = 1;
        loop {
            let left = self.deadline().saturating_duration_since(host::now());
            let answer = match left.is_zero() {
                true => Err(format!("GitHub had {} seconds for everything", self.patience.whole)),
                false => self.runtime.block_on(self.once(method, path, body, left.min(ANSWER))),
            };
            let wait = match answer.as_ref().map_or(Again::Lost, |answer| answer.again) {
                Again::No => None,
                Again::Limited(seconds) => Some(seconds),
                Again::Lost if method == Method::Post => None,
                Again::Lost => Some(backoff(tried)),
            };
            let wait = wait.filter(|_| tried < self.patience.tries);
            if !wait.is_some_and(|seconds| self.wait(seconds)) {
                return judge(method, path, answer);
            }
            tried += 1;
        }
    }

    /// When the patience for everything ends.
    fn deadline(&self) -> Instant {
        *self.deadline.get_or_init(|| host::now() + self.patience.second * self.patience.whole)
    }

    /// What came from outside, without the token: a server may repeat what it was sent.
    fn redacted(&self, text: String) -> String {
        match self.token.len() {
            SHORTEST_TOKEN.. => text.replace(&self.token, "***"),
            _ => text,
        }
    }

    /// Waits so many seconds, where there is so much patience left.
    fn wait(&self, seconds: u32) -> bool {
        let waited = self.waited.get().saturating_add(seconds);
        let pause = self.patience.second * seconds;
        let enough = waited <= self.patience.most && host::now() + pause < self.deadline();
        if enough {
            self.waited.set(waited);
            host::pause(pause);
        }
        enough
    }

    /// Sends a request once; the error is the system's words. Neither holds the token.
    async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Answer, String> {
        let url = self.address.of(path);
        let answer = async {
            let response = match method {
                Method::Get => self.octocrab._get(url).await,
                Method::Post => self.octocrab._post(url, body).await,
                Method::Patch => self.octocrab._patch(url, body).await,
            }?;
            let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
            let names = ["link", "retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"];
            let headers = names.map(|name| (name, header(name)));
            let status = response.status().as_u16();
            let body = self.redacted(self.octocrab.body_to_string(response).await?);
            let header = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted)?.1.clone();
            let next = header("link")
                .as_deref()
                .and_then(next_link)
                .map(|link| self.redacted(link.to_owned()));
            Ok(Answer { status, again: again(status, &header, &body), body, next })
        };
        match tokio::time::timeout(limit, answer).await {
            Ok(answer) => answer.map_err(|error: octocrab::Error| self.redacted(causes(&error))),
            Err(_) => Err(format!("none within {} seconds", limit.as_secs())),
        }
    }
}

fn octocrab(address: &Address, token: &str) -> octocrab::Result<Octocrab> {
    let mut builder = Octocrab::builder()
        .base_uri(address.of(""))?
        .personal_token(token)
        .set_connect_timeout(Some(ANSWER));
    // A header's name always parses; its type cannot be named from here.
    if let Ok(accept) = "accept".parse() {
        builder = builder.add_header(accept, "application/vnd.github+json".into());
    }
    builder.build()
}

/// What is sent; the types of requests are all such that this cannot fail.
fn value(body: &impl Serialize) -> Value {
    serde_json::to_value(body).unwrap_or_default()
}

/// An error with what it was caused by; octocrab's own words say little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let said = error.to_string();
        if !said.is_empty() && words.last() != Some(&said) {
            words.push(said);
        }
        cause = error.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests;
