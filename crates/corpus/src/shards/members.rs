//! Videos in shards by name, `PATH.tar/MEMBER`, as the list that `corpus check` writes of shards has
//! them.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use locvtp_video::MediaLocation;
use locvtp_video::address::without_passwords;

use super::address::{ends_with_tar, is_remote};
use super::listing;
use super::opening::opened;
use super::settings::ShardSettings;
use super::shard::{Fetcher, ShardMember};
use crate::error::CorpusError;
use crate::intake::SourceVideo;

/// The shard and the member that a name names; none for the name of a file.
pub(crate) fn split(name: &str) -> Option<(&str, &str)> {
    let slash = name.match_indices('/').map(|(at, _)| at).find(|&at| ends_with_tar(&name[..at]))?;
    let (shard, member) = (&name[..slash], &name[slash + 1..]);
    (!member.is_empty()).then_some((shard, member))
}

/// Puts in the place of such names what they name, with what the shard knows of its video. A name
/// that leads to nothing here stays, and counts as a file that is missing.
///
/// # Errors
/// When a shard on a server cannot be read.
pub(crate) fn find<'a>(
    videos: impl Iterator<Item = &'a mut SourceVideo>,
    settings: &ShardSettings,
) -> Result<(), CorpusError> {
    let mut wanted: HashMap<String, &mut SourceVideo> = HashMap::new();
    let mut shards = BTreeSet::new();
    for video in videos {
        let name = video.media.as_ref().map(|media| media.path().to_string_lossy().into_owned());
        let Some(name) = name else { continue };
        if let Some((shard, _)) = split(&name)
            && (is_remote(shard) || Path::new(shard).is_file())
        {
            shards.insert(shard.to_owned());
            wanted.insert(without_passwords(&name).into_owned(), video);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let places = listing::places(shards.iter().map(String::as_str), settings)?;
    opened(&places, &Arc::new(Fetcher::new(settings)?), |shard, number, contents| {
        for sample in contents.samples {
            let Some(member) = sample.media else { continue };
            let name = format!("{}/{}", shard.name(), member.name);
            let Some(video) = wanted.remove(&name) else { continue };
            if let Ok(record) = sample.record {
                let known = record.into_source(&sample.key);
                video.media_end = known.media_end;
                video.cut_length_s = known.cut_length_s;
                video.is_picture = known.is_picture;
            }
            video.shard = Some(number);
            let member = ShardMember { shard: Arc::clone(shard), member };
            video.media = Some(MediaLocation::part(name, Arc::new(member)));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_member_is_a_shard_and_a_name_in_it() {
        let both = split("s3://b/set/00000.tar/000000003.mp4");
        assert_eq!(both, Some(("s3://b/set/00000.tar", "000000003.mp4")));
        assert_eq!(split("a.tar/films/x.mp4"), Some(("a.tar", "films/x.mp4")));
        for file in ["a.tar", "a.tar/", "films/x.mp4", "tar/x.mp4"] {
            assert_eq!(split(file), None, "{file}");
        }
    }
}
