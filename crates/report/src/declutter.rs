//! Many points and labels in few pixels: a thinner line that looks the same, labels that do not
//! overlap.

/// A polyline with at most four points per pixel column (first, lowest, highest, last): it looks
/// the same.
pub(crate) fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let mut corners: Vec<usize> = vec![0, column.len() - 1];
        let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
        corners.extend((0..column.len()).min_by(by_height));
        corners.extend((0..column.len()).max_by(by_height));
        corners.sort_unstable();
        corners.dedup();
        kept.extend(corners.into_iter().map(|i| column[i]));
    }
    kept
}

/// Heights of labels near the `wanted` ones, at least `distance` apart, in the same order of
/// height, inside `limits`.
pub(crate) fn spread(wanted: &[f64], distance: f64, limits: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    let mut placed = wanted.to_vec();
    for _ in 0..100 {
        for pair in order.windows(2) {
            let lack = distance - (placed[pair[1]] - placed[pair[0]]);
            if lack > 0.0 {
                placed[pair[0]] -= lack / 2.0;
                placed[pair[1]] += lack / 2.0;
            }
        }
        for y in &mut placed {
            *y = y.clamp(limits.0, limits.1.max(limits.0));
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_extremes_of_a_pixel_column() {
        let points: Vec<(f64, f64)> =
            (0..100).map(|i| (i as f64 / 100.0, f64::from((i * 37) % 100))).collect();
        let kept = thinned(&points);
        assert!(
            kept.len() <= 4 && kept.iter().any(|p| p.1 == 99.0) && kept.iter().any(|p| p.1 == 0.0)
        );
    }

    #[test]
    fn labels_keep_their_order_and_their_distance() {
        let placed = spread(&[50.0, 50.0, 52.0], 16.0, (0.0, 300.0));
        assert!(placed[1] - placed[0] > 15.9 && placed[2] - placed[1] > 15.9, "{placed:?}");
    }
}
