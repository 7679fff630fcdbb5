//! Overlaid histograms of similarities (paper, fig. 5c): reference, bias and projection, with their
//! means.
//!
//! Reference is the cosine of a clip and its positive words; bias is that of the clip `delta` away
//! and the same words; projection is that of the same clip after the context-warping head. What the
//! figure should show: the bias falls and the projection wins most of it back. Heights are shares
//! of each series, so series of different size compare.

use serde::{Deserialize, Serialize};

use crate::axis::{Axis, grouped};
use crate::drawing::{Anchor, Area, Drawing};
use crate::error::{ReportError, filled, finite, same_length};
use crate::figure::{Figure, NARROW, WIDE};
use crate::font::{self, Weight};

/// Colours of the series, in order.
const COLOURS: [&str; 4] = ["teal", "orange", "blue", "plum"];
const LABEL_ROW: f64 = 18.0;

/// Distributions drawn over each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimilarityHistogram {
    /// File name of the figure, e.g. `context-warp-seen`.
    pub name: String,
    /// One line over the figure.
    pub title: String,
    /// What the axis measures, e.g. "cosine of clip and positive words".
    pub quantity: String,
    /// The distributions; all with the same range and number of bins.
    pub series: Vec<HistogramSeries>,
}

/// One distribution: counts in equal bins, and the exact mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistogramSeries {
    /// Name, e.g. "reference".
    pub label: String,
    /// What it is, e.g. "clip and its words".
    pub meaning: String,
    /// Values at the outer edges of the first and the last bin.
    pub range: (f64, f64),
    /// Number of values in each bin.
    pub counts: Vec<u64>,
    /// Mean of the values themselves, not of the bins.
    pub mean: f64,
}

impl HistogramSeries {
    /// Counts `values` into `num_bins` equal bins over `range`; values outside go to the outermost
    /// bins.
    ///
    /// # Errors
    /// [`ReportError::Empty`] for no values, no bins or an empty range, [`ReportError::Value`] for
    /// a value that is no finite number.
    pub fn of(
        label: &str,
        meaning: &str,
        values: &[f32],
        range: (f64, f64),
        num_bins: usize,
    ) -> Result<Self, ReportError> {
        filled(label, "the list of values", values.len())?;
        filled(label, "the list of bins", num_bins)?;
        filled(label, "the range", usize::from(range.1 > range.0))?;
        let mut counts = vec![0; num_bins];
        let mut sum = 0.0;
        for (i, value) in values.iter().enumerate() {
            let value = f64::from(*value);
            finite(label, || format!("value {i}"), value)?;
            let bin = (value - range.0) / (range.1 - range.0) * num_bins as f64;
            counts[(bin.max(0.0) as usize).min(num_bins - 1)] += 1;
            sum += value;
        }
        let mean = sum / values.len() as f64;
        Ok(Self { label: label.into(), meaning: meaning.into(), range, counts, mean })
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn shares(&self) -> impl Iterator<Item = f64> {
        let total = self.total() as f64;
        self.counts.iter().map(move |count| *count as f64 / total)
    }
}

impl SimilarityHistogram {
    /// Draws the histograms.
    ///
    /// # Errors
    /// [`ReportError::Empty`] for no series or one without values, [`ReportError::Length`] when
    /// bins differ between series, [`ReportError::Value`] for a mean or range that is no finite
    /// number.
    pub fn figure(&self) -> Result<Figure, ReportError> {
        self.check()?;
        Ok(Figure {
            name: self.name.clone(),
            title: self.title.clone(),
            alt: self.alt(),
            wide: self.drawn(WIDE.min(760.0), 220.0),
            narrow: Some(self.drawn(NARROW, 190.0)),
        })
    }

    fn check(&self) -> Result<(), ReportError> {
        filled(&self.name, "the list of series", self.series.len())?;
        let first = &self.series[0];
        for series in &self.series {
            let label = &series.label;
            filled(&self.name, &format!("the series {label}"), series.total() as usize)?;
            let what = || format!("the list of bins of {label}");
            same_length(&self.name, what, first.counts.len(), series.counts.len())?;
            finite(&self.name, || format!("the mean of {label}"), series.mean)?;
            let differs =
                (series.range.0 - first.range.0).abs() + (series.range.1 - first.range.1).abs();
            if differs > 0.0 || series.range.1 <= series.range.0 || !differs.is_finite() {
                return Err(ReportError::Value {
                    figure: self.name.clone(),
                    what: format!("the end of the range of {label}"),
                    value: series.range.1,
                    expected: "the same ascending range in every series",
                });
            }
        }
        Ok(())
    }

    fn alt(&self) -> String {
        let one = |s: &HistogramSeries| {
            let count = grouped(s.total() as i64);
            format!("{} ({}) has mean {:.2} (values: {count})", s.label, s.meaning, s.mean)
        };
        let series: Vec<String> = self.series.iter().map(one).collect();
        format!("Histograms of the {}: {}.", self.quantity, series.join("; "))
    }

    fn drawn(&self, width: f64, plot_height: f64) -> Drawing {
        let head = LABEL_ROW * self.series.len() as f64 + 8.0;
        let plot = Area { x: 12.0, y: head, width: width - 24.0, height: plot_height };
        let mut drawing = Drawing::new(width, plot.bottom() + 40.0);
        let (range, peak) = self.shown();
        let values = Axis::linear(range, (plot.x, plot.right()));
        let heights = Axis::linear((0.0, peak), (plot.bottom(), plot.y));
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let outline = series.outline(&values, &heights, range);
            drawing.path(&outline, Some(plot.bottom()), &format!("f-area f-fill-{colour}"));
            drawing.path(&outline, None, &format!("f-line f-stroke-{colour}"));
        }
        drawing.line((plot.x, plot.bottom()), (plot.right(), plot.bottom()), "f-rule");
        for (value, label) in values.ticks(if width > 500.0 { 8 } else { 5 }) {
            let x = values.at(value);
            drawing.line((x, plot.bottom()), (x, plot.bottom() + 4.0), "f-rule");
            drawing.text((x, plot.bottom() + 18.0), Anchor::Middle, "f-s", &label);
        }
        let below = (plot.middle_x(), plot.bottom() + 35.0);
        drawing.text(below, Anchor::Middle, "f-s", &self.quantity);
        self.draw_means(&mut drawing, plot, &values);
        drawing
    }

    /// A rule at each mean, up to its own row of text over the plot; the least mean has the top
    /// row, so that no rule crosses a text right of it.
    fn draw_means(&self, drawing: &mut Drawing, plot: Area, values: &Axis) {
        let mut order: Vec<_> = self.series.iter().zip(COLOURS.iter().cycle()).collect();
        order.sort_by(|a, b| a.0.mean.total_cmp(&b.0.mean));
        for (row, (series, colour)) in order.into_iter().enumerate() {
            let (x, y) = (values.at(series.mean), LABEL_ROW * row as f64 + 12.0);
            let rule = format!("f-mean f-stroke-{colour}");
            drawing.line((x, y - 9.0), (x, plot.bottom()), &rule);
            let name = format!("{} {:.2}", series.label, series.mean).replace('-', "−");
            let full = format!("{name} · {}", series.meaning);
            let room = plot.right() - x - 6.0;
            let fits = |text: &str| font::width(text, 12.0, Weight::SemiBold) <= room;
            let text = if fits(&full) { &full } else { &name };
            let (anchor, at) =
                if fits(text) { (Anchor::Start, x + 6.0) } else { (Anchor::End, x - 6.0) };
            drawing.text_over_lines((at, y), anchor, &format!("f-b f-fill-{colour}"), text);
        }
    }

    /// The part of the range that holds values, a bin wider on both sides, and the greatest share
    /// of a bin.
    fn shown(&self) -> ((f64, f64), f64) {
        let num_bins = self.series[0].counts.len();
        let used = |bin: usize| self.series.iter().any(|s| s.counts[bin] > 0);
        let first = (0..num_bins).find(|bin| used(*bin)).unwrap_or(0).saturating_sub(1);
        let last = (0..num_bins)
            .rev()
            .find(|bin| used(*bin))
            .map_or(num_bins, |bin| (bin + 2).min(num_bins));
        let (low, high) = self.series[0].range;
        let edge = |bin: usize| low + (high - low) * bin as f64 / num_bins as f64;
        let peak = self.series.iter().flat_map(HistogramSeries::shares).fold(0.0, f64::max);
        ((edge(first), edge(last)), peak * 1.04)
    }
}

impl HistogramSeries {
    /// The steps of the histogram's upper edge inside `shown`.
    fn outline(&self, values: &Axis, heights: &Axis, shown: (f64, f64)) -> Vec<(f64, f64)> {
        let bin_width = (self.range.1 - self.range.0) / self.counts.len() as f64;
        let mut outline = vec![(values.at(shown.0), heights.at(0.0))];
        for (bin, share) in self.shares().enumerate() {
            let left = self.range.0 + bin as f64 * bin_width;
            let middle = left + bin_width / 2.0;
            if middle > shown.0 && middle < shown.1 {
                outline.push((values.at(left), heights.at(share)));
                outline.push((values.at(left + bin_width), heights.at(share)));
            }
        }
        outline.push((values.at(shown.1), heights.at(0.0)));
        outline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(series: Vec<HistogramSeries>) -> SimilarityHistogram {
        SimilarityHistogram {
            name: "warp".into(),
            title: "Context warp".into(),
            quantity: "cosine".into(),
            series,
        }
    }

    fn of(label: &str, values: &[f32]) -> HistogramSeries {
        HistogramSeries::of(label, "test", values, (-1.0, 1.0), 4).unwrap()
    }

    #[test]
    fn values_are_counted_into_equal_bins_and_the_mean_is_exact() {
        // bins: -1..-0.5, -0.5..0, 0..0.5, 0.5..1; 1.0 and 1.5 belong to the last
        let series = of("a", &[-1.0, -0.6, 0.0, 0.49, 1.0, 1.5]);
        assert_eq!(series.counts, [2, 0, 2, 2]);
        assert!((series.mean - (1.39 / 6.0)).abs() < 1e-6);
    }

    #[test]
    fn no_values_and_values_that_are_no_numbers_are_refused() {
        assert!(HistogramSeries::of("a", "", &[], (-1.0, 1.0), 4).is_err());
        let problem = HistogramSeries::of("a", "", &[0.0, f32::NAN], (-1.0, 1.0), 4).unwrap_err();
        assert!(problem.to_string().contains("value 1 is NaN"), "{problem}");
        assert!(matches!(histogram(vec![]).figure(), Err(ReportError::Empty { .. })));
    }

    #[test]
    fn series_with_other_bins_are_refused() {
        let other = HistogramSeries::of("b", "", &[0.0], (-1.0, 1.0), 5).unwrap();
        let problem = histogram(vec![of("a", &[0.0]), other]).figure().unwrap_err();
        assert!(
            problem.to_string().contains("bins of b has the length 5, expected 4"),
            "{problem}"
        );
        let wider = HistogramSeries::of("b", "", &[0.0], (-1.0, 2.0), 4).unwrap();
        assert!(histogram(vec![of("a", &[0.0]), wider]).figure().is_err());
    }

    #[test]
    fn the_alt_text_tells_the_means() {
        let figure =
            histogram(vec![of("reference", &[0.5, 0.7]), of("bias", &[0.1])]).figure().unwrap();
        assert!(
            figure.alt.contains("reference (test) has mean 0.60 (values: 2)"),
            "{}",
            figure.alt
        );
    }
}
