//! Sets of documents: their contract, what the change did to their schemas, and the engine that
//! their config migrations run on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::printed;
use crate::catalog::{Entry, SetCatalog};
use crate::changes::{Comparison, Source};
use crate::cli::Check;
use crate::config::SetConfig;
use crate::contract;
use crate::document::{self, Format};
use crate::engine::documents::{Documents, Tools};
use crate::error::GateError;
use crate::host;
use crate::layout;
use crate::model::{
    Contract, EngineKind, EntryKind, Governed, Location, Position, Problem, Program, RepoPath,
    SchemaEvidence, SetEvidence, SetInfo, printable,
};
use crate::schemas::{self, Inspected, Request};

/// What is known of a set of documents besides its migrations.
pub(super) struct ConfigSet {
    /// What the change did to its schemas.
    pub(super) inspected: Inspected,
    /// The files of those that its contract names.
    schemas: BTreeSet<RepoPath>,
}

/// What tells one set from another.
pub(super) fn key(catalog: &SetCatalog) -> (RepoPath, String) {
    (catalog.info.path.clone(), catalog.info.name.clone())
}

/// Reads the contract of a set of documents and judges its schemas.
pub(super) fn inspect(
    comparison: &Comparison,
    config_path: &RepoPath,
    (head, base): (&SetConfig, Option<&SetConfig>),
    catalog: &mut SetCatalog,
    all: bool,
) -> Result<ConfigSet, GateError> {
    let (contract, problems) = read_contract(&*comparison.head, config_path, head)?;
    catalog.header_problems.extend(problems);
    let base_contract = match (&comparison.base, base) {
        (Some(side), Some(set)) => Some(read_contract(&**side, config_path, set)?.0),
        _ => None,
    };
    if let Some(base) = &base_contract {
        catalog.promises = edited_promises(base, &contract);
    }
    let globs: Vec<String> = head.documents.iter().map(|glob| glob.value.clone()).collect();
    let migrations = judged_migrations(catalog, &contract, all);
    let inspected = schemas::inspect(&Request {
        comparison,
        contract: &contract,
        base_contract: base_contract.as_ref(),
        assumed: &BTreeMap::new(),
        folder: Some(&head.path.value),
        documents: &globs,
        all,
        migrations: &migrations,
    })?;
    catalog.schemas = contents(&inspected.evidence);
    let schemas = contract.schemas.iter().map(|entry| entry.schema.value.clone()).collect();
    Ok(ConfigSet { inspected, schemas })
}

/// What the head's contract promises otherwise than the base's, about schemas that both name.
fn edited_promises(base: &Contract, head: &Contract) -> Vec<(Location, String)> {
    let edited = head.schemas.iter().flat_map(|now| {
        let was = base.schema(&now.name.value);
        let said = |edit: &str| {
            let place = Location::at(head.path.clone(), now.span);
            (place, format!("what is promised about {}: {edit}", printable(&now.name.value)))
        };
        let versions = |entry: &Governed| -> Vec<String> {
            entry.releases.iter().map(|release| release.version.value.clone()).collect()
        };
        was.into_iter().flat_map(move |was| {
            let gone = versions(was).iter().any(|version| !versions(now).contains(version));
            [
                (was.compatibility != now.compatibility, "its compatibility"),
                (was.deprecation != now.deprecation, "its time of deprecation"),
                (gone, "its releases"),
            ]
            .into_iter()
            .filter(|(differs, _)| *differs)
            .map(|(_, edit)| said(edit))
            .collect::<Vec<_>>()
        })
    });
    edited.collect()
}

/// What a waiver of a finding about a schema has to name.
pub(super) fn contents(evidence: &[SchemaEvidence]) -> BTreeMap<String, String> {
    evidence.iter().map(|schema| (schema.name.clone(), schema.content.clone())).collect()
}

/// The judged config migrations, each with the name of its schema. One that cannot be read may be
/// for any.
fn judged_migrations(
    catalog: &SetCatalog,
    contract: &Contract,
    all: bool,
) -> Vec<(String, String)> {
    let order = catalog.run_order(all).into_iter();
    let judged = order.filter(|(_, position)| *position == Position::Judged);
    let of = |entry: &Entry| -> Vec<(String, String)> {
        let id = &entry.migration.id;
        let schemas: Vec<String> = match entry.migration.up.program() {
            Some(program) => vec![program.schema.clone()],
            None => contract.schemas.iter().map(|schema| schema.name.value.clone()).collect(),
        };
        schemas.into_iter().map(|schema| (id.clone(), schema)).collect()
    };
    judged.flat_map(|(entry, _)| of(entry)).collect()
}

/// Sets of documents that nobody named, by the contracts that stand in their folders.
pub(super) fn by_contract(comparison: &Comparison, all: bool) -> Result<Vec<SetConfig>, GateError> {
    // Nothing else can touch a set of documents.
    if !all && !comparison.files.iter().any(|change| Format::of(&change.path).is_some()) {
        return Ok(Vec::new());
    }
    let mut folders = BTreeSet::new();
    for side in [Some(&comparison.head), comparison.base.as_ref()].into_iter().flatten() {
        let names = side.names(&RepoPath::root())?;
        let contracts =
            names.iter().filter(|path| contract::FILE_NAMES.contains(&path.file_name()));
        folders.extend(
            contracts.filter(|path| schemas::is_looked_at(path)).filter_map(RepoPath::parent),
        );
    }
    folders
        .retain(|folder| *folder == comparison.scope || folder.below(&comparison.scope).is_some());
    Ok(folders.iter().map(SetConfig::of_documents).collect())
}

/// The contract of a set on one side: its file, or else the pairs of the configuration.
fn read_contract(
    side: &dyn Source,
    config_path: &RepoPath,
    set: &SetConfig,
) -> Result<(Contract, Vec<Problem>), GateError> {
    let named = set.contract.as_ref().map(|path| path.value.clone());
    let usual = contract::FILE_NAMES.iter().map(|name| set.path.value.join(name));
    for path in named.clone().into_iter().chain(usual.filter(|_| named.is_none())) {
        match side.file(&path)? {
            Some(entry) if entry.kind == EntryKind::File => {
                return Ok(contract::parse(&path, &entry.bytes));
            }
            Some(_) => {
                return Err(GateError::Usage(format!(
                    "the contract {path} is not a regular file\n  help: put the contract itself there"
                )));
            }
            None => {}
        }
    }
    if let Some(path) = named {
        return Err(GateError::Usage(format!(
            "there is no contract {path}\n  help: mend `contract` of the set {} in {config_path}",
            set.name.value
        )));
    }
    let pairs: Vec<_> =
        set.schemas.iter().map(|binding| (binding.files.clone(), binding.schema.clone())).collect();
    Ok(contract::from_bindings(config_path, &pairs))
}

/// The engine that a set's config migrations run on; the folder, where there is one, holds the
/// files for their commands and has to outlive it.
pub(super) fn engine(
    inspected: &Inspected,
    catalog: &SetCatalog,
    comparison: &Comparison,
    args: &Check,
) -> Result<(Documents, Option<tempfile::TempDir>), GateError> {
    let judged = judged(catalog, args.all);
    let runs_commands = judged.iter().any(|(_, program)| program.runs_commands());
    let folder = (runs_commands && args.place.allow_commands)
        .then(|| printed::copied(&*comparison.head, &RepoPath::root()))
        .transpose()
        .map_err(GateError::Usage)?;
    let documents = Documents {
        schemas: inspected.schemas.clone(),
        files: inspected.held.clone(),
        judged: judged.into_iter().map(|(id, _)| id).collect(),
        tools: Tools {
            jq: host::own_program().map(Into::into),
            commands: folder.as_ref().map(|folder| folder.path().to_owned()),
            limit: args.statement_timeout,
        },
    };
    Ok((documents, folder))
}

/// The judged migrations that are operations on documents, in the order they run.
fn judged(catalog: &SetCatalog, all: bool) -> Vec<(String, Arc<Program>)> {
    let order = catalog.run_order(all).into_iter();
    order
        .filter(|(_, position)| *position == Position::Judged)
        .filter_map(|(entry, _)| {
            let program = entry.migration.up.program()?;
            Some((entry.migration.id.clone(), Arc::clone(program)))
        })
        .collect()
}

/// What was found about the schemas, with the documents marked that the judged migrations mend.
pub(super) fn mended(
    inspected: &Inspected,
    documents: &Documents,
    catalog: &SetCatalog,
    all: bool,
) -> Vec<SchemaEvidence> {
    let mut evidence = inspected.evidence.clone();
    let programs: Vec<Arc<Program>> =
        judged(catalog, all).into_iter().map(|(_, program)| program).collect();
    if programs.is_empty() || evidence.iter().all(|schema| schema.invalid.is_empty()) {
        return evidence;
    }
    let after: BTreeMap<RepoPath, Result<String, String>> =
        documents.after(&programs).into_iter().collect();
    for schema in &mut evidence {
        let known = inspected.schemas.iter().find(|known| known.name == schema.name);
        let version = schema.versions.1.as_ref();
        let judge = known.and_then(|known| known.versions.get(version?));
        for document in &mut schema.invalid {
            let path = &document.location.path;
            let text = after.get(path).and_then(|text| text.as_ref().ok());
            let value = text.and_then(|text| {
                let node = document::read(Format::of(path)?, text).ok()?;
                Some(node.to_json())
            });
            document.mended =
                judge.zip(value).is_some_and(|(schema, value)| schema.is_valid(&value));
        }
    }
    evidence
}

/// The names of schemas for which a judged migration did not run to its end.
pub(super) fn stopped(catalog: &SetCatalog, evidence: &SetEvidence) -> BTreeSet<String> {
    let stopped = evidence.migrations.iter().filter(|seen| !seen.up.outcome.is_done());
    let programs = stopped.filter_map(|seen| catalog.entry(&seen.id)?.migration.up.program());
    programs.map(|program| program.schema.clone()).collect()
}

/// Nothing is mended by migrations that do not run on all that they are tried on.
pub(super) fn unmend(schemas: &mut [SchemaEvidence], stopped: &BTreeSet<String>) {
    for schema in schemas.iter_mut().filter(|schema| stopped.contains(&schema.name)) {
        schema.invalid.iter_mut().for_each(|document| document.mended = false);
    }
}

/// Takes out the documents that wait for a migration which did not run: that says why.
pub(super) fn leave_to_migrations(schemas: &mut [SchemaEvidence], stopped: &BTreeSet<String>) {
    for schema in schemas.iter_mut().filter(|schema| stopped.contains(&schema.name)) {
        schema.invalid.retain(|document| document.touched || document.was_valid != Some(true));
    }
}

/// The config schemas that are found without configuration, where the change touches any: as a set
/// that has no migrations.
pub(super) fn discover(
    comparison: &Comparison,
    configs: &BTreeMap<(RepoPath, String), ConfigSet>,
    all: bool,
) -> Result<Option<(SetCatalog, ConfigSet)>, GateError> {
    let mut found = schemas::discover(comparison, all)?;
    let is_known = |path: &RepoPath| configs.values().any(|set| set.schemas.contains(path));
    found.contract.schemas.retain(|entry| !is_known(&entry.schema.value));
    let mut inspected = schemas::inspect(&Request {
        comparison,
        contract: &found.contract,
        base_contract: None,
        assumed: &found.assumed,
        folder: None,
        documents: &[],
        all,
        migrations: &[],
    })?;
    inspected.notices.extend(found.notices);
    inspected.unknown.extend(found.unknown);
    let is_silent = inspected.notices.is_empty() && inspected.unknown.is_empty();
    if inspected.evidence.is_empty() && is_silent {
        return Ok(None);
    }
    let Some(layout) = layout::of_engine(EngineKind::Documents) else { return Ok(None) };
    let info = SetInfo {
        name: "config schemas".into(),
        path: comparison.scope.clone(),
        layout: layout.name(),
        engine: EngineKind::Documents,
        habits: layout.habits(),
        assumed: Vec::new(),
        configured: false,
        engine_version: None,
    };
    let mut catalog = SetCatalog::of(info, Vec::new());
    catalog.schemas = contents(&inspected.evidence);
    Ok(Some((catalog, ConfigSet { inspected, schemas: BTreeSet::new() })))
}
