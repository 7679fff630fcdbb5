//! What refined ends are worth, on the held-out videos of a demo.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use locvtp_corpus::Truth;
use locvtp_finder::{FileFilter, Finder, IndexSampling, Indexer, Question};
use locvtp_search::catalogue::{Access, SqliteCatalogue};
use locvtp_transfer::{Embedder, locate_model};
use locvtp_video::TimeSpan;

/// Videos of each split.
const VIDEOS: usize = 30;

/// The best moment of every event, beside the true one.
#[derive(Default)]
struct Found {
    errors: Vec<f64>,
    ious: Vec<f64>,
}

impl Found {
    fn add(&mut self, found: TimeSpan, truth: TimeSpan) {
        self.errors.push((found.start - truth.start).0.abs());
        self.errors.push((found.end - truth.end).0.abs());
        self.ious.push(found.iou(&truth));
    }

    fn mean_error(&self) -> f64 {
        mean(self.errors.iter().copied())
    }

    fn median_error(&self) -> f64 {
        let mut errors = self.errors.clone();
        errors.sort_by(f64::total_cmp);
        errors[errors.len() / 2]
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let numbers: Vec<f64> = numbers.collect();
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// An index of some videos of a split, with what truly happens in them.
fn indexed(demo: &Path, split: &str, folder: &Path) -> (Finder, Truth) {
    let dir = demo.join("corpus").join(split);
    let mut truth = Truth::read(&dir).unwrap();
    truth.videos.truncate(VIDEOS);
    let paths: Vec<PathBuf> =
        truth.videos.iter().map(|video| dir.join(format!("videos/{}.mp4", video.id))).collect();
    let catalogue = SqliteCatalogue::open(folder, Access::WRITE).unwrap();
    let (embedder, model) = (Embedder::open(demo).unwrap(), locate_model(demo));
    let indexer = Indexer::new(&catalogue, &embedder, &model, IndexSampling::default()).unwrap();
    indexer.add(&paths, &mut ()).unwrap();
    (Finder::open(Arc::new(catalogue), embedder, &model).unwrap(), truth)
}

#[test]
#[ignore = "takes minutes, and the folder of a demo in LOCVTP_DEMO"]
fn refined_ends_are_nearer_and_moments_no_worse() {
    let demo =
        PathBuf::from(std::env::var_os("LOCVTP_DEMO").expect("LOCVTP_DEMO is a demo's folder"));
    for split in ["seen", "new"] {
        let folder = tempfile::tempdir().unwrap();
        let (finder, truth) = indexed(&demo, split, folder.path());
        let (mut coarse, mut refined) = (Found::default(), Found::default());
        for video in &truth.videos {
            let files =
                FileFilter { pattern: Some(format!("{}.mp4", video.id)), ..FileFilter::default() };
            for event in &video.events {
                let question = Question {
                    files: files.clone(),
                    top: 1,
                    show_all: true,
                    ..Question::of(&event.query)
                };
                let best = |refine| {
                    let question = Question { refine, ..question.clone() };
                    finder.find(&question).unwrap().hits[0].span
                };
                coarse.add(best(false), event.span);
                refined.add(best(true), event.span);
            }
        }
        // An end that is more than a clip of a second off lies in another event.
        let near: Vec<usize> =
            (0..coarse.errors.len()).filter(|place| coarse.errors[*place] <= 1.0).collect();
        let of_near = |found: &Found| mean(near.iter().map(|place| found.errors[*place]));
        println!(
            "{split}: {} moments; {} of {} ends within a clip",
            coarse.ious.len(),
            near.len(),
            coarse.errors.len()
        );
        for (name, found) in [("coarse", &coarse), ("refined", &refined)] {
            println!(
                "  {name:8} error of an end: mean {:.3} s, median {:.3} s, of those within a clip {:.3} s; \
                 mIoU {:.2} %",
                found.mean_error(),
                found.median_error(),
                of_near(found),
                100.0 * mean(found.ious.iter().copied()),
            );
        }
        let miou = |found: &Found| mean(found.ious.iter().copied());
        assert!(miou(&refined) >= miou(&coarse));
        assert!(refined.mean_error() < coarse.mean_error());
        assert!(of_near(&refined) < of_near(&coarse));
    }
}
