//! A set of the checkout, and what a pull request makes of it.

use std::collections::BTreeMap;

use super::Gathered;
use crate::catalog::{self, CatalogError, Edit, Input, SetCatalog, SetSpec};
use crate::error::GateError;
use crate::layout;
use crate::model::{ChangeKind, Entry, EntryKind, FileChange, RepoPath, Tree};
use crate::publish::PublishError;

/// The most files of one pull request whose contents are asked for.
const MOST_CONTENTS: usize = 300;

/// A set with its files.
pub(super) struct Folder<'a> {
    pub(super) catalog: &'a SetCatalog,
    tree: Tree,
    manifest: Option<RepoPath>,
    variables: BTreeMap<String, String>,
}

/// A set as a pull request leaves it.
pub(super) struct Change {
    tree: Tree,
    files: Vec<FileChange>,
    /// Nothing can be said of what it leads to.
    is_untold: bool,
}

impl<'a> Folder<'a> {
    pub(super) fn new(gathered: &Gathered, catalog: &'a SetCatalog) -> Result<Self, GateError> {
        let sets = &gathered.head.sets;
        let named = sets.iter().find(|set| set.path.value == catalog.info.path);
        let variables = named.into_iter().flat_map(|set| &set.variables);
        Ok(Self {
            catalog,
            tree: catalog::load(&*gathered.comparison.head, &catalog.info.path)?,
            manifest: catalog.manifest.as_ref().map(|manifest| manifest.path.clone()),
            variables: variables.map(|(key, value)| (key.clone(), value.value.clone())).collect(),
        })
    }

    /// Whether a path is one of the set's.
    pub(super) fn holds(&self, path: &RepoPath) -> bool {
        path.below(&self.catalog.info.path).is_some() || Some(path) == self.manifest.as_ref()
    }

    /// The set with those files as `read` gives them.
    pub(super) fn change(
        &self,
        files: Vec<FileChange>,
        read: impl Fn(&RepoPath) -> Result<Option<Entry>, PublishError>,
        untold: &mut Vec<String>,
    ) -> Result<Change, PublishError> {
        let mut change = Change { tree: self.tree.clone(), files, is_untold: false };
        let mut say = |what: String| {
            change.is_untold = true;
            untold.push(what);
        };
        if self.catalog.info.layout == "command" {
            say(format!("{} is told by commands, which are not run here", self.catalog.info.path));
            return Ok(change);
        }
        if change.files.len() > MOST_CONTENTS {
            say(format!(
                "it changes more than {MOST_CONTENTS} files of {}",
                self.catalog.info.path
            ));
            return Ok(change);
        }
        for file in &change.files {
            let below = |path: &RepoPath| path.below(self.tree.root()).map(str::to_owned);
            let gone = match &file.kind {
                ChangeKind::Deleted => Some(&file.path),
                ChangeKind::Renamed { from, .. } => Some(from),
                _ => None,
            };
            if let Some(gone) = gone.and_then(below) {
                change.tree.remove(&gone);
            }
            let Some(relative) = below(&file.path).filter(|_| file.kind != ChangeKind::Deleted)
            else {
                continue;
            };
            match read(&file.path) {
                Ok(Some(entry)) => {
                    if entry.kind != EntryKind::File {
                        say(format!("{} is too large for it, or no file", file.path));
                    }
                    change.tree.insert(relative, entry);
                }
                Ok(None) => say(format!("GitHub does not give {}", file.path)),
                Err(error @ (PublishError::Unreadable { .. } | PublishError::Refused { .. })) => {
                    say(format!("GitHub does not give {}: {}", file.path, error.in_short()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(change)
    }

    /// The migrations that a change touches, with what it does to each.
    pub(super) fn touched(
        &self,
        change: &Change,
        untold: &mut Vec<String>,
    ) -> Vec<(String, &'static str)> {
        if change.is_untold {
            return Vec::new();
        }
        let catalog = match self.with(change, None) {
            Ok(catalog) => catalog,
            Err(error) => {
                untold.push(error.to_string());
                return Vec::new();
            }
        };
        let done = |entry: &catalog::Entry| {
            let touch = &entry.touch;
            match (touch.added, touch.renamed_from.is_some(), touch.up == Edit::Real) {
                (true, ..) => "added",
                (_, true, _) => "renamed",
                (.., true) => "edited",
                _ => "touched",
            }
        };
        let entries = catalog.entries.iter().filter(|entry| entry.touch.is_touched());
        let entries = entries.map(|entry| (entry.migration.id.clone(), done(entry)));
        let gone = catalog.gone.iter().map(|gone| (gone.migration.id.clone(), "deleted"));
        entries.chain(gone).collect()
    }

    /// The set as one pull request changes it, after another one was merged.
    pub(super) fn with(
        &self,
        change: &Change,
        merged: Option<(&Change, &str)>,
    ) -> Result<SetCatalog, CatalogError> {
        let info = &self.catalog.info;
        let spec = SetSpec {
            name: info.name.clone(),
            path: info.path.clone(),
            layout: layout::by_name(info.layout),
            engine: Some(info.engine),
            usual_engine: None,
            baseline: self.catalog.baseline.clone(),
            seed: None,
            engine_version: info.engine_version.clone(),
            variables: self.variables.clone(),
            configured: false,
            assumed: Vec::new(),
        };
        let input = Input {
            head: &change.tree,
            base: Some(&self.tree),
            tip: merged.map(|(merged, label)| (&merged.tree, label)),
            manifest: None,
            base_manifest: None,
            files: &change.files,
        };
        catalog::build(spec, &input)
    }
}

impl Change {
    /// Whether it can be compared with another one.
    pub(super) fn is_told(&self) -> bool {
        !self.is_untold
    }
}
