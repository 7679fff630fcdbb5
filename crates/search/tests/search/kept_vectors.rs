//! What a rebuild keeps: vectors that are good, and those that cannot be made again now.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use locvtp_search::catalogue::{Access, Catalogue, CatalogueError, SqliteCatalogue};
use locvtp_video::causes::with_causes;

use crate::both::{found, is_sound};
use crate::home::Home;
use crate::made::{model, video, write_over};
use crate::not_run::not_run;

/// A catalogue of ten videos, after a change of its database.
fn changed(change: &str) -> (Home, PathBuf) {
    let home = Home::folder();
    drop(home.ten());
    let folder = home.location.folder().unwrap().to_owned();
    let database = rusqlite::Connection::open(folder.join("catalogue.sqlite")).unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database.execute_batch(change).unwrap();
    (home, folder)
}

/// The names and bytes of all segments.
fn segments(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder.join("segments")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn damage(path: &Path) -> Vec<u8> {
    let good = fs::read(path).unwrap();
    let mut bytes = good.clone();
    bytes[good.len() / 2] ^= 1;
    write_over(path, bytes);
    good
}

#[test]
fn a_damaged_record_of_the_model_costs_no_vector_and_is_given_back() {
    for change in [
        "UPDATE generations SET hash = x'00'",
        "UPDATE generations SET hash = randomblob(16)",
        "UPDATE generations SET sampling = '{}'",
        "UPDATE generations SET preprocessing = '{}'",
        "UPDATE generations SET preprocessing = x'00'",
        "UPDATE generations SET fingerprint = x'00'",
        "UPDATE generations SET fingerprint = randomblob(16)",
        "UPDATE generations SET width = 7",
        "DELETE FROM generations",
    ] {
        let (home, folder) = changed(change);
        let before = segments(&folder);
        let writer = home.writer();
        assert!(!writer.mend_records().unwrap().is_empty(), "{change}");
        // No model and no video is there: nothing is lost, and another model is refused where it is not known
        // which it was.
        assert_eq!(writer.drop_damaged(&|_| false).unwrap().kept, [], "{change}");
        assert!(segments(&folder) == before, "{change}");
        if writer.generations().unwrap()[0].model.is_unknown() {
            let faults = writer.verify().unwrap().faults.concat();
            assert!(faults.contains("rebuild --model DIR"), "{change}: {faults}");
            let refused = writer.generation(&model(2)).unwrap_err();
            assert!(matches!(refused, CatalogueError::ModelUnknown { .. }), "{change}: {refused}");
        }
        let generation = writer.generation(&model(1)).unwrap();
        assert_eq!(writer.generations().unwrap()[0].model, model(1), "{change}");
        assert_eq!(found(writer.as_ref(), generation, 7), Some("/videos/7.mp4".into()));
        is_sound(writer.as_ref(), 40);
        assert!(segments(&folder) == before, "{change}");
    }
}

#[test]
fn damaged_vectors_of_a_video_that_is_gone_are_kept_and_named_and_in_no_answer() {
    let (home, folder) = changed("");
    let path = folder.join("segments/00000005.vectors");
    let good = damage(&path);
    let writer = home.writer();
    let generation = writer.generations().unwrap()[0].id;
    let third = writer.files().unwrap()[2].id;
    for _ in 0..2 {
        let dropped = writer.drop_damaged(&|file| file.id != third).unwrap();
        assert_eq!((dropped.again, dropped.kept), (vec![], vec![third]));
        let faults = writer.verify().unwrap().faults;
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("/videos/2.mp4") && faults[0].contains("index remove"));
        assert_eq!(found(writer.as_ref(), generation, 2), None);
        assert_eq!(found(writer.as_ref(), generation, 3), Some("/videos/3.mp4".into()));
        writer.compact().unwrap();
        assert!(path.exists());
    }
    // The file is put back: it counts again.
    write_over(&path, good);
    assert_eq!(writer.drop_damaged(&|_| false).unwrap(), Default::default());
    assert_eq!(found(writer.as_ref(), generation, 2), Some("/videos/2.mp4".into()));
    is_sound(writer.as_ref(), 40);
    // The video comes back: its vectors take the place of the damaged ones.
    let entries = segments(&folder);
    damage(&entries.last().unwrap().0);
    let kept = writer.drop_damaged(&|_| false).unwrap().kept;
    assert!(!kept.is_empty());
    for file in writer.files_left(generation).unwrap() {
        let number = file.identity.size - 1000;
        writer.add_video(generation, &video(number)).unwrap();
    }
    is_sound(writer.as_ref(), 40);
    assert_eq!(writer.drop_damaged(&|_| false).unwrap(), Default::default());
}

/// The folder of a catalogue of which a segment is closed.
const CLOSED: &str = "LOCVTP_TEST_CLOSED_SEGMENT";

#[test]
fn a_segment_that_only_cannot_be_read_is_no_damage() {
    if let Some(folder) = std::env::var_os(CLOSED) {
        let catalogue = SqliteCatalogue::open(Path::new(&folder), Access::WRITE).unwrap();
        let said = with_causes(&catalogue.drop_damaged(&|_| true).unwrap_err());
        assert!(said.contains("cannot be read; see that you may read it"), "{said}");
        assert!(said.contains("00000005.vectors"), "{said}");
        let faults = catalogue.verify().unwrap().faults.concat();
        assert!(faults.contains("00000005.vectors: this part of the index cannot be read"));
        return;
    }
    let (home, folder) = changed("");
    let path = folder.join("segments/00000005.vectors");
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        // To the superuser nothing is closed.
        for place in [folder.clone(), folder.join("segments")] {
            fs::set_permissions(place, Permissions::from_mode(0o777)).unwrap();
        }
        for entry in fs::read_dir(&folder).unwrap() {
            let place = entry.unwrap().path();
            if place.is_file() {
                fs::set_permissions(place, Permissions::from_mode(0o666)).unwrap();
            }
        }
        let name = "kept_vectors::a_segment_that_only_cannot_be_read_is_no_damage";
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--clear-groups"]).arg(std::env::current_exe().unwrap());
        command.args(["--exact", name, "--nocapture"]).env(CLOSED, &folder);
        match command.output() {
            Ok(ran) if ran.status.code() == Some(101) => panic!("{ran:?}"),
            Ok(ran) if ran.status.success() => {}
            other => return not_run(format!("no other user can be taken here: {other:?}")),
        }
    } else {
        let said = with_causes(&home.writer().drop_damaged(&|_| true).unwrap_err());
        assert!(said.contains("cannot be read; see that you may read it"), "{said}");
    }
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    is_sound(home.reader().as_ref(), 40);
}

#[test]
fn the_good_vectors_of_a_damaged_segment_stay() {
    let (home, folder) = changed("");
    let writer = home.writer();
    let generation = writer.generations().unwrap()[0].id;
    // So many that the segment has several checksums.
    let mut long = video(20);
    let many = crate::made::batch(20, 40_000, crate::made::WIDTH);
    long.vectors = vec![(locvtp_search::segment::VectorKind::Clip, many)];
    let long = writer.add_video(generation, &long).unwrap();
    writer.compact().unwrap();
    let largest = segments(&folder).into_iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    let mut bytes = largest.1;
    // In the scales or codes of the last rows alone.
    bytes[(1 << 20) + 1000] ^= 1;
    write_over(&largest.0, bytes);
    assert_eq!(writer.drop_damaged(&|_| false).unwrap().kept, [long]);
    assert_eq!(found(writer.as_ref(), generation, 2), Some("/videos/2.mp4".into()));
    assert_eq!(found(writer.as_ref(), generation, 20), None);
}

#[test]
fn a_search_says_that_vectors_or_words_were_lost() {
    let (home, _) = changed("DELETE FROM runs WHERE track = 3 AND kind = 'clip'");
    let reader = home.reader();
    let generation = reader.generations().unwrap()[0].id;
    let query = crate::made::vector(1, crate::made::WIDTH);
    let request = locvtp_search::scan::ScanRequest::new(&query, 1);
    let kind = locvtp_search::segment::VectorKind::Clip;
    let said = reader.scan(generation, kind, &request).unwrap_err().to_string();
    assert!(said.contains("of file 3") && said.contains("index rebuild"), "{said}");
    let (home, _) = changed("INSERT INTO cue_words (cue_words) VALUES ('delete-all')");
    let said = home.reader().find_cues("number2", None, 5).unwrap_err().to_string();
    assert!(said.contains("cue_words") && said.contains("index rebuild"), "{said}");
}

#[test]
fn a_counter_that_went_back_costs_no_segment() {
    let (home, folder) = changed("UPDATE counters SET value = 1 WHERE name = 'next_segment'");
    let before = segments(&folder);
    let faults = home.reader().verify().unwrap().faults.concat();
    assert!(faults.contains("table counters: next_segment is 1"), "{faults}");
    let writer = home.writer();
    let generation = writer.generations().unwrap()[0].id;
    writer.add_video(generation, &video(11)).unwrap();
    assert!(segments(&folder)[..20] == before);
    is_sound(writer.as_ref(), 40 + 3);
}
