//! CPU time of reading frames spread over a long video, to stand beside other readers on the same
//! file.
//!
//! `cargo bench -p locvtp-video --bench decode -- --file F --frames 128` prints one line of JSON.
//! The file is made when it is missing (1800 frames of 640x360, a key frame every `--gop` frames,
//! 250 by default); without `--file` it is made in a temporary folder. Run once more when the file
//! was just made: the peak memory includes the encoder's. `--sparse-only` leaves out reading every
//! frame, which a long file has no memory for.

use std::path::{Path, PathBuf};

use locvtp_video::sampling::{self, Phase};
use locvtp_video::{
    Encoder, EncoderSettings, FrameTableCache, FrameTransform, ReaderSettings, VideoReader,
};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;
const NUM_FRAMES: usize = 1800;
const FRAMES_PER_CLIP: usize = 16;
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let num_frames: usize = option("--frames").map_or(Ok(128), |text| text.parse())?;
    let key_frame_interval: u32 = option("--gop").map_or(Ok(250), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("locvtp-bench-{}", std::process::id()));
    let temporary = option("--file").is_none();
    let file = option("--file").map_or_else(|| folder.join("bench.mp4"), PathBuf::from);
    if temporary {
        std::fs::create_dir_all(&folder)?;
    }
    if !file.exists() {
        write_video(&file, key_frame_interval)?;
    }
    let result = measure(&file, num_frames);
    if temporary {
        std::fs::remove_dir_all(&folder)?;
    }
    result
}

fn measure(file: &Path, num_frames: usize) -> Result<(), Box<dyn std::error::Error>> {
    let transform = FrameTransform::Resize { height: 224, width: 224 };
    let num_clips = (num_frames / FRAMES_PER_CLIP).max(1);
    let (mut open_s, mut sparse_s, mut all_s) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cached_s, mut cached_sparse_s) = (Vec::new(), Vec::new());
    let tables = std::env::temp_dir().join(format!("locvtp-bench-tables-{}", std::process::id()));
    let cache = FrameTableCache::create(&tables)?;
    VideoReader::open_cached(file, ReaderSettings::default(), &cache)?;
    let mut checksum = 0;
    let mut memory_mib = 0.0;
    for run in 0..RUNS {
        let start = cpu_s();
        let mut video = VideoReader::open(file)?;
        open_s.push(cpu_s() - start);
        let table = video.frame_table();
        let frames_per_clip = num_frames / num_clips;
        let plan = sampling::sparse(table, table.span(), num_clips, frames_per_clip, Phase::Centre);
        let clips = video.read_clips(&plan, &transform)?;
        sparse_s.push(cpu_s() - start);
        let start = cpu_s();
        let mut video = VideoReader::open_cached(file, ReaderSettings::default(), &cache)?;
        cached_s.push(cpu_s() - start);
        let cached = video.read_clips(&plan, &transform)?;
        cached_sparse_s.push(cpu_s() - start);
        assert!(cached == clips, "the cached table gives other clips");
        checksum = clips.data.iter().map(|byte| u64::from(*byte)).sum();
        if run == 0 {
            memory_mib = peak_memory_mib();
            if arguments_have("--sparse-only") {
                continue;
            }
            // As a scale: every frame, straight through, in the same form.
            let start = cpu_s();
            let all = video.read_all(&transform)?;
            all_s.push(cpu_s() - start);
            drop(all);
        }
    }
    let list = |times: &[f64]| {
        let texts: Vec<String> = times.iter().map(|time| format!("{time:.4}")).collect();
        format!("[{}]", texts.join(", "))
    };
    #[expect(clippy::print_stdout, reason = "the bench's answer")]
    {
        println!(
            "{{\"reader\": \"locvtp\", \"frames\": {num_frames}, \"size\": 224, \"threads\": 1, \
             \"cpu_seconds\": {}, \"open_cpu_seconds\": {}, \"cached_table_cpu_seconds\": {}, \
             \"cached_table_open_cpu_seconds\": {}, \"read_all_cpu_seconds\": {}, \
             \"peak_memory_mib_before_read_all\": {memory_mib:.1}, \"byte_sum\": {checksum}}}",
            list(&sparse_s),
            list(&open_s),
            list(&cached_sparse_s),
            list(&cached_s),
            list(&all_s),
        );
    }
    std::fs::remove_dir_all(&tables)?;
    Ok(())
}

fn arguments_have(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}

/// Moving shapes over a texture with noise, so that the codec has the usual work.
fn write_video(path: &Path, gop: u32) -> Result<(), Box<dyn std::error::Error>> {
    let settings = EncoderSettings::new(WIDTH, HEIGHT, 30);
    let settings = EncoderSettings { key_frame_interval: gop, ..settings };
    let mut encoder = Encoder::create(path, settings)?;
    let mut rgb = vec![0; (WIDTH * HEIGHT * 3) as usize];
    let mut noise = 1u32;
    for frame in 0..NUM_FRAMES as u32 {
        for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
            let (x, y) = (i as u32 % WIDTH, i as u32 / WIDTH);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (noise >> 29) as u8;
            let (dx, dy) = (x.abs_diff(frame * 3 % WIDTH), y.abs_diff(180 + frame % 90));
            let inside = dx * dx + dy * dy < 3600;
            let texture = ((x + frame) / 8 * 37 + y / 8 * 91) as u8 / 2;
            let value = if inside { 220 } else { texture };
            pixel.copy_from_slice(&[value + grain, value / 2 + grain, 120 + grain]);
        }
        encoder.push(&rgb)?;
    }
    Ok(encoder.finish()?)
}

/// CPU time of this process, all threads, user and system.
fn cpu_s() -> f64 {
    let usage = usage();
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn peak_memory_mib() -> f64 {
    usage().ru_maxrss as f64 / 1024.0
}

fn usage() -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::zeroed();
    // SAFETY: the call fills the struct, which is also valid all zero.
    unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    }
}
