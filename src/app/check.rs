//! `check`: from the change to the verdict.

use super::approvals::approved_by;
use super::documents;
use super::fix::fix;
use super::gather::{Choice, Gathered, gather, sources};
use super::govern::{govern, terms};
use super::output::{outputs, write};
use super::sandbox::{Ran, run};
use crate::catalog::SetCatalog;
use crate::cli::Check;
use crate::config::{Preset, Settings};
use crate::engine::EngineError;
use crate::error::GateError;
use crate::host;
use crate::model::{Inconclusive, Position, Rollback, SchemaReport, SetReport};
use crate::report::{Assembly, assemble};
use crate::rules::{self, CatalogCx, EvidenceCx, LevelPolicy, Terms};

pub(super) fn check(args: &Check, color: bool) -> Result<u8, GateError> {
    let outputs = outputs(&args.format, &args.report)?;
    host::watch_signals();
    host::set_run_deadline(args.timeout);
    let choice = Choice {
        place: &args.place,
        base: args.base.as_deref(),
        base_dir: args.base_dir.as_deref(),
        all: args.all,
    };
    let mut gathered = gather(&choice)?;
    if args.fix && fix(&gathered)? {
        gathered = gather(&choice)?;
    }
    let comparison = &gathered.comparison;
    let mut parts = Assembly {
        base: comparison.base_label.clone(),
        head: comparison.head_label.clone(),
        identity: gathered.identity.clone(),
        all: args.all,
        notices: gathered.notices.clone(),
        inconclusive: gathered.untold.clone(),
        ..Assembly::default()
    };
    let levels = levels(&gathered.policy);
    let catalogs = gathered.catalogs.iter();
    let catalogs: Vec<&SetCatalog> =
        catalogs.filter(|catalog| args.all || catalog.is_touched()).collect();
    let approved_by = approved_by(args, &gathered.policy, &catalogs, &mut parts.notices);
    let terms = terms(args.as_of, approved_by, &gathered.policy);
    for catalog in &catalogs {
        let known = parts.findings.len();
        judge(catalog, args, &gathered, &terms, &mut parts)?;
        for finding in parts.findings.iter_mut().skip(known) {
            finding.location = catalog.as_written(finding.location.clone());
            for place in &mut finding.also {
                *place = catalog.as_written(place.clone());
            }
        }
    }
    govern(&gathered, args, &terms, &catalogs, &levels, &mut parts)?;
    let locations = parts.findings.iter().map(|finding| &finding.location);
    let sources = sources(comparison, locations)?;
    let report = assemble(parts);
    write(&report, &sources, &outputs, color)?;
    Ok(report.verdict.exit_code())
}

/// Judges one set and adds what there is to say to `parts`.
fn judge(
    catalog: &SetCatalog,
    args: &Check,
    gathered: &Gathered,
    terms: &Terms,
    parts: &mut Assembly,
) -> Result<(), GateError> {
    let policy = &gathered.policy;
    let levels = levels(policy);
    let rollback = policy.policy.rollback;
    let restores = rollback == Rollback::Checkpoint;
    let cx = CatalogCx { catalog, restores, terms };
    let mut found = rules::check_catalog(&cx, args.all, &levels);
    let judged: Vec<String> = catalog
        .run_order(args.all)
        .into_iter()
        .filter(|(_, position)| *position == Position::Judged)
        .map(|(entry, _)| entry.migration.id.clone())
        .collect();
    let mut set = unjudged(catalog);
    let config = gathered.configs.get(&documents::key(catalog)).map(|set| &set.inspected);
    let documents = config
        .map(|config| documents::engine(config, catalog, &gathered.comparison, args))
        .transpose()?;
    let documents = documents.as_ref().map(|(documents, _)| documents);
    let Ran { evidence, ended } = match judged.is_empty() && !catalog.rewrites_history() {
        true => Ran::default(),
        false => run(catalog, documents, args, rollback),
    };
    if let Some(EngineError::Interrupted) = ended {
        return Err(EngineError::Interrupted.into());
    }
    if let Some((config, documents)) = config.zip(documents) {
        let stopped = documents::stopped(catalog, &evidence);
        let mut seen = documents::mended(config, documents, catalog, args.all, &stopped);
        set.schemas = seen.iter().map(SchemaReport::from).collect();
        set.assumed.extend(seen.iter().flat_map(|schema| schema.assumed.iter().cloned()));
        documents::leave_to_migrations(&mut seen, &stopped);
        let name = &catalog.info.name;
        found.extend(rules::check_schemas(name, args.all, &seen, terms.moment, &levels));
    }
    found.extend(rules::check_evidence(&EvidenceCx { catalog, evidence: &evidence }, &levels));
    rules::supersede(&mut found);
    parts.findings.extend(found);
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

/// The report on a set of which nothing has run.
fn unjudged(catalog: &SetCatalog) -> SetReport {
    SetReport {
        name: catalog.info.name.clone(),
        path: catalog.info.path.clone(),
        layout: catalog.info.layout.to_owned(),
        engine: catalog.info.engine,
        ran_on: None,
        assumed: catalog.info.assumed.clone(),
        total: catalog.entries.len(),
        baseline_applied: 0,
        judged_applied: 0,
        schemas: Vec::new(),
        migrations: Vec::new(),
    }
}

pub(super) fn levels(policy: &Settings) -> LevelPolicy {
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
