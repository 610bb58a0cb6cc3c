//! Which part of a check this shard does.
//!
//! What is shared out are the judged migrations, in the order of the sets and of the run. A shard
//! still walks the whole of every set that it has a migration of, as each migration stands on those
//! before it and its way back leads through those after it; what it saves is everything that is
//! tried with the others and taken back. So a shard gets neighbours, and few sets.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Entry, SetCatalog};
use crate::error::GateError;
use crate::model::{EngineKind, Position, Shard, ShardNumber, WaiverUse, quoted};
use crate::sql::statements;

/// What this run has to answer for.
pub(super) struct Share {
    /// Which shard it is; `None` where it is the whole check.
    number: Option<ShardNumber>,
    sets: BTreeMap<String, SetShare>,
}

/// Who answers for a set.
#[derive(Default)]
struct SetShare {
    /// The shard that tells what is about no judged migration: that of the first of them.
    home: usize,
    /// The shard of each judged migration.
    judged: BTreeMap<String, usize>,
}

impl Share {
    /// Shares the sets out; the same sets give the same shares.
    pub(super) fn of(
        number: Option<ShardNumber>,
        catalogs: &[&SetCatalog],
        all: bool,
    ) -> Result<Self, GateError> {
        let Some(known) = number else { return Ok(Self { number, sets: BTreeMap::new() }) };
        let works: Vec<SetWork> = catalogs.iter().map(|catalog| work(catalog, all)).collect();
        let mut names = BTreeSet::new();
        if let Some(twice) = works.iter().find(|work| !names.insert(&work.set)) {
            return Err(GateError::Usage(format!(
                "two sets bear the name {}, and shards tell sets by their names\n  help: give each \
                 set its own name in migration-gate.toml",
                quoted(&twice.set)
            )));
        }
        let mut shards = shared_out(&works, known.of).into_iter();
        let mut sets = BTreeMap::new();
        for work in works {
            let mut share = SetShare::default();
            for (at, (migration, _)) in work.units.into_iter().enumerate() {
                let shard = shards.next().unwrap_or(known.of);
                if at == 0 {
                    share.home = shard;
                }
                share.judged.extend(migration.map(|migration| (migration, shard)));
            }
            sets.insert(work.set, share);
        }
        Ok(Self { number, sets })
    }

    /// Whether it is one shard of several.
    pub(super) fn is_part(&self) -> bool {
        self.number.is_some()
    }

    /// Whether this run tells what is about a migration of a set, or about the set as a whole; an
    /// unknown set stands for the whole repository.
    pub(super) fn tells(&self, set: &str, migration: Option<&str>) -> bool {
        let Some(number) = self.number else { return true };
        let shard = self.sets.get(set).map_or(1, |share| {
            *migration.and_then(|id| share.judged.get(id)).unwrap_or(&share.home)
        });
        shard == number.index
    }

    /// Whether anything of a set is told here.
    pub(super) fn has_part_in(&self, set: &str) -> bool {
        let judged = self.sets.get(set).map(|share| share.judged.keys());
        self.tells(set, None) || judged.into_iter().flatten().any(|id| self.tells(set, Some(id)))
    }

    /// What the report says of this share, where it is one shard of several. `judged` are the
    /// judged migrations of each set.
    pub(super) fn told(&self, waivers: Vec<WaiverUse>) -> Option<Shard> {
        let mut shard = Shard {
            number: self.number?,
            tried: Vec::new(),
            sets: Vec::new(),
            notices: Vec::new(),
            said: Vec::new(),
            waivers,
        };
        for (set, share) in &self.sets {
            shard.sets.extend(self.tells(set, None).then(|| set.clone()));
            let tried = share.judged.keys().filter(|id| self.tells(set, Some(id)));
            shard.tried.extend(tried.map(|id| (set.clone(), id.clone())));
        }
        Some(shard)
    }
}

/// What there is to do for a set, in statements.
struct SetWork {
    set: String,
    /// What every shard does that has a part in it.
    path: u64,
    /// What one shard does for each judged migration; one without a migration where none is judged.
    units: Vec<(Option<String>, u64)>,
}

/// What a migration costs beside its statements: the schema is read several times, whatever they
/// do.
const MIGRATION: u64 = 6;
/// What it costs to start the engine: seconds for a server, nothing to speak of for a library.
const SERVER: u64 = 120;

fn work(catalog: &SetCatalog, all: bool) -> SetWork {
    let cost = |entry: &Entry| {
        let script = entry.migration.up.script();
        MIGRATION + script.map_or(0, |script| u64::try_from(statements(script).len()).unwrap_or(0))
    };
    let order = catalog.run_order(all);
    let (judged, history): (Vec<_>, Vec<_>) =
        order.into_iter().partition(|(_, position)| *position == Position::Judged);
    let mut units: Vec<(Option<String>, u64)> =
        judged.iter().map(|(entry, _)| (Some(entry.migration.id.clone()), cost(entry))).collect();
    let start = if catalog.info.engine == EngineKind::Postgres { SERVER } else { 1 };
    let path = match units.is_empty() && !catalog.rewrites_history() {
        true => 1,
        // Measured on 285 migrations for PostgreSQL: the walk through a migration takes as long as
        // all that is tried with it, and one of the history a fifth of that.
        false => {
            let history = u64::try_from(history.len()).unwrap_or(u64::MAX / 4);
            units.iter().fold(start + history, |sum, (_, cost)| sum.saturating_add(*cost))
        }
    };
    if units.is_empty() {
        units.push((None, 1));
    }
    SetWork { set: catalog.info.name.clone(), path, units }
}

/// The shard of every unit, from 1: neighbours, so that the one with the most to do has the least
/// possible.
fn shared_out(works: &[SetWork], shards: usize) -> Vec<usize> {
    let costs = |work: &SetWork| {
        work.units.iter().fold(work.path, |sum, (_, cost)| sum.saturating_add(*cost))
    };
    let mut most = works.iter().map(costs).fold(0, u64::saturating_add);
    let mut too_little = 0;
    while too_little + 1 < most {
        let limit = too_little + (most - too_little) / 2;
        match filled(works, limit).is_some_and(|found| found.last() <= Some(&shards)) {
            true => most = limit,
            false => too_little = limit,
        }
    }
    filled(works, most).unwrap_or_default()
}

/// The shard of every unit where each takes as much as the limit lets it; `None` where a unit
/// alone is too much.
fn filled(works: &[SetWork], limit: u64) -> Option<Vec<usize>> {
    let (mut shard, mut load) = (1, 0_u64);
    let mut found = Vec::new();
    for work in works {
        let mut is_walked = false;
        for (_, cost) in &work.units {
            let path = if is_walked { 0 } else { work.path };
            let alone = work.path.saturating_add(*cost);
            let more = load.saturating_add(path).saturating_add(*cost);
            if alone > limit {
                return None;
            }
            (shard, load) = if more > limit { (shard + 1, alone) } else { (shard, more) };
            is_walked = true;
            found.push(shard);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{SetWork, filled, shared_out};

    fn works(sets: &[(u64, &[u64])]) -> Vec<SetWork> {
        let unit = |cost: &u64| (Some("m".to_owned()), *cost);
        let work = |(path, costs): &(u64, &[u64])| SetWork {
            set: "s".into(),
            path: *path,
            units: costs.iter().map(unit).collect(),
        };
        sets.iter().map(work).collect()
    }

    #[test]
    fn the_heaviest_share_is_as_light_as_can_be() {
        let one = works(&[(0, &[1, 1, 1, 1])]);
        assert_eq!(shared_out(&one, 1), [1, 1, 1, 1]);
        assert_eq!(shared_out(&one, 2), [1, 1, 2, 2]);
        assert_eq!(shared_out(&one, 9), [1, 2, 3, 4]);
        assert_eq!(shared_out(&works(&[(0, &[9, 1, 1, 1])]), 2), [1, 2, 2, 2]);
        assert_eq!(shared_out(&[], 3), [0; 0]);
    }

    #[test]
    fn a_set_is_cut_only_where_its_walk_is_worth_it() {
        assert_eq!(shared_out(&works(&[(50, &[1, 1]), (50, &[1, 1])]), 2), [1, 1, 2, 2]);
        // A second walk would make no share lighter than the first set is anyway.
        assert_eq!(shared_out(&works(&[(50, &[60]), (5, &[9, 9])]), 2), [1, 2, 2]);
    }

    #[test]
    fn a_unit_that_is_too_much_by_itself_fits_nowhere() {
        assert_eq!(filled(&works(&[(5, &[5])]), 9), None);
        assert_eq!(filled(&works(&[(5, &[5])]), 10), Some(vec![1]));
    }
}
