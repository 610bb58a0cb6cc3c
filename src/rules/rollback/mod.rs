//! The way back.

pub(super) mod empty;
pub(super) mod fails;
pub(super) mod leaves_trace;
pub(super) mod missing;
