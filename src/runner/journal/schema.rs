//! The published JSON Schema of a line.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::event::{EventName, MOST_FILES, MOST_TEXT, Severity, prefix};
use super::line::Line;

/// The details that have a fixed meaning: name, type, meaning. Those of the first table have the
/// prefix of the event's own name.
const OWN: [(&str, &str, &str); 27] = [
    ("migration.id", "name", "The migration."),
    ("migration.run_id", "name", "The run: the same in all its events."),
    ("migration.set", "name", "The set of migrations."),
    ("migration.target", "name", "The target, by its name in the configuration."),
    ("migration.from_version", "name", "The version before."),
    ("migration.to_version", "name", "The version after."),
    ("migration.approved_by", "names", "The teams that agreed, as given on the command line."),
    ("migration.class", "name", "The migration's class."),
    ("migration.state", "name", "The state of the lifecycle that it was in."),
    ("migration.step", "name", "The step that was taken."),
    ("migration.duration", "seconds", "How long it took, in seconds."),
    ("migration.direction", "name", "up, down or restore."),
    ("migration.walk_id", "name", "The walk of this migration in its run; unique."),
    ("migration.content_sha256", "hash", "The hash of the migration's files."),
    ("migration.file", "name", "The file that the failure points to."),
    ("migration.fingerprint", "hash", "The digest of what the target looks like after it."),
    ("migration.checkpoint.path", "name", "The checkpoint's folder in the target's state."),
    ("migration.checkpoint.strategy", "name", "backup or transaction."),
    ("migration.checkpoint.size", "count", "How large the checkpoint is, in bytes."),
    ("migration.resolved.as", "name", "What a person declared it to be."),
    ("migration.resolved.reason", "name", "The reason, as given on the command line."),
    ("migration.resolved.by", "name", "Who said so, as given on the command line."),
    (
        "migration.resolved.differences",
        "count",
        "In how much the target differs from the checkpoint.",
    ),
    ("file.count", "count", "How many files were changed."),
    ("file.path", "names", "Their paths; the first 100."),
    (
        "file.sha256.before",
        "hashes",
        "Their hashes before, in the same order; empty for a new file.",
    ),
    ("file.sha256.after", "hashes", "Their hashes after, in the same order; empty for none."),
];

const COMMON: [(&str, &str, &str); 4] = [
    ("error.type", "name", "Whose fault it is; one of few words."),
    ("vcs.ref.head.revision", "name", "The commit that the migrations come from."),
    ("journal.torn_bytes", "count", "How many bytes before this line a crash cut off."),
    ("journal.torn_sha256", "hash", "The hash of those bytes."),
];

/// The JSON Schema (draft 2020-12) of an event, as published in `docs/journal_event.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.transforms.push(Box::new(RecursiveTransform(tidy)));
    let mut schema = settings.into_generator().into_root_schema_for::<Line>();
    schema.insert("$id".to_owned(), "migration-gate/journal_event.schema.json".into());
    format!("{:#}\n", schema.to_value())
}

/// Line breaks inside a paragraph mean nothing to a reader.
fn tidy(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

pub(super) fn event_name(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<String> = [true, false]
        .into_iter()
        .flat_map(|documents| EventName::ALL.map(|event| event.full(documents)))
        .collect();
    json_schema!({ "type": "string", "enum": names })
}

pub(super) fn severity_number(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "enum": Severity::ALL.map(|severity| severity as u8) })
}

pub(super) fn severity_text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Severity::ALL.map(Severity::text) })
}

/// Whatever has no fixed meaning is still a text, a number or a list of texts.
pub(super) fn attributes(_: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    for documents in [true, false] {
        for (name, kind, meaning) in OWN {
            properties.insert(format!("{}.{name}", prefix(documents)), typed(kind, meaning));
        }
    }
    for (name, kind, meaning) in COMMON {
        properties.insert(name.to_owned(), typed(kind, meaning));
    }
    json_schema!({
        "type": "object",
        "properties": properties,
        "propertyNames": { "pattern": "^(config|database|error|journal|vcs)(\\.[a-z0-9_]+)+$" },
        "additionalProperties": {
            "type": ["string", "number", "array"],
            "maxLength": MOST_TEXT,
            "maxItems": MOST_FILES,
            "items": typed("name", "One of the list."),
        },
    })
}

fn typed(kind: &str, meaning: &str) -> Value {
    let name = || json!({ "type": "string", "maxLength": MOST_TEXT });
    let hash = || json!({ "type": "string", "pattern": "^([0-9a-f]{64})?$" });
    let list = |item: Value| json!({ "type": "array", "items": item, "maxItems": MOST_FILES });
    let mut schema = match kind {
        "count" => json!({ "type": "integer", "minimum": 0 }),
        "seconds" => json!({ "type": "number", "minimum": 0 }),
        "hash" => hash(),
        "hashes" => list(hash()),
        "names" => list(name()),
        _ => name(),
    };
    schema["description"] = meaning.into();
    schema
}
