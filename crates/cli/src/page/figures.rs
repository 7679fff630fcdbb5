//! Figures of the page.

use locvtp_measure::CosineHistogram;
use locvtp_model::loss::Term;
use locvtp_report::{
    ClipScore, ConfusionMatrix, CurvePoint, GroundingExample, HeatMap, HeatMapClip,
    HistogramSeries, LossCurves, LossScale, LossSeries, NamedSpan, ObjectiveChange, PredictedSpan,
    SimilarityHistogram, Span, Thumbnail, TimedFrame,
};
use locvtp_train::{RunFolder, StepReport};
use locvtp_transfer::cosines;
use locvtp_transfer::synthetic::ChosenExample;
use locvtp_transfer::synthetic::middle_frames;
use locvtp_video::TimeSpan;

use super::MeasuredSplit;

/// Words outlined in every column of a heat map, as in the paper's figure.
const MARKED_WORDS: usize = 3;
/// Bars of a loss curve's averaging: the curve is smoothed over this share of the run.
const SMOOTHED_SHARE: f64 = 0.02;

/// Losses over the steps; none without a log.
pub(super) fn loss_curves(run: &RunFolder) -> Option<LossCurves> {
    let points = |value: &dyn Fn(&StepReport) -> Option<f64>| -> Vec<CurvePoint> {
        let point = |report: &StepReport| {
            value(report).map(|value| CurvePoint { step: report.step, value })
        };
        run.log.iter().filter_map(point).collect()
    };
    let series = |label: &str, meaning: &str, value: &dyn Fn(&StepReport) -> Option<f64>| {
        LossSeries { label: label.into(), meaning: meaning.into(), points: points(value) }
    };
    let mut all = vec![series("total", "what is minimised", &|report| Some(report.total))];
    all.extend(
        Term::ALL.map(|term| series(term.symbol(), term.meaning(), &|report| report.terms[term])),
    );
    all.retain(|series| !series.points.is_empty());
    let pairs = &run.experiment.pairs;
    let change = pairs.short_share_start_until_step;
    let changes = (change > 0 && change < run.steps_done()).then(|| ObjectiveChange {
        step: change,
        label: format!("short spans {:.0} %", 100.0 * pairs.short_share),
    });
    (!all.is_empty()).then(|| LossCurves {
        name: "loss".into(),
        title: "Losses over the steps".into(),
        series: all,
        learning_rate: points(&|report| Some(report.learning_rate)),
        objective_changes: changes.into_iter().collect(),
        scale: LossScale::Linear,
        smoothing_steps: SMOOTHED_SHARE * run.steps_done() as f64,
    })
}

/// Clips of a video against the words of its true events' sentences.
pub(super) fn heat_map(
    split: &MeasuredSplit,
    number: usize,
    video: usize,
) -> anyhow::Result<HeatMap> {
    let video = &split.embedded.videos[video];
    let clips = &video.embedding;
    let frames = thumbnails(&video.path, &clips.spans)?;
    Ok(HeatMap {
        name: format!("heat-map-{}-{number}", split.name),
        sentence: video.truth.caption.clone(),
        video: format!("{}, {}", video.truth.id, split.title.to_lowercase()),
        words: video.caption.tokens.clone(),
        clips: clips
            .spans
            .iter()
            .zip(frames)
            .map(|(clip, frame)| HeatMapClip { span: span(clip), frame })
            .collect(),
        cosine: cosines(&video.caption.words, &clips.clips),
        num_marked: MARKED_WORDS,
        events: video
            .truth
            .events
            .iter()
            .map(|event| NamedSpan { span: span(&event.span), name: event.names.join(" ") })
            .collect(),
    })
}

/// A sentence looked for in its video.
pub(super) fn grounding_example(
    split: &MeasuredSplit,
    number: usize,
    example: &ChosenExample,
) -> anyhow::Result<GroundingExample> {
    let query = &example.query;
    let video = &split.embedded.videos[query.video];
    let event = &video.truth.events[query.event];
    let spans = &video.embedding.spans;
    let frames = thumbnails(&video.path, spans)?;
    Ok(GroundingExample {
        name: format!("grounding-{}-{number}", split.name),
        sentence: event.query.clone(),
        video: format!("{}, {}", video.truth.id, split.title.to_lowercase()),
        note: format!("rank {} of {} by IoU", example.rank, example.total),
        duration_s: video.truth.duration.0,
        frames: spans
            .iter()
            .zip(frames)
            .map(|(clip, image)| TimedFrame { time_s: clip.midpoint().0, image })
            .collect(),
        clip_scores: spans
            .iter()
            .zip(&query.scores)
            .map(|(clip, score)| ClipScore { span: span(clip), score: f64::from(*score) })
            .collect(),
        true_span: span(&event.span),
        predictions: query
            .moments
            .iter()
            .map(|moment| PredictedSpan { span: span(&moment.span), score: moment.score })
            .collect(),
    })
}

/// Which action word was chosen.
pub(super) fn confusion(split: &MeasuredSplit) -> ConfusionMatrix {
    let choice = &split.results.action_choice;
    ConfusionMatrix {
        name: format!("action-choice-{}", split.name),
        title: split.title.into(),
        class: "action".into(),
        labels: choice.actions.clone(),
        counts: choice.confusion.clone(),
    }
}

/// Reference, bias and projection similarity.
pub(super) fn context_warp(split: &MeasuredSplit) -> SimilarityHistogram {
    let series = |label: &str, meaning: &str, histogram: &CosineHistogram| HistogramSeries {
        label: label.into(),
        meaning: meaning.into(),
        range: (-1.0, 1.0),
        counts: histogram.counts().to_vec(),
        mean: histogram.mean().unwrap_or(0.0),
    };
    SimilarityHistogram {
        name: format!("context-warp-{}", split.name),
        title: split.title.into(),
        quantity: "cosine with the clip's words".into(),
        series: vec![
            series("reference", "the clip", &split.warp.reference),
            series("bias", "a clip some steps away", &split.warp.bias),
            series("projection", "that clip, warped back", &split.warp.projection),
        ],
    }
}

fn thumbnails(path: &std::path::Path, spans: &[TimeSpan]) -> anyhow::Result<Vec<Thumbnail>> {
    let frames = middle_frames(path, spans)?;
    (0..frames.num_frames)
        .map(|i| {
            let (width, height) = (frames.width as u32, frames.height as u32);
            Ok(Thumbnail::from_rgb(frames.frame(i), width, height)?)
        })
        .collect()
}

fn span(span: &TimeSpan) -> Span {
    Span::new(span.start.0, span.end.0)
}
