//! Embeddings of places and times for another number of them.
//!
//! Places by bicubic interpolation as PyTorch's `interpolate(mode="bicubic",
//! align_corners=False)` does it (cubic convolution with a = -0.75, borders repeated, nothing
//! smoothed when shrinking), times by the nearest neighbour, as TimeSformer does (§A.3 of our
//! specification). Goldens: `reference/foreign_weights.py`.

use super::NamedTensor;

/// Embeddings of places, `[1, 1 + p, d]` or `[1 + p, d]`, for another number of places.
///
/// The row of the class token is kept. `None` where either side is no square grid behind a class
/// token, or the widths differ.
pub(super) fn resize_positions(tensor: &NamedTensor, shape: &[usize]) -> Option<Vec<f32>> {
    resize(tensor, shape, 1)
}

/// The same where there is no class token, `[1, p, d]` or `[p, d]`.
pub(super) fn resize_grid(tensor: &NamedTensor, shape: &[usize]) -> Option<Vec<f32>> {
    resize(tensor, shape, 0)
}

/// Of a grid behind so many rows, which are kept.
fn resize(tensor: &NamedTensor, shape: &[usize], kept: usize) -> Option<Vec<f32>> {
    let (from, to, d) = rows(&tensor.shape, shape)?;
    let (from, to) = (square(from.checked_sub(kept)?)?, square(to.checked_sub(kept)?)?);
    let (class, places) = tensor.values.split_at(kept * d);
    // Rows, then columns: the weights of the two directions multiply.
    let wide = interpolate(places, [from, from, d], to);
    let turned = swap_first_two(&wide, [from, to, d]);
    let both = interpolate(&turned, [to, from, d], to);
    let places = swap_first_two(&both, [to, to, d]);
    Some([class, &places].concat())
}

/// Embeddings of frames, `[1, f, d]`, for another number of frames.
pub(super) fn resize_times(tensor: &NamedTensor, shape: &[usize]) -> Option<Vec<f32>> {
    let (from, to, d) = rows(&tensor.shape, shape)?;
    let row = |i: usize| &tensor.values[i * d..(i + 1) * d];
    Some((0..to).flat_map(|i| row(i * from / to).iter().copied()).collect())
}

/// Rows before and after, and their common width.
fn rows(from: &[usize], to: &[usize]) -> Option<(usize, usize, usize)> {
    let matrix = |shape: &[usize]| match *shape {
        [n, d] | [1, n, d] if n > 0 => Some((n, d)),
        _ => None,
    };
    let ((from, d), (to, width)) = (matrix(from)?, matrix(to)?);
    (d == width).then_some((from, to, d))
}

fn square(places: usize) -> Option<usize> {
    let side = places.isqrt();
    (side > 0 && side * side == places).then_some(side)
}

/// `[rows, columns, d]` to `[rows, to, d]`.
fn interpolate(values: &[f32], [rows, columns, d]: [usize; 3], to: usize) -> Vec<f32> {
    let scale = columns as f64 / to as f64;
    let mut result = Vec::with_capacity(rows * to * d);
    for row in values.chunks_exact(columns * d) {
        for x in 0..to {
            let at = scale * (x as f64 + 0.5) - 0.5;
            let (left, weights) = (at.floor(), cubic(at - at.floor()));
            let taps = std::array::from_fn::<_, 4, _>(|i| {
                let column = (left as i64 - 1 + i as i64).clamp(0, columns as i64 - 1) as usize;
                &row[column * d..(column + 1) * d]
            });
            result.extend((0..d).map(|i| {
                let sum: f64 = taps.iter().zip(weights).map(|(tap, w)| w * f64::from(tap[i])).sum();
                sum as f32
            }));
        }
    }
    result
}

/// How much the four neighbours of a place count, from the one before its left one on; `t` is how
/// far it lies to the right of the left one.
fn cubic(t: f64) -> [f64; 4] {
    const A: f64 = -0.75;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]
}

fn swap_first_two(values: &[f32], [a, b, d]: [usize; 3]) -> Vec<f32> {
    let mut result = Vec::with_capacity(values.len());
    for j in 0..b {
        for i in 0..a {
            result.extend(&values[(i * b + j) * d..(i * b + j + 1) * d]);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_equal_pytorchs_bicubic_interpolation() {
        let golden = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/goldens/foreign/resized_positions.safetensors"
        );
        let golden = crate::weights::read_safetensors(golden.as_ref()).unwrap();
        for sizes in ["4_7", "7_4", "2_5"] {
            let (before, after) =
                (&golden[&format!("before_{sizes}")], &golden[&format!("after_{sizes}")]);
            let found = resize_positions(before, &after.shape).unwrap();
            for (x, y) in found.iter().zip(&after.values) {
                // PyTorch's places, weights and sums of 16 products around 1 are f32, ours f64.
                assert!((x - y).abs() < 4e-6, "{sizes}: {x} instead of {y}");
            }
        }
    }

    #[test]
    fn halfway_between_two_the_four_neighbours_count_as_the_formula_says() {
        // a = -0.75 at 1.5 and 0.5: 0.75 * (-3.375 + 11.25 - 12 + 4) = -0.09375, and
        // 1.25 / 8 - 2.25 / 4 + 1 = 0.59375.
        let weights = cubic(0.5);
        assert_eq!(weights, [-0.09375, 0.59375, 0.59375, -0.09375]);
        assert_eq!(cubic(0.0), [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn constant_embeddings_stay_constant_and_the_class_token_is_kept() {
        let tensor = NamedTensor {
            shape: vec![1, 5, 2],
            values: [7., 8., 1., 2., 1., 2., 1., 2., 1., 2.].into(),
        };
        let resized = resize_positions(&tensor, &[1, 10, 2]).unwrap();
        assert_eq!(resized[..2], [7., 8.]);
        assert!(resized[2..].chunks(2).all(|row| row == [1., 2.]), "{resized:?}");
    }

    #[test]
    fn a_grid_without_a_class_token_is_resized_like_one_behind_it() {
        let places: Vec<f32> = (0..18).map(|i| (i * i % 7) as f32).collect();
        let alone = NamedTensor { shape: vec![9, 2], values: places.clone() };
        let behind = NamedTensor { shape: vec![10, 2], values: [vec![5.0; 2], places].concat() };
        let resized = resize_positions(&behind, &[17, 2]).unwrap();
        assert_eq!(resize_grid(&alone, &[16, 2]).unwrap(), resized[2..]);
        assert_eq!(resize_grid(&behind, &[16, 2]), None);
    }

    #[test]
    fn times_are_those_of_the_nearest_frame() {
        let tensor = NamedTensor { shape: vec![1, 2, 1], values: vec![3., 4.] };
        assert_eq!(resize_times(&tensor, &[1, 4, 1]).unwrap(), [3., 3., 4., 4.]);
        let tensor = NamedTensor { shape: vec![1, 4, 1], values: vec![1., 2., 3., 4.] };
        assert_eq!(resize_times(&tensor, &[1, 2, 1]).unwrap(), [1., 3.]);
    }

    #[test]
    fn what_is_no_square_grid_is_not_resized() {
        let tensor = NamedTensor { shape: vec![1, 4, 1], values: vec![0.; 4] };
        assert_eq!(resize_positions(&tensor, &[1, 5, 1]), None);
        assert_eq!(resize_times(&tensor, &[1, 2, 3]), None);
    }
}
