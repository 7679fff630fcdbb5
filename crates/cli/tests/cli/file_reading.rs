//! Where frame tables are kept, what one file may cost, and what the loader says of itself.

use std::path::Path;
use std::time::SystemTime;

use crate::tiny::{refused, run, says, stderr, str, succeeded, tiny, user_cache};

/// When each entry of a folder of frame tables was written.
fn entries(folder: &Path) -> Vec<SystemTime> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut written: Vec<SystemTime> =
        entries.map(|entry| entry.unwrap().metadata().unwrap().modified().unwrap()).collect();
    written.sort();
    written
}

#[test]
fn what_a_check_read_a_run_and_an_extraction_do_not_read_again() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let (corpus, tables) = (tiny.path("corpus/train"), folder.path().join("tables"));
    let check = ["corpus", "check", str(&corpus), "--decode", "probe", "--frame-tables"];
    succeeded(&run(&[&check[..], &[str(&tables)]].concat()));
    let made = entries(&tables);
    assert_eq!(made.len(), 12);

    let set = format!("loader.frame_tables={}", tables.display());
    let steps = ["--set", "train.steps=3", "--set", &set];
    succeeded(&tiny.pretrain(&folder.path().join("run"), &steps));
    let (model, out) = (tiny.model(), folder.path().join("features.h5"));
    let extract = ["extract", "--model", str(&model), "--out", str(&out), "--frame-tables"];
    succeeded(&run(&[&extract[..], &[str(&tables), "--videos", str(&corpus)]].concat()));
    assert_eq!(entries(&tables), made);
}

#[test]
fn tables_lie_in_the_users_cache_folder_unless_told_otherwise() {
    let tiny = tiny();
    let kept = user_cache().join("locvtp/frame-tables");
    // The shared run has put those of its corpus there.
    assert!(entries(&kept).len() >= 12);
    let copy = tiny.copy_of_corpus();
    let check = ["corpus", "check", str(copy.path()), "--decode", "probe"];
    let of_copy = || {
        let entries = std::fs::read_dir(&kept).unwrap();
        let bytes = entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap_or_default());
        let name = str(copy.path()).as_bytes();
        bytes.filter(|bytes| bytes.windows(name.len()).any(|window| window == name)).count()
    };
    succeeded(&run(&[&check[..], &["--frame-tables", ""]].concat()));
    assert_eq!(of_copy(), 0);
    succeeded(&run(&check));
    assert_eq!(of_copy(), 12);
}

#[test]
fn a_limit_is_set_by_name_in_a_command_and_in_a_run_file() {
    let tiny = tiny();
    let corpus = tiny.path("corpus/train");
    let check = ["corpus", "check", str(&corpus), "--decode", "probe", "--max-bad", "0"];
    let message = run(&[&check[..], &["--limit", "frames=20"]].concat());
    says(&refused(&message), &["captions and videos that are bad: 12,"]);
    says(&String::from_utf8_lossy(&message.stdout), &["raise `limits.frames`"]);
    let wrong = refused(&run(&[&check[..], &["--limit", "frame=20"]].concat()));
    says(&wrong, &["--limit frame=20", "`frame`", " frames,"]);

    let folder = tempfile::tempdir().unwrap();
    let run = tiny.pretrain(&folder.path().join("run"), &["--set", "limits.frames=20"]);
    says(&refused(&run), &["limits.frames"]);
}

#[test]
fn a_run_says_what_its_loader_holds_and_how_long_it_was_waited_for() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let output = tiny.pretrain(&folder.path().join("run"), &["--set", "train.steps=40"]);
    succeeded(&output);
    says(&stderr(&output), &["loader: up to 65 MiB", " MiB, waited "]);
    let log = std::fs::read_to_string(folder.path().join("run/log.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(log.lines().next_back().unwrap()).unwrap();
    // Twelve videos of 9 s in 16 x 16, as bytes.
    let held = last["cached_mib"].as_f64().unwrap();
    assert!((0.1..2.0).contains(&held), "{held} MiB");
    assert!(last["queued_mib"].as_f64().unwrap() < 1.0);
    let (waited, elapsed) =
        (last["waited_s"].as_f64().unwrap(), last["elapsed_s"].as_f64().unwrap());
    assert!(0.0 < waited && waited < elapsed, "{waited} of {elapsed} s");
}
