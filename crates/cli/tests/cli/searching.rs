//! `locvtp search` as a newcomer types it.

use serde_json::Value;

use crate::indexed::{
    add_again, guessed, held_out, indexed, indexed_with_words, json, search, sentences, videos,
};
use crate::rebuilding::change;
use crate::tiny::{locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};

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
        for score in ["score", "mean_score"] {
            let apart = hit[score].as_f64().unwrap() - moment[score].as_f64().unwrap();
            assert!(apart.abs() < 1e-5, "{score}: {apart}");
        }
        assert_eq!(hit["file"], str(&video));
    }
    // In words, and by the index above the folder that one is in.
    let deeper = folder.path().join("deeper");
    std::fs::create_dir(&deeper).unwrap();
    let mut command = locvtp();
    let shown = command.current_dir(&deeper).args(["search", &sentence, "--all"]).output().unwrap();
    says(&succeeded(&shown), &["in 8 videos", "start", "how sure", ".mp4"]);
}

#[test]
fn signs_around_words_change_no_answer() {
    let folder = indexed();
    let (video, sentence) = held_out(folder.path());
    let asked = |sentence: &str| {
        let model = tiny().model();
        let ground = run(&["ground", "--model", str(&model), str(&video), sentence, "--json"]);
        let mut answers =
            [json(&search(folder.path(), &[sentence, "--all", "--json"])), json(&ground)];
        for answer in &mut answers {
            let told = answer.as_object_mut().unwrap();
            told.remove("sentence").or_else(|| told.remove("question")).unwrap();
        }
        answers
    };
    // Without the action, too: "a red ring".
    let short = sentence.split(' ').take(3).collect::<Vec<_>>().join(" ");
    for plain in [&short, &sentence] {
        let capital = format!("A{}", plain.strip_prefix('a').unwrap());
        let expected = asked(plain);
        assert!(expected[0]["verdict"]["false_alarms"].is_f64(), "{}", expected[0]);
        for signs in [".", "!", "...", " ?"] {
            assert_eq!(asked(&format!("{capital}{signs}")), expected, "{capital}{signs}");
        }
    }
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
    assert_eq!(found["verdict"]["sure"], "cannot_be_told");
    says(found["verdict"]["says"].as_str().unwrap(), &["cannot be told", "no word of it"]);
    // A sentence with such a word among others is answered by the others.
    let (_, sentence) = held_out(folder.path());
    let output = search(folder.path(), &[&format!("{sentence} near a dog"), "--all"]);
    succeeded(&output);
    says(&stderr(&output), &["never seen in training", "the other words"]);
}

#[test]
fn what_is_said_is_found_also_by_words_that_the_model_does_not_know() {
    let folder = indexed_with_words();
    let (video, _) = held_out(folder.path());
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
    let mut num_guesses = 0;
    for sentence in sentences() {
        let output = search(folder.path(), &[&sentence, "--json"]);
        let (found, code) = (json(&output), output.status.code());
        let share = found["verdict"]["false_alarms"].as_f64().unwrap();
        let sure = found["verdict"]["sure"].as_str().unwrap();
        let should_be = match share {
            share if share <= 0.05 => "found",
            share if share <= 0.5 => "maybe",
            share if share <= 0.95 => "nothing_stands_out",
            _ => "not_in_these_videos",
        };
        assert_eq!(sure, should_be, "{share}");
        let is_there = ["found", "maybe"].contains(&sure);
        assert_eq!(code, Some(if is_there { 0 } else { 1 }), "{sentence}");
        let says_it = sure.replace('_', " ");
        assert_eq!(found["verdict"]["says"], *says_it);
        let hits = found["hits"].as_array().unwrap();
        let is_guess = |hit: &Value| hit["verdict"]["sure"] == "guess";
        assert!(!hits.is_empty() && hits.iter().all(|hit| is_guess(hit) != is_there), "{found}");
        if is_there {
            continue;
        }
        num_guesses += 1;
        assert!(hits.len() <= 3);
        let one = json(&search(folder.path(), &[&sentence, "--top", "1", "--json"]));
        assert_eq!(one["hits"], serde_json::json!([hits[0]]));
        assert_eq!(one["verdict"], found["verdict"]);
        assert_eq!(found["has_more"], true);
        let shown = search(folder.path(), &[&sentence]);
        says(&stderr(&shown), &[&says_it, "8 videos", "sentences about other things", "--all"]);
        says(&stdout(&shown), &["guess (false alarms: ", "best clip"]);
    }
    assert!(num_guesses > 0);
}

#[test]
fn how_sure_a_hit_is_is_the_same_in_the_table_the_list_and_json() {
    let folder = indexed_with_words();
    let (video, sentence) = held_out(folder.path());
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
    // With all guesses, too, nothing but what is said is found.
    let guess = guessed(folder.path());
    let all = [&guess, "--said", "a dog", "--all"].map(str::to_owned);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let found = json(&search(folder.path(), &[&all[..], &["--json"]].concat()));
    assert_eq!(
        (&found["verdict"]["sure"], &found["verdict"]["false_alarms"]),
        (&"found".into(), &Value::Null)
    );
    says(&found["notes"].to_string(), &["in the pictures: no"]);
    says(&stderr(&search(folder.path(), &all)), &["note: in the pictures: no"]);
    // Nobody says it, which is sure, and nobody can be asked for by signs alone.
    let none = search(folder.path(), &["--said", "a cat"]);
    assert_eq!(none.status.code(), Some(1));
    says(&stderr(&none), &["no subtitle says it (8 videos)"]);
    assert_eq!(stderr(&none).matches("no subtitle").count(), 1);
    let found = json(&search(folder.path(), &["--said", "a cat", "--json"]));
    assert_eq!(found["verdict"]["sure"], "nothing_found");
    assert_eq!(found["notes"], serde_json::json!(["no subtitle says it"]));
    let beside = search(folder.path(), &[&sentence, "--said", "a cat", "--all"]);
    says(&stderr(&beside), &["note: no subtitle says it"]);
    for (said, says_it) in [
        ("+-", "no word stands in it"),
        ("dog -rides", "\"-rides\": in words that are said, + and - say nothing"),
        ("\"a dog\"", "quotes say nothing"),
    ] {
        says(&refused(&search(folder.path(), &["--said", said])), &[says_it]);
    }
    let long = "a* ".repeat(1000);
    says(&refused(&search(folder.path(), &["--said", &long])), &["3000 letters", "2000 at most"]);
    // Beside a sentence, either is a hit.
    let both = json(&search(folder.path(), &[&sentence, "--said", "a dog", "--all", "--json"]));
    let by: Vec<&str> = both["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["evidence"].as_str().unwrap())
        .collect();
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
    let index = folder.path().join(".locvtp");
    std::os::unix::fs::symlink("/drive/that/is/away", &index).unwrap();
    let model = tiny().path("run");
    let add = ["index", "add", ".", "--model", str(&model)];
    for command in [&["search", "a dog"][..], &["index", "list"], &add] {
        let away = ["link to /drive/that/is/away", "nothing is there", "mount its drive"];
        says(&refused(&here(command)), &away);
    }
    std::fs::remove_file(&index).unwrap();
    std::fs::create_dir(&index).unwrap();
    std::fs::write(index.join("segments"), "").unwrap();
    says(&refused(&here(&add)), &["segments", "a file is there; move it away"]);
    std::fs::remove_dir_all(&index).unwrap();
    says(&refused(&here(&["index", "add", "."])), &["--model", "locvtp demo"]);
    says(&refused(&here(&["index", "add", "gone", "--model", "x"])), &["gone", "does not exist"]);
    says(&refused(&here(&["index", "add", ".", "--model", "x"])), &["x", "does not exist"]);
    assert!(!folder.path().join(".locvtp").exists());
    says(&refused(&here(&["search", "a", "dog"])), &["2 words to the shell", "'a dog'"]);
    let catalog = ["search", "--catalog", "x", "a", "dog"];
    says(&refused(&here(&catalog)), &["2 words to the shell", "--catalog x", "'a dog'"]);
    says(
        &refused(&here(&["search", "a dog", "a cat"])),
        &["2 sentences were given", "one is asked"],
    );
    says(&refused(&here(&["search"])), &["a sentence in quotes", "--said", "--image", "--like"]);
    says(&refused(&here(&["search", "a dog", "-n", "3"])), &["no option -n", "--top N"]);
    says(&refused(&here(&["search", "a dog", "--folder", "x"])), &["--in FOLDER"]);
    says(&refused(&here(&["search", "-dog"])), &["-d", "search \"a dog runs -night\""]);
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
fn a_folder_beside_the_sentence_and_one_below_that_of_the_index_are_understood() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let place = str(folder.path());
    let told = refused(&run(&["search", place, &sentence]));
    let meant = format!("locvtp search --catalog {place} '{sentence}'");
    says(&told, &[&format!("{place}: is a folder"), &meant]);
    // Also without quotes.
    let words: Vec<&str> = ["search", place].into_iter().chain(sentence.split(' ')).collect();
    says(&refused(&run(&words)), &[&meant]);
    let told = refused(&run(&["search", str(&home), &sentence]));
    says(&told, &[&format!("--catalog {0} --in {0} '{sentence}'", str(&home))]);
    // The index of the folder above is taken, as `index list FOLDER` and `serve FOLDER` do.
    let found = run(&["search", "--catalog", str(&home), &sentence, "--all"]);
    succeeded(&found);
    says(&stderr(&found), &["has no index of its own", "the one above it is taken"]);
    let told = succeeded(&run(&["inspect", str(&folder.path().join(".locvtp"))]));
    says(&told, &["index of videos", "videos", "8", "locvtp index list"]);
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
        says(&succeeded(&here(&["--file", pattern])), &["in 1 video", "other/one.mp4"]);
    }
    says(&succeeded(&here(&["--in", "other", "--longer", "0:01"])), &["in 1 video"]);
    let none = here(&["--file", "other/*.avi"]);
    assert_eq!(none.status.code(), Some(1));
    let told = stderr(&none);
    assert!(told.contains("is meant by --file") && !told.contains("--in"), "{told}");
    says(&told, &["compared with whole paths", "capitals count"]);
    says(&stderr(&here(&["--file", "ONE*"])), &["compared with whole names", "capitals count"]);
    // From elsewhere as from here.
    for filter in [["--file", "other/*.mp4"], ["--in", "other"]] {
        let shown = search(folder.path(), &[&[sentence.as_str(), "--all"], &filter[..]].concat());
        says(&succeeded(&shown), &["in 1 video", "other/one.mp4"]);
    }
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
fn the_heading_names_all_that_was_asked_and_how_many_files_are_gone() {
    let folder = indexed_with_words();
    let (video, sentence) = held_out(folder.path());
    let name = video.file_name().unwrap().to_str().unwrap();
    let both = search(folder.path(), &[&sentence, "--said", "skate*", "--all"]);
    says(&succeeded(&both), &[&format!("\"{sentence}\", \"said: skate*\" in 8 videos\n")]);
    // The name alone tells the file, where only one has it.
    let like = format!("{name}@1.5");
    let shown = succeeded(&search(folder.path(), &["--like", &like]));
    says(&shown, &[&format!("\"like {name}@0:01.50\" in 8 videos\n")]);
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let second = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path());
    let second = second.filter(|it| it.extension().is_some_and(|it| it == "mp4") && *it != video);
    std::fs::rename(second.min().unwrap(), other.join(name)).unwrap();
    add_again(folder.path());
    says(&refused(&search(folder.path(), &["--like", &like])), &[name, "2 files", "index list"]);
    std::fs::remove_file(other.join(name)).unwrap();
    add_again(folder.path());
    let shown = succeeded(&search(folder.path(), &[&sentence, "--all"]));
    says(&shown, &[&format!("\"{sentence}\" in 8 videos, 1 of them gone\n")]);
}

#[test]
fn all_files_of_a_folder_that_was_moved_are_gone_until_they_are_added_again() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let (before, moved) = (folder.path().join("before"), folder.path().join("moved"));
    std::fs::create_dir(&before).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        if entry.path() != before {
            std::fs::rename(entry.path(), before.join(entry.file_name())).unwrap();
        }
    }
    std::fs::rename(&before, &moved).unwrap();
    let shown = search(&moved, &[&sentence, "--all", "--top", "1"]);
    says(&succeeded(&shown), &["in 8 videos, 8 of them gone\n"]);
    says(&stderr(&shown), &["none of the files lies where it was indexed", "index add"]);
    let listed = run(&["index", "list", str(&moved), "--json"]);
    let files = json(&listed)["files"].as_array().unwrap().clone();
    assert!(files.len() == 8 && files.iter().all(|file| file["state"] == "gone"), "{files:?}");
    says(&stderr(&listed), &["none of the files lies where it was indexed", "index add"]);
    add_again(&moved);
    let shown = succeeded(&search(&moved, &[&sentence, "--all", "--top", "1"]));
    says(&shown, &["in 8 videos\n"]);
}

#[test]
fn what_is_said_is_read_without_the_model() {
    let folder = indexed_with_words();
    // As by a program that keeps no checksums of the records.
    change(folder.path(), "DROP TABLE seals; UPDATE generations SET name = '/no/such/model'");
    says(
        &succeeded(&search(folder.path(), &["--said", "skate* dog"])),
        &["found, said: now a dog"],
    );
    let told = refused(&search(folder.path(), &["a dog"]));
    says(&told, &["/no/such/model", "--model"]);
}

#[test]
fn what_takes_itself_away_and_what_is_no_picture_is_refused_in_plain_words() {
    let folder = indexed();
    let (_, sentence) = held_out(folder.path());
    let itself = format!("{sentence} -\"{sentence}\"");
    says(&refused(&search(folder.path(), &[&itself])), &["takes away what it asks for"]);
    let picture = folder.path().join("note.png");
    std::fs::write(&picture, "a note").unwrap();
    let told = refused(&search(folder.path(), &["--image", str(&picture)]));
    says(&told, &["note.png: is no picture", "JPEG"]);
    assert!(told.lines().count() == 1 && !told.contains("whitelist"), "{told}");
}
