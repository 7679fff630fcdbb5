//! Clips that a step in two passes takes a few of at a time.

use std::ops::Range;

use burn::tensor::Device;

use crate::clip_bytes::ClipBytes;
use crate::clip_patches::ClipPatches;

/// The clips of a batch, of which some are asked for, twice.
pub trait ClipSource {
    /// Clips, patches of each, frames of each patch.
    fn sizes(&self) -> [usize; 3];

    /// The clips of these places.
    fn some(&self, places: Range<usize>, device: &Device) -> ClipPatches;
}

impl ClipSource for ClipPatches {
    fn sizes(&self) -> [usize; 3] {
        let [b, p, f, _] = self.values.dims();
        [b, p, f]
    }

    /// Without a copy, on the device where they are.
    fn some(&self, places: Range<usize>, _device: &Device) -> ClipPatches {
        ClipPatches::some(self, places)
    }
}

impl ClipSource for ClipBytes {
    fn sizes(&self) -> [usize; 3] {
        [self.num_clips(), self.num_patches(), self.num_frames()]
    }

    fn some(&self, places: Range<usize>, device: &Device) -> ClipPatches {
        self.patches(places, device)
    }
}
