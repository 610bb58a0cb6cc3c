//! The compatibility contract of a set of documents: which schema holds for which documents, what
//! is promised about its changes, and which versions were given out.
//!
//! It is one file; config migrations refer to it by the name of a schema and by versions.

mod check;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::document::{self, Node, Value};
use crate::model::{
    Compatibility, Contract, Deprecation, Governed, Problem, Release, RepoPath, Sited, quoted,
};

pub use schema::json_schema;

use check::{Complaints, compatibility};

/// The names a contract may have in a set's folder; the first that is there counts.
pub const FILE_NAMES: [&str; 4] = [
    "compatibility_contract.toml",
    "compatibility_contract.yaml",
    "compatibility_contract.yml",
    "compatibility_contract.json",
];

/// Every word for what is promised, and what it means.
const COMPATIBILITIES: [(&str, Compatibility); 7] = [
    ("none", promise(false, false, false)),
    ("backward", promise(true, false, false)),
    ("forward", promise(false, true, false)),
    ("full", promise(true, true, false)),
    ("backward_transitive", promise(true, false, true)),
    ("forward_transitive", promise(false, true, true)),
    ("full_transitive", promise(true, true, true)),
];

const fn promise(backward: bool, forward: bool, transitive: bool) -> Compatibility {
    Compatibility { backward, forward, transitive }
}

fn words() -> [&'static str; 7] {
    COMPATIBILITIES.map(|(word, _)| word)
}

/// Reads a contract; the path's extension says which format it is in. Never fails as a whole: the
/// contract holds what is valid, and the problems, in the order of the file, say what is not.
#[must_use]
pub fn parse(path: &RepoPath, bytes: &[u8]) -> (Contract, Vec<Problem>) {
    let mut contract = Contract { path: path.clone(), ..Contract::default() };
    let mut complaints = Complaints::new(path);
    match document::open(path, bytes) {
        Ok(root) => {
            complaints.shape(&root);
            take(&mut contract, &root, &mut complaints);
        }
        Err(problem) => complaints.add(problem),
    }
    (contract, complaints.finish())
}

/// A contract that only says which schema holds for which documents, as a configuration at `path`
/// does with pairs of a glob and a schema's file: each schema is named by its file, and backward
/// compatibility is promised.
#[must_use]
pub fn from_bindings(
    path: &RepoPath,
    bindings: &[(Sited<String>, Sited<RepoPath>)],
) -> (Contract, Vec<Problem>) {
    let mut complaints = Complaints::new(path);
    let mut schemas: Vec<Governed> = Vec::new();
    for (files, schema) in bindings {
        let Some(files) = complaints.pattern(files.clone()) else { continue };
        if let Some(known) = schemas.iter_mut().find(|known| known.schema.value == schema.value) {
            known.files.push(files);
            continue;
        }
        let span = files.span;
        schemas.push(Governed::by_file(schema.clone(), vec![files], span));
    }
    (Contract { path: path.clone(), schemas, vendored: None }, complaints.finish())
}

/// Takes over what has the right form; the check of the shape has reported the rest.
fn take(contract: &mut Contract, root: &Node, complaints: &mut Complaints<'_>) {
    contract.vendored = root.get("vendored").and_then(|node| complaints.path(node));
    let mut names = BTreeSet::new();
    for node in items(root, "schemas") {
        let Some(governed) = governed(node, complaints) else { continue };
        if names.insert(governed.name.value.clone()) {
            contract.schemas.push(governed);
        } else {
            let message = format!("a second schema with the name {}", quoted(&governed.name.value));
            complaints.report(governed.name.span, message, "give each schema its own name");
        }
    }
}

fn governed(node: &Node, complaints: &mut Complaints<'_>) -> Option<Governed> {
    let files = items(node, "files").iter().filter_map(text);
    let files: Vec<_> = files.filter_map(|glob| complaints.pattern(glob)).collect();
    let fixtures = items(node, "fixtures").iter().filter_map(text);
    let fixtures = fixtures.filter_map(|glob| complaints.pattern(glob)).collect();
    let schema = node.get("schema").and_then(|node| complaints.path(node));
    let version_at = node.get("version_at").and_then(|node| complaints.pointer(node));
    let compatibility = node.get("compatibility").and_then(compatibility);
    let releases = releases(node, schema.as_ref(), complaints);
    let number = |key| {
        let Value::Number(number) = &node.get("deprecation")?.get(key)?.value else { return None };
        u32::try_from(number.as_u64()?).ok()
    };
    Some(Governed {
        name: node.get("name").and_then(text)?,
        schema: schema?,
        files,
        fixtures,
        version: node.get("version").and_then(text),
        version_at,
        compatibility: compatibility.unwrap_or_default(),
        releases,
        deprecation: Deprecation { releases: number("releases"), days: number("days") },
        span: node.span,
    })
}

fn releases(
    node: &Node,
    current: Option<&Sited<RepoPath>>,
    complaints: &mut Complaints<'_>,
) -> Vec<Release> {
    let mut releases: Vec<Release> = Vec::new();
    let mut versions = BTreeSet::new();
    for node in items(node, "releases") {
        let version = node.get("version").and_then(text);
        let schema = node.get("schema").and_then(|node| complaints.path(node));
        let (Some(version), Some(schema)) = (version, schema) else { continue };
        if current.is_some_and(|current| current.value == schema.value) {
            let message = "this is the file that holds the current schema, which will change";
            let help = "give each released version a copy of its own";
            complaints.report(schema.span, message, help);
        } else if versions.insert(version.value.clone()) {
            releases.push(Release { version, schema });
        } else {
            let message = format!("the version {} is released twice", quoted(&version.value));
            complaints.report(version.span, message, "keep one of them");
        }
    }
    releases
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map_or(&[], Node::items)
}

/// Text that is not empty.
fn text(node: &Node) -> Option<Sited<String>> {
    let text = node.text()?;
    (!text.value.is_empty()).then(|| Sited::new(text.value.to_owned(), text.span))
}
