//! The files of a schema: read once, checked against their draft, and indexed by identifier.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Draft;
use serde_json::Value;

use super::document::{draft_of, identifier, size};
use super::problem::{ProblemKind, SchemaProblem};
use super::reference::{self, Target};
use super::unresolved::Unresolved;
use crate::model::{Pointer, RepoPath, quoted};

/// The deepest nesting of a schema file.
pub(super) const DEEPEST: usize = 128;
/// The most values that one schema with everything it refers to may hold.
pub(super) const LARGEST: usize = 200_000;
/// The most files that one schema may reach.
pub(super) const MOST_FILES: usize = 200;
/// The most problems that are told of one schema.
const MOST_PROBLEMS: usize = 100;

/// Where schemas are found that others refer to.
pub trait SchemaFiles: Sync {
    /// The parsed schema file at a path of the repository; `None` where there is none.
    fn local(&self, path: &RepoPath) -> Option<Value>;
    /// The vendored schema of an absolute URI without fragment; `None` where there is none.
    fn vendored(&self, uri: &str) -> Option<Value>;
}

/// A file that the schema reaches.
pub(super) struct File {
    /// What tells it apart: empty for the root, else its path or its URI.
    pub(super) name: String,
    /// Where it lies in the repository; `None` for a vendored one.
    pub(super) path: Option<RepoPath>,
    /// The absolute URI that it goes by: its `$id`, or the one it was asked for by.
    pub(super) uri: Option<String>,
    pub(super) value: Value,
}

/// The files so far, and what was found wrong.
pub(super) struct Files<'a> {
    source: &'a dyn SchemaFiles,
    pub(super) draft: Draft,
    pub(super) list: Vec<File>,
    by_name: BTreeMap<String, Option<usize>>,
    /// Embedded resources: absolute or file-local identifier to the place that has it.
    resources: BTreeMap<String, Place>,
    anchors: BTreeMap<(String, String), Place>,
    /// How often each name is a `$dynamicAnchor`; the empty name counts `$recursiveAnchor`.
    pub(super) dynamic: BTreeMap<String, usize>,
    pub(super) size: usize,
    problems: BTreeSet<SchemaProblem>,
    pub(super) root: RepoPath,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which file, by its position in the list.
    pub(super) file: usize,
    /// The JSON Pointer from the file's root.
    pub(super) pointer: String,
}

impl<'a> Files<'a> {
    /// Takes the root; `None` where nothing further can be read of it.
    pub(super) fn new(root: &Value, path: &RepoPath, source: &'a dyn SchemaFiles) -> Self {
        let mut files = Self {
            source,
            draft: Draft::Draft202012,
            list: Vec::new(),
            by_name: BTreeMap::new(),
            resources: BTreeMap::new(),
            anchors: BTreeMap::new(),
            dynamic: BTreeMap::new(),
            size: 0,
            problems: BTreeSet::new(),
            root: path.clone(),
        };
        match draft_of(root) {
            Ok(draft) => files.draft = draft.unwrap_or(Draft::Draft202012),
            Err(named) => files.report(
                ProblemKind::UnknownDraft,
                &Place { file: 0, pointer: "/$schema".to_owned() },
                format!("the draft {} is not known", quoted(&named)),
                "use draft 4, 6, 7, 2019-09 or 2020-12",
            ),
        }
        files.add(String::new(), Some(path.clone()), None, root.clone());
        files
    }

    pub(super) fn into_problems(self) -> (Vec<SchemaProblem>, Vec<RepoPath>) {
        let mut paths: Vec<RepoPath> =
            self.list.into_iter().skip(1).filter_map(|file| file.path).collect();
        paths.sort();
        (self.problems.into_iter().take(MOST_PROBLEMS).collect(), paths)
    }

    pub(super) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    pub(super) fn report(&mut self, kind: ProblemKind, at: &Place, message: String, help: &str) {
        if self.problems.len() > MOST_PROBLEMS {
            return;
        }
        let file = self.list.get(at.file);
        let path = file.map_or_else(|| Some(self.root.clone()), |file| file.path.clone());
        let message = match &path {
            Some(_) => message,
            None => format!("in {}: {message}", quoted(file.map_or("", |file| &file.name))),
        };
        self.problems.insert(SchemaProblem {
            file: path.unwrap_or_else(|| self.root.clone()),
            pointer: at.pointer.clone(),
            kind,
            message,
            help: help.to_owned(),
        });
    }

    /// Checks and indexes one more file.
    fn add(&mut self, name: String, path: Option<RepoPath>, uri: Option<String>, value: Value) {
        let file = self.list.len();
        self.by_name.insert(name.clone(), Some(file));
        let top = Place { file, pointer: String::new() };
        let size = size(&value, DEEPEST, LARGEST);
        self.size = self.size.saturating_add(size.unwrap_or(LARGEST));
        let fits = size.is_some() && self.size <= LARGEST;
        let value = if fits { value } else { Value::Bool(true) };
        let base = identifier(self.draft, &value).filter(|id| reference::is_absolute(id));
        let uri = base.map(|id| id.trim_end_matches('#').to_owned()).or(uri);
        self.list.push(File { name, path, uri: uri.clone(), value: value.clone() });
        if !fits {
            self.report(
                ProblemKind::TooLarge,
                &top,
                format!("the schema nests deeper than {DEEPEST} levels or holds more than {LARGEST} values"),
                "split it into schemas that are judged one by one",
            );
            return;
        }
        if file > 0 && draft_of(&value).is_ok_and(|draft| draft.is_some_and(|it| it != self.draft))
        {
            self.report(
                ProblemKind::UnknownDraft,
                &Place { file, pointer: "/$schema".to_owned() },
                "the file follows another draft than the schema that refers to it".to_owned(),
                "write all files of a schema in one draft",
            );
        }
        self.check(file, &value);
        let resource = uri.unwrap_or_else(|| format!("#{file}"));
        self.resources.entry(resource.clone()).or_insert(top.clone());
        self.index(&value, &top, &resource, DEEPEST);
    }

    /// Checks a file against the schema of its draft.
    fn check(&mut self, file: usize, value: &Value) {
        let errors: Vec<(String, String)> = reference::meta_errors(self.draft, value);
        for (pointer, message) in errors.into_iter().take(MOST_PROBLEMS) {
            self.report(
                ProblemKind::Invalid,
                &Place { file, pointer },
                format!("it is no valid schema: {message}"),
                "mend the schema; its draft says what may stand here",
            );
        }
    }

    /// Notes every identifier and anchor below a value.
    fn index(&mut self, value: &Value, at: &Place, resource: &str, depth: usize) {
        let below = |token: &str| Place {
            file: at.file,
            pointer: format!("{}/{}", at.pointer, Pointer::escaped(token)),
        };
        match value {
            Value::Object(map) if depth > 0 => {
                let mut resource = resource.to_owned();
                if let Some(id) = identifier(self.draft, value) {
                    if let Some(name) = id.strip_prefix('#') {
                        self.anchors
                            .entry((resource.clone(), name.to_owned()))
                            .or_insert(at.clone());
                    } else {
                        resource = reference::join(&resource, id.trim_end_matches('#'));
                        self.resources.entry(resource.clone()).or_insert(at.clone());
                    }
                }
                for key in ["$anchor", "$dynamicAnchor"] {
                    if let Some(name) = map.get(key).and_then(Value::as_str) {
                        let key = (resource.clone(), name.to_owned());
                        self.anchors.entry(key).or_insert(at.clone());
                    }
                }
                if let Some(name) = map.get("$dynamicAnchor").and_then(Value::as_str) {
                    *self.dynamic.entry(name.to_owned()).or_default() += 1;
                }
                if map.get("$recursiveAnchor") == Some(&Value::Bool(true)) {
                    *self.dynamic.entry(String::new()).or_default() += 1;
                }
                for (key, item) in map {
                    if !matches!(key.as_str(), "enum" | "const" | "default" | "examples") {
                        self.index(item, &below(key), &resource, depth - 1);
                    }
                }
            }
            Value::Array(items) if depth > 0 => {
                for (number, item) in items.iter().enumerate() {
                    self.index(item, &below(&number.to_string()), resource, depth - 1);
                }
            }
            _ => {}
        }
    }

    /// The identifier of the resource that a place belongs to, for references without a file.
    pub(super) fn resource(&self, at: &Place) -> String {
        let Some(file) = self.list.get(at.file) else { return String::new() };
        let mut resource = file.uri.clone().unwrap_or_else(|| format!("#{}", at.file));
        let mut value = &file.value;
        for token in at.pointer.split('/').skip(1) {
            let Some(next) = reference::descend(value, &Pointer::unescaped(token)) else { break };
            value = next;
            if let Some(id) = identifier(self.draft, value).filter(|id| !id.starts_with('#')) {
                resource = reference::join(&resource, id.trim_end_matches('#'));
            }
        }
        resource
    }

    pub(super) fn get(&self, place: &Place) -> Option<&Value> {
        let mut value = &self.list.get(place.file)?.value;
        for token in place.pointer.split('/').skip(1) {
            value = reference::descend(value, &Pointer::unescaped(token))?;
        }
        Some(value)
    }

    /// The place that a reference names, or why there is none.
    pub(super) fn resolve(&mut self, at: &Place, text: &str) -> Result<Place, Unresolved> {
        let Target { document, fragment } = Target::of(text);
        let resource = self.resource(at);
        let (resource, top) = if document.is_empty() {
            let top = self.resources.get(&resource).cloned().ok_or(Unresolved::Missing)?;
            (resource, top)
        } else {
            self.document(at.file, &resource, &document)?
        };
        let place = if fragment.is_empty() {
            top
        } else if fragment.starts_with('/') {
            Place { file: top.file, pointer: format!("{}{fragment}", top.pointer) }
        } else {
            self.anchors.get(&(resource, fragment)).cloned().ok_or(Unresolved::Missing)?
        };
        match self.get(&place) {
            Some(Value::Object(_) | Value::Bool(_)) => Ok(place),
            Some(_) => Err(Unresolved::NoSchema),
            None => Err(Unresolved::Missing),
        }
    }

    /// The resource that a reference's document names.
    fn document(
        &mut self,
        file: usize,
        resource: &str,
        document: &str,
    ) -> Result<(String, Place), Unresolved> {
        let uri = reference::join(resource, document);
        if let Some(top) = self.resources.get(&uri) {
            return Ok((uri, top.clone()));
        }
        if reference::is_absolute(&uri)
            && let Some(found) = self.fetch(&uri, None, Some(uri.clone()))
        {
            return self.named(found?);
        }
        if reference::is_absolute(document) {
            return Err(Unresolved::Remote);
        }
        let from = self.list.get(file).and_then(|file| file.path.clone());
        let Some(from) = from else { return Err(Unresolved::Remote) };
        let path = reference::beside(&from, document).ok_or(Unresolved::Outside)?;
        if path == self.root {
            return self.named(0);
        }
        let fetched = self.fetch(path.as_str(), Some(&path), None);
        self.named(fetched.ok_or(Unresolved::Missing)??)
    }

    fn named(&self, file: usize) -> Result<(String, Place), Unresolved> {
        let place = Place { file, pointer: String::new() };
        Ok((self.resource(&place), place))
    }

    /// Reads a file once. `None` where there is none.
    fn fetch(
        &mut self,
        name: &str,
        path: Option<&RepoPath>,
        uri: Option<String>,
    ) -> Option<Result<usize, Unresolved>> {
        if let Some(known) = self.by_name.get(name) {
            return known.map(Ok);
        }
        if self.list.len() >= MOST_FILES {
            return Some(Err(Unresolved::TooMany));
        }
        let value = match path {
            Some(path) => self.source.local(path),
            None => self.source.vendored(name),
        };
        let Some(value) = value else {
            self.by_name.insert(name.to_owned(), None);
            return None;
        };
        let file = self.list.len();
        self.add(name.to_owned(), path.cloned(), uri, value);
        Some(Ok(file))
    }
}
