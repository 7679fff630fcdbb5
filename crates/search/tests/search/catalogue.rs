//! The catalogue in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use locvtp_search::catalogue::{
    Access, Catalogue, CatalogueError, FileId, GenerationId, JobProgress, JobState, ModelRecord,
    SqliteCatalogue,
};
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::VectorKind;
use locvtp_video::Seconds;

use crate::both::{found, is_sound};
use crate::home::Home;
use crate::made::{WIDTH, batch, model, vector, video, write_over};
use crate::not_run::not_run;

fn writer(folder: &Path) -> SqliteCatalogue {
    SqliteCatalogue::open(folder, Access::WRITE).unwrap()
}

/// A catalogue with the videos 0 to 9.
fn ten(folder: &Path) -> (SqliteCatalogue, GenerationId, Vec<FileId>) {
    let catalogue = writer(folder);
    let generation = catalogue.generation(&model(1)).unwrap();
    let files =
        (0..10).map(|number| catalogue.add_video(generation, &video(number)).unwrap()).collect();
    (catalogue, generation, files)
}

fn segments(folder: &Path) -> usize {
    fs::read_dir(folder.join("segments")).unwrap().count()
}

#[test]
fn compacting_changes_no_answer_and_a_reader_with_the_old_segments_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, generation, files) = ten(folder.path());
    let reader = SqliteCatalogue::open(folder.path(), Access::Read).unwrap();
    let request = vector(3, WIDTH);
    let request = ScanRequest { num_tracks: 5, ..ScanRequest::new(&request, 20) };
    catalogue.remove_files(&files[2..4]).unwrap();
    let old = reader.vectors(generation, VectorKind::Clip).unwrap();
    let before = reader.scan(generation, VectorKind::Clip, &request).unwrap();
    assert_eq!(segments(folder.path()), 16);
    assert!(catalogue.compact().unwrap() > 0);
    assert_eq!(segments(folder.path()), 2);
    for catalogue in [&catalogue, &reader] {
        assert_eq!(catalogue.scan(generation, VectorKind::Clip, &request).unwrap(), before);
        is_sound(catalogue, 30 - 7 + 8);
    }
    assert_eq!(old.scan(&request).unwrap(), before);
    // Removing leaves dead rows in the segment of many; compacting again drops them, once.
    catalogue.remove_files(&files[..1]).unwrap();
    assert_eq!(found(&catalogue, generation, 0), None);
    assert!(catalogue.compact().unwrap() > 0);
    assert_eq!(catalogue.compact().unwrap(), 0);
    is_sound(&catalogue, 30 - 8 + 7);
}

#[test]
fn a_damaged_segment_is_named_and_its_videos_are_those_to_encode_again() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, generation, files) = ten(folder.path());
    let path = folder.path().join("segments/00000005.vectors");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write_over(&path, bytes);
    let faults = catalogue.verify().unwrap().faults;
    assert!(faults.len() == 1 && faults[0].contains("00000005.vectors"), "{faults:?}");
    // Segments 5 and 6 are the clips and cues of the third video.
    assert_eq!(catalogue.drop_damaged(&|_| true).unwrap().again, files[2..3]);
    assert_eq!(catalogue.files_left(generation).unwrap()[0].id, files[2]);
    assert_eq!(found(&catalogue, generation, 2), None);
    catalogue.add_video(generation, &video(2)).unwrap();
    assert_eq!(found(&catalogue, generation, 2), Some("/videos/2.mp4".into()));
    is_sound(&catalogue, 40);
    // One that is gone is named as well, also by a search.
    drop(catalogue);
    let catalogue = writer(folder.path());
    fs::remove_file(folder.path().join("segments/00000001.vectors")).unwrap();
    let query = vector(1, WIDTH);
    let scan = catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1));
    assert!(scan.unwrap_err().to_string().contains("00000001.vectors"));
    assert_eq!(catalogue.drop_damaged(&|_| true).unwrap().again, files[..1]);
}

#[test]
fn what_a_killed_writer_left_unnamed_is_removed_by_the_next_and_its_jobs_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, _, _) = ten(folder.path());
    let progress =
        JobProgress { num_files: 4, done_files: 1, media: Seconds(40.0), ..Default::default() };
    let job = catalogue.start_job("add", &progress).unwrap();
    let done = JobProgress { done_media: Seconds(10.0), worked: Seconds(2.0), ..progress };
    catalogue.set_job(job, JobState::Running, &done, None).unwrap();
    drop(catalogue);
    for name in ["00000099.vectors", ".00000100.vectors.part"] {
        fs::write(folder.path().join("segments").join(name), "half").unwrap();
    }
    let catalogue = writer(folder.path());
    assert_eq!(segments(folder.path()), 20);
    let jobs = catalogue.jobs().unwrap();
    assert_eq!((jobs.len(), jobs[0].state, jobs[0].progress), (1, JobState::Stopped, done));
    // 10 s of media in 2 s of work, and 30 s left.
    assert_eq!(jobs[0].progress.rate(), Some(5.0));
    assert_eq!(jobs[0].progress.time_left(), Some(Seconds(6.0)));
}

#[test]
fn a_calibration_that_cannot_be_read_is_told_and_can_be_made_again() {
    let home = Home::folder();
    let (catalogue, generation, _) = home.ten();
    catalogue.set_calibration(generation, &serde_json::json!({"a": 1})).unwrap();
    let place = home.location.folder().unwrap().join("catalogue.sqlite");
    let database = rusqlite::Connection::open(place).unwrap();
    database.execute("UPDATE generations SET calibration = '{bad'", []).unwrap();
    let said = catalogue.calibration(generation).unwrap_err().to_string();
    assert!(said.contains("column calibration: \"{bad\" is not JSON"), "{said}");
    catalogue.set_calibration(generation, &serde_json::json!({"a": 2})).unwrap();
    assert_eq!(catalogue.calibration(generation).unwrap(), Some(serde_json::json!({"a": 2})));
}

#[test]
fn a_newer_catalogue_and_a_folder_without_one_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SqliteCatalogue::open(folder.path(), Access::Read).unwrap_err();
    assert!(matches!(missing, CatalogueError::Missing { .. }), "{missing}");
    drop(ten(folder.path()));
    let database = rusqlite::Connection::open(folder.path().join("catalogue.sqlite")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    for access in [Access::Read, Access::WRITE] {
        let newer = SqliteCatalogue::open(folder.path(), access).unwrap_err();
        let place = folder.path().display().to_string();
        match newer {
            CatalogueError::Newer { place: named, found: 99, .. } => assert_eq!(named, place),
            other => panic!("{other}"),
        }
    }
    let garbage = tempfile::tempdir().unwrap();
    fs::write(garbage.path().join("catalogue.sqlite"), vec![b'x'; 5000]).unwrap();
    let error = SqliteCatalogue::open(garbage.path(), Access::Read).unwrap_err();
    assert!(error.to_string().contains("put a copy of it back"), "{error}");
}

#[test]
fn segments_that_were_exchanged_are_named_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    drop(ten(folder.path()));
    let [first, third] = ["00000001", "00000003"]
        .map(|name| folder.path().join("segments").join(format!("{name}.vectors")));
    let bytes = [fs::read(&first).unwrap(), fs::read(&third).unwrap()];
    write_over(&first, &bytes[1]);
    write_over(&third, &bytes[0]);
    let catalogue = writer(folder.path());
    assert_eq!(catalogue.verify().unwrap().faults.len(), 2);
    let generation = catalogue.generation(&model(1)).unwrap();
    let query = vector(1, WIDTH);
    let scan = catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1));
    assert!(scan.unwrap_err().to_string().contains("not the one that the index names"));
    assert!(catalogue.compact().is_err());
    assert_eq!(catalogue.drop_damaged(&|_| true).unwrap().again.len(), 2);
    assert!(catalogue.verify().unwrap().faults.is_empty());
}

#[test]
fn vectors_of_another_model_are_named_by_all_and_made_again_whatever_their_width() {
    for (number, width) in [(2, WIDTH), (1, WIDTH / 2), (2, 2 * WIDTH)] {
        let [folder, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        drop(ten(folder.path()));
        let fresh = writer(other.path());
        let of_other = ModelRecord { width: width as u32, ..model(number) };
        let made = fresh.generation(&of_other).unwrap();
        for file in 0..10 {
            let mut video = video(file);
            let cues = batch(file + 500_000, 1, width);
            video.vectors =
                vec![(VectorKind::Clip, batch(file, 1 + file % 5, width)), (VectorKind::Cue, cues)];
            fresh.add_video(made, &video).unwrap();
        }
        drop(fresh);
        // A copy of the database from before the index was made anew by another model.
        let database = "catalogue.sqlite";
        fs::copy(folder.path().join(database), other.path().join(database)).unwrap();
        let catalogue = writer(other.path());
        let generation = catalogue.generation(&model(1)).unwrap();
        assert_eq!(catalogue.verify().unwrap().faults.len(), 20, "{number} {width}");
        let query = vector(1, WIDTH);
        let scan = catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1));
        let said = scan.unwrap_err().to_string();
        assert!(said.contains("not the one that the index names"), "{said}");
        assert!(said.contains("locvtp index rebuild"), "{said}");
        assert_eq!(catalogue.drop_damaged(&|_| true).unwrap().again.len(), 10);
        for file in 0..10 {
            catalogue.add_video(generation, &video(file)).unwrap();
        }
        is_sound(&catalogue, 40);
    }
}

#[test]
fn a_folder_whose_database_is_lost_is_refused_and_keeps_its_vectors() {
    let folder = tempfile::tempdir().unwrap();
    drop(ten(folder.path()));
    let path = folder.path().join("catalogue.sqlite");
    fs::write(&path, "").unwrap();
    for _ in 0..2 {
        let error = SqliteCatalogue::open(folder.path(), Access::WRITE).unwrap_err();
        assert!(error.to_string().contains("missing or empty"), "{error}");
        assert_eq!(segments(folder.path()), 20);
        let _ = fs::remove_file(&path);
    }
}

/// The folder of a catalogue on a disk that is closed for writing.
const CLOSED: &str = "LOCVTP_TEST_CLOSED_CATALOGUE";

#[test]
fn a_catalogue_on_a_disk_closed_for_writing_is_searched() {
    if let Some(folder) = std::env::var_os(CLOSED) {
        let folder = PathBuf::from(folder);
        fs::write(folder.join("probe"), "").unwrap_err();
        let reader = SqliteCatalogue::open(&folder, Access::Read).unwrap();
        let generation = reader.generations().unwrap()[0].id;
        assert_eq!(found(&reader, generation, 7), Some("/videos/7.mp4".into()));
        is_sound(&reader, 40);
        let writer = SqliteCatalogue::open(&folder, Access::WRITE).unwrap_err();
        assert!(matches!(writer, CatalogueError::Folder { .. }), "{writer}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(ten(folder.path()));
    let name = "catalogue::a_catalogue_on_a_disk_closed_for_writing_is_searched";
    let place = folder.path().display();
    let close = format!("mount --bind {place} {place} && mount -o remount,bind,ro {place}");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.args([&format!("{close} || exit 9; exec \"$@\""), "sh"]);
    command.arg(std::env::current_exe().unwrap()).args(["--exact", name, "--nocapture"]);
    match command.env(CLOSED, folder.path()).output() {
        Ok(ran) if ran.status.code() == Some(101) => panic!("{ran:?}"),
        Ok(ran) if ran.status.success() => {}
        other => not_run(format!("no disk can be closed here: {other:?}")),
    }
}

/// The folder of a catalogue that a process may not write much into.
const NO_ROOM: &str = "LOCVTP_TEST_CATALOGUE_NO_ROOM";

#[test]
fn a_disk_that_fills_up_loses_the_video_in_work_and_no_other() {
    if let Some(folder) = std::env::var_os(NO_ROOM) {
        let catalogue = writer(Path::new(&folder));
        let generation = catalogue.generation(&model(1)).unwrap();
        let mut large = video(20);
        large.vectors = vec![(VectorKind::Clip, batch(20, 4000, WIDTH))];
        let error = catalogue.add_video(generation, &large).unwrap_err();
        assert!(matches!(error, CatalogueError::Segment(_)), "{error:?}");
        // Here the vectors fit and the database does not.
        let mut wordy = video(21);
        wordy.cues = vec![wordy.cues[0].clone(); 4000];
        let error = catalogue.add_video(generation, &wordy).unwrap_err();
        assert!(matches!(error, CatalogueError::Database { .. }), "{error:?}");
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains("ulimit -f"), "{why}");
        is_sound(&catalogue, 40);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(ten(folder.path()));
    let name = "catalogue::a_disk_that_fills_up_loses_the_video_in_work_and_no_other";
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"]);
    command.arg(std::env::current_exe().unwrap()).args(["--exact", name, "--nocapture"]);
    let ran = command.env(NO_ROOM, folder.path()).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let catalogue = writer(folder.path());
    let generation = catalogue.generation(&model(1)).unwrap();
    assert_eq!((catalogue.files().unwrap().len(), segments(folder.path())), (10, 20));
    catalogue.add_video(generation, &video(20)).unwrap();
    assert_eq!(found(&catalogue, generation, 20), Some("/videos/20.mp4".into()));
    is_sound(&catalogue, 42);
}

#[test]
fn a_segment_cut_short_is_named_by_a_check_and_by_a_search_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    drop(ten(folder.path()));
    let path = folder.path().join("segments/00000001.vectors");
    let whole = fs::read(&path).unwrap();
    for length in [0, 100, whole.len() - 1] {
        write_over(&path, &whole[..length]);
        let catalogue = writer(folder.path());
        let generation = catalogue.generation(&model(1)).unwrap();
        let faults = catalogue.verify().unwrap().faults;
        assert!(faults.len() == 1 && faults[0].contains("00000001.vectors"), "{faults:?}");
        let query = vector(1, WIDTH);
        let scan = catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1));
        assert!(scan.unwrap_err().to_string().contains("00000001.vectors"), "{length}");
    }
    assert_eq!(writer(folder.path()).drop_damaged(&|_| true).unwrap().again.len(), 1);
    // The first video's one clip is gone until it is encoded again; its cue stays.
    is_sound(&writer(folder.path()), 39);
}
