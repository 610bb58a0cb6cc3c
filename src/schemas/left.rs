//! Documents that a schema governed and that none does any more.

use std::collections::BTreeSet;

use super::documents::{governed, patterns};
use super::judge::{Judge, Subject};
use super::side::{Content, Side, short};
use crate::changes::ChangesError;
use crate::document::Value;
use crate::model::{ChangeKind, Governed, Location, RepoPath, SchemaFault};

/// How many new files are held against the documents that are gone, and how many are told of.
const MOST: usize = 100;

impl Judge<'_> {
    /// What the change takes away from under a schema that the head still names.
    pub(super) fn left(&self, subject: &Subject<'_>) -> Result<Vec<SchemaFault>, ChangesError> {
        let (Some(before), Some(entry)) = (subject.base, subject.head) else {
            return Ok(Vec::new());
        };
        let mut faults = Vec::new();
        let names = governed(before, &self.bounds, self.head.names()?);
        let message = match names.into_iter().filter(|path| !self.is_governed(path)).count() {
            0 => None,
            1 => Some("1 document that it governed has no schema now".to_owned()),
            lost => Some(format!("{lost} documents that it governed have no schema now")),
        };
        let at = entry.files.first().map_or(entry.span, |files| files.span);
        faults.extend(message.map(|message| SchemaFault {
            location: Location::at(self.request.contract.path.clone(), at),
            message,
            help: "name them again under `files` of a schema".to_owned(),
            old: false,
        }));
        for (path, former) in self.moved(before)?.into_iter().take(MOST) {
            faults.push(SchemaFault {
                location: Location::file(path.clone()),
                message: format!(
                    "this document is governed by no schema any more: it was {}, which {} governed",
                    short(former.as_str()),
                    short(subject.name())
                ),
                help: "name it under `files` of a schema, or leave it where it was".to_owned(),
                old: false,
            });
        }
        Ok(faults)
    }

    /// Documents that stand outside of every schema now, each with its governed path at the base.
    fn moved(&self, before: &Governed) -> Result<Vec<(&RepoPath, &RepoPath)>, ChangesError> {
        let (Some(files), Some(base)) = (patterns(&before.files), &self.base) else {
            return Ok(Vec::new());
        };
        let was_governed = |path: &RepoPath| files.is_match(path) && self.bounds.admits(path);
        let is_outside = |path: &RepoPath| self.bounds.is_data(path) && !self.is_governed(path);
        let (mut moved, mut gone, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for change in &self.request.comparison.files {
            match &change.kind {
                ChangeKind::Renamed { from, .. }
                    if was_governed(from) && is_outside(&change.path) =>
                {
                    moved.push((&change.path, from));
                }
                ChangeKind::Deleted if was_governed(&change.path) => gone.push(&change.path),
                ChangeKind::Added if is_outside(&change.path) => new.push(&change.path),
                _ => {}
            }
        }
        // What is edited as it is renamed may look like a file that is gone and one that is new.
        for path in new.into_iter().take(MOST).filter(|_| !gone.is_empty()) {
            let Some(now) = keys(&self.head, path)? else { continue };
            for former in gone.iter().take(MOST).filter(|gone| gone.parent() == path.parent()) {
                if keys(base, former)?.is_some_and(|former| resembles(&now, &former)) {
                    moved.push((path, former));
                    break;
                }
            }
        }
        Ok(moved)
    }
}

/// The keys at the top of a document; `None` where it has none.
fn keys(side: &Side<'_>, path: &RepoPath) -> Result<Option<BTreeSet<String>>, ChangesError> {
    let Content::Read { node, .. } = side.document(path)? else { return Ok(None) };
    let Value::Map(entries) = node.value else { return Ok(None) };
    let keys: BTreeSet<String> = entries.into_iter().map(|(key, _)| key.value).collect();
    Ok(Some(keys).filter(|keys| !keys.is_empty()))
}

/// Whether at least half of the keys are the same.
fn resembles(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    one.intersection(other).count() * 2 >= one.len().max(other.len())
}
