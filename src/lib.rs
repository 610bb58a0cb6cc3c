//! The required check that stops a broken migration before it is merged.
//!
//! Data flows one way; the modules stand in the order of their layers.
//!
//! ```text
//! changes ─┬► catalog ──┬─────────────────────────► rules ──► report ──► render ──► publish
//! base,    │  layout,   │                            ▲ ▲
//! head     │  manifest  └─► dryrun ───── evidence ───┘ │
//!          │                lifecycle, engine          │
//!          │                   ▲ documents to try      │
//!          └► schemas ─────────┴──────── evidence ─────┘
//!             contract, compat, document
//! ```
//!
//! On a real target the runner walks the same lifecycle, with a state file, checkpoints and a
//! journal.

pub mod model;
pub mod threads;

pub mod cache;
pub mod compat;
pub mod config;
pub mod confine;
pub mod contract;
pub mod document;
pub mod host;
pub mod layout;
pub mod manifest;
pub mod rows;
pub mod sql;

pub mod catalog;
pub mod changes;

pub mod schemas;

pub mod engine;
pub mod lifecycle;
pub mod rules;

pub mod dryrun;
pub mod runner;

pub mod render;
pub mod report;

pub mod publish;

pub mod app;
pub mod cli;
pub mod error;
