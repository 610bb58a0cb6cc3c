//! What the kernel holds: files by Landlock, system calls by seccomp, and limits.

use std::path::Path;
use std::sync::OnceLock;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreated,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use super::{Policy, Role, Support, limits, syscalls};

/// The least that does: from here on (Linux 6.2) truncating a file is governed, too.
const LEAST: ABI = ABI::V3;
/// From here on (Linux 6.12) signals stay among the confined.
const SIGNALS: ABI = ABI::V6;

/// What every program may do with devices that hold nothing.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"];

/// Asks the kernel once, by making rules that are never put in force.
pub(super) fn support() -> Support {
    static SUPPORT: OnceLock<Support> = OnceLock::new();
    *SUPPORT.get_or_init(|| {
        let pretended = pretended().unwrap_or(Support::Full);
        if rules(SIGNALS).is_ok() {
            Support::Full.min(pretended)
        } else if rules(LEAST).is_ok() {
            Support::AllButSignals.min(pretended)
        } else {
            Support::None
        }
    })
}

/// What a test makes of the kernel: `FAILPOINTS=confine=return(none)`, or `signals` where only
/// those go free. Outside tests it is nothing.
fn pretended() -> Option<Support> {
    fail::fail_point!("confine", |action: Option<String>| match action.as_deref() {
        Some("none") => Some(Support::None),
        Some("signals") => Some(Support::AllButSignals),
        _ => None,
    });
    None
}

/// Rules of which the kernel must know all that `least` has.
fn rules(least: ABI) -> Result<RulesetCreated, RulesetError> {
    let demanded = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LEAST.min(least)))?;
    let demanded = match least >= SIGNALS {
        true => demanded.scope(Scope::from_all(SIGNALS))?,
        false => demanded,
    };
    demanded
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()
}

pub(super) fn enter(policy: &Policy) -> Result<(), String> {
    limits::set(&policy.limits)?;
    if policy.role == Role::Server {
        // Whoever keeps it may be killed; a server of nobody's must not stay.
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::QUIT))
            .map_err(|error| format!("it would outlive its parent: {error}"))?;
    }
    if policy.role != Role::Calculation {
        syscalls::keep_nothing_open()?;
    }
    let least = match support() {
        Support::None => return Err("the kernel has no Landlock, or one before Linux 6.2".into()),
        Support::AllButSignals => LEAST,
        Support::Full => SIGNALS,
    };
    let filters = syscalls::filters(policy.role, least >= SIGNALS)?;
    let status = restrict(policy, least).map_err(|error| format!("Landlock refuses: {error}"))?;
    let RestrictionStatus { ruleset, no_new_privs, landlock, .. } = status;
    // Best effort was asked for what newer kernels add, so "partly" is all of what was demanded.
    let holds = ruleset != RulesetStatus::NotEnforced
        && matches!(landlock, LandlockStatus::Available { .. });
    if !holds || !no_new_privs {
        return Err("the kernel did not put all rules in force".into());
    }
    // root has means that no file rule governs, such as to stop a whole disk for a while. What is
    // given up here does not come back with the next program, since none gains privileges.
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, none)
        .map_err(|error| format!("privileges cannot be given up: {error}"))?;
    for filter in &filters {
        seccompiler::apply_filter(filter).map_err(|error| format!("seccomp refuses: {error}"))?;
    }
    Ok(())
}

fn restrict(policy: &Policy, least: ABI) -> Result<RestrictionStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = (AccessFs::from_all(ABI::V5) & !AccessFs::Execute)
        & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let mut ruleset = rules(least)?;
    let device = AccessFs::ReadFile | AccessFs::WriteFile;
    for path in DEVICES {
        ruleset = allow(ruleset, path.as_ref(), device)?;
    }
    for (paths, access) in
        [(&policy.read, read), (&policy.execute, read | AccessFs::Execute), (&policy.write, write)]
    {
        for path in paths {
            ruleset = allow(ruleset, path, access)?;
        }
    }
    ruleset.restrict_self()
}

/// Adds a rule; what is not there needs none.
fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(opened) = PathFd::new(path) else { return Ok(ruleset) };
    let access = match path.is_dir() {
        true => access,
        false => access & AccessFs::from_file(ABI::V5),
    };
    ruleset.add_rule(PathBeneath::new(opened, access))
}
