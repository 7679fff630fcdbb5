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
