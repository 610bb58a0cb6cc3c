//! Which teams agreed to the change, as far as somebody says so or GitHub can be asked.

use super::github;
use crate::catalog::SetCatalog;
use crate::cli::Check;
use crate::config::Settings;
use crate::model::{Approval, printable};
use crate::publish::approvals::{self, Agreed};
use crate::publish::{Overrides, Sha, identity, target};

/// The teams that agreed to the commit that is checked. What cannot be read is a notice and no approval.
pub(super) fn approved_by(
    (args, checked): (&Check, Option<&str>),
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
    match agreed_on(checked, &asked) {
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

/// What GitHub says of the event's head, where that is what is checked.
fn agreed_on(checked: Option<&str>, asked: &[&Approval]) -> Result<Agreed, String> {
    let checked = checked.and_then(Sha::parse).ok_or(
        "what is checked is no commit, and nobody approved of a working tree (--head names a commit)",
    )?;
    let target = target(&Overrides::default())?;
    let client = github::client().map_err(|error| error.to_string())?;
    let is_it = identity::is_head(&target, &checked)
        || identity::is_merge(&client, &target, &checked).map_err(|error| error.to_string())?;
    if !is_it {
        return Err(format!(
            "{checked} is checked, which is neither {} nor a merge of it into the base",
            target.head
        ));
    }
    approvals::agreed(&client, &target, asked).map_err(|error| error.to_string())
}
