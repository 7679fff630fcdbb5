//! Files that can change nothing are not looked into, and nothing changes by that.

use std::sync::Arc;

use locvtp_finder::{Finder, IndexSampling, Question, model_record};
use locvtp_search::catalogue::{Access, Catalogue, NewVideo, SqliteCatalogue};
use locvtp_search::identity::{ContentIdentity, Look};
use locvtp_search::segment::{VectorBatch, VectorKind};
use locvtp_video::randomness::{finalise, unit};
use locvtp_video::{Seconds, TimeSpan};

use crate::made::Made;

const FILES: u64 = 120;
const CLIPS: u64 = 40;

/// Scenes of five clips that are nearly alike, in files that are not there.
fn generated(made: &Made) -> Finder {
    let embedder = made.embedder();
    let record = model_record(&embedder, made.model.path(), IndexSampling::default()).unwrap();
    let catalogue = SqliteCatalogue::open(&made.path(".locvtp"), Access::WRITE).unwrap();
    let generation = catalogue.generation(&record).unwrap();
    let draw = |key: u64, place: u32| unit(finalise(finalise(key) ^ u64::from(place))) as f32 - 0.5;
    for file in 0..FILES {
        let mut clips = VectorBatch::new(record.width as usize);
        for clip in 0..CLIPS {
            let (scene, own) = (file * 1000 + clip / 5, file * 1000 + 500 + clip);
            let vector: Vec<f32> = (0..record.width)
                .map(|place| draw(scene, place) + 0.2 * draw(own, place))
                .collect();
            clips.push(&vector, TimeSpan::new(clip as f64, clip as f64 + 1.0)).unwrap();
        }
        let path = made.path(&format!("{file}.mp4"));
        let video = NewVideo {
            file: None,
            identity: ContentIdentity { size: 1, sample: u128::from(file), whole: None },
            look: Look { path, size: 1, modified_ns: 0, changed_ns: 0 },
            duration: Seconds(CLIPS as f64),
            note: None,
            vectors: vec![(VectorKind::Clip, clips)],
            cues: vec![],
        };
        catalogue.add_video(generation, &video).unwrap();
    }
    Finder::open(Arc::new(catalogue), embedder, made.model.path()).unwrap()
}

#[test]
fn a_few_moments_are_the_first_of_all() {
    let made = Made::new();
    let finder = generated(&made);
    for sentence in ["a red square moves left", "a a", "square", "left a red"] {
        let of = |top: usize| finder.find(&Question { top, ..Question::of(sentence) }).unwrap();
        // So many are asked for that every file is looked into.
        let all = of(100_000);
        assert!(all.hits.len() > FILES as usize, "{}", all.hits.len());
        for top in [1, 7, 30] {
            let few = of(top);
            assert_eq!(few.hits, all.hits[..top], "{sentence}, {top}");
            assert_eq!(few.verdict, all.verdict);
        }
    }
}
