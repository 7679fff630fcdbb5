//! `locvtp index verify` and `rebuild` on a damaged index, by the command alone.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::indexed::{held_out, indexed, json, search};
use crate::not_run::not_run;
use crate::tiny::{refused, run, says, stderr, str, succeeded};

/// Changes the database of an index as no program of ours does.
pub(crate) fn change(folder: &Path, change: &str) {
    let script = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.executescript(sys.argv[2]); d.commit()";
    let database = folder.join(".locvtp/catalogue.sqlite");
    let changed = Command::new("python3").args(["-c", script, str(&database), change]).output();
    let changed = changed.unwrap();
    assert!(changed.status.success(), "{}", stderr(&changed));
}

/// File, start and score of what a sentence finds.
fn answer(folder: &Path) -> Vec<Value> {
    let (_, sentence) = held_out(folder);
    let found = json(&search(folder, &[&sentence, "--all", "--json"]));
    let hits = found["hits"].as_array().unwrap().iter();
    hits.map(|hit| serde_json::json!([hit["file"], hit["start_s"], hit["score"]])).collect()
}

#[test]
fn a_rebuild_loses_nothing_of_videos_that_are_gone() {
    let folder = indexed();
    let before = answer(folder.path());
    assert!(before.len() > 1);
    let place = str(folder.path());
    let (verify, rebuild) = (["index", "verify", place], ["index", "rebuild", place]);
    // Where they lay nothing lies any more.
    let away = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), away.path().join(entry.file_name())).unwrap();
            std::fs::remove_file(entry.path()).unwrap();
            names.push(entry.file_name());
        }
    }
    for damage in [
        "DELETE FROM runs WHERE track = 3",
        "UPDATE runs SET segment = segment + 1 WHERE track = 3",
        "UPDATE tracks SET file = -1 WHERE file = 2; UPDATE tracks SET file = 2 WHERE file = 5;
         UPDATE tracks SET file = 5 WHERE file = -1",
        "DELETE FROM tracks WHERE file = 4",
    ] {
        change(folder.path(), damage);
        let told = refused(&search(folder.path(), &["a ring moves", "--all"]));
        says(&told, &["locvtp index rebuild"]);
        says(
            &refused(&run(&verify)),
            &["what stands there is not what was written", "index rebuild"],
        );
        let rebuilt = run(&rebuild);
        says(&stderr(&rebuilt), &["what was written stands there again"]);
        succeeded(&rebuilt);
        says(&succeeded(&run(&verify)), &["all is well"]);
        assert_eq!(answer(folder.path()), before, "{damage}");
    }
    // A place that is lost is a name until the file is found, without decoding a frame.
    change(folder.path(), "DELETE FROM paths WHERE file = 2");
    says(&stderr(&run(&rebuild)), &["file 2 has no path", "its vectors stay"]);
    let all = search(folder.path(), &["a ring moves", "--all", "--json", "--top", "100"]);
    says(&succeeded(&all), &["/place not known/video 2"]);
    for name in names {
        std::fs::copy(away.path().join(&name), folder.path().join(&name)).unwrap();
    }
    let added = json(&run(&["index", "add", place, "--json"]));
    assert_eq!((&added["num_frames"], &added["num_added"]), (&0.into(), &0.into()), "{added}");
    assert_eq!(answer(folder.path()), before);
    says(&succeeded(&run(&verify)), &["all is well"]);
}

#[test]
fn a_rebuild_on_a_full_disk_says_so_loses_nothing_and_goes_on_when_there_is_room() {
    let folder = indexed();
    let before = answer(folder.path());
    let small = tempfile::tempdir().unwrap();
    let script = r#"
        mount -t tmpfs -o size=4m tmpfs "$2" || exit 9
        cp -a "$1/.locvtp" "$2/index" || exit 9
        segment=$(ls "$2"/index/segments/* | head -n 1)
        chmod u+w "$segment"
        printf 'damage' | dd of="$segment" bs=1 seek=200 conv=notrunc 2> "$3/dd"
        dd if=/dev/zero of="$2/filler" bs=1k 2> "$3/dd"
        "$4" index rebuild --catalog "$2/index" > "$3/full" 2>&1 && exit 8
        rm "$2/filler"
        "$4" index rebuild --catalog "$2/index" > "$3/room" 2>&1 || exit 7
        "$4" index verify --catalog "$2/index" > "$3/verify" 2>&1 || exit 6
        "$4" search --catalog "$2/index" "$5" --all --json > "$3/found"
    "#;
    let logs = tempfile::tempdir().unwrap();
    let (_, sentence) = held_out(folder.path());
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.args([folder.path(), small.path(), logs.path()]);
    command.args([env!("CARGO_BIN_EXE_locvtp"), sentence.as_str()]);
    let log = |name: &str| std::fs::read_to_string(logs.path().join(name)).unwrap_or_default();
    match command.output() {
        Ok(ran) if ran.status.success() => {}
        Ok(ran) if [6, 7, 8].map(Some).contains(&ran.status.code()) => {
            panic!("{ran:?}: {}", ["full", "room", "verify"].map(log).join("\n"));
        }
        other => return not_run(format!("no small disk is to be had here: {other:?}")),
    }
    let told = log("full");
    assert!(told.contains("disk is full") || told.contains("free space"), "{told}");
    says(&log("room"), &["indexed: 1 video"]);
    says(&log("verify"), &["all is well"]);
    let found: Value = serde_json::from_str(&log("found")).unwrap();
    let hits = found["hits"].as_array().unwrap().iter();
    let now: Vec<Value> =
        hits.map(|hit| serde_json::json!([hit["file"], hit["start_s"], hit["score"]])).collect();
    assert_eq!(now, before);
}
