//! The page and its parts, which lie in the program.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::read_request::InPath;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $media_type:expr),* $(,)?) => {
        &[$(Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../page/", $name)),
        }),*]
    };
}

static PAGE: Asset =
    Asset { name: "", media_type: HTML, bytes: include_bytes!("../page/index.html") };

static ASSETS: &[Asset] = assets![
    "address.js" SCRIPT,
    "api.js" SCRIPT,
    "app.js" SCRIPT,
    "base.css" STYLE,
    "clock.js" SCRIPT,
    "distribution.js" SCRIPT,
    "dom.js" SCRIPT,
    "export.js" SCRIPT,
    "filters.js" SCRIPT,
    "icon.svg" "image/svg+xml",
    "index_page.js" SCRIPT,
    "keys.js" SCRIPT,
    "player.css" STYLE,
    "player.js" SCRIPT,
    "results.js" SCRIPT,
    "search.css" STYLE,
    "source.js" SCRIPT,
    "sprites.js" SCRIPT,
    "subtitles.js" SCRIPT,
    "thumbnail.js" SCRIPT,
    "timeline.js" SCRIPT,
    "words.js" SCRIPT,
];

pub(crate) async fn page(headers: HeaderMap) -> Response {
    respond(&PAGE, &headers)
}

pub(crate) async fn asset(InPath(name): InPath<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => respond(asset, &headers),
        None => Problem::not_there("the page has no such part").into_response(),
    }
}

/// The part, or nothing where the browser has it already.
fn respond(asset: &Asset, headers: &HeaderMap) -> Response {
    let tag = format!("\"{:08x}\"", crc32fast::hash(asset.bytes));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known == tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.media_type)], asset.bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ways to have a text read as HTML or as a program. Names of files and words of videos are texts.
    const READ_AS_MORE: [&str; 8] = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "createContextualFragment",
        "DOMParser",
        "document.write",
        "eval(",
        "new Function",
    ];

    #[test]
    fn no_script_of_the_page_has_a_text_read_as_html() {
        let scripts = ASSETS.iter().filter(|asset| asset.media_type == SCRIPT);
        for script in scripts {
            let text = std::str::from_utf8(script.bytes).unwrap();
            for way in READ_AS_MORE {
                assert!(!text.contains(way), "{}: {way}", script.name);
            }
        }
    }
}
