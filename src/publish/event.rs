//! What GitHub Actions says about the event that started the run.
//!
//! The event's file is the webhook's payload, as GitHub's "Webhook events and payloads" has it;
//! which commit `GITHUB_SHA` names for which event is in "Events that trigger workflows".

use std::path::Path;

use serde::Deserialize;

use super::target::{HeadBranch, Overrides, PullRequest, Queued, Repository, Sha, Target, bad};
use crate::host;
use crate::model::printable;

/// The environment of a run, as far as it is needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    pub(super) event_name: String,
    pub(super) event: Option<Vec<u8>>,
    pub(super) repository: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) server_url: Option<String>,
    pub(super) run_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    repository: Option<RawRepository>,
    pull_request: Option<RawPullRequest>,
    merge_group: Option<RawMergeGroup>,
    workflow_run: Option<RawWorkflowRun>,
    after: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RawRepository {
    full_name: String,
}

#[derive(Debug, Deserialize)]
struct RawPullRequest {
    number: u64,
    head: RawHead,
}

#[derive(Debug, Deserialize)]
struct RawHead {
    sha: String,
    /// Gone where the fork was deleted.
    repo: Option<RawRepository>,
}

#[derive(Debug, Deserialize)]
struct RawMergeGroup {
    head_sha: String,
    #[serde(default)]
    head_ref: String,
    #[serde(default)]
    base_sha: String,
}

#[derive(Debug, Deserialize)]
struct RawWorkflowRun {
    id: u64,
    head_sha: String,
    event: String,
    head_repository: Option<RawRepository>,
    head_branch: Option<String>,
    #[serde(default)]
    pull_requests: Vec<RawNumber>,
}

#[derive(Debug, Deserialize)]
struct RawNumber {
    number: u64,
}

/// What is posted to, from the environment of GitHub Actions and from what the user says instead.
///
/// # Errors
/// Where something is missing or not what it should be; with the way out.
pub fn target(overrides: &Overrides) -> Result<Target, String> {
    let event = match host::env("GITHUB_EVENT_PATH") {
        None => None,
        Some(path) => Some(std::fs::read(&path).map_err(|error| {
            let file = Path::new(&path).display().to_string();
            format!(
                "cannot read the event {}: {error}\n  help: GITHUB_EVENT_PATH names it; outside GitHub Actions unset it",
                printable(&file)
            )
        })?),
    };
    let environment = Environment {
        event_name: host::env_text("GITHUB_EVENT_NAME").unwrap_or_default(),
        event,
        repository: host::env_text("GITHUB_REPOSITORY"),
        sha: host::env_text("GITHUB_SHA"),
        server_url: host::env_text("GITHUB_SERVER_URL"),
        run_id: host::env_text("GITHUB_RUN_ID"),
    };
    environment.target(overrides)
}

impl Environment {
    pub(super) fn target(&self, overrides: &Overrides) -> Result<Target, String> {
        let payload: Payload = match &self.event {
            None => Payload::default(),
            Some(event) => serde_json::from_slice(event).map_err(|error| {
                format!("the event is none of GitHub's: {error}\n  help: GITHUB_EVENT_PATH names its file")
            })?,
        };
        let repository = self.repository(overrides, &payload)?;
        let head = self.head(overrides, &payload)?;
        let number = |pull: &RawPullRequest| match pull.number {
            0 => PullRequest::None,
            number => PullRequest::Number(number),
        };
        let pull_request = match (overrides.pull_request, &payload) {
            (Some(number), _) => PullRequest::Number(number),
            (None, Payload { pull_request: Some(pull), .. }) => number(pull),
            (None, Payload { workflow_run: Some(run), .. }) => of_run(run),
            (None, _) => PullRequest::None,
        };
        let head_repository = match (&payload.pull_request, &payload.workflow_run) {
            (Some(pull), _) => Some(pull.head.repo.as_ref()),
            (None, Some(run)) => Some(run.head_repository.as_ref()),
            (None, None) => None,
        };
        let own = repository.to_string();
        let other = |head: Option<&RawRepository>| {
            head.is_none_or(|head| !head.full_name.eq_ignore_ascii_case(&own))
        };
        // For these events, and for no others, the runner's commit is the merge of head and base.
        let merged = payload.pull_request.is_some()
            && (self.event_name == "pull_request"
                || self.event_name.starts_with("pull_request_review"));
        let merged = self.sha.as_deref().filter(|_| merged).and_then(Sha::parse);
        let from_fork = head_repository.is_some_and(other);
        let followed = payload.workflow_run.as_ref().map(|run| run.id);
        let run_url = self.run_url(&repository, followed);
        let head_branch = payload.workflow_run.as_ref().and_then(of_branch);
        let queued = payload.merge_group.as_ref().and_then(of_queue);
        Ok(Target {
            repository,
            head,
            merged,
            pull_request,
            head_branch,
            queued,
            from_fork,
            run_url,
        })
    }

    fn repository(&self, overrides: &Overrides, payload: &Payload) -> Result<Repository, String> {
        let of_event = payload.repository.as_ref().map(|repository| &repository.full_name);
        let name = overrides.repository.as_ref().or(self.repository.as_ref()).or(of_event);
        let way_out = "give --repository OWNER/NAME";
        let name = name.ok_or(format!("the repository is not known\n  help: {way_out}"))?;
        Repository::parse(name).ok_or_else(|| bad("the repository", name, way_out))
    }

    /// The commit that the event is about.
    fn head(&self, overrides: &Overrides, payload: &Payload) -> Result<Sha, String> {
        let of_event = match payload {
            Payload { pull_request: Some(pull), .. } => Some(&pull.head.sha),
            Payload { merge_group: Some(group), .. } => Some(&group.head_sha),
            Payload { workflow_run: Some(run), .. } => Some(&run.head_sha),
            Payload { after: Some(after), .. } => Some(after),
            _ => self.sha.as_ref(),
        };
        let way_out = "give --head-sha SHA, the full id of the commit that was checked";
        let head = overrides.head_sha.as_ref().or(of_event);
        let head = head.ok_or(format!("the commit is not known\n  help: {way_out}"))?;
        Sha::parse(head).ok_or_else(|| bad("the commit", head, way_out))
    }

    /// The page of the run that made the report: of the one that this one follows, or of this one.
    fn run_url(&self, repository: &Repository, followed: Option<u64>) -> Option<String> {
        let own = || self.run_id.as_ref()?.parse().ok();
        let run = followed.or_else(own)?;
        let server = self.server_url.as_deref().unwrap_or("https://github.com");
        let of_address = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:/_".contains(&byte);
        let sound = server.starts_with("https://") || server.starts_with("http://");
        (sound && server.bytes().all(of_address))
            .then(|| format!("{}/{repository}/actions/runs/{run}", server.trim_end_matches('/')))
    }
}

/// The pull request of a run that ended before this one started.
fn of_run(run: &RawWorkflowRun) -> PullRequest {
    match run.pull_requests.as_slice() {
        _ if !run.event.starts_with("pull_request") => PullRequest::None,
        [one] if one.number > 0 => PullRequest::Number(one.number),
        _ => PullRequest::OfHead,
    }
}

fn of_branch(run: &RawWorkflowRun) -> Option<HeadBranch> {
    let repository = run.head_repository.as_ref()?.full_name.clone();
    Some(HeadBranch { repository, name: run.head_branch.clone()? })
}

/// A queue's branch is named `gh-readonly-queue/BASE/pr-NUMBER-SHA`.
fn of_queue(group: &RawMergeGroup) -> Option<Queued> {
    let branch = group.head_ref.strip_prefix("refs/heads/gh-readonly-queue/")?;
    let (_, last) = branch.rsplit_once('/')?;
    let number = last.strip_prefix("pr-")?.split('-').next()?.parse().ok()?;
    Some(Queued { number, base: Sha::parse(&group.base_sha)? })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Environment, Overrides};
    use crate::publish::target::{PullRequest, Sha, Target};

    const HEAD: &str = "1111111111111111111111111111111111111111";
    const MERGE: &str = "2222222222222222222222222222222222222222";

    fn target(name: &str, event: &Value) -> Result<Target, String> {
        let environment = Environment {
            event_name: name.into(),
            event: Some(event.to_string().into_bytes()),
            repository: Some("me/shop".into()),
            sha: Some(MERGE.into()),
            server_url: None,
            run_id: Some("42".into()),
        };
        environment.target(&Overrides::default())
    }

    fn pull(head_repository: &Value) -> Value {
        json!({"action": "opened", "pull_request": {"number": 7, "head": {"sha": HEAD, "repo": head_repository}}})
    }

    #[test]
    fn a_pull_request_is_judged_at_its_head() {
        let seen = target("pull_request", &pull(&json!({"full_name": "Me/Shop"}))).unwrap();
        assert_eq!(seen.head.as_str(), HEAD);
        assert_eq!(seen.merged, Sha::parse(MERGE));
        assert_eq!((seen.pull_request, seen.from_fork), (PullRequest::Number(7), false));
        assert_eq!(seen.run_url.as_deref(), Some("https://github.com/me/shop/actions/runs/42"));
        let fork = target("pull_request_target", &pull(&json!({"full_name": "you/shop"}))).unwrap();
        // There the runner's commit is the base's.
        assert_eq!((fork.from_fork, fork.merged), (true, None));
        assert!(target("pull_request", &pull(&Value::Null)).unwrap().from_fork);
    }

    #[test]
    fn a_queue_and_a_push_have_no_pull_request() {
        let queue = json!({"action": "checks_requested", "merge_group": {"head_sha": HEAD, "base_sha": MERGE}});
        let seen = target("merge_group", &queue).unwrap();
        assert_eq!((seen.head.as_str(), seen.pull_request), (HEAD, PullRequest::None));
        assert_eq!(seen.queued, None);
        let mut queue = queue;
        let queued = |name: &str, queue: &mut Value| {
            queue["merge_group"]["head_ref"] = name.into();
            target("merge_group", queue).unwrap().queued.map(|queued| queued.number)
        };
        let name = format!("refs/heads/gh-readonly-queue/release/1.x/pr-104-{HEAD}");
        assert_eq!(queued(&name, &mut queue), Some(104));
        for other in ["refs/heads/main/pr-1-a", "refs/heads/gh-readonly-queue/main/pr-x"] {
            assert_eq!(queued(other, &mut queue), None);
        }
        let seen = target("push", &json!({"after": HEAD})).unwrap();
        assert_eq!((seen.head.as_str(), seen.pull_request), (HEAD, PullRequest::None));
        let deleted = target("push", &json!({"after": "0".repeat(40)})).unwrap_err();
        assert!(deleted.contains("--head-sha"), "{deleted}");
        assert_eq!(target("workflow_dispatch", &json!({})).unwrap().head.as_str(), MERGE);
    }

    #[test]
    fn a_run_that_ended_names_its_pull_request_or_has_it_looked_up() {
        let run = |event: &str, pulls: &Value| {
            json!({"workflow_run": {"id": 9, "head_sha": HEAD, "event": event,
                "head_repository": {"full_name": "you/shop"}, "pull_requests": pulls}})
        };
        let seen = |event, pulls| target("workflow_run", &run(event, &pulls)).unwrap();
        let fork = seen("pull_request", json!([]));
        assert_eq!((fork.pull_request, fork.from_fork), (PullRequest::OfHead, true));
        assert_eq!((fork.merged, fork.head.as_str()), (None, HEAD));
        assert!(fork.run_url.unwrap().ends_with("/runs/9"));
        let named = seen("pull_request", json!([{"number": 3}]));
        assert_eq!(named.pull_request, PullRequest::Number(3));
        assert_eq!(seen("push", json!([])).pull_request, PullRequest::None);
    }

    #[test]
    fn what_is_not_what_it_should_be_is_refused() {
        assert!(target("push", &json!({"after": "main; rm"})).is_err());
        assert!(target("push", &json!([1])).is_err());
        let overrides = Overrides {
            repository: Some("a/b".into()),
            pull_request: Some(1),
            head_sha: Some(HEAD.into()),
        };
        let seen = Environment::default().target(&overrides).unwrap();
        assert_eq!((seen.repository.to_string().as_str(), seen.head.as_str()), ("a/b", HEAD));
        let nothing = Environment::default().target(&Overrides::default()).unwrap_err();
        assert!(nothing.contains("--repository"), "{nothing}");
    }
}
