//! Weighted sums of chosen rows.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};

/// Which rows of a matrix are added to which sum.
pub(crate) struct ChosenRows {
    /// `[sums * most]`, where `most` is the largest number of rows in a sum
    index: Tensor<1, Int>,
    /// `[sums, most, 1]`, 0 where a sum has fewer
    weights: Tensor<3>,
}

impl ChosenRows {
    /// A sum for every one of `choices`, over rows of matrices beside `like`.
    pub(crate) fn new<'a>(
        choices: impl Iterator<Item = &'a [(usize, f32)]> + Clone,
        like: &Tensor<2>,
    ) -> Self {
        let most = choices.clone().map(<[_]>::len).max().unwrap_or(0).max(1);
        let padded = choices.clone().flat_map(|chosen| {
            let padding = std::iter::repeat_n((0, 0.0), most - chosen.len());
            chosen.iter().copied().chain(padding)
        });
        let (index, weights): (Vec<i64>, Vec<f32>) =
            padded.map(|(row, weight)| (row as i64, weight)).unzip();
        let (sums, count) = (choices.count(), index.len());
        Self {
            index: Tensor::from_data(TensorData::new(index, [count]), &like.device()),
            weights: Tensor::from_data(
                TensorData::new(weights, [sums, most, 1]),
                (&like.device(), like.dtype()),
            ),
        }
    }

    /// The sums.
    ///
    /// # Shapes
    /// - `matrix`: `[c, e]`; returns `[sums, e]`
    pub(crate) fn sums(&self, matrix: Tensor<2>) -> Tensor<2> {
        let ([sums, most, _], [_, e]) = (self.weights.dims(), matrix.dims());
        let rows = matrix.select(0, self.index.clone()).reshape([sums, most, e]);
        (rows * self.weights.clone()).sum_dim(1).squeeze_dim(1)
    }

    /// `matrix` with the gradient of its rows added, given that of the sums.
    ///
    /// # Shapes
    /// - `matrix`: `[c, e]`; `gradient`: `[sums, e]`; returns `[c, e]`
    pub(crate) fn add_gradient(&self, matrix: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
        let ([sums, most, _], [_, e]) = (self.weights.dims(), gradient.dims());
        let rows = gradient.reshape([sums, 1, e]) * self.weights.clone();
        matrix.select_assign(
            0,
            self.index.clone(),
            rows.reshape([sums * most, e]),
            IndexingUpdateOp::Add,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_sum_takes_its_rows_by_weight_and_its_gradient_goes_back_to_them() {
        let matrix = Tensor::<2>::from_floats([[1.0, 2.0], [10.0, 20.0]], &Device::flex());
        let choices: [Vec<(usize, f32)>; 3] = [vec![(0, 0.5), (1, 0.5)], vec![(1, 1.0)], vec![]];
        let chosen = ChosenRows::new(choices.iter().map(Vec::as_slice), &matrix);
        let numbers = |tensor: Tensor<2>| tensor.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(numbers(chosen.sums(matrix.clone())), [5.5, 11.0, 10.0, 20.0, 0.0, 0.0]);
        let gradient =
            Tensor::<2>::from_floats([[2.0, 0.0], [0.0, 4.0], [9.0, 9.0]], &Device::flex());
        // Row 0 gets half of the first, row 1 half of the first and the second.
        assert_eq!(numbers(chosen.add_gradient(matrix, gradient)), [2.0, 2.0, 11.0, 24.0]);
    }
}
