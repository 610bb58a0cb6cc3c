//! What the dry run compares, in the words of the engine.

use crate::model::EngineKind;

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
}

/// The words for an engine.
pub(super) fn state(engine: EngineKind) -> State {
    match engine {
        EngineKind::Sqlite | EngineKind::Postgres | EngineKind::Mysql => State {
            name: "the schema",
            is: "the schema is",
            it_was: "it was",
            another: "another schema",
        },
        EngineKind::Documents => State {
            name: "the documents",
            is: "the documents are",
            it_was: "they were",
            another: "other documents",
        },
    }
}
