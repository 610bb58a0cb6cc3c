//! Schemas and documents by their looks, where no contract names them.

use std::collections::{BTreeMap, BTreeSet};

use super::side::{Content, LARGEST, Side, beside, short};
use crate::changes::{ChangesError, Comparison, Source};
use crate::document::{Format, Node, Value};
use crate::model::{ChangeKind, Contract, EntryKind, FileChange, Governed, RepoPath, Sited, Span};

/// How many documents are looked into for the schema that they name.
const MOST: usize = 20_000;
/// How many lines at the top may name a schema.
const TOP: usize = 10;
/// Folders of other people's files, of built ones, and of data that is broken on purpose.
const SKIPPED: [&str; 19] = [
    ".migration-gate",
    "node_modules",
    "vendor",
    "third_party",
    "target",
    "dist",
    "build",
    "out",
    ".venv",
    "venv",
    "test",
    "tests",
    "testdata",
    "test-data",
    "test_data",
    "fixtures",
    "__tests__",
    "__fixtures__",
    "__snapshots__",
];

/// What was found by its looks.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    /// A contract as if somebody had written it: schemas are named by their files.
    pub contract: Contract,
    /// How each schema was found to govern documents, by its name.
    pub assumed: BTreeMap<String, Vec<String>>,
    /// What a person should know.
    pub notices: Vec<String>,
    /// Why documents may have been overlooked.
    pub unknown: Vec<String>,
}

/// Finds the schemas that the change touches, and those of documents that it touches; with `all`,
/// every schema of the head.
///
/// # Errors
/// When a side cannot be read.
pub fn discover(comparison: &Comparison, all: bool) -> Result<Discovered, ChangesError> {
    let mut finder = Finder {
        head: Side::new(&*comparison.head, None),
        base: comparison.base.as_ref().map(|base| Side::new(&**base, None)),
        schemas: BTreeSet::new(),
        governed: BTreeMap::new(),
        notices: Vec::new(),
        unknown: Vec::new(),
    };
    let changed = |change: &&FileChange| {
        is_looked_at(&change.path) && change.path.below(&comparison.scope).is_some()
    };
    let mut documents: Vec<RepoPath> = Vec::new();
    for change in comparison.files.iter().filter(changed) {
        let path = &change.path;
        let side: &dyn Source = match (&change.kind, &comparison.base) {
            (ChangeKind::Deleted, Some(base)) => &**base,
            _ => &*comparison.head,
        };
        if is_schema(side, path)? {
            finder.schemas.insert(path.clone());
        } else if change.kind != ChangeKind::Deleted {
            documents.push(path.clone());
        }
    }
    if all {
        for path in comparison.head.names(&comparison.scope)?.iter().filter(|it| is_looked_at(it)) {
            if is_schema(&*comparison.head, path)? {
                finder.schemas.insert(path.clone());
            }
        }
    }
    for path in &documents {
        finder.schema_of(path)?;
    }
    if all || !finder.schemas.is_empty() {
        finder.others()?;
    }
    Ok(finder.finish())
}

/// Whether a file is one that people configure something with: a document by its name, and in no
/// folder of other people's files, of built ones or of test data.
#[must_use]
pub fn is_looked_at(path: &RepoPath) -> bool {
    let mut folders = path.as_str().split('/').rev().skip(1);
    Format::of(path).is_some() && !folders.any(|folder| SKIPPED.contains(&folder))
}

/// Whether a file is a JSON Schema, by its name and by what it says of itself.
fn is_schema(side: &dyn Source, path: &RepoPath) -> Result<bool, ChangesError> {
    let name = path.file_name().to_ascii_lowercase();
    let named = stem(path).is_some() || (name.contains("schema") && name.ends_with(".json"));
    if !named {
        return Ok(false);
    }
    let side = Side::new(side, None);
    let content = side.content(path)?;
    let draft = content.node().and_then(|node| node.get("$schema"));
    let draft = draft.and_then(Node::text);
    // A broken schema is one as well, where its text says so.
    let marked = |text: &str| text.contains("json-schema.org/");
    Ok(match &*content {
        Content::Read { .. } => match draft {
            Some(draft) => marked(draft.value),
            None => content.node().is_some_and(is_like_a_schema),
        },
        Content::Unreadable { text: Some(text), .. } => marked(text),
        // Of what is too large to be read the name has to do. A link is no reason to look further.
        Content::Unreadable { text: None, .. } => {
            stem(path).is_some() && side.is_too_large(path)?
        }
        Content::Missing => false,
    })
}

/// Whether a file that is called like a schema and names no draft says what a schema says.
fn is_like_a_schema(node: &Node) -> bool {
    const KEYWORDS: [&str; 7] =
        ["properties", "$defs", "definitions", "allOf", "anyOf", "oneOf", "patternProperties"];
    let holds = |value: &Value| matches!(value, Value::Map(_) | Value::List(_));
    KEYWORDS.iter().any(|keyword| node.get(keyword).is_some_and(|node| holds(&node.value)))
}

/// The `app` of `app.schema.json`.
fn stem(path: &RepoPath) -> Option<&str> {
    let name = path.file_name();
    [".schema.json", ".schema.yaml", ".schema.yml"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .filter(|stem| !stem.is_empty())
}

struct Finder<'a> {
    head: Side<'a>,
    base: Option<Side<'a>>,
    schemas: BTreeSet<RepoPath>,
    /// Each document with its schema, and how that was found.
    governed: BTreeMap<RepoPath, (RepoPath, &'static str)>,
    notices: Vec<String>,
    unknown: Vec<String>,
}

impl Finder<'_> {
    /// Finds the schema of a document that the change touches.
    fn schema_of(&mut self, path: &RepoPath) -> Result<(), ChangesError> {
        let content = self.head.document(path)?;
        let named = content.text().and_then(|text| named(path, text, content.node()));
        if let Some((schema, how)) = named {
            if !is_looked_at(&schema) && Format::of(&schema).is_some() {
                return Ok(());
            }
            // One that is not there is told of as a schema that cannot be used.
            self.schemas.insert(schema.clone());
            return self.govern(path, schema, how);
        }
        for schema in siblings(path) {
            if is_schema(self.head.source(), &schema)? {
                self.schemas.insert(schema.clone());
                return self.govern(path, schema, BESIDE);
            }
        }
        self.former_schema_of(path)
    }

    /// Holds a document that names no schema any more to the one that it named at the base: taking
    /// out the name and breaking the document must not pass as one change.
    fn former_schema_of(&mut self, path: &RepoPath) -> Result<(), ChangesError> {
        let Some(base) = &self.base else { return Ok(()) };
        let content = base.document(path)?;
        let named = content.text().and_then(|text| named(path, text, content.node()));
        let Some((schema, _)) = named else { return Ok(()) };
        if !is_looked_at(&schema) || self.head.source().file(&schema)?.is_none() {
            return Ok(());
        }
        let (shown, known) = (short(path.as_str()), short(schema.as_str()));
        self.notices.push(format!(
            "{shown} no longer names the schema {known}: it is validated once more, and is \
             governed by no schema from then on"
        ));
        self.schemas.insert(schema.clone());
        self.govern(path, schema, BEFORE)
    }

    /// Takes a document, unless it is written in a way that is not read: nobody has said that it
    /// is to be, so only a change that breaks a readable one counts.
    fn govern(
        &mut self,
        path: &RepoPath,
        schema: RepoPath,
        how: &'static str,
    ) -> Result<(), ChangesError> {
        if let Content::Unreadable { message, .. } = self.head.document(path)? {
            let before = self.base.as_ref().map(|base| base.document(path)).transpose()?;
            if !matches!(before, Some(Content::Read { .. })) {
                let path = short(path.as_str());
                self.notices.push(format!("{path} is not validated: {message}"));
                return Ok(());
            }
        }
        self.governed.insert(path.clone(), (schema, how));
        Ok(())
    }

    /// Finds the other documents of the schemas.
    fn others(&mut self) -> Result<(), ChangesError> {
        let files: BTreeSet<String> =
            self.schemas.iter().map(|schema| schema.file_name().to_owned()).collect();
        let names: Vec<RepoPath> =
            self.head.names()?.iter().filter(|path| is_looked_at(path)).cloned().collect();
        for (count, path) in names.iter().enumerate() {
            if self.schemas.contains(path) || self.governed.contains_key(path) {
                continue;
            }
            if count >= MOST {
                self.unknown.push(format!(
                    "{} files were not looked into for the schema that they name: there are more \
                     than {MOST}",
                    names.len() - count
                ));
                break;
            }
            let named = self.names_one(path, &files)?;
            let beside = || siblings(path).into_iter().find(|schema| self.schemas.contains(schema));
            let found = match named {
                Some((schema, how)) => Some((schema, how)),
                None => beside().map(|schema| (schema, BESIDE)),
            };
            if let Some((schema, how)) = found.filter(|it| self.schemas.contains(&it.0)) {
                self.govern(path, schema, how)?;
            }
        }
        Ok(())
    }

    /// The schema that a document names; it is only parsed where it holds the name of one.
    fn names_one(
        &self,
        path: &RepoPath,
        files: &BTreeSet<String>,
    ) -> Result<Option<(RepoPath, &'static str)>, ChangesError> {
        let Some(entry) = self.head.source().file(path)? else { return Ok(None) };
        if entry.kind != EntryKind::File || entry.bytes.len() > LARGEST {
            return Ok(None);
        }
        let Ok(text) = std::str::from_utf8(&entry.bytes) else { return Ok(None) };
        if !text.contains("schema") || !files.iter().any(|file| text.contains(file.as_str())) {
            return Ok(None);
        }
        let content = self.head.document(path)?;
        Ok(named(path, text, content.node()))
    }

    fn finish(self) -> Discovered {
        let mut discovered =
            Discovered { notices: self.notices, unknown: self.unknown, ..Discovered::default() };
        let at = Span::new(0, 0);
        for schema in self.schemas {
            let own: Vec<(&RepoPath, &str)> = self
                .governed
                .iter()
                .filter(|(_, (governing, _))| *governing == schema)
                .map(|(path, (_, how))| (path, *how))
                .collect();
            let files = own.iter().map(|(path, _)| globset::escape(path.as_str()));
            let mut ways: Vec<String> = Vec::new();
            for how in [BY_SCHEMA, BY_COMMENT, BESIDE, BEFORE] {
                match own.iter().filter(|(_, way)| *way == how).count() {
                    0 => {}
                    1 => ways.push(format!("1 document {how}")),
                    count => ways.push(format!("{count} documents {how}")),
                }
            }
            if ways.is_empty() {
                ways.push("no document of it was found".to_owned());
            }
            discovered.assumed.insert(schema.to_string(), ways);
            let files = files.map(|glob| Sited::new(glob, at)).collect();
            let governed = Governed::by_file(Sited::new(schema, at), files, at);
            discovered.contract.schemas.push(governed);
        }
        discovered
    }
}

const BY_SCHEMA: &str = "by `$schema`";
const BY_COMMENT: &str = "by a comment that names it";
const BEFORE: &str = "that named it before";
const BESIDE: &str = "by the name of the schema beside it";

/// The schema that a document names, by a path.
fn named(path: &RepoPath, text: &str, node: Option<&Node>) -> Option<(RepoPath, &'static str)> {
    let by_key = node.and_then(|node| node.get("$schema")).and_then(Node::text);
    if let Some(word) = by_key {
        return target(path, word.value).map(|schema| (schema, BY_SCHEMA));
    }
    text.lines().take(TOP).find_map(|line| {
        let comment = line.trim_start_matches('\u{feff}').trim_start().strip_prefix('#')?;
        let word = match Format::of(path)? {
            Format::Yaml => comment
                .trim_start()
                .strip_prefix("yaml-language-server:")?
                .trim_start()
                .strip_prefix("$schema=")?,
            Format::Toml => comment.strip_prefix(":schema")?,
            Format::Json | Format::Jsonc => return None,
        };
        target(path, word.trim()).map(|schema| (schema, BY_COMMENT))
    })
}

fn target(path: &RepoPath, word: &str) -> Option<RepoPath> {
    beside(path, word.split('#').next()?)
}

/// Where the schema of a document may stand by its name.
fn siblings(path: &RepoPath) -> Vec<RepoPath> {
    let name = path.file_name();
    let Some((stem, _)) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) else {
        return Vec::new();
    };
    let Some(folder) = path.parent().filter(|_| !stem.ends_with(".schema")) else {
        return Vec::new();
    };
    let folders = [folder.clone(), folder.join("schemas"), folder.join("schema")];
    let endings = ["json", "yaml", "yml"];
    let file = |folder: &RepoPath, ending| folder.join(&format!("{stem}.schema.{ending}"));
    folders.iter().flat_map(|folder| endings.map(|ending| file(folder, ending))).collect()
}
