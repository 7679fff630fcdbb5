//! The catalogue in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use locvtp_search::catalogue::{
    Access, Catalogue, CatalogueError, FileId, FileState, GenerationId, GenerationState,
    JobProgress, JobState, SqliteCatalogue,
};
use locvtp_search::identity::{Candidate, Moved};
use locvtp_search::scan::{ScanRequest, TrackFilter};
use locvtp_search::segment::{VectorBatch, VectorKind};
use locvtp_video::{Seconds, TimeSpan};

use crate::made::{WIDTH, batch, identity, look, model, vector, video};
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

/// Which video's clip is found by its own vector.
fn found(catalogue: &dyn Catalogue, generation: GenerationId, number: u64) -> Option<PathBuf> {
    let query = vector(1000 * number, WIDTH);
    let answer =
        catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1)).unwrap();
    let hit = answer.hits.into_iter().find(|hit| hit.score > 0.999)?;
    Some(catalogue.file_of(hit.track).unwrap().unwrap().looks.remove(0).path)
}

fn segments(folder: &Path) -> usize {
    fs::read_dir(folder.join("segments")).unwrap().count()
}

fn is_sound(catalogue: &dyn Catalogue, num_vectors: u64) {
    let verified = catalogue.verify().unwrap();
    assert_eq!((verified.faults, verified.num_vectors), (vec![], num_vectors));
}

#[test]
fn what_was_added_is_found_by_this_and_by_other_programs_and_what_was_removed_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, generation, files) = ten(folder.path());
    let reader = SqliteCatalogue::open(folder.path(), Access::Read).unwrap();
    for catalogue in [&catalogue, &reader] {
        assert_eq!(found(catalogue, generation, 7), Some("/videos/7.mp4".into()));
        // 1 + number % 5 clips each, and a vector of a cue each.
        is_sound(catalogue, 30 + 10);
    }
    catalogue.remove_files(&files[7..8]).unwrap();
    for catalogue in [&catalogue, &reader] {
        assert_eq!(found(catalogue, generation, 7), None);
        assert_eq!(found(catalogue, generation, 6), Some("/videos/6.mp4".into()));
        assert_eq!(catalogue.files().unwrap().len(), 9);
        assert_eq!(catalogue.find_cues("number7", None, 9).unwrap(), []);
        is_sound(catalogue, 27 + 9);
    }
    assert!(matches!(reader.remove_files(&files), Err(CatalogueError::ReadOnly { .. })));
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
fn a_second_writer_is_refused_with_the_first_ones_name_or_waits() {
    let folder = tempfile::tempdir().unwrap();
    let first = writer(folder.path());
    let second = SqliteCatalogue::open(folder.path(), Access::WRITE).unwrap_err();
    let said = second.to_string();
    assert!(matches!(second, CatalogueError::Busy { .. }), "{said}");
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    std::thread::scope(|scope| {
        let wait = Access::Write { wait: Duration::from_secs(60) };
        let second = scope.spawn(move || SqliteCatalogue::open(folder.path(), wait).map(drop));
        drop(first);
        second.join().unwrap().unwrap();
    });
}

#[test]
fn another_model_is_built_beside_the_live_one_and_swapped_in_when_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, old, _) = ten(folder.path());
    assert_eq!(catalogue.generation(&model(1)).unwrap(), old);
    let new = catalogue.generation(&model(2)).unwrap();
    catalogue.set_calibration(new, &serde_json::json!({"a": 0.1})).unwrap();
    let left = catalogue.files_left(new).unwrap();
    assert_eq!(left.len(), 10);
    for number in 0..9 {
        catalogue.add_video(new, &video(number)).unwrap();
    }
    let said = catalogue.swap_in(new).unwrap_err().to_string();
    assert!(said.contains("model-2") && said.contains("1 of 10"), "{said}");
    assert_eq!(found(&catalogue, old, 9), Some("/videos/9.mp4".into()));
    catalogue.add_video(new, &video(9)).unwrap();
    catalogue.swap_in(new).unwrap();
    let generations = catalogue.generations().unwrap();
    assert_eq!((generations.len(), generations[0].id), (1, new));
    assert_eq!((generations[0].state, generations[0].num_files), (GenerationState::Live, 10));
    assert_eq!(generations[0].model, model(2));
    assert_eq!(found(&catalogue, new, 9), Some("/videos/9.mp4".into()));
    assert_eq!(catalogue.calibration(new).unwrap(), Some(serde_json::json!({"a": 0.1})));
    assert!(matches!(catalogue.calibration(old), Err(CatalogueError::Unknown { .. })));
    assert_eq!(segments(folder.path()), 20);
    is_sound(&catalogue, 40);
}

#[test]
fn vectors_of_another_width_are_refused_and_nothing_is_kept_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, generation, _) = ten(folder.path());
    let mut wide = video(20);
    wide.vectors = vec![(VectorKind::Clip, batch(20, 2, WIDTH + 1))];
    let error = catalogue.add_video(generation, &wide).unwrap_err();
    assert!(matches!(error, CatalogueError::Width { expected: WIDTH, .. }), "{error}");
    assert_eq!(catalogue.files().unwrap().len(), 10);
    // A video without a clip is one all the same.
    wide.vectors = vec![(VectorKind::Clip, VectorBatch::new(WIDTH))];
    catalogue.add_video(generation, &wide).unwrap();
    assert_eq!(catalogue.files_left(generation).unwrap(), []);
    is_sound(&catalogue, 40);
}

#[test]
fn cues_are_found_by_their_words_in_any_case_and_accent_and_by_no_operator() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, _, files) = ten(folder.path());
    let hits = catalogue.find_cues("CAFE number4", None, 5).unwrap();
    assert_eq!((hits.len(), hits[0].file), (1, files[4]));
    assert_eq!(hits[0].cue, video(4).cues[0]);
    assert_eq!(catalogue.cues(files[4]).unwrap(), video(4).cues);
    let all = catalogue.find_cues("video", None, 100).unwrap();
    assert!(all.iter().map(|hit| hit.file).eq(files.iter().copied()), "equal ones by file");
    let filter: TrackFilter = [all[3].track, all[8].track].into_iter().collect();
    let some = catalogue.find_cues("video", Some(&filter), 100).unwrap();
    assert_eq!(some, [all[3].clone(), all[8].clone()]);
    for odd in ["", "\"", "a OR NOT", "NEAR(", "text:video", "* ^ -", "'; DROP TABLE cues"] {
        assert_eq!(catalogue.find_cues(odd, None, 5).unwrap(), [], "{odd}");
    }
}

#[test]
fn a_damaged_segment_is_named_and_its_videos_are_those_to_encode_again() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, generation, files) = ten(folder.path());
    let path = folder.path().join("segments/00000005.vectors");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let faults = catalogue.verify().unwrap().faults;
    assert!(faults.len() == 1 && faults[0].contains("00000005.vectors"), "{faults:?}");
    // Segments 5 and 6 are the clips and cues of the third video.
    assert_eq!(catalogue.drop_damaged().unwrap(), files[2..3]);
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
    assert_eq!(catalogue.drop_damaged().unwrap(), files[..1]);
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
fn files_move_are_missed_come_back_and_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, generation, files) = ten(folder.path());
    let moved = |file, from: Option<u64>, to| Moved {
        file,
        from: from.map(|from| look(from).path),
        to: look(to),
    };
    // 1 and 2 change places, 3 moves, 4 is copied, 5 is gone.
    let moves = [
        moved(files[1], None, 2),
        moved(files[2], None, 1),
        moved(files[3], Some(3), 30),
        moved(files[4], None, 40),
    ];
    catalogue.note_moved(&moves).unwrap();
    catalogue.note_missing(&[(files[5], look(5).path), (files[4], look(4).path)]).unwrap();
    let known = |file: FileId| {
        let file = catalogue.files().unwrap().into_iter().find(|it| it.id == file).unwrap();
        (file.state, file.looks.into_iter().map(|look| look.path).collect::<Vec<_>>())
    };
    assert_eq!(known(files[1]), (FileState::Present, vec![look(2).path]));
    assert_eq!(known(files[2]), (FileState::Present, vec![look(1).path]));
    assert_eq!(known(files[3]), (FileState::Present, vec![look(30).path]));
    assert_eq!(known(files[4]), (FileState::Present, vec![look(40).path]));
    assert_eq!(known(files[5]), (FileState::Missing, vec![look(5).path]));
    assert_eq!(found(&catalogue, generation, 5), Some(look(5).path));
    catalogue.note_moved(&[moved(files[5], None, 5)]).unwrap();
    assert_eq!(known(files[5]).0, FileState::Present);
    // Other content where 6 lay: 6 is nowhere any more. It is bad at first, then mended.
    let candidate = Candidate { look: look(6), identity: identity(60) };
    let bad = catalogue.note_bad(&candidate, "no frame can be decoded").unwrap();
    assert_eq!(known(bad), (FileState::Bad, vec![look(6).path]));
    assert_eq!(catalogue.files().unwrap().len(), 10);
    assert_eq!(found(&catalogue, generation, 6), None);
    assert_eq!(catalogue.files_left(generation).unwrap(), []);
    let other = Candidate { look: look(7000), identity: identity(70) };
    let gone = catalogue.note_bad(&other, "no frame can be decoded").unwrap();
    catalogue.note_missing(&[(gone, look(7000).path)]).unwrap();
    assert_eq!(catalogue.files().unwrap().len(), 10);
    let mut mended = video(61);
    mended.look = look(6);
    catalogue.add_video(generation, &mended).unwrap();
    assert_eq!(found(&catalogue, generation, 61), Some(look(6).path));
    assert_eq!(catalogue.files().unwrap().len(), 10);
    is_sound(&catalogue, 40);
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
    assert!(matches!(error, CatalogueError::Database { .. }), "{error}");
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
        fs::write(&path, &whole[..length]).unwrap();
        let catalogue = writer(folder.path());
        let generation = catalogue.generation(&model(1)).unwrap();
        let faults = catalogue.verify().unwrap().faults;
        assert!(faults.len() == 1 && faults[0].contains("00000001.vectors"), "{faults:?}");
        let query = vector(1, WIDTH);
        let scan = catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1));
        assert!(scan.unwrap_err().to_string().contains("00000001.vectors"), "{length}");
    }
    assert_eq!(writer(folder.path()).drop_damaged().unwrap().len(), 1);
    // The first video's one clip is gone until it is encoded again; its cue stays.
    is_sound(&writer(folder.path()), 39);
}

#[test]
fn spans_of_hits_are_those_of_their_clips() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, generation, _) = ten(folder.path());
    let query = vector(9003, WIDTH);
    let answer =
        catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1)).unwrap();
    assert_eq!((answer.hits[0].clip, answer.hits[0].span), (3, TimeSpan::new(3.0, 4.0)));
}
