//! SubRip and WebVTT, cue by cue, as forgiving as players are.
//!
//! What counts is a line with `-->` and the lines of text below it, until an empty line or the next
//! such line. So numbers, headers, notes, styles and settings need no understanding, and a damaged
//! cue costs only itself.

use crate::drop_reason::DropReason;
use crate::repair::Repair;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::text_file;

/// Whether a text begins as one of the two formats may.
pub(super) fn is_subtitle_text(text: &str) -> bool {
    text_file::subtitle_lines(text).take(200).filter_map(times).any(|time| time.is_ok())
}

/// All cues of a file, in its order.
pub(super) fn captions(text: &str) -> Vec<Result<SourceCaption, DropReason>> {
    let lines: Vec<&str> = text_file::subtitle_lines(text).collect();
    let mut captions = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(time) = times(lines[at]) else {
            at += 1;
            continue;
        };
        let first = at + 1;
        let ends = |line: &&str| line.is_empty() || line.contains("-->");
        let mut last = first + lines[first..].iter().take_while(|line| !ends(line)).count();
        at = last;
        // Where the empty line is missing, or holds spaces, the next cue's number is no text.
        let next_is_cue = lines.get(last).is_some_and(|line| line.contains("-->"));
        if next_is_cue && last > first && is_number(lines[last - 1]) {
            last -= 1;
        }
        captions.push(time.map(|(start, end)| {
            let mut caption = SourceCaption::new(SourceTime::Seconds(start, end), "");
            caption.text = lines[first..last]
                .iter()
                .map(|line| without_markup(line, &mut caption))
                .filter(|line| !line.trim().is_empty())
                .collect::<Vec<_>>()
                .join(" ");
            caption
        }));
    }
    captions
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// The times of a line with `-->`; none for any other line.
fn times(line: &str) -> Option<Result<(f64, f64), DropReason>> {
    let (start, end) = line.split_once("-->")?;
    // Behind the end of WebVTT's cues stand settings.
    let end = end.split_whitespace().next().unwrap_or_default();
    let times = clock_s(start.trim()).zip(clock_s(end));
    Some(times.ok_or(DropReason::TimeIsNoNumber))
}

/// Seconds of `00:01:02,345`, `01:02.345` or `62.345`.
pub(super) fn clock_s(text: &str) -> Option<f64> {
    let mut total = 0.0;
    let mut parts = 0;
    for part in text.split(':') {
        let part = part.trim().replace(',', ".");
        let plain =
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        total = total * 60.0 + part.parse::<f64>().ok().filter(|_| plain)?;
        parts += 1;
    }
    (parts <= 3).then_some(total)
}

/// The line without tags (`<i>`, `<c.yellow>`, `<00:00:01.500>`, `{\an8}`) and with its entities as
/// characters.
pub(super) fn without_markup(line: &str, caption: &mut SourceCaption) -> String {
    if !line.contains(['<', '&', '{']) {
        return line.to_owned();
    }
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['<', '&', '{']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        match markup(rest) {
            Some((length, meaning)) => {
                text.push_str(meaning);
                rest = &rest[length..];
                caption.repairs.note(Repair::MarkupRemoved);
            }
            None => {
                text.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

/// The length of the tag or entity that a text begins with, and what it means.
fn markup(text: &str) -> Option<(usize, &'static str)> {
    const ENTITIES: [(&str, &str); 8] = [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&nbsp;", " "),
        ("&lrm;", ""),
    ];
    if let Some((entity, meaning)) = ENTITIES.iter().find(|(entity, _)| text.starts_with(entity)) {
        return Some((entity.len(), meaning));
    }
    let inside = |close: char| text.find(close).map(|end| end + 1);
    match text.as_bytes() {
        [b'{', b'\\', ..] => inside('}').map(|length| (length, "")),
        [b'<', next, ..] if next.is_ascii_alphanumeric() || *next == b'/' => {
            inside('>').map(|length| (length, ""))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<Result<(f64, f64, String), DropReason>> {
        let plain = |caption: SourceCaption| match caption.time {
            SourceTime::Seconds(start, end) => (start, end, caption.text),
            other => panic!("{other:?}"),
        };
        captions(text).into_iter().map(|caption| caption.map(plain)).collect()
    }

    #[test]
    fn subrip_is_read_with_either_line_ending_and_without_its_empty_lines() {
        let srt = "1\n00:00:01,500 --> 00:00:04,000\nWatch the <i>sky</i>.\nIt is blue.\n\n\
                   2\n00:01:04,000 --> 01:00:08,250\nSalt &amp; pepper &lt; {\\an8}3 < 4\n";
        let expected = [
            Ok((1.5, 4.0, "Watch the sky. It is blue.".to_owned())),
            Ok((64.0, 3608.25, "Salt & pepper < 3 < 4".to_owned())),
        ];
        assert_eq!(told(srt), expected);
        assert_eq!(told(&srt.replace('\n', "\r\n")), expected);
        assert_eq!(told(&srt.replace("\n\n", "\n")), expected);
    }

    #[test]
    fn webvtt_is_read_with_header_notes_names_and_settings() {
        let vtt = "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE nothing\n\n\
                   intro\n00:01.000 --> 00:02.500 align:start position:0%\n<v Ann>hello\n \n\
                   wor<00:00:01.500><c>ld</c>\n\n00:03.000 --> 00:04.000\n\n";
        assert_eq!(
            told(vtt),
            [Ok((1.0, 2.5, "hello world".to_owned())), Ok((3.0, 4.0, String::new()))]
        );
    }

    #[test]
    fn a_damaged_cue_costs_only_itself() {
        let srt = "1\nab:cd --> 00:00:04,000\nlost\n\n2\n00:00:05,000 --> 00:00:06,000\nkept\n";
        assert_eq!(told(srt), [Err(DropReason::TimeIsNoNumber), Ok((5.0, 6.0, "kept".into()))]);
        assert!(told("no cue\nat all").is_empty() && told("").is_empty());
        assert!(is_subtitle_text(srt) && !is_subtitle_text("a --> b\n"));
    }
}
