//! Schemas with what they refer to, all from one side.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::side::{Content, Loaded, Side, beside};
use crate::changes::ChangesError;
use crate::compat::{ProblemKind, Schema, SchemaFiles, SchemaProblem};
use crate::document::Node;
use crate::model::{Location, RepoPath, SchemaFault};

/// How many files one schema may reach.
const MOST_FILES: usize = 200;
/// How often a schema is read anew because it asked for files that were not foreseen.
const MOST_PASSES: usize = 8;
/// How many files of the vendored folder are looked into.
const MOST_COPIES: usize = 2_000;

/// The schema at `path`, with everything that it refers to.
pub(super) fn load(side: &Side<'_>, path: &RepoPath) -> Result<Rc<Loaded>, ChangesError> {
    if let Some(known) = side.schemas.borrow().get(path) {
        return Ok(Rc::clone(known));
    }
    let loaded = Rc::new(read(side, path)?);
    side.schemas.borrow_mut().insert(path.clone(), Rc::clone(&loaded));
    Ok(loaded)
}

fn read(side: &Side<'_>, path: &RepoPath) -> Result<Loaded, ChangesError> {
    let content = side.content(path)?;
    let root = match &*content {
        Content::Read { node, .. } => node.to_json(),
        Content::Missing => {
            let help = "put the schema there, or name the file where it is";
            return Ok(broken(fault(path, &content, "the schema's file is not there", help)));
        }
        Content::Unreadable { message, help, .. } => {
            let message = format!("the schema is not read: {message}");
            return Ok(broken(fault(path, &content, &message, help)));
        }
    };
    let mut fetched = Fetched::default();
    fetch_references(side, path, &root, &mut fetched)?;
    for _ in 0..MOST_PASSES {
        let result = Schema::new(&root, path, &fetched);
        let asked =
            std::mem::take(&mut *fetched.asked.lock().unwrap_or_else(PoisonError::into_inner));
        if asked.is_empty() || result.is_ok() {
            let schema = match result {
                Ok(schema) => Ok(Arc::new(schema)),
                Err(problems) => Err(faults(side, &problems, &fetched)?),
            };
            return Ok(Loaded { schema, reached: fetched.reached() });
        }
        for wanted in asked {
            fetch(side, wanted, &mut fetched)?;
        }
    }
    let help = "put the parts into fewer files";
    let message = "its references lead through too many files";
    let reached = fetched.reached();
    Ok(Loaded { reached, ..broken(fault(path, &content, message, help)) })
}

fn broken(fault: SchemaFault) -> Loaded {
    Loaded { schema: Err(vec![fault]), reached: Vec::new() }
}

/// What a schema may ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    File(RepoPath),
    Copy(String),
}

/// Files that were read for a schema. It is judged in a thread of its own, which the side cannot
/// follow to; so what is missing is noted, and read for the next pass.
#[derive(Default)]
struct Fetched {
    values: BTreeMap<Wanted, Option<Value>>,
    /// The copies among them.
    copies: BTreeSet<RepoPath>,
    asked: Mutex<BTreeSet<Wanted>>,
}

impl Fetched {
    fn get(&self, wanted: Wanted) -> Option<Value> {
        if let Some(known) = self.values.get(&wanted) {
            return known.clone();
        }
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted);
        None
    }

    /// Every file that was asked for, sorted; of copies those that were found.
    fn reached(&self) -> Vec<RepoPath> {
        let files = self.values.keys().filter_map(|wanted| match wanted {
            Wanted::File(path) => Some(path),
            Wanted::Copy(_) => None,
        });
        files.chain(&self.copies).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }
}

impl SchemaFiles for Fetched {
    fn local(&self, path: &RepoPath) -> Option<Value> {
        self.get(Wanted::File(path.clone()))
    }

    fn vendored(&self, uri: &str) -> Option<Value> {
        self.get(Wanted::Copy(uri.to_owned()))
    }
}

fn fetch(side: &Side<'_>, wanted: Wanted, fetched: &mut Fetched) -> Result<(), ChangesError> {
    if fetched.values.contains_key(&wanted) {
        return Ok(());
    }
    // Beyond the bound nothing is found, which the schema then tells of.
    let full = fetched.values.len() >= MOST_FILES;
    let path = match &wanted {
        _ if full => None,
        Wanted::File(path) => Some(path.clone()),
        Wanted::Copy(uri) => copy(side, uri)?,
    };
    let value = match &path {
        Some(path) => side.content(path)?.node().map(Node::to_json),
        None => None,
    };
    let is_copy = matches!(wanted, Wanted::Copy(_));
    if is_copy {
        fetched.copies.extend(path.clone());
    }
    fetched.values.insert(wanted, value.clone());
    match (path, value) {
        (Some(path), Some(value)) if !is_copy => fetch_references(side, &path, &value, fetched),
        _ => Ok(()),
    }
}

/// Reads the files that a schema plainly names.
fn fetch_references(
    side: &Side<'_>,
    path: &RepoPath,
    value: &Value,
    fetched: &mut Fetched,
) -> Result<(), ChangesError> {
    let mut open = vec![(path.clone(), value.clone())];
    while let Some((path, value)) = open.pop() {
        for file in references(&path, &value) {
            let wanted = Wanted::File(file.clone());
            if fetched.values.len() >= MOST_FILES || fetched.values.contains_key(&wanted) {
                continue;
            }
            let value = side.content(&file)?.node().map(Node::to_json);
            // What is not there may still be meant in another way, by an identifier.
            let Some(value) = value else { continue };
            fetched.values.insert(wanted, Some(value.clone()));
            open.push((file, value));
        }
    }
    Ok(())
}

/// The files that relative references in a schema name.
fn references(path: &RepoPath, value: &Value) -> BTreeSet<RepoPath> {
    let mut found = BTreeSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                let named = map.get("$ref").and_then(Value::as_str).unwrap_or_default();
                let document = named.split('#').next().unwrap_or_default();
                found.extend(beside(path, document));
                open.extend(map.values());
            }
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

/// The copy of the schema at an address, by its identifier or by its path.
fn copy(side: &Side<'_>, uri: &str) -> Result<Option<RepoPath>, ChangesError> {
    let Some(folder) = side.vendored.clone() else { return Ok(None) };
    if side.copies.get().is_none() {
        let mut copies = Vec::new();
        for path in side.source().names(&folder)?.into_iter().take(MOST_COPIES) {
            let content = side.content(&path)?;
            copies.push((path, content));
        }
        let _ = side.copies.set(copies);
    }
    let copies = side.copies.get().map_or(&[][..], Vec::as_slice);
    let plain = uri.trim_end_matches('#');
    let identified = copies.iter().find(|(_, content)| {
        let id = content.node().and_then(|node| node.get("$id").or_else(|| node.get("id")));
        id.and_then(Node::text).is_some_and(|id| id.value.trim_end_matches('#') == plain)
    });
    let address = plain.split_once("://").map_or(plain, |(_, rest)| rest);
    let named = || {
        copies.iter().find(|(path, _)| {
            let rest = path.below(&folder).and_then(|path| path.strip_prefix(address));
            matches!(rest, Some("" | ".json" | ".yaml" | ".yml" | ".toml"))
        })
    };
    Ok(identified.or_else(named).map(|(path, _)| path.clone()))
}

fn faults(
    side: &Side<'_>,
    problems: &[SchemaProblem],
    fetched: &Fetched,
) -> Result<Vec<SchemaFault>, ChangesError> {
    let mut faults: Vec<SchemaFault> = Vec::new();
    let mut addresses = BTreeSet::new();
    for problem in problems {
        // An address is told of once, however often it is referred to.
        if problem.kind == ProblemKind::RemoteReference && !addresses.insert(&problem.message) {
            continue;
        }
        let content = side.content(&problem.file)?;
        let span = content.node().map(|node| node.at(&problem.pointer).span);
        faults.push(SchemaFault {
            location: Location { path: problem.file.clone(), span },
            message: problem.message.clone(),
            help: problem.help.clone(),
            old: false,
        });
    }
    for path in fetched.reached() {
        let content = side.content(&path)?;
        if let Content::Unreadable { message, help, .. } = &*content {
            faults.push(fault(
                &path,
                &content,
                &format!("the schema is not read: {message}"),
                help,
            ));
        }
    }
    Ok(faults)
}

fn fault(path: &RepoPath, content: &Content, message: &str, help: &str) -> SchemaFault {
    let span = match content {
        Content::Unreadable { span, .. } => *span,
        Content::Missing | Content::Read { .. } => None,
    };
    SchemaFault {
        location: Location { path: path.clone(), span },
        message: message.to_owned(),
        help: help.to_owned(),
        old: false,
    }
}
