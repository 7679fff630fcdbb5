//! What every catalogue does, wherever it lies.

use std::path::PathBuf;
use std::time::Duration;

use locvtp_search::catalogue::{
    Access, Catalogue, CatalogueError, FileId, FileState, GenerationId, GenerationState,
    JobProgress, JobState,
};
use locvtp_search::identity::{Candidate, Moved};
use locvtp_search::scan::{ScanError, ScanRequest, TrackFilter};
use locvtp_search::segment::{VectorBatch, VectorError, VectorKind};
use locvtp_video::{Seconds, TimeSpan};

use crate::home::{Home, in_both};
use crate::made::{WIDTH, batch, identity, look, model, vector, video};

in_both!(
    what_was_added_is_found_by_this_and_by_other_programs_and_what_was_removed_is_not,
    a_second_writer_is_refused_with_the_first_ones_name_or_waits,
    another_model_is_built_beside_the_live_one_and_swapped_in_when_whole,
    an_index_that_was_begun_and_given_up_is_discarded_and_the_live_one_never,
    what_only_the_live_index_has_of_a_file_is_not_lost_to_another_model,
    vectors_of_another_width_are_refused_and_nothing_is_kept_of_them,
    cues_are_found_by_their_words_in_any_case_and_accent_and_by_no_operator,
    files_move_are_missed_come_back_and_are_replaced,
    what_a_person_should_know_of_a_file_is_kept,
    spans_of_hits_are_those_of_their_clips,
    jobs_of_a_writer_that_ended_are_stopped,
    compacting_changes_no_answer_and_frees_what_was_removed,
    queries_that_point_nowhere_are_refused,
    what_is_not_text_is_kept_or_made_text,
    what_is_not_there_is_said_so,
);

/// Which video's clip is found by its own vector.
pub(crate) fn found(
    catalogue: &dyn Catalogue,
    generation: GenerationId,
    number: u64,
) -> Option<PathBuf> {
    let query = vector(1000 * number, WIDTH);
    let answer =
        catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1)).unwrap();
    let hit = answer.hits.into_iter().find(|hit| hit.score > 0.999)?;
    Some(catalogue.file_of(hit.track).unwrap().unwrap().looks.remove(0).path)
}

pub(crate) fn is_sound(catalogue: &dyn Catalogue, num_vectors: u64) {
    let verified = catalogue.verify().unwrap();
    assert_eq!((verified.faults, verified.num_vectors), (vec![], num_vectors));
}

fn what_was_added_is_found_by_this_and_by_other_programs_and_what_was_removed_is_not(home: &Home) {
    let (catalogue, generation, files) = home.ten();
    let reader = home.reader();
    for catalogue in [catalogue.as_ref(), reader.as_ref()] {
        assert_eq!(found(catalogue, generation, 7), Some("/videos/7.mp4".into()));
        // 1 + number % 5 clips each, and a vector of a cue each.
        is_sound(catalogue, 30 + 10);
    }
    catalogue.remove_files(&files[7..8]).unwrap();
    for catalogue in [catalogue.as_ref(), reader.as_ref()] {
        assert_eq!(found(catalogue, generation, 7), None);
        assert_eq!(found(catalogue, generation, 6), Some("/videos/6.mp4".into()));
        assert_eq!(catalogue.files().unwrap().len(), 9);
        assert_eq!(catalogue.find_cues("number7", None, 9).unwrap(), []);
        is_sound(catalogue, 27 + 9);
    }
    assert!(matches!(reader.remove_files(&files), Err(CatalogueError::ReadOnly { .. })));
}

fn a_second_writer_is_refused_with_the_first_ones_name_or_waits(home: &Home) {
    let first = home.writer();
    let second = home.open(Access::WRITE).err().unwrap();
    let said = second.to_string();
    assert!(matches!(second, CatalogueError::Busy { .. }), "{said}");
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    std::thread::scope(|scope| {
        let wait = Access::Write { wait: Duration::from_secs(60) };
        let second = scope.spawn(move || home.open(wait).map(drop));
        drop(first);
        second.join().unwrap().unwrap();
    });
}

fn another_model_is_built_beside_the_live_one_and_swapped_in_when_whole(home: &Home) {
    let (catalogue, old, _) = home.ten();
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
    assert_eq!(found(catalogue.as_ref(), old, 9), Some("/videos/9.mp4".into()));
    catalogue.add_video(new, &video(9)).unwrap();
    catalogue.swap_in(new).unwrap();
    let generations = catalogue.generations().unwrap();
    assert_eq!((generations.len(), generations[0].id), (1, new));
    assert_eq!((generations[0].state, generations[0].num_files), (GenerationState::Live, 10));
    assert_eq!(generations[0].model, model(2));
    assert_eq!(found(catalogue.as_ref(), new, 9), Some("/videos/9.mp4".into()));
    assert_eq!(catalogue.calibration(new).unwrap(), Some(serde_json::json!({"a": 0.1})));
    assert!(matches!(catalogue.calibration(old), Err(CatalogueError::Unknown { .. })));
    is_sound(catalogue.as_ref(), 40);
}

fn an_index_that_was_begun_and_given_up_is_discarded_and_the_live_one_never(home: &Home) {
    let (catalogue, generation, _) = home.ten();
    let other = catalogue.generation(&model(2)).unwrap();
    for number in 0..3 {
        catalogue.add_video(other, &video(number)).unwrap();
    }
    is_sound(catalogue.as_ref(), 40 + 6 + 3);
    catalogue.discard(other).unwrap();
    is_sound(catalogue.as_ref(), 40);
    catalogue.discard(generation).unwrap();
    is_sound(catalogue.as_ref(), 40);
    assert_eq!(found(catalogue.as_ref(), generation, 7), Some(look(7).path));
    assert_eq!(catalogue.generations().unwrap().len(), 1);
}

fn what_only_the_live_index_has_of_a_file_is_not_lost_to_another_model(home: &Home) {
    let (catalogue, old, files) = home.ten();
    let new = catalogue.generation(&model(2)).unwrap();
    catalogue.note_missing(&[(files[3], look(3).path), (files[4], look(4).path)]).unwrap();
    (0..10).filter(|it| ![3, 4, 5].contains(it)).for_each(|number| {
        catalogue.add_video(new, &video(number)).unwrap();
    });
    // For the new model it cannot be decoded; the live one has it.
    let fifth = Candidate { look: look(5), identity: identity(5), file: None };
    assert_eq!(catalogue.note_bad(&fifth, "no frame can be decoded").unwrap(), files[5]);
    let said = catalogue.swap_in(new).unwrap_err();
    assert!(matches!(said, CatalogueError::NotWhole { left: 3, gone: 2, all: 10, .. }), "{said}");
    for number in [3, 4, 5] {
        assert_eq!(found(catalogue.as_ref(), old, number), Some(look(number).path));
    }
    // One comes back, one is decoded after all, and one is taken out by a person.
    catalogue
        .note_moved(&[Moved { file: files[3], from: None, to: look(3), whole: None }])
        .unwrap();
    catalogue.add_video(new, &video(3)).unwrap();
    catalogue.add_video(new, &video(5)).unwrap();
    assert!(matches!(
        catalogue.swap_in(new),
        Err(CatalogueError::NotWhole { left: 1, gone: 1, .. })
    ));
    catalogue.remove_files(&files[4..5]).unwrap();
    catalogue.swap_in(new).unwrap();
    assert_eq!(catalogue.generations().unwrap().len(), 1);
    assert_eq!(found(catalogue.as_ref(), new, 5), Some(look(5).path));
}

fn vectors_of_another_width_are_refused_and_nothing_is_kept_of_them(home: &Home) {
    let (catalogue, generation, _) = home.ten();
    let mut wide = video(20);
    wide.vectors = vec![(VectorKind::Clip, batch(20, 2, WIDTH + 1))];
    let error = catalogue.add_video(generation, &wide).unwrap_err();
    assert!(matches!(error, CatalogueError::Width { expected: WIDTH, .. }), "{error}");
    assert_eq!(catalogue.files().unwrap().len(), 10);
    // A video without a clip is one all the same.
    wide.vectors = vec![(VectorKind::Clip, VectorBatch::new(WIDTH))];
    catalogue.add_video(generation, &wide).unwrap();
    assert_eq!(catalogue.files_left(generation).unwrap(), []);
    is_sound(catalogue.as_ref(), 40);
    catalogue.compact().unwrap();
    is_sound(catalogue.as_ref(), 40);
    let track = catalogue.files().unwrap()[10].track.unwrap();
    let vectors = catalogue.track_vectors(generation, VectorKind::Clip, track).unwrap().unwrap();
    assert_eq!(vectors.spans, []);
}

fn cues_are_found_by_their_words_in_any_case_and_accent_and_by_no_operator(home: &Home) {
    let (catalogue, _, files) = home.ten();
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
    // A word stands for itself; with a star, for all that begin so.
    for (text, num) in [
        ("numb", 0),
        ("numb*", 10),
        ("NUMB* cafe own*", 10),
        ("number4*", 1),
        ("umber4*", 0),
        ("said-a-caf*", 10),
        ("own* *", 10),
        ("said\0café", 10),
        ("\0", 0),
    ] {
        assert_eq!(catalogue.find_cues(text, None, 100).unwrap().len(), num, "{text}");
    }
}

fn what_a_person_should_know_of_a_file_is_kept(home: &Home) {
    let (catalogue, generation, files) = home.ten();
    let mut made = video(3);
    made.note = Some("cut short".to_owned());
    catalogue.add_video(generation, &made).unwrap();
    let reason = |number: usize| catalogue.files().unwrap()[number].reason.clone();
    assert_eq!((reason(3), reason(4)), (made.note.clone(), None));
    assert_eq!(catalogue.files().unwrap()[3].id, files[3]);
    // A whole file in its place takes it away.
    catalogue.add_video(generation, &video(3)).unwrap();
    assert_eq!(reason(3), None);
    let bad = Candidate { look: look(99), identity: identity(99), file: None };
    catalogue.note_bad(&bad, "empty").unwrap();
    let known = catalogue.known().unwrap();
    let bad: Vec<_> = known.paths.iter().filter(|path| path.is_bad).map(|it| it.identity).collect();
    assert_eq!(bad, [identity(99)]);
}

fn files_move_are_missed_come_back_and_are_replaced(home: &Home) {
    let (catalogue, generation, files) = home.ten();
    let moved = |file, from: Option<u64>, to| Moved {
        file,
        from: from.map(|from| look(from).path),
        to: look(to),
        whole: None,
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
    assert_eq!(found(catalogue.as_ref(), generation, 5), Some(look(5).path));
    catalogue.note_moved(&[moved(files[5], None, 5)]).unwrap();
    assert_eq!(known(files[5]).0, FileState::Present);
    // Other content where 6 lay: 6 is nowhere any more. It is bad at first, then mended.
    let candidate = Candidate { look: look(6), identity: identity(60), file: None };
    let bad = catalogue.note_bad(&candidate, "no frame can be decoded").unwrap();
    assert_eq!(known(bad), (FileState::Bad, vec![look(6).path]));
    assert_eq!(catalogue.files().unwrap().len(), 10);
    assert_eq!(found(catalogue.as_ref(), generation, 6), None);
    assert_eq!(catalogue.files_left(generation).unwrap(), []);
    let other = Candidate { look: look(7000), identity: identity(70), file: None };
    let gone = catalogue.note_bad(&other, "no frame can be decoded").unwrap();
    catalogue.note_missing(&[(gone, look(7000).path)]).unwrap();
    assert_eq!(catalogue.files().unwrap().len(), 10);
    let mut mended = video(61);
    mended.look = look(6);
    catalogue.add_video(generation, &mended).unwrap();
    assert_eq!(found(catalogue.as_ref(), generation, 61), Some(look(6).path));
    assert_eq!(catalogue.files().unwrap().len(), 10);
    is_sound(catalogue.as_ref(), 40);
}

fn spans_of_hits_are_those_of_their_clips(home: &Home) {
    let (catalogue, generation, _) = home.ten();
    let query = vector(9003, WIDTH);
    let answer =
        catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1)).unwrap();
    assert_eq!((answer.hits[0].clip, answer.hits[0].span), (3, TimeSpan::new(3.0, 4.0)));
}

fn jobs_of_a_writer_that_ended_are_stopped(home: &Home) {
    let catalogue = home.writer();
    let progress =
        JobProgress { num_files: 4, done_files: 1, media: Seconds(40.0), ..Default::default() };
    let first = catalogue.start_job("add", &progress).unwrap();
    catalogue.set_job(first, JobState::Failed, &progress, Some("no\0 disk")).unwrap();
    let job = catalogue.start_job("rebuild", &progress).unwrap();
    let done = JobProgress { done_media: Seconds(10.0), worked: Seconds(2.0), ..progress };
    catalogue.set_job(job, JobState::Running, &done, None).unwrap();
    let no_job = locvtp_search::catalogue::JobId(99);
    let unknown = catalogue.set_job(no_job, JobState::Done, &done, None);
    assert!(matches!(unknown, Err(CatalogueError::Unknown { .. })));
    drop(catalogue);
    let jobs = home.writer().jobs().unwrap();
    let told: Vec<_> =
        jobs.iter().map(|job| (job.kind.as_str(), job.state, job.progress)).collect();
    let expected = [("rebuild", JobState::Stopped, done), ("add", JobState::Failed, progress)];
    assert_eq!(told, expected);
    assert!(jobs[1].message.as_deref().unwrap().starts_with("no"));
}

fn compacting_changes_no_answer_and_frees_what_was_removed(home: &Home) {
    let (catalogue, generation, files) = home.ten();
    // So many that pages, or segments, are freed.
    let mut long = video(20);
    long.vectors = vec![(VectorKind::Clip, batch(20, 3000, WIDTH))];
    let long = catalogue.add_video(generation, &long).unwrap();
    let request = vector(3, WIDTH);
    let request = ScanRequest { num_tracks: 5, ..ScanRequest::new(&request, 20) };
    catalogue.remove_files(&[files[2], files[3], long]).unwrap();
    let reader = home.reader();
    let before = reader.scan(generation, VectorKind::Clip, &request).unwrap();
    assert!(catalogue.compact().unwrap() > 0);
    for catalogue in [catalogue.as_ref(), reader.as_ref()] {
        assert_eq!(catalogue.scan(generation, VectorKind::Clip, &request).unwrap(), before);
        is_sound(catalogue, 30 - 7 + 8);
    }
    assert!(matches!(reader.compact(), Err(CatalogueError::ReadOnly { .. })));
}

fn queries_that_point_nowhere_are_refused(home: &Home) {
    let (catalogue, generation, _) = home.ten();
    for (query, expected) in [
        (vec![0.0; WIDTH], VectorError::Zero),
        (vec![f32::NAN; WIDTH], VectorError::NotFinite { place: 0 }),
        (vec![1.0; 3], VectorError::Width { expected: WIDTH, found: 3 }),
    ] {
        match catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 5)) {
            Err(CatalogueError::Scan(ScanError::Query(error))) => assert_eq!(error, expected),
            other => panic!("{other:?}"),
        }
    }
}

fn what_is_not_text_is_kept_or_made_text(home: &Home) {
    use std::os::unix::ffi::OsStrExt;
    let (catalogue, generation, _) = home.ten();
    let odd = PathBuf::from(std::ffi::OsStr::from_bytes(b"/videos/\xff'\\.mp4"));
    let mut made = video(30);
    made.look.path = odd.clone();
    made.cues[0].text = "quote ' and \\ and \" and a\0b".into();
    catalogue.add_video(generation, &made).unwrap();
    let known = catalogue.known().unwrap();
    assert!(known.paths.iter().any(|path| path.look.path == odd));
    let hits = catalogue.find_cues("quote", None, 5).unwrap();
    assert_eq!(hits.len(), 1);
    assert!(hits[0].cue.text.starts_with("quote ' and \\ and \" and a"), "{hits:?}");
    let candidate = Candidate { look: look(31), identity: identity(31), file: None };
    let bad = catalogue.note_bad(&candidate, "a\0b").unwrap();
    let file = catalogue.files().unwrap().into_iter().find(|file| file.id == bad).unwrap();
    assert!(file.reason.unwrap().starts_with('a'));
}

fn what_is_not_there_is_said_so(home: &Home) {
    let missing = home.open(Access::Read).err().unwrap();
    assert!(matches!(missing, CatalogueError::Missing { .. }), "{missing}");
    assert!(missing.to_string().starts_with(&home.location.to_string()), "{missing}");
    let (catalogue, generation, files) = home.ten();
    let none = GenerationId(99);
    let query = vector(1, WIDTH);
    let scan = catalogue.scan(none, VectorKind::Clip, &ScanRequest::new(&query, 1));
    assert!(matches!(scan, Err(CatalogueError::Unknown { .. })));
    let set = catalogue.set_calibration(none, &serde_json::json!(1));
    assert!(matches!(set, Err(CatalogueError::Unknown { .. })));
    assert!(matches!(catalogue.swap_in(none), Err(CatalogueError::Unknown { .. })));
    assert!(matches!(catalogue.add_video(none, &video(1)), Err(CatalogueError::Unknown { .. })));
    let track = locvtp_search::segment::TrackId(9999);
    assert_eq!(catalogue.file_of(track).unwrap(), None);
    assert_eq!(catalogue.track_vectors(generation, VectorKind::Clip, track).unwrap(), None);
    assert_eq!(catalogue.cues(FileId(9999)).unwrap(), []);
    catalogue.remove_files(&[FileId(9999)]).unwrap();
    assert_eq!(catalogue.files().unwrap().len(), files.len());
}
