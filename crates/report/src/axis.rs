//! Axes: where a value lies on the drawing and which round values get a tick.

use crate::drawing::number;

/// A mapping from values to pixels, linear or logarithmic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) domain: (f64, f64),
    pixels: (f64, f64),
    logarithmic: bool,
}

impl Axis {
    /// Values `domain.0..=domain.1` over pixels `pixels.0..=pixels.1`; an empty domain is widened
    /// around its value.
    pub(crate) fn linear(domain: (f64, f64), pixels: (f64, f64)) -> Self {
        Self { domain: widened(domain), pixels, logarithmic: false }
    }

    /// The same on a logarithmic scale; both ends of `domain` must be above zero.
    pub(crate) fn logarithmic(domain: (f64, f64), pixels: (f64, f64)) -> Self {
        assert!(domain.0 > 0.0, "a logarithmic axis starts above zero, not at {}", domain.0);
        let domain = if domain.1 > domain.0 { domain } else { (domain.0 / 2.0, domain.0 * 2.0) };
        Self { domain, pixels, logarithmic: true }
    }

    /// Pixel of a value; values outside the domain take its nearest end.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let position = |v: f64| {
            if self.logarithmic { v.max(f64::MIN_POSITIVE).log10() } else { v }
        };
        let (low, high) = (position(self.domain.0), position(self.domain.1));
        let share = ((position(value) - low) / (high - low)).clamp(0.0, 1.0);
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// About `wanted` round values inside the domain, with their labels.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let mut values = if self.logarithmic { self.decades() } else { Vec::new() };
        if values.len() < 3 {
            values = self.even_steps(wanted);
        }
        values.iter().map(|v| (*v, label(*v, &values, self.logarithmic))).collect()
    }

    fn even_steps(&self, wanted: usize) -> Vec<f64> {
        let rough = (self.domain.1 - self.domain.0) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough * 0.75);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = (self.domain.0 / step, self.domain.1 / step);
        let (first, last) = ((first - 1e-9).ceil() as i64, (last + 1e-9).floor() as i64);
        (first..=last).map(|i| i as f64 * step).filter(|v| !self.logarithmic || *v > 0.0).collect()
    }

    fn decades(&self) -> Vec<f64> {
        let (low, high) =
            (self.domain.0.log10().floor() as i32, self.domain.1.log10().ceil() as i32);
        let multiples: &[f64] = if high - low <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let inside = |v: &f64| *v >= self.domain.0 * 0.999 && *v <= self.domain.1 * 1.001;
        (low..=high)
            .flat_map(|e| multiples.iter().map(move |m| m * 10f64.powi(e)))
            .filter(inside)
            .collect()
    }
}

fn widened(domain: (f64, f64)) -> (f64, f64) {
    if domain.1 > domain.0 {
        return domain;
    }
    let by = (domain.0.abs() * 0.1).max(0.5);
    (domain.0 - by, domain.0 + by)
}

/// The value with the decimals that tell it from its neighbours; axes of tiny values as powers of
/// ten.
fn label(value: f64, all: &[f64], logarithmic: bool) -> String {
    let largest = all.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    if size < largest * 1e-9 || size == 0.0 {
        return "0".into();
    }
    if largest < 1e-2 || (logarithmic && size < 1e-2) {
        let exponent = (size.log10() + 1e-9).floor();
        return format!("{sign}{}e{exponent}", number(size / 10f64.powf(exponent)));
    }
    if size >= 1e3 && (size - size.round()).abs() < 1e-6 {
        return grouped(value.round() as i64);
    }
    if logarithmic {
        return format!("{sign}{}", number(size));
    }
    let step = all.windows(2).map(|w| (w[1] - w[0]).abs()).fold(f64::INFINITY, f64::min);
    let finest = if step.is_finite() { step } else { 0.01 };
    let decimals = (-(finest + 1e-12).log10().floor()).clamp(0.0, 4.0) as usize;
    format!("{sign}{size:.decimals$}")
}

/// An integer with commas between groups of three digits: "1,200".
pub(crate) fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0 { format!("−{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, wanted: usize) -> Vec<String> {
        axis.ticks(wanted).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside_the_domain() {
        assert_eq!(labels(Axis::linear((0.0, 4.7), (0.0, 1.0)), 5), ["0", "1", "2", "3", "4"]);
        assert_eq!(labels(Axis::linear((-0.3, 0.32), (0.0, 1.0)), 3), ["−0.2", "0", "0.2"]);
        assert_eq!(
            labels(Axis::linear((0.0, 30_000.0), (0.0, 1.0)), 3),
            ["0", "10,000", "20,000", "30,000"]
        );
        assert_eq!(labels(Axis::linear((0.0, 1e-3), (0.0, 1.0)), 2), ["0", "5e-4", "1e-3"]);
    }

    #[test]
    fn a_logarithmic_axis_has_equal_space_for_equal_ratios() {
        let axis = Axis::logarithmic((0.01, 100.0), (0.0, 40.0));
        assert!((axis.at(0.1) - 10.0).abs() < 1e-9 && (axis.at(10.0) - 30.0).abs() < 1e-9);
        assert_eq!(labels(axis, 4), ["0.01", "0.1", "1", "10", "100"]);
    }

    #[test]
    fn a_single_value_still_gets_an_axis() {
        let axis = Axis::linear((2.0, 2.0), (0.0, 100.0));
        assert!((axis.at(2.0) - 50.0).abs() < 1e-9);
        assert!(!axis.ticks(4).is_empty());
    }

    #[test]
    fn values_outside_are_drawn_at_the_edge() {
        let axis = Axis::linear((0.0, 1.0), (10.0, 20.0));
        assert_eq!((axis.at(-5.0), axis.at(5.0)), (10.0, 20.0));
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([grouped(7), grouped(1200), grouped(-1234567)], ["7", "1,200", "−1,234,567"]);
    }
}
