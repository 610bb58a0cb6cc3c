//! What `init` finds in a repository.

use std::path::{Path, PathBuf};

use super::{PIPELINE, ask};
use crate::app::create::stands;
use crate::app::gather::{Choice, Gathered, gather};
use crate::catalog::{CatalogError, Entry, SetCatalog};
use crate::changes::hooks;
use crate::cli::{EngineName, Init, Place};
use crate::error::GateError;
use crate::manifest;
use crate::model::{EngineKind, Kind, RepoPath};

/// What stands in a repository.
pub(super) struct Look {
    /// The top of the working tree.
    pub(super) top: PathBuf,
    /// The sets that can be named, by path.
    pub(super) sets: Vec<Set>,
    /// The folders of sets that say no engine.
    pub(super) silent: Vec<RepoPath>,
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

/// Looks at the whole repository around the path, whatever folder of it that is. With `ask`, the
/// engine of a set that says none is asked for.
pub(super) fn look(args: &Init, ask: bool) -> Result<Look, GateError> {
    let Some(top) = hooks(&args.path)?.top else {
        return Err(GateError::Usage(
            "this is a bare repository, and files are written into a working tree\n  help: clone it, \
             and run init in the clone"
                .into(),
        ));
    };
    let (gathered, silent) = read(&top, args.engine, ask)?;
    let is_on_gitlab = stands(&top.join(PIPELINE)) && !stands(&top.join(".github"));
    let mut told = String::new();
    let mut look = Look {
        top,
        sets: Vec::new(),
        silent,
        schemas: Vec::new(),
        is_on_gitlab,
        told: String::new(),
    };
    for catalog in &gathered.catalogs {
        if is_unnamed(catalog) {
            look.schemas.extend(catalog.schemas.keys().cloned());
            continue;
        }
        told.push_str(&line(catalog, &gathered));
        look.sets.extend(set(catalog, &gathered));
    }
    for path in &look.silent {
        told.push_str(&format!("  {path}: left out: nothing says which engine it is for\n"));
    }
    told.push_str(&of_schemas(&look.schemas, !look.sets.is_empty()));
    for item in &gathered.untold {
        told.push_str(&format!("{}: {}; left out ({})\n", item.path, item.reason, item.way_out));
    }
    let is_not_run = |catalog: &SetCatalog| catalog.info.engine == EngineKind::Mysql;
    if gathered.catalogs.iter().any(is_not_run) || !look.silent.is_empty() {
        told.push_str(of_left_out(!look.sets.is_empty()));
    }
    if told.is_empty() {
        return Err(nothing());
    }
    look.told = format!("found:\n{told}\n");
    Ok(look)
}

/// The sets as they stand at HEAD and now, and the folders of those that say no engine.
fn read(
    top: &Path,
    engine: Option<EngineName>,
    ask: bool,
) -> Result<(Gathered, Vec<RepoPath>), GateError> {
    let gathered = |set: Option<&str>, engine, base| {
        let place = Place {
            path: top.to_owned(),
            head: None,
            set: set.map(str::to_owned),
            engine,
            config: None,
            allow_commands: false,
        };
        gather(&Choice { place: &place, base, base_dir: None, all: true })
    };
    // With an engine for those that say none, all of them can be read.
    let any = engine.or(Some(EngineName::Sqlite));
    let mut whole = gathered(None, any, None)?;
    // Before the first commit there is nothing that stands.
    let has_commit = whole.comparison.worktree.as_ref().is_some_and(|tree| tree.commit.is_some());
    let base = has_commit.then_some("HEAD");
    match gathered(None, engine, base) {
        Err(GateError::Catalog(CatalogError::UnknownEngine { .. })) => {}
        known => return Ok((known?, Vec::new())),
    }
    if has_commit {
        whole = gathered(None, any, base)?;
    }
    let (mut known, mut silent) = (Vec::new(), Vec::new());
    for catalog in std::mem::take(&mut whole.catalogs) {
        let (path, name) = (catalog.info.path.clone(), catalog.info.name.clone());
        if catalog.info.configured || catalog.info.engine == EngineKind::Documents {
            known.push(catalog);
            continue;
        }
        let mut one = gathered(Some(&name), None, base);
        if let Err(GateError::Catalog(CatalogError::UnknownEngine { .. })) = one {
            let answer = if ask { ask::engine(&name)? } else { None };
            if answer.is_none() {
                silent.push(path);
                continue;
            }
            one = gathered(Some(&name), answer, base);
        }
        known.extend(one?.catalogs.into_iter().filter(|catalog| catalog.info.path == path));
    }
    whole.catalogs = known;
    Ok((whole, silent))
}

/// Config schemas that were found, in words.
fn of_schemas(schemas: &[String], are_sets_named: bool) -> String {
    let then = match are_sets_named {
        true => "; once sets are named, these are checked only where a set names them",
        false => "",
    };
    match schemas {
        [] => String::new(),
        _ => format!("  config schemas: {}{then}\n", schemas.join(", ")),
    }
}

/// What `check` says of sets that are left out.
fn of_left_out(are_sets_named: bool) -> &'static str {
    match are_sets_named {
        true => {
            "what is left out is still found by `check`, which cannot tell and does not pass where a \
             change touches it, until the new configuration is merged; from then on it is not \
             checked at all\n"
        }
        false => {
            "what is left out is still found by `check`, which cannot tell and does not pass where a \
             change touches it, as long as no set is named in migration-gate.toml\n"
        }
    }
}

/// The config schemas that no contract and no configuration names.
fn is_unnamed(catalog: &SetCatalog) -> bool {
    catalog.info.engine == EngineKind::Documents && !catalog.info.configured
}

/// A set in words.
fn line(catalog: &SetCatalog, gathered: &Gathered) -> String {
    let info = &catalog.info;
    let (all, new) = (catalog.entries.len(), catalog.entries.iter().filter(|e| e.touch.added));
    let is_here = catalog.merged.is_some();
    let new = match new.count() {
        new if is_here && new > 0 => format!(", {new} of them not committed yet"),
        _ => String::new(),
    };
    let left_out = match info.engine {
        EngineKind::Mysql => "; left out: MySQL is known, but not run",
        _ if !info.configured && !gathered.head.sets.is_empty() => {
            "; migration-gate.toml, which stands, does not name it: add a [[set]], without which it is \
             not checked once that file is merged"
        }
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
