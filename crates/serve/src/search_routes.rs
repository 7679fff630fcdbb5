//! What is answered in JSON: searches, videos, and what the index says of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query as Asked, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exports::{ExportFormat, ExportHit};
use crate::library::{Library, LibraryError};
use crate::media::{Media, MediaId, PageRequest};
use crate::problem::Problem;
use crate::query::{Answer, ClipScore, Query};
use crate::reports::{BadFile, Job, LibraryState};
use crate::shown_media::ShownMedia;
use crate::state::Shared;

/// Hits that are given away in one file at most.
const MOST_EXPORTED: usize = 10_000;
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
    /// All videos of the index.
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
    hits: Vec<ExportHit>,
}

#[derive(Deserialize)]
pub(crate) struct ListParameters {
    after: Option<String>,
    limit: Option<usize>,
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
    let found = ask(&shared, move |library| {
        let answer = library.search(&query)?;
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
    parameters: Result<Asked<ListParameters>, QueryRejection>,
) -> Result<Json<MediaList>, Problem> {
    let Asked(parameters) = parameters.map_err(|wrong| Problem::bad(wrong.body_text()))?;
    let limit = parameters.limit.unwrap_or(PAGE.0);
    if limit == 0 || limit > PAGE.1 {
        return Err(Problem::bad(format!("`limit` is {limit}; it must be 1 to {}", PAGE.1)));
    }
    let after = parameters
        .after
        .as_deref()
        .map(|id| MediaId::new(id).ok_or_else(|| Problem::bad("`after` is no id of a video")));
    let page = PageRequest { after: after.transpose()?, limit };
    let page = ask(&shared, move |library| library.list(&page)).await?;
    let media = page.media.into_iter().map(ShownMedia::from).collect();
    Ok(Json(MediaList { media, total: page.total, has_more: page.has_more }))
}

pub(crate) async fn media(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<ShownMedia>, Problem> {
    known_media(&shared, &id).await.map(|media| Json(media.into()))
}

pub(crate) async fn heat(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Heat>, Problem> {
    let media = known_media(&shared, &id).await?;
    let query = read_query(&shared, request).await?;
    let clips = ask(&shared, move |library| library.heat(&media.id, &query)).await?;
    Ok(Json(Heat { clips }))
}

pub(crate) async fn export(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, Problem> {
    let ExportRequest { format, hits } = read_json(&shared, request).await?;
    if hits.is_empty() || hits.len() > MOST_EXPORTED {
        let found = hits.len();
        return Err(Problem::bad(format!("{found} hits; give 1 to {MOST_EXPORTED}")));
    }
    for hit in &hits {
        let (start, end) = (hit.span.start.0, hit.span.end.0);
        if !(start.is_finite() && end.is_finite() && start >= 0.0 && start < end) {
            return Err(Problem::bad("the span of a hit must begin at 0 or later and end later"));
        }
    }
    let file = ask(&shared, move |library| library.export(format, &hits)).await?;
    // Letters that every system and every header takes.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = file.name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, file.media_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".into()),
    ];
    Ok((headers, file.bytes).into_response())
}

/// The video of this id.
pub(crate) async fn known_media(shared: &Shared, id: &str) -> Result<Media, Problem> {
    let unknown = || Problem::not_there("the index has no such video");
    let id = MediaId::new(id).ok_or_else(unknown)?;
    let library = Arc::clone(&shared.library);
    let found = shared.readers.run(move || library.media(&id)).await??;
    found.ok_or_else(unknown)
}

/// Asks the index, on a thread that may wait.
pub(crate) async fn ask<T: Send + 'static>(
    shared: &Shared,
    question: impl FnOnce(&dyn Library) -> Result<T, LibraryError> + Send + 'static,
) -> Result<T, Problem> {
    let library = Arc::clone(&shared.library);
    Ok(shared.workers.run(move || question(&*library)).await??)
}

async fn read_query(shared: &Shared, request: Request) -> Result<Query, Problem> {
    let query: Query = read_json(shared, request).await?;
    query.check().map_err(Problem::bad)?;
    Ok(query)
}

/// The body of a request, which must say that it is JSON: a page of another site cannot send that
/// without being asked.
async fn read_json<T: DeserializeOwned>(shared: &Shared, request: Request) -> Result<T, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json")
    });
    if !is_json {
        let message = "send JSON, with `content-type: application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let most = shared.limits.body_bytes;
    let too_large = || {
        let message = format!("the body is broken off or has more than {most} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    // What is announced as too large is not waited for.
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if length.is_some_and(|length| length.parse().is_ok_and(|length: u64| length > most as u64)) {
        return Err(too_large());
    }
    let body = axum::body::to_bytes(request.into_body(), most);
    let body = tokio::time::timeout(shared.limits.request_time, body).await;
    let body = body.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "the body of the request did not come in time")
    })?;
    let body = body.map_err(|_| too_large())?;
    serde_json::from_slice(&body)
        .map_err(|error| Problem::bad(format!("the body is not what is asked for here: {error}")))
}
