//! From the text of a run file to an [`Experiment`].
//!
//! Unknown keys are refused, with the one that was probably meant; what a file with `start.model` leaves out is that
//! model directory's to say.

use std::path::Path;

use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::file_kind::FileKind;
use crate::run_file;
use crate::start_settings;

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
        let is_usable = |experiment: &Self| experiment.check().is_ok();
        let experiment: Self =
            run_file::parse(text, origin, overrides, toml::Table::new(), is_usable)?;
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
        start_settings::completed(experiment, table)
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
    use locvtp_video::Augmentation;

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
