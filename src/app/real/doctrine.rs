//! What the rules say of the steps of a plan before anything runs: the policy's errors block here as
//! they block a pull request.
//!
//! They are about what runs, and about a target that lives. How a migration is taken back is the
//! checkpoint's business here; what has run is read from the target and not from the history of the
//! files; and where a target is made from nothing there is nobody yet whom a lock could stop, so only
//! the files themselves count. When something may run, and by whose leave, is a check of its own.

use super::open::Opened;
use crate::app::gather::sources;
use crate::catalog::SetCatalog;
use crate::config::Preset;
use crate::error::GateError;
use crate::host;
use crate::model::{Finding, Level, Moment, Rollback, SetEvidence, Span, Step, line_column};
use crate::report::{Assembly, assemble};
use crate::rules::{self, CatalogCx, EvidenceCx, LevelPolicy, Terms};
use crate::runner::plan::Step as PlanStep;
use crate::runner::{Fault, FaultKind};

/// The rules about when something may run, and by whose leave: these are judged by the minute.
const ROLL_OUT: [&str; 3] = ["class/outside-window", "class/frozen", "class/approval-missing"];

/// The errors of the rules that need no engine, and with what was rehearsed those about classes:
/// about the steps or the set as a whole; waivers count.
pub(super) fn faults(
    opened: &Opened,
    steps: &[PlanStep],
    is_new: bool,
    evidence: Option<&SetEvidence>,
) -> Result<Vec<Fault>, Fault> {
    let (catalog, policy) = (opened.catalog(), &opened.gathered.policy);
    let terms = Terms {
        rollout: policy.rollout.clone(),
        moment: Moment::minute(host::wall_clock()),
        approved_by: Vec::new(),
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
    let is_meant = |finding: &Finding| {
        let is_step = |id: &String| steps.iter().any(|step| step.migration == *id);
        let group = finding.rule.split('/').next().unwrap_or_default();
        let asked = match group {
            "rollback" => false,
            "history" => finding.rule == "history/duplicate-version",
            "manifest" | "layout" => true,
            "class" => !is_new && !ROLL_OUT.contains(&finding.rule),
            _ => !is_new,
        };
        asked && finding.migration.as_ref().is_none_or(is_step) && !is_down(catalog, finding)
    };
    let mut findings = rules::check_catalog(&cx, true, &levels);
    if let Some(evidence) = evidence {
        let seen = rules::check_evidence(&EvidenceCx { catalog, evidence }, &levels);
        // What else a rehearsal shows stands in the plan itself.
        findings.extend(seen.into_iter().filter(|finding| finding.rule.starts_with("class/")));
    }
    findings.retain(is_meant);
    rules::supersede(&mut findings);
    let report = assemble(Assembly {
        all: true,
        acceptances: rules::acceptances(&[catalog], &terms, &opened.gathered.config_path),
        findings,
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

/// Whether a finding is about what takes a migration back.
fn is_down(catalog: &SetCatalog, finding: &Finding) -> bool {
    let entry = finding.migration.as_ref().and_then(|id| catalog.entry(id));
    let down = entry.and_then(|entry| entry.migration.down.step()).map(Step::location);
    down.is_some_and(|down| {
        let inside = |part: Span, whole: Span| whole.start <= part.start && part.end <= whole.end;
        down.path == finding.location.path
            && match (finding.location.span, down.span) {
                (_, None) => true,
                (Some(part), Some(whole)) => inside(part, whole),
                (None, Some(_)) => false,
            }
    })
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn unread(error: GateError) -> Fault {
    Fault::new(FaultKind::Environment, error.to_string(), "check the files of the working tree")
}
