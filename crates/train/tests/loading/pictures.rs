//! Pictures, and videos among them.

use std::fmt::Write as _;
use std::path::Path;

use locvtp_corpus::SpanKind;
use locvtp_model::Device;
use locvtp_model::loss::Term;
use locvtp_train::{Experiment, Observer, RunStart, StepReport, TrainError, pretrain, read_log};

use crate::small_corpus::*;

/// Nobody watches.
struct Alone;

impl Observer for Alone {
    fn started(&mut self, _start: &RunStart) {}
    fn step(&mut self, _report: &StepReport, _total_steps: u64) {}
    fn checkpoint(&mut self, _path: &Path) {}
    fn warning(&mut self, text: &str) {
        panic!("{text}");
    }
    fn should_stop(&self) -> bool {
        false
    }
}

/// A list of eight pictures, and of videos where asked.
fn list(folder: &Path, with_videos: bool) {
    let mut rows = "path,start,end,text\n".to_owned();
    for i in 0..8u8 {
        let path = folder.join(format!("{i}.png"));
        let mut encoder = png::Encoder::new(std::fs::File::create(&path).unwrap(), 40, 36);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&[i * 30; 40 * 36 * 3]).unwrap();
        writeln!(rows, "{},,,a grey number {i} on the wall", path.display()).unwrap();
    }
    for file in files(&crate::small_corpus::folder()).iter().filter(|_| with_videos) {
        writeln!(rows, "{},1,4,a disc moves to the wall", file.display()).unwrap();
        writeln!(rows, "{},4,9,then a square comes back", file.display()).unwrap();
    }
    std::fs::write(folder.join("list.csv"), rows).unwrap();
}

fn run(folder: &Path, change: impl FnOnce(&mut Experiment)) -> Result<Vec<StepReport>, TrainError> {
    let mut experiment = experiment();
    experiment.corpus.dir = folder.join("list.csv");
    experiment.pairs.picture_batch = 8;
    change(&mut experiment);
    pretrain(&experiment, &folder.join("run"), false, &Device::flex(), &mut Alone)?;
    read_log(&folder.join("run"))
}

#[test]
fn a_corpus_of_pictures_trains_without_the_temporal_loss() {
    let folder = tempfile::tempdir().unwrap();
    list(folder.path(), false);
    let log = run(folder.path(), |_| {}).unwrap();
    assert_eq!(log.len(), 12);
    for step in log {
        assert_eq!((step.kind, step.num_pairs), (SpanKind::Picture, 8));
        assert!(
            Term::ALL.iter().all(|term| step.terms[*term].is_some() == (*term != Term::Temporal))
        );
    }
}

#[test]
fn pictures_and_videos_take_turns_one_kind_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    list(folder.path(), true);
    let log = run(folder.path(), |run| run.pairs.picture_share = Some(0.5)).unwrap();
    let pictures = log.iter().filter(|step| step.kind == SpanKind::Picture).count();
    assert!((1..log.len()).contains(&pictures), "{pictures} of {} steps", log.len());
    for step in &log {
        let is_picture = step.kind == SpanKind::Picture;
        assert_eq!(step.num_pairs, if is_picture { 8 } else { 4 });
        assert_eq!(step.terms[Term::Temporal].is_none(), is_picture, "{step:?}");
    }
    let held = log.iter().map(|step| step.cached_mib).fold(0.0, f64::max);
    // Twelve videos of 12 s and eight pictures, of 32 x 32.
    assert!(held > 0.05 && held < 64.0, "{held} MiB");
}

#[test]
fn pictures_have_nothing_to_learn_from_the_temporal_loss_alone() {
    let folder = tempfile::tempdir().unwrap();
    list(folder.path(), true);
    let temporal = r#"[objective]
        schedule = "weighted"
        coarse = 0.0
        fine = 0.0
        temporal = 1.0"#;
    let objective = Experiment::parse(temporal, "temporal", &[]).unwrap().objective;
    let error = run(folder.path(), |run| run.objective = objective).unwrap_err();
    let message = error.to_string();
    for named in ["`objective.temporal`", "`pairs.picture_share`"] {
        assert!(message.contains(named), "{message}");
    }
    let without = |run: &mut Experiment| {
        (run.objective, run.pairs.picture_share) = (objective, Some(0.0));
    };
    let log = run(folder.path(), without).unwrap();
    assert!(log.iter().all(|step| step.terms[Term::Temporal].is_some()));
}
