//! The compatibility contract of a set of documents: which schema holds for which documents, what
//! is promised about its changes, and which versions were given out.
//!
//! It is one file; config migrations refer to it by the name of a schema and by versions.
