//! Word vectors from a text file, as GloVe hands them out (`glove.6B.300d.txt`): a word and its
//! numbers a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::error::TransferError;
use crate::tasks::grounding::grounding_error::{GroundingError, WordVectorFault};
use locvtp_measure::PathError;

/// The vectors of some words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WordVectors {
    /// Numbers of a vector.
    pub width: usize,
    /// By word; words that the file lacks are absent.
    pub vectors: BTreeMap<String, Vec<f32>>,
}

/// What parts a word and its numbers.
const SEPARATORS: [char; 2] = [' ', '\t'];

/// Reads the vectors of `words`; the file may hold millions of others.
///
/// A first line of two numbers (word2vec's and fastText's count and width) is passed over. Numbers are
/// parted by a space or a tab, and a word may hold spaces. Of a word that stands there twice, the first
/// counts.
///
/// # Errors
/// When the file cannot be read, a line of a wanted word does not hold as many numbers as the first,
/// or none of the words is there.
pub(super) fn read_word_vectors(
    path: &Path,
    words: &BTreeSet<String>,
) -> Result<WordVectors, TransferError> {
    let io = PathError::io(path, "read word vectors");
    let damaged = |line: usize, fault: WordVectorFault| -> TransferError {
        GroundingError::WordVectors { path: path.to_owned(), line, fault }.into()
    };
    let mut lines = BufReader::with_capacity(1 << 20, File::open(path).map_err(&io)?);
    let (mut bytes, mut number, mut width) = (Vec::new(), 0, None);
    let mut vectors = BTreeMap::new();
    loop {
        bytes.clear();
        if lines.read_until(b'\n', &mut bytes).map_err(&io)? == 0 {
            break;
        }
        number += 1;
        // Some words are no UTF-8; no sentence holds them.
        let Ok(line) = std::str::from_utf8(&bytes) else { continue };
        let line = line.trim_end_matches(['\n', '\r', ' ', '\t']);
        let fields = line.split(SEPARATORS).count();
        let is_count = |field: &str| field.parse::<u64>().is_ok();
        if number == 1 && fields == 2 && line.split(SEPARATORS).all(is_count) {
            continue;
        }
        // From the right: GloVe's larger files have words with spaces inside.
        let is_number = |field: &&str| field.parse::<f32>().is_ok();
        let width = *width.get_or_insert_with(|| {
            line.rsplit(SEPARATORS).take(fields - 1).take_while(is_number).count()
        });
        let mut numbers: Vec<&str> = line.rsplitn(width + 1, SEPARATORS).collect();
        let Some(word) = numbers.pop() else { continue };
        if !words.contains(word) || vectors.contains_key(word) {
            continue;
        }
        numbers.reverse();
        let vector: Result<Vec<f32>, _> = numbers.iter().map(|number| number.parse()).collect();
        match vector {
            Ok(vector) if vector.len() == width && vector.iter().all(|x| x.is_finite()) => {
                vectors.insert(word.to_owned(), vector);
            }
            _ => {
                let word = word.to_owned();
                return Err(damaged(number, WordVectorFault::Numbers { word, width }));
            }
        }
    }
    match width {
        Some(width) if width > 0 && !vectors.is_empty() => Ok(WordVectors { width, vectors }),
        _ => Err(damaged(number, WordVectorFault::NoneThere { num_words: words.len() })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, words: &[&str]) -> Result<WordVectors, TransferError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("glove.txt");
        std::fs::write(&path, text).unwrap();
        read_word_vectors(&path, &words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn words_are_found_among_others_with_and_without_a_first_line_of_counts() {
        let text = "the 1 2\nat name@domain.com 3 4\nred -0.5 0.25\nred 9 9\n";
        let spaces_first = "at name@domain.com 3 4\nthe 1 2\nred -0.5 0.25\n".to_owned();
        let tabs = "the\t1 2\nred\t-0.5\t0.25\n".to_owned();
        for text in [text.to_owned(), format!("4 2\n{text}"), spaces_first, tabs] {
            let found = read(&text, &["red", "square", "the"]).unwrap();
            assert_eq!(found.width, 2);
            assert_eq!(found.vectors.keys().collect::<Vec<_>>(), ["red", "the"]);
            assert_eq!(found.vectors["red"], [-0.5, 0.25]);
        }
    }

    #[test]
    fn a_damaged_line_and_a_file_without_the_words_are_errors_that_name_the_file() {
        for (text, piece) in [
            ("the 1 2\nred 3\n", "line 2"),
            ("the 1 2\nred 3 x\n", "red"),
            ("", "none of the words asked for (1)"),
        ] {
            let error = read(text, &["red"]).unwrap_err().to_string();
            assert!(error.contains("glove.txt") && error.contains(piece), "{error}");
        }
        assert!(read("the 1 2\n", &["red"]).unwrap_err().to_string().contains("none of the words"));
    }
}
