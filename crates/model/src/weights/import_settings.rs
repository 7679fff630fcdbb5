//! What whoever imports a checkpoint says himself.

use std::path::PathBuf;

use locvtp_video::Interpolation;

use crate::clip::Activation;

/// What the checkpoints do not say. What a file beside a checkpoint says otherwise is an error.
#[derive(Clone, Debug, Default)]
pub struct ImportSettings {
    /// Side of the frames, pixels; `None` keeps the checkpoint's.
    pub image_size: Option<usize>,
    /// Frames of a clip; `None` keeps the checkpoint's, or 16; of a CLIP or SigLIP, which were trained on pictures, 1.
    pub num_frames: Option<usize>,
    /// Whether CLIP or SigLIP sees every frame of a clip alone, without attention over time, as it does where a clip
    /// is one frame.
    pub per_frame: bool,
    /// Attention heads of the video encoder.
    pub num_heads: Option<usize>,
    /// Attention heads of the text encoder.
    pub num_text_heads: Option<usize>,
    /// The bend of CLIP's blocks.
    pub activation: Option<Activation>,
    /// Added to the variance in the layer norms of TimeSformer, CLIP and SigLIP.
    pub epsilon: Option<f64>,
    /// open_clip's name of a CLIP of these sizes, which says heads and activation.
    pub preset: Option<String>,
    /// Subtracted from pixels from 0 to 1.
    pub mean: Option<[f32; 3]>,
    /// What pixels are divided by then.
    pub std: Option<[f32; 3]>,
    /// How pictures are scaled.
    pub interpolation: Option<Interpolation>,
    /// What the shorter side is scaled to before the middle is cut out, pixels.
    pub short_side: Option<usize>,
    /// Seconds of a clip; 0 takes frames that follow one another.
    pub clip_seconds: Option<f64>,
    /// Width of the joint space; `None` keeps that of the directory, or 256.
    pub projection_dim: Option<usize>,
    /// `tokenizer.json`, `vocab.txt`, `vocab.json` or `spiece.model`; `None` looks beside the checkpoint.
    pub tokenizer: Option<PathBuf>,
    /// What is drawn depends on it alone.
    pub seed: u64,
}
