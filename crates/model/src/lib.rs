//! The model of LocVTP: clips and words in, one joint space out, and the losses that shape it.
//!
//! What comes in are clips cut into patches ([`ClipPatches`]) and sentences as tokens
//! ([`TokenBatch`]); what goes out are [`loss::VideoTextEmbeddings`], and from them
//! [`loss::Losses`].
//!
//! | module | one idea |
//! |---|---|
//! | [`encoders`] | the encoders and their sizes: `timesformer`, `clip`, `siglip`, `c3d`, `dinov2`, `distilbert`, `bert` |
//! | `video_encoder`, `video_tower` | which video encoder; what each must do |
//! | `text_encoder`, `text_tower` | which text encoder; what each must do |
//! | `post_norm_block` | what the blocks of BERT and DistilBERT do |
//! | `tokenizer`, `byte_pair_tokenizer`, `sentence_piece_file` | the words of a sentence; files of words |
//! | `projection` | from the encoders into the joint space |
//! | `correspondence` | which words belong to a clip |
//! | `context_warp` | from a neighbouring clip to this one |
//! | [`loss`], `objective` | `L_c`, `L_f`, `L_t` and their weights |
//! | `preprocessing` | from a video file to the encoder's numbers |
//! | `locvtp`, [`model_directory`] | the whole, in memory and on disk |
//! | `two_passes`, `branch` | a training step in bounded memory |
//! | `encoder_cost`, `step_memory`, `parameter_counts` | what a step works and holds, said before it is done |
//! | `weight_count` | whether weights can fill a model, told before memory is taken for it |
//! | `parameter_gradients` | what the optimiser reads |
//! | `model_part`, `frozen_parts` | parts of the model by name, and those that learn nothing |
//! | `training_words` | which words training has shown |
//! | `start_weights` | what training begins with |
//! | [`weights`] | parameters by name; checkpoints of others |
//! | `initialiser` | random weights from a seed |
//! | [`layers`], [`recurrent`] | what heads are made of, with PyTorch's parameter names |
//! | [`ops`] | operations with kernels of their own |
//!
//! Axes, everywhere in this crate: `b` videos (or sentences), `t` clips, `f` frames, `p` patches,
//! `n` words or tokens, `d` encoder width, `e` joint width, `h` heads, `k` matches, `r` rows of
//! whatever was flattened.

mod bert;
mod branch;
mod byte_pair_tokenizer;
mod c3d;
mod clip;
mod clip_bytes;
mod clip_feature;
mod clip_patches;
mod clip_source;
mod context_warp;
mod correspondence;
mod dinov2;
mod distilbert;
mod encoder_cost;
mod error;
mod frozen_parts;
mod initialiser;
mod kind_schema;
mod kind_section;
pub mod layers;
mod locvtp;
pub mod loss;
pub mod model_directory;
mod model_part;
mod objective;
mod objective_file;
mod objective_schema;
pub mod ops;
mod parameter_counts;
mod parameter_gradients;
mod post_norm_block;
mod preprocessing;
mod projection;
pub mod recurrent;
mod sentence_feature;
mod sentence_piece_file;
mod setting_check;
mod siglip;
mod siglip_text;
mod special_tokens;
mod start_weights;
mod step_memory;
mod text_encoder;
mod text_tower;
mod timesformer;
mod token_batch;
mod tokenizer;
mod training_words;
mod two_passes;
mod video_encoder;
mod video_tower;
mod weight_count;
pub mod weights;
mod wordpiece_vocabulary;

/// The encoders of videos and of texts, each with its sizes.
pub mod encoders {
    pub use crate::bert::{Bert, BertConfig, TokenPooling};
    pub use crate::c3d::{C3d, C3dConfig};
    pub use crate::clip::{
        Activation, ClipText, ClipTextConfig, ClipTime, ClipVision, ClipVisionConfig,
    };
    pub use crate::dinov2::{Dinov2, Dinov2Config};
    pub use crate::distilbert::{DistilBert, DistilBertConfig};
    pub use crate::siglip::{SiglipText, SiglipTextConfig, SiglipVision, SiglipVisionConfig};
    pub use crate::timesformer::{TemporalInit, TimeSformer, TimeSformerBlock, TimeSformerConfig};
}

pub use burn::tensor::Device;
pub use clip_bytes::ClipBytes;
pub use clip_feature::ClipFeature;
pub use clip_patches::{ClipPatches, PixelNormalisation};
pub use clip_source::ClipSource;
pub use context_warp::{ContextWarp, ContextWarpConfig};
pub use correspondence::{Correspondence, CorrespondenceConfig, CorrespondenceRule};
pub use error::ModelError;
pub use initialiser::Initialiser;
pub use locvtp::{LocVtp, LocVtpConfig};
pub use model_directory::ModelDirectory;
pub use model_part::{ModelPart, Tower};
pub use objective::{Objective, WeightSchedule};
pub use parameter_counts::{Learning, ParameterCounts};
pub use parameter_gradients::ParameterGradients;
pub use preprocessing::{Fit, Preprocessing};
pub use projection::{Projection, ProjectionConfig, ProjectionKind};
pub use sentence_feature::SentenceFeature;
pub use start_weights::{StartWeights, read_start_weights};
pub use step_memory::{BatchSize, Passes, StepMemory};
pub use text_encoder::TextEncoderConfig;
pub use token_batch::TokenBatch;
pub use tokenizer::{SentenceTokenizer, SentenceTokens};
pub use training_words::{TRAINING_WORDS_FILE, TrainingWords, words_of};
pub use two_passes::{EmbeddingGradients, FirstPass, MicroBatches};
pub use video_encoder::VideoEncoderConfig;
