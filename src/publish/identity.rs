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
    let parents = parents(client, target, checked)?;
    Ok(matches!(parents.as_slice(), [_, head] if head.sha == target.head.as_str()))
}

/// Asks GitHub whether a queue's commit is the merge of its base and of that head, and so nothing
/// but what was approved there. It is not where the queue squashes or rebases, or merges several.
///
/// # Errors
/// Where it cannot be asked.
pub(super) fn merges(
    client: &Client,
    target: &Target,
    base: &Sha,
    head: &str,
) -> Result<bool, PublishError> {
    let parents = parents(client, target, &target.head)?;
    Ok(matches!(parents.as_slice(), [one, two] if one.sha == base.as_str() && two.sha == head))
}

/// The parents of a commit; none where there is no such commit.
fn parents(client: &Client, target: &Target, commit: &Sha) -> Result<Vec<Parent>, PublishError> {
    let path = target.repository.path(format_args!("commits/{commit}"));
    match client.get::<Commit>(&path) {
        Ok(Commit { parents }) => Ok(parents),
        // 422 is said of what is no commit of this repository.
        Err(PublishError::NotFound { .. } | PublishError::Refused { status: 422, .. }) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}
