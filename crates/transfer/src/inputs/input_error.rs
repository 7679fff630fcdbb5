//! What can be wrong with what a task is given: features and words, and whose they are.

use std::path::{Path, PathBuf};

use locvtp_features::{Difference, FeatureError};
use locvtp_train::shell_words::quoted;
use locvtp_video::counted::counted_as;

/// Why a task cannot use its features or words.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
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
    /// What a task noted of its inputs cannot be read.
    #[error(
        "{path}: is damaged: {reason}; remove the folder around it and train again",
        path = path.display()
    )]
    DamagedNote {
        /// The file.
        path: PathBuf,
        /// Where it does not parse.
        reason: serde_json::Error,
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
        source: Box<dyn std::error::Error + Send + Sync>,
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
        source: Box<FeatureError>,
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
    /// Features that were in the file are not there any more.
    #[error("{path}: {id:?} is not in the file any more; leave it alone while a task runs", path = path.display())]
    FeaturesGone {
        /// The feature file.
        path: PathBuf,
        /// The video.
        id: String,
    },
}

/// What is typed behind `--set` to take another feature file.
fn features_file(path: &Path) -> String {
    quoted(&format!("features.file={}", path.display()))
}
