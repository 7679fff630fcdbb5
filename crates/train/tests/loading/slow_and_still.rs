//! Parts of the model that learn more slowly or not at all, and a second model that follows the first.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_model::weights::named_parameters;
use locvtp_model::{Device, ModelDirectory};
use locvtp_train::{Experiment, Observer, RunStart, StepReport, pretrain};

use crate::small_corpus::experiment;

struct Stops(Option<u64>, u64);

impl Observer for Stops {
    fn started(&mut self, _start: &RunStart) {}
    fn step(&mut self, report: &StepReport, _total_steps: u64) {
        self.1 = report.step + 1;
    }
    fn checkpoint(&mut self, _path: &Path) {}
    fn warning(&mut self, _text: &str) {}
    fn should_stop(&self) -> bool {
        self.0 == Some(self.1)
    }
}

fn trained(experiment: &Experiment, run: &Path, stop_after: Option<u64>) {
    let resume = run.exists();
    pretrain(experiment, run, resume, &Device::flex(), &mut Stops(stop_after, 0)).unwrap();
}

fn weights(model: &Path) -> BTreeMap<String, Vec<f32>> {
    let directory = ModelDirectory::read(model, &Device::flex()).unwrap();
    let named = named_parameters(&directory.model).into_iter();
    named.map(|(name, tensor)| (name, tensor.values)).collect()
}

fn steps(experiment: &Experiment, steps: u64) -> Experiment {
    let mut experiment = experiment.clone();
    experiment.train.steps = Some(steps);
    experiment
}

/// How far a parameter has moved in the first step, in which Adam moves every number by the rate: the
/// largest of its numbers.
fn moved(experiment: &Experiment) -> BTreeMap<String, f32> {
    let folder = tempfile::tempdir().unwrap();
    let (run, second) = (folder.path().join("run"), folder.path().join("second"));
    trained(&steps(experiment, 1), &run, None);
    // One that learns next to nothing ends where both began.
    let mut still = steps(experiment, 1);
    still.optimizer.learning_rate = 1e-30;
    trained(&still, &second, None);
    let (after, before) = (weights(&run.join("model")), weights(&second.join("model")));
    let largest = |name: &String| {
        let pairs = std::iter::zip(&after[name], &before[name]);
        pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
    };
    after.keys().map(|name| (name.clone(), largest(name))).collect()
}

#[test]
fn lower_blocks_learn_more_slowly_and_frozen_ones_not_at_all() {
    let mut experiment = experiment();
    experiment.optimizer.learning_rate = 0.01;
    experiment.train.layer_decay = 0.5;
    experiment.train.freeze = vec!["text.blocks".into()];
    let moved = moved(&experiment);
    for (name, expected) in [
        ("timesformer.layernorm.bias", 0.01),
        ("timesformer.encoder.layer.0.output.dense.bias", 0.005),
        ("timesformer.embeddings.cls_token", 0.0025),
        ("distilbert.transformer.layer.0.ffn.lin1.weight", 0.0),
        ("distilbert.embeddings.position_embeddings.weight", 0.0025),
        ("video_projection.linear.weight", 0.01),
    ] {
        let found = moved.get(name).unwrap_or_else(|| panic!("{name} of {:?}", moved.keys()));
        assert!((found - expected).abs() < 1e-4, "{name}: {found} instead of {expected}");
    }
}

#[test]
fn the_average_is_that_of_the_weights_and_a_run_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let mut experiment = experiment();
    experiment.train.ema = Some(0.5);
    for count in 1..=2 {
        trained(&steps(&experiment, count), &run(&count.to_string()), None);
    }
    let mut unmoved = steps(&experiment, 1);
    unmoved.optimizer.learning_rate = 1e-30;
    trained(&unmoved, &run("0"), None);
    let of = |name: &str, model: &str| weights(&run(name).join(model));
    let (first, second, third) = (of("0", "model"), of("1", "model"), of("2", "model"));
    let average = of("2", "model-ema");
    // Of the first step 2/11 are kept of what was there, of the second 3/12, of later ones at most a half.
    for (name, found) in &average {
        for (i, found) in found.iter().enumerate() {
            let after_one = 2.0 / 11.0 * first[name][i] + 9.0 / 11.0 * second[name][i];
            let expected = 0.25 * after_one + 0.75 * third[name][i];
            assert!((found - expected).abs() < 1e-6, "{name}: {found} instead of {expected}");
        }
    }
    // Stopped and gone on with: the same bits, in both models.
    trained(&experiment, &run("whole"), None);
    trained(&experiment, &run("parted"), Some(5));
    let checkpoint = locvtp_train::checkpoint::list(&run("parted")).remove(0);
    assert!(weights(&checkpoint) != weights(&checkpoint.join("ema")));
    trained(&experiment, &run("parted"), None);
    for model in ["model", "model-ema"] {
        assert!(of("whole", model) == of("parted", model), "{model}");
    }
    // Without it nothing changes, and there is no second model.
    experiment.train.ema = None;
    trained(&experiment, &run("plain"), None);
    assert!(of("plain", "model") == of("whole", "model"));
    assert!(!run("plain").join("model-ema").exists());
}

#[test]
fn with_patch_dropout_each_clip_keeps_other_patches_of_its_pixels() {
    use crate::small_corpus::source;
    use locvtp_corpus::Rank;
    let mut experiment = experiment();
    let whole = source(&experiment, Rank::ALONE).batch(2).unwrap();
    experiment.train.patch_dropout = 0.5;
    let found = source(&experiment, Rank::ALONE).batch(2).unwrap();
    let kept = found.clips.kept().unwrap().to_vec();
    let (bytes, whole) = (found.clips.bytes(), whole.clips.bytes());
    let clips = found.shape[0] * found.shape[1];
    // Frames of 32 x 32 have four patches of 16 x 16.
    assert_eq!((kept.len(), bytes.len() * 2), (clips * 2, whole.len()));
    let each = whole.len() / clips / 4;
    for (number, place) in kept.iter().enumerate() {
        let there = (number / 2 * 4 + place) * each;
        let expected = &whole[there..there + each];
        assert!(bytes[number * each..(number + 1) * each] == *expected, "patch {number}");
    }
    assert!(kept.chunks_exact(2).any(|clip| clip != &kept[..2]), "{kept:?}");
    // Ranks draw what one process draws for their places.
    let parts = (0..2).map(|rank| source(&experiment, Rank::new(rank, 2)).batch(2).unwrap());
    assert_eq!(
        parts.flat_map(|part| part.clips.kept().unwrap().to_vec()).collect::<Vec<_>>(),
        kept
    );
    // And it trains, in one pass and in two.
    let folder = tempfile::tempdir().unwrap();
    trained(&steps(&experiment, 3), &folder.path().join("plain"), None);
    experiment.train.memory = locvtp_train::experiment::TrainMemory::Recompute;
    trained(&steps(&experiment, 3), &folder.path().join("recompute"), None);
    let losses = |name: &str| {
        let log = locvtp_train::read_log(&folder.path().join(name)).unwrap();
        log.iter().map(|step| step.total).collect::<Vec<_>>()
    };
    for (x, y) in losses("plain").iter().zip(losses("recompute")) {
        assert!((x - y).abs() < 1e-4, "{x} and {y}");
    }
}
