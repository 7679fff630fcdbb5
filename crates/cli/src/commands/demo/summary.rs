//! `summary.json` of a demo, and the same in a few lines for people.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_corpus::{Order, PairSettings};
use locvtp_measure::SimilaritySummary;
use locvtp_train::{LossSelection, RunFolder};
use locvtp_transfer::synthetic::SplitResults;
use locvtp_transfer::synthetic::{RunSummary, SplitSummaries, SplitSummary, StageSeconds};
use serde::Serialize;

use super::Plan;
use super::folder::DemoFolder;
use crate::command_line;
use crate::output::{COMMIT, VERSION};
use crate::pace::duration;
use crate::page::MeasuredSplit;

/// The whole file. Fields may be added, not renamed.
#[derive(Serialize)]
pub(super) struct DemoSummary {
    #[serde(flatten)]
    summary: RunSummary,
    seed: u64,
    steps: u64,
    /// Which losses were trained with.
    objective: LossSelection,
    order: Order,
    pairs: PairMixture,
    context_warp: BTreeMap<&'static str, WarpMeans>,
    /// Everything that was measured.
    details: BTreeMap<&'static str, SplitResults>,
    versions: BTreeMap<&'static str, &'static str>,
}

/// Long and short spans of pre-training.
#[derive(Serialize)]
struct PairMixture {
    /// Share of the steps that train on short spans, 0..=1: the expectation over the whole run.
    short_step_share: f64,
    /// The settings it follows from.
    settings: PairSettings,
}

/// Means of the three similarities.
#[derive(Serialize)]
struct WarpMeans {
    reference: Option<f64>,
    bias: Option<f64>,
    projection: Option<f64>,
    /// Share of the drop from reference to bias that the projection wins back.
    recovered: Option<f64>,
}

impl DemoSummary {
    pub(super) fn new(
        plan: &Plan,
        run: &RunFolder,
        splits: &[MeasuredSplit],
        seconds: StageSeconds,
    ) -> Self {
        let steps = plan.experiment.train.steps.unwrap_or_default();
        let [seen, new] = [0, 1].map(|i| splits[i].results.summary());
        Self {
            summary: RunSummary {
                seconds,
                splits: SplitSummaries { seen, new },
                losses: run.final_losses(),
            },
            seed: plan.corpus.seed,
            steps,
            objective: plan.losses,
            order: plan.corpus.order,
            pairs: PairMixture {
                short_step_share: plan.experiment.pairs.short_share_over(steps),
                settings: plan.experiment.pairs.clone(),
            },
            context_warp: splits.iter().map(|split| (split.name, means(&split.warp))).collect(),
            details: splits.iter().map(|split| (split.name, split.results.clone())).collect(),
            versions: BTreeMap::from([("locvtp", VERSION), ("commit", COMMIT)]),
        }
    }

    /// The headline numbers, what to type next, and where the page is.
    pub(super) fn text(
        &self,
        splits: &[MeasuredSplit],
        folder: &DemoFolder,
        page: &Path,
    ) -> String {
        let mut lines = vec![String::new()];
        for (measured, split) in
            splits.iter().zip([&self.summary.splits.seen, &self.summary.splits.new])
        {
            lines.push(format!("{}:", measured.title));
            lines.extend(numbers(split));
        }
        let seconds = &self.summary.seconds;
        lines.push(format!(
            "took {} for the videos, {} to pre-train, {} to measure",
            duration(seconds.synthesize),
            duration(seconds.pretrain),
            duration(seconds.evaluate)
        ));
        lines.push(String::new());
        if let Some(example) = splits.iter().flat_map(|split| &split.examples).next() {
            let video = &splits[0].embedded.videos[example.query.video];
            let (model, path) = (folder.path().to_string_lossy(), video.path.to_string_lossy());
            let sentence = &video.truth.events[example.query.event].query;
            let arguments = ["ground", "--model", &model, &path, sentence];
            lines.push("find a moment yourself:".into());
            lines.push(format!("  {}", command_line::command(arguments)));
        }
        lines.push(format!("the page:     {}", page.display()));
        lines.push(format!("the numbers:  {}", folder.summary.display()));
        lines.join("\n")
    }
}

fn numbers(split: &SplitSummary) -> [String; 3] {
    let (grounding, references) = (&split.grounding, &split.references);
    let (retrieval, choice) = (&split.retrieval, &split.action_choice);
    [
        format!(
            "  finding the moment   mIoU {:5.1}   (chance {:.1}, knowing colour {:.1}, colour and \
             shape {:.1}, everything {:.1})",
            grounding.miou,
            references.random_interval_miou,
            references.colour_oracle_miou,
            references.colour_shape_oracle_miou,
            references.all_oracle_miou
        ),
        format!(
            "  finding the video    R@5  {:5.1}   (chance {:.1}, among {})",
            retrieval.r5, retrieval.chance_r5, retrieval.candidates
        ),
        format!(
            "  choosing the action       {:5.1}   (chance {:.1}; interval, colour and shape are given)",
            choice.accuracy, choice.chance
        ),
    ]
}

fn means(warp: &SimilaritySummary) -> WarpMeans {
    WarpMeans {
        reference: warp.reference.mean(),
        bias: warp.bias.mean(),
        projection: warp.projection.mean(),
        recovered: warp.recovered(),
    }
}
