//! How a 2D-TAN is trained on queries and measured.

use burn::tensor::{Device, Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_video::TimeSpan;

use super::config::TanConfig;
use super::moment_map::MomentMap;
use super::network::TwoDTan;
use super::proposals::best_moments;
use super::targets::{ignored, scaled_iou_loss, targets, weighted_iou_loss};
use crate::error::TransferError;
use crate::fit::{FitBatch, Learner};
use crate::inputs::ClipFeatures;
use crate::observer::TaskObserver;
use crate::results::predictions::PREDICTIONS;
use crate::results::predictions::Tested;
use crate::tasks::grounding::annotated_parts::PositiveWindows;
use crate::tasks::grounding::fixed_length::average_to_fixed_length;
use crate::tasks::grounding::measure::MetricSection;
use crate::tasks::grounding::queries::{Query, QueryParts};
use crate::tasks::grounding::video_inputs::VideoInputs;
use crate::tasks::grounding::words::SentenceWords;
use locvtp_measure::MeasureError;
use locvtp_measure::Metrics;

/// Learns from the queries of a task.
pub struct TanLearner {
    config: TanConfig,
    metrics: MetricSection,
    map: MomentMap,
    inputs: VideoInputs,
    clip_width: usize,
    words: SentenceWords,
    parts: QueryParts,
    positives: PositiveWindows,
    /// Queries that are answered at a time.
    at_once: usize,
}

impl TanLearner {
    /// For the queries of `parts`, all of whose words and features are there; `at_once` are answered
    /// at a time.
    ///
    /// # Errors
    /// When a setting cannot be used, or the features cannot be read.
    pub fn new(
        config: TanConfig,
        metrics: MetricSection,
        parts: QueryParts,
        words: SentenceWords,
        features: ClipFeatures,
        at_once: usize,
    ) -> Result<Self, TransferError> {
        config.check()?;
        let first = parts.test.first().ok_or(MeasureError::Nothing { what: "test queries" })?;
        let [_, clip_width] = features.shape(&first.features)?.unwrap_or_default();
        let samples = config.samples;
        let prepare = Box::new(move |features: &_| average_to_fixed_length(features, samples));
        let inputs = VideoInputs::new(features, prepare);
        let map = MomentMap::new(&config);
        let positives = PositiveWindows::default();
        Ok(Self { config, metrics, map, inputs, clip_width, words, parts, positives, at_once })
    }

    /// The same, with other windows as positives.
    #[must_use]
    pub fn with_positives(self, positives: PositiveWindows) -> Self {
        Self { positives, ..self }
    }

    /// Reads the features of the videos of all parts; see [`VideoInputs::read_all`].
    ///
    /// # Errors
    /// When some are no table of finite numbers.
    pub fn read_features(&self, observer: &mut dyn TaskObserver) -> Result<(), TransferError> {
        let parts = [&self.parts.train, &self.parts.validation, &self.parts.test];
        let queries = parts.into_iter().flatten();
        self.inputs.read_all(queries.map(|query| query.features.as_str()), observer)
    }

    /// The scores of every moment of the map for some queries, `[b, cells]`.
    fn scores(
        &self,
        model: &TwoDTan,
        queries: &[&Query],
        device: &Device,
    ) -> Result<Tensor<2>, TransferError> {
        let (b, samples) = (queries.len(), self.config.samples);
        let mut clips = Vec::with_capacity(b * samples * self.clip_width);
        for query in queries {
            clips.extend_from_slice(&self.inputs.get(&query.features)?);
        }
        let clips = TensorData::new(clips, [b, samples, self.clip_width]);
        let sentences: Vec<&str> = queries.iter().map(|query| query.sentence.as_str()).collect();
        let words = self.words.batch(&sentences, None);
        let clips = Tensor::from_data(clips, device);
        Ok(model.forward(clips, words.tensor(device), &words.lengths))
    }

    /// The best moments of every query.
    ///
    /// # Errors
    /// When features cannot be read, or a score is not finite.
    pub fn answers(
        &self,
        model: &TwoDTan,
        queries: &[Query],
        device: &Device,
    ) -> Result<Vec<Vec<TimeSpan>>, TransferError> {
        let mut answers = Vec::with_capacity(queries.len());
        for some in queries.chunks(self.at_once) {
            let scores = self.scores(model, &some.iter().collect::<Vec<_>>(), device)?;
            let scores: Vec<f32> = scores.into_data().try_to_vec().expect("scores are f32");
            let cells = self.map.moments().len();
            for (query, scores) in some.iter().zip(scores.chunks_exact(cells)) {
                let (nms, most) = (self.config.nms, self.metrics.most());
                answers.push(best_moments(&self.map, scores, query.duration, nms, most)?);
            }
        }
        Ok(answers)
    }

    /// The queries.
    pub fn parts(&self) -> &QueryParts {
        &self.parts
    }
}

impl Learner for TanLearner {
    type Model = TwoDTan;

    fn init(&self, seed: u64, device: &Device) -> Result<TwoDTan, TransferError> {
        let mut random = Initialiser::new(seed, device);
        Ok(self.config.init(self.clip_width, self.words.width(), &mut random))
    }

    fn num_samples(&self) -> usize {
        self.parts.train.len()
    }

    fn loss(
        &self,
        model: &TwoDTan,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let queries: Vec<&Query> =
            batch.samples.iter().map(|sample| &self.parts.train[*sample]).collect();
        let rule = self.positives;
        let truth = |query: &&Query| {
            targets(&self.map, &self.config, query.positives(rule), query.duration)
        };
        let tensor = |values: Vec<f32>| {
            let shape = [queries.len(), self.map.moments().len()];
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        let truths = tensor(queries.iter().flat_map(truth).collect());
        let scores = self.scores(model, &queries, device)?;
        if rule == PositiveWindows::All {
            return Ok(scaled_iou_loss(scores, truths));
        }
        let weight = |query: &&Query| {
            let ignores = |moment: &TimeSpan| query.ignores(moment, rule);
            let ignored = ignored(&self.map, query.duration, ignores);
            ignored.into_iter().map(|ignored| f32::from(!ignored)).collect::<Vec<_>>()
        };
        let weights = tensor(queries.iter().flat_map(weight).collect());
        Ok(weighted_iou_loss(scores, truths, weights))
    }

    fn validate(&self, model: &TwoDTan, device: &Device) -> Result<Option<Metrics>, TransferError> {
        if self.parts.validation.is_empty() {
            return Ok(None);
        }
        let answers = self.answers(model, &self.parts.validation, device)?;
        self.metrics.measure(&self.parts.validation, &answers).map(Some)
    }

    fn test(&self, model: &TwoDTan, device: &Device) -> Result<Tested, TransferError> {
        let answers = self.answers(model, &self.parts.test, device)?;
        let metrics = self.metrics.measure(&self.parts.test, &answers)?;
        let predictions = vec![self.metrics.file(PREDICTIONS, &self.parts.test, &answers)];
        Ok(Tested { metrics, predictions })
    }
}
