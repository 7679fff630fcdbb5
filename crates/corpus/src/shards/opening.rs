//! Many shards opened side by side, and taken one after the other.

use std::sync::Arc;

use rayon::prelude::*;

use super::listing::ShardPlace;
use super::scan::Contents;
use super::shard::{Fetcher, Shard};
use crate::error::CorpusError;

/// Shards whose contents are read side by side, and held in memory.
const SHARDS_AT_ONCE: usize = 16;

/// Opens shards, several at once, and hands over in order what they hold, with each one's place
/// among them.
pub(super) fn opened(
    places: &[ShardPlace],
    fetcher: &Arc<Fetcher>,
    mut take: impl FnMut(&Arc<Shard>, u32, Contents),
) -> Result<(), CorpusError> {
    for (block, places) in places.chunks(SHARDS_AT_ONCE).enumerate() {
        let read: Vec<Result<(Shard, Contents), CorpusError>> = places
            .par_iter()
            .map(|place| {
                let shard = Shard::open(place.clone(), Arc::clone(fetcher))?;
                let contents = shard.contents()?;
                Ok((shard, contents))
            })
            .collect();
        for (number, read) in read.into_iter().enumerate() {
            let (shard, contents) = read?;
            let number = u32::try_from(block * SHARDS_AT_ONCE + number).unwrap_or(u32::MAX);
            take(&Arc::new(shard), number, contents);
        }
    }
    Ok(())
}
