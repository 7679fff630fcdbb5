//! Questions to a catalogue on a server, beside the same in a folder: every score sent, or an HNSW index.
//!
//! `cargo bench -p locvtp-search --bench server [-- NUM_VECTORS]` (100,000 of 256 numbers by default), on the
//! PostgreSQL that `scripts/setup` installs, on this machine.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that fails shall panic")]

#[path = "../../../tests/support/not_run.rs"]
mod not_run;
#[path = "../tests/search/server.rs"]
mod server;

use std::path::PathBuf;
use std::time::Instant;

use locvtp_search::catalogue::{
    Access, Catalogue, GenerationId, ModelRecord, NewVideo, PostgresCatalogue, SqliteCatalogue,
};
use locvtp_search::identity::{ContentIdentity, Look};
use locvtp_search::scan::{ScanAnswer, ScanRequest};
use locvtp_search::segment::{VectorBatch, VectorKind};
use locvtp_video::randomness::{finalise, unit};
use locvtp_video::{Seconds, TimeSpan};

const WIDTH: usize = 256;
const CLIPS: u64 = 1000;
const QUESTIONS: u64 = 15;

/// A vector near one of a thousand middles, as clips of like scenes are.
fn vector(seed: u64) -> Vec<f32> {
    let number = |seed: u64, at: u64| unit(finalise(finalise(seed) ^ at)) as f32 - 0.5;
    let middle = 1_000_000_000 + finalise(seed) % 1000;
    (0..WIDTH as u64).map(|at| number(middle, at) + 0.7 * number(seed, at)).collect()
}

fn fill(catalogue: &dyn Catalogue, num_videos: u64) -> GenerationId {
    let model = ModelRecord {
        name: "bench".into(),
        hash: 1,
        preprocessing: "{}".into(),
        sampling: "{}".into(),
        width: WIDTH as u32,
    };
    let generation = catalogue.generation(&model).unwrap();
    for video in 0..num_videos {
        let mut clips = VectorBatch::new(WIDTH);
        for clip in 0..CLIPS {
            let span = TimeSpan::new(2.0 * clip as f64, 2.0 * clip as f64 + 2.0);
            clips.push(&vector(video * CLIPS + clip), span).unwrap();
        }
        let path = PathBuf::from(format!("/videos/{video}.mp4"));
        let video = NewVideo {
            file: None,
            identity: ContentIdentity { size: video, sample: u128::from(video), whole: None },
            look: Look { path, size: video, modified_ns: 0, changed_ns: 0 },
            duration: Seconds(2.0 * CLIPS as f64),
            note: None,
            vectors: vec![(VectorKind::Clip, clips)],
            cues: vec![],
        };
        catalogue.add_video(generation, &video).unwrap();
    }
    generation
}

/// Asks as a finder does, for files, and for clips. Prints the median time.
fn ask(name: &str, catalogue: &dyn Catalogue, generation: GenerationId) -> Vec<ScanAnswer> {
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for question in 0..QUESTIONS {
        let query = vector(5_000_000_000 + question);
        let request = ScanRequest { num_tracks: 50, ..ScanRequest::new(&query, 50) };
        let began = Instant::now();
        answers.push(catalogue.scan(generation, VectorKind::Clip, &request).unwrap());
        times.push(began.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    println!("{name}: {:.0} ms", 1e3 * times[times.len() / 2]);
    answers
}

/// The share of the ten best that are found.
fn recall(answers: &[ScanAnswer], exact: &[ScanAnswer]) -> f64 {
    let pairs = answers.iter().zip(exact);
    let found = pairs.map(|(answer, exact)| {
        exact.hits[..10].iter().filter(|hit| answer.hits.contains(hit)).count()
    });
    found.sum::<usize>() as f64 / (10 * exact.len()) as f64
}

fn main() {
    let given = std::env::args().find_map(|argument| argument.parse::<u64>().ok());
    let num_videos = given.unwrap_or(100_000) / CLIPS;
    let Some(address) = server::database() else { return };
    let folder = tempfile::tempdir().unwrap();
    println!("{} vectors of {WIDTH} numbers, best 50 clips and 50 files", num_videos * CLIPS);
    let local = SqliteCatalogue::open(folder.path(), Access::WRITE).unwrap();
    let generation = fill(&local, num_videos);
    let exact = ask("folder", &local, generation);
    let open = |access| PostgresCatalogue::open(&address.parse().unwrap(), access).unwrap();
    let writer = open(Access::WRITE);
    let began = Instant::now();
    let generation = fill(&writer, num_videos);
    println!("server, adding: {:.1} s", began.elapsed().as_secs_f64());
    let all = ask("server, every score sent", &open(Access::Read), generation);
    println!("recall@10 {:.3}", recall(&all, &exact));
    drop(writer);
    let began = Instant::now();
    let writer = open(Access::WRITE).with_exact_most(0);
    writer.compact().unwrap();
    println!("server, making the index: {:.1} s", began.elapsed().as_secs_f64());
    let indexed = ask("server, by the index", &writer, generation);
    println!("recall@10 {:.3}", recall(&indexed, &exact));
}
