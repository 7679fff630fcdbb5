//! What somebody types who does not know the program yet: every mistake is met with what was meant.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::tiny::{copy_folder, locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};
use crate::waiting::{end_by_ctrl_c, until};

/// Words of Rust's parsers that say nothing to somebody who wrote a file.
const PARSERS_WORDS: [&str; 12] = [
    "invalid type",
    "invalid value: ",
    "expected u64",
    "expected usize",
    "expected f64",
    "unknown field",
    "unknown variant",
    "missing field",
    "non-zero type",
    "invalid digit",
    "EOF while",
    "untagged enum",
];

/// The message of a refusal, in plain words.
fn plainly_refused(output: &Output) -> String {
    let message = refused(output);
    for word in PARSERS_WORDS {
        assert!(!message.contains(word), "{word:?} reaches people:\n{message}");
    }
    message
}

#[test]
fn help_begins_with_an_example_says_where_to_start_and_groups_the_commands() {
    let page = succeeded(&run(&["--help"]));
    assert_eq!(page, succeeded(&run(&["-h"])));
    let places: Vec<usize> =
        ["locvtp ground --model", "locvtp demo", "Begin here:", "Train:", "  pretrain", "Measure"]
            .iter()
            .map(|part| page.find(part).unwrap_or_else(|| panic!("{part} is missing in:\n{page}")))
            .collect();
    assert!(places.is_sorted(), "{page}");
    assert!(page.lines().take(3).any(|line| line.contains("locvtp ground")), "{page}");
    // Without a command it is the same, as an error.
    let bare = run(&[]);
    assert_eq!((bare.status.code(), stderr(&bare)), (Some(2), page));
    // Commands have their own.
    says(&succeeded(&run(&["help", "ground"])), &["--model <DIR>", "<SENTENCE>"]);
}

#[test]
fn a_command_by_another_name_is_told_which_one_does_it() {
    for (typed, meant) in [
        ("localise", "locvtp ground"),
        ("find", "locvtp search"),
        ("query", "locvtp search"),
        ("train", "locvtp pretrain"),
        ("finetune", "locvtp transfer"),
        ("eval", "locvtp evaluate"),
        ("check", "locvtp corpus check"),
        ("import", "locvtp weights import"),
        ("traing", "locvtp pretrain"),
    ] {
        says(&refused(&run(&[typed, "more"])), &[typed, meant, "--help"]);
    }
}

#[test]
fn nought_is_refused_where_it_would_mean_something_else() {
    let tiny = tiny();
    let never = tiny.path("never");
    for key in [
        "train.steps",
        "train.log_every",
        "train.keep_checkpoints",
        "pairs.long_batch",
        "pairs.short_batch",
        "loader.threads",
        "loader.queue",
        "tokenizer.vocab_size",
        "limits.frames",
    ] {
        let message = refused(&tiny.pretrain(&never, &["--set", &format!("{key}=0")]));
        says(&message, &[&format!("`{key}` is 0"), "1"]);
        assert!(!never.exists(), "{key}");
    }
    let (video, sentence) = tiny.held_out();
    let (model, video) = (tiny.model(), str(&video).to_owned());
    let model = str(&model);
    for arguments in [
        &["ground", "--model", model, &video, &sentence, "--top", "0"][..],
        &["demo", "--steps", "0"],
        &["demo", "--videos", "0"],
        &["synthesize", "--out", "x", "--videos", "0"],
        &["extract", "--model", model, "--videos", &video, "--out", "x.h5", "--batch", "0"],
        &["extract", "--model", model, "--videos", &video, "--out", "x.h5", "--stride-s", "0"],
        &["corpus", "pack", "x", "--out", "y", "--shard-samples", "0"],
    ] {
        let message = plainly_refused(&run(arguments));
        let ranges = ["1 or more", "from 1 to", "above 0", "from 0.001 to"];
        assert!(ranges.iter().any(|range| message.contains(range)), "{message}");
    }
}

#[test]
fn epochs_that_the_files_steps_would_make_meaningless_are_refused() {
    let message = refused(&tiny().pretrain(&tiny().path("never"), &["--set", "train.epochs=3"]));
    says(&message, &["`train.epochs`", "`train.steps`", "3 epochs", "run.toml"]);
}

#[test]
fn a_misspelt_folder_is_not_gone_on_with_but_asked_about() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    copy_folder(&tiny.path("run"), &runs.join("mine"));
    let wrong = runs.join("mien");
    let message = refused(&tiny.pretrain(&wrong, &["--resume"]));
    let mine = format!("did you mean {}?", runs.join("mine").display());
    says(&message, &[str(&wrong), "nothing to resume", &mine, "leave --resume out"]);
    assert!(!wrong.exists(), "no run was begun");
    std::fs::create_dir(&wrong).unwrap();
    says(&refused(&tiny.pretrain(&wrong, &["--resume"])), &["nothing to resume", &mine]);
    let message = refused(&tiny.pretrain(&folder.path().join("run/mine"), &["--resume"]));
    says(&message, &["nothing to resume", &mine]);

    let task = folder.path().join("task.toml");
    std::fs::write(&task, "task = 'order_probe'\n[features]\nfile = 'none.h5'\n").unwrap();
    let done = folder.path().join("tasks/probe");
    std::fs::create_dir_all(&done).unwrap();
    std::fs::write(done.join("task.toml"), "task = 'order_probe'\n").unwrap();
    let wrong = folder.path().join("tasks/prob");
    let message = refused(&run(&["transfer", str(&task), "--run", str(&wrong), "--resume"]));
    let probe = format!("did you mean {}?", done.display());
    says(&message, &[str(&wrong), "nothing to resume", &probe]);
    assert!(!wrong.exists());
}

#[test]
fn a_folder_of_two_videos_gets_one_message_whose_flags_work() {
    let tiny = tiny();
    let corpus = tiny.copy_of_corpus();
    let mut videos: Vec<_> = std::fs::read_dir(corpus.path().join("videos")).unwrap().collect();
    for video in videos.drain(2..) {
        std::fs::remove_file(video.unwrap().path()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let dir = format!("corpus.dir={}", corpus.path().display());
    let more = ["--set", &dir, "--set", "corpus.max_bad=1.0", "--set", "train.steps=2"];
    let message = refused(&tiny.pretrain(&run, &more));
    says(&message, &["`pairs.long_batch` is 3", "`pairs.short_batch` is 3", "2 usable videos"]);
    let flags = "--set pairs.long_batch=2 --set pairs.short_batch=2";
    says(&message, &[flags]);
    let typed: Vec<&str> = more.into_iter().chain(flags.split(' ')).collect();
    succeeded(&tiny.pretrain(&run, &typed));
}

#[test]
fn a_key_is_hinted_at_by_its_meaning_first() {
    let tiny = tiny();
    let never = tiny.path("never");
    for (set, hint) in [
        ("steps=5", "did you mean `train.steps`?"),
        ("optimizer.lr=0.1", "did you mean `optimizer.learning_rate`?"),
        ("lr=0.1", "did you mean `optimizer.learning_rate`?"),
        ("train.batch_size=4", "did you mean `pairs.long_batch` or `pairs.short_batch`?"),
        ("seed=4", "did you mean `run.seed`?"),
        ("corpus.path=here", "did you mean `corpus.dir`?"),
        ("train.stepps=5", "did you mean `train.steps`?"),
        ("pairs.colour_of_the_sky=3", "those of pairs are"),
    ] {
        let message = plainly_refused(&tiny.pretrain(&never, &["--set", set]));
        says(&message, &[&format!("--set {set}: "), "is not a known key", hint]);
    }
    let task = tiny.path("hints.toml");
    let text = "task = 'grounding'\ngrounding = { head = 'tan', dataset = 'synthetic' }\n";
    std::fs::write(&task, text).unwrap();
    for (set, hint) in [
        ("lr=0.1", "did you mean `training.optimizer.learning_rate`?"),
        ("batch_size=4", "did you mean `training.batch`?"),
        ("epochs=4", "did you mean `training.epochs`?"),
        ("tan.kernal=4", "did you mean `tan.kernel`?"),
        ("feature.model=x", "did you mean `features`?"),
    ] {
        let message = plainly_refused(&run(&["transfer", str(&task), "--set", set]));
        says(&message, &[&format!("--set {set}: "), hint]);
    }
}

#[test]
fn a_file_for_another_command_is_told_which() {
    let tiny = tiny();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let task = configs.join("tasks/grounding_tan_tiny.toml");
    let message = refused(&run(&["pretrain", str(&task)]));
    says(&message, &["is a task file", &format!("locvtp transfer {}", task.display())]);
    let file = tiny.path("run.toml");
    let message = refused(&run(&["transfer", str(&file)]));
    says(&message, &["is a run file", &format!("locvtp pretrain {}", file.display())]);
    let corpus = tiny.path("corpus.toml");
    says(&refused(&run(&["pretrain", str(&corpus)])), &["synthetic corpus", "locvtp synthesize"]);
    let message = refused(&run(&["synthesize", "--out", "x", "--config", str(&file)]));
    says(&message, &["is a run file", "locvtp pretrain"]);
    let message = refused(&run(&["pretrain", str(&tiny.path("corpus/train"))]));
    says(&message, &["is a folder", "--set corpus.dir="]);
    let message = refused(&run(&["pretrain", str(&tiny.path("run"))]));
    says(&message, &["is a folder", "run/run.toml"]);
    says(
        &refused(&run(&["pretrain", "no-such.toml"])),
        &["no-such.toml: does not exist", "configs/"],
    );
}

#[test]
fn parsers_words_reach_nobody() {
    let tiny = tiny();
    let never = tiny.path("never");
    for (set, told) in [
        ("train.steps=many", "`train.steps` is \"many\"; expected a whole number, 1 or more"),
        ("optimizer.warm_up_steps=many", "expected a whole number, 0 or more"),
        ("train.steps=-3", "`train.steps` is -3; expected a whole number, 1 or more"),
        ("train.steps=1.5", "`train.steps` is 1.5; expected a whole number"),
        ("optimizer.learning_rate=fast", "is \"fast\"; expected a number"),
        ("sampling.jitter=1", "`sampling.jitter` is 1; expected true or false"),
        ("pairs.long_span_s=5", "`pairs.long_span_s` is 5; expected a list of 2"),
        ("pairs.order=3", "`pairs.order` is 3; expected one of its names"),
        ("pairs.order.shards.bufer=3", "did you mean `pairs.order.shards.buffer`?"),
        ("run.name=2024", "as run.name=\"2024\""),
        ("train=5", "`train` is 5; expected a section of keys"),
        ("corpus.layout=floppy", "`corpus.layout` is \"floppy\"; expected \"howto100m\""),
        ("model.video.kind=resnet", "`model.video.kind` is \"resnet\"; expected"),
        ("model.video.hidden_size=wide", "`model.video.hidden_size` is \"wide\"; expected a whole"),
        ("optimizer.schedule.shape=round", "is \"round\"; expected"),
        ("augmentation=papre", "augmentation"),
        ("objective.schedule=wieghted", "expected \"weighted\""),
    ] {
        let message = plainly_refused(&tiny.pretrain(&never, &["--set", set]));
        says(&message, &[&format!("--set {set}: "), told]);
    }
    let file = tiny.path("words.toml");
    for (text, told) in [
        ("[train]\n\nsteps = 'x'\n", "words.toml, line 3: `train.steps` is \"x\""),
        ("[train\n", "line 1"),
    ] {
        std::fs::write(&file, text).unwrap();
        says(&plainly_refused(&run(&["pretrain", str(&file)])), &[told]);
    }
    for (text, told) in [
        ("task = 'groundng'\n", "line 1: `task` is \"groundng\"; expected \"retrieval\""),
        ("task = 'grounding'\n", "`grounding` is missing"),
        ("task = 'grounding'\ngrounding = { head = 'tam', dataset = 'tacos' }\n", "is \"tam\""),
        (
            "task = 'order_probe'\npositions = 'all'\nfeatures = { file = 'x.h5' }\n",
            "line 2: `positions` is \"all\"",
        ),
        ("task = 'order_probe'\n", "missing"),
    ] {
        std::fs::write(&file, text).unwrap();
        says(&plainly_refused(&run(&["transfer", str(&file)])), &["words.toml", told]);
    }
    for (text, told) in [
        ("seed = 'x'\ntrain_videos = 3\n", "line 1: `seed` is \"x\"; expected a whole number"),
        ("train_video = 3\n", "did you mean `train_videos`?"),
        ("width = 50\n", "`width` is 50; expected a multiple of 16"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output = run(&["synthesize", "--out", str(&never), "--config", str(&file)]);
        says(&plainly_refused(&output), &[told]);
    }
    let corpus = tiny.path("corpus/train");
    let limits = ["corpus", "check", str(&corpus), "--decode", "probe", "--limit"];
    for (limit, told) in [
        ("stall=3", "known are stall_s"),
        ("stall_s=soon", "expected a whole number of seconds from 0 to"),
    ] {
        let message = plainly_refused(&run(&[&limits[..], &[limit]].concat()));
        says(&message, &[limit, told]);
    }
    let results = tiny.path("damaged/task");
    std::fs::create_dir_all(&results).unwrap();
    std::fs::write(results.join("result.json"), "{}").unwrap();
    let message = plainly_refused(&run(&["results", str(&tiny.path("damaged"))]));
    says(&message, &["result.json", "is no result of a task", "is missing"]);
    let model = tiny.path("odd-model");
    copy_folder(&tiny.model(), &model);
    std::fs::write(model.join("config.json"), "{\"model_type\": 3}").unwrap();
    let (video, sentence) = tiny.held_out();
    let message =
        plainly_refused(&run(&["ground", "--model", str(&model), str(&video), &sentence]));
    says(&message, &["config.json", "3 is found where a text in quotes is expected"]);
}

#[test]
fn a_sentence_without_quotes_and_arguments_in_the_wrong_order_are_told_what_to_type() {
    let tiny = tiny();
    let (video, sentence) = tiny.held_out();
    let (model, video) = (tiny.model(), str(&video).to_owned());
    let ground =
        |more: &[&str]| refused(&run(&[&["ground", "--model", str(&model)], more].concat()));
    let words: Vec<&str> = sentence.split(' ').collect();
    let message = ground(&[&[video.as_str()], &words[..]].concat());
    says(&message, &["put it in quotes", &format!("{video} '{sentence}'")]);
    // What is told to be typed works as it stands.
    let typed = message.lines().find(|line| line.contains(" ground ")).unwrap();
    let output = Command::new("sh").args(["-c", typed.trim()]).output().unwrap();
    says(&succeeded(&output), &["score"]);
    let message = ground(&[&sentence, &video]);
    says(&message, &["the video stands before the sentence", &format!("{video} '{sentence}'")]);
    says(&ground(&[&video, &video, &sentence]), &["looks into one video"]);
    says(&ground(&["no.mp4", &sentence]), &["no.mp4: does not exist; check the path"]);
    let folder = tiny.path("corpus/seen/videos");
    says(&ground(&[str(&folder), &sentence]), &["is a folder", "one video file"]);
}

#[test]
fn a_folder_that_is_not_there_is_made_for_what_is_written() {
    let tiny = tiny();
    let (video, sentence) = tiny.held_out();
    let folder = tempfile::tempdir().unwrap();
    let (model, at) = (tiny.model(), |name: &str| folder.path().join(name));
    let (features, vectors) = (at("a/b/x.h5"), at("c/d/x.safetensors"));
    let (list, page, corpus) = (at("e/f/list.jsonl"), at("g/h/page"), tiny.path("corpus/seen"));
    let finished = tiny.path("run");
    for arguments in [
        &["extract", "--model", str(&model), "--videos", str(&video), "--out", str(&features)][..],
        &["embed", "--model", str(&model), "--text", &sentence, "--out", str(&vectors)],
        &["corpus", "check", str(&corpus), "--list", str(&list)],
        &["report", str(&finished), "--out", str(&page)],
    ] {
        succeeded(&run(arguments));
    }
    assert!(features.is_file() && vectors.is_file() && list.is_file());
    assert!(page.join("report.html").is_file());
    // A refusal makes none.
    let other = at("never/x.h5");
    refused(&run(&["extract", "--model", "/no", "--videos", str(&video), "--out", str(&other)]));
    assert!(!at("never").exists());
}

#[test]
fn a_model_that_is_not_here_names_the_command_that_makes_it() {
    let tiny = tiny();
    let (video, sentence) = tiny.held_out();
    let empty = tempfile::tempdir().unwrap();
    let ground = |model: &str| {
        let mut command = locvtp();
        command.args(["ground", "--model", model, str(&video), &sentence]);
        refused(&command.current_dir(empty.path()).output().unwrap())
    };
    let import = "model get hub:openai/clip-vit-base-patch32 --out models/clip-vit-base-patch32";
    let message = ground("hub:openai/clip-vit-base-patch32");
    says(&message, &["Hugging Face", import, "--model models/clip-vit-base-patch32"]);
    says(&ground("demo-run"), &["demo-run", "scripts/demo", "locvtp demo"]);
    let weights = tiny.model().join("model.safetensors");
    says(&ground(str(&weights)), &["is a file", "give the folder"]);
    let misspelt = tiny.path("rnu");
    let run_folder = tiny.path("run");
    says(
        &ground(str(&misspelt)),
        &["does not exist", &format!("did you mean {}", str(&run_folder))],
    );

    // A run that is not finished says how it goes on.
    let begun = empty.path().join("begun");
    copy_folder(&run_folder, &begun);
    std::fs::remove_dir_all(begun.join("model")).unwrap();
    says(&ground(str(&begun)), &["not finished", "pretrain", "--resume", "checkpoints"]);

    // What task files and run files take of the demo.
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    for arguments in [
        ["pretrain", str(&configs.join("demo.toml"))],
        ["transfer", str(&configs.join("tasks/grounding_tan_tiny.toml"))],
        ["transfer", str(&configs.join("tasks/retrieval_tiny.toml"))],
    ] {
        let mut command = locvtp();
        let output = command.args(arguments).current_dir(empty.path()).output().unwrap();
        says(&refused(&output), &["demo-run/ is not here", "scripts/demo", "locvtp demo"]);
    }
}

#[test]
fn all_results_are_a_row_a_number_and_no_line_is_wider_than_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for (model, task) in [("pretrained", "grounding"), ("random", "grounding"), ("random", "steps")]
    {
        let place = folder.path().join(model).join(task);
        std::fs::create_dir_all(&place).unwrap();
        let number =
            |name: usize| (format!("R@{name},IoU@0.{name} of the moments"), 10.0 + name as f64);
        let test: serde_json::Map<String, Value> =
            (1..9).map(number).map(|(name, value)| (name, value.into())).collect();
        let result = succeeded_result(&test);
        std::fs::write(place.join("result.json"), result.to_string()).unwrap();
    }
    let (a, b) = (folder.path().join("pretrained"), folder.path().join("random"));
    let table = succeeded(&run(&["results", str(&a), str(&b), "--all"]));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2 + 16, "{table}");
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{table}");
    says(lines[0], &["number", "pretrained", "random"]);
    let row = "grounding: R@3,IoU@0.3 of the moments";
    let row = lines.iter().find(|line| line.contains(row)).unwrap();
    assert_eq!(row.matches("13.0").count(), 2, "{table}");
}

/// A task's result as the tiny tasks write it, with other numbers.
fn succeeded_result(test: &serde_json::Map<String, Value>) -> Value {
    let tiny = tiny();
    static RESULT: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    let result = RESULT.get_or_init(|| {
        let run_folder = tiny.path("zero-shot-for-results");
        let mut command = locvtp();
        let task = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../configs/tasks/grounding_zero_shot_tiny.toml");
        command.arg("transfer").arg(task).arg("--run").arg(&run_folder);
        let annotations = tiny.path("corpus/annotations/activitynet/test_seen.json");
        for (key, value) in [
            ("features.file", tiny.path("features-for-results.h5")),
            ("features.model", tiny.path("run")),
            ("words.model", tiny.path("run")),
            ("queries.test", annotations),
        ] {
            command.arg("--set").arg(format!("{key}='{}'", value.display()));
        }
        let videos = tiny.path("corpus/seen/videos");
        command.arg("--set").arg(format!("features.videos=['{}']", videos.display()));
        succeeded(&command.output().unwrap());
        let text = std::fs::read_to_string(run_folder.join("result.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    let mut result = result.clone();
    for seed in result["seeds"].as_array_mut().unwrap() {
        seed["test"] = Value::Object(test.clone());
    }
    result
}

#[test]
fn a_run_that_is_finished_says_so_and_tells_no_rate() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&tiny.path("run"), &folder.path().join("run"));
    let output = tiny.pretrain(&folder.path().join("run"), &["--resume"]);
    succeeded(&output);
    says(&stderr(&output), &["done already: 300 steps, which is all"]);
    assert!(!stderr(&output).contains("/s "), "{}", stderr(&output));
}

#[test]
fn synthesize_that_is_stopped_keeps_its_videos_and_goes_on_to_the_same_bytes() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let (out, config) = (folder.path().join("corpus"), tiny.path("corpus.toml"));
    let mut command = locvtp();
    let arguments = ["--config", str(&config), "--videos", "150"];
    command.args(["synthesize", "--out", str(&out)]).args(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let videos = folder.path().join("corpus.partial/train/videos");
    let finished = || {
        let entries = std::fs::read_dir(&videos).into_iter().flatten().flatten();
        entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count()
    };
    until(&mut child, "three videos are made", || finished() >= 3);
    let output = end_by_ctrl_c(child);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    says(&stderr(&output), &["what is finished is kept", "go on with: ", "synthesize --out"]);
    assert!(!out.exists() && finished() >= 3);
    let typed = stderr(&output);
    let typed = typed.lines().find_map(|line| line.strip_prefix("go on with: ")).unwrap();
    let again = Command::new("sh").args(["-c", typed]).output().unwrap();
    says(&succeeded(&again), &["; there already: "]);
    let whole = folder.path().join("whole");
    succeeded(&run(&[&["synthesize", "--out", str(&whole)][..], &arguments].concat()));
    let same = Command::new("diff").arg("-r").arg(&out).arg(&whole).output().unwrap();
    assert!(same.status.success(), "{}", stdout(&same));
}

#[test]
fn a_list_that_fails_leaves_nothing() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.jsonl");
    let corpus = tiny.path("corpus/seen");
    let arguments = ["corpus", "check", str(&corpus), "/no/such/corpus", "--list", str(&list)];
    says(&refused(&run(&arguments)), &["/no/such/corpus"]);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
