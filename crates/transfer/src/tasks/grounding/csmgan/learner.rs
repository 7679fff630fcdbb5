//! The network as a head that is trained on queries, and its numbers.
//!
//! They are the release's: in frames, a hit from the required IoU on, a frame counting whole. Beside
//! them stand those that other heads are measured by, in seconds and greater than the required IoU,
//! under names that begin with `in seconds: `; the answers that are written are those.

use std::collections::HashMap;
use std::slice;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_video::TimeSpan;

use super::anchors::{FrameSpan, offset_bases, proposals};
use super::loss::{LossTruth, loss};
use super::ranking::{ScoredMoments, scored_moments};
use super::sampling::FrameSampling;
use super::target::{ProposalTargets, targets};
use super::{Csmgan, CsmganConfig, CsmganInput};
use crate::error::TransferError;
use crate::fit::{FitBatch, Learner};
use crate::inputs::ClipFeatures;
use crate::inputs::input_error::InputError;
use crate::observer::TaskObserver;
use crate::results::predictions::PREDICTIONS;
use crate::results::predictions::Tested;
use crate::setting_error::SettingError;
use crate::tasks::grounding::annotated_parts::PositiveWindows;
use crate::tasks::grounding::measure::MetricSection;
use crate::tasks::grounding::queries::{Query, QueryParts};
use crate::tasks::grounding::video_inputs::VideoInputs;
use crate::tasks::grounding::words::SentenceWords;
use locvtp_measure::MeasureError;
use locvtp_measure::Metrics;

/// Sentences that are answered at a time.
const ANSWERED_AT_ONCE: usize = 32;

/// From what IoU on moments are left out that overlap a better one, where they are measured in
/// seconds: what the release has for a required IoU of 0.5.
const OVERLAP: f64 = 0.45;

/// A query whose true moments are in frames.
#[derive(Clone, Debug)]
struct FrameQuery {
    query: Query,
    /// When each clip of its video is.
    spans: Arc<[TimeSpan]>,
    moments: Vec<FrameSpan>,
}

impl FrameQuery {
    /// The moments that a head learns to find.
    fn positives(&self, rule: PositiveWindows) -> &[FrameSpan] {
        match rule {
            PositiveWindows::All => &self.moments,
            PositiveWindows::Best => slice::from_ref(&self.moments[self.query.best]),
        }
    }

    /// Whether a proposal lies nearer to a moment that is no positive.
    fn ignores(&self, proposal: &FrameSpan, rule: PositiveWindows) -> bool {
        let best = proposal.inclusive_iou(&self.moments[self.query.best]);
        rule == PositiveWindows::Best
            && self.moments.iter().any(|moment| proposal.inclusive_iou(moment) > best)
    }
}

/// Learns from the queries of a task.
pub struct CsmganLearner {
    config: CsmganConfig,
    metrics: MetricSection,
    proposals: Vec<FrameSpan>,
    bases: Vec<FrameSpan>,
    inputs: VideoInputs,
    feature_width: usize,
    words: SentenceWords,
    positives: PositiveWindows,
    train: Vec<FrameQuery>,
    validation: Vec<FrameQuery>,
    test: Vec<FrameQuery>,
}

impl CsmganLearner {
    /// For the queries of `parts`, all of whose words and features are there.
    ///
    /// # Errors
    /// When a setting cannot be used, words are of an odd width, or the features cannot be read.
    pub fn new(
        config: CsmganConfig,
        metrics: MetricSection,
        parts: QueryParts,
        words: SentenceWords,
        mut features: ClipFeatures,
    ) -> Result<Self, TransferError> {
        config.check()?;
        Self::check_word_width(words.width())?;
        let first = parts.test.first().ok_or(MeasureError::Nothing { what: "test queries" })?;
        let [_, feature_width] = features.shape(&first.features)?.unwrap_or_default();
        let mut known = HashMap::new();
        let mut in_frames = |queries: Vec<Query>| -> Result<Vec<FrameQuery>, TransferError> {
            let one = |query| frame_query(query, &config, &mut features, &mut known);
            queries.into_iter().map(one).collect()
        };
        let train = in_frames(parts.train)?;
        let validation = in_frames(parts.validation)?;
        let test = in_frames(parts.test)?;
        let num_frames = config.num_frames;
        let prepare = move |features: &locvtp_features::VideoFeatures| {
            FrameSampling::new(features.num_clips(), num_frames)
                .frames(&features.values, features.width)
        };
        Ok(Self {
            proposals: proposals(&config),
            bases: offset_bases(&config),
            inputs: VideoInputs::new(features, Box::new(prepare)),
            config,
            metrics,
            feature_width,
            words,
            positives: PositiveWindows::default(),
            train,
            validation,
            test,
        })
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
        let queries = [&self.train, &self.validation, &self.test].into_iter().flatten();
        self.inputs.read_all(queries.map(|query| query.query.features.as_str()), observer)
    }

    /// # Errors
    /// When words are of an odd width.
    pub fn check_word_width(width: usize) -> Result<(), SettingError> {
        if width.is_multiple_of(2) {
            return Ok(());
        }
        let (key, found) = ("words", format!("{width} numbers a word"));
        let expected = "an even number: CSMGAN shares it out to two directions";
        Err(SettingError { key, found, expected })
    }

    fn input(
        &self,
        queries: &[&FrameQuery],
        device: &Device,
    ) -> Result<CsmganInput, TransferError> {
        let (b, f, n) = (queries.len(), self.config.num_frames, self.config.num_words);
        let mut frames = Vec::with_capacity(b * f * self.feature_width);
        for query in queries {
            frames.extend_from_slice(&self.inputs.get(&query.query.features)?);
        }
        let frames = TensorData::new(frames, [b, f, self.feature_width]);
        let sentences: Vec<&str> =
            queries.iter().map(|query| query.query.sentence.as_str()).collect();
        let words = self.words.batch(&sentences, Some(n));
        // Padded to the same number in every batch: the sentence encoder reads padding too.
        let (padded, width) = (words.padded_length, words.width);
        let mut values = vec![0.0; b * n * width];
        for (to, from) in
            values.chunks_exact_mut(n * width).zip(words.values.chunks(padded * width))
        {
            to[..padded * width].copy_from_slice(from);
        }
        Ok(CsmganInput {
            frames: Tensor::from_data(frames, device),
            words: Tensor::from_data(TensorData::new(values, [b, n, width]), device),
            num_words: words.lengths,
        })
    }

    /// What the network answers to each query.
    fn answers(
        &self,
        network: &Csmgan,
        queries: &[FrameQuery],
        device: &Device,
    ) -> Result<Vec<ScoredMoments>, TransferError> {
        let mut answers = Vec::with_capacity(queries.len());
        for some in queries.chunks(ANSWERED_AT_ONCE) {
            let input = self.input(&some.iter().collect::<Vec<_>>(), device)?;
            let output = network.forward(input);
            let num_frames = self.config.num_frames;
            answers.extend(scored_moments(output, &self.proposals, &self.bases, num_frames));
        }
        for (row, answer) in answers.iter().enumerate() {
            if let Some(column) = answer.scores.iter().position(|score| !score.is_finite()) {
                let (of, found) = ("query", answer.scores[column]);
                return Err(MeasureError::Score { of, row, column, found }.into());
            }
        }
        Ok(answers)
    }

    fn measure(
        &self,
        network: &Csmgan,
        queries: &[FrameQuery],
        device: &Device,
    ) -> Result<Tested, TransferError> {
        let answers = self.answers(network, queries, device)?;
        let percent = |sum: f64| 100.0 * sum / queries.len() as f64;
        let each = || answers.iter().zip(queries);
        let of_best = each().map(|(answer, query)| answer.iou_of_best(&query.moments)).sum();
        let mut metrics = Metrics::new().with("mIoU", percent(of_best));
        for n in &self.metrics.ranks {
            for required in &self.metrics.ious {
                let hits =
                    each().filter(|(answer, query)| answer.hits(&query.moments, *n, *required));
                let hits = percent(hits.count() as f64);
                metrics.add(format!("R@{n},IoU@{required}"), hits);
            }
        }
        let in_seconds: Vec<Vec<TimeSpan>> =
            each().map(|(answer, query)| self.in_seconds(answer, query)).collect();
        let asked: Vec<Query> = queries.iter().map(|query| query.query.clone()).collect();
        let measured = self.metrics.measure(&asked, &in_seconds)?;
        metrics.add_all(&measured, |name| format!("in seconds: {name}"));
        let predictions = vec![self.metrics.file(PREDICTIONS, &asked, &in_seconds)];
        Ok(Tested { metrics, predictions })
    }

    /// The best moments, best first; without those whose end was put before their start.
    fn in_seconds(&self, answer: &ScoredMoments, query: &FrameQuery) -> Vec<TimeSpan> {
        let sampling = FrameSampling::new(query.spans.len(), self.config.num_frames);
        let best = answer.best(self.metrics.most(), OVERLAP).into_iter();
        let moments = best.filter_map(|it| {
            let [start, end] = answer.frames[it].map(|frame| usize::try_from(frame).ok());
            Some([start?, end?]).filter(|[start, end]| start <= end)
        });
        moments.map(|frames| sampling.seconds(frames, &query.spans)).collect()
    }
}

fn frame_query(
    query: Query,
    config: &CsmganConfig,
    features: &mut ClipFeatures,
    known: &mut HashMap<String, Arc<[TimeSpan]>>,
) -> Result<FrameQuery, TransferError> {
    let spans = match known.get(&query.features) {
        Some(spans) => spans.clone(),
        None => {
            let spans: Arc<[TimeSpan]> = features.spans(&query.features, query.duration)?.into();
            known.insert(query.features.clone(), spans.clone());
            spans
        }
    };
    if spans.is_empty() {
        let (path, id) = (features.path().to_owned(), query.features);
        return Err(InputError::FeaturesGone { path, id }.into());
    }
    let sampling = FrameSampling::new(spans.len(), config.num_frames);
    let moments = query.windows.iter().map(|window| sampling.moment(window, &spans)).collect();
    Ok(FrameQuery { query, spans, moments })
}

impl Learner for CsmganLearner {
    type Model = Csmgan;

    fn init(&self, seed: u64, device: &Device) -> Result<Csmgan, TransferError> {
        let mut random = Initialiser::new(seed, device);
        Ok(self.config.init(self.feature_width, self.words.width(), &mut random))
    }

    fn num_samples(&self) -> usize {
        self.train.len()
    }

    fn loss(
        &self,
        model: &Csmgan,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let queries: Vec<&FrameQuery> =
            batch.samples.iter().map(|sample| &self.train[*sample]).collect();
        let output = model.forward(self.input(&queries, device)?);
        let (num_frames, rule) = (self.config.num_frames, self.config.regressed);
        let of = |query: &&FrameQuery| {
            let positives = query.positives(self.positives);
            targets(&self.proposals, positives, num_frames, rule)
                .ignoring(&self.proposals, |proposal| query.ignores(proposal, self.positives))
        };
        let targets: Vec<ProposalTargets> = queries.iter().map(of).collect();
        let truth = LossTruth {
            proposals: &self.proposals,
            bases: &self.bases,
            num_frames,
            targets: &targets,
            regression_weight: self.config.regression_weight,
        };
        Ok(loss(output, &truth))
    }

    fn validate(&self, model: &Csmgan, device: &Device) -> Result<Option<Metrics>, TransferError> {
        if self.validation.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.measure(model, &self.validation, device)?.metrics))
    }

    fn test(&self, model: &Csmgan, device: &Device) -> Result<Tested, TransferError> {
        self.measure(model, &self.test, device)
    }
}
