//! What the dry run compares, in the words of the engine.

use crate::model::{EngineKind, SnapshotDiff, printable};

/// The words for what a snapshot describes.
pub(super) struct State {
    /// As the subject or object of a sentence: `the schema`.
    pub(super) name: &'static str,
    /// With its verb: `the schema is`.
    pub(super) is: &'static str,
    /// As it was at another time: `it was`.
    pub(super) it_was: &'static str,
    /// One that is not the same: `another schema`.
    pub(super) another: &'static str,
    /// Whether its notes are of texts whose values are the same.
    is_text: bool,
}

impl State {
    /// A difference as it is told: the digests of two texts say nothing to anybody.
    pub(super) fn told(&self, diff: &SnapshotDiff) -> SnapshotDiff {
        let mut told = diff.clone();
        told.differences.retain(|difference| !(self.is_text && difference.note));
        told
    }

    /// Which texts are written otherwise, in a sentence; `None` where there are no texts.
    pub(super) fn rewritten(&self, diff: &SnapshotDiff) -> Option<String> {
        let mut texts = diff.differences.iter().filter(|difference| difference.note);
        let first = texts.next().filter(|_| self.is_text)?;
        let name = printable(&first.object.name);
        Some(match texts.count() {
            0 => format!(
                "the text of {name} is formatted otherwise than before (the values are the same)"
            ),
            more => format!(
                "the texts of {name} and {more} more are formatted otherwise than before (the \
                 values are the same)"
            ),
        })
    }
}

/// The words for an engine.
pub(super) fn state(engine: EngineKind) -> State {
    match engine {
        EngineKind::Sqlite | EngineKind::Postgres | EngineKind::Mysql => State {
            name: "the schema",
            is: "the schema is",
            it_was: "it was",
            another: "another schema",
            is_text: false,
        },
        EngineKind::Documents => State {
            name: "the documents",
            is: "the documents are",
            it_was: "they were",
            another: "other documents",
            is_text: true,
        },
    }
}
