//! Running both bodies of an operation on the same numbers.

use burn::tensor::{DType, Device, Tensor, TensorData};

/// Evenly spread numbers in `-scale..scale`, the same for the same seed.
pub(crate) fn random<const D: usize>(shape: [usize; D], scale: f64, seed: u64) -> TensorData {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let values: Vec<f64> = (0..shape.iter().product())
        .map(|_| {
            // xorshift64*: enough to fill a test tensor.
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            let unit =
                (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64;
            scale * (2.0 * unit - 1.0)
        })
        .collect();
    TensorData::new(values, shape)
}

/// The value of `body` and the gradients of all inputs, for a fixed weighting of the value's
/// elements.
fn run<const N: usize, const D: usize>(
    inputs: &[TensorData; N],
    dtype: DType,
    body: &impl Fn([Tensor<D>; N]) -> Tensor<D>,
) -> Vec<Vec<f64>> {
    let device = Device::flex().autodiff();
    let leaves = inputs
        .each_ref()
        .map(|data| Tensor::<D>::from_data(data.clone(), (&device, dtype)).require_grad());
    let value = body(leaves.each_ref().map(Tensor::clone));
    let weights = random(value.dims(), 1.0, 99);
    let weights = Tensor::<D>::from_data(weights, (&device, dtype));
    let grads = (value.clone() * weights).sum().backward();
    let mut results = vec![value.into_data().convert::<f64>().try_to_vec().expect("converted")];
    for leaf in &leaves {
        let grad = leaf.grad(&grads).expect("every input has a gradient");
        results.push(grad.into_data().convert::<f64>().try_to_vec().expect("converted"));
    }
    results
}

/// Checks the fused body (f32) against the composed one (f64), which the CPU kernels do not serve.
pub(crate) fn compare_bodies<const N: usize, const D: usize>(
    inputs: [TensorData; N],
    body: impl Fn([Tensor<D>; N]) -> Tensor<D>,
    tolerance: f64,
) {
    let fused = run(&inputs, DType::F32, &body);
    let composed = run(&inputs, DType::F64, &body);
    for (which, (a, b)) in fused.iter().zip(&composed).enumerate() {
        let scale = b.iter().fold(1e-3f64, |m, x| m.max(x.abs()));
        for (i, (x, y)) in a.iter().zip(b).enumerate() {
            let error = (x - y).abs() / scale;
            assert!(error < tolerance, "result {which}, element {i}: {x} against {y}");
        }
    }
}
