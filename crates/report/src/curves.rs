//! Loss curves over the steps of a run, with the learning rate under them.
//!
//! Each series is drawn raw and faint, with an average over it ([`LossCurves::smoothing_steps`]);
//! names and last values stand at the right end of the lines. Values outside 0.5 % to 99.5 % of all
//! values are drawn at the edge, so that a few spikes of the first steps do not flatten the rest. A
//! vertical rule marks each step at which the objective changes.

use serde::{Deserialize, Serialize};

use crate::axis::{Axis, grouped};
use crate::curve_point::CurvePoint;
use crate::declutter::{spread, thinned};
use crate::drawing::{Anchor, Area, Drawing};
use crate::error::{ReportError, filled, finite};
use crate::figure::{Figure, NARROW, WIDE};
use crate::font::{self, Weight};
use crate::palette::SERIES;
use crate::smoothing::smoothed;

/// Everything the loss figure shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossCurves {
    /// File name of the figure, e.g. `loss`.
    pub name: String,
    /// One line over the figure.
    pub title: String,
    /// The curves, in order; the first is drawn in ink as the total.
    pub series: Vec<LossSeries>,
    /// Learning rate over the steps; empty for no panel.
    pub learning_rate: Vec<CurvePoint>,
    /// Steps at which the objective changes, e.g. the second stage begins.
    pub objective_changes: Vec<ObjectiveChange>,
    /// Linear or logarithmic losses.
    pub scale: LossScale,
    /// Steps over which the average's weights fall to 1/e, on both sides; 0 draws the raw values
    /// only.
    pub smoothing_steps: f64,
}

/// One curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossSeries {
    /// Short name, e.g. `L_f` (the letter after the underscore is set as an index).
    pub label: String,
    /// What it is, e.g. "clip-word contrast".
    pub meaning: String,
    /// Values in order of steps.
    pub points: Vec<CurvePoint>,
}

/// A change of the objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveChange {
    /// First step of the new objective.
    pub step: u64,
    /// What begins, e.g. "stage 2: L_f + L_t".
    pub label: String,
}

/// The loss axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossScale {
    /// Equal space for equal differences.
    #[default]
    Linear,
    /// Equal space for equal ratios; every value must be above zero.
    Log,
}

impl LossCurves {
    /// Draws the curves.
    ///
    /// # Errors
    /// [`ReportError::Empty`] for no series or one without points; [`ReportError::Value`] for a
    /// value that is no finite number, or not above zero on a logarithmic axis.
    pub fn figure(&self) -> Result<Figure, ReportError> {
        self.check()?;
        Ok(Figure {
            name: self.name.clone(),
            title: self.title.clone(),
            alt: self.alt(),
            wide: self.drawn(WIDE, 320.0),
            narrow: Some(self.drawn(NARROW, 260.0)),
        })
    }

    fn check(&self) -> Result<(), ReportError> {
        filled(&self.name, "the list of series", self.series.len())?;
        finite(&self.name, || "the reach of the smoothing".into(), self.smoothing_steps)?;
        for series in &self.series {
            filled(&self.name, &format!("the series {}", series.label), series.points.len())?;
            for point in &series.points {
                let what = || format!("{} at step {}", series.label, point.step);
                finite(&self.name, what, point.value)?;
                if self.scale == LossScale::Log && point.value <= 0.0 {
                    return Err(ReportError::Value {
                        figure: self.name.clone(),
                        what: what(),
                        value: point.value,
                        expected: "a number above zero on a logarithmic axis",
                    });
                }
            }
        }
        for point in &self.learning_rate {
            finite(
                &self.name,
                || format!("the learning rate at step {}", point.step),
                point.value,
            )?;
        }
        Ok(())
    }

    fn alt(&self) -> String {
        let one = |series: &LossSeries| {
            let curve = smoothed(&series.points, self.smoothing_steps);
            let value = |point: Option<&CurvePoint>| point.map_or(0.0, |p| p.value);
            let (first, last) = (value(curve.first()), value(curve.last()));
            format!("{} ({}) goes from {first:.2} to {last:.2}", series.label, series.meaning)
        };
        let series: Vec<String> = self.series.iter().map(one).collect();
        format!("Loss curves to step {}: {}.", grouped(self.last_step() as i64), series.join("; "))
    }

    fn all_points(&self) -> impl Iterator<Item = &CurvePoint> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn last_step(&self) -> u64 {
        self.all_points().map(|p| p.step).max().unwrap_or(0)
    }

    fn drawn(&self, width: f64, plot_height: f64) -> Drawing {
        let lr_height = if self.learning_rate.is_empty() { 0.0 } else { 56.0 };
        let label_width = |s: &LossSeries| {
            font::width(&format!("{} 00.00", s.label), 12.0, Weight::SemiBold) + 14.0
        };
        let right = self.series.iter().map(label_width).fold(40.0, f64::max);
        let plot = Area { x: 40.0, y: 26.0, width: width - 40.0 - right, height: plot_height };
        let gap = if lr_height > 0.0 { 30.0 } else { 0.0 };
        let mut drawing = Drawing::new(width, plot.bottom() + gap + lr_height + 40.0);
        let first_step = self.all_points().map(|p| p.step).min().unwrap_or(0);
        let domain = (first_step as f64, self.last_step() as f64);
        let steps = Axis::linear(domain, (plot.x, plot.right()));
        self.draw_losses(&mut drawing, plot, &steps);
        let mut bottom = plot.bottom();
        if lr_height > 0.0 {
            let panel = Area { y: plot.bottom() + gap, height: lr_height, ..plot };
            self.draw_learning_rate(&mut drawing, panel, &steps);
            bottom = panel.bottom();
        }
        for (value, label) in steps.ticks(if width > 500.0 { 8 } else { 4 }) {
            drawing.line((steps.at(value), bottom), (steps.at(value), bottom + 4.0), "f-rule");
            drawing.text((steps.at(value), bottom + 18.0), Anchor::Middle, "f-s", &label);
        }
        drawing.text((plot.middle_x(), bottom + 35.0), Anchor::Middle, "f-s", "optimiser step");
        drawing
    }

    fn draw_losses(&self, drawing: &mut Drawing, plot: Area, steps: &Axis) {
        let losses = self.loss_axis(plot);
        drawing.text((0.0, 12.0), Anchor::Start, "f-s", "loss");
        for (value, label) in losses.ticks(5) {
            drawing.line((plot.x, losses.at(value)), (plot.right(), losses.at(value)), "f-rule");
            drawing.text((plot.x - 8.0, losses.at(value) + 4.0), Anchor::End, "f-s", &label);
        }
        for change in &self.objective_changes {
            let x = steps.at(change.step as f64);
            drawing.line((x, plot.y - 6.0), (x, plot.bottom()), "f-mark");
            let (anchor, room) = if x < plot.middle_x() {
                (Anchor::Start, plot.right() - x)
            } else {
                (Anchor::End, x - plot.x - 30.0)
            };
            let label = font::shortened(&change.label, 11.0, Weight::Regular, room);
            drawing.text((x, plot.y - 12.0), anchor, "f-s", &label);
        }
        let mut ends = Vec::new();
        for (series, colour) in self.series.iter().zip(SERIES.iter().cycle()) {
            let place = |p: &CurvePoint| (steps.at(p.step as f64), losses.at(p.value));
            let raw: Vec<_> = series.points.iter().map(place).collect();
            let curve = smoothed(&series.points, self.smoothing_steps);
            let line: Vec<_> = curve.iter().map(place).collect();
            if self.smoothing_steps > 0.0 {
                drawing.path(&thinned(&raw), None, &format!("f-raw f-stroke-{colour}"));
            }
            drawing.path(&thinned(&line), None, &format!("f-line f-stroke-{colour}"));
            if let (Some(end), Some(last)) = (line.last(), curve.last()) {
                drawing.dot(*end, 2.5, &format!("f-fill-{colour}"));
                ends.push((end.1, format!("{} {:.2}", series.label, last.value), *colour));
            }
        }
        let wanted: Vec<f64> = ends.iter().map(|end| end.0).collect();
        for (y, (_, label, colour)) in
            spread(&wanted, 16.0, (plot.y, plot.bottom())).iter().zip(&ends)
        {
            let class = format!("f-b f-fill-{colour}");
            drawing.text((plot.right() + 10.0, y + 4.0), Anchor::Start, &class, label);
        }
    }

    fn loss_axis(&self, plot: Area) -> Axis {
        let mut values: Vec<f64> = self.all_points().map(|p| p.value).collect();
        values.sort_by(f64::total_cmp);
        let rank = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        let mut low = rank(0.005);
        let mut high = rank(0.995);
        for series in &self.series {
            for point in smoothed(&series.points, self.smoothing_steps) {
                (low, high) = (low.min(point.value), high.max(point.value));
            }
        }
        let pixels = (plot.bottom(), plot.y);
        match self.scale {
            LossScale::Log => Axis::logarithmic((low / 1.1, high * 1.1), pixels),
            LossScale::Linear if low >= 0.0 && low < 0.5 * high => {
                Axis::linear((0.0, high * 1.03), pixels)
            }
            LossScale::Linear => {
                let pad = 0.05 * (high - low);
                Axis::linear((low - pad, high + pad), pixels)
            }
        }
    }

    fn draw_learning_rate(&self, drawing: &mut Drawing, panel: Area, steps: &Axis) {
        let high = self.learning_rate.iter().map(|p| p.value).fold(0.0, f64::max);
        let rates = Axis::linear((0.0, high), (panel.bottom(), panel.y));
        drawing.text((0.0, panel.y - 8.0), Anchor::Start, "f-s", "learning rate");
        for (value, label) in rates.ticks(2) {
            drawing.line((panel.x, rates.at(value)), (panel.right(), rates.at(value)), "f-rule");
            drawing.text((panel.x - 8.0, rates.at(value) + 4.0), Anchor::End, "f-s", &label);
        }
        let place = |p: &CurvePoint| (steps.at(p.step as f64), rates.at(p.value));
        let line: Vec<_> = self.learning_rate.iter().map(place).collect();
        drawing.path(&thinned(&line), None, "f-line f-stroke-muted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(label: &str, values: &[f64]) -> LossSeries {
        let point = |(i, value): (usize, &f64)| CurvePoint { step: i as u64, value: *value };
        LossSeries {
            label: label.into(),
            meaning: "test".into(),
            points: values.iter().enumerate().map(point).collect(),
        }
    }

    fn curves(series: Vec<LossSeries>) -> LossCurves {
        LossCurves { name: "loss".into(), title: "Losses".into(), series, ..LossCurves::default() }
    }

    #[test]
    fn an_empty_series_is_an_error_that_names_it() {
        let problem = curves(vec![series("L_c", &[1.0]), series("L_f", &[])]).figure().unwrap_err();
        assert!(problem.to_string().contains("the series L_f is empty"), "{problem}");
        assert!(matches!(curves(vec![]).figure(), Err(ReportError::Empty { .. })));
    }

    #[test]
    fn a_value_that_is_no_number_is_an_error_that_names_the_step() {
        let problem = curves(vec![series("L_c", &[1.0, f64::NAN])]).figure().unwrap_err();
        assert!(problem.to_string().contains("L_c at step 1 is NaN"), "{problem}");
    }

    #[test]
    fn a_loss_of_zero_needs_a_linear_axis() {
        let mut both = curves(vec![series("L_c", &[1.0, 0.0])]);
        assert!(both.figure().is_ok());
        both.scale = LossScale::Log;
        assert!(both.figure().unwrap_err().to_string().contains("logarithmic"));
    }

    #[test]
    fn one_value_and_constant_values_are_drawn() {
        assert!(curves(vec![series("L_c", &[2.0])]).figure().is_ok());
        assert!(curves(vec![series("L_c", &[2.0, 2.0, 2.0])]).figure().is_ok());
    }

    #[test]
    fn a_million_steps_stay_a_small_figure() {
        let many: Vec<f64> = (0..200_000).map(|i| 1.0 + f64::from(i % 7)).collect();
        assert!(curves(vec![series("L_c", &many)]).figure().unwrap().svg().len() < 400_000);
    }
}
