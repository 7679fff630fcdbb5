//! How the programs of a kind of checkpoint make its pictures, where no file says so (§A.2 of our
//! specification).

use locvtp_video::{Interpolation, Scaling};

use crate::clip_patches::PixelNormalisation;

/// The pictures of a kind's programs.
#[derive(Debug)]
pub(super) struct UsualPictures {
    /// Whose way it is, for people.
    pub(super) whose: &'static str,
    pub(super) normalisation: PixelNormalisation,
    /// What the short side is scaled to before the square of that side is cut, pixels.
    pub(super) short_side: fn(usize) -> usize,
    pub(super) interpolation: Interpolation,
    pub(super) scaling: Scaling,
}
