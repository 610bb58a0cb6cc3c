//! What a check found, where people on GitHub see it: a check run or a commit status, one comment
//! on the pull request, the summary of the step.
//!
//! [`Client`] speaks with the API; [`target`] says what is posted to. Nothing in this room decides
//! anything: the verdict is the report's, whether or not it could be posted.

mod address;
mod annotation;
mod answer;
pub mod approvals;
mod check_run;
mod client;
mod comment;
mod error;
mod event;
pub mod identity;
mod post;
mod posting;
mod pulls;
mod retry;
#[cfg(test)]
mod stand_in;
mod status;
pub mod summary;
mod target;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use error::PublishError;
pub use event::target;
pub use post::{Posted, Wanted, post};
pub use posting::{Posting, Request, requests};
pub use pulls::{Branch, OpenPull, User, changed_files, file_at, gate_state, open_pulls};
pub use retry::Patience;
pub use target::{HeadBranch, Overrides, PullRequest, Queued, Repository, Sha, Target};
