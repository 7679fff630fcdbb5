//! Results as the page of a run: types are mapped and words added; no number is computed here.

mod day;
mod figures;
mod tables;

use locvtp_corpus::SyntheticConfig;
use locvtp_measure::SimilaritySummary;
use locvtp_report::{Fact, Provenance, RunReport};
use locvtp_train::{LOG_FILE, RunFolder};
use locvtp_transfer::synthetic::{ChosenExample, EmbeddedSplit, SplitResults};
use locvtp_video::counted::counted;

use crate::output::{COMMIT, VERSION};
use crate::pace::duration;

/// A held-out split, measured.
pub(crate) struct MeasuredSplit {
    /// `seen` or `new`.
    pub(crate) name: &'static str,
    /// As a heading.
    pub(crate) title: &'static str,
    /// Its features.
    pub(crate) embedded: EmbeddedSplit,
    /// Its numbers.
    pub(crate) results: SplitResults,
    /// Context warp.
    pub(crate) warp: SimilaritySummary,
    /// Sentences to show; may be none.
    pub(crate) examples: Vec<ChosenExample>,
    /// Positions of the videos whose heat map is shown.
    pub(crate) heat_maps: Vec<usize>,
}

/// All that the page of a demo shows.
pub(crate) struct DemoPage<'a> {
    pub(crate) run: &'a RunFolder,
    pub(crate) corpus: &'a SyntheticConfig,
    pub(crate) parameters: usize,
    pub(crate) splits: &'a [MeasuredSplit],
}

impl DemoPage<'_> {
    /// The page.
    pub(crate) fn report(&self) -> anyhow::Result<RunReport> {
        let mut report = run_report(self.run);
        report.title = "LocVTP: from narrated videos to the moment a sentence describes".into();
        report.intro = "A video encoder and a text encoder were trained from nothing on narrated \
                        videos, with no label but the narration and its loose timing. They are \
                        measured on videos they have never seen. The videos are drawn by a \
                        program, so what truly happens is known."
            .into();
        report.facts.insert(0, self.corpus_fact());
        let parameters = self.parameters as f64 / 1e6;
        report.facts.insert(1, fact("Model", format!("{parameters:.2} million parameters")));
        for split in self.splits {
            report.headlines.extend(tables::headlines(split));
            report.results.push(tables::grounding(split));
            report.results.push(tables::retrieval(split));
            report.action_confusions.push(figures::confusion(split));
            report.histograms.push(figures::context_warp(split));
            for (i, video) in split.heat_maps.iter().enumerate() {
                report.heat_maps.push(figures::heat_map(split, i + 1, *video)?);
            }
            for (i, example) in split.examples.iter().enumerate() {
                report.grounding_examples.push(figures::grounding_example(split, i + 1, example)?);
            }
        }
        report.results.push(tables::action_choice(self.splits));
        report.notes = self.notes();
        Ok(report)
    }

    fn corpus_fact(&self) -> Fact {
        let corpus = self.corpus;
        fact(
            "Corpus",
            format!(
                "{} narrated videos of {} s to train on, {} and {} to measure on",
                corpus.train_videos, corpus.duration_s, corpus.seen_videos, corpus.new_videos
            ),
        )
    }

    fn notes(&self) -> Vec<String> {
        let share = short_share(self.run);
        let trim_s = self.run.experiment.pairs.short_trim_s;
        let trimmed = if trim_s > 0.0 {
            format!(", trimmed by up to {trim_s} s at both ends")
        } else {
            String::new()
        };
        let mut notes = vec![
            format!(
                "Pre-training pairs are a mixture: {share:.0} % of the steps train on short spans, \
                 the rest on long spans of narration over several events. A short span is one \
                 caption with its own loose times{trimmed}, so it tells more about when something \
                 happens than long narration does; no true time is used for either."
            ),
            "An oracle knows one thing about every clip exactly, as its name says, and nothing \
             else. The colour oracle needs no understanding of time; the action choice does: one \
             frame cannot tell the action. It is an easier question than finding the moment, as \
             the event's true interval, colour and shape are given. Most actions are another one \
             played backwards; without the order of frames, one can choose between those two only \
             by lot."
                .into(),
            "What is asked are plain sentences of what truly happens, not narration with its \
             synonyms, fillers and gaps. The text that looks for a video joins those of all its \
             events."
                .into(),
            "Heat maps show the first videos of their split; grounding examples stand at fixed \
             ranks among all sentences, which their captions name. Neither was picked by eye."
                .into(),
            format!("One run with seed {}; other seeds differ by some points.", self.corpus.seed),
        ];
        let skipped: usize = self.splits.iter().map(|split| split.results.skipped.len()).sum();
        if skipped > 0 {
            notes.push(format!("{skipped} held-out videos could not be read and were left out."));
        }
        notes
    }
}

/// The page of a run that has not been measured: its losses and settings.
pub(crate) fn run_report(run: &RunFolder) -> RunReport {
    let mut facts = vec![
        fact(
            "Pre-training",
            format!("{} in {}", counted(run.steps_done(), "step"), duration(run.training_s())),
        ),
        fact("Short spans", format!("{:.0} % of the steps", short_share(run))),
    ];
    if !run.bad_videos.is_empty() {
        facts.push(fact("Left out", format!("{} unreadable videos", run.bad_videos.len())));
    }
    RunReport {
        title: format!("The run {}", run.experiment.run.name),
        intro: "Losses and settings of a pre-training run. Nothing was measured on held-out \
                videos yet; `locvtp evaluate` does."
            .into(),
        facts,
        loss_curves: figures::loss_curves(run),
        settings_toml: run.experiment.to_toml(),
        provenance: Provenance {
            version: VERSION.into(),
            commit: COMMIT.into(),
            date: day::last_written(&run.path.join(LOG_FILE)),
        },
        ..RunReport::default()
    }
}

/// Percentage of the run's steps that train on short spans.
fn short_share(run: &RunFolder) -> f64 {
    100.0 * run.experiment.pairs.short_share_over(run.steps_done())
}

fn fact(label: &str, value: String) -> Fact {
    Fact { label: label.into(), value }
}
