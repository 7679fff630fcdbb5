//! A password in an address is used and never shown: not on the terminal, not in what a run or its page keeps.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::server::Server;
use crate::tiny::{locvtp, refused, run, says, str, succeeded, tiny};

const PASSWORD: &str = "geheim";

fn keeps_still(output: &Output) {
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

/// The files below a folder that hold the password, and folders and files that are called by it.
fn told(folder: &Path) -> Vec<PathBuf> {
    let mut told = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let has =
                |text: &[u8]| text.windows(PASSWORD.len()).any(|it| it == PASSWORD.as_bytes());
            if path.is_dir() {
                open.push(path.clone());
            } else if has(&std::fs::read(&path).unwrap()) {
                told.push(path.clone());
            }
            if has(path.file_name().unwrap().as_encoded_bytes()) {
                told.push(path);
            }
        }
    }
    told
}

#[test]
fn an_address_in_the_place_of_a_path_is_refused_without_its_password() {
    let here = tempfile::tempdir().unwrap();
    let address = format!("https://anna:{PASSWORD}@host.invalid/films");
    let database = format!("postgres://anna:{PASSWORD}@host.invalid/films");
    let run_file = tiny().path("run.toml");
    for arguments in [
        &["ground", "--model", &database, "a.mp4", "a dog"][..],
        &["synthesize", "--out", &address],
        &["corpus", "pack", "films", "--out", &address],
        &["corpus", "check", &database],
        &["weights", "random", "--like", &address, "--out", "x"],
        &["weights", "import", "--from", "clip", &address, "--out", "x"],
        &["index", "add", &address, "--model", "x"],
        &["index", "list", "--catalog", &address],
        &["search", "--catalog", &database, "a dog", "--wrong-option", &address],
        &["pretrain", str(&run_file), "--run", &address],
        &["pretrain", str(&run_file), "--set", &format!("loader.frame_tables={address}")],
        &["pretrain", str(&run_file), "--set", &format!("start.model={database}")],
        &["pretrain", &address],
        &["transfer", &address],
        &["inspect", &address],
        &["extract", "--model", &address, "--videos", &address, "--out", "x.h5"],
        &["serve", &address],
        &["report", &address],
        &["explain", &address],
    ] {
        let output = locvtp().current_dir(here.path()).args(arguments).output().unwrap();
        refused(&output);
        keeps_still(&output);
        assert_eq!(told(here.path()), [""; 0].map(PathBuf::from), "{arguments:?}");
    }
}

#[test]
fn a_run_on_shards_behind_a_password_keeps_it_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("served/set");
    let train = tiny().path("corpus/train");
    std::fs::create_dir(folder.path().join("served")).unwrap();
    succeeded(&run(&["corpus", "pack", str(&train), "--out", str(&set)]));
    let server = Server::over(folder.path().join("served"));
    let url = str(&server.url("set/")).replacen("http://", &format!("http://anna:{PASSWORD}@"), 1);
    let (place, cache) = (folder.path().join("run"), folder.path().join("cache"));
    let corpus = format!("corpus.dir={url}");
    let pretrain = |more: &[&str]| {
        let few = ["--set", &corpus, "--set", "train.steps=2"];
        let mut command = tiny().pretrain_command(&place, &[&few, more].concat());
        command.env("LOCVTP_CACHE", &cache).output().unwrap()
    };
    let trained = pretrain(&[]);
    succeeded(&trained);
    keeps_still(&trained);
    let goes_on = pretrain(&["--resume", "--set", "train.steps=3"]);
    succeeded(&goes_on);
    keeps_still(&goes_on);
    let report = run(&["report", str(&place)]);
    succeeded(&report);
    keeps_still(&report);
    let kept = std::fs::read_to_string(place.join("run.toml")).unwrap();
    says(&kept, &["http://anna:***@127.0.0.1"]);
    assert_eq!(told(folder.path()), [""; 0].map(PathBuf::from));
    // What is kept does not reach the server any more, and says so.
    let again = folder.path().join("again");
    let mut command = locvtp();
    command.arg("pretrain").arg(place.join("run.toml")).arg("--run").arg(&again);
    let output = command.env("LOCVTP_CACHE", &cache).output().unwrap();
    says(&refused(&output), &["its password is not kept", "--set corpus.dir=ADDRESS"]);
}

/// A server that has nothing, and tells what it was asked.
fn asked() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let lines = BufReader::new(connection.try_clone().unwrap()).lines();
            let head: Vec<String> =
                lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            let _ = tell.send(head.join("\n"));
            let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    (host, told)
}

#[test]
fn the_password_reaches_the_server_that_it_is_for() {
    let (host, told) = asked();
    let address = format!("http://anna:{PASSWORD}@{host}/0.tar");
    let output = run(&["corpus", "check", &address]);
    says(&refused(&output), &[&format!("http://anna:***@{host}/0.tar"), "it is not there"]);
    keeps_still(&output);
    // `anna:geheim` in base64.
    says(&told.recv().unwrap().to_lowercase(), &["authorization: basic yw5uytpnzwhlaw0="]);
}
