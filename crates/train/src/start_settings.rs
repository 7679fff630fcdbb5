//! What a model directory that a run starts from says of its settings.
//!
//! Encoders, words and preprocessing are those of the directory: a run file leaves them out, and one
//! that says otherwise is refused. Projections and context warping are the run file's to choose, and
//! so are how long a clip of a whole video is and whose way pictures are scaled
//! (`preprocessing.scaling`, `fast` for speed).

use std::path::Path;

use locvtp_model::{LocVtpConfig, ModelDirectory, ModelError, Preprocessing, SentenceFeature};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::error::TrainError;
use crate::experiment::{Experiment, StartSection};
use crate::left_out::complete;
use crate::same_run::{SettingDifference, differences};
use crate::settings_schema::settings_schema;

/// The sections of a run file that a model directory has a say in.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sections {
    pub(crate) model: LocVtpConfig,
    pub(crate) preprocessing: Preprocessing,
}

impl Sections {
    pub(crate) fn of(experiment: &Experiment) -> Self {
        let (model, preprocessing) = (experiment.model.clone(), experiment.preprocessing.clone());
        Self { model, preprocessing }
    }

    pub(crate) fn read(dir: &Path) -> Result<Self, ModelError> {
        let (mut model, preprocessing, _) = ModelDirectory::read_settings(dir)?;
        // The losses train words and their mean, whatever a sentence was before.
        model.sentence_feature = SentenceFeature::MeanWord;
        Ok(Self { model, preprocessing })
    }

    pub(crate) fn table(&self) -> Table {
        Table::try_from(self).expect("settings are plain data")
    }

    /// The first setting of an encoder or of the pixels that `experiment` gives another value, the
    /// kind of an encoder before its sizes.
    pub(crate) fn difference(&self, experiment: &Experiment) -> Option<SettingDifference> {
        let mut own = experiment.clone();
        own.model.video = self.model.video.clone();
        own.model.text = self.model.text.clone();
        let Preprocessing { clip_duration_s, scaling, .. } = experiment.preprocessing;
        own.preprocessing =
            Preprocessing { clip_duration_s, scaling, ..self.preprocessing.clone() };
        let found = differences(&own, experiment).into_iter();
        found.min_by_key(|difference| !difference.key.ends_with(".kind"))
    }
}

/// The experiment of a parsed run file, with what it leaves out from the model directory that it
/// starts from. A directory that cannot be read leaves it as it is: a run that goes on does not need
/// it, and [`resolved`](crate::start::resolved) says what one that begins does.
pub(crate) fn completed(experiment: Experiment, file: Table) -> Result<Experiment, TrainError> {
    let StartSection { model: Some(dir), weights: None } = &experiment.start else {
        return Ok(experiment);
    };
    let Ok(decided) = Sections::read(dir) else { return Ok(experiment) };
    let mut merged = overlaid(decided.table(), file);
    complete(&mut merged, &settings_schema::<Experiment>());
    let merged: Experiment = match Value::Table(merged).try_into() {
        Ok(merged) => merged,
        // Settings of an encoder of another kind: the run file alone says which.
        Err(_) => experiment.clone(),
    };
    match decided.difference(&merged) {
        Some(difference) => Err(contradiction(dir, difference)),
        None => Ok(merged),
    }
}

/// `base` with the values of `over` in the place of its own.
pub(crate) fn overlaid(mut base: Table, over: Table) -> Table {
    for (key, value) in over {
        match (base.remove(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => {
                base.insert(key, Value::Table(overlaid(inner, value)));
            }
            (_, value) => _ = base.insert(key, value),
        }
    }
    base
}

/// The values of `table` that `usual` has not.
pub(crate) fn without(table: Table, usual: &Table) -> Table {
    let chosen = table.into_iter().filter_map(|(key, value)| match (value, usual.get(&key)) {
        (Value::Table(inner), Some(Value::Table(usual))) => {
            Some((key, Value::Table(without(inner, usual))))
        }
        (value, usual) => (Some(&value) != usual).then_some((key, value)),
    });
    chosen.collect()
}

pub(crate) fn contradiction(dir: &Path, difference: SettingDifference) -> TrainError {
    let SettingDifference { key, there, wanted } = difference;
    TrainError::StartModel {
        path: dir.into(),
        reason: format!("`{key}` is {there} there, and the run file says {wanted}"),
        way_out: "leave the key out of the run file, or start from a model directory of that size"
            .into(),
    }
}
