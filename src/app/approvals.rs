//! Which teams agreed to the change, as far as somebody says so or GitHub can be asked.

use super::github;
use crate::catalog::SetCatalog;
use crate::cli::Check;
use crate::config::Settings;
use crate::model::{Approval, printable};
use crate::publish::{Overrides, approvals, target};

/// The teams that agreed. What cannot be read is a notice and no approval.
pub(super) fn approved_by(
    args: &Check,
    policy: &Settings,
    catalogs: &[&SetCatalog],
    notices: &mut Vec<String>,
) -> Vec<String> {
    let mut agreed = args.approved_by.clone();
    let asked = policy.rollout.classes.values().filter_map(|class| class.approval.as_ref());
    let asked: Vec<&Approval> =
        asked.filter(|approval| !agreed.contains(&approval.team.value)).collect();
    if args.approvals.is_none() || asked.is_empty() || catalogs.is_empty() {
        return agreed;
    }
    let found = target(&Overrides::default()).and_then(|target| {
        let client = github::client().map_err(|error| error.to_string())?;
        approvals::agreed(&client, &target, &asked).map_err(|error| error.to_string())
    });
    match found {
        Ok(found) => {
            agreed.extend(found.teams);
            notices.extend(found.unread);
        }
        Err(error) => {
            let why = error.lines().next().unwrap_or_default();
            notices.push(format!("approvals cannot be read: {}", printable(why)));
        }
    }
    agreed
}
