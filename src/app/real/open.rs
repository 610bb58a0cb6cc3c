//! From the arguments to a target: which one, where its state is, and what is known of its set.

use std::path::{Path, PathBuf};

use crate::app::documents;
use crate::app::gather::{Choice, Gathered, gather};
use crate::catalog::SetCatalog;
use crate::changes;
use crate::cli::OnTarget;
use crate::config::{BackupCommands, CheckpointMode, TargetConfig, TargetPlace};
use crate::engine::documents::Documents;
use crate::engine::{self, RealSpec};
use crate::error::GateError;
use crate::host;
use crate::model::{EngineKind, Migration, Tree, printable};
use crate::runner::database::{CheckpointPolicy, DatabaseTarget};
use crate::runner::disk::RealDisk;
use crate::runner::documents::DocumentsTarget;
use crate::runner::journal::Context;
use crate::runner::target::Target;
use crate::runner::tracking::{self, Set};
use crate::runner::{Fault, FaultKind};

/// The variable that may hold the URL or the file of a database that no target names.
const DATABASE: &str = "MIGRATION_GATE_DATABASE_URL";
/// The folder of every target's state where nothing is said.
pub(super) const STATE: &str = ".migration-gate";
/// How many checkpoints are kept where nothing is said.
const KEEP: u16 = 20;

/// A target that was named, with its set.
pub(super) struct Opened {
    pub(super) gathered: Gathered,
    /// Which of the sets.
    index: usize,
    /// The target's name.
    pub(super) name: String,
    pub(super) production: bool,
    pub(super) keep: usize,
    /// The folder of its state.
    pub(super) state: PathBuf,
    place: Place,
    checkpoint: CheckpointMode,
    commands: Option<BackupCommands>,
    tree: Tree,
    documents: Option<Documents>,
}

/// Where a target is.
enum Place {
    Url(String),
    File(PathBuf),
    Root(PathBuf),
}

impl Opened {
    pub(super) fn catalog(&self) -> &SetCatalog {
        &self.gathered.catalogs[self.index]
    }

    /// What every event of this process carries.
    pub(super) fn context(&self) -> Context {
        Context {
            documents: self.catalog().info.engine == EngineKind::Documents,
            run_id: uuid::Uuid::now_v7().to_string(),
            set: self.catalog().info.name.clone(),
            target: self.name.clone(),
            revision: self
                .gathered
                .comparison
                .worktree
                .as_ref()
                .and_then(|worktree| worktree.commit.clone()),
            traceparent: host::env_text("TRACEPARENT"),
        }
    }

    /// The documents, where the target holds such.
    pub(super) fn documents(&self) -> Option<&Documents> {
        self.documents.as_ref()
    }

    /// The folder that documents are below.
    pub(super) fn root(&self) -> Option<&Path> {
        match &self.place {
            Place::Root(root) => Some(root),
            Place::Url(_) | Place::File(_) => None,
        }
    }

    /// The set's migrations, in the order in which they run.
    pub(super) fn migrations(&self) -> Vec<&Migration> {
        self.catalog().entries.iter().map(|entry| &entry.migration).collect()
    }

    /// Connects to it.
    pub(super) fn connect<'a>(
        &'a self,
        on: &OnTarget,
        migrations: &'a [&'a Migration],
        disk: &'a RealDisk,
        alone: bool,
    ) -> Result<Box<dyn Target + 'a>, GateError> {
        let info = &self.catalog().info;
        let commands = self.commands.clone();
        let spec = RealSpec {
            statement_timeout: on.statement_timeout,
            sqlite_foreign_keys: info.habits.sqlite_foreign_keys,
            engine_version: info.engine_version.clone(),
            tools: on.postgres_bin.clone(),
            backup_command: commands.clone().map(|one| one.backup).unwrap_or_default(),
            restore_command: commands.map(|one| one.restore).unwrap_or_default(),
        };
        let database = match &self.place {
            Place::Url(url) => engine::postgres::open(url, &spec)?,
            Place::File(file) => engine::sqlite::open(file, &spec)?,
            Place::Root(root) => {
                let documents = self.documents.clone().unwrap_or_else(no_documents);
                let entries = &self.catalog().entries;
                let target = DocumentsTarget::open(disk, root, &self.state, documents, entries)?;
                return Ok(Box::new(target));
            }
        };
        let set = Set { layout: info.layout, engine: info.engine, migrations, tree: &self.tree };
        let policy = match self.checkpoint {
            CheckpointMode::Auto => CheckpointPolicy::usual(info.engine),
            CheckpointMode::Always => CheckpointPolicy::Always,
        };
        let tracker = tracking::tracker(set)?;
        let mut target = DatabaseTarget::new(database, tracker, disk, policy, migrations);
        if alone && !target.lock()? {
            return Err(Fault::new(
                FaultKind::Locked,
                format!("another runner is at work on {}", target.place()),
                "let it come to its end, or stop it, then run again",
            )
            .into());
        }
        Ok(Box::new(target))
    }
}

/// Reads the configuration and the sets, and finds the target.
pub(super) fn open(on: &OnTarget) -> Result<Opened, GateError> {
    host::watch_signals();
    host::set_run_deadline(on.timeout);
    let place = on.place();
    let gathered = gather(&Choice { place: &place, base: None, base_dir: None, all: true })?;
    if let Some(untold) = gathered.untold.first() {
        let what = format!("{}: {}\n  help: {}", untold.path, untold.reason, untold.way_out);
        return Err(GateError::Usage(what));
    }
    let top = top(&gathered, &on.path)?;
    let chosen = choose(on, &gathered)?;
    let set = match &chosen {
        Chosen::Configured(target) => Some(target.set.value.clone()),
        Chosen::Database(_) | Chosen::Documents => on.set.clone(),
    };
    let wants = match &chosen {
        Chosen::Configured(_) => None,
        Chosen::Database(database) => Some(match is_url(database) {
            true => EngineKind::Postgres,
            false => EngineKind::Sqlite,
        }),
        Chosen::Documents => Some(EngineKind::Documents),
    };
    let index = pick(&gathered, set.as_deref(), wants)?;
    let catalog = &gathered.catalogs[index];
    let tree = crate::catalog::load(&*gathered.comparison.head, &catalog.info.path)?;
    let name = match &chosen {
        Chosen::Configured(target) => target.name.value.clone(),
        Chosen::Database(_) | Chosen::Documents => folder_name(&catalog.info.name),
    };
    let state = match (&on.state, &chosen) {
        (Some(folder), _) => folder.clone(),
        (None, Chosen::Configured(target)) => top.join(&target.state),
        (None, _) => top.join(STATE).join(&name),
    };
    let place = match &chosen {
        Chosen::Configured(target) => configured(&top, target)?,
        Chosen::Database(database) if is_url(database) => Place::Url(database.clone()),
        Chosen::Database(database) => Place::File(whole(file_of(database)?)),
        Chosen::Documents => Place::Root(whole(top.clone())),
    };
    let documents = match &place {
        Place::Root(root) => {
            let side = changes::compare_folders(None, root)?.head;
            Some(documents::on_target(&gathered, catalog, &*side, on)?)
        }
        _ => None,
    };
    let target = match &chosen {
        Chosen::Configured(target) => Some(target),
        Chosen::Database(_) | Chosen::Documents => None,
    };
    Ok(Opened {
        production: target.is_none_or(|target| target.production),
        keep: usize::from(target.map_or(KEEP, |target| target.keep)),
        checkpoint: target.map(|target| target.checkpoint).unwrap_or_default(),
        commands: target.and_then(|target| target.commands.clone()),
        index,
        name,
        state,
        place,
        tree,
        documents,
        gathered,
    })
}

/// How the target was named.
enum Chosen {
    Configured(Box<TargetConfig>),
    /// A URL or a file.
    Database(String),
    /// The documents of the working tree itself.
    Documents,
}

fn choose(on: &OnTarget, gathered: &Gathered) -> Result<Chosen, GateError> {
    let targets = &gathered.head.targets;
    let named = |name: &str| targets.iter().find(|target| target.name.value == name);
    let names = || {
        let names: Vec<&str> = targets.iter().map(|target| target.name.value.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    if let Some(name) = &on.target {
        return named(name).cloned().map(Box::new).map(Chosen::Configured).ok_or_else(|| {
            let what = format!(
                "there is no target {}\n  help: the targets are: {}",
                printable(name),
                names()
            );
            GateError::Usage(what)
        });
    }
    if let Some(database) = on.database.clone() {
        return Ok(Chosen::Database(database));
    }
    let of_set =
        targets.iter().filter(|target| on.set.as_ref().is_none_or(|set| target.set.value == *set));
    let fitting: Vec<&TargetConfig> = of_set.collect();
    match (fitting.as_slice(), host::env_text(DATABASE)) {
        ([only], _) => Ok(Chosen::Configured(Box::new((*only).clone()))),
        ([], Some(database)) => Ok(Chosen::Database(database)),
        ([], None) if has_documents(gathered, on.set.as_deref()) => Ok(Chosen::Documents),
        ([], None) => Err(GateError::Usage(format!(
            "no target is named\n  help: name the database with --database FILE or the variable \
             {DATABASE}, or put a [[target]] into {}",
            gathered.config_path
        ))),
        (_, _) => Err(GateError::Usage(format!(
            "there are several targets\n  help: name one with --target: {}",
            names()
        ))),
    }
}

fn has_documents(gathered: &Gathered, set: Option<&str>) -> bool {
    let mut catalogs = gathered.catalogs.iter();
    catalogs.any(|catalog| {
        catalog.info.engine == EngineKind::Documents
            && !catalog.entries.is_empty()
            && set.is_none_or(|name| catalog.info.name == name)
    })
}

/// Which of the sets is meant.
fn pick(
    gathered: &Gathered,
    set: Option<&str>,
    engine: Option<EngineKind>,
) -> Result<usize, GateError> {
    let fits = |catalog: &SetCatalog| {
        set.is_none_or(|name| catalog.info.name == name)
            && engine.is_none_or(|engine| catalog.info.engine == engine)
            && (set.is_some() || !catalog.entries.is_empty())
    };
    let fitting: Vec<usize> =
        (0..gathered.catalogs.len()).filter(|at| fits(&gathered.catalogs[*at])).collect();
    let of = engine.map_or_else(String::new, |engine| format!(" for {engine}"));
    match fitting.as_slice() {
        [only] => Ok(*only),
        [] => Err(GateError::Usage(format!(
            "there is no set of migrations{of} here\n  help: `migration-gate list` shows the sets; \
             name one with --set, or its engine with --engine"
        ))),
        several => {
            let name = |at: &usize| printable(&gathered.catalogs[*at].info.name).into_owned();
            let names: Vec<String> = several.iter().map(name).collect();
            Err(GateError::Usage(format!(
                "there are several sets{of}\n  help: name one with --set: {}",
                names.join(", ")
            )))
        }
    }
}

/// The top folder of the working tree.
fn top(gathered: &Gathered, path: &Path) -> Result<PathBuf, GateError> {
    match &gathered.comparison.worktree {
        Some(worktree) => Ok(worktree.top.clone()),
        None => std::fs::canonicalize(path).map_err(|error| {
            GateError::Usage(format!(
                "cannot open {}: {error}\n  help: name a folder",
                printable(&path.display().to_string())
            ))
        }),
    }
}

fn configured(top: &Path, target: &TargetConfig) -> Result<Place, GateError> {
    Ok(match &target.place {
        TargetPlace::UrlEnv(variable) => Place::Url(host::env_text(variable).ok_or_else(|| {
            GateError::Usage(format!(
                "the variable {variable} is not set\n  help: it holds the URL of the target {}",
                target.name.value
            ))
        })?),
        TargetPlace::File(file) => Place::File(whole(top.join(file))),
        TargetPlace::Root(root) => Place::Root(whole(top.join(root))),
    })
}

fn is_url(database: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme))
}

/// The file of a database; tools write `sqlite:` before it.
fn file_of(database: &str) -> Result<PathBuf, GateError> {
    let file = database.strip_prefix("sqlite://").or_else(|| database.strip_prefix("sqlite:"));
    let file = file.unwrap_or(database);
    if file.contains("://") {
        // It may hold a password.
        return Err(GateError::Usage(
            "the database is a URL of a kind that is not known\n  help: write postgres://… or the \
             path of an SQLite file"
                .into(),
        ));
    }
    Ok(PathBuf::from(file))
}

/// A path by which a place is known wherever it is named from; one that is not there stays as it is.
fn whole(path: PathBuf) -> PathBuf {
    std::fs::canonicalize(&path).unwrap_or(path)
}

/// A set's name as that of a folder.
fn folder_name(set: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let name: String = set.chars().map(plain).collect();
    name.trim_start_matches('.').to_owned()
}

/// A root without documents.
fn no_documents() -> Documents {
    Documents {
        schemas: Vec::new(),
        files: Vec::new(),
        judged: std::collections::BTreeSet::new(),
        tools: engine::documents::Tools::default(),
    }
}
