//! The commands of the README and of the pages in docs run, one after the other, as they stand there.
//!
//! A block is run when `<!-- tested -->` stands above it. To keep it short, each command gets
//! further arguments that make it small; nothing the README says is taken away.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use locvtp::{Corpus, HowTo100m};

/// A corpus of a few short videos.
const SMALL_CORPUS: &str = "\
train_videos = 16
seen_videos = 4
new_videos = 4
duration_s = 12.0
max_events = 3
";

/// What is added to a command so that it takes seconds.
fn small(command: &str) -> &'static str {
    match command.split_whitespace().nth(1) {
        Some("synthesize") => "--config small_corpus.toml",
        Some("pretrain") => {
            "--set train.steps=4 --set train.log_every=1 \
             --set pairs.long_batch=4 --set pairs.short_batch=4"
        }
        // A model that has learned nothing finds nothing.
        Some("search") => "--all",
        Some("serve") => "--address 127.0.0.1:0",
        Some("transfer") if command.contains("zero_shot") => "",
        Some("transfer") if command.contains("steps") => {
            "--set training.epochs=1 --set training.seeds=[0] --set component_model.random_epochs=1"
        }
        Some("transfer") => "--set training.epochs=1 --set training.seeds=[0]",
        _ => "",
    }
}

/// The README's commands take the videos that come with the corpus of the first page.
const PAGES: [&str; 6] = [
    "docs/pretraining.md",
    "README.md",
    "docs/weights.md",
    "docs/data.md",
    "docs/tasks.md",
    "docs/score.md",
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the binary, which the build puts two folders above its tests.
fn folder_of_the_binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().to_owned();
    let binary = folder.join(format!("locvtp{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is not there; build everything first: cargo build --release --workspace",
        binary.display()
    );
    folder
}

/// The data that "Bring your data" speaks of, from the videos that were made: four with subtitles, a
/// list of two, and an annotation file of one.
fn bring_data(folder: &Path) {
    let (corpus, _) = HowTo100m::open(&folder.join("corpus/train")).unwrap();
    let mine = folder.join("my-videos/talks");
    let downloads = folder.join("activitynet/downloads");
    std::fs::create_dir_all(&mine).unwrap();
    std::fs::create_dir_all(&downloads).unwrap();
    let mut list = String::from("path,start,end,text\n");
    for (place, video) in corpus.videos().iter().take(4).enumerate() {
        std::fs::copy(video.media.path(), mine.join(format!("talk {place}.mp4"))).unwrap();
        let mut subtitles = String::new();
        for caption in &video.captions {
            let (start, end, text) = (caption.span.start.0, caption.span.end.0, &caption.text);
            subtitles += &format!("00:00:{start:06.3} --> 00:00:{end:06.3}\n{text}\n\n");
            if place < 2 {
                list += &format!("{},{start},{end},\"{text}\"\n", video.media.path().display());
            }
        }
        std::fs::write(mine.join(format!("talk {place}.srt")), subtitles).unwrap();
    }
    std::fs::write(folder.join("spans.csv"), list).unwrap();
    std::fs::copy(corpus.videos()[0].media.path(), downloads.join("v_QOlSCBRmfWY.mp4")).unwrap();
    let annotations = r#"{"v_QOlSCBRmfWY": {"duration": 12.0, "timestamps": [[0.5, 12.2]],
        "sentences": [" Shapes move. "]}}"#;
    std::fs::write(folder.join("activitynet/val_1.json"), annotations).unwrap();
    let moments =
        r#"{"video": "v_QOlSCBRmfWY", "sentence": "Shapes move.", "spans": [[0, 9, 0.8]]}"#;
    std::fs::write(folder.join("moments.jsonl"), moments).unwrap();
}

/// The commands of the blocks that are marked as tested.
fn commands(readme: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for marked in readme.split("<!-- tested -->\n```sh\n").skip(1) {
        let (block, _) = marked.split_once("```").expect("a block that ends");
        let lines = block.lines().map(str::trim);
        commands.extend(lines.filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned));
    }
    commands
}

/// A command that goes on until somebody ends it: it is ended when it says where its page is.
fn served(command: &mut Command) -> Output {
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let number = server.id().to_string();
    assert!(Command::new("kill").args(["-INT", &number]).status().unwrap().success());
    let output = server.wait_with_output().unwrap();
    Output { stdout: line.into_bytes(), ..output }
}

#[test]
fn the_readmes_commands_do_what_they_say() {
    // What one page's commands leave, the next one's take.
    let pages = PAGES.map(|page| repository().join(page));
    let commands: Vec<String> =
        pages.iter().flat_map(|page| commands(&std::fs::read_to_string(page).unwrap())).collect();
    let names: Vec<_> =
        commands.iter().filter_map(|command| command.split_whitespace().nth(1)).collect();
    assert_eq!(
        names,
        [
            &[
                "synthesize",
                "inspect",
                "pretrain",
                "evaluate",
                "ground",
                "extract",
                "embed",
                "report",
                "explain",
                "explain",
                "pretrain"
            ][..],
            &["corpus", "pretrain", "ground", "index", "search", "serve", "extract", "report"],
            &["weights", "weights", "weights", "inspect", "pretrain"],
            &["corpus", "corpus", "corpus", "corpus", "corpus", "pretrain", "pretrain"],
            &["transfer"; 8],
            &["results", "weights", "score"],
            // Of docs/score.md.
            &["score"; 5],
        ]
        .concat(),
        "the pages show every command but the demo"
    );

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small_corpus.toml"), SMALL_CORPUS).unwrap();
    std::fs::create_dir(folder.path().join("configs")).unwrap();
    for run_file in ["configs/demo.toml", "configs/start.toml"] {
        std::fs::copy(repository().join(run_file), folder.path().join(run_file)).unwrap();
    }
    let tasks = folder.path().join("configs/tasks");
    std::os::unix::fs::symlink(repository().join("configs/tasks"), tasks).unwrap();
    // What the demo would leave: the corpus and the run that the first commands make.
    let demo = folder.path().join("demo-run");
    std::fs::create_dir(&demo).unwrap();
    for (made, place) in [("corpus", "corpus"), ("runs/mine", "run")] {
        std::os::unix::fs::symlink(folder.path().join(made), demo.join(place)).unwrap();
    }
    // Tiny checkpoints in the place of those that a person downloads.
    for (name, made) in [("timesformer", "hf-timesformer"), ("distilbert", "distilbert")] {
        let download = folder.path().join("downloads").join(name);
        std::fs::create_dir_all(&download).unwrap();
        let made = repository().join("crates/model/tests/goldens/foreign").join(made);
        for entry in std::fs::read_dir(made).unwrap() {
            let file = entry.unwrap().path();
            std::fs::copy(&file, download.join(file.file_name().unwrap())).unwrap();
        }
    }
    let mut path = folder_of_the_binary().into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());

    for command in commands {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec {command} {}", small(&command))])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("XDG_CACHE_HOME", folder.path().join("cache"));
        let is_server = command.starts_with("locvtp serve");
        let output = if is_server { served(&mut shell) } else { shell.output().unwrap() };
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{said}\n{complaint}");
        assert!(!said.trim().is_empty(), "{command} says nothing on standard output\n{complaint}");
        if command.starts_with("locvtp synthesize") {
            bring_data(folder.path());
        }
    }
    let left = [
        "corpus/seen/truth.json",
        "runs/mine/model/model.safetensors",
        "models/start/model.safetensors",
        "models/random/model.safetensors",
        "runs/started/model/model.safetensors",
        "used.jsonl",
        "runs/talks/model/model.safetensors",
        "shards/00000.tar",
        "runs/packed/model/model.safetensors",
    ];
    for left in left {
        assert!(folder.path().join(left).is_file(), "{left} is not there");
    }
}
