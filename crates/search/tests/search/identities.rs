//! Files that are alike, and catalogues that knew less of files: in a folder and on a server.

use locvtp_search::catalogue::{Access, Catalogue, CatalogueLocation, FileId, NewVideo};
use locvtp_search::identity::{Candidate, ContentIdentity, Moved};
use postgres::NoTls;

use crate::both::{found, is_sound};
use crate::home::{Home, in_both};
use crate::made::{identity, look, model, video};

in_both!(
    files_that_differ_between_the_samples_alone_are_two,
    what_is_encoded_again_is_the_same_file_whatever_is_known_of_its_whole,
    a_hash_of_the_whole_is_learned_once,
    a_catalogue_of_version_1_is_read_as_it_is_and_made_one_of_today_by_a_writer,
);

/// The video of a number, of whose sample it has another one; the whole is told by `whole`.
fn alike(number: u64, sample_of: u64, whole: u128) -> NewVideo {
    let identity = ContentIdentity { whole: Some(whole), ..identity(sample_of) };
    NewVideo { identity, ..video(number) }
}

fn wholes(catalogue: &dyn Catalogue) -> Vec<Option<u128>> {
    catalogue.files().unwrap().iter().map(|file| file.identity.whole).collect()
}

fn files_that_differ_between_the_samples_alone_are_two(home: &Home) {
    let catalogue = home.writer();
    let generation = catalogue.generation(&model(1)).unwrap();
    let add = |video: &NewVideo| catalogue.add_video(generation, video).unwrap();
    let (first, second) = (add(&alike(1, 1, 7)), add(&alike(2, 1, 8)));
    assert_ne!(first, second);
    assert_eq!(wholes(catalogue.as_ref()), [Some(7), Some(8)]);
    for number in [1, 2] {
        let path = found(catalogue.as_ref(), generation, number);
        assert_eq!(path, Some(look(number).path));
    }
    // Each by itself: one is encoded again, and one goes.
    assert_eq!(add(&alike(1, 1, 7)), first);
    catalogue.remove_files(&[first]).unwrap();
    assert_eq!(found(catalogue.as_ref(), generation, 1), None);
    assert_eq!(found(catalogue.as_ref(), generation, 2), Some(look(2).path));
    // Other bytes between the samples at the same path: nothing of what lay there is left.
    let third = add(&NewVideo { look: look(2), ..alike(3, 1, 9) });
    assert!(third != second && catalogue.files().unwrap().len() == 1);
    assert_eq!(found(catalogue.as_ref(), generation, 2), None);
    assert_eq!(found(catalogue.as_ref(), generation, 3), Some(look(2).path));
    // One that cannot be decoded is none of the others.
    let identity = ContentIdentity { whole: Some(10), ..identity(1) };
    let bad = Candidate { look: look(5), identity, file: None };
    assert_ne!(catalogue.note_bad(&bad, "no frame").unwrap(), third);
    assert_eq!(wholes(catalogue.as_ref()), [Some(9), Some(10)]);
}

fn what_is_encoded_again_is_the_same_file_whatever_is_known_of_its_whole(home: &Home) {
    let (catalogue, old, files) = home.ten();
    let new = catalogue.generation(&model(2)).unwrap();
    // The whole was not known, and now it is.
    let again = NewVideo { file: Some(files[3]), ..alike(3, 3, 7) };
    assert_eq!(catalogue.add_video(new, &again).unwrap(), files[3]);
    assert_eq!(wholes(catalogue.as_ref())[3], Some(7));
    // It was known, and cannot be read now.
    let again = NewVideo { file: Some(files[3]), ..video(3) };
    assert_eq!(catalogue.add_video(new, &again).unwrap(), files[3]);
    assert_eq!(wholes(catalogue.as_ref())[3], Some(7));
    assert_eq!(found(catalogue.as_ref(), old, 3), Some(look(3).path));
    // For the new model it cannot be decoded: the old index keeps it.
    let fourth = ContentIdentity { whole: Some(8), ..identity(4) };
    let candidate = Candidate { look: look(4), identity: fourth, file: Some(files[4]) };
    assert_eq!(catalogue.note_bad(&candidate, "no frame").unwrap(), files[4]);
    assert_eq!(found(catalogue.as_ref(), old, 4), Some(look(4).path));
    // The whole speaks against it: what lay there was another file.
    let other = NewVideo { file: Some(files[3]), ..alike(3, 3, 9) };
    let other = catalogue.add_video(new, &other).unwrap();
    assert!(!files.contains(&other));
    assert_eq!(catalogue.files().unwrap().len(), 10);
}

fn a_hash_of_the_whole_is_learned_once(home: &Home) {
    let (catalogue, generation, files) = home.ten();
    let touched = |file: FileId, whole| Moved { file, from: None, to: look(1), whole };
    catalogue.note_moved(&[touched(files[1], Some(7))]).unwrap();
    assert_eq!(wholes(catalogue.as_ref())[1], Some(7));
    catalogue.note_moved(&[touched(files[1], Some(8))]).unwrap();
    catalogue.note_moved(&[touched(files[1], None)]).unwrap();
    assert_eq!(wholes(catalogue.as_ref())[1], Some(7));
    let paths = catalogue.known().unwrap().paths;
    let known = paths.iter().find(|path| path.file == files[1]).unwrap();
    assert_eq!((known.identity.whole, known.is_faulty), (Some(7), false));
    // Two that turn out to be one stay two, and nothing fails.
    let twin = NewVideo { look: look(20), ..alike(20, 2, 9) };
    let twin = catalogue.add_video(generation, &twin).unwrap();
    catalogue.note_moved(&[Moved { to: look(2), ..touched(files[2], Some(9)) }]).unwrap();
    let known = catalogue.files().unwrap();
    let whole = |id: FileId| known.iter().find(|file| file.id == id).unwrap().identity.whole;
    assert_eq!((whole(files[2]), whole(twin)), (None, Some(9)));
}

fn a_catalogue_of_version_1_is_read_as_it_is_and_made_one_of_today_by_a_writer(home: &Home) {
    let (catalogue, generation, files) = home.ten();
    catalogue.remove_files(&files[9..]).unwrap();
    catalogue.note_missing(&[(files[8], look(8).path)]).unwrap();
    let before = (catalogue.files().unwrap(), catalogue.known().unwrap());
    drop(catalogue);
    make_version_1(home);
    {
        let reader = home.reader();
        assert_eq!((reader.files().unwrap(), reader.known().unwrap()), before);
        assert_eq!(found(reader.as_ref(), generation, 3), Some(look(3).path));
        is_sound(reader.as_ref(), 40 - 6);
        // One that was open before goes on.
        let catalogue = home.writer();
        assert_eq!(found(reader.as_ref(), generation, 3), Some(look(3).path));
        assert!(wholes(reader.as_ref()).iter().all(Option::is_some));
        assert_eq!(wholes(reader.as_ref()).len(), 9);
        drop(catalogue);
    }
    let catalogue = home.writer();
    // Of files as small as these the sample is of the whole.
    let mut now = catalogue.files().unwrap();
    for file in &mut now {
        assert_eq!(file.identity.whole.take(), Some(file.identity.sample));
    }
    assert_eq!(now, before.0);
    is_sound(catalogue.as_ref(), 40 - 6);
    assert_eq!(found(catalogue.as_ref(), generation, 3), Some(look(3).path));
    // Numbers go on where they were, and files alike are told apart.
    let new = catalogue.add_video(generation, &alike(20, 3, 9)).unwrap();
    assert!(new.0 > files[9].0, "{new:?}");
    assert_eq!(found(catalogue.as_ref(), generation, 3), Some(look(3).path));
    is_sound(home.open(Access::Read).unwrap().as_ref(), 40 - 6 + 2);
}

/// Takes from a catalogue what version 2 brought.
fn make_version_1(home: &Home) {
    match &home.location {
        CatalogueLocation::Folder(folder) => {
            let database = rusqlite::Connection::open(folder.join("catalogue.sqlite")).unwrap();
            database.pragma_update(None, "foreign_keys", false).unwrap();
            database
                .execute_batch(include_str!("../../../../tests/support/made_version_1.sql"))
                .unwrap();
        }
        _ => {
            let mut client = postgres::Client::connect(&home.location.to_string(), NoTls).unwrap();
            client
                .batch_execute(
                    "ALTER TABLE locvtp.files DROP COLUMN whole;
                     ALTER TABLE locvtp.files ADD UNIQUE (size, sample);
                     UPDATE locvtp.version SET number = 1",
                )
                .unwrap();
        }
    }
}
