//! Annotation files, read without their videos.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use locvtp_corpus::{
    CorpusReader, DroppedExample, FileLookup, NarratedVideo, ReadSettings, Subset, VideoSink,
};
use locvtp_video::media_endings::is_video;

use super::Faults;
use crate::error::TransferError;

/// Which annotations are the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TruthSource {
    /// Files or folders of any layout that `locvtp corpus check` knows.
    pub paths: Vec<PathBuf>,
    /// The part of the data set; all when not given.
    pub subset: Option<Subset>,
    /// A list of the ids to take; all when not given.
    pub only: Option<PathBuf>,
}

/// The annotated videos, by name.
#[derive(Debug, Default)]
pub struct Truth {
    /// By id, as tasks have them: a mean over queries is the same to the last bit then.
    pub videos: Vec<NarratedVideo>,
    /// What was repaired or left out while they were read.
    pub notes: Vec<String>,
    by_id: HashMap<String, usize>,
    by_bare_id: HashMap<String, usize>,
    repeated: Faults,
}

impl Truth {
    /// Reads the annotations; a video that two files describe is taken from the first.
    ///
    /// # Errors
    /// When a file cannot be read or is of no known layout, or nothing in it can be used.
    pub fn read(source: &TruthSource) -> Result<Self, TransferError> {
        let settings = ReadSettings {
            list: source.only.clone(),
            subset: source.subset,
            ..ReadSettings::default()
        };
        let mut truth = Self::default();
        for path in &source.paths {
            let reader = CorpusReader::new(path, &settings, FileLookup::Never)?;
            for source in reader.sources() {
                let report = reader.read(source, &mut truth)?;
                truth.notes.extend(report.notes);
                truth.notes.extend(report.dropped.iter().map(|(reason, count)| {
                    format!("{count} left out of {}: {reason}", path.display())
                }));
            }
        }
        if let Some(first) = &truth.repeated.first {
            let count = truth.repeated.count;
            truth.notes.push(format!(
                "{count} videos are annotated twice; the first description counts (first: {first})"
            ));
        }
        if truth.videos.is_empty() {
            return Err(TransferError::Nothing { what: "annotated videos in the truth" });
        }
        let mut videos = std::mem::take(&mut truth.videos);
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        let mut sorted = Self { notes: truth.notes, ..Self::default() };
        videos.into_iter().for_each(|video| sorted.video(video));
        Ok(sorted)
    }

    /// The place of a video among [`Truth::videos`]; an ending of the name (`.mp4`) does not count.
    pub fn find(&self, id: &str) -> Option<usize> {
        let bare = || self.by_bare_id.get(without_ending(id));
        self.by_id.get(id).or_else(bare).copied()
    }

    /// That something matched.
    ///
    /// # Errors
    /// When every prediction is of a video or a text that is not annotated.
    pub(super) fn check_matched(
        &self,
        matched: usize,
        unknown: &[&Faults],
    ) -> Result<(), TransferError> {
        match unknown.iter().find_map(|faults| faults.first.as_ref()) {
            Some(found) if matched == 0 => Err(TransferError::NothingMatches {
                predicted: found.clone(),
                annotated: self.videos[0].id.clone(),
                caption: self.videos[0].captions[0].text.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl VideoSink for Truth {
    fn video(&mut self, video: NarratedVideo) {
        if self.by_id.contains_key(&video.id) {
            self.repeated.note(|| format!("{:?}", video.id));
            return;
        }
        let place = self.videos.len();
        self.by_id.insert(video.id.clone(), place);
        self.by_bare_id.entry(without_ending(&video.id).to_owned()).or_insert(place);
        self.videos.push(video);
    }

    fn dropped(&mut self, _dropped: &DroppedExample) {}
}

/// A name without the ending of a video file.
fn without_ending(id: &str) -> &str {
    match id.rsplit_once('.') {
        Some((bare, _)) if is_video(Path::new(id)) => bare,
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn videos_stand_by_their_ids_whatever_the_order_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("val_1.json");
        let video = r#"{"duration": 9.0, "timestamps": [[1, 2]], "sentences": ["it moves"]}"#;
        let text = format!(r#"{{"v_c": {video}, "v_a": {video}, "v_b": {video}}}"#);
        std::fs::write(&path, text).unwrap();
        let source = TruthSource { paths: vec![path], ..TruthSource::default() };
        let truth = Truth::read(&source).unwrap();
        let ids: Vec<&str> = truth.videos.iter().map(|video| video.id.as_str()).collect();
        assert_eq!(ids, ["v_a", "v_b", "v_c"]);
        assert_eq!(truth.find("v_c.mp4"), Some(2));
    }
}
