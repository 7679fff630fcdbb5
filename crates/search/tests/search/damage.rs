//! Records of a database that cannot be, are gone or do not fit: each is seen, named and mended.

use std::time::Duration;

use locvtp_search::catalogue::{Access, Catalogue, CatalogueError};
use locvtp_search::identity::{KnownPath, Moved};
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::VectorKind;
use locvtp_video::causes::with_causes;

use crate::both::{found, is_sound};
use crate::home::Home;
use crate::made::{WIDTH, identity, look, model, vector, video};

/// A change of the database, and what the fault that it makes must say. File, track and cue 3 are the third
/// video's.
const IN_A_FOLDER: [(&str, &str); 38] = [
    ("DELETE FROM tracks WHERE id = 3", "table tracks that are gone"),
    ("DELETE FROM runs WHERE track = 3", "table runs: file 3 counts as indexed"),
    ("DELETE FROM files WHERE id = 3", "table files that is gone"),
    ("DELETE FROM paths WHERE file = 3", "file 3 has no path"),
    ("DELETE FROM segments WHERE id = 5", "table runs, column segment"),
    ("DELETE FROM counters", "table counters: revision is gone"),
    ("UPDATE counters SET value = 'x'", "table counters, row \"revision\""),
    ("INSERT INTO cue_words (cue_words) VALUES ('delete-all')", "does not fit the cues"),
    ("UPDATE cues SET text = text || ' and more'", "does not fit the cues"),
    ("UPDATE generations SET width = 999", "table generations, row 1"),
    ("UPDATE generations SET width = -1", "column width: -1 is not numbers of a vector"),
    ("UPDATE generations SET width = 'x'", "column width: \"x\""),
    ("UPDATE generations SET calibration = '{bad'", "column calibration: \"{bad\" is not JSON"),
    ("UPDATE generations SET hash = x'00'", "column hash: a blob of 1 bytes is not 16 bytes"),
    ("UPDATE generations SET sampling = '{}'", "table generations, row 1, column fingerprint"),
    ("UPDATE generations SET state = 'bogus'", "column state: \"bogus\" is not live or building"),
    ("UPDATE runs SET num_rows = 1e12 WHERE track = 3", "column num_rows: 1000000000000"),
    ("UPDATE runs SET first_row = -1 WHERE track = 3", "table runs, row 3, column first_row: -1"),
    ("UPDATE runs SET first_row = 7 WHERE track = 3", "not the one that the index names"),
    ("UPDATE runs SET kind = 'odd' WHERE track = 3 AND kind = 'clip'", "column kind: \"odd\""),
    ("UPDATE segments SET num_vectors = 'many' WHERE id = 5", "column num_vectors: \"many\""),
    ("DELETE FROM indexed WHERE file = 3", "does not count as indexed"),
    ("UPDATE generations SET calibration = '{}'", "is not JSON with what was measured"),
    ("UPDATE generations SET calibration = 'null'", "is not JSON with what was measured"),
    ("UPDATE counters SET value = 1 WHERE name = 'next_segment'", "next_segment is 1"),
    ("UPDATE files SET duration = 1e9 WHERE id = 3", "column duration: 1000000000 is not a length"),
    ("DELETE FROM runs", "table runs: file 10 counts as indexed"),
    ("UPDATE files SET duration = 'x' WHERE id = 3", "column duration: \"x\" is not a length"),
    ("UPDATE files SET duration = -5 WHERE id = 3", "table files, row 3, column duration: -5"),
    ("UPDATE files SET duration = 9e999 WHERE id = 3", "column duration: inf"),
    ("UPDATE files SET state = 'bogus' WHERE id = 3", "column state: \"bogus\" is not present"),
    ("UPDATE files SET sample = x'00' WHERE id = 3", "column sample: a blob of 1 bytes"),
    ("UPDATE files SET whole = x'00' WHERE id = 3", "column whole: a blob of 1 bytes"),
    ("UPDATE paths SET path = '' WHERE file = 3", "table paths, row \"\", column path"),
    (
        "UPDATE paths SET size = -7 WHERE file = 3",
        "table paths, row \"/videos/2.mp4\", column size: -7",
    ),
    ("UPDATE cues SET start = 9e999 WHERE id = 3", "table cues, row 3, column start: inf"),
    ("UPDATE cues SET text = x'ff' WHERE id = 3", "table cues, row 3, column text"),
    (
        "INSERT INTO jobs (kind, state, progress) VALUES ('add', 'odd', '{}')",
        "column state: \"odd\"",
    ),
];

const ON_A_SERVER: [(&str, &str); 18] = [
    ("DELETE FROM tracks WHERE id = 3", "table tracks: file 3 counts as indexed"),
    ("DELETE FROM runs WHERE track = 3", "table runs: file 3 counts as indexed"),
    ("DELETE FROM paths WHERE file = 3", "file 3 has no path"),
    ("UPDATE cues SET words = ''", "do not fit the texts"),
    ("DELETE FROM cue_totals", "do not fit the texts"),
    ("UPDATE generations SET width = 999", "table generations, row 1"),
    ("UPDATE generations SET width = -1", "column width: -1 is not numbers of a vector"),
    ("UPDATE generations SET calibration = '{bad'", "column calibration: \"{bad\" is not JSON"),
    ("UPDATE generations SET sampling = '{}'", "table generations, row 1, column fingerprint"),
    ("UPDATE generations SET state = 'bogus'", "column state: \"bogus\" is not live or building"),
    ("UPDATE runs SET num_rows = -1 WHERE track = 3", "track 3"),
    ("UPDATE files SET duration = -5 WHERE id = 3", "table files, row 3, column duration: -5"),
    ("UPDATE files SET duration = 'NaN' WHERE id = 3", "column duration: NaN is not a length"),
    ("UPDATE files SET state = 'bogus' WHERE id = 3", "column state: \"bogus\" is not present"),
    ("UPDATE files SET sample = '' WHERE id = 3", "column sample: 0 bytes is not 16 bytes"),
    ("UPDATE files SET whole = '' WHERE id = 3", "column whole: 0 bytes is not 16 bytes"),
    ("UPDATE cues SET start = 'Infinity' WHERE id = 3", "table cues, row 3, column start: inf"),
    ("DROP TABLE vectors_1_clip", "table vectors_1_clip is gone"),
];

#[test]
fn what_a_folders_database_cannot_hold_or_lost_is_named_and_mended() {
    for (change, named) in IN_A_FOLDER {
        let home = Home::folder();
        drop(home.ten());
        let place = home.location.folder().unwrap().join("catalogue.sqlite");
        let database = rusqlite::Connection::open(place).unwrap();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database.execute_batch(change).unwrap();
        drop(database);
        is_named_and_mended(&home, change, named);
    }
}

#[test]
fn what_a_servers_database_cannot_hold_or_lost_is_named_and_mended() {
    for (change, named) in ON_A_SERVER {
        let Some(home) = Home::server() else { return };
        drop(home.ten());
        let mut client =
            postgres::Client::connect(&home.location.to_string(), postgres::NoTls).unwrap();
        client.batch_execute(&format!("SET search_path = locvtp; {change}")).unwrap();
        is_named_and_mended(&home, change, named);
    }
}

fn is_named_and_mended(home: &Home, change: &str, named: &str) {
    let reader = home.reader();
    let faults = reader.verify().unwrap_or_else(|error| panic!("{change}: {error}")).faults;
    assert!(faults.iter().any(|fault| fault.contains(named)), "{change}: {faults:?}");
    // Whatever else is asked answers, or says what is wrong and the way out.
    let query = vector(2000, WIDTH);
    let request = ScanRequest::new(&query, 1);
    for (what, asked) in [
        ("list", reader.files().map(drop)),
        ("paths", reader.known().map(drop)),
        ("jobs", reader.jobs().map(drop)),
        ("indexes", reader.generations().map(drop)),
        ("words", reader.find_cues("number2", None, 5).map(drop)),
        ("cues", reader.cues(locvtp_search::catalogue::FileId(3)).map(drop)),
        (
            "search",
            reader
                .generations()
                .and_then(|found| reader.scan(found[0].id, VectorKind::Clip, &request).map(drop)),
        ),
        (
            "calibration",
            reader.generations().and_then(|found| reader.calibration(found[0].id).map(drop)),
        ),
    ] {
        if let Err(error) = asked {
            let said = with_causes(&error);
            assert!(said.contains("index rebuild"), "{change}: {what}: {said}");
        }
    }
    let writer = home.writer();
    if let Err(error) = writer.compact() {
        let said = with_causes(&error);
        assert!(said.contains("index rebuild") && !said.contains("FOREIGN"), "{change}: {said}");
    }
    rebuild(writer.as_ref());
    let now = writer.verify().unwrap();
    assert_eq!((now.faults, now.num_vectors), (vec![], 40), "{change}");
    let generation = writer.generations().unwrap()[0].id;
    for number in 0..10 {
        let path = format!("/videos/{number}.mp4");
        assert_eq!(found(writer.as_ref(), generation, number), Some(path.into()), "{change}");
        let hits = writer.find_cues(&format!("number{number}"), None, 5).unwrap();
        assert_eq!(hits.len(), 1, "{change}");
    }
    assert_eq!(writer.mend_records().unwrap(), [""; 0], "{change}");
    writer.compact().unwrap();
    is_sound(writer.as_ref(), 40);
}

/// What `index rebuild` and `index add` do.
fn rebuild(catalogue: &dyn Catalogue) {
    catalogue.mend_records().unwrap();
    catalogue.drop_damaged(&|_| true).unwrap();
    let generation = catalogue.generation(&model(1)).unwrap();
    let left = catalogue.files_left(generation).unwrap();
    let known = catalogue.known().unwrap();
    for number in 0..10 {
        let is_left = left.iter().any(|file| file.identity == identity(number));
        let is_known = known.paths.iter().any(|path| path.identity == identity(number));
        if is_left || !is_known {
            catalogue.add_video(generation, &video(number)).unwrap();
        }
        let lost = known
            .paths
            .iter()
            .find(|path| path.identity == identity(number) && path.look.path != look(number).path);
        if let Some(KnownPath { file, .. }) = lost {
            let moved = Moved { file: *file, from: None, to: look(number), whole: None };
            catalogue.note_moved(&[moved]).unwrap();
        }
    }
}

#[test]
fn a_server_that_lost_a_table_says_so_and_the_way_out() {
    let Some(home) = Home::server() else { return };
    drop(home.ten());
    let mut client =
        postgres::Client::connect(&home.location.to_string(), postgres::NoTls).unwrap();
    client.batch_execute("DROP TABLE locvtp.jobs").unwrap();
    let said = with_causes(&home.reader().jobs().unwrap_err());
    assert!(said.contains("locvtp.jobs") || said.contains("\"jobs\""), "{said}");
    assert!(said.contains("DROP SCHEMA locvtp CASCADE") && said.contains("index add"), "{said}");
    let opened = home.open(Access::Write { wait: Duration::from_secs(60) });
    assert!(matches!(opened.err().unwrap(), CatalogueError::Damaged { .. }));
}
