//! `locvtp corpus check`: reads corpora as training would, and tells what will be used and why the
//! rest is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;
use clap::{Args as ClapArgs, ValueEnum};
use locvtp_corpus::{
    CorpusReader, DropReason, DroppedExample, FileLookup, Layout, ManifestWriter, MediaCheck,
    NarratedVideo, NarrationCare, ReadReport, ReadSettings, VideoInFile, VideoSink, check_media,
};
use locvtp_video::VideoOpener;
use rayon::prelude::*;
use serde::Serialize;

use super::bare_videos::LeftFilesReport;
use super::{CorpusChoice, all_are_listed};
use crate::file_reading::FileReading;
use crate::grouped_counts::{counted_grouped, grouped};
use crate::numbers::whole;
use crate::pace::{duration, per_s, rate};
use crate::progress::ProgressLine;
use crate::table::{Column, Table};
use crate::{Outcome, output};

/// `locvtp corpus check`
#[derive(Debug, ClapArgs)]
pub(crate) struct CorpusCheck {
    /// Files or folders: a data set's own annotation files, a manifest, videos with subtitles; shards
    /// also by a pattern or address: {00000..00012}.tar, https://.., s3://..
    #[arg(required = true, value_name = "CORPUS")]
    pub(crate) corpora: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: CorpusChoice,
    /// What is done about captions that repeat or are short
    #[arg(long, value_enum, default_value_t)]
    pub(crate) narration: Narration,
    /// How much of the video files is looked at
    #[arg(long, value_enum, default_value_t)]
    pub(crate) decode: Decode,
    #[command(flatten)]
    pub(crate) reading: FileReading,
    /// End with an error (exit code 2) if more captions and videos than this are bad
    #[arg(long, value_name = "N", value_parser = whole(0usize, usize::MAX))]
    pub(crate) max_bad: Option<usize>,
    /// Write all spans with their repairs, and all that was dropped, as JSON lines: a manifest
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--narration`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Narration {
    /// Nothing
    #[default]
    AsIs,
    /// Spans grow to 4 s, as MIL-NCE trains on HowTo100M
    MilNce,
    /// Neighbours are joined to 10 s, as in HowTo100M's and UniVL's loaders
    Univl,
    /// Words that rolling subtitles repeat are removed, and spans grow to 4 s
    Rolling,
}

impl Narration {
    pub(crate) fn care(self) -> NarrationCare {
        match self {
            Self::AsIs => NarrationCare::default(),
            Self::MilNce => NarrationCare::mil_nce(),
            Self::Univl => NarrationCare::univl(),
            Self::Rolling => NarrationCare::rolling(),
        }
    }
}

/// `--decode`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Decode {
    /// Nothing: annotations alone
    #[default]
    None,
    /// When each frame is shown, as training does first
    Probe,
    /// Also the frames of one clip
    FirstClip,
    /// Also every frame
    All,
}

/// Videos whose files are looked at side by side, and held in memory.
const FILES_AT_ONCE: usize = 64;
/// Videos that cannot be used and are named; all are counted, and all are in the list.
const NAMED: usize = 5;

/// What was found in one source.
#[derive(Serialize)]
struct SourceReport {
    layout: Layout,
    path: String,
    report: ReadReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<MediaReport>,
    /// Videos of which neither the annotations nor their files told the length, so that captions may
    /// lie after their end.
    not_compared: usize,
    /// With the last source of a corpus: what else lies in its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<LeftFilesReport>,
}

/// What the files of one source gave.
#[derive(Default, Serialize)]
struct MediaReport {
    /// Files that can be used.
    usable: usize,
    /// Their length in seconds.
    duration_s: f64,
    /// Files that cannot.
    unusable: usize,
    /// The first few of those, with the reason.
    examples: BTreeMap<String, String>,
    /// What the usable files hold of the captions.
    #[serde(skip)]
    report: ReadReport,
    /// What is to be known of the pictures of some, with their ids.
    notes: BTreeMap<String, Vec<String>>,
}

/// All of it, for machines.
#[derive(Serialize)]
struct CheckReport {
    sources: Vec<SourceReport>,
    total: ReadReport,
    /// Captions and videos with something wrong, and files that cannot be used.
    bad: usize,
    seconds: f64,
}

pub(crate) fn run(args: &CorpusCheck) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    args.reading.enter_sandbox()?;
    let settings = ReadSettings { narration: args.narration.care(), ..args.choice.read_settings() };
    let media = args.decode.check();
    let lookup = if media.is_some() { FileLookup::Always } else { FileLookup::WhereThereIsAFolder };
    // Only where files are opened is there something to keep of them.
    let opener = media.map(|_| args.reading.opener()).transpose()?.unwrap_or_default();
    let mut list = args.list.as_deref().map(ManifestWriter::create).transpose()?;
    let mut progress = Progress { line: ProgressLine::new(), videos: 0, began };
    let mut found =
        CheckReport { sources: Vec::new(), total: ReadReport::default(), bad: 0, seconds: 0.0 };
    for path in &args.corpora {
        let reader = CorpusReader::new(path, &settings, lookup)?;
        for source in reader.sources() {
            let mut checking = Checking {
                list: list.as_mut(),
                check: media,
                opener: &opener,
                waiting: Vec::new(),
                media: MediaReport::default(),
                not_compared: 0,
                progress: &mut progress,
            };
            let mut report = reader.read(source, &mut checking)?;
            checking.look_at_files();
            let not_compared = checking.not_compared;
            let mut media = media.map(|_| checking.media);
            if let Some(media) = &mut media {
                report = report.in_files(std::mem::take(&mut media.report));
            }
            found.bad += report.faults() + media.as_ref().map_or(0, |media| media.unusable);
            found.total.add(report.clone());
            let path = name(path, &source.path);
            let layout = source.layout;
            let source = SourceReport { layout, path, report, media, not_compared, folder: None };
            found.sources.push(source);
        }
        if let (Some(left), Some(last)) = (reader.left_files(), found.sources.last_mut()) {
            let left = LeftFilesReport::look(left, media, &opener);
            found.bad += left.unreadable();
            if let Some(list) = &mut list {
                let videos = left.videos().iter();
                videos.for_each(|path| {
                    list.left_out(&path.to_string_lossy(), "video without captions")
                });
            }
            last.folder = Some(left);
        }
    }
    if let Some(list) = list {
        list.finish()?;
    }
    found.seconds = began.elapsed().as_secs_f64();
    progress.end();
    if args.json {
        output::json(&found)?;
    } else {
        output::text(&told(&found, &all_are_listed(args.list.as_deref())))?;
    }
    let bad = found.bad;
    if let Some(most) = args.max_bad.filter(|most| bad > *most) {
        let see = all_are_listed(args.list.as_deref());
        bail!("captions and videos that are bad: {bad}, more than --max-bad {most}; {see}");
    }
    Ok(if found.total.captions == 0 { Outcome::NothingFound } else { Outcome::Done })
}

/// The source's path as far as it goes beyond what was typed.
fn name(typed: &Path, source: &Path) -> String {
    let below = source.strip_prefix(typed).ok().filter(|below| !below.as_os_str().is_empty());
    below.unwrap_or(source).display().to_string()
}

/// Lists videos and looks at their files while they are read.
struct Checking<'a> {
    list: Option<&'a mut ManifestWriter>,
    check: Option<MediaCheck>,
    opener: &'a VideoOpener,
    waiting: Vec<NarratedVideo>,
    media: MediaReport,
    not_compared: usize,
    progress: &'a mut Progress,
}

impl Checking<'_> {
    fn look_at_files(&mut self) {
        let Some(check) = self.check else { return };
        let waiting = std::mem::take(&mut self.waiting);
        let look = |video| check_media(video, check, self.opener);
        let looked: Vec<_> = waiting.par_iter().map(look).collect();
        for (video, looked) in waiting.into_iter().zip(looked) {
            self.progress.another();
            match looked {
                Ok(found) => self.usable(&video, found),
                Err(error) => {
                    let reason = format!("{:#}", anyhow::Error::from(error));
                    if let Some(list) = &mut self.list {
                        list.left_out(&video.id, &reason);
                    }
                    self.media.unusable += 1;
                    if self.media.examples.len() < NAMED {
                        self.media.examples.insert(video.id, reason);
                    }
                }
            }
        }
    }

    fn usable(&mut self, listed: &NarratedVideo, found: VideoInFile) {
        self.media.usable += 1;
        self.media.duration_s += found.end.0;
        self.media.report.take(&found.video);
        for note in found.notes {
            self.media.notes.entry(note).or_default().push(listed.id.clone());
        }
        for place in found.after_end {
            let dropped = DroppedExample {
                reason: DropReason::AfterTheVideo,
                video: listed.id.clone(),
                caption: Some(listed.captions[place].id as usize),
                line: None,
            };
            self.media.report.drop_one(&dropped);
            self.dropped(&dropped);
        }
        self.write(found.video);
    }

    fn write(&mut self, video: NarratedVideo) {
        if let Some(list) = &mut self.list {
            list.video(video);
        }
    }
}

impl VideoSink for Checking<'_> {
    fn video(&mut self, video: NarratedVideo) {
        if self.check.is_none() {
            let is_timed = video.captions.iter().any(|caption| !caption.is_whole_video());
            let is_known = video.duration.is_some() || video.media_end.is_some();
            self.not_compared += usize::from(is_timed && !is_known);
            self.progress.another();
            self.write(video);
            return;
        }
        self.waiting.push(video);
        if self.waiting.len() == FILES_AT_ONCE {
            self.look_at_files();
        }
    }

    fn dropped(&mut self, dropped: &DroppedExample) {
        if let Some(list) = &mut self.list {
            list.dropped(dropped);
        }
    }
}

struct Progress {
    line: ProgressLine,
    videos: usize,
    began: Instant,
}

impl Progress {
    fn another(&mut self) {
        self.videos += 1;
        if self.videos.is_multiple_of(64) {
            self.draw(false);
        }
    }

    /// A short check needs no line of its own.
    fn end(&mut self) {
        if self.began.elapsed().as_secs() >= 2 {
            self.draw(true);
        }
    }

    fn draw(&mut self, last: bool) {
        let (videos, time) = (self.videos, self.began.elapsed());
        if let Some(per_s) = per_s(videos as f64, time).filter(|_| time.as_secs() >= 1) {
            self.line.draw(last, || format!("videos {videos}  {}", rate(per_s, "videos")));
        }
    }
}

/// The table, and below it what was repaired and dropped; `see_all` says where all of it is named.
fn told(found: &CheckReport, see_all: &str) -> String {
    let columns = [Column::words(0), Column::words(0)].into_iter();
    let mut table = Table::new(columns.chain([Column::numbers(0); 6]));
    table.row(["corpus", "file", "videos", "spans", "hours", "words", "repaired", "dropped"]);
    for source in &found.sources {
        table.row(row(source.layout.name(), &source.path, &source.report));
    }
    if found.sources.len() > 1 {
        table.row(row("total", "", &found.total));
    }
    let mut lines = table.lines("  ");
    for source in &found.sources {
        let more = details(source, found.total.captions == 0, see_all);
        if !more.is_empty() {
            lines.push(String::new());
            lines.push(format!("{}:", source.path));
            lines.extend(more);
        }
    }
    let shown: Vec<String> = lines.iter().map(|line| output::one_line(line)).collect();
    shown.join("\n")
}

fn row(corpus: &str, file: &str, report: &ReadReport) -> [String; 8] {
    let dropped: usize = report.dropped.values().sum();
    [
        corpus.to_owned(),
        file.to_owned(),
        grouped(report.videos),
        grouped(report.captions),
        format!("{:.1}", report.captions_s / 3600.0),
        grouped(report.words),
        grouped(report.repaired_captions),
        grouped(dropped),
    ]
}

fn details(source: &SourceReport, nothing_has_captions: bool, see_all: &str) -> Vec<String> {
    let report = &source.report;
    let mut lines = Vec::new();
    if report.subsets.len() > 1 {
        for (subset, count) in &report.subsets {
            let videos = counted_grouped(count.videos, "video");
            let captions = counted_grouped(count.captions, "span");
            lines.push(format!("  of these  {subset}: {videos}, {captions}"));
        }
    }
    for (language, count) in &report.languages {
        lines.push(format!("  language  {language}: {}", counted_grouped(*count, "video")));
    }
    for (repair, count) in &report.repaired {
        lines.push(format!("  repaired  {repair}: {}", grouped(*count)));
    }
    if report.sorted_videos > 0 {
        lines.push(format!(
            "  repaired  captions sorted by time: {}",
            counted_grouped(report.sorted_videos, "video")
        ));
    }
    for (reason, count) in &report.dropped {
        let example = report.examples.iter().find(|example| example.reason == *reason);
        let example = example.map_or(String::new(), |example| {
            let place = example.caption.map_or(String::new(), |place| format!(" [{place}]"));
            let line = example.line.map_or(String::new(), |line| format!(" [line {line}]"));
            format!(", for example {}{place}{line}", example.video)
        });
        lines.push(format!("  dropped   {reason}: {}{example}", grouped(*count)));
    }
    if report.not_asked_for > 0 {
        let videos = counted_grouped(report.not_asked_for, "video");
        lines.push(format!("  left out  not asked for: {videos}"));
    }
    if let Some(media) = &source.media {
        lines.push(format!(
            "  files     of those with captions {} can be used, {}; {} cannot",
            grouped(media.usable),
            duration(media.duration_s),
            grouped(media.unusable)
        ));
        for (note, videos) in &media.notes {
            let (count, first) = (counted_grouped(videos.len(), "video"), &videos[0]);
            lines.push(format!("  note      {count} ({first}): {note}"));
        }
        lines.extend(media.examples.values().map(|reason| format!("  unusable  {reason}")));
        if media.unusable > media.examples.len() {
            let more = grouped(media.unusable - media.examples.len());
            lines.push(format!("  unusable  {more} more; {see_all}"));
        }
    }
    if source.not_compared > 0 {
        lines.push(format!(
            "  note      captions were not compared with the length of {}, which is not known; --decode \
             probe opens the files",
            counted_grouped(source.not_compared, "video")
        ));
    }
    if let Some(folder) = &source.folder {
        lines.extend(folder.lines(nothing_has_captions, see_all));
    }
    lines.extend(report.notes.iter().map(|note| format!("  note      {note}")));
    lines
}

impl Decode {
    fn check(self) -> Option<MediaCheck> {
        match self {
            Self::None => None,
            Self::Probe => Some(MediaCheck::Probe),
            Self::FirstClip => Some(MediaCheck::FirstClip),
            Self::All => Some(MediaCheck::All),
        }
    }
}
