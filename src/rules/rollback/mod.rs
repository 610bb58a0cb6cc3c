//! The way back.

pub(super) mod empty;
pub(super) mod fails;
pub(super) mod leaves_trace;
pub(super) mod loses_data;
pub(super) mod missing;
#[cfg(test)]
mod tests;

use crate::model::{Location, Script, Span, Step};

/// Where the work of a step stands, so that a report shows it and not only its file.
fn work_of(step: &Step) -> Location {
    match step {
        Step::Sql(script) => statements_of(script),
        Step::Program(_) | Step::Foreign { .. } => step.location(),
    }
}

/// Whether a step does nothing.
fn is_empty(step: &Step) -> bool {
    match step {
        Step::Sql(script) => crate::sql::is_empty(script),
        Step::Program(program) => program.operations.is_empty(),
        Step::Foreign { .. } => false,
    }
}

/// Where a script's statements stand, so that a report shows them and not only their file.
fn statements_of(script: &Script) -> Location {
    let statements = crate::sql::statements(script);
    match (statements.first(), statements.last()) {
        (Some(first), Some(last)) => {
            Location::at(script.path.clone(), Span::new(first.span.start, last.span.end))
        }
        _ => script.location(),
    }
}
