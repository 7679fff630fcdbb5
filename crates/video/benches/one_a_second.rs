//! CPU time of one frame a second of a whole video, made as CLIP wants them, one after another: what an
//! index by a picture model decodes. And of twelve thumbnails of the same file.
//!
//! `cargo bench -p locvtp-video --bench one_a_second -- FILE..` prints a line of JSON a file: how many
//! frames it has, how many of them are wanted and how many came out of the decoder; CPU-seconds of opening,
//! of the wanted frames, and of the thumbnails. The best of `--runs 3`. `bench/one_a_second.py` does the same with PyAV.

use std::path::Path;

use locvtp_video::{
    FrameTransform, Glimpses, Interpolation, Nearness, ReadLimits, ReaderSettings, SamplingPlan,
    Scaling, Seconds, VideoReader, sampling,
};

/// As CLIP's own preprocessing.
const CLIP: FrameTransform = FrameTransform::ShortSideCentreCrop {
    short_side: 224,
    size: 224,
    interpolation: Interpolation::Bicubic,
    scaling: Scaling::Fast,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runs = arguments.iter().position(|argument| argument == "--runs");
    let num_runs = match runs.and_then(|at| arguments.get(at + 1)) {
        Some(text) => text.parse()?,
        None => 3,
    };
    let is_file = |at: &usize| runs.is_none_or(|runs| *at != runs && *at != runs + 1);
    for at in (0..arguments.len()).filter(is_file) {
        measure(Path::new(&arguments[at]), num_runs)?;
    }
    Ok(())
}

fn measure(file: &Path, num_runs: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut best = [f64::INFINITY; 3];
    let (mut num_frames, mut num_wanted, mut num_decoded) = (0, 0, 0);
    let mut least = |slot: usize, since: f64| best[slot] = best[slot].min(cpu_s() - since);
    for _ in 0..num_runs {
        let start = cpu_s();
        let mut video = VideoReader::open_with(file, ReaderSettings::default())?;
        least(0, start);
        let start = cpu_s();
        let plan = one_a_second(&video);
        (num_frames, num_wanted) = (video.frame_table().len(), plan.clips.len());
        let mut clips = video.clip_stream(plan, &CLIP);
        while clips.next_clip()?.is_some() {}
        least(1, start);
        num_decoded = video.num_decoded();
        let start = cpu_s();
        thumbnails(&video).read(file, &ReadLimits::default(), None)?;
        least(2, start);
    }
    let [open_s, wanted_s, thumbnails_s] = best;
    #[expect(clippy::print_stdout, reason = "the bench's answer")]
    {
        println!(
            "{{\"file\": \"{}\", \"frames\": {num_frames}, \"wanted\": {num_wanted}, \
             \"decoded\": {num_decoded}, \"open_cpu_s\": {open_s:.3}, \"wanted_cpu_s\": {wanted_s:.3}, \
             \"thumbnails_cpu_s\": {thumbnails_s:.3}}}",
            file.display()
        );
    }
    Ok(())
}

fn one_a_second(video: &VideoReader) -> SamplingPlan {
    sampling::windows(video.frame_table(), Seconds(1.0), Seconds(1.0), 1)
}

/// At the middles of twelve parts.
fn thumbnails(video: &VideoReader) -> Glimpses {
    let duration_s = video.info().duration.0;
    let times = (0..12).map(|part| Seconds(duration_s * (f64::from(part) + 0.5) / 12.0)).collect();
    Glimpses { times, start: Seconds::ZERO, nearness: Nearness::Frame, fit: (320, 180) }
}

/// CPU time of this process, all threads, user and system.
fn cpu_s() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call fills the struct, which is also valid all zero.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
