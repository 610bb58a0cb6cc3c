//! The published JSON Schema of the configuration.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use super::raw::RawSettings;

/// The JSON Schema of `migration-gate.toml`, as published in `docs/config.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    let mut settings = SchemaSettings::draft2020_12();
    settings.transforms.push(Box::new(RecursiveTransform(tidy)));
    let mut schema = settings.into_generator().into_root_schema_for::<RawSettings>();
    schema.insert("$id".to_owned(), "migration-gate/config.schema.json".into());
    format!("{:#}\n", schema.to_value())
}

/// Line breaks inside a paragraph and defaults of `null` mean nothing to a reader.
fn tidy(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("\n\n", "\r").replace('\n', " ").replace('\r', "\n\n");
    }
}
