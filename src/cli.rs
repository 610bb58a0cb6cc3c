//! Command line
