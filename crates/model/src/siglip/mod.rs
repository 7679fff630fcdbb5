//! SigLIP 1, and SigLIP 2 at a fixed picture size: an image tower and a text tower with a joint space of their own.
//!
//! Zhai et al., arXiv:2303.15343; Tschannen et al., arXiv:2502.14786. Reference: Hugging Face's `SiglipModel`,
//! whose parameter names the fields carry and whose numbers the goldens hold. The blocks are CLIP's, with another bend;
//! what is different stands here: there is no class token, a probe pools a picture's patches by attention, a text is
//! always as long as the tower has places, sees all of itself, padding too, and is what stands at the last place.

pub(crate) mod checkpoint;
mod checkpoint_sizes;
mod config;
mod cost;
mod pooling_head;
mod text;
mod vision;

pub use config::{SiglipTextConfig, SiglipVisionConfig};
pub use text::SiglipText;
pub use vision::SiglipVision;
