//! The properties that a schema names, which of them are deprecated, and which are gone.

use std::collections::BTreeMap;

use super::side::{Side, beside};
use crate::changes::ChangesError;
use crate::document::{self, Format, Node, Value};
use crate::model::{Deprecation, Entry, EntryKind, Location, Pointer, RemovedProperty, RepoPath};

/// How many schemas are looked at for one schema's properties.
const MOST: usize = 20_000;
/// How deep properties are followed through each other.
const DEEPEST: usize = 24;
/// How many removed properties are told.
const MOST_REMOVED: usize = 100;
/// How many commits are looked at for the time since when a property is deprecated.
const MOST_COMMITS: usize = 1_000;

/// A property of a schema.
#[derive(Clone)]
pub(super) struct Property {
    /// Where its schema stands.
    at: Place,
    /// Where it is marked as deprecated.
    deprecated: Option<Place>,
}

/// A place in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    path: RepoPath,
    pointer: Pointer,
}

impl Place {
    fn join(&self, token: &str) -> Self {
        Self { path: self.path.clone(), pointer: self.pointer.join(token) }
    }
}

/// Every property of the schema at `path`, by its name with those above it: `server.port`,
/// `servers[].port`.
pub(super) fn properties(
    side: &Side<'_>,
    path: &RepoPath,
) -> Result<BTreeMap<String, Property>, ChangesError> {
    let root = Place { path: path.clone(), pointer: Pointer::default() };
    let mut walk = Walk { side, found: BTreeMap::new(), seen: 0 };
    walk.schema(&root, "", &mut Vec::new())?;
    Ok(walk.found)
}

struct Walk<'a> {
    side: &'a Side<'a>,
    found: BTreeMap<String, Property>,
    seen: usize,
}

impl Walk<'_> {
    fn schema(
        &mut self,
        at: &Place,
        name: &str,
        above: &mut Vec<Place>,
    ) -> Result<(), ChangesError> {
        self.seen += 1;
        if self.seen > MOST || above.len() > DEEPEST || above.contains(at) {
            return Ok(());
        }
        let content = self.side.content(&at.path)?;
        let Some(node) = content.node().and_then(|root| root.find(&at.pointer.0)) else {
            return Ok(());
        };
        above.push(at.clone());
        self.keywords(at, node, name, above)?;
        above.pop();
        Ok(())
    }

    fn keywords(
        &mut self,
        at: &Place,
        node: &Node,
        name: &str,
        above: &mut Vec<Place>,
    ) -> Result<(), ChangesError> {
        let Value::Map(entries) = &node.value else { return Ok(()) };
        for (keyword, child) in entries {
            let below = at.join(&keyword.value);
            match keyword.value.as_str() {
                "properties" => self.properties(&below, child, name, above)?,
                "$ref" => {
                    let target = child.text().and_then(|text| target(&at.path, text.value));
                    if let Some(target) = target {
                        self.schema(&target, name, above)?;
                    }
                }
                "items" | "additionalItems" | "prefixItems" | "unevaluatedItems" | "contains" => {
                    self.one_or_more(&below, child, &format!("{name}[]"), above)?;
                }
                "additionalProperties" | "unevaluatedProperties" => {
                    self.schema(&below, &joined(name, "*"), above)?;
                }
                "patternProperties" | "dependentSchemas" => {
                    let Value::Map(schemas) = &child.value else { continue };
                    let name = match keyword.value.as_str() {
                        "patternProperties" => joined(name, "*"),
                        _ => name.to_owned(),
                    };
                    for (key, _) in schemas {
                        self.schema(&below.join(&key.value), &name, above)?;
                    }
                }
                "allOf" | "anyOf" | "oneOf" | "if" | "then" | "else" => {
                    self.one_or_more(&below, child, name, above)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn one_or_more(
        &mut self,
        at: &Place,
        node: &Node,
        name: &str,
        above: &mut Vec<Place>,
    ) -> Result<(), ChangesError> {
        match &node.value {
            Value::List(items) => {
                for index in 0..items.len() {
                    self.schema(&at.join(&index.to_string()), name, above)?;
                }
                Ok(())
            }
            _ => self.schema(at, name, above),
        }
    }

    fn properties(
        &mut self,
        at: &Place,
        node: &Node,
        name: &str,
        above: &mut Vec<Place>,
    ) -> Result<(), ChangesError> {
        let Value::Map(properties) = &node.value else { return Ok(()) };
        for (key, _) in properties {
            let place = at.join(&key.value);
            let name = joined(name, &key.value);
            let deprecated = self.deprecated(&place)?;
            let known = self
                .found
                .entry(name.clone())
                .or_insert_with(|| Property { at: place.clone(), deprecated: deprecated.clone() });
            if known.deprecated.is_none() {
                known.deprecated = deprecated;
            }
            self.schema(&place, &name, above)?;
        }
        Ok(())
    }

    /// Where the schema at a place, or one that it refers to, is marked as deprecated.
    fn deprecated(&self, at: &Place) -> Result<Option<Place>, ChangesError> {
        let mut at = at.clone();
        for _ in 0..DEEPEST {
            let content = self.side.content(&at.path)?;
            let Some(node) = content.node().and_then(|root| root.find(&at.pointer.0)) else {
                break;
            };
            if is_deprecated(node) {
                return Ok(Some(at));
            }
            let reference = node.get("$ref").and_then(Node::text);
            let Some(next) = reference.and_then(|text| target(&at.path, text.value)) else { break };
            at = next;
        }
        Ok(None)
    }
}

fn joined(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}

fn is_deprecated(node: &Node) -> bool {
    node.get("deprecated").is_some_and(|node| matches!(node.value, Value::Bool(true)))
}

/// Where a plain reference leads: a place in the same file or in one named by a relative path.
fn target(path: &RepoPath, reference: &str) -> Option<Place> {
    let (document, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let path = if document.is_empty() { path.clone() } else { beside(path, document)? };
    Some(Place { path, pointer: Pointer::parse(pointer)? })
}

/// What the removal of properties is held against.
pub(super) struct Former<'a> {
    /// The base.
    pub(super) side: &'a Side<'a>,
    /// The schema's file at the base.
    pub(super) path: &'a RepoPath,
    /// The properties of each released version.
    pub(super) releases: Vec<BTreeMap<String, Property>>,
    /// What the contract asks.
    pub(super) asked: Deprecation,
}

/// The properties of the base that the head no longer names; of those below each other only the
/// uppermost.
pub(super) fn removed(
    former: &Former<'_>,
    head: &BTreeMap<String, Property>,
) -> Result<Vec<RemovedProperty>, ChangesError> {
    let base = properties(former.side, former.path)?;
    let gone: Vec<&String> = base.keys().filter(|name| !head.contains_key(*name)).collect();
    let is_below = |name: &str| {
        gone.iter().any(|above| {
            name.strip_prefix(above.as_str())
                .is_some_and(|rest| rest.starts_with('.') || rest.starts_with('['))
        })
    };
    let mut removed = Vec::new();
    for name in gone.iter().filter(|name| !is_below(name)).take(MOST_REMOVED) {
        let Some(property) = base.get(*name) else { continue };
        let content = former.side.content(&property.at.path)?;
        let span = content.node().map(|root| root.at(&property.at.pointer.to_string()).span);
        let marked = |release: &&BTreeMap<String, Property>| {
            release.get(*name).is_some_and(|property| property.deprecated.is_some())
        };
        let releases = former.releases.iter().filter(marked).count();
        removed.push(RemovedProperty {
            name: (*name).clone(),
            location: Location { path: property.at.path.clone(), span },
            releases: u32::try_from(releases).unwrap_or(u32::MAX),
            since: match &property.deprecated {
                Some(mark) => since(former.side, mark)?,
                None => None,
            },
            asked: former.asked,
        });
    }
    Ok(removed)
}

/// Since when a place is marked, by the history of its file.
fn since(side: &Side<'_>, mark: &Place) -> Result<Option<i64>, ChangesError> {
    let history = side.source().history(&mark.path, MOST_COMMITS)?;
    let is_marked = |(_, entry): &&(i64, Option<Entry>)| {
        let Some(node) = entry.as_ref().and_then(|entry| parsed(&mark.path, entry)) else {
            return false;
        };
        node.find(&mark.pointer.0).is_some_and(is_deprecated)
    };
    Ok(history.iter().take_while(is_marked).last().map(|(since, _)| *since))
}

fn parsed(path: &RepoPath, entry: &Entry) -> Option<Node> {
    let text = std::str::from_utf8(&entry.bytes).ok().filter(|_| entry.kind == EntryKind::File)?;
    document::read(Format::of(path).unwrap_or(Format::Json), text).ok()
}
