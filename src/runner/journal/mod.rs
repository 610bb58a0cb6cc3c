//! The journal: what a runner did, one event a line, never rewritten.
//!
//! Lines are JSON in the shape of OpenTelemetry's events, each with the hash of the one before it.
//! No value of a document and no row of a table is ever in one.
//!
//! A line counts once its line break is durable. What a crash cut off stays where it is: the next
//! line ends it with a mark, and tells its length and its hash.

mod end;
mod event;
mod line;
mod lines;
mod metrics;
mod schema;
mod show;
#[cfg(test)]
mod tests;
mod trace;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use self::end::End;
use self::line::{Line, Resource};
use super::Fault;
use super::disk::Disk;

pub use event::{Context, Event, EventName, Fact, Severity};
pub use metrics::{Metrics, Sums};
pub use schema::json_schema;
pub use show::Filter;
pub use verify::{Remark, Verification};

/// The file's name in the folder of a target's state.
pub const FILE_NAME: &str = "journal.jsonl";

/// A journal that is written to.
pub struct Journal<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    context: Context,
    /// The teams that agreed to what is done.
    approved_by: Vec<String>,
    /// Where the next line goes; not known after a line could not be written.
    end: Option<End>,
    /// Whether the file's own name is durable.
    is_named: bool,
}

impl<'a> Journal<'a> {
    /// Opens a journal to write on; its last line is held against its hash. A line that a crash cut
    /// off is left where it is and told in the next event. However long the journal is, only its
    /// end is read.
    ///
    /// # Errors
    /// When it cannot be read, or its end was changed.
    pub fn open(disk: &'a dyn Disk, path: &Path, context: Context) -> Result<Self, Fault> {
        let end = Some(End::read(disk, path)?);
        let (path, approved_by) = (path.to_owned(), Vec::new());
        Ok(Self { disk, path, context, approved_by, end, is_named: false })
    }

    /// Tells in every event from now on which teams agreed, as given on the command line.
    pub fn approved_by(&mut self, teams: &[String]) {
        self.approved_by = teams.to_vec();
    }

    /// Writes an event, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), Fault> {
        let end = match self.end.take() {
            Some(end) => end,
            None => End::read(self.disk, &self.path)?,
        };
        let error = |error| Fault::file(&self.path, &error);
        let (line, hash) = self.line(&end, at, event).sealed().map_err(error)?;
        // In one call, so that a crash leaves a beginning of it and nothing else.
        self.disk.append(&self.path, &[end.lead, line].concat()).map_err(error)?;
        self.disk.sync(&self.path).map_err(error)?;
        if !self.is_named {
            // An earlier run may have been stopped between making the file and this.
            let folder = self.path.parent().filter(|path| !path.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            self.disk.sync_folder(folder).map_err(|error| Fault::file(folder, &error))?;
            self.is_named = true;
        }
        self.end = Some(End::after(end.sequence, hash));
        Ok(())
    }

    fn line(&self, end: &End, at: Timestamp, event: &Event) -> Line {
        let documents = self.context.documents;
        let trace = self.context.traceparent.as_deref().and_then(trace::ids);
        let (trace_id, span_id) = trace.unzip();
        Line {
            attributes: self.attributes(end, event),
            event_name: event.name.full(documents),
            hash: String::new(),
            previous_hash: end.hash.clone(),
            resource: Resource {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            sequence: end.sequence,
            severity_number: event.name.severity() as u8,
            severity_text: event.name.severity().text().to_owned(),
            span_id,
            timestamp: format!("{at:.9}"),
            trace_id,
        }
    }

    fn attributes(&self, end: &End, event: &Event) -> BTreeMap<String, Value> {
        let context = &self.context;
        let known = [
            ("migration.run_id", Some(&context.run_id)),
            ("migration.set", Some(&context.set)),
            ("migration.target", Some(&context.target)),
            ("vcs.ref.head.revision", context.revision.as_ref()),
            ("migration.id", event.migration.as_ref()),
        ];
        let known = known.into_iter().filter_map(|(name, text)| Some((name, Fact::name(text?))));
        let torn = end.torn.iter().flat_map(|(bytes, hash)| {
            [(line::TORN_BYTES, Fact::from(*bytes)), (line::TORN_HASH, Fact::hash(hash))]
        });
        let told = event.attributes.iter().cloned();
        // What the journal says of itself comes last, so that no event can say otherwise.
        let approved = Fact::names(&self.approved_by);
        let approved = approved.map(|teams| ("migration.approved_by", teams));
        told.chain(known)
            .chain(approved)
            .chain(torn)
            .map(|(name, fact)| (self.full(name), fact.into_value()))
            .collect()
    }

    /// An attribute's name with its prefix; OpenTelemetry's own names have none.
    fn full(&self, name: &str) -> String {
        match ["error.", "journal.", "vcs."].iter().any(|own| name.starts_with(own)) {
            true => name.to_owned(),
            false => format!("{}.{name}", event::prefix(self.context.documents)),
        }
    }
}

/// Whether a journal is still what was written. That events were cut off its end at a line break
/// cannot be seen from the file alone: hold [`Verification::last_hash`] against a copy.
///
/// # Errors
/// When it cannot be read.
pub fn verify(path: &Path) -> Result<Verification, Fault> {
    verify::verify(lines::open(path)?).map_err(|error| Fault::file(path, &error))
}

#[cfg(test)]
pub(super) fn verify_bytes(bytes: &[u8]) -> Verification {
    verify::verify(bytes).unwrap_or_default()
}

/// The events that a filter lets through, one a line: as they stand in the file, or in words.
///
/// # Errors
/// When it cannot be read.
pub fn show(path: &Path, filter: &Filter, json: bool) -> Result<String, Fault> {
    show::show(lines::open(path)?, filter, json).map_err(|error| Fault::file(path, &error))
}

/// Sums over a journal; where there is none, nothing has happened.
///
/// # Errors
/// When it cannot be read.
pub fn metrics(path: &Path) -> Result<Metrics, Fault> {
    if !path.try_exists().map_err(|error| Fault::file(path, &error))? {
        return Ok(Metrics::default());
    }
    metrics::metrics(lines::open(path)?).map_err(|error| Fault::file(path, &error))
}
