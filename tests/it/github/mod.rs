//! GitHub, as far as the gate speaks with it: a stand-in that keeps what is posted, and what the
//! gate does there from a pull request's first commit to its last.
//!
//! Every request and every answer is held against GitHub's own OpenAPI description. One that does
//! not fit fails the test that made it.

mod answers;
mod approvals;
mod description;
mod events;
mod play;
mod publish;
mod pulls;
mod routes;
mod sample;
mod server;
mod stand_in;
mod state;
