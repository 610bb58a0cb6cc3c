//! The documents as they were last read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::documents::Documents;
use crate::model::{Object, ObjectKey, RepoPath, Snapshot, printable, sha256};
use crate::runner::files::{Files, Found};
use crate::runner::{Fault, FaultKind};

/// One document.
#[derive(Default)]
struct Place {
    /// Where it stands in [`Documents::files`], once for each of its schemas.
    indexes: Vec<usize>,
    /// The hash of its text there.
    sha256: String,
}

/// Documents, with their hashes.
pub(super) struct Held {
    documents: Documents,
    places: BTreeMap<RepoPath, Place>,
}

impl Held {
    /// Reads all documents.
    ///
    /// # Errors
    /// When one cannot be read, or is a link.
    pub(super) fn new(documents: Documents, files: &Files<'_>) -> Result<Self, Fault> {
        let mut places: BTreeMap<RepoPath, Place> = BTreeMap::new();
        for (index, file) in documents.files.iter().enumerate() {
            places.entry(file.path.clone()).or_default().indexes.push(index);
        }
        let mut held = Self { documents, places };
        let paths: Vec<RepoPath> = held.places.keys().cloned().collect();
        for path in &paths {
            held.set(path, &"".into());
            held.refresh(files, path)?;
        }
        Ok(held)
    }

    pub(super) fn documents(&self) -> &Documents {
        &self.documents
    }

    /// The text of a document, and its hash.
    pub(super) fn text(&self, path: &RepoPath) -> Option<(&Arc<str>, &str)> {
        let place = self.places.get(path)?;
        Some((&self.documents.files.get(*place.indexes.first()?)?.text, &place.sha256))
    }

    /// Takes a text for that of a document.
    pub(super) fn set(&mut self, path: &RepoPath, text: &Arc<str>) {
        let Some(place) = self.places.get_mut(path) else { return };
        place.sha256 = sha256(text.as_bytes());
        for index in &place.indexes {
            if let Some(file) = self.documents.files.get_mut(*index) {
                file.text = Arc::clone(text);
            }
        }
    }

    /// Reads a document again.
    ///
    /// # Errors
    /// When it cannot be read, is a link, or is no text.
    pub(super) fn refresh(&mut self, files: &Files<'_>, path: &RepoPath) -> Result<(), Fault> {
        let refused = |why: &str, way_out: &str| {
            let what = format!("{} {why}", printable(path.as_str()));
            Err(Fault::new(FaultKind::Conflict, what, way_out))
        };
        let bytes = match files.find(path)? {
            Found::File(bytes) => bytes,
            Found::Other(why) => {
                return refused(why, "put the document itself there, as a file with one name");
            }
        };
        if self.text(path).is_some_and(|(text, _)| *text.as_bytes() == *bytes) {
            return Ok(());
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.set(path, &text.into());
                Ok(())
            }
            Err(_) => refused("is not in UTF-8", "save it in UTF-8"),
        }
    }

    /// The hash of each document as it stands on the disk; one that is no file any more is missing.
    pub(super) fn snapshot(&self, files: &Files<'_>) -> Result<Snapshot, Fault> {
        let mut snapshot = Snapshot::default();
        for path in self.places.keys() {
            let Found::File(bytes) = files.find(path)? else { continue };
            let known = self.text(path).filter(|(text, _)| *text.as_bytes() == *bytes);
            let hash = known.map_or_else(|| sha256(&bytes), |(_, hash)| hash.to_owned());
            let mut object = Object::default();
            object.facts.insert("sha256".into(), hash);
            snapshot.objects.insert(ObjectKey::new("document", path.as_str()), object);
        }
        Ok(snapshot)
    }
}
