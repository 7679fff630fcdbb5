//! Videos and pictures of them, as bytes.

use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use locvtp_video::{CancelToken, TimeSpan};

use crate::file_cache::FileCache;
use crate::file_response::respond;
use crate::media::Media;
use crate::open_file::{OpenFile, check_file};
use crate::pictures;
use crate::problem::Problem;
use crate::read_request::{InPath, Parameters};
use crate::search_routes::known_media;
use crate::sprites::Layout;
use crate::state::{self, Shared};
use crate::workers::Workers;

/// A picture of a video never changes, because a video that changes has another id.
const PICTURE_LIFE: HeaderValue = HeaderValue::from_static("private, max-age=3600");
pub(crate) async fn file(
    State(shared): State<Shared>,
    InPath(id): InPath<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let media = known_media(&shared, &id).await?;
    let media_type = container_type(&media.name);
    let file = shared.readers.run(move |_| OpenFile::of(&media));
    Ok(respond(file.await??, media_type, &method, &headers, &shared.reads))
}

/// What a file's ending says of its container. Browsers look into the file all the same.
fn container_type(name: &str) -> &'static str {
    let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "mkv" => "video/x-matroska",
        "ogv" | "ogg" => "video/ogg",
        "avi" => "video/x-msvideo",
        "ts" | "mts" | "m2ts" => "video/mp2t",
        "mpg" | "mpeg" => "video/mpeg",
        _ => "application/octet-stream",
    }
}

pub(crate) async fn proxy(
    State(shared): State<Shared>,
    InPath(id): InPath<String>,
    asked: Parameters,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (start, end) = (asked.seconds("start")?, asked.seconds("end")?);
    let media = known_media(&shared, &id).await?;
    let stretch = media.moment(start).zip(media.moment(end)).filter(|(start, end)| start < end);
    let (start, end) = stretch.ok_or_else(|| {
        let length = media.duration_s;
        Problem::bad(format!(
            "from `start` to `end` must be a stretch between 0 and {length:.3} s, where the video ends"
        ))
    })?;
    let most = shared.limits.proxy_span.as_secs_f64();
    if end - start > most {
        return Err(Problem::bad(format!("a stretch of more than {most} s is not made")));
    }
    // Whole milliseconds, so that a name is a stretch.
    let milliseconds = |seconds: f64| (seconds * 1000.0).round() as u64;
    let (start_ms, end_ms) = (milliseconds(start), milliseconds(end).max(milliseconds(start) + 1));
    let name = format!("{}-{start_ms}-{end_ms}.mp4", media.id);
    let span = TimeSpan::new(start_ms as f64 / 1000.0, end_ms as f64 / 1000.0);
    let (wanted, inside) = (media.clone(), Arc::clone(&shared));
    let file = kept(&shared, COPIES, media, name, move |into, cancel| {
        Ok(inside.library.proxy(&wanted, span, into, cancel)?)
    });
    Ok(respond(file.await?, "video/mp4", &method, &headers, &shared.reads))
}

pub(crate) async fn thumbnail(
    State(shared): State<Shared>,
    InPath(id): InPath<String>,
    asked: Parameters,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let at = asked.seconds("at")?;
    let media = known_media(&shared, &id).await?;
    let inside = media.moment(at).ok_or_else(|| {
        let length = media.duration_s;
        Problem::bad(format!("`at` is {at}; the video goes from 0 to {length:.3} s"))
    })?;
    // To a twentieth of a second, so that moments that look alike are one file.
    let twentieths = (inside * 20.0).round();
    let name = format!("{}-at-{twentieths}.jpg", media.id);
    let (wanted, inside) = (media.clone(), Arc::clone(&shared));
    let file = kept(&shared, PICTURES, media, name, move |into, cancel| {
        let tables = inside.frame_tables.as_ref();
        pictures::write_thumbnail(&wanted, twentieths / 20.0, tables, into, cancel)
    });
    Ok(picture(file.await?, &method, &headers, &shared))
}

pub(crate) async fn sprite_cues(
    State(shared): State<Shared>,
    InPath(id): InPath<String>,
) -> Result<Response, Problem> {
    let media = known_media(&shared, &id).await?;
    let headers = [(header::CONTENT_TYPE, "text/vtt; charset=utf-8")];
    Ok((headers, Layout::of(&media).web_vtt()).into_response())
}

pub(crate) async fn sprite_sheet(
    State(shared): State<Shared>,
    InPath((id, sheet)): InPath<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_there("there is no such sheet of pictures");
    let sheet: usize = sheet.parse().map_err(|_| unknown())?;
    let media = known_media(&shared, &id).await?;
    if sheet >= Layout::of(&media).num_sheets() {
        return Err(unknown());
    }
    let name = format!("{}-sheet-{sheet}.jpg", media.id);
    let (wanted, inside) = (media.clone(), Arc::clone(&shared));
    let file = kept(&shared, PICTURES, media, name, move |into, cancel| {
        let tables = inside.frame_tables.as_ref();
        pictures::write_sheet(&wanted, sheet, tables, into, cancel)
    });
    Ok(picture(file.await?, &method, &headers, &shared))
}

/// Where files of a kind are kept, and who makes them.
type Kind = (fn(&state::State) -> &FileCache, fn(&state::State) -> &Workers);

const PICTURES: Kind = (|state| &state.pictures, |state| &state.workers);
const COPIES: Kind = (|state| &state.proxies, |state| &state.proxy_workers);

/// A file that is made of a video, of the one that was indexed and never of another in its place. Who waits while another
/// asker's is made holds no place to work.
async fn kept(
    shared: &Shared,
    (cache, workers): Kind,
    media: Media,
    name: String,
    make: impl FnOnce(&Path, &CancelToken) -> Result<(), Problem> + Send + 'static,
) -> Result<OpenFile, Problem> {
    let (inside, kept) = (Arc::clone(shared), name.clone());
    let known = shared.readers.run(move |_| {
        check_file(&media)?;
        Ok::<_, Problem>(cache(&inside).known(&kept))
    });
    if let Some(file) = known.await?? {
        return Ok(file);
    }
    let (inside, wanted) = (Arc::clone(shared), name.clone());
    let made = cache(shared).makings.wait(&name, || async move {
        let within = Arc::clone(&inside);
        let made = workers(&inside)
            .run(move |cancel| cache(&within).get(&wanted, |into| make(into, cancel)).map(drop));
        made.await?
    });
    made.await?;
    let inside = Arc::clone(shared);
    let known = shared.readers.run(move |_| cache(&inside).known(&name));
    // None where so much else was made meanwhile that it has gone already.
    known.await?.ok_or_else(Problem::busy)
}

fn picture(file: OpenFile, method: &Method, headers: &HeaderMap, shared: &Shared) -> Response {
    let mut response = respond(file, "image/jpeg", method, headers, &shared.reads);
    response.headers_mut().insert(header::CACHE_CONTROL, PICTURE_LIFE);
    response
}
