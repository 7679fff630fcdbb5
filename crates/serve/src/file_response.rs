//! A file as the answer to a browser's question for it, or for some of its bytes.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::byte_range::{self, Asked};
use crate::open_file::OpenFile;
use crate::problem::Problem;

/// The whole file (200), a part (206), or neither (304, 416); the same without a body for `HEAD`. Its pieces are read
/// when one of the `reads` is free.
pub(crate) fn respond(
    file: OpenFile,
    media_type: &str,
    method: &Method,
    asked: &HeaderMap,
    reads: &Arc<Semaphore>,
) -> Response {
    let (length, tag) = (file.length, file.tag.clone());
    let head = Response::builder()
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_TYPE, media_type)
        .header(header::ETAG, &tag)
        .header(header::CACHE_CONTROL, "private, no-cache");
    let text = |name| asked.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|known| names(known, &tag)) {
        return finish(head.status(StatusCode::NOT_MODIFIED).body(Body::empty()));
    }
    // A range of a file that has changed meanwhile would not fit what the browser has already.
    let same = text(header::IF_RANGE).is_none_or(|known| known.trim() == tag);
    let (status, first, count) =
        match byte_range::read(text(header::RANGE).filter(|_| same), length) {
            Asked::Whole => (StatusCode::OK, 0, length),
            Asked::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
            Asked::Outside => {
                let message = format!("the file has {length} bytes");
                let mut response =
                    Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, message).into_response();
                if let Ok(range) = format!("bytes */{length}").parse() {
                    response.headers_mut().insert(header::CONTENT_RANGE, range);
                }
                return response;
            }
        };
    let mut head = head.status(status).header(header::CONTENT_LENGTH, count);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{length}", first + count - 1);
        head = head.header(header::CONTENT_RANGE, range);
    }
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        file.body(first, count, Arc::clone(reads))
    };
    finish(head.body(body))
}

fn finish(response: Result<Response, axum::http::Error>) -> Response {
    response.unwrap_or_else(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
    })
}

/// Whether a list of tags names this one.
fn names(list: &str, tag: &str) -> bool {
    let weak = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    list.split(',').any(|one| one.trim() == "*" || weak(one) == tag)
}
