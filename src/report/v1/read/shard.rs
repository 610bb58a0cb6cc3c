//! What a shard's report has beyond that of a whole check, read again.

use super::{ReadError, Reader};
use crate::model;
use crate::report::v1;

impl Reader<'_> {
    pub(super) fn shard(&mut self, shard: v1::Shard) -> Result<model::Shard, ReadError> {
        let number = model::ShardNumber { index: shard.index, of: shard.of };
        if !(1..=number.of).contains(&number.index) || number.of > model::ShardNumber::MOST {
            return Err(ReadError::Word { what: "shard", word: number.to_string() });
        }
        let waivers = shard.waivers.into_iter().map(|one| self.waiver(one));
        let waivers = waivers.collect::<Result<_, _>>()?;
        let said = |said: v1::Said| model::SetNotices {
            set: said.set,
            accepted: said.accepted,
            history: said.history,
            unfilled: said.unfilled.into_iter().map(|one| (one.table, one.reason)).collect(),
        };
        Ok(model::Shard {
            number,
            tried: shard.tried.into_iter().map(|one| (one.set, one.migration)).collect(),
            sets: shard.sets,
            notices: shard.notices,
            said: shard.said.into_iter().map(said).collect(),
            waivers,
        })
    }

    fn waiver(&mut self, waiver: v1::WaiverUse) -> Result<model::WaiverUse, ReadError> {
        let in_set = |one: v1::WaiverUseIn| {
            Ok(model::WaiverUseIn {
                set: one.set,
                found: one.found,
                untold: one.untold,
                other_content: one.other_content.map(|one| self.finding(one)).transpose()?,
            })
        };
        let sets = waiver.sets.into_iter().map(in_set).collect::<Result<_, ReadError>>()?;
        Ok(model::WaiverUse { unused: self.finding(waiver.unused)?, sets })
    }
}
