//! What a report is posted to: a commit, and the pull request that it heads.

use std::fmt;

use crate::model::quoted;

/// The full id of a commit: 40 hexadecimal digits, or 64 with SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sha(String);

impl Sha {
    /// Reads one; `None` where it is none, or the one of all zeros that stands for no commit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = matches!(text.len(), 40 | 64)
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.bytes().any(|byte| byte != b'0');
        sound.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A repository's owner and name, fit to be put into an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository(String);

impl Repository {
    /// Reads `OWNER/NAME`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let of_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let sound = |part: &str| {
            (1..=100).contains(&part.len())
                && part.chars().all(of_name)
                && !part.trim_matches('.').is_empty()
        };
        (sound(owner) && sound(name)).then(|| Self(text.to_owned()))
    }

    /// The path of something in it, as the API has it: `/repos/OWNER/NAME/REST`.
    #[must_use]
    pub fn path(&self, rest: impl fmt::Display) -> String {
        format!("/repos/{self}/{rest}")
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which pull request gets the comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullRequest {
    /// None: a push, a merge queue.
    None,
    /// The one of that number.
    Number(u64),
    /// The open one whose head is the commit; GitHub does not name it where it comes from a fork.
    OfHead,
}

/// A branch of some repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadBranch {
    /// `OWNER/NAME`.
    pub repository: String,
    /// Its name, without `refs/heads/`.
    pub name: String,
}

/// A pull request on its way through the merge queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its number; of a group that of the last.
    pub number: u64,
    /// The commit that the group is based on.
    pub base: Sha,
}

/// What a report is posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The repository.
    pub repository: Repository,
    /// The commit that gets the check run: a pull request's head, not its merge commit.
    pub head: Sha,
    /// The merge commit of head and base that the runner names.
    pub merged: Option<Sha>,
    /// The pull request.
    pub pull_request: PullRequest,
    /// The branch that the head is on, where the pull request has to be looked up.
    pub head_branch: Option<HeadBranch>,
    /// The pull request that the merge queue is about to merge.
    pub queued: Option<Queued>,
    /// Whether the head lies in another repository, for which tokens are read-only.
    pub from_fork: bool,
    /// The page of the workflow's run.
    pub run_url: Option<String>,
}

/// What the user says instead of the event.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `OWNER/NAME`.
    pub repository: Option<String>,
    /// A pull request's number.
    pub pull_request: Option<u64>,
    /// A commit.
    pub head_sha: Option<String>,
}

/// Why a word from outside is not taken.
pub(super) fn bad(what: &str, word: &str, way_out: &str) -> String {
    format!("{what} is {}\n  help: {way_out}", quoted(word))
}

#[cfg(test)]
mod tests {
    use super::{Repository, Sha};

    #[test]
    fn nothing_odd_gets_into_an_address() {
        assert!(Sha::parse(&"a1".repeat(20)).is_some() && Sha::parse(&"0".repeat(40)).is_none());
        assert!(Sha::parse("main").is_none() && Sha::parse(&"/.".repeat(20)).is_none());
        let good = Repository::parse("me/my.repo_1").unwrap();
        assert_eq!(good.path("pulls/1"), "/repos/me/my.repo_1/pulls/1");
        for bad in ["me", "me/", "/x", "me/..", "../x", "a/b/c", "a/b?c", "a/b c", "a/ü"] {
            assert_eq!(Repository::parse(bad), None, "{bad}");
        }
    }
}
