//! Through an index the numbers are those of `ground` and of the evaluation of held-out videos.

use locvtp_corpus::{SyntheticConfig, synthesize};
use locvtp_finder::{IndexSampling, Indexer, Question};
use locvtp_measure::MomentDecoder;
use locvtp_transfer::synthetic::{EmbeddedSplit, EmbeddedVideo};
use locvtp_transfer::{ClipScore, JointVector, dot};

use crate::made::Made;

/// A number is kept to 1/131068 of a step, which is 1/127 of the largest of its vector, so a cosine of
/// vectors of unit length is off by less than the rounding of its own sum.
const ROUNDING: f32 = 2e-6;

/// Sixteen held-out videos of six seconds, indexed, and the same as the evaluation has them.
fn split(made: &Made) -> EmbeddedSplit {
    let config = SyntheticConfig {
        train_videos: 1,
        seen_videos: 16,
        new_videos: 1,
        width: 32,
        height: 32,
        duration_s: 6.0,
        min_events: 2,
        max_events: 2,
        min_event_s: 2.0,
        ..SyntheticConfig::default()
    };
    let corpus = made.model.path().join("corpus");
    synthesize(&config, &corpus, &|_, _| {}).unwrap();
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let sampling = IndexSampling::default();
    let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let summary = indexer.add(&[corpus.join("seen/videos")], &mut ()).unwrap();
    assert_eq!(summary.num_added, 16);
    EmbeddedSplit::embed(&embedder, &corpus.join("seen")).unwrap()
}

/// The best score of any clip.
fn best(clips: &[JointVector], sentence: &[f32]) -> f32 {
    clips.iter().map(|clip| dot(clip, sentence)).fold(f32::NEG_INFINITY, f32::max)
}

#[test]
fn clips_scores_and_moments_are_those_of_the_evaluation() {
    let made = Made::new();
    let split = split(&made);
    let finder = made.finder();
    let files = finder.catalogue().files().unwrap();
    let decoder = MomentDecoder::default();
    let mut num_asked = 0;
    for video in &split.videos {
        let path = video.path.canonicalize().unwrap();
        let file = files.iter().find(|file| file.looks[0].path == path).unwrap();
        for (query, event) in video.queries.iter().zip(&video.truth.events) {
            for score in [ClipScore::Sentence, ClipScore::Words { num_matches: 3 }] {
                let question =
                    Question { score, per_file: decoder.top, ..Question::of(&event.query) };
                let found = finder.scores(&question, file.track.unwrap()).unwrap().unwrap();
                let exact = score.scores(&video.embedding, query);
                let moments = decoder.decode(&video.embedding.spans, &exact).unwrap();
                for (found, exact) in found.scores.iter().zip(exact) {
                    assert!((found - exact).abs() < ROUNDING, "{found} {exact}");
                }
                let times: Vec<_> = found.moments.iter().map(|moment| moment.span).collect();
                let exact: Vec<_> = moments.iter().map(|moment| moment.span).collect();
                assert_eq!(times, exact);
                num_asked += 1;
            }
        }
    }
    assert_eq!(num_asked, 64);
}

#[test]
fn videos_are_ranked_by_their_best_clip_as_in_full_precision() {
    let made = Made::new();
    let split = split(&made);
    let finder = made.finder();
    let (mut num_asked, mut as_before, mut of_exact) = (0, 0, 0);
    let events = split.videos.iter().flat_map(|video| &video.truth.events);
    for text in events.map(|event| event.query.as_str()) {
        let sentence = &finder.embedder().embed_sentences(&[text]).unwrap()[0].sentence;
        let worth = |video: &&EmbeddedVideo| best(&video.embedding.clips, sentence);
        let mut order: Vec<&EmbeddedVideo> = split.videos.iter().collect();
        order.sort_by(|one, other| worth(other).total_cmp(&worth(one)));
        let question = Question { per_file: 1, ..Question::of(text) };
        let hits = finder.find(&question).unwrap().hits;
        assert_eq!(hits.len(), 10);
        for (hit, exact) in hits.iter().zip(&order) {
            let video = split.videos.iter().find(|video| hit.path.ends_with(file_name(video)));
            // Where the order differs, rounding cannot tell the two apart.
            assert!((worth(&video.unwrap()) - worth(exact)).abs() < 2.0 * ROUNDING, "{hit:?}");
            as_before += usize::from(hit.path.ends_with(file_name(exact)));
            let is_among = order[..10].iter().any(|video| hit.path.ends_with(file_name(video)));
            of_exact += usize::from(is_among);
            num_asked += 1;
        }
    }
    let share = |count: usize| count as f64 / f64::from(num_asked);
    assert!(share(of_exact) > 0.98 && share(as_before) > 0.9, "{of_exact} {as_before} {num_asked}");
}

fn file_name(video: &EmbeddedVideo) -> &std::ffi::OsStr {
    video.path.file_name().unwrap()
}
