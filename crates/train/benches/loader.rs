//! Samples a second of the training loader, as the paper trains: 8 clips of 16 frames of a caption's
//! span, cropped, mirrored and recoloured at random, 224 x 224, as normalised numbers.
//!
//! `cargo bench --workspace --bench loader -- FOLDER [--samples 48] [--threads 2] [--plain] [--no-tables]` prints
//! one line of JSON that `bench/loader.py FOLDER`'s stands beside. The folder is filled when it has no
//! `list.csv`: eight videos of 30 s, 640 x 360, a key frame every 250, and a list of their captions. `--plain` leaves
//! the augmentation out, `--no-tables` reads the frame tables from the files at every opening.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use locvtp_corpus::{AnnotatedCorpus, Corpus, PairSampler};
use locvtp_model::SentenceTokenizer;
use locvtp_train::{BatchSource, Experiment, Loader, UsableCorpus};
use locvtp_video::{Augmentation, Encoder, EncoderSettings};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NUM_VIDEOS: u32 = 8;
const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;
const FRAME_RATE_HZ: u32 = 30;
const DURATION_S: u32 = 30;
const CAPTION_S: u32 = 10;
const BATCH: usize = 2;

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        let text = at.and_then(|at| arguments.get(at + 1));
        text.map_or(Ok(default), |text| text.parse())
    };
    let folder = arguments.first().filter(|first| !first.starts_with("--"));
    let folder = PathBuf::from(folder.ok_or("give a folder for the videos")?);
    if !folder.join("list.csv").exists() {
        fill(&folder)?;
    }
    let (samples, threads) = (number("--samples", 48)?, number("--threads", 2)?);
    let mut experiment = Experiment::default();
    experiment.corpus.dir = folder.join("list.csv");
    // One caption's span a sample.
    experiment.pairs.short_share = 1.0;
    experiment.pairs.short_batch = BATCH;
    experiment.loader.cache_mib = 0;
    if !has("--plain") {
        experiment.augmentation = Augmentation::paper();
    }
    if !has("--no-tables") {
        experiment.loader.frame_tables = Some(folder.join("tables"));
    }
    experiment.check()?;

    let settings = experiment.corpus.read_settings();
    let (listed, _) = AnnotatedCorpus::open(&experiment.corpus.dir, &settings)?;
    let opener = experiment.opener()?;
    let (corpus, _) = UsableCorpus::check(&listed, 0.0, &opener)?;
    let texts: Vec<String> = corpus.videos().iter().map(|v| v.captions[0].text.clone()).collect();
    let words = SentenceTokenizer::train(texts.iter().map(String::as_str), 100, 64)?;
    let sampler = PairSampler::new(Arc::new(corpus), experiment.pairs.clone(), 0)?;
    let queue = experiment.queue_len();
    let source = BatchSource::new(experiment, sampler, words, opener);

    let (began, cpu_before) = (Instant::now(), cpu_s());
    let steps = (samples / BATCH) as u64;
    let mut loader = Loader::start(0, steps, threads, queue, move |step| source.batch(step));
    let (mut given, mut sum) = (0, 0.0f64);
    while let Some(batch) = loader.next_result() {
        let batch = batch?;
        given += batch.shape[0];
        // One byte of each patch's row, so that the pixels are known to be there.
        sum += batch
            .clips
            .bytes()
            .iter()
            .step_by(16)
            .map(|byte| f64::from(*byte) / 127.5 - 1.0)
            .sum::<f64>();
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_s() - cpu_before);
    let numbers = given as f64 * (8 * 16 * 224 * 224 * 3 / 16) as f64;
    println!(
        "{{\"loader\": \"locvtp\", \"augmented\": {}, \"tables\": {}, \"threads\": {threads}, \"samples\": {given}, \
         \"wall_s\": {wall:.2}, \"samples_per_s\": {:.3}, \"cpu_s_per_sample\": {:.4}, \"mean\": {:.4}, \
         \"peak_memory_mib\": {:.0}}}",
        !has("--plain"),
        !has("--no-tables"),
        given as f64 / wall,
        cpu / given as f64,
        sum / numbers,
        usage().ru_maxrss as f64 / 1024.0,
    );
    Ok(())
}

/// Moving shapes over a texture with noise, so that the codec has the usual work, and a caption every
/// ten seconds.
fn fill(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(folder)?;
    let mut list = "path,start,end,text\n".to_owned();
    for video in 0..NUM_VIDEOS {
        let name = format!("{video}.mp4");
        let settings = EncoderSettings::new(WIDTH, HEIGHT, FRAME_RATE_HZ);
        let settings = EncoderSettings { key_frame_interval: 250, ..settings };
        let mut encoder = Encoder::create(&folder.join(&name), settings)?;
        let mut rgb = vec![0; (WIDTH * HEIGHT * 3) as usize];
        let mut noise = video + 1;
        for frame in 0..FRAME_RATE_HZ * DURATION_S {
            for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
                let (x, y) = (i as u32 % WIDTH, i as u32 / WIDTH);
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let grain = (noise >> 29) as u8;
                let (dx, dy) = (x.abs_diff(frame * 3 % WIDTH), y.abs_diff(180 + frame % 90));
                let inside = dx * dx + dy * dy < 3600;
                let texture = ((x + frame) / 8 * 37 + y / 8 * (91 + video)) as u8 / 2;
                let value = if inside { 220 } else { texture };
                pixel.copy_from_slice(&[value + grain, value / 2 + grain, 120 + grain]);
            }
            encoder.push(&rgb)?;
        }
        encoder.finish()?;
        for start in (0..DURATION_S).step_by(CAPTION_S as usize) {
            writeln!(list, "{name},{start},{},she stirs the bowl and waits", start + CAPTION_S)?;
        }
    }
    // Last, so that a folder with a list is whole.
    Ok(std::fs::write(folder.join("list.csv"), list)?)
}

/// CPU time of this process, all threads, user and system.
fn cpu_s() -> f64 {
    let usage = usage();
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn usage() -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::zeroed();
    // SAFETY: the call fills the struct, which is also valid all zero.
    unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    }
}
