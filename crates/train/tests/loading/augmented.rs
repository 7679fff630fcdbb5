//! Samples changed at random.

use locvtp_corpus::Rank;
use locvtp_train::PretrainBatch;
use locvtp_video::{Augmentation, ColourPolicy};

use crate::small_corpus::*;

fn batch(augmentation: Augmentation, cache_mib: usize) -> PretrainBatch {
    let mut experiment = experiment();
    experiment.augmentation = augmentation;
    experiment.loader.cache_mib = cache_mib;
    source(&experiment, Rank::ALONE).batch(2).unwrap()
}

/// The samples of a batch, `[t, p, f, 3, 16, 16]` each.
fn samples(batch: &PretrainBatch) -> Vec<&[u8]> {
    let bytes = batch.clips.bytes();
    bytes.chunks(bytes.len() / batch.shape[0]).collect()
}

#[test]
fn each_change_shows_in_the_pixels_and_none_of_them_without_being_asked_for() {
    let plain = batch(Augmentation::default(), 64);
    let crop = Augmentation { crop: Augmentation::paper().crop, ..Augmentation::default() };
    let colours = Augmentation {
        colour_jitter: Augmentation::paper().colour_jitter,
        colours: ColourPolicy::Keep,
        ..Augmentation::default()
    };
    for augmentation in [crop, colours] {
        let changed = batch(augmentation.clone(), 64);
        assert_eq!(changed, batch(augmentation, 0), "a remembered video changes nothing");
        assert_eq!((changed.shape, &changed.tokens), (plain.shape, &plain.tokens));
        let pairs = samples(&plain).into_iter().zip(samples(&changed)).collect::<Vec<_>>();
        assert!(pairs.iter().all(|(plain, changed)| plain != changed));
    }
    assert_eq!(plain, batch(Augmentation { flip: 0.0, ..Augmentation::default() }, 0));
}

#[test]
fn a_mirrored_sample_is_its_picture_mirrored_in_every_frame() {
    let plain = batch(Augmentation::default(), 64);
    // The narration of this corpus speaks of sides: they are left alone.
    let kept = batch(Augmentation { flip: 1.0, ..Augmentation::default() }, 64);
    let sides = locvtp_video::SidePolicy::Keep;
    let mirrored = batch(Augmentation { flip: 1.0, sides, ..Augmentation::default() }, 64);
    let (mut turned, mut left_alone) = (0, 0);
    for (i, (plain, changed)) in samples(&plain).into_iter().zip(samples(&mirrored)).enumerate() {
        // A patch is 2 x 2 of 16 x 16 in channels; column x of patch column c comes from 15 - x of
        // column 1 - c.
        let [_, _, frames] = mirrored.shape;
        let patch = 3 * 16 * 16;
        let at = |clip: usize, row: usize, column: usize, frame: usize, line: usize, x: usize| {
            (((clip * 2 + row) * 2 + column) * frames + frame) * patch + line * 16 + x
        };
        for clip in 0..mirrored.shape[1] {
            for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                for (frame, line, x) in [(0, 0, 0), (1, 20, 7), (1, 47, 15)] {
                    let from = plain[at(clip, row, 1 - column, frame, line, 15 - x)];
                    assert_eq!(changed[at(clip, row, column, frame, line, x)], from);
                }
            }
        }
        match samples(&kept)[i] {
            same if same == plain => left_alone += 1,
            same => {
                assert!(same == changed);
                turned += 1;
            }
        }
    }
    assert_eq!(turned + left_alone, plain.shape[0]);
}
