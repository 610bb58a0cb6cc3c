//! What `init` finds in a repository.

use std::path::PathBuf;

use super::PIPELINE;
use crate::app::create::stands;
use crate::app::gather::{Choice, Gathered, gather};
use crate::catalog::{Entry, SetCatalog};
use crate::changes::hooks;
use crate::cli::{Init, Place};
use crate::error::GateError;
use crate::manifest;
use crate::model::{EngineKind, Kind, RepoPath};

/// What stands in a repository.
pub(super) struct Look {
    /// The top of the working tree.
    pub(super) top: PathBuf,
    /// The sets that can be named, by path.
    pub(super) sets: Vec<Set>,
    /// Config schemas that were found by their looks, by name.
    pub(super) schemas: Vec<String>,
    /// Whether its pipelines are GitLab's and not GitHub's.
    pub(super) is_on_gitlab: bool,
    /// All that in words.
    pub(super) told: String,
}

/// A set of migrations.
pub(super) struct Set {
    pub(super) name: String,
    pub(super) path: RepoPath,
    pub(super) engine: &'static str,
    /// Not for documents, which have one.
    pub(super) layout: Option<&'static str>,
    /// The last migration of the history that stands at HEAD.
    pub(super) baseline: Option<String>,
    /// Where its manifest would be; `None` where it has one or must have none.
    pub(super) manifest: Option<RepoPath>,
    /// The migrations that its manifest has to list: id, and the class by its looks.
    pub(super) listed: Vec<(String, &'static str)>,
}

/// Looks at the whole repository around the path, whatever folder of it that is.
pub(super) fn look(args: &Init) -> Result<Look, GateError> {
    let place = |path: PathBuf| Place {
        path,
        head: None,
        set: None,
        engine: args.engine,
        config: None,
        allow_commands: false,
    };
    let Some(top) = hooks(&args.path)?.top else {
        return Err(GateError::Usage(
            "this is a bare repository, and files are written into a working tree\n  help: clone it, \
             and run init in the clone"
                .into(),
        ));
    };
    let place = place(top.clone());
    let choose = |base| gather(&Choice { place: &place, base, base_dir: None, all: true });
    let mut gathered = choose(None)?;
    // Before the first commit there is nothing that stands.
    if gathered.comparison.worktree.as_ref().is_some_and(|tree| tree.commit.is_some()) {
        gathered = choose(Some("HEAD"))?;
    }
    let is_on_gitlab = stands(&top.join(PIPELINE)) && !stands(&top.join(".github"));
    let mut told = String::new();
    let mut sets = Vec::new();
    let mut schemas = Vec::new();
    for catalog in &gathered.catalogs {
        if is_unnamed(catalog) {
            schemas.extend(catalog.schemas.keys().cloned());
            told.push_str(&format!("  config schemas: {}; once sets are named, these are checked only where a set names \
                 them\n",
                schemas.join(", ")));
            continue;
        }
        told.push_str(&line(catalog));
        sets.extend(set(catalog, &gathered));
    }
    for item in &gathered.untold {
        told.push_str(&format!("{}: {}; left out ({})\n", item.path, item.reason, item.way_out));
    }
    match told.is_empty() {
        true => Err(nothing()),
        false => Ok(Look { top, sets, schemas, is_on_gitlab, told: format!("found:\n{told}\n") }),
    }
}

/// The config schemas that no contract and no configuration names.
fn is_unnamed(catalog: &SetCatalog) -> bool {
    catalog.info.engine == EngineKind::Documents && !catalog.info.configured
}

/// A set in words.
fn line(catalog: &SetCatalog) -> String {
    let info = &catalog.info;
    let (all, new) = (catalog.entries.len(), catalog.entries.iter().filter(|e| e.touch.added));
    let is_here = catalog.merged.is_some();
    let new = match new.count() {
        new if is_here && new > 0 => format!(", {new} of them not committed yet"),
        _ => String::new(),
    };
    let left_out = match info.engine {
        EngineKind::Mysql => "; left out: MySQL is known, but not run",
        _ => "",
    };
    let s = if all == 1 { "" } else { "s" };
    let kind = match info.layout == info.engine.name() {
        true => info.layout.to_owned(),
        false => format!("{}, {}", info.layout, info.engine),
    };
    format!("  {} ({kind}): {all} migration{s}{new}{left_out}\n", info.path)
}

/// A set as it can be named; `None` for an engine that cannot be run.
fn set(catalog: &SetCatalog, gathered: &Gathered) -> Option<Set> {
    let info = &catalog.info;
    if info.engine == EngineKind::Mysql {
        return None;
    }
    let stood = |entry: &&Entry| {
        catalog.merged.is_some() && !entry.touch.added && entry.migration.kind == Kind::Versioned
    };
    let baseline = catalog.entries.iter().rfind(stood).map(|entry| entry.migration.id.clone());
    let from = catalog.after(baseline.as_deref());
    let listed = catalog.entries.iter().enumerate();
    let listed = listed.filter(|(at, entry)| *at >= from || entry.touch.added);
    Some(Set {
        name: info.name.clone(),
        path: info.path.clone(),
        engine: info.engine.name(),
        layout: Some(info.layout).filter(|layout| *layout != info.engine.name()),
        manifest: manifest_place(catalog, gathered),
        listed: listed
            .map(|(_, entry)| (entry.migration.id.clone(), entry.class().name()))
            .collect(),
        baseline,
    })
}

/// Where a manifest can be put. Liquibase takes every file of its folders for a changelog, and where
/// the scripts themselves say their class, a manifest would silence them.
fn manifest_place(catalog: &SetCatalog, gathered: &Gathered) -> Option<RepoPath> {
    let says_itself = |entry: &Entry| entry.declared.class.is_some();
    let has_none = catalog.manifest.is_none()
        && catalog.info.layout != "liquibase"
        && !catalog.entries.iter().any(says_itself);
    let named = gathered.head.sets.iter().find(|set| set.path.value == catalog.info.path);
    let named = named.and_then(|set| set.manifest.as_ref()).map(|manifest| manifest.value.clone());
    let usual = || catalog.info.path.join(manifest::FILE_NAMES[0]);
    has_none.then(|| named.unwrap_or_else(usual))
}

/// Nothing that the gate could check.
fn nothing() -> GateError {
    let layouts: Vec<&str> =
        crate::layout::names().into_iter().filter(|name| *name != "command").collect();
    GateError::Usage(format!(
        "no migrations and no config schemas were found, so nothing is written; looked for, by the \
         names and contents of files that Git does not ignore: {}\n  help: where the migrations look \
         otherwise, name them in {}: docs/config.md has the keys",
        layouts.join(", "),
        crate::config::FILE_NAME
    ))
}
