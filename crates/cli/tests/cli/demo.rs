//! The demo on few videos and a handful of steps: everything it leaves, and doing it twice.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::http::{get, post};
use crate::tiny::{checkpoints, locvtp, refused, run, says, stderr, str, succeeded};
use crate::waiting::{end_by_ctrl_c, kill, until, until_lines};

fn number(value: &Value, path: &str) -> f64 {
    let found = path.split('.').fold(value, |value, key| &value[key]);
    found.as_f64().unwrap_or_else(|| panic!("{path} is {found}"))
}

/// What a command does that was told to be typed.
fn typed_in_a_shell(line: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", line.trim()]).env("RAYON_NUM_THREADS", "1").stdin(Stdio::null());
    shell.output().unwrap()
}

#[test]
fn the_demo_leaves_a_model_a_page_and_a_summary_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    // A shell takes a name with a space apart where it is not quoted.
    let out = folder.path().join("my demo");
    let demo = |more: &[&str]| {
        let mut command = locvtp();
        command.args(["demo", "--videos", "36", "--out", str(&out)]).args(more);
        command.output().unwrap()
    };
    let steps = ["--steps", "4"];
    let text = succeeded(&demo(&steps));
    says(&text, &["mIoU", "R@5", "chance", "locvtp ground --model", "report.html"]);
    says(&text, &["index add", "indexed: 12 videos", "a dog rides a skateboard"]);
    let told = text.lines().last().unwrap();
    says(told, &["serve", "my demo/videos", "--open"]);
    let page = std::fs::read_to_string(out.join("report/report.html")).unwrap();
    for part in ["At a glance", "Results", "Losses", "Clips and words", "Finding a moment"] {
        says(&page, &[part]);
    }
    says(&page, &["Context warp", "Knows colour and shape", "short spans", "by IoU", "are given"]);

    let summary = std::fs::read_to_string(out.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    for stage in ["synthesize", "pretrain", "evaluate"] {
        assert!(number(&summary, &format!("seconds.{stage}")) > 0.0);
    }
    for split in ["seen", "new"] {
        for key in [
            "retrieval.r1",
            "retrieval.r5",
            "retrieval.chance_r1",
            "retrieval.chance_r5",
            "grounding.r1_iou50",
            "grounding.r1_iou70",
            "grounding.miou",
            "references.random_interval_miou",
            "references.wrong_query_miou",
            "references.colour_oracle_miou",
            "references.colour_shape_oracle_miou",
            "references.all_oracle_miou",
            "action_choice.accuracy",
            "action_choice.chance",
        ] {
            let value = number(&summary, &format!("splits.{split}.{key}"));
            assert!((0.0..=100.0).contains(&value), "{split} {key} is {value}");
        }
        // As many videos as the split has, and two to five events in each.
        let videos = number(&summary, &format!("splits.{split}.retrieval.candidates"));
        let queries = number(&summary, &format!("splits.{split}.grounding.queries"));
        assert!(videos >= 2.0 && queries >= 2.0 * videos && queries <= 5.0 * videos, "{split}");
    }
    for loss in ["total", "coarse", "fine", "temporal"] {
        assert!(number(&summary, &format!("losses.{loss}")).is_finite());
    }
    assert_eq!(summary["steps"], 4);
    assert!((0.0..=1.0).contains(&number(&summary, "pairs.short_step_share")));

    // The command it shows works as it stands.
    let typed = text.lines().find(|line| line.contains("locvtp ground --model")).unwrap();
    succeeded(&typed_in_a_shell(typed));
    let report = std::fs::read_to_string(out.join("report/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["provenance"]["date"].as_str().unwrap().len(), "2026-03-01".len());

    let weights = out.join("run/model/model.safetensors");
    let first = std::fs::read(&weights).unwrap();
    let again = demo(&[&steps[..], &["--json"]].concat());
    let repeated: Value = serde_json::from_str(&succeeded(&again)).unwrap();
    says(&stderr(&again), &["is used again", "is not repeated"]);
    assert_eq!(repeated["splits"], summary["splits"], "the same model, the same numbers");
    assert_eq!(repeated["seconds"]["synthesize"], summary["seconds"]["synthesize"]);

    let message = refused(&demo(&["--steps", "5"]));
    says(&message, &["train.steps", "4", "5", "--fresh", "--out"]);
    let message = refused(&demo(&["--steps", "4", "--losses", "coarse"]));
    says(&message, &["objective", "--fresh"]);
    assert_eq!(std::fs::read(&weights).unwrap(), first, "a refusal touches nothing");

    let fresh = succeeded(&demo(&["--steps", "2", "--losses", "coarse", "--fresh", "--json"]));
    let fresh: Value = serde_json::from_str(&fresh).unwrap();
    assert_eq!((&fresh["steps"], &fresh["objective"]), (&2.into(), &"coarse".into()));
    assert!(fresh["losses"]["fine"].is_null());

    succeeded(&run(&["report", str(&out)]));
    says(&succeeded(&run(&["inspect", str(&out)])), &["demo folder", "report.html"]);
}

#[test]
fn fresh_removes_nothing_that_is_not_of_a_demo() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("corpus/holiday.mp4");
    std::fs::create_dir_all(mine.parent().unwrap()).unwrap();
    std::fs::write(&mine, "mine").unwrap();
    let message = refused(&run(&["demo", "--fresh", "--out", str(folder.path())]));
    says(&message, &[str(mine.parent().unwrap()), "--out"]);
    assert!(mine.is_file());
}

#[test]
fn a_demo_that_was_stopped_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("my demo");
    let demo = || {
        let mut command = locvtp();
        command.args(["demo", "--videos", "36", "--steps", "12", "--out", str(&out)]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let log = out.join("run/log.jsonl");
    // Killed before there is a checkpoint: there is nothing to go on from.
    let mut child = demo().spawn().unwrap();
    until_lines(&mut child, &log, 1);
    kill(child);
    assert!(checkpoints(&out.join("run")).is_empty());
    std::fs::write(&log, "").unwrap();

    let mut child = demo().spawn().unwrap();
    until_lines(&mut child, &log, 1);
    let output = end_by_ctrl_c(child);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let told = stderr(&output);
    says(&told, &["the corpus in", "is used again", "same command"]);
    assert_eq!(checkpoints(&out.join("run")).len(), 1);

    let output = typed_in_a_shell(told.lines().last().unwrap());
    says(&succeeded(&output), &["mIoU"]);
    says(&stderr(&output), &["goes on"]);
    assert!(out.join("summary.json").is_file());
}

#[test]
fn a_demo_that_serves_opens_the_page_of_its_videos_until_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("my demo");
    // In place of what opens a browser: the address is noted.
    let (programs, opened) = (folder.path().join("programs"), folder.path().join("opened"));
    std::fs::create_dir(&programs).unwrap();
    let opener = programs.join("xdg-open");
    std::fs::write(&opener, "#!/bin/sh\necho \"$1\" > \"$OPENED\"\n").unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    // Who has the usual port keeps it.
    let _taken = TcpListener::bind("127.0.0.1:8765");

    let mut command = locvtp();
    command.args(["demo", "--videos", "36", "--steps", "2", "--serve", "--out", str(&out)]);
    command.env("PATH", format!("{}:{path}", programs.display())).env("OPENED", &opened);
    let notes = folder.path().join("notes");
    command.stdout(Stdio::piped()).stderr(std::fs::File::create(&notes).unwrap());
    let mut demo = command.spawn().unwrap();
    let mut told = String::new();
    for line in BufReader::new(demo.stdout.take().unwrap()).lines() {
        told += &(line.unwrap() + "\n");
        if told.contains("the page is at http://") {
            break;
        }
    }
    let noted = || std::fs::read_to_string(&notes).unwrap();
    let page = told.split("the page is at ").nth(1).and_then(|rest| rest.split(' ').next());
    let page = page.unwrap_or_else(|| panic!("it does not serve: {told}{}", noted())).to_owned();
    let address = page.trim_start_matches("http://").trim_end_matches('/');
    let address: SocketAddr = address.parse().unwrap();
    assert_ne!(address.port(), 8765);
    // What the demo tells stands above.
    says(&told, &["mIoU", "indexed: 12 videos", "a dog rides a skateboard"]);

    until(&mut demo, "the browser is opened", || {
        std::fs::read_to_string(&opened).is_ok_and(|opened| opened.trim() == page)
    });
    says(&String::from_utf8(get(address, "/").body).unwrap(), &["<title>Moments in your videos"]);
    assert_eq!(get(address, "/api/v1/state").json()["num_media"], 12);
    let query = json!({ "text": "a red triangle", "all": true });
    let found = post(address, "/api/v1/search", &query);
    assert_eq!(found.status, 200, "{}", String::from_utf8_lossy(&found.body));
    let hits = found.json()["answer"]["hits"].as_array().unwrap().len();
    assert!(hits > 3, "all are asked for, and {hits} are given");

    let ended = end_by_ctrl_c(demo);
    assert_eq!(ended.status.code(), Some(0), "{}", noted());
    says(&noted(), &["the server has ended"]);
}
