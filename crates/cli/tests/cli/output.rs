//! What commands print: the shape of it, for people and for machines. Numbers differ, the shape
//! does not.

use serde_json::Value;

use crate::tiny::{copy_folder, run, says, str, succeeded, tiny};

/// The text with every number replaced by `#`, and runs of spaces by one.
fn shape(text: &str) -> Vec<String> {
    let number = |word: &str| {
        word.chars().any(|c| c.is_ascii_digit())
            && word.trim_start_matches(['-', '(']).chars().all(|c| "0123456789.,:;%)".contains(c))
    };
    let line = |line: &str| {
        let words = line.split_whitespace();
        let words = words.map(|word| if number(word) { "#" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeded(&run(arguments))).unwrap()
}

#[test]
fn ground_prints_moments_and_a_bar_for_every_clip() {
    let tiny = tiny();
    let (video, sentence) = tiny.held_out();
    let model = tiny.model();
    let arguments = ["ground", "--model", str(&model), str(&video), &sentence];
    let text = succeeded(&run(&arguments));
    let lines = shape(&text);
    assert_eq!(lines[0], format!("\"{sentence}\" in {}", video.display()));
    assert_eq!(lines[1], "start end score");
    assert_eq!(lines[2], "# # s # s #");
    let bars: Vec<&str> = text.lines().filter(|line| line.contains(['█', '▏', '▌'])).collect();
    assert_eq!(bars.len(), 6, "9 s in clips of 1.5 s:\n{text}");
    assert!(bars.iter().any(|line| line.starts_with(" 1┃")), "the moment is marked:\n{text}");

    let all = json(&[&arguments[..], &["--json", "--top", "1"]].concat());
    assert_eq!(all["sentence"], sentence.as_str());
    assert_eq!(all["scores"], "sentence");
    assert_eq!(all["moments"].as_array().unwrap().len(), 1);
    assert_eq!(all["clips"].as_array().unwrap().len(), 6);
    let moment = &all["moments"][0];
    let (start, end) = (moment["start_s"].as_f64().unwrap(), moment["end_s"].as_f64().unwrap());
    assert!(0.0 <= start && start < end && end <= 9.0, "{moment}");
    let by_words = json(&[&arguments[..], &["--json", "--scores", "words"]].concat());
    assert_eq!(by_words["scores"], "words");
    assert_ne!(by_words["clips"], all["clips"]);
}

#[test]
fn a_run_folder_stands_for_its_model() {
    let tiny = tiny();
    let (video, sentence) = tiny.held_out();
    let (model, folder) = (tiny.model(), tiny.path("run"));
    let by = |dir| json(&["ground", "--model", dir, str(&video), &sentence, "--json"]);
    assert_eq!(by(str(&model)), by(str(&folder)));
}

#[test]
fn evaluate_prints_the_model_beside_its_references() {
    let tiny = tiny();
    let (model, split) = (tiny.model(), tiny.path("corpus/seen"));
    let arguments = ["evaluate", "--model", str(&model), "--split", str(&split)];
    let text = succeeded(&run(&arguments));
    let lines = shape(&text);
    assert_eq!(lines[0], "retrieval, # videos R@1 R@5 R@10 MdR");
    for name in ["text to video", "video to text", "chance"] {
        assert!(lines.contains(&format!("{name} # # # #")), "{name} in {lines:#?}");
    }
    says(&text, &["wrong query", "random interval", "oracle: colour + shape", "action choice"]);
    let all = json(&[&arguments[..], &["--json"]].concat());
    for key in ["retrieval", "grounding", "grounding_by_words", "references", "action_choice"] {
        assert!(all[key].is_object(), "{key}");
    }
    assert_eq!(all["grounding"]["queries"], 8);
}

#[test]
fn inspect_tells_everything_apart() {
    let tiny = tiny();
    let (video, _) = tiny.held_out();
    let checkpoint = crate::tiny::checkpoints(&tiny.path("run")).pop().unwrap();
    let known = [
        (video, "video", "duration_s"),
        (tiny.path("run.toml"), "run file", "settings"),
        (tiny.model(), "model directory", "parameters"),
        (tiny.path("run"), "run folder", "finished"),
        (checkpoint, "checkpoint", "next_step"),
        (tiny.path("corpus"), "synthetic corpus", "config"),
        (tiny.path("corpus/train"), "corpus", "report"),
    ];
    for (path, kind, key) in known {
        let text = succeeded(&run(&["inspect", str(&path)]));
        let first = format!("{}: {kind}", path.display());
        assert_eq!(text.lines().next(), Some(first.as_str()));
        assert!(text.lines().count() >= 3, "{text}");
        let json = json(&["inspect", str(&path), "--json"]);
        assert_eq!(json["kind"], kind);
        let key = if kind == "video" { "num_frames" } else { key };
        assert!(!json[key].is_null(), "{key} in {json:#}");
    }
}

#[test]
fn a_run_file_that_cannot_run_is_told_by_inspect() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "[model.video]\nimage_size = 64\n").unwrap();
    says(&succeeded(&run(&["inspect", str(&file)])), &["cannot run", "model.video.image_size"]);
}

#[test]
fn every_run_file_that_comes_with_the_program_can_run() {
    let configs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut seen = 0;
    for (folder, kind, command) in [
        (configs.join("tasks"), "task file", "# locvtp transfer configs/tasks/"),
        (configs, "run file", "# locvtp pretrain configs/"),
    ] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // One starts from a model directory that is not there before the import.
            if path.is_dir() || text.contains("[start]") {
                continue;
            }
            let found = json(&["inspect", str(&path), "--json"]);
            assert_eq!((&found["kind"], &found["problem"]), (&kind.into(), &Value::Null), "{name}");
            says(text.lines().next().unwrap(), &[command, name]);
            seen += 1;
        }
    }
    assert!(seen >= 20, "{seen}");
}

#[test]
fn report_makes_the_page_of_a_run_from_its_log() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("page");
    let text = succeeded(&run(&["report", str(&tiny.path("run")), "--out", str(&out)]));
    says(&text, &["report.html"]);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    says(&page, &["The run tiny", "Losses", "Settings"]);
    assert!(out.join("figures/loss.svg").is_file());
    // And once more from the numbers that were kept.
    let again = folder.path().join("again");
    let json = json(&["report", str(&out), "--out", str(&again), "--json"]);
    assert_eq!(json["page"], str(&again.join("report.html")));
    assert_eq!(std::fs::read_to_string(again.join("report.html")).unwrap(), page);
}

#[test]
fn a_run_that_went_on_has_a_new_page() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("run");
    copy_folder(&tiny().path("run"), &copy);
    let log = copy.join("log.jsonl");
    let whole = std::fs::read_to_string(&log).unwrap();
    let page = || {
        succeeded(&run(&["report", str(&copy)]));
        std::fs::read_to_string(copy.join("report/report.html")).unwrap()
    };
    let at_the_end = page();
    let half = whole.lines().count() / 2;
    let first: String = whole.split_inclusive('\n').take(half).collect();
    std::fs::write(&log, first).unwrap();
    let midway = page();
    assert_ne!(midway, at_the_end);
    std::fs::write(&log, whole).unwrap();
    assert_eq!(page(), at_the_end);
}

#[test]
fn synthesize_says_what_it_made_and_uses_it_again() {
    let tiny = tiny();
    let (corpus, config) = (tiny.path("corpus"), tiny.path("corpus.toml"));
    let arguments = ["synthesize", "--out", str(&corpus), "--config", str(&config), "--json"];
    let report = json(&arguments);
    assert_eq!(report["reused"], true);
    assert_eq!(report["splits"][0]["videos"], 12);
}
