//! Real targets: plan, apply, roll back, recover.
//!
//! The lifecycle is the one that every pull request exercises. What is added here is what must
//! outlive the process: a state file, checkpoints, and a journal.
//!
//! ```text
//! start ─┐   what an earlier run left is taken back first
//! plan ──┼─► apply ─┐              ┌─► target ─┬─ documents ── files
//!        └─► back ──┴─► walk ──────┤           └─ database ─── tracking, engine
//! resolve: a person's word         └─► state, checkpoint, journal ── disk
//! ```

mod apply;
mod back;
mod checkpoint;
pub mod database;
mod described;
pub mod disk;
pub mod documents;
mod fault;
pub mod files;
pub mod journal;
pub mod lock;
pub mod plan;
mod resolve;
mod run;
mod sealed;
mod start;
pub mod state;
pub mod target;
#[cfg(test)]
mod tests;
pub mod tracking;
mod walk;

pub use back::Way;
pub use checkpoint::Checkpoint;
pub use fault::{Fault, FaultKind};
pub use resolve::Word;
pub use run::{Parts, Runner, Sight};
pub use walk::{Permit, STEPS};
