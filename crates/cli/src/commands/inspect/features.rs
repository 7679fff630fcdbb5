//! `locvtp inspect` of clip features: a file, a folder, or the file of one video.

use std::path::Path;

use locvtp_features::{FeatureError, FeatureFile, FeatureSummary, Provenance};
use locvtp_model::Preprocessing;
use locvtp_video::TimeSpan;
use locvtp_video::counted::{counted_as, first_of};

use super::PathDescription;

/// When clips are that do not say it.
const PARTS: &str = "equal parts of the video, or features.clip_s";
/// Damaged videos that are named.
const MOST_DAMAGED: usize = 3;

/// Whether a folder has features, also such as cannot be used: two files of one name are told then.
pub(super) fn are_in_folder(path: &Path) -> bool {
    match FeatureFile::open(path, None) {
        Ok(_) => true,
        // Of the folder itself it says that there are none.
        Err(FeatureError::Unusable { path: told, .. }) => told != path,
        Err(_) => false,
    }
}

/// A file or folder of clip features, our own or other people's.
pub(super) fn features(path: &Path) -> anyhow::Result<PathDescription> {
    let mut other_names = Vec::new();
    let mut file = match FeatureFile::open(path, None) {
        // Other people's, under another name than the usual one.
        Err(FeatureError::NoDataset { candidates, .. }) if !candidates.is_empty() => {
            other_names = candidates;
            FeatureFile::open(path, Some(&other_names.remove(0)))?
        }
        opened => opened?,
    };
    let summary = FeatureSummary::of(&mut file);
    let origin = match &summary.provenance {
        Some(provenance) => provenance.model_and_weights(),
        None => "unknown: the file does not say which model made it".to_owned(),
    };
    let mut facts = vec![("format", summary.format.to_owned()), ("made by", origin)];
    if let Some(made) = &summary.provenance {
        facts.extend(made_how(made));
    }
    facts.extend(contents(&summary));
    if let Some(dataset) = &summary.dataset {
        let others = match other_names.len() {
            0 => String::new(),
            number => {
                format!("; features.dataset chooses another: {}", first_of(&other_names, number))
            }
        };
        facts.push(("dataset", format!("{dataset}{others}")));
    }
    if !summary.damaged.is_empty() {
        facts.push(("damaged", damage(&summary)));
    }
    if !summary.cut_short.is_empty() {
        facts.push(("cut short", cut_short(&summary)));
    }
    if let Some(reason) = &summary.first_unusable {
        let unusable = counted_as(summary.unusable, "video", "videos");
        let first = if summary.unusable == 1 { "" } else { "the first: " };
        facts.push(("unusable", format!("{unusable}; {first}{reason}")));
    }
    Ok(PathDescription { kind: "clip features", facts, json: serde_json::to_value(&summary)? })
}

/// Which features they are, and of which clips.
fn made_how(made: &Provenance) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("features", made.space.clone()),
        ("a clip", format!("{}, one every {}", made.clip, made.stride)),
    ];
    if !made.is_of_before() {
        let preprocessing = serde_json::from_str::<Preprocessing>(&made.preprocessing);
        let told = preprocessing.map(|preprocessing| pixels(&preprocessing));
        let unknown = "prepared in a way that this version does not know (--json shows it)";
        facts.push(("pixels", told.unwrap_or_else(|_| unknown.to_owned())));
    }
    facts
}

/// How a frame becomes the encoder's numbers, in words.
pub(super) fn pixels(preprocessing: &Preprocessing) -> String {
    format!(
        "{} {}, {}, scaled as {} does, mean {:?}, std {:?}",
        preprocessing.fit.words(),
        preprocessing.short_side,
        preprocessing.interpolation.name(),
        preprocessing.scaling.words(),
        preprocessing.normalisation.mean,
        preprocessing.normalisation.std
    )
}

/// How much is there.
fn contents(summary: &FeatureSummary) -> Vec<(&'static str, String)> {
    if summary.videos == 0 {
        return vec![("videos", "none that can be used".to_owned())];
    }
    let (fewest, most) = (summary.fewest_clips, summary.most_clips);
    let a_video = if fewest == most { fewest.to_string() } else { format!("{fewest} to {most}") };
    let widths = summary.widths.iter().map(|(width, videos)| match summary.widths.len() {
        1 => width.to_string(),
        _ => format!("{width} (of {})", counted_as(*videos, "video", "videos")),
    });
    let names = first_of(&summary.first_ids, summary.videos);
    let mut facts = vec![
        ("videos", format!("{}: {names}", summary.videos)),
        ("clips", format!("{}, {a_video} a video", summary.clips)),
        ("width", format!("{} numbers a clip", widths.collect::<Vec<_>>().join(", "))),
        (
            "when",
            match (summary.has_spans, &summary.unread_times) {
                (true, _) => "start and end of each clip".to_owned(),
                (false, None) => format!("not said: {PARTS}"),
                (false, Some(name)) => format!(
                    "the array {name:?} is not read, as programs mean different things by it: {PARTS}"
                ),
            },
        ),
    ];
    if summary.read < summary.videos {
        facts.push((
            "looked at",
            format!(
                "the numbers of {} of {}: the file is large",
                summary.read,
                counted_as(summary.videos, "video", "videos")
            ),
        ));
    }
    facts
}

/// Whose files are cut short, and where.
fn cut_short(summary: &FeatureSummary) -> String {
    let of_video = |(id, note): (&String, &String)| {
        format!("{id}, {}", note.strip_prefix("cut short: ").unwrap_or(note))
    };
    let num_videos = summary.cut_short.len();
    let named: Vec<String> = summary.cut_short.iter().take(MOST_DAMAGED).map(of_video).collect();
    format!("{}: {}", counted_as(num_videos, "video", "videos"), first_of(&named, num_videos))
}

/// Whose pictures are missing or damaged, and where.
fn damage(summary: &FeatureSummary) -> String {
    let spans = summary.damaged.values().flatten();
    let seconds: f64 = spans.map(|span| span.duration().0).sum();
    let of_video = |(id, spans): (&String, &Vec<TimeSpan>)| {
        format!("{id} at {}", first_of(spans, spans.len()))
    };
    let videos = counted_as(summary.damaged.len(), "video", "videos");
    let named: Vec<String> = summary.damaged.iter().take(MOST_DAMAGED).map(of_video).collect();
    let named = first_of(&named, summary.damaged.len());
    format!("{videos}, {seconds:.2} s missing or damaged: {named}")
}
