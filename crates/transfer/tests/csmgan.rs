//! CSMGAN against a re-statement in PyTorch with the same random weights (golden:
//! `reference/csmgan.py`).

#![expect(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

#[path = "../../model/tests/golden/mod.rs"]
mod golden;

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use golden::{Arrays, assert_close, named_gradients, numbers};
use locvtp_model::Initialiser;
use locvtp_model::weights::NamedTensor;
use locvtp_train::{Adam, OptimizerConfig};
use locvtp_transfer::tasks::grounding::csmgan::{
    Csmgan, CsmganConfig, CsmganInput, CsmganOutput, RegressedBy, RegressionRule,
};
use locvtp_transfer::tasks::grounding::csmgan::{FrameSpan, offset_bases, proposals};
use locvtp_transfer::tasks::grounding::csmgan::{LossTruth, loss};
use locvtp_transfer::tasks::grounding::csmgan::{ProposalTargets, targets};
use locvtp_transfer::tasks::grounding::csmgan::{ScoredMoments, scored_moments};
use serde_json::Value;

/// Of the forward: sums of some hundred products through six layers in f32, against f64.
const FORWARD: f64 = 1e-5;

/// Of gradients and of a step: as the issue asks; gradients are ten times closer.
const STEP: f64 = 1e-4;

/// The release's name of a parameter, with the two that it has no name for.
fn our_name(name: &str) -> String {
    let of_joint = ["atten.", "update_v", "update_s"];
    if of_joint.iter().any(|start| name.starts_with(start)) {
        return format!("joint.{name}");
    }
    match name.strip_prefix("sentence_encoder.") {
        Some(rest) if rest.contains("gram_conv") => format!("sentence_encoder.phrases.{rest}"),
        _ => name.to_owned(),
    }
}

fn weights(file: &str) -> BTreeMap<String, NamedTensor> {
    let weights = golden::weights(&format!("csmgan/{file}"));
    weights.into_iter().map(|(name, tensor)| (our_name(&name), tensor)).collect()
}

struct Case {
    json: Value,
    arrays: Arrays,
    config: CsmganConfig,
}

impl Case {
    fn read() -> Self {
        let json = golden::json("csmgan/config.json");
        let size = |key| golden::size(&json, key);
        let number = |key: &str| json["model"][key].as_f64().unwrap();
        let config = CsmganConfig {
            num_frames: size("num_frames"),
            num_words: size("num_words"),
            frame_width: size("frame_width"),
            hidden_width: size("hidden_width"),
            attention_layers: size("attention_layers"),
            attention_heads: size("attention_heads"),
            attention_radius: size("attention_radius"),
            dropout: 0.0,
            anchor_widths: floats(&json["model"]["anchor_widths"]),
            keep_fractions: false,
            regressed: RegressionRule {
                by: RegressedBy::ShareOfGreatest,
                from: number("share_of_greatest"),
            },
            regression_weight: number("regression_weight"),
        };
        Self { json, arrays: Arrays::read("csmgan/activations.safetensors"), config }
    }

    fn network(&self, device: &Device) -> Csmgan {
        let (features, words) =
            (golden::size(&self.json, "features"), golden::size(&self.json, "word_width"));
        let network = self.config.init(features, words, &mut Initialiser::new(1, device));
        golden::filled(network, weights("weights.safetensors"))
    }

    fn input(&self, device: &Device) -> CsmganInput {
        CsmganInput {
            frames: self.arrays.tensor("frames", device, DType::F32),
            words: self.arrays.tensor("words", device, DType::F32),
            num_words: floats(&self.json["num_words"]).iter().map(|n| *n as usize).collect(),
        }
    }

    fn moments(&self) -> Vec<FrameSpan> {
        self.json["moments"].as_array().unwrap().iter().map(span).collect()
    }

    fn loss(&self, output: CsmganOutput) -> Tensor<1> {
        let (proposals, bases) = (proposals(&self.config), offset_bases(&self.config));
        let moments = self.moments();
        let (num_frames, rule) = (self.config.num_frames, self.config.regressed);
        let targets: Vec<ProposalTargets> = moments
            .iter()
            .map(|moment| targets(&proposals, &[*moment], num_frames, rule))
            .collect();
        let truth = LossTruth {
            proposals: &proposals,
            bases: &bases,
            num_frames,
            targets: &targets,
            regression_weight: self.config.regression_weight,
        };
        loss(output, &truth)
    }
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn span(value: &Value) -> FrameSpan {
    let bounds = floats(value);
    FrameSpan { start: bounds[0], end: bounds[1] }
}

#[test]
fn the_network_equals_its_re_statement() {
    let (case, device) = (Case::read(), Device::flex());
    // f32 runs the fused operations and f64 the engine's; the golden itself is stored in f32.
    for (dtype, tolerance) in [(DType::F32, FORWARD), (DType::F64, 3e-7)] {
        let input = case.input(&device);
        let output = golden::cast(case.network(&device), dtype).forward(CsmganInput {
            frames: input.frames.cast(dtype),
            words: input.words.cast(dtype),
            ..input
        });
        assert_close("logits", &numbers(output.logits), case.arrays.values("logits"), tolerance);
        let offsets = numbers(output.offsets);
        assert_close("offsets", &offsets, case.arrays.values("offsets"), tolerance);
    }
}

#[test]
fn a_sentence_alone_equals_itself_in_a_batch() {
    let (case, device) = (Case::read(), Device::flex());
    let (network, input) = (case.network(&device), case.input(&device));
    let together = numbers(network.forward(input.clone()).logits);
    let mut alone = Vec::new();
    for (sentence, num_words) in input.num_words.iter().enumerate() {
        alone.extend(numbers(
            network
                .forward(CsmganInput {
                    frames: input.frames.clone().narrow(0, sentence, 1),
                    words: input.words.clone().narrow(0, sentence, 1),
                    num_words: vec![*num_words],
                })
                .logits,
        ));
    }
    assert_close("logits", &alone, &together, 1e-6);
}

#[test]
fn numbers_are_dropped_in_training_and_never_in_evaluation() {
    let case = Case::read();
    let dropping = CsmganConfig { dropout: 0.5, ..case.config.clone() };
    let dropping = Case { config: dropping, ..Case::read() };
    let device = Device::flex();
    let evaluated =
        |case: &Case| numbers(case.network(&device).forward(case.input(&device)).logits);
    assert_eq!(evaluated(&dropping), evaluated(&case));
    let recording = device.clone().autodiff();
    let trained = dropping.network(&recording).forward(dropping.input(&recording)).logits;
    assert_ne!(numbers(trained), evaluated(&case));
}

#[test]
fn a_batch_is_learned_by_heart() {
    let (case, device) = (Case::read(), Device::flex().autodiff());
    let mut network = case.network(&device);
    let mut adam = Adam::new(OptimizerConfig::default());
    for _ in 0..150 {
        let gradients = case.loss(network.forward(case.input(&device))).backward();
        let norm = Adam::gradient_norm(&network, &gradients);
        network = adam.step(network, &gradients, norm, 0.01);
    }
    let (network, device) = (network.valid(), Device::flex());
    let output = network.forward(case.input(&device));
    let (proposals, num_frames) = (proposals(&case.config), case.config.num_frames);
    let found = scored_moments(output, &proposals, &offset_bases(&case.config), num_frames);
    for (found, truth) in found.iter().zip(case.moments()) {
        // The nearest proposals have widths of 2, 4.75 and 9 for moments of 4, 12 and 1 frames.
        let iou = found.iou_of_best(&[truth]);
        assert!(iou >= 0.5, "{truth:?}: {iou}");
    }
}

#[test]
fn targets_are_those_of_the_re_statement() {
    let case = Case::read();
    let proposals = proposals(&case.config);
    for (number, moment) in case.moments().iter().enumerate() {
        let found = targets(&proposals, &[*moment], case.config.num_frames, case.config.regressed);
        let scores: Vec<f64> = found.scores.iter().map(|score| f64::from(*score)).collect();
        let expected = &case.json["targets"];
        assert_close("scores", &scores, &floats(&expected["scores"][number]), 1e-7);
        let regressed: Vec<bool> =
            serde_json::from_value(expected["regressed"][number].clone()).unwrap();
        assert_eq!(found.regressed, regressed);
    }
}

#[test]
fn one_training_step_equals_pytorchs() {
    let (case, device) = (Case::read(), Device::flex().autodiff());
    let mut network = case.network(&device);
    let before = case.loss(network.forward(case.input(&device)));
    let loss_of = |key: &str| case.json["loss"][key].as_f64().unwrap();
    assert_close("loss", &numbers(before.clone()), &[loss_of("before")], FORWARD);
    let gradients = before.backward();
    let number = |key: &str| case.json["step"][key].as_f64().unwrap();
    let mut adam = Adam::new(OptimizerConfig {
        weight_decay: number("weight_decay"),
        ..OptimizerConfig::default()
    });
    let norm = Adam::gradient_norm(&network, &gradients);
    network = adam.step(network, &gradients, norm, number("learning_rate"));

    // The gradients were used by the step; those of a second, equal network are looked at.
    let second = case.network(&device);
    let gradients = case.loss(second.forward(case.input(&device))).backward();
    let found = named_gradients(&second, gradients);
    let mut compared = 0;
    for (name, expected) in case.arrays.gradients() {
        let largest = expected.iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
        let (found, expected) = (&found[&our_name(name)], expected);
        for (found, expected) in found.iter().zip(expected) {
            let close = (found - expected).abs() <= 1e-5 * largest + 1e-8;
            assert!(close, "gradient of {name}: {found} instead of {expected}, of {largest}");
        }
        compared += 1;
    }
    assert_eq!(compared, found.len());

    let stepped = locvtp_model::weights::named_parameters(&network);
    for (name, expected) in weights("after_one_step.safetensors") {
        let numbers = |tensor: &NamedTensor| -> Vec<f64> {
            tensor.values.iter().map(|value| f64::from(*value)).collect()
        };
        assert_close(&name, &numbers(&stepped[&name]), &numbers(&expected), STEP);
    }
    let after = case.loss(network.forward(case.input(&device)));
    assert_close("loss after", &numbers(after), &[loss_of("after")], STEP);
}

#[test]
fn offsets_are_added_to_whole_frames_as_in_the_release_or_to_fractions() {
    let (case, device) = (Case::read(), Device::flex().autodiff());
    let mut bias_gradients = Vec::new();
    for (keep_fractions, expected) in [(false, &case.json), (true, &case.json["keep_fractions"])] {
        let config = CsmganConfig { keep_fractions, ..case.config.clone() };
        let case = Case { config, ..Case::read() };
        let network = case.network(&device);
        let output = network.forward(case.input(&device));
        let (all, bases) = (proposals(&case.config), offset_bases(&case.config));
        let found = scored_moments(output.clone(), &all, &bases, case.config.num_frames);
        let found: Vec<_> = found.into_iter().map(|moments| moments.frames).collect();
        let boxes: Vec<Vec<[i32; 2]>> = serde_json::from_value(expected["boxes"].clone()).unwrap();
        assert_eq!(found, boxes, "keep_fractions: {keep_fractions}");

        let gradients = named_gradients(&network, case.loss(output).backward());
        let bias = gradients["fc_reg.bias"].clone();
        let expected = match keep_fractions {
            false => case.arrays.values("grad.fc_reg.bias").to_vec(),
            true => floats(&expected["grad.fc_reg.bias"]),
        };
        assert_close("gradient of fc_reg.bias", &bias, &expected, 1e-6);
        bias_gradients.push(bias);
    }
    // The largest is a hundredth; what the types change is no rounding error.
    let apart = bias_gradients[0].iter().zip(&bias_gradients[1]);
    assert!(apart.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) > 1e-3, "{bias_gradients:?}");
}

#[test]
fn moments_are_ranked_and_hit_as_by_the_re_statement() {
    for case in golden::json("csmgan/config.json")["evaluation"].as_array().unwrap() {
        let moments = ScoredMoments {
            frames: serde_json::from_value(case["frames"].clone()).unwrap(),
            scores: serde_json::from_value(case["scores"].clone()).unwrap(),
        };
        let expected: Vec<usize> = serde_json::from_value(case["picks_045"].clone()).unwrap();
        assert_eq!(moments.best(expected.len(), 0.45), expected);
        for (name, hit) in case["hits"].as_object().unwrap() {
            let (n, required) = name.strip_prefix("R@").unwrap().split_once(",IoU@").unwrap();
            let (n, required) = (n.parse().unwrap(), required.parse().unwrap());
            let found = moments.hits(&[span(&case["truth"])], n, required);
            assert_eq!(found, hit.as_bool().unwrap(), "{name}");
        }
    }
}
