//! Shards that are not whole, and connections that break.

use std::time::Instant;

use locvtp_corpus::DropReason;
use locvtp_corpus::{MediaCheck, check_media};
use locvtp_video::{VideoOpener, VideoReader};

use super::server::{Faults, Server};
use super::*;

fn dropped(report: &ReadReport, reason: DropReason) -> usize {
    report.dropped.get(&reason).copied().unwrap_or(0)
}

#[test]
fn a_truncated_shard_gives_the_videos_before_the_cut_and_counts_the_rest() {
    for indexed in [true, false] {
        let copy = packed().copy();
        if !indexed {
            without_indexes(copy.path());
        }
        let path = copy.path().join("00001.tar");
        let whole = std::fs::metadata(&path).unwrap().len();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(whole / 2).unwrap();
        let (found, report) = read(copy.path());
        let lost = VIDEOS - found.videos().len();
        assert!((1..=3).contains(&lost), "{lost} of 4 videos lie behind the cut");
        assert!(dropped(&report, DropReason::ShardDamaged) >= 1, "{report}");
        if indexed {
            // The index says what was lost; the shard is counted besides.
            assert_eq!(dropped(&report, DropReason::ShardDamaged), lost + 1);
        }
        assert!(report.to_string().contains("00001.tar"), "{report}");
        for video in found.videos() {
            VideoReader::open_media(&video.media, Default::default(), None).unwrap();
        }
        std::fs::write(&path, b"").unwrap();
        let (found, report) = read(copy.path());
        assert_eq!(found.videos().len(), VIDEOS - 4);
        assert!(report.to_string().contains("00001.tar"), "{report}");
    }
}

#[test]
fn a_flipped_bit_in_a_video_is_found_by_its_check_sum() {
    let copy = packed().copy();
    let (before, _) = read(copy.path());
    let path = copy.path().join("00000.tar");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1500] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    let (found, report) = read(copy.path());
    assert_eq!((found.videos().len(), report.faults()), (VIDEOS, 0));
    let unusable: Vec<_> = found
        .videos()
        .iter()
        .filter_map(|video| check_media(video, MediaCheck::Probe, &VideoOpener::default()).err())
        .map(|error| format!("{error}: {}", std::error::Error::source(&error).unwrap()))
        .collect();
    assert_eq!(unusable.len(), 1, "{unusable:?}");
    assert!(unusable[0].contains("00000.tar/000000000.mp4") && unusable[0].contains("check sum"));
    // Fetched, the damage is found before the file is kept.
    let server = Server::over(copy.path());
    let cache = tempfile::tempdir().unwrap();
    let (remote, _) = try_read(&server.url(""), cache.path()).unwrap();
    let refused: Vec<_> =
        remote.videos().iter().filter_map(|video| video.media.open().err()).collect();
    assert_eq!(refused.len(), 1);
    drop(before);
}

#[test]
fn what_is_missing_or_doubled_is_counted_and_the_order_of_members_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let (loose, _) = read(&packed().loose());
    let video = bytes(&loose.videos()[0]);
    let json = |id: &str| format!(r#"{{"caption": "told of {id}", "key": "{id}"}}"#).into_bytes();
    let mut tar = tar::Builder::new(std::fs::File::create(dir.path().join("0.tar")).unwrap());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    };
    let long = format!("{}/long", "folder".repeat(30));
    add("late.json", &json("late"));
    add("no_json.mp4", &video);
    add(&format!("{long}.mp4"), &video);
    add("no_media.json", &json("no_media"));
    add("late.mp4", &video);
    add("twice.mp4", &video);
    add("twice.json", &json("twice"));
    add("twice.mp4", b"another");
    add("garbled.mp4", &video);
    add("garbled.json", b"{\"caption\": ");
    add(&format!("{long}.txt"), b"a long name");
    tar.finish().unwrap();
    let (found, report) = read(dir.path());
    let ids: Vec<_> = found.videos().iter().map(|video| video.id.as_str()).collect();
    assert_eq!(ids, [long.as_str(), "late", "twice"]);
    found.videos().iter().for_each(|found| assert!(bytes(found) == video));
    assert_eq!(dropped(&report, DropReason::VideoWithoutCaptions), 1);
    assert_eq!(dropped(&report, DropReason::VideoFileMissing), 1);
    assert_eq!(dropped(&report, DropReason::VideoTwice), 1);
    assert_eq!(dropped(&report, DropReason::NotUnderstood), 1);
}

#[test]
fn an_empty_shard_is_a_note_and_a_corpus_of_nothing_else_an_error() {
    let copy = packed().copy();
    std::fs::remove_file(copy.path().join("shards.json")).unwrap();
    let empty = copy.path().join("00004.tar");
    tar::Builder::new(std::fs::File::create(&empty).unwrap()).finish().unwrap();
    let (found, report) = read(copy.path());
    assert_eq!((found.videos().len(), report.faults()), (VIDEOS, 0));
    assert!(report.notes[0].contains("00004.tar"), "{:?}", report.notes);
    let cache = tempfile::tempdir().unwrap();
    let error = try_read(&empty, cache.path()).unwrap_err();
    assert!(matches!(error, CorpusError::NothingUsable { .. }), "{error}");
}

#[test]
fn a_cut_connection_is_taken_up_again_where_it_was_cut() {
    let server = Server::over(packed().shards());
    let (loose, _) = read(&packed().loose());
    for no_ranges in [false, true] {
        let cache = tempfile::tempdir().unwrap();
        let (found, _) = try_read(&server.url(""), cache.path()).unwrap();
        server.fail(Faults { cuts: 3, no_ranges, ..Faults::default() });
        assert_same(&found, &loose);
    }
}

#[test]
fn a_connection_that_is_always_cut_is_an_error_and_leaves_no_file() {
    let server = Server::over(packed().shards());
    let cache = tempfile::tempdir().unwrap();
    let mut settings = fetching(cache.path());
    settings.shards.retry_s = 0;
    let (found, _) = AnnotatedCorpus::open(&server.url(""), &settings).unwrap();
    // Without ranges every try begins anew.
    for (video, no_ranges) in [(0, false), (1, true)] {
        server.fail(Faults { cuts: 100, no_ranges, ..Faults::default() });
        let error = found.videos()[video].media.open().unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("http://") && cause.contains("corpus.shards.retry_s"), "{cause}");
        assert_eq!(std::fs::read_dir(cache.path().join("shards")).unwrap().count(), 0);
    }
}

#[test]
fn servers_that_fail_are_asked_again_and_named_when_that_does_not_help() {
    let server = Server::over(packed().shards());
    let cache = tempfile::tempdir().unwrap();
    server.fail(Faults { errors: 3, ..Faults::default() });
    let (found, _) = try_read(&server.url(""), cache.path()).unwrap();
    assert_eq!(found.videos().len(), VIDEOS);

    server.fail(Faults { errors: 100_000, ..Faults::default() });
    let error = told(&try_read(&server.url("00000.tar"), cache.path()).unwrap_err());
    assert!(error.contains("/00000.tar: cannot be fetched"), "{error}");
    assert!(error.contains("try later") && error.contains("500"), "{error}");

    server.fail(Faults::default());
    let missing = server.url("{00002..00004}.tar");
    let error = told(&try_read(&missing, cache.path()).unwrap_err());
    assert!(error.contains("00004.tar") && error.contains("last number of a pattern"), "{error}");

    server.fail(Faults { silent: Some(".tar"), ..Faults::default() });
    let began = Instant::now();
    let error = told(&try_read(&server.url("00001.tar"), cache.path()).unwrap_err());
    assert!(error.contains("00001.tar") && error.contains("does not answer"), "{error}");
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());

    let nobody = Path::new("http://127.0.0.1:9/{00000..00001}.tar");
    let error = told(&try_read(nobody, cache.path()).unwrap_err());
    assert!(error.contains("127.0.0.1:9/00000.tar"), "{error}");
}

#[test]
fn a_shards_name_in_a_list_is_no_path() {
    let copy = packed().copy();
    let list = copy.path().join("shards.json");
    let text = std::fs::read_to_string(&list).unwrap();
    let cache = tempfile::tempdir().unwrap();
    for name in ["../00000.tar", "/00000.tar", ".00000.tar", "a/00000.tar"] {
        std::fs::write(&list, text.replace("00000.tar", name)).unwrap();
        let error = try_read(copy.path(), cache.path()).unwrap_err();
        let said = locvtp_video::causes::with_causes(&error);
        assert!(said.contains("shards.json") && said.contains("no plain file name"), "{said}");
    }
    std::fs::write(&list, text.replace("00000.tar", "00000.mp4")).unwrap();
    let error = try_read(copy.path(), cache.path()).unwrap_err();
    assert!(locvtp_video::causes::with_causes(&error).contains("is no .tar"), "{error}");
}

#[test]
fn no_error_of_an_address_tells_its_password() {
    let cache = tempfile::tempdir().unwrap();
    for address in [
        "http://anna:geheim@127.0.0.1:1/set/",
        "http://anna:geheim@127.0.0.1:1/set/{0..1}.tar",
        "http://anna:geheim@127.0.0.1:1/{0..",
        "http://anna:geheim@127.0.0.1:1/0.tar?password=geheim",
        "http://anna:geheim@/0.tar",
        "postgres://anna:geheim@host/films",
        "ftp://anna:geheim@host/0.tar",
        "s3://anna:geheim@bucket/0.tar",
    ] {
        let error = try_read(Path::new(address), cache.path()).unwrap_err();
        let said = format!("{} {error:?}", locvtp_video::causes::with_causes(&error));
        assert!(!said.contains("geheim"), "{said}");
    }
}
