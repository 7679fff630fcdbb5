//! The whole small model: both bodies of every operation agree end to end, and its weights depend
//! on the seed alone.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor};
use golden::{assert_close, numbers};
use locvtp_model::encoders::DistilBertConfig;
use locvtp_model::encoders::{TemporalInit, TimeSformerConfig};
use locvtp_model::loss::{LossConfig, LossWeights, WarpDistances};
use locvtp_model::weights::named_parameters;
use locvtp_model::{
    ClipFeature, ClipPatches, CorrespondenceConfig, Initialiser, LocVtp, LocVtpConfig,
    ProjectionConfig, TokenBatch,
};

/// Weights large enough for clips and words to differ, so that no choice of matches is a near tie.
fn config() -> LocVtpConfig {
    LocVtpConfig {
        video: TimeSformerConfig {
            image_size: 16,
            patch_size: 8,
            num_frames: 3,
            hidden_size: 24,
            num_hidden_layers: 2,
            num_attention_heads: 3,
            intermediate_size: 48,
            initializer_range: 0.2,
            temporal_init: TemporalInit::Normal,
            ..TimeSformerConfig::default()
        }
        .into(),
        text: DistilBertConfig {
            vocab_size: 40,
            max_position_embeddings: 16,
            dim: 24,
            n_layers: 2,
            n_heads: 3,
            hidden_dim: 48,
            initializer_range: 0.2,
            ..DistilBertConfig::default()
        }
        .into(),
        projection: ProjectionConfig { dim: 12, ..ProjectionConfig::default() },
        clip_feature: ClipFeature::ClassPlusMeanPatch,
        ..LocVtpConfig::default()
    }
}

/// Three sentences of 6, 2 and 4 words.
fn tokens() -> TokenBatch {
    let (lengths, padded_length) = (vec![8, 4, 6], 8);
    let ids = lengths.iter().enumerate().flat_map(|(i, &length)| {
        (0..8).map(move |j| if j < length { (5 + i * 7 + j * 2) as u32 } else { 0 })
    });
    TokenBatch { ids: ids.collect(), lengths, padded_length }
}

/// `b` videos of four clips of three frames.
fn clips(b: usize, device: &Device, dtype: DType) -> ClipPatches {
    let pixels: Tensor<5> = Initialiser::new(9, device).normal([b * 4, 3, 3, 16, 16], 1.0);
    ClipPatches::from_pixels(pixels.cast(dtype), 8)
}

/// Values of the embeddings and losses, and gradients of all parameters.
fn run(model: &LocVtp, device: &Device, dtype: DType) -> BTreeMap<String, Vec<f64>> {
    let embeddings = model.forward(clips(3, device, dtype), &tokens());
    assert_eq!(embeddings.num_words, [6, 2, 4]);
    assert_eq!(embeddings.clips.dims(), [3, 4, 12]);
    let distances = WarpDistances::draw([3, 4], 4, 7).unwrap();
    let losses = LossConfig::default().losses(
        &embeddings,
        &LossWeights::default(),
        &CorrespondenceConfig::default(),
        model.context_warp().zip(Some(&distances)),
        0,
    );
    let mut results = BTreeMap::from([("clips".to_owned(), numbers(embeddings.clips))]);
    let terms = losses.terms.iter();
    results.extend(terms.map(|(term, loss)| (term.name().into(), numbers(loss.clone().unwrap()))));
    let gradients = losses.total.backward();
    results.extend(golden::named_gradients(model, gradients));
    results
}

#[test]
fn the_fused_model_in_f32_equals_the_composed_model_in_f64() {
    let device = Device::flex().autodiff();
    let model = config().init(4, &device);
    let fused = run(&model, &device, DType::F32);
    let composed = run(&golden::cast(model, DType::F64), &device, DType::F64);
    assert_eq!(fused.len(), composed.len());
    assert!(fused.len() > 80, "{} results", fused.len());
    for (name, expected) in &composed {
        // f32 through two encoders, a temperature of 0.07 that multiplies errors by 14, and back.
        assert_close(name, &fused[name], expected, 1e-5);
    }
    // Nothing agrees by being zero: every parameter but the keys' biases (which the softmax does
    // not see) and the words that no sentence has takes part.
    for (name, gradient) in &composed {
        let moves = gradient.iter().any(|g| g.abs() > 1e-6);
        assert!(moves || name.ends_with("k_lin.bias"), "{name} has no gradient");
    }
}

#[test]
fn the_model_gives_the_same_with_and_without_recording_gradients() {
    let [plain, recorded] = [Device::flex(), Device::flex().autodiff()].map(|device| {
        let model = config().init(4, &device);
        let embeddings = model.forward(clips(3, &device, DType::F32), &tokens());
        (numbers(embeddings.clips), numbers(embeddings.words))
    });
    assert_eq!(plain, recorded);
}

#[test]
fn each_clip_feature_is_made_of_the_tokens_it_names() {
    let device = Device::flex();
    let [class, mean, both] =
        [ClipFeature::Class, ClipFeature::MeanPatch, ClipFeature::ClassPlusMeanPatch].map(
            |clip_feature| {
                let model = LocVtpConfig { clip_feature, ..config() }.init(4, &device);
                numbers(model.backbone_clips(clips(1, &device, DType::F32)))
            },
        );
    let sum: Vec<f64> = class.iter().zip(&mean).map(|(x, y)| x + y).collect();
    assert_close("class + mean", &both, &sum, 1e-6);
    assert_ne!(class, mean);
}

#[test]
fn the_weights_depend_on_the_seed_alone() {
    let init = |seed| named_parameters(&config().init(seed, &Device::flex()));
    let first = init(7);
    // Others draw random numbers meanwhile: a model in every thread, and the engine's own
    // generator.
    let again = std::thread::scope(|scope| {
        let others: Vec<_> = (0..4).map(|seed| scope.spawn(move || init(seed))).collect();
        let noise = scope.spawn(|| {
            let distribution = burn::tensor::Distribution::Default;
            numbers(Tensor::<1>::random([1000], distribution, &Device::flex()))
        });
        let again = init(7);
        others.into_iter().for_each(|other| drop(other.join().unwrap()));
        assert_eq!(noise.join().unwrap().len(), 1000);
        again
    });
    assert_eq!(first, again);

    let other = init(8);
    for (name, tensor) in &first {
        let constant = tensor.values.iter().all(|x| *x == 0.0 || *x == 1.0);
        assert_eq!(*tensor == other[name], constant, "{name}");
    }
    // Recording gradients changes no number.
    assert_eq!(named_parameters(&config().init(7, &Device::flex().autodiff())), first);
}
