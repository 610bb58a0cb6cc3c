//! `check`: from the change to the verdict.

use super::gather::{Choice, Gathered, gather, sources};
use super::output::{outputs, write};
use super::sandbox::{Ran, run};
use crate::catalog::SetCatalog;
use crate::cli::Check;
use crate::config::{Preset, Settings};
use crate::engine::EngineError;
use crate::error::GateError;
use crate::host;
use crate::model::{Inconclusive, Position, Rollback, SetReport};
use crate::report::{Assembly, assemble};
use crate::rules::{self, CatalogCx, EvidenceCx, LevelPolicy};

pub(super) fn check(args: &Check, color: bool) -> Result<u8, GateError> {
    let outputs = outputs(&args.format, &args.report)?;
    host::watch_signals();
    host::set_run_deadline(args.timeout);
    let gathered = gather(&Choice {
        place: &args.place,
        base: args.base.as_deref(),
        base_dir: args.base_dir.as_deref(),
        all: args.all,
    })?;
    let Gathered { comparison, policy, catalogs, notices, untold } = gathered;
    let mut parts = Assembly {
        base: comparison.base_label.clone(),
        head: comparison.head_label.clone(),
        all: args.all,
        notices,
        inconclusive: untold,
        ..Assembly::default()
    };
    for catalog in catalogs.iter().filter(|catalog| args.all || catalog.is_touched()) {
        judge(catalog, args, &policy, &mut parts)?;
    }
    let locations = parts.findings.iter().map(|finding| &finding.location);
    let sources = sources(&comparison, locations)?;
    let report = assemble(parts);
    write(&report, &sources, &outputs, color)?;
    Ok(report.verdict.exit_code())
}

/// Judges one set and adds what there is to say to `parts`.
fn judge(
    catalog: &SetCatalog,
    args: &Check,
    policy: &Settings,
    parts: &mut Assembly,
) -> Result<(), GateError> {
    let levels = levels(policy);
    let rollback = policy.policy.rollback;
    let restores = rollback == Rollback::Checkpoint;
    parts.findings.extend(rules::check_catalog(
        &CatalogCx { catalog, restores },
        args.all,
        &levels,
    ));
    let judged: Vec<String> = catalog
        .run_order(args.all)
        .into_iter()
        .filter(|(_, position)| *position == Position::Judged)
        .map(|(entry, _)| entry.migration.id.clone())
        .collect();
    let mut set = SetReport {
        name: catalog.info.name.clone(),
        path: catalog.info.path.clone(),
        layout: catalog.info.layout.to_owned(),
        engine: catalog.info.engine,
        ran_on: None,
        assumed: catalog.info.assumed.clone(),
        total: catalog.entries.len(),
        baseline_applied: 0,
        judged_applied: 0,
        migrations: Vec::new(),
    };
    if judged.is_empty() && !catalog.rewrites_history() {
        parts.sets.push(set);
        return Ok(());
    }
    let Ran { evidence, ended } = run(catalog, args, rollback);
    if let Some(EngineError::Interrupted) = ended {
        return Err(EngineError::Interrupted.into());
    }
    parts
        .findings
        .extend(rules::check_evidence(&EvidenceCx { catalog, evidence: &evidence }, &levels));
    let untold = rules::inconclusive(catalog, &evidence);
    accept(policy, untold, parts);
    parts.inconclusive.extend(ended.map(|error| unfinished(catalog, &error)));
    let causes = evidence.baseline_broken.iter().filter(|broken| broken.blocked_by.is_none());
    parts.notices.extend(causes.map(|broken| rules::broken_history(catalog, broken)));
    parts.notices.extend(rules::unfilled(catalog, &evidence));
    set.ran_on = Some(evidence.engine.clone()).filter(|engine| !engine.is_empty());
    set.baseline_applied = evidence.baseline_applied;
    set.judged_applied =
        evidence.migrations.iter().filter(|seen| seen.up.outcome.is_done()).count();
    set.migrations = rules::migration_reports(catalog, &judged, Some(&evidence));
    parts.sets.push(set);
    Ok(())
}

fn levels(policy: &Settings) -> LevelPolicy {
    let overrides = policy.policy.levels.iter().map(|(rule, level)| (rule.clone(), level.value));
    LevelPolicy { strict: policy.policy.preset == Preset::Strict, overrides: overrides.collect() }
}

/// Keeps what could not be told, except where the policy accepts it by name.
fn accept(policy: &Settings, untold: Vec<Inconclusive>, parts: &mut Assembly) {
    for item in untold {
        let accepted = item
            .migration
            .as_deref()
            .and_then(|migration| policy.accepts_inconclusive(&item.set, migration));
        match accepted {
            Some(accepted) => parts.notices.push(format!(
                "{} in {} is accepted by the policy ({}): {}",
                accepted.migration.value, item.set, accepted.reason, item.reason
            )),
            None => parts.inconclusive.push(item),
        }
    }
}

/// The sandbox gave up; what it had not seen is unknown.
fn unfinished(catalog: &SetCatalog, error: &EngineError) -> Inconclusive {
    let (reason, way_out) = match error {
        EngineError::Unavailable { what, way_out } => (what.clone(), way_out.clone()),
        EngineError::OutOfTime => {
            ("the whole run took longer than its limit".into(), "allow more with --timeout".into())
        }
        other => (other.to_string(), "run it again; if it stays, please report it".into()),
    };
    Inconclusive {
        set: catalog.info.name.clone(),
        migration: None,
        path: catalog.info.path.clone(),
        reason,
        way_out,
    }
}
