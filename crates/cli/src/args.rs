//! What can be typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use locvtp_corpus::{Layout, NarrationCare, Subset};

use crate::commands::embed::Embed;
use crate::commands::extract::Extract;
use crate::commands::score::Score;
use crate::file_reading::FileReading;

/// Find when something happens in a video, from a sentence.
#[derive(Debug, Parser)]
#[command(name = "locvtp", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole story on this machine: make videos, pre-train, measure, and write a page
    Demo(Demo),
    /// Make a narrated corpus of real H.264 files in HowTo100M's layout
    Synthesize(Synthesize),
    /// Say what of a corpus can be used and why the rest cannot, or pack it into shards
    Corpus {
        #[command(subcommand)]
        command: CorpusCommand,
    },
    /// Pre-train a model as a run file says
    Pretrain(Pretrain),
    /// Measure a model on held-out videos
    Evaluate(Evaluate),
    /// Run a task of the paper as its task file says: train a head, or none, and measure
    Transfer(Transfer),
    /// Put the results of tasks side by side: a row a model, a column a task
    Results(Results),
    /// Measure predictions of any model, from files, against a data set's own annotation files
    #[command(subcommand)]
    Score(Score),
    /// Write clip features of whole videos to an HDF5 or safetensors file
    Extract(Extract),
    /// Embed sentences and words
    Embed(Embed),
    /// Find the moment that a sentence describes in a video
    Ground(Ground),
    /// Start from public weights: import foreign checkpoints, or look into them
    #[command(subcommand)]
    Weights(Weights),
    /// Say what a video, model, run, checkpoint, corpus, weights or run file is
    Inspect(Inspect),
    /// Write the page of a run again from what is on disk
    Report(Report),
}

/// `locvtp demo`
#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// Folder to write: corpus, run, model, page and summary.json
    #[arg(long, value_name = "DIR", default_value = "demo-run")]
    pub(crate) out: PathBuf,
    /// Time to aim at on two cores: the number of steps grows and shrinks with it
    #[arg(long, value_name = "M", default_value_t = 10.0, value_parser = minutes)]
    pub(crate) minutes: f64,
    /// Everything random follows from it: videos, weights, order
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Steps of pre-training, whatever --minutes says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) steps: Option<u64>,
    /// Videos to pre-train on; the held-out splits shrink or grow alike
    #[arg(long, value_name = "N")]
    pub(crate) videos: Option<usize>,
    /// Whether the videos' events follow procedures or come in random order
    #[arg(long, value_enum, default_value_t)]
    pub(crate) order: EventOrder,
    /// The losses to train with
    #[arg(long, value_enum, default_value_t)]
    pub(crate) losses: Losses,
    /// Start over: remove what an earlier demo left in the folder
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--order`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventOrder {
    /// Videos are instances of procedures that recur
    #[default]
    Procedure,
    /// Each video is made up freely
    Random,
}

/// `--losses`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Losses {
    /// L_c
    Coarse,
    /// L_c and L_f
    #[value(name = "coarse+fine")]
    CoarseFine,
    /// L_c, L_f and L_t
    #[default]
    All,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "expected a number of minutes".to_owned())?;
    if minutes > 0.0 && minutes.is_finite() {
        Ok(minutes)
    } else {
        Err("expected a number of minutes above 0".to_owned())
    }
}

/// `locvtp transfer`
#[derive(Debug, ClapArgs)]
pub(crate) struct Transfer {
    /// The task file (TOML); configs/tasks/ has one of each
    pub(crate) task_file: PathBuf,
    /// Folder to write [default: runs/ and the task file's name]
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// Go on with the task that is in the folder
    #[arg(long)]
    pub(crate) resume: bool,
    /// Override a key, for example training.epochs=3; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp results`
#[derive(Debug, ClapArgs)]
#[command(after_help = RESULTS_HELP)]
pub(crate) struct Results {
    /// Folders of tasks, one a model: below each are the folders that `locvtp transfer --run` wrote
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// All numbers of every task, not the first one alone
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const RESULTS_HELP: &str = "\
Folders of one name are one row: mean, least and greatest over all their seeds.

  locvtp results runs/seed-*/pretrained runs/seed-*/random";

/// `locvtp ground`
#[derive(Debug, ClapArgs)]
pub(crate) struct Ground {
    /// Model directory, or a run or demo folder that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// The video file
    pub(crate) video: PathBuf,
    /// What should happen, for example "a red square moves left"
    pub(crate) sentence: String,
    /// Moments to show, at most
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) top: NonZeroUsize,
    /// Compare clips with the whole sentence or with its words
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scores: Scores,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--scores`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scores {
    /// With the sentence as a whole
    #[default]
    Sentence,
    /// With the words that fit the clip best, as many as its training matched
    Words,
}

/// `locvtp weights`
#[derive(Debug, Subcommand)]
pub(crate) enum Weights {
    /// Make a model directory from checkpoints of other programs
    Import(Box<ImportWeights>),
    /// Say what a file of weights holds
    Inspect(InspectWeights),
    /// Write a model like another with all weights drawn anew: what training is to be compared with
    Random(RandomWeights),
}

/// `locvtp weights random`
#[derive(Debug, ClapArgs)]
pub(crate) struct RandomWeights {
    /// The model directory whose sizes, words and preprocessing it gets, or a run or demo folder
    /// that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) like: PathBuf,
    /// Model directory to write
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The weights are drawn from it
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp weights import`
#[derive(Debug, ClapArgs)]
#[command(after_help = IMPORT_HELP)]
pub(crate) struct ImportWeights {
    /// What kind of checkpoint it is, and its files or the folder they lie in. Say it twice to
    /// import a video and a text encoder at once
    #[arg(
        long,
        value_names = ["KIND", "FILE"],
        num_args = 1..,
        action = clap::ArgAction::Append,
        required = true
    )]
    pub(crate) from: Vec<String>,
    /// Model directory to write. One that an earlier import wrote keeps the encoder that is not
    /// imported now
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Side of the frames in pixels; position embeddings are resized [default: the checkpoint's]
    #[arg(long, value_name = "N", value_parser = size)]
    pub(crate) image_size: Option<usize>,
    /// Frames of a clip; time embeddings are resized [default: the checkpoint's, else 16]
    #[arg(long, value_name = "N", value_parser = size)]
    pub(crate) frames: Option<usize>,
    /// Let CLIP see every frame alone, without attention over time; a clip is the mean
    #[arg(long)]
    pub(crate) per_frame: bool,
    /// Attention heads, where no config.json beside the checkpoint says [default: width / 64]
    #[arg(long, value_name = "N", value_parser = size)]
    pub(crate) heads: Option<usize>,
    /// Width of the joint space of clips and words [default: 256]
    #[arg(long, value_name = "N", value_parser = size)]
    pub(crate) projection_dim: Option<usize>,
    /// The text encoder's tokenizer.json or vocab.txt [default: the one beside the checkpoint]
    #[arg(long, value_name = "FILE")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// What no checkpoint holds is drawn from it
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Read the tensors of a pickle that asks to call what is no plain data; nothing is called
    #[arg(long)]
    pub(crate) skip_calls: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const IMPORT_HELP: &str = "\
Kinds: timm-vit, timesformer, hf-timesformer, c3d (video), distilbert (text), frozen, clip, hf-clip
(both).
In place of a file, hub:OWNER/NAME downloads from the Hugging Face hub.

  locvtp weights import --from hf-timesformer tsf/ --from distilbert bert/ --out model";

fn size(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|size| (1..=65_536).contains(size))
        .ok_or_else(|| "expected a number from 1 to 65536".to_owned())
}

/// `locvtp weights inspect`
#[derive(Debug, ClapArgs)]
pub(crate) struct InspectWeights {
    /// Files of one checkpoint, or the folder they lie in
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// List every key; layers with the same shapes are one line otherwise
    #[arg(long)]
    pub(crate) all: bool,
    /// Read the tensors of a pickle that asks to call what is no plain data; nothing is called
    #[arg(long)]
    pub(crate) skip_calls: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp inspect`
#[derive(Debug, ClapArgs)]
pub(crate) struct Inspect {
    /// A video, model directory, run folder, checkpoint, corpus, demo folder, file of weights, run file
    /// or task file
    pub(crate) path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp report`
#[derive(Debug, ClapArgs)]
pub(crate) struct Report {
    /// A run folder, or the folder of a demo
    pub(crate) run: PathBuf,
    /// Folder to write [default: the folder's report/]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp synthesize`
#[derive(Debug, ClapArgs)]
pub(crate) struct Synthesize {
    /// Folder to write; a corpus made with the same settings is kept
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Settings of the corpus (TOML); what it leaves out has its default
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Videos to pre-train on
    #[arg(long, value_name = "N")]
    pub(crate) videos: Option<usize>,
    /// Everything random follows from it
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp corpus`
#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// Read corpora as training would, and tell what will be used and why the rest is not
    Check(CorpusCheck),
    /// Pack a corpus into tar shards, to be read from disk, a web server or S3
    Pack(CorpusPack),
}

/// `locvtp corpus pack`
#[derive(Debug, ClapArgs)]
pub(crate) struct CorpusPack {
    /// A file or folder: a data set's own annotation files, a manifest, videos with subtitles, shards
    #[arg(value_name = "CORPUS")]
    pub(crate) corpus: PathBuf,
    /// Folder to write; a packing that was stopped goes on there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A shard is full with so many MiB; a larger video has a shard of its own
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub(crate) shard_mib: u64,
    /// A shard is full with so many videos
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) shard_samples: u32,
    /// How the files are laid out
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CorpusFormat,
    /// Folder with the video files, at any depth [default: videos/ in the corpus]
    #[arg(long, value_name = "DIR")]
    pub(crate) videos: Option<PathBuf>,
    /// Take only the videos that this list names (CSV, JSON or text)
    #[arg(long, value_name = "FILE")]
    pub(crate) only: Option<PathBuf>,
    /// Take only this part of the data set
    #[arg(long, value_enum)]
    pub(crate) subset: Option<CorpusSubset>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp corpus check`
#[derive(Debug, ClapArgs)]
pub(crate) struct CorpusCheck {
    /// Files or folders: a data set's own annotation files, a manifest, videos with subtitles; shards
    /// also by a pattern or address: {00000..00012}.tar, https://.., s3://..
    #[arg(required = true, value_name = "CORPUS")]
    pub(crate) corpora: Vec<PathBuf>,
    /// How the files are laid out
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CorpusFormat,
    /// Folder with the video files, at any depth [default: videos/ in the corpus]
    #[arg(long, value_name = "DIR")]
    pub(crate) videos: Option<PathBuf>,
    /// Take only the videos that this list names (CSV, JSON or text)
    #[arg(long, value_name = "FILE")]
    pub(crate) only: Option<PathBuf>,
    /// Take only this part of the data set
    #[arg(long, value_enum)]
    pub(crate) subset: Option<CorpusSubset>,
    /// What is done about captions that repeat or are short
    #[arg(long, value_enum, default_value_t)]
    pub(crate) narration: Narration,
    /// How much of the video files is looked at
    #[arg(long, value_enum, default_value_t)]
    pub(crate) decode: Decode,
    #[command(flatten)]
    pub(crate) reading: FileReading,
    /// End with an error (exit code 2) if more captions and videos than this are bad
    #[arg(long, value_name = "N")]
    pub(crate) max_bad: Option<usize>,
    /// Write all spans with their repairs, and all that was dropped, as JSON lines: a manifest
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CorpusFormat {
    /// Found out from what the files hold
    #[default]
    Auto,
    /// HowTo100M: caption.json, raw_caption.json, or one CSV a video, zipped or not
    #[value(name = "howto100m")]
    HowTo100m,
    /// WebVid-2M: results_2M_*.csv
    #[value(name = "webvid")]
    WebVid,
    /// Conceptual Captions: *.tsv; pictures as videos of one frame
    Cc3m,
    /// MSR-VTT: the official JSON, the 1k-A split, 7k and 9k lists, Frozen's pack
    #[value(name = "msrvtt")]
    MsrVtt,
    /// ActivityNet Captions: train.json, val_1.json, val_2.json
    #[value(name = "activitynet")]
    ActivityNet,
    /// Charades-STA: charades_sta_*.txt, with Charades_v1_*.csv beside
    CharadesSta,
    /// TACoS: 2D-TAN's JSON
    Tacos,
    /// CrossTask: the folder of the release
    #[value(name = "crosstask")]
    CrossTask,
    /// COIN: COIN.json
    Coin,
    /// YouCook2: youcookii_annotations_trainval.json, or MIL-NCE's validation_youcook.csv
    #[value(name = "youcook2")]
    YouCook2,
    /// Your own list, CSV or JSON lines: path, start, end, text
    Manifest,
    /// Your own videos with .srt or .vtt files beside them
    Subtitles,
    /// Tar files of videos with captions, as `corpus pack`, WebDataset and video2dataset write them
    Shards,
}

impl CorpusFormat {
    pub(crate) fn layout(self) -> Option<Layout> {
        Some(match self {
            Self::Auto => return None,
            Self::HowTo100m => Layout::HowTo100m,
            Self::WebVid => Layout::WebVid,
            Self::Cc3m => Layout::Cc3m,
            Self::MsrVtt => Layout::MsrVtt,
            Self::ActivityNet => Layout::ActivityNet,
            Self::CharadesSta => Layout::CharadesSta,
            Self::Tacos => Layout::Tacos,
            Self::CrossTask => Layout::CrossTask,
            Self::Coin => Layout::Coin,
            Self::YouCook2 => Layout::YouCook2,
            Self::Manifest => Layout::Manifest,
            Self::Subtitles => Layout::Subtitles,
            Self::Shards => Layout::Shards,
        })
    }
}

/// `--subset`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CorpusSubset {
    Train,
    Validation,
    Test,
}

impl From<CorpusSubset> for Subset {
    fn from(subset: CorpusSubset) -> Self {
        match subset {
            CorpusSubset::Train => Self::Train,
            CorpusSubset::Validation => Self::Validation,
            CorpusSubset::Test => Self::Test,
        }
    }
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

/// `locvtp pretrain`
#[derive(Debug, ClapArgs)]
pub(crate) struct Pretrain {
    /// The run file (TOML)
    pub(crate) run_file: PathBuf,
    /// Folder of the run [default: runs/ and the run's name]
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// Go on from the newest whole checkpoint in the folder
    #[arg(long)]
    pub(crate) resume: bool,
    /// Override a key of the run file, for example train.steps=200
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp evaluate`
#[derive(Debug, ClapArgs)]
pub(crate) struct Evaluate {
    /// Model directory, or a run or demo folder that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Folder of a held-out split: truth.json and videos/
    #[arg(long, value_name = "DIR")]
    pub(crate) split: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
