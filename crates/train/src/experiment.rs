//! The run file: one TOML that says everything a run depends on.
//!
//! Text becomes an [`Experiment`] (unknown keys are refused, with the one that was probably meant), and
//! [`Experiment::check`] finds contradictions before anything is read. The resolved copy is saved with the run.

use std::path::{Path, PathBuf};

use locvtp_corpus::{
    Language, Layout, NarrationCare, PairSettings, ReadSettings, ShardSettings, SpanKind, Subset,
};
use locvtp_model::correspondence::CorrespondenceConfig;
use locvtp_model::loss::LossConfig;
use locvtp_model::objective::Objective;
use locvtp_model::{LocVtpConfig, Preprocessing};
use locvtp_video::{Augmentation, FrameTableCache, ReadLimits, ReaderSettings, VideoOpener};
use serde::{Deserialize, Serialize};

use crate::augmentation;
use crate::error::TrainError;
use crate::file_kind::FileKind;
use crate::optimizer::OptimizerConfig;
use crate::run_file;
use crate::start::{self, StartSection};

/// A pre-training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Name and seed.
    pub run: RunSection,
    /// Where the weights come from.
    pub start: StartSection,
    /// Where the videos and their narration are.
    pub corpus: CorpusSection,
    /// How pairs are drawn from the narration.
    pub pairs: PairSettings,
    /// How a pair's span becomes clips.
    pub sampling: SamplingSection,
    /// How pixels become numbers; goes into the model directory.
    pub preprocessing: Preprocessing,
    /// What is changed at random in training; `augmentation = "paper"` above all sections, or a
    /// section of its own. Default: nothing.
    pub augmentation: Augmentation,
    /// Sizes of the model.
    pub model: LocVtpConfig,
    /// Where the words come from.
    pub tokenizer: TokenizerSection,
    /// Which words belong to a clip.
    pub correspondence: CorrespondenceConfig,
    /// The choices of the three losses.
    pub loss: LossConfig,
    /// How the losses are weighted over time.
    pub objective: Objective,
    /// Adam and its rate.
    pub optimizer: OptimizerConfig,
    /// How long, how often logged and saved.
    pub train: TrainSection,
    /// Threads and memory of the loader; changes no result.
    pub loader: LoaderSection,
    /// What one video file may cost, before it counts as bad.
    pub limits: ReadLimits,
}

/// Name and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSection {
    /// For logs and reports.
    pub name: String,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Default for RunSection {
    fn default() -> Self {
        Self { name: "run".into(), seed: 0 }
    }
}

/// Where the videos and their narration are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorpusSection {
    /// The folder of a corpus, or one of its files: HowTo100M's layout (`caption.json` and
    /// `videos/`), another data set as published, a manifest, videos with subtitles, or shards: their
    /// folder, a pattern such as `shards/{00000..00012}.tar`, or either as an address, `https://..` or
    /// `s3://..`.
    pub dir: PathBuf,
    /// Share of videos that may be unreadable before the run stops, 0..=1.
    pub max_bad: f64,
    /// How the corpus is laid out, as `locvtp corpus check --format` names it; found out when not
    /// given.
    pub layout: Option<Layout>,
    /// The folder under which the video files are; `videos/` in `dir`, or `dir`, when not given.
    pub videos: Option<PathBuf>,
    /// A list of the ids to take; all when not given.
    pub list: Option<PathBuf>,
    /// `train`, `validation` or `test`; all when not given.
    pub subset: Option<Subset>,
    /// The language of the words, where they are there in several, as a code or name: `"en"`, `"deu"`,
    /// `"pt-BR"`. English when not given, else the only one that there is.
    pub language: Option<Language>,
    /// What is done about captions that repeat or are short.
    pub narration: NarrationCare,
    /// How shards on other machines are fetched and kept; changes no result.
    pub shards: ShardSettings,
}

impl CorpusSection {
    /// What is read, and how.
    pub fn read_settings(&self) -> ReadSettings {
        ReadSettings {
            layout: self.layout,
            videos: self.videos.clone(),
            list: self.list.clone(),
            subset: self.subset,
            language: self.language.clone(),
            narration: self.narration.clone(),
            shards: self.shards.clone(),
        }
    }
}

impl Default for CorpusSection {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("corpus"),
            max_bad: 0.5,
            layout: None,
            videos: None,
            list: None,
            subset: None,
            language: None,
            narration: NarrationCare::default(),
            shards: ShardSettings::default(),
        }
    }
}

/// How a pair's span becomes clips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamplingSection {
    /// Clips of a long span, `T`. Paper: 8.
    pub long_clips: usize,
    /// Clips of a short span.
    pub short_clips: usize,
    /// Take every frame at a random moment of its part of the clip; off: in the middle.
    pub jitter: bool,
}

impl Default for SamplingSection {
    fn default() -> Self {
        Self { long_clips: 8, short_clips: 8, jitter: true }
    }
}

/// Where the words come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenizerSection {
    /// A `tokenizer.json`; without one a vocabulary is trained on the corpus.
    pub file: Option<PathBuf>,
    /// Tokens of a trained vocabulary, at most; but never fewer than the corpus has characters.
    pub vocab_size: usize,
}

impl Default for TokenizerSection {
    fn default() -> Self {
        Self { file: None, vocab_size: 1000 }
    }
}

/// How long, how often logged and saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainSection {
    /// Steps of the whole run. Default: as many as `epochs` says.
    pub steps: Option<u64>,
    /// Epochs of the whole run where `steps` is not given, of `videos / pairs.long_batch` whole steps each, and as many as
    /// visit every picture, if there are some. Paper: 200.
    pub epochs: u64,
    /// Steps between two lines of the log.
    pub log_every: u64,
    /// Steps between two checkpoints; 0 keeps the last state alone.
    pub checkpoint_every: u64,
    /// Checkpoints kept.
    pub keep_checkpoints: usize,
}

impl Default for TrainSection {
    fn default() -> Self {
        Self { steps: None, epochs: 200, log_every: 10, checkpoint_every: 500, keep_checkpoints: 2 }
    }
}

/// Threads and memory of the loader; changes no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderSection {
    /// Threads that decode ahead of the encoder.
    pub threads: usize,
    /// Batches that may wait or be in the making, at most.
    pub queue: usize,
    /// Memory for them; MiB. It allows fewer where batches are large, but always one. Default 4096.
    pub queue_mib: usize,
    /// Memory for decoded videos, so that a small corpus is decoded once; MiB.
    pub cache_mib: usize,
    /// A folder where frame tables are kept, so that a file is read whole once and not at every
    /// opening; `""` for none. Two bytes a frame; may be shared by runs, and deleted at any time.
    /// Default: none, and for the commands `locvtp/frame-tables` in the user's cache folder.
    pub frame_tables: Option<PathBuf>,
}

impl Default for LoaderSection {
    fn default() -> Self {
        Self { threads: 2, queue: 4, queue_mib: 4096, cache_mib: 1024, frame_tables: None }
    }
}

impl LoaderSection {
    /// # Errors
    /// When there would be no thread, or no place for a batch.
    pub fn check(&self) -> Result<(), TrainError> {
        for (key, value) in [
            ("loader.threads", self.threads),
            ("loader.queue", self.queue),
            ("loader.queue_mib", self.queue_mib),
        ] {
            if value == 0 {
                let expected = "1 or more";
                return Err(TrainError::Setting { key, found: "0".into(), expected });
            }
        }
        Ok(())
    }

    /// Batches of so many bytes that may wait or be in the making: `queue`, or fewer where they are
    /// large.
    pub fn queue_len(&self, batch_bytes: usize) -> usize {
        let bytes = self.queue_mib.saturating_mul(1 << 20);
        self.queue.min(bytes / batch_bytes.max(1)).max(1)
    }

    /// How video files are opened.
    ///
    /// # Errors
    /// When the folder of frame tables cannot be made.
    pub fn opener(&self, limits: ReadLimits) -> Result<VideoOpener, TrainError> {
        let folder = self.frame_tables.as_ref();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        Ok(VideoOpener {
            settings: ReaderSettings { limits, ..ReaderSettings::default() },
            frame_tables: folder.map(FrameTableCache::create).transpose()?,
        })
    }
}

impl Experiment {
    /// Reads a run file and applies `overrides` of the form `train.steps=200`.
    ///
    /// A relative `corpus.dir`, `start.model` or `tokenizer.file` is meant from where the program runs. What a file with
    /// `start.model` leaves out is read from that model directory.
    ///
    /// # Errors
    /// When the file is missing, does not parse, is of another kind, has an unknown key (the message names the one that
    /// was probably meant), or says otherwise than the model directory that it starts from.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, TrainError> {
        Self::parse(&run_file::read_text(path)?, &path.display().to_string(), overrides)
    }

    /// The same from text; `origin` is named in errors.
    ///
    /// # Errors
    /// As [`Experiment::read`].
    pub fn parse(text: &str, origin: &str, overrides: &[String]) -> Result<Self, TrainError> {
        let table = run_file::table(text, origin, overrides)?;
        run_file::expect_kind(&table, FileKind::Run, origin)?;
        let experiment: Self = run_file::parse(text, origin, overrides, toml::Table::new())?;
        if let Some(epochs) = said_in_vain(&table, overrides) {
            return Err(TrainError::Contradiction {
                first: "train.epochs",
                second: "train.steps",
                reason: format!(
                    "{epochs} epochs are asked for, and {origin} says how many steps the run has, \
                     which decides; set train.steps, or take it out of the file"
                ),
            });
        }
        start::completed(experiment, table)
    }

    /// A run file that the program has saved, in a run or a checkpoint. Earlier versions wrote
    /// `steps = 0` where the epochs decide.
    ///
    /// # Errors
    /// As [`Experiment::parse`].
    pub(crate) fn parse_saved(text: &str, origin: &str) -> Result<Self, TrainError> {
        let mut experiment = Self::parse(text, origin, &[])?;
        experiment.train.steps = experiment.train.steps.filter(|steps| *steps > 0);
        Ok(experiment)
    }

    /// The same from the file at `path`.
    ///
    /// # Errors
    /// As [`Experiment::read`].
    pub fn read_saved(path: &Path) -> Result<Self, TrainError> {
        Self::parse_saved(&run_file::read_text(path)?, &path.display().to_string())
    }

    /// The file form of the experiment.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("an experiment is plain data")
    }

    /// Steps of the whole run, whose epochs have so many
    /// ([`PairSampler::steps_per_epoch`](locvtp_corpus::PairSampler::steps_per_epoch)).
    pub fn total_steps(&self, steps_per_epoch: u64) -> u64 {
        self.train.steps.unwrap_or(self.train.epochs * steps_per_epoch)
    }

    /// Clips of a pair, and frames of a clip. A picture is one clip, of one frame where the encoder
    /// can (§A.2); then there is no neighbour to warp, and `L_t` is left out of that step.
    pub fn clips_of(&self, kind: SpanKind) -> [usize; 2] {
        let num_frames = self.preprocessing.num_frames;
        match kind {
            SpanKind::Long => [self.sampling.long_clips, num_frames],
            SpanKind::Short => [self.sampling.short_clips, num_frames],
            SpanKind::Picture => [1, self.model.video.num_picture_frames()],
        }
    }

    /// Batches that may wait or be in the making: `loader.queue`, or fewer where they are large.
    pub fn queue_len(&self) -> usize {
        self.loader.queue_len(self.largest_batch_bytes())
    }

    /// What the loader may hold at most: waiting batches and remembered videos; MiB.
    pub fn loader_mib(&self) -> usize {
        let queue = self.queue_len().saturating_mul(self.largest_batch_bytes());
        queue.div_ceil(1 << 20) + self.loader.cache_mib
    }

    /// Bytes of the largest batch, at least 1.
    fn largest_batch_bytes(&self) -> usize {
        let kinds = [SpanKind::Long, SpanKind::Short, SpanKind::Picture];
        let picture = [self.preprocessing.image_size, self.preprocessing.image_size, 3];
        let bytes = kinds.map(|kind| {
            let sides = [self.pairs.batch_len(kind)].into_iter().chain(self.clips_of(kind));
            sides.chain(picture).fold(size_of::<f32>(), usize::saturating_mul)
        });
        bytes.into_iter().max().unwrap_or(0).max(1)
    }

    /// How video files are opened.
    ///
    /// # Errors
    /// When the folder of frame tables cannot be made.
    pub fn opener(&self) -> Result<VideoOpener, TrainError> {
        self.loader.opener(self.limits)
    }

    /// # Errors
    /// When a setting cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), TrainError> {
        self.corpus.narration.check()?;
        self.corpus.shards.check()?;
        self.pairs.check()?;
        self.preprocessing.check()?;
        self.model.check()?;
        self.objective.check()?;
        self.optimizer.check()?;
        augmentation::check(&self.augmentation)?;
        self.loader.check()?;
        let contradiction =
            |first, second, reason| Err(TrainError::Contradiction { first, second, reason });
        let setting =
            |key, found: String, expected| Err(TrainError::Setting { key, found, expected });
        if self.model.text.is_none() {
            let expected = "a text encoder: pre-training compares clips with words";
            return setting("model.text.kind", "\"none\"".into(), expected);
        }
        if let (Some(dir), Some(file)) = (&self.start.model, &self.tokenizer.file) {
            let (dir, file) = (dir.display(), file.display());
            return contradiction(
                "start.model",
                "tokenizer.file",
                format!("{dir} brings the tokenizer of its text encoder; leave out {file}"),
            );
        }
        if self.preprocessing.image_size != self.model.video.image_size() {
            return contradiction(
                "preprocessing.image_size",
                "model.video.image_size",
                format!(
                    "pictures of {} pixels for an encoder of {}; set both to the same",
                    self.preprocessing.image_size,
                    self.model.video.image_size()
                ),
            );
        }
        if self.preprocessing.short_side < self.preprocessing.image_size {
            return contradiction(
                "preprocessing.short_side",
                "preprocessing.image_size",
                format!(
                    "a centre of {} pixels cannot be cut from {}; raise short_side",
                    self.preprocessing.image_size, self.preprocessing.short_side
                ),
            );
        }
        if self.preprocessing.num_frames != self.model.video.num_frames() {
            return contradiction(
                "preprocessing.num_frames",
                "model.video.num_frames",
                format!(
                    "clips of {} frames for an encoder of {}; set both to the same",
                    self.preprocessing.num_frames,
                    self.model.video.num_frames()
                ),
            );
        }
        if self.objective.ends_with_temporal_alone() {
            for (key, clips) in [
                ("sampling.long_clips", self.sampling.long_clips),
                ("sampling.short_clips", self.sampling.short_clips),
            ] {
                if clips < 2 {
                    return contradiction(
                        "objective.temporal",
                        key,
                        "L_t alone has nothing to compare in a span of one clip; take 2 clips or \
                         more, or raise another weight"
                            .into(),
                    );
                }
            }
            if self.model.context_warp.max_distance == 0 {
                return contradiction(
                    "objective.temporal",
                    "model.context_warp.max_distance",
                    "L_t alone has nothing to compare at a distance of 0; raise max_distance, or \
                     another weight"
                        .into(),
                );
            }
        }
        if !(0.0..=1.0).contains(&self.corpus.max_bad) {
            let found = self.corpus.max_bad.to_string();
            return setting("corpus.max_bad", found, "a share between 0 and 1");
        }
        if self.train.steps == Some(0) {
            let expected = "1 or more; leave it out and train.epochs decides how long the run is";
            return setting("train.steps", "0".into(), expected);
        }
        for (key, value) in [
            ("train.epochs", self.train.epochs),
            ("train.log_every", self.train.log_every),
            ("limits.frame_pixels", self.limits.frame_pixels),
            ("limits.output_bytes", self.limits.output_bytes),
        ] {
            if value == 0 {
                return setting(key, "0".into(), "1 or more");
            }
        }
        for (key, value) in [
            ("sampling.long_clips", self.sampling.long_clips),
            ("sampling.short_clips", self.sampling.short_clips),
            ("correspondence.num_matches", self.correspondence.num_matches),
            ("limits.frames", self.limits.frames),
            ("train.keep_checkpoints", self.train.keep_checkpoints),
            ("tokenizer.vocab_size", self.tokenizer.vocab_size),
            ("preprocessing.num_frames", self.preprocessing.num_frames),
        ] {
            if value == 0 {
                return setting(key, "0".into(), "1 or more");
            }
        }
        if !(self.loss.temperature > 0.0 && self.loss.temperature.is_finite()) {
            return setting(
                "loss.temperature",
                self.loss.temperature.to_string(),
                "a number above 0",
            );
        }
        Ok(())
    }
}

/// `train.epochs` of a flag that `train.steps` of the file makes meaningless.
fn said_in_vain(table: &toml::Table, overrides: &[String]) -> Option<String> {
    let value = |key: &str| {
        let of = |entry: &String| {
            let (typed, value) = entry.split_once('=')?;
            (typed.trim() == key).then(|| value.trim().to_owned())
        };
        overrides.iter().rev().find_map(of)
    };
    let has_steps = table.get("train").is_some_and(|train| train.get("steps").is_some());
    value("train.epochs").filter(|_| has_steps && value("train.steps").is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, overrides: &[&str]) -> String {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        match Experiment::parse(text, "run.toml", &overrides) {
            Ok(experiment) => experiment.check().expect_err("should be refused").to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_default_experiment_survives_the_file_form() {
        let experiment = Experiment::default();
        assert_eq!(Experiment::parse(&experiment.to_toml(), "x", &[]).unwrap(), experiment);
        experiment.check().unwrap();
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let message = refusal("[optimizer]\nlearning_rat = 1.0\n", &[]);
        assert!(message.contains("run.toml"), "{message}");
        assert!(message.contains("line 2"), "{message}");
        assert!(message.contains("did you mean `optimizer.learning_rate`?"), "{message}");
        let message = refusal("[optimiser]\n", &[]);
        assert!(message.contains("did you mean `optimizer`?"), "{message}");
        // The sections of the encoders are read in another way.
        let message = refusal("[model.video]\nimage_size = 32\nhidden_sise = 8\n", &[]);
        assert!(message.contains("did you mean `model.video.hidden_size`?"), "{message}");
        let message = refusal("[model.video]\nkind = \"timesformr\"\n", &[]);
        let told =
            "run.toml, line 2: `model.video.kind` is \"timesformr\"; expected \"timesformer\"";
        assert!(message.starts_with(told), "{message}");
        let message = refusal("[model.video]\nhidden_size = \"wide\"\n", &[]);
        let told =
            "run.toml, line 2: `model.video.hidden_size` is \"wide\"; expected a whole number";
        assert!(message.starts_with(told), "{message}");
    }

    #[test]
    fn an_override_replaces_a_key_and_its_errors_name_the_flag() {
        let overrides = ["train.steps=7".to_owned(), "run.name=quick".to_owned()];
        let experiment = Experiment::parse("[train]\nsteps = 3\n", "x", &overrides).unwrap();
        assert_eq!((experiment.train.steps, experiment.run.name.as_str()), (Some(7), "quick"));
        let message = refusal("", &["train.step=7"]);
        assert!(message.contains("--set train.step=7"), "{message}");
        assert!(message.contains("did you mean `train.steps`?"), "{message}");
        assert!(refusal("", &["train.steps"]).contains("section.key=value"));
    }

    #[test]
    fn contradictory_settings_are_both_named() {
        let message = refusal("[preprocessing]\nimage_size = 64\n", &[]);
        assert!(message.contains("`preprocessing.image_size`"), "{message}");
        assert!(message.contains("`model.video.image_size`"), "{message}");
        let message = refusal("[model.video]\npatch_size = 17\n", &[]);
        assert!(
            message.contains("video.image_size") && message.contains("video.patch_size"),
            "{message}"
        );
        let message = refusal("[train]\nsteps = 9\n", &["train.epochs=3"]);
        let parts = ["`train.epochs`", "`train.steps`", "3 epochs", "run.toml"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        let both = ["train.epochs=3".to_owned(), "train.steps=5".to_owned()];
        assert!(Experiment::parse("[train]\nsteps = 9\n", "x", &both).is_ok());
    }

    #[test]
    fn settings_that_no_run_survives_are_refused_by_name() {
        let scaled = "[model.context_warp]\nscale_magnitude = true\nmax_distance = 0";
        let temporal =
            "[objective]\nschedule = \"weighted\"\ncoarse = 0.0\nfine = 0.0\ntemporal = 1.0\n";
        let one_clip = format!("{temporal}[sampling]\nshort_clips = 1");
        let no_distance = format!("{temporal}[model.context_warp]\nmax_distance = 0");
        for (text, named) in [
            ("[model.projection]\ndropout = 1.5", "projection.dropout"),
            ("[model.projection]\ndim = 0", "projection.dim"),
            ("[model.text]\ndim = 0", "text.dim"),
            ("[model.text]\nkind = \"none\"", "model.text.kind"),
            ("[model.text]\nmax_position_embeddings = 2", "text.max_position_embeddings"),
            ("[model.video]\nhidden_size = 0", "video.hidden_size"),
            ("[model.video]\nnum_channels = 4", "video.num_channels"),
            ("[model.video]\npatch_size = 0", "video.patch_size"),
            ("[model.video]\ninitializer_range = nan", "video.initializer_range"),
            (scaled, "context_warp.max_distance"),
            ("[preprocessing]\nclip_duration_s = -1.0", "preprocessing.clip_duration_s"),
            ("[preprocessing]\nclip_duration_s = nan", "preprocessing.clip_duration_s"),
            ("[optimizer]\nepsilon = 0.0", "optimizer.epsilon"),
            (
                "[optimizer]\nschedule = { shape = \"cosine\", floor = 1.5 }",
                "optimizer.schedule.floor",
            ),
            (
                "[optimizer]\nschedule = { shape = \"steps\", at_epochs = [nan], factor = 0.1 }",
                "optimizer.schedule.at_epochs",
            ),
            (
                "[objective]\nschedule = \"weighted\"\ncoarse = 0.0\nfine = 0.0\ntemporal = 0.0",
                "objective.temporal",
            ),
            (&one_clip, "sampling.short_clips"),
            (&no_distance, "model.context_warp.max_distance"),
            ("[corpus]\nmax_bad = nan", "corpus.max_bad"),
            ("[augmentation]\nflip = 1.5", "augmentation.flip"),
            ("[augmentation]\ncrop = { scale = [0.5, 2.0] }", "augmentation.crop.scale"),
            ("[augmentation]\ncrop = { ratio = [2.0, 1.0] }", "augmentation.crop.ratio"),
            ("[augmentation]\ncolour_jitter = { hue = 0.6 }", "augmentation.colour_jitter.hue"),
            (
                "[augmentation]\ncolour_jitter = { contrast = -0.1 }",
                "augmentation.colour_jitter.contrast",
            ),
            ("[loader]\nqueue_mib = 0", "loader.queue_mib"),
            ("[loader]\nthreads = 0", "loader.threads"),
            ("[train]\nsteps = 0", "train.steps"),
            ("[train]\nepochs = 0", "train.epochs"),
            ("[train]\nlog_every = 0", "train.log_every"),
            ("[train]\nkeep_checkpoints = 0", "train.keep_checkpoints"),
            ("[tokenizer]\nvocab_size = 0", "tokenizer.vocab_size"),
            ("[pairs]\nlong_batch = 0", "pairs.long_batch"),
            ("[pairs]\nshort_batch = 0", "pairs.short_batch"),
            ("[limits]\nframe_pixels = 0", "limits.frame_pixels"),
            ("[limits]\noutput_bytes = 0", "limits.output_bytes"),
        ] {
            let message = refusal(text, &[]);
            assert!(message.contains(&format!("`{named}`")), "{text}: {message}");
        }
    }

    #[test]
    fn large_batches_shorten_the_queue_and_the_loaders_memory_is_known_before() {
        let mut experiment = Experiment::default();
        experiment.pairs.long_batch = 2;
        experiment.pairs.short_batch = 4;
        // 4 pairs of 8 clips of 16 frames of 224 x 224 x 3 numbers of 4 bytes: 294 MiB.
        experiment.loader.queue_mib = 600;
        assert_eq!(experiment.queue_len(), 2);
        assert_eq!(experiment.loader_mib(), 2 * 294 + 1024);
        experiment.loader.queue_mib = 1;
        assert_eq!(experiment.queue_len(), 1);
        experiment.loader.queue_mib = usize::MAX;
        assert_eq!(experiment.queue_len(), 4);
    }

    #[test]
    fn the_papers_augmentation_has_a_name_and_a_wrong_one_is_told_so() {
        let paper = Experiment::parse("augmentation = \"paper\"", "x", &[]).unwrap();
        assert_eq!(paper.augmentation, Augmentation::paper());
        let set = Experiment::parse("", "x", &["augmentation=paper".to_owned()]).unwrap();
        assert_eq!(set, paper);
        assert_eq!(Experiment::parse(&paper.to_toml(), "x", &[]).unwrap(), paper);
        let message = refusal("[augmentation]\nflips = 0.5", &[]);
        assert!(message.contains("did you mean `augmentation.flip`?"), "{message}");
        let message = refusal("augmentation = \"papre\"", &[]);
        assert!(message.contains("paper"), "{message}");
    }

    #[test]
    fn a_file_of_another_kind_is_told_which_command_takes_it() {
        let task = include_str!("../../../configs/tasks/steps_tiny.toml");
        let told = "run.toml: is a task file, not a run file; type: locvtp transfer run.toml";
        assert_eq!(refusal(task, &[]), told);
        let told = "run.toml: is a file of settings of a synthetic corpus, not a run file; type: \
                    locvtp synthesize --config run.toml --out FOLDER";
        assert_eq!(refusal("train_videos = 3", &[]), told);
    }

    #[test]
    fn a_saved_run_file_of_an_earlier_version_means_its_epochs() {
        let saved = Experiment::parse_saved("[train]\nsteps = 0\nepochs = 7\n", "x").unwrap();
        assert_eq!((saved.train.steps, saved.total_steps(10)), (None, 70));
        saved.check().unwrap();
        assert!(!saved.to_toml().contains("\nsteps ="), "{}", saved.to_toml());
    }
}
