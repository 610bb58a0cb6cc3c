//! Real repositories in temporary folders.

mod bases;
mod differences;
mod fixture;
mod folders;
mod refusals;
mod shallow;
mod sources;
mod worktrees;
