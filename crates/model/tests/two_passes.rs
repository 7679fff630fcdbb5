//! A step in two passes has the gradient of a step in one, whatever the encoders and the sizes are.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor};
use golden::numbers;
use locvtp_model::encoders::{
    BertConfig, C3dConfig, ClipTextConfig, ClipTime, ClipVisionConfig, Dinov2Config,
    DistilBertConfig, TemporalInit, TimeSformerBlock, TimeSformerConfig,
};
use locvtp_model::loss::{LossConfig, LossWeights, Losses, VideoTextEmbeddings, WarpDistances};
use locvtp_model::weights::ParameterPath;
use locvtp_model::{
    ClipFeature, ClipPatches, CorrespondenceConfig, EmbeddingGradients, FirstPass, Initialiser,
    LocVtp, LocVtpConfig, MicroBatches, ModelPart, ParameterGradients, ProjectionConfig,
    ProjectionKind, TextEncoderConfig, TokenBatch, Tower, VideoEncoderConfig,
};

/// The engine has one generator for the whole process, and every first pass seeds it.
static GENERATOR: Mutex<()> = Mutex::new(());

fn generator() -> MutexGuard<'static, ()> {
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

fn timesformer(block: TimeSformerBlock) -> VideoEncoderConfig {
    TimeSformerConfig {
        image_size: 16,
        patch_size: 8,
        num_frames: 3,
        hidden_size: 24,
        num_hidden_layers: 3,
        num_attention_heads: 3,
        intermediate_size: 48,
        initializer_range: 0.2,
        temporal_init: TemporalInit::Normal,
        block,
        ..TimeSformerConfig::default()
    }
    .into()
}

fn clip_vision(time: ClipTime) -> VideoEncoderConfig {
    ClipVisionConfig {
        image_size: 16,
        patch_size: 8,
        num_frames: 3,
        hidden_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 48,
        projection_dim: 12,
        initializer_range: 0.2,
        temporal_init: TemporalInit::Normal,
        time,
        ..ClipVisionConfig::default()
    }
    .into()
}

fn c3d() -> VideoEncoderConfig {
    C3dConfig {
        image_size: 16,
        num_frames: 16,
        base_width: 2,
        feature_width: 12,
        initializer_range: 0.3,
    }
    .into()
}

fn distilbert() -> TextEncoderConfig {
    DistilBertConfig {
        vocab_size: 40,
        max_position_embeddings: 16,
        dim: 24,
        n_layers: 3,
        n_heads: 3,
        hidden_dim: 48,
        initializer_range: 0.2,
        ..DistilBertConfig::default()
    }
    .into()
}

fn clip_text() -> TextEncoderConfig {
    ClipTextConfig {
        vocab_size: 40,
        max_position_embeddings: 16,
        hidden_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 48,
        projection_dim: 12,
        initializer_range: 0.2,
        ..ClipTextConfig::default()
    }
    .into()
}

fn dinov2() -> VideoEncoderConfig {
    Dinov2Config {
        image_size: 16,
        patch_size: 8,
        num_frames: 3,
        hidden_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 48,
        layerscale_value: 0.5,
        initializer_range: 0.2,
        ..Dinov2Config::default()
    }
    .into()
}

fn bert() -> TextEncoderConfig {
    BertConfig {
        vocab_size: 40,
        max_position_embeddings: 18,
        first_position: 2,
        max_tokens: 16,
        hidden_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 48,
        initializer_range: 0.2,
        ..BertConfig::default()
    }
    .into()
}

fn model(video: VideoEncoderConfig, text: TextEncoderConfig, kind: ProjectionKind) -> LocVtpConfig {
    let clip_feature = match video {
        VideoEncoderConfig::C3d(_) => ClipFeature::Class,
        _ => ClipFeature::ClassPlusMeanPatch,
    };
    let projection = ProjectionConfig { dim: 12, kind, dropout: 0.0 };
    LocVtpConfig { video, text, projection, clip_feature, ..LocVtpConfig::default() }
}

/// All encoders, each in a model that can be trained.
fn models() -> [(&'static str, LocVtpConfig); 7] {
    let residual = ProjectionKind::Residual;
    let identity = ProjectionKind::Identity;
    [
        ("divided", model(timesformer(TimeSformerBlock::Divided), distilbert(), residual)),
        ("frozen", model(timesformer(TimeSformerBlock::Frozen), distilbert(), residual)),
        ("CLIP of frames", model(clip_vision(ClipTime::Mean), clip_text(), identity)),
        ("CLIP over time", model(clip_vision(ClipTime::Divided), clip_text(), identity)),
        ("CLIP and DistilBERT", model(clip_vision(ClipTime::Mean), distilbert(), residual)),
        ("C3D", model(c3d(), distilbert(), residual)),
        ("DINOv2 and BERT", model(dinov2(), bert(), residual)),
    ]
}

/// A batch of pairs.
struct Batch {
    clips: ClipPatches,
    tokens: TokenBatch,
    /// Videos, and clips of each.
    shape: [usize; 2],
}

/// `b` videos of `t` clips; sentences of one word to six.
fn batch(config: &LocVtpConfig, [b, t]: [usize; 2], f: usize, device: &Device) -> Batch {
    let side = config.video.image_size();
    let pixels: Tensor<5> = Initialiser::new(9, device).normal([b * t, f, 3, side, side], 1.0);
    let lengths: Vec<usize> = (0..b).map(|i| [8, 3, 6, 5][i % 4]).collect();
    let ids = lengths.iter().enumerate().flat_map(|(i, &length)| {
        (0..8).map(move |j| if j < length { ((5 + i * 7 + j * 2) % 40) as u32 } else { 0 })
    });
    Batch {
        clips: ClipPatches::from_pixels(pixels, config.video.patch_size()),
        tokens: TokenBatch { ids: ids.collect(), lengths, padded_length: 8 },
        shape: [b, t],
    }
}

impl Batch {
    fn cast(mut self, dtype: DType) -> Self {
        self.clips.values = self.clips.values.cast(dtype);
        self
    }

    fn losses(&self, model: &LocVtp, embeddings: &VideoTextEmbeddings) -> Losses {
        let distances = WarpDistances::draw(self.shape, 4, 7);
        LossConfig::default().losses(
            embeddings,
            &LossWeights::default(),
            &CorrespondenceConfig::default(),
            model.context_warp().zip(distances.as_ref()),
            0,
        )
    }

    /// Of a step in one pass: the loss, and the gradient of every parameter.
    fn plain(&self, model: &LocVtp) -> (f64, Named) {
        let losses = self.losses(model, &model.forward(self.clips.clone(), &self.tokens));
        let gradients = ParameterGradients::of(model, losses.total.backward());
        (numbers(losses.total)[0], named(model, &gradients))
    }

    fn first(&self, model: &LocVtp, pairs: Option<usize>) -> FirstPass<'_> {
        let micro_batches = MicroBatches { pairs, seed: 3 };
        model.first_pass(&self.clips, &self.tokens, micro_batches, &self.clips.values.device())
    }

    /// The same of a step in two passes.
    fn in_two_passes(&self, model: &LocVtp, pairs: Option<usize>) -> (f64, Named) {
        let first = self.first(model, pairs);
        let VideoTextEmbeddings { clips, words, num_words } = first.embeddings().clone();
        let [clips, words] = [clips, words].map(|x| Tensor::from_inner(x).require_grad());
        let leaves = VideoTextEmbeddings { clips, words, num_words };
        let losses = self.losses(model, &leaves);
        let mut gradients = losses.total.backward();
        let at_embeddings = EmbeddingGradients {
            clips: leaves.clips.grad_remove(&mut gradients),
            words: leaves.words.grad_remove(&mut gradients),
        };
        let mut sum = ParameterGradients::of(model, gradients);
        first.second_pass(model, at_embeddings, &mut sum);
        (numbers(losses.total)[0], named(model, &sum))
    }
}

type Named = BTreeMap<String, Vec<f64>>;

/// The gradients by the names of their parameters; those that no loss has reached are not there.
fn named(model: &LocVtp, gradients: &ParameterGradients) -> Named {
    struct Collect<'a> {
        gradients: &'a ParameterGradients,
        path: ParameterPath,
        found: Named,
    }
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.get(param) {
                self.found.insert(self.path.name(), numbers(gradient));
            }
        }

        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
    }
    let (path, found) = (ParameterPath::default(), Named::new());
    let mut collect = Collect { gradients, path, found };
    model.visit(&mut collect);
    collect.found
}

fn length(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum::<f64>().sqrt()
}

/// Compares each gradient relative to its own length. The biases of keys are not seen by a softmax:
/// their gradient is zero but for rounding, and that is all that is asked of it.
#[track_caller]
fn assert_equal(what: &str, found: &(f64, Named), expected: &(f64, Named), tolerance: f64) {
    let close = (found.0 - expected.0).abs() <= tolerance * expected.0.abs();
    assert!(close, "{what}: a loss of {} instead of {}", found.0, expected.0);
    assert_eq!(
        found.1.keys().collect::<Vec<_>>(),
        expected.1.keys().collect::<Vec<_>>(),
        "{what}: parameters with a gradient"
    );
    let whole = length(expected.1.values().flatten().copied());
    for (name, expected) in &expected.1 {
        let differences = found.1[name].iter().zip(expected).map(|(x, y)| x - y);
        let is_unseen =
            ["k_lin.bias", "k_proj.bias", "key.bias"].iter().any(|end| name.ends_with(end));
        let scale = if is_unseen { whole } else { length(expected.iter().copied()) };
        let difference = length(differences);
        assert!(difference <= tolerance * scale, "{what}, {name}: {difference} of {scale}");
    }
}

#[test]
fn the_gradient_of_two_passes_is_that_of_one_in_f64() {
    let _alone = generator();
    let device = Device::flex().autodiff();
    for (name, config) in models() {
        let model = golden::cast(config.init(4, &device), DType::F64);
        let frames = config.video.num_frames();
        let picture_frames = config.video.num_picture_frames();
        for (shape, f) in [([3, 4], frames), ([3, 1], picture_frames)] {
            let batch = batch(&config, shape, f, &device).cast(DType::F64);
            let expected = batch.plain(&model);
            // One by one, an uneven last one, all at once, and chosen.
            for pairs in [Some(1), Some(2), Some(3), None] {
                let found = batch.in_two_passes(&model, pairs);
                // Sums in another order, through a temperature of 0.07 and back through two encoders.
                let what = format!("{name}, {shape:?} of {f} frames, {pairs:?} at once");
                assert_equal(&what, &found, &expected, 1e-11);
            }
        }
    }
}

#[test]
fn the_gradient_of_two_passes_is_that_of_one_in_f32() {
    let _alone = generator();
    let device = Device::flex().autodiff();
    for (name, config) in models() {
        let model = config.init(4, &device);
        let batch = batch(&config, [3, 4], config.video.num_frames(), &device);
        let expected = batch.plain(&model);
        for pairs in [Some(1), Some(2), None] {
            let found = batch.in_two_passes(&model, pairs);
            // What is a sum over the rows of a batch is one over micro-batches of sums over theirs:
            // some roundings of f32 (6e-8) in the longest, relative to the length of the gradient.
            assert_equal(&format!("{name}, {pairs:?} at once"), &found, &expected, 1e-6);
        }
    }
}

#[test]
fn many_parts_go_through_longer_stretches_of_blocks_with_the_same_gradient() {
    let _alone = generator();
    let device = Device::flex().autodiff();
    let config =
        model(timesformer(TimeSformerBlock::Divided), distilbert(), ProjectionKind::Linear);
    let model = golden::cast(config.init(4, &device), DType::F64);
    // 60 parts: one stretch of three blocks holds less than three of one with the inputs of 60.
    let batch = batch(&config, [60, 2], 3, &device).cast(DType::F64);
    let found = batch.in_two_passes(&model, Some(1));
    assert_equal("60 pairs", &found, &batch.plain(&model), 1e-11);
}

#[test]
fn the_embeddings_of_the_first_pass_have_no_graph_and_are_those_of_the_model() {
    let _alone = generator();
    let device = Device::flex().autodiff();
    for (name, config) in models() {
        let model = config.init(4, &device);
        let batch = batch(&config, [3, 4], config.video.num_frames(), &device);
        let expected = model.forward(batch.clips.clone(), &batch.tokens);
        let first = batch.first(&model, Some(2));
        let found = first.embeddings();
        assert_eq!(found.num_words, expected.num_words);
        assert!(!found.clips.is_autodiff() && !found.words.is_autodiff());
        for (found, expected) in [(&found.clips, expected.clips), (&found.words, expected.words)] {
            assert_eq!(found.dims(), expected.dims(), "{name}");
            golden::assert_close(name, &numbers(found.clone()), &numbers(expected), 1e-6);
        }
    }
}

/// Every parameter times a factor.
fn scaled(model: &LocVtp, factor: f64) -> LocVtp {
    struct Scale(f64);
    impl ModuleMapper for Scale {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|x| Tensor::from_inner(x.inner() * self.0).require_grad())
        }
    }
    model.clone().map(&mut Scale(factor))
}

#[test]
fn both_passes_drop_the_same() {
    let _alone = generator();
    let device = Device::flex().autodiff();
    let mut config = models()[0].1.clone();
    config.projection.dropout = 0.5;
    let model = golden::cast(config.init(4, &device), DType::F64);
    let batch = batch(&config, [3, 4], 3, &device).cast(DType::F64);
    for pairs in [Some(1), Some(2), None] {
        let loss = |model: &LocVtp| {
            let losses = batch.losses(model, batch.first(model, pairs).embeddings());
            numbers(losses.total)[0]
        };
        // The loss is a function of the parameters only if what is dropped is the same every time.
        let (step, flat) = (1e-6, named_values(&model));
        let measured =
            (loss(&scaled(&model, 1.0 + step)) - loss(&scaled(&model, 1.0 - step))) / (2.0 * step);
        let (_, gradients) = batch.in_two_passes(&model, pairs);
        let told: f64 = gradients
            .iter()
            .flat_map(|(name, gradient)| gradient.iter().zip(&flat[name]))
            .map(|(x, y)| x * y)
            .sum();
        // Central differences: an error of the step's square, and of 1e-16 over the step.
        let close = (measured - told).abs() < 1e-6 * told.abs().max(1.0);
        assert!(close, "{pairs:?}: {measured} measured, {told} told");
    }
    let different = MicroBatches { pairs: None, seed: 4 };
    let other = model.first_pass(&batch.clips, &batch.tokens, different, &device);
    let first = batch.first(&model, None);
    let [found, other] = [&first, &other].map(|pass| numbers(pass.embeddings().clips.clone()));
    assert!(found != other, "nothing is dropped");
}

/// The numbers of every parameter by its name.
fn named_values(model: &LocVtp) -> Named {
    struct Collect(ParameterPath, Named);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.insert(self.0.name(), numbers(param.val()));
        }

        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.0.exit();
        }
    }
    let mut collect = Collect(ParameterPath::default(), Named::new());
    model.visit(&mut collect);
    collect.1
}

#[test]
fn frozen_parts_have_no_gradient_and_the_others_have_theirs() {
    let _alone = generator();
    let device = Device::flex().autodiff();
    let (name, config) = &models()[0];
    let model = golden::cast(config.init(4, &device), DType::F64);
    let batch = batch(config, [3, 4], 3, &device).cast(DType::F64);
    let (loss, all) = batch.plain(&model);
    let parts = model.parts();
    for freeze in [
        &["video.embedding", "video.blocks.0..2", "text"][..],
        &["video.blocks.0..3", "video.embedding"],
        &["video.blocks.1", "context_warp"],
        &["video", "text.blocks"],
        &["video", "video_projection"],
    ] {
        let names: Vec<String> = freeze.iter().map(|&name| name.to_owned()).collect();
        let frozen = model.clone().frozen(&names).unwrap();
        let plain = batch.plain(&frozen);
        let expected = all.iter().filter(|(name, _)| plain.1.contains_key(*name));
        let expected: Named = expected.map(|(name, x)| (name.clone(), x.clone())).collect();
        // What is left out of the graph changes no other number but by the order of sums.
        assert_equal(&format!("{name} {freeze:?}"), &plain, &(loss, expected), 1e-11);
        let has_gradient =
            |part| parts.iter().any(|(name, &p)| p == part && plain.1.contains_key(name));
        let block = |number| has_gradient(ModelPart::Block(Tower::Video, number));
        let in_video = [block(0), block(1), block(2), has_gradient(ModelPart::End(Tower::Video))];
        let rest = [ModelPart::ContextWarp, ModelPart::Embedding(Tower::Text)].map(has_gradient);
        let told = match freeze.len() {
            3 => ([false, false, true, true], [true, false]),
            _ if freeze[0] == "video.blocks.0..3" => ([false, false, false, true], [true, true]),
            _ if freeze[0] == "video.blocks.1" => ([true, false, true, true], [false, true]),
            _ => ([false; 4], [true, true]),
        };
        assert_eq!((in_video, rest), told, "{freeze:?}");
        for pairs in [Some(1), None] {
            let found = batch.in_two_passes(&frozen, pairs);
            assert_equal(&format!("{freeze:?}, {pairs:?} at once"), &found, &plain, 1e-11);
        }
    }
    for (freeze, told) in [
        (vec!["video.blocks.2..4"], "the video encoder has 3 blocks"),
        (vec!["vidoe"], "did you mean \"video\"?"),
        (
            vec!["video", "text", "video_projection", "text_projection", "context_warp"],
            "something to train",
        ),
    ] {
        let names: Vec<String> = freeze.into_iter().map(str::to_owned).collect();
        let error = model.clone().frozen(&names).unwrap_err().to_string();
        assert!(error.contains("train.freeze") && error.contains(told), "{error}");
    }
}

#[test]
fn a_clip_of_some_patches_is_a_clip_of_these_at_their_places() {
    let _alone = generator();
    let device = Device::flex();
    for (name, config) in models().into_iter().take(4) {
        let model = config.init(4, &device);
        let (b, f) = (3, config.video.num_frames());
        let Batch { clips, .. } = batch(&config, [b, 1], f, &device);
        let numbers_of = |clips: &ClipPatches| numbers(clips.values.clone());
        let whole = numbers_of(&clips).into_iter().map(|x| x as f32).collect::<Vec<_>>();
        let side = config.video.image_size();
        let (form, patch_size) = ([b, f, side, side], config.video.patch_size());
        // All of them, in their order, are the clip.
        let all: Vec<usize> = (0..b).flat_map(|_| 0..4).collect();
        let same = ClipPatches::from_kept(whole.clone(), all, form, patch_size, &device);
        let expected = numbers(model.embed_clips(clips.clone()));
        assert_eq!(numbers(model.embed_clips(same)), expected, "{name}");
        // Attention asks for no order: two patches and their places exchanged change nothing.
        let each = whole.len() / b / 4;
        let some = |places: [usize; 3]| {
            let values = (0..b).flat_map(|clip| {
                places
                    .into_iter()
                    .flat_map(move |place| (clip * 4 + place) * each..(clip * 4 + place + 1) * each)
            });
            let values = values.map(|i| whole[i]).collect();
            let kept = (0..b).flat_map(|_| places).collect();
            let clips = ClipPatches::from_kept(values, kept, form, patch_size, &device);
            numbers(model.embed_clips(clips))
        };
        let kept = some([0, 2, 3]);
        golden::assert_close(name, &some([3, 0, 2]), &kept, 1e-5);
        let difference = |other: &[f64]| {
            std::iter::zip(&kept, other).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
        };
        assert!(difference(&some([0, 1, 3])) > 1e-2, "{name}: another patch changes something");
        assert!(difference(&expected) > 1e-2, "{name}: so does one more");
    }
}
