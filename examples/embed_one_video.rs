//! One video and one sentence in the joint space: how well does each clip fit?
//!
//! ```text
//! cargo run --release --example embed_one_video -- <model> <video> "<sentence>"
//! ```
//!
//! `<model>` is a model directory, a run folder or a demo folder; `scripts/demo` makes one.

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;
use std::path::Path;

use locvtp::transfer::ClipScore;
use locvtp::transfer::locate_model;
use locvtp::{Device, Embedder, ModelDirectory, MomentDecoder};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, video, sentence] = arguments.as_slice() else {
        return Err("usage: embed_one_video <model> <video> \"<sentence>\"".into());
    };
    let device = Device::flex();
    let directory = ModelDirectory::read(&locate_model(Path::new(model)), &device)?;
    let embedder = Embedder::new(directory, device);

    // Clips as the model directory says, each a unit vector.
    let video = embedder.embed_video(Path::new(video))?;
    let sentence = &embedder.embed_sentences(&[sentence])?[0];
    let scores = ClipScore::Sentence.scores(&video, sentence);
    for (span, score) in video.spans.iter().zip(&scores) {
        let bar = "#".repeat((score.max(0.0) * 40.0) as usize);
        println!("{:>14}  {score:6.3}  {bar}", span.to_string());
    }
    for moment in MomentDecoder::default().decode(&video.spans, &scores)?.iter().take(1) {
        println!("the moment is {}", moment.span);
    }
    Ok(())
}
