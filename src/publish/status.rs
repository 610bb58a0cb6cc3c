//! The commit status, for tokens that may not make check runs.

use serde_json::{Value, json};

use super::{Client, Posting, PublishError, Request, Target, check_run};
use crate::model::Verdict;

/// Characters of a description, at most: GitHub's limit.
const MAX: usize = 140;

/// Posts the status of a report; the same status twice does no harm.
///
/// # Errors
/// See [`PublishError`].
pub(super) fn post(
    client: &Client,
    target: &Target,
    posting: &Posting<'_>,
) -> Result<(), PublishError> {
    let Request { path, body, .. } = request(target, posting);
    client.make(|| client.post::<Value>(&path, &body).map(|_| ()), || Ok(None))
}

fn request(target: &Target, posting: &Posting<'_>) -> Request {
    let state = match posting.report.verdict {
        Verdict::Pass => "success",
        Verdict::Block | Verdict::Inconclusive => "failure",
    };
    let mut description = check_run::title(posting.report);
    if let Some((end, _)) = description.char_indices().nth(MAX) {
        description.truncate(description[..end].char_indices().next_back().map_or(0, |(at, _)| at));
        description.push('…');
    }
    let mut body =
        json!({ "state": state, "context": posting.check_name, "description": description });
    if let Some(url) = &target.run_url {
        body["target_url"] = url.as_str().into();
    }
    Request::post(target.repository.path(format_args!("statuses/{}", target.head)), body)
}
