//! `pulls`: open pull requests that touch migrations or config schemas, and their conflicts.

mod conflicts;
mod folder;
mod show;

use std::collections::BTreeSet;

use super::gather::{Choice, Gathered, gather};
use super::github;
use super::output::print;
use crate::catalog::SetCatalog;
use crate::cli::{ListFormat, Pulls};
use crate::error::GateError;
use crate::model::{ChangeKind, FileChange, RepoPath};
use crate::publish::{self, Client, OpenPull, Repository};
use folder::Folder;

/// The name of the gate's check run or commit status.
const GATE: &str = "migration-gate";
/// The most pull requests whose changes are compared with each other.
const MOST_COMPARED: usize = 100;
/// GitHub lists no more.
const TOO_MANY_FILES: &str = "GitHub does not tell all the files that it changes";

/// A pull request with what is of interest in it.
struct Pull {
    request: OpenPull,
    gate: Option<String>,
    /// By the index of its set.
    touched: Vec<Touched>,
    /// The files of config schemas.
    schemas: Vec<RepoPath>,
    conflicts: Vec<Conflict>,
    /// What cannot be told of it.
    untold: Vec<String>,
}

/// What a pull request does to a set.
struct Touched {
    set: usize,
    /// The set as the pull request leaves it.
    change: folder::Change,
    /// Each with what is done to it.
    migrations: Vec<(String, &'static str)>,
}

/// Where two pull requests get in each other's way.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Conflict {
    with: u64,
    /// A rule's name, or `same-schema`.
    kind: String,
    message: String,
}

pub(super) fn pulls(args: &Pulls) -> Result<u8, GateError> {
    let repository = github::repository(args.repository.as_deref())?;
    let client = github::client()?;
    let choice = Choice { place: &args.place, base: None, base_dir: None, all: true };
    let gathered = gather(&choice)?;
    let folders = gathered
        .catalogs
        .iter()
        .map(|catalog| Folder::new(&gathered, catalog))
        .collect::<Result<Vec<_>, GateError>>()?;
    let schemas = schemas(&gathered);
    let mut listed = Vec::new();
    let config = &gathered.config_path;
    let asked = Asked { client: &client, repository: &repository, config };
    for request in publish::open_pulls(&client, &repository)? {
        listed.extend(asked.read(request, &folders, &schemas)?);
    }
    conflicts::find(&mut listed, &folders, &gathered);
    let untold = gathered.untold.iter().map(|item| format!("{}: {}", item.path, item.reason));
    let untold: Vec<String> = untold.collect();
    print(&match args.format {
        ListFormat::Plain => show::plain(&listed, &folders, &untold),
        ListFormat::Json => show::json(&repository, &listed, &folders, &untold),
    })?;
    let told = untold.is_empty() && listed.iter().all(|pull| pull.untold.is_empty());
    Ok(if told { 0 } else { 3 })
}

/// The files of the config schemas.
fn schemas(gathered: &Gathered) -> BTreeSet<RepoPath> {
    let sets = gathered.configs.values();
    sets.flat_map(|set| &set.inspected.evidence).map(|schema| schema.path.clone()).collect()
}

/// Whom to ask about what.
struct Asked<'a> {
    client: &'a Client,
    repository: &'a Repository,
    config: &'a RepoPath,
}

impl Asked<'_> {
    /// What is of interest in a pull request; `None` where nothing is.
    fn read(
        &self,
        request: OpenPull,
        folders: &[Folder<'_>],
        schemas: &BTreeSet<RepoPath>,
    ) -> Result<Option<Pull>, GateError> {
        let Self { client, repository, .. } = self;
        let (files, is_all) = publish::changed_files(client, repository, request.number)?;
        let mut untold = Vec::new();
        if !is_all {
            untold.push(TOO_MANY_FILES.to_owned());
        }
        if files.iter().flat_map(paths).any(|path| path == self.config) {
            untold.push(format!("it changes {}, and with it perhaps the sets", self.config));
        }
        let mut touched = Vec::new();
        for (set, folder) in folders.iter().enumerate() {
            let own = files.iter().filter(|file| paths(file).any(|path| folder.holds(path)));
            let own: Vec<FileChange> = own.cloned().collect();
            if own.is_empty() {
                continue;
            }
            let read =
                |path: &RepoPath| publish::file_at(client, repository, path, &request.head.sha);
            let change = folder.change(own, read, &mut untold)?;
            let migrations = folder.touched(&change, &mut untold);
            touched.push(Touched { set, change, migrations });
        }
        let changed = files.iter().flat_map(paths);
        let mut schemas: Vec<RepoPath> =
            changed.filter(|path| schemas.contains(*path)).cloned().collect();
        schemas.sort();
        schemas.dedup();
        if touched.is_empty() && schemas.is_empty() && untold.is_empty() {
            return Ok(None);
        }
        let gate = publish::gate_state(client, repository, &request.head.sha, GATE)?;
        Ok(Some(Pull { request, gate, touched, schemas, conflicts: Vec::new(), untold }))
    }
}

/// The paths that a change is about.
fn paths(file: &FileChange) -> impl Iterator<Item = &RepoPath> {
    let from = match &file.kind {
        ChangeKind::Renamed { from, .. } => Some(from),
        _ => None,
    };
    std::iter::once(&file.path).chain(from)
}

/// The words for a set: its name.
fn name<'a>(folders: &'a [Folder<'_>], set: usize) -> &'a str {
    let catalog: Option<&SetCatalog> = folders.get(set).map(|folder| folder.catalog);
    catalog.map_or("", |catalog| &catalog.info.name)
}
