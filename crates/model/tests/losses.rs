//! The three losses against goldens written from the formulas, against numbers worked out by hand,
//! against finite differences, and by what must hold for any input.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;
mod naive_losses;

use burn::tensor::{DType, Device, Tensor, TensorData};
use golden::{assert_close, numbers};
use locvtp_model::loss::{
    Denominator, LossConfig, LossWeights, Losses, PerTerm, TemporalTarget, Term,
    VideoTextEmbeddings, WarpDistances,
};
use locvtp_model::ops::l2_normalise;
use locvtp_model::{ContextWarp, ContextWarpConfig, CorrespondenceConfig, CorrespondenceRule};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

/// All that the losses are a function of. Plain numbers, so that a test can move one of them.
#[derive(Clone)]
struct Batch {
    /// `[b, t, e]`
    shape: [usize; 3],
    clips: Vec<f64>,
    /// `[b, n, e]`
    words: Vec<f64>,
    num_words: Vec<usize>,
    /// `[e, e + inputs]`
    warp_weight: Vec<f64>,
    distances: Vec<i32>,
    warp: ContextWarpConfig,
    loss: LossConfig,
    correspondence: CorrespondenceConfig,
    weights: LossWeights,
}

/// What [`Batch::evaluate`] found.
struct Outcome {
    coarse: f64,
    fine: f64,
    temporal: Option<f64>,
    total: f64,
    grad_clips: Vec<f64>,
    grad_words: Vec<f64>,
    /// Zeros where `L_t` was left out.
    grad_warp_weight: Vec<f64>,
}

/// The tensors of a batch.
struct Leaves {
    embeddings: VideoTextEmbeddings,
    head: ContextWarp,
}

impl Batch {
    /// Normal features with `num_words` words in the sentences, padded to the longest; every switch
    /// at its default.
    fn random(seed: u64, t: usize, num_words: &[usize], e: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let b = num_words.len();
        let n = *num_words.iter().max().unwrap();
        // The sum of four uniform numbers is normal enough for a feature.
        let mut draw = |count: usize| -> Vec<f64> {
            (0..count).map(|_| (0..4).map(|_| rng.random::<f64>() - 0.5).sum()).collect()
        };
        let (clips, words, warp_weight) = (draw(b * t * e), draw(b * n * e), draw(e * (e + 2)));
        Self {
            shape: [b, t, e],
            clips,
            words,
            num_words: num_words.to_vec(),
            warp_weight,
            distances: WarpDistances::draw([b, t], 4, seed).map_or(Vec::new(), |drawn| drawn.0),
            warp: ContextWarpConfig::default(),
            loss: LossConfig::default(),
            correspondence: CorrespondenceConfig::default(),
            weights: LossWeights::default(),
        }
    }

    fn padded(&self) -> usize {
        let [b, _, e] = self.shape;
        self.words.len() / (b * e)
    }

    fn leaves(&self, device: &Device, dtype: DType) -> Leaves {
        let [b, t, e] = self.shape;
        let inputs = self.warp_weight.len() / e;
        let weight = TensorData::new(self.warp_weight.clone(), [e, inputs]);
        let features = |values: &[f64], rows: usize| {
            let data = TensorData::new(values.to_vec(), [b, rows, e]);
            let tensor = Tensor::<3>::from_data(data, (device, dtype));
            if device.is_autodiff() { tensor.require_grad() } else { tensor }
        };
        Leaves {
            embeddings: VideoTextEmbeddings {
                clips: features(&self.clips, t),
                words: features(&self.words, self.padded()),
                num_words: self.num_words.clone(),
            },
            head: self.warp.with_weight(Tensor::from_data(weight, (device, dtype))),
        }
    }

    fn losses(&self, leaves: &Leaves) -> Losses {
        let distances = WarpDistances(self.distances.clone());
        let warp = (!self.distances.is_empty()).then_some((&leaves.head, &distances));
        self.loss.losses(&leaves.embeddings, &self.weights, &self.correspondence, warp, 0)
    }

    /// The losses as one writes them down first.
    fn naive_losses(&self, leaves: &Leaves) -> Losses {
        let distances = WarpDistances(self.distances.clone());
        let warp = (!self.distances.is_empty()).then_some((&leaves.head, &distances));
        let Self { loss, weights, correspondence, .. } = self;
        naive_losses::losses(loss, &leaves.embeddings, weights, correspondence, warp, 0)
    }

    fn evaluate(&self, dtype: DType) -> Outcome {
        self.evaluate_by(dtype, Self::losses)
    }

    fn evaluate_by(&self, dtype: DType, losses: fn(&Self, &Leaves) -> Losses) -> Outcome {
        let leaves = self.leaves(&Device::flex().autodiff(), dtype);
        let losses = losses(self, &leaves);
        let gradients = losses.total.clone().backward();
        let one = |loss: Tensor<1>| numbers(loss)[0];
        let term = |term| losses.terms[term].clone().map(one);
        let weight_gradient = leaves.head.weight().grad(&gradients).map(numbers);
        Outcome {
            coarse: term(Term::Coarse).unwrap_or(0.0),
            fine: term(Term::Fine).unwrap_or(0.0),
            temporal: term(Term::Temporal),
            total: one(losses.total),
            grad_clips: numbers(leaves.embeddings.clips.grad(&gradients).unwrap()),
            grad_words: leaves
                .embeddings
                .words
                .grad(&gradients)
                .map_or_else(|| vec![0.0; self.words.len()], numbers),
            grad_warp_weight: weight_gradient.unwrap_or_else(|| vec![0.0; self.warp_weight.len()]),
        }
    }

    /// The total alone, without recording anything.
    fn total(&self) -> f64 {
        let leaves = self.leaves(&Device::flex(), DType::F64);
        numbers(self.losses(&leaves).total)[0]
    }

    fn only(mut self, coarse: f64, fine: f64, temporal: f64) -> Self {
        self.weights = LossWeights::only([
            (Term::Coarse, coarse),
            (Term::Fine, fine),
            (Term::Temporal, temporal),
        ]);
        self
    }
}

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        Value::Number(number) => vec![number.as_f64().unwrap()],
        other => panic!("{other} is no number"),
    }
}

fn batch_of(golden: &Value) -> Batch {
    let (choices, inputs) = (&golden["choices"], &golden["inputs"]);
    let length = |value: &Value| value.as_array().unwrap().len();
    let clips = &inputs["clips"];
    let [b, t, e] = [length(clips), length(&clips[0]), length(&clips[0][0])];
    let flag = |key: &str| choices[key].as_bool().unwrap();
    let number = |key: &str| choices[key].as_u64().unwrap() as usize;
    let weight = |key: &str| choices["loss_weights"][key].as_f64().unwrap();

    // The golden has a row per input, ours and the formula's `W x` a column.
    let rows = length(&inputs["warp_weight"]);
    let by_input = flat(&inputs["warp_weight"]);
    let warp_weight = (0..e).flat_map(|o| by_input.iter().skip(o).step_by(e).copied()).collect();
    let distances: Vec<i32> = flat(&inputs["deltas"]).into_iter().map(|d| d as i32).collect();
    assert_eq!(by_input.len(), rows * e);
    Batch {
        shape: [b, t, e],
        clips: flat(clips),
        words: flat(&inputs["words"]),
        num_words: inputs["word_mask"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| flat(row).iter().sum::<f64>() as usize)
            .collect(),
        warp_weight,
        distances: if t == 1 { Vec::new() } else { distances },
        warp: ContextWarpConfig {
            sign: flag("warp_sign"),
            magnitude: flag("warp_magnitude"),
            scale_magnitude: flag("scale_magnitude"),
            max_distance: number("delta_max"),
        },
        loss: LossConfig {
            temperature: choices["temperature"].as_f64().unwrap(),
            symmetric_coarse: flag("symmetric"),
            renormalise_positive: flag("renorm_positive"),
            denominator: serde_json::from_value(choices["denominator"].clone()).unwrap(),
            temporal_target: serde_json::from_value(choices["temporal_target"].clone()).unwrap(),
            normalise_before_warp: true,
        },
        correspondence: CorrespondenceConfig {
            rule: serde_json::from_value(choices["correspondence"].clone()).unwrap(),
            num_matches: number("num_matches"),
        },
        weights: PerTerm::from_fn(|term| weight(term.name())),
    }
}

/// All goldens of the losses, by name.
fn goldens() -> Vec<(String, Value)> {
    let mut names: Vec<String> = std::fs::read_dir(golden::path("losses"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 17, "{names:?}");
    names.into_iter().map(|name| (name.clone(), golden::json(&format!("losses/{name}")))).collect()
}

#[test]
fn every_golden_is_met_in_value_and_gradient() {
    for (name, golden) in goldens() {
        let (batch, expected) = (batch_of(&golden), &golden["expected"]);
        let [_, _, e] = batch.shape;
        // The goldens hold nine digits and the matches' weights (1/3, say) are f32; a gradient in
        // f32 meets both the temperature's factor of 14 and the cancellation of large logits.
        for (dtype, value, gradient) in [(DType::F64, 1e-6, 1e-6), (DType::F32, 1e-5, 1e-5)] {
            let found = batch.evaluate(dtype);
            let check = |what: &str, found: f64| {
                let expected = expected[what].as_f64().unwrap();
                let error = (found - expected).abs() / expected.abs();
                assert!(error < value, "{name}, {dtype:?}, {what}: {found} instead of {expected}");
            };
            check("coarse", found.coarse);
            check("fine", found.fine);
            check("total", found.total);
            assert_eq!(found.temporal.is_none(), expected["temporal"].is_null(), "{name}");
            if let Some(temporal) = found.temporal {
                check("temporal", temporal);
            }

            let check = |what: &str, found: &[f64]| {
                assert_close(&format!("{name}, {what}"), found, &flat(&expected[what]), gradient);
            };
            check("grad_clips", &found.grad_clips);
            check("grad_words", &found.grad_words);
            let inputs = found.grad_warp_weight.len() / e;
            let by_input: Vec<f64> = (0..inputs)
                .flat_map(|i| found.grad_warp_weight.iter().skip(i).step_by(inputs).copied())
                .collect();
            check("grad_warp_weight", &by_input);
        }
    }
}

#[test]
fn every_golden_matches_the_same_words() {
    for (name, golden) in goldens() {
        let batch = batch_of(&golden);
        let VideoTextEmbeddings { clips, words, num_words } =
            batch.leaves(&Device::flex(), DType::F64).embeddings;
        let similarity =
            l2_normalise(clips, 1e-12).matmul(l2_normalise(words, 1e-12).swap_dims(1, 2));
        let found = batch.correspondence.find(similarity, &num_words, 0);
        let chosen: Vec<f64> =
            found.weights.iter().map(|weight| f64::from(u8::from(*weight > 0.0))).collect();
        let expected = flat(&golden["expected"]["matches"]);
        assert_eq!(chosen, expected, "{name}");
        let rows = expected.chunks(batch.padded());
        let has_one: Vec<bool> = rows.map(|row| row.contains(&1.0)).collect();
        assert_eq!(found.matched, has_one, "{name}");
    }
}

/// A batch of 1 to 64 pairs with all switches set by chance: ragged words, sentences of one word,
/// videos of one clip, more matches than words, rules that leave clips unmatched.
fn any_batch(seed: u64) -> Batch {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let b = [1, 2, 5, 23, 64][seed as usize % 5];
    let (t, longest) = ([1, 2, 8][rng.random_range(0..3)], [1, 4, 20][rng.random_range(0..3)]);
    let num_words: Vec<usize> = (0..b).map(|_| rng.random_range(1..=longest)).collect();
    let mut batch = Batch::random(seed, t, &num_words, rng.random_range(2..20));
    batch.loss = LossConfig {
        temperature: [0.01, 0.024, 0.025, 0.07, 0.3, 1.0][rng.random_range(0..6)],
        symmetric_coarse: rng.random(),
        renormalise_positive: rng.random(),
        denominator: [
            Denominator::AllWords,
            Denominator::AllWordsPlusPositive,
            Denominator::PositivePlusOtherSentences,
        ][rng.random_range(0..3)],
        temporal_target: [TemporalTarget::CrossModal, TemporalTarget::IntraModal]
            [rng.random_range(0..2)],
        normalise_before_warp: rng.random(),
    };
    batch.correspondence = CorrespondenceConfig {
        rule: [
            CorrespondenceRule::ClipTopk,
            CorrespondenceRule::WordTopk,
            CorrespondenceRule::TwoDimensionalTopk,
            CorrespondenceRule::Random,
        ][rng.random_range(0..4)],
        num_matches: rng.random_range(1..6),
    };
    batch
}

#[test]
fn the_strips_equal_the_naive_losses() {
    for seed in 0..120 {
        let batch = any_batch(seed);
        let naive = batch.evaluate_by(DType::F64, Batch::naive_losses);
        // In f32 a cosine errs by some 1e-7, and the temperature divides the error.
        let in_f32 = 2e-6 + 5e-7 / batch.loss.temperature;
        for (dtype, tolerance) in [(DType::F64, 1e-10), (DType::F32, in_f32)] {
            let found = batch.evaluate(dtype);
            let what = |part: &str| format!("{seed}, {dtype:?}, {:?}, {part}", batch.loss);
            let close = |part: &str, found: &[f64], expected: &[f64]| {
                assert_close(&what(part), found, expected, tolerance);
            };
            close("coarse", &[found.coarse], &[naive.coarse]);
            close("fine", &[found.fine], &[naive.fine]);
            assert_eq!(found.temporal.is_some(), naive.temporal.is_some());
            close("temporal", found.temporal.as_slice(), naive.temporal.as_slice());
            close("total", &[found.total], &[naive.total]);
            close("clips", &found.grad_clips, &naive.grad_clips);
            close("words", &found.grad_words, &naive.grad_words);
            close("warp weight", &found.grad_warp_weight, &naive.grad_warp_weight);
        }
    }
}

/// The plane vectors of the specification's small example, §F.3, 9.
fn plane_example() -> Batch {
    let at = |angle: f64| [angle.cos(), angle.sin()];
    let flat = |angles: &[f64]| angles.iter().flat_map(|angle| at(*angle)).collect::<Vec<_>>();
    let mut words = flat(&[0.0, 0.5, 2.5, 1.2, 1.9]);
    words.extend([9.0, 9.0]); // padding
    Batch {
        shape: [2, 2, 2],
        clips: flat(&[0.1, 0.7, 1.5, 2.0]),
        words,
        num_words: vec![3, 2],
        warp_weight: vec![0.5, 0.1, 0.2, -0.05, -0.25, 0.3, -0.1, 0.15],
        distances: Vec::new(),
        ..Batch::random(0, 2, &[3, 2], 2)
    }
}

#[test]
fn the_hand_vectors_of_the_specification_are_met() {
    // The specification gives six digits.
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 6e-7, "{found} instead of {expected}");
    };
    let mut example = plane_example().only(1.0, 0.0, 0.0);
    close(example.total(), 0.001738);
    example.loss.symmetric_coarse = true;
    // Video to text 0.001738, text to video 0.003221.
    close(2.0 * example.total() - 0.001738, 0.003221);

    let mut example = plane_example().only(0.0, 1.0, 0.0);
    let mut fine = |denominator, num_matches, renormalise_positive| {
        example.loss.denominator = denominator;
        example.loss.renormalise_positive = renormalise_positive;
        example.correspondence.num_matches = num_matches;
        example.total()
    };
    for (k, renormalised, plain) in
        [(1, 0.302044, 0.302044), (2, 0.791315, 1.412295), (3, 1.216966, 4.739775)]
    {
        close(fine(Denominator::AllWords, k, true), renormalised);
        close(fine(Denominator::AllWords, k, false), plain);
    }
    for (k, renormalised, plain) in
        [(1, 0.096310, 0.096310), (2, 0.272455, 0.420884), (3, 0.181189, 1.871326)]
    {
        close(fine(Denominator::PositivePlusOtherSentences, k, true), renormalised);
        close(fine(Denominator::PositivePlusOtherSentences, k, false), plain);
    }
}

/// The numbers of a batch that are moved.
type Numbers = fn(&mut Batch) -> &mut Vec<f64>;

/// Compares every partial derivative with the central difference over a step of 1e-5.
///
/// The difference's own error is its third derivative times 1e-5 squared over 6; with a temperature
/// of 0.07 that is about 1e-7 of the largest derivative here. A batch where a match or a ReLU
/// changes within the step would fail: none does.
fn check_derivatives(what: &str, batch: &Batch) {
    const STEP: f64 = 1e-5;
    const TOLERANCE: f64 = 1e-6;
    let found = batch.evaluate(DType::F64);
    let fields: [(&str, &[f64], Numbers); 3] = [
        ("clips", &found.grad_clips, |batch| &mut batch.clips),
        ("words", &found.grad_words, |batch| &mut batch.words),
        ("warp weight", &found.grad_warp_weight, |batch| &mut batch.warp_weight),
    ];
    for (field, gradient, numbers_of) in fields {
        let numeric: Vec<f64> = (0..gradient.len())
            .map(|i| {
                let mut moved = batch.clone();
                let x = numbers_of(&mut moved)[i];
                let mut at = |x: f64| {
                    numbers_of(&mut moved)[i] = x;
                    moved.total()
                };
                (at(x + STEP) - at(x - STEP)) / (2.0 * STEP)
            })
            .collect();
        assert_close(&format!("{what}, {field}"), gradient, &numeric, TOLERANCE);
    }
}

#[test]
fn coarse_gradients_equal_finite_differences() {
    let mut batch = Batch::random(1, 2, &[3, 1, 2], 3).only(1.0, 0.0, 0.0);
    check_derivatives("video to text", &batch);
    batch.loss.symmetric_coarse = true;
    check_derivatives("symmetric", &batch);
}

#[test]
fn fine_gradients_equal_finite_differences() {
    for denominator in [
        Denominator::AllWords,
        Denominator::AllWordsPlusPositive,
        Denominator::PositivePlusOtherSentences,
    ] {
        for renormalise_positive in [false, true] {
            let mut batch = Batch::random(2, 2, &[4, 1, 2], 3).only(0.0, 1.0, 0.0);
            batch.correspondence.num_matches = 2;
            batch.loss = LossConfig { denominator, renormalise_positive, ..batch.loss };
            check_derivatives(&format!("{denominator:?}, {renormalise_positive}"), &batch);
        }
    }
    for rule in [
        CorrespondenceRule::WordTopk,
        CorrespondenceRule::TwoDimensionalTopk,
        CorrespondenceRule::Random,
    ] {
        let mut batch = Batch::random(3, 3, &[2, 3], 3).only(0.0, 1.0, 0.0);
        batch.correspondence = CorrespondenceConfig { rule, num_matches: 1 };
        check_derivatives(&format!("{rule:?}"), &batch);
    }
}

#[test]
fn temporal_gradients_equal_finite_differences() {
    for temporal_target in [TemporalTarget::CrossModal, TemporalTarget::IntraModal] {
        for normalise_before_warp in [true, false] {
            let mut batch = Batch::random(4, 3, &[2, 4], 3).only(0.0, 0.0, 1.0);
            batch.loss = LossConfig { temporal_target, normalise_before_warp, ..batch.loss };
            batch.correspondence.num_matches = 2;
            let name = format!("{temporal_target:?}, {normalise_before_warp}");
            assert!(batch.evaluate(DType::F64).grad_warp_weight.iter().any(|g| g.abs() > 0.01));
            check_derivatives(&name, &batch);
        }
    }
}

#[test]
fn the_plain_mean_of_the_matched_words_keeps_both_losses_above_zero() {
    // The positive's cosine is a mean of cosines that all stand below the fraction, so no cosine of
    // theirs exceeds the log-sum-exp. One clip a video for L_f, so that no other clip's loss can
    // hide a negative one.
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut smallest = f64::INFINITY;
    for seed in 0..300 {
        let b = rng.random_range(1..4);
        let num_words: Vec<usize> = (0..b).map(|_| rng.random_range(1..7)).collect();
        let e = rng.random_range(1..6);
        let mut batch = Batch::random(seed, 1, &num_words, e).only(0.0, 1.0, 0.0);
        batch.correspondence.num_matches = rng.random_range(1..6);
        batch.loss.temperature = [0.01, 0.07, 1.0][rng.random_range(0..3)];
        let fine = batch.total();
        // A single word is its own denominator: exactly zero, but for rounding of numbers up to 1 /
        // 0.01. The weights of the matches are f32, so a mean of three may be 3e-8 too long.
        assert!(fine > -1e-5, "{fine} for {b} sentences of {num_words:?} words");
        smallest = smallest.min(fine);

        let mut batch = Batch::random(seed, 2, &num_words, e).only(0.0, 0.0, 1.0);
        batch.correspondence.num_matches = rng.random_range(1..6);
        assert!(batch.total() > -1e-6, "L_t is {}", batch.total());
    }
    assert!(smallest < 1e-3, "the bound is reached, or nearly: {smallest}");
}

#[test]
fn a_renormalised_positive_can_make_the_loss_negative() {
    // Two words 25 degrees to either side of the clip. Cosine 0.906308 each, their mean 0.906308
    // long and along the clip.
    let angle = 25f64.to_radians();
    let mut witness = Batch::random(0, 1, &[2], 2).only(0.0, 1.0, 0.0);
    witness.clips = vec![1.0, 0.0];
    witness.words = vec![angle.cos(), angle.sin(), angle.cos(), -angle.sin()];
    witness.correspondence.num_matches = 2;
    // Plain mean: log(2 exp(0.906308 / 0.07)) - 0.906308 / 0.07 = log 2.
    assert!((witness.total() - 2f64.ln()).abs() < 1e-9);
    witness.loss.renormalise_positive = true;
    // Of unit length: log 2 + (0.906308 - 1) / 0.07 = 0.693147 - 1.338460.
    assert!((witness.total() + 0.645313).abs() < 1e-5, "{}", witness.total());
    // Once the positive stands below the fraction too, the loss cannot be negative.
    witness.loss.denominator = Denominator::AllWordsPlusPositive;
    assert!(witness.total() > 0.0);
}

/// The batch with three more rows of padding per sentence and `junk` in all rows of padding.
fn with_padding(batch: &Batch, junk: f64) -> Batch {
    let ([b, _, e], n) = (batch.shape, batch.padded());
    let mut words = Vec::new();
    for i in 0..b {
        let sentence = &batch.words[i * n * e..(i + 1) * n * e];
        words.extend(&sentence[..batch.num_words[i] * e]);
        let rest = (n + 3 - batch.num_words[i]) * e;
        words.extend((0..rest).map(|j| junk * ((j * 7 % 5) as f64 - 1.5)));
    }
    Batch { words, ..batch.clone() }
}

#[test]
fn padded_words_change_neither_losses_nor_gradients() {
    let rules = [
        CorrespondenceRule::ClipTopk,
        CorrespondenceRule::WordTopk,
        CorrespondenceRule::TwoDimensionalTopk,
        CorrespondenceRule::Random,
    ];
    for rule in rules {
        for denominator in [Denominator::AllWords, Denominator::PositivePlusOtherSentences] {
            let mut batch = Batch::random(11, 3, &[4, 1, 2], 5);
            batch.loss.denominator = denominator;
            batch.loss.symmetric_coarse = true;
            batch.correspondence = CorrespondenceConfig { rule, num_matches: 2 };
            let plain = batch.evaluate(DType::F64);
            for junk in [0.0, 1.0, -400.0, 1e9] {
                let padded = with_padding(&batch, junk).evaluate(DType::F64);
                let what = |part: &str| format!("{rule:?}, {denominator:?}, {junk}, {part}");
                // A sum of more terms may be grouped in another way, no more.
                let close = |part: &str, found: f64, expected: f64| {
                    assert_close(&what(part), &[found], &[expected], 1e-13);
                };
                close("coarse", padded.coarse, plain.coarse);
                close("fine", padded.fine, plain.fine);
                close("temporal", padded.temporal.unwrap(), plain.temporal.unwrap());
                assert_close(&what("clips"), &padded.grad_clips, &plain.grad_clips, 1e-12);
                let weight = (&padded.grad_warp_weight, &plain.grad_warp_weight);
                assert_close(&what("warp weight"), weight.0, weight.1, 1e-12);
                check_padded_gradients(&what("words"), &batch, &plain, &padded, 1e-12);
            }
        }
    }
}

/// Gradients of words are the same, gradients of padding are zero.
fn check_padded_gradients(
    what: &str,
    batch: &Batch,
    plain: &Outcome,
    padded: &Outcome,
    tolerance: f64,
) {
    let ([_, _, e], n) = (batch.shape, batch.padded());
    for (i, &words) in batch.num_words.iter().enumerate() {
        let before = &plain.grad_words[i * n * e..(i + 1) * n * e];
        let after = &padded.grad_words[i * (n + 3) * e..(i + 1) * (n + 3) * e];
        assert_close(what, &after[..words * e], &before[..words * e], tolerance);
        assert!(after[words * e..].iter().all(|gradient| *gradient == 0.0), "{what}");
    }
}

#[test]
fn padding_near_the_largest_number_of_f32_is_harmless() {
    let batch = Batch::random(11, 3, &[4, 1, 2], 5);
    let plain = batch.evaluate(DType::F32);
    let padded = with_padding(&batch, 1e38).evaluate(DType::F32);
    assert_close("total", &[padded.total], &[plain.total], 1e-6);
    check_padded_gradients("words", &batch, &plain, &padded, 1e-6);
}

/// The batch with its videos in another order.
fn permuted(batch: &Batch, order: &[usize]) -> Batch {
    let take = |values: &[f64]| rows(values, order);
    Batch {
        clips: take(&batch.clips),
        words: take(&batch.words),
        num_words: order.iter().map(|&i| batch.num_words[i]).collect(),
        distances: rows(&batch.distances, order),
        ..batch.clone()
    }
}

/// The blocks of axis 0 in another order.
fn rows<T: Copy>(values: &[T], order: &[usize]) -> Vec<T> {
    let length = values.len() / order.len();
    order.iter().flat_map(|&i| values[i * length..(i + 1) * length].iter().copied()).collect()
}

#[test]
fn permuting_the_batch_permutes_the_gradients_and_keeps_the_losses() {
    let order = [2, 0, 3, 1];
    for temporal_target in [TemporalTarget::CrossModal, TemporalTarget::IntraModal] {
        let mut batch = Batch::random(21, 3, &[4, 1, 2, 3], 5);
        batch.loss.temporal_target = temporal_target;
        batch.loss.denominator = Denominator::PositivePlusOtherSentences;
        let plain = batch.evaluate(DType::F64);
        let found = permuted(&batch, &order).evaluate(DType::F64);
        // Sums in another order.
        let close = |what: &str, found: &[f64], expected: &[f64]| {
            assert_close(what, found, expected, 1e-12);
        };
        close("coarse", &[found.coarse], &[plain.coarse]);
        close("fine", &[found.fine], &[plain.fine]);
        close("temporal", &[found.temporal.unwrap()], &[plain.temporal.unwrap()]);
        close("clips", &found.grad_clips, &rows(&plain.grad_clips, &order));
        close("words", &found.grad_words, &rows(&plain.grad_words, &order));
        close("warp weight", &found.grad_warp_weight, &plain.grad_warp_weight);
    }
}

#[test]
fn a_video_of_one_clip_leaves_the_temporal_loss_out() {
    assert_eq!(WarpDistances::draw([2, 1], 4, 0), None);
    let found = Batch::random(5, 1, &[3, 2], 4).evaluate(DType::F64);
    assert_eq!(found.temporal, None);
    let expected = 0.5 * found.coarse + found.fine;
    assert_close("total", &[found.total], &[expected], 1e-14);
    assert!(found.grad_warp_weight.iter().all(|gradient| *gradient == 0.0));
}

#[test]
fn a_term_of_weight_zero_is_not_computed() {
    let batch = Batch::random(5, 2, &[3, 2], 4).only(1.0, 0.0, 0.0);
    let computed = |losses: &Losses| Term::ALL.map(|term| losses.terms[term].is_some());
    let losses = batch.losses(&batch.leaves(&Device::flex(), DType::F64));
    assert_eq!(computed(&losses), [true, false, false]);
    let batch = batch.only(0.0, 0.0, 1.0);
    let losses = batch.losses(&batch.leaves(&Device::flex(), DType::F64));
    assert_eq!(computed(&losses), [false, false, true]);
    assert_eq!(numbers(losses.total), numbers(losses.terms[Term::Temporal].clone().unwrap()));
}

#[test]
fn equal_words_are_matched_in_the_order_of_the_sentence() {
    // The three words are one and the same, so the clip's choice of one is a tie, and the
    // positive's gradient must reach the first alone: against all words each gets its third of the
    // denominator, the match 1 more.
    let mut batch = Batch::random(6, 1, &[3], 3).only(0.0, 1.0, 0.0);
    let word = [0.3, -0.2, 0.9];
    batch.words = word.repeat(3);
    batch.correspondence.num_matches = 1;
    let found = batch.evaluate(DType::F64);
    let [first, second, third] = [0, 1, 2].map(|i| &found.grad_words[i * 3..(i + 1) * 3]);
    assert_close("second and third", second, third, 1e-12);
    // Gradients of the logits: 1/3 - 1, 1/3, 1/3.
    let expected: Vec<f64> = second.iter().map(|g| -2.0 * g).collect();
    assert_close("first", first, &expected, 1e-12);
    assert!(second.iter().any(|g| g.abs() > 0.1));
}

#[test]
fn a_negative_zero_is_no_smaller_than_a_zero() {
    let similarity = Tensor::<3>::from_floats([[[-0.0, 0.0, 0.0]]], &Device::flex());
    let config = CorrespondenceConfig { num_matches: 1, ..CorrespondenceConfig::default() };
    assert_eq!(config.find(similarity, &[3], 0).weights, [1.0, 0.0, 0.0]);
}

#[test]
fn the_cosines_of_the_warp_figure_are_those_of_their_formulas() {
    // Clips at 0 and 90 degrees, one word at 60 degrees; the head passes the clip through and
    // ignores the distance.
    let mut batch = Batch::random(0, 2, &[1], 2);
    batch.clips = vec![2.0, 0.0, 0.0, 3.0];
    batch.words = vec![0.5, 3f64.sqrt() / 2.0];
    batch.warp_weight = vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let leaves = batch.leaves(&Device::flex(), DType::F64);
    let distances = WarpDistances(vec![1, -1]);
    let cosines = batch.loss.warp_similarities(
        &leaves.embeddings,
        &batch.correspondence,
        &leaves.head,
        &distances,
    );
    let (cos_60, cos_30) = (0.5, 3f64.sqrt() / 2.0);
    assert_close("reference", &numbers(cosines.reference), &[cos_60, cos_30], 1e-12);
    assert_close("bias", &numbers(cosines.bias), &[cos_30, cos_60], 1e-12);
    assert_close("projection", &numbers(cosines.projection), &[cos_30, cos_60], 1e-12);
}

#[test]
#[should_panic(expected = "clip 2 of a video of 2 clips")]
fn a_distance_beyond_the_end_of_the_video_is_refused() {
    let mut batch = Batch::random(5, 2, &[3, 2], 4);
    batch.distances = vec![1, 1, 1, -1];
    batch.total();
}

#[test]
fn distances_are_drawn_from_the_seed_and_reach_every_neighbour() {
    let draw = |seed| WarpDistances::draw([50, 8], 4, seed).unwrap().0;
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let seen: std::collections::BTreeSet<(usize, i32)> =
        draw(1).iter().enumerate().map(|(i, distance)| (i % 8, *distance)).collect();
    let all: std::collections::BTreeSet<(usize, i32)> = (0..8)
        .flat_map(|t| (-4..=4).map(move |distance| (t, distance)))
        .filter(|&(t, distance)| distance != 0 && (0..8).contains(&(t as i32 + distance)))
        .collect();
    assert_eq!(seen, all);
}
