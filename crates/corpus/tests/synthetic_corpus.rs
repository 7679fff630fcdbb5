//! The synthetic corpus as files: made, read back, and made again.
#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use locvtp_corpus::layouts::Taxonomy;
use locvtp_corpus::{
    Corpus, CorpusError, CorpusReader, FileLookup, HowTo100m, NarratedVideo, PairSampler,
    PairSettings, ReadSettings, Source, Split, Subset, SyntheticConfig, Truth, synthesize,
};
use locvtp_video::{FrameTransform, VideoReader};

fn small() -> SyntheticConfig {
    SyntheticConfig { train_videos: 7, seen_videos: 4, new_videos: 3, ..Default::default() }
}

fn made(config: &SyntheticConfig) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("corpus");
    synthesize(config, &out, &|_, _| {}).unwrap();
    (dir, out)
}

/// Every file under `dir` by its relative path.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(dir).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_same_config_gives_the_same_bytes_and_another_seed_gives_others() {
    let (_a, first) = made(&small());
    let (_b, second) = made(&small());
    let (first, second) = (files(&first), files(&second));
    let annotation = |path: &&PathBuf| path.starts_with("annotations");
    assert_eq!(first.keys().filter(|path| !annotation(path)).count(), 14 + 3 * 3 + 1);
    let differing: Vec<_> = first.keys().filter(|path| first[*path] != second[*path]).collect();
    assert!(differing.is_empty(), "{differing:?}");
    let (_c, other) = made(&SyntheticConfig { seed: 1, ..small() });
    let other = files(&other);
    let (mut equal, mut compared) = (Vec::new(), 0);
    for (path, bytes) in first.iter().filter(|(path, _)| !annotation(path)) {
        compared += 1;
        if other[path] == *bytes {
            equal.push(path.file_name().unwrap());
        }
    }
    assert_eq!(compared, 14 + 3 * 3 + 1);
    assert!(equal.iter().all(|name| *name == "HowTo100M_v1.csv"), "{equal:?}");
}

#[test]
fn splits_are_different_videos_under_one_seed() {
    let (_dir, out) = made(&small());
    let videos: Vec<_> = files(&out)
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|ending| ending == "mp4"))
        .map(|(_, bytes)| bytes)
        .collect();
    assert_eq!(videos.iter().collect::<BTreeSet<_>>().len(), 14);
}

#[test]
fn new_shows_only_combinations_that_train_and_seen_never_show() {
    let (_dir, out) = made(&SyntheticConfig {
        train_videos: 60,
        seen_videos: 20,
        new_videos: 20,
        duration_s: 18.0,
        frame_rate_hz: 4,
        width: 16,
        height: 16,
        ..SyntheticConfig::default()
    });
    let shown = |split: Split| -> BTreeSet<_> {
        let truth = Truth::read(&out.join(split.name())).unwrap();
        assert_eq!(truth.split, split);
        let events = truth.videos.into_iter().flat_map(|video| video.events);
        events.map(|event| (event.colour, event.shape, event.action)).collect()
    };
    let (train, seen, new) = (shown(Split::Train), shown(Split::Seen), shown(Split::New));
    assert!(new.is_disjoint(&train) && new.is_disjoint(&seen) && !new.is_empty());
    let config = SyntheticConfig::default();
    let count = |of: fn(&(usize, usize, usize)) -> usize| {
        train.iter().map(of).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(count(|c| c.0), config.num_colours);
    assert_eq!(count(|c| c.1), config.num_shapes);
    assert_eq!(count(|c| c.2), config.actions.len());
}

#[test]
fn what_is_written_is_read_as_any_howto100m_folder_and_pairs_come_out() {
    let (_dir, out) = made(&small());
    let (corpus, report) = HowTo100m::open(&out.join("train")).unwrap();
    assert_eq!(corpus.name(), "train");
    assert_eq!(report.videos, 7);
    assert!(report.dropped.is_empty(), "{report}");
    let settings = PairSettings { long_batch: 4, short_batch: 6, ..PairSettings::default() };
    let sampler = PairSampler::new(Arc::new(corpus), settings, 0).unwrap();
    for step in 0..20 {
        for pair in sampler.batch(step) {
            assert!(!pair.text.is_empty());
            assert!(pair.span.end.0 <= 24.0 && pair.span.duration().0 > 0.5);
        }
    }
}

#[test]
fn every_video_decodes_to_the_length_and_size_its_truth_and_config_say() {
    let config = small();
    let (_dir, out) = made(&config);
    for split in Split::ALL {
        let dir = out.join(split.name());
        let truth = Truth::read(&dir).unwrap();
        for video in &truth.videos {
            let path = dir.join("videos").join(format!("{}.mp4", video.id));
            let reader = VideoReader::open(&path).unwrap();
            assert_eq!((reader.info().width, reader.info().height), (48, 48));
            assert_eq!(reader.frame_table().len(), config.num_frames());
            assert!((reader.frame_table().end().0 - video.duration.0).abs() < 1e-3);
            assert_eq!(video.events[0].span.start.0, 0.0);
            assert_eq!(video.events.last().unwrap().span.end, video.duration);
            for pair in video.events.windows(2) {
                assert_eq!(pair[0].span.end, pair[1].span.start);
            }
        }
    }
}

#[test]
fn the_same_corpus_is_used_again_and_another_config_is_refused_with_the_key() {
    let (_dir, out) = made(&small());
    let before = files(&out);
    let report = synthesize(&small(), &out, &|_, _| panic!("rendered again")).unwrap();
    assert!(report.reused);
    assert_eq!(report.splits[0].videos, 7);
    let mut other = small();
    other.scene.camera_noise = 3.5;
    let error = synthesize(&other, &out, &|_, _| {}).unwrap_err().to_string();
    assert!(error.contains("config.scene.camera_noise") && error.contains("3.5"), "{error}");
    assert!(files(&out) == before);

    let gone = out.join("seen/videos/seen-000003.mp4");
    fs::remove_file(&gone).unwrap();
    let error = synthesize(&small(), &out, &|_, _| {}).unwrap_err().to_string();
    assert!(error.contains("seen-000003.mp4"), "{error}");
}

/// What the readers make of a part of `annotations/`.
fn annotated(out: &Path, name: &str, videos: Option<&Path>) -> Vec<(String, Vec<NarratedVideo>)> {
    let settings = ReadSettings { videos: videos.map(ToOwned::to_owned), ..Default::default() };
    let path = out.join("annotations").join(name);
    let reader = CorpusReader::new(&path, &settings, FileLookup::WhereThereIsAFolder).unwrap();
    let read = |source: &Source| {
        let mut videos = Vec::new();
        let report = reader.read(source, &mut videos).unwrap();
        assert!(report.dropped.is_empty(), "{}: {report}", source.path.display());
        (source.path.file_name().unwrap().to_string_lossy().into_owned(), videos)
    };
    reader.sources().iter().map(read).collect()
}

#[test]
fn the_truth_is_read_from_the_benchmarks_own_layouts_and_is_the_same_truth() {
    let (_dir, out) = made(&small());
    let truth: BTreeMap<String, locvtp_corpus::synthetic::TrueVideo> = Split::ALL
        .into_iter()
        .flat_map(|split| Truth::read(&out.join(split.name())).unwrap().videos)
        .map(|video| (video.id.clone(), video))
        .collect();
    let names = |read: &[(String, Vec<NarratedVideo>)]| -> Vec<(String, usize)> {
        read.iter().map(|(name, videos)| (name.clone(), videos.len())).collect()
    };

    let read = annotated(&out, "activitynet", Some(&out));
    let parts = [("test_new", 3), ("test_seen", 4), ("train", 6), ("val", 1)];
    let files = |ending: &str| parts.map(|(part, count)| (format!("{part}.{ending}"), count));
    assert_eq!(names(&read), files("json"));
    for video in read.iter().flat_map(|(_, videos)| videos) {
        let true_video = &truth[&video.id];
        assert!(video.media.path().is_file() && video.duration == Some(true_video.duration));
        let told = video.captions.iter().map(|caption| (caption.span, &caption.text));
        assert!(told.eq(true_video.events.iter().map(|event| (event.span, &event.query))));
    }

    let read = annotated(&out, "retrieval", None);
    assert_eq!(names(&read), files("jsonl"));
    for video in read.iter().flat_map(|(_, videos)| videos) {
        assert!(video.media.path().is_file());
        assert_eq!(video.captions[0].text, truth[&video.id].caption);
    }

    let read = annotated(&out, "coin", None);
    assert_eq!(names(&read), [("COIN_new.json".into(), 10), ("COIN_seen.json".into(), 11)]);
    let taxonomy = Taxonomy::read(&out.join("annotations/coin/taxonomy.csv")).unwrap();
    assert_eq!(taxonomy.steps.len(), 5 * 8);
    let mut classes = BTreeMap::<u32, BTreeSet<String>>::new();
    for video in read.iter().flat_map(|(_, videos)| videos) {
        let events = &truth[&video.id].events;
        let steps = events.iter().filter(|e| !["spin", "blink"].contains(&e.names[2].as_str()));
        assert!(video.captions.iter().map(|c| c.span).eq(steps.map(|event| event.span)));
        for caption in &video.captions {
            assert_eq!(taxonomy.steps[&caption.id].label, caption.text);
            let event = events.iter().find(|event| event.span == caption.span).unwrap();
            classes
                .entry(caption.id)
                .or_default()
                .insert(format!("{} {}", event.names[0], event.names[2]));
        }
    }
    assert!(classes.values().all(|what| what.len() == 1), "{classes:?}");

    let read = annotated(&out, "crosstask/crosstask_release", Some(&out));
    assert_eq!(names(&read)[0], ("annotations".into(), 14));
    assert_eq!(read[1].0, "crosstask_constraints");
    // What the videos of a task show of its steps, and the procedure that they follow.
    let mut tasks = BTreeMap::<String, (BTreeMap<u32, String>, BTreeSet<Option<usize>>)>::new();
    let release = out.join("annotations/crosstask/crosstask_release");
    for row in fs::read_to_string(release.join("videos.csv")).unwrap().lines() {
        let [task, id, file] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
        assert!(out.join(file).is_file(), "{file}");
        let video = read[0].1.iter().find(|video| video.id == id).unwrap();
        let (steps, procedures) = tasks.entry(task.to_owned()).or_default();
        procedures.insert(truth[id].procedure);
        let events = &truth[id].events;
        assert!(!video.captions.is_empty() && video.captions.len() <= 2, "{id}: {}", events.len());
        for caption in &video.captions {
            let event = events.iter().find(|event| event.query == caption.text).unwrap();
            assert_eq!(caption.span, event.span);
            let before = steps.insert(caption.id, caption.text.clone());
            assert!(before.is_none_or(|text| text == caption.text), "{task}: {}", caption.id);
        }
    }
    assert!(tasks.values().all(|(_, procedures)| procedures.len() == 1), "{tasks:?}");
    for video in &read[1].1 {
        for caption in &video.captions {
            let event = truth[&video.id].events.iter().find(|e| e.query == caption.text).unwrap();
            let off = (caption.span.start.0 - event.span.start.0).abs();
            assert!(off <= 0.51, "{off} s");
        }
    }
    let validation = read[0].1.iter().filter(|video| video.subset == Some(Subset::Validation));
    assert_eq!(validation.map(|video| video.id.as_str()).collect::<Vec<_>>(), ["train-000003"]);
}

#[test]
fn a_corpus_of_an_earlier_version_gets_its_annotations_and_keeps_the_rest() {
    let (_dir, out) = made(&small());
    let whole = files(&out);
    fs::remove_dir_all(out.join("annotations")).unwrap();
    fs::create_dir(out.join("annotations.partial")).unwrap();
    let report = synthesize(&small(), &out, &|_, _| panic!("rendered again")).unwrap();
    assert!(report.reused && files(&out) == whole);
    fs::write(out.join("annotations/README.md"), "format 0").unwrap();
    fs::write(out.join("annotations/coin/stale.json"), "{}").unwrap();
    synthesize(&small(), &out, &|_, _| panic!("rendered again")).unwrap();
    assert!(files(&out) == whole);
}

#[test]
fn a_corpus_without_procedures_has_no_tasks() {
    let config = SyntheticConfig { order: locvtp_corpus::Order::Random, ..small() };
    let (_dir, out) = made(&config);
    assert!(!out.join("annotations/crosstask").exists());
    assert!(out.join("annotations/coin/COIN_new.json").is_file());
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
    let error = synthesize(&small(), dir.path(), &|_, _| {}).unwrap_err();
    assert!(matches!(error, CorpusError::Occupied { .. }), "{error}");
    assert_eq!(files(dir.path()).len(), 1);
}

#[test]
fn what_a_killed_run_left_is_replaced_and_progress_counts_every_video() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("corpus");
    let partial = dir.path().join("corpus.partial");
    fs::create_dir_all(partial.join("train/videos")).unwrap();
    fs::write(partial.join("synthetic.json"), "{\"generator\": ").unwrap();
    fs::write(partial.join("train/videos/old.mp4"), "half").unwrap();
    fs::create_dir(&out).unwrap();
    let calls = AtomicUsize::new(0);
    let largest = AtomicUsize::new(0);
    synthesize(&small(), &out, &|done, total| {
        calls.fetch_add(1, Ordering::Relaxed);
        largest.fetch_max(done, Ordering::Relaxed);
        assert_eq!(total, 14);
    })
    .unwrap();
    assert_eq!((calls.into_inner(), largest.into_inner()), (14, 14));
    assert!(!partial.exists() && !out.join("train/videos/old.mp4").exists());
}

#[test]
fn a_stopped_call_is_gone_on_with_and_ends_in_the_bytes_of_one_that_was_not() {
    let (_whole, whole) = made(&small());
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("corpus");
    let stopped = std::panic::catch_unwind(|| {
        synthesize(&small(), &out, &|done, _| assert!(done < 5, "stopped here on purpose"))
    });
    assert!(stopped.is_err() && !out.exists());
    let partial = dir.path().join("corpus.partial");
    let finished = |folder: &Path| {
        let of =
            |split: &str| fs::read_dir(folder.join(split).join("videos")).into_iter().flatten();
        let videos = ["train", "seen", "new"].into_iter().flat_map(of);
        videos.map(|video| video.unwrap().path()).collect::<BTreeSet<_>>()
    };
    let before = finished(&partial);
    assert!(before.len() >= 4 && before.len() < 14, "{before:?}");
    // What an encoder that was killed leaves beside them.
    let half = partial.join("train/videos/.train-000006.mp4.partial-77-3");
    fs::write(&half, "half a video").unwrap();
    let told = std::sync::Mutex::new(Vec::new());
    let report = synthesize(&small(), &out, &|done, total| {
        told.lock().unwrap().push((done, total));
    })
    .unwrap();
    assert_eq!((report.kept, report.reused), (before.len(), false));
    let told = told.into_inner().unwrap();
    assert_eq!(told[0], (before.len(), 14), "those that are there count as done");
    assert_eq!(told.len(), 1 + 14 - before.len());
    assert!(!partial.exists() && files(&out) == files(&whole));

    // Videos of other settings are not taken for these, and not thrown away either.
    let other = SyntheticConfig { seed: 1, ..small() };
    fs::rename(&out, &partial).unwrap();
    let error = synthesize(&other, &out, &|_, _| panic!("nothing is made")).unwrap_err();
    let told = format!(
        "{}: holds an unfinished synthetic corpus of another config (`config.seed` is 0 there and 1 now)",
        partial.display()
    );
    assert!(error.to_string().starts_with(&told), "{error}");
    assert!(!out.exists() && files(&partial) == files(&whole));
}

#[test]
fn distractors_textures_and_drift_change_the_picture_and_nothing_that_is_told() {
    let plain = SyntheticConfig { train_videos: 2, seen_videos: 0, new_videos: 0, ..small() };
    let mut busy = plain.clone();
    busy.scene.distractors = 2;
    busy.scene.textured_background = true;
    busy.scene.brightness_drift = 15.0;
    let ((_a, plain), (_b, busy)) = (made(&plain), made(&busy));
    for file in ["train/caption.json", "train/truth.json"] {
        let read = |out: &Path| fs::read(out.join(file)).unwrap();
        assert_eq!(read(&plain), read(&busy), "{file}");
    }
    /// Standard deviation of the red levels of some frames.
    fn spread(out: &Path) -> f64 {
        let path = out.join("train/videos/train-000000.mp4");
        let mut reader = VideoReader::open(&path).unwrap();
        let pixels = reader.read_frames(&[0, 60, 120, 180], &FrameTransform::AsDecoded).unwrap();
        let levels: Vec<_> = pixels.data.iter().step_by(3).map(|level| f64::from(*level)).collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        let squares: f64 = levels.iter().map(|level| (level - mean).powi(2)).sum();
        (squares / levels.len() as f64).sqrt()
    }
    let (plain, busy) = (spread(&plain), spread(&busy));
    assert!(busy > plain + 5.0, "{plain} plain, {busy} busy");
}

#[test]
fn a_config_that_cannot_hold_names_both_settings_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("corpus");
    let config = SyntheticConfig { max_events: 9, ..small() };
    let error = synthesize(&config, &out, &|_, _| {}).unwrap_err().to_string();
    assert!(error.contains("max_events") && error.contains("duration_s"), "{error}");
    let config = SyntheticConfig { width: 50, ..small() };
    let error = synthesize(&config, &out, &|_, _| {}).unwrap_err().to_string();
    assert!(error.contains("`width`") && error.contains("50"), "{error}");
    assert!(!out.exists());
}
