//! Writing a feature file that may be killed at any moment.
//!
//! Features go to the [`Journal`] beside the output as they come. [`FeatureStore::finish`] writes the
//! output anew under another name, from what it held and what the journal has, and renames it: a
//! reader sees the old file or the new one. Videos stand in the order of their ids and nothing in the
//! file depends on the clock, so however often a run was killed, the file has the same bytes.

use std::path::{Path, PathBuf};

use locvtp_video::TimeSpan;
use locvtp_video::whole_file::{PartName, WholeFile};

use crate::error::FeatureError;
use crate::feature_file::{FeatureFile, FileKind, is_empty};
use crate::journal::Journal;
use crate::provenance::{Provenance, VideoSource};
use crate::video_features::{ClipBlock, ClipSource, VideoEntry};
use crate::video_id::check_id;
use crate::{SPANS, hdf5_file, safetensors_file};

/// A feature file that is being written.
pub struct FeatureStore {
    out: PathBuf,
    kind: FileKind,
    dataset: String,
    provenance: Provenance,
    journal: Journal,
    existing: Option<FeatureFile>,
    /// Videos that this process has pushed clips of.
    begun: std::collections::BTreeSet<String>,
}

/// What a feature file holds when it is finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Finished {
    /// Videos in the file.
    pub videos: usize,
    /// Clips in the file.
    pub clips: usize,
    /// Numbers of a feature; 0 in a file without videos.
    pub width: usize,
    /// Size of the file; 0 when there is none because there are no videos.
    pub bytes: u64,
}

impl FeatureStore {
    /// Opens the file `out` to add videos to it, or to make it, and keeps other runs away from it.
    /// With `fresh`, what it holds is left out.
    ///
    /// # Errors
    /// When another run writes it, it holds features of another kind, its name says no format, or
    /// the folder cannot be written.
    pub fn open(
        out: &Path,
        dataset: &str,
        provenance: Provenance,
        fresh: bool,
    ) -> Result<Self, FeatureError> {
        let kind = FileKind::of_name(out)?;
        let bad_name = |reason| Err(FeatureError::Id { id: dataset.to_owned(), reason });
        match dataset {
            "" => return bad_name("the name of a dataset is never empty"),
            SPANS => return bad_name("the dataset `spans` holds the time spans"),
            name if name.contains('/') => return bad_name("a dataset's name has no slash"),
            _ => {}
        }
        let journal = Journal::open(out, &provenance, dataset, fresh)?;
        let existing = match open_existing(out, dataset, &provenance, fresh) {
            Ok(existing) => existing,
            Err(error) => {
                // A run that cannot be leaves nothing behind.
                if journal.is_new() {
                    journal.remove()?;
                }
                return Err(error);
            }
        };
        let (out, dataset) = (out.to_owned(), dataset.to_owned());
        let begun = Default::default();
        Ok(Self { out, kind, dataset, provenance, journal, existing, begun })
    }

    /// Where the journal of an output lies while features come in.
    pub fn journal_of(out: &Path) -> PathBuf {
        Journal::path_for(out)
    }

    /// Whether the output has a video of this name, from whatever file.
    pub fn names(&self, id: &str) -> bool {
        self.existing.as_ref().is_some_and(|file| has(file, id))
    }

    /// Whether the video is there already, from a file of this size.
    ///
    /// # Errors
    /// When the output cannot be read.
    pub fn holds(&self, id: &str, bytes: u64) -> Result<bool, FeatureError> {
        if let Some(video) = self.journal.videos().get(id)
            && let Some(source) = &video.source
        {
            return Ok(source.bytes == bytes);
        }
        match &self.existing {
            Some(file) if has(file, id) => {
                Ok(file.entry(id)?.is_some_and(|entry| entry.source.bytes == bytes))
            }
            _ => Ok(false),
        }
    }

    /// Adds the next clips of a video; `values` is `[spans, d]`. The clips of several videos may
    /// come in turn.
    ///
    /// # Errors
    /// When the id cannot be a name in the file, or the disk refuses.
    pub fn push(
        &mut self,
        id: &str,
        spans: &[TimeSpan],
        values: &[f32],
    ) -> Result<(), FeatureError> {
        if self.begun.contains(id) {
            return self.journal.push(id, spans, values, false);
        }
        check_id(id)?;
        self.begun.insert(id.to_owned());
        // What a killed run left of it is passed over.
        self.journal.push(id, spans, values, true)
    }

    /// Says that all clips of a video were pushed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn video_done(&mut self, id: &str, source: VideoSource) -> Result<(), FeatureError> {
        self.begun.remove(id);
        self.journal.done(id, source)
    }

    /// Writes the output with everything that is done, if there is anything new, and removes the
    /// journal. Videos that were begun and not done are left out.
    ///
    /// # Errors
    /// When the disk refuses; the output is as it was then, and the journal too.
    pub fn finish(mut self) -> Result<Finished, FeatureError> {
        let entries = self.entries()?;
        let is_new = |video: &crate::journal::Journalled| video.source.is_some();
        if self.journal.videos().values().any(is_new) {
            self.write(&entries)?;
        }
        let bytes = std::fs::metadata(&self.out).map_or(0, |about| about.len());
        self.journal.remove()?;
        Ok(Finished {
            videos: entries.len(),
            clips: entries.iter().map(|entry| entry.num_clips).sum(),
            width: entries.first().map_or(0, |entry| entry.width),
            bytes,
        })
    }

    /// All videos of the finished file, by id.
    fn entries(&self) -> Result<Vec<VideoEntry>, FeatureError> {
        let mut entries = Vec::new();
        for (id, video) in self.journal.videos() {
            if let Some(source) = &video.source {
                let (id, source) = (id.clone(), source.clone());
                let (num_clips, width) = (video.num_clips(), video.width());
                entries.push(VideoEntry { id, num_clips, width, source });
            }
        }
        if let Some(file) = &self.existing {
            for id in file.ids() {
                let replaced = self.journal.videos().get(id).is_some_and(|v| v.source.is_some());
                if !replaced {
                    let foreign = || FeatureError::Foreign { path: self.out.clone() };
                    entries.push(file.entry(id)?.ok_or_else(foreign)?);
                }
            }
        }
        entries.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(entries)
    }

    fn write(&mut self, entries: &[VideoEntry]) -> Result<(), FeatureError> {
        self.journal.sync()?;
        // The journal's lock says that no other run of ours is at it.
        let whole = WholeFile::beside(&self.out, PartName::Same("part"));
        let part = whole.part();
        whole.clear().map_err(FeatureError::io(part, "remove what a killed run left"))?;
        let mut source = Sources { journal: &mut self.journal, existing: &mut self.existing };
        let written = match self.kind {
            FileKind::Hdf5 => {
                hdf5_file::write(part, &self.dataset, &self.provenance, entries, &mut source)
            }
            FileKind::Safetensors => {
                safetensors_file::write(part, &self.provenance, entries, &mut source)
            }
        };
        written?;
        std::fs::File::open(part)
            .and_then(|written| whole.finish(&written))
            .map_err(FeatureError::io(&self.out, "put it in place"))
    }
}

/// The output as an earlier run left it, if there is one and it is to be kept.
fn open_existing(
    out: &Path,
    dataset: &str,
    provenance: &Provenance,
    fresh: bool,
) -> Result<Option<FeatureFile>, FeatureError> {
    // Nothing is lost with an empty file, as `mktemp` makes one.
    let is_nothing = !out.exists() || out.is_file() && is_empty(out);
    if fresh || is_nothing {
        return Ok(None);
    }
    let file = FeatureFile::open(out, Some(dataset))?;
    let path = out.to_owned();
    let Some(there) = file.provenance() else { return Err(FeatureError::Foreign { path }) };
    if there.is_of_before() {
        return Err(FeatureError::OfBefore { path });
    }
    match provenance.difference(&there) {
        Some(difference) => Err(FeatureError::OtherSettings { path, difference }),
        None => Ok(Some(file)),
    }
}

/// The journal's clips and those of the file as it was; what is in both is the journal's.
struct Sources<'a> {
    journal: &'a mut Journal,
    existing: &'a mut Option<FeatureFile>,
}

impl ClipSource for Sources<'_> {
    fn block(&mut self, entry: &VideoEntry, first: usize) -> Result<ClipBlock, FeatureError> {
        let journalled = self.journal.videos().get(&entry.id);
        match self.existing {
            Some(file) if journalled.is_none_or(|video| video.source.is_none()) => {
                file.block(&entry.id, first)
            }
            _ => self.journal.block(&entry.id, first),
        }
    }
}

fn has(file: &FeatureFile, id: &str) -> bool {
    file.ids().binary_search_by(|known| known.as_str().cmp(id)).is_ok()
}
