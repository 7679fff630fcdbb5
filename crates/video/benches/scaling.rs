//! What each way of making a model's picture costs, and how far its pixels lie from the fast one.
//!
//! `cargo bench -p locvtp-video --bench scaling -- --file F` reads the first 300 frames of a file, short
//! side to 224 and the centre cut out, in every way and by both interpolations, in turn, five times. It
//! prints a line of JSON for each: the best CPU time a frame, what of it is decoding alone (the same
//! frames to 16 x 16), and the mean and the greatest distance of a byte from the fast way. With
//! `--dump DIR` the bytes go to `DIR/WAY_INTERPOLATION.rgb`, frame after frame.

use std::path::{Path, PathBuf};

use locvtp_video::{FrameTransform, Interpolation, Scaling, VideoReader};

const FRAMES: usize = 300;
const SIDE: u32 = 224;
const TURNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(PathBuf::from)
    };
    let file = option("--file").ok_or("say which with --file F")?;
    let mut video = VideoReader::open(&file)?;
    let frames: Vec<usize> = (0..video.frame_table().len().min(FRAMES)).collect();
    let tiny = FrameTransform::Resize { height: 16, width: 16 };
    let ways = [Scaling::Fast, Scaling::Torchvision, Scaling::HuggingFace];
    let cases = [Interpolation::Bilinear, Interpolation::Bicubic].map(|interpolation| {
        ways.map(|scaling| FrameTransform::ShortSideCentreCrop {
            short_side: SIDE,
            size: SIDE,
            interpolation,
            scaling,
        })
    });
    let cases = cases.as_flattened();
    let mut best_s = vec![f64::INFINITY; cases.len() + 1];
    let mut pixels = Vec::new();
    for turn in 0..TURNS {
        for (case, transform) in cases.iter().chain([&tiny]).enumerate() {
            let start = cpu_s();
            let read = video.read_frames(&frames, transform)?;
            best_s[case] = best_s[case].min(cpu_s() - start);
            if turn == 0 {
                pixels.push(read.data);
            }
        }
    }
    let per_frame_ms = |seconds: f64| seconds * 1000.0 / frames.len() as f64;
    let decoding = per_frame_ms(best_s[cases.len()]);
    for (case, transform) in cases.iter().enumerate() {
        let fast = &pixels[case - case % ways.len()];
        let apart = pixels[case].iter().zip(fast).map(|(one, other)| one.abs_diff(*other));
        let mean = apart.clone().map(f64::from).sum::<f64>() / fast.len() as f64;
        let (way, most) = (transform.scaling(), apart.max().unwrap_or(0));
        let (interpolation, total) = (transform.interpolation().name(), per_frame_ms(best_s[case]));
        #[expect(clippy::print_stdout, reason = "the bench's answer")]
        {
            println!(
                "{{\"way\": \"{way:?}\", \"interpolation\": \"{interpolation}\", \"frames\": {}, \
                 \"ms_per_frame\": {total:.3}, \"of_it_decoding\": {decoding:.3}, \
                 \"mean_apart\": {mean:.3}, \"most_apart\": {most}}}",
                frames.len()
            );
        }
        if let Some(folder) = option("--dump") {
            let name = format!("{way:?}_{interpolation}.rgb").to_lowercase();
            std::fs::write(Path::new(&folder).join(name), &pixels[case])?;
        }
    }
    Ok(())
}

/// CPU time of this process, all threads, user and system.
fn cpu_s() -> f64 {
    let mut usage = std::mem::MaybeUninit::zeroed();
    // SAFETY: the call fills the struct, which is also valid all zero.
    let usage: libc::rusage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
