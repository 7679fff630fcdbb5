//! Annotation files, read without their videos.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use locvtp_corpus::{
    CorpusError, CorpusReader, DropReason, DroppedExample, FileLookup, Layout, NarratedVideo,
    ReadSettings, Subset, VideoSink,
};
use locvtp_video::counted::counted_as;
use locvtp_video::media_endings::is_video;
use serde::Serialize;

use super::Faults;
use crate::annotated_query::{AnnotatedQuery, Repeats, SameSentence, annotated_queries};
use crate::error::MeasureError;
use crate::path_error::PathError;

/// Which annotations are the truth.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TruthSource {
    /// Files or folders of any layout that `locvtp corpus check` knows.
    pub paths: Vec<PathBuf>,
    /// How they are laid out; found out when not given.
    pub layout: Option<Layout>,
    /// The part of the data set; all when not given.
    pub subset: Option<Subset>,
    /// A list of the ids to take; all when not given.
    pub only: Option<PathBuf>,
    /// What a sentence is that is annotated several times in one video.
    pub same_sentence: SameSentence,
}

impl TruthSource {
    /// All of these files or folders, each laid out as is found out.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, ..Self::default() }
    }
}

/// A file of the truth, and how it was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TruthFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it is laid out.
    pub layout: Layout,
    /// Videos that were taken from it.
    pub videos: usize,
    /// Their captions.
    pub captions: usize,
}

/// The annotated videos, by name.
#[derive(Debug, Default)]
pub struct Truth {
    /// By id, as tasks have them: a mean over queries is the same to the last bit then.
    pub videos: Vec<NarratedVideo>,
    /// What is asked of each video.
    pub queries: Vec<Vec<AnnotatedQuery>>,
    /// The files.
    pub sources: Vec<TruthFile>,
    /// What was repaired or left out while they were read.
    pub notes: Vec<String>,
    source: TruthSource,
    by_id: HashMap<String, usize>,
    by_bare_id: HashMap<String, usize>,
    repeated: Faults,
}

impl Truth {
    /// Reads the annotations; a video that two files describe is taken from the first.
    ///
    /// # Errors
    /// When a file cannot be read or is of no known layout, or nothing in it can be used.
    pub fn read(source: &TruthSource) -> Result<Self, MeasureError> {
        let settings = ReadSettings {
            layout: source.layout,
            list: source.only.clone(),
            subset: source.subset,
            ..ReadSettings::default()
        };
        let mut truth = Self { source: source.clone(), ..Self::default() };
        let mut dropped: BTreeMap<DropReason, usize> = BTreeMap::new();
        let mut not_asked_for = 0;
        for path in &source.paths {
            PathError::expect_there(path)?;
            let reader = CorpusReader::new(path, &settings, FileLookup::Never).map_err(of_truth)?;
            for file in reader.sources() {
                let report = reader.read(file, &mut truth)?;
                let (path, layout) = (file.path.clone(), file.layout);
                let (videos, captions) = (report.videos, report.captions);
                truth.sources.push(TruthFile { path: path.clone(), layout, videos, captions });
                truth.notes.extend(report.notes);
                truth.notes.extend(report.dropped.iter().map(|(reason, count)| {
                    format!("{count} left out of {} ({layout}): {reason}", path.display())
                }));
                for (reason, count) in report.dropped {
                    *dropped.entry(reason).or_default() += count;
                }
                not_asked_for += report.not_asked_for;
            }
        }
        if let Some(first) = &truth.repeated.first {
            let twice =
                counted_as(truth.repeated.count, "video is annotated", "videos are annotated");
            truth.notes.push(format!(
                "{twice} twice in {}; the first description counts (first: {first})",
                truth.described()
            ));
        }
        if truth.videos.is_empty() {
            let mut reasons: Vec<String> =
                dropped.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
            if not_asked_for > 0 {
                reasons.push(format!(
                    "of another part or not in the list: {}",
                    counted_as(not_asked_for, "video", "videos")
                ));
            }
            if reasons.is_empty() {
                reasons.push("there are none".to_owned());
            }
            let (truth, reasons) = (truth.described(), reasons.join(", "));
            return Err(MeasureError::EmptyTruth { truth, reasons });
        }
        let mut videos = std::mem::take(&mut truth.videos);
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        let Self { notes, sources, source, .. } = truth;
        let mut sorted = Self { notes, sources, source, ..Self::default() };
        videos.into_iter().for_each(|video| sorted.video(video));
        Ok(sorted)
    }

    /// The files, their layout, and which part of them was taken: as messages name the truth.
    pub fn described(&self) -> String {
        let files: Vec<String> = self
            .sources
            .iter()
            .map(|file| format!("{} ({})", file.path.display(), file.layout))
            .collect();
        let subset = self.source.subset.map(|subset| format!("subset {subset}"));
        let only = self.source.only.as_ref().map(|only| format!("only {}", only.display()));
        let part: Vec<String> = subset.into_iter().chain(only).collect();
        let files = if files.is_empty() { "the truth".to_owned() } else { files.join(" and ") };
        if part.is_empty() { files } else { format!("{files}, {}", part.join(", ")) }
    }

    /// Whether sentences have several windows: in the form of QVHighlights, or joined.
    pub fn has_windows(&self) -> bool {
        self.source.same_sentence == SameSentence::Joined
            || self.videos.iter().any(|video| !video.queries.is_empty())
    }

    /// What a person should know of sentences that are annotated several times.
    pub fn told_repeats(&self) -> Option<String> {
        let mut repeats = Repeats::default();
        for (video, queries) in self.videos.iter().zip(&self.queries) {
            repeats.look_at(&video.id, queries);
        }
        let told = repeats.told("--same-sentence joined")?;
        Some(format!("{}: {told}", self.described()))
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
    ) -> Result<(), MeasureError> {
        match unknown.iter().find_map(|faults| faults.first.as_ref()) {
            Some(found) if matched == 0 => Err(MeasureError::NothingMatches {
                predicted: found.clone(),
                truth: self.described(),
                annotated: self.videos[0].id.clone(),
                caption: self.videos[0].captions[0].text.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// An error in the words of who gives a truth.
fn of_truth(error: CorpusError) -> MeasureError {
    match error {
        CorpusError::UnknownLayout { path } => MeasureError::UnknownTruth { path },
        other => other.into(),
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
        self.queries.push(annotated_queries(&video, self.source.same_sentence));
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
        let truth = Truth::read(&TruthSource::new(vec![path])).unwrap();
        let ids: Vec<&str> = truth.videos.iter().map(|video| video.id.as_str()).collect();
        assert_eq!(ids, ["v_a", "v_b", "v_c"]);
        assert_eq!(truth.find("v_c.mp4"), Some(2));
        // What stands behind a point is part of the name where it ends no video's.
        assert_eq!(truth.find("v_c.part"), None);
    }

    /// A file with this name and text, and its folder.
    fn file(name: &str, text: &str) -> (tempfile::TempDir, TruthSource) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, TruthSource::new(vec![path]))
    }

    #[test]
    fn layout_list_and_subset_choose_what_is_read() {
        // Frames as TACoS has them; as ActivityNet Captions the same numbers are seconds.
        let video =
            r#"{"timestamps": [[20, 40]], "sentences": ["it moves"], "fps": 10, "num_frames": 90}"#;
        let (folder, source) = file("test.json", &format!(r#"{{"a": {video}, "b": {video}}}"#));
        let first = |source: &TruthSource| {
            let truth = Truth::read(source).unwrap();
            let ids: Vec<String> = truth.videos.iter().map(|video| video.id.clone()).collect();
            (ids.concat(), truth.queries[0][0].windows[0].start.0)
        };
        assert_eq!(first(&source), ("ab".to_owned(), 2.0));
        let as_seconds = TruthSource { layout: Some(Layout::ActivityNet), ..source.clone() };
        assert_eq!(first(&as_seconds), ("ab".to_owned(), 20.0));
        let list = folder.path().join("list.txt");
        std::fs::write(&list, "b\n").unwrap();
        assert_eq!(first(&TruthSource { only: Some(list), ..source.clone() }).0, "b");
        assert_eq!(first(&TruthSource { subset: Some(Subset::Test), ..source.clone() }).0, "ab");
        let of_train = TruthSource { subset: Some(Subset::Train), ..source };
        let error = Truth::read(&of_train).unwrap_err().to_string();
        assert!(error.contains("of another part or not in the list: 2 videos)"), "{error}");
        assert!(error.contains("test.json (tacos), subset train"), "{error}");
    }

    #[test]
    fn what_was_left_out_is_a_note_or_where_nothing_is_left_the_reason() {
        let bad = r#"{"duration": 9, "timestamps": [[2, 2], [3, 1]], "sentences": ["a", "b"]}"#;
        let good = r#"{"duration": 9, "timestamps": [[1, 2]], "sentences": ["c"]}"#;
        let (_folder, source) = file("val_1.json", &format!(r#"{{"v_a": {bad}, "v_b": {good}}}"#));
        let truth = Truth::read(&source).unwrap();
        assert!(!truth.has_windows());
        let path = source.paths[0].display();
        let told = format!("2 left out of {path} (activitynet): end not after start");
        assert!(truth.notes.contains(&told), "{:?}", truth.notes);
        // Two files of nothing else: their faults are one sum, and no part was asked for.
        let (_first, mut source) = file("val_1.json", &format!(r#"{{"v_a": {bad}}}"#));
        let (_second, other) = file("val_2.json", &format!(r#"{{"v_b": {bad}}}"#));
        source.paths.extend(other.paths);
        let error = Truth::read(&source).unwrap_err().to_string();
        assert!(error.contains("(end not after start: 4, video without captions: 2)"), "{error}");
    }

    #[test]
    fn only_a_list_that_is_not_there_is_said_to_be_missing() {
        let video = r#"{"duration": 9, "timestamps": [[1, 2]], "sentences": ["c"]}"#;
        let (folder, mut source) = file("val_1.json", &format!(r#"{{"v_a": {video}}}"#));
        source.only = Some(folder.path().join("gone.txt"));
        let error = Truth::read(&source).unwrap_err();
        assert!(matches!(error, MeasureError::Path(PathError::Missing { .. })), "{error:?}");
        source.only = Some(folder.path().to_owned());
        let error = Truth::read(&source).unwrap_err();
        assert!(matches!(error, MeasureError::Corpus(CorpusError::Read { .. })), "{error:?}");
    }
}
