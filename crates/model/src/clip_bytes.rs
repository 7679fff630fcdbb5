//! Clips as a loader keeps them: bytes in the order of the patches. They take a quarter of the memory of the
//! numbers that an encoder reads, and are made into these when it reads them.

use std::ops::Range;

use burn::tensor::Device;
use rayon::prelude::*;

use crate::clip_patches::{ClipPatches, PixelNormalisation};

/// Clips of one form, cut into patches, as bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipBytes {
    /// `[b, p, f, c s s]` as [`ClipPatches::values`].
    bytes: Vec<u8>,
    /// Where only some patches of each clip are there: their positions in the grid, `p` for each clip.
    kept: Option<Vec<usize>>,
    num_clips: usize,
    /// Frames, height, width.
    form: [usize; 3],
    patch_size: usize,
    normalisation: PixelNormalisation,
}

impl ClipBytes {
    /// No clip yet, with room for `num_clips` of `form` (frames, height, width).
    ///
    /// # Panics
    /// When the sides are not multiples of `patch_size`.
    pub fn with_capacity(
        num_clips: usize,
        form: [usize; 3],
        patch_size: usize,
        normalisation: PixelNormalisation,
    ) -> Self {
        let [f, height, width] = form;
        assert!(
            height % patch_size == 0 && width % patch_size == 0,
            "{height} x {width} pixels, patches of {patch_size}"
        );
        let bytes = Vec::with_capacity(num_clips * f * height * width * 3);
        Self { bytes, kept: None, num_clips: 0, form, patch_size, normalisation }
    }

    /// Adds whole clips of RGB bytes, `[b, f, height, width, 3]`.
    ///
    /// # Panics
    /// When `rgb` is not whole clips, or some patches of the clips before were left out.
    pub fn push(&mut self, rgb: &[u8]) {
        assert!(self.kept.is_none(), "clips of all patches behind clips of some");
        self.num_clips += ClipPatches::cut_bytes(&mut self.bytes, rgb, self.form, self.patch_size);
    }

    /// Adds the patches of one clip that lie at these positions of the grid.
    ///
    /// # Panics
    /// When `rgb` is not one clip, a position is not in the grid, or other clips have another number of patches.
    pub fn push_some(&mut self, rgb: &[u8], positions: &[usize]) {
        let each = self.patch_bytes();
        let kept = self.kept.get_or_insert_default();
        assert_eq!(kept.len(), self.num_clips * positions.len(), "patches of the clips before");
        kept.extend(positions);
        let mut all = Vec::with_capacity(rgb.len());
        let added = ClipPatches::cut_bytes(&mut all, rgb, self.form, self.patch_size);
        assert_eq!(added, 1, "clips whose patches are chosen together");
        for position in positions {
            self.bytes.extend(&all[position * each..(position + 1) * each]);
        }
        self.num_clips += 1;
    }

    /// The bytes: `[b, p, f, c s s]` as [`ClipPatches::values`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where only some patches of each clip are there: their positions in the grid, as many for each clip.
    pub fn kept(&self) -> Option<&[usize]> {
        self.kept.as_deref()
    }

    /// Clips.
    pub fn num_clips(&self) -> usize {
        self.num_clips
    }

    /// Frames of every clip.
    pub fn num_frames(&self) -> usize {
        self.form[0]
    }

    /// Patches of every clip.
    pub fn num_patches(&self) -> usize {
        match &self.kept {
            Some(kept) => kept.len() / self.num_clips.max(1),
            None => self.grid().iter().product(),
        }
    }

    /// The clips of these places as an encoder takes them.
    ///
    /// # Panics
    /// When a place is not there.
    pub fn patches(&self, places: Range<usize>, device: &Device) -> ClipPatches {
        let (p, [f, height, width]) = (self.num_patches(), self.form);
        let each = p * self.patch_bytes();
        let values = self.numbers(&self.bytes[places.start * each..places.end * each]);
        let form = [places.len(), f, height, width];
        match &self.kept {
            None => ClipPatches::from_cut(values, form, self.patch_size, device),
            Some(kept) => {
                let kept = kept[places.start * p..places.end * p].to_vec();
                ClipPatches::from_kept(values, kept, form, self.patch_size, device)
            }
        }
    }

    /// Normalised; bytes begin with a patch.
    fn numbers(&self, bytes: &[u8]) -> Vec<f32> {
        let tables = self.normalisation.tables();
        let plane = self.patch_size * self.patch_size;
        let mut numbers = vec![0.0; bytes.len()];
        let planes = numbers.par_chunks_mut(plane).zip(bytes.par_chunks(plane)).enumerate();
        planes.with_min_len(PLANES_A_TASK).for_each(|(plane, (numbers, bytes))| {
            let table = &tables[plane % tables.len()];
            for (number, byte) in numbers.iter_mut().zip(bytes) {
                *number = table[usize::from(*byte)];
            }
        });
        numbers
    }

    fn grid(&self) -> [usize; 2] {
        [self.form[1] / self.patch_size, self.form[2] / self.patch_size]
    }

    /// Bytes of a patch in all frames.
    fn patch_bytes(&self) -> usize {
        self.form[0] * 3 * self.patch_size * self.patch_size
    }
}

/// Colour planes of patches that one task normalises: enough for the others not to wait for it.
const PLANES_A_TASK: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb(clips: usize) -> Vec<u8> {
        (0..clips * 2 * 4 * 6 * 3).map(|i| (i * 37 % 251) as u8).collect()
    }

    fn normalisation() -> PixelNormalisation {
        PixelNormalisation { mean: [0.5, 0.25, 0.125], std: [0.5, 0.25, 1.0] }
    }

    fn values(clips: &ClipPatches) -> Vec<f32> {
        clips.values.clone().into_data().try_to_vec().unwrap()
    }

    #[test]
    fn bytes_become_the_numbers_that_cutting_gives() {
        let rgb = rgb(3);
        let mut clips = ClipBytes::with_capacity(3, [2, 4, 6], 2, normalisation());
        clips.push(&rgb[..rgb.len() / 3]);
        clips.push(&rgb[rgb.len() / 3..]);
        assert_eq!([clips.num_clips(), clips.num_patches(), clips.num_frames()], [3, 6, 2]);
        let expected = ClipPatches::cut(&rgb, [2, 4, 6], 2, &normalisation());
        let device = Device::flex();
        let found = clips.patches(0..3, &device);
        assert_eq!(found.values.dims(), [3, 6, 2, 12]);
        assert_eq!(values(&found), expected);
        assert_eq!(values(&clips.patches(1..2, &device)), expected[144..288]);
    }

    #[test]
    fn some_patches_are_those_at_their_places() {
        let rgb = rgb(2);
        let mut clips = ClipBytes::with_capacity(2, [2, 4, 6], 2, normalisation());
        let (first, second) = rgb.split_at(rgb.len() / 2);
        clips.push_some(first, &[5, 0]);
        clips.push_some(second, &[1, 2]);
        assert_eq!((clips.num_clips(), clips.num_patches()), (2, 2));
        let all = ClipPatches::cut(&rgb, [2, 4, 6], 2, &normalisation());
        let patch = |clip: usize, place: usize| &all[(clip * 6 + place) * 24..][..24];
        let found = clips.patches(0..2, &Device::flex());
        let expected = [patch(0, 5), patch(0, 0), patch(1, 1), patch(1, 2)].concat();
        assert_eq!(values(&found), expected);
        assert_eq!(found.kept.as_deref(), Some([5, 0, 1, 2].as_slice()));
        let second = clips.patches(1..2, &Device::flex());
        assert_eq!(second.kept.as_deref(), Some([1, 2].as_slice()));
        assert_eq!(values(&second), expected[48..]);
    }

    #[test]
    #[should_panic(expected = "are not whole clips")]
    fn a_part_of_a_clip_is_refused() {
        ClipBytes::with_capacity(1, [2, 4, 6], 2, normalisation()).push(&rgb(1)[1..]);
    }
}
