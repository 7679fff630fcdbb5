//! Seconds of one pre-training step (forward, three losses, backward, clipping, Adam) on numbers without meaning.
//!
//! `cargo bench -p locvtp-train --bench train_step -- demo|middle [STEPS]` prints JSON that `bench/train_step.py`'s output
//! stands beside. `RAYON_NUM_THREADS` sets the threads.

use std::time::Instant;

use locvtp_corpus::SpanKind;
use locvtp_model::encoders::DistilBertConfig;
use locvtp_model::encoders::{TemporalInit, TimeSformerConfig};
use locvtp_model::{ClipBytes, Device, LocVtpConfig, PixelNormalisation, TokenBatch};
use locvtp_train::{Adam, Experiment, Position, PretrainBatch, losses};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sizes of a bench preset; the same numbers stand in `bench/train_step.py`.
struct Preset {
    videos: usize,
    clips: usize,
    frames: usize,
    image: usize,
    patch: usize,
    width: usize,
    blocks: usize,
    heads: usize,
    words: usize,
    joint: usize,
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let name = args.first().map_or("demo", String::as_str);
    let steps: u64 = args.get(1).and_then(|steps| steps.parse().ok()).unwrap_or(20);
    let preset = match name {
        "middle" => Preset {
            videos: 8,
            clips: 8,
            frames: 4,
            image: 64,
            patch: 8,
            width: 192,
            blocks: 4,
            heads: 3,
            words: 24,
            joint: 128,
        },
        _ => Preset {
            videos: 16,
            clips: 8,
            frames: 4,
            image: 48,
            patch: 12,
            width: 96,
            blocks: 2,
            heads: 3,
            words: 32,
            joint: 128,
        },
    };
    let mut experiment = Experiment::default();
    experiment.preprocessing.image_size = preset.image;
    experiment.optimizer.gradient_clip = 1.0;
    experiment.model = LocVtpConfig {
        video: TimeSformerConfig {
            image_size: preset.image,
            patch_size: preset.patch,
            num_frames: preset.frames,
            hidden_size: preset.width,
            num_hidden_layers: preset.blocks,
            num_attention_heads: preset.heads,
            intermediate_size: 4 * preset.width,
            temporal_init: TemporalInit::Normal,
            ..TimeSformerConfig::default()
        }
        .into(),
        text: DistilBertConfig {
            vocab_size: 1000,
            max_position_embeddings: 64,
            dim: preset.width,
            n_layers: 2,
            n_heads: preset.heads,
            hidden_dim: 4 * preset.width,
            ..DistilBertConfig::default()
        }
        .into(),
        ..LocVtpConfig::default()
    };
    experiment.model.projection.dim = preset.joint;

    let device = Device::flex().autodiff();
    let mut model = experiment.model.init(0, &device);
    let mut adam = Adam::new(experiment.optimizer.clone());
    let tokens = preset.words + 2;
    let form = [preset.frames, preset.image, preset.image];
    let num_clips = preset.videos * preset.clips;
    let pixels = num_clips * form.iter().product::<usize>() * 3;
    let pixels: Vec<u8> = (0..pixels).map(|i| (i * 7919 % 255) as u8).collect();
    let patch_size = experiment.model.video.patch_size();
    let mut clips =
        ClipBytes::with_capacity(num_clips, form, patch_size, PixelNormalisation::default());
    clips.push(&pixels);
    // A step uses its batch up; the loader's threads make it, so making it is not measured.
    let batch = || PretrainBatch {
        step: 0,
        kind: SpanKind::Long,
        clips: clips.clone(),
        shape: [preset.videos, preset.clips, preset.frames],
        tokens: TokenBatch {
            ids: (0..preset.videos * tokens).map(|i| (i * 31 % 1000) as u32).collect(),
            lengths: vec![tokens; preset.videos],
            padded_length: tokens,
        },
    };
    let mut seconds = Vec::new();
    let mut parts = [0.0f64; 3];
    let warm_up = 3;
    for step in 0..steps + warm_up {
        let position = Position { step, total_steps: steps, steps_per_epoch: 10 };
        let batch = batch();
        let began = Instant::now();
        let losses = losses(&experiment, &model, batch, &position, &device);
        let total: f32 = losses.total.clone().into_scalar();
        let forward = began.elapsed().as_secs_f64();
        let gradients = losses.total.backward();
        let backward = began.elapsed().as_secs_f64();
        let norm = Adam::gradient_norm(&model, &gradients);
        model = adam.step(model, &gradients, norm, 1e-4);
        let all = began.elapsed().as_secs_f64();
        assert!(total.is_finite());
        if step >= warm_up {
            seconds.push(all);
            for (part, value) in parts.iter_mut().zip([forward, backward - forward, all - backward])
            {
                *part += value / steps as f64;
            }
        }
    }
    seconds.sort_by(f64::total_cmp);
    println!(
        "{{\"preset\": \"{name}\", \"threads\": {}, \"median_s\": {:.4}, \"min_s\": {:.4}, \"forward_s\": {:.4}, \
         \"backward_s\": {:.4}, \"update_s\": {:.4}, \"peak_rss_mib\": {}}}",
        rayon::current_num_threads(),
        seconds[seconds.len() / 2],
        seconds[0],
        parts[0],
        parts[1],
        parts[2],
        peak_rss_mib(),
    );
}

fn peak_rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
