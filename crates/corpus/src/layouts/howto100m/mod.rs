//! HowTo100M's files: narration as one caption JSON, or as one CSV a video, beside
//! `videos/<id>.{mp4,mkv,webm}`.
//!
//! The caption file is one object, `{video_id: {"start": [s..], "end": [s..], "text": [..]}}`,
//! several gigabytes for the whole set, so it is streamed: memory holds the videos being
//! understood. It was written by Python and is as untidy as that allows: texts that are no strings,
//! bare `NaN`, captions that end before they start. Such captions are dropped and counted;
//! captions out of order are sorted. An end after the end of the video stays, since finding it out
//! means opening the file: who opens it clips.
//!
//! `howto100m_captions.zip` holds the same as `<id>.csv` with the columns `start,end,text`; it is
//! read zipped or unzipped. Which videos to take may be said by a list, as MIL-NCE's
//! ([`IdList`](crate::IdList)).

mod captions;
mod list;
mod write;

use std::path::Path;

use crate::corpus::{Corpus, NarratedVideo};
use crate::error::CorpusError;
use crate::file_ending::has_ending;
use crate::glance::Glance;
use crate::intake::Intake;
use crate::layouts::layout_reader::LayoutReader;
use crate::narration_care::NarrationCare;
use crate::report::ReadReport;
use crate::video_files::VideoFiles;

pub use list::{read_task_names, read_video_list};
pub use write::write_captions;
pub(crate) use write::{ListedVideo, write_video_list};

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader {
    files_of_a_folder: &CAPTION_FILES,
    is_one_csv_a_video: true,
    describes_all_videos: true,
    ..LayoutReader::new(
        "howto100m",
        "HowTo100M: caption.json, raw_caption.json, or one CSV a video, zipped or not",
        is_recognised,
        read,
    )
};

/// Caption files, in the order of preference: without stop words, then plain.
const CAPTION_FILES: [&str; 2] = ["caption.json", "raw_caption.json"];

/// By the keys of a video, the columns of a CSV, or the names in a zip.
fn is_recognised(path: &Path, glance: &Glance) -> bool {
    match glance {
        Glance::Json(json) => {
            // A list is a manifest, or captions as transcribers write them.
            let keys = ["start", "end", "text"].into_iter().filter(|key| glance.has_key(2, key));
            !json.is_list() && keys.count() >= 2
        }
        Glance::Table(_) => glance.has_columns(&["start", "end", "text"]),
        Glance::Name => has_ending(path, &["zip"]) && captions::is_zip_of_csv(path),
        _ => false,
    }
}

/// Reads a caption JSON, a folder of CSV files or the zip of them.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    if path.is_dir() {
        captions::read_folder(path, intake)
    } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
        captions::read_zip(path, intake)
    } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        captions::read_files(vec![path.to_owned()], intake)
    } else {
        captions::read_json(path, intake)
    }
}

/// A corpus in HowTo100M's layout; its videos are sorted by id.
#[derive(Debug, Clone)]
pub struct HowTo100m {
    name: String,
    videos: Vec<NarratedVideo>,
}

impl HowTo100m {
    /// Reads the captions of every video under `dir/videos`, from `dir/caption.json` or
    /// `dir/raw_caption.json`.
    ///
    /// # Errors
    /// When there is no caption file, when it or the folder `videos` cannot be read, or when no
    /// video remains.
    pub fn open(dir: &Path) -> Result<(Self, ReadReport), CorpusError> {
        let caption_file = CAPTION_FILES
            .iter()
            .map(|name| dir.join(name))
            .find(|path| path.is_file())
            .ok_or_else(|| CorpusError::NoCaptionFile { dir: dir.to_owned() })?;
        let files = VideoFiles::under(&dir.join("videos"))?;
        let (mut videos, care) = (Vec::new(), NarrationCare::default());
        let mut intake = Intake::new(&care, &mut videos).with_files(Some(&files));
        read(&caption_file, &mut intake)?;
        intake.drop_undescribed_files();
        let report = intake.finish();
        if videos.is_empty() {
            let (dir, report) = (dir.to_owned(), Box::new(report));
            return Err(CorpusError::NothingUsable { dir, report });
        }
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        let name = dir
            .file_name()
            .map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned());
        Ok((Self { name, videos }, report))
    }
}

impl Corpus for HowTo100m {
    fn name(&self) -> &str {
        &self.name
    }

    fn videos(&self) -> &[NarratedVideo] {
        &self.videos
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Caption;
    use crate::drop_reason::DropReason;
    use locvtp_video::{Seconds, TimeSpan};

    fn folder(json: &str, files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("videos")).unwrap();
        std::fs::write(dir.path().join("caption.json"), json).unwrap();
        for file in files {
            std::fs::write(dir.path().join("videos").join(file), b"").unwrap();
        }
        dir
    }

    #[test]
    fn nan_texts_and_nan_times_are_skipped_and_counted() {
        let dir = folder(
            r#"{"a": {"start": [0, 1.5, NaN, 3, 4], "end": [1, 2, 3, Infinity, 5],
                      "text": ["so NaN is a word", NaN, "no start", "no end", 7]}}"#,
            &["a.mp4"],
        );
        let (corpus, report) = HowTo100m::open(dir.path()).unwrap();
        assert_eq!(corpus.videos()[0].captions.len(), 1);
        assert_eq!(corpus.videos()[0].captions[0].text, "so NaN is a word");
        assert_eq!(report.dropped[&DropReason::TextIsNoString], 2);
        assert_eq!(report.dropped[&DropReason::TimeIsNoNumber], 2);
        assert_eq!((report.videos, report.captions), (1, 1));
        assert!(report.examples.iter().any(|e| e.video == "a" && e.caption == Some(1)));
    }

    #[test]
    fn an_end_before_its_start_is_dropped_and_disorder_is_sorted() {
        let dir = folder(
            r#"{"a": {"start": [5, 1, 3, -2], "end": [6, 2, 3, 0.5],
                      "text": ["late", "early", "empty", "before"]}}"#,
            &["a.webm"],
        );
        let (corpus, report) = HowTo100m::open(dir.path()).unwrap();
        let texts: Vec<_> = corpus.videos()[0].captions.iter().map(|c| c.text.as_str()).collect();
        assert_eq!(texts, ["before", "early", "late"]);
        assert_eq!(corpus.videos()[0].captions[0].span.start, Seconds(0.0));
        assert_eq!(report.dropped[&DropReason::EndNotAfterStart], 1);
        assert_eq!(report.sorted_videos, 1);
    }

    #[test]
    fn a_missing_file_is_counted_and_named_and_the_rest_is_read() {
        let json = r#"{"gone": {"start": [0], "end": [1], "text": ["x"]},
                       "here": {"start": [0], "end": [1], "text": ["y"]}}"#;
        let dir = folder(json, &["here.mkv", "silent.mp4", "notes.txt"]);
        let (corpus, report) = HowTo100m::open(dir.path()).unwrap();
        assert_eq!(corpus.videos().len(), 1);
        assert_eq!(report.dropped[&DropReason::VideoFileMissing], 1);
        assert_eq!(report.dropped[&DropReason::VideoWithoutCaptions], 1);
        let text = report.to_string();
        assert!(text.contains("gone") && text.contains("silent"), "{text}");
    }

    #[test]
    fn lists_of_different_lengths_lose_their_tail() {
        let dir = folder(
            r#"{"a": {"start": [0, 1, 2], "end": [1, 2], "text": ["x"], "other": {"y": [1]}}}"#,
            &["a.mp4"],
        );
        let (corpus, report) = HowTo100m::open(dir.path()).unwrap();
        assert_eq!(corpus.videos()[0].captions.len(), 1);
        assert_eq!(report.dropped[&DropReason::UnequalLists], 2);
    }

    #[test]
    fn a_corpus_with_nothing_usable_says_what_it_found() {
        let dir = folder(r#"{"gone": {"start": [0], "end": [1], "text": ["x"]}}"#, &[]);
        let error = HowTo100m::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("video file missing: 1"), "{error}");
        let empty = tempfile::tempdir().unwrap();
        let error = HowTo100m::open(empty.path()).unwrap_err().to_string();
        assert!(error.contains("raw_caption.json"), "{error}");
    }

    #[test]
    fn a_truncated_caption_file_is_an_error_that_names_it() {
        let dir = folder(r#"{"a": {"start": [0], "end": [1], "te"#, &["a.mp4"]);
        let error = HowTo100m::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("caption.json"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn captions_written_are_the_captions_read() {
        let dir = folder("{}", &["b.mp4", "a.mp4"]);
        let caption = |id, start: f64, end: f64, text: &str| Caption {
            id,
            ..Caption::new(TimeSpan::new(start, end), text)
        };
        let videos: Vec<_> = [
            (
                "a",
                vec![caption(0, 0.25, 3.5, "say \"hi\"\tü 人"), caption(1, 2.0, 9.125, "and then")],
            ),
            ("b", vec![caption(0, 1.1, 2.2, "um")]),
        ]
        .into_iter()
        .map(|(id, captions)| {
            let file = dir.path().join("videos").join(format!("{id}.mp4"));
            NarratedVideo::new(id, file, captions)
        })
        .collect();
        write_captions(&dir.path().join("caption.json"), &videos).unwrap();
        let (read, report) = HowTo100m::open(dir.path()).unwrap();
        assert_eq!(read.videos(), videos);
        assert!(report.dropped.is_empty());
    }
}
