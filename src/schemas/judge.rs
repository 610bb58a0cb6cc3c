//! The schemas of a contract, one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::against::Released;
use super::documents::{Bounds, governed, patterns};
use super::evidence::Found;
use super::hold::Store;
use super::load::load;
use super::side::{Content, Loaded, Side, short};
use super::{Inspected, Request};
use crate::changes::ChangesError;
use crate::compat::SchemaVersions;
use crate::document::Patterns;
use crate::model::{ChangeKind, Contract, EntryKind, Governed, RepoPath, SchemaChange, Sited};

/// A schema that the contract of either side names.
pub(super) struct Subject<'a> {
    pub(super) head: Option<&'a Governed>,
    pub(super) base: Option<&'a Governed>,
    /// Its file at the head and at the base, as the contracts say.
    pub(super) path: &'a RepoPath,
    pub(super) former: &'a RepoPath,
}

impl<'a> Subject<'a> {
    /// The entry that says what is promised: the base's, so that a change cannot take it back.
    pub(super) fn promise(&self) -> Option<&'a Governed> {
        self.base.or(self.head)
    }

    pub(super) fn name(&self) -> &'a str {
        self.head.or(self.base).map_or("", |entry| &entry.name.value)
    }
}

/// What all schemas of a request are judged with.
pub(super) struct Judge<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) head: Side<'a>,
    pub(super) base: Option<Side<'a>>,
    pub(super) bounds: Bounds<'a>,
    /// What the head's contract governs.
    files: Vec<Patterns>,
    /// Every path that the change touches, with what it was called at the base.
    pub(super) touched: BTreeMap<&'a RepoPath, &'a RepoPath>,
}

pub(super) fn judge(request: &Request<'_>) -> Result<Inspected, ChangesError> {
    let mut out = Inspected::default();
    let vendored = |contract: &Contract| contract.vendored.as_ref().map(|at| at.value.clone());
    let comparison = request.comparison;
    let base = comparison.base.as_ref().map(|base| {
        let folder = vendored(request.base_contract.unwrap_or(request.contract));
        Side::new(&**base, folder.as_ref())
    });
    let touched = comparison.files.iter().map(|change| match &change.kind {
        ChangeKind::Renamed { from, .. } => (&change.path, from),
        ChangeKind::Added
        | ChangeKind::Modified
        | ChangeKind::Deleted
        | ChangeKind::ModeChanged
        | ChangeKind::TypeChanged => (&change.path, &change.path),
    });
    let judge = Judge {
        request,
        head: Side::new(&*comparison.head, vendored(request.contract).as_ref()),
        base,
        bounds: Bounds::new(request, &mut out.notices),
        files: request.contract.schemas.iter().filter_map(|it| patterns(&it.files)).collect(),
        touched: touched.collect(),
    };
    let mut subjects = judge.subjects();
    subjects.sort_by_key(|subject| (subject.name(), subject.path));
    for subject in &subjects {
        judge.subject(subject, &mut out)?;
    }
    judge.ungoverned(&mut out.notices)?;
    let mut taken = BTreeSet::new();
    out.held.retain(|held| taken.insert((held.schema.clone(), held.path.clone())));
    Ok(out)
}

impl<'a> Judge<'a> {
    fn subjects(&self) -> Vec<Subject<'a>> {
        let (head, base) = (self.request.contract, self.request.base_contract);
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        let mut subjects = Vec::new();
        for entry in &head.schemas {
            let path = &entry.schema.value;
            let former = self.former(path);
            // An entry under another name that is about the same file is the same one.
            let before = base.and_then(|base| {
                base.schema(&entry.name.value).or_else(|| {
                    base.schemas.iter().find(|other| {
                        other.schema.value == *former && head.schema(&other.name.value).is_none()
                    })
                })
            });
            taken.extend(before.map(|entry| entry.name.value.as_str()));
            let former = before.map_or(former, |entry| &entry.schema.value);
            subjects.push(Subject { head: Some(entry), base: before, path, former });
        }
        for entry in base.map_or(&[][..], |base| &base.schemas) {
            if !taken.contains(entry.name.value.as_str()) {
                let path = &entry.schema.value;
                subjects.push(Subject { head: None, base: Some(entry), path, former: path });
            }
        }
        subjects
    }

    /// What a path of the head was called at the base.
    pub(super) fn former(&self, path: &'a RepoPath) -> &'a RepoPath {
        self.touched.get(path).copied().unwrap_or(path)
    }

    fn subject(&self, subject: &Subject<'a>, out: &mut Inspected) -> Result<(), ChangesError> {
        let name = subject.name();
        let Some(entry) = subject.head else {
            out.evidence.push(self.taken_out(subject)?);
            return Ok(());
        };
        let names = self.head.names()?;
        let governed = governed(entry, &self.bounds, names);
        let current = load(&self.head, subject.path)?;
        let former = self.former_schema(subject)?;
        let change = self.change(subject, &current, former.as_deref())?;
        let migrations = self.migrations(name);
        let is_assumed = self.request.assumed.contains_key(name);
        let is_entry_new = || subject.base.is_none_or(|base| !says_the_same(base, entry));
        let released = self.release_faults(subject)?;
        let left = self.left(subject)?;
        let is_concerned = change != SchemaChange::Unchanged
            || !migrations.is_empty()
            || (self.base.is_some() && !is_assumed && is_entry_new())
            || governed.iter().any(|path| self.touched.contains_key(path))
            || released.iter().chain(&left).any(|fault| !fault.old);
        let known = self.known(subject, &current, former.as_deref())?;
        if self.request.all || !migrations.is_empty() {
            let store = Store {
                head: &self.head,
                base: self.base.as_ref(),
                entry,
                known: &known,
                schema: current.usable().map(|schema| &**schema),
            };
            let paths: Vec<_> = governed.iter().map(|path| (*path, self.former(path))).collect();
            out.held.extend(store.documents(&paths, &mut out.notices)?);
            out.held.extend(store.fixtures(&self.bounds, &mut out.notices)?);
            out.held.extend(store.generated());
        }
        out.schemas.push(known);
        if self.request.all || is_concerned {
            let about = left.into_iter().chain(released).collect();
            let found =
                Found { entry, governed, current, former, change, migrations, is_concerned, about };
            out.evidence.push(self.evidence(subject, found)?);
        }
        Ok(())
    }

    /// The base's schema; `None` where there was none.
    fn former_schema(&self, subject: &Subject<'_>) -> Result<Option<Rc<Loaded>>, ChangesError> {
        let Some(base) = &self.base else { return Ok(None) };
        match *base.content(subject.former)? {
            Content::Missing => Ok(None),
            Content::Read { .. } | Content::Unreadable { .. } => {
                load(base, subject.former).map(Some)
            }
        }
    }

    fn change(
        &self,
        subject: &Subject<'_>,
        current: &Loaded,
        former: Option<&Loaded>,
    ) -> Result<SchemaChange, ChangesError> {
        let Some(base) = &self.base else { return Ok(SchemaChange::Unchanged) };
        let content = self.head.content(subject.path)?;
        let (before, after) = match (former, &*content) {
            (Some(_), Content::Missing) => return Ok(SchemaChange::Deleted),
            (None, Content::Missing) => return Ok(SchemaChange::Unchanged),
            (None, _) => return Ok(SchemaChange::Added),
            (Some(former), _) => (&former.reached, &current.reached),
        };
        let mut differs = self.differs(base, subject.path, subject.former)?;
        for path in before.iter().chain(after) {
            differs |= self.differs(base, path, path)?;
        }
        Ok(if differs { SchemaChange::Modified } else { SchemaChange::Unchanged })
    }

    /// Whether a file of the head is another than one of the base.
    fn differs(
        &self,
        base: &Side<'_>,
        path: &RepoPath,
        former: &RepoPath,
    ) -> Result<bool, ChangesError> {
        Ok(match (self.head.source().file(path)?, base.source().file(former)?) {
            (None, None) => false,
            (Some(now), Some(was)) if now.kind == was.kind => match now.kind {
                EntryKind::File => now.bytes != was.bytes,
                // What is not read has no content to compare; the list of changes knows.
                _ => path != former || self.touched.contains_key(path),
            },
            _ => true,
        })
    }

    pub(super) fn migrations(&self, name: &str) -> Vec<String> {
        let own = self.request.migrations.iter().filter(|(_, schema)| schema == name);
        let ids: BTreeSet<&String> = own.map(|(id, _)| id).collect();
        ids.into_iter().cloned().collect()
    }

    /// Whether a schema of the head's contract governs a document.
    pub(super) fn is_governed(&self, path: &RepoPath) -> bool {
        self.files.iter().any(|files| files.is_match(path))
    }

    /// The releases of both contracts: what the base names, the head cannot take back.
    pub(super) fn releases<'s>(&'s self, subject: &Subject<'s>) -> Vec<Released<'s>> {
        let mut releases = Vec::new();
        let sides = [(subject.base, self.base.as_ref()), (subject.head, Some(&self.head))];
        let mut taken = BTreeSet::new();
        for (entry, side) in sides {
            let (Some(entry), Some(side)) = (entry, side) else { continue };
            for release in &entry.releases {
                let version = release.version.value.as_str();
                if taken.insert(version) {
                    releases.push(Released { version, side, path: &release.schema.value });
                }
            }
        }
        releases
    }

    /// The schema with all its versions. The head's word counts before the releases', and theirs
    /// before the base's.
    fn known(
        &self,
        subject: &Subject<'_>,
        current: &Loaded,
        former: Option<&Loaded>,
    ) -> Result<SchemaVersions, ChangesError> {
        let mut versions = BTreeMap::new();
        let mut add = |version: Option<String>, loaded: &Loaded| {
            if let (Some(version), Some(schema)) = (version, loaded.usable()) {
                versions.entry(version).or_insert_with(|| Arc::clone(schema));
            }
        };
        add(version(subject.head), current);
        for release in self.releases(subject) {
            add(Some(release.version.to_owned()), &*load(release.side, release.path)?);
        }
        if let Some(former) = former {
            add(version(subject.base), former);
        }
        let entry = subject.head.or(subject.base);
        let version_at = entry.and_then(|entry| entry.version_at.as_ref());
        Ok(SchemaVersions {
            name: subject.name().to_owned(),
            version_at: version_at.map(|at| at.value.clone()),
            versions,
        })
    }

    /// Tells of documents that the set names and no schema governs.
    fn ungoverned(&self, notices: &mut Vec<String>) -> Result<(), ChangesError> {
        if !self.bounds.is_limited() {
            return Ok(());
        }
        let names = self.head.names()?.iter();
        let left: Vec<&RepoPath> =
            names.filter(|path| self.bounds.admits(path) && !self.is_governed(path)).collect();
        if let Some(first) = left.first() {
            notices.push(format!(
                "no schema governs {} of the set's documents, such as {}",
                left.len(),
                short(first.as_str())
            ));
        }
        Ok(())
    }
}

/// The version that an entry gives its schema.
pub(super) fn version(entry: Option<&Governed>) -> Option<String> {
    entry?.version.as_ref().map(|version| version.value.clone())
}

/// Whether two entries are the same but for their places.
fn says_the_same(one: &Governed, other: &Governed) -> bool {
    let words = |globs: &[Sited<String>]| -> Vec<String> {
        globs.iter().map(|glob| glob.value.clone()).collect()
    };
    let place = |entry: &Governed| entry.version_at.as_ref().map(|place| place.value.clone());
    promises_the_same(one, other)
        && one.schema.value == other.schema.value
        && words(&one.files) == words(&other.files)
        && words(&one.fixtures) == words(&other.fixtures)
        && version(Some(one)) == version(Some(other))
        && place(one) == place(other)
        && one.deprecation == other.deprecation
}

pub(super) fn promises_the_same(one: &Governed, other: &Governed) -> bool {
    let releases = |entry: &Governed| -> Vec<(String, RepoPath)> {
        let pairs = entry.releases.iter();
        pairs.map(|it| (it.version.value.clone(), it.schema.value.clone())).collect()
    };
    one.compatibility == other.compatibility && releases(one) == releases(other)
}
