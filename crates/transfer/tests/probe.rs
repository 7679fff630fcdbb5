//! The probes on features that are made up: what says where it is, is found; what does not, is not.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::path::Path;

use locvtp_features::{FeatureStore, Provenance, VideoSource};
use locvtp_model::Device;
use locvtp_transfer::task::{TaskFile, TaskResult};
use locvtp_video::TimeSpan;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const VIDEOS: usize = 40;
const CLIPS: usize = 12;
const WIDTH: usize = 6;

/// Noise, or with `placed` one number that grows from clip to clip.
fn features(path: &Path, placed: bool) {
    let mut store = FeatureStore::open(path, "c3d_features", Provenance::default(), false).unwrap();
    for video in 0..VIDEOS {
        let spans: Vec<TimeSpan> =
            (0..CLIPS).map(|clip| TimeSpan::new(clip as f64, clip as f64 + 1.0)).collect();
        let random = &mut ChaCha8Rng::seed_from_u64(video as u64);
        let mut number = |clip: usize, place: usize| {
            let noise = random.random_range(-1.0..1.0f32);
            if placed && place == 0 { clip as f32 + 0.1 * noise } else { noise }
        };
        let places = (0..CLIPS).flat_map(|clip| (0..WIDTH).map(move |place| (clip, place)));
        let values: Vec<f32> = places.map(|(clip, place)| number(clip, place)).collect();
        let id = format!("v{video:02}");
        store.push(&id, &spans, &values).unwrap();
        let source = VideoSource { path: format!("{id}.mp4"), bytes: 1, duration_s: CLIPS as f64 };
        store.video_done(&id, source).unwrap();
    }
    store.finish().unwrap();
}

fn run(task: &str, placed: bool) -> TaskResult {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.safetensors");
    features(&file, placed);
    let path = folder.path().join("task.toml");
    let text = format!(
        "task = {task:?}\nsamples_per_video = 24\n[features]\nfile = {file:?}\n[training]\n\
         seeds = [0]\nepochs = 30\nbatch = 32\n[training.optimizer]\nlearning_rate = 1e-2\n"
    );
    std::fs::write(&path, text).unwrap();
    let task = TaskFile::read(&path, &[]).unwrap();
    task.run(&folder.path().join("run"), false, &Device::flex(), &mut ()).unwrap().unwrap()
}

#[test]
fn an_order_that_is_written_in_the_clips_is_found_and_meaningless_labels_are_not() {
    let found = run("order_probe", true);
    // Six answers: chance 16.7. The test has 8 videos of 24 questions: a spread of 2.7 at chance.
    for head in ["linear", "vcop"] {
        let name = format!("accuracy, {head}");
        let accuracy = found.spread(&name).unwrap().mean;
        assert!(accuracy > 60.0, "{name}: {accuracy}");
        let control = found.references.get(&format!("labels without meaning: {name}")).unwrap();
        assert!(control < 30.0, "{name}: {control}");
    }
    assert_eq!(found.counts["test videos"], 8);
}

#[test]
fn noise_says_nothing_of_order_or_distance() {
    let order = run("order_probe", false);
    for head in ["linear", "vcop"] {
        let accuracy = order.spread(&format!("accuracy, {head}")).unwrap().mean;
        assert!(accuracy < 30.0, "{head}: {accuracy}");
    }
    let distance = run("distance_probe", false).spread("accuracy, linear").unwrap().mean;
    assert!(distance < 28.0, "{distance}");
}

#[test]
fn a_distance_that_is_written_in_the_clips_is_found() {
    let found = run("distance_probe", true);
    let (accuracy, error) = (
        found.spread("accuracy, linear").unwrap().mean,
        found.spread("mean absolute error, positions").unwrap().mean,
    );
    let constant = found.references.get("one answer to all: mean absolute error, positions");
    // Seven answers: chance 14.3. A linear map of two numbers tells ordered distances apart.
    assert!(accuracy > 30.0 && error < constant.unwrap(), "{accuracy} {error}");
}
