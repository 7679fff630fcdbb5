//! Records that are lost, exchanged or damaged, of videos that are gone: in a folder and on a server, nothing that
//! is good is lost by a rebuild, and nothing is answered that is not right.

use locvtp_search::catalogue::{Catalogue, CatalogueError, FileState, GenerationId};
use locvtp_search::identity::Moved;
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::VectorKind;
use locvtp_video::causes::with_causes;

use crate::both::{found, is_sound};
use crate::home::{Home, in_both};
use crate::made::{WIDTH, look, model, vector, video};

in_both!(
    a_place_that_is_lost_costs_no_vector_and_gives_way_to_the_file_when_it_is_found,
    tracks_that_exchanged_their_files_are_seen_and_put_right,
    cues_that_end_before_they_start_are_refused_and_mended,
    a_content_that_is_damaged_costs_no_vector,
    a_lost_row_of_a_videos_vectors_is_made_again_from_them,
);

impl Home {
    /// Changes the database as no program of ours does, and past its own rules.
    fn damage(&self, change: &str) {
        match self.location.folder() {
            Some(folder) => {
                let place = folder.join("catalogue.sqlite");
                let database = rusqlite::Connection::open(place).unwrap();
                database.pragma_update(None, "foreign_keys", false).unwrap();
                database.execute_batch(change).unwrap();
            }
            None => {
                let address = self.location.to_string();
                let mut client = postgres::Client::connect(&address, postgres::NoTls).unwrap();
                let past =
                    "SET search_path = locvtp, public; SET session_replication_role = replica";
                client.batch_execute(&format!("{past}; {change}")).unwrap();
            }
        }
    }
}

/// What `index rebuild` does where no video is there.
fn rebuild(catalogue: &dyn Catalogue) -> Vec<String> {
    let done = catalogue.mend_records().unwrap();
    catalogue.drop_damaged(&|_| false).unwrap();
    done
}

fn finds_all(catalogue: &dyn Catalogue, generation: GenerationId) {
    for number in 0..10 {
        assert_eq!(found(catalogue, generation, number), Some(look(number).path));
    }
}

fn a_place_that_is_lost_costs_no_vector_and_gives_way_to_the_file_when_it_is_found(home: &Home) {
    let (writer, generation, files) = home.ten();
    home.damage("DELETE FROM paths WHERE file = 3");
    let faults = writer.verify().unwrap().faults.concat();
    assert!(faults.contains("file 3 has no path"), "{faults}");
    rebuild(writer.as_ref());
    assert_eq!(found(writer.as_ref(), generation, 2), Some("/place not known/video 3".into()));
    assert_eq!(writer.files().unwrap()[2].state, FileState::Missing);
    is_sound(writer.as_ref(), 40);
    writer.note_moved(&[Moved { file: files[2], from: None, to: look(2), whole: None }]).unwrap();
    assert_eq!(writer.files().unwrap()[2].looks, [look(2)]);
    assert_eq!(writer.files().unwrap()[2].state, FileState::Present);
    finds_all(writer.as_ref(), generation);
}

fn tracks_that_exchanged_their_files_are_seen_and_put_right(home: &Home) {
    let (writer, generation, _) = home.ten();
    home.damage(
        "UPDATE tracks SET file = -1 WHERE file = 3; UPDATE tracks SET file = 3 WHERE file = 5;
         UPDATE tracks SET file = 5 WHERE file = -1",
    );
    let reader = home.reader();
    let query = vector(2000, WIDTH);
    let asked = reader.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1));
    let named = asked.and_then(|answer| reader.file_of(answer.hits[0].track));
    for said in [named.unwrap_err(), reader.files().unwrap_err()] {
        let said = with_causes(&said);
        assert!(said.contains("tracks") && said.contains("index rebuild"), "{said}");
    }
    let faults = reader.verify().unwrap().faults.concat();
    assert!(faults.contains("table tracks") && faults.contains("file 3"), "{faults}");
    let done = rebuild(writer.as_ref());
    assert!(!done.is_empty());
    finds_all(writer.as_ref(), generation);
    finds_all(reader.as_ref(), generation);
    assert_eq!(writer.files_left(generation).unwrap(), []);
    is_sound(writer.as_ref(), 40);
}

fn cues_that_end_before_they_start_are_refused_and_mended(home: &Home) {
    let (writer, generation, files) = home.ten();
    home.damage("UPDATE cues SET stop = start - 0.375 WHERE file = 3");
    for said in
        [writer.find_cues("number2", None, 5).unwrap_err(), writer.cues(files[2]).unwrap_err()]
    {
        let said = said.to_string();
        assert!(said.contains("column stop: 0.125 is not a time from the start on"), "{said}");
    }
    assert!(writer.verify().unwrap().faults.concat().contains("from the start on"));
    rebuild(writer.as_ref());
    assert!(writer.find_cues("number2", None, 5).is_ok());
    finds_all(writer.as_ref(), generation);
    for file in writer.files_left(generation).unwrap() {
        assert_eq!(file.id, files[2]);
        writer.add_video(generation, &video(2)).unwrap();
    }
    assert_eq!(writer.cues(files[2]).unwrap(), video(2).cues);
    is_sound(writer.as_ref(), 40);
}

fn a_content_that_is_damaged_costs_no_vector(home: &Home) {
    let (writer, generation, _) = home.ten();
    home.damage("UPDATE files SET size = -5 WHERE id = 3");
    assert!(writer.files().unwrap_err().to_string().contains("column size: -5"));
    rebuild(writer.as_ref());
    finds_all(writer.as_ref(), generation);
    is_sound(writer.as_ref(), 40);
}

fn a_lost_row_of_a_videos_vectors_is_made_again_from_them(home: &Home) {
    let (writer, generation, _) = home.ten();
    home.damage("DELETE FROM runs WHERE track = 3");
    assert!(!writer.verify().unwrap().faults.is_empty());
    // Whatever else is written meanwhile leaves them there.
    writer.add_video(generation, &video(11)).unwrap();
    drop(writer);
    let writer = home.writer();
    rebuild(writer.as_ref());
    finds_all(writer.as_ref(), generation);
    assert_eq!(found(writer.as_ref(), generation, 11), Some(look(11).path));
    assert_eq!(writer.verify().unwrap().num_vectors, 40 + 3);
}

#[test]
fn a_lost_row_of_before_there_were_checksums_is_made_again() {
    for lost in [
        "DELETE FROM runs WHERE track = 3",
        "DELETE FROM runs WHERE track = 3; DELETE FROM segments WHERE id IN (5, 6)",
        "DELETE FROM runs WHERE track = 3 AND kind = 'clip'",
    ] {
        let home = Home::folder();
        let (writer, generation, _) = home.ten();
        drop(writer);
        home.damage(&format!("DROP TABLE seals; {lost}"));
        let said = home.reader().verify().unwrap().faults.concat();
        assert!(said.contains("counts as indexed"), "{said}");
        let writer = home.writer();
        writer.add_video(generation, &video(11)).unwrap();
        rebuild(writer.as_ref());
        finds_all(writer.as_ref(), generation);
        is_sound(writer.as_ref(), 40 + 3);
    }
}

#[test]
fn damaged_vectors_of_a_gone_video_on_a_server_are_kept_and_named_and_in_no_answer() {
    let Some(home) = Home::server() else { return };
    let (writer, generation, files) = home.ten();
    for (track, damage) in [
        (3, "UPDATE vectors_1_clip SET stop = stop + 1 WHERE track = 3"),
        (5, "UPDATE runs SET numbers = set_byte(numbers, 3, 7) WHERE track = 5 AND kind = 'clip'"),
    ] {
        home.damage(damage);
        let number = track - 1;
        let file = files[number as usize];
        for _ in 0..2 {
            let dropped = writer.drop_damaged(&|_| false).unwrap();
            assert_eq!((dropped.again, dropped.kept), (vec![], vec![file]), "{damage}");
            assert_eq!(found(writer.as_ref(), generation, number), None);
            assert_eq!(found(writer.as_ref(), generation, 3), Some(look(3).path));
            let faults = writer.verify().unwrap().faults;
            let path = look(number).path.display().to_string();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(faults[0].contains(&path) && faults[0].contains("index remove"), "{faults:?}");
            writer.compact().unwrap();
        }
        // It comes back, and its vectors take the place of the damaged ones.
        assert_eq!(writer.files_left(generation).unwrap().len(), 1);
        writer.add_video(generation, &video(number)).unwrap();
        assert_eq!(writer.drop_damaged(&|_| false).unwrap(), Default::default());
        finds_all(writer.as_ref(), generation);
        is_sound(writer.as_ref(), 40);
    }
    // Taken out, they leave nothing.
    home.damage("UPDATE vectors_1_clip SET stop = stop + 1 WHERE track = 3");
    writer.drop_damaged(&|_| false).unwrap();
    writer.remove_files(&files[2..3]).unwrap();
    is_sound(writer.as_ref(), 40 - 3 - 1);
    // Another model takes the place of this one, with all that was set aside.
    home.damage("UPDATE vectors_1_clip SET stop = stop + 1 WHERE track = 5");
    writer.drop_damaged(&|_| false).unwrap();
    let next = writer.generation(&model(2)).unwrap();
    (0..10).filter(|number| *number != 2).for_each(|number| {
        writer.add_video(next, &video(number)).unwrap();
    });
    writer.swap_in(next).unwrap();
    is_sound(writer.as_ref(), 40 - 3 - 1);
}

#[test]
fn a_damaged_record_of_the_model_on_a_server_costs_no_vector_and_is_given_back() {
    for change in [
        "UPDATE generations SET hash = ''",
        "UPDATE generations SET hash = uuid_send(gen_random_uuid())",
        "UPDATE generations SET sampling = '{}'",
        "UPDATE generations SET preprocessing = '{}'",
        "UPDATE generations SET fingerprint = ''",
        "UPDATE generations SET fingerprint = uuid_send(gen_random_uuid())",
        "UPDATE generations SET width = 7",
        "UPDATE generations SET width = -1, preprocessing = 'x', fingerprint = ''",
    ] {
        let Some(home) = Home::server() else { return };
        let (writer, generation, _) = home.ten();
        home.damage(change);
        assert!(!writer.verify().unwrap().faults.is_empty(), "{change}");
        rebuild(writer.as_ref());
        if writer.generations().unwrap()[0].model.is_unknown() {
            let faults = writer.verify().unwrap().faults.concat();
            assert!(faults.contains("rebuild --model DIR"), "{change}: {faults}");
            let refused = writer.generation(&model(2)).unwrap_err();
            assert!(matches!(refused, CatalogueError::ModelUnknown { .. }), "{change}: {refused}");
        }
        assert_eq!(writer.generation(&model(1)).unwrap(), generation, "{change}");
        assert_eq!(writer.generations().unwrap()[0].model, model(1), "{change}");
        finds_all(writer.as_ref(), generation);
        is_sound(writer.as_ref(), 40);
    }
}

#[test]
fn a_table_of_one_kind_that_is_gone_costs_no_vector_of_the_other() {
    let Some(home) = Home::server() else { return };
    let (writer, generation, _) = home.ten();
    home.damage("DROP TABLE vectors_1_cue");
    rebuild(writer.as_ref());
    finds_all(writer.as_ref(), generation);
    writer.files_left(generation).unwrap().into_iter().for_each(|file| {
        writer.add_video(generation, &video(file.identity.size - 1000)).unwrap();
    });
    is_sound(writer.as_ref(), 40);
}
