//! Grounding examples: a sentence, the video over time, the score of every clip, and where the
//! moment was found.
//!
//! Under a strip of frames stands the clip-sentence score; the true span runs through it as a band,
//! and bars below give the true span and the predicted ones in seconds, with their overlap. All
//! share one time axis.

mod lane;

use serde::{Deserialize, Serialize};

use crate::axis::Axis;
use crate::drawing::{Anchor, Area, Drawing};
use crate::error::{ReportError, filled, finite};
use crate::figure::{Figure, NARROW, WIDE};
use crate::span::Span;
use crate::thumbnail::Thumbnail;

use lane::Lane;

const LANE: f64 = 27.0;

/// One sentence looked for in one video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroundingExample {
    /// File name of the figure, e.g. `grounding-1`.
    pub name: String,
    /// The sentence looked for.
    pub sentence: String,
    /// Identifier of the video.
    pub video: String,
    /// Why this example is shown, e.g. "median IoU"; may be empty.
    pub note: String,
    /// Length of the video in seconds.
    pub duration_s: f64,
    /// Frames of the video in order of time; the strip takes as many as it has room for.
    pub frames: Vec<TimedFrame>,
    /// Score of every clip, in order of time.
    pub clip_scores: Vec<ClipScore>,
    /// Where the moment truly is.
    pub true_span: Span,
    /// Where it was found, best first; the first three are drawn.
    pub predictions: Vec<PredictedSpan>,
}

/// A frame and its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedFrame {
    /// Presentation time in seconds.
    pub time_s: f64,
    /// The frame.
    pub image: Thumbnail,
}

/// How close a clip is to the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipScore {
    /// Time the clip covers.
    pub span: Span,
    /// Its score; only differences matter to the figure.
    pub score: f64,
}

/// A span that was found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictedSpan {
    /// When.
    pub span: Span,
    /// The score it was ranked by.
    pub score: f64,
}

impl GroundingExample {
    /// Overlap of the best prediction with the true span, in 0..=1.
    pub fn iou(&self) -> f64 {
        self.predictions.first().map_or(0.0, |best| best.span.iou(&self.true_span))
    }

    /// Draws the example.
    ///
    /// # Errors
    /// [`ReportError::Empty`] for no frames, clip scores or predictions; [`ReportError::Value`] for
    /// a score, time or length that is no finite number; [`ReportError::Span`] for a reversed span.
    pub fn figure(&self) -> Result<Figure, ReportError> {
        self.check()?;
        Ok(Figure {
            name: self.name.clone(),
            title: format!("“{}”", self.sentence),
            alt: self.alt(),
            wide: self.drawn(WIDE),
            narrow: Some(self.drawn(NARROW)),
        })
    }

    fn check(&self) -> Result<(), ReportError> {
        let name = &self.name;
        filled(name, "the list of frames", self.frames.len())?;
        filled(name, "the list of clip scores", self.clip_scores.len())?;
        filled(name, "the list of predictions", self.predictions.len())?;
        Span::new(0.0, self.duration_s).checked(name, "the video")?;
        self.true_span.checked(name, "the true span")?;
        for frame in &self.frames {
            finite(name, || "the time of a frame".into(), frame.time_s)?;
        }
        for clip in &self.clip_scores {
            clip.span.checked(name, "a clip")?;
            finite(name, || format!("the score of the clip {}", clip.span.label()), clip.score)?;
        }
        for prediction in &self.predictions {
            prediction.span.checked(name, "a prediction")?;
            finite(name, || "the score of a prediction".into(), prediction.score)?;
        }
        Ok(())
    }

    fn alt(&self) -> String {
        format!(
            "Video {} over {:.1} s. The moment is at {}; the best prediction is {}, IoU {:.2}.",
            self.video,
            self.duration_s,
            self.true_span.label(),
            self.predictions[0].span.label(),
            self.iou()
        )
    }

    fn drawn(&self, width: f64) -> Drawing {
        let roomy = width > 500.0;
        let left = if roomy { 78.0 } else { 0.0 };
        let strip_width = width - left;
        let aspect = self.frames[0].image.aspect();
        let slots = (strip_width / if roomy { 62.0 } else { 50.0 }).floor().max(1.0);
        let slots = slots.min(self.frames.len() as f64);
        let frame_height = (strip_width / slots / aspect).min(120.0);
        let strip = Area { x: left, y: 0.0, width: strip_width, height: frame_height };
        let curve =
            Area { y: strip.bottom() + 16.0, height: if roomy { 76.0 } else { 64.0 }, ..strip };
        let shown = self.predictions.len().min(3);
        let lanes = curve.bottom() + 10.0;
        let lanes_end = lanes + LANE * (shown + 1) as f64;
        let mut drawing = Drawing::new(width, lanes_end + 26.0);
        let time = Axis::linear((0.0, self.duration_s), (strip.x, strip.right()));

        let (from, to) = (time.at(self.true_span.start_s), time.at(self.true_span.end_s));
        let band =
            Area { x: from, y: curve.y - 6.0, width: to - from, height: lanes_end - curve.y };
        drawing.shade(
            band,
            "f-fill-teal",
            0.11,
            0.0,
            &format!("true span {}", self.true_span.label()),
        );
        self.draw_strip(&mut drawing, strip, slots as usize);
        self.draw_scores(&mut drawing, curve, &time);
        for (value, label) in time.ticks(if roomy { 12 } else { 6 }) {
            let x = time.at(value);
            drawing.line((x, lanes_end), (x, lanes_end + 4.0), "f-rule");
            let anchor = if x < strip.x + 8.0 && !roomy {
                Anchor::Start
            } else if x > strip.right() - 12.0 {
                Anchor::End
            } else {
                Anchor::Middle
            };
            drawing.text((x, lanes_end + 17.0), anchor, "f-s", &format!("{label} s"));
        }
        drawing.line((strip.x, lanes_end), (strip.right(), lanes_end), "f-rule");
        if roomy {
            drawing.text((0.0, curve.middle_y() - 2.0), Anchor::Start, "f-s", "score of");
            drawing.text((0.0, curve.middle_y() + 12.0), Anchor::Start, "f-s", "each clip");
        }
        self.draw_lanes(&mut drawing, lanes, &time, shown);
        drawing
    }

    /// Equal slots over the whole length, each showing the frame nearest to its middle.
    fn draw_strip(&self, drawing: &mut Drawing, strip: Area, slots: usize) {
        let slot_width = strip.width / slots as f64;
        for slot in 0..slots {
            let middle_s = (slot as f64 + 0.5) / slots as f64 * self.duration_s;
            let distance = |frame: &&TimedFrame| (frame.time_s - middle_s).abs();
            let nearest = self.frames.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
            if let Some(frame) = nearest {
                let x = strip.x + slot as f64 * slot_width;
                drawing.frame(Area { x, width: slot_width - 1.0, ..strip }, &frame.image);
            }
        }
    }

    fn draw_scores(&self, drawing: &mut Drawing, curve: Area, time: &Axis) {
        let scores = || self.clip_scores.iter().map(|clip| clip.score);
        let (low, high) =
            (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max));
        let pad = 0.08 * (high - low);
        let height = Axis::linear((low - pad, high + pad), (curve.bottom(), curve.y));
        let mut steps = Vec::new();
        for clip in &self.clip_scores {
            let y = height.at(clip.score);
            steps.extend([(time.at(clip.span.start_s), y), (time.at(clip.span.end_s), y)]);
        }
        drawing.line((curve.x, curve.bottom()), (curve.right(), curve.bottom()), "f-rule");
        drawing.path(&steps, Some(curve.bottom()), "f-area f-fill-ink");
        drawing.path(&steps, None, "f-line f-stroke-ink");
        for clip in &self.clip_scores {
            let (from, to) = (time.at(clip.span.start_s), time.at(clip.span.end_s));
            let area = Area { x: from, width: to - from, ..curve };
            let hint = format!("{}: score {:.3}", clip.span.label(), clip.score);
            drawing.shade(area, "f-fill-ink", 0.0, 0.0, &hint);
        }
    }

    fn draw_lanes(&self, drawing: &mut Drawing, y: f64, time: &Axis, shown: usize) {
        let truth = Lane {
            span: self.true_span,
            name: "true".into(),
            texts: [self.true_span.label(), String::new()],
            colour: "teal",
            strength: 1.0,
        };
        truth.draw(drawing, y, time);
        for (rank, prediction) in self.predictions.iter().take(shown).enumerate() {
            let iou = format!("IoU {:.2}", prediction.span.iou(&self.true_span));
            let lane = Lane {
                span: prediction.span,
                name: if rank == 0 { "found".into() } else { format!("{}.", rank + 1) },
                texts: [format!("{} · {iou}", prediction.span.label()), iou],
                colour: "blue",
                strength: if rank == 0 { 1.0 } else { 0.45 },
            };
            lane.draw(drawing, y + LANE * (rank + 1) as f64, time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> GroundingExample {
        let image = Thumbnail::from_rgb(&[120; 48], 4, 4).unwrap();
        GroundingExample {
            name: "grounding-1".into(),
            sentence: "a ball rolls".into(),
            video: "v1".into(),
            note: String::new(),
            duration_s: 10.0,
            frames: (0..20)
                .map(|i| TimedFrame { time_s: i as f64 / 2.0, image: image.clone() })
                .collect(),
            clip_scores: (0..10)
                .map(|i| ClipScore {
                    span: Span::new(i as f64, i as f64 + 1.0),
                    score: (i % 4) as f64,
                })
                .collect(),
            true_span: Span::new(2.0, 5.0),
            predictions: vec![PredictedSpan { span: Span::new(3.0, 6.0), score: 0.4 }],
        }
    }

    #[test]
    fn the_overlap_is_computed_and_told() {
        // 3..5 of 2..6
        let figure = example().figure().unwrap();
        assert_eq!(example().iou(), 0.5);
        assert!(figure.alt.contains("IoU 0.50"), "{}", figure.alt);
        assert!(figure.svg().contains("3.0–6.0 s · IoU 0.50"));
    }

    #[test]
    fn only_the_first_three_predictions_are_drawn() {
        let mut many = example();
        many.predictions = vec![many.predictions[0]; 7];
        let svg = many.figure().unwrap().svg();
        assert_eq!(svg.matches("IoU 0.50</text>").count(), 3);
    }

    #[test]
    fn missing_parts_and_reversed_spans_are_refused() {
        let mut none = example();
        none.predictions.clear();
        assert!(none.figure().unwrap_err().to_string().contains("list of predictions is empty"));
        let mut reversed = example();
        reversed.true_span = Span::new(5.0, 2.0);
        assert!(matches!(reversed.figure(), Err(ReportError::Span { .. })));
        let mut unknown = example();
        unknown.clip_scores[3].score = f64::NAN;
        assert!(unknown.figure().unwrap_err().to_string().contains("clip 3.0–4.0 s is NaN"));
    }

    #[test]
    fn equal_scores_and_a_whole_video_span_are_drawn() {
        let mut flat = example();
        flat.clip_scores.iter_mut().for_each(|clip| clip.score = 0.2);
        flat.true_span = Span::new(0.0, 10.0);
        flat.predictions[0].span = Span::new(0.0, 10.0);
        assert!(flat.figure().is_ok());
    }
}
