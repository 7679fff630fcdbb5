//! Writing shards.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use locvtp_corpus::{Corpus, MediaCheck, PackReport, check_media};
use locvtp_video::{VideoOpener, VideoReader};

use super::*;

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let name = |entry: &std::fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| (name(&entry), std::fs::read(entry.path()).unwrap())).collect()
}

fn pack_into(out: &Path, shard_videos: usize) -> Result<PackReport, CorpusError> {
    let (loose, _) = read(&packed().loose());
    pack(&loose, out, PackSettings { shard_videos, ..PackSettings::default() }, &|_, _| {})
}

#[test]
fn shards_are_named_as_video2dataset_names_them_and_are_plain_tars() {
    let shards = packed().shards();
    let names: Vec<_> = files(&shards).into_keys().collect();
    assert_eq!(names[..4], ["00000.index.jsonl", "00000.tar", "00001.index.jsonl", "00001.tar"]);
    assert_eq!(names[8..], ["shards.json"]);
    let listed = std::process::Command::new("tar").arg("tf").arg(shards.join("00003.tar")).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let expected = ["000030000", "000030001"]
        .map(|key| format!("{key}.mp4\n{key}.json\n{key}.txt\n"))
        .concat();
    assert_eq!(listed, expected);
    // No header of PAX or GNU stands before a member, as fractional times and long names bring them.
    let tar = std::fs::File::open(shards.join("00003.tar")).unwrap();
    let mut tar = tar::Archive::new(tar);
    let kinds = tar.entries().unwrap().raw(true).map(|entry| {
        let entry = entry.unwrap();
        (entry.header().entry_type(), entry.header().mtime().unwrap())
    });
    assert_eq!(kinds.collect::<Vec<_>>(), vec![(tar::EntryType::Regular, 0); 6]);
}

#[test]
fn a_packed_video_ends_where_its_file_ends_and_the_shards_are_mixtures() {
    let (shards, _) = read(&packed().shards());
    let (loose, _) = read(&packed().loose());
    for (packed, loose) in shards.videos().iter().zip(loose.videos()) {
        let table_end = VideoReader::open(loose.media.path()).unwrap().frame_table().end();
        assert_eq!(packed.media_end, Some(table_end));
        assert_eq!(
            check_media(packed, MediaCheck::All, &VideoOpener::default()).unwrap().end,
            table_end
        );
    }
    let first: Vec<_> = shards.videos().iter().take(4).map(|video| video.shard).collect();
    assert!(first.iter().any(|shard| *shard != first[0]), "{first:?}");
}

#[test]
fn equal_corpora_make_equal_shards_and_packing_again_changes_nothing() {
    let again = tempfile::tempdir().unwrap();
    let report = pack_into(again.path(), 4).unwrap();
    assert_eq!(files(again.path()), files(&packed().shards()));
    let kept = pack_into(again.path(), 4).unwrap();
    assert_eq!((kept.kept_shards, kept.bytes), (4, report.bytes));
}

#[test]
fn a_packing_that_was_stopped_is_no_corpus_and_goes_on() {
    let whole = files(&packed().shards());
    let out = packed().copy();
    // As it stands when the process is killed in the third shard.
    let list = String::from_utf8(whole["shards.json"].clone()).unwrap();
    let mut list: serde_json::Value = serde_json::from_str(&list).unwrap();
    (list["complete"], list["shards"]) = (false.into(), serde_json::json!([]));
    std::fs::write(out.path().join("shards.json"), list.to_string()).unwrap();
    for name in ["00002.index.jsonl", "00003.index.jsonl", "00003.tar"] {
        std::fs::remove_file(out.path().join(name)).unwrap();
    }
    std::fs::write(out.path().join(".00003.tar.partial"), b"half").unwrap();
    let error = try_read(out.path(), out.path()).unwrap_err().to_string();
    assert!(error.contains("type the same `locvtp corpus pack` again"), "{error}");
    let report = pack_into(out.path(), 4).unwrap();
    assert_eq!(report.kept_shards, 2);
    assert_eq!(files(out.path()), whole);
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let out = packed().copy();
    let before = files(out.path());
    let error = pack_into(out.path(), 5).unwrap_err().to_string();
    assert!(error.contains("of other settings"), "{error}");
    assert_eq!(files(out.path()), before);
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("letter.txt"), b"dear").unwrap();
    let error = pack_into(other.path(), 4).unwrap_err().to_string();
    assert!(error.contains("files that are no shards") && error.contains("choose another"));
    assert_eq!(files(other.path()).len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let out = tempfile::tempdir().unwrap();
    let closed = out.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(closed.join("probe"), b"").is_ok() {
        return; // Nothing is closed to root; a full disk is tried with the command.
    }
    let error = pack_into(&closed, 4).unwrap_err().to_string();
    assert!(error.contains("closed") && error.contains("free space"), "{error}");
}

#[test]
fn what_training_could_not_open_is_left_out_and_named() {
    let corpus = tempfile::tempdir().unwrap();
    let (loose, _) = read(&packed().loose());
    let mut manifest = String::from("video,path,start,end,text\n");
    for (place, video) in loose.videos().iter().take(5).enumerate() {
        let file = corpus.path().join(format!("{place}.mp4"));
        std::fs::copy(video.media.path(), &file).unwrap();
        manifest += &format!("v{place},{place}.mp4,0.5,2.25,something moves\n");
    }
    std::fs::write(corpus.path().join("1.mp4"), b"no video").unwrap();
    std::fs::write(corpus.path().join("spans.csv"), manifest + "v3,3.mp4,800,900,too late\n")
        .unwrap();
    let (mine, _) = read(&corpus.path().join("spans.csv"));
    let out = corpus.path().join("out");
    let report = pack(&mine, &out, PackSettings::default(), &|_, _| {}).unwrap();
    assert_eq!(report.videos, 3);
    let left: BTreeMap<_, _> =
        report.left_out.iter().map(|left| (left.video.as_str(), &left.reason)).collect();
    assert!(left["v1"].contains("not readable as a video"), "{left:?}");
    assert!(left["v3"].contains("before the start of 1 of 2 captions"), "{left:?}");
    let (shards, found) = read(&out);
    assert_eq!((shards.videos().len(), found.faults()), (3, 0));
}

#[test]
fn shards_can_be_packed_again_into_larger_ones() {
    let (four, _) = read(&packed().shards());
    let out = tempfile::tempdir().unwrap();
    let one = pack(&four, out.path(), PackSettings::default(), &|_, _| {}).unwrap();
    assert_eq!((one.shards, one.videos), (1, VIDEOS));
    assert_same(&read(out.path()).0, &four);
}
