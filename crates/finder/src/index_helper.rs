//! Indexing by several processes: rank 0 plans, writes the catalogue and tells how it goes, and the others encode their share.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use locvtp_cluster::{Communicator, Fact, same_on_all};
use locvtp_corpus::WordsBeside;
use locvtp_search::catalogue::{FileId, ModelRecord};
use locvtp_search::identity::{Candidate, ContentIdentity, Look};
use locvtp_transfer::Embedder;
use locvtp_transfer::extraction::{
    ExtractSettings, FeatureSpace, VideoEncoding, VideoEnd, VideoFile,
};
use locvtp_video::{ReadLimits, VideoOpener};
use serde::{Deserialize, Serialize};

use crate::beside_clips::BesideClips;
use crate::error::FinderError;
use crate::index_sampling::IndexSampling;
use crate::model_record::model_record;

/// Encodes the share of another rank than 0, while [`Indexer::add`](crate::Indexer::add) runs on rank 0 with the same model,
/// sampling and opener ([`Indexer::with_ranks`](crate::Indexer::with_ranks)).
/// `should_stop` is asked whether this process is to stop, which stops all. No catalogue is opened.
///
/// # Errors
/// When the model's files cannot be read or are not those of rank 0, or its features are not finite.
pub fn help_to_index(
    ranks: &dyn Communicator,
    embedder: &Embedder,
    dir: &Path,
    sampling: IndexSampling,
    opener: VideoOpener,
    should_stop: &dyn Fn() -> bool,
) -> Result<(), FinderError> {
    let model = model_record(embedder, dir, sampling)?;
    let settings = ExtractSettings { opener, ..index_settings(embedder, sampling) };
    let candidates = share_out(ranks, &model, &[])?;
    if candidates.is_empty() {
        return Ok(());
    }
    let videos = videos(&candidates);
    let candidates = by_path(candidates);
    let encoding = VideoEncoding { ranks, embedder, settings: &settings };
    let mut beside = beside_clips(&candidates, settings.opener.settings.limits);
    Ok(encoding.help(&videos, &mut beside, should_stop)?)
}

/// How clips of an index are made.
pub(crate) fn index_settings(embedder: &Embedder, sampling: IndexSampling) -> ExtractSettings {
    ExtractSettings {
        space: Some(FeatureSpace::Projected),
        stride: sampling.stride(&embedder.directory().preprocessing),
        skip_damaged: true,
        take_over_stills: true,
        ..ExtractSettings::default()
    }
}

/// What is to be encoded, told to all by rank 0, where all have the same model.
pub(crate) fn share_out(
    ranks: &dyn Communicator,
    model: &ModelRecord,
    candidates: &[Candidate],
) -> Result<Vec<Candidate>, FinderError> {
    // Rank 0 may read whole files before, to tell them from others.
    ranks.progress().rest();
    // It may lie elsewhere for another rank.
    same_on_all(ranks, &[Fact::shown("model", format!("{:032x}", model.fingerprint()))])?;
    let told: Vec<Told> = candidates.iter().map(Told::of).collect();
    let told = serde_json::to_vec(&told).expect("plain data");
    let told: Vec<Told> =
        serde_json::from_slice(&ranks.gather_bytes(&told)?[0]).expect("rank 0's list");
    Ok(told.into_iter().map(Told::candidate).collect())
}

/// The videos of candidates.
pub(crate) fn videos(candidates: &[Candidate]) -> Vec<VideoFile> {
    let video = |candidate: &Candidate| VideoFile {
        id: candidate.look.path.display().to_string(),
        path: candidate.look.path.clone(),
        bytes: candidate.look.size,
    };
    candidates.iter().map(video).collect()
}

pub(crate) fn by_path(candidates: Vec<Candidate>) -> HashMap<PathBuf, Candidate> {
    candidates.into_iter().map(|it| (it.look.path.clone(), it)).collect()
}

/// What is found out of each beside its clips.
pub(crate) fn beside_clips(
    candidates: &HashMap<PathBuf, Candidate>,
    limits: ReadLimits,
) -> impl FnMut(&VideoFile, &VideoEnd) -> Vec<u8> + '_ {
    let mut words = WordsBeside::default();
    move |video, end| {
        let candidate = &candidates[&video.path];
        BesideClips::find(candidate, end, limits, &mut words).to_bytes()
    }
}

/// A candidate on its way; a path need be no text.
#[derive(Serialize, Deserialize)]
struct Told {
    path: Vec<u8>,
    size: u64,
    modified_ns: i64,
    changed_ns: i64,
    sample: [u8; 16],
    whole: Option<[u8; 16]>,
    identity_size: u64,
    file: Option<FileId>,
}

impl Told {
    fn of(Candidate { look, identity, file }: &Candidate) -> Self {
        Self {
            path: look.path.as_os_str().as_bytes().to_vec(),
            size: look.size,
            modified_ns: look.modified_ns,
            changed_ns: look.changed_ns,
            sample: identity.sample.to_le_bytes(),
            whole: identity.whole.map(u128::to_le_bytes),
            identity_size: identity.size,
            file: *file,
        }
    }

    fn candidate(self) -> Candidate {
        let (size, modified_ns, changed_ns) = (self.size, self.modified_ns, self.changed_ns);
        let path = OsString::from_vec(self.path).into();
        let (sample, whole) = (u128::from_le_bytes(self.sample), self.whole);
        let whole = whole.map(u128::from_le_bytes);
        let identity = ContentIdentity { size: self.identity_size, sample, whole };
        Candidate { look: Look { path, size, modified_ns, changed_ns }, identity, file: self.file }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_comes_as_it_was_sent() {
        let path = OsString::from_vec(vec![b'a', 0xFF, b'b']).into();
        let look = Look { path, size: 3, modified_ns: -4, changed_ns: i64::MAX };
        let identity = ContentIdentity { size: 3, sample: u128::MAX - 1, whole: Some(7) };
        let candidate = Candidate { look, identity, file: Some(FileId(9)) };
        assert_eq!(Told::of(&candidate).candidate(), candidate);
    }
}
