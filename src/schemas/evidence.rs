//! What is told of one schema.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::against::{Versions, comparisons};
use super::documents::{Base, Impact, Touched, governed, impact, patterns};
use super::judge::{Judge, Subject, promises_the_same, version};
use super::property::{Former, properties, removed};
use super::secret;
use super::side::Loaded;
use crate::changes::ChangesError;
use crate::compat::Schema;
use crate::model::{
    Governed, Location, RemovedProperty, RepoPath, SchemaChange, SchemaEvidence, SchemaFault,
    sha256,
};

/// What was read of a subject that the head names.
pub(super) struct Found<'a, 'n> {
    pub(super) entry: &'a Governed,
    pub(super) governed: Vec<&'n RepoPath>,
    pub(super) current: Rc<Loaded>,
    pub(super) former: Option<Rc<Loaded>>,
    pub(super) change: SchemaChange,
    pub(super) migrations: Vec<String>,
    /// Whether the change touches the schema, what it reaches or governs, or its entry.
    pub(super) is_concerned: bool,
    /// What is wrong with its releases, and with what it does not govern any more.
    pub(super) about: Vec<SchemaFault>,
}

impl<'a> Judge<'a> {
    /// A schema that the head's contract no longer names.
    pub(super) fn taken_out(&self, subject: &Subject<'a>) -> Result<SchemaEvidence, ChangesError> {
        let names = self.head.names()?;
        let left = match subject.base {
            Some(entry) => governed(entry, &self.bounds, names),
            None => Vec::new(),
        };
        let left = left.into_iter().filter(|path| !self.is_governed(path)).count();
        Ok(SchemaEvidence {
            change: SchemaChange::Deleted,
            governed: left,
            named: false,
            ..self.empty(subject, Location::file(self.former_contract().clone()))
        })
    }

    /// Where the base's contract stands now, or stood.
    fn former_contract(&self) -> &RepoPath {
        let Some(contract) = self.request.base_contract else { return &self.request.contract.path };
        let moved = self.touched.iter().find(|(_, former)| **former == &contract.path);
        moved.map_or(&contract.path, |(path, _)| path)
    }

    /// Evidence that says nothing yet.
    fn empty(&self, subject: &Subject<'_>, version_location: Location) -> SchemaEvidence {
        let assumed = self.request.assumed.get(subject.name());
        SchemaEvidence {
            name: subject.name().to_owned(),
            path: subject.path.clone(),
            content: String::new(),
            change: SchemaChange::Unchanged,
            assumed: assumed.cloned().unwrap_or_default(),
            faults: Vec::new(),
            comparisons: Vec::new(),
            governed: 0,
            validated: false,
            named: true,
            invalid: Vec::new(),
            versions: (version(subject.base), version(subject.head)),
            version_location,
            migrations: self.migrations(subject.name()),
            removed: Vec::new(),
            secrets: Vec::new(),
        }
    }

    pub(super) fn evidence(
        &self,
        subject: &Subject<'a>,
        found: Found<'a, '_>,
    ) -> Result<SchemaEvidence, ChangesError> {
        let Found { entry, governed, current, former, change, migrations, .. } = found;
        let contract = &self.request.contract.path;
        let is_assumed = self.request.assumed.contains_key(subject.name());
        let at = entry.version.as_ref().map_or(entry.span, |version| version.span);
        let is_gone = is_assumed && change == SchemaChange::Deleted;
        let mut evidence = self.empty(
            subject,
            match is_assumed {
                true => Location::file(subject.path.clone()),
                false => Location::at(contract.clone(), at),
            },
        );
        let schema = current.usable();
        let before = former.as_ref().and_then(|former| former.usable());
        let impact = self.impact(subject, &governed, schema, before)?;
        evidence.governed = governed.len();
        evidence.validated = schema.is_some() && impact.unread == 0;
        // That it is gone says it all where no contract names it.
        if !is_gone {
            // Nothing hangs on a schema that no contract names and that governs nothing.
            let matters = !is_assumed || !governed.is_empty();
            let former = former.as_deref().filter(|_| !(found.is_concerned && matters));
            let documents = (governed.len(), impact.unread);
            evidence.faults = self.faults(subject, &current, former, documents)?;
            evidence.faults.extend(found.about);
        }
        let releases = self.releases(subject);
        let reconsider =
            self.request.all || subject.base.is_some_and(|base| !promises_the_same(base, entry));
        if let Some(schema) = schema.filter(|_| change != SchemaChange::Unchanged || reconsider) {
            let promise = subject.promise().map(|entry| entry.compatibility);
            evidence.comparisons = comparisons(&Versions {
                current: (schema, subject.path, &self.head),
                base: match change {
                    SchemaChange::Modified => Some(before.map(|schema| &**schema)),
                    SchemaChange::Added | SchemaChange::Deleted | SchemaChange::Unchanged => None,
                },
                releases: &releases,
                promise: promise.filter(|_| !is_assumed),
                has_way_back: !migrations.is_empty(),
                seeds: &impact.seeds,
            })?;
        }
        evidence.invalid = impact.invalid;
        if change == SchemaChange::Modified {
            evidence.removed = self.removed(subject)?;
        }
        evidence.secrets = self.secrets(subject, &current, former.as_deref())?;
        evidence.change = change;
        evidence.content = self.content(&evidence, &current.reached)?;
        Ok(evidence)
    }

    /// What a waiver is bound to: of the lines that `sha256sum` writes for the schema, the files it
    /// reaches and the documents it refuses, sorted by name, their SHA-256.
    fn content(
        &self,
        evidence: &SchemaEvidence,
        reached: &[RepoPath],
    ) -> Result<String, ChangesError> {
        let refused = evidence.invalid.iter().map(|document| &document.location.path);
        let files: BTreeSet<&RepoPath> =
            refused.chain(reached).chain(std::iter::once(&evidence.path)).collect();
        let mut lines = String::new();
        for path in files {
            if let Some(entry) = self.request.comparison.head.file(path)? {
                lines.push_str(&format!("{}  {path}\n", sha256(&entry.bytes)));
            }
        }
        Ok(sha256(lines.as_bytes()))
    }

    fn impact(
        &self,
        subject: &Subject<'a>,
        governed: &[&'a RepoPath],
        schema: Option<&Arc<Schema>>,
        before: Option<&Arc<Schema>>,
    ) -> Result<Impact, ChangesError>
    where
        Self: 'a,
    {
        // Where the contract is new, the schema had no say in what stood there.
        let had_say = subject.base.is_some() || self.request.assumed.contains_key(subject.name());
        let base = self.base.as_ref().map(|side| Base {
            side,
            schema: before.map(|schema| &**schema).filter(|_| had_say),
            files: subject.base.and_then(|entry| patterns(&entry.files)),
        });
        let state = |path: &'a RepoPath| Touched {
            is_touched: self.touched.contains_key(path),
            former: self.former(path),
        };
        impact(&self.head, schema.map(|schema| &**schema), base.as_ref(), governed, state)
    }

    fn removed(&self, subject: &Subject<'_>) -> Result<Vec<RemovedProperty>, ChangesError> {
        let (Some(side), Some(promise)) = (&self.base, subject.promise()) else {
            return Ok(Vec::new());
        };
        // What cannot be read names no properties, and has been told as such.
        if self.head.content(subject.path)?.node().is_none() {
            return Ok(Vec::new());
        }
        let mut released = Vec::new();
        // A release that the change itself writes down was given to nobody yet.
        for release in subject.base.map_or(&[][..], |entry| &entry.releases) {
            released.push(properties(side, &release.schema.value)?);
        }
        let former =
            Former { side, path: subject.former, releases: released, asked: promise.deprecation };
        removed(&former, &properties(&self.head, subject.path)?)
    }

    fn secrets(
        &self,
        subject: &Subject<'_>,
        current: &Loaded,
        former: Option<&Loaded>,
    ) -> Result<Vec<(Location, String)>, ChangesError> {
        let mut known = BTreeSet::new();
        if let (Some(base), Some(former), false) = (&self.base, former, self.request.all) {
            for path in std::iter::once(subject.former).chain(&former.reached) {
                known.extend(base.content(path)?.node().map(secret::values).unwrap_or_default());
            }
        }
        let mut found = Vec::new();
        for path in std::iter::once(subject.path).chain(&current.reached) {
            let content = self.head.content(path)?;
            let secrets = content.node().map(secret::secrets).unwrap_or_default();
            for secret in secrets.into_iter().filter(|secret| !known.contains(&secret.value)) {
                found.push((Location::at(path.clone(), secret.span), secret.what.to_owned()));
            }
        }
        Ok(found)
    }
}
