//! What people declare about migrations: in a manifest beside the set, or in a script's header.
//!
//! A manifest is read from JSON, TOML or YAML into one tree of values with places,
//! checked against its published JSON Schema (`schema`), and taken over as far as it is valid.
//! Nothing here knows the migrations' files; joining the two is the catalog's work.

mod allow;
mod header;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::document::{self, Checker, Node, problem};
use crate::model::{Class, Problem, RepoPath, Sited, Span, quoted};

pub use allow::{Allowance, allowances};
pub use header::{Header, header};
pub use schema::json_schema;

/// The names a manifest may have in a set's folder; the first that is there counts.
pub const FILE_NAMES: [&str; 4] = [
    "migration_manifest.json",
    "migration_manifest.toml",
    "migration_manifest.yaml",
    "migration_manifest.yml",
];

/// A manifest, as far as it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its file.
    pub path: RepoPath,
    /// The id of the last migration that needs no entry.
    pub baseline: Option<Sited<String>>,
    /// The entries that have an id, in the order of the file, each id once.
    pub entries: Vec<Entry>,
    /// What is wrong with it, in the order of the file.
    pub problems: Vec<Problem>,
}

/// What a manifest says of one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The migration's id.
    pub id: Sited<String>,
    /// Its class.
    pub class: DeclaredClass,
    /// Ids of migrations that must have run before.
    pub depends_on: Vec<Sited<String>>,
    /// Ids of migrations that must have run before where the set holds them.
    pub optional_depends_on: Vec<Sited<String>>,
    /// SHA-256 of the up script's file, in lower-case hexadecimal digits.
    pub checksum: Option<Sited<String>>,
    /// Words for people.
    pub description: Option<String>,
    /// The whole entry.
    pub span: Span,
}

/// A class as someone declared it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredClass {
    /// Nothing was declared.
    Missing,
    /// Something was, but there is no such class; a problem says so.
    Invalid(Span),
    /// A class.
    Valid(Sited<Class>),
}

impl DeclaredClass {
    /// The class, where a valid one was declared.
    #[must_use]
    pub fn get(&self) -> Option<Class> {
        match self {
            Self::Valid(class) => Some(class.value),
            Self::Missing | Self::Invalid(_) => None,
        }
    }
}

impl Manifest {
    /// The entry of that id.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id.value == id)
    }
}

/// Reads a manifest; the path's extension says which format it is in. Never fails as a whole.
#[must_use]
pub fn parse(path: &RepoPath, bytes: &[u8]) -> Manifest {
    let mut manifest =
        Manifest { path: path.clone(), baseline: None, entries: Vec::new(), problems: Vec::new() };
    match document::open(path, bytes) {
        Ok(root) => {
            manifest.problems = schema::CHECKER.violations(path, &root);
            manifest.take(&root);
            document::sort_problems(&mut manifest.problems);
        }
        Err(problem) => manifest.problems.push(problem),
    }
    manifest
}

impl Manifest {
    /// Takes over what has the right form; the schema has reported the rest.
    fn take(&mut self, root: &Node) {
        self.baseline = root.get("baseline").and_then(non_empty);
        let mut seen = BTreeSet::new();
        for node in root.get("migrations").map_or(&[][..], Node::items) {
            let Some(id) = node.get("id").and_then(non_empty) else { continue };
            if seen.insert(id.value.clone()) {
                self.entries.push(entry(node, id));
            } else if self.problems.len() < 2 * Checker::MOST {
                let message = format!("{} has two entries", quoted(&id.value));
                let help = "keep one of them; the first one counts here";
                self.problems.push(problem(&self.path, id.span, message, help));
            }
        }
    }
}

fn entry(node: &Node, id: Sited<String>) -> Entry {
    let class = match node.get("class") {
        None => DeclaredClass::Missing,
        Some(class) => declared(class.text().map_or("", |text| text.value), class.span),
    };
    let checksum = node.get("checksum").and_then(non_empty).filter(|sum| {
        sum.value.len() == 64 && sum.value.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let ids = |key| node.get(key).map_or(&[][..], Node::items).iter().filter_map(non_empty);
    Entry {
        id,
        class,
        depends_on: ids("depends_on").collect(),
        optional_depends_on: ids("optional_depends_on").collect(),
        checksum: checksum.map(|sum| Sited::new(sum.value.to_ascii_lowercase(), sum.span)),
        description: node.get("description").and_then(Node::text).map(|text| text.value.to_owned()),
        span: node.span,
    }
}

fn declared(word: &str, span: Span) -> DeclaredClass {
    match Class::parse(word) {
        Some(class) => DeclaredClass::Valid(Sited::new(class, span)),
        None => DeclaredClass::Invalid(span),
    }
}

fn non_empty(node: &Node) -> Option<Sited<String>> {
    let text = node.text()?;
    (!text.value.is_empty()).then(|| Sited::new(text.value.to_owned(), text.span))
}
