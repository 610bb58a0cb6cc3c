//! The files that run the gate in CI.

use super::{ChangesError, Comparison};
use crate::model::{ChangeKind, RepoPath};

/// Where a forge's CI is told what to run.
const PLACES: [&str; 6] = [
    ".github/workflows",
    ".github/actions",
    ".gitlab-ci.yml",
    ".gitlab/ci",
    "action.yml",
    "action.yaml",
];
/// What a file that runs the gate says.
const NAME: &[u8] = b"migration-gate";

/// The files and folders in which CI is told what to run.
#[must_use]
pub fn workflow_places() -> Vec<RepoPath> {
    PLACES.iter().filter_map(|place| RepoPath::new(place)).collect()
}

/// The changed files that run the gate at the base.
///
/// # Errors
/// When the base cannot be read.
pub fn gate_workflows(comparison: &Comparison) -> Result<Vec<RepoPath>, ChangesError> {
    let Some(base) = &comparison.base else { return Ok(Vec::new()) };
    let places = workflow_places();
    let mut found = Vec::new();
    for change in &comparison.files {
        let before = match &change.kind {
            ChangeKind::Renamed { from, .. } => from,
            _ => &change.path,
        };
        if !places.iter().any(|place| before == place || before.below(place).is_some()) {
            continue;
        }
        let runs_it = |bytes: &[u8]| bytes.windows(NAME.len()).any(|part| part == NAME);
        if base.file(before)?.is_some_and(|entry| runs_it(&entry.bytes)) {
            found.push(before.clone());
        }
    }
    Ok(found)
}
