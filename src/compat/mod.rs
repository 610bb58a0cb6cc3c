//! JSON Schemas, old against new: what could an existing document break on?

mod budget;
mod closest;
mod compare;
mod disjoint;
mod document;
mod effort;
mod formats;
mod guard;
mod instances;
mod keyword;
mod load;
mod monotone;
mod object;
mod problem;
mod prove;
mod reference;
mod resolve;
mod schema;
mod stack;
mod unresolved;
mod versions;
mod violation;
mod witness;
mod wording;

pub use compare::{Verdict, compare};
pub use load::SchemaFiles;
pub use problem::{ProblemKind, SchemaProblem};
pub use schema::Schema;
pub use versions::SchemaVersions;
pub use violation::Violation;
pub use witness::Witness;

#[cfg(test)]
mod tests;
