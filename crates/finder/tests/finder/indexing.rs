//! What is indexed, and what is not decoded again.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use locvtp_finder::{
    FileFilter, FinderError, IndexObserver, IndexSampling, Indexer, Question, discard_unfinished,
    remove,
};
use locvtp_search::catalogue::{Catalogue, FileState, GenerationState, JobProgress, JobState};
use locvtp_search::segment::VectorKind;
use locvtp_video::{ReadLimits, ReaderSettings, VideoOpener};

use crate::made::{Made, video};

const SENTENCE: &str = "a red square moves left";

#[test]
fn a_moved_file_is_found_at_its_new_place_and_no_frame_is_decoded() {
    let made = Made::of(3);
    let first = made.add();
    // Four seconds are eight clips of half a second, of two frames each; what these are made from is decoded, too.
    assert_eq!((first.num_added, first.num_clips), (3, 24));
    assert!((48..=120).contains(&first.num_frames), "{}", first.num_frames);
    assert_eq!((first.media_s * 1000.0).round(), 12_000.0);
    std::fs::create_dir(made.path("deeper")).unwrap();
    std::fs::rename(made.path("1.mp4"), made.path("deeper/renamed.mp4")).unwrap();
    std::fs::copy(made.path("2.mp4"), made.path("copy of 2.mp4")).unwrap();
    let again = made.add();
    assert_eq!((again.num_added, again.num_clips, again.num_frames), (0, 0, 0));
    assert_eq!((again.num_moved, again.num_unchanged, again.missing.len()), (2, 2, 0));
    let answer = made.finder().find(&Question::of(SENTENCE)).unwrap();
    let paths: Vec<&PathBuf> = answer.hits.iter().map(|hit| &hit.path).collect();
    assert!(paths.contains(&&made.path("deeper/renamed.mp4")), "{paths:?}");
    assert!(!paths.contains(&&made.path("1.mp4")), "{paths:?}");
    assert_eq!(answer.num_files, 3);
}

#[test]
fn files_of_one_content_are_decoded_once_and_a_missing_one_is_kept() {
    let made = Made::of(1);
    std::fs::copy(made.path("0.mp4"), made.path("twin.mp4")).unwrap();
    let summary = made.add();
    assert_eq!((summary.num_added, summary.num_moved, summary.num_clips), (1, 1, 8));
    let files = made.writer().files().unwrap();
    assert_eq!((files.len(), files[0].looks.len()), (1, 2));
    std::fs::remove_file(made.path("0.mp4")).unwrap();
    std::fs::remove_file(made.path("twin.mp4")).unwrap();
    let summary = made.add();
    // The one place by which it is kept, and the one that it lost.
    assert_eq!((summary.missing.len(), summary.gone_places.len(), summary.num_frames), (1, 1, 0));
    assert_eq!(made.writer().files().unwrap()[0].state, FileState::Missing);
    let hit = &made.finder().find(&Question::of(SENTENCE)).unwrap().hits[0];
    assert!(hit.is_missing);
}

#[test]
fn a_bad_file_is_one_line_with_the_reason_and_tried_again_only_when_it_changes() {
    #[derive(Default)]
    struct Told(Vec<String>);
    impl IndexObserver for Told {
        fn bad(&mut self, path: &Path, reason: &str) {
            assert!(path.ends_with("broken.mp4"), "{}", path.display());
            self.0.push(reason.to_owned());
        }
    }
    let made = Made::of(1);
    std::fs::write(made.path("broken.mp4"), "no video at all").unwrap();
    let mut told = Told::default();
    let summary = made.add_watched(&mut told);
    assert_eq!((summary.num_added, summary.bad.len()), (1, 1));
    // The path stands beside the reason, and not in it as well.
    assert!(told.0.len() == 1 && !told.0[0].contains("broken.mp4"), "{:?}", told.0);
    let files = made.writer().files().unwrap();
    let bad = files.iter().find(|file| file.state == FileState::Bad).unwrap();
    assert_eq!(bad.reason.as_ref(), Some(&told.0[0]));
    let mut told = Told::default();
    let again = made.add_watched(&mut told);
    assert_eq!((again.num_unchanged, again.num_still_bad, told.0.len()), (1, 1, 0));
    video(&made.path("broken.mp4"), 9, 40);
    let mended = made.add();
    assert_eq!((mended.num_added, mended.bad.len(), mended.num_unchanged), (1, 0, 1));
    assert!(made.writer().files().unwrap().iter().all(|file| file.state == FileState::Present));
}

#[test]
fn a_place_that_is_removed_takes_no_file_with_it_that_lies_elsewhere() {
    let made = Made::of(2);
    std::fs::create_dir(made.path("backup")).unwrap();
    std::fs::copy(made.path("0.mp4"), made.path("backup/0.mp4")).unwrap();
    video(&made.path("backup/own.mp4"), 7, 40);
    std::os::unix::fs::symlink(made.path("1.mp4"), made.path("link.mp4")).unwrap();
    made.add();
    let paths = || {
        let files = made.writer().files().unwrap().into_iter();
        let mut paths: Vec<PathBuf> =
            files.flat_map(|file| file.looks).map(|look| look.path).collect();
        paths.sort();
        paths
    };
    assert_eq!(paths().len(), 5);
    // Before these are taken out by a person, what is gone by itself is told as what it is.
    std::fs::write(made.path("broken.mp4"), "no video at all").unwrap();
    made.add();
    std::fs::remove_file(made.path("broken.mp4")).unwrap();
    std::fs::rename(made.path("backup/0.mp4"), made.videos.path().with_extension("away")).unwrap();
    let summary = made.add();
    assert_eq!((&summary.missing, &summary.gone_bad), (&vec![], &vec![made.path("broken.mp4")]));
    assert_eq!(summary.gone_places, [made.path("backup/0.mp4")]);
    std::fs::rename(made.videos.path().with_extension("away"), made.path("backup/0.mp4")).unwrap();
    made.add();

    let removed = remove(&made.writer(), &[made.path("backup")]).unwrap();
    assert_eq!(removed.files, [[made.path("backup/own.mp4")]]);
    assert_eq!(removed.places, [made.path("backup/0.mp4")]);
    let removed = remove(&made.writer(), &[made.path("link.mp4")]).unwrap();
    assert_eq!((removed.files.len(), removed.places), (0, vec![made.path("link.mp4")]));
    assert_eq!(paths(), [made.path("0.mp4"), made.path("1.mp4")]);
    // All places of a file are the file.
    std::fs::rename(made.path("backup/0.mp4"), made.path("twin.mp4")).unwrap();
    made.add();
    let both = [made.path("0.mp4"), made.path("twin.mp4")];
    assert_eq!(remove(&made.writer(), &both).unwrap().files, [both.to_vec()]);
}

#[test]
fn a_file_that_only_its_own_name_adds_is_encoded_for_another_model_too() {
    let made = Made::of(1);
    std::fs::rename(made.path("0.mp4"), made.path("single.xyz")).unwrap();
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let add = |root: PathBuf, stride_s| {
        let sampling = IndexSampling { stride_s };
        let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
        indexer.add(&[root], &mut ()).unwrap()
    };
    assert_eq!(add(made.path("single.xyz"), None).num_added, 1);
    let again = add(made.path(""), None);
    assert_eq!((again.num_unchanged, again.missing.len()), (1, 0));
    let other = add(made.path(""), Some(0.25));
    assert_eq!((other.num_added, other.num_left, other.is_swapped_in), (1, 0, true));
}

#[test]
fn a_file_over_a_limit_is_tried_again_when_the_limit_is_wider_and_when_it_was_touched() {
    let made = Made::of(2);
    let with_limit = |frames: usize| {
        let limits = ReadLimits { frames, ..ReadLimits::default() };
        let settings = ReaderSettings { limits, ..ReaderSettings::default() };
        made.add_opened(VideoOpener { settings, ..VideoOpener::default() })
    };
    let first = with_limit(3);
    assert_eq!((first.num_added, first.bad.len()), (0, 2), "{first:?}");
    assert!(first.bad[0].1.contains("`limits.frames` (now 3; as a flag: `--limit frames=..`)"));
    for frames in [3, 2] {
        let as_before = with_limit(frames);
        assert_eq!((as_before.num_still_bad, as_before.bad.len()), (2, 0), "{frames}");
    }
    let wider = with_limit(4);
    assert_eq!((wider.num_still_bad, wider.bad.len()), (0, 2));
    // Touched and as bad is told again, and not counted as moved.
    let touched = std::fs::File::options().write(true).open(made.path("0.mp4")).unwrap();
    touched.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let again = with_limit(4);
    assert_eq!((again.num_still_bad, again.bad.len(), again.num_moved), (1, 1, 0));
    std::fs::rename(made.path("0.mp4"), made.path("moved.mp4")).unwrap();
    let moved = with_limit(4);
    assert_eq!((moved.num_still_bad, moved.bad.len(), moved.num_moved), (2, 0, 0));
    let widest = made.add();
    assert_eq!((widest.num_added, widest.bad.len(), widest.num_still_bad), (2, 0, 0));
    assert_eq!(made.add().num_unchanged, 2);
}

#[test]
fn what_was_stopped_keeps_whole_files_and_goes_on() {
    struct Stopping(Cell<usize>);
    impl IndexObserver for Stopping {
        fn should_stop(&self) -> bool {
            // At the first batch there are clips of some files, and of more than none the end.
            self.0.set(self.0.get() + 1);
            self.0.get() > 30
        }
    }
    let made = Made::of(8);
    let stopped = made.add_watched(&mut Stopping(Cell::new(0)));
    assert!(stopped.is_stopped && stopped.num_added < 8, "{stopped:?}");
    let jobs = made.writer().jobs().unwrap();
    assert_eq!((jobs[0].state, jobs[0].progress.num_files), (JobState::Stopped, 8));
    assert_eq!(jobs[0].progress.done_files, stopped.num_added as u64);
    let rest = made.add();
    assert_eq!(rest.num_added + stopped.num_added, 8);
    let catalogue = made.writer();
    assert_eq!(catalogue.verify().unwrap().num_vectors, 64);
    assert_eq!(catalogue.jobs().unwrap()[0].state, JobState::Done);
}

/// Stops when some files are done.
struct StoppedSoon(Cell<u64>);

impl IndexObserver for StoppedSoon {
    fn progress(&mut self, progress: &JobProgress) {
        self.0.set(progress.done_files);
    }

    fn should_stop(&self) -> bool {
        self.0.get() >= 2
    }
}

/// Whether the last job ended before all of its files were done.
fn is_unfinished(made: &Made) -> bool {
    made.writer().jobs().unwrap()[0].state != JobState::Done
}

#[test]
fn what_was_stopped_is_finished_when_its_files_are_gone_and_all_was_looked_at() {
    let made = Made::of(8);
    let stopped = made.add_watched(&mut StoppedSoon(Cell::new(0)));
    assert!(stopped.is_stopped && is_unfinished(&made));
    let done = made.writer().files().unwrap();
    let is_done = |path: &PathBuf| done.iter().any(|file| file.looks[0].path == *path);
    let rest = (0..8).map(|number| made.path(&format!("{number}.mp4")));
    rest.filter(|path| !is_done(path)).for_each(|path| std::fs::remove_file(path).unwrap());
    // One folder of several says nothing of the others.
    std::fs::create_dir(made.path("empty")).unwrap();
    {
        let (catalogue, embedder) = (made.writer(), made.embedder());
        let sampling = IndexSampling::default();
        let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
        indexer.add(&[made.path("empty")], &mut ()).unwrap();
    }
    assert!(is_unfinished(&made));
    assert_eq!(made.add().num_added, 0);
    assert!(!is_unfinished(&made));
    let jobs = made.writer().jobs().unwrap();
    assert_eq!((jobs[0].progress.num_files, jobs[1].progress.num_files), (0, 8));
    made.add();
    assert_eq!(made.writer().jobs().unwrap().len(), jobs.len(), "once");
}

#[test]
fn a_swap_that_was_given_up_is_told_and_discarded() {
    let made = Made::of(8);
    made.add();
    let embedder = made.embedder();
    let with_stride = |observer: &mut dyn IndexObserver| {
        let catalogue = made.writer();
        let sampling = IndexSampling { stride_s: Some(0.25) };
        let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
        indexer.add(&[made.videos.path().to_owned()], observer).unwrap()
    };
    let begun = with_stride(&mut StoppedSoon(Cell::new(0)));
    assert!(begun.is_stopped && begun.begun_beside.is_none() && is_unfinished(&made));
    // To stay with the first is no unfinished work.
    let stayed = made.add();
    assert_eq!((stayed.num_unchanged, stayed.begun_beside.is_some()), (8, true));
    assert!(!is_unfinished(&made));
    let discarded = discard_unfinished(&made.writer()).unwrap().unwrap();
    assert_eq!(discarded.state, GenerationState::Building);
    assert_eq!(made.writer().verify().unwrap().num_vectors, 64);
    assert_eq!(made.add().begun_beside, None);
    // One that lacks only what is gone waits for it.
    std::fs::rename(made.path("7.mp4"), made.path("7.away")).unwrap();
    let waiting = with_stride(&mut ());
    assert_eq!((waiting.num_left, waiting.num_left_gone), (1, 1));
    assert!(discard_unfinished(&made.writer()).unwrap().is_none());
    std::fs::rename(made.path("7.away"), made.path("7.mp4")).unwrap();
    assert!(with_stride(&mut ()).is_swapped_in);
    assert!(discard_unfinished(&made.writer()).unwrap().is_none());
}

#[test]
fn another_model_takes_the_place_of_the_first_when_it_has_all_files() {
    let made = Made::of(2);
    made.add();
    let other = Made::new();
    let (config, model) = {
        let directory = other.embedder();
        let config = directory.directory().config.clone();
        let model = config.init(1, directory.device());
        (config, model)
    };
    let directory = other.embedder();
    let directory = directory.directory();
    locvtp_model::ModelDirectory {
        config,
        preprocessing: directory.preprocessing.clone(),
        tokenizer: directory.tokenizer.clone(),
        model,
    }
    .write_files(other.model.path())
    .unwrap();
    let catalogue = made.writer();
    let embedder = other.embedder();
    let indexer =
        |sampling| Indexer::new(&catalogue, &embedder, other.model.path(), sampling).unwrap();
    // One file of two: the first model's index stays.
    let one = indexer(IndexSampling::default());
    std::fs::rename(made.path("1.mp4"), other.path("1.mp4")).unwrap();
    let summary = one.add(&[made.path("0.mp4")], &mut ()).unwrap();
    assert_eq!((summary.is_swapped_in, summary.num_left), (false, 1));
    made.finder().find(&Question::of(SENTENCE)).unwrap();
    std::fs::rename(other.path("1.mp4"), made.path("1.mp4")).unwrap();
    let summary = one.add(&[made.videos.path().to_owned()], &mut ()).unwrap();
    assert!(summary.is_swapped_in && summary.num_added == 1, "{summary:?}");
    drop(catalogue);
    let catalogue = std::sync::Arc::new(made.writer());
    let old = locvtp_finder::Finder::open(catalogue, made.embedder(), made.model.path());
    assert!(matches!(old.err(), Some(FinderError::OtherModel { .. })));
}

#[test]
fn an_index_stays_while_files_of_it_are_gone_and_is_replaced_when_they_are_back() {
    let made = Made::of(3);
    made.add();
    let embedder = made.embedder();
    let away = tempfile::tempdir().unwrap();
    let catalogue = made.writer();
    let sampling = IndexSampling { stride_s: Some(0.25) };
    let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let root = [made.videos.path().to_owned()];
    let live = || {
        let all = catalogue.generations().unwrap();
        let live = all.iter().find(|it| it.state == GenerationState::Live).unwrap();
        (IndexSampling::of_json(&live.model.sampling).stride_s, live.num_files)
    };
    let carry = |names: &[&str], out: bool| {
        for name in names {
            let (here, there) = (made.path(name), away.path().join(name));
            let (from, to) = if out { (here, there) } else { (there, here) };
            std::fs::rename(from, to).unwrap();
        }
    };
    // All of them, as of a drive that is not mounted.
    carry(&["0.mp4", "1.mp4", "2.mp4"], true);
    let none = indexer.add(&root, &mut ()).unwrap();
    assert_eq!((none.is_swapped_in, none.num_left, none.num_left_gone), (false, 3, 3));
    assert_eq!(live(), (None, 3));
    assert_eq!(made.finder().find(&Question::of(SENTENCE)).unwrap().num_gone, 3);
    carry(&["0.mp4", "1.mp4"], false);
    let some = indexer.add(&root, &mut ()).unwrap();
    assert_eq!((some.num_added, some.num_left, some.num_left_gone), (2, 1, 1));
    assert_eq!((some.is_swapped_in, live()), (false, (None, 3)));
    // What was encoded is kept beside it.
    carry(&["2.mp4"], false);
    let rest = indexer.add(&root, &mut ()).unwrap();
    assert_eq!((rest.num_added, rest.num_left, rest.is_swapped_in), (1, 0, true));
    assert_eq!(live(), (Some(0.25), 3));
}

#[test]
fn a_file_that_goes_while_it_is_encoded_anew_is_not_lost() {
    /// Takes a folder away when the first files are in.
    struct Unplugging<'a>(&'a Path);
    impl IndexObserver for Unplugging<'_> {
        fn planned(&mut self, _num_known: usize, _num_files: usize) {
            std::fs::rename(self.0, self.0.with_extension("away")).unwrap();
        }
    }
    let made = Made::of(1);
    let drive = made.path("drive");
    std::fs::create_dir(&drive).unwrap();
    (5..7).for_each(|number| video(&drive.join(format!("{number}.mp4")), number, 40));
    made.add();
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let sampling = IndexSampling { stride_s: Some(0.25) };
    let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let root = [made.videos.path().to_owned()];
    let summary = indexer.add(&root, &mut Unplugging(&drive)).unwrap();
    assert_eq!((summary.bad.len(), summary.missing.len(), summary.num_added), (0, 2, 1));
    assert_eq!((summary.is_swapped_in, summary.num_left_gone), (false, 2));
    let moments = |name: &str| {
        let pattern = Some(name.to_owned());
        let files = FileFilter { pattern, ..FileFilter::default() };
        made.finder().find(&Question { files, ..Question::of(SENTENCE) }).unwrap().hits.len()
    };
    assert!(moments("5.mp4") > 0 && moments("6.mp4") > 0);
    std::fs::rename(drive.with_extension("away"), &drive).unwrap();
    assert!(indexer.add(&root, &mut ()).unwrap().is_swapped_in);
}

#[test]
fn whether_a_file_is_gone_or_changed_is_seen_when_it_is_found() {
    let made = Made::of(2);
    made.add();
    let hits = |number: u32| {
        let pattern = Some(format!("{number}.mp4"));
        let files = FileFilter { pattern, ..FileFilter::default() };
        let answer = made
            .finder()
            .find(&Question { files, refine: true, ..Question::of(SENTENCE) })
            .unwrap();
        let hit = &answer.hits[0];
        (hit.is_missing, hit.is_changed, hit.is_refined, answer.num_gone)
    };
    assert_eq!((hits(0), hits(1)), ((false, false, true, 0), (false, false, true, 0)));
    std::fs::remove_file(made.path("0.mp4")).unwrap();
    video(&made.path("1.mp4"), 77, 40);
    assert_eq!((hits(0), hits(1)), ((true, false, false, 1), (false, true, false, 0)));
    made.add();
    assert_eq!(hits(1), (false, false, true, 0));
    // It is back, though nobody has told the index.
    video(&made.path("0.mp4"), 0, 40);
    assert_eq!(hits(0), (false, false, true, 0));
}

#[test]
fn a_stride_gives_more_clips_and_another_index() {
    let made = Made::of(1);
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let sampling = IndexSampling { stride_s: Some(0.25) };
    let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let summary = indexer.add(&[made.videos.path().to_owned()], &mut ()).unwrap();
    assert_eq!(summary.num_clips, 15);
    let generation = catalogue.generations().unwrap()[0].clone();
    assert_eq!(IndexSampling::of_json(&generation.model.sampling), sampling);
    let track = catalogue.files().unwrap()[0].track.unwrap();
    let vectors = catalogue.track_vectors(generation.id, VectorKind::Clip, track).unwrap();
    assert_eq!(vectors.unwrap().spans[1].to_string(), "0.25-0.75 s");
}

#[test]
fn subtitles_that_come_change_or_go_are_seen_at_the_next_look_without_decoding() {
    let made = Made::of(3);
    made.add();
    let said = |text: &str| {
        let question = Question { said: Some(text.to_owned()), ..Question::default() };
        made.finder().find(&question).unwrap().hits.len()
    };
    let before = made.finder().find(&Question::of(SENTENCE)).unwrap().hits;
    let srt = |text: &str| format!("1\n00:00:00,500 --> 00:00:01,000\n{text}\n");
    let look_again = |wanted: (usize, u64)| {
        let summary = made.add();
        assert_eq!((summary.num_other_words, summary.num_cues), wanted);
        assert_eq!((summary.num_frames, summary.num_unchanged), (0, 3));
    };
    // The names of others do not count, whatever they begin with.
    std::fs::write(made.path("10.srt"), srt("nobody says it")).unwrap();
    look_again((0, 0));
    std::fs::write(made.path("1.en.srt"), srt("crack the eggs")).unwrap();
    look_again((1, 1));
    assert_eq!((said("eggs"), said("nobody")), (1, 0));
    look_again((0, 0));
    std::fs::write(made.path("1.en.srt"), srt("crack the nuts")).unwrap();
    look_again((1, 1));
    assert_eq!((said("eggs"), said("nuts")), (0, 1));
    std::fs::remove_file(made.path("1.en.srt")).unwrap();
    look_again((1, 0));
    assert_eq!(said("nuts"), 0);
    assert_eq!(made.finder().find(&Question::of(SENTENCE)).unwrap().hits, before);
}

/// A copy with its index before the pictures, of which the last part is missing.
fn cut_short(made: &Made, name: &str) -> PathBuf {
    let whole = made.path("whole.mkv");
    video(&whole.with_extension("mp4"), 5, 400);
    let to = made.path(name);
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(whole.with_extension("mp4"));
    command.args(["-c", "copy", "-movflags", "+faststart"]).arg(&to);
    assert!(command.status().unwrap().success());
    std::fs::remove_file(whole.with_extension("mp4")).unwrap();
    let size = std::fs::metadata(&to).unwrap().len();
    std::fs::File::options().write(true).open(&to).unwrap().set_len(size / 2).unwrap();
    to
}

#[test]
fn a_video_that_is_cut_short_is_indexed_and_said_to_be() {
    #[derive(Default)]
    struct Told(Vec<String>);
    impl IndexObserver for Told {
        fn note(&mut self, text: &str) {
            self.0.push(text.to_owned());
        }
    }
    let made = Made::of(1);
    let path = cut_short(&made, "short.mp4");
    let mut told = Told::default();
    let summary = made.add_watched(&mut told);
    assert_eq!((summary.num_added, summary.num_cut_short, summary.bad.len()), (2, 1, 0));
    let ends = "cut short: the pictures end at 0:";
    assert!(told.0.len() == 1 && told.0[0].contains("short.mp4: "), "{:?}", told.0);
    assert!(told.0[0].contains(ends) && told.0[0].ends_with(" of 0:40.00"), "{:?}", told.0);
    let reason = || {
        let files = made.writer().files().unwrap();
        let (short, whole): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.looks[0].path == path);
        assert_eq!(whole[0].reason, None);
        short[0].reason.clone().unwrap()
    };
    assert!(reason().starts_with(ends), "{}", reason());
    // It is known, too, after its subtitles were read again.
    let srt = "1\n00:00:00,500 --> 00:00:01,000\nwords\n";
    std::fs::write(path.with_extension("srt"), srt).unwrap();
    let again = made.add();
    assert_eq!((again.num_other_words, again.num_cut_short), (1, 0));
    assert_eq!(again.num_still_cut_short, 1);
    assert!(reason().starts_with(ends), "{}", reason());
}

#[test]
fn files_that_another_index_needs_are_not_counted_as_unchanged() {
    let made = Made::of(2);
    made.add();
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let sampling = IndexSampling { stride_s: Some(0.25) };
    let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let summary = indexer.add(&[made.videos.path().to_owned()], &mut ()).unwrap();
    assert_eq!((summary.num_added, summary.num_unchanged), (2, 0));
}

#[test]
fn names_that_are_no_text_are_json_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let made = Made::of(1);
    let name = std::ffi::OsStr::from_bytes(b"broken\xff.mp4");
    std::fs::write(made.videos.path().join(name), "no video").unwrap();
    let json = serde_json::to_value(made.add()).unwrap();
    assert!(json["bad"][0][0].as_str().unwrap().ends_with("broken\u{fffd}.mp4"), "{json}");
}
