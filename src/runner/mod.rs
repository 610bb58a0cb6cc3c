//! Real targets: plan, apply, roll back, recover.
//!
//! The lifecycle is the one that every pull request exercises. What is added here is what must
//! outlive the process: a state file, checkpoints, and a journal.

pub mod database;
pub mod disk;
pub mod documents;
mod fault;
pub mod files;
pub mod journal;
pub mod lock;
pub mod target;
pub mod tracking;

pub use fault::{Fault, FaultKind};
