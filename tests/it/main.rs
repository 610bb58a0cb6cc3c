//! The only integration binary: one module per concern, driving the real binary.

mod corpora;
mod docs;
mod gate;
mod layouts;
mod levels;
mod pg_dump;
mod rules;
