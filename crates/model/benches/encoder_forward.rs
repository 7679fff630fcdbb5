//! Seconds of the video encoder's forward pass on weights and pixels that `bench/encoder_forward.py` wrote, and the
//! largest difference to what PyTorch gave for them.
//!
//! `cargo bench -p locvtp-model --bench encoder_forward -- FOLDER [--clips N] [--runs R] [--recorded]` prints JSON that the
//! same script's output stands beside. `RAYON_NUM_THREADS` sets the threads. `--recorded` runs on a device that
//! records gradients, to see what that costs (more than 8 GiB a clip).

use std::path::Path;
use std::time::Instant;

use burn::tensor::{Tensor, TensorData};
use locvtp_model::encoders::TimeSformerConfig;
use locvtp_model::weights::{NamedTensor, fill_parameters, read_safetensors};
use locvtp_model::{Device, Initialiser};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some(folder) = args.first().map(Path::new) else {
        // `cargo test --benches` and `cargo bench` without arguments come here.
        println!("encoder_forward: nothing to do without the folder of bench/encoder_forward.py");
        return;
    };
    let number = |flag: &str, otherwise: usize| {
        let at = args.iter().position(|arg| arg == flag);
        at.and_then(|at| args.get(at + 1)).and_then(|n| n.parse().ok()).unwrap_or(otherwise)
    };
    let (clips, runs) = (number("--clips", 1), number("--runs", 3));
    let recorded = args.iter().any(|arg| arg == "--recorded");
    let device = if recorded { Device::flex().autodiff() } else { Device::flex() };

    let config = std::fs::read_to_string(folder.join("config.json")).expect("config.json");
    let config: TimeSformerConfig = serde_json::from_str(&config).expect("a TimeSformerConfig");
    let weights = read_safetensors(&folder.join("weights.safetensors")).expect("weights");
    let encoder = config.init(&mut Initialiser::blank(&device));
    let (encoder, report) = fill_parameters(encoder, weights);
    assert!(report.is_complete(), "{report}");
    let mut case = read_safetensors(&folder.join("case.safetensors")).expect("pixels and tokens");
    let NamedTensor { shape, values } = case.remove("pixels").expect("pixels");
    let expected = case.remove("tokens").expect("tokens of the first clip");
    drop(case);

    let [count, f, c, side, _] = shape[..] else { panic!("pixels of clips, not {shape:?}") };
    assert!(clips <= count, "{count} clips in the folder");
    let used = values[..clips * f * c * side * side].to_vec();
    let pixels = TensorData::new(used, [clips, f, c, side, side]);
    let pixels = Tensor::<5>::from_data(pixels, &device);

    let resting = memory_mib("VmRSS");
    let (mut seconds, mut cpu) = (Vec::new(), Vec::new());
    let mut difference = 0f32;
    for run in 0..=runs {
        let (began, user) = (Instant::now(), cpu_seconds());
        let tokens = encoder.forward_pixels(pixels.clone()).into_data();
        if run > 0 {
            seconds.push(began.elapsed().as_secs_f64());
            cpu.push(cpu_seconds() - user);
        }
        let tokens = tokens.try_to_vec::<f32>().expect("f32");
        for (found, expected) in tokens.iter().zip(&expected.values) {
            difference = difference.max((found - expected).abs());
        }
    }
    seconds.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    assert!(difference < 1e-4, "tokens differ from PyTorch's by {difference}");
    println!(
        "{{\"who\": \"ours{}\", \"clips\": {clips}, \"threads\": {}, \"min_s\": {:.3}, \"median_s\": {:.3}, \
         \"min_cpu_s\": {:.3}, \"peak_rss_mib\": {}, \"rss_before_mib\": {resting}, \"difference\": {difference:.1e}}}",
        if recorded { ", recording gradients" } else { "" },
        rayon::current_num_threads(),
        seconds[0],
        seconds[seconds.len() / 2],
        cpu[0],
        memory_mib("VmHWM"),
    );
}

/// User and system time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    // Fields 14 and 15 of proc(5), of which two stand before the `)`; Linux counts 100 a second.
    (ticks(11) + ticks(12)) / 100.0
}

/// A line of `/proc/self/status`, in MiB.
fn memory_mib(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
