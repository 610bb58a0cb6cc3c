//! Sets of documents: their contract, what the change did to their schemas, and the engine that
//! their config migrations run on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gather::Gathered;
use super::printed;
use crate::catalog::{Entry, SetCatalog};
use crate::changes::{Comparison, Source};
use crate::cli::{Check, OnTarget};
use crate::config::SetConfig;
use crate::contract;
use crate::document::{self, Format, Patterns};
use crate::engine::documents::{Documents, Tools};
use crate::error::GateError;
use crate::host;
use crate::layout;
use crate::model::{
    Contract, DocumentOrigin, EngineKind, Entry as FileEntry, EntryKind, Governed, Inconclusive,
    Location, Position, Problem, Program, RepoPath, SchemaEvidence, SetEvidence, SetInfo, Sited,
    TrialDocument, printable,
};
use crate::schemas::{self, Inspected, Request};

/// The name of the set of schemas that nobody named.
const FOUND: &str = "config schemas";

/// What is known of a set of documents besides its migrations.
pub(super) struct ConfigSet {
    /// What the change did to its schemas.
    pub(super) inspected: Inspected,
    /// The files of those that its contract names.
    schemas: BTreeSet<RepoPath>,
}

/// What is known of all sets of documents, by their keys.
pub(super) type Configs = BTreeMap<(RepoPath, String), ConfigSet>;

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
        (Some(side), Some(set)) => Some(read_base_contract(&**side, config_path, set)?),
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
    let of = |entry: &Entry| -> Vec<(String, String)> {
        let id = &entry.migration.id;
        let schemas: Vec<String> = match entry.migration.up.program() {
            Some(program) => vec![program.schema.clone()],
            None => contract.schemas.iter().map(|schema| schema.name.value.clone()).collect(),
        };
        schemas.into_iter().map(|schema| (id.clone(), schema)).collect()
    };
    judged(catalog, all).flat_map(of).collect()
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

/// The contract of a set at the head: its file, or else the pairs of the configuration.
fn read_contract(
    side: &dyn Source,
    config_path: &RepoPath,
    set: &SetConfig,
) -> Result<(Contract, Vec<Problem>), GateError> {
    let refused = |what: String, help: &str| {
        Err(GateError::Usage(format!("{what}\n  help: {help} (the set {})", set.name.value)))
    };
    match (contract_file(side, set)?, &set.contract) {
        (Some((path, _)), _) if !set.schemas.is_empty() => refused(
            format!("{path} and `schemas` in {config_path} both say what governs the documents"),
            "say it in the contract alone",
        ),
        (Some((path, entry)), _) if entry.kind == EntryKind::File => {
            Ok(contract::parse(&path, &entry.bytes))
        }
        (Some((path, _)), _) => refused(
            format!("the contract {path} is not a regular file"),
            "put the contract itself there",
        ),
        (None, Some(path)) => refused(
            format!("there is no contract {}", path.value),
            &format!("mend `contract` in {config_path}"),
        ),
        (None, None) => Ok(contract::from_bindings(config_path, &bindings(set))),
    }
}

/// What the base promised. What is merged is no mistake of the change: where there is no contract
/// to read, nothing is promised.
fn read_base_contract(
    side: &dyn Source,
    config_path: &RepoPath,
    set: &SetConfig,
) -> Result<Contract, GateError> {
    let file = contract_file(side, set)?.filter(|(_, entry)| entry.kind == EntryKind::File);
    let (contract, _) = match file {
        Some((path, entry)) => contract::parse(&path, &entry.bytes),
        None => contract::from_bindings(config_path, &bindings(set)),
    };
    Ok(contract)
}

/// What stands where the contract of a set is: the file that the set names, or else the first of
/// the usual ones.
fn contract_file(
    side: &dyn Source,
    set: &SetConfig,
) -> Result<Option<(RepoPath, FileEntry)>, GateError> {
    let usual = || contract::FILE_NAMES.iter().map(|name| set.path.value.join(name)).collect();
    let paths: Vec<RepoPath> =
        set.contract.as_ref().map_or_else(usual, |path| vec![path.value.clone()]);
    for path in paths {
        if let Some(entry) = side.file(&path)? {
            return Ok(Some((path, entry)));
        }
    }
    Ok(None)
}

/// The pairs of the configuration.
fn bindings(set: &SetConfig) -> Vec<(Sited<String>, Sited<RepoPath>)> {
    set.schemas.iter().map(|binding| (binding.files.clone(), binding.schema.clone())).collect()
}

/// The engine that a set's config migrations run on; the folder, where there is one, holds the
/// files for their commands and has to outlive it.
pub(super) fn engine(
    inspected: &Inspected,
    catalog: &SetCatalog,
    comparison: &Comparison,
    args: &Check,
) -> Result<(Documents, Option<tempfile::TempDir>), GateError> {
    let programs = programs(catalog, args.all);
    let runs_commands = programs.iter().any(|program| program.runs_commands());
    let folder = (runs_commands && args.place.allow_commands)
        .then(|| printed::copied(&*comparison.head, &RepoPath::root()))
        .transpose()
        .map_err(GateError::Usage)?;
    let documents = Documents {
        schemas: inspected.schemas.clone(),
        files: inspected.held.clone(),
        judged: programs.iter().map(|program| program.migration.clone()).collect(),
        tools: Tools {
            jq: host::own_program().map(Into::into),
            commands: folder.as_ref().map(|folder| folder.path().to_owned()),
            limit: args.statement_timeout,
        },
    };
    Ok((documents, folder))
}

/// The engine that config migrations run on with the documents below a folder: those that the
/// set's contract governs.
pub(super) fn on_target(
    gathered: &Gathered,
    catalog: &SetCatalog,
    root: &dyn Source,
    on: &OnTarget,
) -> Result<Documents, GateError> {
    let of_folder = || SetConfig::of_documents(&catalog.info.path);
    let named = gathered.head.sets.iter().find(|set| set.name.value == catalog.info.name);
    let set = named.cloned().unwrap_or_else(of_folder);
    let head = &*gathered.comparison.head;
    let (contract, problems) = read_contract(head, &gathered.config_path, &set)?;
    if let Some(problem) = problems.first() {
        return Err(GateError::Usage(format!(
            "{}: {}\n  help: mend the compatibility contract; `migration-gate check` shows all of \
             its mistakes",
            contract.path, problem.message
        )));
    }
    let config = gathered.configs.get(&key(catalog));
    Ok(Documents {
        schemas: config.map(|config| config.inspected.schemas.clone()).unwrap_or_default(),
        files: governed(root, &contract, &set)?,
        judged: BTreeSet::new(),
        tools: Tools {
            jq: host::own_program().map(Into::into),
            commands: None,
            limit: on.statement_timeout,
        },
    })
}

/// The documents below a folder, once for each schema that holds for them.
fn governed(
    root: &dyn Source,
    contract: &Contract,
    set: &SetConfig,
) -> Result<Vec<TrialDocument>, GateError> {
    let patterns = |globs: &[Sited<String>]| {
        let globs = globs.iter().map(|glob| glob.value.as_str());
        Patterns::new(globs).map_err(|reason| {
            GateError::Usage(format!(
                "a glob of the set {}: {reason}\n  help: write it as a path with `*` and `**`",
                printable(&set.name.value)
            ))
        })
    };
    let limit = Some(patterns(&set.documents)?).filter(|_| !set.documents.is_empty());
    let names = root.names(&RepoPath::root())?;
    let mut found = Vec::new();
    for schema in &contract.schemas {
        let files = patterns(&schema.files)?;
        let meant = names.iter().filter(|path| {
            files.is_match(path) && limit.as_ref().is_none_or(|limit| limit.is_match(path))
        });
        for path in meant {
            let Some(entry) = root.file(path)? else { continue };
            let refused = |what: &str| GateError::Usage(format!("{path} {what}"));
            if entry.kind != EntryKind::File {
                return Err(refused(
                    "is not a regular file\n  help: put the document itself there, or leave it out \
                     of the contract's `files`",
                ));
            }
            let text = std::str::from_utf8(&entry.bytes)
                .map_err(|_| refused("is not UTF-8\n  help: save it as UTF-8"))?;
            found.push(TrialDocument {
                path: path.clone(),
                text: text.into(),
                schema: schema.name.value.clone(),
                origin: DocumentOrigin::Head,
            });
        }
    }
    Ok(found)
}

/// The judged migrations, in the order they run.
fn judged(catalog: &SetCatalog, all: bool) -> impl Iterator<Item = &Entry> {
    let order = catalog.run_order(all).into_iter();
    order.filter(|(_, position)| *position == Position::Judged).map(|(entry, _)| entry)
}

/// The operations of the judged migrations, in the order they run.
fn programs(catalog: &SetCatalog, all: bool) -> Vec<Arc<Program>> {
    judged(catalog, all).filter_map(|entry| entry.migration.up.program().cloned()).collect()
}

/// What was found about the schemas, with the documents marked that the judged migrations mend:
/// none of those schemas for which one is `stopped`.
pub(super) fn mended(
    inspected: &Inspected,
    documents: &Documents,
    catalog: &SetCatalog,
    all: bool,
    stopped: &BTreeSet<String>,
) -> Vec<SchemaEvidence> {
    let mut evidence = inspected.evidence.clone();
    let programs = programs(catalog, all);
    if programs.is_empty() || evidence.iter().all(|schema| schema.invalid.is_empty()) {
        return evidence;
    }
    let after: BTreeMap<RepoPath, Result<String, String>> =
        documents.after(&programs).into_iter().collect();
    for schema in evidence.iter_mut().filter(|schema| !stopped.contains(&schema.name)) {
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
    configs: &Configs,
    all: bool,
    untold: &mut Vec<Inconclusive>,
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
    untold.extend(found.unknown.into_iter().map(|reason| Inconclusive {
        set: FOUND.to_owned(),
        migration: None,
        path: comparison.scope.clone(),
        reason,
        way_out: "name the schemas and their documents in a contract".to_owned(),
    }));
    if inspected.evidence.is_empty() && inspected.notices.is_empty() {
        return Ok(None);
    }
    let Some(layout) = layout::of_engine(EngineKind::Documents) else { return Ok(None) };
    let info = SetInfo {
        name: FOUND.to_owned(),
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
