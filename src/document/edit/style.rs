//! How a document is written: what new text takes after.

use serde_json::Value;

use super::Refused;
use super::flow::{Flow, line_indent, starts_line};

/// The notation of maps and lists in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    Json,
    Toml,
}

/// The habits of a document; where it shows none, common ones.
#[derive(Debug)]
pub(super) struct Style {
    pub(super) notation: Notation,
    /// What ends a line.
    pub(super) newline: &'static str,
    /// One level of indentation.
    pub(super) unit: String,
    /// What stands between a key and its value.
    pub(super) separator: String,
    /// What follows a comma within a line.
    gap: String,
    /// What stands inside the braces of a map within a line.
    pad: String,
    /// Whether lists of scalars have a line for each item.
    pub(super) tall_lists: bool,
}

impl Style {
    /// What the document's maps and lists in brackets show.
    pub(super) fn of<'a>(
        text: &str,
        notation: Notation,
        flows: impl IntoIterator<Item = &'a Flow>,
    ) -> Self {
        let (mut unit, mut separator, mut gap, mut pad, mut tall_lists) =
            (None, None, None, None, None);
        for flow in flows {
            let Some(first) = flow.items.first() else { continue };
            let tall = starts_line(text, first.start);
            if tall && unit.is_none() {
                let inner = line_indent(text, first.start);
                unit = inner.strip_prefix(line_indent(text, flow.open)).filter(|it| !it.is_empty());
            }
            if separator.is_none() {
                separator = flow.separator(text);
            }
            if gap.is_none() {
                gap = flow.gap(text);
            }
            if flow.map && !tall && pad.is_none() {
                pad = text.get(flow.open + 1..first.start).filter(|it| is_blank(it));
            }
            if !flow.map && tall_lists.is_none() && flow.items.iter().all(|item| item.scalar) {
                tall_lists = Some(tall);
            }
        }
        let (usual_separator, usual_pad) = match notation {
            Notation::Json => (": ", ""),
            Notation::Toml => (" = ", " "),
        };
        let separator = separator.unwrap_or(usual_separator);
        let usual_gap = if separator.len() == 1 { "" } else { " " };
        Self {
            notation,
            newline: newline(text),
            unit: unit.unwrap_or("  ").to_owned(),
            separator: separator.to_owned(),
            gap: gap.unwrap_or(usual_gap).to_owned(),
            pad: pad.unwrap_or(usual_pad).to_owned(),
            tall_lists: tall_lists.unwrap_or(false),
        }
    }

    /// What follows a comma in this map or list.
    pub(super) fn gap_in<'a>(&'a self, text: &'a str, flow: &Flow) -> &'a str {
        flow.gap(text).unwrap_or(&self.gap)
    }

    /// The inside of an otherwise empty map or list within a line.
    pub(super) fn padded(&self, map: bool, inside: &str) -> String {
        let pad = if map { self.pad.as_str() } else { "" };
        format!("{pad}{inside}{pad}")
    }

    /// Whether a value takes more than a line where there is room for that.
    pub(super) fn is_tall(&self, value: &Value) -> bool {
        match value {
            Value::Object(map) => self.notation == Notation::Json && !map.is_empty(),
            Value::Array(items) if self.notation == Notation::Toml => {
                self.tall_lists && !items.is_empty()
            }
            Value::Array(items) => {
                let scalars = items.iter().all(|item| !item.is_object() && !item.is_array());
                !items.is_empty() && (self.tall_lists || !scalars)
            }
            _ => false,
        }
    }

    /// A value as text: over lines that begin with this indentation, or within one line.
    pub(super) fn render(&self, value: &Value, indent: Option<&str>) -> Result<String, Refused> {
        let indent = indent.filter(|_| self.is_tall(value));
        let inner = indent.map(|indent| format!("{indent}{}", self.unit));
        let mut parts = Vec::new();
        let (open, close, map) = match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    let value = self.render(value, inner.as_deref())?;
                    parts.push(format!("{}{}{value}", self.key(key), self.separator));
                }
                ('{', '}', true)
            }
            Value::Array(items) => {
                for item in items {
                    parts.push(self.render(item, inner.as_deref())?);
                }
                ('[', ']', false)
            }
            _ => return self.scalar(value),
        };
        Ok(match (indent, inner) {
            _ if parts.is_empty() => format!("{open}{close}"),
            (Some(indent), Some(inner)) => {
                let newline = self.newline;
                let inside = parts.join(&format!(",{newline}{inner}"));
                format!("{open}{newline}{inner}{inside}{newline}{indent}{close}")
            }
            _ => {
                let inside = self.padded(map, &parts.join(&format!(",{}", self.gap)));
                format!("{open}{inside}{close}")
            }
        })
    }

    /// A key as text.
    pub(super) fn key(&self, key: &str) -> String {
        let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        match self.notation {
            Notation::Toml if !key.is_empty() && key.chars().all(bare) => key.to_owned(),
            Notation::Toml | Notation::Json => self.text(key),
        }
    }

    fn scalar(&self, value: &Value) -> Result<String, Refused> {
        match (self.notation, value) {
            (_, Value::String(text)) => Ok(self.text(text)),
            (Notation::Toml, Value::Null) => Err(Refused::new("TOML has no null")),
            (Notation::Toml, Value::Number(number)) if number.is_f64() => {
                // A whole number would lose its point; one with an exponent has none to lose.
                let number = number.as_f64().unwrap_or_default();
                Ok(format!("{number:?}"))
            }
            (Notation::Toml, Value::Number(number)) if number.as_i64().is_none() => {
                Err(Refused::new(format!("{number} is larger than TOML's integers")))
            }
            _ => Ok(value.to_string()),
        }
    }

    /// A text in double quotes, which JSON and TOML escape alike but for one character.
    fn text(&self, text: &str) -> String {
        let quoted = Value::from(text).to_string();
        match self.notation {
            Notation::Json => quoted,
            Notation::Toml => quoted.replace('\u{7f}', "\\u007f"),
        }
    }
}

/// Whether a text is nothing but spaces and tabs.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// How the first line ends.
pub(super) fn newline(text: &str) -> &'static str {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    if first.ends_with("\r\n") { "\r\n" } else { "\n" }
}
