//! The one door into a corpus: every reader hands its videos in here, as they stand in the source.
//!
//! [`Intake`] asks whether a video is wanted, finds its file, repairs its captions, takes care of
//! narration, counts everything in a [`ReadReport`] and gives the result to a [`VideoSink`], one
//! video at a time. Nothing is kept but the counts and eight bytes an id.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use locvtp_video::counted::counted;
use locvtp_video::{LONGEST_VIDEO_S, MediaLocation, Seconds};

use crate::corpus::{Caption, MomentQuery, NarratedVideo, Subset};
use crate::csv_table::CsvTable;
use crate::drop_reason::DropReason;
use crate::id_list::IdList;
use crate::language::Language;
use crate::left_files::Claimed;
use crate::narration_care::NarrationCare;
use crate::report::{DroppedExample, ReadReport};
use crate::shards::settings::ShardSettings;
use crate::source_caption::SourceCaption;
use crate::video_files::VideoFiles;

/// Takes what a reader found, one video at a time.
pub trait VideoSink {
    /// A video that can be used.
    fn video(&mut self, video: NarratedVideo);
    /// A caption or video that cannot; all of them, not only the report's examples.
    fn dropped(&mut self, _dropped: &DroppedExample) {}
}

impl VideoSink for Vec<NarratedVideo> {
    fn video(&mut self, video: NarratedVideo) {
        self.push(video);
    }
}

/// A video as it stands in its source.
#[derive(Debug, Default)]
pub(crate) struct SourceVideo {
    pub(crate) id: String,
    /// Where it is when the source says so; else its file is looked up.
    pub(crate) media: Option<MediaLocation>,
    /// The name to look the file up by, when it is not the id.
    pub(crate) file_stem: Option<String>,
    pub(crate) duration_s: Option<f64>,
    /// As in [`NarratedVideo`].
    pub(crate) cut_length_s: Option<f64>,
    pub(crate) subset: Option<Subset>,
    pub(crate) task: Option<String>,
    /// As in [`NarratedVideo`].
    pub(crate) queries: Vec<MomentQuery>,
    /// Of a packed video, as in [`NarratedVideo`].
    pub(crate) shard: Option<u32>,
    pub(crate) media_end: Option<Seconds>,
    /// Whether it is known to be of one frame alone.
    pub(crate) is_picture: bool,
    /// In the source's order; what is no caption stands in its place.
    pub(crate) captions: Vec<Result<SourceCaption, DropReason>>,
}

/// A video with repaired captions, and what was dropped of it.
pub(crate) struct RepairedVideo {
    id: String,
    duration_s: Option<f64>,
    cut_length_s: Option<f64>,
    subset: Option<Subset>,
    task: Option<String>,
    queries: Vec<MomentQuery>,
    shard: Option<u32>,
    media_end: Option<Seconds>,
    is_picture: bool,
    captions: Vec<Caption>,
    listed: usize,
    sorted: bool,
    dropped: Vec<(DropReason, usize)>,
}

impl SourceVideo {
    /// A video of which nothing is known yet.
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Repairs the captions: a function of this video alone.
    pub(crate) fn repaired(self, care: &NarrationCare) -> RepairedVideo {
        let known = |duration_s: &f64| *duration_s > 0.0 && *duration_s <= LONGEST_VIDEO_S;
        let duration_s = self.duration_s.filter(known);
        let cut_length_s = self.cut_length_s.filter(known);
        let listed = self.captions.len();
        let mut captions = Vec::with_capacity(listed);
        let mut dropped = Vec::new();
        for (place, caption) in self.captions.into_iter().enumerate() {
            let number = u32::try_from(place).unwrap_or(u32::MAX);
            match caption.and_then(|caption| caption.repaired(number, duration_s)) {
                Ok(caption) => captions.push(caption),
                Err(reason) => dropped.push((reason, place)),
            }
        }
        let start = |caption: &Caption| caption.span.start.0;
        let sorted = !captions.is_sorted_by(|a, b| start(a) <= start(b));
        if sorted {
            captions.sort_by(|a, b| start(a).total_cmp(&start(b)));
        }
        let captions = care.applied(captions, duration_s, &mut |caption| {
            dropped.push((DropReason::RepeatsTheOnesBefore, caption.id as usize));
        });
        let Self { id, subset, task, queries, shard, media_end, is_picture, .. } = self;
        RepairedVideo {
            id,
            duration_s,
            cut_length_s,
            subset,
            task,
            queries,
            shard,
            media_end,
            is_picture,
            captions,
            listed,
            sorted,
            dropped,
        }
    }
}

/// Takes videos from a reader.
pub(crate) struct Intake<'a> {
    files: Option<&'a VideoFiles>,
    list: Option<&'a IdList>,
    subset: Option<Subset>,
    language: Option<&'a Language>,
    care: &'a NarrationCare,
    shards: ShardSettings,
    /// Hashes of the ids seen: of ten million ids, two agree with a chance of one in 400,000.
    seen: HashSet<u64>,
    claimed: Claimed,
    notes_of_videos: usize,
    report: ReadReport,
    sink: &'a mut dyn VideoSink,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(care: &'a NarrationCare, sink: &'a mut dyn VideoSink) -> Self {
        Self {
            files: None,
            list: None,
            subset: None,
            language: None,
            care,
            shards: ShardSettings::default(),
            seen: HashSet::new(),
            claimed: Claimed::default(),
            notes_of_videos: 0,
            report: ReadReport::default(),
            sink,
        }
    }

    /// Videos without a file in `files` are dropped; without this call none is looked for.
    pub(crate) fn with_files(mut self, files: Option<&'a VideoFiles>) -> Self {
        self.files = files;
        self
    }

    /// Takes only videos of the list and of the subset.
    pub(crate) fn asking_for(mut self, list: Option<&'a IdList>, subset: Option<Subset>) -> Self {
        (self.list, self.subset) = (list, subset);
        self
    }

    /// Takes words in this language, where they are there in several.
    pub(crate) fn in_language(mut self, language: Option<&'a Language>) -> Self {
        self.language = language;
        self
    }

    /// The language that is asked for.
    pub(crate) fn language(&self) -> Option<&'a Language> {
        self.language
    }

    /// Whether the list, if there is one, holds the video.
    pub(crate) fn asks_for(&self, id: &str) -> bool {
        self.list.is_none_or(|list| list.contains(id))
    }

    /// How shards on other machines are fetched.
    pub(crate) fn fetching(mut self, shards: &ShardSettings) -> Self {
        self.shards = shards.clone();
        self
    }

    /// How shards on other machines are fetched.
    pub(crate) fn shards(&self) -> &ShardSettings {
        &self.shards
    }

    /// Whether videos without a file are dropped.
    pub(crate) fn looks_for_files(&self) -> bool {
        self.files.is_some()
    }

    /// The care given to narration.
    pub(crate) fn care(&self) -> &'a NarrationCare {
        self.care
    }

    /// Whether there is a file of that name.
    pub(crate) fn has_file(&self, stem: &str) -> bool {
        self.files.is_some_and(|files| files.find(stem).is_some())
    }

    /// Takes a video.
    pub(crate) fn video(&mut self, video: SourceVideo) {
        let stem = video.file_stem.as_deref().unwrap_or(&video.id);
        if let Some(media) = self.admit(&video.id, stem, video.media.as_ref(), video.subset) {
            let repaired = video.repaired(self.care);
            self.push(repaired, media);
        }
    }

    /// Takes a video whose words are in a language, for people.
    pub(crate) fn video_in(&mut self, video: SourceVideo, language: &str) {
        let taken = self.report.videos;
        self.video(video);
        if self.report.videos > taken {
            *self.report.languages.entry(language.to_owned()).or_default() += 1;
        }
    }

    /// Whether a video of that id was taken or dropped before.
    pub(crate) fn has_seen(&self, id: &str) -> bool {
        self.seen.contains(&hashed(id))
    }

    /// Whether a video is wanted and was not there before, and where its file is.
    pub(crate) fn admit(
        &mut self,
        id: &str,
        stem: &str,
        media: Option<&MediaLocation>,
        subset: Option<Subset>,
    ) -> Option<MediaLocation> {
        let other_subset = self.subset.is_some_and(|wanted| subset.is_some_and(|s| s != wanted));
        if other_subset || !self.asks_for(id) {
            self.report.not_asked_for += 1;
            return None;
        }
        if !self.seen.insert(hashed(id)) {
            self.drop_one(DropReason::VideoTwice, id, None);
            return None;
        }
        let media = match (media, self.files) {
            (Some(media), Some(_)) if media.is_file() => {
                media.path().exists().then(|| media.clone())
            }
            (Some(media), _) => Some(media.clone()),
            (None, Some(files)) => files.find(stem).map(Into::into),
            (None, None) => Some(PathBuf::new().into()),
        };
        match &media {
            // Where no files are looked for none is claimed.
            Some(media) if media.path().as_os_str().is_empty() => {}
            Some(media) => self.claimed.add(media.path()),
            None => self.drop_one(DropReason::VideoFileMissing, id, None),
        }
        media
    }

    /// Takes a video that was admitted.
    pub(crate) fn push(&mut self, video: RepairedVideo, media: MediaLocation) {
        self.report.listed_captions += video.listed;
        for (reason, place) in video.dropped {
            self.drop_one(reason, &video.id, Some(place));
        }
        if video.captions.is_empty() {
            self.drop_one(DropReason::VideoWithoutCaptions, &video.id, None);
            return;
        }
        self.report.sorted_videos += usize::from(video.sorted);
        let video = NarratedVideo {
            id: video.id,
            media,
            captions: video.captions,
            subset: video.subset,
            duration: video.duration_s.map(Seconds),
            cut_length: video.cut_length_s.map(Seconds),
            task: video.task,
            queries: video.queries,
            is_picture: video.is_picture,
            shard: video.shard,
            media_end: video.media_end,
        };
        self.report.take(&video);
        self.sink.video(video);
    }

    /// Drops a caption, by its place, or a whole video.
    pub(crate) fn drop_one(&mut self, reason: DropReason, video: &str, caption: Option<usize>) {
        self.count(&DroppedExample { reason, video: video.to_owned(), caption, line: None });
    }

    /// Drops a line or entry that belongs to no video; `place` counts from 1 for people.
    pub(crate) fn drop_line(&mut self, what: &str, place: usize) {
        self.drop_at(DropReason::NotUnderstood, what, place);
    }

    /// Tells what was done to the rows of a table, and drops those with too many fields.
    pub(crate) fn end_of_table(&mut self, table: &CsvTable<'_>) {
        for note in table.notes() {
            self.note(note);
        }
        let columns = counted(table.header().len(), "column");
        for (line, fields) in table.too_long() {
            let what = format!("a row of {fields} fields under {columns}");
            self.drop_at(DropReason::RowTooLong, &what, *line);
        }
    }

    fn drop_at(&mut self, reason: DropReason, what: &str, place: usize) {
        self.report.listed_captions += 1;
        let line = Some(place);
        self.count(&DroppedExample { reason, video: what.to_owned(), caption: None, line });
    }

    fn count(&mut self, dropped: &DroppedExample) {
        self.report.drop_one(dropped);
        self.sink.dropped(dropped);
    }

    /// Something a person should know.
    pub(crate) fn note(&mut self, note: String) {
        self.report.notes.push(note);
    }

    /// The same of one video; of many, the first few are told.
    pub(crate) fn note_of_video(&mut self, id: &str, note: &str) {
        /// Notes that are told.
        const TOLD: usize = 5;
        self.notes_of_videos += 1;
        if self.notes_of_videos <= TOLD {
            self.note(format!("{id}: {note}"));
        }
    }

    /// Drops the files that no video of the source claimed.
    pub(crate) fn drop_undescribed_files(&mut self) {
        let Some(files) = self.files.filter(|_| self.list.is_none() && self.subset.is_none())
        else {
            return;
        };
        for stem in files.stems() {
            if !self.has_seen(stem) {
                self.drop_one(DropReason::VideoWithoutCaptions, stem, None);
            }
        }
    }

    /// The media files that were described, which are forgotten here.
    pub(crate) fn take_claimed(&mut self) -> Claimed {
        std::mem::take(&mut self.claimed)
    }

    /// What was found.
    pub(crate) fn finish(self) -> ReadReport {
        self.report
    }
}

fn hashed(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
