//! A CLIP that sees frame by frame ranks videos as Hugging Face's does (`reference/frame_search.py`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use locvtp_finder::{Finder, IndexSampling, Indexer, Question};
use locvtp_model::Device;
use locvtp_model::weights::{ImportSettings, Source, SourceKind, import};
use locvtp_search::catalogue::{Access, SqliteCatalogue};
use locvtp_transfer::Embedder;
use locvtp_video::{FrameTransform, VideoReader};
use serde_json::Value;

const WIDTH: usize = 40;
const HEIGHT: usize = 30;

/// Pixels of a side of a square of one colour.
const BLOCK: usize = 5;

/// Frames of each video: four seconds, two a second.
const FRAMES: usize = 8;

/// The index keeps vectors to a millionth; the rest is the rounding of two programs in f32.
const CLOSE: f64 = 1e-5;

fn expected() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/frames/expected.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Whole numbers of 24 bits, by a linear congruence.
fn numbers(seed: u32) -> impl Iterator<Item = u32> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(next(&seed), next).map(|state| state >> 8)
}

fn seed_of(name: &str) -> u32 {
    let fold = |seed: u32, byte: u8| (seed ^ u32::from(byte)).wrapping_mul(16_777_619);
    name.bytes().fold(2_166_136_261, fold)
}

/// Squares in colours of chance.
fn frame(video: usize, place: usize) -> Vec<u8> {
    let colours: Vec<u8> = numbers((1000 * (video + 1) + place) as u32)
        .map(|number| (number >> 16) as u8)
        .take(WIDTH * HEIGHT * 3 / (BLOCK * BLOCK))
        .collect();
    let pixel = |at: usize| {
        let square = at / WIDTH / BLOCK * (WIDTH / BLOCK) + at % WIDTH / BLOCK;
        &colours[square * 3..square * 3 + 3]
    };
    (0..WIDTH * HEIGHT).flat_map(pixel).copied().collect()
}

/// Writes frames without loss; false where the program `ffmpeg` is missing.
fn write_video(path: &Path, frames: &[Vec<u8>]) -> bool {
    let raw = path.with_extension("rgb");
    std::fs::write(&raw, frames.concat()).unwrap();
    let size = format!("{WIDTH}x{HEIGHT}");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &size, "-r", "2", "-i"])
        .arg(&raw)
        .args(["-c:v", "ffv1", "-pix_fmt", "bgr0"])
        .arg(path)
        .status();
    std::fs::remove_file(raw).unwrap();
    match made {
        Ok(status) => assert!(status.success()),
        Err(_) => eprintln!("NOT RUN: the program ffmpeg is missing"),
    }
    path.is_file()
}

/// Hugging Face's files of the golden's model in `folder`, imported to a model directory there.
fn model(folder: &Path, expected: &Value) -> PathBuf {
    let source = folder.join("source");
    std::fs::create_dir(&source).unwrap();
    for (name, value) in [("config.json", "config"), ("preprocessor_config.json", "preprocessor")] {
        std::fs::write(source.join(name), expected[value].to_string()).unwrap();
    }
    let tokenizer =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens/clip_tokenizer");
    for name in ["vocab.json", "merges.txt"] {
        std::fs::copy(tokenizer.join(name), source.join(name)).unwrap();
    }
    let mut tensors: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for (name, about) in expected["parameters"].as_object().unwrap() {
        let shape = serde_json::from_value::<Vec<usize>>(about[0].clone()).unwrap();
        let (mean, width) = (about[1].as_f64().unwrap(), about[2].as_f64().unwrap());
        let value = |number| (mean + width * (f64::from(number) / 8_388_608.0 - 1.0)) as f32;
        let values = numbers(seed_of(name)).map(value).take(shape.iter().product());
        tensors.insert(name, (shape, values.flat_map(f32::to_le_bytes).collect()));
    }
    let views = tensors.iter().map(|(name, (shape, data))| {
        let view =
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), data);
        (*name, view.unwrap())
    });
    safetensors::serialize_to_file(views, None, &source.join("model.safetensors")).unwrap();

    let settings = ImportSettings::default();
    let opened = Source::open(Some(SourceKind::HfClip), &[source], false).unwrap();
    let imported = import(&[opened], None, &settings, &Device::flex()).unwrap();
    let model = folder.join("model");
    imported.write(&model).unwrap();
    model
}

#[test]
fn a_clip_frame_by_frame_ranks_videos_as_hugging_faces_does() {
    let expected = expected();
    let folder = tempfile::tempdir().unwrap();
    let videos = folder.path().join("videos");
    std::fs::create_dir(&videos).unwrap();
    for video in 0..10 {
        let path = videos.join(format!("{video}.mkv"));
        let frames: Vec<Vec<u8>> = (0..FRAMES).map(|place| frame(video, place)).collect();
        if !write_video(&path, &frames) {
            return;
        }
        let decoded = VideoReader::open(&path).unwrap().read_all(&FrameTransform::AsDecoded);
        assert!(decoded.unwrap().data == frames.concat(), "the frames are the golden's");
    }
    let model = model(folder.path(), &expected);
    let catalogue = SqliteCatalogue::open(&folder.path().join("index"), Access::WRITE).unwrap();
    let embedder = Embedder::open(&model).unwrap();
    let indexer = Indexer::new(&catalogue, &embedder, &model, IndexSampling::default()).unwrap();
    let summary = indexer.add(&[videos], &mut ()).unwrap();
    assert_eq!((summary.num_added, summary.num_clips, summary.num_taken_over), (10, 40, 0));

    let finder = Finder::open(Arc::new(catalogue), embedder, &model).unwrap();
    for (sentence, wanted) in expected["answers"].as_object().unwrap() {
        let question = Question { per_file: 1, ..Question::of(sentence) };
        let hits = finder.find(&question).unwrap().hits;
        let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let ranking: Vec<u64> = hits.iter().map(|hit| name(&hit.path)).collect();
        let best: Vec<f64> = serde_json::from_value(wanted["scores"].clone()).unwrap();
        assert_eq!(Value::from(ranking.clone()), wanted["ranking"], "{sentence}");
        for (hit, best) in hits.iter().zip(best) {
            let scores = finder.scores(&question, track(&finder, &hit.path)).unwrap().unwrap();
            let found = scores.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert!((f64::from(found) - best).abs() < CLOSE, "{sentence}: {found} {best}");
        }
    }
}

fn track(finder: &Finder, path: &Path) -> locvtp_search::segment::TrackId {
    let files = finder.catalogue().files().unwrap();
    let file = files.into_iter().find(|file| file.looks[0].path == path).unwrap();
    file.track.unwrap()
}

#[test]
fn frames_that_do_not_change_are_encoded_once_and_found_as_before() {
    let expected = expected();
    let folder = tempfile::tempdir().unwrap();
    let videos = folder.path().join("videos");
    std::fs::create_dir(&videos).unwrap();
    // Six seconds: one picture for four of them, then another, and the first again.
    let picture = |second: usize| frame(0, [0, 0, 0, 0, 1, 0][second]);
    let frames: Vec<Vec<u8>> = (0..12).map(|place| picture(place / 2)).collect();
    if !write_video(&videos.join("still.mkv"), &frames) {
        return;
    }
    let model = model(folder.path(), &expected);
    let catalogue = SqliteCatalogue::open(&folder.path().join("index"), Access::WRITE).unwrap();
    let embedder = Embedder::open(&model).unwrap();
    let indexer = Indexer::new(&catalogue, &embedder, &model, IndexSampling::default()).unwrap();
    let summary = indexer.add(std::slice::from_ref(&videos), &mut ()).unwrap();
    assert_eq!((summary.num_clips, summary.num_taken_over), (6, 3));
    // Six of twelve, and those that they are made from.
    assert!((6..=12).contains(&summary.num_frames), "{}", summary.num_frames);
    let finder = Finder::open(Arc::new(catalogue), embedder, &model).unwrap();
    let still = videos.canonicalize().unwrap().join("still.mkv");
    let track = track(&finder, &still);
    let scores = finder.scores(&Question::of("the red square"), track).unwrap().unwrap().scores;
    assert_eq!(scores[..4], [scores[0]; 4]);
    assert_eq!(scores[5], scores[0]);
    assert_ne!(scores[4], scores[0]);
}
