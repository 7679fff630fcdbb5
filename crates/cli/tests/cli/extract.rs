//! Clip features of whole videos, also when the run is killed, met by another, or given bad files.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use ffmpeg_the_third as ffmpeg;
use locvtp_features::{FeatureFile, FeatureStore};
use locvtp_model::{Device, ModelDirectory};
use locvtp_transfer::Embedder;
use locvtp_video::{Encoder, EncoderSettings, TimeSpan, VideoReader};

use crate::tiny::{locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};
use crate::waiting::{end_by_ctrl_c, kill, until, while_stopped};

/// `locvtp extract` of the tiny model.
fn command(videos: &[&Path], out: &Path, more: &[&str]) -> Command {
    let mut command = locvtp();
    command.arg("extract").arg("--model").arg(tiny().model());
    command.arg("--out").arg(out).args(more).arg("--videos").args(videos);
    command
}

fn extract(videos: &[&Path], out: &Path, more: &[&str]) -> Output {
    command(videos, out, more).output().unwrap()
}

fn summary(output: &Output) -> serde_json::Value {
    serde_json::from_str(&succeeded(output)).unwrap()
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A video of `frames` frames at 10 a second, in which colours drift.
pub(crate) fn write_video(path: &Path, frames: usize) {
    let settings = EncoderSettings::new(48, 32, 10);
    let mut encoder = Encoder::create(path, settings).unwrap();
    for t in 0..frames {
        let pixel = |i: usize| [(i * 5 + t * 3) as u8, (t * 9) as u8, (200 - i % 48 * 4) as u8];
        let rgb: Vec<u8> = (0..48 * 32).flat_map(pixel).collect();
        encoder.push(&rgb).unwrap();
    }
    encoder.finish().unwrap();
}

/// Copies the H.264 of a file into the container of another's ending.
fn remux(from: &Path, to: &Path) {
    let mut input = ffmpeg::format::input(from).unwrap();
    let mut output = ffmpeg::format::output(to).unwrap();
    let in_base = input.stream(0).unwrap().time_base();
    {
        let mut stream = output.add_stream(ffmpeg::encoder::find(ffmpeg::codec::Id::None)).unwrap();
        stream.set_parameters(input.stream(0).unwrap().parameters());
        // SAFETY: the stream is alive; a tag of one container means nothing in another.
        unsafe { (*stream.parameters_mut().as_mut_ptr()).codec_tag = 0 };
    }
    output.write_header().unwrap();
    let out_base = output.stream(0).unwrap().time_base();
    for packet in input.packets() {
        let (_, mut packet) = packet.unwrap();
        packet.rescale_ts(in_base, out_base);
        packet.set_position(-1);
        packet.write_interleaved(&mut output).unwrap_or_else(|e| panic!("{}: {e}", to.display()));
    }
    output.write_trailer().unwrap();
}

fn embedder() -> Embedder {
    let device = Device::flex();
    Embedder::new(ModelDirectory::read(&tiny().model(), &device).unwrap(), device)
}

/// How much a run has finished so far.
fn journalled(out: &Path) -> u64 {
    std::fs::metadata(FeatureStore::journal_of(out)).map_or(0, |about| about.len())
}

fn until_journalled(child: &mut Child, out: &Path, bytes: u64) {
    until(child, "features are in the journal", || journalled(out) >= bytes);
}

/// Many clips, one after the other: a run that lasts a while.
const SLOW: [&str; 4] = ["--stride-frames", "1", "--batch", "1"];

#[test]
fn every_container_gives_what_the_embedder_gives() {
    let folder = tempfile::tempdir().unwrap();
    let videos = folder.path().join("videos");
    std::fs::create_dir_all(videos.join("deeper")).unwrap();
    let names = ["one.mp4", "two.mkv", "three.flv", "four.mov", "deeper/five.ts"];
    for (i, name) in names.iter().enumerate() {
        write_video(&folder.path().join("made.mp4"), 40 + 7 * i);
        remux(&folder.path().join("made.mp4"), &videos.join(name));
    }
    let embedder = embedder();
    for file in ["features.h5", "features.safetensors"] {
        let out = folder.path().join(file);
        let said = summary(&extract(&[&videos], &out, &["--json"]));
        assert_eq!((&said["videos"], &said["space"]), (&5.into(), &"projected".into()));
        assert_eq!(said["file"]["clips"], said["clips"]);
        let mut features = FeatureFile::open(&out, None).unwrap();
        assert_eq!(features.ids(), ["five", "four", "one", "three", "two"]);
        for name in names {
            let path = videos.join(name);
            let id = path.file_stem().unwrap().to_str().unwrap();
            let (video, expected) =
                (features.read(id).unwrap(), embedder.embed_video(&path).unwrap());
            assert_eq!(video.values, expected.raw_clips.concat(), "{name}");
            assert_eq!(video.spans.unwrap(), expected.spans, "{name}");
            let duration = VideoReader::open(&path).unwrap().info().duration.0;
            assert_eq!(video.source.unwrap().duration_s, duration);
        }
    }
}

#[test]
fn space_stride_and_clips_are_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("v.mp4");
    write_video(&video, 50);
    let read = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        succeeded(&extract(&[&video], &out, more));
        let mut file = FeatureFile::open(&out, Some("feat")).unwrap();
        (file.read("v").unwrap(), file.provenance().unwrap())
    };
    let dataset = ["--dataset", "feat"];
    // Clips of two neighbouring frames of 0.1 s, every half second: 0, 0.5, .., 4.5.
    let more =
        [&dataset[..], &["--consecutive", "--stride-s", "0.5", "--space", "backbone"]].concat();
    let (features, provenance) = read("a.h5", &more);
    let config = &embedder().directory().config.clone();
    assert_eq!((features.num_clips(), features.width), (10, config.video.width()));
    assert_eq!(features.spans.unwrap()[1].to_string(), "0.50-0.70 s");
    let said = (provenance.clip.as_str(), provenance.stride.as_str(), provenance.space.as_str());
    assert_eq!(said, ("2 consecutive frames", "0.5 s", "backbone"));
    // The same in frames, projected.
    let more = [&dataset[..], &["--consecutive", "--stride-frames", "5"]].concat();
    let (projected, _) = read("b.h5", &more);
    assert_eq!((projected.num_clips(), projected.width), (10, config.projection.dim));
    // A file of one kind is not added to with another.
    let out = folder.path().join("b.h5");
    let message = refused(&extract(&[&video], &out, &dataset));
    says(&message, &["`clip`", "2 consecutive frames", "--fresh"]);
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let videos = tiny().path("corpus/train/videos");
    let whole = folder.path().join("whole.h5");
    succeeded(&extract(&[&videos], &whole, &["--stride-frames", "1"]));
    let out = folder.path().join("killed.h5");
    for _ in 0..4 {
        let before = journalled(&out);
        let mut child = start(&mut command(&[&videos], &out, &SLOW));
        until_journalled(&mut child, &out, before + 20_000);
        kill(child);
        assert!(!out.exists(), "the output is written at the end, whole");
    }
    let said = summary(&extract(&[&videos], &out, &[&SLOW[..], &["--json"]].concat()));
    assert!(said["already"].as_u64().unwrap() > 0, "{said}");
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(&whole).unwrap());
    let left: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn ctrl_c_keeps_what_is_done_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (tiny().path("corpus/train/videos"), folder.path().join("f.h5"));
    let mut child = start(&mut command(&[&videos], &out, &SLOW));
    until_journalled(&mut child, &out, 40_000);
    let output = end_by_ctrl_c(child);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    says(&stdout(&output), &["stopped", "go on with:", "extract"]);
    let kept = refused(&run(&["inspect", str(&out)]));
    says(&kept, &["f.h5: is not made yet", "f.h5.journal", "`locvtp extract` again"]);
    let said = summary(&extract(&[&videos], &out, &[&SLOW[..], &["--json"]].concat()));
    assert!(said["already"].as_u64().unwrap() > 0, "{said}");
    assert_eq!(said["file"]["videos"], 12);
}

#[test]
fn two_runs_into_one_file_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (tiny().path("corpus/train/videos"), folder.path().join("f.h5"));
    let mut first = start(&mut command(&[&videos], &out, &SLOW));
    until_journalled(&mut first, &out, 10_000);
    let second = while_stopped(&first, || extract(&[&videos], &out, &["--fresh"]));
    let message = refused(&second);
    let process = format!("process {}", first.id());
    says(&message, &[str(&out), &process, "another --out"]);
    succeeded(&first.wait_with_output().unwrap());
    assert_eq!(FeatureFile::open(&out, None).unwrap().ids().len(), 12);
}

#[test]
fn videos_are_added_to_a_file_and_changed_ones_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, frames) in [("a.mp4", 30), ("b.mp4", 60)] {
        write_video(&at(name), frames);
    }
    let [a, b, out] = ["a.mp4", "b.mp4", "f.safetensors"].map(at);
    succeeded(&extract(&[&b], &out, &[]));
    let said = summary(&extract(&[&a, &b], &out, &["--json"]));
    assert_eq!((&said["videos"], &said["already"]), (&1.into(), &1.into()));
    let before = FeatureFile::open(&out, None).unwrap().read("b").unwrap();
    write_video(&b, 90);
    let said = summary(&extract(&[&a, &b], &out, &["--json"]));
    assert_eq!((&said["videos"], &said["already"]), (&1.into(), &1.into()));
    let after = FeatureFile::open(&out, None).unwrap().read("b").unwrap();
    assert!(after.num_clips() > before.num_clips());
}

#[test]
fn a_video_shorter_than_a_clip_is_one_clip_of_its_own_length() {
    let folder = tempfile::tempdir().unwrap();
    let (video, out) = (folder.path().join("short.mp4"), folder.path().join("f.h5"));
    write_video(&video, 1);
    for more in [&[][..], &["--fresh", "--consecutive"]] {
        succeeded(&extract(&[&video], &out, more));
        let features = FeatureFile::open(&out, None).unwrap().read("short").unwrap();
        assert_eq!(features.num_clips(), 1);
        assert_eq!(features.spans.unwrap()[0].to_string(), "0.00-0.10 s");
    }
}

#[test]
fn bad_videos_are_named_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_video(&at("good.mp4"), 40);
    write_video(&at("cut.mp4"), 40);
    let mut bytes = std::fs::read(at("cut.mp4")).unwrap();
    let (from, to) = (bytes.len() / 2, bytes.len() * 7 / 10);
    bytes[from..to].fill(0);
    std::fs::write(at("cut.mp4"), bytes).unwrap();
    std::fs::write(at("text.mkv"), "no video").unwrap();
    std::fs::write(at("list.txt"), "good.mp4\ngone.webm\n").unwrap();
    let out = at("f.h5");
    // As `mktemp` makes it.
    std::fs::write(&out, "").unwrap();
    says(&refused(&run(&["inspect", str(&out)])), &["f.h5", "it is empty (0 bytes)"]);
    let output = extract(&[folder.path(), &at("list.txt")], &out, &["--json"]);
    let said = summary(&output);
    assert_eq!(said["videos"], 1);
    let bad = said["bad"].as_array().unwrap();
    let ids: Vec<_> = bad.iter().map(|bad| bad["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert!(["cut", "text", "gone.webm"].iter().all(|id| ids.contains(id)), "{ids:?}");
    says(&stderr(&output), &["left out", "cut.mp4", "text.mkv", "gone.webm"]);
    assert_eq!(FeatureFile::open(&out, None).unwrap().ids(), ["good"]);

    says(&refused(&extract(&[folder.path()], &out, &["--strict"])), &["left out: 2 videos;"]);
    let none = at("none.h5");
    let message = refused(&extract(&[&at("text.mkv")], &none, &[]));
    says(&message, &["1 video given, and none can be read", "text.mkv"]);
    assert!(!none.exists() && !FeatureStore::journal_of(&none).exists());
}

/// A video of 4 s at 10 a second with a key frame every second, in pieces of a second.
pub(crate) fn pieces(folder: &Path) -> Vec<Vec<u8>> {
    let made = folder.join("made.mp4");
    // B-frames before a key frame are stored behind it, in the next piece.
    let settings = EncoderSettings { max_b_frames: 0, ..EncoderSettings::new(48, 32, 10) };
    let mut encoder = Encoder::create(&made, settings).unwrap();
    for t in 0..40 {
        let rgb: Vec<u8> = (0..48 * 32 * 3).map(|i| (i * 5 + t * 3) as u8).collect();
        encoder.push(&rgb).unwrap();
    }
    encoder.finish().unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(&made);
    command.args("-c copy -f segment -segment_time 1".split(' ')).arg(folder.join("piece%d.ts"));
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    (0..4).map(|i| std::fs::read(folder.join(format!("piece{i}.ts"))).unwrap()).collect()
}

#[test]
fn a_lost_piece_costs_the_clips_that_touch_it_and_the_file_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let pieces = pieces(folder.path());
    let video = folder.path().join("lost.ts");
    std::fs::write(&video, [&pieces[0][..], &pieces[2], &pieces[3]].concat()).unwrap();
    let dense = ["--consecutive", "--stride-frames", "1"];
    let (shown, skipped) = (folder.path().join("shown.h5"), folder.path().join("skipped.h5"));
    let output = extract(&[&video], &shown, &dense);
    says(&stderr(&output), &["missing or damaged: 1.00-2.00 s", "no clip is left out"]);
    says(&succeeded(&output), &["damaged: 1 video, 1.00 s", "--skip-damaged"]);
    for out in [skipped, folder.path().join("skipped.safetensors")] {
        let flags = [&dense[..], &["--skip-damaged", "--json"]].concat();
        let said = summary(&extract(&[&video], &out, &flags));
        let start = said["damaged"][0]["spans"][0]["start"].as_f64().unwrap();
        assert!((start - 1.0).abs() < 1e-9, "{start}");
        let read = |path: &Path| FeatureFile::open(path, None).unwrap().read("lost").unwrap();
        let (all, kept) = (read(&shown), read(&out));
        let gap = kept.source.clone().unwrap().damaged;
        assert_eq!(gap, all.source.clone().unwrap().damaged);
        assert_eq!(gap[0].to_string(), "1.00-2.00 s");
        let (all_spans, kept_spans) = (all.spans.clone().unwrap(), kept.spans.clone().unwrap());
        // Clips of two frames: those of 0.0 to 0.8 s and of 2.0 to 3.9 s do not touch the second.
        let free = |span: &&TimeSpan| span.overlap(&gap[0]).0 == 0.0;
        assert!(kept_spans.iter().eq(all_spans.iter().filter(free)), "{kept_spans:?}");
        let left_out = all_spans.len() - kept_spans.len();
        assert!(left_out > 0 && kept_spans.len() > 20);
        assert_eq!(said["damaged"][0]["clips_left_out"], left_out);
        for (clip, span) in kept_spans.iter().enumerate() {
            let same = all_spans.iter().position(|all| all == span).unwrap();
            assert_eq!(kept.clip(clip), all.clip(same), "{span}");
        }
    }
}

#[test]
fn a_video_that_is_cut_short_gives_what_is_there_and_the_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, short) = (folder.path().join("whole.mp4"), folder.path().join("short.mp4"));
    write_video(&whole, 60);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i", str(&whole), "-c", "copy", "-movflags", "+faststart"]);
    assert!(command.arg(&short).status().unwrap().success());
    let size = std::fs::metadata(&short).unwrap().len();
    std::fs::File::options().write(true).open(&short).unwrap().set_len(size * 2 / 3).unwrap();
    for name in ["f.h5", "f.safetensors"] {
        let out = folder.path().join(name);
        let output = extract(&[&whole, &short], &out, &[]);
        let note = "cut short: the pictures end at 0:0";
        says(&stderr(&output), &["short.mp4: ", note, " of 0:06.00"]);
        assert!(!stderr(&output).contains("whole.mp4"), "{}", stderr(&output));
        says(&succeeded(&output), &["cut short: 1 video; what is there of it is in the file"]);
        let mut file = FeatureFile::open(&out, None).unwrap();
        let mut noted = |id| file.read(id).unwrap().source.unwrap().cut_short;
        assert!(noted("short").unwrap().starts_with(note) && noted("whole").is_none());
        let inspected = succeeded(&run(&["inspect", str(&out)]));
        says(&inspected, &["cut short", "1 video: short, the pictures end at 0:0"]);
    }
}

#[test]
fn a_damaged_video_is_left_out_with_the_flag_that_keeps_its_rest() {
    let folder = tempfile::tempdir().unwrap();
    let pieces = pieces(folder.path());
    let video = folder.path().join("damaged.mp4");
    let whole = folder.path().join("whole.ts");
    std::fs::write(&whole, pieces.concat()).unwrap();
    remux(&whole, &video);
    // A stretch of the second group of pictures becomes noise.
    let mut bytes = std::fs::read(&video).unwrap();
    let movie = bytes.windows(4).position(|tag| tag == b"mdat").unwrap();
    let size = u32::from_be_bytes(bytes[movie - 4..movie].try_into().unwrap()) as usize;
    for at in (movie + size * 2 / 5..movie + size * 9 / 20).step_by(3) {
        bytes[at] ^= 0x5a;
    }
    std::fs::write(&video, bytes).unwrap();
    let out = folder.path().join("features.h5");
    let dense = ["--consecutive", "--stride-frames", "1"];
    let output = extract(&[&video], &out, &dense);
    says(&refused(&output), &["cannot be decoded", "--skip-damaged"]);
    let flags = [&dense[..], &["--skip-damaged"]].concat();
    let output = extract(&[&video], &out, &flags);
    says(&succeeded(&output), &["damaged: 1 video,", "; left out: "]);
    let features = FeatureFile::open(&out, None).unwrap().read("damaged").unwrap();
    let damaged = features.source.unwrap().damaged;
    let spans = features.spans.unwrap();
    assert!(!damaged.is_empty() && spans.len() >= 20, "{damaged:?} {spans:?}");
    assert!(spans.iter().all(|span| damaged.iter().all(|hole| span.overlap(hole).0 == 0.0)));
    assert!(damaged.iter().all(|hole| hole.start.0 >= 1.0 && hole.end.0 <= 3.0), "{damaged:?}");
}

#[test]
fn what_cannot_be_extracted_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.h5");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let output = extract(&[&empty], &out, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    says(&stderr(&output), &["nothing found", "video files"]);
    says(&refused(&extract(&[Path::new("/no/such.mp4")], &out, &[])), &["/no/such.mp4"]);
    let (video, _) = tiny().held_out();
    let npz = folder.path().join("f.npz");
    says(&refused(&extract(&[&video], &npz, &[])), &["f.npz", ".h5", ".safetensors"]);
    // Its folder is made where that can be.
    let deep = Path::new("/proc/locvtp-test/f.h5");
    says(&refused(&extract(&[&video], deep, &[])), &[str(deep), "folder cannot be made"]);
    let both = ["--stride-s", "1", "--stride-frames", "3"];
    says(&refused(&extract(&[&video], &out, &both)), &["--stride-s", "--stride-frames"]);
    says(&refused(&extract(&[&video], &out, &["--stride-s", "0"])), &["from 0.001 to"]);
}

#[test]
fn sentences_and_words_are_embedded_as_by_the_embedder() {
    let folder = tempfile::tempdir().unwrap();
    let (list, out) = (folder.path().join("s.txt"), folder.path().join("e.safetensors"));
    std::fs::write(&list, "it blinks\n\n").unwrap();
    let model = tiny().model();
    let arguments = [
        "embed",
        "--model",
        str(&model),
        "--text",
        "a red square moves left",
        "--file",
        str(&list),
        "--words",
    ];
    let with = |more: &[&str]| run(&[&arguments[..], more].concat());
    let table = succeeded(&with(&[]));
    says(&table, &["2 sentences", "a red square moves left", "1.000", "blink"]);
    let json: serde_json::Value =
        serde_json::from_str(&succeeded(&with(&["--json", "--out", str(&out)]))).unwrap();
    let expected = embedder().embed_sentences(&["a red square moves left", "it blinks"]).unwrap();
    let bytes = std::fs::read(&out).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |values: &[Vec<f32>]| -> Vec<u8> {
        values.iter().flatten().flat_map(|x| x.to_le_bytes()).collect()
    };
    let sentences: Vec<_> = expected.iter().map(|e| e.sentence.clone()).collect();
    let words: Vec<_> = expected.iter().flat_map(|e| e.words.clone()).collect();
    assert_eq!(file.tensor("sentences").unwrap().data(), numbers(&sentences));
    assert_eq!(file.tensor("words").unwrap().data(), numbers(&words));
    let counts: Vec<u8> =
        expected.iter().flat_map(|e| (e.words.len() as i64).to_le_bytes()).collect();
    assert_eq!(file.tensor("word_counts").unwrap().data(), counts);
    for (found, expected) in json["sentences"].as_array().unwrap().iter().zip(&expected) {
        let vector: Vec<f32> = serde_json::from_value(found["sentence"].clone()).unwrap();
        assert_eq!(vector, expected.sentence);
        assert_eq!(found["words"].as_array().unwrap().len(), expected.tokens.len());
        assert_eq!(found["words"][0]["word"], expected.tokens[0]);
    }
    let none = run(&["embed", "--model", str(&model), "--text", "  "]);
    says(&refused(&none), &["no words"]);
    let bad = with(&["--out", "e.npz"]);
    says(&refused(&bad), &["e.npz", ".safetensors"]);
}
