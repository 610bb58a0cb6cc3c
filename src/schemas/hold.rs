//! The documents that config migrations are tried on.

use std::collections::BTreeSet;

use serde_json::Value;

use super::documents::{Bounds, MOST, MOST_BYTES, patterns};
use super::side::{Content, Side, short};
use crate::changes::ChangesError;
use crate::compat::{Schema, SchemaVersions};
use crate::model::{DocumentOrigin, Governed, Pointer, RepoPath, TrialDocument};

/// How many documents are made for each version of a schema.
const GENERATED: usize = 5;
/// For how many versions of a schema.
const MOST_VERSIONS: usize = 20;
/// How many fixtures are read.
const MOST_FIXTURES: usize = 500;

/// What the documents of one schema are taken from.
pub(super) struct Store<'a> {
    pub(super) head: &'a Side<'a>,
    pub(super) base: Option<&'a Side<'a>>,
    pub(super) entry: &'a Governed,
    pub(super) known: &'a SchemaVersions,
    /// The head's schema, where it can be read.
    pub(super) schema: Option<&'a Schema>,
}

impl Store<'_> {
    /// The documents of the schema: `paths` of the head, each with its path at the base.
    pub(super) fn documents(
        &self,
        paths: &[(&RepoPath, &RepoPath)],
        notices: &mut Vec<String>,
    ) -> Result<Vec<TrialDocument>, ChangesError> {
        let mut held = Vec::new();
        let (mut bytes, mut by_hand) = (0, 0);
        for (path, former) in paths.iter().take(MOST) {
            // What cannot be read has been told as such.
            let Content::Read { text, node } = self.head.document(path)? else { continue };
            bytes += text.len();
            if bytes > MOST_BYTES {
                break;
            }
            let waits = self.schema.is_some_and(|schema| !schema.is_valid(&node.to_json()));
            let before = match self.base.filter(|_| !waits) {
                Some(base) => base.document(former)?,
                None => Content::Missing,
            };
            let (text, origin) = match before {
                Content::Read { text: before, .. } if before != text => {
                    by_hand += 1;
                    (before, DocumentOrigin::Base)
                }
                _ => (text, DocumentOrigin::Head),
            };
            held.push(self.held((*path).clone(), text, origin));
        }
        if by_hand > 0 {
            notices.push(format!(
                "the change edits {by_hand} of the documents of {} by hand; the dry run starts \
                 from what they were",
                short(&self.known.name)
            ));
        }
        Ok(held)
    }

    /// The fixtures of the contract.
    pub(super) fn fixtures(
        &self,
        bounds: &Bounds<'_>,
        notices: &mut Vec<String>,
    ) -> Result<Vec<TrialDocument>, ChangesError> {
        let Some(globs) = patterns(&self.entry.fixtures) else { return Ok(Vec::new()) };
        let mut held = Vec::new();
        let mut unread = 0;
        let names = self.head.names()?.iter();
        let fixtures = names.filter(|path| globs.is_match(path) && bounds.is_data(path));
        for (count, path) in fixtures.enumerate() {
            match self.head.document(path)? {
                Content::Read { text, .. } if count < MOST_FIXTURES => {
                    held.push(self.held(path.clone(), text, DocumentOrigin::Fixture));
                }
                _ => unread += 1,
            }
        }
        if unread > 0 {
            notices.push(format!(
                "{unread} fixtures of {} are not read: they are no documents, or too many",
                short(&self.known.name)
            ));
        }
        Ok(held)
    }

    /// Documents made from the schema of each version.
    pub(super) fn generated(&self) -> Vec<TrialDocument> {
        let mut held = Vec::new();
        let mut taken = BTreeSet::new();
        for (version, schema) in self.known.versions.iter().take(MOST_VERSIONS) {
            let mut number = 0;
            for instance in schema.instances(GENERATED) {
                let Some(text) = self.instance(version, schema, instance) else { continue };
                number += 1;
                let name = format!("{}-{}-{number}", plain(&self.known.name), plain(version));
                let path = RepoPath::new(&format!("generated/{name}.json"));
                let Some(path) = path.filter(|path| taken.insert(path.clone())) else { continue };
                held.push(self.held(path, text, DocumentOrigin::Generated));
            }
        }
        held
    }

    /// An instance that says its version, where documents say theirs.
    fn instance(&self, version: &str, schema: &Schema, mut instance: Value) -> Option<String> {
        if let Some(at) = &self.known.version_at {
            put(&mut instance, at, version.into())?;
            if !schema.is_valid(&instance) {
                return None;
            }
        }
        serde_json::to_string_pretty(&instance).ok().map(|text| text + "\n")
    }

    fn held(&self, path: RepoPath, text: String, origin: DocumentOrigin) -> TrialDocument {
        TrialDocument { path, text: text.into(), schema: self.known.name.clone(), origin }
    }
}

/// Puts a value at a place, with the maps that lead there; `None` where something else is in the
/// way.
fn put(root: &mut Value, at: &Pointer, value: Value) -> Option<()> {
    let (last, above) = at.0.split_last()?;
    let mut here = root;
    for token in above {
        here = here
            .as_object_mut()?
            .entry(token.clone())
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    here.as_object_mut()?.insert(last.clone(), value);
    Some(())
}

/// A word as a part of a file's name.
fn plain(word: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' };
    word.chars().take(60).map(safe).collect::<String>().trim_start_matches('.').to_owned()
}
