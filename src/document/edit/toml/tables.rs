//! New tables as headers and lines.

use serde_json::{Map, Value};

use crate::document::edit::Refused;
use crate::document::edit::style::Style;

impl Style {
    /// A document that holds these entries.
    pub(super) fn document(&self, map: &Map<String, Value>) -> Result<String, Refused> {
        let mut out = String::new();
        self.body(&mut Vec::new(), map, &mut out)?;
        Ok(out.trim_start_matches(['\r', '\n']).to_owned())
    }

    /// A table with its header, each line and the blank one before a header ended.
    pub(super) fn table(
        &self,
        keys: &mut Vec<String>,
        many: bool,
        map: &Map<String, Value>,
    ) -> Result<String, Refused> {
        let mut out = format!("{}{}", self.header(keys, many), self.newline);
        self.body(keys, map, &mut out)?;
        Ok(out)
    }

    /// A list of tables; each with its header.
    pub(super) fn tables(
        &self,
        keys: &mut Vec<String>,
        items: &[Value],
    ) -> Result<String, Refused> {
        let mut parts = Vec::new();
        for map in items.iter().filter_map(Value::as_object) {
            parts.push(self.table(keys, true, map)?);
        }
        Ok(parts.join(self.newline))
    }

    /// A header of keys as they are written.
    pub(super) fn header(&self, keys: &[String], many: bool) -> String {
        let keys = keys.join(".");
        if many { format!("[[{keys}]]") } else { format!("[{keys}]") }
    }

    fn body(
        &self,
        keys: &mut Vec<String>,
        map: &Map<String, Value>,
        out: &mut String,
    ) -> Result<(), Refused> {
        let newline = self.newline;
        for (key, value) in map.iter().filter(|(_, value)| !is_section(value)) {
            let value = self.render(value, None)?;
            out.push_str(&format!("{} = {value}{newline}", self.key(key)));
        }
        for (key, value) in map.iter().filter(|(_, value)| is_section(value)) {
            keys.push(self.key(key));
            out.push_str(newline);
            out.push_str(&match value {
                Value::Object(map) => self.table(keys, false, map)?,
                Value::Array(items) => self.tables(keys, items)?,
                _ => String::new(),
            });
            keys.pop();
        }
        Ok(())
    }
}

/// Whether a value is written under a header where there is room for one.
pub(super) fn is_section(value: &Value) -> bool {
    value.is_object() || is_tables(value)
}

/// Whether a value is a list of maps.
pub(super) fn is_tables(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_object))
}
