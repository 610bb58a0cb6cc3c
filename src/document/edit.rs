//! Edits of a document's text that keep its comments, order, quoting, indentation, line endings
//! and final newline.
//!
//! After each edit the text is read again and compared with the value that the edit should give;
//! where the two differ, the edit is refused and nothing is changed.

mod yaml;

use serde_json::Value;

use super::{Format, Unreadable, read};
use crate::model::Pointer;

/// One change of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts a value in the place of the one that stands there.
    Set {
        /// The place.
        at: Pointer,
        /// The new value.
        value: Value,
    },
    /// Puts a value where none stands: a new key at the end of its map, or an item of a list, by
    /// its index or `-` for the end. The map or list must be there.
    Add {
        /// The place.
        at: Pointer,
        /// The new value.
        value: Value,
    },
    /// Takes a value out, with the comments that stand before it and on its line.
    Remove {
        /// The place.
        at: Pointer,
    },
    /// Takes a value, with its comments, to a place where none stands.
    Move {
        /// The place now.
        from: Pointer,
        /// The place afterwards.
        to: Pointer,
    },
}

/// Why a text was not edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is in the way.
    pub reason: String,
}

impl From<Unreadable> for Refused {
    fn from(unreadable: Unreadable) -> Self {
        Self { reason: unreadable.message }
    }
}

/// Makes the edits one after the other, all or none.
///
/// # Errors
/// Where the text cannot be read, a place does not fit the edit, or the edited text does not read
/// as the value it should.
pub fn edit(format: Format, text: &str, edits: &[Edit]) -> Result<String, Refused> {
    read(format, text)?;
    let mut text = text.to_owned();
    for edit in edits {
        text = match format {
            Format::Yaml => yaml::edit(&text, edit)?,
            Format::Json | Format::Jsonc | Format::Toml => {
                return Err(Refused { reason: "not written".into() });
            }
        };
    }
    Ok(text)
}
