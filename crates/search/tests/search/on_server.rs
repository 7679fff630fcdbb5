//! What only a server can do to a catalogue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use locvtp_search::catalogue::{Access, CatalogueError, ServerTrouble};
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::VectorKind;
use locvtp_video::causes::with_causes;
use postgres::{Client, NoTls};

use crate::both::{found, is_sound};
use crate::home::Home;
use crate::made::{WIDTH, identity, model, vector, video};
use crate::not_run::not_run;
use crate::server::TestServer;

fn client(home: &Home) -> Client {
    Client::connect(&home.location.to_string(), NoTls).unwrap()
}

#[test]
fn a_server_that_goes_away_in_the_middle_loses_nothing_that_was_done_and_doubles_nothing() {
    let Some(mut server) = TestServer::start(&[]) else {
        return not_run("no PostgreSQL with pgvector is here: run scripts/setup");
    };
    server.make_database("videos");
    let home = Home::at(&server.address("videos"));
    let (catalogue, generation, _) = home.ten();
    let reader = home.reader();
    assert_eq!(found(reader.as_ref(), generation, 3), Some("/videos/3.mp4".into()));
    let is_going = AtomicBool::new(false);
    let (error, num_done) = std::thread::scope(|scope| {
        let adding = scope.spawn(|| {
            for number in 10.. {
                if let Err(error) = catalogue.add_video(generation, &video(number)) {
                    return (error, number);
                }
                is_going.store(number > 20, Ordering::Relaxed);
            }
            unreachable!("videos do not end")
        });
        while !is_going.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        server.crash();
        adding.join().unwrap()
    });
    let said = error.to_string();
    assert!(matches!(error, CatalogueError::Unreachable { .. }), "{error:?}");
    assert!(said.contains("lost while adding a video") && said.contains("again"), "{said}");
    // The writer stays without a line: its lock is gone, too. A reader comes back by itself.
    assert!(catalogue.add_video(generation, &video(0)).is_err());
    let gone = home.open(Access::Read).err().unwrap().to_string();
    assert!(gone.contains("nothing listens at the address; start the server"), "{gone}");
    server.restart();
    assert!(catalogue.add_video(generation, &video(0)).is_err());
    assert_eq!(found(reader.as_ref(), generation, 3), Some("/videos/3.mp4".into()));
    let again = home.writer();
    let files = again.files().unwrap();
    let has = |number: u64| files.iter().filter(|it| it.identity == identity(number)).count();
    assert!((0..num_done).all(|number| has(number) == 1), "{num_done} were done");
    // The one at work is there whole or not at all.
    let num_all = num_done + has(num_done) as u64;
    assert_eq!(files.len() as u64, num_all);
    is_sound(again.as_ref(), (0..num_all).map(|number| 1 + number % 5 + 1).sum());
    again.add_video(generation, &video(num_done)).unwrap();
    assert_eq!(again.files().unwrap().len() as u64, num_done + 1);
}

#[test]
fn a_writer_whose_line_was_cut_is_told_and_another_may_write() {
    let Some(home) = Home::server() else { return };
    let (catalogue, generation, _) = home.ten();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    client(&home).execute(cut, &[]).unwrap();
    let other = home.writer();
    other.add_video(generation, &video(11)).unwrap();
    let error = catalogue.add_video(generation, &video(12)).unwrap_err();
    assert!(error.to_string().contains("lost while adding a video"), "{error}");
    assert_eq!(catalogue.files().unwrap().len(), 11, "it still reads");
}

#[test]
fn a_search_goes_on_while_models_are_swapped() {
    let Some(home) = Home::server() else { return };
    let (catalogue, _, _) = home.ten();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let reader = home.reader();
                let query = vector(7000, WIDTH);
                let request = ScanRequest { num_tracks: 3, ..ScanRequest::new(&query, 3) };
                while !is_done.load(Ordering::Relaxed) {
                    let live = reader.generations().unwrap()[0].id;
                    match reader.scan(live, VectorKind::Clip, &request) {
                        Ok(answer) => assert!(answer.hits[0].score > 0.999),
                        // Swapped between the two questions.
                        Err(CatalogueError::Unknown { .. }) => {}
                        Err(error) => panic!("{}", with_causes(&error)),
                    }
                }
            });
        }
        for number in 2..8 {
            let next = catalogue.generation(&model(number)).unwrap();
            for file in catalogue.files_left(next).unwrap() {
                let number = (0..10).find(|number| identity(*number) == file.identity).unwrap();
                catalogue.add_video(next, &video(number)).unwrap();
            }
            catalogue.swap_in(next).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
    });
    is_sound(catalogue.as_ref(), 40);
}

#[test]
fn damaged_vectors_are_named_and_their_videos_are_those_to_encode_again() {
    let Some(home) = Home::server() else { return };
    let (catalogue, generation, files) = home.ten();
    let tracks: Vec<i32> =
        catalogue.files().unwrap().iter().map(|file| file.track.unwrap().0 as i32).collect();
    let mut client = client(&home);
    let mut damage = |change: &str, track: i32| {
        let change = change.replace("VECTORS", &format!("locvtp.vectors_{}_clip", generation.0));
        assert!(client.execute(&change, &[&track]).unwrap() > 0);
    };
    damage("UPDATE VECTORS SET stop = stop + 1 WHERE track = $1 AND clip = 0", tracks[2]);
    damage("DELETE FROM VECTORS WHERE track = $1 AND clip = 0", tracks[4]);
    let of_another = "(SELECT vector FROM VECTORS other WHERE other.track <> $1 LIMIT 1)";
    damage(&format!("UPDATE VECTORS SET vector = {of_another} WHERE track = $1"), tracks[8]);
    let numbers = "UPDATE locvtp.runs SET numbers = set_byte(numbers, 3, 7)
                   WHERE track = $1 AND kind = 'clip'";
    damage(numbers, tracks[9]);
    let faults = catalogue.verify().unwrap().faults;
    assert_eq!(faults.len(), 4, "{faults:?}");
    for (fault, track) in faults.iter().zip([tracks[9], tracks[2], tracks[4], tracks[8]]) {
        assert!(fault.contains("_clip") && fault.contains(&format!("track {track}:")), "{fault}");
    }
    let damaged = [files[2], files[4], files[8], files[9]];
    assert_eq!(catalogue.drop_damaged(&|_| true).unwrap().again, damaged);
    let left: Vec<_> = catalogue.files_left(generation).unwrap().iter().map(|it| it.id).collect();
    assert_eq!(left, damaged);
    for number in [2, 4, 8, 9] {
        catalogue.add_video(generation, &video(number)).unwrap();
    }
    is_sound(catalogue.as_ref(), 40);
}

#[test]
fn the_server_itself_refuses_a_vector_that_points_nowhere() {
    let Some(home) = Home::server() else { return };
    let (catalogue, generation, _) = home.ten();
    let track = catalogue.files().unwrap()[0].track.unwrap().0 as i32;
    let zero = format!("[{}]", vec!["0"; WIDTH].join(","));
    let insert = format!(
        "INSERT INTO locvtp.vectors_{}_clip VALUES ($1, 99, 0, 1, '{zero}'::halfvec)",
        generation.0
    );
    let refused = client(&home).execute(&insert, &[&track]).unwrap_err();
    assert_eq!(refused.code(), Some(&postgres::error::SqlState::CHECK_VIOLATION));
}

#[test]
fn a_newer_catalogue_and_an_old_pgvector_are_refused_by_name() {
    let Some(home) = Home::server() else { return };
    drop(home.ten());
    let mut client = client(&home);
    client.batch_execute("UPDATE locvtp.version SET number = 99").unwrap();
    for access in [Access::Read, Access::WRITE] {
        match home.open(access).err().unwrap() {
            CatalogueError::Newer { place, found: 99, known: 2 } => {
                assert_eq!(place, home.location.to_string());
            }
            other => panic!("{other}"),
        }
    }
    client.batch_execute("UPDATE locvtp.version SET number = 1").unwrap();
    // What the server says of its pgvector, as one with 0.8.3 says it.
    client
        .batch_execute("UPDATE pg_extension SET extversion = '0.8.3' WHERE extname = 'vector'")
        .unwrap();
    for access in [Access::Read, Access::WRITE] {
        let said = home.open(access).err().unwrap().to_string();
        assert!(said.contains("pgvector 0.8.3") && said.contains("corrupt HNSW"), "{said}");
    }
}

#[test]
fn a_wrong_password_and_a_closed_port_are_told_without_the_password() {
    let Some(server) = TestServer::start(&[]) else {
        return not_run("no PostgreSQL with pgvector is here: run scripts/setup");
    };
    server.make_database("videos");
    server.ask_for_password("anna", "richtig");
    let allow = "GRANT CREATE ON DATABASE videos TO anna";
    server.client("postgres").batch_execute(allow).unwrap();
    let typed =
        |password: &str| server.address("videos").replace("tester@", &format!("anna:{password}@"));
    // No superuser, so one has to make pgvector usable first.
    let early = Home::at(&typed("richtig")).open(Access::WRITE).err().unwrap();
    assert!(early.to_string().contains("CREATE EXTENSION vector"), "{early}");
    server.client("videos").batch_execute("CREATE EXTENSION vector").unwrap();
    let (catalogue, ..) = Home::at(&typed("richtig")).ten();
    is_sound(catalogue.as_ref(), 40);
    let wrong = Home::at(&typed("geheim"));
    let closed = Home::at("postgres://anna:geheim@127.0.0.1:9/videos");
    for (home, reason, way_out) in [
        (wrong, "password authentication failed", "refused the password; mend it in ~/.pgpass"),
        (closed, "refused", "nothing listens at the address; start the server"),
    ] {
        for access in [Access::Read, Access::WRITE] {
            let error = home.open(access).err().unwrap();
            let said = with_causes(&error);
            assert!(said.starts_with("postgres://anna@"), "{said}");
            assert!(said.contains(reason) && said.contains(way_out), "{said}");
            assert!(!said.contains("geheim") && !format!("{error:?}").contains("geheim"), "{said}");
        }
    }
}

/// Why a catalogue cannot be asked.
fn trouble(error: CatalogueError) -> (ServerTrouble, String) {
    let told = error.for_visitors();
    match error {
        CatalogueError::Unreachable { trouble, .. } => (trouble, told),
        other => panic!("{other}"),
    }
}

#[test]
fn of_all_reasons_why_a_server_gives_no_answer_the_one_that_holds_is_told() {
    let Some(mut server) = TestServer::start(&[]) else {
        return not_run("no PostgreSQL with pgvector is here: run scripts/setup");
    };
    server.make_database("videos");
    server.ask_for_password("anna", "richtig");
    let of =
        |typed: &str| trouble(Home::at(typed).open(Access::Read).err().expect("it does not open"));
    let address = server.address("videos");
    let with_user = |user: &str| address.replace("tester@", &format!("{user}@"));
    // What closes the line at once is no PostgreSQL.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    std::thread::spawn(move || other.incoming().for_each(drop));
    for (typed, expected, words) in [
        (server.address("films"), ServerTrouble::NoDatabase, "no such database"),
        (with_user("anna:falsch"), ServerTrouble::WrongPassword, "refused the password"),
        (with_user("anna"), ServerTrouble::NoPassword, "none is known here"),
        (with_user("nobody"), ServerTrouble::NotLetIn, "does not let this user in"),
        ("postgres://a@127.0.0.1:9/v".into(), ServerTrouble::NothingListens, "nothing listens"),
        ("postgres://a@/v?host=/no/such".into(), ServerTrouble::NothingListens, "nothing listens"),
        (format!("postgres://a@127.0.0.1:{port}/v"), ServerTrouble::EndedAtOnce, "at once"),
    ] {
        let (found, told) = of(&typed);
        assert_eq!(found, expected, "{typed}");
        assert!(told.contains(words), "{told}");
        assert!(!told.contains("anna") && !told.contains("127.0.0.1"), "{told}");
    }
    let limited = "ALTER ROLE anna CONNECTION LIMIT 0";
    server.client("postgres").batch_execute(limited).unwrap();
    let too_many = of(&with_user("anna:richtig"));
    assert_eq!(too_many.0, ServerTrouble::TooManyConnections);

    // A reader that was open: its database goes, and then its server.
    let home = Home::at(&address);
    drop(home.ten());
    let reader = home.reader();
    assert_eq!(reader.files().unwrap().len(), 10);
    server.client("postgres").batch_execute("DROP DATABASE videos WITH (FORCE)").unwrap();
    assert_eq!(trouble(reader.files().unwrap_err()).0, ServerTrouble::NoDatabase);
    server.crash();
    assert_eq!(trouble(reader.files().unwrap_err()).0, ServerTrouble::NothingListens);
}

#[test]
fn a_user_without_rights_is_told_so() {
    let Some(server) = TestServer::start(&[]) else {
        return not_run("no PostgreSQL with pgvector is here: run scripts/setup");
    };
    server.make_database("videos");
    server.ask_for_password("anna", "richtig");
    drop(Home::at(&server.address("videos")).ten());
    let typed = server.address("videos").replace("tester@", "anna:richtig@");
    let error = Home::at(&typed).open(Access::Read).err().unwrap();
    let said = error.to_string();
    let (found, told) = trouble(error);
    assert_eq!(found, ServerTrouble::NoRight { doing: "being opened" });
    assert!(said.contains("permission denied") && said.contains("GRANT"), "{said}");
    assert!(!told.contains("anna"), "{told}");
}

#[test]
fn a_line_is_encrypted_and_a_server_can_be_made_to_prove_who_it_is() {
    let Some((server, port)) = TestServer::start_encrypted() else {
        return not_run(
            "no PostgreSQL with TLS is here, or no openssl: apt-get install postgresql",
        );
    };
    server.ask_for_password("anna", "richtig");
    let open = |host: &str, options: &str| {
        let home = Home::at(&format!("postgres://anna:richtig@{host}:{port}/postgres{options}"));
        home.open(Access::Read).err().unwrap()
    };
    let authority = server.file("ca.crt");
    let proved = format!("?sslmode=verify-full&sslrootcert={}", authority.display());
    // The server takes anna by encrypted lines alone, and has no catalogue.
    for options in ["", "?sslmode=require", "?channel_binding=require", proved.as_str()] {
        let error = open("localhost", options);
        assert!(matches!(error, CatalogueError::Missing { .. }), "{options}: {error}");
    }
    for (host, options, reason) in [
        ("localhost", "?sslmode=disable", "no encryption"),
        // An authority that the system does not know, and a name that the certificate has not.
        ("localhost", "?sslmode=verify-full", "authority of the server's certificate"),
        ("127.0.0.1", proved.as_str(), "certificate is for another name"),
        ("localhost", "?sslmode=verify-full&sslrootcert=/gone.pem", "/gone.pem"),
    ] {
        let said = open(host, options).to_string();
        assert!(said.contains(reason), "{options}: {said}");
    }
}

#[test]
fn a_calibration_on_a_server_that_cannot_be_read_is_told() {
    let Some(home) = Home::server() else { return };
    let (catalogue, generation, _) = home.ten();
    catalogue.set_calibration(generation, &serde_json::json!({"a": 1})).unwrap();
    client(&home).batch_execute("UPDATE locvtp.generations SET calibration = '{bad'").unwrap();
    let said = catalogue.calibration(generation).unwrap_err().to_string();
    assert!(said.contains("column calibration: \"{bad\" is not JSON"), "{said}");
}

#[test]
fn words_that_take_too_long_are_given_up_and_the_next_question_is_answered() {
    let Some(home) = Home::server() else { return };
    let (catalogue, ..) = home.ten();
    let reader = home.reader();
    // Nothing reads a table that is held so.
    let mut other = client(&home);
    let mut holding = other.transaction().unwrap();
    holding.batch_execute("LOCK TABLE locvtp.cues IN ACCESS EXCLUSIVE MODE").unwrap();
    let error = reader.find_cues("egg", None, 3).unwrap_err();
    assert!(matches!(error, CatalogueError::TooSlow { .. }), "{error:?}");
    assert!(error.to_string().contains("took longer than 5 s and was given up"), "{error}");
    holding.rollback().unwrap();
    assert!(reader.find_cues("egg", None, 3).is_ok());
    drop(catalogue);
}
