//! CPU-seconds and memory of one pre-training step in one pass and in two, on numbers without meaning.
//!
//! `cargo bench -p locvtp-train --bench two_passes -- middle|vit PAIRS CLIPS plain|recompute [STEPS] [MICRO_BATCH]` prints
//! JSON; `bench/two_passes.py` runs both in turn. `middle` is the middle preset of `train_step`, `vit` the paper's
//! ViT-B/16 and DistilBERT. One step is left out before the others.

use std::time::Instant;

use locvtp_corpus::SpanKind;
use locvtp_model::encoders::{DistilBertConfig, TemporalInit, TimeSformerConfig};
use locvtp_model::{ClipBytes, Device, LocVtpConfig, PixelNormalisation, TokenBatch};
use locvtp_train::experiment::TrainMemory;
use locvtp_train::{Adam, Experiment, Position, PretrainBatch, StepGradients, step_gradients};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Words of every sentence.
const WORDS: usize = 24;

fn model(preset: &str) -> LocVtpConfig {
    if preset == "vit" {
        return LocVtpConfig::default();
    }
    let video = TimeSformerConfig {
        image_size: 64,
        patch_size: 8,
        num_frames: 4,
        hidden_size: 192,
        num_hidden_layers: 4,
        num_attention_heads: 3,
        intermediate_size: 768,
        temporal_init: TemporalInit::Normal,
        ..TimeSformerConfig::default()
    };
    let text = DistilBertConfig {
        vocab_size: 1000,
        max_position_embeddings: 64,
        dim: 192,
        n_layers: 2,
        n_heads: 3,
        hidden_dim: 768,
        ..DistilBertConfig::default()
    };
    let mut config =
        LocVtpConfig { video: video.into(), text: text.into(), ..LocVtpConfig::default() };
    config.projection.dim = 128;
    config
}

/// A batch that the loader's threads would have made.
fn batch(model: &LocVtpConfig, step: u64, [pairs, clips]: [usize; 2]) -> PretrainBatch {
    let (frames, side) = (model.video.num_frames(), model.video.image_size());
    let (form, patch_size) = ([frames, side, side], model.video.patch_size());
    let mut bytes =
        ClipBytes::with_capacity(pairs * clips, form, patch_size, PixelNormalisation::default());
    let pair: Vec<u8> =
        (0..clips * frames * side * side * 3).map(|i| (i * 7919 % 255) as u8).collect();
    (0..pairs).for_each(|_| bytes.push(&pair));
    let tokens = WORDS + 2;
    PretrainBatch {
        step,
        kind: SpanKind::Long,
        clips: bytes,
        shape: [pairs, clips, frames],
        tokens: TokenBatch {
            ids: (0..pairs * tokens).map(|i| (i * 31 % 1000) as u32).collect(),
            lengths: vec![tokens; pairs],
            padded_length: tokens,
        },
    }
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let arg = |place: usize, or: &str| args.get(place).map_or(or, String::as_str).to_owned();
    let number = |place: usize, or: &str| arg(place, or).parse::<usize>().ok();
    let (preset, memory) = (arg(0, "middle"), arg(3, "recompute"));
    let shape = [number(1, "8").unwrap_or(8), number(2, "8").unwrap_or(8)];
    let steps = number(4, "3").unwrap_or(3) as u64;

    let mut experiment = Experiment::default();
    experiment.model = model(&preset);
    experiment.preprocessing.image_size = experiment.model.video.image_size();
    experiment.optimizer.gradient_clip = 1.0;
    if memory == "recompute" {
        experiment.train.memory = TrainMemory::Recompute;
        experiment.train.micro_batch = number(5, "");
    }
    let device = Device::flex().autodiff();
    let mut model = experiment.model.init(0, &device);
    let mut adam = Adam::new(experiment.optimizer.clone());
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for step in 0..=steps {
        let position = Position { step, total_steps: steps + 1, steps_per_epoch: 10 };
        let batch = batch(&experiment.model, step, shape);
        let (began, spent) = (Instant::now(), cpu_seconds());
        let StepGradients { losses, gradients } =
            step_gradients(&experiment, &model, batch, &position, &device);
        let total: f32 = losses.total.into_scalar();
        let norm = Adam::gradient_norm(&model, &gradients);
        model = adam.step(model, &gradients, norm, 1e-4);
        assert!(total.is_finite());
        if step > 0 || steps == 0 {
            cpu.push(cpu_seconds() - spent);
            wall.push(began.elapsed().as_secs_f64());
        }
    }
    for seconds in [&mut cpu, &mut wall] {
        seconds.sort_by(f64::total_cmp);
    }
    println!(
        "{{\"preset\": \"{preset}\", \"memory\": \"{memory}\", \"pairs\": {}, \"clips\": {}, \"steps\": {steps}, \
         \"threads\": {}, \"cpu_median_s\": {:.3}, \"cpu_min_s\": {:.3}, \"wall_median_s\": {:.3}, \"peak_rss_mib\": {}}}",
        shape[0],
        shape[1],
        rayon::current_num_threads(),
        cpu[cpu.len() / 2],
        cpu[0],
        wall[wall.len() / 2],
        peak_rss_mib(),
    );
}

/// Seconds that this process has spent on processors.
fn cpu_seconds() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call fills the structure it is given.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn peak_rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
