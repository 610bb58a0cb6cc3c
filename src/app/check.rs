//! `check`: from the change to the verdict.

use super::approvals::approved_by;
use super::confined;
use super::documents::{self, Configs};
use super::fix::fix;
use super::gather::{Choice, Gathered, gather, sources};
use super::govern::{govern, terms};
use super::output::Outputs;
use super::overdue::end_when_overdue;
use super::progress::Progress;
use super::sandbox::{Ran, Way, run, server};
use super::shard::Share;
use crate::catalog::SetCatalog;
use crate::cli::Check;
use crate::config::{Accepted, Preset, Settings, Unconfined};
use crate::engine::EngineError;
use crate::engine::documents::Documents;
use crate::error::GateError;
use crate::host;
use crate::model::{
    Finding, Inconclusive, Position, Rollback, SchemaReport, SetEvidence, SetNotices, SetReport,
    ShardNumber,
};
use crate::report::{Assembly, assemble};
use crate::rules::{self, CatalogCx, EvidenceCx, LevelPolicy, Terms};
use crate::threads;

pub(super) fn check(args: &Check, color: bool) -> Result<u8, GateError> {
    let outputs = Outputs::new(&args.outputs)?;
    host::watch_signals();
    host::set_run_deadline(args.timeout);
    end_when_overdue();
    let choice = Choice {
        place: &args.place,
        base: args.base.as_deref(),
        base_dir: args.base_dir.as_deref(),
        all: args.all,
    };
    let reading = Progress::new("check", 0);
    reading.show("reading base and head");
    host::reached("reading");
    let mut gathered = gather(&choice)?;
    if args.fix && fix(&gathered)? {
        gathered = gather(&choice)?;
    }
    drop(reading);
    let comparison = &gathered.comparison;
    let levels = levels(&gathered.policy);
    let catalogs = gathered.catalogs.iter();
    let catalogs: Vec<&SetCatalog> =
        catalogs.filter(|catalog| args.all || catalog.is_touched()).collect();
    let number = args.shard.map(|shard| ShardNumber { index: shard.index, of: shard.of });
    let share = Share::of(number, &catalogs, args.all)?;
    let mut parts = Assembly {
        base: comparison.base_label.clone(),
        head: comparison.head_label.clone(),
        identity: gathered.identity.clone(),
        all: args.all,
        notices: gathered.notices.clone(),
        inconclusive: gathered.untold.clone(),
        ..Assembly::default()
    };
    let checked = gathered.identity.head_commit.as_deref();
    let approved_by = approved_by((args, checked), &gathered.policy, &catalogs, &mut parts.notices);
    let terms = terms(args.as_of, approved_by, &gathered.policy);
    let judging = Judging {
        args,
        share: &share,
        policy: &gathered.policy,
        levels: &levels,
        configs: &gathered.configs,
        terms: &terms,
    };
    // The repository is read by one thread alone.
    let sets = catalogs.iter().map(|catalog| ready(catalog, (args, &share), &gathered));
    let sets: Vec<Ready<'_>> = sets.collect::<Result<_, GateError>>()?;
    // On a server of the user's, roles and tablespaces are the same for all.
    let most = if server(args).is_some() { 1 } else { sets.len() };
    for judged in threads::side_by_side(&sets, most, |set| judge(set, &judging)) {
        let Assembly { sets, findings, inconclusive, said, .. } = judged?;
        parts.sets.extend(sets);
        parts.findings.extend(findings);
        parts.inconclusive.extend(inconclusive);
        parts.said.extend(said);
    }
    govern(&gathered, (args, &share), &terms, &catalogs, &levels, &mut parts)?;
    let sources = sources(comparison, parts.locations())?;
    let report = assemble(parts);
    outputs.write(&report, &sources, color)?;
    Ok(report.verdict.exit_code())
}

/// What all sets are judged by.
struct Judging<'a> {
    args: &'a Check,
    share: &'a Share,
    policy: &'a Settings,
    levels: &'a LevelPolicy,
    configs: &'a Configs,
    terms: &'a Terms,
}

/// A set, and for one of documents what its migrations run on, with the folder of its commands.
struct Ready<'a> {
    catalog: &'a SetCatalog,
    documents: Option<(Documents, Option<tempfile::TempDir>)>,
}

/// Reads what it takes to judge a set, where it is to be tried here.
fn ready<'a>(
    catalog: &'a SetCatalog,
    (args, share): (&Check, &Share),
    gathered: &Gathered,
) -> Result<Ready<'a>, GateError> {
    let config = gathered.configs.get(&documents::key(catalog));
    let config = config.filter(|_| share.has_part_in(&catalog.info.name));
    let documents =
        config.map(|set| documents::engine(&set.inspected, catalog, gathered, args)).transpose()?;
    Ok(Ready { catalog, documents })
}

/// Judges one set; its places are those of the files as they were written.
fn judge(set: &Ready<'_>, judging: &Judging<'_>) -> Result<Assembly, GateError> {
    let mut parts = judge_as_read(set, judging)?;
    for finding in &mut parts.findings {
        finding.location = set.catalog.as_written(finding.location.clone());
        for place in &mut finding.also {
            *place = set.catalog.as_written(place.clone());
        }
    }
    Ok(parts)
}

fn judge_as_read(
    Ready { catalog, documents }: &Ready<'_>,
    judging: &Judging<'_>,
) -> Result<Assembly, GateError> {
    let Judging { args, share, policy, levels, configs, terms } = judging;
    let mut parts = Assembly::default();
    let rollback = policy.policy.rollback;
    let judged = judged(catalog, args.all);
    let mut set = unjudged(catalog);
    let name = &catalog.info.name;
    if !share.has_part_in(name) {
        set.migrations = rules::migration_reports(catalog, &judged, None);
        parts.sets.push(set);
        return Ok(parts);
    }
    let cx = CatalogCx { catalog, restores: rollback == Rollback::Checkpoint, terms };
    let mut found = rules::check_catalog(&cx, args.all, levels);
    let config = configs.get(&documents::key(catalog)).map(|set| &set.inspected);
    let documents = documents.as_ref().map(|(documents, _)| documents);
    let Ran { evidence, ended } = match judged.is_empty() && !catalog.rewrites_history() {
        true => Ran::default(),
        false => {
            let unconfined = policy.accepts_unconfined(Unconfined::Postgres);
            run(catalog, documents, (args, share), Way { rollback, unconfined })
        }
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
        found.extend(rules::check_schemas(name, args.all, &seen, terms.moment, levels));
    }
    found.extend(rules::check_evidence(&EvidenceCx { catalog, evidence: &evidence }, levels));
    rules::supersede(&mut found);
    found.retain(|finding| share.tells(name, finding.migration.as_deref()));
    let accepted = accept_barred(policy, &mut found);
    parts.findings.extend(found);
    let mut untold = rules::inconclusive(catalog, &evidence);
    untold.retain(|item| share.tells(name, item.migration.as_deref()));
    let mut said = notices(catalog, share, &evidence);
    (said.accepted, untold) = accept(policy, untold);
    said.accepted.extend(accepted);
    if !judged.is_empty() {
        said.accepted.extend(confined::told(policy, catalog, documents, args));
    }
    parts.said.push(said);
    parts.inconclusive.extend(untold);
    parts.inconclusive.extend(ended.map(|error| unfinished(catalog, &error)));
    set.ran_on = Some(evidence.engine.clone()).filter(|engine| !engine.is_empty());
    set.baseline_applied = evidence.baseline_applied;
    set.judged_applied =
        evidence.migrations.iter().filter(|seen| seen.up.outcome.is_done()).count();
    set.migrations = rules::migration_reports(catalog, &judged, Some(&evidence));
    leave_to_others(share, &mut set);
    parts.sets.push(set);
    Ok(parts)
}

/// The ids of the judged migrations, in the order they run.
fn judged(catalog: &SetCatalog, all: bool) -> Vec<String> {
    let order = catalog.run_order(all).into_iter();
    let judged = order.filter(|(_, position)| *position == Position::Judged);
    judged.map(|(entry, _)| entry.migration.id.clone()).collect()
}

/// Takes out the steps of migrations that another shard tries: these are not all of them.
fn leave_to_others(share: &Share, set: &mut SetReport) {
    let SetReport { name, migrations, .. } = set;
    for other in migrations.iter_mut().filter(|one| !share.tells(name, Some(&one.id))) {
        other.steps.clear();
        other.trace.clear();
    }
}

/// What is worth saying about a set that has run.
fn notices(catalog: &SetCatalog, share: &Share, evidence: &SetEvidence) -> SetNotices {
    let name = &catalog.info.name;
    let causes = evidence.baseline_broken.iter();
    let causes = causes.filter(|broken| broken.blocked_by.is_none() && share.tells(name, None));
    let held = evidence.notices.iter().filter(|_| share.tells(name, None));
    let held = held.map(|notice| format!("{name}: {notice}"));
    let seen = evidence.migrations.iter().filter(|seen| share.tells(name, Some(&seen.id)));
    SetNotices {
        set: name.clone(),
        accepted: Vec::new(),
        history: held.chain(causes.map(|broken| rules::broken_history(catalog, broken))).collect(),
        unfilled: rules::unfilled(seen),
    }
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

/// What the policy accepts by name of what could not be told, in words, and what is left.
fn accept(policy: &Settings, untold: Vec<Inconclusive>) -> (Vec<String>, Vec<Inconclusive>) {
    let (mut notices, mut left) = (Vec::new(), Vec::new());
    for item in untold {
        let accepted = item
            .migration
            .as_deref()
            .and_then(|migration| policy.accepts_inconclusive(&item.set, migration));
        match accepted {
            Some(accepted) => notices.push(acceptance(accepted, &item.set, &item.reason)),
            None => left.push(item),
        }
    }
    (notices, left)
}

/// Takes out what was barred of scripts that the policy accepts by name, and says so.
fn accept_barred(policy: &Settings, found: &mut Vec<Finding>) -> Vec<String> {
    let mut notices = Vec::new();
    found.retain(|finding| {
        let accepted = finding.migration.as_deref().filter(|_| rules::is_barred(finding));
        let accepted = accepted.and_then(|one| policy.accepts_inconclusive(&finding.set, one));
        notices
            .extend(accepted.map(|accepted| acceptance(accepted, &finding.set, &finding.message)));
        accepted.is_none()
    });
    notices
}

fn acceptance(accepted: &Accepted, set: &str, what: &str) -> String {
    let Accepted { migration, reason, .. } = accepted;
    format!("{} in {set} is accepted by the policy ({reason}): {what}", migration.value)
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
