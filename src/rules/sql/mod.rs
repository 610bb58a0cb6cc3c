//! Dangerous statements, per engine.

pub(in crate::rules) mod postgres;
pub(super) mod sqlite;
pub(super) mod too_complex;
