//! `locvtp transfer` with retrieval and the probes, on the tiny corpus: from videos to numbers.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::tiny::{Tiny, locvtp, refused, run, says, str, succeeded, tiny};
use crate::waiting::{kill, until_lines};

fn config(name: &str) -> String {
    format!("{}/../../configs/tasks/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// `locvtp transfer` with one of `configs/tasks/`, its paths set to the tiny run's.
fn transfer(name: &str, folder: &Path, settings: &[String]) -> Command {
    let mut command = locvtp();
    command.arg("transfer").arg(config(name)).arg("--run").arg(folder).arg("--json");
    for setting in settings {
        command.arg("--set").arg(setting);
    }
    command
}

fn finished(output: &Output) -> serde_json::Value {
    serde_json::from_str(&succeeded(output)).unwrap()
}

fn retrieval(tiny: &Tiny) -> Vec<String> {
    let corpus = |split: &str| tiny.path("corpus").join(split).display().to_string();
    vec![
        format!("model={}", tiny.path("run").display()),
        format!("test.corpus={}", corpus("seen")),
        format!("validation.corpus={}", corpus("new")),
        format!("train.corpus={}", corpus("train")),
        "num_clips=3".into(),
        "training.batch=4".into(),
        "training.epochs=6".into(),
        "training.optimizer.learning_rate=3e-3".into(),
    ]
}

fn summary(result: &serde_json::Value, name: &str) -> f64 {
    result["summary"][name]["mean"].as_f64().unwrap_or_else(|| panic!("no {name} in {result}"))
}

/// The weights of the tuned model.
fn tuned(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("seed-0/model/model.safetensors")).unwrap()
}

#[test]
fn retrieval_is_tuned_killed_gone_on_with_and_its_model_grounds() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let settings = retrieval(tiny);
    let result = finished(&transfer("retrieval_tiny", &whole, &settings).output().unwrap());
    assert_eq!((&result["counts"]["videos"], &result["counts"]["texts"]), (&4.into(), &4.into()));
    assert_eq!(result["references"]["chance, text-to-video R@1"], 25.0);
    for name in ["text-to-video R@1", "video-to-text MdR", "text-to-video R@1, dual softmax"] {
        assert!(summary(&result, name) > 0.0, "{result}");
    }
    let on_disk = std::fs::read_to_string(whole.join("result.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&on_disk).unwrap(), result);

    // The losses fall: something is learned, and what is written is not what it began with.
    let log = std::fs::read_to_string(whole.join("seed-0/log.jsonl")).unwrap();
    let loss = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["loss"].as_f64().unwrap()
    };
    let losses: Vec<f64> = log.lines().map(loss).collect();
    assert_eq!(losses.len(), 6);
    assert!(losses[5] < losses[0], "{losses:?}");
    assert_ne!(tuned(&whole), std::fs::read(tiny.model().join("model.safetensors")).unwrap());

    // Killed in the middle and gone on with, it ends with the same bits.
    let mut child = transfer("retrieval_tiny", &parts, &settings)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until_lines(&mut child, &parts.join("seed-0/log.jsonl"), 2);
    kill(child);
    assert!(!parts.join("result.json").exists());
    let again = transfer("retrieval_tiny", &parts, &settings).output().unwrap();
    says(&refused(&again), &["--resume"]);
    let resumed = transfer("retrieval_tiny", &parts, &settings).arg("--resume").output().unwrap();
    assert_eq!(finished(&resumed)["summary"], result["summary"]);
    assert_eq!(tuned(&parts), tuned(&whole));

    // Every other command reads the tuned model.
    let (video, sentence) = tiny.held_out();
    let model = whole.join("seed-0/model");
    succeeded(&run(&["ground", "--model", str(&model), str(&video), &sentence]));
}

#[test]
fn without_a_training_part_a_model_is_measured_as_it_is() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    // Captions as candidates, as in YouCook2: the narration of the synthetic corpus.
    let task = folder.path().join("clips.toml");
    let text = format!(
        "task = \"retrieval\"\nmodel = {:?}\nnum_clips = 2\n[test]\ncorpus = {:?}\ntexts = \"clips\"\n",
        tiny.path("run"),
        tiny.path("corpus/train"),
    );
    std::fs::write(&task, text).unwrap();
    let measured = |task: &Path, run_folder: &str| {
        let run_folder = folder.path().join(run_folder);
        finished(&run(&["transfer", str(task), "--run", str(&run_folder), "--json"]))
    };
    let result = measured(&task, "clips");
    assert_eq!(result["counts"]["videos"], result["counts"]["texts"]);
    assert!(result["counts"]["videos"].as_u64().unwrap() > 12, "{result}");
    assert_eq!(result["seeds"].as_array().unwrap().len(), 1);

    // Several captions of one video: each asks for it, and it asks for any of them.
    let text = std::fs::read_to_string(&task).unwrap().replace("clips\"", "captions\"");
    std::fs::write(&task, text).unwrap();
    let several = measured(&task, "captions");
    assert_eq!(several["counts"]["videos"], 12);
    assert_eq!(several["counts"]["texts"], result["counts"]["texts"]);
    let chance = |name: &str| several["references"][name].as_f64().unwrap();
    assert!((chance("chance, text-to-video R@1") - 100.0 / 12.0).abs() < 1e-6);
    assert!(chance("chance, video-to-text R@1") > 100.0 / 12.0 - 1e-6);
}

fn probe(tiny: &Tiny, folder: &Path) -> Vec<String> {
    let videos = format!(
        "[{:?}, {:?}, {:?}]",
        tiny.path("corpus/train/videos"),
        tiny.path("corpus/seen/videos"),
        tiny.path("corpus/new/videos")
    );
    vec![
        format!("features.file={}", folder.join("backbone.h5").display()),
        format!("features.model={}", tiny.path("run").display()),
        format!("features.videos={videos}"),
        format!("baseline.file={}", folder.join("colour.h5").display()),
        format!("baseline.model={}", tiny.path("run").display()),
        format!("baseline.videos={videos}"),
        "positions=6".into(),
        "training.epochs=3".into(),
        "training.seeds=[0, 1]".into(),
    ]
}

#[test]
fn both_probes_run_from_videos_to_numbers_beside_chance_and_controls() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let settings = probe(tiny, folder.path());
    let order = folder.path().join("order");
    let result = finished(&transfer("order_probe_tiny", &order, &settings).output().unwrap());
    let names = ["accuracy, linear", "accuracy, vcop"];
    for name in names {
        assert!((0.0..=100.0).contains(&summary(&result, name)), "{result}");
        for prefix in ["labels without meaning: ", "baseline: "] {
            assert!(result["references"][format!("{prefix}{name}")].is_number(), "{result}");
        }
    }
    assert!((result["references"]["chance"].as_f64().unwrap() - 100.0 / 6.0).abs() < 1e-9);
    let counts = &result["counts"];
    assert_eq!(counts["training videos"], 14);
    assert_eq!((&counts["validation videos"], &counts["test videos"]), (&2.into(), &4.into()));
    assert_eq!(counts["numbers of a clip"], 24);

    // The features are there now; the same task again, elsewhere, gives the same numbers.
    let again = folder.path().join("again");
    let second = finished(&transfer("order_probe_tiny", &again, &settings).output().unwrap());
    assert_eq!(
        (&second["seeds"], &second["references"]),
        (&result["seeds"], &result["references"])
    );

    let distance = folder.path().join("distance");
    let result = finished(&transfer("distance_probe_tiny", &distance, &settings).output().unwrap());
    assert_eq!(result["references"]["chance"], 20.0);
    for head in ["linear", "vcop"] {
        let name = format!("mean absolute error in positions, {head}");
        assert!(summary(&result, &name) <= 4.0, "{result}");
    }

    // What one probe is asked, the other is not.
    for (task, setting) in
        [("order_probe_tiny", "signed=true"), ("distance_probe_tiny", "num_clips=3")]
    {
        let set = [settings.as_slice(), &[setting.to_owned()]].concat();
        let message =
            refused(&transfer(task, &folder.path().join("other"), &set).output().unwrap());
        says(&message, &[setting.split('=').next().unwrap(), "the other probe"]);
    }

    // A baseline that cannot be is told before anything is trained.
    let mut set = settings.clone();
    set.push("baseline.videos=['nowhere-to-be-found']".into());
    set.push(format!("baseline.file={}", folder.path().join("none.h5").display()));
    let run_folder = folder.path().join("no-baseline");
    let message = refused(&transfer("distance_probe_tiny", &run_folder, &set).output().unwrap());
    says(&message, &["nowhere-to-be-found"]);
    assert!(!run_folder.exists(), "a task that is refused leaves no folder");

    // More positions than the videos have clips: nothing is left to ask about.
    let mut many = settings;
    many.push("positions=20".into());
    let output = transfer("order_probe_tiny", &folder.path().join("many"), &many).output().unwrap();
    says(&refused(&output), &["videos with enough clips"]);
}
