//! Messages between frames and words, then among frames and among words.
//!
//! The weights of a message are a softmax over those who *receive* it, as the release has it: of
//! what word `j` sends, frame `i` gets the share `softmax_i(L_ij)`. A message is the sender itself;
//! to words, frames send what they look like to them, `W v`. Padded words take part: they hold
//! zeros at first, and their updates are the same in every batch.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_model::layers::LinearWithoutBias;

use super::graph_update::GraphUpdate;

/// The graph's nodes.
#[derive(Clone, Debug)]
pub(super) struct JointNodes {
    /// `[b, f, d]`
    pub frames: Tensor<3>,
    /// `[b, n, d]`
    pub words: Tensor<3>,
}

/// One layer of messages and updates.
#[derive(Module, Debug)]
pub(super) struct JointLayer {
    /// `atten.*`
    atten: CrossAttention,
    /// `update_v.*`
    update_v: GraphUpdate,
    /// `update_s.*`
    update_s: GraphUpdate,
    /// `update_v_intra.*`
    update_v_intra: GraphUpdate,
    /// `update_s_intra.*`
    update_s_intra: GraphUpdate,
    dropout: Dropout,
}

#[derive(Module, Debug)]
struct CrossAttention {
    /// `q_proj.weight`
    q_proj: LinearWithoutBias,
}

impl JointLayer {
    /// For nodes of width `d`.
    pub(super) fn new(d: usize, dropout: f64, random: &mut Initialiser) -> Self {
        Self {
            atten: CrossAttention { q_proj: LinearWithoutBias::uniform(d, d, random) },
            update_v: GraphUpdate::new(d, random),
            update_s: GraphUpdate::new(d, random),
            update_v_intra: GraphUpdate::new(d, random),
            update_s_intra: GraphUpdate::new(d, random),
            dropout: DropoutConfig::new(dropout).init(),
        }
    }

    /// Nodes of the same shapes.
    pub(super) fn forward(&self, JointNodes { frames, words }: JointNodes) -> JointNodes {
        let seen = self.atten.q_proj.forward(frames.clone());
        let links = seen.clone().matmul(words.clone().swap_dims(1, 2));
        let to_frames = softmax(links.clone(), 1).matmul(words.clone());
        let to_words = softmax(links, 2).swap_dims(1, 2).matmul(seen);
        let frames = self.update_v.forward(to_frames, frames);
        let words = self.update_s.forward(to_words, words);
        let (to_frames, to_words) = (self.among(frames.clone()), self.among(words.clone()));
        JointNodes {
            frames: self.update_v_intra.forward(to_frames, frames),
            words: self.update_s_intra.forward(to_words, words),
        }
    }

    /// What nodes of one kind send each other. Their places count for the links alone.
    fn among(&self, nodes: Tensor<3>) -> Tensor<3> {
        let placed = nodes.clone() + places(&nodes);
        // Dropped for each side on its own.
        let (receivers, senders) =
            (self.dropout.forward(placed.clone()), self.dropout.forward(placed));
        softmax(receivers.matmul(senders.swap_dims(1, 2)), 1).matmul(nodes)
    }
}

/// Sines and cosines of a node's place, `[1, n, d]`: `sin(i w_k)`, `cos(i w_k)` in turn with
/// `w_k = 10000^(-2k / d)`.
fn places(nodes: &Tensor<3>) -> Tensor<3> {
    let [_, n, d] = nodes.dims();
    let values: Vec<f32> = (0..n)
        .flat_map(|place| {
            (0..d).map(move |k| {
                let pace = (-(10_000f64.ln()) * (k - k % 2) as f64 / d as f64).exp();
                let angle = place as f64 * pace;
                (if k % 2 == 0 { angle.sin() } else { angle.cos() }) as f32
            })
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [1, n, d]), (&nodes.device(), nodes.dtype()))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn a_message_is_shared_out_among_those_who_receive_it() {
        let mut random = Initialiser::new(3, &Device::flex());
        let layer = JointLayer::new(4, 0.2, &mut random);
        let nodes = random.normal([1, 5, 4], 1.0);
        let sent: Vec<f32> = nodes.clone().sum_dim(1).into_data().try_to_vec().unwrap();
        let received: Vec<f32> = layer.among(nodes).sum_dim(1).into_data().try_to_vec().unwrap();
        // What a node sends is shared out whole, so sums over all nodes stay.
        for (sent, received) in sent.iter().zip(received) {
            assert!((sent - received).abs() < 1e-5, "{sent} {received}");
        }
    }

    #[test]
    fn places_are_sines_and_cosines_in_turn() {
        let found: Vec<f32> = places(&Tensor::zeros([1, 3, 4], &Device::flex()))
            .narrow(1, 2, 1)
            .into_data()
            .try_to_vec()
            .unwrap();
        // Place 2 with paces 1 and 10000^(-1/2) = .01.
        let expected = [2f32.sin(), 2f32.cos(), 0.02f32.sin(), 0.02f32.cos()];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
