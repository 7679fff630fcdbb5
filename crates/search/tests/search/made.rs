//! Vectors and videos made from numbers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use locvtp_search::catalogue::{Cue, ModelRecord, NewVideo};
use locvtp_search::identity::{ContentIdentity, Look};
use locvtp_search::segment::{VectorBatch, VectorKind};
use locvtp_video::randomness::{finalise, unit};
use locvtp_video::{Seconds, TimeSpan};

pub(crate) const WIDTH: usize = 24;

pub(crate) fn vector(seed: u64, width: usize) -> Vec<f32> {
    let number = |at: u64| unit(finalise(finalise(seed) ^ at)) as f32 - 0.5;
    (0..width as u64).map(number).collect()
}

/// Clip `i` of a video is the vector of seed `1000 * number + i`, and lasts from `i` to `i + 1` s.
pub(crate) fn batch(number: u64, num_clips: u64, width: usize) -> VectorBatch {
    let mut batch = VectorBatch::new(width);
    for clip in 0..num_clips {
        let span = TimeSpan::new(clip as f64, clip as f64 + 1.0);
        batch.push(&vector(1000 * number + clip, width), span).unwrap();
    }
    batch
}

pub(crate) fn look(number: u64) -> Look {
    let path = PathBuf::from(format!("/videos/{number}.mp4"));
    Look { path, size: 1000 + number, modified_ns: 5, changed_ns: 6 }
}

pub(crate) fn identity(number: u64) -> ContentIdentity {
    ContentIdentity { size: 1000 + number, sample: u128::from(finalise(number)) << 64, whole: None }
}

pub(crate) fn video(number: u64) -> NewVideo {
    let num_clips = 1 + number % 5;
    let text = format!("This is Video number{number}, said a café owner");
    let (language, source) = (Some("en".to_owned()), "subtitles.srt".to_owned());
    let cue = Cue { span: TimeSpan::new(0.5, 0.75), text, language, source };
    NewVideo {
        file: None,
        identity: identity(number),
        look: look(number),
        duration: Seconds(num_clips as f64),
        note: None,
        vectors: vec![
            (VectorKind::Clip, batch(number, num_clips, WIDTH)),
            (VectorKind::Cue, batch(number + 500_000, 1, WIDTH)),
        ],
        cues: vec![cue],
    }
}

pub(crate) fn model(number: u128) -> ModelRecord {
    ModelRecord {
        name: format!("model-{number}"),
        hash: number,
        preprocessing: r#"{"size":224}"#.into(),
        sampling: r#"{"stride_s":1.0}"#.into(),
        width: WIDTH as u32,
    }
}

/// As another program writes over a file, which may be closed for writing: the same file, from its start.
pub(crate) fn write_over(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}
