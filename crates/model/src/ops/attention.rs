//! Multi-head self-attention inside the sequences of a batch.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Bool, Tensor, TensorData, activation::softmax, assert_shape};

use super::cpu::{self, CpuKernel};
use super::kernel::attention::{Block, Heads, Sequence, backward, forward};

/// Which rows of a batch attend to each other.
#[derive(Clone, Debug)]
pub enum Sequences {
    /// Every `length` consecutive rows: the frames of one patch position (time attention).
    Consecutive {
        /// Rows in a sequence; divides the number of rows of a batch element.
        length: usize,
    },
    /// Row 0, the class token, together with the patches of one frame, for every frame (space
    /// attention).
    ///
    /// The patches lie position by position with the frames of a position next to each other. The
    /// class token's result is the mean over frames.
    Frames {
        /// Frames of a clip; divides the number of patch rows.
        num_frames: usize,
    },
    /// One sequence per batch element, of which only the first `lengths[b]` rows are keys (padded
    /// text).
    Padded {
        /// Words per batch element, at least 1.
        lengths: Vec<usize>,
    },
}

/// Self-attention, `softmax(q k^T / sqrt(d / num_heads)) v`, inside every sequence.
///
/// # Shapes
/// - `qkv`: `[b, n, 3d]`: queries, keys and values side by side, each head-major
/// - returns `[b, n, d]`
pub fn attention(qkv: Tensor<3>, num_heads: usize, sequences: &Sequences) -> Tensor<3> {
    let [b, n, d3] = qkv.dims();
    let d = d3 / 3;
    assert_eq!(d % num_heads, 0, "the width {d} is not a multiple of {num_heads} heads");
    if cpu::serves(&qkv) {
        let kernel = Attention {
            sequences: sequences.rows(b, n),
            block: sequences.block(n),
            heads: Heads { count: num_heads, width: d / num_heads },
        };
        return cpu::apply(kernel, [qkv.into()]);
    }
    match sequences {
        Sequences::Consecutive { length } => {
            let rows = qkv.reshape([b * n / length, *length, d3]);
            composed(rows, num_heads, None).reshape([b, n, d])
        }
        Sequences::Frames { num_frames } => frames(qkv, num_heads, *num_frames),
        Sequences::Padded { lengths } => {
            let device = qkv.device();
            let padding: Vec<bool> =
                lengths.iter().flat_map(|&length| (0..n).map(move |i| i >= length)).collect();
            let mask = Tensor::<4, Bool>::from_data(
                TensorData::new(padding, [b, 1, 1, n]),
                &device.without_autodiff(),
            );
            composed(qkv, num_heads, Some(mask))
        }
    }
}

impl Sequences {
    /// The smallest stretch of rows that holds whole sequences, in a `[b, n, ..]` batch.
    fn block(&self, n: usize) -> Block {
        match self {
            Self::Consecutive { length } => Block { rows: *length, sequences: 1 },
            Self::Frames { num_frames } => Block { rows: n, sequences: *num_frames },
            Self::Padded { .. } => Block { rows: n, sequences: 1 },
        }
    }

    /// Where the sequences of a `[b, n, ..]` batch lie.
    fn rows(&self, b: usize, n: usize) -> Vec<Sequence> {
        let plain = |first, length, keys| Sequence {
            first,
            second: first + 1,
            stride: 1,
            length,
            keys,
            first_weight: 1.0,
        };
        match self {
            Self::Consecutive { length } => {
                assert_eq!(n % length, 0, "{n} rows are not sequences of {length}");
                (0..b * n / length).map(|i| plain(i * length, *length, *length)).collect()
            }
            Self::Frames { num_frames } => {
                assert_eq!((n - 1) % num_frames, 0, "{n} rows are not {num_frames} frames");
                let length = 1 + (n - 1) / num_frames;
                (0..b * num_frames)
                    .map(|i| Sequence {
                        first: i / num_frames * n,
                        second: i / num_frames * n + 1 + i % num_frames,
                        stride: *num_frames,
                        length,
                        keys: length,
                        first_weight: 1.0 / *num_frames as f32,
                    })
                    .collect()
            }
            Self::Padded { lengths } => {
                assert_eq!(lengths.len(), b, "one length per batch element");
                lengths.iter().enumerate().map(|(i, &keys)| plain(i * n, n, keys)).collect()
            }
        }
    }
}

/// The engine's own operations; `padding`, `[b, 1, 1, n]`, is true where a key is padding.
fn composed(qkv: Tensor<3>, num_heads: usize, padding: Option<Tensor<4, Bool>>) -> Tensor<3> {
    let [b, n, d3] = qkv.dims();
    let (d, width) = (d3 / 3, d3 / 3 / num_heads);
    let heads = qkv.reshape([b, n, 3, num_heads, width]).permute([2, 0, 3, 1, 4]);
    let part = |i: usize| heads.clone().narrow(0, i, 1).reshape([b, num_heads, n, width]);
    let (q, k, v) = (part(0), part(1), part(2));
    let mut scores = q.matmul(k.swap_dims(2, 3)).div_scalar((width as f64).sqrt());
    if let Some(padding) = padding {
        scores = scores.mask_fill(padding.expand([b, num_heads, n, n]), -1e30);
    }
    softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([b, n, d])
}

/// Space attention by the engine's own operations.
fn frames(qkv: Tensor<3>, num_heads: usize, num_frames: usize) -> Tensor<3> {
    let [b, n, d3] = qkv.dims();
    let (d, f, p) = (d3 / 3, num_frames, (n - 1) / num_frames);
    let class = qkv.clone().narrow(1, 0, 1).expand([b, f, d3]).reshape([b * f, 1, d3]);
    let patches =
        qkv.narrow(1, 1, n - 1).reshape([b, p, f, d3]).swap_dims(1, 2).reshape([b * f, p, d3]);
    let out = composed(Tensor::cat(vec![class, patches], 1), num_heads, None);
    assert_shape!(out, [b * f, p + 1, d]);
    let class = out.clone().narrow(1, 0, 1).reshape([b, f, d]).mean_dim(1);
    let patches = out.narrow(1, 1, p).reshape([b, f, p, d]).swap_dims(1, 2).reshape([b, n - 1, d]);
    Tensor::cat(vec![class, patches], 1)
}

#[derive(Clone, Debug)]
struct Attention {
    sequences: Vec<Sequence>,
    block: Block,
    heads: Heads,
}

impl CpuKernel<1> for Attention {
    fn forward(&self, [qkv]: [&FlexTensor; 1]) -> FlexTensor {
        let mut shape = qkv.layout().shape().clone();
        let last = shape.num_dims() - 1;
        shape[last] /= 3;
        cpu::tensor(forward(cpu::values(qkv), &self.sequences, self.block, self.heads), shape)
    }

    fn backward(&self, [qkv]: [&FlexTensor; 1], output_grad: &FlexTensor) -> [FlexTensor; 1] {
        let (qkv_values, grad) = (cpu::values(qkv), cpu::values(output_grad));
        let grad = backward(qkv_values, grad, &self.sequences, self.block, self.heads);
        [cpu::tensor(grad, qkv.layout().shape().clone())]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    /// Scores and their gradients are sums of up to 40 products taken in another order.
    const TOLERANCE: f64 = 1e-5;

    fn check(shape: [usize; 3], sequences: Sequences) {
        let body = |[qkv]: [Tensor<3>; 1]| attention(qkv, 3, &sequences);
        compare_bodies([random(shape, 1.5, 7)], body, TOLERANCE);
    }

    #[test]
    fn fused_time_attention_equals_the_engines() {
        check([2, 12, 54], Sequences::Consecutive { length: 4 });
        check([1, 40, 54], Sequences::Consecutive { length: 20 });
    }

    #[test]
    fn fused_space_attention_equals_the_engines() {
        check([2, 1 + 4 * 3, 54], Sequences::Frames { num_frames: 3 });
        check([2, 1 + 20 * 2, 54], Sequences::Frames { num_frames: 2 });
    }

    #[test]
    fn the_frames_of_a_large_clip_shared_out_among_threads_equal_the_engines() {
        // 1,201 rows: a piece of the result holds the end of one clip and the beginning of the next.
        check([2, 1 + 150 * 8, 18], Sequences::Frames { num_frames: 8 });
    }

    #[test]
    fn fused_text_attention_equals_the_engines() {
        check([3, 7, 54], Sequences::Padded { lengths: vec![7, 1, 4] });
        check([2, 33, 54], Sequences::Padded { lengths: vec![20, 33] });
    }
}
