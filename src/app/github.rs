//! What the environment says of GitHub: where it is, who asks, and about which repository.

use crate::error::GateError;
use crate::host;
use crate::model::quoted;
use crate::publish::{Client, PublishError, Repository};

/// Where GitHub's own API is.
const API: &str = "https://api.github.com";

/// A connection with the job's token.
pub(super) fn client() -> Result<Client, PublishError> {
    let url = host::env_text("GITHUB_API_URL");
    let token = host::env_text("GITHUB_TOKEN").unwrap_or_default();
    Client::new(url.as_deref().unwrap_or(API), &token)
}

/// The repository that is named, or else that of the job.
pub(super) fn repository(named: Option<&str>) -> Result<Repository, GateError> {
    let named = named.map(str::to_owned).or_else(|| host::env_text("GITHUB_REPOSITORY"));
    let refused = |what: String| {
        GateError::Usage(format!(
            "{what}\n  help: pass --repository OWNER/NAME, or set GITHUB_REPOSITORY"
        ))
    };
    let named = named.ok_or_else(|| refused("no repository is named".into()))?;
    Repository::parse(&named)
        .ok_or_else(|| refused(format!("{} is no repository of GitHub", quoted(&named))))
}
