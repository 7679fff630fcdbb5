//! OpenAI's CLIP as its authors name it; queries, keys and values lie in one matrix, the
//! projections multiply from the other side.

use locvtp_video::Scaling;

use super::checkpoint_sizes::{clip_text_config, clip_vision_config};
use super::hugging_face_checkpoint::{NO_TIME, PICTURES, TEMPERATURE};
use crate::weights::key_table::Action::{
    Drop, Elsewhere, Positions, Thirds, To, ToBoth, Transposed,
};
use crate::weights::key_table::{Constant, KeyRule, KeyTable};
use crate::weights::source::{EncoderRow, OpenClipFiles, SourceRow, VideoRow};
use crate::weights::usual_pictures::UsualPictures;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "clip",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &VIDEO,
            config: |shapes, settings, values| {
                Ok(clip_vision_config(shapes, settings, values)?.into())
            },
        },
        pictures: UsualPictures { scaling: Scaling::Torchvision, ..PICTURES },
    }),
    text: Some(EncoderRow {
        table: &TEXT,
        config: |shapes, settings, values| Ok(clip_text_config(shapes, settings, values)?.into()),
    }),
    flags: &["--heads", "--epsilon", "--activation", "--preset"],
    open_clip: OpenClipFiles::First,
};

const IN_THE_CONFIG: &str = "a size, which the shapes say too";

const VIDEO: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule("visual.class_embedding", To("vision_model.embeddings.class_embedding")),
        KeyRule("visual.conv1.weight", To("vision_model.embeddings.patch_embedding.weight")),
        KeyRule(
            "visual.positional_embedding",
            Positions("vision_model.embeddings.position_embedding.weight"),
        ),
        KeyRule("visual.ln_pre.{}", To("vision_model.pre_layrnorm.{}")),
        KeyRule(
            "visual.transformer.resblocks.{}.attn.in_proj_weight",
            Thirds(&[
                "vision_model.encoder.layers.{}.self_attn.q_proj.weight",
                "vision_model.encoder.layers.{}.self_attn.k_proj.weight",
                "vision_model.encoder.layers.{}.self_attn.v_proj.weight",
                "vision_model.encoder.layers.{}.temporal.self_attn.q_proj.weight",
                "vision_model.encoder.layers.{}.temporal.self_attn.k_proj.weight",
                "vision_model.encoder.layers.{}.temporal.self_attn.v_proj.weight",
            ]),
        ),
        KeyRule(
            "visual.transformer.resblocks.{}.attn.in_proj_bias",
            Thirds(&[
                "vision_model.encoder.layers.{}.self_attn.q_proj.bias",
                "vision_model.encoder.layers.{}.self_attn.k_proj.bias",
                "vision_model.encoder.layers.{}.self_attn.v_proj.bias",
                "vision_model.encoder.layers.{}.temporal.self_attn.q_proj.bias",
                "vision_model.encoder.layers.{}.temporal.self_attn.k_proj.bias",
                "vision_model.encoder.layers.{}.temporal.self_attn.v_proj.bias",
            ]),
        ),
        KeyRule(
            "visual.transformer.resblocks.{}.attn.out_proj.{}",
            ToBoth(
                "vision_model.encoder.layers.{}.self_attn.out_proj.{}",
                "vision_model.encoder.layers.{}.temporal.self_attn.out_proj.{}",
            ),
        ),
        KeyRule(
            "visual.transformer.resblocks.{}.ln_1.{}",
            ToBoth(
                "vision_model.encoder.layers.{}.layer_norm1.{}",
                "vision_model.encoder.layers.{}.temporal.layer_norm.{}",
            ),
        ),
        KeyRule(
            "visual.transformer.resblocks.{}.ln_2.{}",
            To("vision_model.encoder.layers.{}.layer_norm2.{}"),
        ),
        KeyRule(
            "visual.transformer.resblocks.{}.mlp.c_fc.{}",
            To("vision_model.encoder.layers.{}.mlp.fc1.{}"),
        ),
        KeyRule(
            "visual.transformer.resblocks.{}.mlp.c_proj.{}",
            To("vision_model.encoder.layers.{}.mlp.fc2.{}"),
        ),
        KeyRule("visual.ln_post.{}", To("vision_model.post_layernorm.{}")),
        KeyRule("visual.proj", Transposed("visual_projection.weight")),
        KeyRule("logit_scale", Drop(TEMPERATURE)),
        KeyRule("logit_bias", Drop(TEMPERATURE)),
        KeyRule("input_resolution", Drop(IN_THE_CONFIG)),
        KeyRule("context_length", Drop(IN_THE_CONFIG)),
        KeyRule("vocab_size", Drop(IN_THE_CONFIG)),
        KeyRule("transformer.**", Elsewhere),
        KeyRule("token_embedding.**", Elsewhere),
        KeyRule("positional_embedding", Elsewhere),
        KeyRule("ln_final.**", Elsewhere),
        KeyRule("text_projection", Elsewhere),
    ],
    constants: &[
        Constant {
            parameter: "vision_model.embeddings.time_embedding.weight",
            value: 0.0,
            reason: NO_TIME,
        },
        Constant {
            parameter: "vision_model.encoder.layers.{}.temporal.dense.{}",
            value: 0.0,
            reason: NO_TIME,
        },
    ],
};

const TEXT: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule("token_embedding.weight", To("text_model.embeddings.token_embedding.weight")),
        KeyRule("positional_embedding", To("text_model.embeddings.position_embedding.weight")),
        KeyRule(
            "transformer.resblocks.{}.attn.in_proj_weight",
            Thirds(&[
                "text_model.encoder.layers.{}.self_attn.q_proj.weight",
                "text_model.encoder.layers.{}.self_attn.k_proj.weight",
                "text_model.encoder.layers.{}.self_attn.v_proj.weight",
            ]),
        ),
        KeyRule(
            "transformer.resblocks.{}.attn.in_proj_bias",
            Thirds(&[
                "text_model.encoder.layers.{}.self_attn.q_proj.bias",
                "text_model.encoder.layers.{}.self_attn.k_proj.bias",
                "text_model.encoder.layers.{}.self_attn.v_proj.bias",
            ]),
        ),
        KeyRule(
            "transformer.resblocks.{}.attn.out_proj.{}",
            To("text_model.encoder.layers.{}.self_attn.out_proj.{}"),
        ),
        KeyRule(
            "transformer.resblocks.{}.ln_1.{}",
            To("text_model.encoder.layers.{}.layer_norm1.{}"),
        ),
        KeyRule(
            "transformer.resblocks.{}.ln_2.{}",
            To("text_model.encoder.layers.{}.layer_norm2.{}"),
        ),
        KeyRule(
            "transformer.resblocks.{}.mlp.c_fc.{}",
            To("text_model.encoder.layers.{}.mlp.fc1.{}"),
        ),
        KeyRule(
            "transformer.resblocks.{}.mlp.c_proj.{}",
            To("text_model.encoder.layers.{}.mlp.fc2.{}"),
        ),
        KeyRule("ln_final.{}", To("text_model.final_layer_norm.{}")),
        KeyRule("text_projection", Transposed("text_projection.weight")),
        KeyRule("visual.**", Elsewhere),
        KeyRule("logit_scale", Elsewhere),
        KeyRule("logit_bias", Elsewhere),
        KeyRule("input_resolution", Elsewhere),
        KeyRule("context_length", Elsewhere),
        KeyRule("vocab_size", Elsewhere),
    ],
    constants: &[],
};
