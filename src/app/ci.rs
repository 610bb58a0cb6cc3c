//! What the CI says about the change, from its documented environment.

use crate::host;

/// Base commit and target branch, as far as the CI names them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CiChange {
    pub(super) event_base: Option<String>,
    pub(super) target_branch: Option<String>,
}

/// Reads the environment of GitHub Actions and GitLab CI.
///
/// A merge queue names its base commit. A pull request's event names the target branch's tip at
/// the time of the event, which is not where the change branched off, so only the branch's name
/// is taken from it.
pub(super) fn change() -> CiChange {
    if host::env_text("GITHUB_ACTIONS").is_some() {
        let event = host::env("GITHUB_EVENT_PATH").and_then(|path| std::fs::read(path).ok());
        return CiChange {
            event_base: event.as_deref().and_then(merge_group_base),
            target_branch: host::env_text("GITHUB_BASE_REF"),
        };
    }
    CiChange {
        event_base: host::env_text("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
        target_branch: host::env_text("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
    }
}

fn merge_group_base(event: &[u8]) -> Option<String> {
    let event: serde_json::Value = serde_json::from_slice(event).ok()?;
    Some(event.get("merge_group")?.get("base_sha")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::merge_group_base;

    #[test]
    fn only_a_merge_queue_names_the_base_commit() {
        let queue = br#"{"merge_group":{"base_sha":"abc","head_sha":"def"}}"#;
        assert_eq!(merge_group_base(queue).as_deref(), Some("abc"));
        assert_eq!(merge_group_base(br#"{"pull_request":{"base":{"sha":"abc"}}}"#), None);
        assert_eq!(merge_group_base(b"not json"), None);
    }
}
