//! Dangerous statements, per engine.

pub(super) mod postgres;
pub(super) mod sqlite;
