//! What the evaluation of QVHighlights measures of sentences with several windows: mAP by the length of
//! the windows, and highlights.
//!
//! The report holds its numbers once more under its names, rounded as it rounds them.

use locvtp_corpus::SALIENCY_CLIP_S;
use locvtp_video::TimeSpan;
use locvtp_video::counted::counted_as;
use serde_json::{Map, Value, json};

use super::moment_answers::{Answer, Matched, Queries};
use super::{Faults, ScoreReport};
use crate::metrics::{
    HIGHLIGHT_LEVELS, LengthClass, MEAN_AP_IOUS, MeanAp, Metrics, RetrievedWindows, ScoredClips,
    best_iou, highlights, mean_ap, named_mean_aps,
};

/// What the evaluation of QVHighlights measures: windows, of every class of length and of all, and
/// highlights.
pub(super) struct Measured {
    /// Named `short`, `middle`, `long` and `full`; without classes that no true window is of.
    windows: Vec<(&'static str, MeanAp, [f64; MEAN_AP_IOUS.len()])>,
    /// mAP and HIT@1, by the name of the level.
    highlights: Vec<(&'static str, f64, f64)>,
}

impl Measured {
    pub(super) fn of(
        matched: &Matched,
        queries: &Queries<'_>,
        has_windows: bool,
        report: &mut ScoreReport,
    ) -> Self {
        let mut measured = Self { windows: Vec::new(), highlights: Vec::new() };
        if has_windows {
            for class in LengthClass::ALL {
                let of_class = |window: &&TimeSpan| class.holds(window);
                let part =
                    |windows: &[TimeSpan]| windows.iter().filter(of_class).copied().collect();
                measured.windows.extend(measured_part(class.name, matched, queries, part).0);
            }
            let (full, with_empty) =
                measured_part("full", matched, queries, |windows: &[TimeSpan]| windows.to_vec());
            measured.windows.extend(full);
            tell_of_windows(matched, queries, with_empty, report);
        }
        let annotated = queries.all.iter().filter(|query| !query.saliency.is_empty()).count();
        let scored =
            matched.answers.iter().flatten().filter(|answer| answer.saliency.is_some()).count();
        match (annotated, scored) {
            (_, 0) => {}
            (0, _) => report.notes.push(format!(
                "{} pred_saliency_scores, which are not measured: the truth says nothing of highlights",
                counted_as(scored, "line has", "lines have")
            )),
            _ => measured.highlights = measured_highlights(matched, queries, report),
        }
        measured
    }

    /// Under the names of this program.
    pub(super) fn add_to(&self, metrics: &mut Metrics) {
        let windows = || self.windows.iter().map(|(name, found, _)| (*name, found));
        let full = windows().find(|(name, _)| *name == "full").map(|(_, full)| full);
        metrics.append(named_mean_aps(full, windows().filter(|(name, _)| *name != "full")));
        for (level, mean_ap, hit1) in &self.highlights {
            metrics.add(format!("highlights, {level}: mAP"), *mean_ap);
            metrics.add(format!("highlights, {level}: HIT@1"), *hit1);
        }
    }

    /// Under the names that the evaluation of QVHighlights gives them, rounded as there.
    pub(super) fn by_their_names(&self) -> Value {
        let (mut all, mut brief) = (Map::new(), Map::new());
        for (name, found, recalls) in &self.windows {
            let by_threshold = |values: &[f64]| -> Map<String, Value> {
                let names = MEAN_AP_IOUS.iter().map(ToString::to_string);
                names.zip(values.iter().map(|value| rounded(*value))).collect()
            };
            let mut precisions = by_threshold(&found.at);
            precisions.insert("average".to_owned(), rounded(found.average));
            brief.insert(format!("MR-{name}-mAP"), rounded(found.average));
            if *name == "full" {
                for at in ["0.5", "0.75"] {
                    brief.insert(format!("MR-full-mAP@{at}"), precisions[at].clone());
                }
                for (at, place) in [("0.5", 0), ("0.7", 4)] {
                    brief.insert(format!("MR-full-R1@{at}"), rounded(recalls[place]));
                }
            }
            let of_class = json!({ "MR-mAP": precisions, "MR-R1": by_threshold(recalls) });
            all.insert((*name).to_owned(), of_class);
        }
        for (level, mean_ap, hit1) in &self.highlights {
            let name = format!("HL-min-{level}");
            brief.insert(format!("{name}-mAP"), rounded(*mean_ap));
            brief.insert(format!("{name}-Hit1"), rounded(*hit1));
            all.insert(name, json!({ "HL-mAP": rounded(*mean_ap), "HL-Hit1": rounded(*hit1) }));
        }
        let mut report = Map::from_iter([("brief".to_owned(), brief.into())]);
        report.extend(all);
        report.into()
    }
}

/// Two digits, as they are printed.
fn rounded(value: f64) -> Value {
    format!("{value:.2}").parse::<f64>().unwrap_or(value).into()
}

type Part = Option<(&'static str, MeanAp, [f64; MEAN_AP_IOUS.len()])>;

/// Average precision and R@1 against the windows that `part` leaves of a query; queries of which it
/// leaves none are left out. Beside it the mAP in which an empty answer counts as 0.
fn measured_part(
    name: &'static str,
    matched: &Matched,
    queries: &Queries<'_>,
    part: impl Fn(&[TimeSpan]) -> Vec<TimeSpan>,
) -> (Part, Option<f64>) {
    let truths: Vec<Vec<TimeSpan>> = queries.all.iter().map(|query| part(&query.windows)).collect();
    let asked: Vec<(&Vec<TimeSpan>, &Option<Answer>)> =
        truths.iter().zip(&matched.answers).filter(|(truth, _)| !truth.is_empty()).collect();
    let answered = || {
        let of = |(truth, answer): &(&'_ Vec<TimeSpan>, &Option<Answer>)| {
            Some((answer.as_ref()?.kept.clone(), (*truth).clone()))
        };
        asked.iter().filter_map(of).collect::<Vec<_>>()
    };
    let answered = answered();
    let retrieved =
        || answered.iter().map(|(predicted, truth)| RetrievedWindows { predicted, truth });
    let silent = asked.len() - answered.len();
    let empty = answered.iter().filter(|(predicted, _)| predicted.is_empty()).count();
    let Some(found) = mean_ap(retrieved(), silent) else { return (None, None) };
    let first_ious: Vec<f64> = asked
        .iter()
        .map(|(truth, answer)| {
            let first = answer.as_ref().and_then(|answer| answer.counted.as_ref()?[0].first());
            first.map_or(0.0, |first| best_iou(first, truth))
        })
        .collect();
    let recalls = MEAN_AP_IOUS.map(|threshold| {
        let hits = first_ious.iter().filter(|iou| **iou >= threshold).count();
        100.0 * (hits as f64 / asked.len() as f64)
    });
    let with_empty = mean_ap(retrieved(), silent + empty).map(|found| found.average);
    (Some((name, found, recalls)), with_empty)
}

fn tell_of_windows(
    matched: &Matched,
    queries: &Queries<'_>,
    with_empty: Option<f64>,
    report: &mut ScoreReport,
) {
    let empty = matched.num_empty();
    if let (1.., Some(with_empty)) = (empty, with_empty) {
        report.notes.push(format!(
            "{}, and mAP leaves it out, as the standard evaluation does; with 0 instead mAP is \
             {with_empty:.2}",
            counted_as(
                empty,
                "query has a line without windows: R@n counts that as a miss",
                "queries have a line without windows: R@n counts each as a miss"
            )
        ));
    }
    if matched.is_any_silent() {
        report.notes.push(
            "queries without a line count as misses in all numbers; the standard evaluation refuses \
             such a file"
                .to_owned(),
        );
    }
    let in_no_class =
        |window: &&TimeSpan| !LengthClass::ALL.iter().any(|class| class.holds(window));
    let outside = queries.all.iter().flat_map(|query| &query.windows).filter(in_no_class).count();
    if outside > 0 {
        report.notes.push(format!(
            "{}: neither short, middle nor long, and counted in the other numbers alone",
            counted_as(
                outside,
                "true window is longer than 150 s, or without length",
                "true windows are longer than 150 s, or without length"
            )
        ));
    }
    let mut late = Faults::default();
    for query in &queries.all {
        let Some(duration) = query.duration else { continue };
        for window in query.windows.iter().filter(|window| window.end > duration) {
            let sentence = &query.sentence;
            late.note(|| format!("{window} of {sentence:?}, {duration} long"));
        }
    }
    report.fault(
        "true windows end after their video",
        &late,
        "true window ends after its video and counts as it stands, as in the standard evaluation",
        "true windows end after their video and count as they stand, as in the standard evaluation",
    );
}

/// The numbers of highlights at every level.
fn measured_highlights(
    matched: &Matched,
    queries: &Queries<'_>,
    report: &mut ScoreReport,
) -> Vec<(&'static str, f64, f64)> {
    let mut without = Faults::default();
    let mut clips: Vec<(&[f64], Vec<[f64; 3]>)> = Vec::new();
    for (query, answer) in queries.all.iter().zip(&matched.answers) {
        let Some(duration) = query.duration.filter(|_| !query.saliency.is_empty()) else {
            continue;
        };
        let mut saliency = vec![[0.0; 3]; (duration.0 / SALIENCY_CLIP_S) as usize];
        for (clip, said) in &query.saliency {
            // The reader has seen to it that the clip is one of the video.
            if let Some(of_clip) = saliency.get_mut(*clip) {
                *of_clip = *said;
            }
        }
        let predicted = answer.as_ref().and_then(|answer| answer.saliency.as_deref());
        if predicted.is_none_or(<[f64]>::is_empty) {
            without.note(|| format!("{:?}", query.sentence));
        }
        clips.push((predicted.unwrap_or_default(), saliency));
    }
    report.fault(
        "queries without pred_saliency_scores",
        &without,
        "query without pred_saliency_scores counts as a miss of highlights",
        "queries without pred_saliency_scores count as misses of highlights",
    );
    report.count("queries with annotated highlights", clips.len());
    let at = |(name, level): (&'static str, f64)| {
        let scored = clips.iter().map(|(predicted, saliency)| ScoredClips { predicted, saliency });
        highlights(scored, level).map(|found| (name, found.mean_ap, found.hit1))
    };
    HIGHLIGHT_LEVELS.into_iter().filter_map(at).collect()
}
