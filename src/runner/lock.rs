//! One runner at a time.

use std::path::Path;

use super::Fault;

/// The lock of a target's state, held until it is dropped.
#[derive(Debug)]
pub struct Lock;

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// When another runner holds it.
    pub fn take(folder: &Path) -> Result<Self, Fault> {
        let _ = folder;
        Ok(Self)
    }
}
