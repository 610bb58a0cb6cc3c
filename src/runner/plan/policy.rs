//! What the policy says about running now: windows, freezes and approvals, as `check` judges them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::wire::{Step, Why};
use crate::model::{Class, ClassPolicy, Rollout, printable};
use crate::runner::{Fault, FaultKind};

/// Why the policy does not let these steps run at that moment; by class.
#[must_use]
pub fn policy_faults(
    steps: &[Step],
    rollout: &Rollout,
    now: Timestamp,
    approved_by: &[String],
) -> Vec<Fault> {
    let mut classes: BTreeMap<Class, Vec<String>> = BTreeMap::new();
    for step in steps {
        classes.entry(step.class.into()).or_default().push(named(step));
    }
    let mut faults = Vec::new();
    for (class, ids) in classes {
        let subject = match ids.as_slice() {
            [one] => format!("{one} is {class}"),
            several => format!("{} are {class}", several.join(", ")),
        };
        let subject = printable(&subject).into_owned();
        faults.extend(frozen(&subject, class, rollout, now));
        if let Some(policy) = rollout.classes.get(&class) {
            faults.extend(outside(&subject, policy, now));
            faults.extend(unapproved(&subject, policy, approved_by));
        }
    }
    faults
}

fn named(step: &Step) -> String {
    match &step.why {
        Why::NeededBy(by) => format!("{} (needed by {by})", step.migration),
        Why::Requested | Why::Pending | Why::Changed => step.migration.clone(),
    }
}

fn frozen(subject: &str, class: Class, rollout: &Rollout, now: Timestamp) -> Option<Fault> {
    let freeze = rollout.freezes.iter().find(|freeze| freeze.holds(class, now))?;
    let what = format!(
        "{subject}, and roll-outs are frozen from {} to {}: {}",
        freeze.from,
        freeze.to,
        printable(&freeze.reason)
    );
    Some(Fault::new(FaultKind::Policy, what, format!("apply after {}", freeze.to)))
}

fn outside(subject: &str, policy: &ClassPolicy, now: Timestamp) -> Option<Fault> {
    let windows = &policy.windows;
    if windows.is_empty() || windows.iter().any(|window| window.is_open(now)) {
        return None;
    }
    let told: Vec<String> = windows.iter().map(ToString::to_string).collect();
    let what = format!("{subject}, and no window for that is open ({})", told.join("; "));
    let next = windows.iter().filter_map(|window| window.next_opening(now)).min();
    let help = next.map_or_else(
        || "none of its windows ever opens; mend them in the policy".to_owned(),
        |next| {
            let next = next.strftime("%a %Y-%m-%d %H:%M %Q");
            format!("apply when the next window is open, from {next} on")
        },
    );
    Some(Fault::new(FaultKind::Policy, what, help))
}

fn unapproved(subject: &str, policy: &ClassPolicy, approved_by: &[String]) -> Option<Fault> {
    let team = &policy.approval.as_ref()?.team.value;
    if approved_by.contains(team) {
        return None;
    }
    let team = printable(team);
    let what = format!("{subject}, and the team {team} has to agree to that");
    let help = format!("ask {team}; once it has agreed, add --approved-by {team}");
    Some(Fault::new(FaultKind::Policy, what, help))
}
