//! Frames to their features: attention among neighbours, then a recurrent layer both ways.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use locvtp_model::Initialiser;
use locvtp_model::layers::Linear;

use super::NamedGru;
use super::config::CsmganConfig;
use super::window_attention::WindowAttention;

/// The frames' encoder.
#[derive(Module, Debug)]
pub(super) struct VideoEncoder {
    /// `tran.*`, where features have another width than the encoder
    tran: Option<Linear>,
    /// `attn_layers.{i}.*`
    attn_layers: Vec<WindowAttention>,
    /// `rnn.gru.*`
    rnn: NamedGru,
    dropout: Dropout,
}

impl VideoEncoder {
    /// For features of this width.
    pub(super) fn new(config: &CsmganConfig, features: usize, random: &mut Initialiser) -> Self {
        let d = config.frame_width;
        let (heads, radius) = (config.attention_heads, config.attention_radius);
        Self {
            tran: (features != d).then(|| Linear::uniform(features, d, random)),
            attn_layers: (0..config.attention_layers)
                .map(|_| WindowAttention::new(d, heads, radius, random))
                .collect(),
            rnn: NamedGru::bidirectional(d, config.hidden_width, random),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// # Shapes
    /// - `frames`: `[b, f, features]`; returns `[b, f, d]`
    pub(super) fn forward(&self, frames: Tensor<3>) -> Tensor<3> {
        let [b, f, _] = frames.dims();
        let mut x = match &self.tran {
            Some(tran) => tran.forward(frames),
            None => frames,
        };
        for layer in &self.attn_layers {
            x = self.dropout.forward(layer.forward(x.clone())) + x;
        }
        self.dropout.forward(self.rnn.forward(x, &vec![f; b]))
    }
}
