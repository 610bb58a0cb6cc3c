//! dryrun
