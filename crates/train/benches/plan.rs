//! What a run is said to hold and to take, beside what then happens.
//!
//! `cargo bench -p locvtp-train --bench plan -- plan RUN.toml [KEY=VALUE ..]` prints what is said, and with `run` for `plan` it
//! trains in a temporary folder and prints what happened: each in a process of its own, because a plan measures with the
//! model. Prints JSON.

use std::path::Path;
use std::time::Instant;

use locvtp_model::Device;
use locvtp_train::{Experiment, Observer, Plan, RunStart, StepReport, pretrain};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// When each step was done: seconds of the clock and of processors.
struct Watching {
    began: Instant,
    steps: Vec<[f64; 2]>,
}

impl Observer for Watching {
    fn started(&mut self, _start: &RunStart) {
        self.step_done();
    }
    fn step(&mut self, _report: &StepReport, _total_steps: u64) {
        self.step_done();
    }
    fn checkpoint(&mut self, _path: &Path) {}
    #[expect(clippy::print_stderr, reason = "a bench tells")]
    fn warning(&mut self, text: &str) {
        eprintln!("{text}");
    }
    fn should_stop(&self) -> bool {
        false
    }
}

impl Watching {
    #[expect(clippy::print_stderr, reason = "a bench tells")]
    fn step_done(&mut self) {
        self.steps.push([self.began.elapsed().as_secs_f64(), cpu_seconds()]);
        eprintln!("{:.1} s, peak {} MiB", self.began.elapsed().as_secs_f64(), peak_rss_mib());
    }

    /// Of every step, in seconds; `which` is 0 for the clock and 1 for processors.
    fn differences(&self, which: usize) -> Vec<f64> {
        self.steps.windows(2).map(|two| two[1][which] - two[0][which]).collect()
    }
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn main() {
    // SAFETY: mimalloc's options are plain numbers; 15 is `mi_option_purge_delay` of mimalloc.h.
    unsafe { libmimalloc_sys::mi_option_set(15, -1) };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let [what, file, set @ ..] = args.as_slice() else { return };
    let experiment = Experiment::read(Path::new(file), set).expect("a run file");
    let (device, mut watching) =
        (Device::flex(), Watching { began: Instant::now(), steps: Vec::new() });
    let result = if what == "plan" {
        let plan = Plan::of(&experiment, &device, &mut watching).expect("a plan");
        serde_json::json!({
            "peak_mib": plan.memory.total() / f64::from(1 << 20),
            "memory": plan.memory,
            "batches": plan.batches,
            "times": plan.times,
            "seconds": watching.began.elapsed().as_secs_f64(),
        })
    } else {
        let folder = tempfile::tempdir().expect("a folder");
        pretrain(&experiment, &folder.path().join("run"), false, &device, &mut watching)
            .expect("a run");
        serde_json::json!({
            "peak_mib": peak_rss_mib(),
            "step_s": watching.differences(0),
            "step_cpu_s": watching.differences(1),
        })
    };
    println!("{result:#}");
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
