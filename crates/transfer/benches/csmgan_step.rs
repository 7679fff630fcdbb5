//! Seconds of one training step of CSMGAN (forward, loss, backward, Adam) on numbers without meaning.
//!
//! `cargo bench --locked --workspace --bench csmgan_step -- activity_net|tacos [BATCH] [STEPS]` prints JSON
//! that `bench/csmgan.py`'s output stands beside. `RAYON_NUM_THREADS` sets the threads.

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_train::{Adam, OptimizerConfig};
use locvtp_transfer::tasks::grounding::csmgan::{CsmganConfig, CsmganInput};
use locvtp_transfer::tasks::grounding::csmgan::{FrameSpan, offset_bases, proposals};
use locvtp_transfer::tasks::grounding::csmgan::{LossTruth, loss};
use locvtp_transfer::tasks::grounding::csmgan::{ProposalTargets, targets};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Width of GloVe's vectors.
const WORD_WIDTH: usize = 300;

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let name = args.first().map_or("activity_net", String::as_str);
    let number = |at: usize| args.get(at).and_then(|number| number.parse::<usize>().ok());
    // The release's batches; and its features, C3D reduced to 500 numbers and C3D whole.
    let (config, features, batch) = match name {
        "tacos" => (CsmganConfig::tacos(), 4096, 64),
        _ => (CsmganConfig::activitynet(), 500, 128),
    };
    let (b, steps) = (number(1).unwrap_or(batch), number(2).unwrap_or(3));

    let device = Device::flex().autodiff();
    let mut network = config.init(features, WORD_WIDTH, &mut Initialiser::new(0, &device));
    let mut adam = Adam::new(OptimizerConfig { weight_decay: 1e-7, ..OptimizerConfig::default() });
    let mut random = Initialiser::new(1, &Device::flex());
    let mut tensor = |rows: usize, width: usize| -> TensorData {
        let values: Tensor<3> = random.uniform([b, rows, width], 1.0);
        values.into_data()
    };
    let frames = Tensor::<3>::from_data(tensor(config.num_frames, features), &device);
    let words = Tensor::<3>::from_data(tensor(config.num_words, WORD_WIDTH), &device);
    let num_words: Vec<usize> = (0..b).map(|i| 5 + i * 7 % 16).collect();
    let (all, bases) = (proposals(&config), offset_bases(&config));
    let moments: Vec<FrameSpan> = (0..b)
        .map(|i| FrameSpan { start: (i % 100) as f64, end: (i % 100 + 20 + i % 60) as f64 })
        .collect();
    let targets: Vec<ProposalTargets> = moments
        .iter()
        .map(|moment| {
            targets(&all, std::slice::from_ref(moment), config.num_frames, config.regressed)
        })
        .collect();
    let truth = LossTruth {
        proposals: &all,
        bases: &bases,
        num_frames: config.num_frames,
        targets: &targets,
        regression_weight: config.regression_weight,
    };

    let mut seconds = Vec::new();
    let mut parts = [0.0f64; 3];
    let (mut cpu_before, mut last) = (0.0, f32::NAN);
    let warm_up = 1;
    for step in 0..steps + warm_up {
        if step == warm_up {
            cpu_before = cpu_seconds();
        }
        let began = Instant::now();
        let input = CsmganInput {
            frames: frames.clone(),
            words: words.clone(),
            num_words: num_words.clone(),
        };
        let loss = loss(network.forward(input), &truth);
        last = loss.clone().into_scalar();
        let forward = began.elapsed().as_secs_f64();
        let gradients = loss.backward();
        let backward = began.elapsed().as_secs_f64();
        let norm = Adam::gradient_norm(&network, &gradients);
        network = adam.step(network, &gradients, norm, 1e-4);
        let all = began.elapsed().as_secs_f64();
        assert!(last.is_finite());
        if step >= warm_up {
            seconds.push(all);
            for (part, value) in parts.iter_mut().zip([forward, backward - forward, all - backward])
            {
                *part += value / steps as f64;
            }
        }
    }
    let cpu = (cpu_seconds() - cpu_before) / steps as f64;
    seconds.sort_by(f64::total_cmp);
    println!(
        "{{\"preset\": \"{name}\", \"batch\": {b}, \"threads\": {}, \"cpu_s_per_step\": {cpu:.3}, \
         \"median_s\": {:.3}, \"forward_s\": {:.3}, \"backward_s\": {:.3}, \"update_s\": {:.3}, \
         \"loss\": {last:.4}, \"peak_rss_mib\": {}}}",
        rayon::current_num_threads(),
        seconds[seconds.len() / 2],
        parts[0],
        parts[1],
        parts[2],
        peak_rss_mib(),
    );
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
