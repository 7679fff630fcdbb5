//! Corpora in tar shards, as WebDataset and video2dataset write them: `00000.tar` with
//! `000000000.mp4`, `000000000.json` and `000000000.txt`, and so on.
//!
//! | module | idea |
//! |---|---|
//! | `address`, `listing` | folders, patterns, lists and addresses; `shards.json` |
//! | `members` | single videos by name, for lists of spans
//! | `scan`, `record` | which samples a tar holds; what a sample's JSON says |
//! | `index` | the same, written down beside the shard |
//! | `storage`, `cache`, `shard` | bytes from servers and S3, kept within a bound |
//! | [`pack`] | any corpus into shards |
//!
//! Reading a corpus reads the index of each shard, or else its headers and texts; a video's bytes
//! are read where they lie when a step wants them, or fetched by the loader's threads, which are
//! ahead of the encoder; the videos of a batch are fetched at once. The videos are sorted by id as
//! those of any corpus, so a run sees the same batches from loose files, from shards on disk, and
//! from shards on a server.

mod address;
mod cache;
mod index;
mod listing;
mod members;
pub mod pack;
mod record;
mod scan;
mod settings;
mod shard;
mod storage;

use std::path::Path;
use std::sync::Arc;

use locvtp_video::MediaLocation;
use rayon::prelude::*;

use self::listing::ShardPlace;
use self::scan::{Contents, Sample};
use self::shard::{Fetcher, Shard, ShardMember};
use crate::error::CorpusError;
use crate::intake::{Intake, SourceVideo};
use crate::report::DropReason;

pub(crate) use address::{is_address, is_list, is_remote};
pub(crate) use index::is_index;
pub(crate) use listing::{LIST_FILE, is_in};
pub(crate) use members::find as find_members;
pub use settings::{Fetch, ShardSettings};

/// Shards whose contents are read side by side, and held in memory.
const SHARDS_AT_ONCE: usize = 16;

/// Reads the shards at a path, pattern or address.
pub(crate) fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let settings = intake.shards().clone();
    settings.check()?;
    let places = listing::find(path, &settings)?;
    opened(&places, &Arc::new(Fetcher::new(&settings)), |shard, number, contents| {
        take(shard, number, contents, intake);
    })
}

/// Opens shards, several at once, and hands over in order what they hold, with each one's place
/// among them.
fn opened(
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

/// Hands the samples of a shard to the intake.
fn take(shard: &Arc<Shard>, number: u32, contents: Contents, intake: &mut Intake<'_>) {
    let name = shard.name();
    if contents.is_damaged {
        intake.drop_one(DropReason::ShardDamaged, &name, None);
    } else if contents.samples.is_empty() {
        intake.note(format!("{name}: is an empty shard"));
    }
    for key in contents.doubled {
        intake.drop_one(DropReason::VideoTwice, &key, None);
    }
    for Sample { key, media, record } in contents.samples {
        let record = match record {
            Ok(record) => record,
            Err(reason) => {
                intake.drop_one(reason, &key, None);
                continue;
            }
        };
        let Some(member) = media else {
            intake.drop_one(DropReason::VideoFileMissing, &key, None);
            continue;
        };
        if member.offset.saturating_add(member.len) > shard.bytes() {
            intake.drop_one(DropReason::ShardDamaged, &key, None);
            continue;
        }
        let path = format!("{name}/{}", member.name);
        let member = ShardMember { shard: Arc::clone(shard), member };
        intake.video(SourceVideo {
            media: Some(MediaLocation::part(path, Arc::new(member))),
            shard: Some(number),
            ..record.into_source(&key)
        });
    }
}
