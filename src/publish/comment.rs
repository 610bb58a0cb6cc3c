//! The one comment on a pull request.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, HeadBranch, Posting, PublishError, PullRequest, Request, Target};

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
    #[serde(rename = "ref")]
    branch: Option<String>,
    /// Gone where the fork was deleted.
    repo: Option<Repo>,
}

#[derive(Deserialize)]
struct Repo {
    full_name: String,
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
    let is_known = !pulls.is_empty();
    if let (Some(branch), true) = (&target.head_branch, pulls.len() > 1) {
        pulls.retain(|pull| pull.head.is_on(branch));
    }
    let number = match pulls.as_slice() {
        [one] => one.number,
        [] if !is_known => return Ok(Commented::Left("the pull request has a newer head")),
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
    let find = || find(client, target, number, (&author, &posting.marker));
    let known = match find()? {
        None if posting.touches_nothing() => {
            return Ok(Commented::Left("the change touches nothing that is checked"));
        }
        None => {
            let path = comments(target, number);
            let send = || client.post::<Value>(&path, &body(posting)).map(|_| None);
            client.make(send, || Ok(find()?.map(Some)))?
        }
        known => known,
    };
    if let Some(known) = known {
        update(client, target, posting, &known)?;
    }
    Ok(Commented::Done)
}

impl Head {
    /// Whether it may be that branch, as far as GitHub says.
    fn is_on(&self, branch: &HeadBranch) -> bool {
        let is_of = |repo: &Repo| repo.full_name.eq_ignore_ascii_case(&branch.repository);
        self.repo.as_ref().is_none_or(is_of)
            && self.branch.as_ref().is_none_or(|name| *name == branch.name)
    }
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

/// The newest comment by that author with that first line.
fn find(
    client: &Client,
    target: &Target,
    number: u64,
    (author, marker): (&str, &str),
) -> Result<Option<Comment>, PublishError> {
    let all: Vec<Comment> = client.pages(&comments(target, number))?;
    let own = |comment: &Comment| {
        let marked = comment.body.lines().next() == Some(marker);
        marked && comment.user.as_ref().is_some_and(|user| user.login == author)
    };
    Ok(all.into_iter().filter(own).max_by_key(|comment| comment.id))
}

/// Updates a comment where it says something else.
fn update(
    client: &Client,
    target: &Target,
    posting: &Posting<'_>,
    known: &Comment,
) -> Result<(), PublishError> {
    // GitHub may change the ends of lines.
    if known.body.lines().eq(posting.page.lines()) {
        return Ok(());
    }
    let path = target.repository.path(format_args!("issues/comments/{}", known.id));
    client.patch::<Value>(&path, &body(posting)).map(|_| ())
}
