//! One report to all its places; where the token is not enough, to the next best.

use super::{Client, Posting, PublishError, PullRequest, Target, check_run, comment, status};
use comment::Commented;

/// What is to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The check run, or else the commit status.
    pub check: bool,
    /// The comment on the pull request.
    pub comment: bool,
    /// Whose comment is brought up to date; by default that of the token's user.
    pub author: Option<&'a str>,
}

/// What was posted, and what could not be.
#[derive(Debug, Default)]
pub struct Posted {
    /// Whether findings stand beside the changed lines.
    pub annotated: bool,
    /// What was done, in words.
    pub done: Vec<String>,
    /// What could not be done, and why.
    pub failed: Vec<(&'static str, PublishError)>,
}

/// Posts a report to all places that are wanted; one that fails does not keep the others waiting.
#[must_use]
pub fn post(client: &Client, wanted: Wanted<'_>, target: &Target, posting: &Posting<'_>) -> Posted {
    let mut posted = Posted { annotated: !wanted.check, ..Posted::default() };
    if wanted.check {
        posted.check(client, target, posting);
    }
    if wanted.comment && target.pull_request != PullRequest::None {
        match comment::post(client, target, posting, wanted.author) {
            Ok(Commented::Done) => posted.done.push("comment: posted".into()),
            Ok(Commented::Left(why)) => posted.done.push(format!("comment: none, {why}")),
            Err(error) => posted.failed.push(("the comment", error)),
        }
    }
    posted
}

impl Posted {
    /// Nothing was posted, because nothing can be.
    #[must_use]
    pub fn nothing(error: PublishError) -> Self {
        Self { failed: vec![("anything", error)], ..Self::default() }
    }

    /// Posts the check run, or where the token may not, a commit status.
    fn check(&mut self, client: &Client, target: &Target, posting: &Posting<'_>) {
        let refused = match check_run::post(client, target, posting) {
            Ok(Some(error)) => {
                self.done.push("check run: posted, but not with all its annotations".into());
                return self.failed.push(("its annotations", error));
            }
            Ok(None) => {
                self.annotated = true;
                return self.done.push("check run: posted".into());
            }
            Err(error) if error.is_not_allowed() => error,
            Err(error) => return self.failed.push(("the check run", error)),
        };
        match status::post(client, target, posting) {
            Ok(()) => {
                let why = "as the token may make no check run";
                self.done.push(format!("commit status: posted, {why}"));
            }
            Err(_) => self.failed.push(("the check run", refused)),
        }
    }

    /// What a reader of the step's summary has to know; `None` where everything was posted.
    #[must_use]
    pub fn remark(&self, target: &Target) -> Option<String> {
        let missing: Vec<&str> = self.failed.iter().map(|(what, _)| *what).collect();
        let because = match self.failed.first()? {
            (_, error) if !error.is_not_allowed() => "the log of this step says why",
            _ if target.from_fork => "the change comes from a fork, for which tokens are read-only",
            _ => "the token of this run is read-only",
        };
        Some(format!(
            "This run could not post {}: {because}. The findings are in this summary, all of \
             them in the report's file, and the verdict stands.",
            missing.join(" and ")
        ))
    }
}
