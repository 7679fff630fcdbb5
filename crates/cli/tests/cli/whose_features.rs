//! Whose features a task takes: never another model's, or another video's, for those it asks for.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use locvtp_features::{FeatureFile, npy_bytes};
use serde_json::Value;
use tempfile::TempDir;

use crate::tiny::{copy_folder, locvtp, refused, run, says, stderr, str, succeeded, tiny};

/// A second model of the sizes of the tiny one.
fn other_model() -> &'static PathBuf {
    static MODEL: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("other");
        let like = tiny().model();
        let arguments = ["weights", "random", "--like", str(&like), "--seed", "9", "--out"];
        succeeded(&run(&[&arguments[..], &[str(&out)]].concat()));
        (folder, out)
    };
    &MODEL.get_or_init(make).1
}

/// Task files of the repository on the tiny corpus and model, with features in a folder of their own.
struct Tasks(TempDir);

impl Tasks {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `locvtp transfer` of `configs/tasks/NAME_tiny.toml`, in a new folder of runs.
    fn transfer(&self, name: &str, run: &str, set: &[&str]) -> Output {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/tasks");
        let text = std::fs::read_to_string(configs.join(format!("{name}_tiny.toml"))).unwrap();
        let text = text
            .replace("\"demo-run/corpus", &format!("\"{}", str(&tiny().path("corpus"))))
            .replace("\"demo-run/features", &format!("\"{}", str(self.0.path())))
            .replace("\"runs/features", &format!("\"{}", str(self.0.path())))
            .replace("\"demo-run\"", &format!("{:?}", str(&tiny().path("run"))));
        assert!(!text.contains("\"demo-run") && !text.contains("\"runs"), "{text}");
        std::fs::write(self.path(&format!("{name}.toml")), text).unwrap();
        self.transfer_again(name, run, set)
    }

    /// Takes `features.model` out of the task file that was written last.
    fn leave_out_model(&self, name: &str) {
        let file = self.path(&format!("{name}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        let line = format!("model = {:?}\nvideos", str(&tiny().path("run")));
        assert!(text.contains(&line), "{text}");
        std::fs::write(&file, text.replace(&line, "videos")).unwrap();
    }

    /// The same with the task file as it is.
    fn transfer_again(&self, name: &str, run: &str, set: &[&str]) -> Output {
        let file = self.path(&format!("{name}.toml"));
        let mut command = locvtp();
        command.arg("transfer").arg(file).arg("--run").arg(self.path(run));
        set.iter().for_each(|set| {
            command.args(["--set", set]);
        });
        command.output().unwrap()
    }

    fn result(&self, run: &str) -> Value {
        let text = std::fs::read_to_string(self.path(run).join("result.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

fn set(key: &str, path: &Path) -> String {
    format!("{key}='{}'", path.display())
}

/// Settings that make a head learn for a moment only.
const QUICK: [&str; 2] = ["training.epochs=1", "training.seeds=[0]"];

#[test]
fn features_of_another_model_are_refused_by_every_task_and_the_way_out_works() {
    let (tasks, other) = (Tasks::new(), other_model());
    let of_other = set("features.model", other);
    let zero_shot = "grounding_zero_shot";
    let said = succeeded(&tasks.transfer(zero_shot, "first", &[]));
    says(&said, &["features: 0 videos reused from", "4 made; made by", "words: of", "projected"]);
    let said = succeeded(&tasks.transfer(zero_shot, "again", &[]));
    says(&said, &["features: 4 videos reused from", "0 made"]);
    let first = tasks.result("first");
    assert_eq!(first["seeds"], tasks.result("again")["seeds"]);
    assert_eq!(first["inputs"]["features"]["origin"], "locvtp");
    let weights = |result: &Value| result["inputs"]["features"]["made_by"]["weights"].clone();

    // All features are there, and of the wrong model.
    let message = refused(&tasks.transfer(zero_shot, "other", &[&of_other]));
    let there = weights(&first);
    let pieces = ["demo-seen.h5", "`model`", there.as_str().unwrap(), str(other), "rm "];
    says(&message, &pieces);
    assert!(!tasks.path("other").exists(), "a task that is refused leaves no folder");
    refused(&tasks.transfer(zero_shot, "runs/deep/other", &[&of_other]));
    assert!(!tasks.path("runs").exists(), "nor one above it that was made for it");
    std::fs::create_dir_all(tasks.path("kept/deep")).unwrap();
    refused(&tasks.transfer(zero_shot, "kept/deep/other", &[&of_other]));
    assert!(tasks.path("kept/deep").is_dir(), "a folder that was there stays");
    // Colours are of no model, so it is the space that differs.
    let message = refused(&tasks.transfer(zero_shot, "other", &["features.space='mean_colour'"]));
    says(&message, &["`space` projected", "mean-colour", "features.space=projected"]);
    assert!(!message.contains("`model`"), "{message}");
    // What the message says is typed, and the words are still those of the other.
    let (_, file) = message.split_once("--set features.file=").unwrap();
    let file = format!("features.file={}", file.split(". ").next().unwrap());
    let message = refused(&tasks.transfer(zero_shot, "other", &[&of_other, &file]));
    says(&message, &["`words.model`", "--set words.model="]);
    let of_words = set("words.model", other);
    let own = [of_other.as_str(), &file, &of_words];
    succeeded(&tasks.transfer(zero_shot, "other", &own));
    let result = tasks.result("other");
    assert_ne!(weights(&result), there);
    assert_ne!(result["seeds"], first["seeds"]);
    // The other way out: as it would be from the start.
    std::fs::remove_file(tasks.path("demo-seen.h5")).unwrap();
    succeeded(&tasks.transfer(zero_shot, "anew", &[&of_other, &of_words]));
    assert_eq!(tasks.result("anew")["seeds"], result["seeds"]);

    // The trained heads: clips of one model, and words of another if that is what is wanted.
    for head in ["grounding_tan", "grounding_csmgan"] {
        let quick = ["training.epochs=1", "training.seeds=[0]", "training.batch=8"];
        let message = refused(&tasks.transfer(head, head, &quick));
        says(&message, &["`model`", "--set features.file="]);
        let set: Vec<&str> = quick.into_iter().chain([of_other.as_str()]).collect();
        let output = tasks.transfer(head, head, &set);
        succeeded(&output);
        says(&stderr(&output), &["words.model is another model"]);
        let inputs = tasks.result(head)["inputs"].clone();
        assert_ne!(inputs["words"]["weights"], inputs["features"]["made_by"]["weights"]);
    }

    // Steps, segments and probes.
    let quick = |more: &str| -> Vec<String> {
        let more = (!more.is_empty()).then(|| more.to_owned());
        QUICK.iter().map(|set| (*set).to_owned()).chain(more).collect()
    };
    for (task, quick, key) in [
        ("steps", quick("component_model.random_epochs=0"), "features.model"),
        ("steps_zero_shot", Vec::new(), "features.model"),
        ("segmentation", quick(""), "features.model"),
        ("segmentation_zero_shot", Vec::new(), "features.model"),
        ("order_probe", quick("positions=4"), "features.model"),
        ("distance_probe", quick("positions=4"), "features.model"),
    ] {
        let quick: Vec<&str> = quick.iter().map(String::as_str).collect();
        let run = |name: &str| format!("{task}-{name}");
        succeeded(&tasks.transfer(task, &run("first"), &quick));
        let other = set(key, other);
        let more: Vec<&str> = quick.iter().copied().chain([other.as_str()]).collect();
        let message = refused(&tasks.transfer(task, &run("other"), &more));
        says(&message, &["`model`", there.as_str().unwrap(), "--set features.file="]);
        let nowhere: Vec<&str> =
            quick.iter().copied().chain(["features.model='nowhere'"]).collect();
        says(&refused(&tasks.transfer(task, &run("nowhere"), &nowhere)), &["nowhere"]);
    }
    // Texts of a model that did not make the features.
    for task in ["steps_zero_shot", "segmentation_zero_shot"] {
        let texts = set("zero_shot.model", other);
        let message = refused(&tasks.transfer(task, "texts", &[&texts]));
        says(&message, &["`zero_shot.model`", str(other), "per-second.h5"]);
    }
    // Colours are nothing of a model, so any may have made them; another kind of clip is not.
    let baseline = set("baseline.model", other);
    let probe = [QUICK[0], QUICK[1], "positions=4"];
    let more: Vec<&str> = probe.into_iter().chain([baseline.as_str()]).collect();
    succeeded(&tasks.transfer("order_probe", "colours", &more));
    let more: Vec<&str> = probe.into_iter().chain(["baseline.consecutive=true"]).collect();
    says(&refused(&tasks.transfer("order_probe", "clips", &more)), &["colour.h5", "`clip`"]);
}

#[test]
fn every_setting_of_the_features_is_compared_and_a_copy_of_the_model_is_the_same() {
    let (tasks, task) = (Tasks::new(), "grounding_zero_shot");
    succeeded(&tasks.transfer(task, "first", &[]));
    let first = tasks.result("first");
    let copy = tasks.path("copy");
    copy_folder(&tiny().model(), &copy);
    let model = set("features.model", &copy);
    succeeded(&tasks.transfer(task, "copy", &[&model]));
    assert_eq!(tasks.result("copy")["seeds"], first["seeds"]);
    for (setting, pieces) in [
        ("features.space='backbone'", ["`space`", "projected", "features.space=projected"]),
        ("features.stride_s=0.125", ["`stride`", "0.125 s", "demo-seen-0.125s.h5"]),
        ("features.consecutive=true", ["`clip`", "consecutive frames", "rm "]),
        ("features.model='nowhere'", ["nowhere", "does not exist", "check the path"]),
    ] {
        says(&refused(&tasks.transfer(task, "refused", &[setting])), &pieces);
    }
    // Pictures that are prepared otherwise.
    let path = copy.join("preprocessor_config.json");
    let mut preprocessing: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let side = preprocessing["short_side"].as_u64().unwrap();
    preprocessing["short_side"] = (side + 8).into();
    std::fs::write(&path, preprocessing.to_string()).unwrap();
    let message = refused(&tasks.transfer(task, "pixels", &[&model]));
    says(&message, &["`preprocessing.short_side`", &side.to_string(), &(side + 8).to_string()]);
    // The words do not look at pictures.
    succeeded(&tasks.transfer(task, "words", &[&set("words.model", &copy)]));

    // `extract` goes on with the same features alone.
    let (videos, out) = (tiny().path("corpus/seen/videos"), tasks.path("demo-seen.h5"));
    let extract = |model: &Path, more: &[&str]| {
        let given =
            ["extract", "--model", str(model), "--videos", str(&videos), "--out", str(&out)];
        run(&[&given[..], more].concat())
    };
    for model in [other_model(), &copy] {
        says(&refused(&extract(model, &[])), &["demo-seen.h5", "--fresh", "another --out"]);
    }
    succeeded(&extract(&tiny().model(), &[]));

    // Without a model the task takes what is there, but not for what it is not.
    let text = std::fs::read_to_string(tasks.path("grounding_zero_shot.toml")).unwrap();
    let line = format!("model = {:?}\nvideos", str(&tiny().path("run")));
    assert!(text.contains(&line), "{text}");
    std::fs::write(tasks.path("bare.toml"), text.replace(&line, "videos")).unwrap();
    let bare = |run_folder: &str, set: &[&str]| {
        let (file, folder) = (tasks.path("bare.toml"), tasks.path(run_folder));
        let given = ["transfer", str(&file), "--run", str(&folder)];
        run(&[&given[..], set].concat())
    };
    succeeded(&bare("bare", &[]));
    assert_eq!(tasks.result("bare")["seeds"], first["seeds"]);
    let message = refused(&bare("no", &["--set", "features.space='backbone'"]));
    says(&message, &["`space`", "features.space=projected", "locvtp extract --fresh"]);
    let other = set("words.model", other_model());
    says(&refused(&bare("no", &["--set", &other])), &["`words.model`", str(other_model())]);
}

#[test]
fn words_by_another_tokenizer_are_refused() {
    let (tasks, task) = (Tasks::new(), "grounding_zero_shot");
    succeeded(&tasks.transfer(task, "first", &[]));
    let words = tasks.result("first")["inputs"]["words"].clone();
    assert!(words["tokenizer"].is_string(), "{words}");
    let copy = tasks.path("copy");
    copy_folder(&tiny().model(), &copy);
    let path = copy.join("tokenizer.json");
    let text = std::fs::read_to_string(&path).unwrap();
    // The same words for the program, and another file.
    std::fs::write(&path, text + "\n").unwrap();
    let of_words = set("words.model", &copy);
    let message = refused(&tasks.transfer(task, "other", &[&of_words]));
    says(&message, &["words.model", "tokenizer.json", words["tokenizer"].as_str().unwrap()]);
    // A head may have other words, but not others than it began with.
    let quick: Vec<&str> = QUICK.into_iter().chain(["training.batch=8"]).collect();
    succeeded(&tasks.transfer("grounding_tan", "tan", &quick));
    let folder = tasks.path("tan");
    let (noted, file) = (folder.join("inputs.json"), tasks.path("grounding_tan.toml"));
    let settings: Vec<&str> = quick.iter().flat_map(|set| ["--set", *set]).collect();
    let again = ["transfer", str(&file), "--run", str(&folder), "--resume"];
    let again = || run(&[&again[..], &settings].concat());
    let text = std::fs::read_to_string(&noted).unwrap();
    let mut before: Value = serde_json::from_str(&text).unwrap();
    before["tokenizer"] = "00000000".into();
    std::fs::write(&noted, before.to_string()).unwrap();
    says(&refused(&again()), &["inputs.json", "began with tokenizer", "00000000"]);
    // An earlier version did not note it.
    before.as_object_mut().unwrap().remove("tokenizer");
    std::fs::write(&noted, before.to_string()).unwrap();
    succeeded(&again());
}

#[test]
fn features_that_are_not_finite_are_told_before_a_head_is_trained() {
    let tasks = Tasks::new();
    succeeded(&tasks.transfer("grounding_tan", "ours", &QUICK));
    let theirs = tasks.path("theirs");
    as_numpy(&tasks.path("demo-seen.h5"), &theirs, str::to_owned);
    // The last number of a video that is only tested.
    let (tested, _) = tiny().held_out();
    let name = tested.file_stem().unwrap().to_str().unwrap().to_owned();
    let path = theirs.join(format!("{name}.npy"));
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let file = set("features.file", &theirs);
    for head in ["grounding_tan", "grounding_csmgan"] {
        let mut set = QUICK.to_vec();
        refused(&tasks.transfer(head, "no", &[&file]));
        tasks.leave_out_model(head);
        set.push(&file);
        let output = tasks.transfer_again(head, head, &set);
        says(&refused(&output), &["NaN", &name]);
        assert!(!tasks.path(head).join("seed-0").exists(), "a head was trained");
    }
}

#[test]
fn features_of_another_video_of_the_same_name_are_refused() {
    let (tasks, task) = (Tasks::new(), "grounding_zero_shot");
    let videos = tasks.path("videos");
    copy_folder(&tiny().path("corpus/seen/videos"), &videos);
    let videos_set = format!("features.videos=['{}']", str(&videos));
    succeeded(&tasks.transfer(task, "first", &[&videos_set]));
    let (held_out, _) = tiny().held_out();
    let changed = videos.join(held_out.file_name().unwrap());
    let mut bytes = std::fs::read(&changed).unwrap();
    let before = bytes.len();
    bytes.extend([0; 16]);
    std::fs::write(&changed, &bytes).unwrap();
    let message = refused(&tasks.transfer(task, "second", &[&videos_set]));
    let sizes = [before, before + 16].map(|bytes| format!("of {bytes} bytes"));
    says(&message, &[str(&changed), &sizes[0], &sizes[1], "--set features.file="]);
    // `extract` does it again, and says so.
    let (model, out) = (tiny().path("run"), tasks.path("demo-seen.h5"));
    let given = ["extract", "--model", str(&model), "--videos", str(&videos), "--out", str(&out)];
    let output = run(&given);
    succeeded(&output);
    says(&stderr(&output), &["done again, as the file has them of other video files: 1 video ("]);
    succeeded(&tasks.transfer(task, "second", &[&videos_set]));
}

#[test]
fn a_task_goes_on_with_the_features_it_began_with_alone() {
    let (tasks, task) = (Tasks::new(), "grounding_tan");
    let quick = ["training.epochs=1", "training.seeds=[0]"];
    succeeded(&tasks.transfer(task, "run", &quick));
    // The features are made anew by another model, and the task file does not name one.
    let file = tasks.path("grounding_tan.toml");
    let out = tasks.path("demo-seen.h5");
    let [train, seen] = ["train", "seen"].map(|part| tiny().path("corpus").join(part));
    let given = ["extract", "--fresh", "--model", str(other_model()), "--out", str(&out)];
    succeeded(&run(&[&given[..], &["--videos", str(&train), str(&seen)]].concat()));
    let folder = tasks.path("run");
    let model = set("features.model", other_model());
    let again = ["transfer", str(&file), "--run", str(&folder), "--resume"];
    let settings = quick.iter().flat_map(|set| ["--set", *set]).collect::<Vec<_>>();
    let message = refused(&run(&[&again[..], &settings].concat()));
    says(&message, &["`model`", "--set features.file="]);
    // Also where the folder's task file is one that names this model.
    let text = std::fs::read_to_string(folder.join("task.toml")).unwrap();
    let named = format!("model = {:?}\nvideos", str(&tiny().path("run")));
    assert!(text.contains(&named), "{text}");
    let text = text.replace(&named, &format!("model = {:?}\nvideos", str(other_model())));
    std::fs::write(folder.join("task.toml"), text).unwrap();
    let message = refused(&run(&[&again[..], &settings, &["--set", &model]].concat()));
    says(&message, &["inputs.json", "began with features", "--run"]);
}

/// The features of a file, as a folder of `.npy`, under other names.
fn as_numpy(file: &Path, folder: &Path, name: impl Fn(&str) -> String) {
    let mut file = FeatureFile::open(file, None).unwrap();
    for id in file.ids().to_vec() {
        let video = file.read(&id).unwrap();
        let bytes = npy_bytes(video.num_clips(), video.width, video.values);
        let path = folder.join(format!("{}.npy", name(&id)));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_folder_of_numpy_files_is_read_and_of_unknown_origin() {
    let (tasks, task) = (Tasks::new(), "grounding_zero_shot");
    succeeded(&tasks.transfer(task, "ours", &[]));
    let theirs = tasks.path("theirs");
    as_numpy(&tasks.path("demo-seen.h5"), &theirs, |id| format!("test/v_{id}.mp4"));
    let file = set("features.file", &theirs);
    // A model that is named did not make them, as far as anybody knows: of every head.
    let made = tasks.result("ours")["inputs"]["features"]["made_by"]["weights"].clone();
    for head in [task, "grounding_tan", "grounding_csmgan"] {
        let message = refused(&tasks.transfer(head, "no", &[&file]));
        let ways = ["leave features.model out", "--set features.file=", "theirs-", ".h5"];
        says(&message, &["theirs", "unknown origin", made.as_str().unwrap()]);
        says(&message, &ways);
    }
    tasks.leave_out_model(task);
    let said = succeeded(&tasks.transfer_again(task, "theirs", &[&file]));
    says(&said, &["features: 4 videos of", "theirs, of unknown origin"]);
    let inputs = tasks.result("theirs")["inputs"].clone();
    assert_eq!(inputs["features"]["origin"], "unknown");
    assert!(inputs["features"]["made_by"].is_null(), "{inputs:#}");
    // A clip's length says when the clips are; the numbers are those of our own file.
    let mut ours = FeatureFile::open(&tasks.path("demo-seen.h5"), None).unwrap();
    let id = ours.ids()[0].clone();
    let seconds = ours.spans(&id).unwrap().unwrap()[0].end.0;
    let clip = format!("features.clip_s={seconds}");
    succeeded(&tasks.transfer_again(task, "clips", &[&file, &clip]));
    assert_eq!(tasks.result("clips")["seeds"], tasks.result("ours")["seeds"]);
    says(&refused(&tasks.transfer(task, "no", &[&clip])), &["features.clip_s", "left out"]);
    // A model that is named is there, also where it has nothing to make.
    says(&refused(&tasks.transfer(task, "no", &[&file, "features.model='nowhere'"])), &["nowhere"]);
    // Names of datasets are nothing that an array of its own has.
    tasks.leave_out_model(task);
    let output = tasks.transfer_again(task, "named", &[&file, "features.dataset='c3d'"]);
    succeeded(&output);
    says(&stderr(&output), &["features.dataset = \"c3d\" has no effect", "of unknown origin"]);

    // Names that do not fit are told, one of each side.
    let strange = tasks.path("strange");
    as_numpy(&tasks.path("demo-seen.h5"), &strange, |id| format!("video-{id}"));
    let message = refused(&tasks.transfer_again(task, "no", &[&set("features.file", &strange)]));
    says(&message, &["\"seen-000000\"", "\"video-seen-000000\"", "no features"]);
}

#[test]
fn inspect_says_what_is_in_files_of_features_and_embeddings() {
    let tasks = Tasks::new();
    let (model, videos) = (tiny().path("run"), tiny().path("corpus/seen/videos"));
    for name in ["f.h5", "f.safetensors"] {
        let out = tasks.path(name);
        let given =
            ["extract", "--model", str(&model), "--videos", str(&videos), "--out", str(&out)];
        succeeded(&run(&given));
        let said = succeeded(&run(&["inspect", str(&out)]));
        let pieces = ["clip features", "4: seen-000000", "projected", "weights", "short side"];
        says(&said, &pieces);
        let said = succeeded(&run(&["inspect", "--json", str(&out)]));
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["videos"], &said["kind"]), (&4.into(), &"clip features".into()));
    }
    let theirs = tasks.path("theirs");
    as_numpy(&tasks.path("f.h5"), &theirs, str::to_owned);
    let said = succeeded(&run(&["inspect", str(&theirs)]));
    says(&said, &["clip features", "a folder of NumPy's files", "unknown"]);
    let out = tasks.path("e.safetensors");
    let given = ["embed", "--model", str(&model), "--text", "a red disc", "--out", str(&out)];
    succeeded(&run(&given));
    let said = succeeded(&run(&["inspect", str(&out)]));
    let made = FeatureFile::open(&tasks.path("f.h5"), None).unwrap().provenance().unwrap();
    says(&said, &["embeddings of sentences", "a red disc", &made.weights]);
}
