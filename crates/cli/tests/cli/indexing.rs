//! `locvtp index` as a newcomer types it.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::indexed::{add_again, held_out, indexed, json, search, videos};
use crate::rebuilding::change;
use crate::tiny::{locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};
use crate::waiting::{end_by_ctrl_c, until};

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
    says(&list, &["8 videos", "indexed", "renamed.mp4"]);
    // The index of the folder that it lies in.
    let remove = ["index", "remove", str(&moved)];
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
    // Text, JSON and the row of the job tell the same number of frames.
    let jobs = ["index", "list", "--jobs", "--catalog", str(folder.path()), "--json"];
    let jobs = json(&run(&jobs));
    let job = jobs.as_array().unwrap().iter().find(|job| job["kind"] == "add").unwrap();
    let decoded = job["progress"]["decoded_frames"].as_u64().unwrap();
    assert!(decoded > 0);
    std::fs::remove_dir_all(folder.path().join(".locvtp")).unwrap();
    let model = tiny().path("run");
    let add = ["index", "add", str(folder.path()), "--model", str(&model)];
    let told = succeeded(&run(&add));
    // One file was removed from the index, and is a video of the folder still.
    says(&told, &[format!("decoded: {decoded} frames").as_str()]);
}

#[test]
fn a_bad_file_is_one_line_and_damage_of_the_index_is_named_and_mended() {
    let folder = videos();
    std::fs::write(folder.path().join("broken.mp4"), "not a video").unwrap();
    let model = tiny().path("run");
    let add = ["index", "add", str(folder.path()), "--model", str(&model)];
    let output = run(&add);
    says(&succeeded(&output), &["indexed: 8 videos", "left out: 1 file"]);
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
    says(&succeeded(&run(&rebuild)), &["indexed: 1 video"]);
    says(&succeeded(&run(&verify)), &["of 8 videos, in 8 segments"]);
    // A part that is gone is damage as well, and not a path to be checked.
    std::fs::remove_file(std::fs::read_dir(segments).unwrap().next().unwrap().unwrap().path())
        .unwrap();
    let (_, sentence) = held_out(folder.path());
    let told = refused(&search(folder.path(), &[&sentence, "--all"]));
    says(&told, &["locvtp index rebuild"]);
    assert!(!told.contains("check the path"), "{told}");
    says(&succeeded(&run(&rebuild)), &["indexed: 1 video"]);
}

#[test]
fn second_places_links_and_changed_files_are_told_as_what_they_are() {
    let folder = indexed();
    let (video, _) = held_out(folder.path());
    let backup = folder.path().join("backup");
    std::fs::create_dir(&backup).unwrap();
    let copy = backup.join("copy.mp4");
    std::fs::copy(&video, &copy).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("link")).unwrap();
    let add = ["index", "add", str(folder.path())];
    let told = succeeded(&run(&add));
    says(&told, &["links to folders, which are not followed: ", "/link; name such a folder"]);
    let list = || succeeded(&run(&["index", "list", str(folder.path())]));
    says(&told, &["in the index now: 8 videos in 9 files"]);
    says(&list(), &["8 videos in 9 files", "(also at ", "copy.mp4"]);
    let catalogue = folder.path().join(".locvtp");
    says(&succeeded(&run(&["inspect", str(&catalogue)])), &["8 videos in 9 files"]);
    let list_json = json(&run(&["index", "list", str(folder.path()), "--json"]));
    assert_eq!((&list_json["num_videos"], &list_json["num_files"]), (&8.into(), &9.into()));
    let removed = succeeded(&run(&["index", "remove", str(&backup)]));
    says(&removed, &["1 place of files that lie elsewhere, too; the files stay"]);
    assert!(!removed.contains("1 file"), "{removed}");
    assert!(list().starts_with("8 videos in ") && !list().contains("also at"), "{}", list());
    succeeded(&run(&add));
    std::fs::remove_file(&copy).unwrap();
    says(&succeeded(&run(&add)), &["gone, and known by another place: ", "copy.mp4; the index"]);
    std::fs::write(&video, "another file").unwrap();
    let list = list();
    let name = video.file_name().unwrap().to_str().unwrap();
    let line = list.lines().find(|line| line.contains(name)).unwrap();
    assert!(line.contains("changed"), "{line}");
    // Where the folder behind a link has all there is, it is named, too.
    let empty = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), empty.path().join("link")).unwrap();
    let nothing = run(&["index", "add", str(empty.path()), "--model", str(&tiny().path("run"))]);
    assert_eq!(nothing.status.code(), Some(1));
    says(&stderr(&nothing), &["links to folders, which are not followed: "]);
}

#[test]
fn a_model_that_drew_its_weights_is_not_measured_by_words_that_it_does_not_have() {
    let (folder, models) = (videos(), tempfile::tempdir().unwrap());
    let model = models.path().join("random");
    let like = tiny().model();
    let made = ["weights", "random", "--like", str(&like), "--out", str(&model), "--seed", "7"];
    succeeded(&run(&made));
    let added = run(&["index", "add", str(folder.path()), "--model", str(&model)]);
    succeeded(&added);
    says(&stderr(&added), &["cannot be told with this model"]);
    let unknown = search(folder.path(), &["zzz"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", stdout(&unknown));
    says(&stderr(&unknown), &["no word of \"zzz\" in its vocabulary", "cannot be told"]);
    let (_, sentence) = held_out(folder.path());
    let known = succeeded(&search(folder.path(), &[&sentence]));
    assert!(known.contains("not measured") && !known.contains("false alarms"), "{known}");
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
    // Whoever says where it lies now says so once.
    let add = ["index", "add", str(folder.path()), "--model"];
    let again = run(&[&add[..], &[str(&moved)]].concat());
    says(&succeeded(&again), &["unchanged: 8 files", "decoded: 0 frames"]);
    says(&stderr(&again), &["takes its model from", "second"]);
    succeeded(&search(folder.path(), &[&sentence, "--all"]));
    let other = crate::tiny::checkpoints(&tiny().path("run")).remove(0);
    let told = refused(&search(folder.path(), &[&sentence, "--model", str(&other)]));
    says(&told, &["another model", "index add --model"]);
    // What another model or other clips cost is said before they are made.
    let output = run(&[&add[..], &[str(&other)]].concat());
    succeeded(&output);
    let told = stderr(&output);
    says(
        &told,
        &["another model than that of the index", "second", "all 8 files", "encoded anew", "some "],
    );
    let output = run(&["index", "add", str(folder.path()), "--stride", "5"]);
    succeeded(&output);
    says(&stderr(&output), &["other clips than in the index: all 8 files", "--stride 5 leaves"]);
    // One that is written over in place is not told to be another than itself.
    let place = models.path().join("third");
    std::fs::rename(&moved, &place).unwrap();
    succeeded(&run(&[&add[..], &[str(&place)]].concat()));
    std::fs::remove_dir_all(&place).unwrap();
    crate::tiny::copy_folder(&other, &place);
    let told = refused(&search(folder.path(), &[&sentence]));
    says(&told, &["third: the model there is another one than when the index was made"]);
}

#[test]
fn an_index_is_kept_while_files_of_it_are_gone() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    let name = video.file_name().unwrap().to_str().unwrap();
    let away = tempfile::tempdir().unwrap();
    let carry = |out: bool| {
        for entry in std::fs::read_dir(if out { folder.path() } else { away.path() }).unwrap() {
            let path = entry.unwrap().path();
            let to = if out { away.path() } else { folder.path() };
            if path.extension().is_some_and(|it| it == "mp4") {
                std::fs::rename(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    };
    let finds = || {
        let found = search(folder.path(), &[&sentence, "--file", name, "--all", "--json"]);
        json(&found)["hits"].as_array().unwrap().len()
    };
    let stride = ["index", "add", str(folder.path()), "--stride", "0.5"];
    // As of a drive that is not mounted.
    carry(true);
    let output = run(&stride);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    says(
        &stderr(&output),
        &["none of its files is there", "in the index there is: 8 files. So that one stays"],
    );
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    says(&told, &["the index before stays", "lacks 8 files of it, which are gone", "index remove"]);
    assert!(!told.contains("took the place"), "{told}");
    assert!(finds() > 0);
    carry(false);
    std::fs::rename(&video, away.path().join(name)).unwrap();
    let output = run(&stride);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    says(&stderr(&output), &["all 7 files", "in the index there is: 1 file."]);
    assert!(finds() > 0);
    // A person who knows that it does not come back takes it out.
    succeeded(&run(&["index", "remove", str(&video)]));
    says(&succeeded(&run(&stride)), &["took the place", "decoded: 0 frames"]);
    assert!(finds() == 0);
}

#[test]
fn a_folder_with_another_name_is_said_to_need_a_look() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let spare = tempfile::tempdir().unwrap();
    let renamed = spare.path().join("renamed");
    std::fs::rename(folder.path(), &renamed).unwrap();
    let output = search(&renamed, &[&sentence, "--all"]);
    says(&succeeded(&output), &["(gone)"]);
    let told = stderr(&output);
    says(&told, &["moved or renamed", "index add ", "renamed"]);
    assert_eq!(told.matches("moved or renamed").count(), 1, "{told}");
    let output = search(&renamed, &[&sentence, "--in", str(&renamed)]);
    assert_eq!(output.status.code(), Some(1));
    says(&stderr(&output), &["meant by --in", "moved or renamed"]);
    assert_eq!(add_again(&renamed)["num_moved"], 8);
    let output = search(&renamed, &[&sentence, "--all"]);
    let told = succeeded(&output) + &stderr(&output);
    assert!(!told.contains("(gone)") && !told.contains("moved or renamed"), "{told}");
    // The folder may be named as `index add` names it.
    for command in ["list", "verify", "compact", "rebuild"] {
        let output = run(&["index", command, str(&renamed)]);
        let told = succeeded(&output) + &stderr(&output);
        assert_eq!(told.contains("nothing is damaged"), command == "rebuild", "{told}");
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
    says(&succeeded(&added), &["cut short: 1 video"]);
    let ends = "cut short: the pictures end at 0:0";
    says(&stderr(&added), &["short.mp4: ", ends, " of 0:09.00"]);
    let again = run(&["index", "add", str(folder.path())]);
    says(&succeeded(&again), &["cut short: 1 video (1 as before)"]);
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
    assert!(errors.contains("what is done is kept") && !errors.contains("saving"), "{errors}");
    assert!(!errors.contains("in the index already") && !text(&told).contains("search it with"));
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
fn damage_and_an_avi_that_is_cut_short_stand_in_the_list() {
    let folder = videos();
    let (video, sentence) = held_out(folder.path());
    let (avi, whole) = (folder.path().join("short.avi"), folder.path().join("whole.avi"));
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i", str(&video), "-c", "copy"]);
    assert!(command.arg(&whole).status().unwrap().success());
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&avi, &bytes[..bytes.len() / 2]).unwrap();
    let model = tiny().path("run");
    let spare = tempfile::tempdir().unwrap();
    let pieces = crate::extract::pieces(spare.path());
    let lost = [&pieces[0][..], &pieces[2], &pieces[3]].concat();
    std::fs::write(folder.path().join("lost.ts"), lost).unwrap();
    let added = run(&["index", "add", str(folder.path()), "--model", str(&model)]);
    says(&succeeded(&added), &["cut short: 1 video"]);
    says(&stderr(&added), &["short.avi: cut short: the pictures end at 0:0", " of 0:09.00"]);
    let damage = "lost.ts: pictures are missing or damaged at 1 place; left out: ";
    assert_eq!(stderr(&added).matches(damage).count(), 1, "{}", stderr(&added));
    let list = succeeded(&run(&["index", "list", "--catalog", str(folder.path())]));
    let line = |name: &str| list.lines().find(|line| line.contains(name)).unwrap();
    assert!(line("short.avi").contains(" of 0:09.00"), "{list}");
    assert!(!line("whole.avi").contains("cut short"), "{list}");
    assert!(line("lost.ts").contains(damage), "{list}");
    // `ground` looks at the file itself.
    let ground = run(&["ground", "--model", str(&model), str(&avi), &sentence]);
    says(&stderr(&ground), &["note: cut short: the pictures end at 0:0", " of 0:09.00"]);
}

#[test]
fn the_index_is_named_as_its_folder_was_typed() {
    let folder = videos();
    let place = folder.path().canonicalize().unwrap();
    let (above, name) = (place.parent().unwrap(), place.file_name().unwrap().to_str().unwrap());
    let add = |more: &[&str]| {
        let mut command = locvtp();
        command.current_dir(above).args(["index", "add", name]).args(more);
        succeeded(&command.output().unwrap())
    };
    let model = tiny().path("run");
    let first = add(&["--model", str(&model)]);
    for told in [first, add(&[])] {
        says(&told, &[&format!("search --catalog {name}/.locvtp ")]);
    }
}

#[test]
fn lines_of_subtitles_behind_the_end_are_counted() {
    let folder = videos();
    let (video, _) = held_out(folder.path());
    let cue = |at: u32| format!("{at}\n00:00:{at:02},000 --> 00:00:{:02},500\nwords {at}\n\n", at);
    std::fs::write(video.with_extension("srt"), [cue(1), cue(40), cue(50)].concat()).unwrap();
    let model = tiny().path("run");
    let added = run(&["index", "add", str(folder.path()), "--model", str(&model)]);
    says(&succeeded(&added), &["read: 1 line of subtitles"]);
    says(&stderr(&added), &[".srt: left out: 2 lines, behind the end of the video", "another cut"]);
}

#[test]
fn an_index_whose_making_was_broken_off_says_so() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let broken_off =
        "UPDATE jobs SET state = 'running', progress = json_set(progress, '$.done_files', 2)";
    let unmeasured = "UPDATE generations SET calibration = NULL";
    // As by a program that keeps no checksums of the records.
    change(folder.path(), &format!("DROP TABLE seals; {broken_off}; {unmeasured}"));
    let output = search(folder.path(), &[&sentence]);
    succeeded(&output);
    let told = stderr(&output);
    says(
        &told,
        &["the index is not whole", "with 2 of 8 files done", "the index was not measured"],
    );
    assert!(!told.contains("too small"), "{told}");
    // Programs are told the same.
    let notes = json(&search(folder.path(), &[&sentence, "--json"]))["notes"].to_string();
    says(
        &notes,
        &["the index is not whole", "with 2 of 8 files done", "the index was not measured"],
    );
    let jobs = succeeded(&run(&["index", "list", "--jobs", "--catalog", str(folder.path())]));
    says(&jobs, &["running, or broken off", "2/8"]);
}
