//! Hits that are given away as a file.

use locvtp_search::Sureness;
use locvtp_search::export::{self, ExportError, SourceClock, SourceClocks};
use locvtp_serve::{ExportFormat, ExportHit, ExportedFile, LibraryError, Source, Verdict};
use locvtp_video::{Seconds, TimeSpan};

use super::failures::{failed, of_catalogue};
use super::videos::{Videos, file_name, path_of};

/// Seconds that a moment may end behind its video: the page's clock is rounded.
const BEYOND_S: f64 = 0.5;

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

/// The file.
pub(super) fn written(
    videos: &Videos,
    format: ExportFormat,
    hits: &[ExportHit],
) -> Result<ExportedFile, LibraryError> {
    let known = FORMATS.into_iter().find(|(ours, _, _)| *ours == format);
    let (_, format, media_type) = known
        .ok_or_else(|| LibraryError::Refused("hits are not given away in this format".into()))?;
    let hits = hits.iter().map(|hit| exported(videos, hit));
    let hits = hits.collect::<Result<Vec<export::Hit>, LibraryError>>()?;
    let is_of_one = hits.windows(2).all(|pair| pair[0].path == pair[1].path);
    if format.is_of_one_video() && !is_of_one {
        let why = "subtitles are of one video: ask for the moments of each video alone";
        return Err(LibraryError::Refused(why.into()));
    }
    let clocks = match format.needs_clocks() {
        true => SourceClock::read_all(&hits).map_err(refused)?,
        false => SourceClocks::new(),
    };
    let text = format.write("moments", &hits, &clocks).map_err(refused)?;
    let stem = match hits.first().filter(|_| format.is_of_one_video()) {
        // Players take subtitles that are named as the video.
        Some(hit) => hit.path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        None => "moments".into(),
    };
    Ok(ExportedFile {
        name: format!("{stem}.{}", format.ending()),
        media_type: media_type.into(),
        bytes: text.into_bytes(),
    })
}

fn exported(videos: &Videos, hit: &ExportHit) -> Result<export::Hit, LibraryError> {
    let file = videos.file(&hit.media).map_err(of_catalogue)?;
    let gone =
        || LibraryError::NotThere("a video of these moments is not in the index any more".into());
    let file = file.ok_or_else(gone)?;
    let span = inside(hit.span, file.duration).ok_or_else(|| {
        LibraryError::Refused(format!(
            "a moment of {} from {} to {} s does not lie in the video, which ends at {:.3} s",
            file_name(path_of(&file)),
            hit.span.start.0,
            hit.span.end.0,
            file.duration.0
        ))
    })?;
    let there = file.looks.iter().map(|look| &look.path).find(|path| path.is_file());
    Ok(export::Hit {
        path: there.cloned().unwrap_or_else(|| path_of(&file).to_owned()),
        span,
        // What a person chose was not measured.
        score: hit.score.map(f64::from),
        sure: hit.sure.map(|sure| match sure {
            Verdict::NotFound => Sureness::Guess,
            Verdict::Maybe | Verdict::Unknown => Sureness::Maybe,
            Verdict::Found => Sureness::Found,
        }),
        evidence: hit.source.map(|source| match source {
            Source::Said => export::Evidence::Said,
            Source::Seen => export::Evidence::Seen,
        }),
        query: hit.query.clone(),
        label: hit.text.clone(),
    })
}

/// The span within its video; none where it lies beyond it by more than what a player's clock rounds.
fn inside(span: TimeSpan, duration: Seconds) -> Option<TimeSpan> {
    let end = Seconds(span.end.0.min(duration.0));
    let is_inside = span.start < end && span.end.0 <= duration.0 + BEYOND_S;
    is_inside.then_some(TimeSpan { start: span.start, end })
}

/// Words without the folders of the files.
fn refused(error: ExportError) -> LibraryError {
    match error {
        ExportError::VariableRate { path, fps } => LibraryError::Refused(format!(
            "{}: its frame rate varies, and an EDL counts in frames of one rate; export OTIO or FCPXML, or \
             make a copy of constant rate first: ffmpeg -i IN -vf fps={fps} OUT.mp4",
            file_name(&path)
        )),
        ExportError::SeveralRates { path, rate, other_path, other_rate } => {
            LibraryError::Refused(format!(
                "{} has {rate} frames a second and {} has {other_rate}, and an EDL has one rate for all; \
                 export OTIO or FCPXML, or one EDL a video",
                file_name(&path),
                file_name(&other_path)
            ))
        }
        ExportError::TooMany { found, most } => LibraryError::Refused(format!(
            "{found} moments, and an EDL numbers {most} at most; export OTIO"
        )),
        ExportError::NoHit => LibraryError::Refused("there is no moment to export".into()),
        other => failed("a video of these moments cannot be read", other),
    }
}
