//! `rollback` and `resolve`.

use super::open::Opened;
use super::{tell, with_runner};
use crate::app::output::print;
use crate::cli::{Resolve, ResolvedAs, Rollback};
use crate::error::GateError;
use crate::model::printable;
use crate::runner::{Fault, FaultKind, Way, Word};

/// `rollback`: from checkpoints, or by down scripts where that is allowed.
pub(super) fn roll_back(args: &Rollback) -> Result<u8, GateError> {
    let mut taken_back = Vec::new();
    let code = with_runner(&args.on, |opened, runner, doubt| {
        let way = way(args, opened)?;
        tell(&runner.start(doubt, args.retry)?);
        match runner.roll_back(args.to.as_deref(), way, &|_| Ok(())) {
            Ok(ids) => {
                taken_back = ids;
                Ok(0)
            }
            Err((ids, fault)) => {
                taken_back = ids;
                Err(*fault)
            }
        }
    });
    let shown: String =
        taken_back.iter().map(|id| format!("rolled back {}\n", printable(id))).collect();
    print(&shown)?;
    if taken_back.is_empty() && code.is_ok() {
        print("nothing to roll back\n")?;
    }
    code
}

fn way(args: &Rollback, opened: &Opened) -> Result<Way, Fault> {
    if !args.allow_down {
        return Ok(Way::Checkpoints { accept_data_loss: args.accept_data_loss });
    }
    if opened.production {
        return Err(Fault::new(
            FaultKind::Policy,
            format!("{} is a target in production: no down script runs there", opened.name),
            "roll back from its checkpoints; or, where it serves nobody, mark it with \
             `production = false` in its [[target]]",
        ));
    }
    Ok(Way::Downs)
}

/// `resolve`: a person's word about a migration that was mended by hand.
pub(super) fn resolve(args: &Resolve) -> Result<u8, GateError> {
    let applied = args.outcome == ResolvedAs::Applied;
    let code = with_runner(&args.on, |_, runner, doubt| {
        let word = Word {
            migration: &args.migration,
            applied,
            reason: &args.reason,
            by: &args.by,
            accept_difference: args.accept_difference,
        };
        tell(&runner.resolve(&word, doubt.as_ref())?);
        Ok(0)
    })?;
    let word = if applied { "applied" } else { "rolled back" };
    print(&format!("{} counts as {word}\n", printable(&args.migration)))?;
    Ok(code)
}
