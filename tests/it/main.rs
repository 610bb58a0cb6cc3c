//! The only integration binary: one module per concern, driving the real binary.
// The helpers of tests are tests too, but clippy only knows functions marked so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod architecture;
mod cli;
mod corpora;
mod determinism;
mod docs;
mod layouts;
mod levels;
mod mutations;
mod pg_dump;
mod postgres;
mod rules;
mod support;
