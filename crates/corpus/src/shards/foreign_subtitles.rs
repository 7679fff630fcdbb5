//! Subtitles as video2dataset writes them beside a sample: of a clip, or of a whole video, in one or
//! several languages. What is not understood of them costs nothing but itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::caption_record::CaptionRecord;
use crate::json_cell::Cell;

/// Captions by what the source calls their language; by nothing where it tells none.
pub(super) type ByLanguage = BTreeMap<String, Vec<CaptionRecord>>;

/// A line of subtitles as video2dataset writes it; anything may stand anywhere.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Subtitle {
    start: Cell,
    end: Cell,
    /// A list; of a clip's, one list a language.
    lines: Value,
    line: Cell,
}

/// `yt_meta_dict.subtitles`: a list of lines for each language, or, as older versions wrote it, one.
pub(super) fn by_language(subtitles: &Value) -> ByLanguage {
    let captions =
        |lines: &Vec<Value>| lines.iter().map(|line| Subtitle::of(line).caption()).collect();
    let lists: Vec<(String, &Vec<Value>)> = match subtitles {
        Value::Object(languages) => {
            let lists = languages.iter().map(|(name, lines)| (name.clone(), lines.as_array()));
            lists.filter_map(|(name, lines)| Some((name, lines?))).collect()
        }
        Value::Array(lines) => vec![(String::new(), lines)],
        _ => Vec::new(),
    };
    understood(lists.into_iter().map(|(name, lines)| (name, captions(lines))).collect())
}

/// The subtitles of a clip that was cut out at `cut`, with times from its start.
pub(super) fn clip_subtitles(lines: &[Value], cut: Option<(f64, f64)>) -> ByLanguage {
    let mut found: ByLanguage = BTreeMap::new();
    for line in lines.iter().map(Subtitle::of) {
        let time = |cell: &Cell| clock(cell.clone()).number();
        let within = cut.zip(time(&line.start).zip(time(&line.end))).and_then(
            |((first, last), (start, end))| {
                // A line that is all of the clip holds for all of its file, which is cut on key frames.
                (start > first || end < last)
                    .then(|| ((start - first).max(0.0), end.min(last) - first))
            },
        );
        let (start, end) = match within {
            Some((start, end)) => (Cell::Number(start), Cell::Number(end)),
            None => (Cell::Other, Cell::Other),
        };
        for (language, text) in line.texts() {
            let caption = CaptionRecord {
                start: start.clone(),
                end: end.clone(),
                text,
                ..CaptionRecord::default()
            };
            found.entry(language).or_default().push(caption);
        }
    }
    understood(found)
}

/// The times a clip was cut at, seconds or clock times; there is one pair.
pub(super) fn cut_times(clips: &Value) -> Option<(f64, f64)> {
    let pairs: Vec<Vec<Cell>> = serde_json::from_value(clips.clone()).ok()?;
    let [pair] = <[Vec<Cell>; 1]>::try_from(pairs).ok()?;
    let [start, end] = <[Cell; 2]>::try_from(pair).ok()?;
    Some((clock(start).number()?, clock(end).number()?))
}

/// Whether a part of a record says something that is not among the subtitles that were read of it.
pub(super) fn lacks(found: &ByLanguage, part: &Value) -> bool {
    match part {
        Value::Object(languages) => {
            languages.iter().any(|(name, lines)| says_something(lines) && !found.contains_key(name))
        }
        part => found.is_empty() && says_something(part),
    }
}

/// Whether a value is more than null, or nothing but empty lists and texts.
pub(super) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(values) => values.iter().any(says_something),
        Value::Object(fields) => fields.values().any(says_something),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A text; through a cell, which tells texts from numbers.
pub(super) fn text_of(value: &Value) -> Option<Cell> {
    serde_json::from_value::<Cell>(value.clone()).ok().filter(|cell| matches!(cell, Cell::Text(_)))
}

/// Those of which at least one caption can be taken.
fn understood(mut languages: ByLanguage) -> ByLanguage {
    languages.retain(|_, lines| lines.iter().any(|line| line.clone().caption().is_ok()));
    languages
}

impl Subtitle {
    fn of(line: &Value) -> Self {
        serde_json::from_value(line.clone()).unwrap_or_default()
    }

    fn caption(self) -> CaptionRecord {
        let text = self.texts().into_iter().next().map_or(Cell::Other, |(_, text)| text);
        let (start, end) = (clock(self.start), clock(self.end));
        CaptionRecord { start, end, text, ..CaptionRecord::default() }
    }

    /// What is said, by language where that is told.
    fn texts(&self) -> Vec<(String, Cell)> {
        let text = |line: &Value| text_of(line)?.text();
        let joined = |lines: &Value| match lines {
            Value::Array(lines) => {
                let lines: Vec<String> = lines.iter().filter_map(text).collect();
                Some(Cell::Text(lines.join(" ")))
            }
            line => Some(Cell::Text(text(line)?)),
        };
        match &self.lines {
            Value::Object(languages) => languages
                .iter()
                .filter_map(|(language, lines)| Some((language.clone(), joined(lines)?)))
                .collect(),
            lines => vec![(String::new(), joined(lines).unwrap_or_else(|| self.line.clone()))],
        }
    }
}

/// `00:01:02.500` as seconds; what is no clock time stays as it is.
fn clock(cell: Cell) -> Cell {
    let Cell::Text(text) = &cell else { return cell };
    let parts: Option<Vec<f64>> = text.trim().split(':').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([hours, minutes, seconds]) => Cell::Number(hours * 3600.0 + minutes * 60.0 + seconds),
        _ => cell,
    }
}
