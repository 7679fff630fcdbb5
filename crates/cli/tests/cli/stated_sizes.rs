//! Files that state more than they hold: what is said is compared with what is there, so that memory stays small,
//! the file is bad like any other, and the command goes on.

use std::path::Path;
use std::process::{Command, Output};

use locvtp_features::FeatureFile;
use locvtp_video::{Encoder, EncoderSettings, Seconds};

use crate::extract::write_video;
use crate::tiny::{locvtp, refused, says, stderr, str, succeeded, tiny};

/// Memory that a command may have for its data, MiB. What these files ask for is many times more.
const MOST_MIB: u64 = 1024;

/// `locvtp` with bounded memory.
fn bounded(arguments: &[&str]) -> Output {
    let command = locvtp();
    let script = format!("ulimit -c 0; ulimit -d {}; exec \"$@\"", MOST_MIB << 10);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh"]).arg(command.get_program()).args(arguments);
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    shell.output().unwrap()
}

/// A video of so many pictures, 100 000 s from each to the next.
fn write_slow_video(path: &Path, pictures: u32) {
    // B-frames would be longer from one to the next than MP4 can say.
    let settings = EncoderSettings { max_b_frames: 0, ..EncoderSettings::new(48, 32, 10) };
    let mut encoder = Encoder::create(path, settings).unwrap();
    for picture in 0..pictures {
        let grey = vec![(picture * 16) as u8; 48 * 32 * 3];
        encoder.push_at(&grey, Seconds(f64::from(picture) * 100_000.0)).unwrap();
    }
    encoder.finish().unwrap();
}

#[test]
fn a_file_that_states_weeks_is_bad_like_any_other_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_video(&at("good.mp4"), 40);
    // Seventeen days, and nine that would be more clips than are allowed here.
    write_slow_video(&at("weeks.mp4"), 15);
    write_slow_video(&at("days.mp4"), 8);
    let (model, out) = (tiny().model(), at("f.h5"));
    let (model, videos) = (str(&model), str(folder.path()));
    let limit = ["--limit", "clips=1000"];
    let extract = ["extract", "--model", model, "--out", str(&out), "--videos", videos];
    let output = bounded(&[&extract[..], &limit].concat());
    succeeded(&output);
    let told = stderr(&output);
    says(&told, &["weeks.mp4", "1400000 s", "days.mp4", "`limits.clips` (now 1000; as a flag"]);
    assert_eq!(FeatureFile::open(&out, None).unwrap().ids(), ["good"]);

    let ground = bounded(&["ground", "--model", model, str(&at("weeks.mp4")), "a red square"]);
    says(&refused(&ground), &["weeks.mp4", "cannot be right"]);

    let run = tiny().path("run");
    let add = ["index", "add", videos, "--model", str(&run)];
    let output = bounded(&[&add[..], &limit].concat());
    says(&succeeded(&output), &["indexed: 1 video", "left out: 2 files"]);
    says(&stderr(&output), &["weeks.mp4", "days.mp4"]);
    // What was over a limit is tried again where that is wider; what is damaged is not.
    let again = bounded(&[&add[..], &["--limit", "clips=2000"]].concat());
    says(&succeeded(&again), &["unchanged: 1 file", "left out: 2 files"]);
    says(&stderr(&again), &["days.mp4", "now 2000"]);
}

#[test]
fn arrays_of_other_people_are_believed_as_far_as_they_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (4611686018427387904, 0), }";
    let length = (header.len() as u16).to_le_bytes();
    let empty = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes()].concat();
    let told = bounded(&["inspect", str(&write("empty.npy", &empty))]);
    says(&String::from_utf8_lossy(&told.stdout), &["does not hold so many numbers"]);

    let place = r#"{"dtype":"F32","shape":[18446744073709551615,0],"data_offsets":[0,0]}"#;
    let header = format!(r#"{{"a/features":{place}}}"#);
    let wrapped = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    let told = bounded(&["inspect", str(&write("wrapped.safetensors", &wrapped))]);
    says(&String::from_utf8_lossy(&told.stdout), &["does not hold so many numbers"]);

    let long = [&90_000_000u64.to_le_bytes()[..], b"{}"].concat();
    says(&refused(&bounded(&["inspect", str(&write("long.safetensors", &long))])), &["header"]);
}

#[test]
fn a_pickle_that_says_much_in_few_bytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memo.pt");
    // One text of 512 bytes, put into the memo five million times.
    let mut pickle = b"\x80\x04X\x00\x02\x00\x00".to_vec();
    pickle.extend([b'a'; 512]);
    pickle.resize(5_000_000, 0x94);
    std::fs::write(&path, pickle).unwrap();
    let out = folder.path().join("model");
    let import = ["weights", "import", "--from", "clip", str(&path), "--out", str(&out)];
    says(&refused(&bounded(&import)), &["memo.pt", "4000000 instructions"]);
    assert!(!out.exists());
}

#[test]
fn json_of_millions_of_values_beside_a_video_is_no_transcript() {
    let folder = tempfile::tempdir().unwrap();
    write_video(&folder.path().join("talk.mp4"), 20);
    let srt = "1\n00:00:00,000 --> 00:00:01,500\nnow a dog rides\n";
    std::fs::write(folder.path().join("other.srt"), srt).unwrap();
    write_video(&folder.path().join("other.mp4"), 20);
    let nested = format!("{{\"segments\": [{}0]}}", "[[1],[1]],".repeat(3_000_000));
    std::fs::write(folder.path().join("talk.json"), nested).unwrap();
    let check = ["corpus", "check", str(folder.path())];
    let output = bounded(&check);
    says(&String::from_utf8_lossy(&output.stdout), &["subtitles"]);
    says(&succeeded(&output), &["1"]);
}

#[test]
fn a_model_that_says_more_than_its_weights_is_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    crate::tiny::copy_folder(&tiny().model(), &model);
    let path = model.join("config.json");
    let mut config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["text"]["vocab_size"] = 1_000_000_000_000u64.into();
    std::fs::write(&path, config.to_string()).unwrap();
    let (video, sentence) = tiny().held_out();
    std::fs::copy(&video, folder.path().join("a.mp4")).unwrap();
    let (model, video, out) = (str(&model), str(&video), folder.path().join("f.h5"));
    for command in [
        &["ground", "--model", model, video, &sentence][..],
        &["extract", "--model", model, "--videos", video, "--out", str(&out)],
        &["index", "add", str(folder.path()), "--model", model],
        &["inspect", model],
    ] {
        says(&refused(&bounded(command)), &["model.safetensors", "its sizes ask for"]);
    }
}
