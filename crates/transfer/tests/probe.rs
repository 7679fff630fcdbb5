//! The probes on features that are made up: what says where it is, is found; what does not, is not.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::path::Path;

use locvtp_features::{FeatureStore, Provenance, VideoSource};
use locvtp_model::Device;
use locvtp_transfer::results::TaskResult;
use locvtp_transfer::tasks::TaskFile;
use locvtp_video::TimeSpan;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const VIDEOS: usize = 40;
const CLIPS: usize = 12;
const WIDTH: usize = 6;

/// What features are made up of.
#[derive(Clone, Copy, PartialEq)]
enum Made {
    /// Noise alone.
    Noise,
    /// One number that grows from clip to clip.
    Placed,
    /// Numbers that grow or fall from clip to clip, which of both is another toss in every video: a
    /// clip says nothing of its place, and two say how far apart they are.
    Drifting,
}

fn features(path: &Path, made: Made) {
    let provenance = Provenance { space: "backbone".into(), ..Provenance::default() };
    let mut store = FeatureStore::open(path, "c3d_features", provenance, false).unwrap();
    for video in 0..VIDEOS {
        let spans: Vec<TimeSpan> =
            (0..CLIPS).map(|clip| TimeSpan::new(clip as f64, clip as f64 + 1.0)).collect();
        let random = &mut ChaCha8Rng::seed_from_u64(video as u64);
        let ways: Vec<f32> =
            (0..WIDTH).map(|_| if random.random_bool(0.5) { 1.0 } else { -1.0 }).collect();
        let mut number = |clip: usize, place: usize| {
            let noise = random.random_range(-1.0..1.0f32);
            match made {
                Made::Placed if place == 0 => clip as f32 + 0.1 * noise,
                Made::Drifting => ways[place] * (clip as f32 - 5.5) + 0.1 * noise,
                Made::Noise | Made::Placed => noise,
            }
        };
        let places = (0..CLIPS).flat_map(|clip| (0..WIDTH).map(move |place| (clip, place)));
        let values: Vec<f32> = places.map(|(clip, place)| number(clip, place)).collect();
        let id = format!("v{video:02}");
        store.push(&id, &spans, &values).unwrap();
        let source = VideoSource {
            path: format!("{id}.mp4"),
            bytes: 1,
            duration_s: CLIPS as f64,
            ..Default::default()
        };
        store.video_done(&id, source).unwrap();
    }
    store.finish().unwrap();
}

fn run(task: &str, made: Made) -> TaskResult {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.safetensors");
    features(&file, made);
    let path = folder.path().join("task.toml");
    let text = format!(
        "task = {task:?}\nsamples_per_video = 24\n[features]\nfile = {file:?}\n[training]\n\
         seeds = [0]\nepochs = 30\nbatch = 32\n[training.optimizer]\nlearning_rate = 1e-2\n"
    );
    std::fs::write(&path, text).unwrap();
    let task = TaskFile::read(&path, &[]).unwrap();
    task.run(&folder.path().join("run"), false, &Device::flex(), &mut ()).unwrap()
}

#[test]
fn an_order_that_is_written_in_the_clips_is_found_and_meaningless_labels_are_not() {
    let found = run("order_probe", Made::Placed);
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
    let order = run("order_probe", Made::Noise);
    for head in ["linear", "vcop"] {
        let accuracy = order.spread(&format!("accuracy, {head}")).unwrap().mean;
        assert!(accuracy < 30.0, "{head}: {accuracy}");
    }
    let distance = run("distance_probe", Made::Noise);
    for head in ["linear", "vcop"] {
        let accuracy = distance.spread(&format!("accuracy, {head}")).unwrap().mean;
        assert!(accuracy < 28.0, "{head}: {accuracy}");
    }
}

/// Accuracy and mean absolute error of a head of the distance probe, and the error of one answer to
/// every question.
fn distance(found: &TaskResult, head: &str) -> [f64; 3] {
    let mean = |name: &str| found.spread(&format!("{name}, {head}")).unwrap().mean;
    let constant = found.references.get("one answer to all: mean absolute error in positions");
    [mean("accuracy"), mean("mean absolute error in positions"), constant.unwrap()]
}

#[test]
fn a_distance_that_is_written_in_the_clips_is_found() {
    let found = run("distance_probe", Made::Placed);
    for head in ["linear", "vcop"] {
        let [accuracy, error, constant] = distance(&found, head);
        // Seven answers: chance 14.3. Both heads tell ordered distances apart.
        assert!(accuracy > 30.0 && error < constant, "{head}: {accuracy} {error}");
    }
}

#[test]
fn a_distance_that_only_a_comparison_shows_is_found_by_the_head_that_compares() {
    let found = run("distance_probe", Made::Drifting);
    let [accuracy, error, constant] = distance(&found, "vcop");
    assert!(accuracy > 40.0 && error < constant, "vcop: {accuracy} {error}");
    let [accuracy, _, _] = distance(&found, "linear");
    assert!(accuracy < 28.0, "linear: {accuracy}");
}
