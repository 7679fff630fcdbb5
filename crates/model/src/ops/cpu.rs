//! How an operation with a handwritten CPU kernel joins the engine's graph.
//!
//! A [`CpuKernel`] sees contiguous `f32` tensors and returns contiguous `f32` tensors; [`apply`]
//! records it as one node of the graph, so that its backward is the handwritten one.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::{Autodiff, BackendTypes, Flex};
use burn::tensor::{Bytes, DType, Device, GradientCheckpointingStrategy, Shape, Tensor};

/// The recorded form of a CPU tensor.
type Recorded = Autodiff<Flex, NoCheckpointing>;

/// An operation on `N` tensors with one result, computed on the CPU in `f32`.
pub(crate) trait CpuKernel<const N: usize>: Clone + Debug + Send + 'static {
    /// The result for contiguous `inputs`.
    fn forward(&self, inputs: [&FlexTensor; N]) -> FlexTensor;

    /// The gradient of every input, given the inputs and the gradient of the result.
    fn backward(&self, inputs: [&FlexTensor; N], output_grad: &FlexTensor) -> [FlexTensor; N];
}

/// An operation that keeps what its forward works out along the way, so that its backward need not
/// work it out again.
pub(crate) trait KeepingKernel<const N: usize>: Clone + Debug + Send + 'static {
    /// What is kept.
    type Kept: Clone + Debug + Send + 'static;

    /// The result for contiguous `inputs`, and what the backward wants of it.
    fn forward(&self, inputs: [&FlexTensor; N]) -> (FlexTensor, Self::Kept);

    /// The gradient of every input; `kept` may be overwritten to get there.
    fn backward(
        &self,
        inputs: [&FlexTensor; N],
        kept: Self::Kept,
        output_grad: &FlexTensor,
    ) -> [FlexTensor; N];
}

impl<const N: usize, K: CpuKernel<N>> KeepingKernel<N> for K {
    type Kept = ();

    fn forward(&self, inputs: [&FlexTensor; N]) -> (FlexTensor, ()) {
        (CpuKernel::forward(self, inputs), ())
    }

    fn backward(
        &self,
        inputs: [&FlexTensor; N],
        (): (),
        output_grad: &FlexTensor,
    ) -> [FlexTensor; N] {
        CpuKernel::backward(self, inputs, output_grad)
    }
}

/// Whether the CPU kernels serve this tensor.
pub(crate) fn serves<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = tensor.device();
    device == Device::flex()
        && tensor.dtype() == DType::F32
        && !matches!(
            device.gradient_checkpointing_strategy(),
            Some(GradientCheckpointingStrategy::Balanced)
        )
}

/// One input whose rank no longer matters.
pub(crate) enum Input {
    /// On a device that records gradients.
    Recorded(<Recorded as BackendTypes>::FloatTensorPrimitive),
    /// On a device that does not.
    Plain(FlexTensor),
}

impl<const D: usize> From<Tensor<D>> for Input {
    fn from(tensor: Tensor<D>) -> Self {
        let message = "a tensor the CPU kernels serve is a Flex tensor";
        if tensor.device().is_autodiff() {
            Self::Recorded(tensor.try_into_primitive::<Recorded>().expect(message))
        } else {
            Self::Plain(tensor.try_into_primitive::<Flex>().expect(message))
        }
    }
}

/// Runs `kernel`, recording it where the inputs record gradients.
///
/// # Panics
/// When some inputs record gradients and others live on a device that does not.
pub(crate) fn apply<const N: usize, const D: usize, K: KeepingKernel<N>>(
    kernel: K,
    inputs: [Input; N],
) -> Tensor<D> {
    if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
        let tensors = inputs.map(|input| match input {
            Input::Plain(tensor) => contiguous(tensor),
            Input::Recorded(_) => unreachable!("all inputs are plain"),
        });
        return Tensor::from_primitive::<Flex>(kernel.forward(tensors.each_ref()).0);
    }
    let parts = inputs.map(|input| match input {
        Input::Recorded(tensor) => tensor.into_parts(),
        Input::Plain(_) => {
            panic!("an operation mixes tensors that record gradients with tensors that do not")
        }
    });
    let tensors = parts.each_ref().map(|(tensor, _)| contiguous(tensor.clone()));
    let nodes = parts.map(|(_, node)| node);
    let (output, kept) = kernel.forward(tensors.each_ref());
    let recorded = match Step(kernel).prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish((tensors, kept), output),
        OpsKind::UnTracked(step) => step.finish(output),
    };
    Tensor::from_primitive::<Recorded>(recorded)
}

/// The tensor with its numbers row by row; a part of a larger tensor that already is so is not
/// copied (the engine would).
fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// A contiguous `f32` tensor from its numbers.
pub(crate) fn tensor(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape), DType::F32)
}

/// The numbers of a contiguous `f32` tensor, row by row.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().expect("kernels get contiguous f32 tensors")
}

/// The length of the last axis.
pub(crate) fn width(tensor: &FlexTensor) -> usize {
    let shape = tensor.layout().shape();
    shape[shape.num_dims() - 1]
}

#[derive(Debug)]
struct Step<K>(K);

impl<const N: usize, K: KeepingKernel<N>> Backward<Flex, N> for Step<K> {
    type State = ([FlexTensor; N], K::Kept);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output_grad = contiguous(grads.consume::<Flex>(&ops.node));
        let (inputs, kept) = ops.state;
        let input_grads = self.0.backward(inputs.each_ref(), kept, &output_grad);
        for (parent, grad) in ops.parents.iter().zip(input_grads) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, grad);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_serve_f32_on_the_cpu_with_and_without_gradients() {
        // Where this fails, the tests that compare an operation's two bodies compare one with itself.
        let zeros = |device: Device, dtype| Tensor::<1>::zeros([3], (&device, dtype));
        assert!(serves(&zeros(Device::flex(), DType::F32)));
        assert!(serves(&zeros(Device::flex().autodiff(), DType::F32)));
        assert!(!serves(&zeros(Device::flex(), DType::F64)));
        assert!(!serves(&zeros(Device::flex().autodiff(), DType::F64)));
    }
}
