//! Pictures that do not differ from the one before: an encoder need not see them.

use std::collections::HashMap;

/// Levels of 255 by which no colour of a pixel may differ. A still scene is coded anew at every key frame
/// and comes back a level or two off.
const LEVELS: u8 = 2;

/// Of each video in work the picture that went to the encoder last, and its feature.
#[derive(Default)]
pub(crate) struct Stills {
    last: HashMap<usize, (Vec<u8>, Vec<f32>)>,
}

impl Stills {
    /// Whether a picture can be taken for the one of its video that was encoded last; one that cannot is
    /// that one from now on. Compared is with what was encoded, so a slow change is not missed.
    pub(crate) fn is_still(&mut self, video: usize, rgb: &[u8]) -> bool {
        let is_near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= LEVELS;
        if let Some((last, _)) = self.last.get(&video)
            && last.len() == rgb.len()
            && last.iter().zip(rgb).all(is_near)
        {
            return true;
        }
        self.last.insert(video, (rgb.to_vec(), Vec::new()));
        false
    }

    /// Notes the feature of the picture that was encoded last.
    pub(crate) fn encoded(&mut self, video: usize, feature: &[f32]) {
        if let Some((_, kept)) = self.last.get_mut(&video) {
            feature.clone_into(kept);
        }
    }

    /// The feature that is taken over.
    pub(crate) fn feature(&self, video: usize) -> Vec<f32> {
        self.last.get(&video).map(|(_, feature)| feature.clone()).unwrap_or_default()
    }

    /// Forgets a video that is done.
    pub(crate) fn forget(&mut self, video: usize) {
        self.last.remove(&video);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_change_is_compared_with_what_was_encoded() {
        let mut stills = Stills::default();
        let picture = |level: u8| [level; 12];
        assert!(!stills.is_still(0, &picture(100)));
        assert!(!stills.is_still(1, &picture(100)), "of another video");
        stills.encoded(0, &[0.5, 0.5]);
        assert!(stills.is_still(0, &picture(102)) && stills.is_still(0, &picture(98)));
        assert_eq!(stills.feature(0), [0.5, 0.5]);
        // A level at a time: the third is another picture.
        assert!(stills.is_still(0, &picture(101)) && stills.is_still(0, &picture(102)));
        assert!(!stills.is_still(0, &picture(103)));
        assert!(!stills.is_still(0, &picture(100)));
        stills.forget(0);
        assert!(!stills.is_still(0, &picture(100)));
    }
}
