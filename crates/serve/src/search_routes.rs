//! What is answered in JSON: searches, videos, and what the index says of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use locvtp_video::CancelToken;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::echo::{MOST_SECONDS, TOO_MANY_SECONDS, cut_after};
use crate::exports::{ExportFormat, ExportHit, LeftOut};
use crate::library::{Library, LibraryError};
use crate::media::{Media, MediaId, PageRequest};
use crate::object;
use crate::problem::Problem;
use crate::query::{Answer, ClipScore, Query};
use crate::read_request::{Held, InPath, Parameters, read_json};
use crate::reports::{BadFile, Job, LibraryState};
use crate::shown_media::ShownMedia;
use crate::state::Shared;
use crate::workers::Workers;

/// Hits that are given away in one file at most.
const MOST_EXPORTED: usize = 10_000;
/// Names the videos that are not in an exported file.
pub(crate) const LEFT_OUT: &str = "x-locvtp-left-out";
/// Videos that it names at most, letters of the name and of the reason of each, and bytes of all: many programs take
/// headers of 8 KiB together.
const MOST_TOLD: usize = 20;
const MOST_LETTERS_TOLD: usize = 120;
const MOST_BYTES_TOLD: usize = 4 << 10;
/// Videos of a page of the list.
const PAGE: (usize, usize) = (100, 500);

/// The server answers.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: String,
}

/// What was found, and the videos that it was found in.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    /// The answer of the index.
    answer: Answer,
    /// The videos of its hits, by id.
    media: BTreeMap<String, ShownMedia>,
}

/// A page of videos.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MediaList {
    /// In the order of the list.
    media: Vec<ShownMedia>,
    /// All videos of the index that have the `name`; all of them where none is given.
    total: usize,
    /// Whether there are more behind these.
    has_more: bool,
}

/// The scores of a video.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Heat {
    /// In the order of time.
    clips: Vec<ClipScore>,
}

/// Work on the index.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Jobs {
    /// The newest first.
    jobs: Vec<Job>,
}

/// Files that could not be indexed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BadFiles {
    /// Each with its reason.
    files: Vec<BadFile>,
}

/// Which hits, and as what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportRequest {
    /// The kind of file.
    format: ExportFormat,
    /// In the order in which they are to stand in it.
    #[serde(deserialize_with = "object::list")]
    hits: Vec<ExportHit>,
}

pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok".into() })
}

pub(crate) async fn session(State(shared): State<Shared>) -> Response {
    let cookie = shared.session.set_cookie();
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

pub(crate) async fn state(State(shared): State<Shared>) -> Result<Json<LibraryState>, Problem> {
    ask(&shared, |library| library.state()).await.map(Json)
}

pub(crate) async fn jobs(State(shared): State<Shared>) -> Result<Json<Jobs>, Problem> {
    Ok(Json(Jobs { jobs: ask(&shared, |library| library.jobs()).await? }))
}

pub(crate) async fn bad_files(State(shared): State<Shared>) -> Result<Json<BadFiles>, Problem> {
    Ok(Json(BadFiles { files: ask(&shared, |library| library.bad_files()).await? }))
}

pub(crate) async fn search(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Json<Found>, Problem> {
    let query = read_query(&shared, request).await?;
    let workers = shared.workers_of(&query);
    let found = ask_by(workers, &shared, move |library, cancel| {
        let answer = library.search(&query, cancel)?;
        let mut media = BTreeMap::new();
        for hit in &answer.hits {
            if !media.contains_key(hit.media.as_str())
                && let Some(found) = library.media(&hit.media)?
            {
                media.insert(hit.media.to_string(), found.into());
            }
        }
        Ok(Found { answer, media })
    });
    found.await.map(Json)
}

pub(crate) async fn list(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<Json<MediaList>, Problem> {
    let limit = parameters.count_if_given("limit")?.unwrap_or(PAGE.0);
    if limit == 0 || limit > PAGE.1 {
        return Err(Problem::bad(format!("`limit` is {limit}; it must be 1 to {}", PAGE.1)));
    }
    let after = parameters
        .text("after")?
        .map(|id| MediaId::new(id).ok_or_else(|| Problem::bad("`after` is no id of a video")));
    let name = parameters.text("name")?.map(str::to_owned);
    let page = PageRequest { after: after.transpose()?, limit, name };
    let page = ask(&shared, move |library| library.list(&page)).await?;
    let media = page.media.into_iter().map(ShownMedia::from).collect();
    Ok(Json(MediaList { media, total: page.total, has_more: page.has_more }))
}

pub(crate) async fn media(
    State(shared): State<Shared>,
    InPath(id): InPath<String>,
) -> Result<Json<ShownMedia>, Problem> {
    known_media(&shared, &id).await.map(|media| Json(media.into()))
}

pub(crate) async fn heat(
    State(shared): State<Shared>,
    InPath(id): InPath<String>,
    request: Request,
) -> Result<Json<Heat>, Problem> {
    let media = known_media(&shared, &id).await?;
    let query = read_query(&shared, request).await?;
    let workers = shared.workers_of_heat(&query);
    let clips =
        ask_by(workers, &shared, move |library, cancel| library.heat(&media.id, &query, cancel));
    let clips = clips.await?;
    Ok(Json(Heat { clips }))
}

pub(crate) async fn export(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, Problem> {
    let asked = read_json::<ExportRequest>(&shared.limits, &shared.bodies, request).await?;
    let ExportRequest { format, hits } = &*asked;
    if hits.is_empty() || hits.len() > MOST_EXPORTED {
        let found = hits.len();
        return Err(Problem::bad(format!("{found} hits; give 1 to {MOST_EXPORTED}")));
    }
    for hit in hits {
        let (start, end) = (hit.span.start.0, hit.span.end.0);
        if !(start >= 0.0 && start < end) {
            return Err(Problem::bad("the span of a hit must begin at 0 or later and end later"));
        }
        if end > MOST_SECONDS {
            let message = format!("the span of a hit ends at {end:e}; {TOO_MANY_SECONDS}");
            return Err(Problem::bad(message));
        }
        if hit.score.is_some_and(|score| !score.is_finite()) {
            return Err(Problem::bad("the `score` of a hit is none that an answer has"));
        }
    }
    let format = *format;
    let file = ask(&shared, move |library| library.export(format, &asked.hits)).await?;
    // Letters that every system and every header takes.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = file.name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, file.media_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".into()),
    ];
    let mut response = (headers, file.bytes).into_response();
    if let Some(left_out) = told(&file.left_out) {
        response.headers_mut().insert(LEFT_OUT, left_out);
    }
    Ok(response)
}

/// What is not in an exported file, for a header: as many videos as it has room for.
fn told(left_out: &[LeftOut]) -> Option<HeaderValue> {
    if left_out.is_empty() {
        return None;
    }
    let named = left_out.iter().take(MOST_TOLD).map(|it| LeftOut {
        name: cut_after(&it.name, MOST_LETTERS_TOLD),
        reason: cut_after(&it.reason, MOST_LETTERS_TOLD),
    });
    let mut files: Vec<LeftOut> = named.collect();
    loop {
        let told = serde_json::json!({ "num_files": left_out.len(), "files": files });
        let text = in_ascii(&told.to_string());
        if text.len() <= MOST_BYTES_TOLD || files.pop().is_none() {
            return HeaderValue::from_str(&text).ok();
        }
    }
}

/// JSON in which all but ASCII is escaped.
fn in_ascii(json: &str) -> String {
    let mut text = String::new();
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ 0x20..0x7f) => text.push(char::from(byte)),
            // In JSON such letters stand in texts alone.
            _ => text.push_str(&format!("\\u{unit:04x}")),
        }
    }
    text
}

/// The video of this id.
pub(crate) async fn known_media(shared: &Shared, id: &str) -> Result<Media, Problem> {
    let unknown = || Problem::not_there("the index has no such video");
    let id = MediaId::new(id).ok_or_else(unknown)?;
    let library = Arc::clone(&shared.library);
    let found = shared.readers.run(move |_| library.media(&id)).await??;
    found.ok_or_else(unknown)
}

/// Asks the index, on a thread that may wait.
pub(crate) async fn ask<T: Send + 'static>(
    shared: &Shared,
    question: impl FnOnce(&dyn Library) -> Result<T, LibraryError> + Send + 'static,
) -> Result<T, Problem> {
    ask_by(&shared.workers, shared, move |library, _| question(library)).await
}

/// The same, in one of the places of these workers.
async fn ask_by<T: Send + 'static>(
    workers: &Workers,
    shared: &Shared,
    question: impl FnOnce(&dyn Library, &CancelToken) -> Result<T, LibraryError> + Send + 'static,
) -> Result<T, Problem> {
    let library = Arc::clone(&shared.library);
    Ok(workers.run(move |cancel| question(&*library, cancel)).await??)
}

async fn read_query(shared: &Shared, request: Request) -> Result<Held<Query>, Problem> {
    let query: Held<Query> = read_json(&shared.limits, &shared.bodies, request).await?;
    query.check().map_err(Problem::bad)?;
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_videos_that_are_left_out_has_a_bounded_length() {
        let name = "\u{80}".repeat(123);
        let left_out = vec![LeftOut { name, reason: "the file is gone".into() }; 40];
        let header = told(&left_out).unwrap();
        assert!(header.len() <= MOST_BYTES_TOLD, "{}", header.len());
        let read: serde_json::Value = serde_json::from_slice(header.as_bytes()).unwrap();
        let named = read["files"].as_array().unwrap().len();
        assert!(read["num_files"] == 40 && named > 1, "{named}");
        assert!(told(&[]).is_none());
    }
}
