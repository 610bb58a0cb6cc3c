//! Files that are no migration.

pub(super) mod invalid;
pub(super) mod unclaimed_file;

use super::{CatalogCx, Draft, Sink};
use crate::model::ProblemKind;

/// One finding for every problem of a kind.
fn problems(cx: &CatalogCx<'_>, kind: ProblemKind, sink: &mut Sink<'_>) {
    for problem in cx.catalog.problems.iter().filter(|problem| problem.kind == kind) {
        // A file that nobody touched may have lost what it belongs to.
        let new = cx.catalog.merged.is_some() && !cx.catalog.merged_problems.contains(problem);
        let touched = new || cx.catalog.is_changed(&problem.location.path);
        sink.push(
            Draft::new(problem.location.clone(), touched, problem.message.clone())
                .help(problem.help.clone()),
        );
    }
}
