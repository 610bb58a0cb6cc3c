//! Documents: JSON, JSON with comments, YAML and TOML as one tree of values with places, and edits
//! of their text that leave everything else as it is; and files of our own, whose formats have a
//! published schema.

mod checker;
mod edit;
mod json;
mod node;
mod pattern;
mod toml;
mod yaml;

use crate::model::{Problem, RepoPath, Span};

pub use checker::{Checker, problem, sort_problems};
pub use edit::{Edit, Refused, apply, difference, edit, is_deeper};
pub use node::{DEEPEST, Node, Unreadable, Value};
pub use pattern::Patterns;

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

/// A larger file is not one that people write by hand.
const LARGEST: usize = 8 << 20;

/// Reads a file of our own as [`read`] does, but of YAML plain values only, without anchors,
/// aliases and tags, and with keys that are text. Its name says the format, and is taken for that
/// of JSON where it does not.
///
/// # Errors
/// As [`read`], where YAML holds more than that, and where the file is not UTF-8 or larger than
/// 8 MiB.
pub fn open(path: &RepoPath, bytes: &[u8]) -> Result<Node, Problem> {
    let node = if bytes.len() > LARGEST {
        Err(Unreadable::new(Span::new(0, 0), "the file is larger than 8 MiB", ""))
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) => read_as(Format::of(path).unwrap_or(Format::Json), text, yaml::STRICT),
            Err(error) => {
                let at = Span::new(error.valid_up_to(), error.valid_up_to() + 1);
                Err(Unreadable::new(at, "the file is not UTF-8", "save it as UTF-8"))
            }
        }
    };
    node.map_err(|unreadable| unreadable.problem(path))
}
