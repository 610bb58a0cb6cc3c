//! What would run on a target: selected, described and checked, before anything is touched.
//!
//! Two steps, since the target is asked about what was selected in between: [`select`] queues the
//! migrations with what they need, [`make`] says what they do, how they are taken back, what stands
//! in their way, and to which state of the target all of that belongs. Nothing here reads a clock,
//! a file or a target.

mod check;
mod conflict;
mod digest;
mod impact;
mod logic;
mod make;
mod policy;
mod resolution;
mod select;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod wire;

pub use check::{STALE, history};
pub use conflict::{Conflict, ConflictKind, Settlement, Severity, forgotten};
pub use digest::{fingerprint, tracking};
pub use logic::is_new;
pub use make::{PlanInput, Rehearsal, StepFacts, Tried, make};
pub use policy::policy_faults;
pub use resolution::{Choice, Resolution};
pub use select::{Queued, Wanted, passed_over, select};
pub use wire::{
    Binding, Check, CheckName, Class, Count, DownState, FileBefore, Impact, Lock, Outcome,
    PLAN_VERSION, Plan, Rollback, StatementWork, Step, TableRows, Touch, Way, Why, Work,
    json_schema,
};
