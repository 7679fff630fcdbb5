//! Writes a page of made-up numbers, to look at the layout without a run:
//! `cargo run --release -p locvtp-report --example sample_page -- FOLDER`.
//!
//! Nothing in it was measured; the page says so in its title.

use std::error::Error;
use std::path::PathBuf;

use locvtp_report::{
    ClipScore, ConfusionMatrix, CurvePoint, Fact, GroundingExample, Headline, HeadlineReference,
    HeatMap, HeatMapClip, HistogramSeries, LossCurves, LossSeries, NamedSpan, ObjectiveChange,
    PredictedSpan, Provenance, ReportError, ResultsColumn, ResultsRow, ResultsTable, RowKind,
    RunReport, SimilarityHistogram, Span, Thumbnail, TimedFrame,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("say into which folder")?);
    let written = locvtp_report::write(&sample()?, &folder)?;
    eprintln!("{}", written.page.display());
    Ok(())
}

fn sample() -> Result<RunReport, ReportError> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    Ok(RunReport {
        title: "Sample data: a page of made-up numbers".into(),
        intro: "LocVTP learns from narrated videos which moment a sentence describes. This page \
                shows invented \
                numbers, to judge the layout and nothing else."
            .into(),
        headlines: headlines(),
        facts: [
            ("Corpus", "640 narrated videos, 4.3 h, 256 × 256"),
            ("Model", "2.1 M parameters, 8 clips × 4 frames"),
            ("Pre-training", "3,000 steps in 6 min 12 s on 2 cores"),
            ("Skipped", "2 of 642 files (named in the log)"),
        ]
        .map(|(label, value)| Fact { label: label.into(), value: value.into() })
        .to_vec(),
        results: vec![
            table("New videos of seen combinations", 0.0),
            table("New combinations of colour, shape and action", 9.0),
        ],
        action_confusions: vec![
            confusion("action-choice-seen", "Action, seen combinations", 0.62, &mut random),
            confusion("action-choice-new", "Action, new combinations", 0.35, &mut random),
        ],
        loss_curves: Some(losses(&mut random)),
        heat_maps: vec![heat_map(1, &mut random)?, heat_map(2, &mut random)?],
        grounding_examples: (1..=4).map(|i| grounding(i, &mut random)).collect::<Result<_, _>>()?,
        histograms: vec![histogram(&mut random)?],
        notes: vec![
            "36 % of the pre-training pairs are short spans of one event; they are stronger \
            supervision than \
             loose narration."
                .into(),
            "One seed. The spread over three seeds is a few points; see the results \
            document."
                .into(),
        ],
        settings_toml: "[train]\nsteps = 3000\nseed = 0\n\n\
                        [loss]\ncoarse = 0.5\nfine = 1.0\ntemporal = 1.0\n"
            .into(),
        provenance: Provenance {
            version: "0.1.0".into(),
            commit: "0000000".into(),
            date: "2026-01-01".into(),
        },
    })
}

fn headlines() -> Vec<Headline> {
    let card = |label: &str, context: &str, value, references: &[(&str, f64)]| Headline {
        label: label.into(),
        context: context.into(),
        value,
        unit: "%".into(),
        decimals: 1,
        full_scale: 100.0,
        references: references
            .iter()
            .map(|(label, value)| HeadlineReference { label: (*label).into(), value: *value })
            .collect(),
    };
    vec![
        card(
            "Grounding, mean IoU",
            "seen combinations",
            64.2,
            &[("chance", 20.5), ("knowing colour", 57.5), ("colour and shape", 73.5)],
        ),
        card("Retrieval, R@5", "150 videos, seen combinations", 78.0, &[("chance", 3.3)]),
        card("Action choice", "six actions, seen combinations", 58.4, &[("chance", 16.7)]),
        card(
            "Grounding, mean IoU",
            "new combinations",
            56.9,
            &[("chance", 19.6), ("knowing colour", 56.3), ("colour and shape", 74.5)],
        ),
    ]
}

fn table(title: &str, worse: f64) -> ResultsTable {
    let column = |group: &str, label: &str, full_scale| ResultsColumn {
        group: group.into(),
        label: label.into(),
        decimals: 1,
        full_scale,
    };
    let row = |label: &str, explanation: &str, kind, values: &[f64]| ResultsRow {
        label: label.into(),
        explanation: explanation.into(),
        kind,
        values: values.iter().map(|v| (!v.is_nan()).then_some(*v)).collect(),
    };
    let no = f64::NAN;
    ResultsTable {
        title: title.into(),
        caption: "Text-to-video retrieval among 150 videos; grounding of 529 sentences.".into(),
        columns: vec![
            column("Retrieval", "R@1", Some(100.0)),
            column("Retrieval", "R@5", Some(100.0)),
            column("Retrieval", "MdR", None),
            column("Grounding, R@1 at IoU", "0.3", Some(100.0)),
            column("Grounding, R@1 at IoU", "0.5", Some(100.0)),
            column("Grounding, R@1 at IoU", "0.7", Some(100.0)),
            column("Grounding, R@1 at IoU", "mIoU", Some(100.0)),
            column("Action", "choice", Some(100.0)),
        ],
        rows: vec![
            row(
                "LocVTP",
                "this run",
                RowKind::Model,
                &[
                    32.7 - worse,
                    78.0 - worse,
                    2.0,
                    80.1 - worse,
                    62.9 - worse,
                    42.0,
                    64.2 - worse,
                    58.4 - worse,
                ],
            ),
            row(
                "Chance",
                "a random interval",
                RowKind::Chance,
                &[0.7, 3.3, 75.5, 31.0, 12.5, 3.6, 20.5, 16.7],
            ),
            row(
                "Wrong sentence",
                "this model, asked another",
                RowKind::Chance,
                &[no, no, no, 34.0, 20.0, 14.0, 24.1, no],
            ),
            row(
                "Knows colour",
                "oracle",
                RowKind::Oracle,
                &[no, no, no, 71.2, 53.3, 40.5, 57.5, no],
            ),
            row(
                "Knows colour and shape",
                "oracle",
                RowKind::Oracle,
                &[no, no, no, 86.0, 74.7, 62.6, 73.5, no],
            ),
            row(
                "Knows everything",
                "oracle, limited by the clips",
                RowKind::Oracle,
                &[no, no, no, 100.0, 100.0, 99.8, 91.9, no],
            ),
        ],
    }
}

fn confusion(name: &str, title: &str, right: f64, random: &mut ChaCha8Rng) -> ConfusionMatrix {
    let labels = ["left", "right", "up", "down", "grow", "blink"].map(String::from).to_vec();
    let count = |truth: usize, chosen: usize, random: &mut ChaCha8Rng| {
        let share = if truth == chosen { right } else { random.random_range(0.02..0.14) };
        (share * 80.0) as u64
    };
    let counts = (0..6).map(|t| (0..6).map(|c| count(t, c, random)).collect()).collect();
    ConfusionMatrix {
        name: name.into(),
        title: title.into(),
        class: "action".into(),
        labels,
        counts,
    }
}

fn losses(random: &mut ChaCha8Rng) -> LossCurves {
    let mut curve = |start: f64, end: f64, reach: f64| -> Vec<CurvePoint> {
        let value = |step: u64, random: &mut ChaCha8Rng| {
            let level = end + (start - end) * (-(step as f64) / reach).exp();
            level * (1.0 + 0.12 * (random.random::<f64>() - 0.5))
        };
        (0..3000).step_by(5).map(|step| CurvePoint { step, value: value(step, random) }).collect()
    };
    let (coarse, fine, temporal) =
        (curve(2.8, 0.9, 700.0), curve(5.1, 3.1, 500.0), curve(5.2, 3.5, 600.0));
    let total = (0..coarse.len())
        .map(|i| CurvePoint {
            step: coarse[i].step,
            value: 0.5 * coarse[i].value + fine[i].value + temporal[i].value,
        })
        .collect();
    let series = |label: &str, meaning: &str, points| LossSeries {
        label: label.into(),
        meaning: meaning.into(),
        points,
    };
    let rate = |step: u64| {
        let p = step as f64 / 3000.0;
        1.5e-3 * (p / 0.05).min(1.0) * (0.5 + 0.5 * (std::f64::consts::PI * p).cos())
    };
    LossCurves {
        name: "loss".into(),
        title: "Losses of pre-training".into(),
        series: vec![
            series("total", "the weighted sum", total),
            series("L_c", "video and sentence", coarse),
            series("L_f", "clip and its words", fine),
            series("L_t", "a neighbour, warped, and the clip's words", temporal),
        ],
        learning_rate: (0..3000)
            .step_by(5)
            .map(|step| CurvePoint { step, value: rate(step) })
            .collect(),
        objective_changes: vec![ObjectiveChange {
            step: 900,
            label: "longer spans from here".into(),
        }],
        smoothing_steps: 60.0,
        ..LossCurves::default()
    }
}

/// A disc or a square at a place that depends on the time, on a noisy ground.
fn picture(time_s: f64, kind: usize, random: &mut ChaCha8Rng) -> Result<Thumbnail, ReportError> {
    let colours = [[206, 52, 52], [46, 104, 204], [58, 160, 84], [222, 176, 46]];
    let size = 96usize;
    let phase = (time_s / 4.0).fract();
    let place = match kind % 3 {
        0 => (0.8 - 0.6 * phase, 0.5),
        1 => (0.5, 0.2 + 0.6 * phase),
        _ => (0.5, 0.5),
    };
    let radius = if kind % 3 == 2 { 0.08 + 0.2 * phase } else { 0.16 };
    let mut rgb = Vec::with_capacity(size * size * 3);
    for y in 0..size {
        for x in 0..size {
            let (dx, dy) = (x as f64 / 96.0 - place.0, y as f64 / 96.0 - place.1);
            let inside = if kind.is_multiple_of(2) {
                dx.hypot(dy) < radius
            } else {
                dx.abs().max(dy.abs()) < radius
            };
            let noise = random.random_range(0..14u8);
            let ground = [196 - y as u8 / 2, 198 - y as u8 / 2, 190];
            let colour = if inside { colours[kind % 4] } else { ground };
            rgb.extend(colour.map(|v: u8| v.saturating_add(noise)));
        }
    }
    Thumbnail::from_rgb(&rgb, size as u32, size as u32)
}

fn heat_map(number: usize, random: &mut ChaCha8Rng) -> Result<HeatMap, ReportError> {
    let sentence = "first a red ball moves to the left and then the blue box goes down before the \
    green disc grows";
    let words: Vec<String> = sentence.split(' ').map(String::from).collect();
    let own: [&[&str]; 3] = [
        &["red", "ball", "moves", "left"],
        &["blue", "box", "goes", "down"],
        &["green", "disc", "grows"],
    ];
    let event_of = |t: usize| (t * 3 / 16).min(2);
    let mut cosine = Vec::new();
    for word in &words {
        let mut row = Vec::new();
        for t in 0..16 {
            let related = own[event_of(t)].contains(&word.as_str());
            row.push(if related { 0.48 } else { 0.04 } + random.random_range(-0.16..0.16f32));
        }
        cosine.push(row);
    }
    let clips = (0..16)
        .map(|t| {
            let span = Span::new(1.5 * t as f64, 1.5 * (t + 1) as f64);
            Ok(HeatMapClip { span, frame: picture(span.midpoint_s(), event_of(t), random)? })
        })
        .collect::<Result<_, ReportError>>()?;
    let event =
        |from: f64, to: f64, name: &str| NamedSpan { span: Span::new(from, to), name: name.into() };
    Ok(HeatMap {
        name: format!("heat-map-{number}"),
        sentence: sentence.into(),
        video: format!("sample-{number:03}"),
        words,
        clips,
        cosine,
        num_marked: 3,
        events: vec![
            event(0.4, 8.6, "red circle moves left"),
            event(8.6, 15.9, "blue square moves down"),
            event(15.9, 24.0, "green circle grows"),
        ],
    })
}

fn grounding(number: usize, random: &mut ChaCha8Rng) -> Result<GroundingExample, ReportError> {
    let spans = [(8.6, 15.9), (0.4, 3.5), (18.0, 23.6), (4.0, 7.0)];
    let found = [(9.0, 15.0), (1.5, 6.0), (18.0, 24.0), (12.0, 18.0)];
    let (truth, best) = (spans[(number - 1) % 4], found[(number - 1) % 4]);
    let frames = (0..24)
        .map(|i| {
            let time_s = i as f64 + 0.5;
            let kind = if time_s < truth.0 {
                0
            } else if time_s < truth.1 {
                1
            } else {
                2
            };
            Ok(TimedFrame { time_s, image: picture(time_s, kind, random)? })
        })
        .collect::<Result<_, ReportError>>()?;
    let clip_scores = (0..16)
        .map(|t| {
            let span = Span::new(1.5 * t as f64, 1.5 * (t + 1) as f64);
            let inside = span.midpoint_s() > best.0 && span.midpoint_s() < best.1;
            ClipScore {
                span,
                score: if inside { 0.42 } else { 0.08 } + random.random_range(-0.07..0.07),
            }
        })
        .collect();
    let prediction =
        |span: (f64, f64), score| PredictedSpan { span: Span::new(span.0, span.1), score };
    Ok(GroundingExample {
        name: format!("grounding-{number}"),
        sentence: "then you can see the blue box sinking to the bottom".into(),
        video: format!("sample-{number:03}"),
        note: ["best tenth", "median", "median", "worst tenth"][(number - 1) % 4].into(),
        duration_s: 24.0,
        frames,
        clip_scores,
        true_span: Span::new(truth.0, truth.1),
        predictions: vec![
            prediction(best, 0.42),
            prediction((12.0, 19.5), 0.2),
            prediction((0.0, 3.0), 0.1),
        ],
    })
}

fn histogram(random: &mut ChaCha8Rng) -> Result<SimilarityHistogram, ReportError> {
    let mut draw = |mean: f32, spread: f32| -> Vec<f32> {
        let bell =
            |random: &mut ChaCha8Rng| (0..6).map(|_| random.random::<f32>() - 0.5).sum::<f32>();
        (0..10_000).map(|_| (mean + spread * bell(random)).clamp(-1.0, 1.0)).collect()
    };
    let series = |label: &str, meaning: &str, values: &[f32]| {
        HistogramSeries::of(label, meaning, values, (-1.0, 1.0), 100)
    };
    Ok(SimilarityHistogram {
        name: "context-warp".into(),
        title: "Similarity to the words of a clip".into(),
        quantity: "cosine".into(),
        series: vec![
            series("reference", "the clip itself", &draw(0.62, 0.2))?,
            series("bias", "a clip 1 to 4 steps away", &draw(0.22, 0.42))?,
            series("projection", "that clip, warped", &draw(0.5, 0.25))?,
        ],
    })
}
