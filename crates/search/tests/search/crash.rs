//! A writer that is killed at any moment loses at most what it was at.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use locvtp_search::catalogue::{Access, Catalogue, GenerationId, GenerationState};
use locvtp_video::randomness::finalise;

use crate::home::Home;
use crate::made::{identity, model, video};

/// Where the catalogue of the process lies that is killed.
const PLACE: &str = "LOCVTP_TEST_CRASH_PLACE";
const SEED: &str = "LOCVTP_TEST_CRASH_SEED";

/// Videos that come and go.
const NUMBERS: u64 = 12;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Add(u64),
    Remove(u64),
    Compact,
    Swap,
}

impl Deed {
    fn drawn(seed: u64) -> Self {
        let drawn = finalise(seed);
        match drawn % 16 {
            0 => Self::Swap,
            1 | 2 => Self::Compact,
            3..8 => Self::Remove(drawn / 16 % NUMBERS),
            _ => Self::Add(drawn / 16 % NUMBERS),
        }
    }
}

/// The process that is killed: it says which deed it begins and when it is done.
#[test]
fn child() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let seed: u64 = std::env::var(SEED).unwrap().parse().unwrap();
    let catalogue = Home::at(&place).writer();
    let mut generation = live(catalogue.as_ref());
    for count in 0.. {
        let deed_seed = finalise(seed) ^ count;
        say(&format!("\nbegin {deed_seed}"));
        match Deed::drawn(deed_seed) {
            Deed::Add(number) => drop(catalogue.add_video(generation, &video(number)).unwrap()),
            Deed::Remove(number) => {
                let files = catalogue.files().unwrap();
                let file = files.iter().find(|file| file.identity == identity(number));
                catalogue.remove_files(&Vec::from_iter(file.map(|file| file.id))).unwrap();
            }
            Deed::Compact => drop(catalogue.compact().unwrap()),
            Deed::Swap => {
                generation = catalogue.generation(&model(u128::from(deed_seed))).unwrap();
                for file in catalogue.files_left(generation).unwrap() {
                    let is_it = |number: &u64| identity(*number) == file.identity;
                    let number = (0..NUMBERS).find(is_it).unwrap();
                    catalogue.add_video(generation, &video(number)).unwrap();
                }
                catalogue.swap_in(generation).unwrap();
            }
        }
        say(&format!("\ndone {deed_seed}"));
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

fn live(catalogue: &dyn Catalogue) -> GenerationId {
    let generations = catalogue.generations().unwrap();
    let live = generations.iter().find(|it| it.state == GenerationState::Live);
    live.map_or_else(|| catalogue.generation(&model(0)).unwrap(), |live| live.id)
}

/// Lets a writer work for a drawn time and kills it. Returns what it had done, and what it was at.
fn work_and_kill(place: &str, seed: u64) -> (Vec<Deed>, Option<Deed>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(PLACE, place)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Killed so many lines and microseconds after its start.
    let num_lines = (finalise(seed ^ 1) % 60) as usize;
    let pause = Duration::from_micros(finalise(seed ^ 2) % 20_000);
    let (mut done, mut at) = (Vec::new(), None);
    let mut num_seen = 0;
    for line in lines {
        let line = line.unwrap();
        let deed = |line: &str| Deed::drawn(line.parse().unwrap());
        if let Some(seed) = line.strip_prefix("begin ") {
            at = Some(deed(seed));
        } else if let Some(seed) = line.strip_prefix("done ") {
            assert_eq!(at.take(), Some(deed(seed)));
            done.push(deed(seed));
        } else {
            continue;
        }
        num_seen += 1;
        if num_seen == num_lines + 1 {
            std::thread::sleep(pause);
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
    (done, at)
}

/// What must be there, and what may be either way.
fn carry_out(present: &mut BTreeSet<u64>, done: &[Deed]) {
    for deed in done {
        match deed {
            Deed::Add(number) => drop(present.insert(*number)),
            Deed::Remove(number) => drop(present.remove(number)),
            Deed::Compact | Deed::Swap => {}
        }
    }
}

/// Returns how much was done between the kills.
fn kill_often(home: &Home, num_times: u64) -> usize {
    let place = home.location.to_string();
    let mut present = BTreeSet::new();
    let mut num_done = 0;
    for time in 0..num_times {
        let (done, at) = work_and_kill(&place, 1000 + time);
        num_done += done.len();
        carry_out(&mut present, &done);
        // A reader finds it sound as it was left, and so does the next writer.
        home.settle();
        match home.open(Access::Read) {
            // It may have been killed before it made anything.
            Err(_) if done.is_empty() => {}
            reader => check(reader.unwrap().as_ref(), &mut present, at, time),
        }
        check(home.writer().as_ref(), &mut present, at, time);
    }
    assert!(num_done as u64 > num_times);
    num_done
}

fn check(catalogue: &dyn Catalogue, present: &mut BTreeSet<u64>, at: Option<Deed>, time: u64) {
    let files = catalogue.files().unwrap();
    let numbers: Vec<u64> = files
        .iter()
        .map(|file| (0..NUMBERS).find(|number| identity(*number) == file.identity).unwrap())
        .collect();
    let found: BTreeSet<u64> = numbers.iter().copied().collect();
    assert_eq!(found.len(), files.len(), "nothing is there twice");
    // The deed at work is done or not.
    if found != *present {
        let mut with = present.clone();
        carry_out(&mut with, &Vec::from_iter(at));
        assert_eq!(found, with, "time {time}, at {at:?}");
        *present = with;
    }
    let verified = catalogue.verify().unwrap();
    assert_eq!(verified.faults, [""; 0], "time {time}");
    let generations = catalogue.generations().unwrap();
    let Some(live) = generations.iter().find(|it| it.state == GenerationState::Live) else {
        assert!(found.is_empty());
        return;
    };
    assert_eq!(catalogue.files_left(live.id).unwrap(), []);
    let mut num_vectors = 0;
    for (file, number) in files.iter().zip(numbers) {
        let (track, expected) = (file.track.unwrap(), video(number));
        assert_eq!(catalogue.cues(file.id).unwrap(), expected.cues);
        for (kind, batch) in &expected.vectors {
            let there = catalogue.track_vectors(live.id, *kind, track).unwrap().unwrap();
            let numbers = (0..batch.len()).flat_map(|row| batch.vector(row));
            assert_eq!(there.numbers.len(), batch.len() * batch.width());
            let is_near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-7;
            assert!(there.numbers.iter().zip(numbers).all(is_near), "video {number}");
            assert_eq!(there.spans, batch.spans());
            num_vectors += there.spans.len() as u64;
        }
    }
    // That of a model that is being built has some of them a second time.
    if generations.len() == 1 {
        assert_eq!(verified.num_vectors, num_vectors);
    }
}

#[test]
fn after_twenty_kills_nothing_done_is_lost_and_nothing_is_twice() {
    kill_often(&Home::folder(), 20);
}

#[test]
#[ignore = "a minute or more"]
fn after_three_hundred_kills_nothing_done_is_lost_and_nothing_is_twice() {
    println!("300 kills, {} deeds done", kill_often(&Home::folder(), 300));
}

#[test]
fn after_twenty_kills_nothing_done_is_lost_on_a_server() {
    if let Some(home) = Home::server() {
        kill_often(&home, 20);
    }
}

#[test]
#[ignore = "some minutes"]
fn after_three_hundred_kills_nothing_done_is_lost_on_a_server() {
    if let Some(home) = Home::server() {
        println!("300 kills, {} deeds done", kill_often(&home, 300));
    }
}
