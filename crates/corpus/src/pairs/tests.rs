//! What the pairs of a small made-up narration look like.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::corpus::NarratedVideo;

struct Narration(Vec<NarratedVideo>);

impl Corpus for Narration {
    fn name(&self) -> &str {
        "narration"
    }

    fn videos(&self) -> &[NarratedVideo] {
        &self.0
    }
}

/// `count` videos; caption `c` of each is told over `4 c .. 4 c + 3` seconds and reads
/// `v<video>c<caption>`.
fn narration(count: usize) -> Arc<dyn Corpus> {
    let caption = |video: usize, c: usize| {
        let span = TimeSpan { start: Seconds(4.0 * c as f64), end: Seconds(4.0 * c as f64 + 3.0) };
        Caption::new(span, format!("v{video}c{c}"))
    };
    Arc::new(Narration(
        (0..count)
            .map(|video| {
                let captions = (0..6).map(|c| caption(video, c)).collect();
                NarratedVideo::new(format!("{video}"), "a.mp4", captions)
            })
            .collect(),
    ))
}

fn settings() -> PairSettings {
    PairSettings { long_batch: 7, short_batch: 10, ..PairSettings::default() }
}

#[test]
fn a_batch_depends_on_seed_and_step_alone() {
    let first = PairSampler::new(narration(50), settings(), 3).unwrap();
    let forwards: Vec<_> = (0..60).map(|step| first.batch(step)).collect();
    let second = PairSampler::new(narration(50), settings(), 3).unwrap();
    for step in (0..60).rev() {
        assert_eq!(second.batch(step), forwards[step as usize], "step {step}");
    }
    let other = PairSampler::new(narration(50), settings(), 4).unwrap();
    assert_ne!(other.batch(0), forwards[0]);
}

#[test]
fn a_batch_holds_one_kind_and_no_video_twice() {
    let sampler = PairSampler::new(narration(23), settings(), 0).unwrap();
    for step in 0..200 {
        let batch = sampler.batch(step);
        assert!(batch.iter().all(|pair| pair.kind == sampler.kind(step)));
        assert_eq!(batch.len(), settings().batch_len(sampler.kind(step)));
        let videos: BTreeSet<_> = batch.iter().map(|pair| pair.video).collect();
        assert_eq!(videos.len(), batch.len());
    }
}

#[test]
fn an_epoch_visits_every_video_once_and_the_next_in_another_order() {
    let sampler = PairSampler::new(narration(21), settings(), 0).unwrap();
    assert_eq!(sampler.batches_per_epoch(SpanKind::Long), 3);
    let epoch = |epoch: u64| -> Vec<usize> {
        (0..3)
            .flat_map(|b| sampler.batch_of(SpanKind::Long, 3 * epoch + b))
            .map(|pair| pair.video)
            .collect()
    };
    let mut sorted = epoch(0);
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..21));
    assert_ne!(epoch(0), epoch(1));
}

#[test]
fn a_short_span_is_one_caption_and_trimming_keeps_at_least_half_of_it() {
    let trimmed = PairSettings { short_share: 1.0, short_trim_s: 0.4, ..settings() };
    let sampler = PairSampler::new(narration(20), trimmed, 0).unwrap();
    let mut told = BTreeMap::<String, usize>::new();
    for step in 0..200 {
        for pair in sampler.batch(step) {
            let c: f64 = pair.text.split('c').next_back().unwrap().parse().unwrap();
            assert!((pair.span.start.0 - (4.0 * c + 0.4)).abs() < 1e-9);
            assert!((pair.span.end.0 - (4.0 * c + 2.6)).abs() < 1e-9);
            *told.entry(pair.text).or_default() += 1;
        }
    }
    // 2,000 draws of 120 captions, about 17 each.
    assert_eq!(told.len(), 120);
    let wide = PairSettings { short_share: 1.0, short_trim_s: 9.0, ..settings() };
    let pair = &PairSampler::new(narration(20), wide, 0).unwrap().batch(0)[0];
    assert!((pair.span.end.0 - pair.span.start.0 - 1.5).abs() < 1e-9);
}

#[test]
fn a_long_span_joins_the_captions_it_overlaps_by_more_than_the_stated_amount() {
    let long = PairSettings { short_share: 0.0, ..settings() };
    let sampler = PairSampler::new(narration(20), long.clone(), 0).unwrap();
    for step in 0..100 {
        for pair in sampler.batch(step) {
            let TimeSpan { start, end } = pair.span;
            assert!(start.0 >= 0.0 && end.0 <= 23.0 + 1e-9);
            assert!((6.0 - 1e-9..=13.0 + 1e-9).contains(&(end.0 - start.0)));
            let expected: Vec<_> = (0..6)
                .filter(|&c| {
                    let (from, to) = (4.0 * f64::from(c), 4.0 * f64::from(c) + 3.0);
                    to.min(end.0) - from.max(start.0) > long.long_min_overlap_s
                })
                .map(|c| format!("v{}c{c}", pair.video))
                .collect();
            // Six seconds may hold one caption, two gaps, and too little of the captions beside it.
            assert!(!expected.is_empty());
            assert_eq!(pair.text, expected.join(" "));
        }
    }
}

#[test]
fn narration_shorter_than_a_long_span_is_taken_whole() {
    let long = PairSettings { short_share: 0.0, long_span_s: (60.0, 90.0), ..settings() };
    let pair = PairSampler::new(narration(20), long, 0).unwrap().batch(0).remove(0);
    assert_eq!(pair.span, TimeSpan { start: Seconds(0.0), end: Seconds(23.0) });
    assert_eq!(pair.text.split(' ').count(), 6);
}

#[test]
fn the_share_of_short_spans_is_the_one_set_and_higher_at_the_start() {
    let mixed = PairSettings {
        short_share: 0.25,
        short_share_start: 0.9,
        short_share_start_until_step: 2000,
        ..settings()
    };
    assert!((mixed.short_share_over(8000) - (0.25 * 0.9 + 0.75 * 0.25)).abs() < 1e-12);
    let sampler = PairSampler::new(narration(20), mixed, 0).unwrap();
    let share = |steps: std::ops::Range<u64>| {
        let len = (steps.end - steps.start) as f64;
        steps.filter(|&step| sampler.kind(step) == SpanKind::Short).count() as f64 / len
    };
    // Standard errors: 0.0067 and 0.0056.
    assert!((share(0..2000) - 0.9).abs() < 0.03);
    assert!((share(2000..8000) - 0.25).abs() < 0.025);
}

#[test]
fn a_batch_larger_than_the_corpus_is_refused_with_both_numbers() {
    let error = PairSampler::new(narration(8), settings(), 0).unwrap_err().to_string();
    assert!(error.contains("pairs.short_batch") && error.contains("10") && error.contains('8'));
    let only_long = PairSettings { short_share: 0.0, ..settings() };
    assert!(PairSampler::new(narration(8), only_long, 0).is_ok());
    // Both at once, with what is to be typed.
    let error = PairSampler::new(narration(2), PairSettings::default(), 0).unwrap_err().to_string();
    let told = "`pairs.long_batch` is 16, but the corpus has 2 usable videos, and \
                `pairs.short_batch` is 32, but the corpus has 2 usable videos; add videos, or type it \
                again with --set pairs.long_batch=2 --set pairs.short_batch=2";
    assert_eq!(error, told);
    let error = PairSampler::new(narration(1), PairSettings::default(), 0).unwrap_err().to_string();
    assert!(error.ends_with("compared with each other, so 2 are the least"), "{error}");
}

#[test]
fn settings_that_contradict_are_named() {
    let wrong = PairSettings { long_min_overlap_s: 7.0, ..settings() };
    let error = PairSampler::new(narration(20), wrong, 0).unwrap_err().to_string();
    assert!(error.contains("long_min_overlap_s") && error.contains("long_span_s"), "{error}");
    let wrong = PairSettings { short_share: 1.5, ..settings() };
    let error = PairSampler::new(narration(20), wrong, 0).unwrap_err().to_string();
    assert!(error.contains("pairs.short_share") && error.contains("1.5"), "{error}");
}

#[test]
fn an_epoch_of_all_captions_takes_every_caption_once() {
    let all = PairSettings { captions_per_epoch: CaptionsPerEpoch::All, ..PairSettings::default() };
    // Videos of different lengths: 17 of 6 captions and one of 2, 104 in all.
    let mut videos = narration(18).videos().to_vec();
    videos[4].captions.truncate(2);
    let captions: BTreeSet<_> =
        videos.iter().flat_map(|video| &video.captions).map(|c| c.text.clone()).collect();
    let sampler =
        PairSampler::new(Arc::new(Narration(videos)), PairSettings { short_batch: 13, ..all }, 0)
            .unwrap();
    assert_eq!(sampler.batches_per_epoch(SpanKind::Short), 8);
    let epoch = |first: u64| {
        let pairs = (first..first + 8).flat_map(|nth| sampler.batch_of(SpanKind::Short, nth));
        pairs.map(|pair| pair.text).collect::<Vec<_>>()
    };
    let (first, second) = (epoch(0), epoch(8));
    assert_eq!(first.iter().cloned().collect::<BTreeSet<_>>(), captions);
    assert_eq!(first.len(), captions.len());
    assert_ne!(first, second);
    for pair in sampler.batch_of(SpanKind::Short, 3) {
        assert!(pair.text.starts_with(&format!("v{}c", pair.video)), "{pair:?}");
    }
}

#[test]
fn a_whole_video_of_unknown_length_is_refused_by_name() {
    let whole = Caption::new(TimeSpan::new(0.0, f64::INFINITY), "a fox");
    let video = NarratedVideo::new("fox", "fox.mp4", vec![whole]);
    let settings = PairSettings { long_batch: 1, short_batch: 1, ..PairSettings::default() };
    let refused = PairSampler::new(Arc::new(Narration(vec![video])), settings, 0);
    assert!(refused.unwrap_err().to_string().contains("fox"));
}

/// `count` videos, of which every third is a picture.
fn mixed(count: usize) -> Arc<dyn Corpus> {
    let mut videos = narration(count).videos().to_vec();
    for (i, video) in videos.iter_mut().enumerate().filter(|(i, _)| i % 3 == 0) {
        video.is_picture = true;
        video.captions.truncate(1);
        video.captions[0].text = format!("picture {i}");
    }
    Arc::new(Narration(videos))
}

#[test]
fn the_parts_of_all_ranks_are_the_batch_of_one_process() {
    let divisible = PairSettings { long_batch: 12, short_batch: 24, ..settings() };
    let alone = PairSampler::new(narration(50), divisible.clone(), 3).unwrap();
    for world_size in [1, 2, 3, 4, 6, 12] {
        let of_rank = |index| {
            let sampler = PairSampler::new(narration(50), divisible.clone(), 3).unwrap();
            sampler.of_rank(Rank::new(index, world_size)).unwrap()
        };
        let ranks: Vec<_> = (0..world_size).map(of_rank).collect();
        for step in [0, 1, 2, 7, 40, 1001] {
            let whole = alone.batch(step);
            let parts: Vec<_> =
                ranks.iter().flat_map(|r| r.batch(step)[r.part(step)].to_vec()).collect();
            assert_eq!(parts, whole, "{world_size} processes, step {step}");
            let each: BTreeSet<_> = ranks.iter().map(|rank| rank.part(step).len()).collect();
            assert_eq!(each.into_iter().collect::<Vec<_>>(), [whole.len() / world_size]);
        }
    }
}

#[test]
fn a_batch_that_does_not_divide_by_the_processes_is_refused_with_both_numbers() {
    let sampler = |settings| PairSampler::new(narration(50), settings, 0).unwrap();
    let uneven = PairSettings { long_batch: 12, short_batch: 10, ..settings() };
    let error = sampler(uneven.clone()).of_rank(Rank::new(0, 4)).unwrap_err().to_string();
    assert!(
        error.contains("`pairs.short_batch` is 10") && error.contains("4 processes"),
        "{error}"
    );
    // What never comes need not divide, and neither do pictures that are not there.
    let only_long = PairSettings { short_share: 0.0, picture_batch: 9, ..uneven };
    assert!(sampler(only_long).of_rank(Rank::new(3, 4)).is_ok());
}

#[test]
fn pictures_have_batches_of_their_own_as_often_as_they_are_many() {
    let settings = PairSettings { picture_batch: 5, ..settings() };
    let sampler = PairSampler::new(mixed(30), settings.clone(), 0).unwrap();
    let mut pictures = 0;
    for step in 0..2000 {
        let batch = sampler.batch(step);
        let kind = sampler.kind(step);
        assert!(batch.iter().all(|pair| pair.kind == kind));
        assert!(batch.iter().all(|pair| (pair.video % 3 == 0) == (kind == SpanKind::Picture)));
        if kind == SpanKind::Picture {
            pictures += 1;
            assert_eq!(batch.len(), 5);
            assert!(batch.iter().all(|pair| pair.text == format!("picture {}", pair.video)));
        }
    }
    // A third of 2000, standard deviation 21.
    assert!((580..=750).contains(&pictures), "{pictures} of 2000 steps");
    let epoch: BTreeSet<usize> = (0..2)
        .flat_map(|nth| sampler.batch_of(SpanKind::Picture, nth))
        .map(|pair| pair.video)
        .collect();
    assert_eq!(epoch, (0..30).step_by(3).collect());
    // 20 videos in batches of 7, 10 pictures in batches of 5.
    assert_eq!(sampler.steps_per_epoch(), 2 + 2);
    let asked = PairSettings { picture_share: Some(0.0), ..settings };
    let sampler = PairSampler::new(mixed(30), asked, 0).unwrap();
    assert!((0..500).all(|step| sampler.kind(step) != SpanKind::Picture));
}

#[test]
fn a_corpus_of_pictures_alone_needs_no_videos_and_one_of_videos_no_pictures() {
    let mut videos = mixed(30).videos().to_vec();
    videos.retain(|video| video.is_picture);
    let pictures: Arc<dyn Corpus> = Arc::new(Narration(videos));
    let few = PairSettings { picture_batch: 11, picture_share: Some(0.1), ..settings() };
    let error = PairSampler::new(Arc::clone(&pictures), few.clone(), 0).unwrap_err().to_string();
    assert!(error.contains("`pairs.picture_batch` is 11") && error.contains("10 usable pictures"));
    let sampler = PairSampler::new(pictures, PairSettings { picture_batch: 10, ..few }, 0).unwrap();
    assert!((0..100).all(|step| sampler.kind(step) == SpanKind::Picture));
    assert_eq!(sampler.steps_per_epoch(), 1);

    let share = PairSettings { picture_share: Some(0.9), ..settings() };
    let with_share = PairSampler::new(narration(30), share, 0).unwrap();
    let without = PairSampler::new(narration(30), settings(), 0).unwrap();
    assert!((0..100).all(|step| with_share.batch(step) == without.batch(step)));
}

#[test]
fn all_captions_are_those_of_videos_and_not_of_pictures() {
    let all = PairSettings { captions_per_epoch: CaptionsPerEpoch::All, ..settings() };
    let all = PairSettings { short_batch: 12, picture_batch: 5, ..all };
    let sampler = PairSampler::new(mixed(30), all, 0).unwrap();
    // 20 videos of 6 captions.
    let epoch: Vec<_> = (0..10).flat_map(|nth| sampler.batch_of(SpanKind::Short, nth)).collect();
    let told: BTreeSet<_> = epoch.iter().map(|pair| pair.text.clone()).collect();
    assert_eq!(told.len(), 120);
    assert!(epoch.iter().all(|pair| pair.text.starts_with(&format!("v{}c", pair.video))));
}

#[test]
fn each_place_of_a_batch_has_replacements_of_its_own() {
    let sampler = PairSampler::new(narration(100), settings(), 0).unwrap();
    let batch = sampler.batch_of(SpanKind::Long, 2);
    let in_batch: BTreeSet<_> = batch.iter().map(|pair| pair.video).collect();
    // 93 other videos for 7 places: 13 each, and two places have one more.
    let mut first = BTreeSet::new();
    for place in 0..7 {
        let all: Vec<_> = sampler.replacements(&batch, place).collect();
        first.extend(all[..13].iter().copied());
        let others: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!((all.len(), others.len()), (99, 99));
        assert!(!others.contains(&batch[place].video));
        assert!(all[..93].iter().all(|video| !in_batch.contains(video)));
    }
    assert_eq!(first.len(), 7 * 13);
}
