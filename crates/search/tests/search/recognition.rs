//! Files whose samples are known: which of them are known ones, and which of them are read whole to tell.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use locvtp_search::catalogue::{Access, Catalogue, FileState, SqliteCatalogue};
use locvtp_search::identity::{Candidate, ContentIdentity, Plan, plan, whole_hash};

use crate::files::{carry_out, later, names, walked};

/// A folder of files of 1 MiB that differ in a byte between the samples alone, and their catalogue.
struct Scene {
    folder: tempfile::TempDir,
}

/// When a file was written to.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

impl Scene {
    /// With these files, indexed.
    fn of(files: &[(&str, u8, u64)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("videos")).unwrap();
        let scene = Self { folder };
        files.iter().for_each(|(name, byte, seconds)| scene.put(name, *byte, *seconds));
        scene.again();
        scene
    }

    fn catalogue(&self) -> SqliteCatalogue {
        SqliteCatalogue::open(&self.folder.path().join("catalogue"), Access::WRITE).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("videos").join(name)
    }

    fn put(&self, name: &str, byte: u8, seconds: u64) {
        fs::write(self.path(name), vec![7; 1 << 20]).unwrap();
        self.change(name, byte, seconds);
    }

    /// Writes the byte in place.
    fn change(&self, name: &str, byte: u8, seconds: u64) {
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.write_all_at(&[byte], 300_000).unwrap();
        file.set_modified(at(seconds)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// What is to be done, and which files were read whole for it.
    fn planned(&self) -> (Plan, Vec<String>) {
        let read = RefCell::new(Vec::new());
        let (walked, known) = (walked(&self.path("")), self.catalogue().known().unwrap());
        let made = plan(&walked, &known, later(), &mut |look| {
            read.borrow_mut().push(look.path.file_name().unwrap().to_str().unwrap().to_owned());
            whole_hash(&look.path, &|| false)
        });
        (made, read.into_inner())
    }

    fn again(&self) -> (Plan, Vec<String>) {
        let (plan, read) = self.planned();
        carry_out(&self.catalogue(), &plan);
        (plan, read)
    }

    /// As an earlier version left it, that knew samples alone.
    fn forget_wholes(&self) {
        self.sql("UPDATE files SET whole = NULL");
    }

    /// A change from outside; the checksums of the records, which would tell of it, go.
    fn sql(&self, statement: &str) {
        let place = self.folder.path().join("catalogue/catalogue.sqlite");
        let both = format!("{statement}; DROP TABLE seals");
        rusqlite::Connection::open(place).unwrap().execute_batch(&both).unwrap();
    }
}

/// New, changed, known elsewhere or touched, copies of new ones.
fn counts(plan: &Plan) -> (usize, usize, usize, usize) {
    assert!(plan.waiting.is_empty() && plan.unreadable.is_empty(), "{plan:?}");
    (plan.add.len(), plan.changed.len(), plan.moved.len(), plan.copies.len())
}

#[test]
fn a_file_that_was_changed_in_place_is_changed_whatever_its_time_says_and_a_touched_one_is_not() {
    for seconds in [10, 20] {
        let scene = Scene::of(&[("a.mp4", 0, 10), ("b.mp4", 1, 10)]);
        scene.change("a.mp4", 5, seconds);
        scene.change("b.mp4", 1, seconds);
        let (plan, read) = scene.again();
        assert_eq!(names(plan.changed.iter().map(|(_, it)| &it.look.path)), ["a.mp4"]);
        assert_eq!(names(plan.moved.iter().map(|it| &it.to.path)), ["b.mp4"]);
        assert_eq!(read, ["a.mp4", "b.mp4"]);
        // Once.
        let (plan, read) = scene.again();
        assert_eq!((plan.unchanged.len(), counts(&plan), read.len()), (2, (0, 0, 0, 0), 0));
        // Other rights leave the content as it is.
        fs::set_permissions(scene.path("a.mp4"), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(counts(&scene.again().0), (0, 0, 1, 0));
        assert_eq!(scene.catalogue().files().unwrap().len(), 2);
    }
}

#[test]
fn a_good_copy_laid_over_a_damaged_one_is_the_good_one() {
    let scene = Scene::of(&[("damaged.mp4", 0, 10), ("good.mp4", 1, 10)]);
    // As `cp -p`: the same size and time of content.
    scene.change("damaged.mp4", 1, 10);
    let (plan, _) = scene.again();
    assert_eq!(counts(&plan), (0, 0, 1, 0));
    let files = scene.catalogue().files().unwrap();
    assert_eq!((files.len(), files[0].looks.len()), (1, 2));
    scene.change("good.mp4", 0, 30);
    assert_eq!(counts(&scene.again().0), (0, 1, 0, 0));
    assert_eq!(scene.catalogue().files().unwrap().len(), 2);
}

#[test]
fn what_is_renamed_or_linked_is_not_read_whole_and_a_copy_is() {
    let scene = Scene::of(&[("a.mp4", 0, 10), ("b.mp4", 1, 20)]);
    scene.rename("a.mp4", "renamed.mp4");
    symlink(scene.path("b.mp4"), scene.path("link.mp4")).unwrap();
    let (plan, read) = scene.again();
    assert_eq!((counts(&plan), read.len()), ((0, 0, 2, 0), 0));
    let from = |at: usize| plan.moved[at].from.clone();
    assert_eq!((from(0), from(1)), (None, Some(scene.path("a.mp4"))));
    // Two that are alike change their places.
    scene.rename("renamed.mp4", "c.mp4");
    scene.rename("b.mp4", "renamed.mp4");
    scene.rename("c.mp4", "b.mp4");
    let (plan, read) = scene.again();
    assert_eq!(counts(&plan), (0, 0, 3, 0));
    assert_eq!(read, ["b.mp4", "link.mp4", "renamed.mp4"]);
    let known = scene.catalogue().known().unwrap().paths;
    let file_at =
        |name: &str| known.iter().find(|it| it.look.path == scene.path(name)).unwrap().file;
    assert_eq!(file_at("b.mp4"), file_at("link.mp4"));
    assert_ne!(file_at("b.mp4"), file_at("renamed.mp4"));
    // A copy has a time of its own, or its original is still there.
    scene.put("copy.mp4", 0, 99);
    fs::copy(scene.path("b.mp4"), scene.path("exact copy.mp4")).unwrap();
    scene.change("exact copy.mp4", 0, 10);
    scene.put("other.mp4", 3, 99);
    let (plan, read) = scene.again();
    assert_eq!(counts(&plan), (1, 0, 2, 0));
    assert_eq!(read, ["copy.mp4", "exact copy.mp4", "other.mp4"]);
    // One that goes and comes back.
    let away = scene.folder.path().join("away.mp4");
    fs::rename(scene.path("other.mp4"), &away).unwrap();
    assert_eq!(scene.again().0.missing.len(), 1);
    fs::rename(&away, scene.path("other.mp4")).unwrap();
    let (plan, read) = scene.again();
    assert_eq!((counts(&plan), read.len()), ((0, 0, 1, 0), 0));
}

#[test]
fn moved_files_with_equal_times_are_told_by_their_bytes() {
    let scene = Scene::of(&[("a.mp4", 0, 10), ("b.mp4", 1, 10)]);
    let file_at = |name: &str| {
        let known = scene.catalogue().known().unwrap().paths;
        known.into_iter().find(|path| path.look.path == scene.path(name)).unwrap().file
    };
    let (a, b) = (file_at("a.mp4"), file_at("b.mp4"));
    scene.rename("a.mp4", "z.mp4");
    scene.rename("b.mp4", "y.mp4");
    let (plan, read) = scene.again();
    assert_eq!((counts(&plan), read.len()), ((0, 0, 2, 0), 2));
    assert_eq!((file_at("z.mp4"), file_at("y.mp4")), (a, b));
    // A further copy with the same time went: it is no witness for what was written over in place.
    fs::copy(scene.path("z.mp4"), scene.path("copy.mp4")).unwrap();
    scene.change("copy.mp4", 0, 10);
    assert_eq!(counts(&scene.again().0), (0, 0, 1, 0));
    fs::remove_file(scene.path("copy.mp4")).unwrap();
    scene.change("z.mp4", 9, 10);
    assert_eq!(counts(&scene.again().0), (0, 1, 0, 0));
}

#[test]
fn a_file_with_the_time_that_another_had_before_it_was_touched_is_not_that_one() {
    let scene = Scene::of(&[("a.mp4", 0, 10)]);
    scene.change("a.mp4", 0, 20);
    scene.put("b.mp4", 1, 10);
    let (plan, read) = scene.again();
    assert_eq!(counts(&plan), (1, 0, 1, 0));
    assert_eq!(read, ["a.mp4", "b.mp4"]);
    // Two that are not alike change their places: that is seen without reading them whole.
    fs::write(scene.path("b.mp4"), vec![6; 1 << 20]).unwrap();
    scene.change("b.mp4", 1, 30);
    scene.again();
    scene.rename("a.mp4", "c.mp4");
    scene.rename("b.mp4", "a.mp4");
    scene.rename("c.mp4", "b.mp4");
    let (plan, read) = scene.again();
    assert_eq!((counts(&plan), read.len()), ((0, 0, 2, 0), 0));
}

#[test]
fn new_files_that_are_alike_are_compared_and_copies_are_decoded_once() {
    let scene = Scene::of(&[]);
    for (name, byte) in [("a.mp4", 0), ("b.mp4", 1), ("c.mp4", 0), ("d.mp4", 2)] {
        scene.put(name, byte, 10);
    }
    symlink(scene.path("d.mp4"), scene.path("e.mp4")).unwrap();
    let (plan, _) = scene.again();
    assert_eq!(names(plan.add.iter().map(|it| &it.look.path)), ["a.mp4", "b.mp4", "d.mp4"]);
    let copies: Vec<_> = plan.copies.iter().flat_map(|it| [&it.of, &it.to.path]).collect();
    assert_eq!(names(copies), ["a.mp4", "c.mp4", "d.mp4", "e.mp4"]);
    assert_eq!(scene.catalogue().files().unwrap().len(), 3);
    // One alone is read by who decodes it.
    scene.put("f.mp4", 0, 10);
    fs::write(scene.path("f.mp4"), vec![6; 1 << 20]).unwrap();
    let (plan, read) = scene.again();
    assert_eq!((counts(&plan), read.len()), ((1, 0, 0, 0), 0));
}

#[test]
fn of_files_whose_whole_was_never_read_the_sample_decides_unless_something_was_wrong() {
    let scene = Scene::of(&[("a.mp4", 0, 10)]);
    scene.forget_wholes();
    // As it was, it is not opened; touched or carried to another disk by a plain copy, it is taken for the same.
    assert_eq!(scene.again().0.unchanged.len(), 1);
    scene.change("a.mp4", 0, 20);
    let (plan, _) = scene.again();
    assert_eq!((counts(&plan), plan.moved[0].whole.is_some()), ((0, 0, 1, 0), true));
    scene.change("a.mp4", 5, 30);
    assert_eq!(counts(&scene.again().0), (0, 1, 0, 0), "now it is known");
    scene.forget_wholes();
    fs::remove_file(scene.path("a.mp4")).unwrap();
    scene.put("elsewhere.mp4", 5, 40);
    assert_eq!(counts(&scene.again().0), (0, 0, 1, 0));
    // While it lies where it lay, a further one is compared with it.
    scene.forget_wholes();
    scene.put("copy.mp4", 5, 50);
    scene.put("other.mp4", 6, 50);
    assert_eq!(counts(&scene.again().0), (1, 0, 1, 0));
    // What had holes when it was indexed has them no more.
    scene.forget_wholes();
    drop(scene.catalogue());
    scene.sql("UPDATE files SET reason = 'pictures are missing or damaged at 1 place'");
    scene.change("other.mp4", 7, 60);
    assert_eq!(counts(&scene.again().0), (0, 1, 0, 0));
}

#[test]
fn a_file_that_could_not_be_decoded_is_tried_again_when_it_was_written_to() {
    let scene = Scene::of(&[]);
    scene.put("a.mp4", 0, 10);
    let look = walked(&scene.path("")).files.remove(0);
    let identity = ContentIdentity::of(&look.path).unwrap();
    let bad = Candidate { look, identity, file: None };
    scene.catalogue().note_bad(&bad, "no frame can be decoded").unwrap();
    assert_eq!(scene.planned().0.still_bad.len(), 1);
    // A name is no other content.
    scene.rename("a.mp4", "b.mp4");
    let (plan, read) = scene.again();
    assert_eq!((counts(&plan), read.len(), plan.moved_bad.len()), ((0, 0, 0, 0), 0, 1));
    assert_eq!(scene.planned().0.still_bad.len(), 1);
    scene.change("b.mp4", 1, 20);
    let (plan, read) = scene.again();
    assert_eq!((counts(&plan), read.len()), ((0, 1, 0, 0), 0));
    let files = scene.catalogue().files().unwrap();
    assert_eq!((files.len(), files[0].state), (1, FileState::Present));
}

#[test]
fn a_bad_file_that_is_touched_is_tried_again_and_is_as_bad_elsewhere() {
    let scene = Scene::of(&[]);
    // All of it is in the sample, so its content is known to be the same.
    fs::write(scene.path("a.mp4"), "no video").unwrap();
    let look = walked(&scene.path("")).files.remove(0);
    let identity = ContentIdentity::of(&look.path).unwrap();
    let bad = Candidate { look, identity, file: None };
    let file = scene.catalogue().note_bad(&bad, "no frame can be decoded").unwrap();
    fs::copy(scene.path("a.mp4"), scene.path("b.mp4")).unwrap();
    let (plan, _) = scene.again();
    assert_eq!((counts(&plan), plan.still_bad.len(), plan.moved_bad.len()), ((0, 0, 0, 0), 1, 1));
    for name in ["a.mp4", "b.mp4"] {
        File::options().write(true).open(scene.path(name)).unwrap().set_modified(at(30)).unwrap();
    }
    let (plan, _) = scene.planned();
    assert_eq!((counts(&plan), plan.add[0].file), ((1, 0, 0, 1), Some(file)));
    assert_eq!((plan.still_bad.len(), plan.moved_bad.len()), (0, 0));
    // It is good now, as where it was a share that failed.
    carry_out(&scene.catalogue(), &plan);
    let files = scene.catalogue().files().unwrap();
    assert_eq!((files.len(), files[0].state, files[0].looks.len()), (1, FileState::Present, 2));
    assert_eq!(scene.planned().0.unchanged.len(), 2);
}

#[test]
fn what_cannot_be_told_yet_waits_and_is_not_missing() {
    let scene = Scene::of(&[("a.mp4", 0, 10)]);
    scene.change("a.mp4", 1, 20);
    let (walked, known) = (walked(&scene.path("")), scene.catalogue().known().unwrap());
    let made = plan(&walked, &known, later(), &mut |_| Ok(None));
    assert_eq!((made.waiting.len(), made.missing.len(), made.moved.len()), (1, 0, 0));
    let made = plan(&walked, &known, later(), &mut |_| Err(std::io::Error::other("bad sector")));
    assert_eq!((made.unreadable.len(), made.missing.len(), made.changed.len()), (1, 0, 0));
}
