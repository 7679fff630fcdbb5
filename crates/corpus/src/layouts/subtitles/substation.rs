//! SubStation Alpha, `.ass` and `.ssa`: the lines of its part `[Events]`.
//!
//! A line of `Format:` names the fields, the text last, in which commas may stand. Drawings and comments
//! are no words. Marks in braces and the positions that they set are left out.

use super::cues::clock_s;
use crate::drop_reason::DropReason;
use crate::repair::Repair;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::text_file;

/// The fields of a file without a line of `Format:`; those of version 4 and of version 4+ stand at the
/// same places.
const FIELDS: &str = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text";

/// All lines that are said, in the order of the file; none where it has no events at all.
pub(super) fn captions(text: &str) -> Option<Vec<Result<SourceCaption, DropReason>>> {
    let (mut captions, mut is_inside, mut has_events) = (Vec::new(), false, false);
    let mut fields = Fields::of(FIELDS);
    for line in text_file::subtitle_lines(text).map(str::trim) {
        if line.starts_with('[') {
            is_inside = line.eq_ignore_ascii_case("[events]");
            has_events |= is_inside;
        } else if !is_inside {
            continue;
        } else if let Some(names) = behind(line, "format:") {
            fields = Fields::of(names);
        } else if let Some(values) = behind(line, "dialogue:") {
            captions.extend(fields.caption(values));
        }
    }
    has_events.then_some(captions)
}

fn behind<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let start = line.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then(|| line[word.len()..].trim_start())
}

/// Where the fields stand that count.
struct Fields {
    num: usize,
    start: Option<usize>,
    end: Option<usize>,
}

impl Fields {
    fn of(names: &str) -> Self {
        let names: Vec<String> =
            names.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        Self { num: names.len(), start: place("start"), end: place("end") }
    }

    /// What a line says; none of a drawing and of marks alone.
    fn caption(&self, values: &str) -> Option<Result<SourceCaption, DropReason>> {
        let values: Vec<&str> = values.splitn(self.num, ',').collect();
        let time = |place: Option<usize>| clock_s(values.get(place?)?.trim());
        let (Some(start), Some(end)) = (time(self.start), time(self.end)) else {
            return Some(Err(DropReason::TimeIsNoNumber));
        };
        let written = values.get(self.num - 1).copied().unwrap_or_default();
        let said = said(written);
        if said.is_empty() && !written.trim().is_empty() {
            return None;
        }
        let mut caption = SourceCaption::new(SourceTime::Seconds(start, end), said.as_str());
        if said != written {
            caption.repairs.note(Repair::MarkupRemoved);
        }
        Some(Ok(caption))
    }
}

/// The words of a line without its marks and drawings, on one line.
fn said(written: &str) -> String {
    let (mut text, mut rest, mut draws) = (String::new(), written, false);
    while !rest.is_empty() {
        // A brace that is not closed is a sign.
        let marks = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        if let Some((marks, left)) = marks {
            draws = drawing(marks).unwrap_or(draws);
            rest = left;
            continue;
        }
        let next = rest.char_indices().skip(1).find(|(_, sign)| *sign == '{');
        let next = next.map_or(rest.len(), |(at, _)| at);
        if !draws {
            text.push_str(&rest[..next]);
        }
        rest = &rest[next..];
    }
    let text = text.replace("\\N", " ").replace("\\n", " ").replace("\\h", " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a drawing begins (`\p1`) or ends (`\p0`) here; none where nothing is said of it.
fn drawing(marks: &str) -> Option<bool> {
    let scales = marks.split('\\').filter_map(|mark| mark.strip_prefix('p'));
    scales.filter_map(|scale| scale.trim().parse::<u32>().ok()).next_back().map(|scale| scale > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let found = captions(text).unwrap();
        let told = found.into_iter().map(|caption| match caption {
            Ok(SourceCaption { time: SourceTime::Seconds(start, end), text, .. }) => {
                format!("{start} {end} {text}")
            }
            other => format!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn lines_are_read_by_their_fields_and_drawings_and_comments_are_not_said() {
        let ass = "\u{feff}[Script Info]\nTitle: Dialogue: 0,no\n[V4+ Styles]\nFormat: Name\n\n[Events]\n\
            Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n\
            Dialogue: 0,0:00:01.50,0:01:02.00,Default,,0,0,0,,{\\an8\\i1}Crack, then{\\i0}\\Nwhisk é{ it\r\n\
            Comment: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,not said\n\
            Dialogue: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}\n\
            Dialogue: 0,soon,0:00:03.00,Default,,0,0,0,,words\n\
            [Fonts]\nDialogue: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,not here\n";
        assert_eq!(told(ass), ["1.5 62 Crack, then whisk é{ it", "Err(TimeIsNoNumber)"]);
        // Version 4, and fields in another order.
        let ssa = "[Events]\nDialogue: Marked=0,0:00:01.00,0:00:02.00,*Default,N,0,0,0,,one\n\
            Format: Start, End, Text\nDialogue: 0:00:03.00,0:00:04.00,two, three\n";
        assert_eq!(told(ssa), ["1 2 one", "3 4 two, three"]);
        assert_eq!(captions("[Script Info]\n"), None);
    }
}
