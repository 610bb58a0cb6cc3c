//! What the rules say of the steps of a plan before anything runs: the policy's errors block here as
//! they block a pull request.

use super::open::Opened;
use crate::app::gather::sources;
use crate::config::Preset;
use crate::error::GateError;
use crate::host;
use crate::model::{Level, Moment, Rollback, line_column};
use crate::report::{Assembly, assemble};
use crate::rules::{self, CatalogCx, LevelPolicy, Terms};
use crate::runner::plan::Plan;
use crate::runner::{Fault, FaultKind};

/// The errors of the rules that need no engine, about the steps or the set as a whole; waivers
/// count.
pub(super) fn faults(
    opened: &Opened,
    plan: &Plan,
    approved_by: &[String],
) -> Result<Vec<Fault>, Fault> {
    let (catalog, policy) = (opened.catalog(), &opened.gathered.policy);
    let terms = Terms {
        rollout: policy.rollout.clone(),
        moment: Moment::minute(host::wall_clock()),
        approved_by: approved_by.to_vec(),
        inline_allow: policy.policy.inline_allow.iter().map(|rule| rule.value.clone()).collect(),
        waivers: policy.waivers.clone(),
        waiver_days: policy.policy.waiver_days,
    };
    let overrides = policy.policy.levels.iter().map(|(rule, level)| (rule.clone(), level.value));
    let levels = LevelPolicy {
        strict: policy.policy.preset == Preset::Strict,
        overrides: overrides.collect(),
    };
    let restores = policy.policy.rollback == Rollback::Checkpoint;
    let cx = CatalogCx { catalog, restores, terms: &terms };
    let is_meant = |id: &Option<String>| {
        id.as_ref().is_none_or(|id| plan.steps.iter().any(|step| step.migration == *id))
    };
    let findings = rules::check_catalog(&cx, true, &levels);
    let report = assemble(Assembly {
        all: true,
        acceptances: rules::acceptances(&[catalog], &terms, &opened.gathered.config_path),
        findings: findings.into_iter().filter(|finding| is_meant(&finding.migration)).collect(),
        ..Assembly::default()
    });
    let errors = report.findings.iter().filter(|finding| finding.level == Level::Error);
    let locations = errors.clone().map(|finding| &finding.location);
    let sources = sources(&opened.gathered.comparison, locations).map_err(unread)?;
    let faults = errors.map(|finding| {
        let location = catalog.as_written(finding.location.clone());
        let place = match (location.span, sources.get(&location.path)) {
            (Some(span), Some(text)) if span.start <= text.len() => {
                let (line, column) = line_column(text, span.start);
                format!("{}:{line}:{column}", location.path)
            }
            _ => location.path.to_string(),
        };
        let what = format!("{place}: {} [{}]", finding.message, finding.rule);
        let help = finding.help.clone().unwrap_or_else(|| {
            format!("`migration-gate explain {}` says why and what to do", finding.rule)
        });
        Fault::new(FaultKind::Policy, what, help)
    });
    Ok(faults.collect())
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn unread(error: GateError) -> Fault {
    Fault::new(FaultKind::Environment, error.to_string(), "check the files of the working tree")
}
