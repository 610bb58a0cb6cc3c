//! The only integration binary: one module per concern, driving the real binary.
// The helpers of tests are tests too, but clippy only knows functions marked so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod architecture;
mod cli;
mod commands;
mod compat;
mod configuration;
mod conflict;
mod corpora;
mod determinism;
mod docs;
mod documents;
mod github;
mod governance;
mod layouts;
mod levels;
mod locks;
mod mutations;
mod pg_dump;
mod postgres;
mod publish;
mod rows;
mod rules;
mod runner;
mod sqlite_rules;
mod strict;
mod support;
mod tracking;
mod variables;
