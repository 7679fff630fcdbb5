//! Real folders: what is new, moved, changed, missing, still being written.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use locvtp_search::catalogue::{Access, Catalogue, SqliteCatalogue};
use locvtp_search::identity::{
    ContentIdentity, FolderWalk, Known, KnownPath, Look, Moved, Plan, PlanSettings, plan, walk,
    whole_hash,
};
use locvtp_video::Seconds;

use crate::made::{model, video};

const S: i64 = 1_000_000_000;

fn now_ns() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as i64
}

/// As if a minute had gone by.
pub(crate) fn later() -> PlanSettings {
    PlanSettings::at(now_ns() + 60 * S)
}

pub(crate) fn walked(folder: &Path) -> FolderWalk {
    walk(&[folder.to_owned()])
}

pub(crate) fn planned(walk: &FolderWalk, known: &Known, settings: PlanSettings) -> Plan {
    plan(walk, known, settings, &mut |look| whole_hash(&look.path, &|| false))
}

/// Where nothing should have to be read whole.
pub(crate) fn planned_by_samples(walk: &FolderWalk, known: &Known, settings: PlanSettings) -> Plan {
    plan(walk, known, settings, &mut |look| panic!("{} is read whole", look.path.display()))
}

/// Does what a plan says, with videos of no length.
pub(crate) fn carry_out(catalogue: &SqliteCatalogue, plan: &Plan) {
    let generation = catalogue.generation(&model(1)).unwrap();
    catalogue.note_moved(&plan.moved).unwrap();
    catalogue.note_moved(&plan.moved_bad).unwrap();
    catalogue.note_missing(&plan.missing).unwrap();
    catalogue.note_waiting(&plan.waiting).unwrap();
    for candidate in plan.add.iter().chain(plan.changed.iter().map(|(_, it)| it)) {
        let mut video = video(0);
        let whole = whole_hash(&candidate.look.path, &|| false).unwrap();
        video.identity = ContentIdentity { whole, ..candidate.identity };
        video.look = candidate.look.clone();
        video.duration = Seconds(1.0);
        catalogue.add_video(generation, &video).unwrap();
    }
    let known = catalogue.known().unwrap();
    let copies = plan.copies.iter().map(|copy| {
        let of = known.paths.iter().find(|path| path.look.path == copy.of).unwrap();
        Moved { file: of.file, from: None, to: copy.to.clone(), whole: None }
    });
    catalogue.note_moved(&copies.collect::<Vec<_>>()).unwrap();
}

pub(crate) fn names<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Vec<&'a str> {
    paths.into_iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect()
}

#[test]
fn files_are_known_by_their_content_wherever_they_are_moved() {
    let folder = tempfile::tempdir().unwrap();
    let videos = folder.path().join("videos");
    fs::create_dir_all(videos.join("sub/.hidden")).unwrap();
    let put = |name: &str, content: &str| fs::write(videos.join(name), content).unwrap();
    for name in ["a.mp4", "b.mp4", "sub/c.mkv", "d.mp4", "e.mp4"] {
        put(name, name);
    }
    put("copy.mp4", "a.mp4");
    put("notes.txt", "no video");
    put("sub/.hidden/f.mp4", "hidden");
    let catalogue = SqliteCatalogue::open(&folder.path().join("catalogue"), Access::WRITE).unwrap();
    let again = || {
        let made = planned(&walked(&videos), &catalogue.known().unwrap(), later());
        carry_out(&catalogue, &made);
        made
    };
    let first = again();
    let added = names(first.add.iter().map(|it| &it.look.path));
    assert_eq!(added, ["a.mp4", "b.mp4", "d.mp4", "e.mp4", "c.mkv"]);
    assert_eq!(names(first.copies.iter().map(|it| &it.to.path)), ["copy.mp4"]);
    assert_eq!(again().unchanged.len(), 6);
    assert_eq!(catalogue.files().unwrap().len(), 5);

    // Renamed, moved, changed, touched, removed.
    fs::rename(videos.join("a.mp4"), videos.join("z.mp4")).unwrap();
    fs::rename(videos.join("sub/c.mkv"), videos.join("c.mkv")).unwrap();
    put("b.mp4", "other content");
    let touched = File::options().write(true).open(videos.join("d.mp4")).unwrap();
    touched.set_modified(SystemTime::now() - Duration::from_secs(9000)).unwrap();
    fs::remove_file(videos.join("e.mp4")).unwrap();
    let second = again();
    let from = |at: usize| second.moved[at].from.as_ref().map(|from| from.file_name().unwrap());
    assert_eq!(names(second.moved.iter().map(|it| &it.to.path)), ["c.mkv", "d.mp4", "z.mp4"]);
    assert_eq!(
        [from(0), from(1), from(2)].map(|it| it.map(|it| it.to_str().unwrap())),
        [Some("c.mkv"), None, Some("a.mp4")]
    );
    assert_eq!(names(second.changed.iter().map(|(_, it)| &it.look.path)), ["b.mp4"]);
    assert_eq!(names(second.missing.iter().map(|(_, path)| path)), ["e.mp4"]);
    assert_eq!((second.add.len(), second.unchanged.len()), (0, 1));
    assert_eq!(again().unchanged.len(), 5);
    // It comes back under another name: nothing to encode.
    put("back.mp4", "e.mp4");
    let third = again();
    assert_eq!(names(third.moved.iter().map(|it| &it.to.path)), ["back.mp4"]);
    assert_eq!((third.add.len(), third.missing.len(), catalogue.files().unwrap().len()), (0, 0, 5));
}

#[test]
fn a_folder_that_was_not_walked_or_cannot_be_has_nothing_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let known = |path: PathBuf| {
        let look = Look { path, size: 1, modified_ns: 0, changed_ns: 0 };
        let identity = ContentIdentity { size: 1, sample: 1, whole: None };
        let file = locvtp_search::catalogue::FileId(1);
        KnownPath { look, file, identity, is_missing: false, is_bad: false, is_faulty: false }
    };
    let known = Known {
        paths: vec![known(one.join("a.mp4")), known(other.join("a.mp4"))],
        waiting: vec![],
    };
    // `one` is not there: perhaps its disk is not mounted.
    assert_eq!(planned_by_samples(&walked(&one), &known, later()).missing.len(), 0);
    fs::create_dir(&one).unwrap();
    let missing = planned_by_samples(&walked(&one), &known, later()).missing;
    assert_eq!(missing.into_iter().map(|it| it.1).collect::<Vec<_>>(), [one.join("a.mp4")]);
}

#[test]
fn a_file_that_is_being_written_waits_until_two_looks_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let mut known = Known::default();
    let mut look = |content: &str| {
        if !content.is_empty() {
            fs::write(&path, content).unwrap();
            // As copying programs do at their end; the time of the last change stays.
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(SystemTime::UNIX_EPOCH)
                .unwrap();
        }
        let made = planned(&walked(folder.path()), &known, PlanSettings::at(now_ns()));
        known.waiting = made.waiting.clone();
        (made.waiting.len(), made.add.len())
    };
    assert_eq!(look("half"), (1, 0));
    assert_eq!(look("half and more"), (1, 0));
    assert_eq!(look(""), (0, 1));
    // Quiet for long enough, it does not wait at all.
    let made = planned(&walked(folder.path()), &Known::default(), later());
    assert_eq!((made.waiting.len(), made.add.len()), (0, 1));
}

#[test]
fn ten_thousand_unchanged_or_moved_files_take_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    for number in 0..10_000 {
        let sub = place("before").join((number / 500).to_string());
        if number % 500 == 0 {
            fs::create_dir_all(&sub).unwrap();
        }
        fs::write(sub.join(format!("{number}.mp4")), number.to_string()).unwrap();
    }
    let paths = walked(folder.path()).files.into_iter().enumerate().map(|(number, look)| {
        let identity = ContentIdentity::of(&look.path).unwrap();
        let file = locvtp_search::identity::FileId(number as i64);
        KnownPath { look, file, identity, is_missing: false, is_bad: false, is_faulty: false }
    });
    let known = Known { paths: paths.collect(), waiting: vec![] };
    let timed = || {
        let began = Instant::now();
        (planned_by_samples(&walked(folder.path()), &known, later()), began.elapsed())
    };
    // Other programs may be at work: the best of three.
    let (unchanged, took) = (0..3).map(|_| timed()).min_by_key(|it| it.1).unwrap();
    assert_eq!(unchanged.unchanged.len(), 10_000);
    fs::rename(place("before"), place("after")).unwrap();
    let (moved, took_moved) = timed();
    assert_eq!((moved.moved.len(), moved.add.len(), moved.missing.len()), (10_000, 0, 0));
    for moved in &moved.moved {
        let from = moved.from.as_ref().unwrap().strip_prefix(place("before")).unwrap();
        assert_eq!(moved.to.path.strip_prefix(place("after")).unwrap(), from);
    }
    println!("10,000 files unchanged: {took:?}, moved: {took_moved:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(took_moved < Duration::from_secs(20), "{took_moved:?}");
}

#[test]
fn pipes_and_devices_are_told_and_never_opened_and_folders_are_walked() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let made = std::process::Command::new("mkfifo").arg(at("pipe.mp4")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", at("zero.mp4")).unwrap();
    fs::create_dir(at("folder.mp4")).unwrap();
    fs::write(at("folder.mp4/a.mp4"), "a").unwrap();
    std::os::unix::fs::symlink(at("folder.mp4"), at("link.mp4")).unwrap();
    let found = walk(&[folder.path().to_owned(), at("pipe.mp4")]);
    assert_eq!(names(found.files.iter().map(|look| &look.path)), ["a.mp4"]);
    let mut closed = names(found.closed.iter().map(|(path, _)| path));
    closed.sort();
    assert_eq!(closed, ["pipe.mp4", "pipe.mp4", "zero.mp4"]);
    assert!(found.closed[0].1.to_string().contains("no file"), "{}", found.closed[0].1);
}

#[test]
fn what_could_not_be_read_is_not_counted_as_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.mp4"), "a").unwrap();
    fs::write(folder.path().join("b.mp4"), "b").unwrap();
    let paths = walked(folder.path()).files.into_iter().enumerate().map(|(number, look)| {
        let identity = ContentIdentity::of(&look.path).unwrap();
        let file = locvtp_search::identity::FileId(number as i64);
        KnownPath { look, file, identity, is_missing: false, is_bad: number == 1, is_faulty: false }
    });
    let known = Known { paths: paths.collect(), waiting: vec![] };
    let made = planned(&walked(folder.path()), &known, later());
    assert_eq!((made.unchanged.len(), made.still_bad.len(), made.add.len()), (1, 1, 0));
}

#[test]
fn a_known_file_that_a_walk_passes_over_is_there_and_not_missing() {
    let folder = tempfile::tempdir().unwrap();
    let videos = folder.path().join("videos");
    fs::create_dir_all(videos.join(".own")).unwrap();
    for name in ["single.xyz", "noext", ".own/a.mp4"] {
        fs::write(videos.join(name), name).unwrap();
    }
    let catalogue = SqliteCatalogue::open(&folder.path().join("catalogue"), Access::WRITE).unwrap();
    let again = |roots: &[PathBuf]| {
        let made = planned(&walk(roots), &catalogue.known().unwrap(), later());
        carry_out(&catalogue, &made);
        made
    };
    let all = std::slice::from_ref(&videos);
    let named = ["single.xyz", "noext", ".own"].map(|name| videos.join(name));
    assert_eq!((again(all).add.len(), again(&named).add.len()), (0, 3));
    let as_it_was = again(all);
    assert_eq!((as_it_was.unchanged.len(), as_it_was.missing.len()), (3, 0));
    // What an earlier version took for missing is found again, and what changed is seen.
    let known = catalogue.known().unwrap();
    let noted: Vec<_> =
        known.paths.iter().map(|path| (path.file, path.look.path.clone())).collect();
    catalogue.note_missing(&noted).unwrap();
    fs::write(&named[0], "other content").unwrap();
    let seen = again(all);
    assert_eq!((seen.moved.len(), seen.changed.len(), seen.missing.len()), (2, 1, 0));
    // A folder in its place is no file, and what is removed is gone.
    fs::remove_file(&named[1]).unwrap();
    fs::create_dir(&named[1]).unwrap();
    fs::remove_dir_all(&named[2]).unwrap();
    assert_eq!(names(again(all).missing.iter().map(|(_, path)| path)), ["a.mp4", "noext"]);
}

#[test]
fn a_link_to_a_folder_elsewhere_is_named_and_one_to_a_walked_folder_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["walked/sub", "elsewhere"] {
        fs::create_dir_all(at(name)).unwrap();
    }
    fs::write(at("elsewhere/a.mp4"), "a").unwrap();
    for (link, target) in [
        ("link", "elsewhere"),
        (".link", "elsewhere"),
        ("other.mp4", "elsewhere"),
        ("own", "walked/sub"),
    ] {
        std::os::unix::fs::symlink(at(target), at("walked").join(link)).unwrap();
    }
    let found = walk(&[at("walked")]);
    assert_eq!(names(&found.links), ["link", "other.mp4"]);
    assert!(found.files.is_empty() && found.closed.is_empty());
}

#[test]
fn a_folder_with_a_file_nomedia_is_passed_over_with_all_below_unless_it_is_named_itself() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("private/below")).unwrap();
    for name in ["a.mp4", "private/b.mp4", "private/below/c.mp4"] {
        fs::write(at(name), name).unwrap();
    }
    fs::write(at("private/.nomedia"), "").unwrap();
    let found = walk(&[folder.path().into()]);
    assert_eq!(names(found.files.iter().map(|look| &look.path)), ["a.mp4"]);
    assert_eq!(found.left_out, [at("private")]);
    let found = walk(&[at("private")]);
    assert_eq!(names(found.files.iter().map(|look| &look.path)), ["b.mp4", "c.mp4"]);
    assert!(found.left_out.is_empty());
}
