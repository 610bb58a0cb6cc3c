//! The one comment on a pull request.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Posting, PublishError, PullRequest, Request, Target};
use crate::render::MARKER;

/// Who writes with the token of a workflow's run.
const ACTIONS: &str = "github-actions[bot]";

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Commented {
    /// It stands there.
    Done,
    /// There is none, and there should be none; the reason in words.
    Left(&'static str),
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    state: String,
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: String,
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

/// Posts the comment, or brings the one that stands there up to date.
///
/// It is found by its first line, which is hidden, and by its author: `author`, or else whoever the
/// token belongs to, or, where the token does not say, GitHub Actions. Of several the newest is
/// updated; none is ever removed. There is none on a pull request that is closed or whose head is
/// another commit by now, and no new one where the change touched nothing.
///
/// # Errors
/// See [`PublishError`].
pub(super) fn post(
    client: &Client,
    target: &Target,
    posting: &Posting<'_>,
    author: Option<&str>,
) -> Result<Commented, PublishError> {
    let mut pulls = pulls(client, target)?;
    pulls.retain(|pull| pull.state == "open");
    if pulls.is_empty() {
        return Ok(Commented::Left("the commit heads no open pull request"));
    }
    pulls.retain(|pull| pull.head.sha == target.head.as_str());
    let number = match pulls.as_slice() {
        [] => return Ok(Commented::Left("the pull request has a newer head")),
        [one] => one.number,
        _ => {
            return Ok(Commented::Left(
                "several pull requests have this head: give --pull-request N",
            ));
        }
    };
    let author = match author {
        Some(author) => author.to_owned(),
        None => own_login(client)?,
    };
    let known = find(client, target, number, &author)?;
    if known.is_none() && posting.touches_nothing() {
        return Ok(Commented::Left("the change touches nothing that is checked"));
    }
    match put(client, target, number, posting, known) {
        // It may stand there all the same.
        Err(error) if error.is_lost() => {
            let known = find(client, target, number, &author)?;
            put(client, target, number, posting, known)?;
        }
        done => done?,
    }
    Ok(Commented::Done)
}

/// What [`post`] sends where no comment stands there.
pub(super) fn request(target: &Target, posting: &Posting<'_>) -> Option<Request> {
    let number = match target.pull_request {
        PullRequest::Number(number) => number.to_string(),
        PullRequest::OfHead => "NUMBER".to_owned(),
        PullRequest::None => return None,
    };
    let path = comments(target, number);
    (!posting.touches_nothing()).then(|| Request::post(path, body(posting)))
}

fn comments(target: &Target, number: impl std::fmt::Display) -> String {
    target.repository.path(format_args!("issues/{number}/comments"))
}

fn body(posting: &Posting<'_>) -> Value {
    json!({ "body": posting.page })
}

/// The pull requests that may be meant, whatever their state.
fn pulls(client: &Client, target: &Target) -> Result<Vec<Pull>, PublishError> {
    let repository = &target.repository;
    match target.pull_request {
        PullRequest::None => Ok(Vec::new()),
        PullRequest::Number(number) => {
            client.get(&repository.path(format_args!("pulls/{number}"))).map(|pull| vec![pull])
        }
        PullRequest::OfHead => {
            let path = format!("commits/{}/pulls", target.head);
            let of_commit = match client.pages::<Pull>(&repository.path(path)) {
                Err(PublishError::NotFound { .. } | PublishError::Refused { status: 422, .. }) => {
                    Vec::new()
                }
                pulls => pulls?,
            };
            let known = of_commit.iter().any(|pull| pull.head.sha == target.head.as_str());
            // A fork's commit may be unknown to the repository.
            if known { Ok(of_commit) } else { client.pages(&repository.path("pulls?state=open")) }
        }
    }
}

/// Who the token's comments are by. The tokens of workflow runs may not ask.
fn own_login(client: &Client) -> Result<String, PublishError> {
    match client.get::<User>("/user") {
        Ok(user) => Ok(user.login),
        Err(PublishError::NotAllowed { status: 403, .. } | PublishError::NotFound { .. }) => {
            Ok(ACTIONS.to_owned())
        }
        Err(error) => Err(error),
    }
}

/// The newest comment of this program by that author.
fn find(
    client: &Client,
    target: &Target,
    number: u64,
    author: &str,
) -> Result<Option<Comment>, PublishError> {
    let all: Vec<Comment> = client.pages(&comments(target, number))?;
    let own = |comment: &Comment| {
        let marked = comment.body.lines().next() == Some(MARKER);
        marked && comment.user.as_ref().is_some_and(|user| user.login == author)
    };
    Ok(all.into_iter().filter(own).max_by_key(|comment| comment.id))
}

/// Makes the comment, or updates the known one where it says something else.
fn put(
    client: &Client,
    target: &Target,
    number: u64,
    posting: &Posting<'_>,
    known: Option<Comment>,
) -> Result<(), PublishError> {
    match known {
        None => client.post::<Value>(&comments(target, number), &body(posting))?,
        // GitHub may change the ends of lines.
        Some(known) if known.body.lines().eq(posting.page.lines()) => Value::Null,
        Some(known) => {
            let path = target.repository.path(format_args!("issues/comments/{}", known.id));
            client.patch::<Value>(&path, &body(posting))?
        }
    };
    Ok(())
}
