//! CLIP's tokenizer from its two files, `vocab.json` and `merges.txt`.
//!
//! Text becomes lower case, is cut into words, numbers and signs, and a word's bytes are joined pair
//! by pair; what ends a word carries `</w>`. Hugging Face's fast tokenizer does the same; like it,
//! and unlike OpenAI's, this one repairs no broken encodings and no HTML.

use std::path::Path;

use locvtp_video::plain_file;
use serde_json::{Value, json};
use tokenizers::Tokenizer;

use crate::ModelError;

/// Before and behind every sentence; the second is also the padding.
pub(crate) const SPECIAL: [&str; 2] = ["<|startoftext|>", "<|endoftext|>"];

/// What a text is cut at: clitics, letters, single digits, signs.
const PIECES: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Reads the two files.
///
/// # Errors
/// When one is missing or is not what its name says; the message names it.
pub(crate) fn read(vocabulary: &Path, merges: &Path) -> Result<Tokenizer, ModelError> {
    let text = |path: &Path| {
        plain_file::read_text(path).map_err(ModelError::file(path, "read the vocabulary"))
    };
    let json = |path: &Path| {
        plain_file::read_json(path).map_err(ModelError::file(path, "read the vocabulary"))
    };
    let invalid = |path: &Path, reason: String| ModelError::Json {
        path: path.into(),
        what: "byte-pair vocabulary",
        reason,
    };
    let ids: Value = serde_json::from_str(&json(vocabulary)?)
        .map_err(|error| invalid(vocabulary, error.to_string()))?;
    let id = |token: &str| {
        let missing = || invalid(vocabulary, format!("no {token}; CLIP's vocabulary has it"));
        ids.get(token).and_then(Value::as_u64).ok_or_else(missing)
    };
    let special = [(SPECIAL[0], id(SPECIAL[0])?), (SPECIAL[1], id(SPECIAL[1])?)];
    let merges_text = text(merges)?;
    let pairs = pairs(&merges_text).map_err(|reason| invalid(merges, reason))?;
    let tokenizer = tokenizer_json(ids.clone(), pairs, special).to_string();
    tokenizer.parse().map_err(|error| invalid(merges, format!("{error}")))
}

/// The pairs of `merges.txt`, a pair a line, behind a first line that tells the version.
fn pairs(text: &str) -> Result<Vec<[&str; 2]>, String> {
    let lines = text.lines().enumerate().filter(|(i, line)| {
        let is_version = *i == 0 && line.starts_with("#version");
        !is_version && !line.trim().is_empty()
    });
    lines
        .map(|(i, line)| {
            let pair = line.trim_end().split_once(' ').filter(|(_, second)| !second.contains(' '));
            let wrong = || format!("line {} is {line:?}, expected two pieces", i + 1);
            pair.map(|(first, second)| [first, second]).ok_or_else(wrong)
        })
        .collect()
}

/// The contents of `tokenizer.json`, as Hugging Face writes it for CLIP.
fn tokenizer_json(vocabulary: Value, merges: Vec<[&str; 2]>, special: [(&str, u64); 2]) -> Value {
    let added = special.map(|(content, id)| {
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true })
    });
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": { "type": "Sequence", "normalizers": [
            { "type": "NFC" },
            { "type": "Replace", "pattern": { "Regex": r"\s+" }, "content": " " },
            { "type": "Lowercase" },
        ] },
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [
            { "type": "Split", "pattern": { "Regex": PIECES }, "behavior": "Removed",
              "invert": true },
            { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
              "use_regex": true },
        ] },
        "post_processor": { "type": "RobertaProcessing", "sep": special[1], "cls": special[0],
                            "trim_offsets": false, "add_prefix_space": false },
        "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
                     "use_regex": true },
        "model": { "type": "BPE", "dropout": null, "unk_token": SPECIAL[1],
                   "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
                   "fuse_unk": false, "byte_fallback": false, "vocab": vocabulary,
                   "merges": merges },
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_of_merges_that_is_no_pair_is_named() {
        use super::pairs;
        assert_eq!(pairs("#version: 0.2\na b\n# c</w>\n\n"), Ok(vec![["a", "b"], ["#", "c</w>"]]));
        assert_eq!(pairs("a b\nabc\n").unwrap_err(), "line 2 is \"abc\", expected two pieces");
        assert!(pairs("a b c\n").is_err());
    }
}
