//! What a check found, where people on GitHub see it: a check run or a commit status, one comment
//! on the pull request, the summary of the step.
//!
//! [`Client`] speaks with the API. Nothing in this room decides anything: the verdict is the
//! report's, whether or not it could be posted.

mod address;
mod client;
mod error;
mod pulls;
mod retry;
#[cfg(test)]
mod stand_in;

pub use client::Client;
pub use error::PublishError;
pub use pulls::{Branch, PullRequest, User, changed_files, file_at, gate_state, open_pulls};
pub use retry::Patience;
