//! What a parser says of a value that does not fit, in plain words.
//!
//! serde speaks of Rust's types (`invalid type: string "many", expected u64`), which say nothing to
//! somebody who wrote a run file. [`plain_words`] puts such a message into words of the file:
//! what was found, and what may stand there. It does the same for what the system says of files
//! (`No such file or directory (os error 2)`).

/// What is said of a value of which serde does not say what it is.
pub(crate) const OF_ANOTHER_KIND: &str = "a value of another kind";

/// What is expected where serde expects a number without a sign.
pub(crate) const WHOLE_NUMBER: &str = "a whole number, 0 or more";

/// What is expected, or found, where keys stand in brackets or under a heading.
pub(crate) const SECTION: &str = "a section of keys";

/// A value that is not what should stand in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnfitValue {
    /// What was found, as the file has it: `"many"`, `-3`, `a list`.
    pub(crate) found: String,
    /// What may stand there.
    pub(crate) expected: String,
}

/// What the system says of files, and the same in plain words.
const SYSTEMS_WORDS: [(&str, &str); 8] = [
    ("No such file or directory (os error 2)", "it does not exist"),
    ("Permission denied (os error 13)", "you may not read or write there"),
    ("File exists (os error 17)", "it is there already"),
    ("Not a directory (os error 20)", "a part of its path is a file and no folder"),
    ("Is a directory (os error 21)", "it is a folder"),
    ("No space left on device (os error 28)", "the disk is full"),
    ("Read-only file system (os error 30)", "the disk can only be read"),
    ("Directory not empty (os error 39)", "it is a folder that is not empty"),
];

/// `message` with serde's words for a misfit and the system's for a file replaced by plain ones; any
/// other text as it is.
#[must_use]
pub fn plain_words(message: &str) -> String {
    let system = SYSTEMS_WORDS.iter().filter(|(words, _)| message.contains(words));
    let message = &system.fold(message.to_owned(), |text, (words, said)| text.replace(words, said));
    let Some((before, phrase, place)) = taken_apart(message) else { return message.to_owned() };
    let said = match Complaint::of(phrase) {
        Some(Complaint::UnfitValue(UnfitValue { found, expected })) => {
            format!("{found} is found where {expected} is expected")
        }
        Some(Complaint::Unknown { key, known }) if known.is_empty() => {
            format!("the key `{key}` is not known here")
        }
        Some(Complaint::Unknown { key, known }) => {
            format!("the key `{key}` is not known here; known are {}", known.join(", "))
        }
        Some(Complaint::Missing { key }) => format!("the key `{key}` is missing"),
        None => match syntax(phrase) {
            Some(said) => said.to_owned(),
            None => return message.to_owned(),
        },
    };
    format!("{before}{said}{place}")
}

/// What serde complains about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Complaint<'a> {
    /// A value of another kind, or out of its range.
    UnfitValue(UnfitValue),
    /// A key that nobody reads.
    Unknown {
        /// The key.
        key: &'a str,
        /// The keys that stand beside it.
        known: Vec<&'a str>,
    },
    /// A key that must be there.
    Missing {
        /// The key.
        key: &'a str,
    },
}

impl<'a> Complaint<'a> {
    /// What one of serde's phrases says; nothing when it is none of them.
    pub(crate) fn of(phrase: &'a str) -> Option<Self> {
        let misfit = |found: String, expected: String| {
            Some(Self::UnfitValue(UnfitValue { found, expected }))
        };
        if let Some(rest) = phrase.strip_prefix("unknown field `") {
            let (key, rest) = rest.split_once('`')?;
            return Some(Self::Unknown { key, known: quoted_names(rest) });
        }
        if let Some(rest) = phrase.strip_prefix("unexpected keys in table: ") {
            let (key, known) = rest.split_once(", available keys: ")?;
            return Some(Self::Unknown { key, known: known.split(", ").collect() });
        }
        if let Some(rest) = phrase.strip_prefix("missing field `") {
            return Some(Self::Missing { key: rest.strip_suffix('`')? });
        }
        if let Some(rest) = phrase.strip_prefix("unknown variant `") {
            let (found, known) = rest.split_once('`')?;
            return misfit(format!("\"{found}\""), one_of(&quoted_names(known)));
        }
        if let Some(rest) = phrase.strip_prefix("invalid length ") {
            let (count, expected) = rest.split_once(", expected ")?;
            return misfit(format!("a list of {count}"), what(expected));
        }
        for prefix in ["invalid type: ", "invalid value: "] {
            if let Some(rest) = phrase.strip_prefix(prefix) {
                let (found, expected) = rest.rsplit_once(", expected ")?;
                return misfit(what_was_found(found), what(expected));
            }
        }
        if phrase == "wanted string or table" {
            return misfit(OF_ANOTHER_KIND.into(), "one of its names in quotes".into());
        }
        phrase.starts_with("data did not match any variant of untagged enum ").then(|| {
            let found = "a value in none of the forms that it may have".into();
            Self::UnfitValue(UnfitValue {
                found,
                expected: "one of those in the documentation".into(),
            })
        })
    }
}

/// What the JSON parser says of a text that is none.
fn syntax(phrase: &str) -> Option<&'static str> {
    Some(match phrase {
        "EOF while parsing a value"
        | "EOF while parsing a list"
        | "EOF while parsing an object"
        | "EOF while parsing a string" => "the text ends too early",
        "trailing comma" => "a comma stands before the end of a list",
        "trailing characters" => "more text stands behind the end",
        "key must be a string" => "a key must stand in double quotes",
        "expected value" | "expected ident" => "no value stands here that JSON knows",
        _ => return None,
    })
}

/// The words before serde's phrase, the phrase, and where in the text it was (` at line 3 column 5`).
fn taken_apart(message: &str) -> Option<(&str, &str, &str)> {
    const BEGINNINGS: [&str; 15] = [
        "unknown field `",
        "unexpected keys in table: ",
        "missing field `",
        "unknown variant `",
        "invalid length ",
        "invalid type: ",
        "invalid value: ",
        "wanted string or table",
        "data did not match any variant of untagged enum ",
        "EOF while parsing ",
        "trailing c",
        "key must be a string",
        "expected value",
        "expected ident",
        "duplicate field `",
    ];
    let begins = BEGINNINGS.iter().filter_map(|beginning| message.find(beginning)).min()?;
    let (before, rest) = message.split_at(begins);
    let ends = rest.rfind(" at line ").or_else(|| rest.find("\nin `")).unwrap_or(rest.len());
    let (phrase, place) = rest.split_at(ends);
    Some((before, phrase.trim_end(), place))
}

/// The names that stand between backticks.
fn quoted_names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Names in quotes, as a choice.
fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        None => "a name".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// serde's word for a value, as the file has it.
fn what_was_found(found: &str) -> String {
    let between_backticks = |rest: &str| rest.split('`').next().unwrap_or(rest).to_owned();
    for kind in ["integer `", "floating point `", "boolean `", "character `"] {
        if let Some(rest) = found.strip_prefix(kind) {
            return between_backticks(rest);
        }
    }
    match found {
        "sequence" => "a list".to_owned(),
        "map" => SECTION.to_owned(),
        "null" => "null".to_owned(),
        "unit value" | "unit variant" | "Option value" | "newtype struct" | "enum" => {
            OF_ANOTHER_KIND.to_owned()
        }
        _ => found.strip_prefix("string ").unwrap_or(found).to_owned(),
    }
}

/// serde's word for what should stand there, in words.
fn what(expected: &str) -> String {
    let said = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => WHOLE_NUMBER,
        "i8" | "i16" | "i32" | "i64" | "isize" | "integer" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "fewer elements in array" => "a shorter list",
        "a string" | "path string" | "str" | "string" => "a text in quotes",
        "a sequence" => "a list in brackets",
        "a map" | "map" => SECTION,
        "string only" | "string or table" => "one of its names in quotes",
        _ => "",
    };
    if !said.is_empty() {
        return said.to_owned();
    }
    if expected.starts_with("a nonzero ") {
        return "a whole number, 1 or more".to_owned();
    }
    for sizes in ["a tuple of size ", "an array of length "] {
        if let Some(count) = expected.strip_prefix(sizes) {
            return format!("a list of {count}");
        }
    }
    if let Some((_, count)) = expected.split_once(" with ")
        && let Some(count) = count.strip_suffix(" elements")
    {
        return format!("a list of {count}");
    }
    let types = ["struct ", "internally tagged enum ", "adjacently tagged enum "];
    if types.iter().any(|prefix| expected.starts_with(prefix)) {
        return SECTION.to_owned();
    }
    if expected.starts_with("enum ") || expected.starts_with("variant identifier") {
        return "one of its names in quotes".to_owned();
    }
    expected.to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        steps: u64,
        threads: Option<std::num::NonZeroUsize>,
        rate: f64,
        jitter: bool,
        span: (f64, f64),
        name: String,
        ids: Vec<u8>,
        shape: Shape,
        inner: Inner,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        #[default]
        Flat,
        HalfCosine,
    }

    #[derive(Debug, Default, Deserialize)]
    #[expect(dead_code, reason = "only ever refused")]
    struct Inner {
        width: usize,
    }

    /// What is said of a JSON text that does not fit, without where.
    fn said(json: &str) -> String {
        let message = serde_json::from_str::<Settings>(json).unwrap_err().to_string();
        let said = plain_words(&message);
        let (said, place) = said.rsplit_once(" at line ").unwrap();
        assert!(message.ends_with(place), "the place is kept: {place}");
        said.to_owned()
    }

    #[test]
    fn every_complaint_says_what_was_found_and_what_is_expected() {
        for (json, words) in [
            (
                r#"{"steps": "many"}"#,
                r#""many" is found where a whole number, 0 or more is expected"#,
            ),
            (r#"{"steps": -3}"#, "-3 is found where a whole number, 0 or more is expected"),
            (r#"{"steps": 1.5}"#, "1.5 is found where a whole number, 0 or more is expected"),
            (r#"{"steps": null}"#, "null is found where a whole number, 0 or more is expected"),
            (r#"{"threads": 0}"#, "0 is found where a whole number, 1 or more is expected"),
            (r#"{"rate": [1]}"#, "a list is found where a number is expected"),
            (r#"{"jitter": 1}"#, "1 is found where true or false is expected"),
            (r#"{"span": [1.0]}"#, "a list of 1 is found where a list of 2 is expected"),
            (r#"{"span": 3}"#, "3 is found where a list of 2 is expected"),
            (r#"{"name": 5}"#, "5 is found where a text in quotes is expected"),
            (r#"{"ids": "all"}"#, r#""all" is found where a list in brackets is expected"#),
            (r#"{"ids": [300]}"#, "300 is found where a whole number from 0 to 255 is expected"),
            (
                r#"{"shape": "round"}"#,
                r#""round" is found where "flat" or "half_cosine" is expected"#,
            ),
            (r#"{"inner": 3}"#, "3 is found where a section of keys is expected"),
            (r#"{"inner": {}}"#, "the key `width` is missing"),
            (
                r#"{"stpes": 3}"#,
                "the key `stpes` is not known here; known are steps, threads, rate, jitter, span, \
                 name, ids, shape, inner",
            ),
            (r#"{"steps": 3"#, "the text ends too early"),
            (r#"{"steps": 3,}"#, "a comma stands before the end of a list"),
            (r#"{"steps": 3} and"#, "more text stands behind the end"),
            (r#"{steps: 3}"#, "a key must stand in double quotes"),
            (r#"{"steps": many}"#, "no value stands here that JSON knows"),
        ] {
            assert_eq!(said(json), words, "{json}");
        }
    }

    #[test]
    fn the_words_around_are_kept_and_other_texts_are_as_they_are() {
        let message = "a.json: no result: missing field `test` at line 1 column 2";
        let plain = "a.json: no result: the key `test` is missing at line 1 column 2";
        assert_eq!(plain_words(message), plain);
        for other in ["a.mp4: is empty (0 bytes)", "a trailing clause", "", "`a` is 3; expected 4"]
        {
            assert_eq!(plain_words(other), other);
        }
    }
}
