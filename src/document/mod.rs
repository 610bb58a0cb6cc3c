//! Documents: JSON, JSON with comments, YAML and TOML as one tree of values with places, and edits
//! of their text that leave everything else as it is.

mod edit;
mod json;
mod node;
mod toml;
mod yaml;

use crate::model::RepoPath;

pub use edit::{Edit, Refused, apply, difference, edit};
pub use node::{DEEPEST, Node, Unreadable, Value};

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// JSON with comments and trailing commas.
    Jsonc,
    /// YAML 1.2, one document of the core schema, with aliases and merged maps (`<<`).
    Yaml,
    /// TOML 1.
    Toml,
}

impl Format {
    /// The format of a file by its name; `None` where the name is not that of a document.
    #[must_use]
    pub fn of(path: &RepoPath) -> Option<Self> {
        let (_, extension) = path.file_name().rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "jsonc" => Some(Self::Jsonc),
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// Reads a document into values with places.
///
/// # Errors
/// Where the text is not what the format says, holds more than one document, names a key twice,
/// or nests deeper than [`DEEPEST`].
pub fn read(format: Format, text: &str) -> Result<Node, Unreadable> {
    read_as(format, text, yaml::WHOLE)
}

/// Reads a file that is ours: as [`read`] does, but of YAML plain values only, without anchors,
/// aliases and tags, and with keys that are text.
///
/// # Errors
/// As [`read`], and where YAML holds more than that.
pub fn read_strict(format: Format, text: &str) -> Result<Node, Unreadable> {
    read_as(format, text, yaml::STRICT)
}

fn read_as(format: Format, text: &str, reading: yaml::Reading) -> Result<Node, Unreadable> {
    // As long as the byte order mark, so that places stay those of the file. In YAML spaces would
    // be indentation; its parser knows the mark.
    let marked = text.strip_prefix('\u{feff}').filter(|_| format != Format::Yaml);
    let spaced = marked.map(|rest| format!("   {rest}"));
    let text = spaced.as_deref().unwrap_or(text);
    match format {
        Format::Json => json::read(text),
        Format::Jsonc => json::read_with_comments(text),
        Format::Yaml => yaml::read(text, reading),
        Format::Toml => toml::read(text),
    }
}
