//! A SentencePiece model (`spiece.model`) as a tokenizer: pieces with scores, as SigLIP 1 and T5 have them.
//!
//! The file is a protocol buffer. Read are its pieces, its table of characters that are written otherwise, the kind of
//! model and which piece stands for what is unknown; of `sentencepiece_model.proto` in SentencePiece 0.2.

use std::path::Path;

use locvtp_video::plain_file;
use serde_json::{Value, json};
use tokenizers::Tokenizer;
use tokenizers::normalizers::Precompiled;

use crate::ModelError;

/// Bytes of the largest file that is read; that of 250,000 pieces has 4.3 million.
const LARGEST: u64 = 64 << 20;

/// `trainer_spec.model_type` of pieces with scores.
const UNIGRAM: u64 = 1;

/// `pieces.type` of tokens that no text becomes.
const CONTROL: u64 = 3;

/// Reads a file.
///
/// # Errors
/// When it is missing or damaged, or of another kind than pieces with scores; the message says the way out.
pub(crate) fn read(path: &Path) -> Result<Tokenizer, ModelError> {
    let bytes =
        plain_file::read(path, LARGEST).map_err(ModelError::file(path, "read the vocabulary"))?;
    let refused = |reason: &str, way_out: &str| ModelError::ForeignWeights {
        path: path.into(),
        reason: reason.to_owned(),
        way_out: way_out.to_owned(),
    };
    let damaged = "take another copy, or give a tokenizer.json with --tokenizer FILE";
    let model = PieceModel::read(&bytes)
        .ok_or_else(|| refused("not a readable SentencePiece model", damaged))?;
    if model.kind != UNIGRAM {
        return Err(refused(
            "its pieces are byte pairs, and of SentencePiece's files only those with scores are read",
            "write tokenizer.json with transformers: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)",
        ));
    }
    if model.falls_back {
        return Err(refused(
            "it writes unknown letters as bytes, which is not built here",
            "give a tokenizer.json with --tokenizer FILE",
        ));
    }
    let is_piece = |(text, score, _): &(String, f32, u64)| !text.is_empty() && score.is_finite();
    if !model.pieces.iter().all(is_piece) || model.unknown >= model.pieces.len() as u64 {
        return Err(refused(
            "a piece is empty or without a score, or the place of <unk> is none",
            damaged,
        ));
    }
    let json = tokenizer_json(&model).to_string();
    let mut tokenizer: Tokenizer =
        json.parse().map_err(|error| refused(&format!("{error}"), damaged))?;
    if !model.characters.is_empty() {
        let table = usable_table(model.characters).then(|| Precompiled::from(model.characters));
        let Some(Ok(table)) = table else {
            return Err(refused("its table of characters is damaged", damaged));
        };
        tokenizer.with_normalizer(Some(table));
    }
    Ok(tokenizer)
}

/// What is read of a file.
struct PieceModel<'a> {
    /// Text, score and type of each, in the order of their ids.
    pieces: Vec<(String, f32, u64)>,
    /// `normalizer_spec.precompiled_charsmap`
    characters: &'a [u8],
    kind: u64,
    unknown: u64,
    falls_back: bool,
}

impl<'a> PieceModel<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut model = Self {
            pieces: Vec::new(),
            characters: &[],
            kind: UNIGRAM,
            unknown: 0,
            falls_back: false,
        };
        for field in Fields(bytes) {
            match field? {
                (1, Content::Bytes(piece)) => model.pieces.push(read_piece(piece)?),
                (2, Content::Bytes(trainer)) => {
                    for field in Fields(trainer) {
                        match field? {
                            (3, Content::Number(kind)) => model.kind = kind,
                            (35, Content::Number(falls_back)) => model.falls_back = falls_back != 0,
                            (40, Content::Number(unknown)) => model.unknown = unknown,
                            _ => {}
                        }
                    }
                }
                (3, Content::Bytes(normaliser)) => {
                    for field in Fields(normaliser) {
                        if let (2, Content::Bytes(characters)) = field? {
                            model.characters = characters;
                        }
                    }
                }
                _ => {}
            }
        }
        (!model.pieces.is_empty()).then_some(model)
    }
}

/// Text, score and type.
fn read_piece(bytes: &[u8]) -> Option<(String, f32, u64)> {
    let mut piece = (String::new(), 0.0, 1);
    for field in Fields(bytes) {
        match field? {
            (1, Content::Bytes(text)) => piece.0 = String::from_utf8(text.to_vec()).ok()?,
            (2, Content::Four(score)) => piece.1 = f32::from_le_bytes(score),
            (3, Content::Number(kind)) => piece.2 = kind,
            _ => {}
        }
    }
    Some(piece)
}

/// The fields of a message with their numbers; [`None`] where the message is damaged, and nothing after that.
struct Fields<'a>(&'a [u8]);

enum Content<'a> {
    Number(u64),
    Four([u8; 4]),
    Bytes(&'a [u8]),
    /// Eight bytes, which nothing here has.
    Other,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Content<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Content<'a>)> {
        let tag = self.number()?;
        let content = match tag & 7 {
            0 => Content::Number(self.number()?),
            1 => {
                self.take(8)?;
                Content::Other
            }
            2 => {
                let length = self.number()?;
                Content::Bytes(self.take(usize::try_from(length).ok()?)?)
            }
            5 => Content::Four(self.take(4)?.try_into().ok()?),
            _ => return None,
        };
        Some((tag >> 3, content))
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

/// That no walk through the table leaves it: a length, a tree in cells of four bytes, texts that end in 0. The library
/// that walks trusts it.
fn usable_table(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let length = u32::from_le_bytes(*length) as usize;
    let Some((tree, texts)) = rest.split_at_checked(length) else { return false };
    let Ok(texts) = std::str::from_utf8(texts) else { return false };
    let cells: Vec<usize> = tree
        .chunks_exact(4)
        .map(|cell| u32::from_le_bytes([cell[0], cell[1], cell[2], cell[3]]) as usize)
        .collect();
    let is_value = |cell: usize| cell >> 31 == 1;
    let usable = |(place, cell): (usize, &usize)| {
        // Values lead nowhere.
        if is_value(*cell) {
            return true;
        }
        let next = place ^ ((cell >> 10) << ((cell & (1 << 9)) >> 6));
        let has_leaf = (cell >> 8) & 1 == 1;
        let leaf = cells.get(next).map(|leaf| leaf & 0x7fff_ffff);
        (next | 0xff) < cells.len()
            && (!has_leaf || leaf.is_some_and(|text| texts.is_char_boundary(text)))
    };
    !cells.is_empty() && cells.iter().enumerate().all(usable)
}

/// The contents of `tokenizer.json`, but for the table of characters.
fn tokenizer_json(model: &PieceModel<'_>) -> Value {
    let space = json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always",
                        "split": true });
    let special = model
        .pieces
        .iter()
        .enumerate()
        .filter(|(id, (_, _, kind))| *kind == CONTROL || *id as u64 == model.unknown);
    let added: Vec<Value> = special
        .map(|(id, (text, ..))| {
            json!({ "id": id, "content": text, "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true })
        })
        .collect();
    let pieces: Vec<Value> =
        model.pieces.iter().map(|(text, score, _)| json!([text, f64::from(*score)])).collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": space,
        "post_processor": null,
        "decoder": space,
        "model": { "type": "Unigram", "unk_id": model.unknown, "vocab": pieces,
                   "byte_fallback": false },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_errors_and_no_panics() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/siglip/spiece.model");
        let whole = std::fs::read(golden).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spiece.model");
        let read_bytes = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path)
        };
        assert!(read_bytes(&whole).is_ok());
        for bytes in
            [&b""[..], b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", &whole[..99]]
        {
            let message = read_bytes(bytes).unwrap_err().to_string();
            assert!(message.contains("spiece.model"), "{message}");
        }
        // Each byte changed in turn: whatever is read of it, no text makes it panic.
        let mut num_read = 0;
        for place in (0..whole.len()).step_by(3) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x55;
            if let Ok(tokenizer) = read_bytes(&bytes) {
                let _ = tokenizer.encode("a \u{fb01}ne photo\u{a0}e\u{301} \u{ff21}", false);
                num_read += 1;
            }
        }
        assert!(num_read > 0);
    }
}
