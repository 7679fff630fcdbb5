//! The counts of genuine annotation files, where they are on this machine; they are not ours to
//! pass on.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

#[path = "../../../tests/support/not_run.rs"]
mod not_run;

use std::path::Path;

use locvtp_corpus::{
    CorpusReader, DropReason, FileLookup, NarratedVideo, ReadReport, ReadSettings, Repair, Subset,
};

use not_run::genuine_annotations;

fn read(folder: &Path, file: &str) -> (ReadReport, Vec<NarratedVideo>) {
    let settings = ReadSettings::default();
    let reader =
        CorpusReader::new(&folder.join(file), &settings, FileLookup::WhereThereIsAFolder).unwrap();
    let mut videos = Vec::new();
    let report = reader.read(&reader.sources()[0], &mut videos).unwrap();
    (report, videos)
}

#[test]
fn activitynet_captions_has_its_published_counts() {
    let Some(folder) = genuine_annotations() else { return };
    let (report, videos) = read(&folder, "ActivityNet_val.json");
    assert_eq!((report.videos, report.listed_captions, report.captions), (4917, 17_505, 17_505));
    assert_eq!(report.repaired[&Repair::EndClipped], 134);
    assert!(report.dropped.is_empty(), "{report}");
    assert!(videos.iter().all(|video| video.subset == Some(Subset::Validation)));
    assert!(videos.iter().all(|video| {
        let end = video.duration.unwrap();
        video.captions.iter().all(|caption| caption.span.end <= end)
    }));
}

#[test]
fn charades_sta_has_its_published_counts() {
    let Some(folder) = genuine_annotations() else { return };
    let (report, _) = read(&folder, "Charades-STA_charades_sta_test.txt");
    assert_eq!((report.videos, report.listed_captions, report.captions), (1334, 3720, 3720));
    assert_eq!(report.repaired[&Repair::EndClipped], 562);
    assert!(report.notes.is_empty(), "{:?}", report.notes);

    let (report, _) = read(&folder, "Charades-STA_charades_sta_train.txt");
    assert_eq!((report.listed_captions, report.captions), (12_408, 12_404));
    assert_eq!(report.videos, 5336);
    assert_eq!(report.dropped[&DropReason::EndNotAfterStart], 4);
    assert!(report.notes[0].contains("Charades_v1_train.csv"), "{:?}", report.notes);
}

#[test]
fn tacos_has_its_published_counts() {
    let Some(folder) = genuine_annotations() else { return };
    let (report, _) = read(&folder, "TACoS_val.json");
    assert_eq!((report.videos, report.captions, report.faults()), (27, 4436, 0));
    assert!(!report.repaired.contains_key(&Repair::EndClipped));
    let (report, _) = read(&folder, "TACoS_test.json");
    assert_eq!((report.videos, report.captions, report.faults()), (25, 4001, 0));
    assert_eq!(report.repaired[&Repair::EndClipped], 5);
    assert_eq!(report.repaired[&Repair::FramesToSeconds], 4001);
}

#[test]
fn the_folder_of_all_of_them_is_recognised_file_by_file() {
    let Some(folder) = genuine_annotations() else { return };
    let settings = ReadSettings::default();
    let reader = CorpusReader::new(&folder, &settings, FileLookup::WhereThereIsAFolder).unwrap();
    let found: Vec<_> = reader.sources().iter().map(|source| source.layout.name()).collect();
    assert_eq!(found, ["activitynet", "charades-sta", "charades-sta", "tacos", "tacos"]);
}
