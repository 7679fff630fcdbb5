//! What is not as it should be: run files, corpora, models, paths.

use std::path::Path;

use crate::tiny::{locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one_and_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    std::fs::write(&file, "[train]\nsteps = 5\nchekpoint_every = 5\n").unwrap();
    let message =
        refused(&run(&["pretrain", str(&file), "--run", str(&folder.path().join("run"))]));
    says(
        &message,
        &[str(&file), "line 3", "chekpoint_every", "did you mean `train.checkpoint_every`?"],
    );
    let tiny = tiny();
    let other = folder.path().join("run");
    let message = refused(&tiny.pretrain(&other, &["--set", "train.stepps=5"]));
    says(&message, &["--set train.stepps=5", "did you mean `train.steps`?"]);
    assert!(!other.exists(), "nothing is written for a run that cannot start");
}

#[test]
fn contradictory_settings_are_both_named() {
    let tiny = tiny();
    let run = tiny.path("never");
    let message = refused(&tiny.pretrain(&run, &["--set", "model.video.num_frames=4"]));
    says(&message, &["preprocessing.num_frames", "model.video.num_frames", "2", "4"]);
    let message = refused(&tiny.pretrain(&run, &["--set", "pairs.long_min_overlap_s=9"]));
    says(&message, &["pairs.long_min_overlap_s", "pairs.long_span_s"]);
    let message = refused(&tiny.pretrain(&run, &["--set", "pairs.long_batch=500"]));
    says(&message, &["pairs.long_batch", "500", "12"]);
}

/// A WAV file of silence: media, but no pictures.
fn write_sound(path: &Path) {
    let samples = [0u8; 8000];
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    wav.extend(1u16.to_le_bytes()); // PCM
    wav.extend(1u16.to_le_bytes()); // mono
    wav.extend(8000u32.to_le_bytes());
    wav.extend(8000u32.to_le_bytes());
    wav.extend(1u16.to_le_bytes());
    wav.extend(8u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    std::fs::write(path, wav).unwrap();
}

/// The videos of a corpus folder, sorted.
fn videos(corpus: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(corpus.join("videos")).unwrap();
    let mut videos: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    videos.sort();
    videos
}

#[test]
fn broken_files_are_named_counted_and_left_out() {
    let tiny = tiny();
    let corpus = tiny.copy_of_corpus();
    let videos = videos(corpus.path());
    let whole = std::fs::read(&videos[0]).unwrap();
    // The table of frames stands in front, so a file that was cut off still opens.
    std::fs::write(&videos[0], &whole[..whole.len() / 3]).unwrap();
    std::fs::write(&videos[1], b"").unwrap();
    write_sound(&videos[2]);
    std::fs::write(&videos[3], "this is no video but a text\n").unwrap();
    std::fs::write(&videos[4], &whole[..400]).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let set = format!("corpus.dir={}", corpus.path().display());
    let run = folder.path().join("run");
    let output = tiny.pretrain(&run, &["--set", &set, "--set", "train.steps=3"]);
    let end = succeeded(&output);
    says(&end, &["5 videos could not be used", "bad_videos.json"]);
    let warnings = stderr(&output);
    for video in &videos[..5] {
        says(&warnings, &[str(video)]);
    }
    says(
        &warnings,
        &["7 of the videos can be used", "empty (0 bytes)", "no video stream", "cut short"],
    );
    let list = std::fs::read_to_string(run.join("bad_videos.json")).unwrap();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 5);

    let json = tiny.pretrain(
        &folder.path().join("json"),
        &["--set", &set, "--set", "train.steps=1", "--json"],
    );
    let json: serde_json::Value = serde_json::from_str(&succeeded(&json)).unwrap();
    assert_eq!(json["bad_videos"].as_array().unwrap().len(), 5);
    assert_eq!(json["finished"], true);
}

#[test]
fn a_refusal_leaves_nothing_behind() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    for (set, named) in [
        ("model.projection.dropout=1.5", "projection.dropout"),
        ("model.text.max_position_embeddings=2", "text.max_position_embeddings"),
        ("optimizer.epsilon=0.0", "optimizer.epsilon"),
        ("pairs.short_batch=500", "pairs.short_batch"),
    ] {
        says(&refused(&tiny.pretrain(&run, &["--set", set])), &[named]);
        assert!(!run.exists(), "{set}");
    }
}

#[test]
fn a_corpus_with_nothing_usable_is_an_error() {
    let tiny = tiny();
    let corpus = tiny.copy_of_corpus();
    for video in videos(corpus.path()) {
        std::fs::write(video, b"").unwrap();
    }
    let set = format!("corpus.dir={}", corpus.path().display());
    let folder = tempfile::tempdir().unwrap();
    let message = refused(&tiny.pretrain(&folder.path().join("run"), &["--set", &set]));
    says(&message, &["none of its 12 videos", "empty (0 bytes)"]);
}

#[test]
fn a_folder_without_captions_says_what_belongs_there() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let set = format!("corpus.dir={}", folder.path().display());
    let message = refused(&tiny.pretrain(&folder.path().join("run"), &["--set", &set]));
    says(&message, &[str(folder.path()), "caption.json", "videos/"]);
}

#[test]
fn ground_names_the_file_that_is_wrong() {
    let tiny = tiny();
    let (video, sentence) = tiny.held_out();
    let model = tiny.model();
    let message = refused(&run(&["ground", "--model", "/no/model", str(&video), &sentence]));
    says(&message, &["/no/model: does not exist; check the path"]);
    let message = refused(&run(&["ground", "--model", str(&model), "/no/video.mp4", &sentence]));
    says(&message, &["/no/video.mp4: does not exist; check the path"]);
    let text = tiny.path("run.toml");
    let message = refused(&run(&["ground", "--model", str(&model), str(&text), &sentence]));
    says(&message, &[str(&text)]);
}

#[test]
fn a_model_whose_files_do_not_belong_together_is_refused() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    crate::tiny::copy_folder(&tiny.model(), &model);
    let config = model.join("config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"hidden_dim\": 48", "\"hidden_dim\": 64")).unwrap();
    let (video, sentence) = tiny.held_out();
    let message = refused(&run(&["ground", "--model", str(&model), str(&video), &sentence]));
    says(&message, &["model.safetensors", "config.json", "same model directory"]);
    let weights = model.join("model.safetensors");
    std::fs::write(&weights, b"cut off").unwrap();
    let message = refused(&run(&["ground", "--model", str(&model), str(&video), &sentence]));
    says(&message, &[str(&weights)]);
}

#[test]
fn a_sentence_without_words_finds_nothing() {
    let tiny = tiny();
    let (video, _) = tiny.held_out();
    let output = run(&["ground", "--model", str(&tiny.model()), str(&video), "  "]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    says(&stderr(&output), &["nothing found", "no words"]);
    let output = run(&["ground", "--model", str(&tiny.model()), str(&video), "", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(json["moments"].as_array().unwrap().len(), 0);
}

#[test]
fn inspect_says_what_it_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let message = refused(&run(&["inspect", str(folder.path())]));
    says(&message, &[str(folder.path()), "config.json", "run.toml", "caption.json"]);
    says(
        &refused(&run(&["inspect", "/no/such/path"])),
        &["/no/such/path: does not exist; check the path"],
    );
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "notes").unwrap();
    says(
        &refused(&run(&["inspect", str(&text)])),
        &[str(&text), "no kind that is known", "corpus check --help"],
    );
}

#[test]
fn report_and_evaluate_say_what_is_missing() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let message = refused(&run(&["report", str(folder.path())]));
    says(&message, &[str(folder.path()), "report.json", "log.jsonl"]);
    let model = tiny.model();
    let arguments = ["evaluate", "--model", str(&model), "--split", str(folder.path())];
    says(&refused(&run(&arguments)), &[str(folder.path()), "truth.json"]);
}

#[test]
fn a_file_that_is_not_there_is_told_in_the_same_words_by_every_command() {
    let tiny = tiny();
    let (video, _) = tiny.held_out();
    let (model, video, run_file) = (tiny.model(), str(&video).to_owned(), tiny.path("run.toml"));
    let (model, run_file) = (str(&model), str(&run_file));
    let corpus = tiny.path("corpus/train");
    let corpus = format!("corpus.dir={}", corpus.display());
    let truth = tiny.path("corpus/annotations/activitynet/test_seen.json");
    for arguments in [
        &["ground", "--model", "nosuch", &video, "a red square"][..],
        &["ground", "--model", model, "nosuch", "a red square"],
        &["evaluate", "--model", model, "--split", "nosuch"],
        &["evaluate", "--model", "nosuch", "--split", str(&tiny.path("corpus/seen"))],
        &["transfer", "nosuch"],
        &["pretrain", "nosuch"],
        &["pretrain", run_file, "--set", "corpus.dir=nosuch"],
        &["pretrain", run_file, "--set", &corpus, "--set", "tokenizer.file=nosuch"],
        &["pretrain", run_file, "--set", &corpus, "--set", "corpus.list=nosuch"],
        &["results", "nosuch"],
        &["score", "grounding", "--predictions", run_file, "--truth", "nosuch"],
        &["score", "grounding", "--predictions", "nosuch", "--truth", str(&truth)],
        &["score", "retrieval", "--predictions", "nosuch"],
        &["score", "segmentation", "--predictions", run_file, "--truth", "nosuch"],
        &["score", "steps", "--predictions", run_file, "--truth", "nosuch"],
        &["extract", "--model", model, "--videos", "nosuch", "--out", "x.h5"],
        &["extract", "--model", "nosuch", "--videos", &video, "--out", "x.h5"],
        &["embed", "--model", model, "--file", "nosuch"],
        &["inspect", "nosuch"],
        &["report", "nosuch"],
        &["weights", "inspect", "nosuch"],
        &["weights", "import", "--from", "clip", "nosuch", "--out", "x"],
        &["weights", "random", "--like", "nosuch", "--out", "x"],
        &["corpus", "check", "nosuch"],
        &["corpus", "pack", "nosuch", "--out", "x"],
        &["synthesize", "--config", "nosuch", "--out", "x"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let message = refused(&locvtp().args(arguments).current_dir(&folder).output().unwrap());
        says(&message, &["nosuch: does not exist; "]);
        assert!(!message.contains("os error"), "{message}");
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert!(left.is_empty(), "{arguments:?} leaves {left:?}");
    }
    let whole = tiny.path("corpus");
    let message = refused(&run(&["evaluate", "--model", model, "--split", str(&whole)]));
    says(&message, &["holds no truth.json", "demo-run/corpus/new"]);
}

#[test]
fn a_mistyped_command_is_refused_with_help() {
    let output = locvtp().args(["grund"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), &["ground", "--help"]);
    let output = run(&["demo", "--minutes", "0"]);
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), &["--minutes", "above 0"]);
}
