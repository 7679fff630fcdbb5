//! All that is known of the hits, for programs.

use locvtp_video::shown::json_without_orders;
use serde_json::json;

use super::file_url::file_url;
use super::hit::Hit;

/// An object with `hits`; times in seconds, ends exclusive. `url` is exact where a name is no text.
pub(super) fn write(hits: &[Hit]) -> String {
    let hits: Vec<_> = hits
        .iter()
        .map(|hit| {
            json!({
                "file": hit.path.to_string_lossy(),
                "url": file_url(&hit.path),
                "start_s": hit.span.start.0,
                "end_s": hit.span.end.0,
                "score": hit.score,
                "sure": hit.sure,
                "evidence": hit.evidence,
                "query": hit.query,
                "label": hit.label,
            })
        })
        .collect();
    format!("{}\n", json_without_orders(&format!("{:#}", json!({ "hits": hits }))))
}
