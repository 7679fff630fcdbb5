//! The model of LocVTP: clips and words in, one joint space out, and the losses that shape it.
//!
//! What comes in are clips cut into patches ([`ClipPatches`]) and sentences as tokens
//! ([`TokenBatch`]); what goes out are [`loss::VideoTextEmbeddings`], and from them
//! [`loss::Losses`].
//!
//! | module | one idea |
//! |---|---|
//! | [`video_encoder`], `video_tower` | which video encoder: [`timesformer`], [`clip`], [`c3d`]; what each must do |
//! | [`text_encoder`], `text_tower` | which text encoder: [`distilbert`], [`clip`]; what each must do |
//! | [`tokenizer`] | the words of a sentence |
//! | [`projection`] | from the encoders into the joint space |
//! | [`correspondence`] | which words belong to a clip |
//! | [`context_warp`] | from a neighbouring clip to this one |
//! | [`loss`], [`objective`] | `L_c`, `L_f`, `L_t` and their weights |
//! | [`preprocessing`] | from a video file to the encoder's numbers |
//! | [`locvtp`], [`model_directory`] | the whole, in memory and on disk |
//! | [`training_words`] | which words training has shown |
//! | [`start_weights`] | what training begins with |
//! | [`initialiser`] | random weights from a seed |
//! | [`layers`], [`recurrent`] | what heads are made of, with PyTorch's parameter names |
//! | [`ops`] | operations with kernels of their own |
//!
//! Axes, everywhere in this crate: `b` videos (or sentences), `t` clips, `f` frames, `p` patches,
//! `n` words or tokens, `d` encoder width, `e` joint width, `h` heads, `k` matches, `r` rows of
//! whatever was flattened.

mod byte_pair_tokenizer;
pub mod c3d;
pub mod clip;
mod clip_feature;
mod clip_patches;
pub mod context_warp;
pub mod correspondence;
pub mod distilbert;
mod error;
pub mod initialiser;
mod kind_schema;
mod kind_section;
pub mod layers;
pub mod locvtp;
pub mod loss;
pub mod model_directory;
pub mod objective;
mod objective_file;
mod objective_schema;
pub mod ops;
pub mod preprocessing;
pub mod projection;
pub mod recurrent;
mod setting_check;
pub mod start_weights;
pub mod text_encoder;
mod text_tower;
pub mod timesformer;
mod token_batch;
pub mod tokenizer;
pub mod training_words;
pub mod video_encoder;
mod video_tower;
pub mod weights;
mod wordpiece_vocabulary;

pub use burn::tensor::Device;
pub use clip_feature::ClipFeature;
pub use clip_patches::{ClipPatches, PixelNormalisation};
pub use error::ModelError;
pub use locvtp::{LocVtp, LocVtpConfig};
pub use model_directory::ModelDirectory;
pub use preprocessing::{Fit, Preprocessing};
pub use text_encoder::TextEncoderConfig;
pub use token_batch::TokenBatch;
pub use video_encoder::VideoEncoderConfig;
