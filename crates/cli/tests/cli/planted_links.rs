//! Links that somebody laid under the names of files in the making lead nowhere: what they point to stays as it is.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::extract::write_video;
use crate::tiny::{copy_folder, locvtp, refused, run, says, str, succeeded, tiny};

/// A folder with a file that nobody may write.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(place.at("elsewhere")).unwrap();
        std::fs::write(place.at("elsewhere/kept"), "kept").unwrap();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lays a link to the file.
    fn plant(&self, link: &Path) {
        symlink(self.at("elsewhere/kept"), link).unwrap();
    }

    fn is_untouched(&self) {
        assert_eq!(std::fs::read_to_string(self.at("elsewhere/kept")).unwrap(), "kept");
        assert_eq!(std::fs::read_dir(self.at("elsewhere")).unwrap().count(), 1);
    }
}

#[test]
fn a_feature_file_and_its_journal_are_written_through_no_link() {
    let place = Place::new();
    write_video(&place.at("a.mp4"), 30);
    let (out, model) = (place.at("x.h5"), tiny().model());
    let extract = |more: &[&str]| {
        let mut command = locvtp();
        command.arg("extract").arg("--model").arg(&model).arg("--videos").arg(place.at("a.mp4"));
        command.arg("--out").arg(&out).args(more).output().unwrap()
    };
    place.plant(&place.at("x.h5.journal"));
    for more in [&["--fresh"][..], &[]] {
        says(&refused(&extract(more)), &["x.h5.journal", "link", "remove it"]);
        place.is_untouched();
    }
    std::fs::remove_file(place.at("x.h5.journal")).unwrap();
    place.plant(&place.at(".x.h5.part"));
    place.plant(&out);
    succeeded(&extract(&["--fresh"]));
    assert!(!out.is_symlink());
    place.is_untouched();
}

#[test]
fn a_run_that_goes_on_writes_through_no_link() {
    let place = Place::new();
    let run_folder = place.at("run");
    copy_folder(&tiny().path("run"), &run_folder);
    std::fs::remove_dir_all(run_folder.join("model")).unwrap();
    for name in
        [".run.toml.part", ".log.jsonl.part", ".bad_videos.json.part", ".training_words.json.part"]
    {
        place.plant(&run_folder.join(name));
    }
    symlink(place.at("elsewhere"), run_folder.join(".model.part")).unwrap();
    succeeded(&tiny().pretrain(&run_folder, &["--resume"]));
    place.is_untouched();
    assert!(run_folder.join("model/model.safetensors").is_file());
}

#[test]
fn corpora_and_shards_are_written_through_no_link() {
    let place = Place::new();
    let (corpus, shards, train) =
        (place.at("corpus"), place.at("shards"), tiny().path("corpus/train"));
    let synthesize = || run(&["synthesize", "--videos", "1", "--out", str(&corpus)]);
    symlink(place.at("elsewhere"), place.at("corpus.partial")).unwrap();
    says(&refused(&synthesize()), &["corpus.partial", "nothing was touched"]);
    place.is_untouched();
    std::fs::remove_file(place.at("corpus.partial")).unwrap();
    std::fs::create_dir(&shards).unwrap();
    let pack = || run(&["corpus", "pack", str(&train), "--out", str(&shards)]);
    succeeded(&pack());
    std::fs::remove_file(shards.join("00000.tar")).unwrap();
    for name in [".00000.tar.partial", ".shards.json.partial", ".00000.index.jsonl.partial"] {
        place.plant(&shards.join(name));
    }
    succeeded(&pack());
    place.is_untouched();
}

#[test]
fn a_model_directory_is_written_through_no_link() {
    let place = Place::new();
    symlink(place.at("elsewhere"), place.at(".model.part")).unwrap();
    let (like, out) = (tiny().model(), place.at("model"));
    succeeded(&run(&["weights", "random", "--like", str(&like), "--out", str(&out)]));
    assert!(out.join("config.json").is_file() && !out.is_symlink());
    place.is_untouched();
}

/// Adds a folder of one video to its index, where somebody laid something before.
fn add_beside(place: &Place, plant: impl FnOnce(&Path), more: &[&str]) -> std::process::Output {
    let videos = place.at("videos");
    std::fs::create_dir(&videos).unwrap();
    write_video(&videos.join("a.mp4"), 30);
    plant(&videos.join(".locvtp"));
    let model = tiny().model();
    run(&[&["index", "add", str(&videos), "--model", str(&model)], more].concat())
}

#[test]
fn an_index_is_written_through_no_link_beside_its_database() {
    for name in [
        "catalogue.sqlite",
        "catalogue.sqlite-wal",
        "catalogue.sqlite-shm",
        "catalogue.sqlite-journal",
        "writer.lock",
    ] {
        let place = Place::new();
        let plant = |index: &Path| {
            std::fs::create_dir(index).unwrap();
            place.plant(&index.join(name));
        };
        says(&refused(&add_beside(&place, plant, &[])), &[name, "remove"]);
        place.is_untouched();
    }
}

#[test]
fn vectors_are_made_and_removed_in_no_other_folder() {
    let place = Place::new();
    let plant = |index: &Path| {
        std::fs::create_dir(index).unwrap();
        symlink(place.at("elsewhere"), index.join("segments")).unwrap();
    };
    says(&refused(&add_beside(&place, plant, &[])), &["segments", "link", "--catalog"]);
    place.is_untouched();
}

#[test]
fn an_index_is_made_where_a_link_leads_only_when_that_is_named() {
    let plant = |place: &Place, index: &Path| symlink(place.at("elsewhere"), index).unwrap();
    let place = Place::new();
    let message = refused(&add_beside(&place, |index| plant(&place, index), &[]));
    says(&message, &[".locvtp is a link", "elsewhere, where no index lies", "--catalog"]);
    place.is_untouched();
    let named = Place::new();
    let elsewhere = named.at("elsewhere");
    succeeded(&add_beside(&named, |index| plant(&named, index), &["--catalog", str(&elsewhere)]));
    // And the link is followed from then on.
    let again = run(&["index", "list", str(&named.at("videos"))]);
    assert!(succeeded(&again).contains("a.mp4"));
}
