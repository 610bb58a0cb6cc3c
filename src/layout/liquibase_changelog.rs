//! Liquibase's changelogs in YAML, JSON and XML, as far as the order of files hangs on them.

use granit_parser::{Event, Parser};
use serde_json::{Map, Value};

use crate::model::RepoPath;

/// One entry of a changelog.
pub(super) enum Item {
    /// `include`: one file.
    File(Target),
    /// `includeAll`: every file of a folder.
    All(Target),
    /// A change set that is not SQL, with its author and id.
    ChangeSet(String, String),
    /// Something that is not read here, by its name.
    Unknown(String),
}

/// What an include names.
pub(super) struct Target {
    pub(super) path: String,
    /// From the changelog's own folder, rather than from the root of the search path.
    pub(super) relative: bool,
    /// An attribute that changes what is included and is not read here.
    pub(super) beyond: Option<&'static str>,
}

impl Target {
    /// The path that stands in `from`, which lies below `root`: in the repository where it is
    /// relative, else as it is written; `None` where it climbs out or names nothing.
    pub(super) fn written(&self, root: &RepoPath, from: &str) -> Option<String> {
        let written = self.path.strip_prefix("classpath:").unwrap_or(&self.path);
        if !self.relative {
            return joined("", written).filter(|path| !path.is_empty());
        }
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        Some(root.join(&joined(folder, written)?).as_str().to_owned())
    }
}

/// A path of a changelog, from a folder; `None` where it climbs out.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// How deep a YAML changelog may nest.
const DEEPEST: usize = 64;

/// Attributes that choose among the files of a folder.
const CHOOSING: [&str; 5] =
    ["filter", "resourceComparator", "minDepth", "maxDepth", "endsWithFilter"];

/// What a changelog is called in the sequence, by its file's name; `None` where it is no changelog.
pub(super) fn language(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "yaml" | "yml" => Some("Liquibase YAML"),
        "json" => Some("Liquibase JSON"),
        "xml" => Some("Liquibase XML"),
        _ => None,
    }
}

/// The entries of a changelog, in order.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<Item>, String> {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("xml") => xml(text),
        Some("json") => entries(serde_json::from_str(text).map_err(|error| error.to_string())?),
        _ => entries(yaml(text)?),
    }
}

fn entries(document: Value) -> Result<Vec<Item>, String> {
    let Value::Object(mut document) = document else {
        return Err("it is no mapping with `databaseChangeLog`".to_owned());
    };
    match document.remove("databaseChangeLog") {
        Some(Value::Array(entries)) => entries.into_iter().map(entry).collect(),
        Some(Value::Null) => Ok(Vec::new()),
        _ => Err("`databaseChangeLog` is no list".to_owned()),
    }
}

fn entry(entry: Value) -> Result<Item, String> {
    let Value::Object(entry) = entry else {
        return Err("an entry of `databaseChangeLog` is no mapping".to_owned());
    };
    let mut keys = entry.into_iter();
    let (Some((key, value)), None) = (keys.next(), keys.next()) else {
        return Err("an entry of `databaseChangeLog` has not exactly one key".to_owned());
    };
    item(&key, &|name| match &value {
        Value::Object(fields) => fields.get(name).and_then(scalar),
        _ => None,
    })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// An entry by its name and its fields.
fn item(name: &str, field: &dyn Fn(&str) -> Option<String>) -> Result<Item, String> {
    let target = |key: &str| {
        let path = field(key).ok_or_else(|| format!("`{name}` has no `{key}`"))?;
        let relative = field("relativeToChangelogFile").is_some_and(|said| said == "true");
        let beyond = CHOOSING.into_iter().find(|key| field(key).is_some());
        Ok::<_, String>(Target { path, relative, beyond })
    };
    Ok(match name {
        "include" => Item::File(target("file")?),
        "includeAll" => Item::All(target("path")?),
        "changeSet" => {
            let known = |key| field(key).unwrap_or_else(|| "unknown".to_owned());
            Item::ChangeSet(known("author"), known("id"))
        }
        _ => Item::Unknown(name.to_owned()),
    })
}

fn xml(text: &str) -> Result<Vec<Item>, String> {
    let document = roxmltree::Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if root.tag_name().name() != "databaseChangeLog" {
        return Err("its root is no `databaseChangeLog`".to_owned());
    }
    root.children()
        .filter(roxmltree::Node::is_element)
        .map(|node| item(node.tag_name().name(), &|name| node.attribute(name).map(str::to_owned)))
        .collect()
}

/// A collection that is not finished yet.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// A document of plain YAML; built from events, so that nothing is expanded.
fn yaml(text: &str) -> Result<Value, String> {
    let mut stack: Vec<Open> = Vec::new();
    let mut parser = Parser::new_from_str_with_options(
        text,
        granit_parser::options! { emit_comments: false, emit_unresolved_aliases: true },
    );
    while let Some(event) = parser.next_event() {
        let (event, _) = event.map_err(|error| error.info().to_owned())?;
        let value = match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err("YAML aliases are not read here".to_owned());
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if stack.len() >= DEEPEST => {
                return Err("it nests too deep".to_owned());
            }
            Event::SequenceStart(..) => {
                stack.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                stack.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(Open::List(items)) => Value::Array(items),
                Some(Open::Map(entries, _)) => Value::Object(entries),
                None => continue,
            },
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            _ => continue,
        };
        match stack.last_mut() {
            // One document is all that liquibase reads.
            None => return Ok(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(entries, key)) => match (key.take(), value) {
                (Some(key), value) => {
                    entries.insert(key, value);
                }
                (None, Value::String(text)) => *key = Some(text),
                (None, _) => return Err("only text can be a key".to_owned()),
            },
        }
    }
    Err("the file is empty".to_owned())
}
