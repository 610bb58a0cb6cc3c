//! What of a set runs with less confinement than usual, because the policy accepts that.

use crate::catalog::SetCatalog;
use crate::cli::Check;
use crate::config::{Settings, Unconfined};
use crate::confine::{self, Support};
use crate::engine::documents::Documents;
use crate::model::{Action, Position};

/// One sentence for each part of the judged migrations, or of what prints them, that the kernel does
/// not confine. PostgreSQL is left out: its sandbox says that itself.
pub(super) fn told(
    policy: &Settings,
    catalog: &SetCatalog,
    documents: Option<&Documents>,
    args: &Check,
) -> Vec<String> {
    if confine::support() != Support::None {
        return Vec::new();
    }
    let order = catalog.run_order(args.all).into_iter();
    let judged = order.filter(|(_, position)| *position == Position::Judged);
    let programs = judged.filter_map(|(entry, _)| entry.migration.up.program());
    let actions: Vec<&Action> = programs
        .flat_map(|program| program.operations.iter().map(|operation| &operation.action))
        .collect();
    let tools = documents.map(|documents| &documents.tools);
    let may_command = tools.is_some_and(|tools| tools.commands.is_some());
    let runs_command =
        may_command && actions.iter().any(|act| matches!(act, Action::Command { .. }));
    let info = &catalog.info;
    let parts = [
        (
            Unconfined::Commands,
            "its commands run with all rights of the gate's user",
            info.layout == "command" || runs_command,
        ),
        (
            Unconfined::Jq,
            "its jq programs run within limits of memory and time alone",
            actions.iter().any(|act| matches!(act, Action::Jq { .. })),
        ),
    ];
    let accepted = parts.iter().filter(|(part, _, used)| *used && policy.accepts_unconfined(*part));
    let reason = "the kernel here cannot confine them, and the policy accepts it";
    accepted.map(|(_, how, _)| format!("{}: {how}: {reason}", info.name)).collect()
}
