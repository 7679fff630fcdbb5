//! How the programs of a kind of checkpoint make its pictures and clips, where no file says so (§A.2 of our
//! specification).

use locvtp_video::{Interpolation, Scaling};

use crate::Fit;
use crate::clip_patches::PixelNormalisation;

/// The pictures of a kind's programs.
#[derive(Debug)]
pub(crate) struct UsualPictures {
    /// Whose way it is, for people.
    pub(crate) whose: &'static str,
    pub(crate) normalisation: PixelNormalisation,
    /// What the short side, or both, are scaled to before a square is cut, pixels.
    pub(crate) short_side: fn(usize) -> usize,
    pub(crate) fit: Fit,
    pub(crate) interpolation: Interpolation,
    pub(crate) scaling: Scaling,
    /// Seconds of a clip, where all its programs have the same; 0 takes frames that follow one another.
    pub(crate) clip_seconds: Option<f64>,
}
