//! Systems without Landlock.

use super::{Policy, Support};

pub(super) fn support() -> Support {
    Support::None
}

pub(super) fn enter(_: &Policy) -> Result<(), String> {
    Err("only Linux can do it".into())
}
