//! Embeddings of places and times for other grids and frame counts, by nearest neighbour as the
//! reference does.

use burn::tensor::{Int, Tensor, TensorData};

/// `[1, 1 + rows columns, d]`: the class token's position, then the patches' of a grid, from those
/// of a square one, `[1, 1 + p, d]`.
pub(crate) fn positions(positions: Tensor<3>, [rows, columns]: [usize; 2]) -> Tensor<3> {
    let known = positions.dims()[1] - 1;
    let side = known.isqrt();
    if [rows, columns] == [side, side] {
        return positions;
    }
    let index = (0..rows).flat_map(|row| {
        (0..columns).map(move |column| 1 + row * side / rows * side + column * side / columns)
    });
    let index: Vec<i64> = std::iter::once(0).chain(index).map(|i| i as i64).collect();
    take(positions, index)
}

/// `[1, rows columns, d]`: the patches' positions of a grid from those of a square one, `[1, p, d]`, where
/// there is no class token.
pub(crate) fn patch_positions(positions: Tensor<3>, [rows, columns]: [usize; 2]) -> Tensor<3> {
    let side = positions.dims()[1].isqrt();
    if [rows, columns] == [side, side] {
        return positions;
    }
    let index = (0..rows).flat_map(|row| {
        (0..columns).map(move |column| row * side / rows * side + column * side / columns)
    });
    take(positions, index.map(|i| i as i64).collect())
}

/// `[1, f, d]` from the times of another number of frames.
pub(crate) fn times(times: Tensor<3>, f: usize) -> Tensor<3> {
    let known = times.dims()[1];
    if f == known {
        return times;
    }
    take(times, (0..f).map(|i| (i * known / f) as i64).collect())
}

/// Rows of axis 1.
fn take(x: Tensor<3>, index: Vec<i64>) -> Tensor<3> {
    let device = x.device();
    let length = index.len();
    let index = Tensor::<1, Int>::from_data(TensorData::new(index, [length]), &device);
    x.select(1, index)
}
