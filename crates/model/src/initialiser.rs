//! Random weights from a seed.
//!
//! Drawn from a generator of our own and not from the device's: that one is shared by the whole
//! process, so two models initialised at once in two threads would each get a part of the other's
//! numbers.

use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

/// Draws one tensor after another; the numbers depend on the seed and the order of the draws alone.
#[derive(Debug)]
pub struct Initialiser {
    /// `None` draws zeros.
    rng: Option<ChaCha8Rng>,
    device: Device,
}

impl Initialiser {
    /// A generator for tensors on `device`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { rng: Some(ChaCha8Rng::seed_from_u64(seed)), device: device.clone() }
    }

    /// Zeros in the place of random numbers: for a model that is filled from a file right away.
    pub fn blank(device: &Device) -> Self {
        Self { rng: None, device: device.clone() }
    }

    /// Where the tensors live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Numbers from a normal distribution with mean 0 and standard deviation `std`.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], std: f64) -> Tensor<D> {
        // Box and Muller: a radius and an angle from two uniform numbers; 1 - u keeps the logarithm
        // finite.
        self.tensor(shape, |rng| {
            let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
            std * radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
        })
    }

    /// Numbers between `-bound` and `bound`, all equally likely.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f64) -> Tensor<D> {
        self.tensor(shape, |rng| bound * (2.0 * rng.random::<f64>() - 1.0))
    }

    /// A matrix whose rows are of unit length and at right angles to each other, or its columns
    /// where there are more rows; every such matrix is equally likely.
    ///
    /// As PyTorch's `orthogonal_`: a matrix of normal numbers made orthogonal row by row.
    pub fn orthogonal(&mut self, [rows, columns]: [usize; 2]) -> Tensor<2> {
        if rows > columns {
            return self.orthogonal([columns, rows]).swap_dims(0, 1);
        }
        let normal = self.normal([rows, columns], 1.0).into_data();
        if self.rng.is_none() {
            return Tensor::from_data(normal, &self.device);
        }
        let normal = normal.convert::<f64>().try_to_vec::<f64>().expect("converted");
        let values = with_orthogonal_rows(normal, columns);
        let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        Tensor::from_data(TensorData::new(values, [rows, columns]), &self.device)
    }

    fn tensor<const D: usize>(
        &mut self,
        shape: [usize; D],
        mut draw: impl FnMut(&mut ChaCha8Rng) -> f64,
    ) -> Tensor<D> {
        let Some(rng) = &mut self.rng else {
            return Tensor::zeros(shape, &self.device);
        };
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| draw(rng) as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }
}

/// Gram and Schmidt: every row loses what it has of the rows before it.
fn with_orthogonal_rows(mut values: Vec<f64>, columns: usize) -> Vec<f64> {
    for done in 0..values.len() / columns {
        let (before, rest) = values.split_at_mut((done + 1) * columns);
        let row = &mut before[done * columns..];
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        row.iter_mut().for_each(|x| *x /= length);
        rest.par_chunks_exact_mut(columns).for_each(|other| {
            let share: f64 = row.iter().zip(&*other).map(|(a, b)| a * b).sum();
            other.iter_mut().zip(&*row).for_each(|(b, a)| *b -= share * a);
        });
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_the_asked_mean_and_spread() {
        let mut initialiser = Initialiser::new(3, &Device::flex());
        let x = initialiser.normal([100_000], 0.5).into_data().try_to_vec::<f32>().unwrap();
        let moment =
            |power: i32| x.iter().map(|x| f64::from(*x).powi(power)).sum::<f64>() / x.len() as f64;
        // Standard errors: 0.5 / sqrt(1e5) = 0.0016, 0.25 sqrt(2 / 1e5) = 0.0011, 0.0625 sqrt(96 /
        // 1e5) = 0.0019.
        assert!(moment(1).abs() < 0.007, "{}", moment(1));
        assert!((moment(2) - 0.25).abs() < 0.005, "{}", moment(2));
        // A normal distribution's fourth moment is 3 std^4.
        assert!((moment(4) - 3.0 * 0.0625).abs() < 0.009, "{}", moment(4));
    }

    #[test]
    fn the_shorter_sides_vectors_of_an_orthogonal_matrix_are_orthonormal() {
        let mut initialiser = Initialiser::new(5, &Device::flex());
        let wide = initialiser.orthogonal([6, 40]);
        let tall = initialiser.orthogonal([40, 6]);
        for products in
            [wide.clone().matmul(wide.swap_dims(0, 1)), tall.clone().swap_dims(0, 1).matmul(tall)]
        {
            let products = products.into_data().try_to_vec::<f32>().unwrap();
            for (i, product) in products.iter().enumerate() {
                let expected = f32::from(u8::from(i % 7 == 0));
                assert!((product - expected).abs() < 1e-6, "{products:?}");
            }
        }
    }

    #[test]
    fn uniform_numbers_fill_their_bounds() {
        let mut initialiser = Initialiser::new(4, &Device::flex());
        let x = initialiser.uniform([10_000], 0.25).into_data().try_to_vec::<f32>().unwrap();
        let (low, high) = x.iter().fold((0.0f32, 0.0f32), |(l, h), x| (l.min(*x), h.max(*x)));
        assert!((-0.25..-0.249).contains(&low) && (0.249..=0.25).contains(&high), "{low} {high}");
    }
}
