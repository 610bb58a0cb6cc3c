//! The state file: where a target's lifecycle stands.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::disk::Disk;
use super::sealed::{self, Read, Sealed};
use super::target::Direction;
use super::{Fault, FaultKind};
use crate::lifecycle::State;
use crate::model::printable;

/// The file's name in the folder of a target's state.
pub const FILE_NAME: &str = "state.json";

/// Where a target stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The state of the lifecycle.
    pub state: Stood,
    /// What the last finished run left; `None` before the first.
    pub left: Option<Left>,
    /// Where the target is; empty before the first run.
    pub place: String,
}

/// The state, with the run it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stood {
    /// Nothing is under way.
    #[default]
    Idle,
    /// A run is, or was when its process ended.
    In(State, Run),
}

/// One walk of one migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The run's name; unique.
    pub id: String,
    /// The migration.
    pub migration: String,
    /// SHA-256 of its files.
    pub content: String,
    /// `up`, `down` or `restore`.
    pub direction: String,
    /// When it began, in UTC.
    pub started_at: Timestamp,
    /// Whether the target may have been changed.
    pub touched: bool,
    /// The folder of the checkpoint that brings back the state before it, from the folder of the
    /// state file on.
    pub rollback_checkpoint_path: Option<String>,
    /// Why it failed, for people.
    pub fault: Option<String>,
}

impl Run {
    /// The way it goes; `None` where the word is none.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        Direction::ALL.into_iter().find(|direction| direction.name() == self.direction)
    }
}

/// What a finished run left on its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Digest of the schema, or of the documents.
    pub fingerprint: String,
    /// Digest of what the tracking said.
    pub tracking: String,
    /// How many migrations had run.
    pub ran: u64,
}

/// The state file as it is written, version 1.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Standing")]
struct Wire {
    /// The version of this format: 1.
    #[schemars(extend("const" = 1))]
    version: u32,
    /// One of the eight states of the lifecycle.
    state: String,
    /// What is under way, or was when its process ended; null where the state is `idle`.
    run: Option<Run>,
    /// What the last finished run left; null before the first.
    left: Option<Left>,
    /// Where the target is, without a password: this state is that of no other.
    place: String,
}

/// The state file of one target.
pub(super) struct StateFile<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
}

impl<'a> StateFile<'a> {
    pub(super) fn new(disk: &'a dyn Disk, folder: &Path) -> Self {
        Self { disk, path: folder.join(FILE_NAME) }
    }

    /// What it says; `None` where there is none.
    pub(super) fn read(&self) -> Result<Option<Standing>, Fault> {
        let wire: Wire = match sealed::read(self.disk, &self.path)? {
            Read::Missing => return Ok(None),
            Read::Whole(wire) => wire,
            Read::Damaged(why) => return Err(self.damaged(&why)),
        };
        if wire.version != 1 {
            return Err(self.damaged("it is of a newer migration-gate"));
        }
        let state = match (State::parse(&wire.state), wire.run) {
            (Some(State::Idle), None) => Stood::Idle,
            (Some(state), Some(run)) if state != State::Idle && run.direction().is_some() => {
                Stood::In(state, run)
            }
            _ => return Err(self.damaged("its state and its run do not fit")),
        };
        Ok(Some(Standing { state, left: wire.left, place: wire.place }))
    }

    /// Makes durable what is there to be read: the process that wrote it may have been killed before
    /// it was, and nothing may be built on what a crash can still take back.
    pub(super) fn settle(&self) -> Result<(), Fault> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        self.disk.sync_folder(folder).map_err(|error| Fault::file(folder, &error))
    }

    pub(super) fn write(&self, standing: &Standing) -> Result<(), Fault> {
        let (state, run) = match &standing.state {
            Stood::Idle => (State::Idle, None),
            Stood::In(state, run) => (*state, Some(run.clone())),
        };
        let left = standing.left.clone();
        let place = standing.place.clone();
        let wire = Wire { version: 1, state: state.name().into(), run, left, place };
        sealed::write(self.disk, &self.path, &wire)
    }

    /// Puts a file that cannot be trusted aside, under a name of its own.
    pub(super) fn set_aside(&self) -> Result<(), Fault> {
        let fault = |error| Fault::file(&self.path, &error);
        if self.disk.kind(&self.path).map_err(fault)?.is_none() {
            return Ok(());
        }
        let mut number = 1;
        let aside = loop {
            let name = format!("{FILE_NAME}.damaged-{number}");
            let path = self.path.with_file_name(name);
            if self.disk.kind(&path).map_err(fault)?.is_none() {
                break path;
            }
            number += 1;
        };
        self.disk.rename(&self.path, &aside).map_err(fault)?;
        self.settle()
    }

    fn damaged(&self, why: &str) -> Fault {
        let path = self.path.display().to_string();
        Fault::new(
            FaultKind::PartialFailure,
            format!("the state file {} cannot be trusted: {why}", printable(&path)),
            "bring it back from a copy; or look at the target and say what is true of it with \
             `migration-gate resolve MIGRATION --as applied|rolled-back`, which puts the file aside",
        )
    }
}

/// The JSON Schema of the state file, as published in `docs/state.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    let mut settings = SchemaSettings::draft2020_12();
    settings.transforms.push(Box::new(RecursiveTransform(tidy)));
    let mut schema = settings.into_generator().into_root_schema_for::<Sealed<Wire>>();
    schema.insert("$id".to_owned(), "migration-gate/state.schema.json".into());
    format!("{:#}\n", schema.to_value())
}

/// Line breaks inside a paragraph mean nothing to a reader.
fn tidy(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}
