//! Why something could not be posted or asked.

/// What went wrong between this program and GitHub's API; every text is printable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The API's address or the token cannot be used at all.
    #[error("{0}")]
    Setup(String),
    /// The token may not do it: 401 or 403, and for what changes something also 404, by which
    /// GitHub hides what a token may not see.
    #[error(
        "the token may not {request} ({status}): {message}\n  help: give the job the permissions checks: write, statuses: write and pull-requests: write; tokens of forks and of Dependabot are read-only, for them publish from a workflow_run job"
    )]
    NotAllowed {
        /// The method and the path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The API's words.
        message: String,
    },
    /// The API asked for more patience than there is.
    #[error(
        "GitHub's rate limit does not let through {request}: {message}\n  help: run it again later; nothing else is needed"
    )]
    RateLimited {
        /// The method and the path.
        request: String,
        /// The API's words.
        message: String,
    },
    /// There is no such thing, or the token may not see it.
    #[error(
        "GitHub knows nothing under {request}\n  help: see whether the repository and the number are right, and whether the token may read it"
    )]
    NotFound {
        /// The method and the path.
        request: String,
    },
    /// The API does not take the request.
    #[error(
        "GitHub refuses {request} ({status}): {message}\n  help: see what it says; where it is no outage, please report it"
    )]
    Refused {
        /// The method and the path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The API's words.
        message: String,
    },
    /// No answer came, however often it was asked.
    #[error(
        "no answer to {request}: {message}\n  help: see whether the network reaches the address in GITHUB_API_URL; proxies are not used"
    )]
    Unreachable {
        /// The method and the path.
        request: String,
        /// The system's words.
        message: String,
    },
    /// The answer is none that GitHub's API gives.
    #[error(
        "the answer to {request} cannot be used: {message}\n  help: see whether GITHUB_API_URL is the address of GitHub's REST API"
    )]
    Unreadable {
        /// The method and the path.
        request: String,
        /// What is wrong with it.
        message: String,
    },
}

impl PublishError {
    /// Whether the token is not enough for it, so that a weaker means may still work. GitHub hides
    /// what a token may not see, so also where there is no such thing.
    #[must_use]
    pub fn is_not_allowed(&self) -> bool {
        matches!(self, Self::NotAllowed { .. } | Self::NotFound { .. })
    }

    /// The first line of it, without the way out.
    #[must_use]
    pub fn in_short(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }

    /// Whether it may have been done all the same: the answer was lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }
}
