//! `locvtp index` and `locvtp search` as a newcomer types them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::tiny::{locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};
use crate::waiting::{end_by_ctrl_c, until};

/// A folder with copies of the held-out videos, and its index.
fn indexed() -> TempDir {
    let folder = videos();
    let added = run(&["index", "add", str(folder.path()), "--model", str(&tiny().path("run"))]);
    let told = succeeded(&added);
    says(&told, &["indexed: 8 files", "x real time", "search it with:", "search --catalog"]);
    folder
}

fn videos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for split in ["seen", "new"] {
        let videos = tiny().path(&format!("corpus/{split}/videos"));
        for entry in std::fs::read_dir(videos).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    folder
}

fn search(folder: &Path, more: &[&str]) -> Output {
    run(&[&["search", "--catalog", str(folder)], more].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

fn add_again(folder: &Path) -> Value {
    json(&run(&["index", "add", str(folder), "--json"]))
}

/// A video of the folder that has a sentence of its own.
fn held_out(folder: &Path) -> (PathBuf, String) {
    let (video, sentence) = tiny().held_out();
    let copy = folder.canonicalize().unwrap().join(video.file_name().unwrap());
    (copy, sentence)
}

#[test]
fn a_folder_is_indexed_and_answers_as_ground_does() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    let name = video.file_name().unwrap().to_str().unwrap();
    let found = search(folder.path(), &[&sentence, "--file", name, "--all", "--json"]);
    let hits = json(&found)["hits"].as_array().unwrap().clone();
    let ground =
        run(&["ground", "--model", str(&tiny().model()), str(&video), &sentence, "--json"]);
    let moments = json(&ground)["moments"].as_array().unwrap().clone();
    assert!(!hits.is_empty() && hits.len() == moments.len(), "{hits:?} {moments:?}");
    for (hit, moment) in hits.iter().zip(&moments) {
        assert_eq!((&hit["start_s"], &hit["end_s"]), (&moment["start_s"], &moment["end_s"]));
        let apart = hit["score"].as_f64().unwrap() - moment["score"].as_f64().unwrap();
        assert!(apart.abs() < 1e-5, "{apart}");
        assert_eq!(hit["file"], str(&video));
    }
    // In words, and by the index above the folder that one is in.
    let deeper = folder.path().join("deeper");
    std::fs::create_dir(&deeper).unwrap();
    let mut command = locvtp();
    let shown = command.current_dir(&deeper).args(["search", &sentence, "--all"]).output().unwrap();
    says(&succeeded(&shown), &["in 8 files", "start", "how sure", ".mp4"]);
}

#[test]
fn the_command_that_is_told_after_indexing_can_be_typed() {
    let folder = videos();
    let model = tiny().path("run");
    let add = ["index", "add", str(folder.path()), "--model", str(&model)];
    let told = succeeded(&run(&add));
    let typed = told.lines().find(|line| line.contains(" search ")).unwrap();
    let output = Command::new("sh").args(["-c", typed.trim()]).output().unwrap();
    // "what should happen" is nothing that the model knows.
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn a_moved_file_costs_no_frame_and_a_removed_one_is_found_no_more() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    let moved = video.with_file_name("renamed.mp4");
    std::fs::rename(&video, &moved).unwrap();
    let summary = add_again(folder.path());
    assert_eq!((&summary["num_moved"], &summary["num_frames"]), (&1.into(), &0.into()));
    assert_eq!(summary["num_unchanged"], 7);
    let find = || {
        let found = search(folder.path(), &[&sentence, "--file", "renamed.mp4", "--all", "--json"]);
        json(&found)["hits"].as_array().unwrap().len()
    };
    assert!(find() > 0);
    let list = succeeded(&run(&["index", "list", "--catalog", str(folder.path())]));
    says(&list, &["8 files", "indexed", "renamed.mp4"]);
    let remove = ["index", "remove", str(&moved), "--catalog", str(folder.path())];
    says(&succeeded(&run(&remove)), &["1 file", "stay"]);
    assert_eq!(run(&remove).status.code(), Some(1));
    assert_eq!(find(), 0);
    assert!(moved.is_file());
    let verify = ["index", "verify", "--catalog", str(folder.path())];
    says(&succeeded(&run(&verify)), &["all is well"]);
    succeeded(&run(&["index", "compact", "--catalog", str(folder.path())]));
    says(&succeeded(&run(&verify)), &["all is well"]);
    let jobs = succeeded(&run(&["index", "list", "--jobs", "--catalog", str(folder.path())]));
    says(&jobs, &["add", "done", "8/8"]);
}

#[test]
fn a_bad_file_is_one_line_and_damage_of_the_index_is_named_and_mended() {
    let folder = videos();
    std::fs::write(folder.path().join("broken.mp4"), "not a video").unwrap();
    let model = tiny().path("run");
    let add = ["index", "add", str(folder.path()), "--model", str(&model)];
    let output = run(&add);
    says(&succeeded(&output), &["indexed: 8 files", "left out: 1 file"]);
    let told = stderr(&output);
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("broken.mp4")).collect();
    assert_eq!(lines.len(), 1, "{told}");
    let again = run(&add);
    says(
        &succeeded(&again),
        &["unchanged: 8 files", "left out: 1 file", "1 as before", "decoded: 0 frames"],
    );
    assert!(!stderr(&again).contains("broken.mp4"), "{}", stderr(&again));
    says(&refused(&run(&[&add[..], &["--strict"]].concat())), &["left out: 1 file", "index list"]);
    let list = succeeded(&run(&["index", "list", "--catalog", str(folder.path())]));
    says(&list, &["bad", "broken.mp4"]);
    let line = list.lines().find(|line| line.contains("broken.mp4")).unwrap();
    assert_eq!(line.matches("broken.mp4").count(), 1, "{line}");

    let segments = folder.path().join(".locvtp/segments");
    let segment = std::fs::read_dir(&segments).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let verify = ["index", "verify", "--catalog", str(folder.path())];
    let told = refused(&run(&verify));
    says(&told, &[segment.file_name().unwrap().to_str().unwrap(), "1 fault", "index rebuild"]);
    let rebuild = ["index", "rebuild", "--catalog", str(folder.path())];
    says(&succeeded(&run(&rebuild)), &["indexed: 1 file"]);
    says(&succeeded(&run(&verify)), &["of 8 videos, in 8 segments"]);
    // A part that is gone is damage as well, and not a path to be checked.
    std::fs::remove_file(std::fs::read_dir(segments).unwrap().next().unwrap().unwrap().path())
        .unwrap();
    let (_, sentence) = held_out(folder.path());
    let told = refused(&search(folder.path(), &[&sentence, "--all"]));
    says(&told, &["locvtp index rebuild"]);
    assert!(!told.contains("check the path"), "{told}");
    says(&succeeded(&run(&rebuild)), &["indexed: 1 file"]);
}

#[test]
fn of_what_the_model_cannot_know_it_is_said_that_nobody_can_tell() {
    let folder = indexed();
    let output = search(folder.path(), &["a dog on a skateboard"]);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    says(&told, &["cannot be told", "never seen in training: dog", "skateboard"]);
    assert!(!told.contains("not in these videos") && !told.contains("stands out"), "{told}");
    assert_eq!(stdout(&output), "");
    let found = json(&search(folder.path(), &["a dog on a skateboard", "--json"]));
    assert_eq!(found["verdict"]["sure"], "unknown");
    says(found["verdict"]["says"].as_str().unwrap(), &["cannot be told", "no word of it"]);
    // A sentence with such a word among others is answered by the others.
    let (_, sentence) = held_out(folder.path());
    let output = search(folder.path(), &[&format!("{sentence} near a dog"), "--all"]);
    succeeded(&output);
    says(&stderr(&output), &["never seen in training", "the other words"]);
}

#[test]
fn what_is_said_is_found_also_by_words_that_the_model_does_not_know() {
    let folder = videos();
    let (video, _) = held_out(folder.path());
    let srt = "1\n00:00:01,000 --> 00:00:02,500\nnow a dog rides the skateboard\n";
    std::fs::write(video.with_extension("srt"), srt).unwrap();
    let model = tiny().path("run");
    let add = ["index", "add", str(folder.path()), "--model", str(&model)];
    says(&succeeded(&run(&add)), &["1 line of subtitles"]);
    for words in [&["dog skateboard"][..], &["--said", "a dog"], &["--said", "skate* dog"]] {
        let shown = succeeded(&search(folder.path(), words));
        says(&shown, &["0:01.00", "0:02.50", "said: now a dog rides the skateboard"]);
    }
    let like = format!("{}@1.5", video.display());
    let found = json(&search(folder.path(), &["--like", &like, "--json"]));
    assert!(!found["hits"].as_array().unwrap().is_empty(), "{found}");
}

#[test]
fn what_does_not_stand_out_is_shown_as_a_guess_and_ends_with_1() {
    let folder = indexed();
    let sentences = ["red", "blue", "green"].iter().flat_map(|colour| {
        let of = move |shape| format!("a {colour} {shape} moves left");
        ["square", "circle", "triangle", "ring", "cross"].map(of)
    });
    let mut num_guesses = 0;
    for sentence in sentences {
        let output = search(folder.path(), &[&sentence, "--json"]);
        let (found, code) = (json(&output), output.status.code());
        let share = found["verdict"]["false_alarms"].as_f64().unwrap();
        let sure = found["verdict"]["sure"].as_str().unwrap();
        let should_be = match share {
            share if share <= 0.05 => "found",
            share if share <= 0.5 => "maybe",
            _ => "not_found",
        };
        assert_eq!(sure, should_be, "{share}");
        assert_eq!(code, Some(if sure == "not_found" { 1 } else { 0 }), "{sentence}");
        if sure != "not_found" {
            continue;
        }
        num_guesses += 1;
        let says_it = if share > 0.95 { "not in these videos" } else { "nothing stands out" };
        assert_eq!(found["verdict"]["says"], says_it);
        let shown = search(folder.path(), &[&sentence]);
        says(&stderr(&shown), &[says_it, "8 files", "sentences about other things", "--all"]);
        says(&stdout(&shown), &["a guess (false alarms: ", "best clip"]);
    }
    assert!(num_guesses > 0);
}

#[test]
fn how_sure_a_hit_is_is_the_same_in_the_table_the_list_and_json() {
    let folder = videos();
    let (video, sentence) = held_out(folder.path());
    let srt = "1\n00:00:01,000 --> 00:00:02,500\nnow a dog rides the skateboard\n";
    std::fs::write(video.with_extension("srt"), srt).unwrap();
    let model = tiny().path("run");
    succeeded(&run(&["index", "add", str(folder.path()), "--model", str(&model)]));
    let like = format!("{}@1.5", video.display());
    let out = tempfile::tempdir().unwrap();
    for (question, evidence, sure, shown) in [
        (["--said", "a dog"], "said", "found", "found, said: now a dog"),
        (["--like", &like], "seen", "maybe", "maybe (not measured)"),
    ] {
        let list = out.path().join(format!("{evidence}.csv"));
        let table = search(folder.path(), &[&question[..], &["--export", str(&list)]].concat());
        says(&succeeded(&table), &[shown]);
        let written = std::fs::read_to_string(&list).unwrap();
        assert!(
            written.lines().nth(1).unwrap().contains(&format!(",{sure},{evidence},")),
            "{written}"
        );
        let found = json(&search(folder.path(), &[&question[..], &["--json"]].concat()));
        assert_eq!(found["hits"][0]["verdict"]["sure"], sure);
        assert_eq!(found["verdict"]["sure"], sure);
    }
    // Nobody says it, which is sure, and nobody can be asked for by signs alone.
    let none = search(folder.path(), &["--said", "a cat"]);
    assert_eq!(none.status.code(), Some(1));
    says(&stderr(&none), &["no subtitle says it (8 files)"]);
    says(&refused(&search(folder.path(), &["--said", "+-"])), &["no word stands in it"]);
    // Beside a sentence, either is a hit.
    let both = json(&search(folder.path(), &[&sentence, "--said", "a dog", "--all", "--json"]));
    let by: Vec<&str> =
        both["hits"].as_array().unwrap().iter().map(|hit| hit["by"].as_str().unwrap()).collect();
    assert_eq!(by[..3], ["seen", "said", "seen"]);
}

#[test]
fn what_cannot_be_done_says_what_to_type() {
    let folder = videos();
    let here =
        |arguments: &[&str]| locvtp().current_dir(folder.path()).args(arguments).output().unwrap();
    says(
        &refused(&here(&["search", "a dog"])),
        &["no index is here", "locvtp index add", "--catalog"],
    );
    says(&refused(&here(&["index", "list"])), &["no index is here"]);
    says(&refused(&here(&["index", "add", "."])), &["--model", "locvtp demo"]);
    says(&refused(&here(&["index", "add", "gone", "--model", "x"])), &["gone", "does not exist"]);
    says(&refused(&here(&["index", "add", ".", "--model", "x"])), &["x", "does not exist"]);
    assert!(!folder.path().join(".locvtp").exists());
    says(&refused(&here(&["search", "a", "dog"])), &["2 words to the shell", "'a dog'"]);
    says(&refused(&here(&["search"])), &["<SENTENCE>"]);
    says(&refused(&here(&["search", "-dog"])), &["-"]);
    for (address, says_it) in [
        ("postgres://anna:geheim@127.0.0.1:9/videos", "postgres://anna@127.0.0.1:9/videos"),
        ("postgres://anna:geheim", "postgres://USER@HOST"),
    ] {
        let told = refused(&here(&["search", "a dog", "--catalog", address]));
        says(&told, &[says_it]);
        assert!(!told.contains("geheim"), "{told}");
    }
    for (flag, value, says_it) in [
        ("--after", "yesterday", "2026-07-31"),
        ("--like", "talk.mp4", "talk.mp4@12.5"),
        ("--image", "gone.png", "does not exist"),
        ("--like", "talk.mp4@1e300", "talk.mp4@12.5"),
        ("--longer", "0", "1:02:03"),
        ("--export", "no/such/hits.csv", "does not exist"),
        ("--cut", "no/such/cuts", "does not exist"),
    ] {
        says(&refused(&here(&["search", "a dog", flag, value])), &[says_it]);
    }
    let empty = tempfile::tempdir().unwrap();
    let model = tiny().path("run");
    let nothing = run(&["index", "add", str(empty.path()), "--model", str(&model)]);
    assert_eq!(nothing.status.code(), Some(1));
    says(&stderr(&nothing), &["no video files there"]);
    assert!(stdout(&nothing).is_empty() && !empty.path().join(".locvtp").exists());
}

#[test]
fn a_model_that_moved_is_asked_for_and_another_one_is_refused() {
    let folder = videos();
    let models = tempfile::tempdir().unwrap();
    let model = models.path().join("first");
    crate::tiny::copy_folder(&tiny().model(), &model);
    succeeded(&run(&["index", "add", str(folder.path()), "--model", str(&model)]));
    let moved = models.path().join("second");
    std::fs::rename(&model, &moved).unwrap();
    let (_, sentence) = held_out(folder.path());
    let told = refused(&search(folder.path(), &[&sentence]));
    says(&told, &["first", "does not exist", "--model"]);
    succeeded(&search(folder.path(), &[&sentence, "--all", "--model", str(&moved)]));
    let other = crate::tiny::checkpoints(&tiny().path("run")).remove(0);
    let told = refused(&search(folder.path(), &[&sentence, "--model", str(&other)]));
    says(&told, &["another model", "index add --model"]);
}

#[test]
fn hits_are_cut_and_listed_for_editors() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let out = tempfile::tempdir().unwrap();
    let (cuts, list) = (out.path().join("cuts"), out.path().join("hits.csv"));
    let more = ["--top", "2", "--all", "--cut", str(&cuts), "--exact", "--export", str(&list)];
    let output = search(folder.path(), &[&[sentence.as_str()], &more[..]].concat());
    succeeded(&output);
    says(&stderr(&output), &["encoded, from the frame", "written: ", "hits.csv"]);
    let cut_files = || std::fs::read_dir(&cuts).unwrap().count();
    assert_eq!(cut_files(), 2);
    assert_eq!(std::fs::read_to_string(&list).unwrap().lines().count(), 3);
    // Nothing that is there is lost: the list is refused before anything is done, cuts take other names.
    std::fs::write(&list, "mine").unwrap();
    let again = [&[sentence.as_str()], &more[..]].concat();
    let told = refused(&search(folder.path(), &again));
    says(&told, &["hits.csv: is there already", "--overwrite"]);
    assert_eq!((std::fs::read(&list).unwrap(), cut_files()), (b"mine".to_vec(), 2));
    succeeded(&search(folder.path(), &again[..again.len() - 2]));
    assert_eq!(cut_files(), 4);
    let output = search(folder.path(), &[&again[..], &["--overwrite"]].concat());
    succeeded(&output);
    assert_eq!((std::fs::read_to_string(&list).unwrap().lines().count(), cut_files()), (3, 4));
    assert!(!stderr(&output).contains("index add"), "{}", stderr(&output));
    // Where videos are indexed, cuts would be videos of the index.
    for (name, is_told) in [("cuts", true), (".cuts", false)] {
        let inside = folder.path().join(name);
        let output = search(folder.path(), &[&sentence, "--all", "--cut", str(&inside)]);
        succeeded(&output);
        assert_eq!(stderr(&output).contains("index add"), is_told, "{}", stderr(&output));
    }
    let wrong = search(folder.path(), &[&sentence, "--export", "hits.doc"]);
    says(&refused(&wrong), &["hits.doc", ".csv"]);
}

#[test]
fn refined_ends_stay_in_the_file_and_begin_at_frames() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let found = json(&search(folder.path(), &[&sentence, "--all", "--refine", "--json"]));
    let hits = found["hits"].as_array().unwrap();
    assert!(!hits.is_empty());
    for hit in hits {
        let (start, end) = (hit["start_s"].as_f64().unwrap(), hit["end_s"].as_f64().unwrap());
        assert!(0.0 <= start && start < end && end <= 9.001, "{hit}");
        assert_eq!(hit["is_refined"], true);
    }
}

#[test]
fn files_are_chosen_by_the_paths_that_are_shown_and_what_chooses_none_is_named() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    std::fs::create_dir(folder.path().join("other")).unwrap();
    std::fs::rename(&video, folder.path().join("other/one.mp4")).unwrap();
    add_again(folder.path());
    let here = |more: &[&str]| {
        let mut command = locvtp();
        command.current_dir(folder.path()).args(["search", &sentence, "--all"]).args(more);
        command.output().unwrap()
    };
    for pattern in ["other/*.mp4", "./other/one.mp4", "*/other/*"] {
        says(&succeeded(&here(&["--file", pattern])), &["in 1 file", "other/one.mp4"]);
    }
    says(&succeeded(&here(&["--in", "other", "--longer", "0:01"])), &["in 1 file"]);
    let none = here(&["--file", "other/*.avi"]);
    assert_eq!(none.status.code(), Some(1));
    let told = stderr(&none);
    assert!(told.contains("is meant by --file") && !told.contains("--in"), "{told}");
    let told = stderr(&here(&["--in", "other", "--after", "9999-12-31"]));
    says(&told, &["--in, --after together"]);
    succeeded(&here(&["--after", "1969-01-01"]));
    says(&refused(&here(&["--in", "gone"])), &["gone", "no such folder"]);
}

#[test]
fn what_asks_for_nothing_is_an_error() {
    let folder = indexed();
    for nothing in [&["+"][..], &["\"\""], &["--said", ""], &["--said", "\""]] {
        let output = search(folder.path(), nothing);
        assert_eq!(output.status.code(), Some(2), "{nothing:?}: {}", stderr(&output));
        let told = stderr(&output);
        assert!(told.contains("nothing is asked for") || told.contains("no word"), "{told}");
    }
}

#[test]
fn a_video_that_is_cut_short_is_named() {
    let folder = videos();
    let (video, _) = held_out(folder.path());
    let short = video.with_file_name("short.mp4");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i", str(&video), "-c", "copy", "-movflags", "+faststart"]);
    assert!(command.arg(&short).status().unwrap().success());
    let size = std::fs::metadata(&short).unwrap().len();
    std::fs::File::options().write(true).open(&short).unwrap().set_len(size / 2).unwrap();
    let model = tiny().path("run");
    let added = run(&["index", "add", str(folder.path()), "--model", str(&model)]);
    says(&succeeded(&added), &["cut short: 1 file"]);
    let ends = "cut short: the pictures end at 0:0";
    says(&stderr(&added), &["short.mp4: ", ends, " of 0:09.00"]);
    let list = ["index", "list", "--catalog", str(folder.path())];
    let told = succeeded(&run(&list));
    let line = told.lines().find(|line| line.contains("short.mp4")).unwrap();
    assert!(line.starts_with("indexed") && line.contains(ends), "{line}");
    let files = json(&run(&[&list[..], &["--json"]].concat()))["files"].clone();
    let notes = files.as_array().unwrap().iter().filter(|file| !file["note"].is_null());
    let notes: Vec<&Value> = notes.collect();
    assert!(notes.len() == 1 && notes[0]["reason"].is_null(), "{notes:?}");
    assert!(notes[0]["note"].as_str().unwrap().starts_with(ends), "{notes:?}");
}

#[test]
fn names_of_files_give_the_terminal_no_orders() {
    let folder = videos();
    let (video, sentence) = held_out(folder.path());
    let name = "a\x1b[31m\nbad.mp4";
    std::fs::rename(&video, video.with_file_name(name)).unwrap();
    std::fs::write(video.with_file_name("broken\r\x1b.mp4"), "no video").unwrap();
    let model = tiny().path("run");
    let add = ["index", "add", str(folder.path()), "--model", str(&model)];
    let list = ["index", "list", "--catalog", str(folder.path())];
    let out = tempfile::tempdir().unwrap();
    let (cuts, csv) = (out.path().join("c"), out.path().join("h\x1b.csv"));
    let find =
        [sentence.as_str(), "--all", "--file", "a*", "--cut", str(&cuts), "--export", str(&csv)];
    let found = [&["search", "--catalog", str(folder.path())][..], &find].concat();
    for command in [&add[..], &list, &found[..]] {
        let output = run(command);
        let told = succeeded(&output) + &stderr(&output);
        let is_order = |c: char| c.is_control() && c != '\n';
        assert!(!told.contains(is_order), "{told:?}");
        assert!(!told.lines().any(|line| line.starts_with("bad.mp4")), "{told}");
        assert!(told.contains("\\u{1b}"), "{told}");
    }
    // What programs read is exact.
    assert!(std::fs::read_to_string(&csv).unwrap().contains(name));
    let files = json(&run(&[&list[..], &["--json"]].concat()))["files"].clone();
    assert!(files.to_string().contains(r"a\u001b[31m\nbad.mp4"), "{files}");
}

#[test]
fn a_watched_folder_is_told_of_only_when_something_changed() {
    let folder = videos();
    std::os::unix::fs::symlink("nowhere", folder.path().join("link.mp4")).unwrap();
    let spare = tempfile::tempdir().unwrap();
    let (first, _) = held_out(folder.path());
    let told = spare.path().join("told");
    let errors = spare.path().join("errors");
    let mut command = locvtp();
    command.args(["index", "watch", str(folder.path()), "--model", str(&tiny().path("run"))]);
    command.args(["--every", "1"]).stdout(File::create(&told).unwrap());
    let mut child = command.stderr(File::create(&errors).unwrap()).spawn().unwrap();
    let text = |file: &Path| std::fs::read_to_string(file).unwrap();
    let summaries = || text(&told).matches("decoded: ").count();
    until(&mut child, "the first look", || summaries() == 1);
    // A file is moved three times; the looks between find nothing new.
    let mut at = first;
    for (place, name) in ["x.mp4", "y.mp4", "z.mp4"].into_iter().enumerate() {
        let to = at.with_file_name(name);
        std::fs::rename(&at, &to).unwrap();
        at = to;
        until(&mut child, name, || summaries() == 2 + place);
    }
    let output = end_by_ctrl_c(child);
    assert_eq!(output.status.code(), Some(130));
    let errors = text(&errors);
    assert_eq!(errors.matches("link.mp4").count(), 1, "{errors}");
    assert!(!errors.contains("in the index already") && !text(&told).contains("search it with"));
}
