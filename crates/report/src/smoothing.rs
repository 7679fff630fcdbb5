//! Smoothing of a noisy curve, for the strong line over the raw one.

use crate::curve_point::CurvePoint;

/// Average with weights that fall off exponentially on both sides, by 1/e over `reach` steps:
/// unlike an average of the past alone it does not lag behind a falling curve. At the ends it
/// averages over what there is.
pub(crate) fn smoothed(points: &[CurvePoint], reach: f64) -> Vec<CurvePoint> {
    if reach <= 0.0 {
        return points.to_vec();
    }
    let mut sums = vec![(0.0, 0.0); points.len()];
    let mut one_way = |order: &mut dyn Iterator<Item = usize>| {
        let (mut sum, mut weight, mut before) = (0.0, 0.0, None);
        for i in order {
            let apart = before.map_or(0, |b: u64| points[i].step.abs_diff(b));
            let keep = (-(apart as f64) / reach).exp();
            before = Some(points[i].step);
            // what came before on this side; the point itself is added once, below
            (sum, weight) = (sum * keep, weight * keep);
            sums[i] = (sums[i].0 + sum, sums[i].1 + weight);
            (sum, weight) = (sum + points[i].value, weight + 1.0);
        }
    };
    one_way(&mut (0..points.len()));
    one_way(&mut (0..points.len()).rev());
    let average = |(point, (sum, weight)): (&CurvePoint, &(f64, f64))| CurvePoint {
        step: point.step,
        value: (sum + point.value) / (weight + 1.0),
    };
    points.iter().zip(&sums).map(average).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<CurvePoint> {
        let point = |(i, value): (usize, &f64)| CurvePoint { step: i as u64, value: *value };
        values.iter().enumerate().map(point).collect()
    }

    #[test]
    fn smoothing_keeps_a_constant_and_leans_to_neither_side() {
        let flat = smoothed(&points(&[3.0; 5]), 10.0);
        assert!(flat.iter().all(|p| (p.value - 3.0).abs() < 1e-12));
        // weights e^-1, 1, e^-1: (0 + 1 * 1 + 2 * e^-1) / (1 + 2 e^-1) = 1; first: (0 + e^-1 + 2
        // e^-2) / (1 + e^-1 + e^-2)
        let slope = smoothed(&points(&[0.0, 1.0, 2.0]), 1.0);
        assert!((slope[1].value - 1.0).abs() < 1e-12);
        assert!((slope[0].value - 0.4248).abs() < 1e-4, "{}", slope[0].value);
    }
}
