//! Moments as files: `--cut` and `--export`.

use crate::indexed::{add_again, guessed, held_out, indexed, json, search};
use crate::tiny::{locvtp, refused, says, stderr, str, succeeded};

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
fn guesses_are_not_written_and_it_is_said_what_writes_them() {
    let folder = indexed();
    let sentence = guessed(folder.path());
    let out = tempfile::tempdir().unwrap();
    let (cuts, list) = (out.path().join("cuts"), out.path().join("hits.csv"));
    let files = ["--export", str(&list), "--cut", str(&cuts)];
    let output = search(folder.path(), &[&[sentence.as_str()], &files[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    says(
        &stderr(&output),
        &["no file was written, as only guesses are there; --all writes guesses, too"],
    );
    assert!(!cuts.exists() && !list.exists());
    let all = search(folder.path(), &[&[sentence.as_str(), "--all"], &files[..]].concat());
    succeeded(&all);
    assert!(std::fs::read_to_string(&list).unwrap().contains(",guess,seen,"));
}

#[test]
fn a_list_is_no_words_of_a_video_unless_it_must_be() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    let asked = |list: &str, more: &[&str]| {
        let find = [&sentence, "--all", "--export", list];
        let mut command = locvtp();
        command.current_dir(folder.path()).arg("search").args(find).args(more);
        command.output().unwrap()
    };
    let stem = video.file_stem().unwrap().to_str().unwrap();
    for name in [format!("{stem}.srt"), format!("{stem}.en.vtt")] {
        let told = refused(&asked(&name, &[]));
        says(&told, &["has the name of what is said in", ".moments.", "--overwrite"]);
    }
    let free = format!("{stem}.moments.srt");
    let one = ["--file", video.file_name().unwrap().to_str().unwrap()];
    succeeded(&asked(&free, &one));
    assert_eq!(add_again(folder.path())["num_cues"], 0);
    let own = format!("{stem}.srt");
    let output = asked(&own, &[&one[..], &["--overwrite"]].concat());
    succeeded(&output);
    says(&stderr(&output), &["note: ", "index add` take it for that"]);
}

#[test]
fn a_file_that_is_gone_is_not_in_an_edit_list_and_the_others_are() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    std::fs::remove_file(&video).unwrap();
    let out = tempfile::tempdir().unwrap();
    let name = video.file_name().unwrap().to_str().unwrap();
    for ending in ["edl", "otio", "fcpxml"] {
        let list = out.path().join(format!("hits.{ending}"));
        let more = ["--all", "--per-file", "1", "--export", str(&list)];
        let output = search(folder.path(), &[&[sentence.as_str()], &more[..]].concat());
        succeeded(&output);
        says(&stderr(&output), &["not in the list: ", &format!("{name}: is gone"), "written: "]);
        let written = std::fs::read_to_string(&list).unwrap();
        assert!(written.contains(".mp4") && !written.contains(name), "{written}");
        if ending == "edl" {
            says(&stderr(&output), &["frames a second, and few editors"]);
        }
        std::fs::remove_file(&list).unwrap();
        // Those that are there are cut, and the table says what the list says.
        let cuts = out.path().join(format!("cuts {ending}"));
        let cut = ["--all", "--per-file", "1", "--cut", str(&cuts)];
        let output = search(folder.path(), &[&[sentence.as_str()], &cut[..]].concat());
        says(&succeeded(&output), &[&format!("{name} (gone)"), "8 videos, 1 of them gone"]);
        says(&stderr(&output), &["not cut: ", &format!("{name}: is gone")]);
        assert!(std::fs::read_dir(&cuts).unwrap().count() > 2);
        let alone = [&cut[..], &["--file", name]].concat();
        let told = refused(&search(folder.path(), &[&[sentence.as_str()], &alone[..]].concat()));
        says(&told, &["not cut: 1 moment"]);
        let alone = [&more[..], &["--file", name]].concat();
        let told = refused(&search(folder.path(), &[&[sentence.as_str()], &alone[..]].concat()));
        says(&told, &[name, "is gone", ".csv"]);
        assert!(!list.exists());
    }
}

#[test]
fn a_list_may_lie_in_the_folder_of_the_cuts_and_a_link_stays_one() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let out = tempfile::tempdir().unwrap();
    let cuts = out.path().join("cuts");
    let list = cuts.join("hits.json");
    let more = ["--all", "--top", "1", "--cut", str(&cuts), "--export", str(&list)];
    succeeded(&search(folder.path(), &[&[sentence.as_str()], &more[..]].concat()));
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    assert_eq!(std::fs::read_dir(&cuts).unwrap().count(), 2);
    let found = json(&search(folder.path(), &[&sentence, "--all", "--top", "1", "--json"]));
    for key in ["score", "start_s", "end_s"] {
        assert_eq!(written["hits"][0][key], found["hits"][0][key], "{key}");
    }
    assert_eq!(written["hits"][0]["sure"], found["hits"][0]["verdict"]["sure"]);
    let link = out.path().join("link.json");
    std::os::unix::fs::symlink(&list, &link).unwrap();
    std::fs::write(&list, "mine").unwrap();
    let again = ["--all", "--top", "1", "--export", str(&link)];
    says(
        &refused(&search(folder.path(), &[&[sentence.as_str()], &again[..]].concat())),
        &["--overwrite"],
    );
    let over = [&[sentence.as_str(), "--overwrite"], &again[..]].concat();
    succeeded(&search(folder.path(), &over));
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(std::fs::read_to_string(&list).unwrap().contains("start_s"));
}

#[test]
fn a_file_that_was_changed_is_neither_cut_nor_listed_by_frames_nor_refined() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    let name = video.file_name().unwrap().to_str().unwrap().to_owned();
    let others = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let is_other = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|it| it == "mp4") && path.file_name() != video.file_name()
    };
    let other = others.filter(is_other).min().unwrap();
    std::fs::remove_file(&video).unwrap();
    std::fs::copy(other, &video).unwrap();
    let out = tempfile::tempdir().unwrap();
    let cuts = out.path().join("cuts");
    let asked =
        |more: &[&str]| search(folder.path(), &[&[sentence.as_str(), "--all"], more].concat());
    let changed = format!("{name}: was changed since it was indexed; type `");
    for ending in ["edl", "otio", "fcpxml"] {
        let list = out.path().join(format!("hits.{ending}"));
        let output = asked(&["--per-file", "1", "--export", str(&list)]);
        says(&succeeded(&output), &[&format!("{name} (changed)")]);
        says(&stderr(&output), &["not in the list: ", &changed, " index add "]);
        let written = std::fs::read_to_string(&list).unwrap();
        assert!(written.contains(".mp4") && !written.contains(&name), "{written}");
    }
    // Seconds of a table are those that were indexed.
    let table = out.path().join("hits.csv");
    succeeded(&asked(&["--export", str(&table)]));
    assert!(std::fs::read_to_string(&table).unwrap().contains(&name));
    let output = asked(&["--per-file", "1", "--refine", "--cut", str(&cuts)]);
    succeeded(&output);
    says(&stderr(&output), &["not cut: ", "not refined: ", &changed]);
    let is_of_it = |cut: std::fs::DirEntry| {
        cut.file_name().to_str().unwrap().starts_with(name.trim_end_matches(".mp4"))
    };
    assert!(!std::fs::read_dir(&cuts).unwrap().any(|cut| is_of_it(cut.unwrap())));
    let alone = ["--file", name.as_str()];
    let list = out.path().join("alone.edl");
    let told = refused(&asked(&[&alone[..], &["--export", str(&list)]].concat()));
    says(&told, &[&changed]);
    let hits = json(&asked(&[&alone[..], &["--json"]].concat()))["hits"].clone();
    assert_eq!((&hits[0]["is_changed"], &hits[0]["is_missing"]), (&true.into(), &false.into()));
    add_again(folder.path());
    succeeded(&asked(&["--cut", str(&cuts)]));
}
