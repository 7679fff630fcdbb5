//! A database that is empty, missing, cut short, another program's or no file at all: the same words from
//! whoever opens it, never a raw one, and nothing hangs or is deleted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use locvtp_search::catalogue::{Access, Catalogue, CatalogueError, SqliteCatalogue};
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::VectorKind;
use locvtp_video::causes::with_causes;

use crate::home::Home;
use crate::made::{WIDTH, model, vector};

/// Behind this a call hangs.
const HANGS: Duration = Duration::from_secs(60);

/// What a call returns that might never end.
fn in_time<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(call()));
    receiver.recv_timeout(HANGS).expect("it hangs, or it panicked")
}

fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A catalogue of ten videos, which nobody has open.
fn ten() -> (Home, PathBuf) {
    let home = Home::folder();
    drop(home.ten());
    let folder = home.location.folder().unwrap().to_owned();
    (home, folder)
}

/// What is said by opening for reading or writing, or else by the first check.
fn said(folder: &Path, access: Access) -> String {
    let folder = folder.to_owned();
    in_time(move || {
        let error = match SqliteCatalogue::open(&folder, access) {
            Err(error) => error,
            Ok(catalogue) => catalogue.verify().unwrap_err(),
        };
        with_causes(&error)
    })
}

fn num_segments(folder: &Path) -> usize {
    fs::read_dir(folder.join("segments")).unwrap().count()
}

#[test]
fn a_database_that_is_none_is_told_alike_to_readers_and_writers_and_nothing_is_deleted() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage, &str); 9] = [
        ("emptied", |path| fs::write(path, "").unwrap(), "missing or empty"),
        ("missing", |path| fs::remove_file(path).unwrap(), "missing or empty"),
        ("foreign text", |path| fs::write(path, vec![b'x'; 5000]).unwrap(), "cannot be read"),
        ("foreign database", |path| foreign(path, 0), "another program's"),
        ("foreign database with a version", |path| foreign(path, 1), "another program's"),
        ("emptied by SQLite", |path| drop_all(path), "missing or empty"),
        ("cut short", |path| cut(path), "cannot be read"),
        ("a pipe", |path| pipe(path), "is no file"),
        (
            "a folder",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            "is no file",
        ),
    ];
    for (name, damage, expected) in damages {
        let (_home, folder) = ten();
        let path = folder.join("catalogue.sqlite");
        damage(&path);
        let before = fs::metadata(&path).is_ok_and(|it| it.is_file()).then(|| fs::read(&path));
        assert!(SqliteCatalogue::lies_in(&folder));
        for access in [Access::Read, Access::WRITE] {
            let said = said(&folder, access);
            assert!(said.contains(expected), "{name}: {said}");
            assert!(said.contains("index add") && said.contains("and no video"), "{said}");
            for raw in ["no such table", "Error code 1:", "SQL logic error"] {
                assert!(!said.contains(raw), "{name}: {said}");
            }
            assert_eq!(num_segments(&folder), 20, "{name}");
        }
        if let Some(Ok(before)) = before {
            assert!(fs::read(&path).unwrap() == before, "{name}: it was written to");
        }
    }
}

fn foreign(path: &Path, version: i64) {
    fs::remove_file(path).unwrap();
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute_batch("CREATE TABLE notes (text)").unwrap();
    database.pragma_update(None, "user_version", version).unwrap();
}

fn drop_all(path: &Path) {
    fs::remove_file(path).unwrap();
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute_batch("CREATE TABLE a (b); DROP TABLE a").unwrap();
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2 / 4096 * 4096]).unwrap();
}

#[test]
fn a_folder_without_anything_has_no_index_and_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!SqliteCatalogue::lies_in(folder.path()));
    // An empty file is what a writer leaves that was killed at its first step.
    fs::write(folder.path().join("catalogue.sqlite"), "").unwrap();
    let missing = SqliteCatalogue::open(folder.path(), Access::Read).unwrap_err();
    assert!(matches!(missing, CatalogueError::Missing { .. }), "{missing}");
    SqliteCatalogue::open(folder.path(), Access::WRITE).unwrap().generation(&model(1)).unwrap();
}

#[test]
fn a_pipe_or_a_folder_in_place_of_a_segment_is_told_and_dropped() {
    for name in ["pipe", "folder", "socket"] {
        let (home, folder) = ten();
        let path = folder.join("segments/00000005.vectors");
        match name {
            "pipe" => pipe(&path),
            "folder" => {
                fs::remove_file(&path).unwrap();
                fs::create_dir(&path).unwrap();
            }
            _ => {
                fs::remove_file(&path).unwrap();
                std::os::unix::net::UnixListener::bind(&path).unwrap();
            }
        }
        let catalogue = home.reader();
        let (faults, scanned) = in_time(move || {
            let query = vector(1, WIDTH);
            let generation = catalogue.generations().unwrap()[0].id;
            let scanned =
                catalogue.scan(generation, VectorKind::Clip, &ScanRequest::new(&query, 1));
            (catalogue.verify().unwrap().faults, scanned.unwrap_err())
        });
        for said in [faults.concat(), with_causes(&scanned)] {
            assert!(said.contains("00000005.vectors"), "{name}: {said}");
            assert!(said.contains("index rebuild"), "{name}: {said}");
        }
        let writer = home.writer();
        assert_eq!(
            in_time(move || writer.drop_damaged(&|_| true).unwrap().again.len()),
            1,
            "{name}"
        );
        // What is left of it is in nobody's way.
        drop(home.writer());
        assert_eq!(home.reader().verify().unwrap().faults, [""; 0], "{name}");
    }
}

#[test]
fn a_lock_that_is_a_link_is_told_and_makes_no_file_elsewhere() {
    let (_home, folder) = ten();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("made");
    fs::remove_file(folder.join("writer.lock")).unwrap();
    std::os::unix::fs::symlink(&target, folder.join("writer.lock")).unwrap();
    let said = said(&folder, Access::WRITE);
    assert!(said.contains("writer.lock is no file; remove it"), "{said}");
    assert!(!target.exists());
}

#[test]
fn a_database_that_lost_its_version_alone_gets_it_again() {
    let (home, folder) = ten();
    let database = rusqlite::Connection::open(folder.join("catalogue.sqlite")).unwrap();
    database.pragma_update(None, "user_version", 0).unwrap();
    drop(database);
    drop(home.writer());
    crate::both::is_sound(home.reader().as_ref(), 40);
}

#[test]
fn a_pipe_in_place_of_the_lock_or_the_log_is_told() {
    for name in ["writer.lock", "catalogue.sqlite-wal"] {
        let (_home, folder) = ten();
        pipe(&folder.join(name));
        let said = said(&folder, Access::WRITE);
        assert!(said.contains(name) && said.contains("no file; remove it"), "{said}");
    }
}
