//! The only integration binary: one module per concern, driving the real binary.

mod architecture;
mod cli;
mod determinism;
mod docs;
mod support;
