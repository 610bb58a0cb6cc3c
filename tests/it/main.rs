//! The only integration binary: one module per concern, driving the real binary.

mod corpora;
mod docs;
mod layouts;
mod pg_dump;
