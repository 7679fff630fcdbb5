//! Everything that can go wrong in a task, each with what was expected and found.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use locvtp_features::Difference;
use locvtp_train::shell_words::quoted;
use locvtp_video::TimeSpan;
use locvtp_video::counted::counted_as;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is nothing to measure.
    #[error(
        "{what}: there are none, so nothing can be measured; check the split that was evaluated"
    )]
    Nothing {
        /// What is missing.
        what: &'static str,
    },
    /// A score is NaN, or infinite where that has no meaning.
    #[error(
        "the score of {of} {row}, entry {column}, is {found}; expected a finite number: \
         look for the first step whose loss was not finite"
    )]
    Score {
        /// What the row stands for.
        of: &'static str,
        /// Which row, from 0.
        row: usize,
        /// Which entry of the row, from 0.
        column: usize,
        /// The value.
        found: f32,
    },
    /// One setting has a value that cannot be used.
    #[error("`{key}` is {found}; expected {expected}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// What values can be used.
        expected: &'static str,
    },
    /// A sentence is empty for the model's tokenizer.
    #[error(
        "the sentence {sentence:?} has no words; write what should happen, like \"a red square moves left\""
    )]
    NoWords {
        /// The sentence.
        sentence: String,
    },
    /// A feature is NaN or infinite.
    #[error(
        "{path}: the features of the clip at {span} are not finite numbers; the model's weights are \
         damaged, or their training broke down",
        path = path.display()
    )]
    NotFinite {
        /// The video.
        path: PathBuf,
        /// The first clip of those that were pushed together.
        span: TimeSpan,
    },
    /// Two videos have the same name.
    #[error(
        "two videos are called {id:?}: {first} and {second}; {advice}",
        first = first.display(),
        second = second.display()
    )]
    SameName {
        /// The name.
        id: String,
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
        /// The way out.
        advice: &'static str,
    },
    /// There is no such file or folder.
    #[error("{path}: does not exist; check the path", path = path.display())]
    Missing {
        /// The file or folder.
        path: PathBuf,
    },
    /// A folder was given where a file is read.
    #[error("{path}: is a folder; give a file in it", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// No file is called as a pattern says.
    #[error("{pattern}: no file is called so; check the pattern, and put it in quotes")]
    NoSuchPattern {
        /// The pattern.
        pattern: String,
    },
    /// A file or folder cannot be used.
    #[error("{path}: cannot {action}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A task file does not say which task it is of.
    #[error(
        "{path}: says no task; begin it with task = \"grounding\", \"retrieval\", \"steps\", \
         \"segmentation\", \"order_probe\" or \"distance_probe\"",
        path = path.display()
    )]
    NoTask {
        /// The task file.
        path: PathBuf,
    },
    /// The folder of a task holds one already.
    #[error(
        "{path}: a task is in this folder already; go on with --resume, or choose another --run folder",
        path = path.display()
    )]
    TaskExists {
        /// The folder.
        path: PathBuf,
    },
    /// There is no task in the folder that should be gone on with.
    #[error(
        "{path}: nothing to resume here: no task was begun in this folder{did_you_mean} To begin one here, \
         leave --resume out",
        path = path.display()
    )]
    NothingToResume {
        /// The folder.
        path: PathBuf,
        /// The tasks beside it, as a question; a full stop where there are none.
        did_you_mean: String,
    },
    /// The folder of a task holds one with other settings.
    #[error(
        "{path}: this folder holds a task with other settings ({difference}); choose another --run folder",
        path = path.display()
    )]
    OtherTask {
        /// Its task file.
        path: PathBuf,
        /// The first difference.
        difference: String,
    },
    /// The features of a task are not there, and nothing is said that could make them.
    #[error(
        "{path}: there are no features; make them with `locvtp extract`, or give features.model and \
         features.videos and they are made",
        path = path.display()
    )]
    NoFeatures {
        /// Where they should be.
        path: PathBuf,
    },
    /// The features that are there are not those that the task asks for.
    #[error(
        "{path}: its features have `{}` {}, this task asks for {}. Leave them and take another file: \
         --set {}. Or make them anew: {anew}{}",
        difference.key, difference.there, difference.here, features_file(other),
        as_they_are.as_ref().map_or(String::new(), |set| {
            format!(". Or take them as they are: --set {set}")
        }),
        path = path.display()
    )]
    OtherFeatures {
        /// The feature file.
        path: PathBuf,
        /// What differs.
        difference: Box<Difference>,
        /// A name for a file of the task's own.
        other: PathBuf,
        /// What to type to replace them.
        anew: String,
        /// What to set to use them, where a setting says it.
        as_they_are: Option<String>,
    },
    /// Nobody knows whose the features are that are there, and the task asks for those of a model.
    #[error(
        "{path}: its features are of unknown origin: it does not say which model made them, and this task \
         asks for those of {model}. To take them as they are, leave features.model out of the task file. \
         To have them made, take another file: {anew}",
        path = path.display()
    )]
    UnknownOrigin {
        /// The feature file.
        path: PathBuf,
        /// The model that is asked for.
        model: String,
        /// What to type to have features of this model.
        anew: String,
    },
    /// The features of a video were made of another file than the task names.
    #[error(
        "{path}: its features of {:?} were made of {}, features.videos names {}. Take another file: \
         --set {}. Or make them anew: locvtp extract with the same --out does so for videos \
         that have changed. Or leave features.videos out to take those that are there",
        difference.key, difference.there, difference.here, features_file(other),
        path = path.display()
    )]
    OtherVideo {
        /// The feature file.
        path: PathBuf,
        /// The video; the file they were made of, and the one that is named now, with their sizes.
        difference: Box<Difference>,
        /// A name for a file of the task's own.
        other: PathBuf,
    },
    /// Clips and words that should be compared are of different models.
    #[error(
        "{path}: its features were made by {features}, and `{key}` is {words}; without training, clips \
         and words are compared in the joint space of one model: --set {key}=MODEL with the model that \
         made the features, or another features.file",
        path = path.display()
    )]
    OtherTextModel {
        /// The feature file.
        path: PathBuf,
        /// The model that made the features.
        features: String,
        /// The key that names the text encoder's model.
        key: &'static str,
        /// That model.
        words: String,
    },
    /// The words that clips are compared with are cut by another tokenizer than the features' model has.
    #[error(
        "{key} is {words}, the model of the features by its weights, but its tokenizer.json (fingerprint \
         {there}) is not that of features.model, {model} (fingerprint {here}): its words would be others. \
         Copy tokenizer.json from where it is right, or set both keys to one folder",
        model = model.display()
    )]
    OtherTokenizer {
        /// The key that names the text encoder's model.
        key: &'static str,
        /// That model.
        words: String,
        /// The fingerprint of its tokenizer.
        there: String,
        /// The model that makes the features.
        model: PathBuf,
        /// The fingerprint of its tokenizer.
        here: String,
    },
    /// Features that should be compared with words are not in the joint space.
    #[error(
        "{path}: its features are {space}; without training, clips are compared with words in the joint \
         space: set features.space = \"projected\" with another features.file, or extract them with \
         --space projected",
        path = path.display()
    )]
    NotProjected {
        /// The feature file.
        path: PathBuf,
        /// Their space.
        space: String,
    },
    /// A task goes on with other features or words than it began with.
    #[error(
        "{path}: this task began with {what} of {there}, now they are of {here}; put the ones of before \
         back, or begin anew in another --run folder",
        path = path.display()
    )]
    OtherInputs {
        /// What it began with.
        path: PathBuf,
        /// `features`, `baseline`, `words`, `model` or `tokenizer`.
        what: &'static str,
        /// Then.
        there: String,
        /// Now.
        here: String,
    },
    /// None of the annotated videos is called as those of the features are.
    #[error(
        "{path}: the annotations call a video {annotated:?}, the features one {there:?}; videos are found \
         where both are the same but for `v_`, a folder or a video's ending",
        path = path.display()
    )]
    OtherNames {
        /// The feature file.
        path: PathBuf,
        /// A video of the annotations.
        annotated: String,
        /// A video of the features.
        there: String,
        /// What could not be done.
        #[source]
        source: Box<TransferError>,
    },
    /// A feature file lacks videos, and what the task file says would make other features.
    #[error(
        "{path}: lacks features of {} ({example:?} is one), and those of features.model cannot be added; \
         choose another features.file, or leave features.videos out to go on without them",
        counted_as(*count, "video", "videos"),
        path = path.display()
    )]
    NotAdded {
        /// The feature file.
        path: PathBuf,
        /// Videos that it lacks.
        count: usize,
        /// One of them.
        example: String,
        /// What differs.
        #[source]
        source: Box<locvtp_features::FeatureError>,
    },
    /// Two videos of a feature file have features of different width.
    #[error(
        "{path}: the features of {id:?} are {width} wide, those of {other_id:?} {other}; one file holds \
         features of one model: extract them again",
        path = path.display()
    )]
    FeatureWidth {
        /// The feature file.
        path: PathBuf,
        /// A video.
        id: String,
        /// Its width.
        width: usize,
        /// Another.
        other_id: String,
        /// That one's width.
        other: usize,
    },
    /// Clips and words that should be compared are of different width.
    #[error(
        "{path}: its features are {features} wide and the words {words}; zero-shot grounding compares \
         both in the joint space of one model: give the model that made the features as words.model, \
         and extract with --space projected",
        path = path.display()
    )]
    NotTheJointSpace {
        /// The feature file.
        path: PathBuf,
        /// Width of a clip.
        features: usize,
        /// Width of a word.
        words: usize,
    },
    /// Features that were in the file are not there any more.
    #[error("{path}: {id:?} is not in the file any more; leave it alone while a task runs", path = path.display())]
    FeaturesGone {
        /// The feature file.
        path: PathBuf,
        /// The video.
        id: String,
    },
    /// No query of a part can be asked.
    #[error(
        "the {part} part has no query left ({counts}); check the annotation file, and that \
         `features.file` holds its videos by the same ids"
    )]
    NoQueries {
        /// `train` or `test`.
        part: &'static str,
        /// What was left out, and why.
        counts: String,
    },
    /// A file of word vectors cannot be used.
    #[error(
        "{path}, line {line}: {reason}; expected a word and its numbers a line, as in glove.6B.300d.txt",
        path = path.display()
    )]
    WordVectors {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Features are not of the space that the texts are in.
    #[error(
        "{path}: the features of {id:?} are {width} wide, the model's texts {expected}; give the model that \
         made the features, and features of the joint space (features.space = \"projected\")",
        path = path.display()
    )]
    TextWidth {
        /// The feature file.
        path: PathBuf,
        /// A video.
        id: String,
        /// Its width.
        width: usize,
        /// That of the texts.
        expected: usize,
    },
    /// A loss is infinite or not a number.
    #[error(
        "seed {seed}, step {step}: the loss is {loss} or its gradient is not finite; lower \
         `training.optimizer.learning_rate`, or set `training.optimizer.gradient_clip`"
    )]
    Diverged {
        /// The seed.
        seed: u64,
        /// The step, from 0.
        step: u64,
        /// The loss.
        loss: f64,
    },
    /// What a fit left on disk cannot be used.
    #[error(
        "{path}: is damaged: {reason}; remove the folder around it and train again",
        path = path.display()
    )]
    DamagedState {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Features of two videos of one file differ in width.
    #[error(
        "{path}: the features of {id} have {found} numbers a clip, those before have {expected}; \
         they are of two models, so extract them again with one",
        path = path.display()
    )]
    Width {
        /// The file.
        path: PathBuf,
        /// The video.
        id: String,
        /// Its numbers a clip.
        found: usize,
        /// Those of the videos before.
        expected: usize,
    },
    /// Whoever watches stopped it; what is done is kept.
    #[error("stopped; what is done is kept, and the same command goes on")]
    Stopped,
    /// A run file cannot be used, or training cannot go on.
    #[error(transparent)]
    Train(locvtp_train::TrainError),
    /// A feature file cannot be read or written.
    #[error(transparent)]
    Features(locvtp_features::FeatureError),
    /// The truth of a split cannot be read.
    #[error(transparent)]
    Corpus(locvtp_corpus::CorpusError),
    /// A video cannot be read.
    #[error(transparent)]
    Video(locvtp_video::VideoError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(locvtp_model::ModelError),
    /// Scores or predictions cannot be measured.
    #[error(transparent)]
    Measure(locvtp_measure::MeasureError),
}

impl TransferError {
    /// Wraps an input or output error with its path.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl Fn(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            let path = path.clone();
            match source.kind() {
                ErrorKind::NotFound if !path.exists() => Self::Missing { path },
                ErrorKind::IsADirectory => Self::Folder { path },
                _ => Self::Io { path, action, source },
            }
        }
    }

    /// That a file or folder is there.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn expect_there(path: &Path) -> Result<(), Self> {
        if path.exists() { Ok(()) } else { Err(Self::Missing { path: path.to_owned() }) }
    }
}

// Each crate has its own words for a file that is not there; whoever measures hears one.

impl From<locvtp_train::TrainError> for TransferError {
    fn from(error: locvtp_train::TrainError) -> Self {
        use locvtp_train::TrainError::{Corpus, Model, Video};
        match error {
            Corpus(error) => error.into(),
            Model(error) => error.into(),
            Video(error) => error.into(),
            other => Self::Train(other),
        }
    }
}

impl From<locvtp_measure::MeasureError> for TransferError {
    fn from(error: locvtp_measure::MeasureError) -> Self {
        match error {
            locvtp_measure::MeasureError::Missing { path } => Self::Missing { path },
            other => Self::Measure(other),
        }
    }
}

impl From<locvtp_features::FeatureError> for TransferError {
    fn from(error: locvtp_features::FeatureError) -> Self {
        match error {
            locvtp_features::FeatureError::Missing { path } => Self::Missing { path },
            other => Self::Features(other),
        }
    }
}

impl From<locvtp_corpus::CorpusError> for TransferError {
    fn from(error: locvtp_corpus::CorpusError) -> Self {
        match error {
            locvtp_corpus::CorpusError::Read { path, .. } if !path.exists() => {
                Self::Missing { path }
            }
            other => Self::Corpus(other),
        }
    }
}

impl From<locvtp_video::VideoError> for TransferError {
    fn from(error: locvtp_video::VideoError) -> Self {
        Self::Video(error)
    }
}

impl From<locvtp_model::ModelError> for TransferError {
    fn from(error: locvtp_model::ModelError) -> Self {
        match error {
            locvtp_model::ModelError::File { path, source, .. }
                if source.kind() == ErrorKind::NotFound =>
            {
                // Of a model directory the folder, where that is what is missing.
                let is_missing =
                    |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
                let path = path.parent().filter(is_missing).map(Path::to_owned).unwrap_or(path);
                Self::Missing { path }
            }
            other => Self::Model(other),
        }
    }
}

/// What is typed behind `--set` to take another feature file.
fn features_file(path: &Path) -> String {
    quoted(&format!("features.file={}", path.display()))
}
