//! Multi-head self-attention inside the sequences of a batch.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Bool, Device, Tensor, TensorData, activation::softmax, assert_shape};

use super::cpu::{self, CpuKernel};
use super::kernel::attention::{Block, Heads, Sequence, backward, forward};
use super::kernel::window_attention::{self, Windows};

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
    /// The patches of one frame, for every frame, where there is no class token.
    ///
    /// They lie as those of [`Sequences::Frames`].
    Patches {
        /// Frames of a clip; divides the number of rows.
        num_frames: usize,
    },
    /// The class token with the frames of one patch position, for every position. The class token
    /// itself attends to every row (Frozen-in-Time's time attention).
    ClassAndPositions {
        /// Frames of a clip; divides the number of patch rows.
        num_frames: usize,
    },
    /// The class token with the patches of one frame, for every frame. The class token itself
    /// attends to every row (Frozen-in-Time's space attention).
    ClassAndFrames {
        /// Frames of a clip; divides the number of patch rows.
        num_frames: usize,
    },
    /// One sequence per batch element, in which a row attends to itself and to the rows before it.
    ///
    /// Padding on the right is never seen by what stands before it.
    Causal,
    /// One sequence per batch element, in which a row attends to itself and to `radius` rows on
    /// either side.
    Window {
        /// Neighbours on either side.
        radius: usize,
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
    let [_b, n, d3] = qkv.dims();
    let d = d3 / 3;
    assert_eq!(d % num_heads, 0, "the width {d} is not a multiple of {num_heads} heads");
    match sequences {
        // Short texts; nothing to gain from a kernel.
        Sequences::Causal => {
            let later = later_rows(n, &qkv.device().without_autodiff());
            composed(qkv, num_heads, Some(later))
        }
        Sequences::Window { radius } => window(qkv, num_heads, *radius),
        Sequences::ClassAndPositions { .. } | Sequences::ClassAndFrames { .. } => {
            let class = class_row(qkv.clone(), num_heads);
            let patches = grouped(qkv, num_heads, sequences).narrow(1, 1, n - 1);
            Tensor::cat(vec![class, patches], 1)
        }
        _ => grouped(qkv, num_heads, sequences),
    }
}

/// Attention inside sequences whose rows see each other alike.
fn grouped(qkv: Tensor<3>, num_heads: usize, sequences: &Sequences) -> Tensor<3> {
    let [b, n, d3] = qkv.dims();
    let d = d3 / 3;
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
        Sequences::Frames { num_frames } | Sequences::ClassAndFrames { num_frames } => {
            frames(qkv, num_heads, *num_frames)
        }
        Sequences::Patches { num_frames } => {
            let (f, p) = (*num_frames, n / num_frames);
            let rows = qkv.reshape([b, p, f, d3]).swap_dims(1, 2).reshape([b * f, p, d3]);
            let out = composed(rows, num_heads, None).reshape([b, f, p, d]);
            out.swap_dims(1, 2).reshape([b, n, d])
        }
        Sequences::ClassAndPositions { num_frames } => positions(qkv, num_heads, *num_frames),
        Sequences::Causal | Sequences::Window { .. } => unreachable!("served above"),
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

/// Attention to neighbours.
fn window(qkv: Tensor<3>, num_heads: usize, radius: usize) -> Tensor<3> {
    let [_, n, d3] = qkv.dims();
    if cpu::serves(&qkv) {
        let heads = Heads { count: num_heads, width: d3 / 3 / num_heads };
        return cpu::apply(Window { windows: Windows { rows: n, radius }, heads }, [qkv.into()]);
    }
    let far: Vec<bool> =
        (0..n).flat_map(|i| (0..n).map(move |j: usize| j.abs_diff(i) > radius)).collect();
    let device = qkv.device().without_autodiff();
    let far = Tensor::from_data(TensorData::new(far, [1, 1, n, n]), &device);
    composed(qkv, num_heads, Some(far))
}

impl Sequences {
    /// The smallest stretch of rows that holds whole sequences, in a `[b, n, ..]` batch.
    fn block(&self, n: usize) -> Block {
        match self {
            Self::Consecutive { length } => Block { rows: *length, sequences: 1 },
            Self::Frames { num_frames } | Self::Patches { num_frames } => {
                Block { rows: n, sequences: *num_frames }
            }
            Self::ClassAndPositions { num_frames } => {
                Block { rows: n, sequences: (n - 1) / num_frames }
            }
            Self::ClassAndFrames { num_frames } => Block { rows: n, sequences: *num_frames },
            Self::Padded { .. } | Self::Causal | Self::Window { .. } => {
                Block { rows: n, sequences: 1 }
            }
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
            Self::Patches { num_frames } => {
                assert_eq!(n % num_frames, 0, "{n} rows are not {num_frames} frames");
                let length = n / num_frames;
                (0..b * num_frames)
                    .map(|i| {
                        let first = i / num_frames * n + i % num_frames;
                        let second = first + num_frames;
                        let stride = *num_frames;
                        Sequence { first, second, stride, ..plain(first, length, length) }
                    })
                    .collect()
            }
            Self::ClassAndPositions { num_frames } => {
                assert_eq!((n - 1) % num_frames, 0, "{n} rows are not {num_frames} frames");
                let positions = (n - 1) / num_frames;
                (0..b * positions)
                    .map(|i| Sequence {
                        first: i / positions * n,
                        second: i / positions * n + 1 + i % positions * num_frames,
                        stride: 1,
                        length: 1 + num_frames,
                        keys: 1 + num_frames,
                        first_weight: 0.0,
                    })
                    .collect()
            }
            Self::ClassAndFrames { num_frames } => {
                let frames = Self::Frames { num_frames: *num_frames }.rows(b, n);
                frames.into_iter().map(|s| Sequence { first_weight: 0.0, ..s }).collect()
            }
            Self::Causal | Self::Window { .. } => unreachable!("these go other ways"),
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

/// `[1, 1, n, n]`, true where a key comes after the query.
fn later_rows(n: usize, device: &Device) -> Tensor<4, Bool> {
    let later: Vec<bool> = (0..n).flat_map(|i| (0..n).map(move |j| j > i)).collect();
    Tensor::from_data(TensorData::new(later, [1, 1, n, n]), device)
}

/// The engine's own operations; `hidden`, which expands to `[b, h, n, n]`, is true where a query
/// does not see a key.
fn composed(qkv: Tensor<3>, num_heads: usize, hidden: Option<Tensor<4, Bool>>) -> Tensor<3> {
    let [b, n, d3] = qkv.dims();
    let (d, width) = (d3 / 3, d3 / 3 / num_heads);
    let heads = qkv.reshape([b, n, 3, num_heads, width]).permute([2, 0, 3, 1, 4]);
    let part = |i: usize| heads.clone().narrow(0, i, 1).reshape([b, num_heads, n, width]);
    let (q, k, v) = (part(0), part(1), part(2));
    let mut scores = q.matmul(k.swap_dims(2, 3)).div_scalar((width as f64).sqrt());
    if let Some(hidden) = hidden {
        scores = scores.mask_fill(hidden.expand([b, num_heads, n, n]), -1e30);
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

/// The class token with the frames of each position; its own result is not used.
fn positions(qkv: Tensor<3>, num_heads: usize, num_frames: usize) -> Tensor<3> {
    let [b, n, d3] = qkv.dims();
    let (d, f, p) = (d3 / 3, num_frames, (n - 1) / num_frames);
    let class = qkv.clone().narrow(1, 0, 1);
    let classes = class.clone().expand([b, p, d3]).reshape([b * p, 1, d3]);
    let patches = qkv.narrow(1, 1, n - 1).reshape([b * p, f, d3]);
    let out = composed(Tensor::cat(vec![classes, patches], 1), num_heads, None);
    let patches = out.narrow(1, 1, f).reshape([b, n - 1, d]);
    Tensor::cat(vec![class.narrow(2, 0, d), patches], 1)
}

/// What the class token gets from all rows, `[b, 1, d]`.
fn class_row(qkv: Tensor<3>, num_heads: usize) -> Tensor<3> {
    let [b, n, d3] = qkv.dims();
    let (d, width) = (d3 / 3, d3 / 3 / num_heads);
    let heads = |x: Tensor<3>| {
        let [b, rows, _] = x.dims();
        x.reshape([b, rows, num_heads, width]).swap_dims(1, 2)
    };
    let q = heads(qkv.clone().narrow(1, 0, 1).narrow(2, 0, d));
    let (k, v) = (heads(qkv.clone().narrow(2, d, d)), heads(qkv.narrow(2, 2 * d, d)));
    assert_shape!(k, [b, num_heads, n, width]);
    let scores = q.matmul(k.swap_dims(2, 3)).div_scalar((width as f64).sqrt());
    softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([b, 1, d])
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

#[derive(Clone, Debug)]
struct Window {
    windows: Windows,
    heads: Heads,
}

impl CpuKernel<1> for Window {
    fn forward(&self, [qkv]: [&FlexTensor; 1]) -> FlexTensor {
        let mut shape = qkv.layout().shape().clone();
        shape[2] /= 3;
        let out = window_attention::forward(cpu::values(qkv), self.windows, self.heads);
        cpu::tensor(out, shape)
    }

    fn backward(&self, [qkv]: [&FlexTensor; 1], output_grad: &FlexTensor) -> [FlexTensor; 1] {
        let (values, grad) = (cpu::values(qkv), cpu::values(output_grad));
        let grad = window_attention::backward(values, grad, self.windows, self.heads);
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
    fn fused_space_attention_without_a_class_token_equals_the_engines() {
        check([2, 4 * 3, 54], Sequences::Patches { num_frames: 3 });
        check([2, 20 * 2, 54], Sequences::Patches { num_frames: 2 });
        check([3, 5, 54], Sequences::Patches { num_frames: 1 });
        check([2, 150 * 8, 18], Sequences::Patches { num_frames: 8 });
    }

    #[test]
    fn the_frames_of_a_large_clip_shared_out_among_threads_equal_the_engines() {
        // 1,201 rows: a piece of the result holds the end of one clip and the beginning of the next.
        check([2, 1 + 150 * 8, 18], Sequences::Frames { num_frames: 8 });
    }

    #[test]
    fn fused_attention_of_a_class_token_that_sees_all_equals_the_engines() {
        check([2, 1 + 4 * 3, 54], Sequences::ClassAndFrames { num_frames: 3 });
        check([2, 1 + 20 * 2, 54], Sequences::ClassAndFrames { num_frames: 2 });
        check([2, 1 + 4 * 3, 54], Sequences::ClassAndPositions { num_frames: 3 });
        check([2, 1 + 2 * 20, 54], Sequences::ClassAndPositions { num_frames: 20 });
    }

    #[test]
    fn fused_attention_to_neighbours_equals_the_engines() {
        check([3, 11, 54], Sequences::Window { radius: 3 });
        check([2, 3, 54], Sequences::Window { radius: 3 });
    }

    #[test]
    fn a_causal_row_sees_itself_and_what_stands_before_it() {
        // Width 1, queries 0: every score is 0, so a row is the mean of the values up to it.
        let rows = vec![0.0f32, 1.0, 2.0, 0.0, -1.0, 4.0, 0.0, 3.0, -3.0];
        let qkv = Tensor::<3>::from_data(TensorData::new(rows, [1, 3, 3]), &Device::flex());
        let out = attention(qkv, 1, &Sequences::Causal);
        assert_eq!(out.into_data().try_to_vec::<f32>().unwrap(), [2.0, 3.0, 1.0]);
    }

    #[test]
    fn fused_text_attention_equals_the_engines() {
        check([3, 7, 54], Sequences::Padded { lengths: vec![7, 1, 4] });
        check([2, 33, 54], Sequences::Padded { lengths: vec![20, 33] });
    }
}
