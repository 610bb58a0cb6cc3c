//! A schema in its versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Schema;
use crate::model::Pointer;

/// A schema of the contract, in the versions that are known.
#[derive(Clone, Debug)]
pub struct SchemaVersions {
    /// Its name in the contract.
    pub name: String,
    /// Where its documents say their version.
    pub version_at: Option<Pointer>,
    /// The schema of each version.
    pub versions: BTreeMap<String, Arc<Schema>>,
}
