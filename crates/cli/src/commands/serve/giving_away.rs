//! Hits that are given away as a file.

use std::collections::BTreeMap;

use locvtp_search::export::{self, ExportError, SourceClock, SourceClocks};
use locvtp_serve::{
    Evidence, ExportFormat, ExportHit, ExportedFile, LeftOut, Media, Sureness, check_file,
};
use locvtp_video::TimeSpan;

use super::failures::{Failure, failed, not_there, refused};
use super::videos::{Videos, file_name};

/// What the formats are called here and there, and their media types.
pub(super) const FORMATS: [(ExportFormat, export::ExportFormat, &str); 7] = [
    (ExportFormat::Csv, export::ExportFormat::Csv, "text/csv; charset=utf-8"),
    (ExportFormat::Json, export::ExportFormat::Json, "application/json"),
    (ExportFormat::Srt, export::ExportFormat::Srt, "application/x-subrip; charset=utf-8"),
    (ExportFormat::Vtt, export::ExportFormat::Vtt, "text/vtt; charset=utf-8"),
    (ExportFormat::Edl, export::ExportFormat::Edl, "text/plain; charset=utf-8"),
    (ExportFormat::Otio, export::ExportFormat::Otio, "application/json"),
    (ExportFormat::Fcpxml, export::ExportFormat::Fcpxml, "application/xml"),
];

/// The file. Moments of videos that are gone, and those that the format cannot hold, are left out where any is
/// left to be written.
pub(super) fn written(
    videos: &Videos,
    format: ExportFormat,
    hits: &[ExportHit],
) -> Result<ExportedFile, Failure> {
    let known = FORMATS.into_iter().find(|(ours, _, _)| *ours == format);
    let (_, format, media_type) =
        known.ok_or_else(|| refused("hits are not given away in this format"))?;
    let (mut kept, mut clocks, mut out) = (Vec::new(), SourceClocks::new(), BTreeMap::new());
    for hit in hits {
        let gone = || not_there("a video of these moments is not in the index any more");
        let media = videos.media(&videos.file(&hit.media)?.ok_or_else(gone)?);
        let hit = exported(&media, hit)?;
        if format.needs_clocks() && !clocks.contains_key(&media.path) {
            if out.contains_key(&media.path) {
                continue;
            }
            match clock(&media) {
                Ok(clock) => drop(clocks.insert(media.path, clock)),
                Err(reason) => {
                    let name = file_name(&media.path);
                    out.insert(media.path, LeftOut { name, reason });
                    continue;
                }
            }
        }
        kept.push(hit);
    }
    let mut left_out: Vec<LeftOut> = out.into_values().collect();
    if let Some(LeftOut { name, reason }) = left_out.first().filter(|_| kept.is_empty()) {
        return Err(not_there(format!("{name}: {reason}")));
    }
    if format.is_of_one_video() && kept.windows(2).any(|pair| pair[0].path != pair[1].path) {
        return Err(refused("subtitles are of one video: ask for the moments of each video alone"));
    }
    let (of_format, others) = format.sorted_out(&kept, &clocks);
    // Where none is left, the format says why.
    if !of_format.is_empty() {
        kept = of_format;
        left_out.extend(others.iter().filter_map(left_out_of_format));
    }
    let text = format.write("moments", &kept, &clocks).map_err(not_written)?;
    let name = match kept.first().filter(|_| format.is_of_one_video()) {
        // Not the name of the video's own subtitles: beside it, these would be taken for what is said there.
        Some(hit) => {
            let video = hit.path.file_stem().unwrap_or_default().to_string_lossy();
            format!("{video}.moments.{}", format.ending())
        }
        None => format!("moments.{}", format.ending()),
    };
    Ok(ExportedFile { name, media_type: media_type.into(), bytes: text.into_bytes(), left_out })
}

/// The clock of a video, or why there is none.
fn clock(media: &Media) -> Result<SourceClock, String> {
    check_file(media).map_err(|error| error.to_string())?;
    SourceClock::read(&media.path).map_err(|_| "the file cannot be decoded".into())
}

fn exported(media: &Media, hit: &ExportHit) -> Result<export::Hit, Failure> {
    let (start, end) = (hit.span.start.0, hit.span.end.0);
    let inside = media.moment(start).zip(media.moment(end)).filter(|(start, end)| start < end);
    let (start, end) = inside.ok_or_else(|| {
        refused(format!(
            "a moment of {} from {start} to {end} s does not lie in the video, which ends at {:.3} s",
            media.name, media.duration_s
        ))
    })?;
    Ok(export::Hit {
        path: media.path.clone(),
        span: TimeSpan::new(start, end),
        // What a person chose was not measured.
        score: hit.score.map(f64::from),
        sure: hit.sure.map(|sure| match sure {
            Sureness::Guess => locvtp_search::Sureness::Guess,
            Sureness::Maybe => locvtp_search::Sureness::Maybe,
            Sureness::Found => locvtp_search::Sureness::Found,
        }),
        evidence: hit.evidence.map(|evidence| match evidence {
            Evidence::Said => export::Evidence::Said,
            Evidence::Seen => export::Evidence::Seen,
        }),
        query: hit.query.clone(),
        label: hit.text.clone().unwrap_or_default(),
    })
}

/// The video that a format cannot hold beside the others, and why.
fn left_out_of_format(error: &ExportError) -> Option<LeftOut> {
    let (path, reason) = match error {
        ExportError::VariableRate { path, fps } => (path, varying(fps)),
        ExportError::SeveralRates { rate, other_path, other_rate, .. } => {
            let reason = format!(
                "it has {other_rate} frames a second and most have {rate}; an EDL has one rate for all, so export \
                 OTIO or FCPXML, or its moments alone"
            );
            (other_path, reason)
        }
        _ => return None,
    };
    Some(LeftOut { name: file_name(path), reason })
}

fn varying(fps: &str) -> String {
    format!(
        "its frame rate varies, and an EDL counts in frames of one rate; export OTIO or FCPXML, or make a copy of \
         constant rate first: ffmpeg -i IN -vf fps={fps} OUT.mp4"
    )
}

/// Why a format holds none of the moments, without the folders of the files.
fn not_written(error: ExportError) -> Failure {
    match error {
        ExportError::VariableRate { path, fps } => {
            refused(format!("{}: {}", file_name(&path), varying(&fps)))
        }
        ExportError::TooMany { found, most } => {
            refused(format!("{found} moments, and an EDL numbers {most} at most; export OTIO"))
        }
        ExportError::NoHit => refused("there is no moment to export"),
        other => failed("the moments cannot be written", other).into(),
    }
}
