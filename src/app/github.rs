//! What the environment says of GitHub: where it is, who asks, and about which repository.

use crate::error::GateError;
use crate::host;
use crate::model::quoted;
use crate::publish::Client;

/// Where GitHub's own API is.
const API: &str = "https://api.github.com";

/// A connection with the job's token.
pub(super) fn client() -> Result<Client, GateError> {
    let url = host::env_text("GITHUB_API_URL").unwrap_or_else(|| API.to_owned());
    Ok(Client::new(&url, &host::env_text("GITHUB_TOKEN").unwrap_or_default())?)
}

/// The repository, as `owner/name`.
pub(super) fn repository(named: Option<&str>) -> Result<String, GateError> {
    let named = named.map(str::to_owned).or_else(|| host::env_text("GITHUB_REPOSITORY"));
    let Some(named) = named else {
        return Err(GateError::Usage(
            "no repository is named\n  help: pass --repository OWNER/NAME, or set GITHUB_REPOSITORY"
                .into(),
        ));
    };
    let is_name = |name: &str| {
        let of_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        !name.is_empty() && !matches!(name, "." | "..") && name.chars().all(of_name)
    };
    let sound = named.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name));
    sound.then_some(()).ok_or_else(|| {
        GateError::Usage(format!(
            "{} is no repository\n  help: write OWNER/NAME, such as acme/shop",
            quoted(&named)
        ))
    })?;
    Ok(named)
}
