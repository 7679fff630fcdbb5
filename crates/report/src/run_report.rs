//! Everything the page of one run shows, as plain numbers and words.
//!
//! A run folder keeps it as `report.json` beside the page, so the page can be made again without
//! the model or the videos. What a run has no numbers for is left empty and gets no section.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::confusion::ConfusionMatrix;
use crate::curves::LossCurves;
use crate::error::ReportError;
use crate::figure::Figure;
use crate::grounding::GroundingExample;
use crate::headline::Headline;
use crate::heat_map::HeatMap;
use crate::histogram::SimilarityHistogram;
use crate::results_table::ResultsTable;

/// One run, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// Heading of the page.
    pub title: String,
    /// What this is, in two sentences.
    pub intro: String,
    /// The numbers on top, as cards.
    pub headlines: Vec<Headline>,
    /// Facts of the run: corpus, model size, time, files skipped.
    pub facts: Vec<Fact>,
    /// Tables of results, one a split.
    pub results: Vec<ResultsTable>,
    /// Confusions of choices, one a split.
    pub action_confusions: Vec<ConfusionMatrix>,
    /// Losses over the steps.
    pub loss_curves: Option<LossCurves>,
    /// Clip-word heat maps of a few videos.
    pub heat_maps: Vec<HeatMap>,
    /// Sentences found in videos, or not.
    pub grounding_examples: Vec<GroundingExample>,
    /// Histograms of reference, bias and projection similarity.
    pub histograms: Vec<SimilarityHistogram>,
    /// What a reader must know to judge the numbers, one remark each.
    pub notes: Vec<String>,
    /// The resolved run file.
    pub settings_toml: String,
    /// What made this page.
    pub provenance: Provenance,
}

/// A fact of the run and its value, e.g. "pre-training" and "3,000 steps in 6 min 10 s".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What.
    pub label: String,
    /// Its value, with the unit.
    pub value: String,
}

/// What made the numbers; given by the caller, so that equal reports give equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of the program.
    pub version: String,
    /// Commit it was built from; may be empty.
    pub commit: String,
    /// Day of the run, e.g. "2026-03-01".
    pub date: String,
}

/// The figures of a report, by section and in the order of the page.
pub(crate) struct ReportFigures {
    pub(crate) confusions: Vec<Figure>,
    pub(crate) losses: Vec<Figure>,
    pub(crate) heat_maps: Vec<Figure>,
    pub(crate) grounding: Vec<Figure>,
    pub(crate) histograms: Vec<Figure>,
}

impl ReportFigures {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Figure> {
        let sections =
            [&self.losses, &self.confusions, &self.heat_maps, &self.grounding, &self.histograms];
        sections.into_iter().flatten()
    }
}

impl RunReport {
    /// Reads a report that [`crate::write()`] kept as `report.json`.
    ///
    /// # Errors
    /// [`ReportError::Read`] when the file cannot be read, [`ReportError::Parse`] when it is no
    /// report.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ReportError::Read { path: path.into(), source })?;
        serde_json::from_str(&text)
            .map_err(|source| ReportError::Parse { path: path.into(), source })
    }

    /// Draws every figure and checks that their names can be file names, each used once.
    pub(crate) fn figures(&self) -> Result<ReportFigures, ReportError> {
        let figures = ReportFigures {
            confusions: self
                .action_confusions
                .iter()
                .map(|c| c.figure())
                .collect::<Result<_, _>>()?,
            losses: self.loss_curves.iter().map(|c| c.figure()).collect::<Result<_, _>>()?,
            heat_maps: self.heat_maps.iter().map(|h| h.figure()).collect::<Result<_, _>>()?,
            grounding: self
                .grounding_examples
                .iter()
                .map(|g| g.figure())
                .collect::<Result<_, _>>()?,
            histograms: self.histograms.iter().map(|h| h.figure()).collect::<Result<_, _>>()?,
        };
        let mut names = BTreeSet::new();
        for figure in figures.iter() {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let problem = if figure.name.is_empty() || !figure.name.chars().all(allowed) {
                "cannot be a file name"
            } else if !names.insert(figure.name.as_str()) {
                "is used twice"
            } else {
                continue;
            };
            return Err(ReportError::Name { name: figure.name.clone(), problem });
        }
        Ok(figures)
    }
}
