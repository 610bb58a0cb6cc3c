//! The only integration binary: one module per concern, driving the real binary.

mod docs;
mod gate;
mod levels;
mod rules;
