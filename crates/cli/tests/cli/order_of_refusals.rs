//! What `locvtp transfer` checks before it opens a video, and which videos it opens then.

use std::path::{Path, PathBuf};

use locvtp_features::FeatureFile;
use tempfile::TempDir;

use crate::tiny::{locvtp, refused, says, stderr, str, succeeded, tiny};

/// One more file among the tiny corpus' videos, which no decoder takes: whoever opens it says so.
const BROKEN: &str = "seen-broken.mp4";

struct Tasks {
    folder: TempDir,
}

impl Tasks {
    fn new() -> Self {
        let tasks = Self { folder: tempfile::tempdir().unwrap() };
        let videos = tasks.path("videos");
        std::fs::create_dir(&videos).unwrap();
        for split in ["train", "seen", "new"] {
            let folder = tiny().path("corpus").join(split).join("videos");
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), videos.join(entry.file_name())).unwrap();
            }
        }
        std::fs::write(videos.join(BROKEN), "no video").unwrap();
        tasks
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn features(&self) -> PathBuf {
        self.path("features/made.h5")
    }

    /// A task on the tiny corpus whose features are not there and would be made of the folder.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(&format!("{name}.toml"));
        let annotations = tiny().path("corpus/annotations");
        let text = text
            .replace("CORPUS", str(&tiny().path("corpus")))
            .replace("ANNOTATIONS", str(&annotations))
            .replace("MODEL", str(&tiny().path("run")))
            .replace("FOLDER", str(self.folder.path()));
        let features = format!(
            "[features]\nfile = {:?}\nmodel = {:?}\nvideos = [{:?}]\n",
            str(&self.features()),
            str(&tiny().path("run")),
            str(&self.path("videos"))
        );
        let features = if text.contains("retrieval") { String::new() } else { features };
        std::fs::write(&path, text + &features).unwrap();
        path
    }

    fn transfer(&self, task: &Path, set: &[&str]) -> std::process::Output {
        let mut command = locvtp();
        command.arg("transfer").arg(task).arg("--run").arg(self.path("run"));
        set.iter().for_each(|set| {
            command.args(["--set", set]);
        });
        command.output().unwrap()
    }

    /// The task is refused for what is said, no video was opened and nothing was left behind.
    fn refuses(&self, task: &Path, set: &[&str], pieces: &[&str]) {
        let message = refused(&self.transfer(task, set));
        says(&message, pieces);
        assert!(!message.contains(BROKEN), "videos were opened: {message}");
        assert!(!self.path("features").exists(), "features were begun: {message}");
        assert!(!self.path("run").exists(), "a refused task leaves no folder: {message}");
    }
}

const GROUNDING: &str = "
task = 'grounding'
grounding = { head = 'csmgan', dataset = 'synthetic' }
training = { epochs = 1, seeds = [0] }
words = { model = 'MODEL' }
[queries]
train = 'ANNOTATIONS/activitynet/train.json'
test = 'ANNOTATIONS/activitynet/test_seen.json'
";

const STEPS: &str = "
task = 'steps'
zero_shot = {}
[data]
release = 'ANNOTATIONS/crosstask/crosstask_release'
train_list = 'ANNOTATIONS/crosstask/crosstask_release/train.txt'
test_list = 'ANNOTATIONS/crosstask/crosstask_release/test_seen.txt'
";

#[test]
fn a_grounding_task_that_cannot_be_is_refused_before_a_video_is_opened() {
    let tasks = Tasks::new();
    let task = tasks.write("grounding", GROUNDING);
    let file = |name: &str, text: &str| {
        std::fs::write(tasks.path(name), text).unwrap();
        format!("'{}'", str(&tasks.path(name)))
    };
    let set = |key: &str, value: &str| format!("{key}={value}");
    tasks.refuses(&task, &["queries.test='no-such-file.json'"], &["no-such-file.json"]);
    tasks.refuses(&task, &["queries.train='no-such-file.json'"], &["no-such-file.json"]);
    // Sentences, but all of spans that end before they begin.
    let none =
        r#"{"seen-000000": {"duration": 9.0, "timestamps": [[4, 2]], "sentences": ["it moves"]}}"#;
    let none = file("none.json", none);
    tasks.refuses(&task, &[&set("queries.test", &none)], &["test part has no query", "end not"]);
    let stranger =
        r#"{"stranger": {"duration": 9.0, "timestamps": [[1, 2]], "sentences": ["it moves"]}}"#;
    let stranger = file("stranger.json", stranger);
    let pieces = ["test part has no query", "no features: 1"];
    tasks.refuses(&task, &[&set("queries.test", &stranger)], &pieces);
    tasks.refuses(&task, &["words.model='nowhere'"], &["nowhere"]);
    tasks.refuses(&task, &["features.model='nowhere'"], &["nowhere"]);
    tasks.refuses(&task, &["features.videos=['nowhere']"], &["nowhere"]);
    tasks.refuses(&task, &["features.stride_s=-1.0"], &["stride"]);
    tasks.refuses(&task, &["csmgan.num_frames=0"], &["csmgan.num_frames"]);
    tasks.refuses(&task, &["words.space='mean_colour'"], &["words.space", "no colour"]);

    let vectors = tasks.write("vectors", &GROUNDING.replace("model = 'MODEL'", "glove = 'g.txt'"));
    tasks.refuses(&vectors, &[], &["g.txt: does not exist; check the path"]);
    let odd = file("odd.txt", "red 0.5 0.25 0.125\n");
    let pieces = ["3 numbers a word", "an even number"];
    tasks.refuses(&vectors, &[&set("words.glove", &odd)], &pieces);
    let strange = file("strange.txt", "zyzzyva 0.5 0.25\n");
    tasks.refuses(&vectors, &[&set("words.glove", &strange)], &["strange.txt", "none of the"]);

    // Clips outside of the joint space, which words cannot be compared with.
    let zero_shot = GROUNDING.replace("csmgan", "zero_shot");
    let zero_shot = zero_shot.replace("training = { epochs = 1, seeds = [0] }", "");
    let zero_shot = tasks.write("zero_shot", &zero_shot);
    tasks.refuses(&zero_shot, &["features.space='backbone'"], &["made.h5", "joint space"]);

    // A folder that holds a task is left as it is.
    std::fs::create_dir(tasks.path("run")).unwrap();
    std::fs::write(tasks.path("run/task.toml"), "task = 'grounding'\n").unwrap();
    says(&refused(&tasks.transfer(&task, &[])), &["--resume"]);
    assert!(tasks.path("run/task.toml").is_file() && !tasks.path("features").exists());
}

#[test]
fn the_other_tasks_are_refused_before_a_video_is_opened_too() {
    let tasks = Tasks::new();
    let steps = tasks.write("steps", STEPS);
    tasks.refuses(&steps, &["data.release='no-such-folder'"], &["no-such-folder"]);
    tasks.refuses(&steps, &["data.test_list='no-such-list.txt'"], &["no-such-list.txt"]);
    tasks.refuses(&steps, &["zero_shot.model='nowhere'"], &["nowhere"]);
    tasks.refuses(&steps, &["features.space='backbone'"], &["made.h5", "joint space"]);
    std::fs::write(tasks.path("strangers.txt"), "stranger\n").unwrap();
    let strangers = format!("data.test_list='{}'", str(&tasks.path("strangers.txt")));
    tasks.refuses(&steps, &[&strangers], &["videos with features to test on"]);

    let retrieval = tasks.write(
        "retrieval",
        "task = 'retrieval'\nmodel = 'MODEL'\ntest = { corpus = 'CORPUS/seen' }\n\
         train = { corpus = 'CORPUS/train' }\n",
    );
    for key in ["test", "train"] {
        let set = format!("{key}.corpus='no-such-corpus'");
        tasks.refuses(&retrieval, &[&set], &["no-such-corpus"]);
    }
    tasks.refuses(&retrieval, &["dual_softmax=-1.0"], &["dual_softmax", "above 0"]);

    let probe = tasks.write("probe", "task = 'order_probe'\n");
    tasks.refuses(&probe, &["baseline.file='no-such-file.h5'"], &["no-such-file.h5"]);
    tasks.refuses(&probe, &["heads=['linear', 'linear']"], &["heads"]);
}

#[test]
fn only_annotated_videos_get_features_and_a_later_task_adds_its_own() {
    let tasks = Tasks::new();
    let ids = || FeatureFile::open(&tasks.features(), None).unwrap().ids().to_vec();
    let steps = tasks.write("steps", STEPS);
    let output = tasks.transfer(&steps, &[]);
    succeeded(&output);
    let seen: Vec<String> = (0..4).map(|video| format!("seen-{video:06}")).collect();
    assert_eq!(ids(), seen, "the four videos that are tested, of 21 in the folder");
    assert!(!stderr(&output).contains(BROKEN), "{}", stderr(&output));

    // Another list, the same file: what it lacks is added, what is there stays.
    std::fs::remove_dir_all(tasks.path("run")).unwrap();
    let new = tiny().path("corpus/annotations/crosstask/crosstask_release/test_new.txt");
    let set = format!("data.test_list='{}'", str(&new));
    succeeded(&tasks.transfer(&steps, &[&set]));
    let new = (0..4).map(|video| format!("new-{video:06}"));
    assert_eq!(ids(), new.chain(seen).collect::<Vec<_>>());

    // A task without annotations asks all videos, the broken one as well.
    let probe = tasks.write("probe", "task = 'order_probe'\nheads = ['linear']\npositions = 4\n");
    let all = format!("features.file='{}'", str(&tasks.path("all.h5")));
    std::fs::remove_dir_all(tasks.path("run")).unwrap();
    let output = tasks.transfer(&probe, &[&all, "training.epochs=1", "training.seeds=[0]"]);
    succeeded(&output);
    says(&stderr(&output), &["left out", BROKEN]);
    assert_eq!(FeatureFile::open(&tasks.path("all.h5"), None).unwrap().ids().len(), 20);

    // Once they are there, the videos are not asked for.
    std::fs::remove_dir_all(tasks.path("run")).unwrap();
    std::fs::remove_dir_all(tasks.path("videos")).unwrap();
    let output = tasks.transfer(&steps, &[]);
    succeeded(&output);
    says(&stderr(&output), &["no features are added", "videos"]);

    // Features of another kind are not mixed with these.
    let train = tiny().path("corpus/train/videos");
    std::fs::remove_dir_all(tasks.path("run")).unwrap();
    let train = format!("features.videos=['{}']", str(&train));
    let learned = ["component_model={}", "training.seeds=[0]", "training.epochs=1"];
    let task = tasks.write("learned", &STEPS.replace("zero_shot = {}", ""));
    let set = [&learned[..], &["component_model.random_epochs=0", &train, "features.stride_s=2.0"]];
    let message = refused(&tasks.transfer(&task, &set.concat()));
    says(&message, &["made.h5", "stride", "--set features.file=", "made-2s.h5", "rm "]);
}
