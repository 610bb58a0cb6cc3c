//! From the arguments to the sets of base and head.

use std::collections::BTreeMap;

use super::documents::{self, Configs};
use super::printed::Permit;
use crate::catalog::{self, Found, Input, SetCatalog, SetSpec};
use crate::changes::{self, ChangesError, Comparison, Request, Sides, Source};
use crate::cli::{EngineName, Place};
use crate::config::{self, SetConfig, Settings, Unconfined};
use crate::error::GateError;
use crate::model::{
    EngineKind, EntryKind, Identity, Inconclusive, Location, PolicyIdentity, RepoPath, Script,
    TransactionMode, Tree, printable, sha256,
};
use crate::render::SourceMap;
use crate::{layout, manifest, rules};

/// What a command works on.
pub(super) struct Gathered {
    pub(super) comparison: Comparison,
    /// The policy in force: the base's, so that a change cannot judge itself.
    pub(super) policy: Settings,
    /// The configuration as the change leaves it.
    pub(super) head: Settings,
    pub(super) config_path: RepoPath,
    /// What exactly is compared, and under which policy.
    pub(super) identity: Identity,
    pub(super) catalogs: Vec<SetCatalog>,
    pub(super) notices: Vec<String>,
    /// What is known of each set of documents besides its migrations, by its folder and name.
    pub(super) configs: Configs,
    /// Sets that cannot be judged and that the change touches.
    pub(super) untold: Vec<Inconclusive>,
}

/// How base and head are chosen.
pub(super) struct Choice<'a> {
    pub(super) place: &'a Place,
    pub(super) base: Option<&'a str>,
    pub(super) base_dir: Option<&'a std::path::Path>,
    pub(super) all: bool,
}

/// Reads configuration, change and sets.
pub(super) fn gather(choice: &Choice<'_>) -> Result<Gathered, GateError> {
    let config_path = config_path(choice)?;
    // The configuration says which folders matter, and only those are compared.
    let sides = sides(choice)?;
    let head = settings(sides.head(), &config_path)?;
    let base = match sides.base() {
        Some(base) => Some(settings(base, &config_path)?.unwrap_or_default()),
        None => None,
    };
    if choice.place.config.is_some() && head.is_none() {
        return Err(GateError::Usage(format!(
            "there is no {config_path}\n  help: --config takes a path relative to the top of the repository"
        )));
    }
    let mut notices = Vec::new();
    let head = head.unwrap_or_default();
    let mut sets = configured_sets(&head, base.as_ref(), &mut notices);
    sets.retain(|set| {
        set.path.value == *sides.scope() || set.path.value.below(sides.scope()).is_some()
    });
    // Where the base names no sets, a configuration that the change brings must not hide any.
    let unnamed = base.as_ref().is_some_and(|base| base.sets.is_empty());
    let limits = if unnamed { Vec::new() } else { limits(&sets, &config_path) };
    let comparison = sides.compare(&limits)?;
    let mut untold = Vec::new();
    let named = !sets.is_empty();
    let found =
        if named && !unnamed { Vec::new() } else { catalog::discover(&comparison, choice.all)? };
    let hidden = found.into_iter().filter(|set| {
        let known = sets.iter().any(|named| named.path.value == set.path);
        !named || (!known && !set.is_doubtful && stands_in_base(&comparison, set))
    });
    let hidden: Vec<Found> = hidden.collect();
    let mut trusted = base.as_ref().map_or_else(Vec::new, |base| base.sets.clone());
    if !named || unnamed {
        let by_contract = documents::by_contract(&comparison, choice.all)?;
        let is_new =
            |set: &&SetConfig| !sets.iter().any(|known| known.path.value == set.path.value);
        let by_contract: Vec<SetConfig> = by_contract.iter().filter(is_new).cloned().collect();
        trusted.extend(by_contract.iter().cloned());
        sets.extend(by_contract);
    }
    let policy = base.unwrap_or_else(|| head.clone());
    let unconfined = policy.accepts_unconfined(Unconfined::Commands);
    let known = (sets.as_slice(), trusted.as_slice(), unconfined);
    let mut catalogs = catalogs(choice, &comparison, known, hidden, &mut untold)?;
    let mut configs = BTreeMap::new();
    for catalog in &mut catalogs {
        let is_this = |set: &&SetConfig| set.path.value == catalog.info.path;
        let Some(set) = sets.iter().find(is_this).filter(|set| is_of_documents(set)) else {
            continue;
        };
        // A set that moved keeps what was promised.
        let moved = || trusted.iter().find(|known| known.name.value == set.name.value);
        let before = trusted.iter().find(|known| known.path.value == set.path.value);
        let before = before.or_else(moved);
        let mut found =
            documents::inspect(&comparison, &config_path, (set, before), catalog, choice.all)?;
        notices.append(&mut found.inspected.notices);
        configs.insert(documents::key(catalog), found);
    }
    if (!named || unnamed)
        && let Some((catalog, mut found)) =
            documents::discover(&comparison, &configs, choice.all, &mut untold)?
    {
        notices.append(&mut found.inspected.notices);
        configs.insert(documents::key(&catalog), found);
        catalogs.push(catalog);
    }
    let identity = identity(&comparison, &config_path)?;
    Ok(Gathered {
        comparison,
        policy,
        head,
        config_path,
        identity,
        catalogs,
        notices,
        configs,
        untold,
    })
}

/// What is compared, by ids that say it exactly.
fn identity(comparison: &Comparison, config_path: &RepoPath) -> Result<Identity, GateError> {
    let policy = comparison.base.as_ref().unwrap_or(&comparison.head).file(config_path)?;
    Ok(Identity {
        base_commit: comparison.base_commit.clone(),
        head_commit: comparison.head_commit.clone(),
        policy: PolicyIdentity {
            path: config_path.clone(),
            of_base: comparison.base.is_some(),
            sha256: policy.map(|entry| sha256(&entry.bytes)),
        },
    })
}

/// Where the configuration is, or would be.
fn config_path(choice: &Choice<'_>) -> Result<RepoPath, GateError> {
    match &choice.place.config {
        None => Ok(RepoPath::new(config::FILE_NAME).unwrap_or_default()),
        Some(name) => RepoPath::new(name).ok_or_else(|| {
            GateError::Usage(format!(
                "--config {} is not inside the repository\n  help: name it relative to the top of the repository",
                printable(name)
            ))
        }),
    }
}

fn is_of_documents(set: &SetConfig) -> bool {
    set.engine.value == EngineKind::Documents
}

/// Whether the base holds the folder of a set that was found.
fn stands_in_base(comparison: &Comparison, set: &Found) -> bool {
    let path = set.moved_from.as_ref().unwrap_or(&set.path);
    let names = comparison.base.as_ref().map(|base| base.names(path));
    names.is_some_and(|names| names.is_ok_and(|names| !names.is_empty()))
}

fn sides(choice: &Choice<'_>) -> Result<Sides, GateError> {
    let path = &choice.place.path;
    if let Some(base) = choice.base_dir {
        return Ok(changes::folders(Some(base), path)?);
    }
    let ci = super::ci::change();
    let request = Request {
        path: path.clone(),
        base: choice.base.map(str::to_owned),
        head: choice.place.head.clone(),
        all: choice.all,
        target_branch: ci.target_branch,
        event_base: ci.event_base,
        limit_to: Vec::new(),
    };
    match changes::sides(&request) {
        // Everything is to be judged and nothing compared, so a plain folder will do.
        Err(ChangesError::NotARepository { .. })
            if choice.all && request.base.is_none() && request.head.is_none() =>
        {
            Ok(changes::folders(None, path)?)
        }
        result => Ok(result?),
    }
}

fn settings(side: &dyn Source, path: &RepoPath) -> Result<Option<Settings>, GateError> {
    let Some(entry) = side.file(path)? else { return Ok(None) };
    let text = match (entry.kind, std::str::from_utf8(&entry.bytes)) {
        (EntryKind::File, Ok(text)) => text,
        (EntryKind::File, Err(_)) => {
            return Err(GateError::Usage(format!("{path} is not UTF-8\n  help: save it as UTF-8")));
        }
        _ => {
            return Err(GateError::Usage(format!(
                "{path} is not a regular file\n  help: put the configuration itself there"
            )));
        }
    };
    let settings = config::parse(path, text)?;
    settings.check_layouts(&layout::names())?;
    settings.check_rule_ids(&rules::RULES.iter().map(|rule| rule.meta.id).collect::<Vec<_>>())?;
    Ok(Some(settings))
}

/// The head's sets, and the base's that the head no longer names: a change cannot take a set
/// out of the gate's sight.
fn configured_sets(
    head: &Settings,
    base: Option<&Settings>,
    notices: &mut Vec<String>,
) -> Vec<SetConfig> {
    let mut sets = head.sets.clone();
    for set in base.map_or(&[][..], |base| &base.sets) {
        if !head.sets.iter().any(|known| known.path.value == set.path.value) {
            notices.push(format!(
                "the change takes the set {} out of the configuration; it is still checked",
                set.name.value
            ));
            sets.push(set.clone());
        }
    }
    sets
}

fn limits(sets: &[SetConfig], config_path: &RepoPath) -> Vec<RepoPath> {
    // Which files are documents is known when their names are.
    if sets.is_empty() || sets.iter().any(is_of_documents) {
        return Vec::new();
    }
    let mut limits = vec![config_path.clone()];
    for set in sets {
        limits.push(set.path.value.clone());
        limits.extend(set.manifest.as_ref().map(|manifest| manifest.value.clone()));
    }
    limits.extend(changes::workflow_places());
    limits
}

/// A set, and where its files are.
struct Plan {
    spec: SetSpec,
    moved_from: Option<RepoPath>,
    manifest: Option<RepoPath>,
    /// What prints its SQL, and what that may do.
    command: Option<(config::CommandConfig, Permit)>,
}

/// The sets to read: those of the configuration, with those of the base, and those found.
fn catalogs(
    choice: &Choice<'_>,
    comparison: &Comparison,
    (configured, trusted, unconfined): (&[SetConfig], &[SetConfig], bool),
    found: Vec<Found>,
    untold: &mut Vec<Inconclusive>,
) -> Result<Vec<SetCatalog>, GateError> {
    let asked = choice.place.engine.map(|engine| match engine {
        EngineName::Sqlite => EngineKind::Sqlite,
        EngineName::Postgres => EngineKind::Postgres,
    });
    let mut plans: Vec<Plan> = Vec::new();
    for set in configured {
        let named =
            |known: &SetConfig| known.path.value == set.path.value && known.command == set.command;
        let may_run = choice.place.allow_commands || trusted.iter().any(named);
        let mut spec = configured_spec(set);
        spec.seed = set.seed.as_ref().map(|path| seed(comparison, &path.value)).transpose()?;
        plans.push(Plan {
            spec,
            moved_from: None,
            manifest: set.manifest.as_ref().map(|manifest| manifest.value.clone()),
            command: set.command.clone().map(|command| (command, Permit { may_run, unconfined })),
        });
    }
    for found in found {
        if found.is_doubtful {
            untold.push(Inconclusive {
                set: found.path.to_string(),
                migration: None,
                path: found.path,
                reason: "numbered SQL files stand here that may be migrations or not".into(),
                way_out: "name the sets in migration-gate.toml, with this folder or without it"
                    .into(),
            });
            continue;
        }
        let moved_from = found.moved_from.clone();
        let spec = found_spec(found, asked);
        plans.push(Plan { spec, moved_from, manifest: None, command: None });
    }
    if let Some(wanted) = &choice.place.set {
        let names: Vec<String> =
            plans.iter().map(|plan| printable(&plan.spec.name).into_owned()).collect();
        plans.retain(|plan| plan.spec.name == *wanted);
        if plans.is_empty() {
            let known = if names.is_empty() { "none".into() } else { names.join(", ") };
            return Err(GateError::Usage(format!(
                "there is no set {wanted} here\n  help: the sets are: {known}"
            )));
        }
    }
    let mut catalogs = Vec::new();
    for plan in plans {
        let touched = || super::printed::is_touched(comparison, &plan.spec.path);
        // Nothing is run for a set that nobody asks about.
        if plan.command.is_none() || choice.all || touched() {
            catalogs.extend(read_set(comparison, plan, untold)?);
        }
    }
    Ok(catalogs)
}

/// The script with a set's own rows, from the head like the set itself.
fn seed(comparison: &Comparison, path: &RepoPath) -> Result<Script, GateError> {
    let missing = |what: &str, help: &str| {
        GateError::Usage(format!("the seed {path} of {} {what}\n  help: {help}", config::FILE_NAME))
    };
    let entry = comparison.head.file(path)?;
    let Some(entry) = entry.filter(|entry| entry.kind == EntryKind::File) else {
        let help = "name a script of at most 16 MiB relative to the top of the repository";
        return Err(missing("is not there, or is no plain file", help));
    };
    let text = std::str::from_utf8(&entry.bytes);
    let text = text.map_err(|_| missing("is not UTF-8", "save it as UTF-8"))?;
    Ok(Script::whole(path.clone(), text.into(), TransactionMode::Wrapped))
}

fn configured_spec(set: &SetConfig) -> SetSpec {
    SetSpec {
        name: set.name.value.clone(),
        path: set.path.value.clone(),
        layout: set.layout.as_ref().and_then(|name| layout::by_name(&name.value)),
        engine: Some(set.engine.value),
        usual_engine: None,
        baseline: set.baseline.as_ref().map(|id| id.value.clone()),
        seed: None,
        engine_version: set.engine_version.as_ref().map(|version| version.value.clone()),
        variables: set
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), value.value.clone()))
            .collect(),
        configured: true,
        assumed: Vec::new(),
    }
}

fn found_spec(found: Found, asked: Option<EngineKind>) -> SetSpec {
    let mut assumed =
        vec![format!("layout {}, by {}", found.layout.name(), found.detection.reason)];
    if let Some(from) = &found.moved_from {
        assumed.push(format!("the whole set moved here from {from}"));
    }
    SetSpec {
        name: found.path.to_string(),
        path: found.path,
        layout: Some(found.layout),
        engine: None,
        usual_engine: asked,
        baseline: None,
        seed: None,
        engine_version: None,
        variables: BTreeMap::new(),
        configured: false,
        assumed,
    }
}

/// Reads a set; where its commands do not print its SQL, nothing can be told of it.
fn read_set(
    comparison: &Comparison,
    plan: Plan,
    untold: &mut Vec<Inconclusive>,
) -> Result<Option<SetCatalog>, GateError> {
    let Plan { spec, moved_from, manifest, command } = plan;
    let base_path = moved_from.unwrap_or_else(|| spec.path.clone());
    let load = |side: &dyn Source, path: &RepoPath| -> Result<_, GateError> {
        let mut tree = catalog::load(side, path)?;
        let printed = command.as_ref().map_or(Ok(()), |(command, permit)| {
            super::printed::print(side, command, *permit, &mut tree)
        });
        Ok(printed.map(|()| tree))
    };
    let head = load(&*comparison.head, &spec.path)?;
    let base = comparison.base.as_ref().map(|base| load(&**base, &base_path)).transpose()?;
    let tip = comparison.tip.as_ref().map(|tip| load(&**tip, &base_path)).transpose()?;
    let (head, base, tip) = match (head, base.transpose(), tip.transpose()) {
        (Ok(head), Ok(base), Ok(tip)) => (head, base, tip),
        (Err((reason, way_out)), ..)
        | (_, Err((reason, way_out)), _)
        | (.., Err((reason, way_out))) => {
            let (set, path) = (spec.name, spec.path);
            untold.push(Inconclusive { set, migration: None, path, reason, way_out });
            return Ok(None);
        }
    };
    let listed = |side: &dyn Source, tree: &Tree| -> Result<_, ChangesError> {
        let usual = || manifest::FILE_NAMES.iter().find(|name| tree.get(name).is_some());
        let path = manifest.clone().or_else(|| usual().map(|name| tree.root().join(name)));
        let Some(path) = path else { return Ok(None) };
        Ok(side.file(&path)?.map(|entry| (path, entry.bytes)))
    };
    let head_manifest = listed(&*comparison.head, &head)?;
    let base_manifest = match (&comparison.base, &base) {
        (Some(side), Some(tree)) => listed(&**side, tree)?,
        _ => None,
    };
    let tip_label = comparison.tip_label.as_deref().unwrap_or("the target branch");
    let input = Input {
        head: &head,
        base: base.as_ref(),
        tip: tip.as_ref().map(|tip| (tip, tip_label)),
        manifest: head_manifest.as_ref().map(|(path, bytes)| (path.clone(), &**bytes)),
        base_manifest: base_manifest.as_ref().map(|(path, bytes)| (path.clone(), &**bytes)),
        files: &comparison.files,
    };
    Ok(Some(catalog::build(spec, &input)?))
}

/// The texts of the files that findings point into, the head's where it has them.
pub(super) fn sources<'a>(
    comparison: &Comparison,
    locations: impl Iterator<Item = &'a Location>,
) -> Result<SourceMap, GateError> {
    let mut sources = SourceMap::new();
    for location in locations {
        if sources.get(&location.path).is_some() || location.path.is_root() {
            continue;
        }
        let mut entry = comparison.head.file(&location.path)?;
        if let (None, Some(base)) = (&entry, &comparison.base) {
            entry = base.file(&location.path)?;
        }
        if let Some(text) = entry.as_ref().and_then(|entry| std::str::from_utf8(&entry.bytes).ok())
        {
            sources.insert(location.path.clone(), text);
        }
    }
    Ok(sources)
}
