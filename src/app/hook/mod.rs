//! `hook`: the check before a push.

mod install;
mod run;

pub(super) use install::{Installed, file, install};

use super::output::print;
use crate::cli::Hook;
use crate::error::GateError;

pub(super) fn hook(command: &Hook, color: bool) -> Result<u8, GateError> {
    match command {
        Hook::Run(args) => return run::run(args, color),
        Hook::Install { path } => {
            let file = file(path)?;
            let said = match install(&file)? {
                Installed::Now => {
                    "is written: it checks what a push brings, and refuses what is \
                                   blocked; `git push --no-verify` goes around it"
                }
                Installed::Already => "is there already",
            };
            print(&format!("{} {said}\n", file.shown))?;
        }
        Hook::Uninstall { path } => {
            let file = file(path)?;
            let said = if install::uninstall(&file)? { "is removed" } else { "was not there" };
            print(&format!("{} {said}\n", file.shown))?;
        }
    }
    Ok(0)
}
