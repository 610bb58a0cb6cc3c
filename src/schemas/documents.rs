//! The documents that a schema governs, and what it makes of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::side::{Content, Side, short};
use super::{Request, secret};
use crate::changes::ChangesError;
use crate::compat::Schema;
use crate::document::{Format, Patterns};
use crate::model::{Contract, Governed, InvalidDocument, Location, Pointer, RepoPath, Sited};

/// How many documents of one schema are read.
pub(super) const MOST: usize = 5_000;
/// How many bytes the documents of one schema may have together.
pub(super) const MOST_BYTES: usize = 64 << 20;
/// How many documents help to find what a new schema refuses, and how large these may be.
const MOST_SEEDS: usize = 60;
const LARGEST_SEED: usize = 16 << 10;

/// Files of the gate's own, whose names say so.
const OWN: [&str; 3] = ["migration-gate", "migration_manifest", "compatibility_contract"];

/// What counts as a document at all, whatever a contract's patterns say.
pub(super) struct Bounds<'a> {
    limit: Option<Patterns>,
    schemas: BTreeSet<&'a RepoPath>,
    vendored: Vec<&'a RepoPath>,
    folder: Option<&'a RepoPath>,
}

impl<'a> Bounds<'a> {
    /// The bounds of a request; a limit that cannot be read limits nothing, and is told of.
    pub(super) fn new(request: &Request<'a>, notices: &mut Vec<String>) -> Self {
        let contracts: Vec<&Contract> =
            [Some(request.contract), request.base_contract].into_iter().flatten().collect();
        let mut schemas = BTreeSet::new();
        for schema in contracts.iter().flat_map(|contract| &contract.schemas) {
            schemas.insert(&schema.schema.value);
            schemas.extend(schema.releases.iter().map(|release| &release.schema.value));
        }
        let limit = match Patterns::new(request.documents.iter().map(String::as_str)) {
            Ok(patterns) => Some(patterns).filter(|_| !request.documents.is_empty()),
            Err(error) => {
                notices.push(format!(
                    "the patterns of `documents` cannot be read and limit nothing: {error}"
                ));
                None
            }
        };
        let vendored = contracts.iter().filter_map(|contract| contract.vendored.as_ref());
        Self {
            limit,
            schemas,
            vendored: vendored.map(|folder| &folder.value).collect(),
            folder: request.folder,
        }
    }

    /// Whether a path may be that of a document.
    pub(super) fn admits(&self, path: &RepoPath) -> bool {
        self.is_data(path) && self.limit.as_ref().is_none_or(|limit| limit.is_match(path))
    }

    /// Whether a path may be that of a document or a fixture.
    pub(super) fn is_data(&self, path: &RepoPath) -> bool {
        let stem = path.file_name().split('.').next().unwrap_or_default();
        Format::of(path).is_some()
            && !self.schemas.contains(path)
            && !OWN.contains(&stem)
            && !self.vendored.iter().any(|folder| path.below(folder).is_some())
            && !self.is_migration(path)
    }

    /// A numbered file in the set's own folder.
    fn is_migration(&self, path: &RepoPath) -> bool {
        let inside = self.folder.is_some_and(|folder| path.parent().as_ref() == Some(folder));
        let name = path.file_name();
        let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
        inside && rest.len() < name.len() && rest.starts_with(['_', '-', '.'])
    }

    /// Whether the set says which files are documents.
    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }
}

/// The globs of an entry; those that cannot be read, which the contract's check tells of, match
/// nothing.
pub(super) fn patterns(globs: &[Sited<String>]) -> Option<Patterns> {
    Patterns::new(globs.iter().map(|glob| glob.value.as_str())).ok()
}

/// The documents among `names` that an entry of a contract governs.
pub(super) fn governed<'n>(
    entry: &Governed,
    bounds: &Bounds<'_>,
    names: &'n [RepoPath],
) -> Vec<&'n RepoPath> {
    let Some(files) = patterns(&entry.files) else { return Vec::new() };
    names.iter().filter(|path| files.is_match(path) && bounds.admits(path)).collect()
}

/// What is known of a document's state at the base.
pub(super) struct Base<'a> {
    pub(super) side: &'a Side<'a>,
    /// The schema, where there was one that can be read.
    pub(super) schema: Option<&'a Schema>,
    /// What it governed.
    pub(super) files: Option<Patterns>,
}

/// What a schema makes of its documents.
#[derive(Default)]
pub(super) struct Impact {
    pub(super) invalid: Vec<InvalidDocument>,
    /// Documents of both sides that were read.
    pub(super) seeds: Vec<Value>,
    /// How many were left unread, for there are too many.
    pub(super) unread: usize,
}

impl Impact {
    fn seed(&mut self, content: &Content) {
        if let Content::Read { text, node } = content
            && self.seeds.len() < MOST_SEEDS
            && text.len() <= LARGEST_SEED
        {
            self.seeds.push(node.to_json());
        }
    }
}

/// How a document stands in the change.
pub(super) struct Touched<'a> {
    /// The change edits it, or adds it.
    pub(super) is_touched: bool,
    /// Its path at the base.
    pub(super) former: &'a RepoPath,
}

/// Validates documents of the head.
pub(super) fn impact<'a>(
    head: &Side<'_>,
    schema: Option<&Schema>,
    base: Option<&Base<'_>>,
    paths: &[&'a RepoPath],
    state: impl Fn(&'a RepoPath) -> Touched<'a>,
) -> Result<Impact, ChangesError> {
    let mut impact = Impact::default();
    let mut bytes = 0;
    for (count, path) in paths.iter().enumerate() {
        if count >= MOST || bytes > MOST_BYTES {
            impact.unread = paths.len() - count;
            break;
        }
        let content = head.document(path)?;
        bytes += content.text().map_or(0, str::len);
        let Touched { is_touched, former } = state(path);
        impact.seed(&content);
        if let Some(base) = base.filter(|_| is_touched && impact.seeds.len() < MOST_SEEDS) {
            impact.seed(&base.side.document(former)?);
        }
        if let Some(mut invalid) = refused(path, &content, schema) {
            invalid.touched = is_touched;
            invalid.was_valid = base.map_or(Ok(None), |base| was_valid(base, former))?;
            impact.invalid.push(invalid);
        }
    }
    Ok(impact)
}

/// What is wrong with a document; without a schema, only that it cannot be read.
fn refused(path: &RepoPath, content: &Content, schema: Option<&Schema>) -> Option<InvalidDocument> {
    let invalid = |span, pointer, message, more| InvalidDocument {
        location: Location { path: path.clone(), span },
        pointer,
        message,
        more,
        was_valid: None,
        touched: false,
        mended: false,
    };
    let node = match content {
        Content::Read { node, .. } => node,
        Content::Unreadable { span, message, .. } => {
            return Some(invalid(*span, Pointer::default(), message.clone(), 0));
        }
        // It was listed, so this is a name that nothing can be read by.
        Content::Missing => {
            let message = "it cannot be read by its name".to_owned();
            return Some(invalid(None, Pointer::default(), message, 0));
        }
    };
    let value = node.to_json();
    let violations = schema?.validate(&value);
    let first = violations.first()?;
    let (message, is_secret) = secret::told(first, &value);
    Some(invalid(
        // Without a place in the file nothing is quoted from it.
        (!is_secret).then(|| node.at(&first.pointer).span),
        Pointer::parse(&first.pointer).unwrap_or_default(),
        short(&message),
        violations.len() - 1,
    ))
}

/// Whether the base's schema accepted what stood at that path; `None` where it had no say.
fn was_valid(base: &Base<'_>, path: &RepoPath) -> Result<Option<bool>, ChangesError> {
    let governed = base.files.as_ref().is_none_or(|files| files.is_match(path));
    let Some(schema) = base.schema.filter(|_| governed) else { return Ok(None) };
    Ok(match base.side.document(path)? {
        Content::Missing => None,
        Content::Unreadable { .. } => Some(false),
        Content::Read { node, .. } => Some(schema.is_valid(&node.to_json())),
    })
}
