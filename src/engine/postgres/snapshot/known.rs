//! What was read of the catalog, and when it was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use postgres::Row;

use crate::model::{Object, ObjectKey, Snapshot};

/// What the catalog says of some objects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) objects: BTreeMap<ObjectKey, Object>,
    /// What others are described by, under its number and the one that it has there.
    pub(super) names: BTreeMap<(u32, i16), ObjectKey>,
}

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
    /// The comments of constraints and the like.
    comments: Stamp,
    /// What is not described; the lines are those of extensions.
    foreign: Stamp,
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
                1 => stamps.comments = stamp,
                2 => stamps.foreign = stamp,
                relation => drop(stamps.relations.insert(relation, stamp)),
            }
        }
        Ok(stamps)
    }

    /// Whether what hangs on no relation may be as it was, as far as that is written down.
    pub(super) fn keeps_others(&self, before: &Self) -> bool {
        (self.others, self.comments, self.foreign)
            == (before.others, before.comments, before.foreign)
            && !self.others.fresh
    }

    /// Whether some of it may have been written that is not described.
    fn writes_unseen(&self, before: &Self) -> bool {
        self.comments != before.comments
            || self.foreign != before.foreign
            || self.foreign.lines > 0 && self.others != before.others
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
    /// The relations that are not what they were, once everything else is known.
    pub(super) fn written_since(&self, before: &Self) -> Vec<u32> {
        let speaks_alike =
            !self.stamps.writes_unseen(&before.stamps) && self.others.keeps(&before.others);
        let is_old = |(oid, stamp): &(&u32, &Stamp)| {
            speaks_alike && !stamp.fresh && before.stamps.relations.get(oid) == Some(stamp)
        };
        self.stamps.relations.iter().filter(|one| !is_old(one)).map(|(oid, _)| *oid).collect()
    }

    /// Whether all relations were read.
    pub(super) fn has_all(&self) -> bool {
        self.relations.len() == self.stamps.relations.len()
    }

    /// Whether what nobody wrote may be described otherwise, since roles or relations that were
    /// written have other names.
    pub(super) fn renames(&self, before: &Self) -> bool {
        let is_other = |(oid, now): (&u32, &Arc<Described>)| {
            before.relations.get(oid).is_some_and(|old| !now.keeps_names(old))
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
        let objects = all.flat_map(|one| one.objects.iter());
        let mut snapshot = Snapshot {
            objects: objects.map(|(key, object)| (key.clone(), object.clone())).collect(),
        };
        super::fold_own_sequences(&mut snapshot);
        snapshot
    }
}

impl Described {
    /// Whether nothing that stayed has another name since.
    fn keeps_names(&self, before: &Self) -> bool {
        let is_same = |(number, name)| self.names.get(number).is_none_or(|now| now == name);
        before.names.iter().all(is_same)
    }

    /// Whether nothing changed that relations which nobody wrote are described by: whoever refers to
    /// what came or is gone was written as well.
    fn keeps(&self, before: &Self) -> bool {
        let is_told_by_name =
            |kind: &str| matches!(kind, "schema" | "function" | "procedure" | "aggregate");
        let comes_and_goes =
            |kind: &str| is_told_by_name(kind) || matches!(kind, "type" | "domain");
        let is_kept = |(key, old): (&ObjectKey, &Object)| match self.objects.get(key) {
            Some(now) => now == old || is_told_by_name(&key.kind),
            None => comes_and_goes(&key.kind),
        };
        let is_no_news =
            |key: &ObjectKey| before.objects.contains_key(key) || comes_and_goes(&key.kind);
        self.keeps_names(before)
            && before.objects.iter().all(is_kept)
            && self.objects.keys().all(is_no_news)
    }
}
