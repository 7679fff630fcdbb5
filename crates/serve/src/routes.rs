//! All addresses of the server, in one list: the router and the document that describes it are made
//! from it.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::guard;
use crate::problem::Problem;
use crate::read_request::Parameters;
use crate::request_log::{Noted, Observer};
use crate::route::{Content, Parameter, Route};
use crate::state::Shared;
use crate::{assets, media_routes, search_routes, subtitles};

fn schema<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const ID: Parameter = Parameter {
    name: "id",
    is_in_path: true,
    is_needed: true,
    kind: "string",
    meaning: "the id of a video",
};

const fn asked(name: &'static str, kind: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, is_in_path: false, is_needed: true, kind, meaning }
}

const fn may_be_asked(name: &'static str, kind: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, is_in_path: false, is_needed: false, kind, meaning }
}

/// The document, as served at `/api/v1/openapi.json` (OpenAPI 3.1).
pub fn openapi() -> Value {
    crate::openapi::document(ROUTES)
}

async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi().to_string()).into_response()
}

/// The list.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    Route { method: "get", path: "/healthz", summary: "Whether the server answers; needs no token",
        parameters: &[], body: None, others: &[],
        answer: (200, Content::Json(schema::<search_routes::Health>)),
        handler: || get(search_routes::health) },
    Route { method: "get", path: "/api/v1/openapi.json", summary: "This document",
        parameters: &[], body: None, others: &[], answer: (200, Content::Bytes("application/json")),
        handler: || get(document) },
    Route { method: "post", path: "/api/v1/session",
        summary: "Trades the token for a cookie, with which media can be loaded by a page",
        parameters: &[], body: None, others: &[], answer: (204, Content::None),
        handler: || post(search_routes::session) },
    Route { method: "get", path: "/api/v1/state", summary: "The model of the index and how much is in it",
        parameters: &[], body: None, others: &[500, 503, 504],
        answer: (200, Content::Json(schema::<crate::reports::LibraryState>)),
        handler: || get(search_routes::state) },
    Route { method: "post", path: "/api/v1/search", summary: "The moments that a query describes",
        parameters: &[], body: Some(schema::<crate::query::Query>), others: &[413, 415, 500, 503, 504],
        answer: (200, Content::Json(schema::<search_routes::Found>)),
        handler: || post(search_routes::search) },
    Route { method: "get", path: "/api/v1/media", summary: "The videos of the index, page by page",
        parameters: &[may_be_asked("after", "string", "the last id of the page before"),
            may_be_asked("limit", "integer", "videos of a page, 1 to 500; 100 where it is left out"),
            may_be_asked("name", "string", "only videos with this in their name or folder, whatever its case")],
        body: None, others: &[404, 500, 503, 504],
        answer: (200, Content::Json(schema::<search_routes::MediaList>)),
        handler: || get(search_routes::list) },
    Route { method: "get", path: "/api/v1/media/{id}", summary: "One video", parameters: &[ID], body: None,
        others: &[404, 500, 503, 504],
        answer: (200, Content::Json(schema::<crate::shown_media::ShownMedia>)),
        handler: || get(search_routes::media) },
    Route { method: "post", path: "/api/v1/media/{id}/heat",
        summary: "How well each clip of a video fits a query", parameters: &[ID],
        body: Some(schema::<crate::query::Query>), others: &[404, 413, 415, 500, 503, 504],
        answer: (200, Content::Json(schema::<search_routes::Heat>)),
        handler: || post(search_routes::heat) },
    Route { method: "get", path: "/api/v1/media/{id}/file",
        summary: "The file itself, whole or a range of its bytes", parameters: &[ID], body: None,
        others: &[206, 304, 404, 416, 500, 503, 504], answer: (200, Content::Bytes("application/octet-stream")),
        handler: || get(media_routes::file) },
    Route { method: "get", path: "/api/v1/media/{id}/proxy",
        summary: "A stretch of a video as H.264 and AAC in fragmented MP4, beginning at 0",
        parameters: &[ID, asked("start", "number", "seconds from the start of the file"),
            asked("end", "number", "seconds from the start of the file")],
        body: None, others: &[206, 304, 404, 416, 500, 503, 504], answer: (200, Content::Bytes("video/mp4")),
        handler: || get(media_routes::proxy) },
    Route { method: "get", path: "/api/v1/media/{id}/thumbnail", summary: "The picture shown at a moment",
        parameters: &[ID, asked("at", "number", "seconds from the start of the file")],
        body: None, others: &[304, 404, 500, 503, 504], answer: (200, Content::Bytes("image/jpeg")),
        handler: || get(media_routes::thumbnail) },
    Route { method: "get", path: "/api/v1/media/{id}/subtitles", summary: "The subtitles of a video, without their lines",
        parameters: &[ID], body: None, others: &[404, 500, 503, 504],
        answer: (200, Content::Json(schema::<subtitles::Tracks>)),
        handler: || get(subtitles::tracks) },
    Route { method: "get", path: "/api/v1/media/{id}/subtitles/{track}", summary: "The lines of subtitles, as WebVTT",
        parameters: &[ID, Parameter { name: "track", is_in_path: true, is_needed: true, kind: "integer",
            meaning: "the number of the track, from 0" },
            may_be_asked("shift", "number", "seconds that are added to all times: what a player's clock shows at the start of the file")],
        body: None, others: &[404, 500, 503, 504], answer: (200, Content::Bytes("text/vtt")),
        handler: || get(subtitles::web_vtt) },
    Route { method: "get", path: "/api/v1/media/{id}/sprites.vtt",
        summary: "Which piece of which sheet of pictures stands for which seconds, as WebVTT",
        parameters: &[ID], body: None, others: &[404, 500, 503, 504], answer: (200, Content::Bytes("text/vtt")),
        handler: || get(media_routes::sprite_cues) },
    Route { method: "get", path: "/api/v1/media/{id}/sprites/{sheet}", summary: "A sheet of pictures",
        parameters: &[ID, Parameter { name: "sheet", is_in_path: true, is_needed: true, kind: "integer",
            meaning: "the number of the sheet, from 0" }],
        body: None, others: &[304, 404, 500, 503, 504], answer: (200, Content::Bytes("image/jpeg")),
        handler: || get(media_routes::sprite_sheet) },
    Route { method: "post", path: "/api/v1/export", summary: "Hits as a file for an editor or a table",
        parameters: &[], body: Some(schema::<search_routes::ExportRequest>),
        others: &[404, 413, 415, 500, 503, 504],
        answer: (200, Content::BytesWith("application/octet-stream", (search_routes::LEFT_OUT,
            "Videos whose moments are not in the file, as JSON: `num_files`, and in `files` the `name` and the \
            `reason` of each, of 20 at most; not there where all are in it"))),
        handler: || post(search_routes::export) },
    Route { method: "get", path: "/api/v1/jobs", summary: "Work on the index", parameters: &[], body: None,
        others: &[500, 503, 504], answer: (200, Content::Json(schema::<search_routes::Jobs>)),
        handler: || get(search_routes::jobs) },
    Route { method: "get", path: "/api/v1/bad-files", summary: "Files that could not be indexed",
        parameters: &[], body: None, others: &[500, 503, 504],
        answer: (200, Content::Json(schema::<search_routes::BadFiles>)),
        handler: || get(search_routes::bad_files) },
];

/// The page, its parts, and the list.
pub(crate) fn router(shared: Shared, observer: Observer) -> Router {
    let mut router =
        Router::new().route("/", get(assets::page)).route("/assets/{name}", get(assets::asset));
    for route in ROUTES {
        let known = middleware::from_fn(move |request, next| known_only(route, request, next));
        router = router.route(route.path, (route.handler)().layer(known));
    }
    router
        .fallback(async || Problem::not_there("there is nothing at this address"))
        .method_not_allowed_fallback(async || {
            let message = "this address does not take this method";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, message)
        })
        .layer(DefaultBodyLimit::max(shared.limits.body_bytes))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::check))
        .layer(middleware::from_fn(move |request, next| log(observer.clone(), request, next)))
        .with_state(shared)
}

/// Refuses what a route does not take behind the `?`, as unknown keys of bodies are refused.
async fn known_only(route: &'static Route, request: Request, next: Next) -> Response {
    let behind = route.parameters.iter().filter(|it| !it.is_in_path).map(|it| it.name);
    let known: Vec<&str> = behind.collect();
    match Parameters::of(request.uri()).and_then(|asked| asked.check_names(&known)) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Tells the observer of a request when its answer begins, or when its asker goes away before.
async fn log(observer: Observer, request: Request, next: Next) -> Response {
    let noted = Noted::new(observer, &request);
    let response = next.run(request).await.into_response();
    noted.answered(&response);
    response
}
