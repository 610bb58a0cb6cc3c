//! What happened when the migrations ran.

pub(super) mod blocks_reads;
pub(super) mod blocks_writes;
pub(super) mod fails_on_data;
pub(super) mod half_done;
pub(super) mod not_repeatable;
pub(super) mod not_replay_safe;
pub(super) mod rewrites_table;
pub(super) mod timeout;
pub(super) mod up_fails;
mod work;

use super::Draft;
use crate::model::Failure;

/// A finding at the place the engine named, with everything the engine said.
pub(super) fn engine_said(failure: &Failure, message: String) -> Draft {
    let mut draft = Draft::new(failure.location.clone(), true, message).proved();
    if let Some(code) = &failure.code {
        draft = draft.detail(format!("code: {code}"));
    }
    if let Some(detail) = &failure.detail {
        draft = draft.detail(format!("detail: {detail}"));
    }
    match (&failure.hint, &failure.code) {
        // The engine's own words come with a code; without one the advice is the gate's.
        (Some(hint), None) => draft = draft.help(hint.as_str()),
        (Some(hint), Some(_)) => draft = draft.detail(format!("hint: {hint}")),
        (None, _) => {}
    }
    draft
}
