//! The exact scan beside a plain read of the same bytes, and how much of the true best it finds.
//!
//! `cargo bench -p locvtp-search --bench scan -- make --folder DIR --rows N` writes N vectors of 256
//! numbers, shaped as those of videos are: a direction that all share, topics, scenes of 5 to 60 rows,
//! and still pictures, whose rows differ by a camera's noise, by a coder's, or not at all. Then
//! `-- scan --folder DIR [--threads 2] [--turns 15] [--queries FILE]` prints the time of a query for the
//! best 50, beside a plain read in turn with it, and the processor's time of the first query and the first plain
//! read of a set that is opened anew: the query compares checksums; `-- recall --folder DIR` how much of the best 10 by the `f32` vectors is found;
//! `-- small --folder DIR [--segments 10000]` what it costs to see that no segment of many was changed.
//! `bench/scan.py` runs it beside other programs.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use locvtp_search::scan::{ScanRequest, VectorSet};
use locvtp_search::segment::{
    Segment, SegmentHeader, SegmentWriter, TrackId, VectorBatch, VectorKind,
};
use locvtp_video::TimeSpan;
use locvtp_video::randomness::{finalise, unit};
use rayon::prelude::*;

const WIDTH: usize = 256;
const ROWS_OF_TRACK: u64 = 3600;
const ROWS_OF_SEGMENT: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let number = |name: &str, default: u64| option(name).map_or(Ok(default), |it| it.parse());
    let folder = PathBuf::from(option("--folder").ok_or("say where with --folder DIR")?);
    let threads = number("--threads", 2)? as usize;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    match arguments.first().map(String::as_str) {
        Some("make") => make(&folder, number("--rows", 1_000_000)?),
        Some("scan") => {
            let queries = option("--queries").map(Path::new);
            time_scans(&folder, threads, number("--turns", 15)?, queries)
        }
        Some("recall") => measure_recall(&folder, number("--queries", 200)?),
        Some("small") => time_small(&folder, number("--segments", 10_000)?),
        _ => Err("say make, scan, recall or small".into()),
    }
}

fn make(folder: &Path, num_rows: u64) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    for first in (0..num_rows).step_by(ROWS_OF_SEGMENT as usize) {
        let tracks = tracks_of(first, (first + ROWS_OF_SEGMENT).min(num_rows));
        let num_vectors = tracks.iter().map(|(_, rows)| rows.end - rows.start).sum::<u64>() as u32;
        let (width, num_runs) = (WIDTH as u32, tracks.len() as u32);
        let header =
            SegmentHeader { kind: VectorKind::Clip, width, num_vectors, num_runs, model: 1 };
        let path = folder.join(format!("{:08}.vectors", first / ROWS_OF_SEGMENT));
        let mut writer = SegmentWriter::create(&path, header)?;
        for some in tracks.chunks(32) {
            let batches: Vec<VectorBatch> = some.par_iter().map(|(_, rows)| batch(rows)).collect();
            for ((track, _), batch) in some.iter().zip(&batches) {
                writer.add(TrackId(*track), batch)?;
            }
        }
        writer.finish()?;
    }
    Ok(())
}

fn time_scans(
    folder: &Path,
    threads: usize,
    turns: u64,
    queries: Option<&Path>,
) -> Result<(), Box<dyn Error>> {
    let (set, segments) = open(folder)?;
    let queries: Vec<Vec<f32>> = match queries {
        Some(path) => {
            let bytes = std::fs::read(path)?;
            let numbers: Vec<f32> = bytes
                .chunks_exact(4)
                .map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]]))
                .collect();
            numbers.chunks_exact(WIDTH).map(<[f32]>::to_vec).collect()
        }
        None => (0..turns + 2).map(|turn| query(turn, set.num_vectors())).collect(),
    };
    let (mut scans, mut reads, mut cpu, mut found) = (vec![], vec![], vec![], vec![]);
    for (turn, query) in queries.iter().enumerate() {
        let (began, cpu_began) = (Instant::now(), cpu_ms());
        let answer = set.scan(&ScanRequest::new(query, 50))?;
        let scan_s = began.elapsed().as_secs_f64();
        let scan_cpu_ms = cpu_ms().zip(cpu_began).map(|(end, began)| end - began);
        assert_eq!(answer.hits.len(), 50);
        found.push(answer.hits[..10].iter().map(|hit| row_of(hit.track, hit.clip)).collect());
        let began = Instant::now();
        std::hint::black_box(read_all(&segments));
        let read_s = began.elapsed().as_secs_f64();
        // The first two bring the bytes into memory.
        if turn >= 2 {
            scans.push(scan_s);
            cpu.extend(scan_cpu_ms);
            reads.push(read_s);
        }
    }
    let num_bytes: usize = segments.iter().map(|segment| segment.mapped_bytes()).sum();
    // Each with pages that are mapped anew, which costs a plain read as much.
    let (mut firsts, mut first_reads) = (Vec::new(), Vec::new());
    for query in queries.iter().take(5) {
        let (anew, _) = open(folder)?;
        let began = cpu_ms();
        anew.scan(&ScanRequest::new(query, 50))?;
        firsts.extend(cpu_ms().zip(began).map(|(end, began)| end - began));
        let (_, anew) = open(folder)?;
        let began = cpu_ms();
        std::hint::black_box(read_all(&anew));
        first_reads.extend(cpu_ms().zip(began).map(|(end, began)| end - began));
    }
    let of_cpu = |times: Vec<f64>| if times.is_empty() { f64::NAN } else { median(times) };
    let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    let (least_scan_s, least_read_s) = (least(&scans), least(&reads));
    let (scan_s, read_s) = (median(scans), median(reads));
    let gb_per_s = |seconds: f64| num_bytes as f64 / seconds / 1e9;
    let line = serde_json::json!({
        "rows": set.num_vectors(),
        "threads": threads,
        "scan_ms": scan_s * 1e3,
        "least_ms": least_scan_s * 1e3,
        "cpu_ms": of_cpu(cpu),
        "first_cpu_ms": of_cpu(firsts),
        "first_read_cpu_ms": of_cpu(first_reads),
        "scan_gb_per_s": gb_per_s(scan_s),
        "read_gb_per_s": gb_per_s(read_s),
        "share_of_read": read_s / scan_s,
        "share_of_least_read": least_read_s / least_scan_s,
        "mapped_mb": set.mapped_bytes() / 1_000_000,
        "other_mib": anonymous_mib(),
        "found": Vec::<Vec<u64>>::from_iter(found),
    });
    say(&line.to_string());
    Ok(())
}

/// Segments of 100 rows, and the time to scan them all beside that to see that none was changed.
fn time_small(folder: &Path, num_segments: u64) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    for number in 0..num_segments {
        let path = folder.join(format!("{number:08}.vectors"));
        let (width, num_vectors) = (WIDTH as u32, 100);
        let header =
            SegmentHeader { kind: VectorKind::Clip, width, num_vectors, num_runs: 1, model: 1 };
        let mut writer = SegmentWriter::create(&path, header)?;
        writer.add(TrackId(number as u32), &batch(&(number * 100..number * 100 + 100)))?;
        writer.finish()?;
    }
    let (set, _) = open(folder)?;
    let (mut first, mut scans, mut checks) = (None, Vec::new(), Vec::new());
    for turn in 0..15 {
        let began = Instant::now();
        set.scan(&ScanRequest::new(&query(turn, 100 * num_segments), 50))?;
        scans.push(began.elapsed().as_secs_f64() * 1e3);
        first = first.or(scans.last().copied());
        let began = Instant::now();
        set.check_unchanged()?;
        checks.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let (scan_ms, unchanged_ms) = (median(scans), median(checks));
    let line = serde_json::json!({
        "segments": num_segments,
        "first_ms": first,
        "scan_ms": scan_ms,
        "unchanged_ms": unchanged_ms,
    });
    say(&line.to_string());
    Ok(())
}

fn measure_recall(folder: &Path, num_queries: u64) -> Result<(), Box<dyn Error>> {
    let (set, _) = open(folder)?;
    let num_rows = set.num_vectors();
    let queries: Vec<Vec<f32>> = (0..num_queries).map(|at| query(at, num_rows)).collect();
    let truth = true_tops(&queries, num_rows);
    let (mut num_found, mut num_as_good, mut largest) = (0, 0, 0.0f32);
    for (query, truth) in queries.iter().zip(&truth) {
        let hits = set.scan(&ScanRequest::new(query, 10))?.hits;
        let is_found =
            |id: &&(f32, u32, u32)| hits.iter().any(|hit| (hit.track.0, hit.clip) == (id.1, id.2));
        num_found += truth.iter().filter(is_found).count();
        // Scores of `f32` vectors are themselves rounded to about 6e-8.
        let pairs = hits.iter().zip(truth).map(|(hit, truth)| (hit.score - truth.0).abs());
        num_as_good += pairs.clone().filter(|apart| *apart < 2e-7).count();
        largest = pairs.fold(largest, f32::max);
    }
    let share = |count: usize| count as f64 / (10 * num_queries) as f64;
    let line = serde_json::json!({
        "rows": num_rows,
        "queries": num_queries,
        "recall_at_10": share(num_found),
        "places_with_the_true_score": share(num_as_good),
        "largest_difference": largest,
    });
    say(&line.to_string());
    Ok(())
}

/// The best ten of the vectors before they were rounded, as score, track and clip.
fn true_tops(queries: &[Vec<f32>], num_rows: u64) -> Vec<Vec<(f32, u32, u32)>> {
    let units: Vec<Vec<f64>> = queries.iter().map(|query| unit_length(query)).collect();
    let tops_of = |(track, rows): (u32, std::ops::Range<u64>)| {
        let batch = batch(&rows);
        let score = |query: &Vec<f64>, row: usize| {
            let pairs = query.iter().zip(batch.vector(row));
            pairs.map(|(a, b)| a * f64::from(*b)).sum::<f64>() as f32
        };
        let top = |query| best((0..batch.len()).map(|row| (score(query, row), track, row as u32)));
        units.iter().map(top).collect::<Vec<_>>()
    };
    let first: Vec<u64> = (0..num_rows).step_by(ROWS_OF_SEGMENT as usize).collect();
    let tracks = first.iter().flat_map(|at| tracks_of(*at, (at + ROWS_OF_SEGMENT).min(num_rows)));
    let tops: Vec<_> = tracks.collect::<Vec<_>>().into_par_iter().map(tops_of).collect();
    (0..queries.len()).map(|at| best(tops.iter().flat_map(|top| top[at].clone()))).collect()
}

fn best(all: impl Iterator<Item = (f32, u32, u32)>) -> Vec<(f32, u32, u32)> {
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    all.truncate(10);
    all
}

/// Reads every mapped byte once, with all threads.
fn read_all(segments: &[Arc<Segment>]) -> u64 {
    let sum = AtomicU64::new(0);
    segments.iter().for_each(|segment| {
        let codes = segment.codes(0..segment.header().num_vectors as usize);
        codes.par_chunks(2 << 20).for_each(|part| {
            // SAFETY: any eight bytes are a number.
            let (_, words, _) = unsafe { part.align_to::<u64>() };
            let mut sums = [0u64; 16];
            for words in words.chunks_exact(16) {
                sums.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(*word));
            }
            sum.fetch_add(sums.iter().fold(0, |a, b| a.wrapping_add(*b)), Ordering::Relaxed);
        });
    });
    sum.into_inner()
}

type Opened = (VectorSet, Vec<Arc<Segment>>);

fn open(folder: &Path) -> Result<Opened, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "vectors"));
    paths.sort();
    let segments: Vec<Arc<Segment>> =
        paths.iter().map(|path| Segment::open(path).map(Arc::new)).collect::<Result<_, _>>()?;
    let live = segments.iter().map(|segment| Ok((segment.clone(), segment.runs()?)));
    let set = VectorSet::new(WIDTH, live.collect::<Result<_, Box<dyn Error>>>()?)?;
    Ok((set, segments))
}

/// The tracks of rows, cut at the ends of segments.
fn tracks_of(first: u64, end: u64) -> Vec<(u32, std::ops::Range<u64>)> {
    let tracks = (first..end).step_by(ROWS_OF_TRACK as usize);
    let number =
        |row: u64| (row / ROWS_OF_SEGMENT * 1000 + row % ROWS_OF_SEGMENT / ROWS_OF_TRACK) as u32;
    tracks.map(|row| (number(row), row..(row + ROWS_OF_TRACK).min(end))).collect()
}

fn row_of(track: TrackId, clip: u32) -> u64 {
    let (segment, place) = (u64::from(track.0) / 1000, u64::from(track.0) % 1000);
    segment * ROWS_OF_SEGMENT + place * ROWS_OF_TRACK + u64::from(clip)
}

fn batch(rows: &std::ops::Range<u64>) -> VectorBatch {
    let mut batch = VectorBatch::new(WIDTH);
    let mut scene_end = rows.start;
    let (mut scene, mut noise) = (Vec::new(), 0.0);
    for row in rows.clone() {
        if row == scene_end {
            let drawn = finalise(row ^ 0x5ce4e);
            scene_end += 5 + drawn % 56;
            // Three of eight scenes are still pictures: a camera's noise, a coder's, the same frame.
            noise = [0.02, 0.001, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5][(drawn >> 32 & 7) as usize];
            scene = mixed(&[(1, 1.0), (100 + drawn % 3000, 0.9), (drawn, 0.8)]);
        }
        let own = numbers(finalise(row));
        let vector: Vec<f32> = scene.iter().zip(&own).map(|(a, b)| a + noise * b).collect();
        let time = (row - rows.start) as f64;
        batch.push(&vector, TimeSpan::new(time, time + 1.0)).expect("finite numbers");
    }
    batch
}

/// What a sentence about a topic is like: some of the topic, a direction that sentences share, and much
/// that is its own.
fn query(number: u64, num_rows: u64) -> Vec<f32> {
    let topic = 100 + finalise(number ^ num_rows) % 3000;
    mixed(&[(2, 0.8), (topic, 0.6), (finalise(number ^ 0xa5a5), 1.0)])
}

fn mixed(parts: &[(u64, f32)]) -> Vec<f32> {
    let mut sum = vec![0.0; WIDTH];
    for (seed, weight) in parts {
        let part = numbers(*seed);
        sum.iter_mut().zip(part).for_each(|(sum, number)| *sum += weight * number);
    }
    sum
}

/// Numbers of a triangle's distribution.
fn numbers(seed: u64) -> Vec<f32> {
    let number = |at: u64| {
        let word = finalise(seed.wrapping_add(at << 40));
        (unit(word) + unit(word << 32) - 1.0) as f32
    };
    (0..WIDTH as u64).map(number).collect()
}

fn unit_length(vector: &[f32]) -> Vec<f64> {
    let length = vector.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
    vector.iter().map(|it| f64::from(*it) / length).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Time that this process's threads ran, where the system tells.
fn cpu_ms() -> Option<f64> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let ran = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    Some(tasks.map(|task| ran(task).unwrap_or(0.0)).sum::<f64>() / 1e6)
}

/// Memory of this process that is no mapped file, where the system tells.
fn anonymous_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

#[expect(clippy::print_stdout, reason = "the bench's answer")]
fn say(line: &str) {
    println!("{line}");
}
