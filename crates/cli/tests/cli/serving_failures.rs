//! A server whose index or videos go away, are damaged, or are exchanged: one cause has one answer everywhere.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Reply, get, post};
use crate::serving::{Served, a_few_clips, index, videos};
use crate::tiny::{copy_folder, run, says, str, succeeded, tiny};

/// A server, the id of its first video, and answers of all its addresses.
struct Asked {
    served: Served,
    id: String,
}

impl Asked {
    fn new(folder: &Path) -> Self {
        let served = Served::start(&[str(folder)]);
        let id = served.get("/media")["media"][0]["id"].as_str().unwrap().to_owned();
        Self { served, id }
    }

    fn of_media(&self, part: &str) -> Reply {
        get(self.served.address, &format!("/api/v1/media/{}{part}", self.id))
    }

    fn posted(&self, path: &str, body: &Value) -> Reply {
        post(self.served.address, &format!("/api/v1{path}"), body)
    }

    fn exported(&self, format: &str) -> Reply {
        let hit = json!({ "media": self.id, "span": { "start": 0.5, "end": 1.5 } });
        self.posted("/export", &json!({ "format": format, "hits": [hit] }))
    }

    /// What reads the file of the video, by its name.
    fn of_file(&self) -> Vec<(&'static str, Reply)> {
        let parts = ["/file", "/thumbnail?at=1", "/sprites/0", "/proxy?start=0&end=1"];
        let mut all: Vec<_> = parts.iter().map(|part| (*part, self.of_media(part))).collect();
        all.extend(["edl", "otio", "fcpxml"].map(|format| (format, self.exported(format))));
        all
    }

    /// What every address says.
    fn all(&self) -> Vec<(&'static str, Reply)> {
        let mut all = self.of_file();
        let parts = ["", "/sprites.vtt", "/subtitles", "/subtitles/0"];
        all.extend(parts.map(|part| (part, self.of_media(part))));
        let paths = ["/api/v1/state", "/api/v1/media", "/api/v1/jobs", "/api/v1/bad-files"];
        all.extend(paths.map(|path| (path, get(self.served.address, path))));
        let query = json!({ "text": "a red triangle" });
        all.push(("search", self.posted("/search", &query)));
        all.push(("heat", self.posted(&format!("/media/{}/heat", self.id), &query)));
        all.push(("csv", self.exported("csv")));
        all
    }

    fn assert_all_say(&self, status: u16, words: &str) {
        let all = self.all();
        let first = all[0].1.message();
        assert!(first.contains(words), "{first}");
        for (what, reply) in all {
            assert_eq!((reply.status, reply.message()), (status, first.clone()), "{what}");
        }
    }

    fn assert_all_answer(&self) {
        for (what, reply) in self.all() {
            // The videos have no subtitles.
            let good = if what == "/subtitles/0" { 404 } else { 200 };
            let body = String::from_utf8_lossy(&reply.body);
            assert_eq!(reply.status, good, "{what}: {body}");
        }
    }
}

/// Puts a copy of the index back.
fn put_back(kept: &TempDir, place: &Path) {
    std::fs::create_dir_all(place).unwrap();
    copy_folder(kept.path(), place);
}

#[test]
fn an_index_that_is_removed_damaged_or_exchanged_is_said_so_by_every_address_until_a_good_one_is_back()
 {
    let folder = a_few_clips();
    let place = folder.path().join(".locvtp");
    let kept = tempfile::tempdir().unwrap();
    copy_folder(&place, kept.path());
    let asked = Asked::new(folder.path());
    asked.assert_all_answer();

    std::fs::remove_dir_all(&place).unwrap();
    asked.assert_all_say(503, "the index is gone: its folder is not where it was");
    put_back(&kept, &place);
    asked.assert_all_answer();

    let database = place.join("catalogue.sqlite");
    let good = std::fs::read(&database).unwrap();
    let half = &good[..good.len() / 2];
    let another = [0x55; 20_000];
    for (damaged, what) in
        [(&b""[..], "is empty"), (half, "is cut short"), (&another, "is another file")]
    {
        let words = format!("the index's database {what}; put a good copy");
        // In place, and as another file.
        std::fs::write(&database, damaged).unwrap();
        asked.assert_all_say(503, &words);
        std::fs::write(&database, &good).unwrap();
        asked.assert_all_answer();
        std::fs::write(place.join("other"), damaged).unwrap();
        std::fs::rename(place.join("other"), &database).unwrap();
        asked.assert_all_say(503, &words);
        std::fs::write(place.join("other"), &good).unwrap();
        std::fs::rename(place.join("other"), &database).unwrap();
        asked.assert_all_answer();
    }

    // Another index of other videos takes its place.
    let others = videos(&["new"]);
    index(others.path(), &tiny().path("run"));
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::rename(others.path().join(".locvtp"), &place).unwrap();
    let gone = asked.of_media("");
    assert_eq!((gone.status, gone.message().as_str()), (404, "the index has no such video"));
    assert!(asked.served.get("/media")["total"].as_u64() > Some(0));
}

#[test]
fn vectors_that_are_damaged_before_they_are_read_are_read_when_a_good_copy_is_back() {
    let folder = a_few_clips();
    let segments = folder.path().join(".locvtp/segments");
    let kept = tempfile::tempdir().unwrap();
    copy_folder(&segments, kept.path());
    let asked = Asked::new(folder.path());
    for segment in std::fs::read_dir(&segments).unwrap() {
        std::fs::write(segment.unwrap().path(), "cut short").unwrap();
    }
    let query = json!({ "text": "a red triangle" });
    for _ in 0..2 {
        let reply = asked.posted("/search", &query);
        assert_eq!(reply.status, 503);
        says(&reply.message(), &["vectors of the index are damaged", "good copy"]);
        assert!(!reply.message().contains(str(folder.path())), "{}", reply.message());
    }
    std::fs::remove_dir_all(&segments).unwrap();
    put_back(&kept, &segments);
    asked.assert_all_answer();
}

#[test]
fn an_index_that_is_emptied_is_no_failure() {
    let folder = a_few_clips();
    let served = Served::start(&[str(folder.path())]);
    succeeded(&run(&["index", "remove", str(folder.path()), "--catalog", str(folder.path())]));
    let state = get(served.address, "/api/v1/state");
    assert_eq!(state.json()["num_media"], 0);
    // Not -0.0, which is equal to 0.
    assert!(String::from_utf8_lossy(&state.body).contains("\"duration_s\":0.0"));
    let found = served.search("a red triangle");
    let warnings = found["answer"]["warnings"].to_string();
    assert!(warnings.contains("The index holds no video"), "{warnings}");
}

#[test]
fn a_video_that_is_gone_or_changed_has_one_answer_and_the_others_are_exported_without_it() {
    let folder = a_few_clips();
    let asked = Asked::new(folder.path());
    let list = asked.served.get("/media");
    let media = list["media"].as_array().unwrap();
    let path = folder.path().join(media[0]["name"].as_str().unwrap());
    let own = std::fs::read(&path).unwrap();
    let all_say = |words: &str| {
        for (what, reply) in asked.of_file() {
            assert_eq!(reply.status, 404, "{what}");
            says(&reply.message(), &[words]);
        }
    };
    let hits: Vec<Value> = media
        .iter()
        .map(|one| json!({ "media": one["id"], "span": { "start": 0.5, "end": 1.5 } }))
        .collect();
    let export = |format: &str| asked.posted("/export", &json!({ "format": format, "hits": hits }));
    assert_eq!(export("edl").header("x-locvtp-left-out"), "");
    // As many bytes, and no video.
    let zeros = vec![0; own.len()];
    for (change, words) in [
        (None, "the file is not where it was when it was indexed"),
        (Some(&zeros[..]), "the file was changed since it was indexed"),
        (Some(&b""[..]), "the file was changed since it was indexed"),
        (Some(&own[..own.len() / 2]), "the file was changed since it was indexed"),
    ] {
        match change {
            None => std::fs::remove_file(&path).unwrap(),
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
        }
        all_say(words);
        for format in ["edl", "otio", "fcpxml"] {
            let reply = export(format);
            assert_eq!(reply.status, 200, "{format}");
            let told: Value = serde_json::from_str(reply.header("x-locvtp-left-out")).unwrap();
            assert_eq!(
                (&told["num_files"], &told["files"][0]["name"]),
                (&json!(1), &media[0]["name"])
            );
            says(told["files"][0]["reason"].as_str().unwrap(), &[words]);
            let text = String::from_utf8(reply.body).unwrap();
            assert!(text.contains(media[1]["name"].as_str().unwrap()), "{format}: {text}");
            assert!(!text.contains(media[0]["name"].as_str().unwrap()), "{format}: {text}");
        }
        // A table reads no file.
        let table = export("csv");
        assert_eq!((table.status, table.header("x-locvtp-left-out")), (200, ""));
    }
    std::fs::write(&path, &own).unwrap();
    asked.assert_all_answer();
}

#[test]
fn a_video_that_was_changed_inside_is_not_given_away_and_a_touched_one_is() {
    let folder = a_few_clips();
    let first = Asked::new(folder.path()).served.get("/media")["media"][0].clone();
    let path = folder.path().join(first["name"].as_str().unwrap());
    crate::same_or_changed::lengthen(&path);
    // What it was is another video by now.
    let known = Asked { id: first["id"].as_str().unwrap().to_owned(), ..Asked::new(folder.path()) };
    for (_, reply) in known.of_file() {
        says(&reply.message(), &["the file was changed since it was indexed"]);
    }
    let add = ["index", "add", str(folder.path()), "--json"];
    succeeded(&run(&add));
    let asked = Asked::new(folder.path());
    let media = asked.served.get("/media")["media"][0].clone();
    assert_eq!(media["name"], first["name"]);
    asked.assert_all_answer();
    for seconds in [10, 20] {
        crate::same_or_changed::write_at(&path, &[1], 300_000, seconds);
        for (what, reply) in asked.of_file() {
            assert_eq!(reply.status, 404, "{what}");
            says(&reply.message(), &["the file was changed since it was indexed"]);
        }
        crate::same_or_changed::write_at(&path, &[0], 300_000, seconds);
        asked.assert_all_answer();
    }
    // Files of one size and sample have addresses of their own.
    let copy = path.with_file_name("zz.mp4");
    std::fs::copy(&path, &copy).unwrap();
    crate::same_or_changed::write_at(&copy, &[1], 300_000, 10);
    succeeded(&run(&add));
    let list = asked.served.get("/media");
    let id_of = |name: &str| {
        let all = list["media"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    for path in [&path, &copy] {
        let id = id_of(path.file_name().unwrap().to_str().unwrap());
        let reply = get(asked.served.address, &format!("/api/v1/media/{id}/file"));
        assert!(reply.body == std::fs::read(path).unwrap(), "{}", path.display());
    }
}

#[test]
fn a_question_that_cannot_be_answered_is_told_in_words() {
    let folder = a_few_clips();
    // A model away from its run, without the list of its words.
    let model = tempfile::tempdir().unwrap();
    copy_folder(&tiny().path("run/model"), model.path());
    let _ = std::fs::remove_file(model.path().join("training_words.json"));
    let served = Served::start(&[str(folder.path()), "--model", str(model.path())]);
    let media = served.get("/media");
    let heat = format!("/api/v1/media/{}/heat", media["media"][0]["id"].as_str().unwrap());
    // A picture that begins as one and is none.
    let broken = [&b"\x89PNG\r\n\x1a\n"[..], &[0; 500]].concat();
    let broken = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, broken);
    for (query, words) in [
        (json!({ "text": "red -red" }), "takes away what it asks for"),
        (json!({ "text": "-red" }), "says only what should not be there"),
        (json!({ "image": broken }), "the picture is damaged"),
    ] {
        for address in ["/api/v1/search", &heat] {
            let reply = post(served.address, address, &query);
            assert_eq!(reply.status, 400, "{address} {query}: {}", reply.message());
            says(&reply.message(), &[words]);
            assert!(!reply.message().contains('/'), "{}", reply.message());
        }
    }
    let found = served.search("a red triangle");
    says(&found["answer"]["warnings"].to_string(), &["training_words.json"]);
    assert!(!found["answer"]["warnings"].to_string().contains(str(model.path())));
    let took = found["answer"]["took_ms"].to_string();
    assert!(took.split('.').nth(1).is_none_or(|part| part.len() <= 3), "{took}");

    let stale = get(served.address, "/api/v1/media?after=6-0000000000000000000000000000000b");
    assert_eq!(stale.status, 404);
    says(&stale.message(), &["`after`", "begin again"]);
}
