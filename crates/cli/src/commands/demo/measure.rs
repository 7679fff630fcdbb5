//! The measuring stage of a demo: both held-out splits, and what their figures show.

use locvtp_measure::ReferenceSettings;
use locvtp_train::Experiment;
use locvtp_transfer::Embedder;
use locvtp_transfer::synthetic::EmbeddedSplit;
use locvtp_transfer::synthetic::{WarpSimilaritySettings, warp_similarities};
use locvtp_transfer::synthetic::{answer_all, at_quantiles};

use super::folder::DemoFolder;
use crate::page::MeasuredSplit;
use crate::progress::CountProgress;

/// Examples stand where this share of all sentences is worse.
const EXAMPLE_QUANTILES: [f64; 4] = [0.95, 0.8, 0.5, 0.1];

/// Measures `seen` and `new`, in this order.
pub(super) fn splits(
    embedder: &Embedder,
    folder: &DemoFolder,
    experiment: &Experiment,
) -> anyhow::Result<Vec<MeasuredSplit>> {
    let seen = measure(embedder, folder, experiment, "seen", "New videos of seen combinations");
    let new = measure(embedder, folder, experiment, "new", "New combinations");
    let (mut seen, mut new) = (seen?, new?);
    let answered = answer_all(&seen.embedded, &ReferenceSettings::default().decoder)?;
    seen.examples = at_quantiles(answered, &EXAMPLE_QUANTILES);
    seen.heat_maps = (0..seen.embedded.videos.len().min(2)).collect();
    new.heat_maps = vec![0];
    Ok(vec![seen, new])
}

fn measure(
    embedder: &Embedder,
    folder: &DemoFolder,
    experiment: &Experiment,
    name: &'static str,
    title: &'static str,
) -> anyhow::Result<MeasuredSplit> {
    let mut progress = CountProgress::new(format!("videos of the split {name}"), "videos");
    let dir = folder.corpus.join(name);
    let embedded = EmbeddedSplit::embed_with_progress(embedder, &dir, &mut |done, total| {
        progress.show(done, total);
    })?;
    let num_matches = experiment.correspondence.num_matches;
    let results = embedded.measure(embedder, &ReferenceSettings::default(), num_matches)?;
    let settings = WarpSimilaritySettings {
        loss: experiment.loss,
        correspondence: experiment.correspondence,
        seed: experiment.run.seed,
    };
    let warp = warp_similarities(embedder, &embedded, &settings)?;
    let (examples, heat_maps) = (Vec::new(), Vec::new());
    Ok(MeasuredSplit { name, title, embedded, results, warp, examples, heat_maps })
}
