//! Documents as a target, on a disk that can be simulated.

mod crash;
mod records;
mod work;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::catalog::{Declared, Touch};
use crate::compat::{Schema, SchemaFiles, SchemaVersions};
use crate::engine::documents::Tools;
use crate::model::{
    Action, DocumentOrigin, Down, Kind, Migration, Operation, Pointer, Span, TrialDocument, Version,
};
use crate::runner::disk::simulated::{Contents, Simulated};

pub(in crate::runner) const ROOT: &str = "/root";
pub(in crate::runner) const STATE: &str = "/state";

struct NoFiles;

impl SchemaFiles for NoFiles {
    fn local(&self, _: &RepoPath) -> Option<Value> {
        None
    }

    fn vendored(&self, _: &str) -> Option<Value> {
        None
    }
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

pub(in crate::runner) fn at(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn checkpoint(name: &str) -> PathBuf {
    Path::new(STATE).join(name)
}

/// The documents of the schema `app`, whose versions count from 1; a port is a number, and from
/// version 2 on a map.
pub(in crate::runner) fn documents(names: &[&str]) -> Documents {
    let schema = |version: u32| {
        let port = if version == 1 { "integer" } else { "object" };
        let value = json!({"type": "object", "properties": {"port": {"type": port}}});
        Arc::new(Schema::new(&value, &path("s.json"), &NoFiles).unwrap())
    };
    let versions = (1..100).map(|version| (version.to_string(), schema(version))).collect();
    let file = |name: &&str| TrialDocument {
        path: path(name),
        text: "".into(),
        schema: "app".into(),
        origin: DocumentOrigin::Head,
    };
    let version_at = Some(at("/version"));
    Documents {
        schemas: vec![SchemaVersions { name: "app".into(), version_at, versions }],
        files: names.iter().map(file).collect(),
        judged: BTreeSet::new(),
        tools: Tools { jq: None, commands: None, limit: Duration::from_secs(20) },
    }
}

/// A migration from that version to the next, with a derived way back.
pub(in crate::runner) fn entry(from: u32, action: Action) -> Entry {
    let id = format!("{from:04}_next");
    let up = Program {
        path: path(&format!("config/{id}.toml")),
        text: "".into(),
        span: Some(Span::new(0, 9)),
        migration: id.clone(),
        schema: "app".into(),
        from: from.to_string(),
        to: (from + 1).to_string(),
        targets: Vec::new(),
        operations: vec![Operation { span: Span::new(1, 2), action }],
        class: None,
        depends_on: Vec::new(),
    };
    let down = Arc::new(up.inverse().unwrap());
    let migration = Migration {
        version: Version::text(&from.to_string()),
        kind: Kind::Versioned,
        up: Step::Program(Arc::new(up)),
        down: Down::Step(Step::Program(down)),
        verify: None,
        depends_on: Vec::new(),
        files: Vec::new(),
        id: id.clone(),
    };
    let declared = Declared { content: format!("digest of {id}"), ..Declared::default() };
    Entry { migration, touch: Touch::NONE, declared }
}

pub(in crate::runner) fn wrap() -> Entry {
    entry(1, Action::Wrap { at: at("/port"), key: Some("number".into()) })
}

/// A disk with these documents, and a folder for the state.
fn disk(files: &[(&str, &str)]) -> Simulated {
    let file = |(name, text): &(&str, &str)| (Path::new(ROOT).join(name), text.as_bytes().to_vec());
    let mut contents: Contents = files.iter().map(file).collect();
    contents.insert(Path::new(STATE).join("state.json"), b"{}".to_vec());
    Simulated::holding(&contents)
}

pub(in crate::runner) const OLD: &str = "{\n  \"version\": 1, \"port\": 80\n}\n";
pub(in crate::runner) const NEW: &str = "{\n  \"version\": 2, \"port\": {\"number\": 80}\n}\n";

fn open<'a>(disk: &'a dyn Disk, names: &[&str], set: &[Entry]) -> DocumentsTarget<'a> {
    try_open(disk, names, set).unwrap()
}

fn try_open<'a>(
    disk: &'a dyn Disk,
    names: &[&str],
    set: &[Entry],
) -> Result<DocumentsTarget<'a>, Fault> {
    DocumentsTarget::open(disk, Path::new(ROOT), Path::new(STATE), documents(names), set)
}

fn text(disk: &dyn Disk, name: &str) -> String {
    String::from_utf8(disk.read(&Path::new(ROOT).join(name)).unwrap()).unwrap()
}

fn ran(target: &mut DocumentsTarget<'_>) -> Vec<String> {
    target.history().unwrap().into_iter().map(|one| one.name).collect()
}

/// Backs up and migrates.
fn undo(target: &mut DocumentsTarget<'_>, entry: &Entry, folder: &Path) -> Result<Done, Fault> {
    target.back_up(entry, true, folder)?;
    target.migrate(entry, true, folder)
}

fn apply(target: &mut DocumentsTarget<'_>, entry: &Entry, folder: &str) -> Result<Done, Fault> {
    target.back_up(entry, false, &checkpoint(folder))?;
    target.migrate(entry, false, &checkpoint(folder))
}
