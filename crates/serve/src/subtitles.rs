//! What is said in a video, for the player: as WebVTT.

use std::fmt::Write;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::problem::Problem;
use crate::read_request::{InPath, Parameters};
use crate::search_routes::{ask, known_media};
use crate::state::Shared;
use crate::subtitle_track::{SubtitleCue, SubtitleTrack};
use crate::web_vtt::clock;

/// The subtitles that a video has.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Tracks {
    /// In the order of their numbers.
    tracks: Vec<TrackName>,
}

/// Subtitles without their lines.
#[derive(Serialize, JsonSchema)]
struct TrackName {
    /// A code such as `en`; none where it is not known.
    language: Option<String>,
    /// Where they come from.
    name: String,
    /// Their lines.
    num_cues: usize,
}

pub(crate) async fn tracks(
    State(shared): State<Shared>,
    InPath(id): InPath<String>,
) -> Result<Json<Tracks>, Problem> {
    let tracks = of_media(&shared, &id).await?.into_iter().map(|track| TrackName {
        num_cues: track.cues.len(),
        language: track.language,
        name: track.name,
    });
    Ok(Json(Tracks { tracks: tracks.collect() }))
}

pub(crate) async fn web_vtt(
    State(shared): State<Shared>,
    InPath((id, track)): InPath<(String, String)>,
    asked: Parameters,
) -> Result<Response, Problem> {
    let shift = asked.seconds_if_given("shift")?.unwrap_or(0.0);
    let unknown = || Problem::not_there("this video has no such subtitles");
    let track: usize = track.parse().map_err(|_| unknown())?;
    let track = of_media(&shared, &id).await?.into_iter().nth(track).ok_or_else(unknown)?;
    let headers = [(header::CONTENT_TYPE, "text/vtt; charset=utf-8")];
    Ok((headers, written(&track.cues, shift)).into_response())
}

async fn of_media(shared: &Shared, id: &str) -> Result<Vec<SubtitleTrack>, Problem> {
    let media = known_media(shared, id).await?;
    ask(shared, move |library| library.subtitles(&media.id)).await
}

/// Cues, with seconds added to their times. What then lies before 0 is left out.
fn written(cues: &[SubtitleCue], shift: f64) -> String {
    let mut text = "WEBVTT\n".to_owned();
    for cue in cues {
        let (start, end) = ((cue.span.start.0 + shift).max(0.0), cue.span.end.0 + shift);
        // An empty line ends a cue, and an arrow begins one's times.
        let lines = cue.text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines = lines.map(escaped).collect::<Vec<_>>().join("\n");
        if end > start && !lines.is_empty() {
            // Writing into a text does not fail.
            let _ = write!(text, "\n{} --> {}\n{lines}\n", clock(start), clock(end));
        }
    }
    text
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;

    use super::*;

    #[test]
    fn lines_are_shifted_and_cannot_end_their_cue() {
        let cue = |start, end, text: &str| SubtitleCue {
            span: TimeSpan::new(start, end),
            text: text.into(),
        };
        let cues = [cue(1.0, 2.0, "gone"), cue(2.5, 4.0, "a --> b\n\n<i>& c"), cue(5.0, 6.0, " ")];
        let expected = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na --&gt; b\n&lt;i&gt;&amp; c\n";
        assert_eq!(written(&cues, -3.0), expected);
        assert!(written(&cues[..1], 7.5).contains("00:00:08.500 --> 00:00:09.500\ngone\n"));
    }
}
