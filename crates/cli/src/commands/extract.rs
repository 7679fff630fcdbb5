//! `locvtp extract`: clip features of whole videos, for other programs.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use locvtp_cluster::{Communicator, Course, agree};
use locvtp_transfer::extraction::{
    BadVideo, DamagedVideo, ExtractObserver, ExtractProgress, ExtractSettings, ExtractSummary,
    FeatureSpace, IdRule, VideoEncoding, VideoList, extract_together, list_videos,
};
use locvtp_transfer::locate_model;
use locvtp_video::counted::counted;
use locvtp_video::{ClipStride, Seconds, TimeSpan};

use crate::command_line::typed_again;
use crate::commands::ground::open_embedder;
use crate::file_reading::FileReading;
use crate::numbers::{number, whole};
use crate::pace::{duration, per_s, rate};
use crate::progress::ProgressLine;
use crate::ranks::{self, is_first};
use crate::{Outcome, interrupt, missing, output};

/// `locvtp extract`
#[derive(Debug, ClapArgs)]
pub(crate) struct Extract {
    /// Model directory, or a run or demo folder that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Video files, folders with videos, patterns, and lists of paths (.txt)
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    pub(crate) videos: Vec<PathBuf>,
    /// File to write or to add to: .h5 or .safetensors
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Which features [default: projected, if the model has a joint space]
    #[arg(long, value_enum)]
    pub(crate) space: Option<Space>,
    /// Seconds from the start of a clip to the start of the next [default: a clip]
    #[arg(long, value_name = "S", value_parser = number(0.001, 86_400.0), conflicts_with = "stride_frames")]
    pub(crate) stride_s: Option<f64>,
    /// The same in frames
    #[arg(long, value_name = "N", value_parser = whole(1u32, u32::MAX))]
    pub(crate) stride_frames: Option<u32>,
    /// Clips of neighbouring frames, as the paper's downstream tasks take them, whatever the model
    /// directory says
    #[arg(long)]
    pub(crate) consecutive: bool,
    /// What a video is called in the file
    #[arg(long, value_enum, default_value_t)]
    pub(crate) ids: Ids,
    /// What the features are called in a video's group of an HDF5 file
    #[arg(long, value_name = "NAME", default_value = locvtp_features::DEFAULT_DATASET)]
    pub(crate) dataset: String,
    /// Clips that go through the encoder together [default: by the model's size]
    #[arg(long, value_name = "N", value_parser = whole(1u32, 1024))]
    pub(crate) batch: Option<u32>,
    /// Threads that decode [default: half the processors]
    #[arg(long, value_name = "N", value_parser = whole(1u32, 1024))]
    pub(crate) decode_threads: Option<u32>,
    #[command(flatten)]
    pub(crate) reading: FileReading,
    /// Leave out the clips that touch a damaged or missing span, and not the whole video; the file
    /// says where the spans are
    #[arg(long)]
    pub(crate) skip_damaged: bool,
    /// Start over, and forget what the file or a stopped run has already
    #[arg(long)]
    pub(crate) fresh: bool,
    /// A bad video is an error (exit 2), though the others are extracted all the same
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--space`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Space {
    /// The video encoder's own
    Backbone,
    /// In the joint space with words
    Projected,
    /// Mean red, green and blue of the clip: nothing of the model, to compare with
    MeanColour,
}

/// `--ids`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ids {
    /// The file's name without its ending
    #[default]
    Stem,
    /// Its path from the folder that was named, without the ending
    Path,
}

pub(crate) fn run(args: &Extract) -> anyhow::Result<Outcome> {
    let extracted = ranks::together(|ranks| extracted(args, ranks))?;
    let summary = match extracted {
        Extracted::Summary(summary) => summary,
        Extracted::Nothing => return Ok(Outcome::NothingFound),
        Extracted::Elsewhere => return Ok(Outcome::Done),
    };
    if args.json {
        output::json(&summary)?;
    } else {
        output::text(&text(&summary))?;
    }
    if summary.file.is_none() {
        return Ok(Outcome::Interrupted);
    }
    let num_bad = summary.bad.len();
    if summary.videos + summary.already == 0 {
        let videos = counted(num_bad, "video");
        anyhow::bail!("{videos} given, and none can be read; the reasons stand above");
    }
    if args.strict && num_bad > 0 {
        anyhow::bail!("left out: {}; the reasons stand above", counted(num_bad, "video"));
    }
    Ok(Outcome::Done)
}

/// What one process is left with.
enum Extracted {
    Summary(ExtractSummary),
    Nothing,
    /// Rank 0 has all of it.
    Elsewhere,
}

fn extracted(args: &Extract, ranks: &dyn Communicator) -> anyhow::Result<Extracted> {
    ranks.progress().rest();
    let list = if is_first(ranks) { listed(args)? } else { VideoList::default() };
    let is_empty = list.videos.is_empty() && list.missing.is_empty();
    let course = if is_empty && is_first(ranks) { Course::Stop } else { Course::GoOn };
    if agree(ranks, Ok(course), &mut [])? == Course::Stop {
        return Ok(if is_first(ranks) { Extracted::Nothing } else { Extracted::Elsewhere });
    }
    let embedder = open_embedder(&args.model)?;
    let _listening = interrupt::Listening::begin(typed_again(None, Some("--fresh")))?;
    let (model_dir, settings) = (locate_model(&args.model), settings(args)?);
    let by = VideoEncoding { ranks, embedder: &embedder, settings: &settings };
    if !is_first(ranks) {
        extract_together(&by, &model_dir, &[], &args.out, &mut Quiet)?;
        return Ok(Extracted::Elsewhere);
    }
    output::make_folder_of(&args.out)?;
    let mut progress = Progress::default();
    let missing = missing(&list);
    missing.iter().for_each(|bad| progress.bad(bad));
    let extracted = extract_together(&by, &model_dir, &list.videos, &args.out, &mut progress)?;
    let mut summary = extracted.expect("rank 0 has the summary");
    summary.bad.splice(0..0, missing);
    Ok(Extracted::Summary(summary))
}

/// The videos that are meant; says what is no video.
fn listed(args: &Extract) -> anyhow::Result<VideoList> {
    let ids = match args.ids {
        Ids::Stem => IdRule::Stem,
        Ids::Path => IdRule::Path,
    };
    let list = list_videos(&args.videos, ids)?;
    if !list.passed_over.is_empty() {
        output::note(&format!("passed over, not videos by their endings: {}", list.passed_over));
    }
    if list.videos.is_empty() && list.missing.is_empty() {
        output::note("nothing found: no video files there; name files, or a folder that has some");
    }
    Ok(list)
}

fn settings(args: &Extract) -> anyhow::Result<ExtractSettings> {
    let default = ExtractSettings::default();
    Ok(ExtractSettings {
        space: args.space.map(|space| match space {
            Space::Backbone => FeatureSpace::Backbone,
            Space::Projected => FeatureSpace::Projected,
            Space::MeanColour => FeatureSpace::MeanColour,
        }),
        stride: match (args.stride_s, args.stride_frames) {
            (Some(s), _) => ClipStride::Time(Seconds(s)),
            (None, Some(n)) => ClipStride::Frames(n as usize),
            (None, None) => ClipStride::Clip,
        },
        consecutive: args.consecutive,
        batch: args.batch.map(|n| n as usize),
        decode_threads: args.decode_threads.map_or(default.decode_threads, |n| n as usize),
        dataset: args.dataset.clone(),
        fresh: args.fresh,
        opener: args.reading.opener()?,
        skip_damaged: args.skip_damaged,
        take_over_stills: false,
    })
}

/// The lines of lists that lead nowhere, as bad videos.
fn missing(list: &VideoList) -> Vec<BadVideo> {
    let bad = |path: &PathBuf| BadVideo {
        id: path.display().to_string(),
        path: path.clone(),
        reason: missing::does_not_exist(path, "the list names it; mend the list or its paths"),
        is_damaged: false,
        has_hung: false,
    };
    list.missing.iter().map(bad).collect()
}

/// What another process than rank 0 says: nothing.
struct Quiet;

impl ExtractObserver for Quiet {
    fn should_stop(&self) -> bool {
        interrupt::pressed()
    }
}

struct Progress {
    line: ProgressLine,
}

impl Default for Progress {
    fn default() -> Self {
        Self { line: ProgressLine::new() }
    }
}

impl ExtractObserver for Progress {
    fn started(&mut self, to_do: usize, already: usize) {
        if already > 0 {
            let videos = counted(already, "video");
            self.line.note(&format!("there already: {videos}; to do: {to_do}"));
        }
    }

    fn changed(&mut self, ids: &[String]) {
        let (count, first) = (ids.len(), &ids[0]);
        self.line.note(&format!(
            "done again, as the file has them of other video files: {} ({first} among them)",
            counted(count, "video")
        ));
    }

    fn progress(&mut self, progress: &ExtractProgress) {
        let done = progress.videos == progress.total_videos;
        self.line.draw(done, || {
            let seconds = progress.seconds.max(1e-9);
            let rest = (progress.total_bytes - progress.bytes).max(0.0);
            let done = format!(
                "videos {}/{}  {}",
                progress.videos,
                progress.total_videos,
                counted(progress.clips, "clip")
            );
            let time = std::time::Duration::from_secs_f64(seconds);
            let Some(clips) = per_s(progress.clips as f64, time) else { return done };
            format!(
                "{done}  {}  {:.1} x real time  {} left",
                rate(clips, "clips"),
                progress.video_s / seconds,
                duration(seconds * rest / progress.bytes.max(1.0)),
            )
        });
    }

    fn bad(&mut self, bad: &BadVideo) {
        self.line.note(&format!("left out: {}", bad.reason));
        if bad.is_damaged {
            self.line.note(
                "  --skip-damaged keeps the video and leaves out the clips that touch the damage",
            );
        }
    }

    fn damaged(&mut self, damaged: &DamagedVideo) {
        let path = damaged.path.display();
        if let Some(cut_short) = &damaged.cut_short {
            self.line.note(&format!("{path}: {cut_short}"));
        }
        if !damaged.spans.is_empty() {
            self.line.note(&format!("{path}: {}", damage(damaged)));
        }
    }

    fn should_stop(&self) -> bool {
        interrupt::pressed()
    }
}

/// Where a video is damaged, and what was made of it.
fn damage(video: &DamagedVideo) -> String {
    const MOST_SPANS: usize = 5;
    let mut spans: Vec<String> =
        video.spans.iter().take(MOST_SPANS).map(TimeSpan::to_string).collect();
    if video.spans.len() > MOST_SPANS {
        spans.push(format!("{} more", video.spans.len() - MOST_SPANS));
    }
    let clips = match video.clips_left_out {
        0 => "no clip is left out".to_owned(),
        1 => "1 clip that touches it is left out".to_owned(),
        n => format!("{n} clips that touch it are left out"),
    };
    format!("missing or damaged: {}; {clips}", spans.join(", "))
}

/// Short times to a tenth of a second.
fn precise(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1} s") } else { duration(seconds) }
}

fn text(summary: &ExtractSummary) -> String {
    let seconds = summary.seconds.max(1e-9);
    let mut lines = vec![format!(
        "{}, {}, {} of video in {}: {}, {:.1} x real time",
        counted(summary.videos, "video"),
        counted(summary.clips, "clip"),
        precise(summary.video_s),
        precise(summary.seconds),
        rate(summary.clips as f64 / seconds, "clips"),
        summary.video_s / seconds,
    )];
    if !summary.bad.is_empty() {
        lines.push(format!("left out: {} that cannot be read", summary.bad.len()));
    }
    let num_cut_short = summary.damaged.iter().filter(|video| video.cut_short.is_some()).count();
    if num_cut_short > 0 {
        lines.push(format!(
            "cut short: {}; what is there of it is in the file",
            counted(num_cut_short, "video")
        ));
    }
    let damaged = || summary.damaged.iter().filter(|video| !video.spans.is_empty());
    if damaged().next().is_some() {
        let spans = damaged().flat_map(|video| &video.spans);
        let seconds: f64 = spans.map(|span| span.duration().0).sum();
        let clips: usize = damaged().map(|video| video.clips_left_out).sum();
        lines.push(format!(
            "damaged: {}, {seconds:.2} s missing or damaged; left out: {}",
            counted(damaged().count(), "video"),
            counted(clips, "clip"),
        ));
        if clips == 0 {
            lines.push("  (--skip-damaged --fresh leaves out the clips that touch it)".to_owned());
        }
    }
    match &summary.file {
        Some(file) if file.videos > 0 => lines.push(format!(
            "{}: {}, {} of {} {} numbers, {:.1} MB",
            output::one_line(&summary.out.display().to_string()),
            counted(file.videos, "video"),
            counted(file.clips, "clip"),
            file.width,
            summary.space.name(),
            file.bytes as f64 / 1e6,
        )),
        Some(_) => {}
        None => {
            lines.push("stopped; what is done is kept beside the output".to_owned());
            lines.push(format!("go on with: {}", typed_again(None, Some("--fresh"))));
        }
    }
    lines.join("\n")
}
