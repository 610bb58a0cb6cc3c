//! The way back.

pub(super) mod empty;
pub(super) mod fails;
pub(super) mod leaves_trace;
pub(super) mod loses_data;
pub(super) mod missing;

use crate::model::{Location, Script, Span};

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
