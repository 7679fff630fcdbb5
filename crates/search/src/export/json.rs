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

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;
    use serde_json::Value;

    use super::*;

    #[test]
    fn no_name_gives_orders_to_a_terminal_and_each_is_read_back_as_it_is() {
        let path = "/videos/a\u{1b}[31m\u{9b}2J.mp4";
        let hit = Hit {
            path: path.into(),
            span: TimeSpan::new(1.0, 2.0),
            score: None,
            sure: None,
            evidence: None,
            query: "\u{9b}2J".into(),
            label: String::new(),
        };
        let text = write(&[hit]);
        assert!(!text.contains(|sign: char| sign.is_control() && sign != '\n'), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["hits"][0]["query"], "\u{9b}2J");
    }
}
