//! A line of a journal: its shape, its hash, and what is wrong with one.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema;
use crate::model::sha256;

/// No line that this program writes is longer, in bytes: names and lists in it are bounded.
pub(super) const MOST_LINE: usize = 512 * 1024;
/// What ends a line that a crash cut off, before its line break.
pub(super) const TORN: &[u8] = b" <torn>";
/// The attributes of the first event after a line that was cut off.
pub(super) const TORN_BYTES: &str = "journal.torn_bytes";
pub(super) const TORN_HASH: &str = "journal.torn_sha256";

/// What the first line names as the hash before it.
pub(super) fn no_hash() -> String {
    "0".repeat(64)
}

/// One event of a journal, in the shape of an OpenTelemetry log record. A line is in the canonical
/// form of RFC 8785.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "journal_event", deny_unknown_fields)]
pub(super) struct Line {
    /// Details of what happened. Never a value of a document, never a row.
    #[schemars(schema_with = "schema::attributes")]
    pub(super) attributes: BTreeMap<String, Value>,
    /// What happened.
    #[schemars(schema_with = "schema::event_name")]
    pub(super) event_name: String,
    /// SHA-256, in hexadecimal, over the canonical form of this object without this member.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub(super) hash: String,
    /// The hash of the event before; 64 zeros in the first.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub(super) previous_hash: String,
    /// What wrote it.
    pub(super) resource: Resource,
    /// 1 for the first event, and one more for each that follows.
    #[schemars(range(min = 1))]
    pub(super) sequence: u64,
    /// How bad it is, by OpenTelemetry's numbers.
    #[schemars(schema_with = "schema::severity_number")]
    pub(super) severity_number: u8,
    /// The name of that number.
    #[schemars(schema_with = "schema::severity_text")]
    pub(super) severity_text: String,
    /// The span that the run is part of, from `TRACEPARENT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[0-9a-f]{16}$"))]
    pub(super) span_id: Option<String>,
    /// When it happened by the machine's clock: RFC 3339 in UTC, to the nanosecond. It may jump;
    /// the order of events is that of `sequence`.
    #[schemars(extend("format" = "date-time"))]
    #[schemars(regex(pattern = r"^[0-9-]{10,}T[0-9:]{8}\.[0-9]{9}Z$"))]
    pub(super) timestamp: String,
    /// The trace that the run is part of, from `TRACEPARENT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[0-9a-f]{32}$"))]
    pub(super) trace_id: Option<String>,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Resource {
    /// Its name.
    #[serde(rename = "service.name")]
    pub(super) name: String,
    /// Its version.
    #[serde(rename = "service.version")]
    pub(super) version: String,
}

impl Line {
    /// The bytes of the line, with its hash and its line break, and the hash.
    pub(super) fn sealed(&self) -> io::Result<(Vec<u8>, String)> {
        let mut value = serde_json::to_value(self)?;
        let hash = hash_of(&mut value)?;
        value["hash"] = hash.clone().into();
        let mut bytes = canonical(&value)?;
        bytes.push(b'\n');
        Ok((bytes, hash))
    }

    /// A detail whose name begins with the prefix of the event's own.
    pub(super) fn detail(&self, name: &str) -> Option<&Value> {
        let (prefix, _) = self.event_name.split_once('.')?;
        self.attributes.get(&format!("{prefix}.{name}"))
    }

    /// That detail, where it is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.detail(name).and_then(Value::as_str)
    }
}

/// How a sound line hangs together with its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    pub(super) sequence: u64,
    pub(super) previous_hash: String,
    pub(super) hash: String,
    pub(super) timestamp: Option<Timestamp>,
    /// What it says was cut off before it: bytes, and their hash.
    pub(super) torn: Option<(u64, String)>,
}

/// What is wrong with a line by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("it is no event")]
    NoEvent,
    #[error("it was changed: its hash is not that of its content")]
    Changed,
    #[error("it was written by another program: it is not in canonical form")]
    Rewritten,
}

/// Holds a line, without its line break, against its own hash.
pub(super) fn check(bytes: &[u8]) -> Result<Link, Broken> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|_| Broken::NoEvent)?;
    // Before the hash is taken out: every byte counts.
    let same = canonical(&value).is_ok_and(|canonical| canonical == bytes);
    let link = link(&value).ok_or(Broken::NoEvent)?;
    match hash_of(&mut value) {
        Ok(hash) if hash != link.hash => Err(Broken::Changed),
        Ok(_) if same => Ok(link),
        _ => Err(Broken::Rewritten),
    }
}

fn link(value: &Value) -> Option<Link> {
    let text = |name| value.get(name).and_then(Value::as_str);
    let attributes = value.get("attributes")?;
    let torn = attributes.get(TORN_BYTES).and_then(Value::as_u64);
    let torn_hash = attributes.get(TORN_HASH).and_then(Value::as_str);
    Some(Link {
        sequence: value.get("sequence")?.as_u64()?,
        previous_hash: text("previous_hash")?.to_owned(),
        hash: text("hash")?.to_owned(),
        timestamp: text("timestamp").and_then(|text| text.parse().ok()),
        torn: torn.zip(torn_hash.map(str::to_owned)),
    })
}

/// The hash over everything but the hash, which is taken out.
fn hash_of(value: &mut Value) -> io::Result<String> {
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("hash");
    }
    Ok(sha256(&canonical(value)?))
}

fn canonical(value: &Value) -> io::Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value).map_err(io::Error::from)
}
