//! The training loop of heads, on a head of one line: stopped and resumed equals uninterrupted, the
//! best epoch is kept, and what cannot go on says so.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::cell::Cell;
use std::path::Path;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use locvtp_measure::Metrics;
use locvtp_model::layers::Linear;
use locvtp_model::{Device, Initialiser};
use locvtp_train::{OptimizerConfig, Schedule};
use locvtp_transfer::FitStep;
use locvtp_transfer::TaskObserver;
use locvtp_transfer::TransferError;
use locvtp_transfer::fit::KeptEpoch;
use locvtp_transfer::fit::TrainingSection;
use locvtp_transfer::fit::{FitBatch, Learner, fit};
use locvtp_transfer::results::SeedResult;
use locvtp_transfer::results::Tested;

#[derive(Module, Debug)]
struct Line {
    map: Linear,
}

/// Learns `y = 3 x - 1` from 10 points; validation gets worse after `best` epochs.
struct Points {
    best: Option<u64>,
    rate_breaks_at: Option<u64>,
    validated: Cell<u64>,
}

impl Points {
    fn new() -> Self {
        Self { best: None, rate_breaks_at: None, validated: Cell::new(0) }
    }

    fn column(values: Vec<f32>, device: &Device) -> Tensor<2> {
        let rows = values.len();
        Tensor::from_data(TensorData::new(values, [rows, 1]), device)
    }
}

impl Learner for Points {
    type Model = Line;

    fn init(&self, seed: u64, device: &Device) -> Result<Line, TransferError> {
        Ok(Line { map: Linear::normal(1, 1, 1.0, &mut Initialiser::new(seed, device)) })
    }

    fn num_samples(&self) -> usize {
        10
    }

    fn loss(
        &self,
        model: &Line,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let x: Vec<f32> = batch.samples.iter().map(|&sample| sample as f32 / 10.0).collect();
        let y = x.iter().map(|x| 3.0 * x - 1.0).collect();
        let error = model.map.forward(Self::column(x, device)) - Self::column(y, device);
        let broken = self.rate_breaks_at.is_some_and(|step| step == batch.step);
        Ok(error.square().mean().mul_scalar(if broken { f32::NAN } else { 1.0 }))
    }

    fn validate(&self, _: &Line, _: &Device) -> Result<Option<Metrics>, TransferError> {
        self.validated.set(self.validated.get() + 1);
        let Some(best) = self.best else { return Ok(None) };
        let distance = self.validated.get().abs_diff(best) as f64;
        Ok(Some(Metrics::new().with("minus distance", -distance)))
    }

    fn test(&self, model: &Line, _: &Device) -> Result<Tested, TransferError> {
        let number = |tensor: Tensor<1>| f64::from(tensor.into_scalar::<f32>());
        let slope = number(model.map.weight.val().reshape([1]));
        Ok(Metrics::new().with("slope", slope).with("shift", number(model.map.bias.val())).into())
    }
}

fn training(epochs: u64) -> TrainingSection {
    let optimizer = OptimizerConfig {
        learning_rate: 0.2,
        schedule: Schedule::Constant,
        ..OptimizerConfig::default()
    };
    TrainingSection { seeds: vec![0], epochs, batch: 4, keep: KeptEpoch::Best, optimizer }
}

fn run(learner: &Points, epochs: u64, folder: &Path) -> Result<SeedResult, TransferError> {
    fit(learner, &training(epochs), 5, folder, &Device::flex(), &mut ())
}

/// Stops after so many steps.
struct StopAfter(u64);

impl TaskObserver for StopAfter {
    fn step(&mut self, _: &FitStep) {
        self.0 -= 1;
    }

    fn should_stop(&self) -> bool {
        self.0 == 0
    }
}

#[test]
fn a_line_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let found = run(&Points::new(), 60, folder.path()).unwrap();
    assert!((found.test.get("slope").unwrap() - 3.0).abs() < 0.05, "{found:?}");
    assert!((found.test.get("shift").unwrap() + 1.0).abs() < 0.05, "{found:?}");
    assert_eq!(found.epoch, Some(60));
}

#[test]
fn a_fit_that_was_stopped_and_goes_on_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let whole = run(&Points::new(), 6, &folder.path().join("whole")).unwrap();
    let parts = folder.path().join("parts");
    // Three steps an epoch: stopped in the first epoch, at the end of the third, within the fifth.
    for steps in [2, 9, 5] {
        let (learner, mut stop) = (Points::new(), StopAfter(steps));
        let end = fit(&learner, &training(6), 5, &parts, &Device::flex(), &mut stop);
        assert!(matches!(end, Err(TransferError::Stopped)), "{end:?}");
    }
    let resumed = run(&Points::new(), 6, &parts).unwrap();
    assert_eq!(whole, resumed);
    let head = |name: &str| {
        std::fs::read(folder.path().join(name).join("state/head.safetensors")).unwrap()
    };
    assert_eq!(head("whole"), head("parts"));
    let log = std::fs::read_to_string(parts.join("log.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 6, "every epoch stands in the log once:\n{log}");
}

#[test]
fn the_head_of_the_best_epoch_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let best = Points { best: Some(2), ..Points::new() };
    let found = run(&best, 5, &folder.path().join("five")).unwrap();
    assert_eq!(found.epoch, Some(2));
    assert_eq!(found.validation, Some(Metrics::new().with("minus distance", 0.0)));
    let two = run(&Points::new(), 2, &folder.path().join("two")).unwrap();
    assert_eq!(found.test, two.test, "its weights are those after two epochs");
    let mut last = training(5);
    last.keep = KeptEpoch::Last;
    let folder = folder.path().join("last");
    let learner = Points { best: Some(2), ..Points::new() };
    let last = fit(&learner, &last, 5, &folder, &Device::flex(), &mut ()).unwrap();
    assert_eq!(last.epoch, Some(5));
    assert_ne!(last.test, found.test);
}

#[test]
fn a_loss_that_is_no_number_stops_it_and_says_what_to_lower() {
    let folder = tempfile::tempdir().unwrap();
    let learner = Points { rate_breaks_at: Some(4), ..Points::new() };
    let error = run(&learner, 3, folder.path()).unwrap_err().to_string();
    assert!(error.contains("step 4") && error.contains("learning_rate"), "{error}");
}

#[test]
fn a_damaged_state_is_told_and_not_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    run(&Points::new(), 2, folder.path()).unwrap();
    let path = folder.path().join("state/head.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = run(&Points::new(), 3, folder.path()).unwrap_err().to_string();
    assert!(error.contains("head.safetensors") && error.contains("damaged"), "{error}");
}
