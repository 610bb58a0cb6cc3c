//! `list`: the sets and their migrations.

use serde::Serialize;

use super::gather::{Choice, gather};
use super::output::{complain, print};
use crate::catalog::{Entry, SetCatalog};
use crate::cli::{List, ListFormat};
use crate::error::GateError;
use crate::model::{Down, printable};
use crate::render::escape::log_line;

#[derive(Serialize)]
struct SetItem<'a> {
    name: &'a str,
    path: String,
    layout: &'static str,
    engine: &'static str,
    assumed: &'a [String],
    migrations: Vec<MigrationItem<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schemas: Vec<SchemaItem<'a>>,
}

#[derive(Serialize)]
struct SchemaItem<'a> {
    name: &'a str,
    /// What a waiver of a finding about it has to name.
    content: String,
}

#[derive(Serialize)]
struct MigrationItem<'a> {
    id: &'a str,
    version: &'a str,
    class: &'static str,
    class_declared: bool,
    rollback: bool,
    depends_on: Vec<String>,
    up: String,
    /// What a waiver of a finding about it has to name.
    content: String,
}

fn item(entry: &Entry) -> MigrationItem<'_> {
    let migration = &entry.migration;
    MigrationItem {
        id: &migration.id,
        version: migration.version.as_str(),
        class: entry.class().name(),
        class_declared: entry.declared.class.is_some(),
        rollback: !matches!(migration.down, Down::Missing),
        depends_on: entry.depends_on(),
        up: migration.up.path().to_string(),
        content: format!("sha256:{}", entry.declared.content),
    }
}

pub(super) fn list(args: &List) -> Result<u8, GateError> {
    let choice = Choice { place: &args.place, base: None, base_dir: None, all: true };
    let gathered = gather(&choice)?;
    let catalogs = gathered.catalogs;
    // Beside the list, so that the list itself stays what programs expect.
    for item in &gathered.untold {
        complain(&format!("{}: {}\n  help: {}", item.path, item.reason, item.way_out));
    }
    print(&match args.format {
        ListFormat::Plain => plain(&catalogs),
        ListFormat::Json => json(&catalogs),
    })?;
    Ok(0)
}

fn json(catalogs: &[SetCatalog]) -> String {
    let sets: Vec<SetItem<'_>> = catalogs
        .iter()
        .map(|catalog| SetItem {
            name: &catalog.info.name,
            path: catalog.info.path.to_string(),
            layout: catalog.info.layout,
            engine: catalog.info.engine.name(),
            assumed: &catalog.info.assumed,
            migrations: catalog.entries.iter().map(item).collect(),
            schemas: catalog
                .schemas
                .iter()
                .map(|(name, content)| SchemaItem { name, content: format!("sha256:{content}") })
                .collect(),
        })
        .collect();
    // Strings and booleans always serialise.
    serde_json::to_string_pretty(&sets).unwrap_or_default() + "\n"
}

fn plain(catalogs: &[SetCatalog]) -> String {
    if catalogs.is_empty() {
        return "no migrations found\n".into();
    }
    let mut out = String::new();
    for catalog in catalogs {
        let info = &catalog.info;
        let name = printable(&info.name).into_owned();
        let count = catalog.entries.len();
        let s = if count == 1 { "" } else { "s" };
        let what = match info.layout == info.engine.name() {
            true => info.layout.to_owned(),
            false => format!("{}, {}", info.layout, info.engine),
        };
        let head = format!("{name} ({what}, {count} migration{s})");
        // A folder may be named like a command to the CI runner that shows this.
        out.push_str(&format!("{}\n", log_line(&head)));
        for name in catalog.schemas.keys() {
            out.push_str(&format!("{}\n", log_line(&format!("  schema {}", printable(name)))));
        }
        for entry in &catalog.entries {
            let MigrationItem { id, class, class_declared, rollback, .. } = item(entry);
            let inferred = if class_declared { "" } else { " (inferred)" };
            let back = if rollback { "" } else { ", no rollback" };
            let line = format!("  {}  {class}{inferred}{back}", printable(id));
            out.push_str(&format!("{}\n", log_line(&line)));
        }
    }
    out
}
