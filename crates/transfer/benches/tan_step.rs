//! Seconds of one training step of 2D-TAN (forward, loss, backward, clipping, Adam) on numbers
//! without meaning, and of its map convolutions beside the engine's dense ones.
//!
//! `cargo bench --workspace --bench tan_step -- activitynet|charades|tacos [BATCH] [STEPS] [conv]`
//! prints JSON that `bench/tan.py`'s output stands beside; `... -- convolution BATCH WIDTH` compares
//! one convolution over the cells of ActivityNet Captions with the engine's over the whole square.
//! `RAYON_NUM_THREADS` sets the threads.

use std::time::Instant;

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_model::ops::cell_convolution;
use locvtp_train::{Adam, OptimizerConfig};
use locvtp_transfer::tasks::grounding::tan::Proposals;
use locvtp_transfer::tasks::grounding::tan::{MomentMap, TanConfig};
use locvtp_transfer::tasks::grounding::tan::{scaled_iou_loss, targets};
use locvtp_video::{Seconds, TimeSpan};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Width of GloVe's vectors.
const WORD_WIDTH: usize = 300;

/// Words of the longest sentence.
const WORDS: usize = 20;

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let name = args.first().map_or("activitynet", String::as_str);
    let number = |at: usize| args.get(at).and_then(|number| number.parse::<usize>().ok());
    if name == "convolution" {
        println!("{}", convolutions(number(1).unwrap_or(1), number(2).unwrap_or(128)));
        return;
    }
    let proposals =
        if args.iter().any(|arg| arg == "conv") { Proposals::Conv } else { Proposals::MaxPool };
    // The widths of the release's features: C3D reduced to 500 numbers, VGG, C3D whole.
    let (config, clip_width) = match name {
        "charades" => (TanConfig::charades(proposals), 4096),
        "tacos" => (TanConfig::tacos(proposals), 4096),
        _ => (TanConfig::activitynet(proposals), 500),
    };
    println!(
        "{}",
        steps(name, &config, clip_width, number(1).unwrap_or(32), number(2).unwrap_or(1))
    );
}

fn steps(name: &str, config: &TanConfig, clip_width: usize, b: usize, steps: usize) -> String {
    let device = Device::flex().autodiff();
    let mut network = config.init(clip_width, WORD_WIDTH, &mut Initialiser::new(0, &device));
    let mut adam = Adam::new(OptimizerConfig { gradient_clip: 10.0, ..OptimizerConfig::default() });
    let mut random = Initialiser::new(1, &Device::flex());
    let mut tensor = |rows: usize, width: usize| -> Tensor<3> {
        let values: Tensor<3> = random.uniform([b, rows, width], 1.0);
        Tensor::from_data(values.into_data(), &device)
    };
    let (clips, words) = (tensor(config.samples, clip_width), tensor(WORDS, WORD_WIDTH));
    let num_words: Vec<usize> = (0..b).map(|i| 5 + i * 7 % (WORDS - 4)).collect();
    let map = MomentMap::new(config);
    let truth = |i: usize| {
        let start = (i * 13 % 60) as f64;
        let truth = TimeSpan::new(start, start + 20.0 + (i % 7) as f64);
        targets(&map, config, &[truth], Seconds(120.0))
    };
    let truths: Vec<f32> = (0..b).flat_map(truth).collect();
    let truths = Tensor::<2>::from_data(TensorData::new(truths, [b, map.moments().len()]), &device);
    let (mut seconds, mut parts, mut last) = (Vec::new(), [0.0f64; 3], f32::NAN);
    let cpu_before = cpu_seconds();
    for _ in 0..steps {
        let began = Instant::now();
        let scores = network.forward(clips.clone(), words.clone(), &num_words);
        let loss = scaled_iou_loss(scores, truths.clone());
        last = loss.clone().into_scalar();
        let forward = began.elapsed().as_secs_f64();
        let gradients = loss.backward();
        let backward = began.elapsed().as_secs_f64();
        let norm = Adam::gradient_norm(&network, &gradients);
        network = adam.step(network, &gradients, norm, 1e-4);
        let all = began.elapsed().as_secs_f64();
        assert!(last.is_finite());
        seconds.push(all);
        for (part, value) in parts.iter_mut().zip([forward, backward - forward, all - backward]) {
            *part += value / steps as f64;
        }
    }
    let cpu = (cpu_seconds() - cpu_before) / steps as f64;
    seconds.sort_by(f64::total_cmp);
    let products: usize = map.layers().iter().map(|layer| layer.products()).sum();
    format!(
        "{{\"preset\": \"{name}\", \"proposals\": \"{:?}\", \"batch\": {b}, \"threads\": {}, \
         \"cpu_s_per_step\": {cpu:.2}, \"median_s\": {:.2}, \"forward_s\": {:.2}, \
         \"backward_s\": {:.2}, \"update_s\": {:.2}, \"loss\": {last:.4}, \
         \"map_gflop_forward\": {:.0}, \"peak_rss_mib\": {}}}",
        config.proposals,
        rayon::current_num_threads(),
        seconds[seconds.len() / 2],
        parts[0],
        parts[1],
        parts[2],
        2e-9 * (b * products * config.hidden * config.hidden) as f64,
        peak_rss_mib(),
    )
}

/// The second convolution of ActivityNet Captions' map over its cells and, by the engine, over the
/// whole square of 88 by 88, forward and backward.
fn convolutions(b: usize, width: usize) -> String {
    let map = MomentMap::new(&TanConfig::activitynet(Proposals::MaxPool));
    let cells = &map.layers()[1];
    let device = Device::flex().autodiff();
    let mut random = Initialiser::new(1, &device);
    let weight = random.uniform::<4>([width, width, 9, 9], 0.01).require_grad();
    let bias = random.uniform::<1>([width], 0.01).require_grad();
    let x = random.uniform::<3>([b, cells.inputs(), width], 1.0).require_grad();
    let square = random.uniform::<4>([b, width, 88, 88], 1.0).require_grad();
    let timed = |step: &dyn Fn() -> f32| {
        let before = cpu_seconds();
        assert!(step().is_finite());
        cpu_seconds() - before
    };
    let ours = timed(&|| {
        let y = cell_convolution(x.clone(), weight.clone(), bias.clone(), cells);
        let sum = y.sum();
        let value = sum.clone().into_scalar();
        drop(sum.backward());
        value
    });
    let dense = timed(&|| {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let bias = Some(bias.clone());
        let y = burn::tensor::module::conv2d(square.clone(), weight.clone(), bias, options);
        let sum = y.sum();
        let value = sum.clone().into_scalar();
        drop(sum.backward());
        value
    });
    format!(
        "{{\"batch\": {b}, \"width\": {width}, \"cells_cpu_s\": {ours:.2}, \
         \"engine_dense_cpu_s\": {dense:.2}, \"peak_rss_mib\": {}}}",
        peak_rss_mib()
    )
}

/// User and system seconds of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets; `utime` and `stime` in hundredths.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn peak_rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
