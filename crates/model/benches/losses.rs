//! Seconds and memory of the losses and their gradients, beside the same written naively and beside the rate of our
//! own matrix product.
//!
//! `cargo bench --workspace --bench losses -- PAIRS [--runs R] [--naive]` prints JSON that `bench/losses.py`'s output
//! stands beside: 8 clips and 20 words a pair, 256 wide (`--clips`, `--words`, `--width`). `RAYON_NUM_THREADS` sets the
//! threads. Rates are by second of processor time, so that other work on the machine changes them little. Memory is
//! that of the first run, beyond the vectors and their gradients.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use burn::tensor::{Tensor, TensorData};
use locvtp_model::loss::{LossConfig, LossWeights, Losses, VideoTextEmbeddings, WarpDistances};
use locvtp_model::ops::{Anchor, ContrastChoices, contrast, linear, unit_rows};
use locvtp_model::{ContextWarp, ContextWarpConfig, CorrespondenceConfig, Device, Initialiser};
use mimalloc::MiMalloc;

#[path = "../tests/naive_losses/mod.rs"]
mod naive_losses;

/// mimalloc, with an account of what is allocated and of the most that ever was.
struct Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: all memory is mimalloc's, asked for and given back with the same layouts.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }
}

/// Sizes of a batch.
struct Sizes {
    pairs: usize,
    clips: usize,
    words: usize,
    width: usize,
}

/// What was measured of one way.
struct Measured {
    seconds: f64,
    cpu_seconds: f64,
    beyond_mib: f64,
    loss: f64,
}

fn main() {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some(pairs) = args.first().and_then(|pairs| pairs.parse().ok()) else {
        say("losses: nothing to do without a number of pairs");
        return;
    };
    let number = |flag: &str, otherwise: usize| {
        let at = args.iter().position(|arg| arg == flag);
        at.and_then(|at| args.get(at + 1)).and_then(|n| n.parse().ok()).unwrap_or(otherwise)
    };
    let sizes = Sizes {
        pairs,
        clips: number("--clips", 8),
        words: number("--words", 20),
        width: number("--width", 256),
    };
    let runs = number("--runs", 3);
    let peak = product_gflops(&sizes);
    let flops = 6.0 * (2 * pairs * sizes.clips) as f64 * (pairs * sizes.words * sizes.width) as f64;
    let tell = |who: &str, Measured { seconds, cpu_seconds, beyond_mib, loss }: Measured| {
        let rate = flops / cpu_seconds / 1e9;
        say(&format!(
            "{{\"who\": \"{who}\", \"pairs\": {pairs}, \"threads\": {}, \"min_s\": {seconds:.4}, \"min_cpu_s\": {cpu_seconds:.2}, \"gflops\": {rate:.1}, \
             \"product_gflops\": {peak:.1}, \"of_product\": {:.3}, \"beyond_mib\": {beyond_mib:.1}, \"loss\": {loss:.6}, \
             \"processor\": \"{}\"}}",
            rayon::current_num_threads(),
            rate / peak,
            processor(),
        ));
    };
    tell("contrast of unit vectors", measure_contrast(&sizes, runs));
    tell("all three losses", measure_losses(&sizes, runs, |c, e, w, k, h| c.losses(e, w, k, h, 0)));
    if args.iter().any(|arg| arg == "--naive") {
        let naive =
            measure_losses(&sizes, runs, |c, e, w, k, h| naive_losses::losses(c, e, w, k, h, 0));
        tell("all three losses, naively", naive);
    }
}

/// `L_f` and `L_t` alone, from unit vectors to their gradients.
fn measure_contrast(sizes: &Sizes, runs: usize) -> Measured {
    let device = Device::flex().autodiff();
    let mut random = Initialiser::new(7, &device);
    let (r, c) = (2 * sizes.pairs * sizes.clips, sizes.pairs * sizes.words);
    let mut unit = |rows: usize| {
        let vectors = random.uniform([rows, sizes.width], 1.0).reshape([1, rows, sizes.width]);
        unit_rows(vectors, &[rows], 1e-12).detach().require_grad()
    };
    let (anchors, keys) = (unit(r), unit(c));
    let rows: Vec<Anchor> = (0..r)
        .map(|i| {
            let sentence = i / sizes.clips % sizes.pairs * sizes.words;
            let word = |k: usize| sentence + (i + k) % sizes.words;
            let positive = vec![(word(0), 1.0 / 3.0), (word(1), 1.0 / 3.0), (word(2), 1.0 / 3.0)];
            Anchor { weight: 2.0 / r as f64, positive, excluded: 0..0 }
        })
        .collect();
    let choices =
        ContrastChoices { temperature: 0.07, positive_below: false, unit_positive: false };
    measure(runs, (r + c) * sizes.width, || {
        let total = contrast(anchors.clone(), keys.clone(), rows.clone(), choices).total;
        let gradients = total.backward();
        assert!(anchors.grad(&gradients).is_some() && keys.grad(&gradients).is_some());
        total
    })
}

/// From the heads' raw features to their gradients.
fn measure_losses(
    sizes: &Sizes,
    runs: usize,
    losses: impl Fn(
        &LossConfig,
        &VideoTextEmbeddings,
        &LossWeights,
        &CorrespondenceConfig,
        Option<(&ContextWarp, &WarpDistances)>,
    ) -> Losses,
) -> Measured {
    let device = Device::flex().autodiff();
    let mut random = Initialiser::new(7, &device);
    let mut features = |rows: usize| {
        let features = random.uniform([sizes.pairs * rows, sizes.width], 1.0);
        features.reshape([sizes.pairs, rows, sizes.width]).detach().require_grad()
    };
    let (clips, words) = (features(sizes.clips), features(sizes.words));
    let embeddings =
        VideoTextEmbeddings { clips, words, num_words: vec![sizes.words; sizes.pairs] };
    let head = ContextWarpConfig::default().init(sizes.width, &mut random);
    let distances = WarpDistances::draw([sizes.pairs, sizes.clips], 4, 7).expect("several clips");
    let numbers = sizes.pairs * (sizes.clips + sizes.words) * sizes.width;
    let (config, weights) = (LossConfig::default(), LossWeights::default());
    let correspondence = CorrespondenceConfig::default();
    measure(runs, numbers, || {
        let total =
            losses(&config, &embeddings, &weights, &correspondence, Some((&head, &distances)))
                .total;
        let gradients = total.backward();
        assert!(embeddings.clips.grad(&gradients).is_some());
        assert!(embeddings.words.grad(&gradients).is_some());
        total
    })
}

/// The least time of some runs and the memory of the first, less that of `gradients` numbers.
fn measure(runs: usize, gradients: usize, run: impl Fn() -> Tensor<1>) -> Measured {
    let resting = LIVE.load(Relaxed);
    MOST.store(resting, Relaxed);
    let (mut seconds, mut used, mut beyond_mib, mut loss) =
        (f64::INFINITY, f64::INFINITY, 0.0, 0.0);
    for index in 0..runs.max(1) {
        let (began, before) = (Instant::now(), cpu_seconds());
        loss = f64::from(run().into_scalar::<f32>());
        seconds = seconds.min(began.elapsed().as_secs_f64());
        used = used.min(cpu_seconds() - before);
        if index == 0 {
            let most = MOST.load(Relaxed) - resting;
            beyond_mib = most as f64 / 1_048_576.0 - gradients as f64 / 262_144.0;
        }
    }
    Measured { seconds, cpu_seconds: used, beyond_mib, loss }
}

/// Billions of additions and multiplications a second of processor time of our own product, where it is at its best: with 2,048 rows
/// of these vectors and as many columns as a batch of 256 pairs has words.
fn product_gflops(sizes: &Sizes) -> f64 {
    let (rows, columns) = (2048, 256 * sizes.words);
    let ones = |shape: [usize; 2]| {
        Tensor::<2>::from_data(
            TensorData::new(vec![0.5f32; shape[0] * shape[1]], shape),
            &Device::flex(),
        )
    };
    let (x, w) = (ones([rows, sizes.width]), ones([sizes.width, columns]));
    let bias = Tensor::<1>::zeros([columns], &Device::flex());
    let before = cpu_seconds();
    let times = 40;
    for _ in 0..times {
        drop(linear(x.clone(), w.clone(), bias.clone()));
    }
    let flops = 2.0 * (times * rows * columns * sizes.width) as f64;
    flops / (cpu_seconds() - before) / 1e9
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

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name")).unwrap_or_default();
    line.split(": ").nth(1).unwrap_or("unknown").to_owned()
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn say(line: &str) {
    println!("{line}");
}
