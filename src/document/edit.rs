//! Edits of a document's text that keep its comments, order, quoting, indentation, line endings
//! and final newline.
//!
//! After each edit the text is read again and compared with the value that the edit should give;
//! where the two differ, the edit is refused and nothing is changed.

mod exact;
mod flow;
mod json;
mod piece;
mod style;
mod toml;
mod trivia;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use value::{apply, difference, is_deeper};

use super::{DEEPEST, Format, Node, Unreadable, read};
use crate::model::Pointer;

/// The longest text that is edited, in bytes.
const LONGEST: usize = 8 << 20;

/// How many bytes may be read for the small edits that take the place of one that sets a map or
/// list; where it would be more, the map or list is written anew.
const MOST_READ: usize = 256 << 20;

/// One change of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts a value in the place of the one that stands there. Where both are maps or both lists,
    /// the parts that stay the same keep their text.
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
    /// Takes a value, with its comments, to a place where none stands once it is taken out. Its
    /// text stays what it is; within one map only the key changes.
    Move {
        /// The place now.
        from: Pointer,
        /// The place afterwards; the map or list that holds it must be there.
        to: Pointer,
    },
}

/// Why a text was not edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is in the way.
    pub reason: String,
}

impl Refused {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl From<Unreadable> for Refused {
    fn from(unreadable: Unreadable) -> Self {
        Self { reason: unreadable.message }
    }
}

/// Makes the edits one after the other, all or none.
///
/// # Errors
/// Where the text cannot be read or is longer than 8 MiB, a place does not fit the edit, a number
/// would lose digits, or the edited text does not read as the value it should.
pub fn edit(format: Format, text: &str, edits: &[Edit]) -> Result<String, Refused> {
    if text.len() > LONGEST {
        return Err(Refused::new("the file is longer than 8 MiB"));
    }
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = &text[..text.len() - bare.len()];
    let mut document = Document::read(format, style::newline(bare), bare.to_owned())?;
    for edit in edits {
        document.make(edit)?;
    }
    let mut edited = document.text;
    // A text that was empty in between has forgotten how it ended.
    if format == Format::Toml && !bare.is_empty() && !bare.ends_with('\n') {
        edited.truncate(edited.trim_end_matches(['\r', '\n']).len());
    }
    Ok(format!("{mark}{edited}"))
}

/// A text and what it says.
struct Document {
    format: Format,
    /// How the lines of the text end that was given.
    newline: &'static str,
    text: String,
    node: Node,
    value: Value,
}

impl Document {
    fn read(format: Format, newline: &'static str, text: String) -> Result<Self, Refused> {
        let node = read(format, &text)?;
        let value = node.to_json();
        Ok(Self { format, newline, text, node, value })
    }

    /// Makes an edit, in parts where that keeps more of the text.
    fn make(&mut self, edit: &Edit) -> Result<(), Refused> {
        if let Edit::Set { value, .. } | Edit::Add { value, .. } = edit
            && is_deeper(value, DEEPEST)
        {
            let reason = format!("the value for {} is nested too deeply", place(edit));
            return Err(Refused::new(reason));
        }
        if let Edit::Set { at, value } = edit
            && let Some(old) = at.get(&self.value)
            && (old.is_object() && value.is_object() || old.is_array() && value.is_array())
        {
            let parts = value::difference_at(at, old, value);
            let bytes = parts.len().saturating_mul(self.text.len());
            if bytes <= MOST_READ && !parts.iter().any(|part| part == edit) {
                return parts.iter().try_for_each(|part| self.make_part(part));
            }
        }
        self.make_part(edit)
    }

    fn make_part(&mut self, edit: &Edit) -> Result<(), Refused> {
        let mut expected = self.value.clone();
        apply(&mut expected, edit)?;
        let same_place = matches!(edit, Edit::Move { from, to } if from == to);
        if same_place || matches!(edit, Edit::Set { .. }) && expected == self.value {
            return Ok(());
        }
        exact::check(&self.text, &self.node, edit)?;
        let text = match self.format {
            Format::Json | Format::Jsonc => json::Json {
                format: self.format,
                newline: self.newline,
                text: &self.text,
                root: &self.node,
            }
            .edit(edit),
            Format::Yaml => yaml::edit(&self.text, edit),
            Format::Toml => toml::edit(&self.text, self.newline, &self.value, edit),
        }?;
        if text.len() > LONGEST {
            return Err(Refused::new("the edited file would be longer than 8 MiB"));
        }
        let edited = Self::read(self.format, self.newline, text).map_err(|refused| {
            Refused::new(format!(
                "the text with {} edited cannot be read: {}",
                place(edit),
                refused.reason
            ))
        })?;
        if edited.value != expected {
            let reason = format!("the text around {} cannot be edited safely", place(edit));
            return Err(Refused::new(reason));
        }
        *self = edited;
        Ok(())
    }
}

/// The place that an edit is about, for people.
fn place(edit: &Edit) -> String {
    let (Edit::Set { at, .. }
    | Edit::Add { at, .. }
    | Edit::Remove { at }
    | Edit::Move { from: at, .. }) = edit;
    shown(at)
}

/// A pointer for people.
fn shown(at: &Pointer) -> String {
    if at.0.is_empty() {
        "the whole document".into()
    } else {
        crate::model::quoted(&at.to_string())
    }
}

/// Where a new text takes the place of a piece of the old.
type Splice = (std::ops::Range<usize>, String);

/// The text with its pieces replaced; they do not overlap.
fn spliced(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for (range, new) in splices {
        out.push_str(text.get(done..range.start).unwrap_or_default());
        out.push_str(&new);
        done = done.max(range.end);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}
