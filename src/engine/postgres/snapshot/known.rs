//! What was read of the catalog, and when it was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use postgres::Row;

use crate::model::{Object, ObjectKey, Snapshot};

/// Objects, and what the catalog says of them.
pub(super) type Described = BTreeMap<ObjectKey, Object>;

/// When the rows were written that describe something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The number of the last transaction that did.
    last: i32,
    lines: i64,
    /// It has to be read in any case.
    pub(super) fresh: bool,
}

/// The stamps of a state.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    pub(super) relations: BTreeMap<u32, Stamp>,
    pub(super) others: Stamp,
}

impl Stamps {
    /// The stamps that `stamps.sql` answers with.
    pub(super) fn of(rows: &[Row]) -> Result<Self, postgres::Error> {
        let mut stamps = Self::default();
        for row in rows {
            let stamp =
                Stamp { last: row.try_get(1)?, lines: row.try_get(2)?, fresh: row.try_get(3)? };
            match row.try_get(0)? {
                0 => stamps.others = stamp,
                relation => drop(stamps.relations.insert(relation, stamp)),
            }
        }
        Ok(stamps)
    }
}

/// A state as it was read.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) stamps: Stamps,
    /// Relations with all that hangs on them.
    pub(super) relations: BTreeMap<u32, Arc<Described>>,
    /// The roles and the database.
    pub(super) server: Arc<Described>,
    /// Everything else.
    pub(super) others: Arc<Described>,
}

impl Known {
    /// The relations that are not what they were.
    pub(super) fn written_since(&self, before: &Self) -> Vec<u32> {
        let is_old = |(oid, stamp): &(&u32, &Stamp)| {
            !stamp.fresh && before.stamps.relations.get(oid) == Some(stamp)
        };
        self.stamps.relations.iter().filter(|one| !is_old(one)).map(|(oid, _)| *oid).collect()
    }

    /// Whether something has another name or is another's since, that relations which nobody wrote
    /// may be described by.
    pub(super) fn renames(&self, before: &Self) -> bool {
        let place = |object: &Object| (object.parent.clone(), object.notes.clone());
        let is_other = |(oid, now): (&u32, &Arc<Described>)| {
            let Some(old) = before.relations.get(oid) else { return false };
            old.iter().any(|(key, object)| {
                is_referred_to(&key.kind) && now.get(key).map(place) != Some(place(object))
            })
        };
        self.server != before.server || self.relations.iter().any(is_other)
    }

    /// Takes over what stayed.
    pub(super) fn take_over(&mut self, before: &Self) {
        for oid in self.stamps.relations.keys() {
            if let Some(old) = before.relations.get(oid) {
                self.relations.entry(*oid).or_insert_with(|| old.clone());
            }
        }
    }

    /// All of it.
    pub(super) fn snapshot(&self) -> Snapshot {
        let all = self.relations.values().chain([&self.server, &self.others]);
        let objects = all.flat_map(|one| one.iter());
        let mut snapshot = Snapshot {
            objects: objects.map(|(key, object)| (key.clone(), object.clone())).collect(),
        };
        super::fold_own_sequences(&mut snapshot);
        snapshot
    }
}

/// Whether others are described by the names of such objects.
fn is_referred_to(kind: &str) -> bool {
    !matches!(kind, "constraint" | "index" | "trigger" | "rule" | "policy")
}
