//! What the policy accepts, and what is to be said about the policy itself.

use jiff::Timestamp;

use super::gather::Gathered;
use super::shard::Share;
use crate::catalog::SetCatalog;
use crate::changes::gate_workflows;
use crate::cli::Check;
use crate::config::Settings;
use crate::error::GateError;
use crate::host;
use crate::model::{Moment, SchemaEvidence};
use crate::report::Assembly;
use crate::rules::{self, GovernanceCx, LevelPolicy, Terms};

/// What the policy asks beyond levels. The clock is read no finer than anything hangs on it.
pub(super) fn terms(
    as_of: Option<Timestamp>,
    approved_by: Vec<String>,
    policy: &Settings,
) -> Terms {
    let now = host::wall_clock;
    let moment = match as_of {
        Some(at) => Moment::minute(at),
        None if policy.rollout.needs_minutes() => Moment::minute(now()),
        None => Moment::day(now()),
    };
    Terms {
        rollout: policy.rollout.clone(),
        moment,
        approved_by,
        inline_allow: policy.policy.inline_allow.iter().map(|rule| rule.value.clone()).collect(),
        waivers: policy.waivers.clone(),
        waiver_days: policy.policy.waiver_days,
    }
}

/// Adds what governs the findings to `parts`, which hold all of them.
pub(super) fn govern(
    gathered: &Gathered,
    (args, share): (&Check, &Share),
    terms: &Terms,
    catalogs: &[&SetCatalog],
    levels: &LevelPolicy,
    parts: &mut Assembly,
) -> Result<(), GateError> {
    let Gathered { comparison, policy, head, config_path, .. } = gathered;
    let compared = comparison.base.is_some();
    let cx = GovernanceCx {
        terms,
        all: args.all,
        config: config_path,
        waivers: &head.waivers,
        changed_keys: &if compared { head.changed_from(policy) } else { Vec::new() },
        workflows: &gate_workflows(comparison)?,
        catalogs,
        findings: &parts.findings,
        inconclusive: &parts.inconclusive,
    };
    let mut found = rules::check_governance(&cx, levels, !share.is_part());
    found.retain(|finding| share.tells(&finding.set, finding.migration.as_deref()));
    parts.shard = share.told(rules::waiver_uses(&cx, levels));
    parts.findings.extend(found);
    parts.acceptances = rules::acceptances(catalogs, terms, config_path);
    let mut schemas = gathered.configs.values().flat_map(|set| &set.inspected.evidence);
    let timed = args.as_of.is_some()
        || policy.depends_on_moment()
        || schemas.any(SchemaEvidence::depends_on_moment);
    parts.as_of = timed.then_some(terms.moment);
    Ok(())
}
