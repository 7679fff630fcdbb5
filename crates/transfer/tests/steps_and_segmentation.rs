//! Steps and segmentation against goldens of an independent statement, `reference/crosstask.py` and
//! `reference/coin_segmentation.py`.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use locvtp_corpus::crosstask::CrossTaskTask;
use locvtp_measure::metrics::{frame_accuracy, labels};
use locvtp_model::Device;
use locvtp_model::layers::Linear;
use locvtp_train::{Adam, OptimizerConfig};
use locvtp_transfer::tasks::steps::{ComponentModel, Components, StepAssignment, assignment_loss};
use locvtp_transfer::tasks::steps::{align, equal_distances};
use locvtp_video::TimeSpan;
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/goldens/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All numbers of a nested list, in order.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

fn whole(value: &Value) -> Vec<usize> {
    flat(value).into_iter().map(|number| number as usize).collect()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// Within `tolerance` of the greater of 1 and the expected number.
fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs() / expected.abs().max(1.0);
        assert!(off <= tolerance, "{what} {place}: {found} instead of {expected}");
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let values: Vec<f32> = tensor.into_data().try_to_vec().unwrap();
    values.into_iter().map(f64::from).collect()
}

#[test]
fn the_programme_finds_what_trying_all_choices_finds() {
    let golden = golden("crosstask/alignments.json");
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 6);
    for case in cases {
        let num_steps = case["costs"][0].as_array().unwrap().len();
        let found = align(&flat(&case["costs"]), num_steps);
        if case["cost"].is_null() {
            assert_eq!(found, None);
            continue;
        }
        // The costs are multiples of 1/128: sums are exact, and no two choices of a case are equal.
        let found = found.unwrap();
        assert_eq!(found.seconds, whole(&case["seconds"]));
        assert_eq!(found.cost, case["cost"].as_f64().unwrap());
    }
    for case in golden["equal_distances"].as_array().unwrap() {
        let number = |key: &str| case[key].as_u64().unwrap() as usize;
        let found = equal_distances(number("num_seconds"), number("num_steps"));
        assert_eq!(found, whole(&case["seconds"]));
    }
}

/// A component model with a golden's weights, which it has as PyTorch orients them.
fn model(section: &Value, device: &Device) -> ComponentModel {
    let bias = single(&flat(&section["bias"]));
    let weight = single(&flat(&section["weight"]));
    let (m, d) = (bias.len(), weight.len() / bias.len());
    let weight = Tensor::<2>::from_data(TensorData::new(weight, [m, d]), device).transpose();
    let bias = Tensor::<1>::from_data(TensorData::new(bias, [m]), device);
    ComponentModel {
        fc: Linear { weight: Param::from_tensor(weight), bias: Param::from_tensor(bias) },
    }
}

#[test]
fn scores_assignments_gradients_and_a_step_are_those_of_pytorch() {
    let golden = golden("crosstask/component_model.json");
    let (inputs, expected) = (&golden["inputs"], &golden["expected"]);
    let steps: Vec<String> = serde_json::from_value(inputs["steps"].clone()).unwrap();
    let num_steps = steps.len();
    let task = CrossTaskTask { id: "1".into(), title: String::new(), url: String::new(), steps };
    let components = Components::new([&task]);
    let shares = components.shares("1");
    assert_eq!(components.num_words(), inputs["words"].as_array().unwrap().len());
    let found: Vec<f64> = shares.values.iter().map(|share| f64::from(*share)).collect();
    close(&found, &flat(&expected["shares"]), 1e-7, "share");

    let device = Device::flex().autodiff();
    let model = model(inputs, &device);
    let x = single(&flat(&inputs["x"]));
    let num_seconds = inputs["x"].as_array().unwrap().len();
    let shape = [num_seconds, x.len() / num_seconds];
    let scores =
        model.scores(Tensor::from_data(TensorData::new(x.clone(), shape), &device), &shares);
    let found = numbers(scores.clone());
    // f32 against f64, sums of a few terms.
    close(&found, &flat(&expected["scores"]), 1e-5, "score");

    let constraints = flat(&inputs["constraints"]);
    let assignment = StepAssignment {
        x: &x,
        scores: &found,
        constraints: &constraints,
        constraint_weight: inputs["constraint_weight"].as_f64().unwrap(),
        learning_rate: inputs["learning_rate"].as_f64().unwrap(),
    };
    let costs = assignment.costs(num_steps);
    close(&costs, &flat(&expected["costs"]), 1e-5, "cost");
    let now = align(&costs, num_steps).unwrap().seconds;
    assert_eq!(now, whole(&expected["seconds"]));
    let ahead = assignment.costs_ahead(&shares, &now);
    close(&ahead, &flat(&expected["costs_ahead"]), 1e-5, "cost ahead");
    let chosen = align(&ahead, num_steps).unwrap().seconds;
    assert_eq!(chosen, whole(&expected["seconds_ahead"]));
    assert_ne!(chosen, now, "in this case looking ahead moves a step");

    let loss = assignment_loss(scores, &chosen);
    close(&numbers(loss.clone()), &flat(&expected["loss"]), 1e-5, "loss");
    let gradients = loss.backward();
    let weight = model.fc.weight.val().grad(&gradients).unwrap().transpose();
    close(&numbers(weight), &flat(&expected["grad_weight"]), 1e-5, "gradient of a weight");
    let bias = model.fc.bias.val().grad(&gradients).unwrap();
    close(&numbers(bias), &flat(&expected["grad_bias"]), 1e-5, "gradient of a bias");

    let mut adam = Adam::new(OptimizerConfig::default());
    let norm = Adam::gradient_norm(&model, &gradients);
    let rate = golden["step"]["learning_rate"].as_f64().unwrap();
    let model = adam.step(model, &gradients, norm, rate);
    // The first step of Adam is the rate times a gradient over its own size, which magnifies the
    // rounding of small gradients.
    close(
        &numbers(model.fc.weight.val().transpose()),
        &flat(&golden["step"]["weight"]),
        1e-4,
        "weight",
    );
    close(&numbers(model.fc.bias.val()), &flat(&golden["step"]["bias"]), 1e-4, "bias");
}

#[test]
fn labels_of_seconds_and_frame_accuracy_are_those_of_plain_python() {
    let golden = golden("segmentation/labels.json");
    let mut measured = Vec::new();
    for video in golden["videos"].as_array().unwrap() {
        let number = |value: &Value| value.as_f64().unwrap();
        let segments = video["segments"].as_array().unwrap().iter().map(|segment| {
            let span = TimeSpan::new(number(&segment[0]), number(&segment[1]));
            (span, number(&segment[2]) as u32)
        });
        let truth: Vec<u32> = serde_json::from_value(video["labels"].clone()).unwrap();
        assert_eq!(labels(segments, truth.len()), truth);
        let predicted: Vec<u32> = serde_json::from_value(video["predicted"].clone()).unwrap();
        measured.push((predicted, truth));
    }
    let found = frame_accuracy(measured.iter().map(|(p, t)| (p.as_slice(), t.as_slice()))).unwrap();
    let expected = &golden["expected"];
    assert_eq!(found.accuracy, expected["accuracy"].as_f64().unwrap());
    assert_eq!(found.background_alone, expected["background_alone"].as_f64().unwrap());
    assert_eq!(found.seconds as u64, expected["seconds"].as_u64().unwrap());
}
