//! One side of a comparison: its names, and its files as documents.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::changes::{ChangesError, Source};
use crate::compat::Schema;
use crate::document::{self, Format, Node};
use crate::model::{EntryKind, RepoPath, SchemaFault, Span, clipped};

/// The largest document that is read, in bytes.
pub(super) const LARGEST: usize = 1 << 20;
/// The largest file of a schema that is read, in bytes.
const LARGEST_SCHEMA: usize = 8 << 20;
/// How long words of a reader may be, in characters.
const LONGEST: usize = 300;

/// What stands at a path.
pub(super) enum Content {
    /// Nothing.
    Missing,
    /// A document.
    Read {
        /// As it is written.
        text: String,
        /// What it says.
        node: Node,
    },
    /// Something that cannot be read as a document.
    Unreadable {
        /// The text, where there is one.
        text: Option<String>,
        /// Where reading ended.
        span: Option<Span>,
        /// Why.
        message: String,
        /// The way out; may be empty.
        help: &'static str,
    },
}

impl Content {
    /// The text, where there is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Read { text, .. } => Some(text),
            Self::Unreadable { text, .. } => text.as_deref(),
            Self::Missing => None,
        }
    }

    /// What it says, where it can be read.
    pub(super) fn node(&self) -> Option<&Node> {
        match self {
            Self::Read { node, .. } => Some(node),
            Self::Missing | Self::Unreadable { .. } => None,
        }
    }

    fn unreadable(message: &str, help: &'static str) -> Self {
        Self::Unreadable { text: None, span: None, message: message.to_owned(), help }
    }
}

/// A schema with what it reaches.
pub(super) struct Loaded {
    /// The schema, or what is wrong with it.
    pub(super) schema: Result<Arc<Schema>, Vec<SchemaFault>>,
    /// The other files that it asks for, copies of remote ones among them, whether they are there
    /// or not, sorted.
    pub(super) reached: Vec<RepoPath>,
}

impl Loaded {
    /// The schema, where it can be used.
    pub(super) fn usable(&self) -> Option<&Arc<Schema>> {
        self.schema.as_ref().ok()
    }

    /// What is wrong with it.
    pub(super) fn faults(&self) -> &[SchemaFault] {
        self.schema.as_ref().err().map_or(&[], Vec::as_slice)
    }
}

/// One side. What is read as a schema is kept; documents are not, since they may be many.
pub(super) struct Side<'a> {
    source: &'a dyn Source,
    pub(super) vendored: Option<RepoPath>,
    names: OnceCell<Vec<RepoPath>>,
    kept: RefCell<BTreeMap<RepoPath, Rc<Content>>>,
    pub(super) schemas: RefCell<BTreeMap<RepoPath, Rc<Loaded>>>,
    pub(super) copies: OnceCell<Vec<(RepoPath, Rc<Content>)>>,
}

impl<'a> Side<'a> {
    /// A side; `vendored` is its folder with copies of remote schemas.
    pub(super) fn new(source: &'a dyn Source, vendored: Option<&RepoPath>) -> Self {
        Self {
            source,
            vendored: vendored.cloned(),
            names: OnceCell::new(),
            kept: RefCell::default(),
            schemas: RefCell::default(),
            copies: OnceCell::new(),
        }
    }

    /// Where files come from.
    pub(super) fn source(&self) -> &'a dyn Source {
        self.source
    }

    /// Every path, sorted.
    pub(super) fn names(&self) -> Result<&[RepoPath], ChangesError> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        let names = self.source.names(&RepoPath::root())?;
        Ok(self.names.get_or_init(|| names))
    }

    /// A document.
    pub(super) fn document(&self, path: &RepoPath) -> Result<Content, ChangesError> {
        self.read(path, LARGEST)
    }

    /// Whether a file is larger than what is read of a schema.
    pub(super) fn is_too_large(&self, path: &RepoPath) -> Result<bool, ChangesError> {
        Ok(self.source.file(path)?.is_some_and(|entry| {
            entry.kind == EntryKind::TooLarge || entry.bytes.len() > LARGEST_SCHEMA
        }))
    }

    fn read(&self, path: &RepoPath, largest: usize) -> Result<Content, ChangesError> {
        let Some(entry) = self.source.file(path)? else { return Ok(Content::Missing) };
        Ok(match entry.kind {
            EntryKind::File => read(path, &entry.bytes, largest),
            EntryKind::Symlink => Content::unreadable(
                "it is a symbolic link, which is not followed",
                "put the file itself there",
            ),
            EntryKind::Submodule => Content::unreadable(
                "it is a submodule, whose files are not part of this repository",
                "put the file itself there",
            ),
            EntryKind::LfsPointer => Content::unreadable(
                "it stands for a file that Git LFS keeps elsewhere",
                "keep it in Git itself",
            ),
            EntryKind::TooLarge => too_large(largest),
            EntryKind::UnreadableName => {
                Content::unreadable("its name is not UTF-8", "give it a name in UTF-8")
            }
            EntryKind::Device => Content::unreadable(
                "it is a pipe, a socket or a device, which is not opened",
                "put a regular file there",
            ),
        })
    }

    /// A file that is a schema or a part of one; read once.
    pub(super) fn content(&self, path: &RepoPath) -> Result<Rc<Content>, ChangesError> {
        if let Some(known) = self.kept.borrow().get(path) {
            return Ok(Rc::clone(known));
        }
        let content = Rc::new(self.read(path, LARGEST_SCHEMA)?);
        self.kept.borrow_mut().insert(path.clone(), Rc::clone(&content));
        Ok(content)
    }
}

fn read(path: &RepoPath, bytes: &[u8], largest: usize) -> Content {
    if bytes.len() > largest {
        return too_large(largest);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Content::unreadable("it is not UTF-8", "save it as UTF-8");
    };
    match document::read(Format::of(path).unwrap_or(Format::Json), text) {
        Ok(node) => Content::Read { text: text.to_owned(), node },
        Err(unreadable) => Content::Unreadable {
            text: Some(text.to_owned()),
            span: Some(unreadable.span),
            message: format!("it cannot be read: {}", short(&unreadable.message)),
            help: unreadable.help,
        },
    }
}

fn too_large(largest: usize) -> Content {
    Content::unreadable(&format!("it is larger than {} MiB", largest >> 20), "split it")
}

/// Foreign words, made harmless and not too long.
pub(super) fn short(text: &str) -> String {
    clipped(text, LONGEST)
}

/// The path that a relative one means in a file; `None` where it is none or leads out.
pub(super) fn beside(file: &RepoPath, relative: &str) -> Option<RepoPath> {
    if relative.is_empty() || relative.starts_with('/') || relative.contains([':', '\\', '?']) {
        return None;
    }
    let folder = file.parent()?;
    let mut parts: Vec<&str> = folder.as_str().split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    RepoPath::new(&parts.join("/")).filter(|path| !path.is_root())
}

#[cfg(test)]
mod tests {
    use super::beside;
    use crate::model::RepoPath;

    #[test]
    fn relative_paths_stay_in_the_repository() {
        let file = RepoPath::new("config/eu/app.json").unwrap();
        let at = |relative| beside(&file, relative).map(|path| path.as_str().to_owned());
        assert_eq!(at("./app.schema.json").unwrap(), "config/eu/app.schema.json");
        assert_eq!(at("../schemas/a.json").unwrap(), "config/schemas/a.json");
        assert_eq!(at("../../a.json").unwrap(), "a.json");
        for out in ["../../../a.json", "/etc/passwd", "https://x.org/a", "", "..\\a", "../.."] {
            assert_eq!(at(out), None, "{out}");
        }
    }
}
