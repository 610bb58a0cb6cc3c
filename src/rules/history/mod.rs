//! What happened to merged history; needs no engine.

pub(super) mod deleted;
pub(super) mod duplicate_version;
pub(super) mod edited;
pub(super) mod gap;
pub(super) mod out_of_order;
pub(super) mod renamed;
pub(super) mod stale_base;
