//! Subtitles as XML: YouTube's srv1, srv2 and srv3, and TTML.
//!
//! | format | element | times |
//! |---|---|---|
//! | srv1 | `<text start dur>` | seconds |
//! | srv2 | `<text t d>` | milliseconds |
//! | srv3 | `<p t d>`, words in `<s t>` | milliseconds |
//! | TTML | `<p begin end>` or `dur` | clock times, `1.5s`, `1500ms` |
//!
//! YouTube's automatic captions stand on the screen until two more lines have come, so the end that
//! they tell is when they go. Where words have times a caption ends where the next one begins.

use roxmltree::{Document, Node};

use super::cues::{clock_s, without_markup};
use super::words::Words;
use crate::drop_reason::DropReason;
use crate::source_caption::{SourceCaption, SourceTime};

/// What YouTube shows at once.
pub(super) struct Event {
    pub(super) start_ms: Option<f64>,
    pub(super) lasts_ms: Option<f64>,
    pub(super) text: String,
    pub(super) has_word_times: bool,
}

/// The captions of YouTube's events; what shows no words is none.
pub(super) fn captions_of(mut events: Vec<Event>) -> Words {
    events.retain(|event| !event.text.trim().is_empty());
    let has_word_times = events.iter().any(|event| event.has_word_times);
    let starts: Vec<Option<f64>> = events.iter().map(|event| event.start_ms).collect();
    let captions = events.into_iter().enumerate().map(|(place, event)| {
        let next = starts.get(place + 1).copied().flatten().filter(|_| has_word_times);
        let start = event.start_ms.ok_or(DropReason::TimeIsNoNumber)?;
        let end = event.lasts_ms.map(|lasts| start + lasts);
        let end = match (end, next.filter(|next| *next > start)) {
            (Some(end), Some(next)) => end.min(next),
            (end, next) => end.or(next).ok_or(DropReason::TimeIsNoNumber)?,
        };
        Ok(caption(start / 1000.0, end / 1000.0, &event.text))
    });
    Words { captions: captions.collect(), has_word_times, ..Words::default() }
}

fn caption(start_s: f64, end_s: f64, text: &str) -> SourceCaption {
    let mut caption = SourceCaption::new(SourceTime::Seconds(start_s, end_s), "");
    caption.text = without_markup(text, &mut caption);
    caption
}

/// The captions of a document; none where it holds none of these.
///
/// # Errors
/// When it is no XML.
pub(super) fn read(xml: &str) -> Result<Option<Words>, roxmltree::Error> {
    let document = Document::parse(xml)?;
    let root = document.root_element();
    let is_youtubes = ["transcript", "timedtext"].contains(&root.tag_name().name());
    if !is_youtubes && root.tag_name().name() != "tt" {
        return Ok(None);
    }
    let named =
        |name: &'static str| root.descendants().filter(move |node| node.tag_name().name() == name);
    if !is_youtubes {
        let captions = named("p").map(paragraph).collect();
        return Ok(Some(Words { captions, ..Words::default() }));
    }
    let number = |node: &Node<'_, '_>, key| node.attribute(key)?.trim().parse::<f64>().ok();
    let events = named("text").chain(named("p")).map(|node| {
        let ms = |plain, in_seconds| {
            number(&node, plain).or_else(|| Some(number(&node, in_seconds)? * 1000.0))
        };
        Event {
            start_ms: ms("t", "start"),
            lasts_ms: ms("d", "dur"),
            has_word_times: node
                .children()
                .any(|word| word.tag_name().name() == "s" && word.attribute("t").is_some()),
            text: text_of(node),
        }
    });
    Ok(Some(captions_of(events.collect())))
}

/// All text inside an element; a line break is a space.
fn text_of(node: Node<'_, '_>) -> String {
    let piece = |node: Node<'_, '_>| match node.tag_name().name() {
        "br" => " ".to_owned(),
        _ => node.text().filter(|_| node.is_text()).unwrap_or_default().to_owned(),
    };
    node.descendants().map(piece).collect()
}

/// A paragraph of TTML.
fn paragraph(node: Node<'_, '_>) -> Result<SourceCaption, DropReason> {
    let time = |key| node.attribute(key).and_then(offset_s);
    let start = time("begin").ok_or(DropReason::TimeIsNoNumber)?;
    let end = time("end").or_else(|| Some(start + time("dur")?));
    Ok(caption(start, end.ok_or(DropReason::TimeIsNoNumber)?, &text_of(node)))
}

/// Seconds of `00:00:01.500`, `1.5s` or `1500ms`; frames and ticks are none.
fn offset_s(text: &str) -> Option<f64> {
    let text = text.trim();
    let scaled = |unit: &str, scale: f64| {
        let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        Some(number * scale)
    };
    scaled("ms", 1e-3).or_else(|| scaled("s", 1.0)).or_else(|| {
        // Hours, minutes and seconds; a fourth part would be frames.
        clock_s(text).filter(|_| text.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Plain = (f64, f64, String);

    fn told(xml: &str) -> Option<(Vec<Plain>, bool)> {
        let words = read(xml).unwrap()?;
        let plain = |caption: Result<SourceCaption, DropReason>| match caption.unwrap() {
            SourceCaption { time: SourceTime::Seconds(start, end), text, .. } => {
                (start, end, text.trim().to_owned())
            }
            other => panic!("{other:?}"),
        };
        Some((words.captions.into_iter().map(plain).collect(), words.has_word_times))
    }

    #[test]
    fn youtubes_forms_and_ttml_say_the_same() {
        let expected =
            vec![(0.0, 1.5, "she's whisking".to_owned()), (1.5, 3.0, "he pours".to_owned())];
        for (xml, has_word_times) in [
            (
                r#"<?xml version="1.0" encoding="utf-8" ?><transcript>
                   <text start="0" dur="1.5">she&amp;#39;s whisking</text>
                   <text start="1.5" dur="1.5">he pours</text></transcript>"#,
                false,
            ),
            (
                r#"<timedtext><text t="0" d="1500">she's whisking</text>
                   <text t="1500" d="1500">he pours</text></timedtext>"#,
                false,
            ),
            (
                r#"<timedtext format="3"><head><ws id="0"/></head><body><w t="0" id="1"/>
                   <p t="0" d="4000" w="1"><s ac="248">she's</s><s t="400"> whisking</s></p>
                   <p t="1490" d="2510" w="1" a="1">
</p><p t="1500" d="1500" w="1"><s>he</s><s t="90"> pours</s></p></body></timedtext>"#,
                true,
            ),
            (
                r#"<tt xml:lang="en" xmlns="http://www.w3.org/ns/ttml"><head/><body><div>
                   <p begin="00:00:00.000" end="00:00:01.500">she's<br />whisking</p>
                   <p begin="1500ms" dur="1.5s">he pours</p></div></body></tt>"#,
                false,
            ),
        ] {
            assert_eq!(told(xml), Some((expected.clone(), has_word_times)), "{xml}");
        }
        assert_eq!(told("<rss><text t='0' d='1'>x</text></rss>"), None);
        assert!(read("<timedtext><text").is_err());
    }
}
