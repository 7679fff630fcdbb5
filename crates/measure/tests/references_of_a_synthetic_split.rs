//! References over the truth of a split as the synthetic corpus writes it.

use locvtp_corpus::synthetic::{SyntheticConfig, Truth, synthesize};
use locvtp_measure::synthetic::{ClippedVideo, KnownAttributes, oracle_scores, references};
use locvtp_measure::{ReferenceSettings, wrong_queries};
use locvtp_video::TimeSpan;

#[test]
fn what_an_oracle_knows_more_of_it_grounds_better() {
    let dir = tempfile::tempdir().unwrap();
    let config = SyntheticConfig {
        train_videos: 1,
        seen_videos: 30,
        new_videos: 1,
        width: 16,
        height: 16,
        ..SyntheticConfig::default()
    };
    synthesize(&config, dir.path(), &|_, _| {}).unwrap();
    let truth = Truth::read(&dir.path().join("seen")).unwrap();

    // 24 s in clips of 1.5 s.
    let clips: Vec<TimeSpan> =
        (0..16).map(|t| TimeSpan::new(1.5 * f64::from(t), 1.5 * f64::from(t + 1))).collect();
    let videos: Vec<ClippedVideo<'_>> =
        truth.videos.iter().map(|truth| ClippedVideo { truth, clips: &clips }).collect();
    let (owners, events): (Vec<usize>, Vec<_>) = truth
        .videos
        .iter()
        .enumerate()
        .flat_map(|(video, truth)| truth.events.iter().map(move |event| (video, event)))
        .unzip();
    // A model that sees colours only, asked the wrong question.
    let wrong_scores: Vec<Vec<f32>> = wrong_queries(&owners, 0)
        .unwrap()
        .into_iter()
        .zip(&owners)
        .map(|(wrong, &video)| oracle_scores(videos[video], events[wrong], KnownAttributes::COLOUR))
        .collect();
    let found = references(&videos, &wrong_scores, &ReferenceSettings::default()).unwrap();

    assert_eq!(found.all_oracle.queries, events.len());
    assert!(found.random_interval.miou < found.wrong_query.miou);
    assert!(found.wrong_query.miou + 10.0 < found.colour_oracle.miou);
    assert!(found.colour_oracle.miou + 5.0 < found.colour_shape_oracle.miou);
    assert!(found.colour_shape_oracle.miou < found.all_oracle.miou);
    // Each end of an event is off by half a clip, 0.75 s, at most, and no event is shorter than
    // 3.5 s: where both ends fall short the IoU is (3.5 - 1.5) / 3.5 = 0.57, the least there is.
    assert_eq!(found.all_oracle.r1_iou50, 100.0);
    assert!(found.all_oracle.miou > 85.0, "{}", found.all_oracle.miou);
}
