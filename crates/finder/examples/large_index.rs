//! An index of generated vectors, as large as wanted: what the server is measured with.
//!
//! `cargo run --release --workspace --example large_index -- MODEL FOLDER [--hours 1000] [--stride 2]`
//! writes an index of MODEL into FOLDER, of files of an hour each that are not there. Their vectors are
//! shaped as those of videos are: a direction that all share, topics, and scenes of 5 to 60 clips that
//! drift. With `--scan 30` it writes nothing and prints the median time of so many scans of that index:
//! what a query costs at least. `bench/serve.py` asks the server.

#![expect(clippy::print_stdout, reason = "it says what it wrote")]
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use locvtp_finder::{IndexSampling, model_record};
use locvtp_search::catalogue::{Access, Catalogue, Cue, GenerationId, NewVideo, SqliteCatalogue};
use locvtp_search::identity::{ContentIdentity, Look};
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::{VectorBatch, VectorKind};
use locvtp_transfer::Embedder;
use locvtp_video::randomness::{finalise, unit};
use locvtp_video::{Seconds, TimeSpan};

const HOUR_S: f64 = 3600.0;
const TOPICS: u64 = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, ..] = arguments.as_slice() else {
        return Err("say which model and where: MODEL FOLDER [--hours N] [--stride S]".into());
    };
    let number = |name: &str, default: f64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(Ok(default), |text| text.parse::<f64>())
    };
    let (hours, stride) = (number("--hours", 1000.0)? as u64, number("--stride", 2.0)?);
    let (model, folder) = (PathBuf::from(model), PathBuf::from(folder));
    let embedder = Embedder::open(&model)?;
    let record = model_record(&embedder, &model, IndexSampling { stride_s: Some(stride) })?;
    let width = record.width as usize;
    let catalogue = SqliteCatalogue::open(&folder.join(".locvtp"), Access::WRITE)?;
    let generation = catalogue.generation(&record)?;
    let num_scans = number("--scan", 0.0)? as u64;
    if num_scans > 0 {
        return time_scans(&catalogue, generation, width, num_scans);
    }
    let root = folder.canonicalize()?;
    for hour in 0..hours {
        let mut clips = VectorBatch::new(width);
        for (number, vector) in vectors(hour, (HOUR_S / stride) as u64, width).iter().enumerate() {
            let start = number as f64 * stride;
            clips.push(vector, TimeSpan::new(start, start + stride))?;
        }
        let path = root.join(format!("{:02}/hour {hour:05}.mp4", hour % 20));
        catalogue.add_video(
            generation,
            &NewVideo {
                file: None,
                identity: ContentIdentity { size: 1 + hour, sample: u128::from(hour), whole: None },
                look: Look { path, size: 1 + hour, modified_ns: 0, changed_ns: 0 },
                duration: Seconds(HOUR_S),
                note: None,
                vectors: vec![(VectorKind::Clip, clips)],
                cues: (0..60).map(|minute| cue(hour, minute)).collect(),
            },
        )?;
    }
    println!("{hours} hours, {} vectors", hours * (HOUR_S / stride) as u64);
    Ok(())
}

/// Prints the median time of scans with queries like the vectors, all threads, for the best 80 files.
fn time_scans(
    catalogue: &SqliteCatalogue,
    generation: GenerationId,
    width: usize,
    num_scans: u64,
) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for (number, query) in vectors(u64::from(u32::MAX), num_scans + 3, width).iter().enumerate() {
        let request = ScanRequest { num_tracks: 80, ..ScanRequest::new(query, 0) };
        let began = Instant::now();
        catalogue.scan(generation, VectorKind::Clip, &request)?;
        // The first ones read the index from the disk.
        times.extend((number >= 3).then(|| began.elapsed().as_secs_f64()));
    }
    times.sort_by(f64::total_cmp);
    println!("scan: {:.1} ms", 1e3 * times[times.len() / 2]);
    Ok(())
}

/// A line of subtitles a minute.
fn cue(hour: u64, minute: u64) -> Cue {
    const WORDS: [&str; 8] = ["red", "square", "moves", "left", "blue", "disc", "spins", "up"];
    let word = |place: u64| WORDS[(finalise(hour * 1009 + minute * 31 + place) % 8) as usize];
    let start = minute as f64 * 60.0;
    Cue {
        span: TimeSpan::new(start, start + 3.0),
        text: format!("{} {} {}", word(0), word(1), word(2)),
        language: None,
        source: "generated.srt".into(),
    }
}

/// The vectors of a file in the order of time.
fn vectors(hour: u64, num: u64, width: usize) -> Vec<Vec<f32>> {
    let direction = |key: u64| -> Vec<f32> {
        let normal = |place: usize| {
            // The sum of four even draws is a bell.
            let draws = (0..4).map(|draw| unit(finalise(key ^ (place as u64 * 4 + draw) << 20)));
            (draws.sum::<f64>() - 2.0) as f32
        };
        (0..width).map(normal).collect()
    };
    let shared = direction(1);
    let mut all = Vec::with_capacity(num as usize);
    let mut scene = 0;
    while (all.len() as u64) < num {
        let key = finalise(hour << 20 | scene);
        let (topic, own) = (direction(2 + key % TOPICS), direction(key | 1 << 50));
        let drift = direction(key | 1 << 51);
        for clip in 0..5 + key % 56 {
            let far = clip as f32 * 0.02;
            let parts = shared.iter().zip(&topic).zip(own.iter().zip(&drift));
            let vector = parts.map(|((a, b), (c, d))| 0.8 * a + b + 0.7 * c + far * d);
            all.push(vector.collect());
        }
        scene += 1;
    }
    all.truncate(num as usize);
    all
}
