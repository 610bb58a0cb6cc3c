//! Whether a report is about the commit that it is posted to.

use serde::Deserialize;

use super::{Client, PublishError, Sha, Target};

#[derive(Deserialize)]
struct Commit {
    parents: Vec<Parent>,
}

#[derive(Deserialize)]
struct Parent {
    sha: String,
}

/// Whether the commit is the target's head, or the runner's merge of head and base.
#[must_use]
pub fn is_head(target: &Target, checked: &Sha) -> bool {
    *checked == target.head || Some(checked) == target.merged.as_ref()
}

/// Asks GitHub whether the commit is what `refs/pull/N/merge` is: the merge of the base, its first
/// parent, and of the target's head, its second. That is what `actions/checkout` checks out.
///
/// # Errors
/// Where it cannot be asked.
pub fn is_merge(client: &Client, target: &Target, checked: &Sha) -> Result<bool, PublishError> {
    let path = target.repository.path(format_args!("commits/{checked}"));
    match client.get::<Commit>(&path) {
        Ok(Commit { parents }) => Ok(parents.len() == 2 && parents[1].sha == target.head.as_str()),
        // 422 is said of what is no commit of this repository.
        Err(PublishError::NotFound { .. } | PublishError::Refused { status: 422, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
