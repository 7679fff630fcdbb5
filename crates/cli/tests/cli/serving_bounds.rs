//! What a server takes and leaves behind: memory, threads, temporary files.

use std::path::{Path, PathBuf};

use base64::Engine;
use serde_json::json;

use crate::http::{get, post};
use crate::serving::{Served, a_few_clips, index, videos};
use crate::tiny::{run, str, tiny};
use crate::waiting::{end_by_ctrl_c, kill};

/// The folders of servers in a place for temporary files.
fn left_in(temporary: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().contains("locvtp-serve-")).collect()
}

#[test]
fn what_a_killed_server_left_is_removed_by_the_next_and_what_a_living_one_has_is_not() {
    let folder = a_few_clips();
    let temporary = tempfile::tempdir().unwrap();
    let start = || Served::with_temporary_files_in(temporary.path(), &[str(folder.path())]);
    let living = start();
    let of_living = left_in(temporary.path());
    let mut dying = start();
    let of_dying: Vec<PathBuf> =
        left_in(temporary.path()).into_iter().filter(|path| !of_living.contains(path)).collect();
    assert_eq!((of_living.len(), of_dying.len()), (1, 1));
    let list = dying.get("/media");
    let id = list["media"][0]["id"].as_str().unwrap();
    let thumbnail = format!("/api/v1/media/{id}/thumbnail?at=1");
    assert_eq!(get(dying.address, &thumbnail).status, 200);
    assert_eq!(std::fs::read_dir(of_dying[0].join("pictures")).unwrap().count(), 1);
    kill(dying.process.take().unwrap());
    assert!(of_dying[0].is_dir());

    let mut next = start();
    // It is removed while the server answers already.
    while of_dying[0].exists() {
        assert_eq!(get(next.address, "/healthz").status, 200);
    }
    assert!(of_living[0].is_dir());
    assert_eq!(get(living.address, &thumbnail).status, 200);
    end_by_ctrl_c(next.process.take().unwrap());
    assert_eq!(left_in(temporary.path()), of_living);
}

#[test]
fn memory_and_threads_do_not_grow_with_the_clients() {
    let folder = a_few_clips();
    let served = Served::start(&[str(folder.path())]);
    let address = served.address;
    let (sentence, _) = served.answered_sentence(&tiny().path("corpus"));
    let list = served.get("/media");
    let ids: Vec<&str> =
        list["media"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    std::thread::scope(|scope| {
        for client in 0..64 {
            let (ids, sentence) = (&ids, &sentence);
            scope.spawn(move || {
                for turn in 0..4 {
                    let place = format!("/api/v1/media/{}", ids[(client + turn) % ids.len()]);
                    assert_eq!(get(address, &format!("{place}/file")).status, 200);
                    let at = format!("{place}/thumbnail?at={}.{client}", turn % 3);
                    // Sent away where too many wait, which is a bound as well.
                    assert!(matches!(get(address, &at).status, 200 | 503));
                    let query = json!({ "text": sentence });
                    assert!(matches!(post(address, "/api/v1/search", &query).status, 200 | 503));
                    let heat = post(address, &format!("{place}/heat"), &query);
                    assert!(matches!(heat.status, 200 | 503));
                }
            });
        }
    });
    let id = served.process.as_ref().unwrap().id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let number = |name: &str| -> usize {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let processors = std::thread::available_parallelism().unwrap().get();
    // Of the server: those that speak, look up, read, make copies, refine, see pictures; of the search: twice the processors that
    // work and one each that scans; and the few that every command has.
    let most = 4 + 8 + 4 + 2 + 2 + 2 + 3 * processors + 8;
    assert!(number("Threads:") <= most, "{} threads, at most {most}", number("Threads:"));
    // Without a bound of the threads it was 500 MiB and more.
    let mib = number("RssAnon:") / 1024;
    let most = 150 + 10 * most;
    assert!(mib <= most, "{mib} MiB, at most {most}");
}

#[test]
fn a_stretch_that_a_person_chose_is_given_away_as_it_is_and_only_within_its_video() {
    let folder = a_few_clips();
    let served = Served::start(&[str(folder.path())]);
    let list = served.get("/media");
    let (id, length) = (&list["media"][0]["id"], list["media"][0]["duration_s"].as_f64().unwrap());
    let export = |format: &str, start: f64, end: f64| {
        let hit = json!({ "media": id, "span": { "start": start, "end": end }, "query": "mine" });
        post(served.address, "/api/v1/export", &json!({ "format": format, "hits": [hit] }))
    };
    let table = String::from_utf8(export("csv", 1.0, 2.5).body).unwrap();
    assert!(table.contains(",1.000,2.500,,,,mine,"), "{table}");
    let list = String::from_utf8(export("edl", 1.0, 2.5).body).unwrap();
    assert!(list.contains("* COMMENT: mine\n"), "{list}");
    // A player's clock is rounded.
    let table = String::from_utf8(export("csv", 1.0, length + 0.3).body).unwrap();
    assert!(table.contains(&format!(",1.000,{length:.3},")), "{table}");
    for (start, end) in [(length + 1.0, length + 2.0), (0.0, 1e6), (length + 0.1, length + 0.2)] {
        let reply = export("csv", start, end);
        assert_eq!(reply.status, 400);
        assert!(reply.message().contains("does not lie in the video"), "{}", reply.message());
    }
    let like = json!({ "like": { "media": id, "at_s": length + 1.0 } });
    let reply = post(served.address, "/api/v1/search", &like);
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("the video goes from 0 to"), "{}", reply.message());
}

#[test]
fn a_server_whose_temporary_files_were_cleared_away_goes_on() {
    let folder = a_few_clips();
    let above = tempfile::tempdir().unwrap();
    let temporary = above.path().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let mut served = Served::with_temporary_files_in(&temporary, &[str(folder.path())]);
    let list = served.get("/media");
    let id = list["media"][0]["id"].as_str().unwrap();
    let thumbnail = format!("/api/v1/media/{id}/thumbnail?at=1");
    let picture = get(served.address, &thumbnail).body;
    std::fs::remove_dir_all(&temporary).unwrap();
    assert_eq!(get(served.address, &thumbnail).body, picture);
    assert_eq!(left_in(&temporary).len(), 1);
    std::fs::remove_dir_all(&temporary).unwrap();
    // A question by a picture keeps it as a file, too.
    let image = base64::engine::general_purpose::STANDARD.encode(&picture);
    let reply = post(served.address, "/api/v1/search", &json!({ "image": image }));
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    end_by_ctrl_c(served.process.take().unwrap());
    assert!(left_in(&temporary).is_empty());
}

#[test]
fn words_and_moments_of_a_video_mean_what_they_mean_on_the_command_line() {
    let folder = videos(&["seen", "new"]);
    index(folder.path(), &tiny().path("run"));
    let served = Served::start(&[str(folder.path())]);
    let (_, sentence) = tiny().held_out();
    for (options, query) in [
        (vec!["--scores", "words"], json!({ "scores": "words" })),
        (vec!["--per-file", "1"], json!({ "per_file": 1 })),
        (vec![], json!({})),
    ] {
        let mut command = vec!["search", &sentence, "--json", "--all", "--top", "6"];
        command.extend(["--catalog", str(folder.path())]);
        command.extend(options);
        let told = run(&command);
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        let mut asked = json!({ "text": sentence, "top": 6 });
        asked.as_object_mut().unwrap().extend(query.as_object().unwrap().clone());
        let found = post(served.address, "/api/v1/search", &asked).json();
        let scores = |hits: &serde_json::Value, key| -> Vec<f64> {
            hits.as_array().unwrap().iter().map(|hit| hit[key].as_f64().unwrap()).collect()
        };
        // The page keeps the nearest where nothing is found; both show all, or those that are found.
        let ours = scores(&found["answer"]["hits"], "score");
        let theirs = scores(&told["hits"], "score");
        // Two processes may add up the numbers of one sentence in another order: some 1e-7.
        let near = |(ours, theirs): (&f64, &f64)| (ours - theirs).abs() < 1e-5;
        let all_near = ours.len() <= theirs.len() && ours.iter().zip(&theirs).all(near);
        assert!(!ours.is_empty() && all_near, "{query}: {ours:?} {theirs:?}");
    }
}
