//! Every table and column of a folder's database, damaged by values that could be: rows that are gone, rows that
//! exchanged a value, another value. Nothing of it may answer wrongly without an error, and a rebuild without a
//! video must bring back all that was written.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use locvtp_search::catalogue::{
    Access, Catalogue, CatalogueError, FileId, JobProgress, JobState, SqliteCatalogue,
};
use locvtp_search::identity::{Candidate, Moved};
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::VectorKind;
use locvtp_video::causes::with_causes;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::made::{WIDTH, identity, look, model, vector, video};

/// Damage that is not told, or not before something is asked for, and why. A `*` stands for all columns.
const NOT_TOLD: [(&str, &str, &str); 7] = [
    ("counters", "*", "a number only has to be another one, or is raised to a free one"),
    ("seals", "*", "rows whose checksum was changed are named, though they are right"),
    ("cues", "a row is gone", "it weighs the order of others; where nothing is found it is told"),
    (
        "cue_words_config",
        "*",
        "it holds the version, which is put right when it is opened to be written",
    ),
    ("cue_words_data", "*", "a search does not compare the words with the cues; a check does"),
    ("cue_words_docsize", "*", "it weighs the order of what is found; a check compares it"),
    ("cue_words_idx", "*", "it is where a word begins, and the words are compared whole"),
];

/// What a check does not see either.
const NOT_CHECKED: [(&str, &str, &str); 3] = [
    ("counters", "*", "as above"),
    ("cue_words_config", "*", "as above"),
    ("cue_words_idx", "*", "as above; the database's own check looks at those that it uses"),
];

/// What a rebuild without a video does not bring back as it was, and why. Its vectors are found all the same.
const NOT_BROUGHT_BACK: [(&str, &str, &str); 12] = [
    ("files", "a row is gone", "its content is told by the file alone, which is gone"),
    ("files", "sample", "more than a bit of it is another, so the file is looked at again"),
    (
        "paths",
        "*",
        "a place is told by nothing else; it is looked at again, or has a name in place of it",
    ),
    ("cues", "a row is gone", "what was said is read again from the video"),
    ("cues", "text", "more than a bit of it is another, so it is read again from the video"),
    (
        "cues",
        "language",
        "what is nothing could have been anything, so it is read again from the video",
    ),
    (
        "generations",
        "*",
        "a model is written down again when it is given, and what it is sure of is measured",
    ),
    ("jobs", "*", "what was done is told by nothing else"),
    ("waiting", "*", "files that wait are looked at anew"),
    ("counters", "*", "they count anew"),
    ("seals", "*", "what they were of is taken as it stands there"),
    ("cue_words_idx", "*", "as above"),
];

/// A catalogue with something in every table: two indexes, a place too many, a video that is gone, one that is
/// bad, one that waits, jobs, a calibration.
fn whole() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = SqliteCatalogue::open(folder.path(), Access::WRITE).unwrap();
    let generation = catalogue.generation(&model(1)).unwrap();
    let add = |number| catalogue.add_video(generation, &video(number)).unwrap();
    let files: Vec<FileId> = (0..8).map(add).collect();
    let beside = catalogue.generation(&model(2)).unwrap();
    for number in 0..4 {
        catalogue.add_video(beside, &video(number)).unwrap();
    }
    for (generation, far) in [(generation, 0.25), (beside, 0.5)] {
        catalogue.set_calibration(generation, &serde_json::json!({ "far": far })).unwrap();
    }
    catalogue
        .note_moved(&[Moved { file: files[4], from: None, to: look(40), whole: None }])
        .unwrap();
    catalogue.note_missing(&[(files[6], look(6).path)]).unwrap();
    for (number, reason) in [(60, "no frame can be decoded"), (61, "empty")] {
        let bad = Candidate { look: look(number), identity: identity(number), file: None };
        catalogue.note_bad(&bad, reason).unwrap();
    }
    catalogue.note_waiting(&[look(80), look(81)]).unwrap();
    for kind in ["add", "rebuild"] {
        let progress = JobProgress { num_files: 8, ..JobProgress::default() };
        let job = catalogue.start_job(kind, &progress).unwrap();
        catalogue.set_job(job, JobState::Done, &progress, Some(kind)).unwrap();
    }
    folder
}

fn copied(from: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("segments")).unwrap();
    for below in ["", "segments"] {
        for entry in fs::read_dir(from.join(below)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), folder.path().join(below).join(entry.file_name())).unwrap();
            }
        }
    }
    folder
}

/// All that can be asked, and what is answered: a line each.
fn answers(catalogue: &dyn Catalogue) -> BTreeMap<String, Result<String, String>> {
    let mut answers = BTreeMap::new();
    let mut put = |what: String, answer: Result<String, CatalogueError>| {
        answers.insert(what, answer.map_err(|error| with_causes(&error)));
    };
    put("files".into(), catalogue.files().map(|it| format!("{it:?}")));
    put("known".into(), catalogue.known().map(|it| format!("{:?}", it.paths)));
    put("indexes".into(), catalogue.generations().map(|it| format!("{it:?}")));
    for generation in [1, 2].map(locvtp_search::catalogue::GenerationId) {
        put(
            format!("sure {generation:?}"),
            catalogue.calibration(generation).map(|it| format!("{it:?}")),
        );
        let left = catalogue.files_left(generation);
        put(format!("left {generation:?}"), left.map(|it| format!("{:?}", it.len())));
        for (kind, first) in [(VectorKind::Clip, 0), (VectorKind::Cue, 500_000)] {
            for number in 0..8 {
                let query = vector(1000 * (number + first), WIDTH);
                let request = ScanRequest { num_tracks: 3, ..ScanRequest::new(&query, 3) };
                let scan = catalogue.scan(generation, kind, &request);
                let found = scan.map(|answer| answer.hits.into_iter().chain(answer.tracks));
                let found = found.map(Iterator::collect::<Vec<_>>);
                let what = format!("{generation:?} {kind:?} {number}");
                if let Ok(hits) = &found {
                    let name = |track| Ok(catalogue.file_of(track)?.map(|it| it.looks));
                    let names = hits.iter().map(|hit| name(hit.track));
                    let names = names.collect::<Result<Vec<_>, CatalogueError>>();
                    put(format!("names {what}"), names.map(|it| format!("{it:?}")));
                }
                put(format!("scan {what}"), found.map(|it| format!("{it:?}")));
            }
        }
    }
    for number in 0..8 {
        let found = catalogue.find_cues(&format!("number{number}"), None, 5);
        put(format!("said {number}"), found.map(|it| format!("{it:?}")));
        put(
            format!("cues {number}"),
            catalogue.cues(FileId(number + 1)).map(|it| format!("{it:?}")),
        );
    }
    put("owner".into(), catalogue.find_cues("owner", None, 50).map(|it| format!("{it:?}")));
    put("jobs".into(), catalogue.jobs().map(|it| format!("{it:?}")));
    answers
}

/// Every damage of a database: the table, what is damaged, and the change.
fn damages(db: &Connection) -> Vec<(String, String, String)> {
    let names = |select: &str| {
        let mut statement = db.prepare(select).unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        names.map(Result::unwrap).collect::<Vec<String>>()
    };
    let tables = names(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
         AND sql NOT LIKE '%VIRTUAL%'",
    );
    let mut damages = Vec::new();
    for table in tables {
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let key = names(&format!(
            "SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk"
        ));
        // Two rows: the first, and the third or the last.
        let row = |place: &str| {
            format!(
                "({}) = (SELECT {} FROM {table} ORDER BY {} {place})",
                key.join(", "),
                key.join(", "),
                key.join(", ")
            )
        };
        let third = match db
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
            .unwrap()
        {
            0 => continue,
            1 | 2 => "DESC LIMIT 1",
            _ => "LIMIT 1 OFFSET 2",
        };
        let (first, third) = (row("LIMIT 1"), row(third));
        let mut put =
            |what: &str, change: String| damages.push((table.clone(), what.to_owned(), change));
        put("a row is gone", format!("DELETE FROM {table} WHERE {third}"));
        for column in &columns {
            put(
                &format!("{column} is exchanged"),
                format!(
                    "CREATE TEMP TABLE one AS SELECT * FROM {table} WHERE {first};
                     CREATE TEMP TABLE other AS SELECT * FROM {table} WHERE {third};
                     DELETE FROM {table} WHERE {first} OR {third};
                     CREATE TEMP TABLE kept AS SELECT {column} FROM one;
                     UPDATE temp.one SET {column} = (SELECT {column} FROM other);
                     UPDATE temp.other SET {column} = (SELECT {column} FROM kept);
                     INSERT INTO {table} SELECT * FROM one;
                     INSERT INTO {table} SELECT * FROM other;"
                ),
            );
            put(
                &format!("{column} is another"),
                format!(
                    "UPDATE {table} SET {column} = CASE typeof({column})
                         WHEN 'integer' THEN {column} + 1
                         WHEN 'real' THEN {column} + 0.125
                         WHEN 'text' THEN CASE {column}
                             WHEN 'present' THEN 'missing' WHEN 'live' THEN 'building'
                             WHEN 'clip' THEN 'cue' WHEN 'done' THEN 'failed'
                             ELSE replace(replace({column}, '0', '2'), 'e', 'd') END
                         WHEN 'blob' THEN CAST(X'00' || substr({column}, 2) AS BLOB)
                         ELSE 'x' END
                     WHERE {third}"
                ),
            );
            put(
                &format!("{column} is nothing"),
                format!("UPDATE {table} SET {column} = NULL WHERE {third}"),
            );
        }
    }
    damages
}

/// All rows of a table.
fn contents(db: &Connection, table: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let num = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = (0..num).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
        found.push(cells.collect::<Vec<_>>().join(" "));
    }
    found.sort();
    found
}

fn is_named(list: &[(&str, &str, &str)], table: &str, what: &str) -> bool {
    let column = what.split(' ').next().unwrap();
    list.iter().any(|(named, of, _)| *named == table && ["*", column, what].contains(of))
}

#[test]
fn no_damage_of_a_column_answers_wrongly_or_costs_what_is_good() {
    let whole = whole();
    let right = answers(&SqliteCatalogue::open(whole.path(), Access::Read).unwrap());
    let database = |folder: &Path| {
        let database = Connection::open(folder.join("catalogue.sqlite")).unwrap();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database
    };
    let mut wrong = Vec::new();
    let mut num = 0;
    for (table, what, change) in damages(&database(whole.path())) {
        let folder = copied(whole.path());
        let damaged = database(folder.path());
        let before = contents(&damaged, &table);
        // What the database itself refuses cannot stand there.
        let changed = damaged.execute_batch(&format!("BEGIN; {change}; COMMIT"));
        if changed.is_err() || contents(&damaged, &table) == before {
            continue;
        }
        drop(damaged);
        num += 1;
        let case = format!("{table}: {what}");
        let tried = catch_unwind(AssertUnwindSafe(|| tried(folder.path(), &table, &what, &right)));
        match tried {
            Ok(found) => wrong.extend(found.into_iter().map(|line| format!("{case}: {line}"))),
            Err(_) => wrong.push(format!("{case}: a panic")),
        }
    }
    assert!(num > 70, "{num}");
    assert!(wrong.is_empty(), "{} of {num}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with how a damage is taken.
fn tried(
    folder: &Path,
    table: &str,
    what: &str,
    right: &BTreeMap<String, Result<String, String>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let reader = match SqliteCatalogue::open(folder, Access::Read) {
        Ok(reader) => reader,
        Err(error) => {
            let said = with_causes(&error);
            if !said.contains("index rebuild") {
                wrong.push(format!("opening: {said}"));
            }
            drop(SqliteCatalogue::open(folder, Access::WRITE).map(drop));
            SqliteCatalogue::open(folder, Access::Read).unwrap()
        }
    };
    let now = answers(&reader);
    for (question, answer) in &now {
        match answer {
            // An index whose row is gone is not asked.
            Err(said) if said.contains("index rebuild") || said.contains("the index has no") => {}
            answer if right.get(question) == Some(answer) => {}
            answer
                if !(is_named(&NOT_TOLD, table, what) || question == "jobs" && table == "jobs") =>
            {
                wrong.push(format!("{question}: {answer:?}"));
            }
            _ => {}
        }
    }
    let faults = reader.verify().unwrap().faults;
    if faults.is_empty() && !is_named(&NOT_CHECKED, table, what) {
        wrong.push("verify sees nothing".to_owned());
    }
    drop(reader);
    let writer = SqliteCatalogue::open(folder, Access::WRITE).unwrap();
    let mended = writer.mend_records();
    if let Err(error) = &mended {
        wrong.push(format!("mending: {}", with_causes(error)));
        return wrong;
    }
    let dropped = writer.drop_damaged(&|_| false).unwrap();
    if !dropped.kept.is_empty() || !dropped.again.is_empty() {
        wrong.push(format!("dropped: {dropped:?}"));
    }
    let after = answers(&writer);
    for (question, answer) in &after {
        let may_differ = is_named(&NOT_BROUGHT_BACK, table, what) && !question.starts_with("scan");
        if right.get(question) != Some(answer) && (!may_differ || answer.is_err()) {
            wrong.push(format!("after a rebuild: {question}: {answer:?}"));
        }
    }
    let faults = writer.verify().unwrap().faults;
    if !faults.is_empty() && !is_named(&NOT_BROUGHT_BACK, table, what) {
        wrong.push(format!("after a rebuild: {faults:?}"));
    }
    wrong
}
