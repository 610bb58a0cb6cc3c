//! The only integration binary: one module per concern, driving the real binary.
// The helpers of tests are tests too, but clippy only knows functions marked so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod action;
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
mod formats;
mod github;
mod governance;
mod hook;
mod html;
mod init;
mod layouts;
mod levels;
mod locks;
mod manual;
mod mutations;
mod pg_dump;
mod postgres;
mod publish;
mod rows;
mod rules;
mod runner;
mod shard;
mod sqlite_rules;
mod strict;
mod support;
mod tracking;
mod variables;
