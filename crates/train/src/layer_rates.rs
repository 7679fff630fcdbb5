//! A learning rate for each depth: lower blocks know more of what is common to all pictures and words, and move less.

use std::collections::BTreeMap;

use locvtp_model::{LocVtp, ModelPart};

/// What the learning rate of each parameter is multiplied by, by its name, for `train.layer_decay`.
///
/// As BEiT has it (Bao et al., arXiv:2106.08254): `decay` to the number of layers above; the embedding is the lowest
/// layer, what follows the blocks and the heads are above all.
pub(crate) fn rate_factors(model: &LocVtp, decay: f64) -> BTreeMap<String, f64> {
    let layers_above = |part: ModelPart| match part {
        ModelPart::Embedding(tower) => model.num_blocks(tower) + 1,
        ModelPart::Block(tower, block) => model.num_blocks(tower) - block,
        ModelPart::End(_) | ModelPart::Projection(_) | ModelPart::ContextWarp => 0,
    };
    let parts = model.parts().into_iter();
    parts.map(|(name, part)| (name, decay.powi(layers_above(part) as i32))).collect()
}

#[cfg(test)]
mod tests {
    use locvtp_model::encoders::{DistilBertConfig, TimeSformerConfig};
    use locvtp_model::{Device, LocVtpConfig};

    use super::*;

    #[test]
    fn each_block_learns_at_a_part_of_the_next() {
        let config = LocVtpConfig {
            video: TimeSformerConfig { num_hidden_layers: 2, ..small_video() }.into(),
            text: DistilBertConfig {
                vocab_size: 20,
                max_position_embeddings: 8,
                dim: 8,
                n_layers: 1,
                n_heads: 2,
                hidden_dim: 8,
                ..DistilBertConfig::default()
            }
            .into(),
            ..LocVtpConfig::default()
        };
        let factors = rate_factors(&config.init(0, &Device::flex()), 0.5);
        for (name, expected) in [
            ("timesformer.embeddings.cls_token", 0.125),
            ("timesformer.encoder.layer.0.attention.attention.qkv.weight", 0.25),
            ("timesformer.encoder.layer.1.output.dense.bias", 0.5),
            ("timesformer.layernorm.weight", 1.0),
            ("distilbert.embeddings.word_embeddings.weight", 0.25),
            ("distilbert.transformer.layer.0.ffn.lin1.weight", 0.5),
            ("context_warp.weight", 1.0),
        ] {
            assert_eq!(factors.get(name), Some(&expected), "{name} of {:?}", factors.keys());
        }
    }

    fn small_video() -> TimeSformerConfig {
        TimeSformerConfig {
            image_size: 16,
            patch_size: 8,
            num_frames: 2,
            hidden_size: 8,
            num_attention_heads: 2,
            intermediate_size: 8,
            ..TimeSformerConfig::default()
        }
    }
}
