//! Pre-training from a program: a run file as text, an observer, a model directory at the end.
//!
//! ```text
//! cargo run --release --example pretrain_tiny
//! ```
//!
//! Twenty steps on a few synthetic videos: enough to see the losses move, not to learn anything.

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;
use std::path::Path;

use locvtp::train::{Observer, RunStart, StepReport};
use locvtp::{Device, Experiment, SyntheticConfig, pretrain, synthesize};

/// What a run file leaves out has its default; this one is as small as it gets.
const RUN_FILE: &str = r#"
[pairs]
long_batch = 8
short_batch = 8

[sampling]
long_clips = 4
short_clips = 4

[preprocessing]
num_frames = 4
clip_duration_s = 1.5
image_size = 32
short_side = 32

[model]
clip_feature = "class_plus_mean_patch"

[model.video]
image_size = 32
patch_size = 16
num_frames = 4
hidden_size = 32
num_hidden_layers = 1
num_attention_heads = 2
intermediate_size = 64
temporal_init = "normal"

[model.text]
max_position_embeddings = 64
dim = 32
n_layers = 1
n_heads = 2
hidden_dim = 64

[model.projection]
dim = 32

[optimizer]
learning_rate = 2e-3
schedule = { shape = "constant" }

[train]
steps = 20
checkpoint_every = 0
"#;

/// Prints every step; a longer run would draw a line, or stop when asked.
struct Printer;

impl Observer for Printer {
    fn started(&mut self, start: &RunStart) {
        println!("{} videos, {} parameters", start.num_videos, start.num_parameters);
    }

    fn step(&mut self, report: &StepReport, total_steps: u64) {
        print!("step {:2}/{total_steps}", report.step + 1);
        for (term, loss) in report.terms.iter() {
            let loss = loss.map_or("-".into(), |loss| format!("{loss:.3}"));
            print!("  {} {loss}", term.symbol());
        }
        println!();
    }

    fn checkpoint(&mut self, _path: &Path) {}

    fn warning(&mut self, text: &str) {
        eprintln!("warning: {text}");
    }

    fn should_stop(&self) -> bool {
        false
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let corpus = folder.path().join("corpus");
    let config = SyntheticConfig {
        train_videos: 24,
        seen_videos: 2,
        new_videos: 2,
        ..SyntheticConfig::default()
    };
    synthesize(&config, &corpus, &|_done, _total| {})?;

    let mut experiment = Experiment::parse(RUN_FILE, "this example", &[])?;
    experiment.corpus.dir = corpus.join("train");
    let run = folder.path().join("run");
    let end = pretrain(&experiment, &run, false, &Device::flex(), &mut Printer)?;
    println!("{:.1} s; the model is in {}", end.seconds, end.model.display());
    Ok(())
}
