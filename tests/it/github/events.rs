//! The payloads of the events that start a workflow.

use serde_json::{Value, json};

use super::description::Description;
use super::sample;

/// The events by the names of GitHub's description.
pub(super) const NAMES: &[&str] = &[
    "pull-request-opened",
    "pull-request-synchronize",
    "pull-request-closed",
    "merge-group-checks-requested",
    "workflow-run-completed",
];

/// What `GITHUB_EVENT_PATH` names: what a test says, and whatever else GitHub always says.
pub(super) fn payload(name: &str, mut told: Value) -> Value {
    told["action"] = json!(name.rsplit_once("-run-").map_or_else(
        || name.trim_start_matches("pull-request-").replace("merge-group-", "").replace('-', "_"),
        |(_, action)| action.to_owned(),
    ));
    let Some(description) = Description::get() else { return told };
    let schema = description.event(name);
    let whole = sample::complete(schema, told);
    let faults = schema.faults(&whole);
    assert!(faults.is_empty(), "{name}: {faults:#?}");
    whole
}
