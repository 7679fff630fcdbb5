//! `locvtp serve` over a real index with a real model, by hand and in a real browser.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::browser_or_return;
use crate::http::{get, post};
use crate::not_run::not_run;
use crate::tiny::{checkpoints, locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};
use crate::waiting::{end_by_ctrl_c, press_ctrl_c};
use crate::windows::{PICTURES, assert_that_views_fit, named_folder};

const AT_REST: &str = "(() => { const v = document.querySelector('video'); \
    return !document.querySelector('.screen.loading') && v.readyState >= 2 && v.paused && !v.seeking })()";
const NOW: &str = "document.querySelector('.slider').getAttribute('aria-valuenow') * 1";

/// A folder with copies of the held-out videos of these splits.
pub(crate) fn videos(splits: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for split in splits {
        let from = tiny().path(&format!("corpus/{split}/videos"));
        crate::tiny::copy_folder(&from, folder.path());
    }
    folder
}

/// Four videos with fewer than forty clips: nothing is measured of so few, so the best moments are shown
/// whatever the model has learned.
pub(crate) fn a_few_clips() -> TempDir {
    let folder = videos(&["seen"]);
    let model = tiny().path("run");
    let add = ["index", "add", str(folder.path()), "--model", str(&model), "--stride", "1"];
    succeeded(&run(&add));
    folder
}

pub(crate) fn index(folder: &Path, model: &Path) {
    succeeded(&run(&["index", "add", str(folder), "--model", str(model)]));
}

/// The command, and where it listens.
pub(crate) struct Served {
    /// None once it was taken to be ended in some way.
    pub(crate) process: Option<Child>,
    said: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::started(locvtp(), arguments)
    }

    pub(crate) fn with_temporary_files_in(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = locvtp();
        command.env("TMPDIR", folder);
        Self::started(command, arguments)
    }

    fn started(mut command: Command, arguments: &[&str]) -> Self {
        command.args(["serve", "--address", "127.0.0.1:0"]).args(arguments);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_once('/'));
        let Some((address, _)) = address else {
            let said = process.wait_with_output().unwrap();
            panic!("it does not say where it listens: {line}{}", stderr(&said));
        };
        Self { address: address.parse().unwrap(), process: Some(process), said }
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        get(self.address, &format!("/api/v1{path}")).json()
    }

    pub(crate) fn search(&self, text: &str) -> Value {
        post(self.address, "/api/v1/search", &json!({ "text": text })).json()
    }

    /// The id of a video by its name.
    fn id(&self, name: &str) -> String {
        let list = self.get("/media?limit=500");
        let media = list["media"].as_array().unwrap().iter().find(|media| media["name"] == name);
        media.unwrap_or_else(|| panic!("{name}: {list}"))["id"].as_str().unwrap().to_owned()
    }

    /// A sentence about a held-out video for which something is found, and what was answered.
    pub(crate) fn answered_sentence(&self, corpus: &Path) -> (String, Value) {
        let truth = std::fs::read_to_string(corpus.join("seen/truth.json")).unwrap();
        let truth: Value = serde_json::from_str(&truth).unwrap();
        let videos = truth["videos"].as_array().unwrap().iter();
        let events = videos.flat_map(|video| video["events"].as_array().unwrap());
        let mut asked = events.map(|event| {
            let sentence = event["query"].as_str().unwrap().to_owned();
            let found = self.search(&sentence);
            (sentence, found)
        });
        let found = asked.find(|(_, found)| {
            matches!(found["answer"]["verdict"].as_str(), Some("found" | "maybe"))
                && found["answer"]["hits"][0]["evidence"] == "seen"
        });
        found.expect("the model finds something of what it was trained for")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The same film in another form, by FFmpeg's command; whether it can write that.
fn convert(from: &Path, options: &[&str], to: &Path) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-i"]).arg(from).args(options).arg(to);
    command.status().unwrap().success()
}

#[test]
fn a_sentence_is_typed_and_its_moment_played_shared_and_exported() {
    let mut browser = browser_or_return!();
    let folder = a_few_clips();
    let served = Served::start(&[str(folder.path())]);
    let host = served.address.to_string();
    let (sentence, found) = served.answered_sentence(&tiny().path("corpus"));
    let hits = found["answer"]["hits"].as_array().unwrap().clone();

    browser.open(&format!("http://{host}/"));
    browser.wait_for("document.querySelector('.welcome .tile img').complete");
    browser.click("#sentence");
    browser.type_text(&sentence);
    browser.press("Enter", 0);
    browser.wait_for("document.querySelector('.hit')");
    // The page asks for more moments than the interface gives by itself.
    assert!(browser.number("document.querySelectorAll('.hit').length") >= hits.len() as f64);
    assert!(browser.number("document.querySelectorAll('.distribution rect').length") > 3.0);

    browser.click(".hit .open-hit");
    browser.wait_for(AT_REST);
    let (start, end) = (&hits[0]["span"]["start"], &hits[0]["span"]["end"]);
    let (start, end) = (start.as_f64().unwrap(), end.as_f64().unwrap());
    // By the clock of the page: the browser may play a copy of the part, which has a clock of its own.
    browser.wait_for(&format!("Math.abs({NOW} - {start}) < 0.11"));
    assert!(browser.number("document.querySelector('video').videoWidth") > 0.0);
    browser.press(" ", 0);
    browser.wait_for(&format!("{NOW} > {}", start + 0.3));
    browser.press("k", 0);

    // The strip has a bar for each clip of the file, and a click on it goes there.
    let id = hits[0]["media"].as_str().unwrap();
    let path = format!("/api/v1/media/{id}/heat");
    let heat = post(served.address, &path, &json!({ "text": sentence })).json();
    let clips = heat["clips"].as_array().unwrap();
    browser.wait_for(&format!(
        "document.querySelectorAll('.heat-list li').length === {}",
        clips.len()
    ));
    let score = |clip: &Value| clip["score"].as_f64().unwrap();
    let best = clips.iter().max_by(|one, other| score(one).total_cmp(&score(other))).unwrap();
    let best_start = best["span"]["start"].as_f64().unwrap();
    assert!(start - 1e-6 <= best_start && best_start < end, "{best} {start}-{end}");
    browser.click_at(".slider", 0.5);
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 4.5) < 0.2"));

    // The address alone opens the same moment.
    let link =
        format!("http://{host}/?q={}&v={id}&t={start}&end={end}", sentence.replace(' ', "+"));
    browser.open(&link);
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - {start}) < 0.2"));
    browser.wait_for("document.querySelector('.hit.open')");

    browser.press("e", 0);
    browser.wait_for("document.querySelector('#export').open");
    browser.click(".formats button");
    browser.wait_for("document.querySelector('#export .hint').textContent.startsWith('Saved')");
    let saved = browser.downloads().join("moments.csv");
    // The browser makes an empty file first.
    while !std::fs::read_to_string(&saved).is_ok_and(|table| table.lines().count() > 1) {
        browser.wait_for("true");
    }
    let table = std::fs::read_to_string(saved).unwrap();
    let first: Vec<&str> = table.lines().nth(1).unwrap().split(',').collect();
    let name = found["media"][id]["name"].as_str().unwrap();
    let file = folder.path().canonicalize().unwrap().join(name);
    assert_eq!(&first[..3], [str(&file), &format!("{start:.3}"), &format!("{end:.3}")]);
    assert_eq!(&first[5..7], ["seen", sentence.as_str()]);
    browser.assert_clean(&host);
}

#[test]
fn what_the_browser_cannot_play_is_played_by_a_copy_that_begins_at_0() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let (video, sentence) = tiny().held_out();
    let hevc = [
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=none:min-cu-size=8:ctu=16",
        "-tag:v",
        "hvc1",
    ];
    if !convert(
        &video,
        &[&["-vf", "scale=64:64"], &hevc[..]].concat(),
        &folder.path().join("phone.mov"),
    ) {
        return not_run("this FFmpeg has no libx265");
    }
    // A broadcast's clock begins anywhere.
    let broadcast = ["-c", "copy", "-output_ts_offset", "100"];
    assert!(convert(&video, &broadcast, &folder.path().join("broadcast.ts")));
    index(folder.path(), &tiny().path("run"));
    let served = Served::start(&[str(folder.path())]);
    for (name, kind) in [("phone.mov", "hvc1"), ("broadcast.ts", "video/mp2t")] {
        let id = served.id(name);
        let media = served.get(&format!("/media/{id}"));
        says(media["media_type"].as_str().unwrap(), &[kind]);
        let query = sentence.replace(' ', "+");
        browser.open(&format!("http://{}/?q={query}&v={id}&t=4", served.address));
        browser.wait_for("document.querySelector('video').src.includes('proxy')");
        browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 4) < 0.2"));
        browser.wait_for("document.querySelectorAll('.heat-list li').length > 0");
        browser.press(" ", 0);
        browser.wait_for(&format!("{NOW} > 4.5"));
        browser.press("k", 0);
        let copy = get(served.address, &format!("/api/v1/media/{id}/proxy?start=3&end=6"));
        assert_eq!((copy.status, copy.header("content-type")), (200, "video/mp4"));
        let file = folder.path().join("copy.mp4");
        std::fs::write(&file, copy.body).unwrap();
        let asked = [
            "-v",
            "error",
            "-select_streams",
            "v",
            "-show_entries",
            "packet=pts_time,dts_time",
            "-of",
            "csv=p=0",
        ];
        let packets = Command::new("ffprobe").args(asked).arg(&file).output().unwrap();
        let packets = stdout(&packets);
        let first: Vec<f64> =
            packets.lines().next().unwrap().split(',').filter_map(|it| it.parse().ok()).collect();
        assert_eq!(first, [0.0, 0.0], "{name}");
        std::fs::remove_file(file).unwrap();
    }
    browser.assert_clean(&served.address.to_string());
}

#[test]
fn what_is_said_is_found_and_shown_over_the_pictures() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let (video, _) = tiny().held_out();
    std::fs::copy(video, folder.path().join("talk.mp4")).unwrap();
    let srt = "1\n00:00:03,000 --> 00:00:06,000\nnow a dog rides the skateboard\n";
    std::fs::write(folder.path().join("talk.en.srt"), srt).unwrap();
    index(folder.path(), &tiny().path("run"));
    let served = Served::start(&[str(folder.path())]);
    browser.open(&format!("http://{}/?q=dog+skateboard", served.address));
    browser.wait_for("document.querySelector('.hit .tag.said')");
    assert_eq!(browser.text("document.querySelector('#verdict-word').textContent"), "Found");
    says(
        &browser.text("document.querySelector('.warning').textContent"),
        &["Never seen in training"],
    );
    browser.click(".hit .open-hit");
    browser.wait_for(AT_REST);
    let shown = "[...document.querySelector('video').textTracks].flatMap((t) => [...t.activeCues ?? []])\
        .map((c) => c.text)[0]";
    browser.wait_for(&format!("{shown} === 'now a dog rides the skateboard'"));
    browser.assert_clean(&served.address.to_string());
}

#[test]
fn an_index_that_grows_or_is_built_anew_is_seen_without_a_restart() {
    let folder = videos(&["seen", "new"]);
    let kept = tempfile::tempdir().unwrap();
    let (held_out, sentence) = tiny().held_out();
    let name = held_out.file_name().unwrap();
    std::fs::rename(folder.path().join(name), kept.path().join(name)).unwrap();
    index(folder.path(), &tiny().path("run"));
    let log = folder.path().join("requests.jsonl");
    let served = Served::start(&[str(folder.path()), "--log", str(&log)]);
    let state = served.get("/state");
    assert_eq!((&state["num_media"], &state["is_ready"]), (&7.into(), &true.into()));
    let ids = |found: &Value| -> Vec<String> {
        let hits = found["answer"]["hits"].as_array().unwrap().iter();
        hits.map(|hit| hit["media"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(served.get("/bad-files")["files"], json!([]));

    std::fs::rename(kept.path().join(name), folder.path().join(name)).unwrap();
    std::fs::write(folder.path().join("broken.mp4"), "no video").unwrap();
    index(folder.path(), &tiny().path("run"));
    let id = served.id(name.to_str().unwrap());
    let query = json!({ "text": sentence, "file_glob": name.to_str().unwrap() });
    let found = post(served.address, "/api/v1/search", &query).json();
    assert!(ids(&found).iter().all(|found| *found == id), "{found}");
    let grown = served.get("/state");
    assert_eq!((&grown["num_media"], &grown["num_bad_files"]), (&8.into(), &1.into()));
    assert!(grown["num_clips"].as_u64() > state["num_clips"].as_u64());
    let bad = served.get("/bad-files");
    assert_eq!(bad["files"][0]["name"], "broken.mp4");
    assert!(!bad.to_string().contains(str(&folder.path().canonicalize().unwrap())), "{bad}");
    assert_eq!(served.get("/jobs")["jobs"][0]["state"], "done");

    // Another model's index takes the place of the first.
    index(folder.path(), &checkpoints(&tiny().path("run")).remove(0));
    let anew = served.get("/state");
    assert_ne!(anew["model_version"], grown["model_version"]);
    let found = served.search(&sentence);
    assert!(found["answer"]["took_ms"].as_f64().unwrap() > 0.0, "{found}");
    // A shared address stays true: the video is the same.
    assert_eq!(served.id(name.to_str().unwrap()), id);

    let lines = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["path"] == "/api/v1/search" && line["status"] == 200));
    assert!(!std::fs::read_to_string(&log).unwrap().contains(&sentence), "nobody's business");
}

#[test]
fn filters_mean_what_they_mean_on_the_command_line() {
    let folder = videos(&["seen", "new"]);
    let deeper = folder.path().join("deeper");
    std::fs::create_dir(&deeper).unwrap();
    let (held_out, sentence) = tiny().held_out();
    let name = held_out.file_name().unwrap().to_str().unwrap();
    std::fs::rename(folder.path().join(name), deeper.join(name)).unwrap();
    index(folder.path(), &tiny().path("run"));
    let served = Served::start(&[str(folder.path())]);
    let ask = |more: Value| {
        let mut query = json!({ "text": sentence });
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(served.address, "/api/v1/search", &query)
    };
    let names = |more: Value| -> Vec<String> {
        let found = ask(more).json();
        let media = found["media"].as_object().unwrap().values();
        media.map(|media| media["name"].as_str().unwrap().to_owned()).collect()
    };
    let root = folder.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(names(json!({ "in_folder": format!("{root}/deeper") })), [name]);
    assert_eq!(names(json!({ "in_folder": "deeper" })), [name]);
    assert_eq!(names(json!({ "file_glob": name })), [name]);
    let none = ask(json!({ "longer_s": 100 })).json();
    assert_eq!(none["answer"]["verdict"], "nothing_found");
    assert_eq!(none["answer"]["distribution"], Value::Null);
    says(&none["answer"]["warnings"].to_string(), &["No video of the index passes"]);
    let unsaid = ask(json!({ "text": "", "said": "zzz" })).json();
    assert_eq!(unsaid["answer"]["verdict"], "nothing_found");
    says(&unsaid["answer"]["warnings"].to_string(), &["No subtitle says it."]);
    for (wrong, piece) in [
        (json!({ "in_folder": "/etc" }), "no video of the index"),
        (json!({ "in_folder": "../.." }), "no video of the index"),
        (json!({ "file_glob": "[" }), "pattern"),
        (json!({ "text": "-night" }), "what should"),
        (json!({ "image": "I0VYVE0zVQo=" }), "JPEG"),
        (json!({ "image": LARGE_PICTURE }), "5000x4000 pixels are more than the 16777216"),
        (json!({ "after": "0000-01-01" }), "`after`: expected a day"),
        (json!({ "like": { "media": "nobody", "at_s": 1 } }), "no such video"),
    ] {
        let reply = ask(wrong.clone());
        assert!(matches!(reply.status, 400 | 404), "{wrong}: {}", reply.status);
        says(&reply.message(), &[piece]);
    }
    let like = json!({ "text": "", "like": { "media": served.id(name), "at_s": 1.0 } });
    let alike = ask(like).json();
    assert_eq!(alike["answer"]["verdict"], "maybe");
    says(
        &alike["answer"]["warnings"].to_string(),
        &["How alike is enough was not measured; the nearest"],
    );
    let hits = alike["answer"]["hits"].as_array().unwrap();
    assert!(!hits.is_empty() && hits.iter().all(|hit| hit["sure"] == "maybe"), "{hits:?}");
    let scores: Vec<f64> = hits.iter().map(|hit| hit["score"].as_f64().unwrap()).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "{scores:?}");
    // Of what the model cannot know nobody can tell whether it is there.
    let unknown = ask(json!({ "text": "a dog on a skateboard" })).json();
    assert_eq!(unknown["answer"]["verdict"], "cannot_be_told");
    assert_eq!(unknown["answer"]["false_alarm_rate"], Value::Null);

    // What is given away is read back: each hit stands in it.
    let found = ask(json!({ "file_glob": name })).json();
    let hits: Vec<Value> = found["answer"]["hits"].as_array().unwrap().clone();
    let given: Vec<Value> = hits
        .iter()
        .map(|hit| json!({ "media": hit["media"], "span": hit["span"], "query": sentence, "score": hit["score"] }))
        .collect();
    // A hit is taken as the answer has it, whatever was not measured or not said.
    let as_it_is = json!({ "format": "csv", "hits": alike["answer"]["hits"] });
    let reply = post(served.address, "/api/v1/export", &as_it_is);
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    for format in served.get("/state")["export_formats"].as_array().unwrap() {
        let body = json!({ "format": format, "hits": given });
        let reply = post(served.address, "/api/v1/export", &body);
        let text = String::from_utf8(reply.body.clone()).unwrap();
        assert_eq!(reply.status, 200, "{format}: {text}");
        says(reply.header("content-disposition"), &[&format!(".{}", format.as_str().unwrap())]);
        assert!(text.matches(&sentence).count() >= given.len(), "{format}: {text}");
    }
}

/// Of the demo's videos where `LOCVTP_DEMO` names a finished demo with its index.
#[test]
fn the_page_fits_windows_of_all_widths_in_light_and_dark() {
    let mut browser = browser_or_return!();
    let folder = a_few_clips();
    let demo = named_folder("LOCVTP_DEMO");
    let served = match &demo {
        Some(demo) => Served::start(&[str(&demo.join("videos"))]),
        None => Served::start(&[str(folder.path())]),
    };
    let corpus = demo.map_or_else(|| tiny().path("corpus"), |demo| demo.join("corpus"));
    let (sentence, found) = served.answered_sentence(&corpus);
    let hit = &found["answer"]["hits"][0];
    let (id, span) = (hit["media"].as_str().unwrap(), &hit["span"]);
    let query = sentence.replace(' ', "+");
    let player = format!("/?q={query}&v={id}&t={}&end={}", span["start"], span["end"]);
    let is_played = format!("{AT_REST} && document.querySelectorAll('.heat-list li').length");
    let views = [
        ("start", "/".to_owned(), "document.querySelector('.welcome .tile')"),
        ("hits", format!("/?q={query}"), "document.querySelector('.hit')"),
        ("player", player.clone(), is_played.as_str()),
        (
            "none",
            "/?q=a+dog+rides+a+skateboard".into(),
            "document.querySelector('.verdict.nothing_stands_out, .verdict.not_in_these_videos, .verdict.cannot_be_told')",
        ),
        ("index", "/?page=index".into(), "document.querySelectorAll('.jobs li').length"),
    ];
    assert_that_views_fit(&mut browser, &served.address.to_string(), &views);
    // The one in the README, which is of the demo.
    if let Some(folder) = named_folder("LOCVTP_SCREENSHOTS") {
        browser.look(1280, 800, "light");
        browser.open(&format!("http://{}{player}", served.address));
        browser.wait_for(&is_played);
        browser.wait_for(PICTURES);
        browser.screenshot(&folder.join("page.png"));
    }
}

#[test]
fn ctrl_c_ends_the_server_well() {
    let folder = videos(&["seen", "new"]);
    index(folder.path(), &tiny().path("run"));
    let mut served = Served::start(&[str(folder.path())]);
    assert_eq!(get(served.address, "/healthz").json()["status"], "ok");
    // Somebody who keeps a connection open does not hold it up.
    let _open = crate::http::connect(served.address);
    let process = served.process.as_mut().unwrap();
    press_ctrl_c(process);
    let status = process.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut served.said, &mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn what_cannot_be_served_says_what_to_type() {
    let folder = videos(&["seen", "new"]);
    let serve = |arguments: &[&str]| {
        let mut command = locvtp();
        command.current_dir(folder.path()).arg("serve").args(arguments).output().unwrap()
    };
    says(&refused(&serve(&[])), &["no index is here", "locvtp index add"]);
    says(&refused(&serve(&["."])), &["has no index yet", "locvtp index add ."]);
    says(&refused(&serve(&["gone"])), &["gone", "does not exist"]);
    index(folder.path(), &tiny().path("run"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    says(&refused(&serve(&["--address", &address])), &[&address, "choose another", "port 0"]);
    let others = serve(&["--address", "0.0.0.0:0"]);
    says(&refused(&others), &["other machines", "--token-file"]);
    let token = folder.path().join("token");
    std::fs::write(&token, "short").unwrap();
    says(&refused(&serve(&["--token-file", "token"])), &["token", "5 letters", "16"]);
    says(&refused(&serve(&["--token-file", "/dev/zero"])), &["/dev/zero", "too long"]);
    let pipe = r#"printf short | "$1" serve --token-file /dev/stdin"#;
    let mut piped = std::process::Command::new("sh");
    piped.current_dir(folder.path()).args(["-c", pipe, "sh", env!("CARGO_BIN_EXE_locvtp")]);
    says(&refused(&piped.output().unwrap()), &["/dev/stdin", "5 letters", "16"]);
    says(&refused(&serve(&["--token-file", "none"])), &["none", "does not exist"]);
    says(&refused(&serve(&["--address", "everywhere"])), &["everywhere"]);

    std::fs::write(&token, "0123456789abcdef\n").unwrap();
    let mut command = locvtp();
    command.current_dir(folder.path());
    command.args(["serve", "--address", "0.0.0.0:0", "--token-file", "token"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let port = line.split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap();
    let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    let state = |headers: &[(&str, &str)]| {
        crate::http::ask(address, "GET", "/api/v1/state", headers, b"").status
    };
    assert_eq!(state(&[]), 401);
    assert_eq!(state(&[("authorization", "Bearer 0123456789abcdef")]), 200);
    let output = end_by_ctrl_c(process);
    says(&stderr(&output), &["asked for the token", "not encrypted"]);
}

/// A PNG of 5000 x 4000 pixels, and one line of them.
const LARGE_PICTURE: &str = "\
    iVBORw0KGgoAAAANSUhEUgAAE4gAAA+gCAAAAAAzcqn2AAAAHElEQVR4nO3BMQEAAADCoPVPbQo/oAAA\
    AACAuwETiQABvmKQDwAAAABJRU5ErkJggg==";
