//! One batch over several processes.

use locvtp_corpus::Rank;
use locvtp_video::{Augmentation, SidePolicy};

use crate::small_corpus::*;

#[test]
fn several_processes_together_see_the_batch_of_one_bit_for_bit() {
    let mut experiment = experiment();
    experiment.augmentation =
        Augmentation { sides: SidePolicy::SwapWords, ..Augmentation::paper() };
    let alone = source(&experiment, Rank::ALONE);
    for world_size in [2, 4] {
        let ranks: Vec<_> =
            (0..world_size).map(|rank| source(&experiment, Rank::new(rank, world_size))).collect();
        for step in [0, 1, 5, 77] {
            let whole = alone.batch(step).unwrap();
            let parts: Vec<_> = ranks.iter().map(|rank| rank.batch(step).unwrap()).collect();
            let bytes: Vec<u8> =
                parts.iter().flat_map(|part| part.clips.bytes().to_vec()).collect();
            assert!(bytes == whole.clips.bytes(), "{world_size} processes, step {step}");
            let words = |tokens: &locvtp_model::TokenBatch| tokens.lengths.clone();
            let lengths: Vec<usize> = parts.iter().flat_map(|part| words(&part.tokens)).collect();
            assert_eq!(lengths, words(&whole.tokens));
            assert!(parts.iter().all(|part| part.shape[0] * world_size == whole.shape[0]));
        }
    }
}

#[test]
fn several_processes_replace_a_broken_video_as_one_does() {
    let copy = copy();
    let mut experiment = experiment();
    experiment.corpus.dir = copy.path().into();
    let whole = source(&experiment, Rank::ALONE).batch(3).unwrap();
    // The first two of the corpus are broken: not enough that a place runs out of its own.
    for file in &files(copy.path())[..2] {
        std::fs::write(file, "no video").unwrap();
    }
    let mut bad = 0;
    for step in 0..6 {
        let alone = source(&experiment, Rank::ALONE);
        let replaced = alone.batch(step).unwrap();
        bad += alone.new_bad_videos().len();
        let part = |rank| source(&experiment, Rank::new(rank, 2)).batch(step).unwrap();
        let parts = (0..2).flat_map(|rank| part(rank).clips.bytes().to_vec());
        assert!(parts.collect::<Vec<_>>() == replaced.clips.bytes(), "step {step}");
        assert_eq!(replaced.shape, if step == 3 { whole.shape } else { replaced.shape });
    }
    assert!(bad > 1, "only {bad} broken videos came up");
}
