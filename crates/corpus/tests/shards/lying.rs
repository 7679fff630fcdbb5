//! Servers that lie: about lengths, ranges, places, packing, or by never coming to an end.
//!
//! What a lie may cost is asked of a process of its own, which may take little memory.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::server::{Faults, Lie, Server};
use super::*;

/// More than the process of [`in_little_memory`] may take.
const HUGE: u64 = 8 << 30;

fn lie(server: &Server, ending: &'static str, lie: Lie) {
    server.fail(Faults { lie: Some((ending, lie)), ..Faults::default() });
}

/// Fetches with so many seconds of patience that a test is short.
fn impatient(cache: &Path) -> ReadSettings {
    let mut settings = fetching(cache);
    settings.shards.retry_s = 0;
    settings.shards.cache_mib = 1;
    settings
}

/// What reading the corpus and every video of it says in the end; none where nothing is refused.
fn complaint(address: &Path, settings: &ReadSettings) -> Option<String> {
    let found = match AnnotatedCorpus::open(address, settings) {
        Ok((found, _)) => found,
        Err(error) => return Some(told(&error)),
    };
    let refused = found.videos().iter().find_map(|video| video.media.open().err())?;
    let causes = std::iter::successors(Some(&refused as &dyn std::error::Error), |e| e.source());
    Some(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// Bytes in the cache.
fn kept(cache: &Path) -> u64 {
    let folders = std::fs::read_dir(cache).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten());
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// The complaint of another process, which may have little memory; S3's variables are set for `server`.
fn in_little_memory(server: &Server, address: &Path) -> String {
    const KIB: u64 = 1 << 21;
    let cache = tempfile::tempdir().unwrap();
    let endpoint = server.url("").to_string_lossy().trim_end_matches('/').to_owned();
    let child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {KIB}; exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "lying::in_a_process_of_its_own", "--nocapture"])
        .env("LOCVTP_LYING_ADDRESS", address)
        .env("LOCVTP_LYING_CACHE", cache.path())
        .envs([("AWS_ENDPOINT", endpoint.as_str()), ("AWS_ALLOW_HTTP", "true")])
        .envs([("AWS_SKIP_SIGNATURE", "true"), ("MALLOC_ARENA_MAX", "2")])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(kept(cache.path()) <= 1 << 20, "{} bytes in the cache", kept(cache.path()));
    said
}

/// What [`in_little_memory`] starts; by itself nothing.
#[test]
fn in_a_process_of_its_own() {
    let Some(address) = std::env::var_os("LOCVTP_LYING_ADDRESS") else { return };
    let cache = PathBuf::from(std::env::var_os("LOCVTP_LYING_CACHE").unwrap());
    let said = complaint(Path::new(&address), &impatient(&cache));
    println!("{}", said.as_deref().unwrap_or("nothing was refused"));
}

#[test]
fn a_length_that_is_announced_or_sent_takes_no_memory_and_no_room() {
    let bare = packed().copy();
    without_indexes(bare.path());
    let server = Server::over(packed().folder.path());
    let bare = Server::over(bare.path());
    for (server, address, ending, untrue, expected) in [
        (&server, "shards/", ".index.jsonl", Lie::Length(HUGE), "more than 67108864 bytes"),
        (
            &server,
            "shards/",
            ".index.jsonl",
            Lie::Length(u64::MAX >> 1),
            "more than 67108864 bytes",
        ),
        (&server, "shards/", "shards.json", Lie::Length(HUGE), "more than 67108864 bytes"),
        (&server, "shards/", ".tar", Lie::LongRange(HUGE), "no more are expected"),
        (&server, "shards/", ".tar", Lie::Size(1 << 50), "not as long any more"),
        (&server, "shards/", ".tar", Lie::Status("500 Broken", HUGE), "500"),
        (&server, "shards/", "shards.json", Lie::Status("500 Broken", HUGE), "16777216 bytes"),
        (&bare, "00000.tar", ".tar", Lie::LongRange(HUGE), "no more are expected"),
        (&bare, "00000.tar", ".tar", Lie::Size(1 << 50), "not as long any more"),
    ] {
        lie(server, ending, untrue.clone());
        let said = in_little_memory(server, &server.url(address));
        assert!(said.contains(expected) && said.contains("http://127"), "{untrue:?}: {said}");
        assert!(said.contains(ending), "{untrue:?}: {said}");
    }
}

#[test]
fn a_listing_without_end_ends_and_says_what_to_name_instead() {
    let server = Server::over(packed().folder.path());
    lie(&server, "", Lie::Endless);
    let said = in_little_memory(&server, Path::new("s3://bucket/set"));
    assert!(said.contains("s3://bucket/set") && said.contains("has no end"), "{said}");
    assert!(said.contains("pattern"), "{said}");
}

#[test]
fn a_video_that_has_no_room_in_the_cache_is_not_fetched() {
    let copy = packed().copy();
    // An index that says what the server says: a shard, and in it videos, of hundreds of terabytes.
    let index = copy.path().join("00000.index.jsonl");
    let text = std::fs::read_to_string(&index).unwrap();
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines[0]["bytes"] = (1u64 << 50).into();
    lines[1..].iter_mut().for_each(|line| line["media"]["len"] = (1u64 << 49).into());
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&index, text).unwrap();
    let server = Server::over(copy.path());
    lie(&server, ".tar", Lie::Size(1 << 50));
    let cache = tempfile::tempdir().unwrap();
    let said = complaint(&server.url("00000.tar"), &impatient(cache.path())).unwrap();
    assert!(said.contains("corpus.shards.cache_mib = 1 has"), "{said}");
    assert!(said.contains("562949953421312") && said.contains("/00000.tar"), "{said}");
    let fetched = |request: &String| request.starts_with("GET /00000.tar");
    assert!(!server.requests().iter().any(fetched), "it was asked for nevertheless");
    assert_eq!(kept(cache.path()), 0);
}

#[test]
fn a_server_sends_on_within_itself_and_not_to_another_host() {
    let server = Server::over(packed().folder.path());
    let other =
        server.url("shards/shards.json").to_string_lossy().replace("127.0.0.1", "localhost");
    let cache = tempfile::tempdir().unwrap();
    let settings = impatient(cache.path());
    lie(&server, "moved/00001.tar", Lie::SentTo("/shards/00001.tar".into()));
    assert_eq!(complaint(&server.url("moved/00001.tar"), &settings), None);

    lie(&server, "shards.json", Lie::SentTo(other.clone()));
    let said = complaint(&server.url("shards/"), &settings).unwrap();
    assert!(said.contains(&other) && said.contains("another host"), "{said}");
    assert!(said.contains("/shards/shards.json: cannot be fetched"), "{said}");
    lie(&server, "shards.json", Lie::SentTo("/shards/shards.json".into()));
    let said = complaint(&server.url("shards/"), &settings).unwrap();
    assert!(said.contains("after ten others"), "{said}");
}

#[test]
fn a_server_that_drips_is_given_up_in_the_head_of_an_answer_and_in_its_body() {
    let server = Server::over(packed().folder.path());
    let cache = tempfile::tempdir().unwrap();
    let mut settings = impatient(cache.path());
    settings.shards.least_bytes_s = 1 << 20;
    for (untrue, expected) in
        [(Lie::Drips, "less than 1048576 bytes a second"), (Lie::DripsInHead, "does not answer")]
    {
        lie(&server, "shards.json", untrue);
        let said = complaint(&server.url("shards/"), &settings).unwrap();
        assert!(said.contains(expected) && said.contains("/shards/shards.json"), "{said}");
    }
}

#[test]
fn what_is_said_to_be_packed_is_taken_as_it_comes_and_a_password_is_never_told() {
    let server = Server::over(packed().folder.path());
    let cache = tempfile::tempdir().unwrap();
    let settings = impatient(cache.path());
    lie(&server, ".index.jsonl", Lie::Encoding("gzip"));
    assert_eq!(complaint(&server.url("shards/"), &settings), None);
    lie(&server, "shards.json", Lie::Status("403 Forbidden", 10));
    let secret = server.url("shards/").to_string_lossy().replace("http://", "http://me:secret@");
    let said = complaint(Path::new(&secret), &settings).unwrap();
    assert!(said.contains("***@127.0.0.1") && !said.contains("secret"), "{said}");
}
